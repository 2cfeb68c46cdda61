/* app.c - the life of a server or worker, top to bottom: open, migrate, start, serve, stop. */
#include "app/app_internal.h"

#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "app/demo.h"
#include "app/dispatch.h"
#include "app/measure.h"
#include "app/schedule.h"
#include "app/test_clock.h"
#include "base/log.h"
#include "base/str.h"

#define DATABASE_PATIENCE_MS (60 * SECOND_MS)

/* ---- Migrations: no process starts on a schema that it does not know ---- */

static void log_migrations(const MigrationReport *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (report->migrations[i].from_newer_version) {
            log_event(LOG_WARN, "schema is newer than this program",
                      LOG_INT("id", report->migrations[i].id),
                      LOG_TEXT("name", report->migrations[i].name));
        }
    }
    log_event(LOG_INFO, "schema is up to date", LOG_INT("migrations", (int64_t)report->count),
              LOG_INT("applied_now", (int64_t)report->applied_now));
}

/* A database that is away may be starting: it is asked again for a minute, and each failure is
 * logged. */
static Err *migrate(AppCore *core)
{
    MigrationReport *report = ARENA_NEW(core->arena, MigrationReport);
    Deadline patience = deadline_after(DATABASE_PATIENCE_MS);
    bool is_worker = (core->services.duties & DUTY_SCHEMA) == 0;
    for (;;) {
        Err *err = store_migrate(core->arena, &core->store_options, core->migrations_dir,
                                 /* dry_run= */ is_worker, report);
        if (err == NULL && report->pending > 0) {
            err = ERR(core->arena, ERR_UNAVAILABLE, "schema_old",
                      "%zu migrations are not applied; the server applies them when it starts",
                      report->pending);
        }
        if (err == NULL) {
            break;
        }
        if (err->kind != ERR_UNAVAILABLE || deadline_left(patience) == 0) {
            return err;
        }
        log_event(LOG_WARN, "the database is not ready; trying again in 2 s",
                  LOG_TEXT("error", err_text(core->arena, err)),
                  LOG_INT("giving_up_in_s", deadline_left(patience) / SECOND_MS));
        sleep(2);
    }
    log_migrations(report);
    core->services.migrations = report;
    return NULL;
}

/* ---- The main loop: start ---- */

static bool has(const App *app, unsigned duties)
{
    return (app->core->services.duties & duties) != 0;
}

YIELDS static Err *start_concepts(App *app)
{
    Services *services = &app->core->services;
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        if ((*concept)->start != NULL) {
            TRY((*concept)->start(ctx_new_system(services)));
        }
    }
    return app->options->demo ? demo_fill(services) : NULL;
}

YIELDS static Err *start_bus(App *app)
{
    Services *services = &app->core->services;
    BusOptions options = app->core->bus_options;
    options.run = dispatch_message;
    options.owner = services;
    options.no_relay = !has(app, DUTY_RELAY);
    options.no_handlers = !has(app, DUTY_CONSUME);
    TRY(bus_open(app->core->arena, &options, &services->bus));
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        if ((*concept)->subscriptions != NULL) {
            bus_subscribe(services->bus, (*concept)->subscriptions);
        }
    }
    return has(app, DUTY_RELAY | DUTY_CONSUME) ? bus_start(services->bus) : NULL;
}

static const Route *const *collect_routes(Arena *arena, const Concept *const *concepts)
{
    size_t count = 0;
    while (concepts[count] != NULL) {
        count++;
    }
    const Route **tables = ARENA_ARRAY(arena, const Route *, count + 1);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (concepts[i]->routes != NULL) {
            tables[used++] = concepts[i]->routes;
        }
    }
    return tables;
}

static Err *start_http(App *app)
{
    const Config *config = app->core->config;
    Arena *arena = app->core->arena;
    HttpServerOptions options = {
        .host = config->server.host,
        .port = (int)config->server.port,
        .trusted_proxies = config->server.trusted_proxies,
        .cors_origins = config->server.cors_origins[0] == NULL ? NULL : config->server.cors_origins,
        .web_root = config->web.root,
        .temp_dir = app->core->services.data_dir,
        .routes = collect_routes(arena, app->options->concepts),
        .dispatch = dispatch_request,
        .owner = &app->core->services,
    };
    TRY(http_server_new(arena, &options, &app->http));
    return http_server_start(app->http);
}

