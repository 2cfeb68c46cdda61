/* Lists of staff: activities, and the history of one. */
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/common/id_page.h"
#include "voms/common/page.h"

#define TOTAL_MAX 10000

typedef struct ActivityQuery {
    UnitId unit_id;
    ProjectId project_id;
    int state;
    const char *category;
    const char *q;
    TimeMs from; /* those that end at or after it */
    TimeMs to;   /* those that start before it */
    bool descending;
    int64_t after_id;
} ActivityQuery;

static Err *read_query(const HttpRequest *req, ActivityQuery *query)
{
    static const char *const NAMES[] = {"unit_id", "project_id", "state", "category",
                                        "q",       "from",       "to",    "sort",
                                        "limit",   "cursor",     "total", NULL};
    static const char *const SORTS[] = {"created_at", NULL};
    int sort = 0;
    TRY(http_query_only(req, NAMES));
    TRY(page_query_id(req, "unit_id", &query->unit_id.value));
    TRY(page_query_id(req, "project_id", &query->project_id.value));
    TRY(http_query_choice(req, "state", activity_states, -1, &query->state));
    TRY(page_query_text(req, "category", 64, &query->category));
    TRY(page_query_text(req, "q", 100, &query->q));
    TRY(page_query_time(req, "from", &query->from));
    TRY(page_query_time(req, "to", &query->to));
    return page_sort(req, SORTS, /* descending_default= */ true, &sort, &query->descending);
}

static void add_times(SqlBuilder *builder, const ActivityQuery *query)
{
    if (query->from != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_FROM, ARGS(sql_time(query->from)));
    }
    if (query->to != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_TO, ARGS(sql_time(query->to)));
    }
}

static void add_filters(Ctx *ctx, SqlBuilder *builder, const ActivityQuery *query)
{
    AccessConfinement confined = access_confine(ctx, "activity:read");
    if (confined.account != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (query->unit_id.value > 1) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->project_id.value != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_OF_PROJECT,
                        ARGS(sql_int(query->project_id.value)));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_IN_STATE,
                        ARGS(sql_text(activity_states[query->state])));
    }
    if (query->category != NULL) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_OF_CATEGORY, ARGS(sql_text(query->category)));
    }
    if (query->q != NULL) {
        sql_builder_add(builder, &SQL_ACTIVITY_ROWS_Q,
                        ARGS(sql_text(page_like(ctx->arena, query->q))));
    }
    add_times(builder, query);
}

YIELDS static Err *count(Ctx *ctx, const ActivityQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ACTIVITY_ROWS_COUNT_BEGIN, NO_ARGS);
    add_filters(ctx, &builder, query);
    sql_builder_add(&builder, &SQL_ACTIVITY_ROWS_COUNT_END, ARGS(sql_int(TOTAL_MAX)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *query_page(Ctx *ctx, const ActivityQuery *query, int64_t limit,
                              ObjectList *ret_activities)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ACTIVITY_ROWS_SELECT, NO_ARGS);
    add_filters(ctx, &builder, query);
    if (query->after_id != 0) {
        sql_builder_add(&builder,
                        query->descending ? &SQL_ACTIVITY_ROWS_BELOW : &SQL_ACTIVITY_ROWS_ABOVE,
                        ARGS(sql_int(query->after_id)));
    }
    sql_builder_add(&builder, query->descending ? &SQL_ACTIVITY_ROWS_DOWN : &SQL_ACTIVITY_ROWS_UP,
                    NO_ARGS);
    sql_builder_add(&builder, &SQL_ACTIVITY_ROWS_LIMIT, ARGS(sql_int(limit)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_activities = activity_from_rows(ctx->arena, rows);
    return NULL;
}

static void end_page(Ctx *ctx, HttpList *list, int64_t limit, const char *context)
{
    if (list->items.count <= (size_t)limit) {
        return;
    }
    list->items.count = (size_t)limit;
    const Activity *last = (const Activity *)list->items.items + limit - 1;
    SqlValue value = sql_int(last->id.value);
    list->next_cursor = page_cursor_encode(ctx->arena, context, &value, 1);
}

YIELDS Err *activity_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    ActivityQuery query = {.state = -1};
    HttpList list = {.shape = &activity_shape, .total = -1};
    TRY(read_query(req, &query));
    TRY(page_query(req, &page));
    const char *context = query.descending ? "activities.-id" : "activities.id";
    if (page.cursor != NULL) {
        SqlValue after = {.type = SQL_INT};
        TRY(page_cursor_decode(ctx->arena, page.cursor, context, &after, 1));
        query.after_id = after.integer;
    }
    TRY(query_page(ctx, &query, page.limit + 1, &list.items));
    if (page.with_total) {
        TRY(count(ctx, &query, &list.total));
    }
    end_page(ctx, &list, page.limit, context);
    return http_reply_list(res, &list, NULL);
}

/* ---- History ---- */

typedef struct ActivityHistoryEntry {
    int64_t id;
    TimeMs at;
    const char *action;
    int64_t actor_id;
    const char *actor_name;
    const char *reason;
    const char *changes;
} ActivityHistoryEntry;

static const Field HISTORY_FIELDS[] = {
    FIELD(ActivityHistoryEntry, id, FIELD_ID),
    FIELD(ActivityHistoryEntry, at, FIELD_TIME),
    FIELD(ActivityHistoryEntry, action, FIELD_TEXT),
    FIELD(ActivityHistoryEntry, actor_id, FIELD_ID),
    FIELD(ActivityHistoryEntry, actor_name, FIELD_TEXT),
    FIELD(ActivityHistoryEntry, reason, FIELD_TEXT),
    FIELD(ActivityHistoryEntry, changes, FIELD_JSON),
    {},
};
const Shape activity_history_shape = {.name = "HistoryEntry",
                                      .size_bytes = sizeof(ActivityHistoryEntry),
                                      .fields = HISTORY_FIELDS};

YIELDS Err *activity_history(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId id = {};
    IdPage page = {};
    StoreRows *rows = NULL;
    int64_t total = -1;
    TRY(http_path_id(req, "activity_id", &id.value));
    TRY(id_page_read(req, "activity-history", NULL, &page));
    TRY(store_query(ctx->db, &SQL_ACTIVITY_HISTORY_LIST,
                    ARGS(sql_int(id.value), sql_int(page.before_id), sql_int(page.limit + 1)),
                    &rows));
    ObjectList entries = shape_from_rows(ctx->arena, &activity_history_shape, rows);
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_ACTIVITY_HISTORY_COUNT, ARGS(sql_int(id.value)), &rows));
        total = row_int(rows, 0, 0);
    }
    return id_page_reply(res, req, &page, &activity_history_shape, entries, total, NULL);
}
