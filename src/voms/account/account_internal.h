/* account_internal.h - shared by the files of account/. */
#pragma once

#include "voms/account/account.h"

/* ---- Rules, without I/O: account_rules.c ---- */

#define PASSWORD_MIN 10  /* characters */
#define PASSWORD_MAX 256 /* bytes that are hashed; the contract's limit in characters */

typedef enum LoginKind { LOGIN_USERNAME, LOGIN_PHONE, LOGIN_EMAIL } LoginKind;

/* What kind of name somebody logs in with, and its normal form. */
LoginKind account_rules_login(Arena *arena, const char *login, const char **ret_key);

/* NULL when the name may be a username, else a message code. */
const char *account_rules_check_username(const char *username);

/* The normal form of an e-mail address, NULL if it is none. */
const char *account_rules_email(Arena *arena, const char *text);

/* How long an account is locked after so many failures in a row: nothing before the fifth, then
 * 30 s, and twice as long each time, up to an hour. */
int64_t account_rules_lock_ms(int64_t failures);

/* The same for an address, behind which may be a whole school: nothing before the 30th. */
int64_t account_rules_address_lock_ms(int64_t failures);

/* A login name in a log line: what was typed there may have been the password. */
const char *account_rules_log_name(Arena *arena, const char *login);

/* ---- Tokens: token.c ---- */

typedef enum TokenUse { TOKEN_ACCESS, TOKEN_CHALLENGE } TokenUse;

#define TOKEN_CHALLENGE_TTL_MS (5 * MINUTE_MS)
#define TOKEN_LEEWAY_MS (5 * SECOND_MS) /* clocks of two servers differ */

typedef struct TokenClaims {
    AccountId account_id;
    SessionId session_id; /* of an access token */
    int64_t stamp;        /* of a challenge: when the password was set */
    bool cookie;          /* of a challenge: how the refresh token is to be delivered */
    TimeMs issued_at;
    TimeMs not_before;
    TimeMs expires_at;
} TokenClaims;

/* Signs a token (HS256). Times are cut to seconds. */
const char *token_sign(Arena *arena, const Config *config, TokenUse use, const TokenClaims *claims);

/* Checks the signature and what the token is for, not its times. Fails with ERR_UNAUTHENTICATED
 * ("token_invalid"), whose message has reason=bad_signature or reason=malformed_token. */
Err *token_verify(Arena *arena, const Config *config, TokenUse use, const char *token,
                  TokenClaims *ret_claims);

/* Fails with ERR_UNAUTHENTICATED: reason=token_expired ("token_expired"), or
 * reason=token_not_yet_valid ("token_invalid"). */
Err *token_check_times(Arena *arena, const TokenClaims *claims, TimeMs now);

/* ---- Passwords: password.c ---- */

/* Argon2id parameters; the default is OWASP's minimum. For tests. */
void password_set_cost(unsigned long long passes_wanted, size_t memory_wanted);

/* The right to hash: two at once per process, a bounded number waits. Leaving the scope gives it
 * back: CLEANUP(password_slot_done). */
typedef struct PasswordSlot {
    FiberSemaphore *semaphore;
} PasswordSlot;

/* Yields. Fails as fiber_semaphore_acquire does. */
YIELDS Err *password_slot_take(Ctx *ctx, PasswordSlot *ret_slot);
void password_slot_done(PasswordSlot *slot);

/* Checks a password in the thread pool. hash NULL: takes as long as with one, and never matches.
 * *ret_outdated: it matches, but should be hashed again. Yields. */
YIELDS Err *password_verify(Ctx *ctx, const PasswordSlot *slot, const char *hash,
                            const char *password, bool *ret_matches, bool *ret_outdated);

/* password_hash within a slot that is held. Yields. */
YIELDS Err *password_hash_in(Ctx *ctx, const PasswordSlot *slot, const char *password,
                             const char **ret_hash);

/* Makes the hash that unknown users are checked against. At start. Yields. */
YIELDS Err *password_prepare(Ctx *ctx);

/* Random text of so many characters that people can tell apart and type; fits the rules. */
const char *password_generate(Arena *arena, size_t length);

/* ---- Store: account_store.c ---- */

/* What is needed to check who somebody is. */
typedef struct Credentials {
    AccountId account_id;
    UnitId unit_id;
    const char *username;
    const char *phone;
    const char *email;
    bool is_disabled;
    bool is_super;
    bool must_change_password;
    const char *password_hash;
    TimeMs password_changed_at;
    int64_t failed_count;
    TimeMs locked_until;
} Credentials;

/* *ret_credentials is NULL when nobody logs in by that name. Yield. */
YIELDS Err *account_find_login(Ctx *ctx, const char *login, Credentials **ret_credentials);
YIELDS Err *account_find_credentials(Ctx *ctx, AccountId account_id, Credentials **ret_credentials);

