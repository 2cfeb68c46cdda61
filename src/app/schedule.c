#include "app/schedule.h"

#include "app/idempotency.h"
#include "base/log.h"

#define RUN_TIMEOUT_MS (5 * MINUTE_MS)

/* Duties of the layers below the concepts. */
static const Schedule OWN_SCHEDULES[] = {
    {.name = "idempotency-clean-up", .every_ms = HOUR_MS, .run = idempotency_clean_up},
    {},
};

/* In a fiber of its own, so that what a run allocates ends with it. */
static void run_once(void *arg)
{
    ScheduleState *state = arg;
    fiber_set_deadline(deadline_after(RUN_TIMEOUT_MS));
    Err *err = state->schedule->run(ctx_new_system(state->services));
    state->last_failed = err != NULL && !err_is(err, ERR_CANCELLED);
    if (state->last_failed) {
        state->failures++;
        log_err(arena_printf(fiber_arena(), "schedule %s failed", state->schedule->name), err);
    }
    waiter_wake(&state->ended);
}

/* The first run comes soon after the start, so that a downtime is caught up with. */
static void repeat(void *arg)
{
    ScheduleState *state = arg;
    int64_t pause_ms = MIN(state->schedule->every_ms, 2 * SECOND_MS);
    for (;;) {
        state->next_at = time_now() + pause_ms;
        if (fiber_sleep(pause_ms) != NULL) {
            return;
        }
        state->last_started_at = time_now();
        waiter_init(&state->ended);
        fiber_spawn(state->group, "schedule run", run_once, state);
        if (waiter_wait(&state->ended, deadline_after(RUN_TIMEOUT_MS + MINUTE_MS)) != NULL) {
            return;
        }
        state->last_ended_at = time_now();
        state->runs++;
        pause_ms = state->schedule->every_ms;
    }
}

static size_t count_schedules(const Schedule *schedules)
{
    size_t count = 0;
    while (schedules != NULL && schedules[count].name != NULL) {
        count++;
    }
    return count;
}

static void start_table(Scheduler *scheduler, Services *services, const Schedule *schedules)
{
    size_t count = count_schedules(schedules);
    for (size_t i = 0; i < count; i++) {
        ScheduleState *state = &scheduler->states[scheduler->count++];
        *state = (ScheduleState){.schedule = &schedules[i],
                                 .services = services,
                                 .group = &scheduler->group};
        fiber_spawn(&scheduler->group, "schedule", repeat, state);
    }
}

void scheduler_start(Scheduler *scheduler, Arena *arena, Services *services)
{
    size_t count = count_schedules(OWN_SCHEDULES);
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        count += count_schedules((*concept)->schedules);
    }
    fiber_group_init(&scheduler->group);
    scheduler->states = ARENA_ARRAY(arena, ScheduleState, count);
    start_table(scheduler, services, OWN_SCHEDULES);
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        start_table(scheduler, services, (*concept)->schedules);
    }
}

void scheduler_stop(Scheduler *scheduler)
{
    fiber_group_done(&scheduler->group);
}
