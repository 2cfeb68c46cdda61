#include "fiber/fiber.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/test.h"

/* Every test runs its body as a fiber and ends by proving that the loop is empty. */
typedef void TestBody(FiberGroup *group);

typedef struct TestRun {
    TestBody *body;
    FiberGroup children;
} TestRun;

static void run_body(void *arg)
{
    TestRun *run = arg;

    fiber_group_init(&run->children);
    run->body(&run->children);
    fiber_group_done(&run->children);
}

static void run_test(TestBody *body)
{
    Loop *loop = loop_new("test");
    TestRun run = {.body = body};
    FiberGroup group;

    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_body, &run);
    fiber_group_join(&group);
    loop_free(loop);
}

#define FIBER_TEST(name)                                                                           \
    static void body_##name(FiberGroup *group);                                                    \
    TEST(fiber, name)                                                                              \
    {                                                                                              \
        run_test(body_##name);                                                                     \
    }                                                                                              \
    static void body_##name(FiberGroup *group UNUSED)

static void yield_once(void)
{
    ASSERT_OK(fiber_yield());
}

/* ---- Waiting ---- */

typedef struct WaitRecord {
    Waiter waiter;
    Deadline deadline;
    bool started;
    bool ended;
    bool succeeded;
    ErrKind kind;
} WaitRecord;

static void wait_and_record(void *arg)
{
    WaitRecord *record = arg;

    record->started = true;
    Err *err = waiter_wait(&record->waiter, record->deadline);
    record->ended = true;
    record->succeeded = err == NULL;
    record->kind = err == NULL ? ERR_INTERNAL : err->kind;
}

FIBER_TEST(wake_ends_a_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};

    fiber_spawn(group, "waiter", wait_and_record, &record);
    yield_once();
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
    yield_once();
    for (size_t i = 0; i < COUNT_OF(sleepers); i += 3) {
        fiber_cancel(sleepers[i].fiber);
    }
    fiber_group_join(group);
    for (size_t i = 0; i < COUNT_OF(sleepers); i++) {
        ASSERT(sleepers[i].cancelled == (i % 3 == 0));
    }
}

/* ---- Cancellation ---- */

FIBER_TEST(cancellation_ends_a_present_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", wait_and_record, &record);

    yield_once();
    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(record.ended && record.kind == ERR_CANCELLED);
}

FIBER_TEST(cancellation_fails_the_next_wait)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", wait_and_record, &record);

    fiber_cancel(fiber);
    fiber_group_join(group);
    ASSERT(record.ended && record.kind == ERR_CANCELLED);
}

FIBER_TEST(wake_wins_over_a_later_cancellation)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "waiter", wait_and_record, &record);

    yield_once();
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

    yield_once();
    fiber_cancel(fiber);
    yield_once();
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

    fiber_spawn(group, "early", wait_and_record, &early);
    yield_once();
    fiber_group_cancel(group);
    fiber_spawn(group, "late", wait_and_record, &late);
    fiber_group_join(group);
    ASSERT(early.kind == ERR_CANCELLED && late.kind == ERR_CANCELLED);
}

static void join_inner_group(void *arg)
{
    WaitRecord *record = arg;
    FiberGroup inner;

    fiber_group_init(&inner);
    fiber_spawn(&inner, "inner", wait_and_record, record);
    fiber_group_join(&inner);
    record->started = false;
}

FIBER_TEST(join_ignores_cancellation_of_the_joiner)
{
    WaitRecord record = {.deadline = DEADLINE_NEVER};
    Fiber *fiber = fiber_spawn(group, "joiner", join_inner_group, &record);

    yield_once();
    yield_once();
    fiber_cancel(fiber);
    yield_once();
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
        yield_once();
        ASSERT(log_request_id() == NULL);
    }
    fiber_group_join(group);
}

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
    yield_once();
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
    yield_once();
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
        yield_once();
    }
    ASSERT_OK(fiber_sleep(10)); /* a thread has taken it by now */
    fiber_cancel(fiber);
    yield_once();
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

