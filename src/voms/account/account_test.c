#include "voms/account/account.h"

#include "tests/unit/fixture.h"
#include "voms/access/access.h"
#include "voms/account/account_internal.h"
#include "voms/unit/unit.h"

static Err *try_insert(Ctx *ctx, AccountDraft draft)
{
    AccountId account_id = {};
    draft.password_hash = "-";
    draft.unit_id = UNIT_ROOT;
    return account_insert(ctx, &draft, &account_id);
}

static void expect_conflict(Err *err, const char *code)
{
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL(code, err->code);
}

FIXTURE_TEST(account, names_are_taken_once)
{
    ASSERT_OK(try_insert(ctx, (AccountDraft){.username = "Li.Na",
                                             .phone = "13800138000",
                                             .email = "Li.Na@example.org",
                                             .volunteer_id = {7}}));
    expect_conflict(try_insert(ctx, (AccountDraft){.username = "li.NA"}), "username_taken");
    expect_conflict(try_insert(ctx, (AccountDraft){.username = "b-c", .phone = "+8613800138000"}),
                    "phone_taken");
    expect_conflict(try_insert(ctx,
                               (AccountDraft){.username = "b-c", .email = "li.na@EXAMPLE.org"}),
                    "email_taken");
    expect_conflict(try_insert(ctx, (AccountDraft){.username = "b-c", .volunteer_id = {7}}),
                    "volunteer_has_account");
    ASSERT_ERR(ERR_INVALID, try_insert(ctx, (AccountDraft){.username = "13800138001"}));
    ASSERT_ERR(ERR_INVALID, try_insert(ctx, (AccountDraft){.username = "b-c", .phone = "12"}));
    ASSERT_OK(try_insert(ctx, (AccountDraft){.username = "b-c"}));
    ASSERT_OK(try_insert(ctx, (AccountDraft){.username = "b-d"}));
}

FIXTURE_TEST(account, update_keeps_what_it_does_not_change_and_checks_the_version)
{
    Account *before = NULL;
    Account *after = NULL;
    AccountId account_id = fixture_account(ctx, "li.na");
    ASSERT_OK(account_find(ctx, account_id, &before));
    Account changed = *before;
    changed.phone = "138 0013 8000";
    changed.language = LANGUAGE_EN;
    ASSERT_OK(account_update(ctx, before, &changed, &after));
    ASSERT_STR_EQUAL("+8613800138000", after->phone);
    ASSERT_STR_EQUAL("li.na", after->username);
    ASSERT_INT_EQUAL(LANGUAGE_EN, after->language);
    ASSERT_INT_EQUAL(before->version + 1, after->version);
    ASSERT_ERR(ERR_STALE, account_update(ctx, before, &changed, &after));
}

static size_t count_pages(Ctx *ctx, AccountQuery query, const char **ret_names)
{
    Str names;
    size_t count = 0;
    AccountPage page = {};
    str_init(&names, ctx->arena);
    query.limit = 2;
    do {
        ASSERT_OK(account_list(ctx, &query, &page));
        const Account *accounts = page.accounts.items;
        for (size_t i = 0; i < page.accounts.count; i++) {
            str_printf(&names, "%s ", accounts[i].username);
        }
        count += page.accounts.count;
        query.cursor = page.next_cursor;
    } while (query.cursor != NULL);
    *ret_names = str_text(&names);
    return count;
}

