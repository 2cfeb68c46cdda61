#include <string.h>

#include "tests/unit/fixture.h"
#include "voms/account/account_internal.h"

static Err *try_login(Ctx *ctx, const char *login, const char *password, LoginOutcome *outcome)
{
    Ctx *nobody = fixture_nobody(ctx);
    nobody->now = ctx->now;
    nobody->client_address = ctx->client_address;
    LoginRequest request = {.login = login, .password = {password}};
    return login_with_password(nobody, &request, outcome);
}

static void expect_refusal(Err *err, ErrKind kind, const char *code, const char *reason)
{
    ASSERT_ERR(kind, err);
    ASSERT_STR_EQUAL(code, err->code);
    Arena *arena = arena_new();
    if (strstr(err_text(arena, err), reason) == NULL) {
        test_fail(__FILE__, __LINE__, "\"%s\" does not tell %s", err_text(arena, err), reason);
    }
    arena_free(arena);
}

FIXTURE_TEST(login, works_by_username_phone_and_email)
{
    static const char *const LOGINS[] = {"li.na", "LI.NA", "13800138000", "+86 138 0013 8000",
                                         "Li.Na@example.org"};
    AccountDraft draft = {.username = "Li.Na",
                          .phone = "138-0013-8000",
                          .email = "li.na@Example.org",
                          .unit_id = {1}};
    AccountId account_id = {};
    ASSERT_OK(password_hash(ctx, FIXTURE_PASSWORD, &draft.password_hash));
    ASSERT_OK(account_insert(ctx, &draft, &account_id));
    for (size_t i = 0; i < COUNT_OF(LOGINS); i++) {
        LoginOutcome outcome = {};
        ASSERT_OK(try_login(ctx, LOGINS[i], FIXTURE_PASSWORD, &outcome));
        ASSERT_INT_EQUAL(account_id.value, outcome.tokens.account_id.value);
        ASSERT(!outcome.second_factor_required);
    }
}

FIXTURE_TEST(login, of_nobody_and_with_a_wrong_password_answer_the_same)
{
    LoginOutcome outcome = {};
    fixture_account(ctx, "li.na");
    expect_refusal(try_login(ctx, "li.na", "not it at all", &outcome), ERR_UNAUTHENTICATED,
                   "login_failed", "reason=wrong_password");
    expect_refusal(try_login(ctx, "nobody.here", "not it at all", &outcome), ERR_UNAUTHENTICATED,
                   "login_failed", "reason=unknown_user");
}

FIXTURE_TEST(login, lock_grows_and_is_the_same_for_a_name_that_nobody_has)
{
    static const char *const LOGINS[] = {"li.na", "nobody.here"};
    LoginOutcome outcome = {};
    fixture_account(ctx, "li.na");
    for (size_t i = 0; i < COUNT_OF(LOGINS); i++) {
        TimeMs start = ctx->now;
        for (int n = 0; n < 5; n++) {
            ASSERT_ERR(ERR_UNAUTHENTICATED, try_login(ctx, LOGINS[i], "not it", &outcome));
        }
        Err *err = try_login(ctx, LOGINS[i], FIXTURE_PASSWORD, &outcome);
        expect_refusal(err, ERR_LIMITED, "too_many_attempts", "_locked");
        ASSERT_INT_EQUAL(30 * SECOND_MS, err->retry_after_ms);
        ctx->now = start + 30 * SECOND_MS;
        ASSERT_ERR(ERR_UNAUTHENTICATED, try_login(ctx, LOGINS[i], "not it", &outcome));
        err = try_login(ctx, LOGINS[i], "not it", &outcome);
        ASSERT_ERR(ERR_LIMITED, err);
        ASSERT_INT_EQUAL(60 * SECOND_MS, err->retry_after_ms);
        ctx->now = start + 90 * SECOND_MS;
    }
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
    /* A success begins anew. */
    ASSERT_ERR(ERR_UNAUTHENTICATED, try_login(ctx, "li.na", "not it", &outcome));
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
}

FIXTURE_TEST(login, address_that_tries_many_names_is_slowed_down)
{
    LoginOutcome outcome = {};
    fixture_account(ctx, "li.na");
    ctx->client_address = "192.0.2.66";
    for (int n = 0; n < 30; n++) {
        const char *name = arena_printf(ctx->arena, "guess%d", n);
        ASSERT_ERR(ERR_UNAUTHENTICATED, try_login(ctx, name, "guess it", &outcome));
    }
    expect_refusal(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome), ERR_LIMITED,
                   "too_many_attempts", "reason=address_locked");
    ctx->client_address = "192.0.2.67";
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
}

