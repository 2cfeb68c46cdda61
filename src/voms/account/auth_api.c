/* auth_api.c - logging in and out, the own account, its sessions and password. */
#include <inttypes.h>

#include "voms/access/access.h"
#include "voms/account/account_internal.h"
#include "voms/common/page.h"
#include "voms/unit/unit.h"

#define COOKIE "voms_refresh"
#define COOKIE_PATH "/api/v1/auth"
#define OWN_GRANTS_MAX 1000

/* ---- Login and tokens ---- */

static const char *const DELIVERIES[] = {"body", "cookie", NULL};

static const Field LOGIN_FIELDS[] = {
    FIELD(LoginRequest, login, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 254),
    FIELD(LoginRequest, password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1, .max = 256),
    FIELD(LoginRequest, refresh_delivery, FIELD_CHOICE, .choices = DELIVERIES),
    {},
};
const Shape login_shape = {.name = "Login",
                           .size_bytes = sizeof(LoginRequest),
                           .fields = LOGIN_FIELDS};

static const Field SECOND_FACTOR_FIELDS[] = {
    FIELD(SecondFactorRequest, challenge_token, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 4096),
    FIELD(SecondFactorRequest, code, FIELD_TEXT, .min = 6, .max = 6),
    FIELD(SecondFactorRequest, recovery_code, FIELD_TEXT, .min = 8, .max = 64),
    {},
};
const Shape second_factor_shape = {.name = "SecondFactor",
                                   .size_bytes = sizeof(SecondFactorRequest),
                                   .fields = SECOND_FACTOR_FIELDS};

typedef struct Refresh {
    Secret refresh_token;
} Refresh;

static const Field REFRESH_FIELDS[] = {
    FIELD(Refresh, refresh_token, FIELD_SECRET, .min = 1, .max = 512),
    {},
};
const Shape refresh_shape = SHAPE(Refresh, REFRESH_FIELDS);

typedef struct Tokens {
    const char *access_token;
    const char *token_type;
    int64_t expires_in;
    const char *refresh_token;
    bool must_change_password;
    Account *account;
} Tokens;

static const Field BRIEF_FIELDS[] = {
    FIELD(Account, id, FIELD_ID),
    FIELD(Account, username, FIELD_TEXT),
    FIELD(Account, display_name, FIELD_TEXT),
    FIELD(Account, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(Account, volunteer_id, FIELD_ID),
    {},
};
static const Shape BRIEF = {.name = "AccountBrief",
                            .size_bytes = sizeof(Account),
                            .fields = BRIEF_FIELDS};

static const Field TOKENS_FIELDS[] = {
    FIELD(Tokens, access_token, FIELD_TEXT),
    FIELD(Tokens, token_type, FIELD_TEXT),
    FIELD(Tokens, expires_in, FIELD_INT),
    FIELD(Tokens, refresh_token, FIELD_TEXT, .flags = FIELD_OMIT_EMPTY),
    FIELD(Tokens, must_change_password, FIELD_BOOL),
    FIELD(Tokens, account, FIELD_OBJECT, .shape = &BRIEF),
    {},
};
const Shape tokens_shape = SHAPE(Tokens, TOKENS_FIELDS);

typedef struct SecondFactorRequired {
    bool second_factor_required;
    const char *challenge_token;
    int64_t expires_in;
} SecondFactorRequired;

static const Field REQUIRED_FIELDS[] = {
    FIELD(SecondFactorRequired, second_factor_required, FIELD_BOOL),
    FIELD(SecondFactorRequired, challenge_token, FIELD_TEXT),
    FIELD(SecondFactorRequired, expires_in, FIELD_INT),
    {},
};
static const Shape REQUIRED = SHAPE(SecondFactorRequired, REQUIRED_FIELDS);

/* Scripts cannot read it, other sites cannot send it, and only these calls get it. */
static void set_cookie(Ctx *ctx, HttpResponse *res, const char *token, int64_t age_seconds)
{
    const char *public_url = ctx->services->config->server.public_url;
    bool secure = public_url != NULL && str_starts_with(public_url, "https:");
    http_set_header(res, "Set-Cookie",
                    arena_printf(ctx->arena,
                                 COOKIE "=%s; Path=" COOKIE_PATH "; Max-Age=%" PRId64
                                        "; HttpOnly; SameSite=Strict%s",
                                 token, age_seconds, secure ? "; Secure" : ""));
}

YIELDS static Err *reply_tokens(Ctx *ctx, HttpResponse *res, const SessionTokens *session,
                                bool cookie)
{
    Account *account = NULL;
    TRY(account_find(ctx, session->account_id, &account));
    Tokens tokens = {.access_token = session->access_token,
                     .token_type = "Bearer",
                     .expires_in = session->expires_in,
                     .refresh_token = cookie ? NULL : session->refresh_token,
                     .must_change_password = account->must_change_password,
                     .account = account};
    if (cookie) {
        set_cookie(ctx, res, session->refresh_token,
                   ctx->services->config->jwt.refresh_ttl_ms / SECOND_MS);
    }
    return http_reply(res, HTTP_OK, &tokens_shape, &tokens, NULL);
}

YIELDS Err *auth_login(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    LoginRequest request = {.user_agent = http_header(req, "User-Agent")};
    LoginOutcome outcome = {};
    TRY(http_decode(req, &request));
    TRY(login_with_password(ctx, &request, &outcome));
    if (!outcome.second_factor_required) {
        return reply_tokens(ctx, res, &outcome.tokens, outcome.cookie);
    }
    SecondFactorRequired required = {.second_factor_required = true,
                                     .challenge_token = outcome.challenge_token,
                                     .expires_in = outcome.challenge_expires_in};
    return http_reply(res, HTTP_OK, &REQUIRED, &required, NULL);
}

YIELDS Err *auth_second_factor(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    SecondFactorRequest request = {.user_agent = http_header(req, "User-Agent")};
    LoginOutcome outcome = {};
    TRY(http_decode(req, &request));
    if ((request.code == NULL) == (request.recovery_code == NULL)) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "code", "one_code_needed", NULL);
        return err;
    }
    TRY(login_with_second_factor(ctx, &request, &outcome));
    return reply_tokens(ctx, res, &outcome.tokens, outcome.cookie);
}

