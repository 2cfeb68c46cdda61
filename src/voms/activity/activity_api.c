/* /api/v1/admin/activities: the data and the states. */
#include <inttypes.h>

#include "base/vec.h"
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/common/page.h"
#include "voms/setting/setting.h"
#include "voms/volunteer/volunteer.h"

YIELDS static Err *reply_activity(Ctx *ctx, HttpResponse *res, int status, ActivityId id)
{
    Activity *activity = NULL;
    TRY(activity_find(ctx, id, &activity));
    http_set_version(res, activity->version);
    return http_reply(res, status, &activity_shape, activity, NULL);
}

YIELDS Err *activity_reply_made(Ctx *ctx, HttpResponse *res, ActivityId id)
{
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/activities/%" PRId64, id.value));
    return reply_activity(ctx, res, HTTP_CREATED, id);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId id = {};
    TRY(http_path_id(req, "activity_id", &id.value));
    return reply_activity(ctx, res, HTTP_OK, id);
}

/* ---- Make, change, delete ---- */

YIELDS static Err *check_unit(Ctx *ctx, UnitId unit_id, const char *field)
{
    return access_check_unit_field(ctx, unit_id, field, "unit:read", "unit:read");
}

YIELDS static Err *check_project(Ctx *ctx, const Activity *activity)
{
    StoreRows *rows = NULL;
    Err *invalid = NULL;
    if (activity->project_id.value == 0) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_PROJECT_OF_UNIT,
                    ARGS(sql_int(activity->project_id.value), sql_int(activity->unit_id.value)),
                    &rows));
    if (rows->count == 0) {
        err_add_field(ctx->arena, &invalid, "project_id", "project_not_found", NULL);
    }
    return invalid;
}

YIELDS static Err *check_references(Ctx *ctx, const Activity *before, const Activity *after)
{
    if (after->recording_unit_id.value != before->recording_unit_id.value &&
        after->recording_unit_id.value != after->unit_id.value) {
        TRY(check_unit(ctx, after->recording_unit_id, "recording_unit_id"));
    }
    return after->project_id.value == before->project_id.value ? NULL : check_project(ctx, after);
}

#define RADIUS_M 300
#define OFFER_MINUTES (12 * 60)
#define CANCEL_DEADLINE_MINUTES (24 * 60)

/* For what was left out, and for what was cleared. */
void activity_fill_defaults(Activity *activity, const Settings *settings)
{
    if (activity->recording_unit_id.value == 0) {
        activity->recording_unit_id = activity->unit_id;
    }
    if (activity->time_zone == NULL) {
        activity->time_zone = settings->time_zone;
    }
    if (activity->radius_m == 0) {
        activity->radius_m = RADIUS_M;
    }
    if (activity->offer_minutes == 0) {
        activity->offer_minutes = OFFER_MINUTES;
    }
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const Settings *settings = NULL;
    ActivityId id = {};
    TRY(setting_load(ctx, &settings));
    Activity draft = {.cancel_deadline_minutes = CANCEL_DEADLINE_MINUTES};
    TRY(http_decode(req, &draft));
    TRY(access_check_unit_field(ctx, draft.unit_id, "unit_id", "unit:read", "activity:manage"));
    activity_fill_defaults(&draft, settings);
    TRY(check_references(ctx, &(Activity){}, &draft));
    TRY(activity_rules_check(ctx->arena, &draft));
    TRY(activity_insert(ctx, &draft, &id));
    return activity_reply_made(ctx, res, id);
}

/* What people see already must stay complete. */
static Err *check_changed(Ctx *ctx, const Activity *after)
{
    TRY(activity_rules_check(ctx->arena, after));
    if (after->state == ACTIVITY_PUBLISHED || after->state == ACTIVITY_IN_PROGRESS) {
        return activity_rules_check_complete(ctx->arena, after);
    }
    return NULL;
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *before = NULL;
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(activity_of_request(ctx, req, &before));
    TRY(http_check_version(req, before->version));
    if (!activity_rules_may_edit((ActivityState)before->state)) {
        return activity_conflict(ctx, before);
    }
    Activity after = *before;
    TRY(http_decode_patch(req, &after, NULL));
    activity_fill_defaults(&after, settings);
    TRY(check_references(ctx, before, &after));
    TRY(check_changed(ctx, &after));
    TRY(activity_update(ctx, before, &after));
    return reply_activity(ctx, res, HTTP_OK, before->id);
}

