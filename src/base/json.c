/* json.c - reading JSON. */
#include "base/json.h"

#include <string.h>

typedef struct Position {
    int line;
    int column;
} Position;

static Err *malformed(Arena *arena, Position at, const char *reason)
{
    Err *err = ERR(arena, ERR_MALFORMED, "malformed_json",
                   "malformed JSON at line %d column %d: %s", at.line, at.column, reason);
    err->param = arena_printf(arena, "%d:%d", at.line, at.column);
    return err;
}

/* Returns the index of the string's closing quote, or length. */
static size_t skip_string(const char *text, size_t length, size_t open)
{
    size_t i = open + 1;
    while (i < length && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
    }
    return MIN(i, length);
}

/* jansson's own limit of 2048 levels is more stack than a fiber has, so this looks first. */
static Err *check_depth(Arena *arena, const char *text, size_t length)
{
    int depth = 0;
    Position at = {.line = 1};
    size_t line_start = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            i = skip_string(text, length, i);
        } else if (text[i] == '\n') {
            at.line++;
            line_start = i + 1;
        } else if (text[i] == ']' || text[i] == '}') {
            depth--;
        } else if ((text[i] == '[' || text[i] == '{') && ++depth > JSON_DEPTH_MAX) {
            at.column = (int)(i - line_start) + 1;
            return malformed(arena, at, "nested too deep");
        }
    }
    return NULL;
}

static void release(void *json)
{
    json_decref(json);
}

Err *json_parse(Arena *arena, const char *text, size_t length, json_t **ret_json)
{
    TRY(check_depth(arena, text, length));

    json_error_t error;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL) {
        /* jansson quotes the input there, which may be a password. */
        char *quote = strstr(error.text, " near ");
        if (quote != NULL) {
            *quote = '\0';
        }
        return malformed(arena, (Position){error.line, error.column}, error.text);
    }
    arena_defer(arena, release, json);
    *ret_json = json;
    return NULL;
}

static int append(const char *bytes, size_t length, void *out)
{
    str_append_bytes(out, bytes, length);
    return 0;
}

const char *json_text(Arena *arena, const json_t *json)
{
    Str text;
    str_init(&text, arena);
    BUG_ON(json_dump_callback(json, append, &text,
                              JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0);
    return str_text(&text);
}
