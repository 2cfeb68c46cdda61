/* What happens by time alone. Each step is a transaction of its own, so that a run that is cut off
 * goes on with the next, and two processes that run at once do nothing twice. */
#include <inttypes.h>

#include "base/log.h"
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"

#define PAGE 100

typedef struct Step {
    Ctx *ctx;
    ActivityId id;
} Step;

/* Brings one activity to where it is by time: one that began and ended meanwhile makes both. */
YIELDS static Err *move_on(Db *db UNUSED, void *arg)
{
    const Step *step = arg;
    Ctx *ctx = step->ctx;
    Activity *activity = NULL;
    TRY(activity_find(ctx, step->id, &activity));
    if (activity->state == ACTIVITY_PUBLISHED && activity->starts_at != 0 &&
        activity->starts_at <= ctx->now) {
        TRY(activity_set_state(ctx, activity, ACTIVITY_IN_PROGRESS, "activity.start", NULL));
        TRY(activity_find(ctx, step->id, &activity));
    }
    if (activity->state == ACTIVITY_IN_PROGRESS && activity->ends_at != 0 &&
        activity->ends_at <= ctx->now) {
        return activity_set_state(ctx, activity, ACTIVITY_ENDED, "activity.end", NULL);
    }
    return NULL;
}

/* One that cannot be moved must not hold up the others. */
YIELDS static Err *move_logged(Ctx *ctx, ActivityId id)
{
    Step step = {.ctx = ctx, .id = id};
    Err *err = store_transact(ctx->db, move_on, &step);
    if (err_is(err, ERR_CANCELLED) || err_is(err, ERR_UNAVAILABLE)) {
        return err;
    }
    if (err != NULL) {
        log_err(arena_printf(ctx->arena, "activity %" PRId64 " not moved on", id.value), err);
    }
    return NULL;
}

YIELDS Err *activity_move_by_time(Ctx *ctx)
{
    int64_t after = 0;
    for (;;) {
        StoreRows *rows = NULL;
        TRY(store_query(ctx->db, &SQL_ACTIVITY_LIST_DUE,
                        ARGS(sql_time(ctx->now), sql_int(after), sql_int(PAGE)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            after = row_int(rows, i, 0);
            TRY(move_logged(ctx, (ActivityId){after}));
        }
        if (rows->count < PAGE) {
            return NULL;
        }
    }
}

const Schedule activity_schedules[] = {
    {.name = "activity-states", .every_ms = 30 * SECOND_MS, .run = activity_move_by_time},
    {},
};