FIXTURE_TEST(login, of_a_disabled_account_tells_so_to_who_has_the_password)
{
    LoginOutcome outcome = {};
    Account *account = NULL;
    ASSERT_OK(account_find(ctx, fixture_account(ctx, "li.na"), &account));
    ASSERT_OK(account_set_state(ctx, account, ACCOUNT_DISABLED, "left"));
    expect_refusal(try_login(ctx, "li.na", "not it", &outcome), ERR_UNAUTHENTICATED, "login_failed",
                   "reason=wrong_password");
    expect_refusal(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome), ERR_UNAUTHENTICATED,
                   "account_disabled", "reason=account_disabled");
}

FIXTURE_TEST(login, asks_for_the_second_factor_and_takes_a_recovery_code_once)
{
    AccountId account_id = fixture_account(ctx, "li.na");
    const char *secret = NULL;
    TextList codes = {};
    LoginOutcome outcome = {};
    ASSERT_OK(totp_start(ctx, account_id, &secret));
    for (int n = 0; n < 1000000 && codes.count == 0; n++) {
        const char *code = arena_printf(ctx->arena, "%06d", n);
        if (totp_match(secret, code, ctx->now) >= 0) {
            ASSERT_OK(totp_confirm(ctx, account_id, code, &codes));
        }
    }
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
    ASSERT(outcome.second_factor_required);
    ASSERT(outcome.tokens.access_token == NULL);
    SecondFactorRequest request = {.challenge_token = outcome.challenge_token,
                                   .recovery_code = codes.items[3]};
    ASSERT_OK(login_with_second_factor(fixture_nobody(ctx), &request, &outcome));
    ASSERT(outcome.tokens.access_token != NULL);
    expect_refusal(login_with_second_factor(fixture_nobody(ctx), &request, &outcome),
                   ERR_UNAUTHENTICATED, "code_wrong", "reason=wrong_code");
    /* The challenge ends with the password that it was given for. */
    const char *hash = NULL;
    fixture_advance(ctx, 1000);
    ASSERT_OK(password_hash(ctx, "Another-Password-1", &hash));
    ASSERT_OK(account_set_password(ctx, account_id, hash, false));
    request.recovery_code = codes.items[4];
    expect_refusal(login_with_second_factor(fixture_nobody(ctx), &request, &outcome),
                   ERR_UNAUTHENTICATED, "challenge_invalid", "reason=revoked");
}

FIXTURE_TEST(login, hash_with_old_parameters_is_made_again)
{
    LoginOutcome outcome = {};
    Credentials *before = NULL;
    Credentials *after = NULL;
    AccountId account_id = fixture_account(ctx, "li.na");
    ASSERT_OK(account_find_credentials(ctx, account_id, &before));
    password_set_cost(2, 16384);
    ASSERT_OK(password_prepare(ctx));
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
    ASSERT_OK(account_find_credentials(ctx, account_id, &after));
    ASSERT(!str_equal(before->password_hash, after->password_hash));
    ASSERT(strstr(after->password_hash, "m=16,t=2") != NULL);
    ASSERT_OK(try_login(ctx, "li.na", FIXTURE_PASSWORD, &outcome));
}

FIXTURE_TEST(login, super_administrator_of_the_configuration_keeps_its_password)
{
    LoginOutcome outcome = {};
    ASSERT(ctx->services->super_admin_created);
    ASSERT_OK(try_login(ctx, FIXTURE_SUPER_USERNAME, FIXTURE_SUPER_PASSWORD, &outcome));
    ctx->services->config->super_admin.password.reveal = "Something-Else-99";
    ASSERT_OK(account_concept.start(ctx));
    ASSERT(!ctx->services->super_admin_created);
    ASSERT_OK(try_login(ctx, FIXTURE_SUPER_USERNAME, FIXTURE_SUPER_PASSWORD, &outcome));
    /* Another name in the configuration is another account, and the only one of its kind. */
    ctx->services->config->super_admin.username = "new.admin";
    ASSERT_OK(account_concept.start(ctx));
    ASSERT_OK(try_login(ctx, "new.admin", "Something-Else-99", &outcome));
    Credentials *old = NULL;
    ASSERT_OK(account_find_login(ctx, FIXTURE_SUPER_USERNAME, &old));
    ASSERT(!old->is_super);
    /* Who was there first does not become one. */
    fixture_account(ctx, "early.bird");
    ctx->services->config->super_admin.username = "early.bird";
    ASSERT_ERR(ERR_CONFIG, account_concept.start(ctx));
}
