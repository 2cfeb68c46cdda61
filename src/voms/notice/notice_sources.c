/* Which events become notices, and the reminders. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "voms/notice/notice.sql.h"
#include "voms/notice/notice_internal.h"

/* An event of the bus: the statement gives the people that it concerns, from the id in its payload,
 * or from the id in each member of a list there; with in_one_go, from all ids of the list at once,
 * as a JSON array. */
typedef struct Source {
    const char *subject;
    const char *list; /* NULL: the payload has the id itself */
    const char *id;
    const SqlStatement *recipients;
    bool in_one_go;
} Source;

/* subject, consumer, list, id, recipients, in_one_go */
#define SOURCE_ROWS(X)                                                                             \
    X("volunteer.application_decided", "notice-application", NULL, "volunteer_id",                 \
      &SQL_NOTICE_OF_APPLICATION)                                                                  \
    X("membership.decided", "notice-membership", NULL, "membership_id", &SQL_NOTICE_OF_MEMBERSHIP) \
    X("correction.create", "notice-correction", NULL, "correction_id", &SQL_NOTICE_OF_CORRECTION)  \
    X("signup.created", "notice-signup-created", "signups", "signup_id", &SQL_NOTICE_OF_ARRIVAL)   \
    X("signup.decided", "notice-signup-decided", "signups", "signup_id", &SQL_NOTICE_OF_SIGNUP)    \
    X("signup.offered", "notice-signup-offered", "signups", "signup_id", &SQL_NOTICE_OF_PROMOTION) \
    X("signup.promoted", "notice-signup-promoted", "signups", "signup_id",                         \
      &SQL_NOTICE_OF_PROMOTION)                                                                    \
    X("signup.cancelled", "notice-signup-cancelled", "signups", "signup_id",                       \
      &SQL_NOTICE_OF_CANCELLATION)                                                                 \
    X("shift.changed", "notice-shift-changed", NULL, "shift_id", &SQL_NOTICE_OF_SHIFT)             \
    X("shift.cancelled", "notice-shift-cancelled", NULL, "shift_id", &SQL_NOTICE_OF_SHIFT)         \
    X("activity.cancelled", "notice-activity-cancelled", NULL, "activity_id",                      \
      &SQL_NOTICE_OF_ACTIVITY)                                                                     \
    X("attendance.missing", "notice-attendance-missing", NULL, "attendance_id",                    \
      &SQL_NOTICE_OF_MISSING)                                                                      \
    X("ledger.granted", "notice-hours-granted", "entries", "entry_id", &SQL_NOTICE_OF_HOURS, true) \
    X("ledger.voided", "notice-hours-voided", "entries", "entry_id", &SQL_NOTICE_OF_HOURS, true)   \
    X("dispute.opened", "notice-dispute-opened", NULL, "dispute_id",                               \
      &SQL_NOTICE_OF_DISPUTE_OPENED)                                                               \
    X("dispute.decided", "notice-dispute-decided", NULL, "dispute_id",                             \
      &SQL_NOTICE_OF_DISPUTE_DECIDED)                                                              \
    X("import.finished", "notice-import-finished", NULL, "import_id", &SQL_NOTICE_OF_IMPORT)       \
    X("import.failed", "notice-import-failed", NULL, "import_id", &SQL_NOTICE_OF_IMPORT)           \
    X("record.overdue", "notice-record-overdue", NULL, "activity_id", &SQL_NOTICE_OF_OVERDUE)

#define AS_SOURCE(subject_, consumer_, list_, id_, recipients_, ...)                               \
    {.subject = (subject_),                                                                        \
     .list = (list_),                                                                              \
     .id = (id_),                                                                                  \
     .recipients = (recipients_),                                                                  \
     .in_one_go = (__VA_ARGS__ + 0) != 0},
#define AS_SUBSCRIPTION(subject_, consumer_, list_, id_, recipients_, ...)                         \
    {.consumer = (consumer_), .subject = (subject_), .handle = handle},

static const Source SOURCES[] = {SOURCE_ROWS(AS_SOURCE)};

static const Source *find_source(const char *subject)
{
    for (size_t i = 0; i < COUNT_OF(SOURCES); i++) {
        if (str_equal(SOURCES[i].subject, subject)) {
            return &SOURCES[i];
        }
    }
    BUG_ON(true); /* only these are subscribed to */
}

static Err *read_id(Ctx *ctx, const Source *source, const json_t *object, int64_t *ret_id)
{
    const json_t *id = json_object_get(object, source->id);
    if (!json_is_integer(id)) {
        return ERR(ctx->arena, ERR_INTERNAL, "internal_error", "%s without %s", source->subject,
                   source->id);
    }
    *ret_id = json_integer_value(id);
    return NULL;
}

YIELDS static Err *tell(Ctx *ctx, const Source *source, const char *event, const json_t *object)
{
    int64_t id = 0;
    StoreRows *rows = NULL;
    TRY(read_id(ctx, source, object, &id));
    TRY(store_query(ctx->db, source->recipients, ARGS(sql_int(id)), &rows));
    return notice_insert_rows(ctx, event, rows);
}

/* All members of the list; a message of an earlier version has its one id itself. */
YIELDS static Err *tell_all(Ctx *ctx, const Source *source, const char *event,
                            const json_t *payload)
{
    const json_t *list = json_object_get(payload, source->list);
    size_t count = list == NULL ? 1 : json_array_size(list);
    StoreRows *rows = NULL;
    Str ids;
    str_init(&ids, ctx->arena);
    str_append_char(&ids, '[');
    for (size_t i = 0; i < count; i++) {
        int64_t id = 0;
        TRY(read_id(ctx, source, list == NULL ? payload : json_array_get(list, i), &id));
        str_printf(&ids, "%s%" PRId64, i == 0 ? "" : ",", id);
    }
    str_append_char(&ids, ']');
    TRY(store_query(ctx->db, source->recipients, ARGS(sql_text(str_text(&ids))), &rows));
    return notice_insert_rows(ctx, event, rows);
}

YIELDS static Err *handle(Ctx *ctx, const BusMessage *message)
{
    const Source *source = find_source(message->subject);
    const char *event = arena_printf(ctx->arena, "message:%" PRId64, message->id);
    json_t *payload = NULL;
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    if (source->list == NULL) {
        return tell(ctx, source, event, payload);
    }
    if (source->in_one_go) {
        return tell_all(ctx, source, event, payload);
    }
    const json_t *list = json_object_get(payload, source->list);
    for (size_t i = 0; i < json_array_size(list); i++) {
        TRY(tell(ctx, source, event, json_array_get(list, i)));
    }
    return NULL;
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

const BusSubscription notice_subscriptions[] = {
    SOURCE_ROWS(AS_SUBSCRIPTION){.consumer = "notice-mail",
                                 .subject = "notice.mail",
                                 .handle = notice_mail,
                                 .own_transactions = true,
                                 .concurrency = 2,
                                 .attempts_max = 60},
    {},
};
