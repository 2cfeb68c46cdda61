/* /api/v1/admin/custom-fields. */
#include <string.h>

#include "base/str.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/custom_field/custom_field.sql.h"
#include "voms/custom_field/custom_field_internal.h"
#include "voms/unit/unit.h"

#define PIECE 2000 /* volunteers looked through in one statement */

static const Field CREATE_FIELDS[] = {
    /* The table of custom_field_shape, without what the server fills. */
    FIELD(CustomField, title_zh, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(CustomField, title_en, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(CustomField, options, FIELD_TEXT_LIST, .max = 200),
    FIELD(CustomField, required, FIELD_BOOL),
    FIELD(CustomField, visible_to, FIELD_CHOICE, .choices = custom_field_sights),
    FIELD(CustomField, editable_by_volunteer, FIELD_BOOL),
    FIELD(CustomField, position, FIELD_INT, .min = 0, .max = 10000),
    {},
};
static const Shape PATCH = {.name = "CustomFieldPatch",
                            .size_bytes = sizeof(CustomField),
                            .fields = CREATE_FIELDS};

/* A field of the whole organisation needs the right everywhere. */
YIELDS static Err *check_right(Ctx *ctx, UnitId unit_id, const char *needs)
{
    if (unit_id.value == 0) {
        return access_check_everywhere(ctx, needs);
    }
    Unit *unit = NULL;
    Err *err = unit_find(ctx, unit_id, &unit);
    if (err == NULL) {
        err = access_check_unit(ctx, unit_id, "unit:read", needs);
    }
    if (err_is(err, ERR_NOT_FOUND)) {
        err = NULL;
        err_add_field(ctx->arena, &err, "unit_id", "unit_not_found", NULL);
    }
    return err;
}

YIELDS static Err *guard(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    CustomField *field = NULL;
    TRY(http_path_id(req, "custom_field_id", &id));
    TRY(custom_field_find(ctx, id, &field));
    if (field->unit_id.value == 0) {
        return access_check_everywhere(ctx, req->route->needs);
    }
    return access_check_unit(ctx, field->unit_id, "custom_field:read", req->route->needs);
}

/* Whoever sees some volunteers may know the fields of the whole organisation. */
YIELDS static Err *guard_show(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    CustomField *field = NULL;
    TRY(http_path_id(req, "custom_field_id", &id));
    TRY(custom_field_find(ctx, id, &field));
    if (field->unit_id.value == 0) {
        return NULL;
    }
    return access_check_unit(ctx, field->unit_id, "custom_field:read", req->route->needs);
}

static Err *check_options(Arena *arena, const CustomField *field)
{
    Err *err = NULL;
    bool chooses = field->type == CUSTOM_CHOICE || field->type == CUSTOM_MULTI_CHOICE;
    if (chooses && field->options.count == 0) {
        err_add_field(arena, &err, "options", "required", NULL);
    }
    for (size_t i = 0; i < field->options.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_equal(field->options.items[i], field->options.items[k])) {
                err_add_field(arena, &err, arena_printf(arena, "options[%zu]", i), "not_unique",
                              field->options.items[i]);
            }
        }
    }
    return err;
}

/* ---- List ---- */

static const SqlType POSITION[] = {SQL_INT, SQL_INT};

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "limit", "cursor", "total", NULL};
    PageQuery page = {};
    int64_t unit_id = 0;
    StoreRows *rows = NULL;
    SqlValue after[] = {{.type = POSITION[0], .integer = -1}, {.type = POSITION[1]}};
    HttpList answer = {.shape = &custom_field_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(page_query_id(req, "unit_id", &unit_id));
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page.cursor, "custom_fields", after, 2));
    }
    SqlValue unit = sql_int(unit_id);
    SqlValue filtered = sql_text(unit_id == 0 ? "" : "unit");
    AccessConfinement confinement = access_confine(ctx, req->route->needs);
    SqlValue account = sql_int(confinement.account);
    SqlValue permission = sql_text(confinement.permission);
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_LIST,
                    ARGS(filtered, unit, unit, after[0], after[1], sql_int(page.limit + 1), account,
                         permission),
                    &rows));
    answer.items = shape_from_rows(ctx->arena, &custom_field_shape, rows);
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_COUNT,
                        ARGS(filtered, unit, unit, account, permission), &rows));
        answer.total = row_int(rows, 0, 0);
    }
    if (answer.items.count > (size_t)page.limit) {
        answer.items.count = (size_t)page.limit;
        const CustomField *last = (const CustomField *)answer.items.items + page.limit - 1;
        SqlValue values[] = {sql_int(last->position), sql_int(last->id)};
        answer.next_cursor = page_cursor_encode(ctx->arena, "custom_fields", values, 2);
    }
    return http_reply_list(res, &answer, NULL);
}

/* ---- One ---- */

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    CustomField *field = NULL;
    TRY(custom_field_find(ctx, id, &field));
    http_set_version(res, field->version);
    return http_reply(res, status, &custom_field_shape, field, NULL);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(http_path_id(req, "custom_field_id", &id));
    return reply(ctx, res, HTTP_OK, id);
}

static SqlValue value_of(Ctx *ctx, const CustomField *field, const char *name)
{
    return shape_sql_value(ctx->arena, shape_find(&custom_field_shape, name), field);
}

