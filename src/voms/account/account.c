/* account.c - the concept: its texts, schedules, and what it does at start. */
#include <inttypes.h>

#include "base/log.h"
#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/unit/unit.h"

/* ---- The super administrator of the configuration ---- */

typedef struct SuperWork {
    Ctx *ctx;
    const char *hash; /* NULL: the account is there */
    AccountId account_id;
} SuperWork;

YIELDS static Err *find_super(Ctx *ctx, const char *username, AccountId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND_BY_USERNAME,
                    ARGS(sql_text(str_ascii_lower(ctx->arena, username))), &rows));
    *ret_id = (AccountId){rows->count == 0 ? 0 : row_int(rows, 0, 0)};
    return NULL;
}

/* Whom the configuration named before has that power no longer. */
YIELDS static Err *demote_others(Ctx *ctx, AccountId account_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCOUNT_LIST_OTHER_SUPERS, ARGS(sql_int(account_id.value)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        AccountId other = {row_int(rows, i, 0)};
        TRY(store_exec(ctx->db, &SQL_ACCOUNT_SET_SUPER, ARGS(sql_int(other.value), sql_bool(false)),
                       NULL));
        TRY(account_record(ctx, "account.super_removed", other, UNIT_ROOT, NULL));
        log_event(LOG_WARN, "no longer the super administrator", LOG_INT("account", other.value));
    }
    return NULL;
}

YIELDS static Err *store_super(Db *db UNUSED, void *arg)
{
    SuperWork *work = arg;
    Ctx *ctx = work->ctx;
    const char *username = ctx->services->config->super_admin.username;
    AccountDraft draft = {.username = username,
                          .password_hash = work->hash,
                          .language = LANGUAGE_ZH,
                          .unit_id = UNIT_ROOT};
    TRY(find_super(ctx, username, &work->account_id));
    if (work->account_id.value == 0) {
        TRY(account_insert_super(ctx, &draft, &work->account_id));
    }
    return demote_others(ctx, work->account_id);
}

/* Somebody who may make accounts must not get there first. */
YIELDS static Err *check_is_super(Ctx *ctx, AccountId account_id)
{
    Credentials *credentials = NULL;
    TRY(account_find_credentials(ctx, account_id, &credentials));
    if (!credentials->is_super) {
        return ERR(
            ctx->arena, ERR_CONFIG, "super_admin_not_super",
            "super_admin.username: account \"%s\" exists and is an ordinary one; name another",
            credentials->username);
    }
    return NULL;
}

YIELDS static Err *ensure_super(Ctx *ctx)
{
    const Config *config = ctx->services->config;
    SuperWork work = {.ctx = ctx};
    const char *code = account_rules_check_username(config->super_admin.username);
    if (code != NULL) {
        return ERR(
            ctx->arena, ERR_CONFIG, code,
            "super_admin.username: 3 to 64 letters, digits, '.', '_', '-'; one letter at least");
    }
    TRY(find_super(ctx, config->super_admin.username, &work.account_id));
    bool is_new = work.account_id.value == 0;
    if (is_new) {
        TRY(password_hash(ctx, config->super_admin.password.reveal, &work.hash));
    } else {
        TRY(check_is_super(ctx, work.account_id));
    }
    TRY(store_transact(ctx->db, store_super, &work));
    ctx->services->super_admin_created = is_new;
    return NULL;
}

/* ---- For vomsctl ---- */

typedef struct ResetWork {
    Ctx *ctx;
    const Credentials *credentials;
    const char *hash;
} ResetWork;

YIELDS static Err *store_reset(Db *db UNUSED, void *arg)
{
    const ResetWork *work = arg;
    Ctx *ctx = work->ctx;
    AccountId account_id = work->credentials->account_id;
    TRY(account_set_password(ctx, account_id, work->hash, /* must_change= */ true));
    TRY(session_end_all(ctx, account_id, (SessionId){0}, "password_reset"));
    return account_record(ctx, "account.reset_password", account_id, work->credentials->unit_id,
                          "vomsctl");
}

YIELDS Err *account_reset_password(Ctx *ctx, const char *login, const char *password,
                                   const char **ret_password)
{
    ResetWork work = {.ctx = ctx};
    Credentials *credentials = NULL;
    TRY(account_find_login(ctx, login, &credentials));
    if (credentials == NULL) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "account_not_found", "no account \"%s\"", login);
    }
    work.credentials = credentials;
    const char *wanted = password == NULL ? password_generate(ctx->arena, 14) : password;
    const char *code = account_check_password_strength(wanted, credentials->username,
                                                       credentials->phone, credentials->email);
    if (code != NULL) {
        return ERR(ctx->arena, ERR_INVALID, code, "the password is too weak: %s", code);
    }
    TRY(password_hash(ctx, wanted, &work.hash));
    TRY(store_transact(ctx->db, store_reset, &work));
    *ret_password = wanted;
    return NULL;
}

