/* app_loops.c - the loops beside the main one, each in a thread: they serve HTTP, nothing else. */
#include "app/app_internal.h"

static void note_ready(void *arg)
{
    App *app = arg;
    app->threads_ready++;
    waiter_wake(&app->progress);
}

static void note_ended(void *arg)
{
    App *app = arg;
    app->threads_ended++;
    waiter_wake(&app->progress);
}

void app_ask_to_stop(void *app_loop)
{
    AppLoop *self = app_loop;
    self->stop_asked = true;
    waiter_wake(&self->stop);
}

YIELDS static Err *serve_on_loop(AppLoop *self)
{
    TRY(store_attach(self->app->core->services.store));
    cache_attach(self->app->core->services.cache);
    return http_server_start(self->app->http);
}

void app_wait_until(Waiter *waiter, const bool *condition)
{
    while (!*condition) {
        waiter_init(waiter);
        err_ignore(waiter_wait(waiter, DEADLINE_NEVER), "the condition is looked at anew");
    }
}

void app_leave_thread(const App *app)
{
    for (const Concept *const *concept = app->options->concepts; *concept != NULL; concept ++) {
        if ((*concept)->leave_thread != NULL) {
            (*concept)->leave_thread();
        }
    }
}

static void thread_fiber(void *arg)
{
    AppLoop *self = arg;
    Err *err = serve_on_loop(self);
    self->err = err == NULL ? NULL : err_copy(self->arena, err);
    loop_post(self->app->loops[0].loop, note_ready, self->app);
    app_wait_until(&self->stop, &self->stop_asked);
    http_server_stop(self->app->http, DRAIN_MS);
    app_leave_thread(self->app);
    cache_detach(self->app->core->services.cache);
    store_detach(self->app->core->services.store);
    loop_stop(self->loop);
}

void app_run_fiber(AppLoop *self, const char *name, FiberMain *fn, void *arg)
{
    FiberGroup group;
    fiber_group_init(&group);
    fiber_spawn(&group, name, fn, arg);
    loop_run(self->loop);
    fiber_group_done(&group);
}

static void thread_main(void *arg)
{
    AppLoop *self = arg;
    self->loop = loop_new("worker");
    self->app->loop_pointers[self - self->app->loops] = self->loop;
    app_run_fiber(self, "worker", thread_fiber, self);
    loop_post(self->app->loops[0].loop, note_ended, self->app);
    /* Nobody posts here any more: the main loop counted this one as ended, or is about to. */
    loop_free(self->loop);
}

/* Yields. */
static void wait_for_threads(App *app, const size_t *count)
{
    while (*count < app->threads_started) {
        waiter_init(&app->progress);
        err_ignore(waiter_wait(&app->progress, DEADLINE_NEVER), "they come in any case");
    }
}

YIELDS Err *app_start_loops(App *app)
{
    for (size_t i = 1; i < app->loop_count; i++) {
        if (uv_thread_create(&app->loops[i].thread, thread_main, &app->loops[i]) != 0) {
            return ERR(fiber_arena(), ERR_UNAVAILABLE, "thread_failed", "cannot start a thread");
        }
        app->threads_started++;
    }
    wait_for_threads(app, &app->threads_ready);
    for (size_t i = 1; i < app->loop_count; i++) {
        TRY(app->loops[i].err);
    }
    return NULL;
}

void app_stop_loops(App *app)
{
    wait_for_threads(app, &app->threads_ready);
    for (size_t i = 1; i <= app->threads_started; i++) {
        loop_post(app->loops[i].loop, app_ask_to_stop, &app->loops[i]);
    }
}

void app_join_loops(App *app)
{
    wait_for_threads(app, &app->threads_ended);
    for (size_t i = 1; i <= app->threads_started; i++) {
        uv_thread_join(&app->loops[i].thread);
    }
}
