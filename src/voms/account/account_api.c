/* account_api.c - accounts as administrators see them, and the table of all routes of accounts. */
#include <inttypes.h>

#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/common/page.h"
#include "voms/unit/unit.h"

#define TEMPORARY_PASSWORD_LENGTH 14

/* ---- Shapes ---- */

static const char *check_username(Arena *arena UNUSED, const char *value,
                                  const char **ret_normalized)
{
    *ret_normalized = value;
    return account_rules_check_username(value);
}

static const Field ACCOUNT_FIELDS[] = {
    FIELD(Account, id, FIELD_ID, .zh = "编号", .en = "Id"),
    FIELD(Account, username, FIELD_TEXT, .zh = "用户名", .en = "Username"),
    FIELD(Account, display_name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(Account, phone, FIELD_TEXT, .zh = "手机号", .en = "Phone"),
    FIELD(Account, email, FIELD_TEXT, .zh = "邮箱", .en = "E-mail"),
    FIELD(Account, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(Account, state, FIELD_CHOICE, .choices = account_states, .zh = "状态", .en = "State"),
    FIELD(Account, unit_id, FIELD_ID, .zh = "单位编号", .en = "Unit id"),
    FIELD(Account, unit_name, FIELD_TEXT, .zh = "单位", .en = "Unit"),
    FIELD(Account, volunteer_id, FIELD_ID),
    FIELD(Account, is_super_administrator, FIELD_BOOL),
    FIELD(Account, must_change_password, FIELD_BOOL),
    FIELD(Account, totp_enabled, FIELD_BOOL, .zh = "两步验证", .en = "Second factor"),
    FIELD(Account, locked_until, FIELD_TIME),
    FIELD(Account, last_login_at, FIELD_TIME, .zh = "上次登录", .en = "Last login"),
    FIELD(Account, created_at, FIELD_TIME, .zh = "创建时间", .en = "Created"),
    FIELD(Account, updated_at, FIELD_TIME),
    FIELD(Account, version, FIELD_INT),
    {},
};
const Shape account_shape = SHAPE(Account, ACCOUNT_FIELDS);

typedef struct GrantDraft {
    int64_t role_id;
    UnitId unit_id;
} GrantDraft;

static const Field GRANT_FIELDS[] = {
    FIELD(GrantDraft, role_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    FIELD(GrantDraft, unit_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    {},
};
static const Shape GRANT = {.name = "GrantCreate",
                            .size_bytes = sizeof(GrantDraft),
                            .fields = GRANT_FIELDS};

typedef struct AccountCreate {
    const char *username;
    Secret password;
    const char *display_name;
    const char *phone;
    const char *email;
    int language;
    UnitId unit_id;
    VolunteerId volunteer_id;
    bool must_change_password;
    ObjectList grants; /* of GrantDraft */
} AccountCreate;

static const Field CREATE_FIELDS[] = {
    FIELD(AccountCreate, username, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 3, .max = 64,
          .check = check_username),
    FIELD(AccountCreate, password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1, .max = 256),
    FIELD(AccountCreate, display_name, FIELD_TEXT, .min = 1, .max = 64),
    FIELD(AccountCreate, phone, FIELD_TEXT, .min = 1, .max = 32),
    FIELD(AccountCreate, email, FIELD_TEXT, .min = 3, .max = 254),
    FIELD(AccountCreate, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(AccountCreate, unit_id, FIELD_ID, .min = 1),
    FIELD(AccountCreate, volunteer_id, FIELD_ID, .min = 1),
    FIELD(AccountCreate, must_change_password, FIELD_BOOL),
    FIELD(AccountCreate, grants, FIELD_OBJECT_LIST, .shape = &GRANT, .max = 20),
    {},
};
static const Shape CREATE = SHAPE(AccountCreate, CREATE_FIELDS);

static const Field PATCH_FIELDS[] = {
    FIELD(Account, username, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 3, .max = 64,
          .check = check_username),
    FIELD(Account, display_name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Account, phone, FIELD_TEXT, .min = 1, .max = 32),
    FIELD(Account, email, FIELD_TEXT, .min = 3, .max = 254),
    FIELD(Account, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(Account, volunteer_id, FIELD_ID, .min = 1),
    {},
};
static const Shape PATCH = {.name = "AccountPatch",
                            .size_bytes = sizeof(Account),
                            .fields = PATCH_FIELDS};

typedef struct AccountStateChange {
    int state;
    const char *reason;
} AccountStateChange;

static const Field STATE_FIELDS[] = {
    FIELD(AccountStateChange, state, FIELD_CHOICE, .flags = FIELD_REQUIRED,
          .choices = account_states),
    FIELD(AccountStateChange, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape STATE_CHANGE = SHAPE(AccountStateChange, STATE_FIELDS);

typedef struct TemporaryPassword {
    const char *temporary_password;
} TemporaryPassword;

static const Field TEMPORARY_FIELDS[] = {
    FIELD(TemporaryPassword, temporary_password, FIELD_TEXT),
    {},
};
static const Shape TEMPORARY = SHAPE(TemporaryPassword, TEMPORARY_FIELDS);

/* ---- Guards ---- */

static Err *path_account(const HttpRequest *req, AccountId *ret_id)
{
    return http_path_id(req, "account_id", &ret_id->value);
}

YIELDS Err *account_guard_known(Ctx *ctx, const HttpRequest *req)
{
    AccountId account_id = {};
    StoreRows *rows = NULL;
    AccessConfinement confinement = access_confine(ctx, "account:read");
    TRY(path_account(req, &account_id));
    TRY(store_query(ctx->db, &SQL_ACCOUNT_IS_KNOWN,
                    ARGS(sql_int(confinement.account), sql_text(confinement.permission),
                         sql_int(account_id.value)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "account_not_found", "account %" PRId64,
                   account_id.value);
    }
    return NULL;
}

YIELDS Err *account_guard(Ctx *ctx, const HttpRequest *req)
{
    AccountId account_id = {};
    Account *account = NULL;
    TRY(account_guard_known(ctx, req));
    if (str_equal(req->route->needs, "account:read")) {
        return NULL;
    }
    TRY(path_account(req, &account_id));
    TRY(account_find(ctx, account_id, &account));
    Err *err = access_check_unit(ctx, account->unit_id, "account:read", req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        /* It is known by a role on a unit of the caller's, but belongs to another one. */
        err->kind = ERR_FORBIDDEN;
        err->code = "permission_missing";
        err->param = req->route->needs;
    }
    TRY(err);
    return access_check_not_stronger(ctx, account_id, account->is_super_administrator);
}

/* What an administrator does to others he does to himself by the calls of /auth, which ask for his
 * password: a stolen access token must not be enough. */
static Err *refuse_own(Ctx *ctx, AccountId account_id)
{
    if (account_id.value != ctx->caller.account_id.value) {
        return NULL;
    }
    return ERR(ctx->arena, ERR_CONFLICT, "own_account", "account %" PRId64 " is the caller's own",
               account_id.value);
}

/* ---- Read ---- */

YIELDS static Err *reply_account(Ctx *ctx, HttpResponse *res, int status, AccountId account_id)
{
    Account *account = NULL;
    TRY(account_find(ctx, account_id, &account));
    http_set_version(res, account->version);
    return http_reply(res, status, &account_shape, account, NULL);
}

static Err *read_query(const HttpRequest *req, AccountQuery *ret_query)
{
    static const char *const NAMES[] = {"q",     "state",  "unit_id", "role_id", "sort",
                                        "limit", "cursor", "total",   NULL};
    static const char *const SORTS[] = {"username", "created_at", "last_login_at", NULL};
    AccountQuery query = {};
    PageQuery page = {};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(page_query_text(req, "q", 100, &query.q));
    TRY(http_query_choice(req, "state", account_states, -1, &query.state));
    TRY(page_query_id(req, "unit_id", &query.unit_id.value));
    TRY(page_query_id(req, "role_id", &query.role_id));
    TRY(page_sort(req, SORTS, false, &query.sort, &query.descending));
    query.cursor = page.cursor;
    query.limit = page.limit;
    query.with_total = page.with_total;
    *ret_query = query;
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountQuery query = {};
    AccountPage page = {};
    TRY(read_query(req, &query));
    TRY(account_list(ctx, &query, &page));
    return http_reply_list(res,
                           &(HttpList){.shape = &account_shape,
                                       .items = page.accounts,
                                       .next_cursor = page.next_cursor,
                                       .total = page.total},
                           NULL);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    TRY(path_account(req, &account_id));
    return reply_account(ctx, res, HTTP_OK, account_id);
}

/* ---- Create ---- */

typedef struct Creation {
    Ctx *ctx;
    const AccountCreate *entered;
    AccountDraft draft;
    AccountId account_id;
} Creation;

/* The first grant's unit, else the highest one on which the caller may make accounts. */
YIELDS static Err *choose_unit(Ctx *ctx, const AccountCreate *entered, UnitId *ret_unit_id)
{
    StoreRows *rows = NULL;
    if (entered->unit_id.value != 0) {
        *ret_unit_id = entered->unit_id;
        return NULL;
    }
    if (entered->grants.count > 0) {
        *ret_unit_id = ((const GrantDraft *)entered->grants.items)[0].unit_id;
        return NULL;
    }
    *ret_unit_id = UNIT_ROOT;
    if (access_may_everywhere(ctx, "account:create")) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND_HOME, ARGS(sql_int(ctx->caller.account_id.value)),
                    &rows));
    if (rows->count > 0) {
        *ret_unit_id = (UnitId){row_int(rows, 0, 0)};
    }
    return NULL;
}

/* A volunteer's account sees all of the volunteer's data. */
YIELDS static Err *check_volunteer(Ctx *ctx, VolunteerId volunteer_id)
{
    StoreRows *rows = NULL;
    Err *err = NULL;
    if (volunteer_id.value == 0) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_ACCOUNT_FIND_VOLUNTEER_UNIT, ARGS(sql_int(volunteer_id.value)),
                    &rows));
    if (rows->count > 0) {
        UnitId unit_id = {row_int(rows, 0, 0)};
        Err *refusal = access_check_unit(ctx, unit_id, "volunteer:read", "volunteer:update");
        if (!err_is(refusal, ERR_NOT_FOUND)) {
            return refusal;
        }
    }
    err_add_field(ctx->arena, &err, "volunteer_id", "volunteer_not_found", NULL);
    return err;
}

YIELDS static Err *check_grants(Ctx *ctx, const ObjectList *grants)
{
    const GrantDraft *items = grants->items;
    for (size_t i = 0; i < grants->count; i++) {
        TRY(access_check_grant(ctx, items[i].role_id, items[i].unit_id));
    }
    return NULL;
}

static Err *check_draft(Ctx *ctx, const AccountCreate *entered, AccountDraft *draft)
{
    Err *err = account_check_names(ctx->arena, draft);
    const char *code = account_check_password_strength(entered->password.reveal, draft->username,
                                                       draft->phone, draft->email);
    if (code != NULL) {
        err_add_field(ctx->arena, &err, "password", code, NULL);
    }
    return err;
}

YIELDS static Err *insert_with_grants(Db *db UNUSED, void *arg)
{
    Creation *creation = arg;
    Ctx *ctx = creation->ctx;
    const ObjectList *grants = &creation->entered->grants;
    const GrantDraft *items = grants->items;
    int64_t grant_id = 0;
    TRY(account_insert(ctx, &creation->draft, &creation->account_id));
    for (size_t i = 0; i < grants->count; i++) {
        TRY(access_insert_grant(ctx, creation->account_id, items[i].role_id, items[i].unit_id,
                                &grant_id));
    }
    return NULL;
}

YIELDS static Err *check_creation(Ctx *ctx, const AccountCreate *entered, AccountDraft *draft)
{
    TRY(choose_unit(ctx, entered, &draft->unit_id));
    TRY(access_check_unit_field(ctx, draft->unit_id, "unit_id", "unit:read", "account:create"));
    TRY(check_volunteer(ctx, draft->volunteer_id));
    TRY(check_grants(ctx, &entered->grants));
    return check_draft(ctx, entered, draft);
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountCreate entered = {.must_change_password = true};
    TRY(http_decode(req, &entered));
    Creation creation = {.ctx = ctx,
                         .entered = &entered,
                         .draft = {.username = entered.username,
                                   .display_name = entered.display_name,
                                   .phone = entered.phone,
                                   .email = entered.email,
                                   .language = entered.language,
                                   .volunteer_id = entered.volunteer_id,
                                   .must_change_password = entered.must_change_password}};
    TRY(check_creation(ctx, &entered, &creation.draft));
    TRY(password_hash(ctx, entered.password.reveal, &creation.draft.password_hash));
    TRY(store_transact(ctx->db, insert_with_grants, &creation));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/accounts/%" PRId64,
                                 creation.account_id.value));
    return reply_account(ctx, res, HTTP_CREATED, creation.account_id);
}

/* ---- Change ---- */

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    Account *before = NULL;
    Account *after = NULL;
    TRY(path_account(req, &account_id));
    TRY(account_find(ctx, account_id, &before));
    TRY(http_check_version(req, before->version));
    Account changed = *before;
    TRY(http_decode_patch(req, &changed, NULL));
    if (before->is_super_administrator && !str_equal(before->username, changed.username)) {
        return ERR(ctx->arena, ERR_CONFLICT, "super_administrator_fixed",
                   "the configuration names the super administrator");
    }
    if (changed.volunteer_id.value != before->volunteer_id.value) {
        TRY(check_volunteer(ctx, changed.volunteer_id));
    }
    TRY(account_update(ctx, before, &changed, &after));
    return reply_account(ctx, res, HTTP_OK, account_id);
}

YIELDS static Err *set_state(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    AccountStateChange change = {};
    Account *account = NULL;
    TRY(path_account(req, &account_id));
    TRY(http_decode(req, &change));
    TRY(refuse_own(ctx, account_id));
    TRY(account_find(ctx, account_id, &account));
    if (account->state != change.state) {
        TRY(account_set_state(ctx, account, change.state, change.reason));
    }
    return reply_account(ctx, res, HTTP_OK, account_id);
}

YIELDS static Err *unlock(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    Account *account = NULL;
    TRY(path_account(req, &account_id));
    TRY(account_find(ctx, account_id, &account));
    TRY(account_unlock(ctx, account));
    return reply_account(ctx, res, HTTP_OK, account_id);
}

typedef struct ResetWork {
    Ctx *ctx;
    AccountId account_id;
    const char *hash;
} ResetWork;

YIELDS static Err *store_reset(Db *db UNUSED, void *arg)
{
    const ResetWork *work = arg;
    Ctx *ctx = work->ctx;
    Account *account = NULL;
    TRY(account_find(ctx, work->account_id, &account));
    TRY(account_set_password(ctx, work->account_id, work->hash, /* must_change= */ true));
    TRY(session_end_all(ctx, work->account_id, (SessionId){0}, "password_reset"));
    return account_record(ctx, "account.reset_password", work->account_id, account->unit_id, NULL);
}

YIELDS static Err *reset_password(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ResetWork work = {.ctx = ctx};
    TRY(path_account(req, &work.account_id));
    TRY(refuse_own(ctx, work.account_id));
    TemporaryPassword answer = {password_generate(ctx->arena, TEMPORARY_PASSWORD_LENGTH)};
    TRY(password_hash(ctx, answer.temporary_password, &work.hash));
    TRY(store_transact(ctx->db, store_reset, &work));
    return http_reply(res, HTTP_OK, &TEMPORARY, &answer, NULL);
}

YIELDS static Err *reset_totp(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    Account *account = NULL;
    TRY(path_account(req, &account_id));
    TRY(refuse_own(ctx, account_id));
    TRY(account_find(ctx, account_id, &account));
    TRY(totp_remove(ctx, account_id));
    TRY(account_touch(ctx, account_id));
    TRY(account_record(ctx, "account.reset_totp", account_id, account->unit_id, NULL));
    return http_reply_empty(res);
}

YIELDS static Err *list_sessions(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    TRY(path_account(req, &account_id));
    return session_reply_list(ctx, req, res, account_id);
}

YIELDS static Err *end_sessions(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    Account *account = NULL;
    TRY(path_account(req, &account_id));
    TRY(account_find(ctx, account_id, &account));
    TRY(session_end_all(ctx, account_id, (SessionId){0}, "ended_by_administrator"));
    TRY(account_record(ctx, "account.end_sessions", account_id, account->unit_id, NULL));
    return http_reply_empty(res);
}

/* ---- Routes ---- */

#define AUTH "/api/v1/auth"
#define ACCOUNTS "/api/v1/admin/accounts"

const Route account_routes[] = {
    {HTTP_POST, AUTH "/login", auth_login, .needs = NEEDS_NOTHING, .in = &login_shape,
     .out = &tokens_shape, .secret_answer = true},
    {HTTP_POST, AUTH "/second-factor", auth_second_factor, .needs = NEEDS_NOTHING,
     .in = &second_factor_shape, .out = &tokens_shape, .secret_answer = true},
    {HTTP_POST, AUTH "/refresh", auth_refresh, .needs = NEEDS_NOTHING, .in = &refresh_shape,
     .out = &tokens_shape, .secret_answer = true},
    {HTTP_POST, AUTH "/logout", auth_logout, .needs = NEEDS_LOGIN, .in_transaction = true,
     .before_password_change = true},
    {HTTP_GET, AUTH "/account", auth_show_account, .needs = NEEDS_LOGIN, .out = &own_account_shape,
     .before_password_change = true},
    {HTTP_PATCH, AUTH "/account", auth_update_account, .needs = NEEDS_LOGIN,
     .in = &own_account_patch_shape, .out = &own_account_shape, .in_transaction = true},
    {HTTP_GET, AUTH "/sessions", auth_list_sessions, .needs = NEEDS_LOGIN, .out = &session_shape},
    {HTTP_DELETE, AUTH "/sessions", auth_end_other_sessions, .needs = NEEDS_LOGIN,
     .in_transaction = true},
    {HTTP_DELETE, AUTH "/sessions/{session_id}", auth_end_session, .needs = NEEDS_LOGIN,
     .in_transaction = true},
    {HTTP_POST, AUTH "/password", auth_change_password, .needs = NEEDS_LOGIN,
     .in = &password_change_shape, .before_password_change = true},
    {HTTP_GET, AUTH "/totp", totp_handle_show, .needs = NEEDS_LOGIN, .out = &totp_status_shape},
    {HTTP_POST, AUTH "/totp", totp_handle_start, .needs = NEEDS_LOGIN, .out = &totp_start_shape,
     .in_transaction = true, .secret_answer = true},
    {HTTP_POST, AUTH "/totp/confirm", totp_handle_confirm, .needs = NEEDS_LOGIN,
     .in = &totp_code_shape, .out = &recovery_codes_shape, .in_transaction = true,
     .secret_answer = true},
    {HTTP_POST, AUTH "/totp/recovery-codes", totp_handle_recovery_codes, .needs = NEEDS_LOGIN,
     .in = &password_and_code_shape, .out = &recovery_codes_shape, .secret_answer = true},
    {HTTP_DELETE, AUTH "/totp", totp_handle_remove, .needs = NEEDS_LOGIN,
     .in = &password_and_code_shape},
    {HTTP_GET, ACCOUNTS, list, .needs = "account:read", .out = &account_shape},
    {HTTP_POST, ACCOUNTS, create, .needs = "account:create", .in = &CREATE, .out = &account_shape},
    {HTTP_GET, ACCOUNTS "/{account_id}", show, .needs = "account:read", .guard = account_guard,
     .out = &account_shape},
    {HTTP_PATCH, ACCOUNTS "/{account_id}", update, .needs = "account:update",
     .guard = account_guard, .in = &PATCH, .out = &account_shape, .in_transaction = true},
    {HTTP_POST, ACCOUNTS "/{account_id}/state", set_state, .needs = "account:update",
     .guard = account_guard, .in = &STATE_CHANGE, .out = &account_shape, .in_transaction = true},
    {HTTP_POST, ACCOUNTS "/{account_id}/unlock", unlock, .needs = "account:reset",
     .guard = account_guard, .out = &account_shape, .in_transaction = true},
    {HTTP_POST, ACCOUNTS "/{account_id}/password", reset_password, .needs = "account:reset",
     .guard = account_guard, .out = &TEMPORARY, .secret_answer = true},
    {HTTP_DELETE, ACCOUNTS "/{account_id}/totp", reset_totp, .needs = "account:reset",
     .guard = account_guard, .in_transaction = true},
    {HTTP_GET, ACCOUNTS "/{account_id}/sessions", list_sessions, .needs = "account:read",
     .guard = account_guard, .out = &session_shape},
    {HTTP_DELETE, ACCOUNTS "/{account_id}/sessions", end_sessions, .needs = "account:reset",
     .guard = account_guard, .in_transaction = true},
    {},
};