/* A draft that nobody saw leaves nothing but its audit entries. */
YIELDS static Err *delete (Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const SqlStatement *const STEPS[] = {
        &SQL_ACTIVITY_FORGET_COPIED,
        &SQL_ACTIVITY_DELETE_MANAGERS,
        &SQL_ACTIVITY_DELETE_INVITATIONS,
        &SQL_ACTIVITY_DELETE_HISTORY,
        &SQL_ACTIVITY_DELETE_PLACES,
        &SQL_ACTIVITY_DELETE_SHIFTS,
        &SQL_ACTIVITY_DELETE_BATCHES,
        &SQL_ACTIVITY_DELETE_POSITIONS,
        &SQL_ACTIVITY_DELETE,
    };
    Activity *activity = NULL;
    TRY(activity_of_request(ctx, req, &activity));
    if (activity->state != ACTIVITY_DRAFT) {
        return activity_conflict(ctx, activity);
    }
    TRY(activity_tell(ctx, activity, "activity.delete", NULL,
                      shape_diff(ctx->arena, &activity_patch_shape, activity, NULL, NULL)));
    for (size_t i = 0; i < COUNT_OF(STEPS); i++) {
        TRY(store_exec(ctx->db, STEPS[i], ARGS(sql_int(activity->id.value)), NULL));
    }
    return http_reply_empty(res);
}

/* ---- States ---- */

/* What is written on what its shifts say must not overtake changes of them. */
YIELDS static Err *find_locked(Ctx *ctx, const HttpRequest *req, Activity **ret_activity)
{
    ActivityId id = {};
    TRY(http_path_id(req, "activity_id", &id.value));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_LOCK, ARGS(sql_int(id.value)), NULL));
    TRY(activity_find(ctx, id, ret_activity));
    return http_check_version(req, (*ret_activity)->version);
}

YIELDS static Err *submit(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    TRY(find_locked(ctx, req, &activity));
    if (!activity_rules_may_become((ActivityState)activity->state, ACTIVITY_SUBMITTED)) {
        return activity_conflict(ctx, activity);
    }
    TRY(activity_rules_check_complete(ctx->arena, activity));
    TRY(activity_set_state(ctx, activity, ACTIVITY_SUBMITTED, "activity.submit", NULL));
    return reply_activity(ctx, res, HTTP_OK, activity->id);
}

/* Takes back what was submitted, to change it. */
YIELDS static Err *withdraw(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    TRY(find_locked(ctx, req, &activity));
    TRY(activity_set_state(ctx, activity, ACTIVITY_DRAFT, "activity.withdraw", NULL));
    return reply_activity(ctx, res, HTTP_OK, activity->id);
}

YIELDS static Err *decide(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    VolunteerDecision body = {};
    TRY(volunteer_decision_read(req, &body));
    TRY(find_locked(ctx, req, &activity));
    if (activity->state != ACTIVITY_SUBMITTED) {
        return activity_conflict(ctx, activity);
    }
    if (body.approve) {
        TRY(activity_rules_check_complete(ctx->arena, activity));
        TRY(activity_set_state(ctx, activity, ACTIVITY_PUBLISHED, "activity.approve", body.reason));
    } else {
        TRY(activity_set_state(ctx, activity, ACTIVITY_DRAFT, "activity.send_back", body.reason));
    }
    return reply_activity(ctx, res, HTTP_OK, activity->id);
}

