#include "base/str.h"

#include <string.h>

#include "tests/unit/test.h"

TEST(str, grows_and_stays_terminated)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Str str;
    str_init(&str, arena);
    ASSERT_STR_EQUAL("", str_text(&str));
    for (int i = 0; i < 500; i++) {
        str_printf(&str, "%d,", i % 10);
    }
    str_append_char(&str, '!');
    str_append_bytes(&str, "a\0b", 3);
    ASSERT_INT_EQUAL(1004, str.length);
    ASSERT(memcmp(str.data + 1000, "!a\0b", 5) == 0);
}

TEST(str, numbers_are_written_in_decimal)
{
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {1234567890, "1234567890"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Str str;
        str_init(&str, arena);
        str_append_int(&str, rows[i].value);
        ASSERT_STR_EQUAL(rows[i].text, str_text(&str));
    }
}

TEST(str, equal_treats_null_as_a_value)
{
    ASSERT(str_equal(NULL, NULL));
    ASSERT(!str_equal(NULL, ""));
    ASSERT(str_equal("a", "a"));
    ASSERT(!str_equal("a", "b"));
}

TEST(str, looks_at_both_ends)
{
    ASSERT(str_starts_with("volunteer", "vol"));
    ASSERT(!str_starts_with("vo", "vol"));
    ASSERT(str_ends_with("volunteer", "teer"));
    ASSERT(!str_ends_with("er", "teer"));
    ASSERT(str_ends_with("x", ""));
}

TEST(str, trims_ascii_and_ideographic_space)
{
    static const struct {
        const char *text;
        const char *trimmed;
    } rows[] = {
        {"", ""},         {"  ", ""}, {"\u3000\u3000", ""}, {" \t\u3000张 三\u3000\r\n", "张 三"},
        {"张三", "张三"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_STR_EQUAL(rows[i].trimmed, str_trim(arena, rows[i].text));
    }
}

TEST(str, lowers_ascii_only)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("abcz09 É张", str_ascii_lower(arena, "AbCZ09 É张"));
}

TEST(str, parses_whole_numbers)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t value = 42;
        ASSERT(str_parse_int64(rows[i].text, &value) == rows[i].ok);
        ASSERT_INT_EQUAL(rows[i].ok ? rows[i].value : 42, value);
    }
}

TEST(str, tells_clean_utf8)
{
    static const struct {
        const char *text;
        bool clean;
    } rows[] = {
        {"", true},
        {"plain\ttext\n", true},
        {"张三 😀", true},
        {"\x1b[31m", false},
        {"\r", false},
        {"\x7f", false},
        {"\xC2\x80", false},         /* C1 control */
        {"\xC0\xAF", false},         /* overlong */
        {"\xE0\x80\xAF", false},     /* overlong */
        {"\xED\xA0\x80", false},     /* surrogate */
        {"\xF4\x90\x80\x80", false}, /* beyond U+10FFFF */
        {"\xFF", false},
        {"\xE5\xBC", false}, /* cut */
        {"\x80", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT(str_is_clean_utf8(rows[i].text, strlen(rows[i].text)) == rows[i].clean);
    }
    ASSERT(!str_is_clean_utf8("a\0b", 3));
}

TEST(str, decodes_code_points)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t code_point;
    } rows[] = {{"A", 1, 'A'}, {"é", 2, 0xE9}, {"张", 3, 0x5F20}, {"😀", 4, 0x1F600}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t code_point = 0;
        ASSERT_INT_EQUAL(rows[i].length,
                         str_utf8_decode(rows[i].text, rows[i].length, &code_point));
        ASSERT_INT_EQUAL(rows[i].code_point, code_point);
        ASSERT_INT_EQUAL(0, str_utf8_decode(rows[i].text, rows[i].length - 1, &code_point));
    }
}

TEST(str, counts_code_points)
{
    ASSERT_INT_EQUAL(0, str_utf8_length(""));
    ASSERT_INT_EQUAL(4, str_utf8_length("a张é😀"));
}

TEST(str, measures_edit_distance)
{
    ASSERT_INT_EQUAL(0, str_edit_distance("port", "port"));
    ASSERT_INT_EQUAL(1, str_edit_distance("port", "prt"));
    ASSERT_INT_EQUAL(2, str_edit_distance("port", "prot"));
    ASSERT_INT_EQUAL(4, str_edit_distance("", "port"));
    char longer[80] = {};
    memset(longer, 'x', 70);
    ASSERT_INT_EQUAL(70, str_edit_distance(longer, "x"));
}

TEST(str, hex_goes_both_ways)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const unsigned char bytes[] = {0x00, 0x9F, 0xFF};
    ASSERT_STR_EQUAL("009fff", str_hex(arena, bytes, sizeof(bytes)));
    unsigned char back[3];
    ASSERT(str_parse_hex("009FfF", back, 3));
    ASSERT(memcmp(bytes, back, 3) == 0);
    ASSERT(!str_parse_hex("009f", back, 3));
    ASSERT(!str_parse_hex("009fgg", back, 3));
}

TEST(str, base64url_goes_both_ways)
{
    static const struct {
        const char *plain;
        const char *encoded;
    } rows[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xFB\xFF", "-_8"}};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = strlen(rows[i].plain);
        ASSERT_STR_EQUAL(rows[i].encoded, str_base64url(arena, rows[i].plain, length));
        size_t decoded_length = 99;
        unsigned char *decoded = str_parse_base64url(arena, rows[i].encoded, &decoded_length);
        ASSERT(decoded != NULL);
        ASSERT_INT_EQUAL(length, decoded_length);
        ASSERT(memcmp(decoded, rows[i].plain, length) == 0);
    }
}

TEST(str, malformed_base64url_is_refused)
{
    static const char *const rows[] = {"Z", "Zg==", "Zm+v", "Zm9v ", "Zh", "张", "\xAA\x39"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length = 99;
        ASSERT(str_parse_base64url(arena, rows[i], &length) == NULL);
        ASSERT_INT_EQUAL(99, length);
    }
}