/* ---- The concept ---- */

static bool must_change_password(const Ctx *ctx)
{
    return ctx->caller.must_change_password;
}

YIELDS static Err *start(Ctx *ctx)
{
    ctx->services->authenticate = authenticate;
    ctx->services->must_change_password = must_change_password;
    authenticate_listen(ctx->services);
    TRY(password_prepare(ctx));
    return (ctx->services->duties & DUTY_SCHEMA) != 0 ? ensure_super(ctx) : NULL;
}

static const Permission PERMISSIONS[] = {
    {"account:read", "查看账号", "See accounts"},
    {"account:create", "新建账号", "Create accounts"},
    {"account:update", "修改和停用账号", "Change and disable accounts"},
    {"account:grant", "授予和收回角色", "Grant and revoke roles"},
    {"account:reset", "重置密码和两步验证", "Reset passwords and second factors"},
    {},
};

static const MessageText MESSAGES[] = {
    {"account_not_found", "没有这个账号", "No such account"},
    {"username_length", "用户名为 3 至 64 个字符", "A username has 3 to 64 characters"},
    {"username_characters", "用户名只能包含字母、数字、“.”、“_”和“-”",
     "A username has only letters, digits, '.', '_' and '-'"},
    {"username_needs_letter", "用户名至少要有一个字母", "A username has at least one letter"},
    {"username_taken", "用户名已被使用", "The username is taken"},
    {"phone_invalid", "手机号或电话号码无效", "Not a valid telephone number"},
    {"phone_taken", "手机号已被其他账号使用", "Another account has this telephone number"},
    {"email_invalid", "邮箱地址无效", "Not a valid e-mail address"},
    {"email_taken", "邮箱已被其他账号使用", "Another account has this e-mail address"},
    {"volunteer_has_account", "该志愿者已有账号", "The volunteer already has an account"},
    {"volunteer_not_found", "没有这位志愿者", "No such volunteer"},
    {"own_account", "请在“我的账号”中更改自己的账号", "Change your own account under “My account”"},
    {"super_administrator_fixed", "超级管理员的用户名由配置文件决定",
     "The configuration names the super administrator"},
    {"password_characters", "密码含有不允许的字符",
     "The password has characters that are not allowed"},
    {"password_too_short", "密码至少 10 个字符", "A password has at least 10 characters"},
    {"password_too_long", "密码太长", "The password is too long"},
    {"password_common", "密码太常见，容易被猜到", "The password is too common and easily guessed"},
    {"password_contains_login", "密码不能包含用户名、手机号或邮箱",
     "The password must not contain the username, telephone number or e-mail address"},
    {"password_same", "新密码不能与当前密码相同",
     "The new password must differ from the present one"},
    {"password_change_required", "请先修改密码", "Change your password first"},
    {"wrong_password", "密码不正确", "The password is wrong"},
    {"login_failed", "用户名或密码不正确", "The login or the password is wrong"},
    {"login_required", "请先登录", "Log in first"},
    {"account_disabled", "账号已停用，请联系管理员",
     "The account is disabled; ask an administrator"},
    {"too_many_attempts", "尝试次数过多，请稍后再试", "Too many attempts; try again later"},
    {"token_invalid", "登录凭证无效，请重新登录", "The token is not valid; log in again"},
    {"token_expired", "登录已过期", "The token has expired"},
    {"session_ended", "登录已结束，请重新登录", "The session has ended; log in again"},
    {"refresh_token_invalid", "登录已结束，请重新登录", "The session has ended; log in again"},
    {"session_not_found", "没有这个登录会话", "No such session"},
    {"challenge_invalid", "验证已过期，请重新登录", "The verification has expired; log in again"},
    {"code_wrong", "验证码不正确", "The code is wrong"},
    {"code_malformed", "验证码为 6 位数字", "A code has 6 digits"},
    {"one_code_needed", "请提供验证码或恢复码之一", "Give either a code or a recovery code"},
    {"totp_enabled", "两步验证已启用", "The second factor is already on"},
    {"totp_not_started", "请先开始设置两步验证", "Begin to set up the second factor first"},
    {"totp_not_enabled", "两步验证未启用", "There is no second factor"},
    {},
};

static const Schedule SCHEDULES[] = {
    {.name = "session-clean-up", .every_ms = HOUR_MS, .run = session_clean_up},
    {},
};

const Concept account_concept = {.name = "account",
                                 .routes = account_routes,
                                 .schedules = SCHEDULES,
                                 .messages = MESSAGES,
                                 .permissions = PERMISSIONS,
                                 .start = start,
                                 .demo = account_demo};
