/* services.h - what lives as long as the process, and how concepts hook into it. */
#pragma once

#include "app/config.h"
#include "app/ctx.h"
#include "app/process.h"
#include "port/bus.h"
#include "port/cache.h"

typedef struct Vault Vault;         /* app/vault.h */
typedef struct Scheduler Scheduler; /* app/schedule.h */

typedef struct Permission {
    const char *name; /* "volunteer:read" */
    const char *zh;
    const char *en;
} Permission;

/* A periodic duty; each run is idempotent and catches up by itself. */
typedef struct Schedule {
    const char *name;
    int64_t every_ms;
    Err *(*run)(Ctx *ctx); /* Yields. */
} Schedule;

typedef enum HealthStatus {
    HEALTH_OK,
    HEALTH_DEGRADED,
    HEALTH_DOWN,
    HEALTH_OFF, /* not used in this profile */
} HealthStatus;

/* One entry of /api/v1/public/system/health. */
typedef struct HealthPart {
    const char *name;
    HealthStatus status;
    int64_t latency_us; /* -1: not measured */
    const char *code;   /* message code of what to do; NULL when ok */
    const char *param;
} HealthPart;

/* What a concept brings. Each table ends with an empty row; any may be NULL. */
typedef struct Concept {
    const char *name;
    const Route *routes;
    const BusSubscription *subscriptions;
    const Schedule *schedules;
    const MessageText *messages;
    const Permission *permissions;
    Err *(*start)(Ctx *ctx);    /* after migrations, before the ports open to clients. Yields. */
    void (*leave_thread)(void); /* at the end of each loop: frees what is kept per thread */
    Err *(*demo)(
        Ctx *ctx); /* fills a demonstration organisation, in order of concepts.def. Yields. */
} Concept;

struct Services {
    const Concept *const *concepts; /* of concepts.def, ends with NULL */
    const ProcessKind *process;     /* NULL: a sequential program */
    unsigned duties;                /* ProcessDuty, of this process */
    Config *config;
    Store *store;
    Cache *cache;
    Bus *bus;
    Vault *vault;
    Scheduler *scheduler;
    Loop *const *loops; /* of this process; loop_count of them */
    size_t loop_count;
    const MigrationReport *migrations; /* as of the start */
    const char *data_dir; /* "/var/lib/voms", "./data": files, temporary uploads, keys */
    TimeMs started_at;
    bool super_admin_created; /* set by voms/account when it made that account at this start */

    /* Set by voms/account: fills ctx->caller from the request. Fails with ERR_UNAUTHENTICATED with
     * the precise reason in its message. Yields. */
    Err *(*authenticate)(Ctx *ctx, const HttpRequest *req);
    /* Set by voms/account: has the caller this permission anywhere? */
    bool (*may_anywhere)(const Ctx *ctx, const char *permission);
    /* Set by voms/account: must the caller change its password first? */
    bool (*must_change_password)(const Ctx *ctx);
};

/* Makes a Ctx for a job in the running fiber (its arena), as the system. */
Ctx *ctx_new_system(Services *services);
