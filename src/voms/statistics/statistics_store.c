/* Sums of totals, for reading. */
#include "voms/ledger/ledger.h"
#include "voms/statistics/statistics.sql.h"
#include "voms/statistics/statistics_internal.h"

#define SUM(member) FIELD(StatisticsSums, member, FIELD_INT)

/* Columns; not an answer. */
static const Field FIELDS[] = {
    SUM(month),
    SUM(active),
    SUM(inactive),
    SUM(suspended),
    SUM(applicants),
    SUM(joined),
    SUM(published),
    SUM(in_progress),
    SUM(ended),
    SUM(activities),
    SUM(cancelled),
    SUM(shifts),
    SUM(places),
    SUM(taken),
    SUM(attended),
    SUM(absent),
    SUM(minutes),
    FIELD(StatisticsSums, unit_id, FIELD_ID),
    FIELD(StatisticsSums, name, FIELD_TEXT),
    FIELD(StatisticsSums, has_units, FIELD_BOOL),
    {},
};
static const Shape ROW = SHAPE(StatisticsSums, FIELDS);

void statistics_derive(Arena *arena, StatisticsSums *sums)
{
    sums->month_text =
        sums->month == STATISTICS_NOW ? NULL : statistics_month_format(arena, sums->month);
    sums->hours = ledger_hours(arena, sums->minutes);
    sums->fill_rate = statistics_rate(arena, sums->taken, sums->places);
    sums->no_show_rate = statistics_rate(arena, sums->absent, sums->attended + sums->absent);
    sums->people = sums->active + sums->inactive + sums->suspended;
}

YIELDS static Err *read_sums(Ctx *ctx, const SqlBuilder *builder, ObjectList *ret_sums)
{
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, builder, &rows));
    ObjectList list = shape_from_rows(ctx->arena, &ROW, rows);
    StatisticsSums *sums = list.items;
    for (size_t i = 0; i < list.count; i++) {
        statistics_derive(ctx->arena, &sums[i]);
    }
    *ret_sums = list;
    return NULL;
}

/* The topmost units that the account may see: no number is in it twice. */
static void add_topmost(SqlBuilder *builder, const StatisticsScope *scope)
{
    sql_builder_add(builder, &SQL_STATISTICS_TOPMOST,
                    ARGS(sql_int(scope->account), sql_text(scope->permission)));
}

YIELDS Err *statistics_list_months(Ctx *ctx, const StatisticsScope *scope, StatisticsPeriod period,
                                   ObjectList *ret_sums)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_STATISTICS_MONTHS_SELECT,
                    ARGS(sql_int(period.from), sql_int(period.to)));
    if (scope->unit_id.value != 0) {
        sql_builder_add(&builder, &SQL_STATISTICS_MONTHS_OF_UNIT,
                        ARGS(sql_int(scope->unit_id.value)));
    } else {
        sql_builder_add(&builder, &SQL_STATISTICS_MONTHS_OF_UNITS, NO_ARGS);
        add_topmost(&builder, scope);
    }
    sql_builder_add(&builder, &SQL_STATISTICS_MONTHS_GROUP, NO_ARGS);
    return read_sums(ctx, &builder, ret_sums);
}

YIELDS Err *statistics_list_units(Ctx *ctx, const StatisticsUnitQuery *query, ObjectList *ret_sums)
{
    const StatisticsScope *scope = query->scope;
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_STATISTICS_UNITS_SELECT,
                    ARGS(sql_int(query->period.from), sql_int(query->period.to)));
    if (scope->unit_id.value != 0) {
        sql_builder_add(&builder, &SQL_STATISTICS_UNITS_OF_PARENT,
                        ARGS(sql_int(scope->unit_id.value)));
    } else {
        sql_builder_add(&builder, &SQL_STATISTICS_UNITS_OF_UNITS, NO_ARGS);
        add_topmost(&builder, scope);
    }
    sql_builder_add(&builder, &SQL_STATISTICS_UNITS_GROUP, NO_ARGS);
    if (query->goes_on) {
        sql_builder_add(&builder, &SQL_STATISTICS_UNITS_AFTER,
                        ARGS(sql_int(query->after_minutes), sql_int(query->after_id)));
    }
    sql_builder_add(&builder, &SQL_STATISTICS_UNITS_PAGE, ARGS(sql_int(query->limit)));
    return read_sums(ctx, &builder, ret_sums);
}

YIELDS Err *statistics_find_state(Ctx *ctx, UnitId unit_id, StatisticsState *ret_state)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_STATISTICS_STATE_FIND, ARGS(sql_int(unit_id.value)), &rows));
    StatisticsState state = {.time_zone = row_text(rows, 0, 0),
                             .is_rebuilding = row_bool(rows, 0, 1),
                             .unit_name = row_text(rows, 0, 2)};
    if (state.time_zone[0] == '\0') { /* nothing was counted yet */
        const Settings *settings = NULL;
        TRY(setting_load(ctx, &settings));
        state.time_zone = settings->time_zone;
    }
    *ret_state = state;
    return NULL;
}
