#include "app/schedule.h"

#include <stdatomic.h>

#include "app/app.sql.h"
#include "app/idempotency.h"
#include "base/log.h"
#include "base/str.h"

#define RUN_TIMEOUT_MS (5 * MINUTE_MS)
#define RECORD_TIMEOUT_MS (10 * SECOND_MS)

/* Duties of the layers below the concepts. */
static const Schedule OWN_SCHEDULES[] = {
    {.name = "idempotency-clean-up", .every_ms = HOUR_MS, .run = idempotency_clean_up},
    {},
};

YIELDS static Err *record(Ctx *ctx, const Schedule *schedule, TimeMs started_at, const Err *failure)
{
    return store_exec(ctx->db, &SQL_SCHEDULE_RECORD,
                      ARGS(sql_text(schedule->name), sql_time(started_at), sql_time(time_now()),
                           failure == NULL ? sql_null() : sql_text(err_text(ctx->arena, failure))),
                      NULL);
}

/* In a fiber of its own, so that what a run allocates ends with it. */
static void run_once(void *arg)
{
    ScheduleState *state = arg;
    Ctx *ctx = ctx_new_system(state->services);
    TimeMs started_at = time_now();
    fiber_set_deadline(deadline_after(RUN_TIMEOUT_MS));
    Err *err = state->schedule->run(ctx);
    state->last_failed = err != NULL && !err_is(err, ERR_CANCELLED);
    if (state->last_failed) {
        log_err(arena_printf(ctx->arena, "schedule %s failed", state->schedule->name), err);
    }
    fiber_set_deadline(deadline_after(RECORD_TIMEOUT_MS));
    err_ignore(record(ctx, state->schedule, started_at, state->last_failed ? err : NULL),
               "only a page shows it, and a database that is away was told above");
    waiter_wake(&state->ended);
}

YIELDS static Err *run(ScheduleState *state)
{
    state->running = true;
    waiter_init(&state->ended);
    fiber_spawn(state->group, "schedule run", run_once, state);
    Err *err = waiter_wait(&state->ended, deadline_after(RUN_TIMEOUT_MS + MINUTE_MS));
    state->running = false;
    return err;
}

/* The first run comes soon after the start, so that a downtime is caught up with. */
static void repeat(void *arg)
{
    ScheduleState *state = arg;
    int64_t pause_ms = MIN(state->schedule->every_ms, 2 * SECOND_MS);
    for (;;) {
        Deadline next = deadline_after(pause_ms);
        atomic_store(&state->next, next);
        Err *err = waiter_wait_until(&state->due, next);
        if (err != NULL) {
            return;
        }
        waiter_init(&state->due); /* who asks during a run gets another one */
        if (run(state) != NULL) {
            return;
        }
        pause_ms = state->schedule->every_ms;
    }
}

TimeMs schedule_next_at(const ScheduleState *state)
{
    return time_now() + deadline_left(atomic_load(&state->next));
}

static size_t count_schedules(const Schedule *schedules)
{
    size_t count = 0;
    while (schedules != NULL && schedules[count].name != NULL) {
        count++;
    }
    return count;
}

static void add_table(Scheduler *scheduler, Services *services, const Schedule *schedules)
{
    size_t count = count_schedules(schedules);
    for (size_t i = 0; i < count; i++) {
        scheduler->states[scheduler->count++] = (ScheduleState){.schedule = &schedules[i],
                                                                .services = services,
                                                                .group = &scheduler->group};
    }
}

void scheduler_init(Scheduler *scheduler, Arena *arena, Services *services)
{
    size_t count = count_schedules(OWN_SCHEDULES);
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        count += count_schedules((*concept)->schedules);
    }
    scheduler->states = ARENA_ARRAY(arena, ScheduleState, count);
    add_table(scheduler, services, OWN_SCHEDULES);
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        add_table(scheduler, services, (*concept)->schedules);
    }
}

void scheduler_start(Scheduler *scheduler)
{
    fiber_group_init(&scheduler->group);
    for (size_t i = 0; i < scheduler->count; i++) {
        waiter_init(&scheduler->states[i].due);
        fiber_spawn(&scheduler->group, "schedule", repeat, &scheduler->states[i]);
    }
    scheduler->is_started = true;
}

/* ---- At once ---- */

static void wake_all(void *arg)
{
    Scheduler *scheduler = arg;
    for (size_t i = 0; i < scheduler->count; i++) {
        waiter_wake(&scheduler->states[i].due);
    }
}

static void wake_one(void *arg)
{
    ScheduleState *state = arg;
    waiter_wake(&state->due);
}

bool scheduler_run_now(Services *services, const char *name)
{
    Scheduler *scheduler = services->scheduler;
    if (name == NULL) {
        loop_post(services->loops[0], wake_all, scheduler);
        return true;
    }
    for (size_t i = 0; i < scheduler->count; i++) {
        if (str_equal(scheduler->states[i].schedule->name, name)) {
            loop_post(services->loops[0], wake_one, &scheduler->states[i]);
            return true;
        }
    }
    return false;
}

void scheduler_stop(Scheduler *scheduler)
{
    fiber_group_done(&scheduler->group);
}
