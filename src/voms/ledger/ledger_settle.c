/* Settling an activity: its attendances become claims, and what may be granted is. */
#include "base/str.h"
#include "base/vec.h"
#include "voms/activity/activity.h"
#include "voms/audit/audit.h"
#include "voms/calendar/calendar.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

#define BATCH_ROWS 500    /* attendances in one transaction */
#define SHIFT_DAYS_MAX 31 /* no shift is longer */
#define QUARTER_MS (15 * MINUTE_MS)

/* ---- The activity ---- */

static const Field ACTIVITY_FIELDS[] = {
    FIELD(LedgerActivity, id, FIELD_ID),
    FIELD(LedgerActivity, state, FIELD_TEXT),
    FIELD(LedgerActivity, recording_unit_id, FIELD_ID),
    FIELD(LedgerActivity, unit_name, FIELD_TEXT),
    FIELD(LedgerActivity, parent_unit_id, FIELD_ID),
    FIELD(LedgerActivity, project_id, FIELD_ID),
    FIELD(LedgerActivity, name, FIELD_TEXT),
    FIELD(LedgerActivity, description, FIELD_TEXT),
    FIELD(LedgerActivity, place_name, FIELD_TEXT),
    FIELD(LedgerActivity, person_in_charge, FIELD_TEXT),
    FIELD(LedgerActivity, is_volunteer_service, FIELD_BOOL),
    FIELD(LedgerActivity, ends_at, FIELD_TIME),
    FIELD(LedgerActivity, has_open, FIELD_BOOL),
    {},
};
static const Shape ACTIVITY = SHAPE(LedgerActivity, ACTIVITY_FIELDS);

YIELDS Err *ledger_activity_find(Ctx *ctx, int64_t id, LedgerActivity **ret_activity)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_ACTIVITY_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "no activity %lld",
                   (long long)id);
    }
    *ret_activity = shape_from_rows(ctx->arena, &ACTIVITY, rows).items;
    return NULL;
}

TextList ledger_activity_problems(Arena *arena, const LedgerActivity *activity)
{
    RecordFacts facts = {.has_name = !str_is_empty(activity->name),
                         .has_date = activity->ends_at != 0,
                         .has_place = !str_is_empty(activity->place_name),
                         .has_content = !str_is_empty(activity->description),
                         .has_unit = !str_is_empty(activity->unit_name),
                         .has_person_in_charge = !str_is_empty(activity->person_in_charge),
                         .is_volunteer_service = activity->is_volunteer_service,
                         .has_open_attendance = activity->has_open};
    return ledger_rules_problems(arena, &facts);
}

YIELDS Err *ledger_settlement_open(Ctx *ctx, const LedgerActivity *activity)
{
    const Settings *settings = NULL;
    Date due = {};
    TRY(setting_load(ctx, &settings));
    Date ended = setting_date(settings, activity->ends_at == 0 ? ctx->now : activity->ends_at);
    TRY(calendar_add_working_days(ctx, ended, settings->record_due_working_days, &due));
    return store_exec(ctx->db, &SQL_SETTLEMENT_OPEN,
                      ARGS(sql_int(activity->id), sql_int(activity->recording_unit_id.value),
                           sql_id(activity->project_id), sql_text(date_format(ctx->arena, ended)),
                           sql_text(date_format(ctx->arena, due))),
                      NULL);
}

static Err *incomplete(Ctx *ctx, TextList problems)
{
    Str list;
    Str words;
    JsonWriter writer;
    str_init(&list, ctx->arena);
    str_init(&words, ctx->arena);
    json_writer_init(&writer, &list);
    json_write_begin_object(&writer);
    json_write_key(&writer, "problems");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < problems.count; i++) {
        json_write_string(&writer, problems.items[i]);
        str_printf(&words, "%s%s", i == 0 ? "" : ", ", problems.items[i]);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    Err *err =
        ERR(ctx->arena, ERR_CONFLICT, "record_incomplete", "records lack %s", str_text(&words));
    err->current = str_text(&list);
    err->param = str_text(&words);
    return err;
}

YIELDS static Err *check_activity(Ctx *ctx, int64_t id, LedgerActivity **ret_activity)
{
    LedgerActivity *activity = NULL;
    TRY(ledger_activity_find(ctx, id, &activity));
    if (!str_equal(activity->state, "ended") && !str_equal(activity->state, "settled")) {
        return ledger_conflict(ctx, activity->state);
    }
    TextList problems = ledger_activity_problems(ctx->arena, activity);
    *ret_activity = activity;
    return problems.count == 0 ? NULL : incomplete(ctx, problems);
}

