/* Positions and shifts of activities. */
#include <inttypes.h>

#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_internal.h"
#include "voms/activity/shift.sql.h"
#include "voms/common/page.h"

/* Finds the activity for a change of its positions and shifts, which queue for it. */
YIELDS static Err *find_to_plan(Ctx *ctx, ActivityId id, Activity **ret_activity)
{
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_LOCK, ARGS(sql_int(id.value)), NULL));
    TRY(activity_find(ctx, id, ret_activity));
    if (!activity_rules_may_plan((ActivityState)(*ret_activity)->state)) {
        return activity_conflict(ctx, *ret_activity);
    }
    return NULL;
}

static bool is_seen(const Activity *activity)
{
    return activity->state == ACTIVITY_PUBLISHED || activity->state == ACTIVITY_IN_PROGRESS;
}

/* ---- Positions ---- */

YIELDS static Err *reply_position(Ctx *ctx, HttpResponse *res, int status, PositionId id)
{
    Position *position = NULL;
    TRY(position_find(ctx, id, &position));
    http_set_version(res, position->version);
    return http_reply(res, status, &position_shape, position, NULL);
}

YIELDS Err *position_list_all(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId id = {};
    HttpList list = {.shape = &position_shape, .total = -1};
    TRY(http_query_only(req, (const char *const[]){NULL}));
    TRY(http_path_id(req, "activity_id", &id.value));
    TRY(position_list(ctx, id, &list.items));
    return http_reply_list(res, &list, NULL);
}

YIELDS Err *position_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId activity_id = {};
    Activity *activity = NULL;
    Position draft = {};
    PositionId id = {};
    TRY(http_path_id(req, "activity_id", &activity_id.value));
    TRY(http_decode(req, &draft));
    TRY(position_rules_check(ctx->arena, &draft));
    TRY(find_to_plan(ctx, activity_id, &activity));
    TRY(position_insert(ctx, activity, &draft, &id));
    TRY(activity_tell(ctx, activity, "activity.position_create", NULL,
                      shape_diff(ctx->arena, &position_create_shape, NULL, &draft, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    return reply_position(ctx, res, HTTP_CREATED, id);
}

static Err *below_taken(Ctx *ctx, int64_t taken)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "needed_below_taken", "%" PRId64 " are taken", taken);
    err->current = err->param = arena_printf(ctx->arena, "%" PRId64, taken);
    return err;
}

/* Shifts that follow the position get its new number; the waitlists hear of it. */
YIELDS static Err *follow(Ctx *ctx, const Activity *activity, const Position *after)
{
    StoreRows *rows = NULL;
    SqlValue id = sql_int(after->id.value);
    SqlValue needed = sql_int(after->needed);
    SqlValue now = sql_time(ctx->now);
    TRY(store_exec(ctx->db, &SQL_POSITION_FOLLOW_PLACES,
                   ARGS(id, needed, now, sql_int(activity->id.value)), NULL));
    TRY(store_query(ctx->db, &SQL_POSITION_PLACES_ABOVE, ARGS(id, needed, now), &rows));
    if (rows->count > 0) {
        return below_taken(ctx, row_int(rows, 0, 1));
    }
    if (!is_seen(activity)) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_POSITION_FOLLOWING_SHIFTS, ARGS(id, now), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Shift *shift = NULL;
        TRY(shift_find(ctx, (ShiftId){row_int(rows, i, 0)}, &shift));
        TRY(shift_publish_changed(ctx, shift, shift, /* places_changed= */ true));
    }
    return NULL;
}

