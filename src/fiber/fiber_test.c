/* Waiting, cancellation, groups, and what a fiber carries with it. */
#include "fiber/fiber_test_support.h"

#include <string.h>

#include "base/log.h"

/* ---- Waiting ---- */

FIBER_TEST(wake_ends_a_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};

    fiber_spawn(group, "waiter", fiber_test_wait, &record);
    fiber_test_yield_once();
    ASSERT(record.started && !record.ended);
    waiter_wake(&record.waiter);
    waiter_wake(&record.waiter);
    fiber_group_join(group);
    ASSERT(record.succeeded);
}

FIBER_TEST(wake_before_the_wait_is_not_lost)
{
    Waiter waiter;

    waiter_init(&waiter);
    waiter_wake(&waiter);
    ASSERT_OK(waiter_wait(&waiter, deadline_after(0)));
    ASSERT_ERR(ERR_TIMEOUT, waiter_wait(&waiter, deadline_after(1)));
}

FIBER_TEST(deadline_ends_a_wait)
{
    Waiter waiter;
    int64_t start = time_monotonic();

    waiter_init(&waiter);
    ASSERT_ERR(ERR_TIMEOUT, waiter_wait(&waiter, deadline_after(20)));
    ASSERT(time_monotonic() - start >= 20);
}

FIBER_TEST(deadline_of_the_fiber_bounds_every_wait)
{
    Waiter waiter;

    waiter_init(&waiter);
    Deadline previous = fiber_set_deadline(deadline_after(5));
    ASSERT(previous == DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, waiter_wait(&waiter, deadline_after(HOUR_MS)));
    ASSERT_ERR(ERR_TIMEOUT, fiber_sleep(HOUR_MS));
    ASSERT_ERR(ERR_TIMEOUT, fiber_yield());
    fiber_set_deadline(previous);
    ASSERT_OK(fiber_sleep(1));
}

typedef struct Sleeper {
    int64_t duration_ms;
    int id;
    int *order;
    int *count;
} Sleeper;

static void sleep_and_append(void *arg)
{
    Sleeper *sleeper = arg;

    ASSERT_OK(fiber_sleep(sleeper->duration_ms));
    sleeper->order[(*sleeper->count)++] = sleeper->id;
}

FIBER_TEST(deadlines_come_in_order)
{
    static const int durations[] = {35, 5, 25, 15, 45};
    int order[COUNT_OF(durations)];
    int count = 0;
    Sleeper sleepers[COUNT_OF(durations)];

    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        sleepers[i] = (Sleeper){durations[i], (int)i, order, &count};
        fiber_spawn(group, "sleeper", sleep_and_append, &sleepers[i]);
    }
    fiber_group_join(group);
    static const int expected[] = {1, 3, 2, 0, 4};
    ASSERT(memcmp(order, expected, sizeof(expected)) == 0);
}

typedef struct RandomSleeper {
    int64_t duration_ms;
    Fiber *fiber;
    bool cancelled;
} RandomSleeper;

static void sleep_randomly(void *arg)
{
    RandomSleeper *sleeper = arg;
    int64_t start = time_monotonic();
    Err *err = fiber_sleep(sleeper->duration_ms);

    sleeper->cancelled = err != NULL;
    ASSERT(sleeper->cancelled || time_monotonic() - start >= sleeper->duration_ms);
    ASSERT(!sleeper->cancelled || err_is(err, ERR_CANCELLED));
}

FIBER_TEST(deadline_heap_survives_cancellations_in_any_order)
{
    static RandomSleeper sleepers[300];
    unsigned seed = 7;

    for (size_t i = 0; i < COUNT_OF(sleepers); i++) {
        seed = seed * 1103515245 + 12345;
        sleepers[i] = (RandomSleeper){.duration_ms = 10 + (seed >> 16) % 30};
        sleepers[i].fiber = fiber_spawn(group, "sleeper", sleep_randomly, &sleepers[i]);
    }
    fiber_test_yield_once();
    for (size_t i = 0; i < COUNT_OF(sleepers); i += 3) {
        fiber_cancel(sleepers[i].fiber);
    }
    fiber_group_join(group);
    for (size_t i = 0; i < COUNT_OF(sleepers); i++) {
        ASSERT(sleepers[i].cancelled == (i % 3 == 0));
    }
}

FIBER_TEST(fibers_that_wake_each_other_starve_no_timer)
{
    Deadline end = deadline_after(20);
    FiberSemaphore turn;

    fiber_semaphore_init(&turn, 1, 0);
    Sleeper sleeper = {5, 1, (int[1]){0}, &(int){0}};
    fiber_spawn(group, "sleeper", sleep_and_append, &sleeper);
    while (*sleeper.count == 0) {
        ASSERT(time_monotonic() < end + SECOND_MS);
        fiber_test_yield_once();
    }
    fiber_group_join(group);
}

/* ---- Cancellation ---- */

FIBER_TEST(cancellation_ends_a_present_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", fiber_test_wait, &record);

    fiber_test_yield_once();
    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(record.ended && record.kind == ERR_CANCELLED);
}

FIBER_TEST(cancellation_fails_the_next_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", fiber_test_wait, &record);

    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(record.ended && record.kind == ERR_CANCELLED);
}

