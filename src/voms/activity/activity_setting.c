/* What units decide about their activities. */
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/audit/audit.h"

typedef struct ActivitySetting {
    bool approval_required;
    bool inherited; /* decided above, or by nobody */
} ActivitySetting;

static const Field SETTING_FIELDS[] = {
    FIELD(ActivitySetting, approval_required, FIELD_BOOL, .flags = FIELD_REQUIRED),
    FIELD(ActivitySetting, inherited, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    {},
};
const Shape activity_setting_shape = SHAPE(ActivitySetting, SETTING_FIELDS);

static const Field SETTING_PUT_FIELDS[] = {
    FIELD(ActivitySetting, approval_required, FIELD_BOOL, .flags = FIELD_REQUIRED),
    {},
};
const Shape activity_setting_put_shape = {.name = "ActivitySettingPut",
                                          .size_bytes = sizeof(ActivitySetting),
                                          .fields = SETTING_PUT_FIELDS};

YIELDS static Err *load(Ctx *ctx, UnitId id, ActivitySetting *ret_setting)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_SETTING_FIND, ARGS(sql_int(id.value)), &rows));
    TRY(activity_approval_required(ctx, id, &ret_setting->approval_required));
    ret_setting->inherited = rows->count == 0 || row_int(rows, 0, 0) != id.value;
    return NULL;
}

YIELDS Err *activity_setting_guard(Ctx *ctx, const HttpRequest *req)
{
    UnitId id = {};
    TRY(http_path_id(req, "unit_id", &id.value));
    return access_check_unit(ctx, id, "unit:read", req->route->needs);
}

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, UnitId id)
{
    ActivitySetting setting = {};
    TRY(load(ctx, id, &setting));
    return http_reply(res, HTTP_OK, &activity_setting_shape, &setting, NULL);
}

YIELDS Err *activity_setting_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId id = {};
    TRY(http_path_id(req, "unit_id", &id.value));
    return reply(ctx, res, id);
}

YIELDS static Err *tell(Ctx *ctx, UnitId id, const ActivitySetting *before)
{
    ActivitySetting after = {};
    TRY(load(ctx, id, &after));
    return audit_record(ctx,
                        &(AuditEntry){.action = "activity.setting_update",
                                      .object_type = "unit",
                                      .object_id = id.value,
                                      .unit_id = id,
                                      .changes = shape_diff(ctx->arena, &activity_setting_shape,
                                                            before, &after, NULL)});
}

YIELDS Err *activity_setting_put(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId id = {};
    ActivitySetting before = {};
    ActivitySetting body = {};
    TRY(http_path_id(req, "unit_id", &id.value));
    TRY(http_decode(req, &body));
    TRY(load(ctx, id, &before));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_SETTING_PUT,
                   ARGS(sql_int(id.value), sql_bool(body.approval_required),
                        sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                   NULL));
    TRY(tell(ctx, id, &before));
    return reply(ctx, res, id);
}

/* From now on what is decided above holds. */
YIELDS Err *activity_setting_delete(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    UnitId id = {};
    ActivitySetting before = {};
    TRY(http_path_id(req, "unit_id", &id.value));
    TRY(load(ctx, id, &before));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_SETTING_DELETE, ARGS(sql_int(id.value)), NULL));
    TRY(tell(ctx, id, &before));
    return http_reply_empty(res);
}