YIELDS Err *position_update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PositionId id = {};
    Position *before = NULL;
    Activity *activity = NULL;
    TRY(http_path_id(req, "position_id", &id.value));
    TRY(position_find(ctx, id, &before));
    TRY(http_check_version(req, before->version));
    TRY(find_to_plan(ctx, before->activity_id, &activity));
    if (before->removed_at != 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "position_not_found", "it was removed");
    }
    Position after = *before;
    TRY(http_decode_patch(req, &after, NULL));
    TRY(position_rules_check(ctx->arena, &after));
    TRY(position_update_row(ctx, before, &after));
    if (after.needed != before->needed) {
        TRY(follow(ctx, activity, &after));
    }
    TRY(activity_tell(ctx, activity, "activity.position_update", NULL,
                      shape_diff(ctx->arena, &position_patch_shape, before, &after, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    return reply_position(ctx, res, HTTP_OK, id);
}

YIELDS Err *position_remove(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PositionId id = {};
    Position *position = NULL;
    Activity *activity = NULL;
    StoreRows *rows = NULL;
    TRY(http_path_id(req, "position_id", &id.value));
    TRY(position_find(ctx, id, &position));
    TRY(http_check_version(req, position->version));
    TRY(find_to_plan(ctx, position->activity_id, &activity));
    TRY(store_query(ctx->db, &SQL_POSITION_IN_USE, ARGS(sql_int(id.value)), &rows));
    if (rows->count > 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "position_in_use", "shift %" PRId64 " has people",
                   row_int(rows, 0, 0));
    }
    TRY(store_exec(ctx->db, &SQL_POSITION_REMOVE, ARGS(sql_int(id.value), sql_time(ctx->now)),
                   NULL));
    TRY(store_exec(ctx->db, &SQL_POSITION_DELETE_PLACES, ARGS(sql_int(id.value)), NULL));
    TRY(activity_tell(ctx, activity, "activity.position_remove", NULL,
                      shape_diff(ctx->arena, &position_patch_shape, position, NULL, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    return http_reply_empty(res);
}

/* ---- Shifts: messages ---- */

static void write_change(JsonWriter *writer, const Shift *before, const Shift *after,
                         bool places_changed)
{
    bool moved = before->starts_at != after->starts_at || before->ends_at != after->ends_at;
    bool place_changed = !str_equal(before->place_name, after->place_name) ||
                         !str_equal(before->address, after->address);
    json_write_key(writer, "starts_at");
    json_write_time(writer, after->starts_at);
    json_write_key(writer, "ends_at");
    json_write_time(writer, after->ends_at);
    json_write_key(writer, "old_starts_at");
    json_write_time(writer, before->starts_at);
    json_write_key(writer, "old_ends_at");
    json_write_time(writer, before->ends_at);
    json_write_key(writer, "moved");
    json_write_bool(writer, moved);
    json_write_key(writer, "place_changed");
    json_write_bool(writer, place_changed);
    json_write_key(writer, "places_changed");
    json_write_bool(writer, places_changed);
}

YIELDS Err *shift_publish_changed(Ctx *ctx, const Shift *before, const Shift *after,
                                  bool places_changed)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "activity_id");
    json_write_int(&writer, after->activity_id.value);
    json_write_key(&writer, "shift_id");
    json_write_int(&writer, after->id.value);
    write_change(&writer, before, after, places_changed);
    json_write_end_object(&writer);
    return bus_publish(ctx->db, "shift.changed",
                       arena_printf(ctx->arena, "shift:%" PRId64, after->id.value),
                       str_text(&text));
}

YIELDS static Err *publish_cancelled(Ctx *ctx, const Shift *shift, const char *reason)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "activity_id");
    json_write_int(&writer, shift->activity_id.value);
    json_write_key(&writer, "shift_id");
    json_write_int(&writer, shift->id.value);
    json_write_key(&writer, "reason");
    json_write_string(&writer, reason);
    json_write_end_object(&writer);
    return bus_publish(ctx->db, "shift.cancelled",
                       arena_printf(ctx->arena, "shift:%" PRId64, shift->id.value),
                       str_text(&text));
}

/* ---- Shifts: one ---- */

YIELDS static Err *reply_shift(Ctx *ctx, HttpResponse *res, int status, ShiftId id)
{
    Shift *shift = NULL;
    TRY(shift_find(ctx, id, &shift));
    http_set_version(res, shift->version);
    return http_reply(res, status, &shift_shape, shift, NULL);
}

YIELDS Err *shift_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ShiftId id = {};
    TRY(http_path_id(req, "shift_id", &id.value));
    return reply_shift(ctx, res, HTTP_OK, id);
}

YIELDS Err *shift_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId activity_id = {};
    Activity *activity = NULL;
    Shift draft = {};
    ShiftId id = {};
    TRY(http_path_id(req, "activity_id", &activity_id.value));
    TRY(http_decode(req, &draft));
    TRY(shift_rules_check(ctx->arena, &draft));
    TRY(find_to_plan(ctx, activity_id, &activity));
    TRY(shift_check_room(ctx, activity->id, 1));
    TRY(shift_insert(ctx, activity, &draft, &id));
    TRY(activity_tell(ctx, activity, "activity.shift_create", NULL,
                      shape_diff(ctx->arena, &shift_create_shape, NULL, &draft, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    return reply_shift(ctx, res, HTTP_CREATED, id);
}

static Err *shift_conflict(Ctx *ctx, const Shift *shift, const char *state)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "shift %" PRId64 " is %s",
                   shift->id.value, state);
    err->current = err->param = state;
    return err;
}

/* Finds a shift that can still be changed, with its activity. */
YIELDS static Err *find_planned(Ctx *ctx, const HttpRequest *req, Shift **ret_shift,
                                Activity **ret_activity)
{
    ShiftId id = {};
    TRY(http_path_id(req, "shift_id", &id.value));
    TRY(shift_find(ctx, id, ret_shift));
    TRY(find_to_plan(ctx, (*ret_shift)->activity_id, ret_activity));
    TRY(shift_find(ctx, id, ret_shift)); /* as it is now that others wait */
    TRY(http_check_version(req, (*ret_shift)->version));
    return (*ret_shift)->state == SHIFT_PLANNED ? NULL
                                                : shift_conflict(ctx, *ret_shift, "cancelled");
}

static bool names(const TextList *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->items[i], name)) {
            return true;
        }
    }
    return false;
}

