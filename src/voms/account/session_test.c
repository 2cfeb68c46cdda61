#include <string.h>

#include "tests/unit/fixture.h"
#include "voms/account/account_internal.h"

static SessionTokens begin(Ctx *ctx, AccountId account_id)
{
    SessionTokens tokens = {};
    ASSERT_OK(session_begin(ctx, account_id, "a browser", &tokens));
    return tokens;
}

static void expect_refusal(Ctx *ctx, const char *refresh_token, const char *reason)
{
    SessionTokens tokens = {};
    Err *err = session_refresh(ctx, refresh_token, &tokens);
    ASSERT_ERR(ERR_UNAUTHENTICATED, err);
    ASSERT_STR_EQUAL("refresh_token_invalid", err->code);
    if (strstr(err->message, reason) == NULL) {
        test_fail(__FILE__, __LINE__, "\"%s\" does not tell %s", err->message, reason);
    }
}

FIXTURE_TEST(session, refresh_token_is_exchanged_once)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    SessionTokens first = begin(ctx, account_id);
    SessionTokens second = {};
    ASSERT_OK(session_refresh(ctx, first.refresh_token, &second));
    ASSERT_INT_EQUAL(first.session_id.value, second.session_id.value);
    ASSERT(!str_equal(first.refresh_token, second.refresh_token));
    SessionTokens third = {};
    ASSERT_OK(session_refresh(ctx, second.refresh_token, &third));
}

FIXTURE_TEST(session, reuse_revokes_the_family)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    SessionTokens other = begin(ctx, account_id);
    SessionTokens first = begin(ctx, account_id);
    SessionTokens second = {};
    ASSERT_OK(session_refresh(ctx, first.refresh_token, &second));
    expect_refusal(ctx, first.refresh_token, "reason=refresh_token_reused");
    expect_refusal(ctx, second.refresh_token, "reason=revoked");
    ASSERT_OK(session_refresh(ctx, other.refresh_token, &second)); /* another family */
}

FIXTURE_TEST(session, refresh_is_refused_with_the_reason)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    expect_refusal(ctx, "nobody made this one", "reason=unknown_refresh_token");
    SessionTokens ended = begin(ctx, account_id);
    ASSERT_OK(session_end(ctx, ended.session_id, "logout"));
    expect_refusal(ctx, ended.refresh_token, "reason=revoked");
    SessionTokens late = begin(ctx, account_id);
    SessionTokens disabled = begin(ctx, account_id);
    fixture_advance(ctx, 30 * DAY_MS);
    expect_refusal(ctx, late.refresh_token, "reason=session_expired");
    expect_refusal(ctx, disabled.refresh_token, "reason=session_expired");
}

FIXTURE_TEST(session, of_a_disabled_account_ends)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    SessionTokens tokens = begin(ctx, account_id);
    Account *account = NULL;
    ASSERT_OK(account_find(ctx, account_id, &account));
    ASSERT_OK(account_set_state(ctx, account, ACCOUNT_DISABLED, "left"));
    expect_refusal(ctx, tokens.refresh_token, "reason=revoked");
}

FIXTURE_TEST(session, list_has_what_lasts_newest_first)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    SessionTokens first = begin(ctx, account_id);
    SessionTokens second = begin(ctx, account_id);
    SessionTokens third = begin(ctx, account_id);
    ObjectList list = {};
    int64_t total = 0;
    ASSERT_OK(session_end(ctx, second.session_id, "logout"));
    ctx->caller.session_id = first.session_id;
    ASSERT_OK(session_list(ctx, account_id, 0, 10, &list));
    const Session *sessions = list.items;
    ASSERT_INT_EQUAL(2, list.count);
    ASSERT_INT_EQUAL(third.session_id.value, sessions[0].id.value);
    ASSERT(!sessions[0].current && sessions[1].current);
    ASSERT_STR_EQUAL("a browser", sessions[0].user_agent);
    ASSERT_OK(session_count(ctx, account_id, &total));
    ASSERT_INT_EQUAL(2, total);
    ASSERT_OK(session_list(ctx, account_id, third.session_id.value, 10, &list));
    ASSERT_INT_EQUAL(1, list.count);
}

FIXTURE_TEST(session, of_somebody_else_cannot_be_ended)
{
    SessionTokens theirs = begin(ctx, fixture_account(ctx, "li.na"));
    AccountId mine = fixture_account(ctx, "wang.wei");
    SessionTokens next = {};
    ASSERT_ERR(ERR_NOT_FOUND, session_end_own(ctx, mine, theirs.session_id));
    ASSERT_OK(session_refresh(ctx, theirs.refresh_token, &next));
}

FIXTURE_TEST(session, clean_up_deletes_what_ended_long_ago)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    SessionTokens tokens = begin(ctx, account_id);
    fixture_advance(ctx, 31 * DAY_MS);
    ASSERT_OK(session_clean_up(ctx));
    expect_refusal(ctx, tokens.refresh_token, "reason=session_expired");
    fixture_advance(ctx, 400 * DAY_MS);
    ASSERT_OK(session_clean_up(ctx));
    expect_refusal(ctx, tokens.refresh_token, "reason=unknown_refresh_token");
}
