#include "voms/common/page.h"

#include <string.h>

#include "tests/unit/test.h"

TEST(page, cursor_comes_back_as_it_was)
{
    Arena *arena = arena_new();
    SqlValue values[] = {sql_text("张三"), sql_int(7), sql_time(1767323045678), sql_null()};
    const char *cursor = page_cursor_encode(arena, "name", values, 4);
    SqlValue back[] = {
        {.type = SQL_TEXT}, {.type = SQL_INT}, {.type = SQL_TIME}, {.type = SQL_TIME}};
    ASSERT_OK(page_cursor_decode(arena, cursor, "name", back, 4));
    ASSERT_STR_EQUAL("张三", back[0].text);
    ASSERT_INT_EQUAL(7, back[1].integer);
    ASSERT(back[2].type == SQL_TIME);
    ASSERT_INT_EQUAL(1767323045678, back[2].integer);
    ASSERT(back[3].type == SQL_NULL);
    arena_free(arena);
}

TEST(page, cursor_of_strangers_is_refused)
{
    Arena *arena = arena_new();
    SqlValue one = sql_int(7);
    SqlValue text = sql_text("7");
    const char *rows[] = {
        "",
        "!",
        "bm90IGpzb24",
        page_cursor_encode(arena, "other", &one, 1),
        page_cursor_encode(arena, "id", &text, 1),
        page_cursor_encode(arena, "id", &one, 0),
        page_cursor_encode(arena, "id", (SqlValue[]){one, one}, 2),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        SqlValue value = {.type = SQL_INT};
        ASSERT_ERR(ERR_MALFORMED, page_cursor_decode(arena, rows[i], "id", &value, 1));
    }
    arena_free(arena);
}

TEST(page, like_pattern_takes_signs_as_they_are)
{
    Arena *arena = arena_new();
    ASSERT_STR_EQUAL("%ab\\%c\\_\\\\%", page_like(arena, "AB%c_\\"));
    ASSERT_STR_EQUAL("%张%", page_like(arena, "张"));
    arena_free(arena);
}
