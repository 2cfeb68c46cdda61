/* Which events become notices, and the reminders. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "voms/notice/notice.sql.h"
#include "voms/notice/notice_internal.h"

/* An event of the bus: the statement gives the people that it concerns, from the id in its payload.
 */
typedef struct Source {
    const char *subject;
    const char *id; /* member of the payload */
    const SqlStatement *recipients;
} Source;

static const Source SOURCES[] = {
    {"volunteer.application_decided", "volunteer_id", &SQL_NOTICE_OF_APPLICATION},
    {"membership.decided", "membership_id", &SQL_NOTICE_OF_MEMBERSHIP},
    {"correction.create", "correction_id", &SQL_NOTICE_OF_CORRECTION},
    {"signup.decided", "signup_id", &SQL_NOTICE_OF_SIGNUP},
    {"signup.offered", "signup_id", &SQL_NOTICE_OF_PROMOTION},
    {"signup.promoted", "signup_id", &SQL_NOTICE_OF_PROMOTION},
    {"signup.cancelled", "signup_id", &SQL_NOTICE_OF_CANCELLATION},
    {"shift.changed", "shift_id", &SQL_NOTICE_OF_SHIFT},
    {"shift.cancelled", "shift_id", &SQL_NOTICE_OF_SHIFT},
    {"activity.cancelled", "activity_id", &SQL_NOTICE_OF_ACTIVITY},
    {"attendance.missing", "attendance_id", &SQL_NOTICE_OF_MISSING},
};

static const Source *find_source(const char *subject)
{
    for (size_t i = 0; i < COUNT_OF(SOURCES); i++) {
        if (str_equal(SOURCES[i].subject, subject)) {
            return &SOURCES[i];
        }
    }
    BUG_ON(true); /* only these are subscribed to */
}

static Err *payload_id(Ctx *ctx, const BusMessage *message, const char *member, int64_t *ret_id)
{
    json_t *payload = NULL;
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    const json_t *id = json_object_get(payload, member);
    if (!json_is_integer(id)) {
        return ERR(ctx->arena, ERR_INTERNAL, "internal_error", "%s without %s", message->subject,
                   member);
    }
    *ret_id = json_integer_value(id);
    return NULL;
}

YIELDS static Err *handle(Ctx *ctx, const BusMessage *message)
{
    const Source *source = find_source(message->subject);
    int64_t id = 0;
    StoreRows *rows = NULL;
    TRY(payload_id(ctx, message, source->id, &id));
    TRY(store_query(ctx->db, source->recipients, ARGS(sql_int(id)), &rows));
    return notice_insert_rows(ctx, arena_printf(ctx->arena, "message:%" PRId64, message->id), rows);
}

/* ---- Reminders: a day and two hours before; what a pause missed is caught up, once ---- */

typedef struct Reminder {
    const char *kind;
    int64_t from_ms; /* before the start */
    int64_t until_ms;
} Reminder;

static const Reminder REMINDERS[] = {
    {"reminder.day", 24 * HOUR_MS, 2 * HOUR_MS},
    {"reminder.hours", 2 * HOUR_MS, 0},
};

typedef struct Remind {
    Ctx *ctx;
    const Reminder *reminder;
    size_t written;
} Remind;

YIELDS static Err *remind_some(Db *db, void *arg)
{
    Remind *self = arg;
    Ctx ctx = *self->ctx;
    StoreRows *rows = NULL;
    ctx.db = db;
    TRY(store_query(db, &SQL_NOTICE_OF_REMINDERS,
                    ARGS(sql_time(ctx.now + self->reminder->until_ms),
                         sql_time(ctx.now + self->reminder->from_ms),
                         sql_text(self->reminder->kind)),
                    &rows));
    self->written = rows->count;
    const char *run = arena_printf(ctx.arena, "%s@%" PRId64, self->reminder->kind, ctx.now);
    return notice_insert_rows(&ctx, run, rows);
}

YIELDS static Err *remind(Ctx *ctx)
{
    for (size_t i = 0; i < COUNT_OF(REMINDERS); i++) {
        Remind job = {.ctx = ctx, .reminder = &REMINDERS[i], .written = 1};
        while (job.written > 0) {
            TRY(store_transact(ctx->db, remind_some, &job));
        }
    }
    return NULL;
}

const Schedule notice_schedules[] = {
    {.name = "notice.remind", .every_ms = MINUTE_MS, .run = remind},
    {},
};

#define SUBSCRIBE(subject_, consumer_)                                                             \
    {                                                                                              \
        .consumer = "notice-" consumer_, .subject = (subject_), .handle = handle                   \
    }

const BusSubscription notice_subscriptions[] = {
    SUBSCRIBE("volunteer.application_decided", "application"),
    SUBSCRIBE("membership.decided", "membership"),
    SUBSCRIBE("correction.create", "correction"),
    SUBSCRIBE("signup.decided", "signup-decided"),
    SUBSCRIBE("signup.offered", "signup-offered"),
    SUBSCRIBE("signup.promoted", "signup-promoted"),
    SUBSCRIBE("signup.cancelled", "signup-cancelled"),
    SUBSCRIBE("shift.changed", "shift-changed"),
    SUBSCRIBE("shift.cancelled", "shift-cancelled"),
    SUBSCRIBE("activity.cancelled", "activity-cancelled"),
    SUBSCRIBE("attendance.missing", "attendance-missing"),
    {.consumer = "notice-mail",
     .subject = "notice.mail",
     .handle = notice_mail,
     .own_transactions = true,
     .concurrency = 2,
     .attempts_max = 60},
    {},
};
