/* login.c - proving who one is: password, second factor, and again before dangerous things.
 *
 * Every refusal carries its precise reason in the message, which the dispatcher logs; the client
 * learns no more than it may. */
#include <inttypes.h>

#include "base/log.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"

/* ---- The password ---- */

typedef struct Check {
    Credentials *credentials; /* NULL: nobody has that name */
    bool matches;
    bool outdated;
} Check;

/* Locks are looked at while the slot is held, so that no more guesses run at once than slots. */
YIELDS static Err *check_password(Ctx *ctx, const PasswordSlot *slot, const char *login,
                                  const char *password, Check *check)
{
    TRY(account_find_login(ctx, login, &check->credentials));
    if (check->credentials == NULL) {
        TRY(lockout_check_unknown(ctx, login));
    } else {
        TRY(lockout_check_account(ctx, check->credentials));
    }
    const char *hash = check->credentials == NULL ? NULL : check->credentials->password_hash;
    return password_verify(ctx, slot, hash, password, &check->matches, &check->outdated);
}

YIELDS static Err *refuse_password(Ctx *ctx, const char *login, const Check *check)
{
    TRY(lockout_add_address_failure(ctx));
    if (check->credentials == NULL) {
        TRY(lockout_add_unknown_failure(ctx, login));
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "login_failed",
                   "unknown user: reason=unknown_user login=%s",
                   account_rules_log_name(ctx->arena, login));
    }
    TRY(account_add_failure(ctx, check->credentials));
    return ERR(ctx->arena, ERR_UNAUTHENTICATED, "login_failed",
               "wrong password: reason=wrong_password account=%" PRId64,
               check->credentials->account_id.value);
}

static Err *refuse_disabled(Ctx *ctx, AccountId account_id)
{
    return ERR(ctx->arena, ERR_UNAUTHENTICATED, "account_disabled",
               "account disabled: reason=account_disabled account=%" PRId64, account_id.value);
}

/* The parameters of the hash were raised since it was made. */
YIELDS static Err *hash_again(Ctx *ctx, const PasswordSlot *slot, const Credentials *credentials,
                              const char *password)
{
    const char *hash = NULL;
    TRY(password_hash_in(ctx, slot, password, &hash));
    return store_exec(ctx->db, &SQL_ACCOUNT_SET_HASH,
                      ARGS(sql_int(credentials->account_id.value), sql_text(hash),
                           sql_text(credentials->password_hash)),
                      NULL);
}

YIELDS static Err *prove_password(Ctx *ctx, const char *login, const char *password,
                                  Credentials **ret_credentials)
{
    CLEANUP(password_slot_done) PasswordSlot slot = {};
    Check check = {};
    TRY(password_slot_take(ctx, &slot));
    TRY(check_password(ctx, &slot, login, password, &check));
    if (!check.matches) {
        return refuse_password(ctx, login, &check);
    }
    if (check.credentials->is_disabled) {
        return refuse_disabled(ctx, check.credentials->account_id);
    }
    if (check.outdated) {
        TRY(hash_again(ctx, &slot, check.credentials, password));
    }
    *ret_credentials = check.credentials;
    return NULL;
}

/* ---- The session ---- */

typedef struct Beginning {
    Ctx *ctx;
    const Credentials *credentials;
    const char *user_agent;
    const char *action;
    SessionTokens tokens;
} Beginning;

YIELDS static Err *begin_session(Db *db UNUSED, void *arg)
{
    Beginning *self = arg;
    Ctx *ctx = self->ctx;
    const Credentials *credentials = self->credentials;
    TRY(store_exec(ctx->db, &SQL_ACCOUNT_NOTE_LOGIN,
                   ARGS(sql_int(credentials->account_id.value), sql_time(ctx->now)), NULL));
    TRY(session_begin(ctx, credentials->account_id, self->user_agent, &self->tokens));
    return account_record(ctx, self->action, credentials->account_id, credentials->unit_id, NULL);
}