/* Normalises the names of a draft and checks them. Fails with ERR_INVALID. */
Err *account_check_names(Arena *arena, AccountDraft *draft);

/* Changes of an account, each with its entry in the audit log. Yield. Fail with ERR_STALE when
 * somebody else was faster. */
YIELDS Err *account_insert_super(Ctx *ctx, const AccountDraft *draft, AccountId *ret_id);
YIELDS Err *account_update(Ctx *ctx, const Account *before, const Account *changed,
                           Account **ret_account);
YIELDS Err *account_set_password(Ctx *ctx, AccountId account_id, const char *hash,
                                 bool must_change);
YIELDS Err *account_set_state(Ctx *ctx, const Account *account, AccountState state,
                              const char *reason);
YIELDS Err *account_unlock(Ctx *ctx, const Account *account);

/* Gives the account a new version: something of it that stands elsewhere changed. Yields. */
YIELDS Err *account_touch(Ctx *ctx, AccountId account_id);

/* Counts a wrong password or code, and locks the account when there are too many. Yields. */
YIELDS Err *account_add_failure(Ctx *ctx, const Credentials *credentials);

/* An audit entry about an account. Yields. */
YIELDS Err *account_record(Ctx *ctx, const char *action, AccountId account_id, UnitId unit_id,
                           const char *purpose);

/* ---- Lockout of addresses and of names that are not there: lockout.c, in the cache ---- */

/* Fails with ERR_LIMITED ("too_many_attempts") while the client's address is locked. Yields. */
YIELDS Err *lockout_check_address(Ctx *ctx);

/* Counts a failure of the client's address. Without the cache nothing is counted. Yields. */
YIELDS Err *lockout_add_address_failure(Ctx *ctx);

/* The same answers for a name that nobody has as for one that somebody has. Yield. */
YIELDS Err *lockout_check_unknown(Ctx *ctx, const char *login);
YIELDS Err *lockout_add_unknown_failure(Ctx *ctx, const char *login);

/* Fails with ERR_LIMITED ("too_many_attempts"), reason=account_locked, while it is locked. */
Err *lockout_check_account(Ctx *ctx, const Credentials *credentials);

/* ---- Sessions: session.c ---- */

typedef struct Session {
    SessionId id;
    TimeMs created_at;
    TimeMs last_used_at;
    TimeMs expires_at;
    const char *user_agent;
    const char *address;
    bool current; /* the caller's own */
} Session;

typedef struct SessionTokens {
    AccountId account_id;
    SessionId session_id;
    const char *access_token;
    int64_t expires_in; /* seconds */
    const char *refresh_token;
} SessionTokens;

/* Begins a session, in the open transaction. Yields. */
YIELDS Err *session_begin(Ctx *ctx, AccountId account_id, const char *user_agent,
                          SessionTokens *ret_tokens);

/* Exchanges a refresh token. Not inside a transaction: that a family is revoked must be kept though
 * the call fails. Yields. Fails with ERR_UNAUTHENTICATED ("refresh_token_invalid"):
 * reason=unknown_refresh_token, refresh_token_reused, revoked, session_expired, account_disabled.
 */
YIELDS Err *session_refresh(Ctx *ctx, const char *refresh_token, SessionTokens *ret_tokens);

/* End sessions, in the open transaction or by themselves. Yield. */
YIELDS Err *session_end(Ctx *ctx, SessionId session_id, const char *reason);
YIELDS Err *session_end_own(Ctx *ctx, AccountId account_id, SessionId session_id);
YIELDS Err *session_end_all(Ctx *ctx, AccountId account_id, SessionId except, const char *reason);

/* Lists the sessions that last, newest first, with ids below before_id (0: all). Yield. */
YIELDS Err *session_list(Ctx *ctx, AccountId account_id, int64_t before_id, int64_t limit,
                         ObjectList *ret_sessions);
YIELDS Err *session_count(Ctx *ctx, AccountId account_id, int64_t *ret_total);

/* Deletes what ended long ago. A Schedule's run. Yields. */
YIELDS Err *session_clean_up(Ctx *ctx);

extern const Shape session_shape;

/* ---- Who asks: authenticate.c ---- */

/* Services.authenticate. Yields. */
YIELDS Err *authenticate(Ctx *ctx, const HttpRequest *req);

/* After a session ended: its access tokens are no longer good in this process, at once; in others
 * as soon as the cache has told them, without it within five seconds. */
void authenticate_forget_session(Services *services, SessionId session_id);

/* At the start: hears which sessions other processes ended. */
void authenticate_listen(Services *services);

/* Forgets all that is cached; for tests. */
void authenticate_clear(void);

