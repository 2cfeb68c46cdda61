#include "voms/system/system_health.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "app/schedule.h"
#include "base/log.h"
#include "voms/notice/notice.h"

#define ASK_TIMEOUT_MS (2 * SECOND_MS)
#define CLOCK_SKEW_MAX_MS (5 * SECOND_MS)
#define DISK_FREE_MIN_BYTES ((int64_t)512 * 1024 * 1024)
#define DISK_FREE_MIN_PERCENT 5

static HealthPart *add(Health *health, const char *name)
{
    HealthPart *part = &health->parts[health->count++];
    *part = (HealthPart){.name = name, .latency_us = -1};
    return part;
}

static void set(HealthPart *part, HealthStatus status, const char *code, const char *param)
{
    part->status = status;
    part->code = code;
    part->param = param;
}

/* The database, and how far its clock is from ours. Yields. */
static void check_database(Ctx *ctx, Health *health)
{
    HealthPart *database = add(health, "database");
    HealthPart *clock = add(health, "clock");
    TimeMs database_time = 0;
    Err *err = store_ping(ctx->services->store, &database->latency_us, &database_time);
    if (err != NULL) {
        log_err("health: database does not answer", err);
        set(database, HEALTH_DOWN, "health_database_down", NULL);
        set(clock, HEALTH_DEGRADED, "health_clock_unknown", NULL);
        return;
    }
    int64_t skew_ms = llabs(time_now() - database_time);
    if (skew_ms > CLOCK_SKEW_MAX_MS) {
        set(clock, HEALTH_DEGRADED, "health_clock_skew",
            arena_printf(ctx->arena, "%.1f", (double)skew_ms / SECOND_MS));
    }
}

static void check_migrations(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "migrations");
    const MigrationReport *report = ctx->services->migrations;
    for (size_t i = 0; i < report->count; i++) {
        if (report->migrations[i].from_newer_version) {
            set(part, HEALTH_DEGRADED, "health_schema_newer", report->migrations[i].name);
        }
    }
}

/* Yields. */
static void check_redis(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "redis");
    if (!cache_is_shared(ctx->services->cache)) {
        part->status = HEALTH_OFF;
        return;
    }
    const Err *err = cache_ping(ctx->services->cache, &part->latency_us);
    if (err != NULL) {
        set(part, HEALTH_DEGRADED, "health_redis_away", err->message);
    }
}

static void check_nats(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "nats");
    BusCarrierState state = {};
    if (!bus_find_carrier(ctx->services->bus, ctx->arena, &state)) {
        part->status = HEALTH_OFF;
        return;
    }
    part->latency_us = state.latency_us;
    if (!state.is_ready) {
        set(part, HEALTH_DEGRADED, "health_nats_away", state.reason);
    }
}

static void check_consumer(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "consumer");
    BusStats stats = bus_stats(ctx->services->bus);
    if (stats.dead > 0) {
        set(part, HEALTH_DEGRADED, "health_dead_letters",
            arena_printf(ctx->arena, "%lld", (long long)stats.dead));
    }
}

/* Yields. */
static void check_mail(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "mail");
    bool is_on = true;
    const char *reason = NULL;
    Err *err = notice_find_mail_trouble(ctx, &is_on, &reason);
    if (err != NULL) {
        log_err("health: waiting mail cannot be counted", err);
    } else if (!is_on) {
        part->status = HEALTH_OFF;
    } else if (reason != NULL) {
        set(part, HEALTH_DEGRADED, "health_mail_away", reason);
    }
}

static void check_scheduler(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "scheduler");
    const Scheduler *scheduler = ctx->services->scheduler;
    for (size_t i = 0; i < scheduler->count; i++) {
        if (scheduler->states[i].last_failed) {
            set(part, HEALTH_DEGRADED, "health_schedule_failed",
                scheduler->states[i].schedule->name);
        }
    }
}

typedef struct Disk {
    const char *path;
    struct statvfs status;
    bool usable;
} Disk;

static void look_at_disk(void *arg)
{
    Disk *disk = arg;
    disk->usable = access(disk->path, W_OK) == 0 && statvfs(disk->path, &disk->status) == 0;
}

/* Yields. */
static void check_storage(Ctx *ctx, Health *health)
{
    HealthPart *part = add(health, "storage");
    Disk disk = {.path = ctx->services->data_dir};
    Err *err = offload(look_at_disk, &disk);
    if (err != NULL || !disk.usable) {
        set(part, HEALTH_DEGRADED, "health_storage_unusable", disk.path);
        return;
    }
    int64_t free_bytes = (int64_t)disk.status.f_bavail * (int64_t)disk.status.f_frsize;
    int64_t percent = disk.status.f_blocks == 0
                          ? 0
                          : (int64_t)(100 * disk.status.f_bavail / disk.status.f_blocks);
    if (free_bytes < DISK_FREE_MIN_BYTES && percent < DISK_FREE_MIN_PERCENT) {
        set(part, HEALTH_DEGRADED, "health_disk_full",
            arena_printf(ctx->arena, "%lld MiB", (long long)(free_bytes >> 20)));
    }
}

void system_health_check(Ctx *ctx, Health *ret_health)
{
    Health health = {};
    Deadline before = fiber_set_deadline(deadline_after(ASK_TIMEOUT_MS));
    check_database(ctx, &health);
    check_migrations(ctx, &health);
    check_redis(ctx, &health);
    check_nats(ctx, &health);
    check_consumer(ctx, &health);
    check_mail(ctx, &health);
    check_scheduler(ctx, &health);
    check_storage(ctx, &health);
    fiber_set_deadline(before);
    /* There is no licence server yet. */
    set(add(&health, "licence"), HEALTH_OFF, NULL, NULL);
    for (size_t i = 0; i < health.count; i++) {
        if (health.parts[i].status != HEALTH_OFF) {
            health.status = MAX(health.status, health.parts[i].status);
        }
    }
    *ret_health = health;
}