YIELDS Err *auth_refresh(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Refresh refresh = {};
    SessionTokens tokens = {};
    if (req->body.length > 0) {
        TRY(http_decode(req, &refresh));
    }
    bool cookie = refresh.refresh_token.reveal == NULL;
    const char *token = cookie ? http_cookie(req, COOKIE) : refresh.refresh_token.reveal;
    if (str_is_empty(token)) {
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "refresh_token_invalid", "reason=no_token");
    }
    TRY(session_refresh(ctx, token, &tokens));
    return reply_tokens(ctx, res, &tokens, cookie);
}

YIELDS Err *auth_logout(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    TRY(session_end(ctx, ctx->caller.session_id, "logout"));
    set_cookie(ctx, res, "", 0);
    return http_reply_empty(res);
}

/* ---- The own account ---- */

typedef struct OwnGrant {
    int64_t grant_id; /* 0: not a grant, but the configuration */
    int64_t role_id;
    const char *role_code;
    const char *role_name_zh;
    const char *role_name_en;
    UnitId unit_id;
    const char *unit_name;
} OwnGrant;

static const Field OWN_GRANT_FIELDS[] = {
    FIELD(OwnGrant, grant_id, FIELD_ID),       FIELD(OwnGrant, role_id, FIELD_ID),
    FIELD(OwnGrant, role_code, FIELD_TEXT),    FIELD(OwnGrant, role_name_zh, FIELD_TEXT),
    FIELD(OwnGrant, role_name_en, FIELD_TEXT), FIELD(OwnGrant, unit_id, FIELD_ID),
    FIELD(OwnGrant, unit_name, FIELD_TEXT),    {},
};
static const Shape OWN_GRANT = SHAPE(OwnGrant, OWN_GRANT_FIELDS);

typedef struct UnitBrief {
    UnitId id;
    const char *name;
} UnitBrief;

static const Field UNIT_BRIEF_FIELDS[] = {
    FIELD(UnitBrief, id, FIELD_ID),
    FIELD(UnitBrief, name, FIELD_TEXT),
    {},
};
static const Shape UNIT_BRIEF = SHAPE(UnitBrief, UNIT_BRIEF_FIELDS);

typedef struct OwnAccount {
    int64_t id;
    const char *username;
    const char *display_name;
    const char *phone;
    const char *email;
    int language;
    VolunteerId volunteer_id;
    ObjectList roles; /* of OwnGrant */
    TextList permissions;
    ObjectList units; /* of UnitBrief */
    bool totp_enabled;
    bool must_change_password;
    TimeMs last_login_at;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} OwnAccount;