/* ---- A batch of attendances ---- */

typedef struct Served {
    int64_t claim_id; /* 0: of this batch */
    int64_t attendance_id;
    int64_t volunteer_id;
    const char *date;
    int64_t minutes;
    ServiceSpan span;
} Served;

typedef struct Attended {
    int64_t id;
    VolunteerId volunteer_id;
    int64_t shift_id;
    int grade;
    const char *review;
    TimeMs check_in_at;
    TimeMs check_out_at;
    TimeMs starts_at; /* the shift's */
    TimeMs ends_at;
    const char *place_name;
} Attended;

static const Field ATTENDED_FIELDS[] = {
    FIELD(Attended, id, FIELD_ID),
    FIELD(Attended, volunteer_id, FIELD_ID),
    FIELD(Attended, shift_id, FIELD_ID),
    FIELD(Attended, grade, FIELD_CHOICE, .choices = ledger_grades),
    FIELD(Attended, review, FIELD_TEXT),
    FIELD(Attended, check_in_at, FIELD_TIME),
    FIELD(Attended, check_out_at, FIELD_TIME),
    FIELD(Attended, starts_at, FIELD_TIME),
    FIELD(Attended, ends_at, FIELD_TIME),
    FIELD(Attended, place_name, FIELD_TEXT),
    {},
};
static const Shape ATTENDED = SHAPE(Attended, ATTENDED_FIELDS);

typedef struct Settling {
    Ctx ctx;
    int64_t activity_id;
    const LedgerActivity *activity;
    const Settings *settings;
    LedgerPolicy policy;
    int64_t after_id; /* attendances up to it are done, and that is committed */
    int64_t last_id;  /* of the last batch */
    size_t done;      /* of the last batch */
    int64_t held;     /* of the last batch */
    int64_t date_quarter;
    const char *date;
    VEC(Served) served; /* granted to the batch's volunteers */
    VEC(SqlArgs) rows;  /* of claims to insert */
} Settling;

/* The organisation's date; most instants of a shift lie in the same quarter of an hour. */
static const char *date_at(Settling *settling, TimeMs time)
{
    int64_t quarter = time / QUARTER_MS;
    if (settling->date == NULL || quarter != settling->date_quarter) {
        settling->date = date_format(settling->ctx.arena, setting_date(settling->settings, time));
        settling->date_quarter = quarter;
    }
    return settling->date;
}

static const char *volunteer_ids(Arena *arena, const Attended *attended, size_t count)
{
    Str text;
    str_init(&text, arena);
    str_append_char(&text, '[');
    for (size_t i = 0; i < count; i++) {
        str_printf(&text, "%s%lld", i == 0 ? "" : ",", (long long)attended[i].volunteer_id.value);
    }
    str_append_char(&text, ']');
    return str_text(&text);
}

/* What the batch's volunteers are granted around the time of its shifts. */
YIELDS static Err *load_served(Settling *settling, const Attended *attended, size_t count)
{
    Ctx *ctx = &settling->ctx;
    StoreRows *rows = NULL;
    TimeMs from = INT64_MAX;
    TimeMs to = INT64_MIN;
    const char *ids = volunteer_ids(ctx->arena, attended, count);
    for (size_t i = 0; i < count; i++) {
        from = MIN(from, attended[i].starts_at);
        to = MAX(to, attended[i].ends_at);
    }
    Date first = setting_date(settling->settings, from - SHIFT_DAYS_MAX * DAY_MS);
    Date last = setting_date(settling->settings, to);
    TRY(store_query(ctx->db, &SQL_LEDGER_VOLUNTEER_LOCK, ARGS(sql_text(ids)), &rows));
    TRY(store_query(ctx->db, &SQL_LEDGER_CLAIM_LIVING,
                    ARGS(sql_text(ids), sql_text(date_format(ctx->arena, first)),
                         sql_text(date_format(ctx->arena, last))),
                    &rows));
    settling->served.count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        *vec_push(&settling->served, ctx->arena) =
            (Served){.claim_id = row_int(rows, i, 0),
                     .volunteer_id = row_int(rows, i, 1),
                     .date = row_text(rows, i, 2),
                     .minutes = row_int(rows, i, 3),
                     .span = {row_time(rows, i, 4), row_time(rows, i, 5)}};
    }
    return NULL;
}

