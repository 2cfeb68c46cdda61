/* totp_api.c - the second factor, as its owner sets it up and removes it. */
#include "voms/account/account_internal.h"

typedef struct TotpStatus {
    bool enabled;
    TimeMs confirmed_at;
    int64_t recovery_codes_left;
} TotpStatus;

static const Field STATUS_FIELDS[] = {
    FIELD(TotpStatus, enabled, FIELD_BOOL),
    FIELD(TotpStatus, confirmed_at, FIELD_TIME),
    FIELD(TotpStatus, recovery_codes_left, FIELD_INT),
    {},
};
const Shape totp_status_shape = SHAPE(TotpStatus, STATUS_FIELDS);

typedef struct TotpStart {
    const char *secret;
    const char *otpauth_uri;
} TotpStart;

static const Field START_FIELDS[] = {
    FIELD(TotpStart, secret, FIELD_TEXT),
    FIELD(TotpStart, otpauth_uri, FIELD_TEXT),
    {},
};
const Shape totp_start_shape = SHAPE(TotpStart, START_FIELDS);

static const char *check_digits(Arena *arena UNUSED, const char *value, const char **ret_normalized)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') {
            return "code_malformed";
        }
    }
    *ret_normalized = value;
    return NULL;
}

typedef struct TotpCode {
    const char *code;
} TotpCode;

static const Field CODE_FIELDS[] = {
    FIELD(TotpCode, code, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 6, .max = 6,
          .check = check_digits),
    {},
};
const Shape totp_code_shape = SHAPE(TotpCode, CODE_FIELDS);

typedef struct PasswordAndCode {
    Secret password;
    const char *code;
} PasswordAndCode;

static const Field PASSWORD_AND_CODE_FIELDS[] = {
    FIELD(PasswordAndCode, password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1, .max = 256),
    FIELD(PasswordAndCode, code, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 6, .max = 64),
    {},
};
const Shape password_and_code_shape = SHAPE(PasswordAndCode, PASSWORD_AND_CODE_FIELDS);

typedef struct RecoveryCodes {
    TextList recovery_codes;
} RecoveryCodes;

static const Field RECOVERY_FIELDS[] = {
    FIELD(RecoveryCodes, recovery_codes, FIELD_TEXT_LIST),
    {},
};
const Shape recovery_codes_shape = SHAPE(RecoveryCodes, RECOVERY_FIELDS);

YIELDS Err *totp_handle_show(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Totp *totp = NULL;
    TotpStatus status = {};
    TRY(totp_find(ctx, ctx->caller.account_id, &totp));
    if (totp != NULL && totp->enabled) {
        status.enabled = true;
        status.confirmed_at = totp->confirmed_at;
        TRY(totp_count_recovery_codes(ctx, ctx->caller.account_id, &status.recovery_codes_left));
    }
    return http_reply(res, HTTP_OK, &totp_status_shape, &status, NULL);
}

YIELDS Err *totp_handle_start(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Account *own = NULL;
    TotpStart start = {};
    TRY(account_find(ctx, ctx->caller.account_id, &own));
    TRY(totp_start(ctx, own->id, &start.secret));
    start.otpauth_uri = totp_uri(ctx->arena, own->username, start.secret);
    return http_reply(res, HTTP_OK, &totp_start_shape, &start, NULL);
}

/* What all changes of a second factor end with. */
YIELDS static Err *record(Ctx *ctx, const char *action)
{
    Account *own = NULL;
    TRY(account_touch(ctx, ctx->caller.account_id));
    TRY(account_find(ctx, ctx->caller.account_id, &own));
    return account_record(ctx, action, own->id, own->unit_id, NULL);
}

static Err *reply_codes(HttpResponse *res, const TextList *codes)
{
    RecoveryCodes answer = {.recovery_codes = *codes};
    return http_reply(res, HTTP_OK, &recovery_codes_shape, &answer, NULL);
}

YIELDS Err *totp_handle_confirm(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    TotpCode entered = {};
    TextList codes = {};
    TRY(http_decode(req, &entered));
    TRY(totp_confirm(ctx, ctx->caller.account_id, entered.code, &codes));
    TRY(record(ctx, "account.totp_enable"));
    return reply_codes(res, &codes);
}

typedef struct TotpWork {
    Ctx *ctx;
    TextList codes;
} TotpWork;

YIELDS static Err *renew(Db *db UNUSED, void *arg)
{
    TotpWork *work = arg;
    TRY(totp_renew_recovery_codes(work->ctx, work->ctx->caller.account_id, &work->codes));
    return record(work->ctx, "account.recovery_codes_renew");
}

YIELDS static Err *remove_own(Db *db UNUSED, void *arg)
{
    TotpWork *work = arg;
    TRY(totp_remove(work->ctx, work->ctx->caller.account_id));
    return record(work->ctx, "account.totp_remove");
}

YIELDS static Err *check_enabled(Ctx *ctx)
{
    Totp *totp = NULL;
    TRY(totp_find(ctx, ctx->caller.account_id, &totp));
    if (totp == NULL || !totp->enabled) {
        return ERR(ctx->arena, ERR_CONFLICT, "totp_not_enabled", "there is no second factor");
    }
    return NULL;
}

YIELDS static Err *confirm_owner(Ctx *ctx, const HttpRequest *req)
{
    PasswordAndCode entered = {};
    TRY(http_decode(req, &entered));
    TRY(check_enabled(ctx));
    return login_confirm_both(ctx, entered.password.reveal, entered.code);
}

YIELDS Err *totp_handle_recovery_codes(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    TotpWork work = {.ctx = ctx};
    TRY(confirm_owner(ctx, req));
    TRY(store_transact(ctx->db, renew, &work));
    return reply_codes(res, &work.codes);
}

YIELDS Err *totp_handle_remove(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    TotpWork work = {.ctx = ctx};
    TRY(confirm_owner(ctx, req));
    TRY(store_transact(ctx->db, remove_own, &work));
    return http_reply_empty(res);
}
