/* The scheduler: libuv's callbacks make fibers ready, and ready fibers run before and after each
 * poll of libuv. */
#include <stdio.h>

#include "base/log.h"
#include "fiber/internal.h"

enum {
    RUNS_PER_TURN = 4096, /* then libuv polls, so that fibers which wake each other starve no one */
    PROBE_INTERVAL_MS = 500,
    PROBES_PER_WINDOW = 120 /* lag_max_us covers one to two windows of a minute */
};

static _Thread_local Loop *current_loop = NULL;

Loop *loop_current(void)
{
    return current_loop;
}

uv_loop_t *loop_uv(Loop *loop)
{
    return &loop->uv;
}

LoopStats loop_stats(const Loop *loop)
{
    return loop->stats;
}

/* ---- Queues ---- */

static void queue_push(FiberQueue *queue, Fiber *fiber)
{
    fiber->queue_next = NULL;
    if (queue->last == NULL) {
        queue->first = fiber;
    } else {
        queue->last->queue_next = fiber;
    }
    queue->last = fiber;
}

static Fiber *queue_pop(FiberQueue *queue)
{
    Fiber *fiber = queue->first;

    if (fiber != NULL) {
        queue->first = fiber->queue_next;
        if (queue->first == NULL) {
            queue->last = NULL;
        }
    }
    return fiber;
}

void loop_make_ready(Loop *loop, Fiber *fiber, WakeReason reason)
{
    fiber->state = FIBER_READY;
    fiber->reason = reason;
    queue_push(&loop->ready, fiber);
}

void loop_make_yielded(Loop *loop, Fiber *fiber)
{
    fiber->state = FIBER_READY;
    fiber->reason = WAKE_SIGNAL;
    queue_push(&loop->yielded, fiber);
}

/* ---- Running ---- */

static void report_slow_run(Loop *loop, const Fiber *fiber, int64_t duration_us)
{
    const char *request_id = log_request_id();

    loop->stats.slow_runs++;
    log_set_request_id(fiber->request_id);
    log_event(LOG_WARN, "a fiber ran long without waiting", LOG_TEXT("fiber", fiber->name),
              LOG_TEXT("loop", loop->name), LOG_INT("duration_ms", duration_us / 1000));
    log_set_request_id(request_id);
}

static void run_fiber(Loop *loop, Fiber *fiber)
{
    const char *request_id = log_request_id();

    BUG_ON(loop->running != NULL);
    loop->running = fiber;
    fiber->state = FIBER_RUNNING;
    log_set_request_id(fiber->request_id);
    context_switch(&loop->main, &fiber->context, /* from_ends= */ false);
    loop->running = NULL;
    fiber->request_id = log_request_id();
    log_set_request_id(request_id);
}

/* Runs one fiber and returns the time after it; the time before it is the caller's, so that each
 * switch reads the clock once. */
static int64_t run_timed(Loop *loop, Fiber *fiber, int64_t start_us)
{
    run_fiber(loop, fiber);
    int64_t end_us = time_monotonic_us();
    if (end_us - start_us >= FIBER_SLOW_RUN_US) {
        report_slow_run(loop, fiber, end_us - start_us);
    }
    if (fiber->state == FIBER_ENDED) {
        fiber_reap(fiber);
    }
    return end_us;
}

static void ignore_idle(uv_idle_t *handle UNUSED)
{
    /* Its being active keeps the poll from blocking. */
}

static bool run_hooks(Loop *loop)
{
    bool did_something = false;

    for (LoopHook *hook = loop->hooks; hook != NULL; hook = hook->next) {
        did_something |= hook->fn(hook->arg);
    }
    return did_something;
}

