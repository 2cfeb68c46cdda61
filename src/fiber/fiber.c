/* Fibers, groups, and the one place where a fiber waits. */
#include "fiber/internal.h"

#include "base/log.h"

enum { SPARE_ARENAS_MAX = 512 };

Fiber *fiber_current(void)
{
    Loop *loop = loop_current();

    return loop == NULL ? NULL : loop->running;
}

static Fiber *running(void)
{
    Fiber *fiber = fiber_current();

    BUG_ON(fiber == NULL);
    return fiber;
}

const char *fiber_name(const Fiber *fiber)
{
    return fiber->name;
}

Arena *fiber_arena(void)
{
    Fiber *fiber = running();
    Loop *loop = fiber->loop;

    if (fiber->arena == NULL) {
        fiber->arena = loop->spare_arenas.count == 0
                           ? arena_new()
                           : loop->spare_arenas.items[--loop->spare_arenas.count];
    }
    return fiber->arena;
}

/* ---- Groups ---- */

void fiber_group_init(FiberGroup *group)
{
    *group = (FiberGroup){.loop = loop_current()};
    BUG_ON(group->loop == NULL);
}

static void group_add(FiberGroup *group, Fiber *fiber)
{
    fiber->group = group;
    fiber->group_next = group->first;
    if (group->first != NULL) {
        group->first->group_previous = fiber;
    }
    group->first = fiber;
    group->count++;
}

static void group_remove(Fiber *fiber)
{
    FiberGroup *group = fiber->group;

    if (fiber->group_previous == NULL) {
        group->first = fiber->group_next;
    } else {
        fiber->group_previous->group_next = fiber->group_next;
    }
    if (fiber->group_next != NULL) {
        fiber->group_next->group_previous = fiber->group_previous;
    }
    group->count--;
    if (group->count == 0 && group->joiner != NULL) {
        waiter_wake(group->joiner);
    }
}

void fiber_group_cancel(FiberGroup *group)
{
    group->cancelled = true;
    for (Fiber *fiber = group->first; fiber != NULL; fiber = fiber->group_next) {
        fiber_cancel(fiber);
    }
}

void fiber_group_join(FiberGroup *group)
{
    if (group->count == 0) {
        return;
    }
    if (fiber_current() == NULL) {
        loop_run_until_empty(group->loop, group);
        return;
    }
    BUG_ON(group->joiner != NULL || fiber_current()->group == group);

    Waiter waiter;
    waiter_init(&waiter);
    group->joiner = &waiter;
    while (group->count > 0) {
        fiber_park(&waiter, DEADLINE_NEVER, /* interruptible= */ false);
        waiter.woken = false;
    }
    group->joiner = NULL;
}

void fiber_group_done(FiberGroup *group)
{
    if (group->loop == NULL) {
        return;
    }
    fiber_group_cancel(group);
    fiber_group_join(group);
}

/* ---- Life ---- */

static void fiber_entry(void)
{
    Fiber *fiber = loop_current()->running;
    Loop *loop = fiber->loop;

    context_entered(&loop->main);
    fiber->main(fiber->arg);
    log_set_request_id(NULL);
    fiber->state = FIBER_ENDED;
    context_switch(&fiber->context, &loop->main, /* from_ends= */ true);
    BUG_ON("an ended fiber was resumed");
}

Fiber *fiber_spawn(FiberGroup *group, const char *name, FiberMain *fn, void *arg)
{
    Loop *loop = group->loop;
    Fiber *fiber = fiber_pool_take(loop);

    BUG_ON(loop != loop_current() || fiber == NULL);
    *fiber = (Fiber){
        .loop = loop,
        .name = name,
        .main = fn,
        .arg = arg,
        .deadline = DEADLINE_NEVER,
        .cancelled = group->cancelled,
    };
    char *bottom = fiber_stack_bottom(fiber);
    context_init(&fiber->context, bottom, (size_t)((char *)fiber - bottom), fiber_entry);
    group_add(group, fiber);

    LoopStats *stats = &loop->stats;
    stats->fibers_started++;
    stats->fibers_running++;
    stats->fibers_high_water = MAX(stats->fibers_high_water, stats->fibers_running);
    loop_make_ready(loop, fiber, WAKE_SIGNAL);
    return fiber;
}

static void give_arena_back(Loop *loop, Arena *arena)
{
    if (arena == NULL) {
        return;
    }
    if (loop->spare_arenas.count >= SPARE_ARENAS_MAX) {
        arena_free(arena);
        return;
    }
    arena_reset(arena);
    *vec_push(&loop->spare_arenas, loop->arena) = arena;
}

void fiber_reap(Fiber *fiber)
{
    Loop *loop = fiber->loop;

    give_arena_back(loop, fiber->arena);
    group_remove(fiber);
    fiber_pool_put(loop, fiber);
    loop->stats.fibers_running--;
    if (loop->stopping && loop->stats.fibers_running == 0) {
        uv_stop(&loop->uv);
    }
}