/* ---- Sockets, posts, the loop ---- */

typedef struct Reader {
    FdWatcher *watcher;
    int fd;
    int rounds;
} Reader;

static void read_rounds(void *arg)
{
    Reader *reader = arg;
    char byte = 0;

    for (int i = 0; i < 20; i++) {
        int events = 0;
        ASSERT_OK(fd_watcher_wait(reader->watcher, UV_READABLE, deadline_after(HOUR_MS), &events));
        ASSERT(events == UV_READABLE);
        ASSERT(read(reader->fd, &byte, 1) == 1);
        reader->rounds++;
    }
}

FIBER_TEST(watcher_serves_many_waits)
{
    int fds[2];
    char byte = 'x';

    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    Reader reader = {.watcher = fd_watcher_new(fds[0]), .fd = fds[0]};
    fiber_spawn(group, "reader", read_rounds, &reader);
    for (int i = 0; i < 20; i++) {
        ASSERT_OK(fiber_wait_fd(fds[1], UV_WRITABLE, deadline_after(HOUR_MS), NULL));
        ASSERT(write(fds[1], &byte, 1) == 1);
        yield_once();
    }
    fiber_group_join(group);
    ASSERT_INT_EQUAL(20, reader.rounds);

    /* Bytes that nobody waits for do not keep the loop spinning, and are found later. */
    ASSERT(write(fds[1], &byte, 1) == 1);
    ASSERT_OK(fiber_sleep(5));
    ASSERT_OK(fd_watcher_wait(reader.watcher, UV_READABLE, deadline_after(HOUR_MS), NULL));
    ASSERT(read(fds[0], &byte, 1) == 1);
    ASSERT_ERR(ERR_TIMEOUT, fd_watcher_wait(reader.watcher, UV_READABLE, deadline_after(5), NULL));
    fd_watcher_free(reader.watcher);
    close(fds[0]);
    close(fds[1]);
}

FIBER_TEST(watcher_reports_a_closed_peer)
{
    int fds[2];

    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    close(fds[1]);
    ASSERT_OK(fiber_wait_fd(fds[0], UV_READABLE, deadline_after(HOUR_MS), NULL));
    close(fds[0]);
}

static void wake_from_post(void *arg)
{
    waiter_wake(arg);
}

typedef struct Poster {
    Loop *loop;
    Waiter waiter;
} Poster;

static void *post_from_thread(void *arg)
{
    Poster *poster = arg;

    loop_post(poster->loop, wake_from_post, &poster->waiter);
    return NULL;
}

FIBER_TEST(post_reaches_the_loop_from_another_thread)
{
    Poster poster = {.loop = loop_current()};
    pthread_t thread;

    ASSERT(pthread_create(&thread, NULL, post_from_thread, &poster) == 0);
    ASSERT_OK(waiter_wait(&poster.waiter, deadline_after(10 * SECOND_MS)));
    pthread_join(thread, NULL);
}

static void stop_loop_after_yields(void *arg)
{
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(fiber_yield());
    }
    loop_stop(arg);
    ASSERT_OK(fiber_sleep(2));
}

TEST(fiber, loop_runs_until_stopped_and_the_last_fiber_ended)
{
    Loop *loop = loop_new("test");
    FiberGroup group;

    fiber_group_init(&group);
    fiber_spawn(&group, "stopper", stop_loop_after_yields, loop);
    loop_run(loop);
    ASSERT_INT_EQUAL(0, group.count);
    ASSERT_INT_EQUAL(1, loop_stats(loop).fibers_started);
    loop_free(loop);
    ASSERT(loop_current() == NULL);
}