/* Who may approve needs no approval; others publish where the unit asks for none. */
YIELDS static Err *check_may_publish(Ctx *ctx, const Activity *activity)
{
    bool required = true;
    Err *err = activity_check(ctx, activity->id, "activity:publish");
    if (!err_is(err, ERR_FORBIDDEN)) {
        return err;
    }
    TRY(activity_approval_required(ctx, activity->unit_id, &required));
    if (!required) {
        return NULL;
    }
    return ERR(ctx->arena, ERR_FORBIDDEN, "activity_approval_required",
               "unit %" PRId64 " asks for approval", activity->unit_id.value);
}

YIELDS static Err *publish(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    TRY(find_locked(ctx, req, &activity));
    TRY(check_may_publish(ctx, activity));
    if (!activity_rules_may_become((ActivityState)activity->state, ACTIVITY_PUBLISHED)) {
        return activity_conflict(ctx, activity);
    }
    TRY(activity_rules_check_complete(ctx->arena, activity));
    TRY(activity_set_state(ctx, activity, ACTIVITY_PUBLISHED, "activity.publish", NULL));
    return reply_activity(ctx, res, HTTP_OK, activity->id);
}

/* The shifts that are not over are cancelled with it. */
YIELDS static Err *cancel(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    ReasonBody body = {};
    TRY(http_decode(req, &body));
    TRY(find_locked(ctx, req, &activity));
    TRY(activity_set_state(ctx, activity, ACTIVITY_CANCELLED, "activity.cancel", body.reason));
    TRY(shift_cancel_all(ctx, activity->id, body.reason));
    return reply_activity(ctx, res, HTTP_OK, activity->id);
}

/* ---- What is missing ---- */

typedef struct Missing {
    const char *field;
    const char *code;
    const char *message;
} Missing;

static const Field MISSING_FIELDS[] = {
    FIELD(Missing, field, FIELD_TEXT),
    FIELD(Missing, code, FIELD_TEXT),
    FIELD(Missing, message, FIELD_TEXT),
    {},
};
static const Shape MISSING = {.name = "ActivityMissing",
                              .size_bytes = sizeof(Missing),
                              .fields = MISSING_FIELDS};

typedef struct Readiness {
    bool ready;
    bool approval_required;
    bool may_publish;
    ObjectList missing;
} Readiness;

static const Field READINESS_FIELDS[] = {
    FIELD(Readiness, ready, FIELD_BOOL),
    FIELD(Readiness, approval_required, FIELD_BOOL),
    FIELD(Readiness, may_publish, FIELD_BOOL),
    FIELD(Readiness, missing, FIELD_OBJECT_LIST, .shape = &MISSING),
    {},
};
static const Shape READINESS = {.name = "ActivityReadiness",
                                .size_bytes = sizeof(Readiness),
                                .fields = READINESS_FIELDS};

static ObjectList missing_of(Ctx *ctx, const Err *incomplete)
{
    VEC(Missing) found = {};
    for (const ErrField *f = incomplete == NULL ? NULL : incomplete->fields; f != NULL;
         f = f->next) {
        *vec_push(&found, ctx->arena) = (Missing){
            .field = f->field,
            .code = f->code,
            .message = message_format(ctx->arena, ctx->language, f->code, f->param),
        };
    }
    return (ObjectList){.items = found.items, .count = found.count};
}

YIELDS static Err *readiness(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    Readiness answer = {};
    TRY(activity_of_request(ctx, req, &activity));
    Err *refusal = check_may_publish(ctx, activity);
    if (refusal != NULL && !err_is(refusal, ERR_FORBIDDEN)) {
        return refusal;
    }
    TRY(activity_approval_required(ctx, activity->unit_id, &answer.approval_required));
    answer.may_publish = refusal == NULL;
    answer.missing = missing_of(ctx, activity_rules_check_complete(ctx->arena, activity));
    answer.ready = answer.missing.count == 0;
    return http_reply(res, HTTP_OK, &READINESS, &answer, NULL);
}

#define ACTIVITY "/api/v1/admin/activities/{activity_id}"

