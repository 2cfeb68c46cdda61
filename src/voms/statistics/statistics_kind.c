/* The kinds of objects that are counted. */
#include "voms/statistics/statistics.sql.h"
#include "voms/statistics/statistics_internal.h"

/* ---- Volunteers ---- */

YIELDS static Err *fill_volunteers(Db *db, int64_t after, int64_t last)
{
    return store_exec(db, &SQL_STATISTICS_VOLUNTEER_FILL, ARGS(sql_int(after), sql_int(last)),
                      NULL);
}

YIELDS static Err *differ_volunteers(Ctx *ctx, int64_t after, int64_t last, StoreRows **ret_rows)
{
    return store_query(ctx->db, &SQL_STATISTICS_VOLUNTEER_VERIFY,
                       ARGS(sql_int(after), sql_int(last)), ret_rows);
}

/* ---- Activities: what the tables say of them is one text for both ---- */

YIELDS static Err *fill_activities(Db *db, int64_t after, int64_t last)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, db->arena);
    builder.writes = true;
    sql_builder_add(&builder, &SQL_STATISTICS_ACTIVITY_FILL, NO_ARGS);
    sql_builder_add(&builder, &SQL_STATISTICS_ACTIVITY_COMPUTED,
                    ARGS(sql_int(after), sql_int(last)));
    return store_query_built(db, &builder, &rows);
}

YIELDS static Err *differ_activities(Ctx *ctx, int64_t after, int64_t last, StoreRows **ret_rows)
{
    SqlBuilder builder;
    SqlArgs range = ARGS(sql_int(after), sql_int(last));
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_STATISTICS_ACTIVITY_DIFFERS, NO_ARGS);
    sql_builder_add(&builder, &SQL_STATISTICS_ACTIVITY_COMPUTED, range);
    sql_builder_add(&builder, &SQL_STATISTICS_ACTIVITY_STORED, range);
    return store_query_built(ctx->db, &builder, ret_rows);
}

const StatisticsKind statistics_kinds[] = {
    {.name = "volunteer",
     .chunk = 10000,
     .next = &SQL_STATISTICS_NEXT_VOLUNTEER,
     .unmark = &SQL_STATISTICS_UNMARK_VOLUNTEER,
     .add = &SQL_STATISTICS_TOTAL_ADD_VOLUNTEER,
     .clear = &SQL_STATISTICS_VOLUNTEER_CLEAR,
     .fill = fill_volunteers,
     .differ = differ_volunteers},
    {.name = "activity",
     .chunk = 200,
     .next = &SQL_STATISTICS_NEXT_ACTIVITY,
     .unmark = &SQL_STATISTICS_UNMARK_ACTIVITY,
     .add = &SQL_STATISTICS_TOTAL_ADD_ACTIVITY,
     .clear = &SQL_STATISTICS_ACTIVITY_CLEAR,
     .fill = fill_activities,
     .differ = differ_activities},
    {},
};
