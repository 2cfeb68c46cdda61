#include <inttypes.h>

#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/unit/unit_internal.h"

/* What may be entered, at the beginning of each table of fields. */
#define UNIT_ENTERED_FIELDS                                                                        \
    FIELD(Unit, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100, .zh = "名称",     \
          .en = "Name"),                                                                           \
        FIELD(Unit, code, FIELD_TEXT, .min = 1, .max = 32, .zh = "代码", .en = "Code"),            \
        FIELD(Unit, kind, FIELD_TEXT, .min = 1, .max = 32, .zh = "类别", .en = "Kind"),            \
        FIELD(Unit, credentials, FIELD_TEXT, .min = 1, .max = 500, .zh = "登记或批准文号",         \
              .en = "Credentials"),                                                                \
        FIELD(Unit, contact_name, FIELD_TEXT, .min = 1, .max = 64, .zh = "联系人",                 \
              .en = "Contact"),                                                                    \
        FIELD(Unit, contact_phone, FIELD_TEXT, .min = 1, .max = 32, .zh = "联系电话",              \
              .en = "Contact phone"),                                                              \
        FIELD(Unit, contact_email, FIELD_TEXT, .min = 3, .max = 254, .zh = "联系邮箱",             \
              .en = "Contact e-mail"),                                                             \
        FIELD(Unit, address, FIELD_TEXT, .min = 1, .max = 200, .zh = "地址", .en = "Address"),     \
        FIELD(Unit, description, FIELD_LONG_TEXT, .min = 1, .max = 2000, .zh = "说明",             \
              .en = "Description"),                                                                \
        FIELD(Unit, applications_open, FIELD_BOOL, .zh = "接受报名", .en = "Takes applications")

static const Field UNIT_FIELDS[] = {
    FIELD(Unit, id, FIELD_ID, .zh = "编号", .en = "Id"),
    FIELD(Unit, parent_id, FIELD_ID, .zh = "上级编号", .en = "Parent id"),
    FIELD(Unit, path, FIELD_TEXT, .max = 1000),
    FIELD(Unit, path_names, FIELD_TEXT, .max = 2000, .zh = "路径", .en = "Path"),
    FIELD(Unit, depth, FIELD_INT),
    UNIT_ENTERED_FIELDS,
    FIELD(Unit, volunteer_count, FIELD_INT, .zh = "志愿者数", .en = "Volunteers"),
    FIELD(Unit, subtree_volunteer_count, FIELD_INT, .zh = "志愿者数（含下级）",
          .en = "Volunteers with units below"),
    FIELD(Unit, created_at, FIELD_TIME, .zh = "创建时间", .en = "Created"),
    FIELD(Unit, updated_at, FIELD_TIME),
    FIELD(Unit, version, FIELD_INT),
    {},
};
const Shape unit_shape = SHAPE(Unit, UNIT_FIELDS);