void fiber_cancel(Fiber *fiber)
{
    fiber->cancelled = true;
    if (fiber->state == FIBER_PARKED && fiber->interruptible) {
        timer_stop(fiber);
        loop_make_ready(fiber->loop, fiber, WAKE_CANCEL);
    }
}

bool fiber_is_cancelled(void)
{
    return running()->cancelled;
}

Deadline fiber_set_deadline(Deadline deadline)
{
    Fiber *fiber = running();
    Deadline previous = fiber->deadline;

    fiber->deadline = deadline;
    return previous;
}

Deadline fiber_deadline(void)
{
    return running()->deadline;
}

bool fiber_shield(bool on)
{
    Fiber *fiber = running();
    bool previous = fiber->shielded;

    fiber->shielded = on;
    return previous;
}

/* ---- Waiting ---- */

void waiter_init(Waiter *waiter)
{
    *waiter = (Waiter){};
}

void waiter_wake(Waiter *waiter)
{
    Fiber *fiber = waiter->fiber;

    waiter->woken = true;
    if (fiber != NULL && fiber->state == FIBER_PARKED) {
        BUG_ON(fiber->waiter != waiter || fiber->loop != loop_current());
        timer_stop(fiber);
        loop_make_ready(fiber->loop, fiber, WAKE_SIGNAL);
    }
}

WakeReason fiber_park(Waiter *waiter, Deadline due, bool interruptible)
{
    Fiber *fiber = running();

    waiter->fiber = fiber;
    fiber->waiter = waiter;
    fiber->state = FIBER_PARKED;
    fiber->interruptible = interruptible;
    if (due != DEADLINE_NEVER) {
        timer_start(fiber, due);
    }
    context_switch(&fiber->context, &fiber->loop->main, /* from_ends= */ false);
    fiber->waiter = NULL;
    waiter->fiber = NULL;
    return fiber->reason;
}

static Err *wait_error(const Fiber *fiber, WakeReason reason)
{
    if (reason == WAKE_CANCEL) {
        return ERR(fiber_arena(), ERR_CANCELLED, "cancelled", "%s was cancelled", fiber->name);
    }
    return ERR(fiber_arena(), ERR_TIMEOUT, "timeout", "%s waited until its deadline", fiber->name);
}

/* Waits without making an error of what may be the expected end: fibers that live as long as the
 * process wait thousands of times a day, and their arena with them. */
static WakeReason wait_for(Waiter *waiter, Deadline due)
{
    Fiber *fiber = running();
    WakeReason reason = WAKE_SIGNAL;

    if (!waiter->woken) {
        if (fiber->cancelled && !fiber->shielded) {
            return WAKE_CANCEL;
        }
        if (due <= time_monotonic()) {
            return WAKE_TIMEOUT;
        }
        reason = fiber_park(waiter, due, /* interruptible= */ !fiber->shielded);
    }
    /* A wake that came while the fiber was on its way out for another reason counts: what was
     * handed over with it must not be lost. */
    if (waiter->woken) {
        waiter->woken = false;
        return WAKE_SIGNAL;
    }
    return reason;
}

static Deadline bounded(const Fiber *fiber, Deadline deadline)
{
    return fiber->shielded ? deadline : MIN(deadline, fiber->deadline);
}

YIELDS Err *waiter_wait(Waiter *waiter, Deadline deadline)
{
    Fiber *fiber = running();
    WakeReason reason = wait_for(waiter, bounded(fiber, deadline));

    return reason == WAKE_SIGNAL ? NULL : wait_error(fiber, reason);
}

YIELDS Err *fiber_yield(void)
{
    Fiber *fiber = running();

    if (fiber->cancelled && !fiber->shielded) {
        return wait_error(fiber, WAKE_CANCEL);
    }
    if (!fiber->shielded && fiber->deadline <= time_monotonic()) {
        return wait_error(fiber, WAKE_TIMEOUT);
    }
    loop_make_yielded(fiber->loop, fiber);
    context_switch(&fiber->context, &fiber->loop->main, /* from_ends= */ false);
    return NULL;
}

YIELDS Err *fiber_sleep(int64_t duration_ms)
{
    Waiter nobody_wakes;

    waiter_init(&nobody_wakes);
    return waiter_wait_until(&nobody_wakes, deadline_after(duration_ms));
}

YIELDS Err *waiter_wait_until(Waiter *waiter, Deadline time)
{
    Fiber *fiber = running();
    Deadline due = bounded(fiber, time);
    WakeReason reason = wait_for(waiter, due);

    if (reason == WAKE_SIGNAL || (reason == WAKE_TIMEOUT && due == time)) {
        return NULL;
    }
    return wait_error(fiber, reason);
}
