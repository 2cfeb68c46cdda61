#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"

#define LINE_BYTES 16384

/* A line is put together here and written with one call. What does not fit is cut. */
typedef struct Line {
    size_t length;
    char bytes[LINE_BYTES];
} Line;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static _Atomic int configured_level = LOG_INFO;
static _Atomic int configured_format = LOG_FORMAT_TEXT;
static _Thread_local const char *request_id;
static _Thread_local Line thread_line;

void log_configure(LogLevel level, LogFormat format)
{
    atomic_store(&configured_level, level);
    atomic_store(&configured_format, format);
}

bool log_parse_level(const char *text, LogLevel *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (str_equal(text, level_names[i])) {
            *ret_level = (LogLevel)i;
            return true;
        }
    }
    return false;
}

bool log_enabled(LogLevel level)
{
    return (int)level >= atomic_load(&configured_level);
}

void log_set_request_id(const char *id)
{
    request_id = id;
}

const char *log_request_id(void)
{
    return request_id;
}

static void put_bytes(Line *line, const char *bytes, size_t length)
{
    /* Keeps room for the end of a JSON line. */
    if (length <= LINE_BYTES - 8 - line->length) {
        memcpy(line->bytes + line->length, bytes, length);
        line->length += length;
    }
}

static void put(Line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

static void put_control(Line *line, uint32_t code_point)
{
    char escaped[16];
    snprintf(escaped, sizeof(escaped), "\\u%04" PRIx32, code_point);
    put(line, escaped);
}

/* Writes text as the inside of a JSON string. Control characters are escaped also in text lines,
 * so that no input can forge a line. */
static void put_escaped(Line *line, const char *text)
{
    size_t left = strlen(text);
    while (left > 0 && line->length < LINE_BYTES - 16) {
        uint32_t code_point = 0xFFFD;
        size_t length = str_utf8_decode(text, left, &code_point);
        if (code_point == '"' || code_point == '\\') {
            put(line, "\\");
            put_bytes(line, text, 1);
        } else if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) {
            put_control(line, code_point);
        } else if (length == 0) {
            put(line, "\uFFFD");
        } else {
            put_bytes(line, text, length);
        }
        length = MAX(length, (size_t)1);
        text += length;
        left -= length;
    }
}

static void put_quoted(Line *line, const char *text)
{
    put(line, "\"");
    put_escaped(line, text);
    put(line, "\"");
}

static bool needs_quotes(const char *text)
{
    return *text == '\0' || strpbrk(text, " =\"\\") != NULL ||
           !str_is_clean_utf8(text, strlen(text)) || strpbrk(text, "\t\n") != NULL;
}

static void put_number(Line *line, const LogValue *value)
{
    char number[40];
    if (value->type == LOG_VALUE_INT) {
        snprintf(number, sizeof(number), "%" PRId64, value->integer);
    } else {
        snprintf(number, sizeof(number), "%.6g", value->real);
    }
    put(line, number);
}

static void put_value_text(Line *line, const LogValue *value)
{
    put(line, " ");
    put(line, value->name);
    put(line, "=");
    if (value->type != LOG_VALUE_TEXT) {
        put_number(line, value);
    } else if (value->text == NULL) {
        put(line, "-");
    } else if (needs_quotes(value->text)) {
        put_quoted(line, value->text);
    } else {
        put(line, value->text);
    }
}

static void put_value_json(Line *line, const LogValue *value)
{
    put(line, ",");
    put_quoted(line, value->name);
    put(line, ":");
    bool finite = value->type != LOG_VALUE_DOUBLE || __builtin_isfinite(value->real);
    if (value->type != LOG_VALUE_TEXT) {
        finite ? put_number(line, value) : put(line, "null");
    } else if (value->text == NULL) {
        put(line, "null");
    } else {
        put_quoted(line, value->text);
    }
}

static void build_text(Line *line, LogLevel level, const char *event, const LogValue *values)
{
    static const char *const padded[] = {" DEBUG ", " INFO  ", " WARN  ", " ERROR "};
    line->length = time_format_to(line->bytes, time_now());
    put(line, padded[level]);
    put_escaped(line, event);
    for (const LogValue *value = values; value->type != LOG_VALUE_END; value++) {
        put_value_text(line, value);
    }
    if (request_id != NULL) {
        put_value_text(line, &LOG_TEXT("request_id", request_id));
    }
}

static void build_json(Line *line, LogLevel level, const char *event, const LogValue *values)
{
    char now[TIME_TEXT_SIZE];
    time_format_to(now, time_now());
    line->length = 0;
    put(line, "{\"time\":");
    put_quoted(line, now);
    put_value_json(line, &LOG_TEXT("level", level_names[level]));
    put_value_json(line, &LOG_TEXT("event", event));
    if (request_id != NULL) {
        put_value_json(line, &LOG_TEXT("request_id", request_id));
    }
    for (const LogValue *value = values; value->type != LOG_VALUE_END; value++) {
        put_value_json(line, value);
    }
    line->bytes[line->length++] = '}';
}

/* Nothing can be done when stderr does not take it. */
static void write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        bytes += written;
        length -= (size_t)written;
    }
}

void log_write(LogLevel level, const char *event, const LogValue *values)
{
    if (!log_enabled(level)) {
        return;
    }
    int saved_errno = errno;
    Line *line = &thread_line;
    if (atomic_load(&configured_format) == LOG_FORMAT_JSON) {
        build_json(line, level, event, values);
    } else {
        build_text(line, level, event, values);
    }
    line->bytes[line->length++] = '\n';
    write_all(line->bytes, line->length);
    errno = saved_errno;
}

void log_err(const char *event, const Err *err)
{
    const ErrKindInfo *info = err_kind_info(err->kind);
    if (!log_enabled(info->log_level)) {
        return;
    }
    CLEANUP(arena_freep) Arena *arena = arena_new();
    log_event(info->log_level, event, LOG_TEXT("kind", info->name), LOG_TEXT("code", err->code),
              LOG_TEXT("error", err_text(arena, err)));
}
