/* The loop: sockets, posts, turns, stacks. */
#include "fiber/fiber_test_support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
        fiber_test_yield_once();
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
