/* When records are due (D67 Art. 11), and which are overdue. */
#include <string.h>

#include "base/str.h"
#include "voms/calendar/calendar.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

static const Field SETTLEMENT_FIELDS[] = {
    FIELD(Settlement, activity_id, FIELD_ID),
    FIELD(Settlement, activity_name, FIELD_TEXT),
    FIELD(Settlement, activity_state, FIELD_TEXT),
    FIELD(Settlement, unit_id, FIELD_ID),
    FIELD(Settlement, unit_name, FIELD_TEXT),
    FIELD(Settlement, ended_on, FIELD_DATE),
    FIELD(Settlement, due_on, FIELD_DATE),
    FIELD(Settlement, is_overdue, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    FIELD(Settlement, settled_at, FIELD_TIME),
    FIELD(Settlement, finished_at, FIELD_TIME),
    FIELD(Settlement, held, FIELD_INT),
    FIELD(Settlement, problems, FIELD_TEXT_LIST, .flags = FIELD_NO_COLUMN),
    FIELD(Settlement, person_in_charge, FIELD_TEXT),
    FIELD(Settlement, recorder_name, FIELD_TEXT),
    {},
};
const Shape settlement_shape = SHAPE(Settlement, SETTLEMENT_FIELDS);

YIELDS static Err *find_today(Ctx *ctx, const char **ret_today)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    *ret_today = date_format(ctx->arena, setting_date(settings, ctx->now));
    return NULL;
}

static TextList problems_of(Arena *arena, const StoreRows *rows, size_t row,
                            const Settlement *settlement)
{
    LedgerActivity facts = {.name = row_text(rows, row, row_column(rows, "name")),
                            .description = row_text(rows, row, row_column(rows, "description")),
                            .place_name = row_text(rows, row, row_column(rows, "place_name")),
                            .unit_name = settlement->unit_name,
                            .person_in_charge = settlement->person_in_charge,
                            .is_volunteer_service =
                                row_bool(rows, row, row_column(rows, "is_volunteer_service")),
                            .ends_at = row_time(rows, row, row_column(rows, "ends_at")),
                            .has_open = row_bool(rows, row, row_column(rows, "has_open"))};
    TextList problems = ledger_activity_problems(arena, &facts);
    if (settlement->held > 0) {
        TextList more = {.items = ARENA_ARRAY(arena, const char *, problems.count + 1)};
        memcpy(more.items, problems.items, problems.count * sizeof(problems.items[0]));
        more.items[problems.count] = "claims_held";
        more.count = problems.count + 1;
        return more;
    }
    return problems;
}

YIELDS static Err *from_rows(Ctx *ctx, const StoreRows *rows, ObjectList *ret_settlements)
{
    const char *today = NULL;
    TRY(find_today(ctx, &today));
    *ret_settlements = shape_from_rows(ctx->arena, &settlement_shape, rows);
    Settlement *items = ret_settlements->items;
    for (size_t i = 0; i < ret_settlements->count; i++) {
        items[i].problems = problems_of(ctx->arena, rows, i, &items[i]);
        items[i].is_overdue = items[i].finished_at == 0 && items[i].due_on != NULL &&
                              strcmp(items[i].due_on, today) < 0;
    }
    return NULL;
}