YIELDS static Err *begin(Ctx *ctx, const Credentials *credentials, const char *user_agent,
                         const char *action, LoginOutcome *outcome)
{
    Beginning work = {
        .ctx = ctx, .credentials = credentials, .user_agent = user_agent, .action = action};
    /* From here on it is known who asks: for the audit log. */
    ctx->caller.account_id = credentials->account_id;
    ctx->caller.name = credentials->username;
    TRY(store_transact(ctx->db, begin_session, &work));
    ctx->caller.session_id = work.tokens.session_id;
    outcome->tokens = work.tokens;
    log_event(LOG_INFO, "login", LOG_INT("account", credentials->account_id.value),
              LOG_INT("session", work.tokens.session_id.value), LOG_TEXT("by", action),
              LOG_TEXT("address", ctx->client_address));
    return NULL;
}

static void challenge(Ctx *ctx, const Credentials *credentials, bool cookie, LoginOutcome *outcome)
{
    TokenClaims claims = {
        .account_id = credentials->account_id,
        .stamp = credentials->password_changed_at,
        .cookie = cookie,
        .issued_at = ctx->now,
        .not_before = ctx->now,
        .expires_at = ctx->now + TOKEN_CHALLENGE_TTL_MS,
    };
    outcome->second_factor_required = true;
    outcome->challenge_token =
        token_sign(ctx->arena, ctx->services->config, TOKEN_CHALLENGE, &claims);
    outcome->challenge_expires_in = TOKEN_CHALLENGE_TTL_MS / SECOND_MS;
}

YIELDS Err *login_with_password(Ctx *ctx, const LoginRequest *request, LoginOutcome *ret_outcome)
{
    Credentials *credentials = NULL;
    Totp *totp = NULL;
    LoginOutcome outcome = {.cookie = request->refresh_delivery == 1};
    TRY(lockout_check_address(ctx));
    TRY(prove_password(ctx, request->login, request->password.reveal, &credentials));
    TRY(totp_find(ctx, credentials->account_id, &totp));
    if (totp != NULL && totp->enabled) {
        challenge(ctx, credentials, outcome.cookie, &outcome);
    } else {
        TRY(begin(ctx, credentials, request->user_agent, "account.login", &outcome));
    }
    *ret_outcome = outcome;
    return NULL;
}

/* ---- The second factor ---- */

/* Whose challenge it is; it ends with the password that it was given for. */
YIELDS static Err *read_challenge(Ctx *ctx, const char *token, TokenClaims *claims,
                                  Credentials **ret_credentials)
{
    Err *err = token_verify(ctx->arena, ctx->services->config, TOKEN_CHALLENGE, token, claims);
    if (err == NULL) {
        err = token_check_times(ctx->arena, claims, ctx->now);
    }
    if (err != NULL) {
        err->code = "challenge_invalid";
        return err;
    }
    TRY(account_find_credentials(ctx, claims->account_id, ret_credentials));
    if (*ret_credentials == NULL || (*ret_credentials)->password_changed_at != claims->stamp) {
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "challenge_invalid",
                   "reason=revoked account=%" PRId64, claims->account_id.value);
    }
    if ((*ret_credentials)->is_disabled) {
        return refuse_disabled(ctx, claims->account_id);
    }
    return NULL;
}

YIELDS static Err *take_either(Ctx *ctx, AccountId account_id, const SecondFactorRequest *request,
                               bool *ret_taken)
{
    if (request->code != NULL) {
        return totp_take_code(ctx, account_id, request->code, ret_taken);
    }
    return totp_take_recovery_code(ctx, account_id, request->recovery_code, ret_taken);
}

YIELDS static Err *refuse_code(Ctx *ctx, const Credentials *credentials)
{
    TRY(lockout_add_address_failure(ctx));
    TRY(account_add_failure(ctx, credentials));
    return ERR(ctx->arena, ERR_UNAUTHENTICATED, "code_wrong", "reason=wrong_code account=%" PRId64,
               credentials->account_id.value);
}

