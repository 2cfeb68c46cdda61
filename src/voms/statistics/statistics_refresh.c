/* Counting anew: what is marked, all of it in a rebuild, and after a change of the time zone. */
#include "base/str.h"
#include "base/vec.h"
#include "voms/statistics/statistics.sql.h"
#include "voms/statistics/statistics_internal.h"

#define CALENDAR_CHUNK 120
#define DUE_MAX 500 /* marks of a kind that one transaction takes */

/* ---- Ranges of ids ---- */

typedef struct IdRange { /* after < id <= last */
    int64_t after;
    int64_t last;
} IdRange;

typedef VEC(IdRange) RangeList;

static SqlArgs *range_args(Arena *arena, const RangeList *ranges, int64_t times)
{
    SqlArgs *all = ARENA_ARRAY(arena, SqlArgs, ranges->count);
    for (size_t i = 0; i < ranges->count; i++) {
        SqlValue *values = ARENA_ARRAY(arena, SqlValue, 3);
        values[0] = sql_int(ranges->items[i].after);
        values[1] = sql_int(ranges->items[i].last);
        values[2] = sql_int(times);
        all[i] = (SqlArgs){.values = values, .count = times == 0 ? 2 : 3};
    }
    return all;
}

YIELDS static Err *recount(Db *db, const StatisticsKind *kind, const RangeList *ranges)
{
    const SqlArgs *args = range_args(db->arena, ranges, 0);
    TRY(store_exec_many(db, kind->clear, args, ranges->count, NULL));
    for (size_t i = 0; i < ranges->count; i++) {
        TRY(kind->fill(db, ranges->items[i].after, ranges->items[i].last));
    }
    return NULL;
}

/* Before the counting, which sees what is marked from then on, or else it leaves a new mark. */
YIELDS static Err *unmark(Db *db, const StatisticsKind *kind, const RangeList *ranges)
{
    return store_exec_many(db, kind->unmark, range_args(db->arena, ranges, 0), ranges->count, NULL);
}

YIELDS static Err *add_to_totals(Db *db, const StatisticsKind *kind, const RangeList *ranges,
                                 int64_t times)
{
    return store_exec_many(db, kind->add, range_args(db->arena, ranges, times), ranges->count,
                           NULL);
}

/* ---- Marks ---- */

/* Neighbours become one range: an import marks thousands in a row. */
static RangeList ranges_of(Arena *arena, const StoreRows *rows)
{
    RangeList ranges = {};
    for (size_t i = 0; i < rows->count; i++) {
        int64_t id = row_int(rows, i, 0);
        IdRange *last = ranges.count == 0 ? NULL : &ranges.items[ranges.count - 1];
        if (last != NULL && last->last == id - 1) {
            last->last = id;
        } else {
            *vec_push(&ranges, arena) = (IdRange){.after = id - 1, .last = id};
        }
    }
    return ranges;
}

YIELDS static Err *count_marked(Db *db, const StatisticsKind *kind, bool *ret_worked)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_STATISTICS_DUE_LIST, ARGS(sql_text(kind->name), sql_int(DUE_MAX)),
                    &rows));
    if (rows->count == 0) {
        return NULL;
    }
    *ret_worked = true;
    RangeList ranges = ranges_of(db->arena, rows);
    TRY(unmark(db, kind, &ranges));
    TRY(add_to_totals(db, kind, &ranges, -1));
    TRY(recount(db, kind, &ranges));
    return add_to_totals(db, kind, &ranges, 1);
}

/* ---- Rebuild: a chunk of a kind, then the next kind, then the totals, at once ---- */

YIELDS static Err *set_phase(Db *db, const char *phase, int64_t after_id)
{
    return store_exec(db, &SQL_STATISTICS_SET_PHASE, ARGS(sql_text(phase), sql_int(after_id)),
                      NULL);
}

YIELDS static Err *sum_all(Db *db)
{
    TRY(store_exec(db, &SQL_STATISTICS_TOTAL_CLEAR, NO_ARGS, NULL));
    for (const StatisticsKind *kind = statistics_kinds; kind->name != NULL; kind++) {
        TRY(store_exec(db, kind->add, ARGS(sql_int(0), sql_int(STATISTICS_ID_MAX), sql_int(1)),
                       NULL));
    }
    return NULL;
}

/* A unit has moved, or is gone: what is below whom is anew. */
YIELDS static Err *follow_tree(Db *db, bool *ret_worked)
{
    int64_t marks = 0;
    TRY(store_exec(db, &SQL_STATISTICS_UNMARK_TREE, NO_ARGS, &marks));
    if (marks == 0) {
        return NULL;
    }
    *ret_worked = true;
    return sum_all(db);
}

static const StatisticsKind *find_kind(const char *name)
{
    for (const StatisticsKind *kind = statistics_kinds; kind->name != NULL; kind++) {
        if (str_equal(kind->name, name)) {
            return kind;
        }
    }
    BUG_ON(true); /* a CHECK knows them */
}