static const Field OWN_ACCOUNT_FIELDS[] = {
    FIELD(OwnAccount, id, FIELD_ID),
    FIELD(OwnAccount, username, FIELD_TEXT),
    FIELD(OwnAccount, display_name, FIELD_TEXT),
    FIELD(OwnAccount, phone, FIELD_TEXT),
    FIELD(OwnAccount, email, FIELD_TEXT),
    FIELD(OwnAccount, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(OwnAccount, volunteer_id, FIELD_ID),
    FIELD(OwnAccount, roles, FIELD_OBJECT_LIST, .shape = &OWN_GRANT),
    FIELD(OwnAccount, permissions, FIELD_TEXT_LIST),
    FIELD(OwnAccount, units, FIELD_OBJECT_LIST, .shape = &UNIT_BRIEF),
    FIELD(OwnAccount, totp_enabled, FIELD_BOOL),
    FIELD(OwnAccount, must_change_password, FIELD_BOOL),
    FIELD(OwnAccount, last_login_at, FIELD_TIME),
    FIELD(OwnAccount, created_at, FIELD_TIME),
    FIELD(OwnAccount, updated_at, FIELD_TIME),
    FIELD(OwnAccount, version, FIELD_INT),
    {},
};
const Shape own_account_shape = SHAPE(OwnAccount, OWN_ACCOUNT_FIELDS);

static const Field OWN_PATCH_FIELDS[] = {
    FIELD(Account, display_name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Account, language, FIELD_CHOICE, .choices = account_languages),
    FIELD(Account, phone, FIELD_TEXT, .min = 3, .max = 32),
    FIELD(Account, email, FIELD_TEXT, .min = 3, .max = 254),
    {},
};
const Shape own_account_patch_shape = {.name = "OwnAccountPatch",
                                       .size_bytes = sizeof(Account),
                                       .fields = OWN_PATCH_FIELDS};

/* Room for the grants, and one that the configuration gives. */
YIELDS static Err *list_own_grants(Ctx *ctx, ObjectList *ret_grants)
{
    ObjectList found = {};
    TRY(access_list_grants(ctx, ctx->caller.account_id, 0, OWN_GRANTS_MAX, &found));
    OwnGrant *own = ARENA_ARRAY(ctx->arena, OwnGrant, found.count + 1);
    const Grant *grants = found.items;
    size_t count = 0;
    if (ctx->caller.is_super) {
        Role *role = NULL;
        Unit *root = NULL;
        TRY(access_find_role(ctx, ROLE_SUPER_ADMINISTRATOR, &role));
        TRY(unit_find(ctx, UNIT_ROOT, &root));
        own[count++] =
            (OwnGrant){0, role->id, role->code, role->name_zh, role->name_en, root->id, root->name};
    }
    for (size_t i = 0; i < found.count; i++) {
        const Grant *grant = &grants[i];
        own[count++] =
            (OwnGrant){grant->id,           grant->role_id, grant->role_code, grant->role_name_zh,
                       grant->role_name_en, grant->unit_id, grant->unit_name};
    }
    *ret_grants = (ObjectList){own, count};
    return NULL;
}

static ObjectList list_own_units(Ctx *ctx, const ObjectList *grants)
{
    const OwnGrant *own = grants->items;
    UnitBrief *units = ARENA_ARRAY(ctx->arena, UnitBrief, grants->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < grants->count; i++) {
        size_t at = 0;
        while (at < count && units[at].id.value != own[i].unit_id.value) {
            at++;
        }
        if (at == count) {
            units[count++] = (UnitBrief){own[i].unit_id, own[i].unit_name};
        }
    }
    return (ObjectList){units, count};
}

YIELDS static Err *find_own_account(Ctx *ctx, OwnAccount *ret_own)
{
    Account *account = NULL;
    ObjectList grants = {};
    TRY(account_find(ctx, ctx->caller.account_id, &account));
    TRY(list_own_grants(ctx, &grants));
    *ret_own = (OwnAccount){.id = account->id.value,
                            .username = account->username,
                            .display_name = account->display_name,
                            .phone = account->phone,
                            .email = account->email,
                            .language = account->language,
                            .volunteer_id = account->volunteer_id,
                            .roles = grants,
                            .permissions = access_list_own(ctx),
                            .units = list_own_units(ctx, &grants),
                            .totp_enabled = account->totp_enabled,
                            .must_change_password = account->must_change_password,
                            .last_login_at = account->last_login_at,
                            .created_at = account->created_at,
                            .updated_at = account->updated_at,
                            .version = account->version};
    return NULL;
}

YIELDS static Err *reply_own_account(Ctx *ctx, HttpResponse *res)
{
    OwnAccount own = {};
    TRY(find_own_account(ctx, &own));
    http_set_version(res, own.version);
    return http_reply(res, HTTP_OK, &own_account_shape, &own, NULL);
}

YIELDS Err *account_own_json(Ctx *ctx, const char **ret_json)
{
    OwnAccount own = {};
    Str text;
    JsonWriter writer;
    TRY(find_own_account(ctx, &own));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    shape_encode(ctx->arena, &writer, &own_account_shape, &own, NULL);
    *ret_json = str_text(&text);
    return NULL;
}

YIELDS Err *auth_show_account(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    return reply_own_account(ctx, res);
}

YIELDS Err *auth_update_account(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Account *before = NULL;
    Account *after = NULL;
    TRY(account_find(ctx, ctx->caller.account_id, &before));
    TRY(http_check_version(req, before->version));
    Account changed = *before;
    TRY(http_decode_patch(req, &changed, NULL));
    TRY(account_update(ctx, before, &changed, &after));
    return reply_own_account(ctx, res);
}

/* ---- Sessions ---- */

YIELDS static Err *read_session_page(Ctx *ctx, const PageQuery *page, AccountId account_id,
                                     HttpList *list)
{
    SqlValue before = sql_int(0);
    if (page->cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page->cursor, "-id", &before, 1));
    }
    TRY(session_list(ctx, account_id, before.integer, page->limit + 1, &list->items));
    if ((int64_t)list->items.count > page->limit) {
        list->items.count = (size_t)page->limit;
        const Session *sessions = list->items.items;
        SqlValue last = sql_int(sessions[page->limit - 1].id.value);
        list->next_cursor = page_cursor_encode(ctx->arena, "-id", &last, 1);
    }
    return NULL;
}

