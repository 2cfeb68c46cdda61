/* What events mark, and the duty that counts it anew. */
#include <inttypes.h>
#include <string.h>

#include "app/schedule.h"
#include "fiber/fiber.h"
#include "voms/statistics/statistics.sql.h"
#include "voms/statistics/statistics_internal.h"

#define SCHEDULE_NAME "statistics"
#define GATHER_MS 250 /* events of the same moment are counted together */
#define RUN_MS (2 * MINUTE_MS)

/* ---- Marks ---- */

static void wake(void *arg)
{
    Services *services = arg;
    scheduler_run_now(services, SCHEDULE_NAME);
}

static void wake_after_commit(Ctx *ctx)
{
    if (ctx->services->scheduler != NULL) {
        db_after_commit(ctx->db, wake, ctx->services);
    }
}

YIELDS static Err *mark(Ctx *ctx, const char *kind, const json_t *id)
{
    if (!json_is_integer(id)) {
        return NULL;
    }
    return store_exec(ctx->db, &SQL_STATISTICS_MARK,
                      ARGS(sql_text(kind), sql_int(json_integer_value(id))), NULL);
}

YIELDS static Err *mark_tree(Ctx *ctx, const BusMessage *message UNUSED)
{
    TRY(store_exec(ctx->db, &SQL_STATISTICS_MARK, ARGS(sql_text("tree"), sql_int(0)), NULL));
    wake_after_commit(ctx);
    return NULL;
}

/* A message says which activity it is about, which volunteers, or both. */
YIELDS static Err *handle(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    TRY(mark(ctx, "activity", json_object_get(payload, "activity_id")));
    if (strncmp(message->subject, "volunteer.", strlen("volunteer.")) == 0) {
        TRY(mark(ctx, "volunteer", json_object_get(payload, "volunteer_id")));
        TRY(mark(ctx, "volunteer", json_object_get(payload, "other_id")));
    }
    const json_t *first = json_object_get(payload, "first_id");
    const json_t *last = json_object_get(payload, "last_id");
    if (json_is_integer(first) && json_is_integer(last)) {
        TRY(store_exec(ctx->db, &SQL_STATISTICS_MARK_VOLUNTEERS,
                       ARGS(sql_int(json_integer_value(first)), sql_int(json_integer_value(last))),
                       NULL));
    }
    wake_after_commit(ctx);
    return NULL;
}

static const BusSubscription SUBSCRIPTIONS[] = {
    {.consumer = "statistics-volunteer", .subject = "volunteer.*", .handle = handle},
    {.consumer = "statistics-unit", .subject = "unit.*", .handle = mark_tree},
    {.consumer = "statistics-activity", .subject = "activity.*", .handle = handle},
    {.consumer = "statistics-shift", .subject = "shift.*", .handle = handle},
    {.consumer = "statistics-signup", .subject = "signup.*", .handle = handle},
    {.consumer = "statistics-attendance", .subject = "attendance.*", .handle = handle},
    {.consumer = "statistics-ledger", .subject = "ledger.*", .handle = handle},
    {},
};

/* ---- The duty: woken by marks; by itself for a changed time zone, and after a crash ---- */

YIELDS static Err *run(Ctx *ctx)
{
    bool more = false;
    TRY(fiber_sleep(GATHER_MS));
    TRY(statistics_refresh(ctx, RUN_MS, &more));
    if (more && ctx->services->scheduler != NULL) {
        scheduler_run_now(ctx->services, SCHEDULE_NAME);
    }
    return NULL;
}

static const Schedule SCHEDULES[] = {
    {.name = SCHEDULE_NAME, .every_ms = MINUTE_MS, .run = run},
    {},
};

const Concept statistics_concept = {.name = "statistics",
                                    .routes = statistics_routes,
                                    .subscriptions = SUBSCRIPTIONS,
                                    .schedules = SCHEDULES,
                                    .messages = statistics_messages,
                                    .permissions = statistics_permissions};
