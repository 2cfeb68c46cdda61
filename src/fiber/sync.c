/* Semaphores and channels. First come, first served: a permit is handed to the longest waiting. */
#include "fiber/internal.h"

static void queue_add(WaitQueue *queue, WaitNode *node)
{
    waiter_init(&node->waiter);
    node->next = NULL;
    node->previous = queue->last;
    if (queue->last == NULL) {
        queue->first = node;
    } else {
        queue->last->next = node;
    }
    queue->last = node;
    queue->count++;
}

static void queue_remove(WaitQueue *queue, WaitNode *node)
{
    if (node->previous == NULL) {
        queue->first = node->next;
    } else {
        node->previous->next = node->next;
    }
    if (node->next == NULL) {
        queue->last = node->previous;
    } else {
        node->next->previous = node->previous;
    }
    queue->count--;
}

/* Wakes the longest waiting; false if there is none. */
static bool queue_wake_first(WaitQueue *queue)
{
    WaitNode *node = queue->first;

    if (node == NULL) {
        return false;
    }
    queue_remove(queue, node);
    waiter_wake(&node->waiter);
    return true;
}

/* Whoever wakes a node has removed it; on failure it is still there. */
YIELDS static Err *queue_wait(WaitQueue *queue, Deadline deadline)
{
    WaitNode node;

    queue_add(queue, &node);
    Err *err = waiter_wait(&node.waiter, deadline);
    if (err != NULL) {
        queue_remove(queue, &node);
    }
    return err;
}

void fiber_semaphore_init(FiberSemaphore *semaphore, int permits, int waiting_max)
{
    *semaphore = (FiberSemaphore){.permits = permits, .waiting_max = waiting_max};
}

YIELDS Err *fiber_semaphore_acquire(FiberSemaphore *semaphore, Deadline deadline)
{
    if (semaphore->permits > 0 && semaphore->queue.count == 0) {
        semaphore->permits--;
        return NULL;
    }
    if (semaphore->waiting_max > 0 && semaphore->queue.count >= (size_t)semaphore->waiting_max) {
        return ERR(fiber_arena(), ERR_UNAVAILABLE, "overloaded", "%d wait already",
                   semaphore->waiting_max);
    }
    return queue_wait(&semaphore->queue, deadline);
}

void fiber_semaphore_release(FiberSemaphore *semaphore)
{
    if (!queue_wake_first(&semaphore->queue)) {
        semaphore->permits++;
    }
}

void channel_init(Channel *channel, size_t capacity)
{
    BUG_ON(capacity == 0);
    Arena *arena = arena_new();

    *channel = (Channel){.arena = arena, .capacity = capacity};
    channel->items = ARENA_ARRAY(arena, void *, capacity);
}

void channel_done(Channel *channel)
{
    BUG_ON(channel->senders.count > 0 || channel->receivers.count > 0);
    arena_free(channel->arena);
    *channel = (Channel){};
}

bool channel_try_send(Channel *channel, void *item)
{
    if (channel->closed || channel->count == channel->capacity) {
        return false;
    }
    channel->items[(channel->first + channel->count) % channel->capacity] = item;
    channel->count++;
    queue_wake_first(&channel->receivers);
    return true;
}

YIELDS Err *channel_send(Channel *channel, void *item, Deadline deadline)
{
    while (!channel->closed) {
        if (channel_try_send(channel, item)) {
            return NULL;
        }
        TRY(queue_wait(&channel->senders, deadline));
    }
    return ERR(fiber_arena(), ERR_UNAVAILABLE, "channel_closed", "the channel is closed");
}

YIELDS Err *channel_receive(Channel *channel, void **ret_item, Deadline deadline)
{
    while (channel->count == 0) {
        if (channel->closed) {
            *ret_item = NULL;
            return NULL;
        }
        TRY(queue_wait(&channel->receivers, deadline));
    }
    *ret_item = channel->items[channel->first];
    channel->first = (channel->first + 1) % channel->capacity;
    channel->count--;
    queue_wake_first(&channel->senders);
    return NULL;
}

void channel_close(Channel *channel)
{
    channel->closed = true;
    while (queue_wake_first(&channel->senders)) {
        /* They find it closed. */
    }
    while (queue_wake_first(&channel->receivers)) {
        /* They drain it, then find it closed. */
    }
}
