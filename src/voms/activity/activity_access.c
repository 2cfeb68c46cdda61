/* Who may do what to one activity. */
#include <inttypes.h>

#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"

static Err *unknown(Ctx *ctx, ActivityId id)
{
    return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "activity %" PRId64, id.value);
}

static Err *missing(Ctx *ctx, const char *permission)
{
    Err *err = ERR(ctx->arena, ERR_FORBIDDEN, "permission_missing",
                   "reason=permission_missing permission=%s account=%" PRId64, permission,
                   ctx->caller.account_id.value);
    err->param = permission;
    return err;
}

YIELDS Err *activity_check(Ctx *ctx, ActivityId id, const char *needs)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_RIGHTS,
                    ARGS(sql_int(id.value), sql_int(ctx->caller.account_id.value), sql_text(needs)),
                    &rows));
    if (rows->count == 0) {
        return unknown(ctx, id);
    }
    if (access_may_everywhere(ctx, needs)) {
        return NULL;
    }
    bool knows = access_may_everywhere(ctx, "activity:read");
    for (size_t i = 0; i < rows->count; i++) {
        const char *permission = row_text(rows, i, 1);
        if (str_equal(permission, needs)) {
            return NULL;
        }
        knows |= permission != NULL;
    }
    return knows ? missing(ctx, needs) : unknown(ctx, id);
}

YIELDS Err *activity_guard(Ctx *ctx, const HttpRequest *req)
{
    ActivityId id = {};
    TRY(http_path_id(req, "activity_id", &id.value));
    return activity_check(ctx, id, req->route->needs);
}

/* By way of what the path names: what is below an unknown activity is itself unknown. */
YIELDS static Err *check_by(Ctx *ctx, const HttpRequest *req, const char *name,
                            const SqlStatement *statement, const char *code)
{
    int64_t id = 0;
    StoreRows *rows = NULL;
    TRY(http_path_id(req, name, &id));
    TRY(store_query(ctx->db, statement, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, code, "%s %" PRId64, name, id);
    }
    Err *err = activity_check(ctx, (ActivityId){row_int(rows, 0, 0)}, req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, code, "%s %" PRId64 " not to be known", name, id);
    }
    return err;
}

YIELDS Err *shift_guard(Ctx *ctx, const HttpRequest *req)
{
    return check_by(ctx, req, "shift_id", &SQL_ACTIVITY_OF_SHIFT, "shift_not_found");
}

YIELDS Err *position_guard(Ctx *ctx, const HttpRequest *req)
{
    return check_by(ctx, req, "position_id", &SQL_ACTIVITY_OF_POSITION, "position_not_found");
}

YIELDS Err *batch_guard(Ctx *ctx, const HttpRequest *req)
{
    return check_by(ctx, req, "batch_id", &SQL_ACTIVITY_OF_BATCH, "shift_batch_not_found");
}

YIELDS Err *activity_of_request(Ctx *ctx, const HttpRequest *req, Activity **ret_activity)
{
    ActivityId id = {};
    TRY(http_path_id(req, "activity_id", &id.value));
    return activity_find(ctx, id, ret_activity);
}

YIELDS Err *activity_approval_required(Ctx *ctx, UnitId unit_id, bool *ret_required)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_SETTING_FIND, ARGS(sql_int(unit_id.value)), &rows));
    *ret_required = rows->count == 0 ? unit_id.value != UNIT_ROOT.value : row_bool(rows, 0, 1);
    return NULL;
}
