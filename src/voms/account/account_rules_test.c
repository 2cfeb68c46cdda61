#include "tests/unit/test.h"
#include "voms/account/account_internal.h"

TEST(account_rule, username)
{
    static const struct {
        const char *username;
        const char *code;
    } rows[] = {
        {"li.na", NULL},
        {"A_1-b", NULL},
        {"a13800138000", NULL},
        {"ab", "username_length"},
        {"13800138000", "username_needs_letter"},
        {"..-", "username_needs_letter"},
        {"has space", "username_characters"},
        {"a@example.org", "username_characters"},
        {"李娜李娜", "username_characters"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "username_length"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_STR_EQUAL(rows[i].code, account_rules_check_username(rows[i].username));
    }
}

TEST(account_rule, login_is_username_phone_or_email)
{
    static const struct {
        const char *login;
        LoginKind kind;
        const char *key;
    } rows[] = {
        {"Li.Na", LOGIN_USERNAME, "li.na"},
        {"  li.na ", LOGIN_USERNAME, "li.na"},
        {"138 0013 8000", LOGIN_PHONE, "+8613800138000"},
        {"+85291234567", LOGIN_PHONE, "+85291234567"},
        {"Li.Na@Example.ORG", LOGIN_EMAIL, "li.na@example.org"},
        {"12345", LOGIN_USERNAME, "12345"},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *key = NULL;
        ASSERT_INT_EQUAL(rows[i].kind, account_rules_login(arena, rows[i].login, &key));
        ASSERT_STR_EQUAL(rows[i].key, key);
    }
    arena_free(arena);
}

TEST(account_rule, email)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"Li.Na@Example.org", "li.na@example.org"},
        {"李娜@例子.中国", "李娜@例子.中国"},
        {"nonsense", NULL},
        {"@example.org", NULL},
        {"a@", NULL},
        {"a@b", NULL},
        {"a@.b", NULL},
        {"a@b.", NULL},
        {"a@b@c.d", NULL},
        {"a b@c.d", NULL},
        {"a@c.d\r\nBcc: x", NULL},
        {"<a@c.d>", NULL},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_STR_EQUAL(rows[i].expected, account_rules_email(arena, rows[i].text));
    }
    arena_free(arena);
}

TEST(account_rule, password_strength)
{
    static const struct {
        const char *password;
        const char *code;
    } rows[] = {
        {"Quiet-River-42x", NULL},
        {"correct horse battery", NULL},
        {"江城志愿者的好密码啊", NULL},
        {"short", "password_too_short"},
        {"江城志愿者", "password_too_short"},
        {"Password123", "password_common"},
        {"1234567890", "password_common"},
        {"aaaaaaaaaaaa", "password_common"},
        {"abcabcabcabc", "password_common"},
        {"1234512345", "password_common"},
        {"xx-LI.NA-2026", "password_contains_login"},
        {"13800138000!", "password_contains_login"},
        {"my.mailbox.2026", "password_contains_login"},
        {"line\nfeed in it", "password_characters"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_STR_EQUAL(rows[i].code,
                         account_check_password_strength(rows[i].password, "li.na",
                                                         "+8613800138000", "my.mailbox@a.cn"));
    }
    ASSERT_STR_EQUAL(NULL, account_check_password_strength("Quiet-River-42x", NULL, NULL, NULL));
}

TEST(account_rule, lock_grows)
{
    static const struct {
        int64_t failures;
        int64_t seconds;
    } rows[] = {{0, 0},   {1, 0},     {4, 0},     {5, 30},     {6, 60},
                {7, 120}, {11, 1920}, {12, 3600}, {1000, 3600}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_INT_EQUAL(rows[i].seconds * SECOND_MS, account_rules_lock_ms(rows[i].failures));
    }
    ASSERT_INT_EQUAL(0, account_rules_address_lock_ms(29));
    ASSERT_INT_EQUAL(5 * SECOND_MS, account_rules_address_lock_ms(30));
    ASSERT_INT_EQUAL(15 * MINUTE_MS, account_rules_address_lock_ms(1000));
}

TEST(account_rule, log_shows_no_more_than_the_beginning_of_a_login)
{
    Arena *arena = arena_new();
    ASSERT_STR_EQUAL("li…(5 bytes)", account_rules_log_name(arena, "li.na"));
    ASSERT_STR_EQUAL("(3 bytes)", account_rules_log_name(arena, "abc"));
    ASSERT_STR_EQUAL("(6 bytes)", account_rules_log_name(arena, "李娜"));
    arena_free(arena);
}