/* Fibers, then hooks, until nobody has anything to do or the turn is long enough. */
static void run_turn(Loop *loop)
{
    int runs_left = RUNS_PER_TURN;
    bool hooks_busy = true;

    while (runs_left > 0 && (loop->ready.first != NULL || hooks_busy)) {
        int64_t now_us = loop->ready.first == NULL ? 0 : time_monotonic_us();
        for (; runs_left > 0 && loop->ready.first != NULL; runs_left--) {
            now_us = run_timed(loop, queue_pop(&loop->ready), now_us);
        }
        hooks_busy = run_hooks(loop);
        runs_left--;
    }

    bool more = loop->ready.first != NULL || loop->yielded.first != NULL || hooks_busy;
    if (more && !uv_is_active((uv_handle_t *)&loop->idle)) {
        uv_idle_start(&loop->idle, ignore_idle);
    } else if (!more && uv_is_active((uv_handle_t *)&loop->idle)) {
        uv_idle_stop(&loop->idle);
    }
}

static void before_poll(uv_prepare_t *handle)
{
    run_turn(handle->data);
}

static void after_poll(uv_check_t *handle)
{
    Loop *loop = handle->data;

    for (Fiber *fiber = queue_pop(&loop->yielded); fiber != NULL;
         fiber = queue_pop(&loop->yielded)) {
        queue_push(&loop->ready, fiber);
    }
    run_turn(loop);
}

Fiber *fiber_spawn_now(FiberGroup *group, const char *name, FiberMain *fn, void *arg)
{
    Fiber *fiber = fiber_spawn(group, name, fn, arg);
    Loop *loop = group->loop;

    if (loop->running != NULL) {
        return fiber;
    }
    BUG_ON(loop->ready.last != fiber);
    /* It is the last of the queue: everybody before it keeps the turn, it just runs earlier. */
    if (loop->ready.first == fiber) {
        loop->ready = (FiberQueue){};
    } else {
        Fiber *before = loop->ready.first;
        while (before->queue_next != fiber) {
            before = before->queue_next;
        }
        before->queue_next = NULL;
        loop->ready.last = before;
    }
    run_timed(loop, fiber, time_monotonic_us());
    return fiber;
}

/* ---- The lag probe ---- */

static void probe_lag(uv_timer_t *handle)
{
    Loop *loop = handle->data;
    int64_t now_us = time_monotonic_us();

    loop->stats.lag_us = MAX((int64_t)0, now_us - loop->probe_due_us);
    loop->lag_window_max_us = MAX(loop->lag_window_max_us, loop->stats.lag_us);
    loop->stats.lag_max_us = MAX(loop->stats.lag_max_us, loop->stats.lag_us);
    if (++loop->probe_count == PROBES_PER_WINDOW) {
        loop->probe_count = 0;
        loop->stats.lag_max_us = loop->lag_window_max_us;
        loop->lag_window_max_us = 0;
    }
    loop->probe_due_us = now_us + (int64_t)PROBE_INTERVAL_MS * 1000;
    uv_update_time(&loop->uv);
    uv_timer_start(handle, probe_lag, PROBE_INTERVAL_MS, 0);
    fiber_pool_trim(loop);
}

/* ---- Posts from other threads ---- */

static void drain_posts(uv_async_t *handle)
{
    Loop *loop = handle->data;

    pthread_mutex_lock(&loop->post_mutex);
    PostList posts = loop->incoming;
    loop->incoming = loop->draining;
    pthread_mutex_unlock(&loop->post_mutex);

    VEC_FOREACH (Post, post, &posts.posts) {
        post->fn(post->arg);
    }
    arena_reset(posts.arena);
    loop->draining = (PostList){.arena = posts.arena};
}

void loop_post(Loop *loop, void (*fn)(void *), void *arg)
{
    pthread_mutex_lock(&loop->post_mutex);
    *vec_push(&loop->incoming.posts, loop->incoming.arena) = (Post){.fn = fn, .arg = arg};
    pthread_mutex_unlock(&loop->post_mutex);
    uv_async_send(&loop->async);
}

/* ---- Hooks ---- */

void loop_hook_add(Loop *loop, LoopHook *hook)
{
    hook->next = loop->hooks;
    loop->hooks = hook;
}

void loop_hook_remove(Loop *loop, LoopHook *hook)
{
    LoopHook **link = &loop->hooks;

    while (*link != NULL && *link != hook) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = hook->next;
        hook->next = NULL;
    }
}

/* ---- Life ---- */

