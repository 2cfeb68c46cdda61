/* The shifts of all activities by time: the calendar of staff, and what the front desk serves. */
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/activity/shift.sql.h"
#include "voms/common/page.h"

#define RANGE_DEFAULT_MS (31 * DAY_MS)
#define RANGE_MAX_DAYS 93

typedef struct AgendaPlace {
    PositionId position_id;
    const char *position_name;
    int64_t needed;
    int64_t taken;
    int64_t waiting;
    int64_t pending;
} AgendaPlace;

static const Field PLACE_FIELDS[] = {
    FIELD(AgendaPlace, position_id, FIELD_ID),
    FIELD(AgendaPlace, position_name, FIELD_TEXT),
    FIELD(AgendaPlace, needed, FIELD_INT),
    FIELD(AgendaPlace, taken, FIELD_INT),
    FIELD(AgendaPlace, waiting, FIELD_INT),
    FIELD(AgendaPlace, pending, FIELD_INT),
    {},
};
static const Shape AGENDA_PLACE = SHAPE(AgendaPlace, PLACE_FIELDS);

typedef struct AgendaShift {
    ShiftId id;
    ActivityId activity_id;
    const char *activity_name;
    int activity_state; /* ActivityState */
    UnitId unit_id;
    const char *unit_name;
    const char *time_zone;
    TimeMs starts_at;
    TimeMs ends_at;
    int state;              /* ShiftState */
    const char *place_name; /* its own, else the activity's */
    int64_t needed;         /* sums over its positions */
    int64_t taken;
    int64_t waiting;
    int64_t pending;
    ObjectList places; /* of AgendaPlace, in the order of positions */
} AgendaShift;

static const Field FIELDS[] = {
    FIELD(AgendaShift, id, FIELD_ID),
    FIELD(AgendaShift, activity_id, FIELD_ID),
    FIELD(AgendaShift, activity_name, FIELD_TEXT),
    FIELD(AgendaShift, activity_state, FIELD_CHOICE, .choices = activity_states),
    FIELD(AgendaShift, unit_id, FIELD_ID),
    FIELD(AgendaShift, unit_name, FIELD_TEXT),
    FIELD(AgendaShift, time_zone, FIELD_TEXT),
    FIELD(AgendaShift, starts_at, FIELD_TIME),
    FIELD(AgendaShift, ends_at, FIELD_TIME),
    FIELD(AgendaShift, state, FIELD_CHOICE, .choices = shift_states),
    FIELD(AgendaShift, place_name, FIELD_TEXT),
    FIELD(AgendaShift, needed, FIELD_INT),
    FIELD(AgendaShift, taken, FIELD_INT),
    FIELD(AgendaShift, waiting, FIELD_INT),
    FIELD(AgendaShift, pending, FIELD_INT),
    FIELD(AgendaShift, places, FIELD_OBJECT_LIST, .shape = &AGENDA_PLACE),
    {},
};
const Shape shift_agenda_shape = SHAPE(AgendaShift, FIELDS);

typedef struct AgendaQuery {
    TimeMs from;
    TimeMs to;
    UnitId unit_id;
    ActivityId activity_id;
    int state;
    int activity_state;
    PageQuery page;
    SqlValue after[2];
} AgendaQuery;

static Err *refuse(const HttpRequest *req, const char *name, const char *code, const char *param)
{
    Err *err = NULL;
    err_add_field(req->arena, &err, name, code, param);
    return err;
}

static Err *read_range(Ctx *ctx, const HttpRequest *req, AgendaQuery *query)
{
    TRY(page_query_time(req, "from", &query->from));
    TRY(page_query_time(req, "to", &query->to));
    query->from = query->from != 0 ? query->from : ctx->now;
    query->to = query->to != 0 ? query->to : query->from + RANGE_DEFAULT_MS;
    if (query->to <= query->from) {
        return refuse(req, "to", "times_disordered", NULL);
    }
    if (query->to - query->from > RANGE_MAX_DAYS * DAY_MS) {
        return refuse(req, "to", "range_too_long", arena_printf(req->arena, "%d", RANGE_MAX_DAYS));
    }
    return NULL;
}

