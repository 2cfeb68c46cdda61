#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "tests/unit/test.h"

/* stderr goes into a pipe while lines are captured. */
typedef struct Capture {
    int saved_stderr;
    int read_end;
} Capture;

static Capture capture_begin(LogFormat format)
{
    int ends[2];
    ASSERT(pipe(ends) == 0);
    Capture capture = {.saved_stderr = dup(STDERR_FILENO), .read_end = ends[0]};
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_configure(LOG_INFO, format);
    return capture;
}

/* Restores stderr; the lines, without the last line feed, are in the arena. */
static const char *capture_end(Capture *capture, Arena *arena)
{
    dup2(capture->saved_stderr, STDERR_FILENO);
    close(capture->saved_stderr);
    log_configure(LOG_INFO, LOG_FORMAT_TEXT);
    Str text;
    str_init(&text, arena);
    char bytes[1024];
    ssize_t length;
    while ((length = read(capture->read_end, bytes, sizeof(bytes))) > 0) {
        str_append_bytes(&text, bytes, (size_t)length);
    }
    close(capture->read_end);
    return arena_strndup(arena, str_text(&text), text.length > 0 ? text.length - 1 : 0);
}

TEST(log, text_lines_quote_what_could_mislead)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Capture capture = capture_begin(LOG_FORMAT_TEXT);
    log_event(LOG_WARN, "login refused", LOG_TEXT("reason", "wrong_password"),
              LOG_TEXT("login", "a\nb \"c\""), LOG_INT("account", 7), LOG_TEXT("unit", NULL));
    const char *line = capture_end(&capture, arena);
    ASSERT_STR_EQUAL(" WARN  login refused reason=wrong_password login=\"a\\u000ab \\\"c\\\"\" "
                     "account=7 unit=-",
                     line + strlen("2026-01-02T03:04:05.678Z"));
}

TEST(log, json_lines_are_json_whatever_is_logged)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Capture capture = capture_begin(LOG_FORMAT_JSON);
    log_set_request_id("r-1");
    log_event(LOG_INFO, "x", LOG_TEXT("agent", "\xff\x01\"张"), LOG_DOUBLE("ms", 1.5),
              LOG_DOUBLE("bad", __builtin_nan("")));
    log_set_request_id(NULL);
    const char *line = capture_end(&capture, arena);
    json_t *json = NULL;
    ASSERT_OK(json_parse(arena, line, strlen(line), &json));
    ASSERT_STR_EQUAL("r-1", json_string_value(json_object_get(json, "request_id")));
    ASSERT_STR_EQUAL("\uFFFD\x01\"张", json_string_value(json_object_get(json, "agent")));
    ASSERT(json_is_null(json_object_get(json, "bad")));
}

TEST(log, a_line_that_is_too_long_is_cut_but_whole_json)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    char *huge = arena_alloc(arena, 40000);
    memset(huge, 'x', 39999);
    huge[0] = '\n';
    Capture capture = capture_begin(LOG_FORMAT_JSON);
    log_event(LOG_INFO, "x", LOG_TEXT("huge", huge));
    const char *line = capture_end(&capture, arena);
    json_t *json = NULL;
    ASSERT_OK(json_parse(arena, line, strlen(line), &json));
    ASSERT(strlen(json_string_value(json_object_get(json, "huge"))) > 10000);
}

TEST(log, lines_below_the_level_are_not_written)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Capture capture = capture_begin(LOG_FORMAT_TEXT);
    log_event(LOG_DEBUG, "quiet");
    log_err("quiet too", ERR(arena, ERR_CANCELLED, "cancelled", "gone"));
    ASSERT_STR_EQUAL("", capture_end(&capture, arena));
}

TEST(log, an_error_is_logged_at_its_level_with_its_chain)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Err *err = err_wrap(arena, ERR(arena, ERR_INTERNAL, "internal", "cause"), "context");
    Capture capture = capture_begin(LOG_FORMAT_TEXT);
    log_err("request failed", err);
    const char *line = capture_end(&capture, arena);
    ASSERT(strstr(line, " ERROR request failed kind=internal code=internal") != NULL);
    ASSERT(strstr(line, "error=\"context: cause (log_test.c:") != NULL);
}

TEST(log, levels_have_names)
{
    LogLevel level = LOG_ERROR;
    ASSERT(log_parse_level("debug", &level));
    ASSERT_INT_EQUAL(LOG_DEBUG, level);
    ASSERT(!log_parse_level("loud", &level));
    ASSERT_INT_EQUAL(LOG_DEBUG, level);
}