YIELDS static Err *tell(Ctx *ctx, const char *action, const CustomField *before,
                        const CustomField *after)
{
    const CustomField *field = after == NULL ? before : after;
    custom_field_forget(ctx);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "custom_field",
                                           .object_id = field->id,
                                           .unit_id = field->unit_id,
                                           .changes = shape_diff(ctx->arena, &custom_field_shape,
                                                                 before, after, NULL)});
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    CustomField field = {.visible_to = CUSTOM_STAFF};
    StoreRows *rows = NULL;
    TRY(http_decode(req, &field));
    TRY(check_options(ctx->arena, &field));
    TRY(check_right(ctx, field.unit_id, req->route->needs));
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_INSERT,
                    ARGS(sql_text(field.key), sql_text(field.title_zh), sql_text(field.title_en),
                         value_of(ctx, &field, "type"), value_of(ctx, &field, "options"),
                         sql_bool(field.required), value_of(ctx, &field, "visible_to"),
                         sql_bool(field.editable_by_volunteer), sql_id(field.unit_id.value),
                         sql_int(field.position), sql_time(ctx->now)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "key_taken", "custom field %s exists", field.key);
    }
    field.id = row_int(rows, 0, 0);
    TRY(tell(ctx, "custom_field.create", NULL, &field));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/custom-fields/%lld",
                                 (long long)field.id));
    return reply(ctx, res, HTTP_CREATED, field.id);
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    int64_t affected = 0;
    CustomField *before = NULL;
    TRY(http_path_id(req, "custom_field_id", &id));
    TRY(custom_field_find(ctx, id, &before));
    TRY(http_check_version(req, before->version));
    CustomField after = *before;
    TRY(http_decode_patch(req, &after, NULL));
    TRY(check_options(ctx->arena, &after));
    TRY(store_exec(ctx->db, &SQL_CUSTOM_FIELD_UPDATE,
                   ARGS(sql_int(id), sql_int(before->version), sql_text(after.title_zh),
                        sql_text(after.title_en), value_of(ctx, &after, "options"),
                        sql_bool(after.required), value_of(ctx, &after, "visible_to"),
                        sql_bool(after.editable_by_volunteer), sql_int(after.position),
                        sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "custom field changed meanwhile");
    }
    TRY(tell(ctx, "custom_field.update", before, &after));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS static Err *delete_one(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    CustomField *field = NULL;
    TRY(http_path_id(req, "custom_field_id", &id));
    TRY(custom_field_find(ctx, id, &field));
    TRY(store_exec(ctx->db, &SQL_CUSTOM_FIELD_DELETE, ARGS(sql_int(id)), NULL));
    TRY(tell(ctx, "custom_field.delete", field, NULL));
    const char *payload = arena_printf(ctx->arena, "{\"key\":\"%s\"}", field->key);
    TRY(bus_publish(ctx->db, "custom_field.deleted",
                    arena_printf(ctx->arena, "custom_field:%lld", (long long)id), payload));
    return http_reply_empty(res);
}

/* ---- The values of deleted fields ---- */

YIELDS static Err *is_defined(Ctx *ctx, const char *key, bool *ret_defined)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_BY_KEY, ARGS(sql_text(key)), &rows));
    *ret_defined = rows->count > 0;
    return NULL;
}

YIELDS Err *custom_field_clear_values(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    bool defined = false;
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    const char *key = json_string_value(json_object_get(payload, "key"));
    /* A new field of that key: its values are no leavings. */
    TRY(is_defined(ctx, key, &defined));
    for (int64_t first = 0; key != NULL && !defined;) {
        StoreRows *rows = NULL;
        TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_PIECE, ARGS(sql_int(first), sql_int(PIECE)),
                        &rows));
        int64_t last = row_int(rows, 0, 0);
        if (last == 0) {
            return NULL;
        }
        TRY(store_exec(ctx->db, &SQL_CUSTOM_FIELD_CLEAR,
                       ARGS(sql_text(key), sql_int(first), sql_int(last)), NULL));
        TRY(bus_still_working(ctx, message));
        first = last;
    }
    return NULL;
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/custom-fields", list, .needs = "custom_field:read",
     .out = &custom_field_shape},
    {HTTP_POST, "/api/v1/admin/custom-fields", create, .needs = "custom_field:manage",
     .in = &custom_field_shape, .out = &custom_field_shape, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/custom-fields/{custom_field_id}", show, .needs = "custom_field:read",
     .guard = guard_show, .out = &custom_field_shape},
    {HTTP_PATCH, "/api/v1/admin/custom-fields/{custom_field_id}", update,
     .needs = "custom_field:manage", .guard = guard, .in = &PATCH, .out = &custom_field_shape,
     .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/custom-fields/{custom_field_id}", delete_one,
     .needs = "custom_field:manage", .guard = guard, .in_transaction = true},
    {},
};

static const BusSubscription SUBSCRIPTIONS[] = {
    {.consumer = "custom-field-values",
     .subject = "custom_field.deleted",
     .handle = custom_field_clear_values,
     .own_transactions = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"custom_field_not_found", "没有这个自定义字段", "There is no such custom field"},
    {"key_taken", "这个键已被使用", "This key is taken"},
    {"invalid_key", "只能用小写字母、数字和下划线，并以字母开头",
     "Lower-case letters, digits and underscores, beginning with a letter"},
    {"unknown_field", "没有这个字段，或它不适用于这名志愿者",
     "There is no such field, or not for this volunteer"},
    {"not_yours_to_change", "这个字段不能由本人修改", "You cannot change this field yourself"},
    {"not_an_object", "应为键值对象", "An object of values by key is expected"},
    {"not_a_list", "应为选项列表", "A list of options is expected"},
    {"not_unique", "重复的值", "The value is repeated"},
    {},
};

const Concept custom_field_concept = {.name = "custom_field",
                                      .routes = ROUTES,
                                      .subscriptions = SUBSCRIPTIONS,
                                      .messages = MESSAGES,
                                      .leave_thread = custom_field_leave_thread};