YIELDS Err *ledger_settlement_find(Ctx *ctx, int64_t activity_id, Settlement **ret_settlement)
{
    StoreRows *rows = NULL;
    ObjectList found = {};
    TRY(store_query(ctx->db, &SQL_SETTLEMENT_FIND, ARGS(sql_int(activity_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "no activity %lld",
                   (long long)activity_id);
    }
    TRY(from_rows(ctx, rows, &found));
    *ret_settlement = found.items;
    return NULL;
}

static void add_filters(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query, const char *today)
{
    AccessConfinement confined = access_confine(ctx, query->permission);
    if (confined.account != 0) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (query->unit_id.value > 1) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->state == SETTLEMENT_UNFINISHED) {
        sql_builder_add(builder, &SQL_SETTLEMENT_ROWS_UNFINISHED, NO_ARGS);
    } else if (query->state == SETTLEMENT_OVERDUE) {
        sql_builder_add(builder, &SQL_SETTLEMENT_ROWS_OVERDUE, ARGS(sql_text(today)));
    }
}

YIELDS static Err *count_all(Ctx *ctx, const LedgerQuery *query, const char *today,
                             int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_SETTLEMENT_ROWS_COUNT, NO_ARGS);
    add_filters(&builder, ctx, query, today);
    sql_builder_add(&builder, &SQL_LEDGER_RECORDS_COUNT_END, NO_ARGS);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *ledger_settlement_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    const char *today = NULL;
    LedgerPage page = {.total = -1};
    TRY(find_today(ctx, &today));
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_SETTLEMENT_ROWS_SELECT, NO_ARGS);
    add_filters(&builder, ctx, query, today);
    sql_builder_add(&builder, &SQL_SETTLEMENT_ROWS_BELOW, ARGS(sql_int(query->before_id)));
    sql_builder_add(&builder, &SQL_SETTLEMENT_ROWS_PAGE, ARGS(sql_int(query->limit)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    TRY(from_rows(ctx, rows, &page.items));
    if (query->with_total) {
        TRY(count_all(ctx, query, today, &page.total));
    }
    *ret_page = page;
    return NULL;
}

/* ---- The schedule ---- */

/* Keeps the dates of activities that ended since. */
YIELDS static Err *open_missing(Ctx *ctx)
{
    StoreRows *rows = NULL;
    int64_t after = 0;
    do {
        TRY(store_query(ctx->db, &SQL_SETTLEMENT_MISSING, ARGS(sql_int(after)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            LedgerActivity *activity = NULL;
            after = row_int(rows, i, 0);
            TRY(ledger_activity_find(ctx, after, &activity));
            TRY(ledger_settlement_open(ctx, activity));
        }
    } while (rows->count > 0);
    return NULL;
}

/* The calendar may have been edited since the due dates were reckoned. */
YIELDS static Err *reckon_due(Ctx *ctx, const Settings *settings, const char *today)
{
    StoreRows *rows = NULL;
    ObjectList days = {};
    int64_t after = 0;
    TRY(calendar_load(ctx, (Date){2000, 1, 1}, &days));
    do {
        TRY(store_query(ctx->db, &SQL_SETTLEMENT_WAITING, ARGS(sql_int(after)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            Date ended = {};
            after = row_int(rows, i, 0);
            BUG_ON(!date_parse(row_text(rows, i, 1), &ended));
            Date due = calendar_rules_add(days.items, days.count, ended,
                                          settings->record_due_working_days);
            TRY(store_exec(ctx->db, &SQL_SETTLEMENT_SET_DUE,
                           ARGS(sql_int(after), sql_text(date_format(ctx->arena, due)),
                                sql_text(today)),
                           NULL));
        }
    } while (rows->count > 0);
    return NULL;
}

typedef struct Overdue {
    Ctx ctx;
    int64_t activity_id;
    int64_t unit_id;
    const char *due_on;
} Overdue;

/* Marked and told of in one transaction, so that it is told of once. */
YIELDS static Err *flag(Db *db, void *arg)
{
    Overdue *overdue = arg;
    Ctx *ctx = &overdue->ctx;
    int64_t changed = 0;
    ctx->db = db;
    TRY(store_exec(db, &SQL_SETTLEMENT_MARK_OVERDUE,
                   ARGS(sql_int(overdue->activity_id), sql_time(ctx->now)), &changed));
    if (changed == 0) {
        return NULL;
    }
    return bus_publish(db, "record.overdue",
                       arena_printf(ctx->arena, "activity:%lld", (long long)overdue->activity_id),
                       arena_printf(ctx->arena,
                                    "{\"activity_id\":%lld,\"unit_id\":%lld,\"due_on\":\"%s\"}",
                                    (long long)overdue->activity_id, (long long)overdue->unit_id,
                                    overdue->due_on));
}

YIELDS static Err *flag_overdue(Ctx *ctx, const char *today)
{
    StoreRows *rows = NULL;
    int64_t after = 0;
    do {
        TRY(store_query(ctx->db, &SQL_SETTLEMENT_OVERDUE, ARGS(sql_text(today), sql_int(after)),
                        &rows));
        for (size_t i = 0; i < rows->count; i++) {
            after = row_int(rows, i, 0);
            Overdue overdue = {.ctx = *ctx,
                               .activity_id = after,
                               .unit_id = row_int(rows, i, 1),
                               .due_on = row_text(rows, i, 2)};
            TRY(store_transact(ctx->db, flag, &overdue));
        }
    } while (rows->count > 0);
    return NULL;
}

YIELDS static Err *keep_clock(Ctx *ctx)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    const char *today = date_format(ctx->arena, setting_date(settings, ctx->now));
    TRY(open_missing(ctx));
    TRY(reckon_due(ctx, settings, today));
    return flag_overdue(ctx, today);
}

const Schedule ledger_schedules[] = {
    {.name = "ledger-record-clock", .every_ms = 10 * MINUTE_MS, .run = keep_clock},
    {},
};
