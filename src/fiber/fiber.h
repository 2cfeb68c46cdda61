/* fiber.h - straight-line code on a libuv loop.
 *
 * A fiber is a small stack that runs until it waits. Each thread has at most one Loop, and a fiber
 * stays on its thread. Every wait has a deadline, can be cancelled, and returns Err *.
 *
 * Rules: never free a suspended fiber, cancel it and let it unwind; callbacks of libraries only
 * record, wake or spawn; after a wait read shared state anew. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "base/time.h"

typedef struct Loop Loop;
typedef struct Fiber Fiber;

/* ---- Loops ---- */

typedef struct LoopStats {
    int64_t fibers_running;    /* alive now, on this loop */
    int64_t fibers_high_water; /* most at once */
    int64_t fibers_started;
    int64_t stack_high_water_bytes; /* deepest stack seen, in pages: of all stacks with
                                     * VOMS_FIBER_CHECK_STACKS, else of those unmapped so far */
    int64_t slow_runs;              /* runs of 20 ms or more without waiting */
    int64_t lag_us;                 /* how late the last probe timer fired */
    int64_t lag_max_us;             /* worst of the last one to two minutes */
} LoopStats;

/* Makes the calling thread's loop. One per thread. */
Loop *loop_new(const char *name);

/* The calling thread's loop, or NULL. */
Loop *loop_current(void);
uv_loop_t *loop_uv(Loop *loop);

/* Runs until loop_stop and all fibers have ended. */
void loop_run(Loop *loop);

/* Asks the loop to end; callable from its own thread. loop_run returns when the last fiber ended.
 */
void loop_stop(Loop *loop);

/* Runs fn(arg) on the loop's thread soon. The only call that is safe from other threads. */
void loop_post(Loop *loop, void (*fn)(void *), void *arg);

/* A duty that is done once per turn of the loop, after the ready fibers ran and before libuv polls:
 * sending what they queued, with one write for all of them. In the caller's storage. */
typedef struct LoopHook {
    bool (*fn)(void *arg); /* returns whether it did anything; may make fibers ready, not wait */
    void *arg;
    struct LoopHook *next;
} LoopHook;

/* Adds and removes a hook; removing one that was not added does nothing. */
void loop_hook_add(Loop *loop, LoopHook *hook);
void loop_hook_remove(Loop *loop, LoopHook *hook);

/* Proves that no fiber, hook and handle is left (BUG_ON otherwise), and releases the loop. */
void loop_free(Loop *loop);

/* The counters so far. On the loop's own thread. */
LoopStats loop_stats(const Loop *loop);

/* ---- Fibers and groups ---- */

typedef void FiberMain(void *arg);

/* Fibers that are started and ended together. In the caller's storage. */
typedef struct FiberGroup {
    Loop *loop;
    Fiber *first; /* members, linked inside Fiber */
    size_t count;
    bool cancelled;
    struct Waiter *joiner;
} FiberGroup;

/* Makes an empty group on the calling thread's loop. */
void fiber_group_init(FiberGroup *group);

/* Starts fn(arg) in a fiber of the group, named for logs (name must be static). It runs when the
 * current code waits or returns to the loop. The fiber gets an arena of its own, freed at its end.
 */
Fiber *fiber_spawn(FiberGroup *group, const char *name, FiberMain *fn, void *arg);

/* Like fiber_spawn, but outside of a fiber it runs fn at once, until its first wait. The fiber may
 * have ended when this returns: use the result only to compare it. */
Fiber *fiber_spawn_now(FiberGroup *group, const char *name, FiberMain *fn, void *arg);

/* Cancels every member: its present or next wait fails with ERR_CANCELLED. */
void fiber_group_cancel(FiberGroup *group);

/* Waits until all members have ended. Yields; may not fail, so that cleanups may rely on it: it
 * ignores cancellation of the caller. Outside of a fiber it runs the loop. */
void fiber_group_join(FiberGroup *group);

/* Cancels and joins. For CLEANUP(fiber_group_done). */
void fiber_group_done(FiberGroup *group);

/* The running fiber, or NULL. */
Fiber *fiber_current(void);
const char *fiber_name(const Fiber *fiber);

/* The running fiber's arena, reset at its end. */
Arena *fiber_arena(void);

/* Cancels one fiber. */
void fiber_cancel(Fiber *fiber);
bool fiber_is_cancelled(void);

/* Sets the deadline that bounds every wait of the running fiber, in addition to the wait's own;
 * returns the previous one. */
Deadline fiber_set_deadline(Deadline deadline);
Deadline fiber_deadline(void);

/* While on, the running fiber's waits ignore its cancellation and fiber deadline (but keep their
 * own): for the short work that must finish, such as a rollback. Returns the previous setting. */
