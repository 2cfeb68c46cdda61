/* Lists of attendances: the volunteer's own, and those of staff. */
#include "voms/access/access.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/common/id_page.h"
#include "voms/common/page.h"

YIELDS Err *attendance_reply(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    Attendance *attendance = NULL;
    TRY(attendance_find(ctx, id, &attendance));
    http_set_version(res, attendance->version);
    return http_reply(res, status, &attendance_shape, attendance, NULL);
}

YIELDS Err *attendance_list_own(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    IdPage page = {};
    StoreRows *rows = NULL;
    int64_t total = -1;
    SqlValue own = sql_int(ctx->caller.volunteer_id.value);
    TRY(id_page_read(req, "own_attendances", NULL, &page));
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_LIST_OWN,
                    ARGS(own, sql_int(page.before_id), sql_int(page.limit + 1)), &rows));
    ObjectList items = shape_from_rows(ctx->arena, &attendance_shape, rows);
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_ATTENDANCE_COUNT_OWN, ARGS(own), &rows));
        total = row_int(rows, 0, 0);
    }
    return id_page_reply(res, req, &page, &attendance_shape, items, total, NULL);
}

/* ---- Of staff ---- */

typedef struct ListQuery {
    int64_t unit_id;
    int64_t activity_id;
    int64_t shift_id;
    int64_t volunteer_id;
    int state;
    int review;
    int grade;
} ListQuery;

static const char *const GRADES[] = {"A", "B", "C", "D", NULL};

static Err *read_query(const HttpRequest *req, ListQuery *query)
{
    TRY(page_query_id(req, "unit_id", &query->unit_id));
    TRY(page_query_id(req, "activity_id", &query->activity_id));
    TRY(page_query_id(req, "shift_id", &query->shift_id));
    TRY(page_query_id(req, "volunteer_id", &query->volunteer_id));
    TRY(http_query_choice(req, "state", attendance_states, -1, &query->state));
    TRY(http_query_choice(req, "review", attendance_reviews, -1, &query->review));
    return http_query_choice(req, "grade", GRADES, -1, &query->grade);
}

static void add_id(SqlBuilder *builder, const SqlStatement *clause, int64_t id)
{
    if (id != 0) {
        sql_builder_add(builder, clause, ARGS(sql_int(id)));
    }
}

static void add_choice(SqlBuilder *builder, const SqlStatement *clause, const char *const *choices,
                       int index)
{
    if (index >= 0) {
        sql_builder_add(builder, clause, ARGS(sql_text(choices[index])));
    }
}

static void add_filters(SqlBuilder *builder, Ctx *ctx, const ListQuery *query)
{
    AccessConfinement confined = access_confine(ctx, "attendance:read");
    if (confined.account != 0) {
        sql_builder_add(builder, &SQL_ATTENDANCE_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    add_id(builder, &SQL_ATTENDANCE_ROWS_OF_UNIT, query->unit_id);
    add_id(builder, &SQL_ATTENDANCE_ROWS_OF_ACTIVITY, query->activity_id);
    add_id(builder, &SQL_ATTENDANCE_ROWS_OF_SHIFT, query->shift_id);
    add_id(builder, &SQL_ATTENDANCE_ROWS_OF_VOLUNTEER, query->volunteer_id);
    add_choice(builder, &SQL_ATTENDANCE_ROWS_IN_STATE, attendance_states, query->state);
    add_choice(builder, &SQL_ATTENDANCE_ROWS_OF_GRADE, GRADES, query->grade);
    if (query->review == ATTENDANCE_REVIEW_NEEDED) {
        sql_builder_add(builder, &SQL_ATTENDANCE_ROWS_REVIEW_NEEDED, NO_ARGS);
    } else {
        add_choice(builder, &SQL_ATTENDANCE_ROWS_IN_REVIEW, attendance_reviews, query->review);
    }
}

YIELDS static Err *find_page(Ctx *ctx, const ListQuery *query, const IdPage *page,
                             ObjectList *ret_items)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ATTENDANCE_ROWS_SELECT, NO_ARGS);
    add_filters(&builder, ctx, query);
    sql_builder_add(&builder, &SQL_ATTENDANCE_ROWS_BEFORE, ARGS(sql_int(page->before_id)));
    sql_builder_add(&builder, &SQL_ATTENDANCE_ROWS_DOWN, ARGS(sql_int(page->limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_items = shape_from_rows(ctx->arena, &attendance_shape, rows);
    return NULL;
}

YIELDS static Err *count_all(Ctx *ctx, const ListQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ATTENDANCE_ROWS_COUNT_BEGIN, NO_ARGS);
    add_filters(&builder, ctx, query);
    sql_builder_add(&builder, &SQL_ATTENDANCE_ROWS_COUNT_END, NO_ARGS);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *attendance_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "activity_id", "shift_id", "volunteer_id",
                                        "state",   "review",      "grade",    NULL};
    IdPage page = {};
    ListQuery query = {};
    ObjectList items = {};
    int64_t total = -1;
    TRY(id_page_read(req, "attendances", NAMES, &page));
    TRY(read_query(req, &query));
    TRY(find_page(ctx, &query, &page, &items));
    if (page.with_total) {
        TRY(count_all(ctx, &query, &total));
    }
    return id_page_reply(res, req, &page, &attendance_shape, items, total, NULL);
}