YIELDS Err *session_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                               AccountId account_id)
{
    static const char *const NAMES[] = {"limit", "cursor", "total", NULL};
    PageQuery page = {};
    HttpList list = {.shape = &session_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(read_session_page(ctx, &page, account_id, &list));
    if (page.with_total) {
        TRY(session_count(ctx, account_id, &list.total));
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS Err *auth_list_sessions(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return session_reply_list(ctx, req, res, ctx->caller.account_id);
}

YIELDS Err *auth_end_other_sessions(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    TRY(session_end_all(ctx, ctx->caller.account_id, ctx->caller.session_id, "ended_by_owner"));
    return http_reply_empty(res);
}

YIELDS Err *auth_end_session(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    SessionId session_id = {};
    TRY(http_path_id(req, "session_id", &session_id.value));
    TRY(session_end_own(ctx, ctx->caller.account_id, session_id));
    return http_reply_empty(res);
}

/* ---- Password ---- */

typedef struct PasswordChange {
    Secret current_password;
    Secret new_password;
} PasswordChange;

static const Field PASSWORD_CHANGE_FIELDS[] = {
    FIELD(PasswordChange, current_password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1,
          .max = 256),
    FIELD(PasswordChange, new_password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1,
          .max = 256),
    {},
};
const Shape password_change_shape = SHAPE(PasswordChange, PASSWORD_CHANGE_FIELDS);

YIELDS static Err *check_new_password(Ctx *ctx, const PasswordChange *change)
{
    Credentials *own = NULL;
    Err *err = NULL;
    TRY(account_find_credentials(ctx, ctx->caller.account_id, &own));
    const char *password = change->new_password.reveal;
    const char *code =
        account_check_password_strength(password, own->username, own->phone, own->email);
    if (code == NULL && str_equal(password, change->current_password.reveal)) {
        code = "password_same";
    }
    if (code != NULL) {
        err_add_field(ctx->arena, &err, "new_password", code, NULL);
    }
    return err;
}

typedef struct PasswordWork {
    Ctx *ctx;
    const char *hash;
} PasswordWork;

YIELDS static Err *store_password(Db *db UNUSED, void *arg)
{
    const PasswordWork *work = arg;
    Ctx *ctx = work->ctx;
    AccountId own = ctx->caller.account_id;
    Account *account = NULL;
    TRY(account_find(ctx, own, &account));
    TRY(account_set_password(ctx, own, work->hash, /* must_change= */ false));
    TRY(session_end_all(ctx, own, ctx->caller.session_id, "password_changed"));
    return account_record(ctx, "account.change_password", own, account->unit_id, NULL);
}

YIELDS Err *auth_change_password(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PasswordChange change = {};
    PasswordWork work = {.ctx = ctx};
    TRY(http_decode(req, &change));
    TRY(account_confirm_password(ctx, change.current_password.reveal, "current_password"));
    TRY(check_new_password(ctx, &change));
    TRY(password_hash(ctx, change.new_password.reveal, &work.hash));
    TRY(store_transact(ctx->db, store_password, &work));
    return http_reply_empty(res);
}
