#include "base/phone.h"

#include "tests/unit/test.h"

TEST(phone, is_normalised_to_e164)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"13800138000", "+8613800138000"},
        {"138 0013-8000", "+8613800138000"},
        {"+86 138 0013 8000", "+8613800138000"},
        {"8613800138000", "+8613800138000"},
        {"008613800138000", "+8613800138000"},
        {"010-12345678", "+861012345678"},
        {"(0755) 1234567", "+867551234567"},
        {"+85291234567", "+85291234567"},
        {"0085291234567", "+85291234567"},
        {"+1 (415) 555.2671", "+14155552671"},
        {"12345", NULL},
        {"12800138000", NULL},
        {"+8612800138000", NULL},
        {"+86138001380001", NULL},
        {"+0123456789", NULL},
        {"+1234567890123456", NULL},
        {"1380013800a", NULL},
        {"138+00138000", NULL},
        {"++8613800138000", NULL},
        {"", NULL},
        {"+", NULL},
        {"99999999999999999999999999999999", NULL},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_STR_EQUAL(rows[i].expected, phone_normalize(arena, rows[i].text));
    }
    arena_free(arena);
}

TEST(phone, is_shown_the_local_way_and_masked)
{
    Arena *arena = arena_new();
    ASSERT_STR_EQUAL("138 0013 8000", phone_format(arena, "+8613800138000"));
    ASSERT_STR_EQUAL("+85291234567", phone_format(arena, "+85291234567"));
    ASSERT_STR_EQUAL(NULL, phone_format(arena, NULL));
    ASSERT_STR_EQUAL("+86138****8000", phone_mask(arena, "+8613800138000"));
    ASSERT_STR_EQUAL("****", phone_mask(arena, "+123"));
    ASSERT_STR_EQUAL(NULL, phone_mask(arena, NULL));
    arena_free(arena);
}
