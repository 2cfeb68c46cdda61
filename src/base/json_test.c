#include "base/json.h"

#include <string.h>

#include "tests/unit/test.h"

static Err *parse(Arena *arena, const char *text, json_t **ret_json)
{
    return json_parse(arena, text, strlen(text), ret_json);
}

TEST(json, reads_and_prints_with_sorted_keys)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    json_t *json = NULL;
    ASSERT_OK(parse(arena, " {\"b\": [1, 2.5, null], \"a\": \"张\"} ", &json));
    ASSERT_STR_EQUAL("{\"a\":\"张\",\"b\":[1,2.5,null]}", json_text(arena, json));
}

TEST(json, refuses_what_is_malformed)
{
    static const char *const rows[] = {
        "",      "{",           "{\"a\":1,}", "{\"a\":1,\"a\":2}",    "[1] x",       "nul",
        "{a:1}", "\"\\ud800\"", "\"\xff\"",   "99999999999999999999", "\"\\u0000\"",
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_t *json = NULL;
        ASSERT_ERR(ERR_MALFORMED, parse(arena, rows[i], &json));
        ASSERT(json == NULL);
    }
}

TEST(json, says_where_it_is_malformed_without_quoting_the_input)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    json_t *json = NULL;
    Err *err = parse(arena, "{\n  \"password\": \"hunter2\" \"x\"\n}", &json);
    ASSERT_ERR(ERR_MALFORMED, err);
    ASSERT_STR_EQUAL("malformed_json", err->code);
    ASSERT(strstr(err->message, "line 2 column") != NULL);
    ASSERT(strstr(err->message, "hunter2") == NULL);
}

static const char *nested(Arena *arena, int depth)
{
    Str text;
    str_init(&text, arena);
    for (int i = 0; i < depth; i++) {
        str_append_char(&text, '[');
    }
    str_append(&text, "\"[[\\\"[[\"");
    for (int i = 0; i < depth; i++) {
        str_append_char(&text, ']');
    }
    return str_text(&text);
}

TEST(json, nesting_has_a_limit_that_strings_do_not_count_to)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    json_t *json = NULL;
    ASSERT_OK(parse(arena, nested(arena, JSON_DEPTH_MAX), &json));
    ASSERT_ERR(ERR_MALFORMED, parse(arena, nested(arena, JSON_DEPTH_MAX + 1), &json));
    ASSERT_ERR(ERR_MALFORMED, parse(arena, "\"unterminated \\", &json));
}

TEST(json, writer_places_commas)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Str out;
    str_init(&out, arena);
    JsonWriter writer;
    json_writer_init(&writer, &out);
    json_write_begin_object(&writer);
    json_put_int(&writer, "a", INT64_MIN);
    json_put_string(&writer, "b", NULL);
    json_write_key(&writer, "c");
    json_write_begin_array(&writer);
    json_write_bool(&writer, true);
    json_write_begin_object(&writer);
    json_write_end_object(&writer);
    json_write_begin_array(&writer);
    json_write_double(&writer, 0.1);
    json_write_double(&writer, 1.0 / 3);
    json_write_end_array(&writer);
    json_write_raw(&writer, "{\"raw\":1}");
    json_write_end_array(&writer);
    json_put_time(&writer, "d", 0);
    json_put_bool(&writer, "e", false);
    json_write_end_object(&writer);
    ASSERT_STR_EQUAL("{\"a\":-9223372036854775808,\"b\":null,"
                     "\"c\":[true,{},[0.1,0.3333333333333333],{\"raw\":1}],"
                     "\"d\":\"1970-01-01T00:00:00.000Z\",\"e\":false}",
                     str_text(&out));
}

TEST(json, writer_escapes_and_repairs_text)
{
    static const struct {
        const char *text;
        const char *json;
    } rows[] = {
        {"", "\"\""},
        {"张\"\\/", "\"张\\\"\\\\/\""},
        {"\n\r\t\b\f\x01\x7f", "\"\\n\\r\\t\\b\\f\\u0001\x7f\""},
        {"a\xffz", "\"a\uFFFDz\""},
        {"\xe5\xbc", "\"\uFFFD\uFFFD\""},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Str out;
        str_init(&out, arena);
        JsonWriter writer;
        json_writer_init(&writer, &out);
        json_write_string(&writer, rows[i].text);
        ASSERT_STR_EQUAL(rows[i].json, str_text(&out));
        json_t *back = NULL;
        ASSERT_OK(parse(arena, str_text(&out), &back));
    }
}

TEST(json, writer_keeps_the_order_of_a_value)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    json_t *json = NULL;
    ASSERT_OK(parse(arena, "{\"b\":1,\"a\":2}", &json));
    Str out;
    str_init(&out, arena);
    JsonWriter writer;
    json_writer_init(&writer, &out);
    json_write_begin_array(&writer);
    json_write_value(&writer, json);
    json_write_null(&writer);
    json_write_end_array(&writer);
    ASSERT_STR_EQUAL("[{\"b\":1,\"a\":2},null]", str_text(&out));
}