YIELDS Err *login_with_second_factor(Ctx *ctx, const SecondFactorRequest *request,
                                     LoginOutcome *ret_outcome)
{
    /* As with passwords: no more guesses at once than slots, so that the lock comes in time. */
    CLEANUP(password_slot_done) PasswordSlot slot = {};
    TokenClaims claims = {};
    Credentials *credentials = NULL;
    bool taken = false;
    TRY(lockout_check_address(ctx));
    TRY(password_slot_take(ctx, &slot));
    TRY(read_challenge(ctx, request->challenge_token, &claims, &credentials));
    TRY(lockout_check_account(ctx, credentials));
    TRY(take_either(ctx, credentials->account_id, request, &taken));
    if (!taken) {
        return refuse_code(ctx, credentials);
    }
    LoginOutcome outcome = {.cookie = claims.cookie};
    TRY(begin(ctx, credentials, request->user_agent,
              request->code != NULL ? "account.login" : "account.login_with_recovery_code",
              &outcome));
    *ret_outcome = outcome;
    return NULL;
}

/* ---- Again, before dangerous things ---- */

static Err *invalid_field(Ctx *ctx, const char *field, const char *code)
{
    Err *err = NULL;
    err_add_field(ctx->arena, &err, field, code, NULL);
    log_event(LOG_INFO, "confirmation refused", LOG_TEXT("reason", code),
              LOG_INT("account", ctx->caller.account_id.value),
              LOG_TEXT("address", ctx->client_address));
    return err;
}

YIELDS static Err *clear_failures(Ctx *ctx, const Credentials *credentials)
{
    if (credentials->failed_count == 0) {
        return NULL;
    }
    return store_exec(ctx->db, &SQL_ACCOUNT_CLEAR_FAILURES,
                      ARGS(sql_int(credentials->account_id.value)), NULL);
}

/* The caller's password, with the slot held; failures are counted, but not yet cleared. */
YIELDS static Err *confirm(Ctx *ctx, const PasswordSlot *slot, const char *password,
                           const char *field, Credentials **ret_credentials)
{
    Credentials *credentials = NULL;
    bool matches = false;
    bool outdated = false;
    TRY(account_find_credentials(ctx, ctx->caller.account_id, &credentials));
    BUG_ON(credentials == NULL); /* it is logged in, and accounts are never deleted */
    TRY(lockout_check_account(ctx, credentials));
    TRY(password_verify(ctx, slot, credentials->password_hash, password, &matches, &outdated));
    if (!matches) {
        TRY(account_add_failure(ctx, credentials));
        return invalid_field(ctx, field, "wrong_password");
    }
    *ret_credentials = credentials;
    return NULL;
}

YIELDS Err *account_confirm_password(Ctx *ctx, const char *password, const char *field)
{
    CLEANUP(password_slot_done) PasswordSlot slot = {};
    Credentials *credentials = NULL;
    TRY(password_slot_take(ctx, &slot));
    TRY(confirm(ctx, &slot, password, field, &credentials));
    return clear_failures(ctx, credentials);
}

YIELDS Err *login_confirm_both(Ctx *ctx, const char *password, const char *code)
{
    CLEANUP(password_slot_done) PasswordSlot slot = {};
    Credentials *credentials = NULL;
    bool taken = false;
    TRY(password_slot_take(ctx, &slot));
    TRY(confirm(ctx, &slot, password, "password", &credentials));
    TRY(totp_take_code(ctx, credentials->account_id, code, &taken));
    if (!taken) {
        TRY(totp_take_recovery_code(ctx, credentials->account_id, code, &taken));
    }
    if (!taken) {
        TRY(account_add_failure(ctx, credentials));
        return invalid_field(ctx, "code", "code_wrong");
    }
    return clear_failures(ctx, credentials);
}