YIELDS static Err *rebuild_chunk(Db *db, const char *phase, int64_t after)
{
    const StatisticsKind *kind = find_kind(phase);
    StoreRows *rows = NULL;
    RangeList ranges = {};
    TRY(store_query(db, kind->next, ARGS(sql_int(after), sql_int(kind->chunk)), &rows));
    bool is_last = row_int(rows, 0, 0) < kind->chunk;
    /* The last chunk goes on to the end, and so drops what is kept of ids that are gone. */
    int64_t last = is_last ? STATISTICS_ID_MAX : row_int(rows, 0, 1);
    *vec_push(&ranges, db->arena) = (IdRange){.after = after, .last = last};
    TRY(unmark(db, kind, &ranges));
    TRY(recount(db, kind, &ranges));
    if (!is_last) {
        return set_phase(db, phase, last);
    }
    if (kind[1].name != NULL) {
        return set_phase(db, kind[1].name, 0);
    }
    TRY(sum_all(db));
    return set_phase(db, "none", 0);
}

/* ---- Time zone ---- */

/* Ten years at once, so that the loop is not held up. */
YIELDS static Err *write_months(Db *db, const char *zone, StatisticsMonth from)
{
    SqlArgs months[CALENDAR_CHUNK];
    size_t count = 0;
    for (StatisticsMonth month = from; count < CALENDAR_CHUNK && month <= STATISTICS_MONTH_LAST;
         month = statistics_month_add(month, 1)) {
        SqlValue *values = ARENA_ARRAY(db->arena, SqlValue, 3);
        const char *text = statistics_month_format(db->arena, month);
        values[0] = sql_int(month);
        values[1] = sql_time(statistics_month_begin(zone, month));
        values[2] = sql_text(arena_printf(db->arena, "%s-01", text));
        months[count++] = (SqlArgs){.values = values, .count = 3};
    }
    return store_exec_many(db, &SQL_STATISTICS_CALENDAR_INSERT, months, count, NULL);
}

YIELDS static Err *write_calendar(Db *db, const char *zone)
{
    TRY(store_exec(db, &SQL_STATISTICS_CALENDAR_CLEAR, NO_ARGS, NULL));
    for (StatisticsMonth from = STATISTICS_MONTH_FIRST; from <= STATISTICS_MONTH_LAST;
         from = statistics_month_add(from, CALENDAR_CHUNK)) {
        TRY(write_months(db, zone, from));
    }
    return store_exec(db, &SQL_STATISTICS_SET_ZONE, ARGS(sql_text(zone)), NULL);
}

/* ---- Steps ---- */

typedef struct Step {
    Ctx *ctx;
    bool worked;
} Step;

YIELDS static Err *take_step(Db *db, void *arg)
{
    Step *step = arg;
    Ctx ctx = *step->ctx;
    StoreRows *rows = NULL;
    const Settings *settings = NULL;
    ctx.db = db;
    step->worked = false;
    TRY(setting_load(&ctx, &settings));
    TRY(store_query(db, &SQL_STATISTICS_LOCK, ARGS(sql_time(ctx.now)), &rows));
    if (!str_equal(settings->time_zone, row_text(rows, 0, 0))) {
        step->worked = true;
        return write_calendar(db, settings->time_zone);
    }
    for (const StatisticsKind *kind = statistics_kinds; kind->name != NULL; kind++) {
        TRY(count_marked(db, kind, &step->worked));
    }
    TRY(follow_tree(db, &step->worked));
    if (!str_equal(row_text(rows, 0, 1), "none")) {
        step->worked = true;
        return rebuild_chunk(db, row_text(rows, 0, 1), row_int(rows, 0, 2));
    }
    return NULL;
}

/* Each in an arena of its own: a rebuild takes thousands. */
YIELDS static Err *step_once(Ctx *ctx, StoreWork *work, bool *ret_worked)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Db db = db_make(ctx->db->store, arena);
    Ctx own = *ctx;
    own.arena = arena;
    own.db = &db;
    own.now = time_now();
    Step step = {.ctx = &own};
    Err *err = store_transact(&db, work, &step);
    *ret_worked = step.worked;
    return err == NULL ? NULL : err_copy(ctx->arena, err);
}

YIELDS static Err *is_anything_due(Ctx *ctx, bool *ret_due)
{
    StoreRows *rows = NULL;
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(store_query(ctx->db, &SQL_STATISTICS_DUE, ARGS(sql_text(settings->time_zone)), &rows));
    *ret_due = row_bool(rows, 0, 0);
    return NULL;
}

YIELDS Err *statistics_refresh(Ctx *ctx, int64_t limit_ms, bool *ret_more)
{
    int64_t until = time_monotonic() + limit_ms;
    bool more = false;
    TRY(is_anything_due(ctx, &more));
    while (more && time_monotonic() < until) {
        TRY(step_once(ctx, take_step, &more));
    }
    if (ret_more != NULL) {
        *ret_more = more;
    }
    return NULL;
}

YIELDS static Err *begin_rebuild(Db *db, void *arg)
{
    Step *step = arg;
    StoreRows *rows = NULL;
    step->worked = true;
    TRY(store_query(db, &SQL_STATISTICS_LOCK, ARGS(sql_time(step->ctx->now)), &rows));
    return set_phase(db, statistics_kinds[0].name, 0);
}

YIELDS Err *statistics_rebuild(Ctx *ctx)
{
    bool worked = false;
    TRY(step_once(ctx, begin_rebuild, &worked));
    return statistics_refresh(ctx, DAY_MS, NULL);
}