static Err *read_query(Ctx *ctx, const HttpRequest *req, AgendaQuery *query)
{
    static const char *const NAMES[] = {"from",        "to",     "unit_id",
                                        "activity_id", "state",  "activity_state",
                                        "limit",       "cursor", NULL};
    TRY(http_query_only(req, NAMES));
    TRY(read_range(ctx, req, query));
    TRY(page_query_id(req, "unit_id", &query->unit_id.value));
    TRY(page_query_id(req, "activity_id", &query->activity_id.value));
    TRY(http_query_choice(req, "state", shift_states, -1, &query->state));
    TRY(http_query_choice(req, "activity_state", activity_states, -1, &query->activity_state));
    TRY(page_query(req, &query->page));
    query->after[0].type = SQL_TIME;
    query->after[1].type = SQL_INT;
    return query->page.cursor == NULL
               ? NULL
               : page_cursor_decode(req->arena, query->page.cursor, "agenda", query->after, 2);
}

static void add_filters(SqlBuilder *builder, const AgendaQuery *query)
{
    if (query->unit_id.value > UNIT_ROOT.value) {
        sql_builder_add(builder, &SQL_SHIFT_AGENDA_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->activity_id.value != 0) {
        sql_builder_add(builder, &SQL_SHIFT_AGENDA_OF_ACTIVITY,
                        ARGS(sql_int(query->activity_id.value)));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_SHIFT_AGENDA_IN_STATE,
                        ARGS(sql_text(shift_states[query->state])));
    }
    if (query->activity_state >= 0) {
        sql_builder_add(builder, &SQL_SHIFT_AGENDA_OF_ACTIVITY_STATE,
                        ARGS(sql_text(activity_states[query->activity_state])));
    }
    if (query->page.cursor != NULL) {
        sql_builder_add(builder, &SQL_SHIFT_AGENDA_AFTER,
                        (SqlArgs){.values = query->after, .count = 2});
    }
}

/* What the caller may do `needs` to; `only` is a clause without parameters, or NULL. */
YIELDS static Err *reply(Ctx *ctx, const HttpRequest *req, const SqlStatement *only,
                         HttpResponse *res)
{
    AgendaQuery query = {};
    SqlBuilder builder;
    StoreRows *rows = NULL;
    HttpList list = {.shape = &shift_agenda_shape, .total = -1};
    AccessConfinement confined = access_confine(ctx, req->route->needs);
    TRY(read_query(ctx, req, &query));
    sql_builder_init(&builder, ctx->arena);
    /* No shift is longer, so none that began earlier can reach into the range. */
    sql_builder_add(&builder, &SQL_SHIFT_AGENDA_SELECT,
                    ARGS(sql_time(query.from - SHIFT_LENGTH_MAX_MS), sql_time(query.from),
                         sql_time(query.to)));
    if (confined.account != 0) {
        sql_builder_add(&builder, &SQL_ACTIVITY_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (only != NULL) {
        sql_builder_add(&builder, only, NO_ARGS);
    }
    add_filters(&builder, &query);
    sql_builder_add(&builder, &SQL_SHIFT_AGENDA_ORDER, ARGS(sql_int(query.page.limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    list.items = shape_from_rows(ctx->arena, &shift_agenda_shape, rows);
    if (list.items.count > (size_t)query.page.limit) {
        list.items.count = (size_t)query.page.limit;
        const AgendaShift *last = (const AgendaShift *)list.items.items + query.page.limit - 1;
        SqlValue values[] = {sql_time(last->starts_at), sql_int(last->id.value)};
        list.next_cursor = page_cursor_encode(ctx->arena, "agenda", values, 2);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS Err *shift_agenda(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return reply(ctx, req, NULL, res);
}

YIELDS Err *shift_agenda_desk(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return reply(ctx, req, &SQL_SHIFT_AGENDA_AT_DESK, res);
}
