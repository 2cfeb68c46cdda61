/* app_internal.h - the parts of a process's life: its main loop, and the other ones. */
#pragma once

#include <uv.h>

#include "app/app.h"
#include "app/schedule.h"
#include "fiber/fiber.h"
#include "http/http.h"

#define LOOPS_MAX 256
#define DRAIN_MS (20 * SECOND_MS)

typedef struct App App;

/* A loop and its thread; the first one is the main thread's. */
typedef struct AppLoop {
    App *app;
    Arena *arena; /* outlives the loop's fibers: for its error */
    Loop *loop;
    uv_thread_t thread;
    bool stop_asked;
    Waiter stop; /* on its own loop */
    Err *err;    /* why it could not serve */
} AppLoop;

struct App {
    AppCore *core;
    const AppOptions *options;
    HttpServer *http; /* NULL: this process has none */
    Scheduler scheduler;
    AppLoop loops[LOOPS_MAX];
    Loop *loop_pointers[LOOPS_MAX];
    size_t loop_count;
    size_t threads_started;
    size_t threads_ready; /* serve, or failed to; these two are counted on the main loop */
    size_t threads_ended;
    Waiter progress; /* of the main fiber: something it waits for changed */
    uv_signal_t signals[3];
    size_t signal_count;
    uv_timer_t watchdog; /* tells systemd that the main loop turns */
};

/* Runs fn(arg) in a fiber on the loop of self, which is the calling thread's, until loop_stop. */
void app_run_fiber(AppLoop *self, const char *name, FiberMain *fn, void *arg);

/* Asks a loop's fiber to stop: posted to that loop. */
void app_ask_to_stop(void *app_loop);

/* Waits without a deadline: for our own signal, which comes at the end of the process at the
 * latest. Yields. */
void app_wait_until(Waiter *waiter, const bool *condition);

/* Frees what the concepts keep per thread. */
void app_leave_thread(const App *app);

/* Starts the loops beside the main one, and waits until each serves. Yields. Fails as they do. */
YIELDS Err *app_start_loops(App *app);

/* Asks them to end, and later waits until they have. Both yield. */
void app_stop_loops(App *app);
void app_join_loops(App *app);
