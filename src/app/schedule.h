/* schedule.h - the periodic duties, run in this process. */
#pragma once

#include "app/services.h"
#include "fiber/fiber.h"

typedef struct ScheduleState {
    const Schedule *schedule;
    Services *services;
    FiberGroup *group;
    Waiter due;            /* ends the pause early */
    Waiter ended;          /* of the present run */
    _Atomic Deadline next; /* run; over while it runs */
    bool running;
    bool last_failed; /* of this process; the table schedule_state has all runs */
} ScheduleState;

struct Scheduler {
    FiberGroup group;
    ScheduleState *states;
    size_t count;
    bool is_started; /* in this process */
};

/* Lists the schedules of all concepts. */
void scheduler_init(Scheduler *scheduler, Arena *arena, Services *services);

/* Starts one fiber for each, on the calling loop. */
void scheduler_start(Scheduler *scheduler);

/* When its next run is due by the present clock, which may have jumped since the last run. From any
 * loop. */
TimeMs schedule_next_at(const ScheduleState *state);

/* Ends the pause of the schedule with this name (NULL: of all), so that it runs at once; false if
 * there is none. From any loop. */
bool scheduler_run_now(Services *services, const char *name);

/* Cancels what runs and joins. Yields. */
void scheduler_stop(Scheduler *scheduler);