YIELDS static Err *start(App *app)
{
    TRY(store_attach(app->core->services.store));
    TRY(start_concepts(app));
    /* They said what they listen for. */
    cache_attach(app->core->services.cache);
    TRY(start_bus(app));
    measure_register(&app->core->services);
    /* Before the first request: its pages show the schedules. */
    if (has(app, DUTY_SCHEDULE)) {
        scheduler_start(&app->scheduler);
    }
    if (has(app, DUTY_HTTP)) {
        TRY(start_http(app));
        TRY(app_start_loops(app));
    }
    return NULL;
}

/* ---- The main loop: serve and stop ---- */

static void announce_address(const App *app)
{
    const Config *config = app->core->config;
    const char *host =
        str_equal(config->server.host, "0.0.0.0") ? "localhost" : config->server.host;
    int port = http_server_port(app->http);
    log_event(LOG_INFO, "listening", LOG_TEXT("host", config->server.host), LOG_INT("port", port),
              LOG_INT("loops", (int64_t)app->loop_count), LOG_TEXT("version", VOMS_VERSION));
    printf("VOMS %s: http://%s:%d/admin/\n", VOMS_VERSION, host, port);
    if (http_server_has_portal(app->http)) {
        printf("Portal for volunteers: http://%s:%d/\n", host, port);
    }
    if (app->options->demo) {
        demo_print_logins(&app->core->services);
    } else if (config->super_admin.password_generated && app->core->services.super_admin_created) {
        printf("Administrator: %s\nPassword (shown only now): %s\n", config->super_admin.username,
               config->super_admin.password.reveal);
    }
    (void)fflush(stdout);
}

static void announce(const App *app)
{
    if (has(app, DUTY_HTTP)) {
        announce_address(app);
    } else {
        log_event(LOG_INFO, "working", LOG_TEXT("process", app->core->services.process->name),
                  LOG_TEXT("version", VOMS_VERSION));
    }
    sd_notify(0, "READY=1");
}

static void on_signal(uv_signal_t *handle, int number)
{
    App *app = handle->data;
    if (number == SIGUSR2) {
        test_clock_apply(&app->core->services);
        return;
    }
    log_event(LOG_INFO, "stopping", LOG_INT("signal", number));
    app_ask_to_stop(&app->loops[0]);
}

static void watch_signals(App *app)
{
    static const int NUMBERS[] = {SIGTERM, SIGINT, SIGUSR2};
    size_t count = test_clock_is_on() ? COUNT_OF(NUMBERS) : COUNT_OF(NUMBERS) - 1;
    app->signal_count = count;
    for (size_t i = 0; i < count; i++) {
        app->signals[i].data = app;
        uv_signal_init(loop_uv(app->loops[0].loop), &app->signals[i]);
        uv_signal_start(&app->signals[i], on_signal, NUMBERS[i]);
    }
}

static void unwatch_signals(App *app)
{
    for (size_t i = 0; i < app->signal_count; i++) {
        uv_close((uv_handle_t *)&app->signals[i], NULL);
    }
}

static void tell_watchdog(uv_timer_t *timer UNUSED)
{
    sd_notify(0, "WATCHDOG=1");
}

/* From the main loop, so that systemd ends a process whose loop hangs. */
static void feed_watchdog(App *app)
{
    uint64_t limit_us = 0;
    uv_timer_init(loop_uv(app->loops[0].loop), &app->watchdog);
    if (sd_watchdog_enabled(/* unset_environment= */ 0, &limit_us) > 0) {
        uint64_t pause_ms = limit_us / 2 / 1000;
        uv_timer_start(&app->watchdog, tell_watchdog, pause_ms, pause_ms);
    }
}

static void leave_watchdog(App *app)
{
    uv_close((uv_handle_t *)&app->watchdog, NULL);
}