static const Field UNIT_CREATE_FIELDS[] = {
    FIELD(Unit, parent_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    UNIT_ENTERED_FIELDS,
    {},
};
static const Shape UNIT_CREATE = {.name = "UnitCreate",
                                  .size_bytes = sizeof(Unit),
                                  .fields = UNIT_CREATE_FIELDS};

static const Field UNIT_PATCH_FIELDS[] = {UNIT_ENTERED_FIELDS, {}};
static const Shape UNIT_PATCH = {.name = "UnitPatch",
                                 .size_bytes = sizeof(Unit),
                                 .fields = UNIT_PATCH_FIELDS};

static const Field UNIT_MOVE_FIELDS[] = {
    FIELD(Unit, parent_id, FIELD_ID, .flags = FIELD_REQUIRED, .min = 1),
    {},
};
static const Shape UNIT_MOVE = {.name = "UnitMove",
                                .size_bytes = sizeof(Unit),
                                .fields = UNIT_MOVE_FIELDS};

static const Field PUBLIC_FIELDS[] = {
    FIELD(Unit, id, FIELD_ID),
    FIELD(Unit, parent_id, FIELD_ID),
    FIELD(Unit, name, FIELD_TEXT),
    FIELD(Unit, kind, FIELD_TEXT),
    FIELD(Unit, path_names, FIELD_TEXT),
    FIELD(Unit, description, FIELD_TEXT),
    {},
};
const Shape unit_public_shape = {.name = "PublicUnit",
                                 .size_bytes = sizeof(Unit),
                                 .fields = PUBLIC_FIELDS};

static Err *path_unit(const HttpRequest *req, UnitId *ret_id)
{
    return http_path_id(req, "unit_id", &ret_id->value);
}

YIELDS Err *unit_guard(Ctx *ctx, const HttpRequest *req)
{
    UnitId unit_id = {};
    TRY(path_unit(req, &unit_id));
    return access_check_unit(ctx, unit_id, "unit:read", req->route->needs);
}

YIELDS static Err *reply_unit(Ctx *ctx, HttpResponse *res, int status, UnitId unit_id)
{
    Unit *unit = NULL;
    TRY(unit_find_counted(ctx, unit_id, &unit));
    http_set_version(res, unit->version);
    return http_reply(res, status, &unit_shape, unit, NULL);
}

static Err *read_page(const HttpRequest *req, UnitQuery *query)
{
    PageQuery page = {};
    TRY(page_query(req, &page));
    TRY(page_query_text(req, "q", 100, &query->q));
    query->limit = page.limit;
    query->cursor = page.cursor;
    query->with_total = page.with_total;
    return NULL;
}

YIELDS static Err *reply_page(Ctx *ctx, HttpResponse *res, const UnitQuery *query)
{
    UnitPage page = {};
    TRY(unit_list(ctx, query, &page));
    return http_reply_list(res,
                           &(HttpList){.shape =
                                           query->public_only ? &unit_public_shape : &unit_shape,
                                       .items = page.units,
                                       .next_cursor = page.next_cursor,
                                       .total = page.total},
                           NULL);
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"parent_id", "q", "sort", "limit", "cursor", "total", NULL};
    static const char *const SORTS[] = {"path", "name", NULL};
    UnitQuery query = {};
    int sort = 0;
    TRY(http_query_only(req, NAMES));
    TRY(read_page(req, &query));
    TRY(page_query_id(req, "parent_id", &query.parent_id.value));
    TRY(page_sort(req, SORTS, false, &sort, &query.descending));
    query.by_name = sort == 1;
    return reply_page(ctx, res, &query);
}

YIELDS static Err *list_public(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"q", "limit", "cursor", "total", NULL};
    UnitQuery query = {.public_only = true};
    TRY(http_query_only(req, NAMES));
    TRY(read_page(req, &query));
    return reply_page(ctx, res, &query);
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Unit draft = {};
    Unit *unit = NULL;
    TRY(http_decode(req, &draft));
    TRY(access_check_unit_field(ctx, draft.parent_id, "parent_id", "unit:read", "unit:create"));
    TRY(unit_insert(ctx, &draft, &unit));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/units/%" PRId64, unit->id.value));
    return reply_unit(ctx, res, HTTP_CREATED, unit->id);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId unit_id = {};
    TRY(path_unit(req, &unit_id));
    return reply_unit(ctx, res, HTTP_OK, unit_id);
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId unit_id = {};
    Unit *before = NULL;
    Unit *after = NULL;
    TRY(path_unit(req, &unit_id));
    TRY(unit_find(ctx, unit_id, &before));
    TRY(http_check_version(req, before->version));
    Unit changed = *before;
    TRY(http_decode_patch(req, &changed, NULL));
    TRY(unit_update(ctx, before, &changed, &after));
    return reply_unit(ctx, res, HTTP_OK, unit_id);
}

