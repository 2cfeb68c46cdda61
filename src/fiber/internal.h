/* internal.h - what the files of src/fiber share. Nobody else includes it. */
#pragma once

#include <pthread.h>

#include "base/vec.h"
#include "fiber/context.h"
#include "fiber/fiber.h"

/* Measured: 16 KiB was the deepest of accounts and units on both databases, built without
 * optimisation. The rest is for what was not seen: TLS handshakes of libpq, ICU, deep queries. Only
 * the pages that are touched cost memory. */
#if CONTEXT_ASAN
#define FIBER_STACK_BYTES ((size_t)1024 * 1024)
#else
#define FIBER_STACK_BYTES ((size_t)128 * 1024)
#endif

#define FIBER_SLOW_RUN_US ((int64_t)20 * 1000)

typedef enum FiberState { FIBER_READY, FIBER_RUNNING, FIBER_PARKED, FIBER_ENDED } FiberState;

typedef enum WakeReason { WAKE_SIGNAL, WAKE_TIMEOUT, WAKE_CANCEL } WakeReason;

/* Lies at the top of its own stack's mapping. */
struct Fiber {
    Context context;
    Loop *loop;
    const char *name;
    FiberMain *main;
    void *arg;
    Arena *arena; /* NULL until asked for */
    FiberGroup *group;
    Fiber *group_previous;
    Fiber *group_next;
    Fiber *queue_next; /* in ready, yielded, or the pool */
    FiberState state;
    WakeReason reason; /* why it was made ready */
    bool cancelled;
    bool shielded;
    bool interruptible; /* while parked: does cancellation wake it? */
    Deadline deadline;
    Waiter *waiter; /* while parked */
    Deadline timer_due;
    size_t timer_place; /* index in the loop's heap + 1; 0: not there */
    const char *request_id;
};

typedef struct FiberQueue {
    Fiber *first;
    Fiber *last;
} FiberQueue;

typedef struct Post {
    void (*fn)(void *);
    void *arg;
} Post;

typedef struct PostList {
    Arena *arena;
    VEC(Post) posts;
} PostList;

/* Ended fibers with their stacks, kept for the next ones. */
typedef struct FiberPool {
    Fiber *first;
    size_t count;
    size_t count_low; /* lowest count since the last trim: so many were not needed */
} FiberPool;

struct Loop {
    Arena *arena; /* the loop lives in it */
    const char *name;
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_async_t async;
    uv_timer_t timer; /* for the earliest deadline of the heap */
    uv_timer_t probe;
    bool in_uv; /* inside of uv_run */
    bool stopping;

    Context main; /* of the thread's own stack */
    Fiber *running;
    FiberQueue ready;
    FiberQueue yielded; /* ready after the next poll */
    LoopHook *hooks;

    VEC(Fiber *) timers; /* binary heap by timer_due */
    Deadline timer_armed_for;

    FiberPool pool;
    VEC(Arena *) spare_arenas;
    FdWatcher *spare_watchers;

    pthread_mutex_t post_mutex;
    PostList incoming; /* under post_mutex */
    PostList draining;

    int64_t probe_due_us;
    int64_t lag_window_max_us;
    int probe_count;
    LoopStats stats;
};

/* loop.c */
void loop_make_ready(Loop *loop, Fiber *fiber, WakeReason reason);
void loop_make_yielded(Loop *loop, Fiber *fiber);

/* Runs libuv until group has no members. For code outside of fibers. */
void loop_run_until_empty(Loop *loop, const FiberGroup *group);

/* fiber.c */
void fiber_reap(Fiber *fiber);

/* Parks the running fiber; returns why it was made ready. Yields; no deadline other than due. */
WakeReason fiber_park(Waiter *waiter, Deadline due, bool interruptible);

/* stack.c */
Fiber *fiber_pool_take(Loop *loop);
void fiber_pool_put(Loop *loop, Fiber *fiber);
void fiber_pool_trim(Loop *loop);
void fiber_pool_drop(Loop *loop);
void *fiber_stack_bottom(const Fiber *fiber);

/* timer.c */
void timer_start(Fiber *fiber, Deadline due);
void timer_stop(Fiber *fiber);
void timer_on_uv(uv_timer_t *handle);

/* overflow.c: names the fiber that ran out of its stack before the process dies of it. */
void overflow_report_install(void);
