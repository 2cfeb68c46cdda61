/* schedule.h - the periodic duties, run in this process. */
#pragma once

#include "app/services.h"
#include "fiber/fiber.h"

typedef struct ScheduleState {
    const Schedule *schedule;
    Services *services;
    FiberGroup *group;
    Waiter ended;           /* of the present run */
    TimeMs last_started_at; /* 0: not yet */
    TimeMs last_ended_at;
    TimeMs next_at;
    int64_t runs;
    int64_t failures;
    bool last_failed;
} ScheduleState;

struct Scheduler {
    FiberGroup group;
    ScheduleState *states;
    size_t count;
};

/* Starts one fiber per schedule of all concepts, on the calling loop. */
void scheduler_start(Scheduler *scheduler, Arena *arena, Services *services);

/* Cancels what runs and joins. Yields. */
void scheduler_stop(Scheduler *scheduler);
