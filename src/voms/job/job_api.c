/* job_api.c - background work: what waits, what runs, what was given up. */
#include <inttypes.h>

#include "app/schedule.h"
#include "base/str.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/job/job.sql.h"

typedef struct Job {
    int64_t id;
    const char *kind; /* the consumer's name */
    int state;
    int64_t attempts;
    const char *last_error;
    TimeMs run_at;
    TimeMs created_at;
} Job;

static const char *const JOB_STATES[] = {"queued", "running", "retrying", NULL};

static const Field JOB_FIELDS[] = {
    FIELD(Job, id, FIELD_ID),
    FIELD(Job, kind, FIELD_TEXT),
    FIELD(Job, state, FIELD_CHOICE, .choices = JOB_STATES),
    FIELD(Job, attempts, FIELD_INT),
    FIELD(Job, last_error, FIELD_LONG_TEXT),
    FIELD(Job, run_at, FIELD_TIME),
    FIELD(Job, created_at, FIELD_TIME),
    {},
};
static const Shape JOB = SHAPE(Job, JOB_FIELDS);

typedef struct DeadLetter {
    int64_t id;
    const char *kind;
    const char *message_id;
    const char *payload;
    int64_t attempts;
    const char *error;
    TimeMs created_at;
} DeadLetter;

static const Field DEAD_LETTER_FIELDS[] = {
    FIELD(DeadLetter, id, FIELD_ID),           FIELD(DeadLetter, kind, FIELD_TEXT),
    FIELD(DeadLetter, message_id, FIELD_TEXT), FIELD(DeadLetter, payload, FIELD_JSON),
    FIELD(DeadLetter, attempts, FIELD_INT),    FIELD(DeadLetter, error, FIELD_LONG_TEXT),
    FIELD(DeadLetter, created_at, FIELD_TIME), {},
};
static const Shape DEAD_LETTER = SHAPE(DeadLetter, DEAD_LETTER_FIELDS);

typedef struct ScheduleEntry {
    const char *name;
    int64_t every_seconds;
    bool running;
    TimeMs next_at;
    TimeMs last_started_at; /* 0: it never ran */
    TimeMs last_ended_at;
    const char *last_error; /* NULL: the last run went well */
    int64_t runs;
    int64_t failures;
} ScheduleEntry;

static const Field SCHEDULE_FIELDS[] = {
    FIELD(ScheduleEntry, name, FIELD_TEXT),
    FIELD(ScheduleEntry, every_seconds, FIELD_INT, .flags = FIELD_NO_COLUMN),
    FIELD(ScheduleEntry, running, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    FIELD(ScheduleEntry, next_at, FIELD_TIME, .flags = FIELD_NO_COLUMN),
    FIELD(ScheduleEntry, last_started_at, FIELD_TIME),
    FIELD(ScheduleEntry, last_ended_at, FIELD_TIME),
    FIELD(ScheduleEntry, last_error, FIELD_LONG_TEXT),
    FIELD(ScheduleEntry, runs, FIELD_INT),
    FIELD(ScheduleEntry, failures, FIELD_INT),
    {},
};
static const Shape SCHEDULE = {.name = "Schedule",
                               .size_bytes = sizeof(ScheduleEntry),
                               .fields = SCHEDULE_FIELDS};

/* ---- Lists, newest first ---- */

static Err *read_page(const HttpRequest *req, PageQuery *ret_page, int64_t *ret_before)
{
    TRY(page_query(req, ret_page));
    SqlValue last = {.type = SQL_INT, .integer = INT64_MAX};
    if (ret_page->cursor != NULL) {
        TRY(page_cursor_decode(req->arena, ret_page->cursor, "id", &last, 1));
    }
    *ret_before = last.integer;
    return NULL;
}

/* One row more than the page was asked for: it tells that there is a next page. */
YIELDS static Err *reply_page(Ctx *ctx, HttpResponse *res, const Shape *shape, StoreRows *rows,
                              const PageQuery *page, const SqlStatement *count)
{
    HttpList list = {.shape = shape, .total = -1};
    bool more = (int64_t)rows->count > page->limit;
    rows->count = more ? (size_t)page->limit : rows->count;
    list.items = shape_from_rows(ctx->arena, shape, rows);
    if (more) {
        SqlValue last = sql_int(row_int(rows, rows->count - 1, row_column(rows, "id")));
        list.next_cursor = page_cursor_encode(ctx->arena, "id", &last, 1);
    }
    if (page->with_total) {
        StoreRows *total = NULL;
        TRY(store_query(ctx->db, count, NO_ARGS, &total));
        list.total = row_int(total, 0, 0);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *list_jobs(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const SqlStatement *const STATE_CLAUSES[] = {&SQL_JOB_LIST_QUEUED, &SQL_JOB_LIST_RUNNING,
                                                        &SQL_JOB_LIST_RETRYING};
    PageQuery page = {};
    int64_t before = 0;
    int state = -1;
    TRY(read_page(req, &page, &before));
    TRY(http_query_choice(req, "state", JOB_STATES, -1, &state));
    SqlBuilder sql;
    sql_builder_init(&sql, ctx->arena);
    sql_builder_add(&sql, &SQL_JOB_LIST, ARGS(sql_time(ctx->now), sql_int(before)));
    if (state >= 0) {
        sql_builder_add(&sql, STATE_CLAUSES[state], ARGS(sql_time(ctx->now)));
    }
    sql_builder_add(&sql, &SQL_JOB_LIST_PAGE, ARGS(sql_int(page.limit + 1)));
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &sql, &rows));
    return reply_page(ctx, res, &JOB, rows, &page, &SQL_JOB_COUNT);
}

YIELDS static Err *list_dead_letters(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    int64_t before = 0;
    TRY(read_page(req, &page, &before));
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_DEAD_LETTER_LIST, ARGS(sql_int(before), sql_int(page.limit + 1)),
                    &rows));
    return reply_page(ctx, res, &DEAD_LETTER, rows, &page, &SQL_DEAD_LETTER_COUNT);
}