const Route activity_routes[] = {
    {HTTP_GET, "/api/v1/admin/activities", activity_list, .needs = "activity:read",
     .out = &activity_shape},
    {HTTP_POST, "/api/v1/admin/activities", create, .needs = "activity:manage",
     .in = &activity_create_shape, .out = &activity_shape, .in_transaction = true},
    {HTTP_GET, ACTIVITY, show, .needs = "activity:read", .guard = activity_guard,
     .out = &activity_shape},
    {HTTP_PATCH, ACTIVITY, update, .needs = "activity:manage", .guard = activity_guard,
     .in = &activity_patch_shape, .out = &activity_shape, .in_transaction = true},
    {HTTP_DELETE, ACTIVITY, delete, .needs = "activity:manage", .guard = activity_guard,
     .in_transaction = true},
    {HTTP_POST, ACTIVITY "/copy", activity_copy, .needs = "activity:manage",
     .guard = activity_guard, .in = &activity_copy_shape, .out = &activity_shape,
     .in_transaction = true},
    {HTTP_GET, ACTIVITY "/readiness", readiness, .needs = "activity:read", .guard = activity_guard,
     .out = &READINESS},
    {HTTP_GET, ACTIVITY "/history", activity_history, .needs = "activity:read",
     .guard = activity_guard, .out = &activity_history_shape},
    {HTTP_POST, ACTIVITY "/submit", submit, .needs = "activity:manage", .guard = activity_guard,
     .out = &activity_shape, .in_transaction = true},
    {HTTP_POST, ACTIVITY "/withdraw", withdraw, .needs = "activity:manage", .guard = activity_guard,
     .out = &activity_shape, .in_transaction = true},
    {HTTP_POST, ACTIVITY "/decision", decide, .needs = "activity:publish", .guard = activity_guard,
     .in = &volunteer_decision_shape, .out = &activity_shape, .in_transaction = true},
    {HTTP_POST, ACTIVITY "/publish", publish, .needs = "activity:manage", .guard = activity_guard,
     .out = &activity_shape, .in_transaction = true},
    {HTTP_POST, ACTIVITY "/cancel", cancel, .needs = "activity:manage", .guard = activity_guard,
     .in = &activity_reason_shape, .out = &activity_shape, .in_transaction = true},
    {HTTP_GET, ACTIVITY "/positions", position_list_all, .needs = "activity:read",
     .guard = activity_guard, .out = &position_shape},
    {HTTP_POST, ACTIVITY "/positions", position_create, .needs = "activity:manage",
     .guard = activity_guard, .in = &position_create_shape, .out = &position_shape,
     .in_transaction = true},
    {HTTP_PATCH, "/api/v1/admin/positions/{position_id}", position_update,
     .needs = "activity:manage", .guard = position_guard, .in = &position_patch_shape,
     .out = &position_shape, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/positions/{position_id}", position_remove,
     .needs = "activity:manage", .guard = position_guard, .in_transaction = true},
    {HTTP_GET, ACTIVITY "/shifts", shift_list_all, .needs = "activity:read",
     .guard = activity_guard, .out = &shift_shape},
    {HTTP_POST, ACTIVITY "/shifts", shift_create, .needs = "activity:manage",
     .guard = activity_guard, .in = &shift_create_shape, .out = &shift_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/shifts", shift_agenda, .needs = "activity:read",
     .out = &shift_agenda_shape},
    {HTTP_GET, "/api/v1/admin/desk/shifts", shift_agenda_desk, .needs = "attendance:record",
     .out = &shift_agenda_shape},
    {HTTP_GET, "/api/v1/admin/shifts/{shift_id}", shift_show, .needs = "activity:read",
     .guard = shift_guard, .out = &shift_shape},
    {HTTP_PATCH, "/api/v1/admin/shifts/{shift_id}", shift_update, .needs = "activity:manage",
     .guard = shift_guard, .in = &shift_patch_shape, .out = &shift_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/shifts/{shift_id}/cancel", shift_cancel, .needs = "activity:manage",
     .guard = shift_guard, .in = &activity_reason_shape, .out = &shift_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/public/activities", activity_public_list, .needs = NEEDS_NOTHING,
     .out = &activity_public_brief_shape},
    {HTTP_GET, "/api/v1/public/activities/{activity_id}", activity_public_show,
     .needs = NEEDS_NOTHING, .out = &activity_public_shape},
    {HTTP_GET, "/api/v1/me/activities", activity_own_list, .needs = NEEDS_LOGIN,
     .out = &activity_public_brief_shape},
    {HTTP_GET, "/api/v1/me/activities/{activity_id}", activity_own_show, .needs = NEEDS_LOGIN,
     .out = &activity_public_shape},
    {HTTP_GET, ACTIVITY "/managers", activity_manager_list, .needs = "activity:read",
     .guard = activity_guard, .out = &activity_manager_shape},
    {HTTP_POST, ACTIVITY "/managers", activity_manager_put, .needs = "activity:manage",
     .guard = activity_guard, .in = &activity_manager_put_shape, .out = &activity_manager_shape,
     .in_transaction = true},
    {HTTP_DELETE, ACTIVITY "/managers/{account_id}", activity_manager_delete,
     .needs = "activity:manage", .guard = activity_guard, .in_transaction = true},
    {HTTP_GET, ACTIVITY "/invitations", activity_invitation_list, .needs = "activity:read",
     .guard = activity_guard, .out = &activity_invitation_shape},
    {HTTP_POST, ACTIVITY "/invitations", activity_invitation_create, .needs = "activity:manage",
     .guard = activity_guard, .in = &activity_invitation_create_shape, .in_transaction = true},
    {HTTP_DELETE, ACTIVITY "/invitations/{volunteer_id}", activity_invitation_delete,
     .needs = "activity:manage", .guard = activity_guard, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/units/{unit_id}/activity-settings", activity_setting_show,
     .needs = "activity:read", .guard = activity_setting_guard, .out = &activity_setting_shape},
    {HTTP_PUT, "/api/v1/admin/units/{unit_id}/activity-settings", activity_setting_put,
     .needs = "activity:publish", .guard = activity_setting_guard,
     .in = &activity_setting_put_shape, .out = &activity_setting_shape, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/units/{unit_id}/activity-settings", activity_setting_delete,
     .needs = "activity:publish", .guard = activity_setting_guard, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/projects", project_list, .needs = "activity:read",
     .out = &project_shape},
    {HTTP_POST, "/api/v1/admin/projects", project_create, .needs = "activity:manage",
     .in = &project_create_shape, .out = &project_shape, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/projects/{project_id}", project_show, .needs = "activity:read",
     .guard = project_guard, .out = &project_shape},
    {HTTP_PATCH, "/api/v1/admin/projects/{project_id}", project_update, .needs = "activity:manage",
     .guard = project_guard, .in = &project_patch_shape, .out = &project_shape,
     .in_transaction = true},
    {HTTP_POST, ACTIVITY "/shifts/preview", shift_batch_preview, .needs = "activity:manage",
     .guard = activity_guard, .in = &shift_plan_shape, .out = &shift_preview_shape},
    {HTTP_POST, ACTIVITY "/shifts/batch", shift_batch_create, .needs = "activity:manage",
     .guard = activity_guard, .in = &shift_plan_shape, .out = &shift_batch_shape,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/shift-batches/{batch_id}/undo", shift_batch_undo,
     .needs = "activity:manage", .guard = batch_guard, .in = &activity_reason_shape,
     .out = &shift_batch_shape, .in_transaction = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"activity:read", "查看活动", "See activities"},
    {"activity:manage", "新建和修改活动、岗位和班次", "Make and change activities and shifts"},
    {"activity:publish", "审批和发布活动", "Approve and publish activities"},
    {},
};

const Concept activity_concept = {.name = "activity",
                                  .routes = activity_routes,
                                  .messages = activity_messages,
                                  .permissions = PERMISSIONS,
                                  .schedules = activity_schedules,
                                  .demo = activity_demo};