/* ---- The second factor: totp.c ---- */

typedef struct Totp {
    bool enabled;
    TimeMs confirmed_at;
    int64_t last_step;
    const char *secret; /* base32 */
} Totp;

#define RECOVERY_CODE_COUNT 10

/* *ret_totp is NULL if there is not even an unconfirmed one. Yields. */
YIELDS Err *totp_find(Ctx *ctx, AccountId account_id, Totp **ret_totp);

/* The time step (RFC 6238: 30 s) whose code this is, around now; -1 if none. */
int64_t totp_match(const char *secret, const char *code, TimeMs now);

/* Makes a secret that is to be confirmed. Yields. ERR_CONFLICT ("totp_enabled"). */
YIELDS Err *totp_start(Ctx *ctx, AccountId account_id, const char **ret_secret);

/* Turns it on by a first code, in the open transaction; makes recovery codes. Yields. ERR_INVALID
 * on "code" ("code_wrong"), ERR_CONFLICT ("totp_enabled", "totp_not_started"). */
YIELDS Err *totp_confirm(Ctx *ctx, AccountId account_id, const char *code, TextList *ret_codes);

/* Takes a current code or a recovery code, each once. Yields. */
YIELDS Err *totp_take_code(Ctx *ctx, AccountId account_id, const char *code, bool *ret_taken);
YIELDS Err *totp_take_recovery_code(Ctx *ctx, AccountId account_id, const char *code,
                                    bool *ret_taken);
YIELDS Err *totp_renew_recovery_codes(Ctx *ctx, AccountId account_id, TextList *ret_codes);
YIELDS Err *totp_count_recovery_codes(Ctx *ctx, AccountId account_id, int64_t *ret_count);
YIELDS Err *totp_remove(Ctx *ctx, AccountId account_id);
const char *totp_uri(Arena *arena, const char *username, const char *secret);

/* ---- Logging in: login.c ---- */

typedef struct LoginRequest {
    const char *login;
    Secret password;
    int refresh_delivery; /* 0: body, 1: cookie */
    const char *user_agent;
} LoginRequest;

typedef struct LoginOutcome {
    bool second_factor_required;
    const char *challenge_token;
    int64_t challenge_expires_in; /* seconds */
    bool cookie;
    SessionTokens tokens;
} LoginOutcome;

/* Fails with ERR_UNAUTHENTICATED ("login_failed": unknown user and wrong password alike, in
 * the same time; "account_disabled": only with the right password), ERR_LIMITED
 * ("too_many_attempts"), ERR_UNAVAILABLE ("overloaded"). The message has the precise reason.
 * Yields. */
YIELDS Err *login_with_password(Ctx *ctx, const LoginRequest *request, LoginOutcome *ret_outcome);

typedef struct SecondFactorRequest {
    const char *challenge_token;
    const char *code;          /* or NULL */
    const char *recovery_code; /* or NULL */
    const char *user_agent;
} SecondFactorRequest;

/* Fails with ERR_UNAUTHENTICATED ("challenge_invalid", "code_wrong"), ERR_LIMITED. Yields. */
YIELDS Err *login_with_second_factor(Ctx *ctx, const SecondFactorRequest *request,
                                     LoginOutcome *ret_outcome);

/* account_confirm_password and a current code or recovery code. Yields. */
YIELDS Err *login_confirm_both(Ctx *ctx, const char *password, const char *code);

/* ---- Routes ---- */

extern const Route account_routes[]; /* with those of auth_routes */

/* auth_api.c */
extern const Shape login_shape;
extern const Shape tokens_shape;
extern const Shape second_factor_shape;
extern const Shape refresh_shape;
extern const Shape own_account_shape;
extern const Shape own_account_patch_shape;
extern const Shape password_change_shape;
HttpHandler auth_login;
HttpHandler auth_second_factor;
HttpHandler auth_refresh;
HttpHandler auth_logout;
HttpHandler auth_show_account;
HttpHandler auth_update_account;
HttpHandler auth_list_sessions;
HttpHandler auth_end_other_sessions;
HttpHandler auth_end_session;
HttpHandler auth_change_password;

/* totp_api.c */
extern const Shape totp_status_shape;
extern const Shape totp_start_shape;
extern const Shape totp_code_shape;
extern const Shape password_and_code_shape;
extern const Shape recovery_codes_shape;
HttpHandler totp_handle_show;
HttpHandler totp_handle_start;
HttpHandler totp_handle_confirm;
HttpHandler totp_handle_recovery_codes;
HttpHandler totp_handle_remove;

/* Answers with a page of an account's sessions. Yields. */
YIELDS Err *session_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                               AccountId account_id);

/* Makes the demonstration's accounts. Yields. */
YIELDS Err *account_demo(Ctx *ctx);
