/* core.c - what every program of ours opens first, and needs no loop for. */
#include <stdio.h>
#include <stdlib.h>

#include "app/app.h"
#include "app/places.h"
#include "app/vault.h"
#include "base/log.h"

int app_exit_code(const Err *err)
{
    if (err->kind == ERR_CONFIG) {
        return APP_EXIT_CONFIG;
    }
    return err->kind == ERR_UNAVAILABLE ? APP_EXIT_UNAVAILABLE : APP_EXIT_FAILED;
}

static StoreOptions store_options(const Config *config)
{
    return (StoreOptions){
        .driver = config->database.driver == 1 ? STORE_POSTGRES : STORE_SQLITE,
        .path = config->database.path,
        .url = config->database.url.reveal,
        .pipelines = (int)config->database.pipelines,
        .transactions_max = (int)config->database.transactions_max,
        .statement_timeout_ms = config->database.statement_timeout_ms,
        .connect_timeout_ms = 5 * SECOND_MS,
    };
}

static BusOptions bus_options(const Config *config, Store *store)
{
    return (BusOptions){
        .nats_url = config->nats.url.reveal,
        .nats_ca_file = config->nats.ca_file,
        .nats_stream = config->nats.stream,
        .nats_replicas = (int)config->nats.replicas,
        .store = store,
    };
}

static Err *load_config(AppCore *core, const AppOptions *options)
{
    TRY(config_load(core->arena, options->config_path, options->data_dir, &core->config));
    if (options->port >= 0) {
        core->config->server.port = options->port;
    }
    if (options->web_root != NULL) {
        core->config->web.root = options->web_root;
    }
    return NULL;
}

static Err *open_services(AppCore *core, const AppOptions *options)
{
    TRY(load_config(core, options));
    const Config *config = core->config;
    log_configure((LogLevel)config->log.level, (LogFormat)config->log.format);
    core->store_options = store_options(config);
    core->migrations_dir = places_folder(core->arena, "migrations");
    Services *services = &core->services;
    services->concepts = options->concepts;
    services->process = options->process;
    if (options->process != NULL) {
        TRY(process_duties(options->process, config, &services->duties));
    }
    services->config = core->config;
    services->data_dir = config->storage.path;
    services->started_at = time_now();
    TRY(vault_open(core->arena, config, &services->vault));
    TRY(store_open(core->arena, &core->store_options, &services->store));
    CacheOptions cache = {.url = config->redis.url.reveal,
                          .ca_file = config->redis.ca_file,
                          .memory_max_bytes = 16 * 1024 * 1024};
    TRY(cache_open(core->arena, &cache, &services->cache));
    core->bus_options = bus_options(config, services->store);
    TRY(bus_check_options(core->arena, &core->bus_options));
    for (const Concept *const *concept = options->concepts; *concept != NULL; concept ++) {
        if ((*concept)->messages != NULL) {
            message_register((*concept)->messages);
        }
    }
    return NULL;
}

AppCore *app_core_open(const AppOptions *options, int *ret_exit_code)
{
    Arena *arena = arena_new();
    AppCore *core = ARENA_NEW(arena, AppCore);
    core->arena = arena;
    Err *err = open_services(core, options);
    if (err == NULL) {
        return core;
    }
    if (err->kind == ERR_CONFIG) {
        /* For a person at a terminal or in the journal: whole, one problem per line. */
        fprintf(stderr, "voms: configuration error: %s\n", err_text(arena, err));
    } else {
        log_err("cannot start", err);
    }
    *ret_exit_code = app_exit_code(err);
    app_core_close(core);
    return NULL;
}

void app_core_close(AppCore *core)
{
    if (core == NULL) {
        return;
    }
    cache_close(core->services.cache);
    store_close(core->services.store);
    arena_free(core->arena);
}

/* ---- Work on a loop of its own ---- */

typedef struct CoreWork {
    AppCore *core;
    Err *(*work)(Ctx *ctx, void *arg);
    void *arg;
    Loop *loop;
    Err *err; /* in the core's arena */
} CoreWork;

YIELDS static Err *attach_and_work(CoreWork *job)
{
    TRY(store_attach(job->core->services.store));
    cache_attach(job->core->services.cache);
    Ctx *ctx = ctx_new_system(&job->core->services);
    ctx->arena = job->core->arena; /* what it finds is printed when this fiber is gone */
    Err *err = job->work(ctx, job->arg);
    cache_detach(job->core->services.cache);
    store_detach(job->core->services.store);
    return err;
}

static void work_main(void *arg)
{
    CoreWork *job = arg;
    Err *err = attach_and_work(job);
    job->err = err == NULL ? NULL : err_copy(job->core->arena, err);
    loop_stop(job->loop);
}

Err *app_core_run(AppCore *core, Err *(*work)(Ctx *ctx, void *arg), void *arg)
{
    CoreWork job = {.core = core, .work = work, .arg = arg, .loop = loop_new("work")};
    FiberGroup group;
    fiber_group_init(&group);
    fiber_spawn(&group, "work", work_main, &job);
    loop_run(job.loop);
    fiber_group_done(&group);
    loop_free(job.loop);
    return job.err;
}
