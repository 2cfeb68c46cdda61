/* Rows and activities. */
#include <inttypes.h>

#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/audit/audit.h"

/* ---- Finding ---- */

YIELDS Err *activity_find(Ctx *ctx, ActivityId id, Activity **ret_activity)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_FIND, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "activity %" PRId64, id.value);
    }
    *ret_activity = activity_from_rows(ctx->arena, rows).items;
    return NULL;
}

/* The columns that may not be null are empty in a draft. */
static const char *or_null(const char *text)
{
    return str_is_empty(text) ? NULL : text;
}

ObjectList activity_from_rows(Arena *arena, const StoreRows *rows)
{
    ObjectList list = shape_from_rows(arena, &activity_shape, rows);
    Activity *activities = list.items;
    for (size_t i = 0; i < list.count; i++) {
        activities[i].description = or_null(activities[i].description);
        activities[i].place_name = or_null(activities[i].place_name);
    }
    return list;
}

/* ---- Telling ---- */

YIELDS Err *activity_tell(Ctx *ctx, const Activity *activity, const char *action,
                          const char *reason, const char *changes)
{
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_HISTORY_INSERT,
                   ARGS(sql_int(activity->id.value), sql_time(ctx->now), sql_text(action),
                        sql_id(ctx->caller.account_id.value), sql_text(ctx->caller.name),
                        sql_text(reason), sql_text(changes)),
                   NULL));
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "activity",
                                           .object_id = activity->id.value,
                                           .unit_id = activity->unit_id,
                                           .purpose = reason,
                                           .changes = changes});
}

YIELDS Err *activity_publish_event(Ctx *ctx, const char *subject, const Activity *activity,
                                   const char *reason)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "activity_id");
    json_write_int(&writer, activity->id.value);
    json_write_key(&writer, "unit_id");
    json_write_int(&writer, activity->unit_id.value);
    json_write_key(&writer, "state");
    json_write_string(&writer, activity_states[activity->state]);
    json_write_key(&writer, "reason");
    json_write_string(&writer, reason);
    json_write_end_object(&writer);
    return bus_publish(ctx->db, subject,
                       arena_printf(ctx->arena, "activity:%" PRId64, activity->id.value),
                       str_text(&text));
}

Err *activity_conflict(Ctx *ctx, const Activity *activity)
{
    const char *state = activity_states[activity->state];
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "activity %" PRId64 " is %s",
                   activity->id.value, state);
    err->current = err->param = state;
    return err;
}

/* ---- Writing ---- */

#define ENTERED_COUNT 29

static SqlValue or_empty(const char *text)
{
    return sql_text(text == NULL ? "" : text);
}

/* The entered fields, in the order of activity_insert and activity_update. */
static void entered_values(const Activity *a, SqlValue *values)
{
    const SqlValue entered[ENTERED_COUNT] = {
        sql_id(a->recording_unit_id.value),
        sql_id(a->project_id.value),
        sql_text(a->name),
        or_empty(a->category),
        or_empty(a->description),
        or_empty(a->place_name),
        sql_text(a->address),
        a->point == NULL ? sql_null() : sql_real(a->point->latitude),
        a->point == NULL ? sql_null() : sql_real(a->point->longitude),
        sql_int(a->radius_m),
        sql_text(a->risk_notice),
        sql_text(a->provided),
        sql_text(a->contact_name),
        sql_text(a->contact_phone),
        sql_text(a->person_in_charge),
        sql_bool(a->is_volunteer_service),
        sql_bool(a->is_dangerous),
        sql_text(a->insurance_policy),
        sql_text(a->insurance_until),
        sql_text(activity_visibilities[a->visibility]),
        sql_text(a->time_zone),
        sql_time(a->sign_up_opens_at),
        sql_time(a->sign_up_closes_at),
        sql_int(a->cancel_deadline_minutes),
        sql_text(activity_approvals[a->approval]),
        sql_text(activity_waitlists[a->waitlist]),
        sql_int(a->offer_minutes),
        sql_id(a->minimum_age),
        sql_id(a->maximum_age),
    };
    for (size_t i = 0; i < ENTERED_COUNT; i++) {
        values[i] = entered[i];
    }
}

YIELDS Err *activity_insert(Ctx *ctx, const Activity *draft, ActivityId *ret_id)
{
    StoreRows *rows = NULL;
    Activity *made = NULL;
    SqlValue values[ENTERED_COUNT + 4];
    entered_values(draft, values);
    values[ENTERED_COUNT] = sql_id(draft->copied_from.value);
    values[ENTERED_COUNT + 1] = sql_int(draft->unit_id.value);
    values[ENTERED_COUNT + 2] = sql_time(ctx->now);
    values[ENTERED_COUNT + 3] = sql_id(ctx->caller.account_id.value);
    TRY(store_query(ctx->db, &SQL_ACTIVITY_INSERT,
                    (SqlArgs){.values = values, .count = COUNT_OF(values)}, &rows));
    ActivityId id = {row_int(rows, 0, 0)};
    TRY(activity_find(ctx, id, &made));
    *ret_id = id;
    const char *action = draft->copied_from.value == 0 ? "activity.create" : "activity.copy";
    return activity_tell(ctx, made, action, NULL,
                         shape_diff(ctx->arena, &activity_patch_shape, NULL, made, NULL));
}

