#include <inttypes.h>

#include "voms/access/access_internal.h"
#include "voms/account/account.h"
#include "voms/common/page.h"

static const char *check_role_code(Arena *arena UNUSED, const char *value,
                                   const char **ret_normalized)
{
    for (const char *at = value; *at != '\0'; at++) {
        bool letter = *at >= 'a' && *at <= 'z';
        bool other = (*at >= '0' && *at <= '9') || *at == '_';
        if (!letter && !(other && at > value)) {
            return "role_code_invalid";
        }
    }
    *ret_normalized = value;
    return NULL;
}

static const Field ROLE_FIELDS[] = {
    FIELD(Role, id, FIELD_ID, .flags = FIELD_READ_ONLY),
    FIELD(Role, code, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,
          .check = check_role_code),
    FIELD(Role, name_zh, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Role, name_en, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Role, description, FIELD_TEXT, .min = 1, .max = 500),
    FIELD(Role, permissions, FIELD_TEXT_LIST, .flags = FIELD_REQUIRED, .max = 200),
    FIELD(Role, shipped, FIELD_BOOL, .flags = FIELD_READ_ONLY),
    FIELD(Role, created_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    FIELD(Role, updated_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    FIELD(Role, version, FIELD_INT, .flags = FIELD_READ_ONLY),
    {},
};
const Shape role_shape = SHAPE(Role, ROLE_FIELDS);

/* The code of a role never changes: other systems may refer to it. */
static const Field ROLE_PATCH_FIELDS[] = {
    FIELD(Role, name_zh, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Role, name_en, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Role, description, FIELD_TEXT, .min = 1, .max = 500),
    FIELD(Role, permissions, FIELD_TEXT_LIST, .flags = FIELD_REQUIRED, .max = 200),
    {},
};
static const Shape ROLE_PATCH = {.name = "RolePatch",
                                 .size_bytes = sizeof(Role),
                                 .fields = ROLE_PATCH_FIELDS};

static const Field GRANT_FIELDS[] = {
    FIELD(Grant, id, FIELD_ID),
    FIELD(Grant, account_id, FIELD_ID),
    FIELD(Grant, role_id, FIELD_ID),
    FIELD(Grant, role_code, FIELD_TEXT),
    FIELD(Grant, role_name_zh, FIELD_TEXT),
    FIELD(Grant, role_name_en, FIELD_TEXT),
    FIELD(Grant, unit_id, FIELD_ID),
    FIELD(Grant, unit_name, FIELD_TEXT),
    FIELD(Grant, granted_by, FIELD_ID),
    FIELD(Grant, created_at, FIELD_TIME),
    {},
};
const Shape grant_shape = SHAPE(Grant, GRANT_FIELDS);

static const Field GRANT_CREATE_FIELDS[] = {
    FIELD(Grant, role_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    FIELD(Grant, unit_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    {},
};
static const Shape GRANT_CREATE = {.name = "GrantCreate",
                                   .size_bytes = sizeof(Grant),
                                   .fields = GRANT_CREATE_FIELDS};

typedef struct PermissionRow {
    const char *code;
    const char *title_zh;
    const char *title_en;
} PermissionRow;

static const Field PERMISSION_FIELDS[] = {
    FIELD(PermissionRow, code, FIELD_TEXT),
    FIELD(PermissionRow, title_zh, FIELD_TEXT),
    FIELD(PermissionRow, title_en, FIELD_TEXT),
    {},
};
static const Shape PERMISSION = {.name = "Permission",
                                 .size_bytes = sizeof(PermissionRow),
                                 .fields = PERMISSION_FIELDS};

static const char *const PAGE_NAMES[] = {"limit", "cursor", "total", NULL};

/* Lists in order of ids share this: the cursor's id, and one row more than asked for. */
static Err *read_after_id(Ctx *ctx, const PageQuery *page, int64_t *ret_after_id)
{
    SqlValue value = sql_int(0);
    if (page->cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page->cursor, "id", &value, 1));
    }
    *ret_after_id = value.integer;
    return NULL;
}

static void end_page(Ctx *ctx, const PageQuery *page, HttpList *list, int64_t last_id)
{
    list->items.count = (size_t)page->limit;
    SqlValue last = sql_int(last_id);
    list->next_cursor = page_cursor_encode(ctx->arena, "id", &last, 1);
}

YIELDS static Err *list_roles(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    int64_t after_id = 0;
    HttpList list = {.shape = &role_shape, .total = -1};
    TRY(http_query_only(req, PAGE_NAMES));
    TRY(page_query(req, &page));
    TRY(read_after_id(ctx, &page, &after_id));
    if (page.with_total) {
        TRY(role_count(ctx, &list.total));
    }
    TRY(role_list(ctx, after_id, page.limit + 1, &list.items));
    if ((int64_t)list.items.count > page.limit) {
        end_page(ctx, &page, &list, ((const Role *)list.items.items)[page.limit - 1].id);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *show_role(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t role_id = 0;
    Role *role = NULL;
    TRY(http_path_id(req, "role_id", &role_id));
    TRY(access_find_role(ctx, role_id, &role));
    http_set_version(res, role->version);
    return http_reply(res, HTTP_OK, &role_shape, role, NULL);
}

/* Roles apply wherever they are granted: who shapes one needs its permissions everywhere. */
static Err *check_holds(Ctx *ctx, const TextList *permissions)
{
    for (size_t i = 0; i < permissions->count; i++) {
        if (!access_may_everywhere(ctx, permissions->items[i])) {
            Err *err = access_check_everywhere(ctx, permissions->items[i]);
            err->code = "role_exceeds_own";
            return err;
        }
    }
    return NULL;
}

static Err *check_permissions(Ctx *ctx, const TextList *permissions)
{
    Err *err = NULL;
    access_rules_check_permissions(ctx->arena, permissions, &err);
    return err;
}

YIELDS static Err *create_role(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Role draft = {};
    Role *role = NULL;
    TRY(http_decode(req, &draft));
    TRY(check_permissions(ctx, &draft.permissions));
    TRY(check_holds(ctx, &draft.permissions));
    TRY(role_insert(ctx, &draft, &role));
    http_set_version(res, role->version);
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/roles/%" PRId64, role->id));
    return http_reply(res, HTTP_CREATED, &role_shape, role, NULL);
}

/* Whoever adds or removes a permission must hold it: a role cannot be disarmed from below. */
static Err *check_change(Ctx *ctx, const Role *before, const Role *changed)
{
    TextList wanted = access_rules_sorted(ctx->arena, &changed->permissions);
    TextList added = access_rules_minus(ctx->arena, &wanted, &before->permissions);
    TextList removed = access_rules_minus(ctx->arena, &before->permissions, &wanted);
    if (before->id == ROLE_SUPER_ADMINISTRATOR && added.count + removed.count > 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "role_fixed", "role %s is fixed", before->code);
    }
    TRY(check_permissions(ctx, &added));
    TRY(check_holds(ctx, &added));
    return check_holds(ctx, &removed);
}

YIELDS static Err *update_role(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t role_id = 0;
    Role *before = NULL;
    Role *after = NULL;
    TRY(http_path_id(req, "role_id", &role_id));
    TRY(access_find_role(ctx, role_id, &before));
    TRY(http_check_version(req, before->version));
    Role changed = *before;
    TRY(http_decode_patch(req, &changed, NULL));
    TRY(check_change(ctx, before, &changed));
    TRY(role_update(ctx, before, &changed, &after));
    http_set_version(res, after->version);
    return http_reply(res, HTTP_OK, &role_shape, after, NULL);
}

YIELDS static Err *delete_role(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t role_id = 0;
    TRY(http_path_id(req, "role_id", &role_id));
    TRY(role_delete(ctx, role_id));
    return http_reply_empty(res);
}

static Err *list_permissions(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    size_t count = permission_count();
    PermissionRow *rows = ARENA_ARRAY(ctx->arena, PermissionRow, count);
    for (size_t i = 0; i < count; i++) {
        const Permission *permission = permission_at(i);
        rows[i] = (PermissionRow){permission->name, permission->zh, permission->en};
    }
    return http_reply_list(res,
                           &(HttpList){.shape = &PERMISSION, .items = {rows, count}, .total = -1},
                           NULL);
}

static Err *path_account(const HttpRequest *req, AccountId *ret_id)
{
    return http_path_id(req, "account_id", &ret_id->value);
}

YIELDS static Err *list_grants(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    PageQuery page = {};
    int64_t after_id = 0;
    HttpList list = {.shape = &grant_shape, .total = -1};
    TRY(path_account(req, &account_id));
    TRY(http_query_only(req, PAGE_NAMES));
    TRY(page_query(req, &page));
    TRY(read_after_id(ctx, &page, &after_id));
    if (page.with_total) {
        TRY(grant_count(ctx, account_id, &list.total));
    }
    TRY(access_list_grants(ctx, account_id, after_id, page.limit + 1, &list.items));
    if ((int64_t)list.items.count > page.limit) {
        end_page(ctx, &page, &list, ((const Grant *)list.items.items)[page.limit - 1].id);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *create_grant(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    Grant draft = {};
    Grant *grant = NULL;
    int64_t grant_id = 0;
    TRY(path_account(req, &account_id));
    TRY(http_decode(req, &draft));
    TRY(access_check_grant(ctx, draft.role_id, draft.unit_id));
    TRY(access_insert_grant(ctx, account_id, draft.role_id, draft.unit_id, &grant_id));
    TRY(grant_find(ctx, account_id, grant_id, &grant));
    return http_reply(res, HTTP_CREATED, &grant_shape, grant, NULL);
}

YIELDS static Err *delete_grant(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account_id = {};
    int64_t grant_id = 0;
    Grant *grant = NULL;
    TRY(path_account(req, &account_id));
    TRY(http_path_id(req, "grant_id", &grant_id));
    TRY(grant_find(ctx, account_id, grant_id, &grant));
    TRY(access_check_grant(ctx, grant->role_id, grant->unit_id));
    TRY(grant_delete(ctx, grant));
    return http_reply_empty(res);
}

const Route access_routes[] = {
    {HTTP_GET, "/api/v1/admin/roles", list_roles, .needs = "role:read", .out = &role_shape},
    {HTTP_POST, "/api/v1/admin/roles", create_role, .needs = "role:manage",
     .guard = access_guard_everywhere, .in = &role_shape, .out = &role_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/roles/{role_id}", show_role, .needs = "role:read",
     .out = &role_shape},
    {HTTP_PATCH, "/api/v1/admin/roles/{role_id}", update_role, .needs = "role:manage",
     .guard = access_guard_everywhere, .in = &ROLE_PATCH, .out = &role_shape,
     .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/roles/{role_id}", delete_role, .needs = "role:manage",
     .guard = access_guard_everywhere, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/permissions", list_permissions, .needs = "role:read",
     .out = &PERMISSION},
    {HTTP_GET, "/api/v1/admin/accounts/{account_id}/grants", list_grants, .needs = "account:read",
     .guard = account_guard_known, .out = &grant_shape},
    {HTTP_POST, "/api/v1/admin/accounts/{account_id}/grants", create_grant,
     .needs = "account:grant", .guard = account_guard_known, .in = &GRANT_CREATE,
     .out = &grant_shape, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/accounts/{account_id}/grants/{grant_id}", delete_grant,
     .needs = "account:grant", .guard = account_guard_known, .in_transaction = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"role:read", "查看角色", "See roles"},
    {"role:manage", "管理角色", "Manage roles"},
    {},
};

static const MessageText MESSAGES[] = {
    {"permission_missing", "没有权限：{}", "Permission missing: {}"},
    {"permission_unknown", "没有这个权限：{}", "No such permission: {}"},
    {"permission_twice", "权限重复：{}", "Permission given twice: {}"},
    {"role_not_found", "没有这个角色", "No such role"},
    {"role_code_invalid", "角色代码只能用小写字母、数字和下划线，并以字母开头",
     "A role's code has lower-case letters, digits and underscores, and begins with a letter"},
    {"role_code_taken", "角色代码已存在", "There is already a role with this code"},
    {"role_shipped", "系统自带的角色不能删除", "A shipped role cannot be deleted"},
    {"role_granted", "角色仍在使用，不能删除", "The role is granted and cannot be deleted"},
    {"role_fixed", "超级管理员角色的权限不能修改",
     "The permissions of the super administrator's role are fixed"},
    {"role_exceeds_own", "不能给予或收回自己没有的权限：{}",
     "You cannot give or take a permission that you do not have yourself: {}"},
    {"grant_not_found", "没有这项授权", "No such grant"},
    {"grant_exists", "账号在该单位已有此角色", "The account already has this role on this unit"},
    {"grant_exceeds_own", "角色包含您在该单位没有的权限：{}",
     "The role has a permission that you do not have on this unit: {}"},
    {"account_stronger", "该账号拥有您没有的权限：{}",
     "The account has a permission that you do not have: {}"},
    {},
};

YIELDS static Err *start(Ctx *ctx)
{
    permission_register_all(ctx->services->concepts);
    ctx->services->may_anywhere = access_may_anywhere;
    access_listen(ctx->services);
    return (ctx->services->duties & DUTY_SCHEMA) != 0 ? role_complete_super_administrator(ctx)
                                                      : NULL;
}

const Concept access_concept = {.name = "access",
                                .routes = access_routes,
                                .messages = MESSAGES,
                                .permissions = PERMISSIONS,
                                .start = start};