/* Looks at what the person was granted already; *ret_overlap may be of this batch. */
static int64_t day_minutes(const Settling *settling, const Served *claim,
                           const Served **ret_overlap)
{
    int64_t minutes = 0;
    VEC_FOREACH (Served, other, &settling->served) {
        if (other->volunteer_id != claim->volunteer_id) {
            continue;
        }
        if (str_equal(other->date, claim->date)) {
            minutes += other->minutes;
        }
        if (*ret_overlap == NULL && ledger_rules_overlap(other->span, claim->span)) {
            *ret_overlap = other;
        }
    }
    return minutes;
}

static void push_claim(Settling *settling, const Attended *attended, const Served *claim,
                       const LedgerVerdict *verdict, const Served *overlap)
{
    Arena *arena = settling->ctx.arena;
    const LedgerActivity *activity = settling->activity;
    const char *reason = claim_reasons[verdict->reason];
    const SqlValue row[] = {
        sql_int(attended->id),
        sql_int(settling->activity_id),
        sql_int(attended->shift_id),
        sql_int(attended->volunteer_id.value),
        sql_int(activity->recording_unit_id.value),
        sql_id(activity->project_id),
        sql_text(claim->date),
        sql_time(claim->span.starts_at),
        sql_time(claim->span.ends_at),
        sql_int(claim->minutes),
        sql_text(ledger_grades[attended->grade]),
        sql_text(attended->place_name),
        sql_text(claim_states[verdict->state]),
        sql_text(str_is_empty(reason) ? NULL : reason),
        sql_text(claim_levels[verdict->level]),
        overlap == NULL ? sql_null() : sql_id(overlap->claim_id),
        sql_time(settling->ctx.now),
    };
    SqlValue *values = ARENA_ARRAY(arena, SqlValue, COUNT_OF(row));
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        values[i] = row[i];
    }
    *vec_push(&settling->rows, arena) = (SqlArgs){.values = values, .count = COUNT_OF(row)};
}

static void decide(Settling *settling, const Attended *attended)
{
    ServiceSpan span =
        ledger_rules_span((ServiceSpan){attended->check_in_at, attended->check_out_at},
                          (ServiceSpan){attended->starts_at, attended->ends_at});
    Served claim = {.attendance_id = attended->id,
                    .volunteer_id = attended->volunteer_id.value,
                    .date = date_at(settling, span.starts_at),
                    .minutes = ledger_rules_minutes(&settling->policy, span),
                    .span = span};
    const Served *overlap = NULL;
    LedgerCase facts = {.minutes = claim.minutes,
                        .grade = attended->grade,
                        .review_approved = str_equal(attended->review, "approved"),
                        .review_needed = str_equal(attended->review, "needed"),
                        .review_rejected = str_equal(attended->review, "rejected"),
                        .day_minutes = day_minutes(settling, &claim, &overlap),
                        .overlaps = overlap != NULL};
    facts.overlaps = overlap != NULL;
    LedgerVerdict verdict = ledger_rules_decide(&settling->policy, &facts);
    bool shows_overlap = verdict.reason == CLAIM_REASON_OVERLAP;
    push_claim(settling, attended, &claim, &verdict, shows_overlap ? overlap : NULL);
    settling->held += verdict.state == CLAIM_HELD;
    if (verdict.state == CLAIM_GRANTED) {
        *vec_push(&settling->served, settling->ctx.arena) = claim;
    }
}

YIELDS static Err *last_id(Ctx *ctx, const SqlStatement *statement, int64_t activity_id,
                           int64_t *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, statement, ARGS(sql_int(activity_id)), &rows));
    *ret_id = row_int(rows, 0, 0);
    return NULL;
}