/* ---- Dead letters ---- */

/* Takes the letter out and tells the audit log what was done with it. */
YIELDS static Err *remove_letter(Ctx *ctx, const HttpRequest *req, const char *action,
                                 int64_t *ret_id)
{
    int64_t id = 0;
    TRY(http_path_id(req, "dead_letter_id", &id));
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_DEAD_LETTER_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "not_found", "no dead letter %" PRId64, id);
    }
    DeadLetter letter = {};
    shape_from_row(ctx->arena, &DEAD_LETTER, rows, 0, &letter);
    *ret_id = id;
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "dead_letter",
                                           .object_id = id,
                                           .changes = shape_diff(ctx->arena, &DEAD_LETTER, &letter,
                                                                 NULL, NULL)});
}

YIELDS static Err *delete_letter(Ctx *ctx, int64_t id, HttpResponse *res)
{
    TRY(store_exec(ctx->db, &SQL_DEAD_LETTER_DELETE, ARGS(sql_int(id)), NULL));
    return http_reply_empty(res);
}

static void nudge(void *bus)
{
    bus_nudge(bus);
}

YIELDS static Err *retry(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    int64_t inserted = 0;
    TRY(remove_letter(ctx, req, "dead_letter.retry", &id));
    TRY(store_exec(ctx->db, &SQL_DEAD_LETTER_RETRY, ARGS(sql_int(id), sql_time(ctx->now)),
                   &inserted));
    if (inserted == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "message_gone",
                   "the message of dead letter %" PRId64 " is no longer kept", id);
    }
    db_after_commit(ctx->db, nudge, ctx->services->bus);
    return delete_letter(ctx, id, res);
}

YIELDS static Err *drop(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(remove_letter(ctx, req, "dead_letter.drop", &id));
    return delete_letter(ctx, id, res);
}

/* ---- Periodic duties ---- */

/* What the table has of a schedule's runs; nothing before the first. */
static void fill_runs(Ctx *ctx, const StoreRows *rows, ScheduleEntry *entry)
{
    size_t name = row_column(rows, "name");
    for (size_t row = 0; row < rows->count; row++) {
        if (str_equal(row_text(rows, row, name), entry->name)) {
            shape_from_row(ctx->arena, &SCHEDULE, rows, row, entry);
        }
    }
}

YIELDS static Err *list_schedules(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const Scheduler *scheduler = ctx->services->scheduler;
    ScheduleEntry *entries = ARENA_ARRAY(ctx->arena, ScheduleEntry, scheduler->count + 1);
    StoreRows *rows = NULL;
    TRY(http_query_only(req, (const char *const[]){NULL}));
    TRY(store_query(ctx->db, &SQL_SCHEDULE_LIST, NO_ARGS, &rows));
    for (size_t i = 0; i < scheduler->count; i++) {
        const ScheduleState *state = &scheduler->states[i];
        entries[i] = (ScheduleEntry){.name = state->schedule->name,
                                     .every_seconds = state->schedule->every_ms / SECOND_MS,
                                     .running = state->running,
                                     .next_at = schedule_next_at(state)};
        fill_runs(ctx, rows, &entries[i]);
    }
    HttpList list = {.shape = &SCHEDULE,
                     .items = {.items = entries, .count = scheduler->count},
                     .total = -1};
    return http_reply_list(res, &list, NULL);
}

static Err *run_schedule(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const char *name = http_path(req, "schedule_name");
    if (!scheduler_run_now(ctx->services, name)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "not_found", "no schedule %s", name);
    }
    return http_reply_empty(res);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/schedules", list_schedules, .needs = "job:read",
     .guard = access_guard_everywhere, .out = &SCHEDULE},
    {HTTP_POST, "/api/v1/admin/schedules/{schedule_name}/run", run_schedule, .needs = "job:manage",
     .guard = access_guard_everywhere},
    {HTTP_GET, "/api/v1/admin/jobs", list_jobs, .needs = "job:read",
     .guard = access_guard_everywhere, .out = &JOB},
    {HTTP_GET, "/api/v1/admin/dead-letters", list_dead_letters, .needs = "job:read",
     .guard = access_guard_everywhere, .out = &DEAD_LETTER},
    {HTTP_POST, "/api/v1/admin/dead-letters/{dead_letter_id}/retry", retry, .needs = "job:manage",
     .guard = access_guard_everywhere, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/dead-letters/{dead_letter_id}", drop, .needs = "job:manage",
     .guard = access_guard_everywhere, .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"message_gone", "原消息已被清理，无法重试；可以删除这条记录",
     "The message is no longer kept and cannot be tried again; this entry can be dropped"},
    {},
};

static const Permission PERMISSIONS[] = {
    {"job:read", "查看后台任务", "See background jobs"},
    {"job:manage", "重试和删除失败的任务", "Retry and drop failed jobs"},
    {},
};

const Concept job_concept = {
    .name = "job", .routes = ROUTES, .messages = MESSAGES, .permissions = PERMISSIONS};
