#include "voms/common/page.h"

#include <string.h>

#define CURSOR_MAX 1024

Err *page_query(const HttpRequest *req, PageQuery *ret_query)
{
    PageQuery query = {};
    TRY(http_query_int(req, "limit", PAGE_LIMIT_DEFAULT, 1, PAGE_LIMIT_MAX, &query.limit));
    TRY(http_query_bool(req, "total", false, &query.with_total));
    query.cursor = http_query(req, "cursor");
    *ret_query = query;
    return NULL;
}

static Err *invalid(const HttpRequest *req, const char *name, const char *code, const char *param)
{
    Err *err = NULL;
    err_add_field(req->arena, &err, name, code, param);
    return err;
}

static const char *join(Arena *arena, const char *const *choices)
{
    Str text;
    str_init(&text, arena);
    for (size_t i = 0; choices[i] != NULL; i++) {
        str_printf(&text, "%s%s", i == 0 ? "" : ", ", choices[i]);
    }
    return str_text(&text);
}

Err *page_sort(const HttpRequest *req, const char *const *keys, bool descending_default,
               int *ret_key, bool *ret_descending)
{
    const char *sort = http_query(req, "sort");
    if (sort == NULL) {
        *ret_key = 0;
        *ret_descending = descending_default;
        return NULL;
    }
    bool descending = sort[0] == '-';
    int key = choice_index(keys, sort + descending);
    if (key < 0) {
        return invalid(req, "sort", "not_a_choice", join(req->arena, keys));
    }
    *ret_key = key;
    *ret_descending = descending;
    return NULL;
}

Err *page_query_id(const HttpRequest *req, const char *name, int64_t *ret_id)
{
    return http_query_int(req, name, 0, 1, (INT64_C(1) << 53) - 1, ret_id);
}

Err *page_query_time(const HttpRequest *req, const char *name, TimeMs *ret_time)
{
    const char *text = http_query(req, name);
    TimeMs time = 0;
    if (text != NULL && !time_parse(text, &time)) {
        return invalid(req, name, "bad_time", NULL);
    }
    *ret_time = time;
    return NULL;
}

Err *page_query_text(const HttpRequest *req, const char *name, size_t max, const char **ret_text)
{
    const char *text = http_query(req, name);
    if (text == NULL) {
        *ret_text = NULL;
        return NULL;
    }
    text = str_trim(req->arena, text);
    if (!str_is_clean_utf8(text, strlen(text))) {
        return invalid(req, name, "bad_characters", NULL);
    }
    if (str_is_empty(text)) {
        return invalid(req, name, "too_short", "1");
    }
    if (str_utf8_length(text) > max) {
        return invalid(req, name, "too_long", arena_printf(req->arena, "%zu", max));
    }
    *ret_text = text;
    return NULL;
}

static void write_value(JsonWriter *writer, const SqlValue *value)
{
    switch (value->type) {
    case SQL_INT:
    case SQL_TIME:
        json_write_int(writer, value->integer);
        return;
    case SQL_TEXT:
        json_write_string(writer, value->text);
        return;
    case SQL_NULL:
        json_write_null(writer);
        return;
    case SQL_REAL:
    case SQL_BOOL:
    case SQL_BYTES:
        break;
    }
    BUG_ON(value->type != SQL_NULL);
}

const char *page_cursor_encode(Arena *arena, const char *sort, const SqlValue *values, size_t count)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    json_write_string(&writer, sort);
    for (size_t i = 0; i < count; i++) {
        write_value(&writer, &values[i]);
    }
    json_write_end_array(&writer);
    return str_base64url(arena, text.data, text.length);
}

static bool read_value(const json_t *json, SqlValue *value)
{
    if (json_is_null(json)) {
        *value = sql_null();
        return true;
    }
    if (value->type == SQL_TEXT) {
        *value = sql_text(json_string_value(json));
        return json_is_string(json);
    }
    value->integer = json_integer_value(json);
    return json_is_integer(json);
}

Err *page_cursor_decode(Arena *arena, const char *cursor, const char *sort, SqlValue *values,
                        size_t count)
{
    size_t length = 0;
    const unsigned char *bytes =
        strlen(cursor) > CURSOR_MAX ? NULL : str_parse_base64url(arena, cursor, &length);
    json_t *json = NULL;
    if (bytes == NULL || json_parse(arena, (const char *)bytes, length, &json) != NULL ||
        !json_is_array(json) || json_array_size(json) != count + 1 ||
        !str_equal(json_string_value(json_array_get(json, 0)), sort)) {
        return ERR(arena, ERR_MALFORMED, "cursor_invalid", "bad cursor for sort %s", sort);
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_value(json_array_get(json, i + 1), &values[i])) {
            return ERR(arena, ERR_MALFORMED, "cursor_invalid", "bad value %zu in the cursor", i);
        }
    }
    return NULL;
}

const char *page_like(Arena *arena, const char *text)
{
    Str pattern;
    str_init(&pattern, arena);
    str_append_char(&pattern, '%');
    for (const char *at = str_ascii_lower(arena, text); *at != '\0'; at++) {
        if (*at == '%' || *at == '_' || *at == '\\') {
            str_append_char(&pattern, '\\');
        }
        str_append_char(&pattern, *at);
    }
    str_append_char(&pattern, '%');
    return str_text(&pattern);
}
