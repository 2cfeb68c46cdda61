/* Waiting for sockets. A watcher stays registered with epoll between waits for the same events, so
 * that the usual wait costs no system call; an event that nobody waits for takes it out. */
#include "fiber/internal.h"

typedef struct FdWait {
    Waiter waiter;
    int wanted;
    int got;
    struct FdWait *next;
} FdWait;

struct FdWatcher {
    uv_poll_t poll;
    Loop *loop;
    int armed;     /* events that libuv watches for now */
    FdWait *waits; /* on the stacks of the waiting fibers */
    FdWatcher *next_spare;
};

static int wanted_events(const FdWatcher *watcher)
{
    int events = 0;

    for (const FdWait *wait = watcher->waits; wait != NULL; wait = wait->next) {
        events |= wait->wanted;
    }
    return events;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    FdWatcher *watcher = CONTAINER_OF(poll, FdWatcher, poll);
    bool woke = false;

    for (FdWait *wait = watcher->waits; wait != NULL; wait = wait->next) {
        /* After an error the socket tells more when it is used. */
        int got = status < 0 ? wait->wanted : (wait->wanted & events);
        if (got != 0) {
            wait->got |= got;
            waiter_wake(&wait->waiter);
            woke = true;
        }
    }
    if (!woke) {
        uv_poll_stop(poll);
        watcher->armed = 0;
    }
}

static Err *arm(FdWatcher *watcher, int events)
{
    if (watcher->armed == events) {
        return NULL;
    }
    int result = uv_poll_start(&watcher->poll, events, on_event);
    if (result != 0) {
        return ERR(fiber_arena(), ERR_INTERNAL, "internal", "uv_poll_start: %s",
                   uv_strerror(result));
    }
    watcher->armed = events;
    return NULL;
}

FdWatcher *fd_watcher_new(int fd)
{
    Loop *loop = loop_current();
    FdWatcher *watcher = loop->spare_watchers;

    if (watcher != NULL) {
        loop->spare_watchers = watcher->next_spare;
    } else {
        watcher = ARENA_NEW(loop->arena, FdWatcher);
    }
    *watcher = (FdWatcher){.loop = loop};
    int result = uv_poll_init(&loop->uv, &watcher->poll, fd);
    BUG_ON(result == UV_EEXIST); /* two watchers for one fd */
    if (result != 0) {
        watcher->next_spare = loop->spare_watchers;
        loop->spare_watchers = watcher;
        return NULL;
    }
    return watcher;
}

static void on_closed(uv_handle_t *handle)
{
    FdWatcher *watcher = CONTAINER_OF((uv_poll_t *)handle, FdWatcher, poll);

    watcher->next_spare = watcher->loop->spare_watchers;
    watcher->loop->spare_watchers = watcher;
}

void fd_watcher_free(FdWatcher *watcher)
{
    if (watcher == NULL) {
        return;
    }
    BUG_ON(watcher->waits != NULL);
    uv_close((uv_handle_t *)&watcher->poll, on_closed);
}

static void remove_wait(FdWatcher *watcher, FdWait *wait)
{
    FdWait **link = &watcher->waits;

    while (*link != wait) {
        link = &(*link)->next;
    }
    *link = wait->next;
}

YIELDS Err *fd_watcher_wait(FdWatcher *watcher, int uv_events, Deadline deadline, int *ret_events)
{
    FdWait wait = {.wanted = uv_events};

    TRY(arm(watcher, wanted_events(watcher) | uv_events));
    wait.next = watcher->waits;
    watcher->waits = &wait;
    Err *err = waiter_wait(&wait.waiter, deadline);
    remove_wait(watcher, &wait);
    if (err == NULL && ret_events != NULL) {
        *ret_events = wait.got;
    }
    return err;
}

YIELDS Err *fiber_wait_fd(int fd, int uv_events, Deadline deadline, int *ret_events)
{
    FdWatcher *watcher = fd_watcher_new(fd);

    if (watcher == NULL) {
        return ERR(fiber_arena(), ERR_INTERNAL, "internal", "cannot watch file descriptor %d", fd);
    }
    Err *err = fd_watcher_wait(watcher, uv_events, deadline, ret_events);
    fd_watcher_free(watcher);
    return err;
}