FIXTURE_TEST(account, list_pages_in_every_order)
{
    static const char *const NAMES[] = {"acc.a", "acc.B", "acc.c", "acc.d", "acc.e"};
    const char *names = NULL;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        AccountId account_id = fixture_account(ctx, NAMES[i]);
        SessionTokens tokens = {};
        if (i >= 3) { /* d and e logged in, in this order */
            ctx->now += 1000;
            ASSERT_OK(session_begin(ctx, account_id, NULL, &tokens));
        }
    }
    AccountQuery query = {.state = -1, .q = "ACC."};
    ASSERT_INT_EQUAL(5, count_pages(ctx, query, &names));
    ASSERT_STR_EQUAL("acc.a acc.B acc.c acc.d acc.e ", names);
    query.descending = true;
    count_pages(ctx, query, &names);
    ASSERT_STR_EQUAL("acc.e acc.d acc.c acc.B acc.a ", names);
    query.sort = ACCOUNT_SORT_CREATED_AT;
    count_pages(ctx, query, &names);
    ASSERT_STR_EQUAL("acc.e acc.d acc.c acc.B acc.a ", names);
    query.sort = ACCOUNT_SORT_LAST_LOGIN_AT;
    ASSERT_INT_EQUAL(5, count_pages(ctx, query, &names));
    query.descending = false;
    ASSERT_INT_EQUAL(5, count_pages(ctx, query, &names));
    query.q = "%";
    ASSERT_INT_EQUAL(0, count_pages(ctx, query, &names));
}

FIXTURE_TEST(account, list_shows_who_is_administered_or_granted_within_reach)
{
    const char *names = NULL;
    AccountId account_id = {};
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId team = fixture_unit(ctx, north, "Team");
    AccountDraft draft = {.username = "of.north", .password_hash = "-", .unit_id = team};
    ASSERT_OK(account_insert(ctx, &draft, &account_id));
    fixture_grant(ctx, fixture_account(ctx, "granted.there"), "front_desk", team);
    fixture_account(ctx, "elsewhere");
    Ctx *caller = fixture_with_role(ctx, "the.admin", "unit_administrator", north);
    ASSERT_INT_EQUAL(3, count_pages(caller, (AccountQuery){.state = -1}, &names));
    ASSERT_STR_EQUAL("granted.there of.north the.admin ", names);
    ASSERT_INT_EQUAL(2, count_pages(ctx, (AccountQuery){.state = -1, .unit_id = team}, &names));
    ASSERT_INT_EQUAL(0, count_pages(ctx, (AccountQuery){.state = ACCOUNT_DISABLED}, &names));
    Ctx *nothing = fixture_with_role(ctx, "wang.wei", "front_desk", UNIT_ROOT);
    ASSERT_INT_EQUAL(0, count_pages(nothing, (AccountQuery){.state = -1}, &names));
}

FIXTURE_TEST(account, password_of_a_lost_login_is_reset)
{
    const char *password = NULL;
    Credentials *credentials = NULL;
    LoginOutcome outcome = {};
    ASSERT_OK(account_reset_password(ctx, FIXTURE_SUPER_USERNAME, NULL, &password));
    LoginRequest request = {.login = FIXTURE_SUPER_USERNAME, .password = {password}};
    ASSERT_OK(login_with_password(fixture_nobody(ctx), &request, &outcome));
    ASSERT_OK(account_find_credentials(ctx, outcome.tokens.account_id, &credentials));
    ASSERT(credentials->must_change_password);
    ASSERT_ERR(ERR_NOT_FOUND, account_reset_password(ctx, "nobody.here", NULL, &password));
    ASSERT_ERR(ERR_INVALID,
               account_reset_password(ctx, FIXTURE_SUPER_USERNAME, "short", &password));
}

FIXTURE_TEST(account, anonymised_one_is_nobody)
{
    Account *account = NULL;
    ObjectList grants = {};
    LoginOutcome outcome = {};
    AccountId account_id = fixture_account(ctx, "li.na");
    fixture_grant(ctx, account_id, "auditor", UNIT_ROOT);
    ASSERT_OK(account_anonymise(ctx, account_id));
    ASSERT_OK(account_find(ctx, account_id, &account));
    ASSERT_INT_EQUAL(ACCOUNT_DISABLED, account->state);
    ASSERT(account->phone == NULL && account->email == NULL);
    ASSERT_OK(access_list_grants(ctx, account_id, 0, 10, &grants));
    ASSERT_INT_EQUAL(0, grants.count);
    LoginRequest request = {.login = "li.na", .password = {FIXTURE_PASSWORD}};
    ASSERT_ERR(ERR_UNAUTHENTICATED, login_with_password(fixture_nobody(ctx), &request, &outcome));
}
