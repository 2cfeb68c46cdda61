/* app.h - the life of a server or worker process, from its options to its exit code. */
#pragma once

#include <stdbool.h>

#include "app/services.h"

/* Exit codes of sysexits.h that the operators' page knows. */
enum {
    APP_EXIT_OK = 0,
    APP_EXIT_FAILED = 1,
    APP_EXIT_USAGE = 64,
    APP_EXIT_UNAVAILABLE = 69,
    APP_EXIT_CONFIG = 78
};

typedef struct AppOptions {
    const ProcessKind *process;     /* NULL: a sequential program, such as vomsctl */
    const Concept *const *concepts; /* ends with NULL */
    const char *config_path;        /* NULL: embedded without a file */
    const char *data_dir;           /* where storage.path does not say otherwise */
    const char *web_root;           /* overrides web.root; or NULL */
    int port;                       /* overrides server.port; -1: does not */
    bool demo;                      /* fill an empty database with the demonstration organisation */
} AppOptions;

/* The exit code that tells an operator what kind of failure err is. */
int app_exit_code(const Err *err);

/* The main function of the process kind with that name. */
int app_main(const char *kind, const Concept *const *concepts, int argc, char **argv);

/* Runs the process until SIGTERM or SIGINT. Returns an exit code. */
int app_serve(const AppOptions *options);

/* Reads and checks the configuration; prints what is wrong. Returns an exit code. */
int app_check_config(const AppOptions *options);

/* Prints "METHOD path needs" of every route. */
void app_print_routes(const AppOptions *options);

/* What the sequential programs share with the server: configuration, store, vault; no loop, no
 * ports. */
typedef struct AppCore {
    Arena *arena;
    Config *config;
    Services services;
    StoreOptions store_options;
    BusOptions bus_options; /* for whoever runs handlers */
    const char *migrations_dir;
} AppCore;

/* Reads the configuration and opens what needs no loop. NULL and an exit code on failure, which was
 * printed. */
AppCore *app_core_open(const AppOptions *options, int *ret_exit_code);
void app_core_close(AppCore *core);

/* Runs work in a fiber on a loop of its own, with the store attached, for vomsctl. Its results
 * live in the core's arena. Fails as work does. Blocks. */
Err *app_core_run(AppCore *core, Err *(*work)(Ctx *ctx, void *arg), void *arg);
