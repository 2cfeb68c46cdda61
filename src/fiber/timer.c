/* Deadlines of parked fibers: a binary heap, of which one uv_timer_t serves the earliest. The
 * timer is not moved when its fiber was woken in time: it fires in vain once, which costs less
 * than moving it at every wait. */
#include "fiber/internal.h"

static void place(Loop *loop, size_t index, Fiber *fiber)
{
    loop->timers.items[index] = fiber;
    fiber->timer_place = index + 1;
}

static void sift_up(Loop *loop, size_t index, Fiber *fiber)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (loop->timers.items[parent]->timer_due <= fiber->timer_due) {
            break;
        }
        place(loop, index, loop->timers.items[parent]);
        index = parent;
    }
    place(loop, index, fiber);
}

static void sift_down(Loop *loop, size_t index, Fiber *fiber)
{
    size_t count = loop->timers.count;

    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count &&
            loop->timers.items[child + 1]->timer_due < loop->timers.items[child]->timer_due) {
            child++;
        }
        if (fiber->timer_due <= loop->timers.items[child]->timer_due) {
            break;
        }
        place(loop, index, loop->timers.items[child]);
        index = child;
    }
    place(loop, index, fiber);
}

static void arm(Loop *loop)
{
    if (loop->timers.count == 0) {
        return;
    }
    Deadline due = loop->timers.items[0]->timer_due;
    if (due >= loop->timer_armed_for) {
        return;
    }
    loop->timer_armed_for = due;
    uv_update_time(&loop->uv);
    BUG_ON(uv_timer_start(&loop->timer, timer_on_uv, (uint64_t)deadline_left(due), 0) != 0);
}

void timer_start(Fiber *fiber, Deadline due)
{
    Loop *loop = fiber->loop;

    BUG_ON(fiber->timer_place != 0);
    fiber->timer_due = due;
    *vec_push(&loop->timers, loop->arena) = fiber;
    sift_up(loop, loop->timers.count - 1, fiber);
    arm(loop);
}

void timer_stop(Fiber *fiber)
{
    Loop *loop = fiber->loop;

    if (fiber->timer_place == 0) {
        return;
    }
    size_t index = fiber->timer_place - 1;
    Fiber *last = loop->timers.items[--loop->timers.count];
    fiber->timer_place = 0;
    if (last == fiber) {
        return;
    }
    if (index > 0 && loop->timers.items[(index - 1) / 2]->timer_due > last->timer_due) {
        sift_up(loop, index, last);
    } else {
        sift_down(loop, index, last);
    }
}

void timer_on_uv(uv_timer_t *handle)
{
    Loop *loop = handle->data;
    Deadline now = time_monotonic();

    loop->timer_armed_for = DEADLINE_NEVER;
    while (loop->timers.count > 0 && loop->timers.items[0]->timer_due <= now) {
        Fiber *fiber = loop->timers.items[0];
        timer_stop(fiber);
        loop_make_ready(loop, fiber, WAKE_TIMEOUT);
    }
    arm(loop);
}