YIELDS Err *shift_update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Shift *before = NULL;
    Activity *activity = NULL;
    TextList changed = {};
    TRY(find_planned(ctx, req, &before, &activity));
    Shift after = *before;
    TRY(http_decode_patch(req, &after, &changed));
    TRY(shift_rules_check(ctx->arena, &after));
    bool places_changed = names(&changed, "places");
    TRY(shift_update_row(ctx, before, &after));
    if (places_changed) {
        TRY(shift_set_places(ctx, before->id, &after.places));
    }
    TRY(activity_tell(ctx, activity, "activity.shift_update", NULL,
                      shape_diff(ctx->arena, &shift_patch_shape, before, &after, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    if (is_seen(activity)) {
        TRY(shift_publish_changed(ctx, before, &after, places_changed));
    }
    return reply_shift(ctx, res, HTTP_OK, before->id);
}

YIELDS Err *shift_cancel_one(Ctx *ctx, const Activity *activity, const Shift *shift,
                             const char *reason)
{
    TRY(store_exec(ctx->db, &SQL_SHIFT_CANCEL,
                   ARGS(sql_int(shift->id.value), sql_text(reason), sql_time(ctx->now)), NULL));
    return is_seen(activity) ? publish_cancelled(ctx, shift, reason) : NULL;
}

YIELDS Err *shift_cancel(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Shift *shift = NULL;
    Activity *activity = NULL;
    ReasonBody body = {};
    TRY(http_decode(req, &body));
    TRY(find_planned(ctx, req, &shift, &activity));
    if (shift->ends_at <= ctx->now && is_seen(activity)) {
        return shift_conflict(ctx, shift, "ended");
    }
    TRY(shift_cancel_one(ctx, activity, shift, body.reason));
    TRY(activity_tell(ctx, activity, "activity.shift_cancel", body.reason,
                      shape_diff(ctx->arena, &shift_patch_shape, shift, NULL, NULL)));
    TRY(activity_refresh(ctx, activity->id));
    return reply_shift(ctx, res, HTTP_OK, shift->id);
}

YIELDS Err *shift_cancel_all(Ctx *ctx, ActivityId id, const char *reason)
{
    return store_exec(ctx->db, &SQL_SHIFT_CANCEL_ALL,
                      ARGS(sql_int(id.value), sql_text(reason), sql_time(ctx->now)), NULL);
}

/* ---- Shifts: the list ---- */

typedef struct ShiftQuery {
    ActivityId activity_id;
    TimeMs from;
    TimeMs to;
    int state;
    int64_t batch_id;
    PageQuery page;
    SqlValue after[2];
} ShiftQuery;

static Err *read_query(const HttpRequest *req, ShiftQuery *query)
{
    static const char *const NAMES[] = {"from", "to", "state", "batch_id", "limit", "cursor", NULL};
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "activity_id", &query->activity_id.value));
    TRY(page_query_time(req, "from", &query->from));
    TRY(page_query_time(req, "to", &query->to));
    TRY(page_query_id(req, "batch_id", &query->batch_id));
    TRY(http_query_choice(req, "state", shift_states, -1, &query->state));
    TRY(page_query(req, &query->page));
    query->after[0].type = SQL_TIME;
    query->after[1].type = SQL_INT;
    return query->page.cursor == NULL
               ? NULL
               : page_cursor_decode(req->arena, query->page.cursor, "shifts", query->after, 2);
}

static void add_filters(SqlBuilder *builder, const ShiftQuery *query)
{
    if (query->from != 0) {
        sql_builder_add(builder, &SQL_SHIFT_ROWS_FROM, ARGS(sql_time(query->from)));
    }
    if (query->to != 0) {
        sql_builder_add(builder, &SQL_SHIFT_ROWS_TO, ARGS(sql_time(query->to)));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_SHIFT_ROWS_IN_STATE,
                        ARGS(sql_text(shift_states[query->state])));
    }
    if (query->batch_id != 0) {
        sql_builder_add(builder, &SQL_SHIFT_ROWS_OF_BATCH, ARGS(sql_int(query->batch_id)));
    }
    if (query->page.cursor != NULL) {
        sql_builder_add(builder, &SQL_SHIFT_ROWS_AFTER,
                        (SqlArgs){.values = query->after, .count = 2});
    }
}

YIELDS Err *shift_list_all(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ShiftQuery query = {};
    SqlBuilder builder;
    StoreRows *rows = NULL;
    HttpList list = {.shape = &shift_shape, .total = -1};
    TRY(read_query(req, &query));
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_SHIFT_ROWS_SELECT, ARGS(sql_int(query.activity_id.value)));
    add_filters(&builder, &query);
    sql_builder_add(&builder, &SQL_SHIFT_ROWS_ORDER, ARGS(sql_int(query.page.limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    list.items = shape_from_rows(ctx->arena, &shift_shape, rows);
    if (list.items.count > (size_t)query.page.limit) {
        list.items.count = (size_t)query.page.limit;
        const Shift *last = (const Shift *)list.items.items + query.page.limit - 1;
        SqlValue values[] = {sql_time(last->starts_at), sql_int(last->id.value)};
        list.next_cursor = page_cursor_encode(ctx->arena, "shifts", values, 2);
    }
    return http_reply_list(res, &list, NULL);
}