YIELDS static Err *delete (Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId unit_id = {};
    TRY(path_unit(req, &unit_id));
    TRY(unit_delete(ctx, unit_id));
    return http_reply_empty(res);
}

/* Takes from the old parent and gives to the new one: the caller needs a say in both. */
YIELDS static Err *move(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId unit_id = {};
    Unit target = {};
    Unit *unit = NULL;
    TRY(path_unit(req, &unit_id));
    TRY(http_decode(req, &target));
    TRY(unit_find(ctx, unit_id, &unit));
    if (unit->parent_id.value != 0) {
        TRY(access_check_unit(ctx, unit->parent_id, "unit:read", "unit:update"));
    }
    TRY(access_check_unit_field(ctx, target.parent_id, "parent_id", "unit:read", "unit:create"));
    TRY(unit_check_move(ctx, unit_id, target.parent_id));
    TRY(unit_move(ctx, unit_id, target.parent_id, &unit));
    return reply_unit(ctx, res, HTTP_OK, unit_id);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/public/units", list_public, .needs = NEEDS_NOTHING,
     .out = &unit_public_shape},
    {HTTP_GET, "/api/v1/admin/units", list, .needs = "unit:read", .out = &unit_shape},
    {HTTP_POST, "/api/v1/admin/units", create, .needs = "unit:create", .in = &UNIT_CREATE,
     .out = &unit_shape, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/units/{unit_id}", show, .needs = "unit:read", .guard = unit_guard,
     .out = &unit_shape},
    {HTTP_PATCH, "/api/v1/admin/units/{unit_id}", update, .needs = "unit:update",
     .guard = unit_guard, .in = &UNIT_PATCH, .out = &unit_shape, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/units/{unit_id}", delete, .needs = "unit:delete",
     .guard = unit_guard, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/units/{unit_id}/move", move, .needs = "unit:update",
     .guard = unit_guard, .in = &UNIT_MOVE, .out = &unit_shape, .in_transaction = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"unit:read", "查看单位", "See units"},
    {"unit:create", "新建单位", "Create units"},
    {"unit:update", "修改和移动单位", "Change and move units"},
    {"unit:delete", "删除单位", "Delete units"},
    {},
};

static const MessageText MESSAGES[] = {
    {"unit_not_found", "没有这个单位", "No such unit"},
    {"unit_too_deep", "单位层级太深", "The units are nested too deeply"},
    {"unit_name_taken", "同一上级下已有同名单位",
     "There is already a unit with this name below the same parent"},
    {"unit_code_taken", "单位代码已存在", "There is already a unit with this code"},
    {"unit_is_root", "根单位不能移动或删除", "The root unit cannot be moved or deleted"},
    {"unit_move_cycle", "不能把单位移动到自己或自己的下级之下",
     "A unit cannot be moved below itself"},
    {"unit_in_use", "单位仍有{}，不能删除", "The unit cannot be deleted: it still has {}"},
    {"unit_use.units", "下级单位", "units below it"},
    {"unit_use.volunteers", "志愿者", "volunteers"},
    {"unit_use.memberships", "成员关系", "memberships"},
    {"unit_use.grants", "授权", "grants"},
    {"unit_use.accounts", "账号", "accounts"},
    {"unit_use.activities", "活动", "activities"},
    {"unit_use.projects", "项目", "projects"},
    {"unit_use.service_records", "服务记录", "service records"},
    {"unit_use.devices", "签到设备", "attendance devices"},
    {"unit_use.custom_fields", "自定义字段", "custom fields"},
    {"unit_use.imports", "导入记录", "imports"},
    {"move_exceeds_own", "移动后您会在该单位获得原本没有的权限：{}",
     "The move would give you a permission on the unit that you do not have: {}"},
    {},
};

const Concept unit_concept = {.name = "unit",
                              .routes = ROUTES,
                              .messages = MESSAGES,
                              .permissions = PERMISSIONS,
                              .demo = unit_demo};