/* Writes the claims, and for all that are granted their entries, totals and messages. */
YIELDS static Err *write_claims(Settling *settling)
{
    Ctx *ctx = &settling->ctx;
    int64_t id = settling->activity_id;
    int64_t last_claim = 0;
    int64_t last_entry = 0;
    TRY(last_id(ctx, &SQL_LEDGER_CLAIM_LAST, id, &last_claim));
    TRY(last_id(ctx, &SQL_LEDGER_ENTRY_LAST, id, &last_entry));
    TRY(store_exec_many(ctx->db, &SQL_LEDGER_CLAIM_INSERT, settling->rows.items,
                        settling->rows.count, NULL));
    TRY(store_exec(ctx->db, &SQL_LEDGER_ENTRY_GRANT_ALL,
                   ARGS(sql_int(id), sql_int(last_claim), sql_id(ctx->caller.account_id.value),
                        sql_text(ctx->caller.name), sql_time(ctx->now)),
                   NULL));
    TRY(store_exec(ctx->db, &SQL_LEDGER_VOLUNTEER_TOTAL_ALL, ARGS(sql_int(id), sql_int(last_entry)),
                   NULL));
    TRY(store_exec(ctx->db, &SQL_LEDGER_GRANTED_PUBLISH_ALL,
                   ARGS(sql_int(id), sql_int(last_entry), sql_time(ctx->now)), NULL));
    return store_exec(ctx->db, &SQL_SETTLEMENT_HOLD,
                      ARGS(sql_int(id), sql_int(settling->held), sql_time(ctx->now)), NULL);
}

/* Whoever settles the same activity waits for the settlement's row. */
YIELDS static Err *lock(Settling *settling)
{
    Ctx *ctx = &settling->ctx;
    StoreRows *rows = NULL;
    return store_query(ctx->db, &SQL_SETTLEMENT_LOCK, ARGS(sql_int(settling->activity_id)), &rows);
}

YIELDS static Err *settle_batch(Db *db, void *arg)
{
    Settling *settling = arg;
    Ctx *ctx = &settling->ctx;
    StoreRows *rows = NULL;
    ctx->db = db;
    settling->held = 0;
    settling->rows.count = 0;
    TRY(lock(settling));
    TRY(store_query(db, &SQL_LEDGER_ATTENDANCE_NEXT,
                    ARGS(sql_int(settling->activity_id), sql_int(settling->after_id),
                         sql_int(BATCH_ROWS)),
                    &rows));
    ObjectList list = shape_from_rows(ctx->arena, &ATTENDED, rows);
    const Attended *attended = list.items;
    settling->done = list.count;
    if (list.count == 0) {
        return NULL;
    }
    TRY(load_served(settling, attended, list.count));
    for (size_t i = 0; i < list.count; i++) {
        decide(settling, &attended[i]);
    }
    TRY(write_claims(settling));
    settling->last_id = attended[list.count - 1].id;
    return NULL;
}

/* ---- Around the batches ---- */

YIELDS static Err *begin(Db *db, void *arg)
{
    Settling *settling = arg;
    Ctx *ctx = &settling->ctx;
    LedgerActivity *activity = NULL;
    ctx->db = db;
    TRY(check_activity(ctx, settling->activity_id, &activity));
    settling->activity = activity;
    TRY(setting_load(ctx, &settling->settings));
    settling->policy = ledger_policy(settling->settings);
    TRY(ledger_settlement_open(ctx, activity));
    return store_exec(db, &SQL_SETTLEMENT_SNAPSHOT,
                      ARGS(sql_int(activity->id), sql_text(activity->name),
                           sql_text(activity->place_name), sql_text(activity->description),
                           sql_text(activity->unit_name), sql_text(activity->person_in_charge),
                           sql_id(ctx->caller.account_id.value), sql_text(ctx->caller.name)),
                      NULL);
}

YIELDS static Err *end(Db *db, void *arg)
{
    Settling *settling = arg;
    Ctx *ctx = &settling->ctx;
    LedgerActivity *activity = NULL;
    ctx->db = db;
    TRY(lock(settling));
    TRY(ledger_activity_find(ctx, settling->activity_id, &activity));
    if (str_equal(activity->state, "ended")) {
        TRY(activity_settle(ctx, (ActivityId){activity->id}));
    }
    TRY(store_exec(db, &SQL_SETTLEMENT_CLOSE,
                   ARGS(sql_int(settling->activity_id), sql_time(ctx->now)), NULL));
    return audit_record(ctx, &(AuditEntry){.action = "ledger.settle",
                                           .object_type = "activity",
                                           .object_id = settling->activity_id,
                                           .unit_id = activity->recording_unit_id});
}

YIELDS Err *ledger_settle(Ctx *ctx, int64_t activity_id)
{
    Settling settling = {.ctx = *ctx, .activity_id = activity_id};
    TRY(store_transact(ctx->db, begin, &settling));
    do {
        TRY(store_transact(ctx->db, settle_batch, &settling));
        settling.after_id = settling.last_id;
    } while (settling.done == BATCH_ROWS);
    return store_transact(ctx->db, end, &settling);
}