bool fiber_shield(bool on);

/* ---- Waiting ---- */

/* One fiber waits here until somebody wakes it. In the caller's storage, usually the stack. */
typedef struct Waiter {
    Fiber *fiber;
    bool woken;
} Waiter;

/* For the running fiber. */
void waiter_init(Waiter *waiter);

/* Parks the running fiber until waiter_wake. Yields. Fails with ERR_TIMEOUT at the deadline and
 * with ERR_CANCELLED when cancelled; a wake that came first wins. */
YIELDS Err *waiter_wait(Waiter *waiter, Deadline deadline);

/* Parks the running fiber until waiter_wake or until time, whichever comes first: for a fiber that
 * has something to do in any case. Yields. Fails like waiter_wait, but never for time itself. */
YIELDS Err *waiter_wait_until(Waiter *waiter, Deadline time);

/* Wakes; idempotent; on the loop's own thread. */
void waiter_wake(Waiter *waiter);

/* Lets other fibers and the loop run once. Yields. */
YIELDS Err *fiber_yield(void);

/* Yields for duration_ms. */
YIELDS Err *fiber_sleep(int64_t duration_ms);

/* ---- Mutex, semaphore, channel: between fibers of one loop ---- */

typedef struct WaitNode {
    Waiter waiter;
    struct WaitNode *previous;
    struct WaitNode *next;
} WaitNode;

typedef struct WaitQueue {
    WaitNode *first;
    WaitNode *last;
    size_t count;
} WaitQueue;

/* A counting semaphore, first come first served; with one permit a mutex. */
typedef struct FiberSemaphore {
    int permits;
    int waiting_max; /* more waiters than this fail at once with ERR_UNAVAILABLE; 0: no bound */
    WaitQueue queue;
} FiberSemaphore;

/* Makes a semaphore with that many permits to take. */
void fiber_semaphore_init(FiberSemaphore *semaphore, int permits, int waiting_max);

/* Takes a permit. Yields. Fails as waiter_wait does, and with ERR_UNAVAILABLE ("overloaded") when
 * waiting_max fibers wait already. */
YIELDS Err *fiber_semaphore_acquire(FiberSemaphore *semaphore, Deadline deadline);
void fiber_semaphore_release(FiberSemaphore *semaphore);

/* A bounded queue of pointers. */
typedef struct Channel {
    Arena *arena;
    void **items; /* a ring of capacity; count of them from first on */
    size_t capacity;
    size_t first;
    size_t count;
    bool closed;
    WaitQueue senders;
    WaitQueue receivers;
} Channel;

/* Makes a channel of at most capacity items, and releases it; nobody may wait on it any more then.
 */
void channel_init(Channel *channel, size_t capacity);
void channel_done(Channel *channel);

/* Yields while full. Fails with ERR_UNAVAILABLE ("channel_closed") when closed. */
YIELDS Err *channel_send(Channel *channel, void *item, Deadline deadline);
bool channel_try_send(Channel *channel, void *item);

/* Yields while empty. *ret_item is NULL when the channel is closed and drained. */
YIELDS Err *channel_receive(Channel *channel, void **ret_item, Deadline deadline);
void channel_close(Channel *channel);

/* ---- The thread pool ---- */

/* Runs fn(arg) in libuv's thread pool and parks the fiber until it ends. fn must not touch the ctx,
 * an arena of the loop, or fibers. Yields. On cancellation or deadline the call still waits for fn
 * to end (fn uses memory of the caller), then returns the error. */
YIELDS Err *offload(void (*fn)(void *arg), void *arg);

/* Jobs in the pool, and waiting for it, in this process. */
int64_t offload_pending(void);

/* ---- Sockets ---- */

/* Waits until fd is readable and/or writable (UV_READABLE | UV_WRITABLE). Yields. After an error on
 * the socket all wanted events are reported. For a socket that is used more than once a watcher is
 * cheaper. ret_events may be NULL. */
YIELDS Err *fiber_wait_fd(int fd, int uv_events, Deadline deadline, int *ret_events);

/* A socket that is waited for again and again: as long as the waited-for events stay the same and
 * the fiber reads all there is before it waits anew, a wait costs no system call. */
typedef struct FdWatcher FdWatcher;

/* Makes a watcher of a non-blocking socket; one per socket. NULL if the kernel cannot watch it. */
FdWatcher *fd_watcher_new(int fd);

/* Ends the watching at once; nobody may wait on it. The socket may be closed afterwards, and not
 * before. NULL is accepted. */
void fd_watcher_free(FdWatcher *watcher);

/* As fiber_wait_fd. Several fibers may wait at once. Yields. */
YIELDS Err *fd_watcher_wait(FdWatcher *watcher, int uv_events, Deadline deadline, int *ret_events);