static void init_handles(Loop *loop)
{
    BUG_ON(uv_loop_init(&loop->uv) != 0);
    BUG_ON(uv_prepare_init(&loop->uv, &loop->prepare) != 0);
    BUG_ON(uv_check_init(&loop->uv, &loop->check) != 0);
    BUG_ON(uv_idle_init(&loop->uv, &loop->idle) != 0);
    BUG_ON(uv_async_init(&loop->uv, &loop->async, drain_posts) != 0);
    BUG_ON(uv_timer_init(&loop->uv, &loop->timer) != 0);
    BUG_ON(uv_timer_init(&loop->uv, &loop->probe) != 0);
    loop->prepare.data = loop;
    loop->check.data = loop;
    loop->idle.data = loop;
    loop->async.data = loop;
    loop->timer.data = loop;
    loop->probe.data = loop;

    BUG_ON(uv_prepare_start(&loop->prepare, before_poll) != 0);
    BUG_ON(uv_check_start(&loop->check, after_poll) != 0);
    loop->probe_due_us = time_monotonic_us() + (int64_t)PROBE_INTERVAL_MS * 1000;
    BUG_ON(uv_timer_start(&loop->probe, probe_lag, PROBE_INTERVAL_MS, 0) != 0);
}

Loop *loop_new(const char *name)
{
    BUG_ON(current_loop != NULL);
    Arena *arena = arena_new();
    Loop *loop = ARENA_NEW(arena, Loop);

    loop->arena = arena;
    loop->name = arena_strdup(arena, name);
    loop->timer_armed_for = DEADLINE_NEVER;
    loop->incoming.arena = arena_new();
    loop->draining.arena = arena_new();
    BUG_ON(pthread_mutex_init(&loop->post_mutex, NULL) != 0);
    init_handles(loop);
    overflow_report_install();
    current_loop = loop;
    return loop;
}

static void run_uv(Loop *loop, uv_run_mode mode)
{
    BUG_ON(loop->in_uv || loop->running != NULL || loop != current_loop);
    loop->in_uv = true;
    uv_run(&loop->uv, mode);
    loop->in_uv = false;
}

void loop_run(Loop *loop)
{
    while (!loop->stopping || loop->stats.fibers_running > 0) {
        run_uv(loop, UV_RUN_DEFAULT);
    }
}

void loop_stop(Loop *loop)
{
    loop->stopping = true;
    if (loop->stats.fibers_running == 0) {
        uv_stop(&loop->uv);
    }
}

void loop_run_until_empty(Loop *loop, const FiberGroup *group)
{
    while (group->count > 0) {
        run_uv(loop, UV_RUN_ONCE);
    }
}

static bool is_own_handle(const Loop *loop, const uv_handle_t *handle)
{
    const char *address = (const char *)handle;

    return address >= (const char *)loop && address < (const char *)(loop + 1);
}

static void check_handle(uv_handle_t *handle, void *arg)
{
    Loop *loop = arg;

    if (!is_own_handle(loop, handle) && !uv_is_closing(handle)) {
        uv_print_all_handles(&loop->uv, stderr);
        BUG_ON("a handle is left on the loop");
    }
}

static void close_own_handle(uv_handle_t *handle, void *arg)
{
    if (is_own_handle(arg, handle)) {
        uv_close(handle, NULL);
    }
}

void loop_free(Loop *loop)
{
    if (loop == NULL) {
        return;
    }
    BUG_ON(loop != current_loop || loop->in_uv);
    BUG_ON(loop->stats.fibers_running != 0 || loop->timers.count != 0);
    BUG_ON(loop->hooks != NULL);
    uv_walk(&loop->uv, check_handle, loop);
    uv_walk(&loop->uv, close_own_handle, loop);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
        /* Closing handles get their callbacks. */
    }
    BUG_ON(uv_loop_close(&loop->uv) != 0);

    fiber_pool_drop(loop);
    pthread_mutex_destroy(&loop->post_mutex);
    arena_free(loop->incoming.arena);
    arena_free(loop->draining.arena);
    current_loop = NULL;
    arena_free(loop->arena);
}