FIBER_TEST(waiting_for_the_time_itself_leaves_nothing_in_the_arena)
{
    Waiter waiter;
    waiter_init(&waiter);
    size_t before = arena_used_bytes(fiber_arena());
    for (int i = 0; i < 20; i++) {
        ASSERT_OK(fiber_sleep(1));
        ASSERT_OK(waiter_wait_until(&waiter, deadline_after(1)));
    }
    ASSERT_INT_EQUAL(before, arena_used_bytes(fiber_arena()));

    fiber_set_deadline(deadline_after(2));
    ASSERT_ERR(ERR_TIMEOUT, waiter_wait_until(&waiter, deadline_after(60000)));
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
        yield_once();
    }
    fiber_group_join(group);
}

static void spin(void *arg UNUSED)
{
    int64_t end = time_monotonic() + 25;

    while (time_monotonic() < end) {
        /* Burns the time that a fiber may not burn. */
    }
}

FIBER_TEST(long_run_is_counted)
{
    int64_t before = loop_stats(loop_current()).slow_runs;

    fiber_spawn(group, "spinner", spin, NULL);
    fiber_group_join(group);
    ASSERT_INT_EQUAL(before + 1, loop_stats(loop_current()).slow_runs);
}

typedef struct HookRecord {
    LoopHook hook;
    Waiter waiter;
    bool queued;
    int calls_with_work;
} HookRecord;

static bool send_queued(void *arg)
{
    HookRecord *record = arg;

    if (!record->queued) {
        return false;
    }
    record->queued = false;
    record->calls_with_work++;
    waiter_wake(&record->waiter);
    return true;
}

FIBER_TEST(hook_runs_in_the_turn_that_made_its_work)
{
    HookRecord record = {.hook = {.fn = send_queued, .arg = &record}};

    loop_hook_add(loop_current(), &record.hook);
    for (int i = 0; i < 3; i++) {
        record.queued = true;
        ASSERT_OK(waiter_wait(&record.waiter, deadline_after(HOUR_MS)));
    }
    ASSERT_INT_EQUAL(3, record.calls_with_work);
    loop_hook_remove(loop_current(), &record.hook);
}

/* ---- Stacks ---- */

static int dig(volatile char *above, int depth)
{
    volatile char room[512];

    room[0] = *above;
    if (depth == 0) {
        return room[0];
    }
    return dig(room, depth - 1) + room[0];
}

static void dig_some(void *arg)
{
    volatile char start = 1;

    *(int *)arg = dig(&start, 40);
}

FIBER_TEST(stack_high_water_mark_is_measured)
{
    int result = 0;

    fiber_spawn(group, "digger", dig_some, &result);
    fiber_group_join(group);
#ifdef VOMS_FIBER_CHECK_STACKS
    ASSERT(loop_stats(loop_current()).stack_high_water_bytes >= 40 * 512);
#endif
    ASSERT(result > 0);
}

static void dig_forever(void *arg)
{
    volatile char start = 1;

    *(int *)arg = dig(&start, 1 << 20);
}

static void die_of_deep_stack(void)
{
    int result = 0;
    FiberGroup group;

    close(STDERR_FILENO);
    loop_new("child");
    fiber_group_init(&group);
    fiber_spawn(&group, "digger", dig_forever, &result);
    fiber_group_join(&group);
    _exit(0);
}

TEST(fiber, deep_stack_hits_the_guard_page)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        die_of_deep_stack();
    }
    ASSERT(waitpid(child, &status, 0) == child);
    /* The sanitizers exit with a code of their own. */
    ASSERT((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ||
           (WIFEXITED(status) && WEXITSTATUS(status) != 0));
}

static void leave_a_timer_behind(void)
{
    static uv_timer_t timer;

    close(STDERR_FILENO);
    Loop *loop = loop_new("child");
    uv_timer_init(loop_uv(loop), &timer);
    loop_free(loop);
    _exit(0);
}

TEST(fiber, loop_with_a_forgotten_handle_cannot_be_freed)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        leave_a_timer_behind();
    }
    ASSERT(waitpid(child, &status, 0) == child);
    ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
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
