/* Semaphores, channels and the thread pool. */
#include "fiber/fiber_test_support.h"

#include <pthread.h>
#include <string.h>

/* ---- Semaphore and channel ---- */

typedef struct Turn {
    FiberSemaphore *semaphore;
    int id;
    int *order;
    int *count;
    Deadline deadline;
    ErrKind kind;
} Turn;

static void take_turn(void *arg)
{
    Turn *turn = arg;
    Err *err = fiber_semaphore_acquire(turn->semaphore, turn->deadline);

    if (err != NULL) {
        turn->kind = err->kind;
        return;
    }
    turn->order[(*turn->count)++] = turn->id;
    ASSERT_OK(fiber_yield());
    fiber_semaphore_release(turn->semaphore);
}

FIBER_TEST(semaphore_serves_in_order_and_refuses_overload)
{
    FiberSemaphore semaphore;
    Turn turns[6];
    int order[6];
    int count = 0;

    fiber_semaphore_init(&semaphore, 1, /* waiting_max= */ 4);
    for (int i = 0; i < 6; i++) {
        turns[i] = (Turn){&semaphore, i, order, &count, deadline_after(HOUR_MS), ERR_INTERNAL};
        fiber_spawn(group, "turn", take_turn, &turns[i]);
    }
    fiber_group_join(group);
    ASSERT_INT_EQUAL(5, count);
    for (int i = 0; i < 5; i++) {
        ASSERT_INT_EQUAL(i, order[i]);
    }
    ASSERT(turns[5].kind == ERR_UNAVAILABLE);
    ASSERT_INT_EQUAL(1, semaphore.permits);
}

FIBER_TEST(semaphore_loses_no_permit_to_who_gave_up)
{
    FiberSemaphore semaphore;
    int order[3];
    int count = 0;

    fiber_semaphore_init(&semaphore, 0, 0);
    Turn hasty = {&semaphore, 0, order, &count, deadline_after(1), ERR_INTERNAL};
    Turn doomed = {&semaphore, 1, order, &count, DEADLINE_NEVER, ERR_INTERNAL};
    Turn patient = {&semaphore, 2, order, &count, DEADLINE_NEVER, ERR_INTERNAL};
    fiber_spawn(group, "hasty", take_turn, &hasty);
    Fiber *doomed_fiber = fiber_spawn(group, "doomed", take_turn, &doomed);
    fiber_spawn(group, "patient", take_turn, &patient);
    ASSERT_OK(fiber_sleep(10));
    fiber_cancel(doomed_fiber);
    fiber_test_yield_once();
    fiber_semaphore_release(&semaphore);
    fiber_group_join(group);
    ASSERT(hasty.kind == ERR_TIMEOUT && doomed.kind == ERR_CANCELLED);
    ASSERT(count == 1 && order[0] == 2);
    ASSERT_INT_EQUAL(1, semaphore.permits);
}

static void send_numbers(void *arg)
{
    static const char *const items[] = {"1", "2", "3", "4", "5"};
    Channel *channel = arg;

    for (size_t i = 0; i < COUNT_OF(items); i++) {
        ASSERT_OK(channel_send(channel, (void *)(uintptr_t)items[i], DEADLINE_NEVER));
    }
    channel_close(channel);
    ASSERT_ERR(ERR_UNAVAILABLE, channel_send(channel, arg, DEADLINE_NEVER));
}

FIBER_TEST(channel_delivers_in_order_then_ends)
{
    Channel channel;
    char got[8] = "";
    void *item = NULL;

    channel_init(&channel, 2);
    fiber_spawn(group, "sender", send_numbers, &channel);
    for (;;) {
        ASSERT_OK(channel_receive(&channel, &item, deadline_after(HOUR_MS)));
        if (item == NULL) {
            break;
        }
        got[strlen(got)] = *(char *)item;
    }
    ASSERT_STR_EQUAL("12345", got);
    fiber_group_join(group);
    channel_done(&channel);
}

static void receive_until_closed(void *arg)
{
    void *item = arg;

    ASSERT_OK(channel_receive(arg, &item, deadline_after(HOUR_MS)));
    ASSERT(item == NULL);
}

FIBER_TEST(channel_close_wakes_the_receivers)
{
    Channel channel;

    channel_init(&channel, 1);
    fiber_spawn(group, "receiver", receive_until_closed, &channel);
    fiber_spawn(group, "receiver", receive_until_closed, &channel);
    fiber_test_yield_once();
    channel_close(&channel);
    fiber_group_join(group);
    channel_done(&channel);
}

FIBER_TEST(channel_wait_has_a_deadline)
{
    Channel channel;
    void *item = NULL;

    channel_init(&channel, 1);
    ASSERT_ERR(ERR_TIMEOUT, channel_receive(&channel, &item, deadline_after(1)));
    ASSERT(channel_try_send(&channel, group));
    ASSERT(!channel_try_send(&channel, group));
    ASSERT_ERR(ERR_TIMEOUT, channel_send(&channel, group, deadline_after(1)));
    channel_done(&channel);
}

/* ---- Offload ---- */

typedef struct OffloadRecord {
    pthread_t thread;
    pthread_mutex_t gate; /* the job goes on when it gets it */
    bool ran;
    ErrKind kind;
    bool succeeded;
} OffloadRecord;

static void run_in_pool(void *arg)
{
    OffloadRecord *record = arg;

    record->thread = pthread_self();
    pthread_mutex_lock(&record->gate);
    record->ran = true;
    pthread_mutex_unlock(&record->gate);
}

static void offload_and_record(void *arg)
{
    OffloadRecord *record = arg;
    Err *err = offload(run_in_pool, record);

    record->succeeded = err == NULL;
    record->kind = err == NULL ? ERR_INTERNAL : err->kind;
}

FIBER_TEST(offload_runs_in_another_thread)
{
    OffloadRecord record = {.gate = PTHREAD_MUTEX_INITIALIZER};

    ASSERT_OK(offload(run_in_pool, &record));
    ASSERT(record.ran && !pthread_equal(record.thread, pthread_self()));
    ASSERT_INT_EQUAL(0, offload_pending());
}

FIBER_TEST(offload_waits_for_its_end_when_cancelled)
{
    OffloadRecord record = {.gate = PTHREAD_MUTEX_INITIALIZER};

    pthread_mutex_lock(&record.gate);
    Fiber *fiber = fiber_spawn(group, "offload", offload_and_record, &record);
    while (offload_pending() == 0) {
        fiber_test_yield_once();
    }
    ASSERT_OK(fiber_sleep(10)); /* a thread has taken it by now */
    fiber_cancel(fiber);
    fiber_test_yield_once();
    ASSERT_INT_EQUAL(1, group->count);
    pthread_mutex_unlock(&record.gate);
    fiber_group_join(group);
    ASSERT(!record.succeeded && record.kind == ERR_CANCELLED);
}

FIBER_TEST(offload_of_a_cancelled_fiber_need_not_run)
{
    OffloadRecord record = {.gate = PTHREAD_MUTEX_INITIALIZER};
    Fiber *fiber = fiber_spawn(group, "offload", offload_and_record, &record);

    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(!record.succeeded && record.kind == ERR_CANCELLED);
    ASSERT_INT_EQUAL(0, offload_pending());
}
