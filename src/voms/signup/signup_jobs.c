/* What other concepts' messages and the clock ask for. */
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

/* ---- Messages ---- */

static Err *read_message(Ctx *ctx, const BusMessage *message, json_t **ret_payload)
{
    return json_parse(ctx->arena, message->payload, strlen(message->payload), ret_payload);
}

static int64_t id_in(const json_t *payload, const char *key)
{
    return json_integer_value(json_object_get(payload, key));
}

static const char *text_in(const json_t *payload, const char *key)
{
    return json_string_value(json_object_get(payload, key));
}

YIELDS Err *signup_fill_place(Ctx *ctx, int64_t shift_id, int64_t position_id)
{
    SignupFacts facts;
    TRY(signup_facts_load(ctx, shift_id, position_id, /* lock= */ true, &facts));
    return signup_fill(ctx, &facts);
}

/* Times are kept on the sign-ups; more people may be needed now. */
YIELDS static Err *on_shift_changed(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    StoreRows *rows = NULL;
    TRY(read_message(ctx, message, &payload));
    int64_t shift_id = id_in(payload, "shift_id");
    TRY(store_exec(ctx->db, &SQL_SIGNUP_MOVE_TIMES, ARGS(sql_int(shift_id), sql_time(ctx->now)),
                   NULL));
    TRY(store_query(ctx->db, &SQL_SIGNUP_PLACES_OF_SHIFT, ARGS(sql_int(shift_id)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        TRY(signup_fill_place(ctx, shift_id, row_int(rows, i, 0)));
    }
    return NULL;
}

YIELDS static Err *on_shift_cancelled(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    TRY(read_message(ctx, message, &payload));
    const char *reason = text_in(payload, "reason");
    return signup_cancel_shift(ctx, id_in(payload, "shift_id"),
                               reason != NULL ? reason : "shift_cancelled");
}

YIELDS static Err *on_activity_cancelled(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    StoreRows *rows = NULL;
    int64_t after_id = 0;
    TRY(read_message(ctx, message, &payload));
    const char *reason = text_in(payload, "reason");
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_SHIFTS_OF_ACTIVITY,
                        ARGS(sql_int(id_in(payload, "activity_id")), sql_int(after_id)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            after_id = row_int(rows, i, 0);
            TRY(signup_cancel_shift(ctx, after_id, reason != NULL ? reason : "activity_cancelled"));
        }
    } while (rows->count == 1000);
    return NULL;
}

const BusSubscription signup_subscriptions[] = {
    {.consumer = "signup-shift-changed", .subject = "shift.changed", .handle = on_shift_changed},
    {.consumer = "signup-shift-cancelled",
     .subject = "shift.cancelled",
     .handle = on_shift_cancelled},
    {.consumer = "signup-activity-cancelled",
     .subject = "activity.cancelled",
     .handle = on_activity_cancelled,
     .timeout_ms = 5 * MINUTE_MS},
    {},
};

/* ---- Schedules ---- */

typedef struct Duty {
    Ctx *ctx;
    int64_t shift_id;
    int64_t position_id;
    int64_t signup_id;
} Duty;

/* StoreWork. The volunteer may have answered meanwhile. */
YIELDS static Err *lapse(Db *db, void *arg)
{
    const Duty *duty = arg;
    Ctx ctx = *duty->ctx;
    Signup *signup = NULL;
    ctx.db = db;
    TRY(signup_find(&ctx, duty->signup_id, &signup));
    if (signup->state != SIGNUP_OFFERED || signup->offered_until > ctx.now) {
        return NULL;
    }
    Err *err = signup_cancel(&ctx, signup->id,
                             &(SignupCancellation){.by = "system", .reason = "offer_lapsed"});
    return err_is(err, ERR_CONFLICT) ? NULL : err;
}

YIELDS Err *signup_lapse_offers(Ctx *ctx)
{
    StoreRows *rows = NULL;
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_LAPSED_OFFERS, ARGS(sql_time(ctx->now)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            Duty duty = {.ctx = ctx, .signup_id = row_int(rows, i, 0)};
            TRY(store_transact(ctx->db, lapse, &duty));
        }
    } while (rows->count == 100);
    return NULL;
}

YIELDS static Err *fill_one(Db *db, void *arg)
{
    const Duty *duty = arg;
    Ctx ctx = *duty->ctx;
    ctx.db = db;
    return signup_fill_place(&ctx, duty->shift_id, duty->position_id);
}

/* A place may become free without a sign-up being changed: more are needed, or who stood first in
 * the line did not qualify before and does now. */
YIELDS Err *signup_fill_all(Ctx *ctx)
{
    StoreRows *rows = NULL;
    Duty duty = {.ctx = ctx};
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_PLACES_TO_FILL,
                        ARGS(sql_time(ctx->now), sql_int(duty.shift_id), sql_int(duty.position_id)),
                        &rows));
        for (size_t i = 0; i < rows->count; i++) {
            duty.shift_id = row_int(rows, i, 0);
            duty.position_id = row_int(rows, i, 1);
            TRY(store_transact(ctx->db, fill_one, &duty));
        }
    } while (rows->count == 100);
    return NULL;
}

YIELDS Err *signup_draw_due(Ctx *ctx)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_LOTTERY_DUE, ARGS(sql_time(ctx->now)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Err *err = signup_lottery_draw(ctx, row_int(rows, i, 0));
        if (err != NULL && !err_is(err, ERR_CONFLICT)) {
            return err;
        }
    }
    return NULL;
}

const Schedule signup_schedules[] = {
    {.name = "signup-offers", .every_ms = 10 * SECOND_MS, .run = signup_lapse_offers},
    {.name = "signup-waitlists", .every_ms = MINUTE_MS, .run = signup_fill_all},
    {.name = "signup-lotteries", .every_ms = 30 * SECOND_MS, .run = signup_draw_due},
    {},
};
