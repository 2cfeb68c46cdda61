#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/volunteer/contact.h"

TEST(contact, phone_numbers_become_e164_also_in_full_width)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const struct {
        const char *text;
        const char *expected; /* NULL: refused */
    } ROWS[] = {
        {"13800138000", "+8613800138000"},
        {"138 0013-8000", "+8613800138000"},
        {"+86 138 0013 8000", "+8613800138000"},
        {"8613800138000", "+8613800138000"},
        {"008613800138000", "+8613800138000"},
        {"１３８００１３８０００", "+8613800138000"},
        {"0531-88888888", "+8653188888888"},
        {"(010) 6552 9988", "+861065529988"},
        {"+1 (415) 555-2671", "+14155552671"},
        {"+852 5123 4567", "+85251234567"},
        {"12345678901", NULL},
        {"1380013800", NULL},
        {"138001380000", NULL},
        {"+0123456789", NULL},
        {"++8613800138000", NULL},
        {"13800138000a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const char *phone = NULL;
        const char *code = phone_check(arena, ROWS[i].text, &phone);
        ASSERT_STR_EQUAL(ROWS[i].expected, phone);
        ASSERT_STR_EQUAL(ROWS[i].expected == NULL ? "invalid_phone" : NULL, code);
    }
}

TEST(contact, email_addresses_are_checked)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const struct {
        const char *text;
        const char *expected;
    } ROWS[] = {
        {"Zhang.San@Example.org", "zhang.san@example.org"},
        {"a+b@x.cn", "a+b@x.cn"},
        {"a@b", NULL},
        {"@example.org", NULL},
        {"a b@example.org", NULL},
        {"a@exa mple.org", NULL},
        {".a@example.org", NULL},
        {"a@example..org", NULL},
        {"张@example.org", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const char *email = NULL;
        email_check(arena, ROWS[i].text, &email);
        ASSERT_STR_EQUAL(ROWS[i].expected, email);
    }
}

TEST(contact, is_masked)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("z***@example.org", email_mask(arena, "zhang@example.org"));
    ASSERT_STR_EQUAL("济南市历下区****", address_mask(arena, "济南市历下区泉城路1号"));
    ASSERT_STR_EQUAL("****", address_mask(arena, "济南市"));
}

TEST(contact, text_is_reversed)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("0008310083168+", text_reversed(arena, "+8613800138000"));
    ASSERT(text_reversed(arena, NULL) == NULL);
}