FIBER_TEST(wake_wins_over_a_later_cancellation)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", fiber_test_wait, &record);

    fiber_test_yield_once();
    waiter_wake(&record.waiter);
    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(record.succeeded);
}

static void wait_shielded(void *arg)
{
    WaitRecord *record = arg;

    record->started = true;
    fiber_set_deadline(deadline_after(0));
    bool previous = fiber_shield(true);
    ASSERT(!previous);
    ASSERT_OK(waiter_wait(&record->waiter, deadline_after(HOUR_MS)));
    ASSERT_ERR(ERR_TIMEOUT, waiter_wait(&record->waiter, deadline_after(1)));
    fiber_shield(previous);
    ASSERT(fiber_is_cancelled());
    record->kind = ERR_INTERNAL;
    ASSERT_ERR(ERR_CANCELLED, waiter_wait(&record->waiter, deadline_after(HOUR_MS)));
    record->ended = true;
}

FIBER_TEST(shield_keeps_cancellation_and_deadline_off)
{
    WaitRecord record = {};
    Fiber *fiber = fiber_spawn(group, "shielded", wait_shielded, &record);

    fiber_test_yield_once();
    fiber_cancel(fiber);
    fiber_test_yield_once();
    ASSERT(record.started && !record.ended);
    waiter_wake(&record.waiter);
    fiber_group_join(group);
    ASSERT(record.ended);
}

/* ---- Groups ---- */

static void count_down(void *arg)
{
    int *left = arg;

    ASSERT_OK(fiber_yield());
    (*left)--;
}

FIBER_TEST(join_waits_for_all_members)
{
    int left = 50;

    for (int i = 0; i < 50; i++) {
        fiber_spawn(group, "member", count_down, &left);
    }
    fiber_group_join(group);
    ASSERT_INT_EQUAL(0, left);
    ASSERT_INT_EQUAL(0, group->count);
}

FIBER_TEST(cancelled_group_cancels_those_that_come_later)
{
    WaitRecord early = {.deadline = DEADLINE_NEVER};
    WaitRecord late = {.deadline = DEADLINE_NEVER};

    fiber_spawn(group, "early", fiber_test_wait, &early);
    fiber_test_yield_once();
    fiber_group_cancel(group);
    fiber_spawn(group, "late", fiber_test_wait, &late);
    fiber_group_join(group);
    ASSERT(early.kind == ERR_CANCELLED && late.kind == ERR_CANCELLED);
}

static void join_inner_group(void *arg)
{
    WaitRecord *record = arg;
    FiberGroup inner;

    fiber_group_init(&inner);
    fiber_spawn(&inner, "inner", fiber_test_wait, record);
    fiber_group_join(&inner);
    record->started = false;
}

FIBER_TEST(join_ignores_cancellation_of_the_joiner)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "joiner", join_inner_group, &record);

    fiber_test_yield_once();
    fiber_test_yield_once();
    fiber_cancel(fiber);
    fiber_test_yield_once();
    ASSERT(record.started && !record.ended);
    waiter_wake(&record.waiter);
    fiber_group_join(group);
    ASSERT(record.ended && record.succeeded && !record.started);
}

static void start_now_record(void *arg)
{
    WaitRecord *record = arg;

    record->started = true;
    err_ignore(fiber_yield(), "only the start matters");
    record->ended = true;
}

TEST(fiber, spawn_now_runs_until_the_first_wait)
{
    Loop *loop = loop_new("test");
    WaitRecord first = {};
    WaitRecord second = {};
    FiberGroup group;

    fiber_group_init(&group);
    fiber_spawn(&group, "first", start_now_record, &first);
    fiber_spawn_now(&group, "second", start_now_record, &second);
    ASSERT(second.started && !second.ended && !first.started);
    fiber_group_join(&group);
    ASSERT(first.ended && second.ended);
    loop_free(loop);
}

FIBER_TEST(thousands_of_fibers_share_a_few_stacks)
{
    int left = 0;

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++) {
            left++;
            fiber_spawn(group, "short", count_down, &left);
        }
        fiber_group_join(group);
    }
    ASSERT_INT_EQUAL(0, left);
    ASSERT(loop_stats(loop_current()).fibers_high_water <= 101);
}

/* ---- Arena and request id ---- */

static void note_disposal(void *arg)
{
    *(bool *)arg = true;
}

static void use_arena(void *arg)
{
    arena_defer(fiber_arena(), note_disposal, arg);
    ASSERT(fiber_arena() == fiber_arena());
}

FIBER_TEST(arena_ends_with_its_fiber)
{
    bool disposed = false;

    fiber_spawn(group, "arena", use_arena, &disposed);
    fiber_group_join(group);
    ASSERT(disposed);
}

static void carry_request_id(void *arg)
{
    log_set_request_id(arg);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(fiber_yield());
        ASSERT_STR_EQUAL(arg, log_request_id());
    }
}

FIBER_TEST(request_id_follows_its_fiber)
{
    char first[] = "request-a";
    char second[] = "request-b";

    fiber_spawn(group, "a", carry_request_id, first);
    fiber_spawn(group, "b", carry_request_id, second);
    for (int i = 0; i < 4; i++) {
        fiber_test_yield_once();
        ASSERT(log_request_id() == NULL);
    }
    fiber_group_join(group);
}