static Err *changed_meanwhile(Ctx *ctx, ActivityId id)
{
    return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "activity %" PRId64 " changed meanwhile",
               id.value);
}

YIELDS static Err *update_row(Ctx *ctx, const Activity *before, const Activity *after)
{
    int64_t affected = 0;
    SqlValue values[ENTERED_COUNT + 4];
    bool same_notice = str_equal(before->risk_notice, after->risk_notice);
    entered_values(after, values);
    values[ENTERED_COUNT] = sql_int(before->risk_notice_version + (same_notice ? 0 : 1));
    values[ENTERED_COUNT + 1] = sql_time(ctx->now);
    values[ENTERED_COUNT + 2] = sql_int(before->id.value);
    values[ENTERED_COUNT + 3] = sql_int(before->version);
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_UPDATE,
                   (SqlArgs){.values = values, .count = COUNT_OF(values)}, &affected));
    return affected == 1 ? NULL : changed_meanwhile(ctx, before->id);
}

YIELDS Err *activity_update(Ctx *ctx, const Activity *before, const Activity *after)
{
    const char *changes = shape_diff(ctx->arena, &activity_patch_shape, before, after, NULL);
    if (changes == NULL || str_equal(changes, "{}")) {
        return NULL;
    }
    TRY(update_row(ctx, before, after));
    TRY(activity_tell(ctx, after, "activity.update", NULL, changes));
    if (before->state != ACTIVITY_PUBLISHED && before->state != ACTIVITY_IN_PROGRESS) {
        return NULL;
    }
    return activity_publish_event(ctx, "activity.changed", after, NULL);
}

static const char *const EVENTS[ACTIVITY_STATE_COUNT] = {
    [ACTIVITY_SUBMITTED] = "activity.submitted", [ACTIVITY_PUBLISHED] = "activity.published",
    [ACTIVITY_IN_PROGRESS] = "activity.started", [ACTIVITY_ENDED] = "activity.ended",
    [ACTIVITY_SETTLED] = "activity.settled",     [ACTIVITY_CANCELLED] = "activity.cancelled",
    [ACTIVITY_DRAFT] = "activity.sent_back",
};

/* What goes with a state. */
static Activity in_state(Ctx *ctx, const Activity *before, ActivityState state, const char *reason)
{
    Activity after = *before;
    after.state = (int)state;
    switch (state) {
    case ACTIVITY_DRAFT:
        after.decision_reason = reason;
        break;
    case ACTIVITY_SUBMITTED:
        after.submitted_by = ctx->caller.account_id;
        after.decision_reason = NULL;
        break;
    case ACTIVITY_PUBLISHED:
        after.published_at = ctx->now;
        after.decision_reason = NULL;
        break;
    case ACTIVITY_CANCELLED:
        after.cancel_reason = reason;
        break;
    case ACTIVITY_SETTLED:
        after.settled_at = ctx->now;
        break;
    default:
        break;
    }
    return after;
}

YIELDS Err *activity_set_state(Ctx *ctx, const Activity *before, ActivityState state,
                               const char *action, const char *reason)
{
    int64_t affected = 0;
    if (!activity_rules_may_become((ActivityState)before->state, state)) {
        return activity_conflict(ctx, before);
    }
    Activity after = in_state(ctx, before, state, reason);
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_SET_STATE,
                   ARGS(sql_int(before->id.value), sql_int(before->version),
                        sql_text(activity_states[state]), sql_time(ctx->now),
                        sql_id(after.submitted_by.value), sql_time(after.published_at),
                        sql_text(after.decision_reason), sql_text(after.cancel_reason),
                        sql_time(after.settled_at)),
                   &affected));
    if (affected != 1) {
        return changed_meanwhile(ctx, before->id);
    }
    TRY(activity_tell(ctx, &after, action, reason,
                      arena_printf(ctx->arena, "{\"state\":{\"before\":\"%s\",\"after\":\"%s\"}}",
                                   activity_states[before->state], activity_states[state])));
    return activity_publish_event(ctx, EVENTS[state], &after, reason);
}

YIELDS Err *activity_settle(Ctx *ctx, ActivityId id)
{
    Activity *activity = NULL;
    TRY(activity_find(ctx, id, &activity));
    return activity_set_state(ctx, activity, ACTIVITY_SETTLED, "activity.settle", NULL);
}

YIELDS Err *activity_refresh(Ctx *ctx, ActivityId id)
{
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_REFRESH, ARGS(sql_int(id.value), sql_time(ctx->now)),
                   NULL));
    return bus_publish(ctx->db, "activity.planned",
                       arena_printf(ctx->arena, "activity:%" PRId64, id.value),
                       arena_printf(ctx->arena, "{\"activity_id\":%" PRId64 "}", id.value));
}
