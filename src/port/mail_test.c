#include "base/str.h"
#include "port/mail.h"
#include "tests/unit/test.h"

TEST(mail, header_text_is_encoded_only_where_it_must_be)
{
    static const struct {
        const char *text;
        const char *wanted;
    } ROWS[] = {
        {"Hours granted", "Hours granted"},
        {"报名成功", "=?UTF-8?B?5oql5ZCN5oiQ5Yqf?="},
        {"a =?b", "=?UTF-8?B?YSA9P2I=?="},
        /* A line break cannot begin a header. */
        {"x\r\nBcc: y", "=?UTF-8?B?eCAgQmNjOiB5?="},
        {"", ""},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_STR_EQUAL(ROWS[i].wanted, mail_header_text(arena, ROWS[i].text));
    }
}

TEST(mail, long_header_text_is_folded_between_characters)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *text = mail_header_text(arena, "a志愿者志愿者志愿者志愿者志愿者志愿者");
    ASSERT_STR_EQUAL("=?UTF-8?B?YeW/l+aEv+iAheW/l+aEv+iAheW/l+aEv+iAheW/l+aEv+iAheW/l+aEvw==?=\r\n"
                     " =?UTF-8?B?6ICF5b+X5oS/6ICF?=",
                     text);
}

TEST(mail, address_is_what_stands_in_brackets)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("a@example.org", mail_address(arena, "志愿者 <a@example.org>"));
    ASSERT_STR_EQUAL("a@example.org", mail_address(arena, "a@example.org"));
}