/* New work first, then what it stands on. */
static void stop(App *app)
{
    sd_notify(0, "STOPPING=1");
    app_stop_loops(app);
    if (app->http != NULL) {
        http_server_stop(app->http, DRAIN_MS);
    }
    if (app->scheduler.is_started) {
        scheduler_stop(&app->scheduler);
    }
    if (app->core->services.bus != NULL) {
        bus_stop(app->core->services.bus, DRAIN_MS);
    }
    app_join_loops(app);
    app_leave_thread(app);
    cache_detach(app->core->services.cache);
    store_detach(app->core->services.store);
}

static void main_fiber(void *arg)
{
    App *app = arg;
    AppLoop *self = &app->loops[0];
    Err *err = start(app);
    if (err == NULL) {
        announce(app);
        app_wait_until(&self->stop, &self->stop_asked);
    } else {
        self->err = err_copy(self->arena, err);
    }
    stop(app);
    unwatch_signals(app);
    leave_watchdog(app);
    loop_stop(self->loop);
}

/* ---- The process ---- */

static void prepare_process(void)
{
    signal(SIGPIPE, SIG_IGN);
    /* Few heaps: the loops' memory is in arenas, and idle memory counts. */
    mallopt(M_ARENA_MAX, 2);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* More than one is for requests; handlers and schedules share the main loop. */
static size_t count_loops(const App *app)
{
    int64_t wanted = has(app, DUTY_HTTP) ? app->core->config->server.threads : 1;
    if (wanted == 0) {
        wanted = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return (size_t)MAX(1, MIN(wanted, LOOPS_MAX));
}

static Err *serve(App *app)
{
    AppCore *core = app->core;
    TRY(migrate(core));
    app->loop_count = count_loops(app);
    for (size_t i = 0; i < app->loop_count; i++) {
        app->loops[i].app = app;
        app->loops[i].arena = arena_new();
        waiter_init(&app->loops[i].stop);
    }
    app->loops[0].loop = loop_new("main");
    app->loop_pointers[0] = app->loops[0].loop;
    core->services.loops = app->loop_pointers;
    core->services.loop_count = app->loop_count;
    core->services.scheduler = &app->scheduler;
    scheduler_init(&app->scheduler, core->arena, &core->services);
    watch_signals(app);
    feed_watchdog(app);
    app_run_fiber(&app->loops[0], "main", main_fiber, app);
    http_server_free(app->http);
    bus_close(core->services.bus);
    loop_free(app->loops[0].loop);
    Err *err = app->loops[0].err == NULL ? NULL : err_copy(core->arena, app->loops[0].err);
    for (size_t i = 0; i < app->loop_count; i++) {
        arena_free(app->loops[i].arena);
    }
    return err;
}

int app_serve(const AppOptions *options)
{
    int exit_code = APP_EXIT_OK;
    prepare_process();
    AppCore *core = app_core_open(options, &exit_code);
    if (core == NULL) {
        return exit_code;
    }
    if (options->demo && core->config->super_admin.password_generated) {
        core->config->super_admin.password.reveal = DEMO_PASSWORD;
    }
    App *app = ARENA_NEW(core->arena, App);
    app->core = core;
    app->options = options;
    Err *err = serve(app);
    if (err != NULL) {
        log_event(LOG_ERROR, "cannot start", LOG_TEXT("error", err_text(core->arena, err)));
        exit_code = app_exit_code(err);
    }
    log_event(LOG_INFO, "stopped");
    app_core_close(core);
    return exit_code;
}

int app_check_config(const AppOptions *options)
{
    int exit_code = APP_EXIT_OK;
    AppCore *core = app_core_open(options, &exit_code);
    if (core != NULL) {
        printf("configuration is valid: %s\n",
               options->config_path != NULL ? options->config_path : "built-in defaults");
        app_core_close(core);
    }
    return exit_code;
}

void app_print_routes(const AppOptions *options)
{
    static const char *const METHODS[HTTP_METHOD_COUNT] = {"GET",   "HEAD",   "POST",   "PUT",
                                                           "PATCH", "DELETE", "OPTIONS"};
    for (const Concept *const *concept = options->concepts; *concept != NULL; concept ++) {
        for (const Route *route = (*concept)->routes; route != NULL && route->path != NULL;
             route++) {
            printf("%s %s %s\n", METHODS[route->method], route->path, route->needs);
        }
    }
}
