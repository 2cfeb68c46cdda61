/* Many shifts at once: preview, make, undo. */
#include <inttypes.h>

#include "voms/activity/activity.sql.h"
#include "voms/activity/shift.sql.h"
#include "voms/activity/shift_plan.h"

typedef struct Preview {
    TimeMs starts_at;
    TimeMs ends_at;
    bool overlaps;
} Preview;

static bool meets(const Preview *a, TimeMs starts_at, TimeMs ends_at)
{
    return a->starts_at < ends_at && starts_at < a->ends_at;
}

/* Plans come in the order of their beginnings. */
static Preview *preview_of(Arena *arena, const Shift *shifts, size_t count)
{
    Preview *previews = ARENA_ARRAY(arena, Preview, count + 1);
    TimeMs latest = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        previews[i] = (Preview){.starts_at = shifts[i].starts_at, .ends_at = shifts[i].ends_at};
        if (i > 0 && previews[i].starts_at < latest) {
            previews[i].overlaps = true;
        }
        latest = MAX(latest, previews[i].ends_at);
    }
    return previews;
}

/* Those that meet a shift that is there. */
YIELDS static Err *mark_known(Ctx *ctx, ActivityId id, Preview *previews, size_t count)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_TIMES, ARGS(sql_int(id.value), sql_int(SHIFTS_MAX)),
                    &rows));
    for (size_t row = 0; row < rows->count; row++) {
        TimeMs starts_at = row_time(rows, row, 0);
        TimeMs ends_at = row_time(rows, row, 1);
        for (size_t i = 0; i < count; i++) {
            previews[i].overlaps |= meets(&previews[i], starts_at, ends_at);
        }
    }
    return NULL;
}

YIELDS Err *shift_batch_preview(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Activity *activity = NULL;
    Plan plan = {};
    Shift *shifts = NULL;
    HttpList list = {.shape = &shift_preview_shape, .total = -1};
    TRY(http_decode(req, &plan));
    TRY(activity_of_request(ctx, req, &activity));
    TRY(shift_plan_expand(ctx->arena, activity->time_zone, &plan, &shifts, &list.items.count));
    Preview *previews = preview_of(ctx->arena, shifts, list.items.count);
    TRY(mark_known(ctx, activity->id, previews, list.items.count));
    list.items.items = previews;
    return http_reply_list(res, &list, NULL);
}

static const Field PREVIEW_FIELDS[] = {
    FIELD(Preview, starts_at, FIELD_TIME),
    FIELD(Preview, ends_at, FIELD_TIME),
    FIELD(Preview, overlaps, FIELD_BOOL),
    {},
};
const Shape shift_preview_shape = {.name = "ShiftPreview",
                                   .size_bytes = sizeof(Preview),
                                   .fields = PREVIEW_FIELDS};

typedef struct Batch {
    int64_t id;
    ActivityId activity_id;
    int64_t shift_count;
    TimeMs created_at;
    TimeMs undone_at;
} Batch;

static const Field BATCH_FIELDS[] = {
    FIELD(Batch, id, FIELD_ID),           FIELD(Batch, activity_id, FIELD_ID),
    FIELD(Batch, shift_count, FIELD_INT), FIELD(Batch, created_at, FIELD_TIME),
    FIELD(Batch, undone_at, FIELD_TIME),  {},
};
const Shape shift_batch_shape = {.name = "ShiftBatch",
                                 .size_bytes = sizeof(Batch),
                                 .fields = BATCH_FIELDS};

YIELDS static Err *find_batch(Ctx *ctx, int64_t id, Batch *ret_batch)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_BATCH_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_batch_not_found", "batch %" PRId64, id);
    }
    shape_from_row(ctx->arena, &shift_batch_shape, rows, 0, ret_batch);
    return NULL;
}

YIELDS static Err *insert_batch(Ctx *ctx, const Activity *activity, const HttpRequest *req,
                                bool by_rule, size_t count, int64_t *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_BATCH_INSERT,
                    ARGS(sql_int(activity->id.value), sql_text(by_rule ? "recurrence" : "pattern"),
                         sql_text(arena_strndup(ctx->arena, req->body.data, req->body.length)),
                         sql_int((int64_t)count), sql_id(ctx->caller.account_id.value),
                         sql_time(ctx->now)),
                    &rows));
    *ret_id = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *find_to_plan(Ctx *ctx, ActivityId id, Activity **ret_activity)
{
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_LOCK, ARGS(sql_int(id.value)), NULL));
    TRY(activity_find(ctx, id, ret_activity));
    return activity_rules_may_plan((ActivityState)(*ret_activity)->state)
               ? NULL
               : activity_conflict(ctx, *ret_activity);
}

YIELDS static Err *tell(Ctx *ctx, const Activity *activity, const char *action, int64_t id,
                        const char *reason)
{
    TRY(activity_tell(ctx, activity, action, reason,
                      arena_printf(ctx->arena,
                                   "{\"batch_id\":{\"before\":null,\"after\":%" PRId64 "}}", id)));
    return activity_refresh(ctx, activity->id);
}

YIELDS Err *shift_batch_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId activity_id = {};
    Activity *activity = NULL;
    Plan plan = {};
    Batch batch = {};
    Shift *shifts = NULL;
    size_t count = 0;
    TRY(http_path_id(req, "activity_id", &activity_id.value));
    TRY(http_decode(req, &plan));
    TRY(find_to_plan(ctx, activity_id, &activity));
    TRY(shift_plan_expand(ctx->arena, activity->time_zone, &plan, &shifts, &count));
    TRY(shift_check_room(ctx, activity_id, count));
    TRY(insert_batch(ctx, activity, req, plan.rule != NULL, count, &batch.id));
    for (size_t i = 0; i < count; i++) {
        ShiftId id = {};
        shifts[i].batch_id = batch.id;
        TRY(shift_insert(ctx, activity, &shifts[i], &id));
    }
    TRY(tell(ctx, activity, "activity.shift_batch_create", batch.id, NULL));
    TRY(find_batch(ctx, batch.id, &batch));
    return http_reply(res, HTTP_CREATED, &shift_batch_shape, &batch, NULL);
}

/* Those that nobody ever signed up for go without a trace, the others are cancelled; what is over
 * stays. */
YIELDS Err *shift_batch_undo(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Batch batch = {};
    Activity *activity = NULL;
    ReasonBody body = {};
    StoreRows *rows = NULL;
    TRY(http_path_id(req, "batch_id", &batch.id));
    TRY(http_decode(req, &body));
    TRY(find_batch(ctx, batch.id, &batch));
    TRY(find_to_plan(ctx, batch.activity_id, &activity));
    TRY(store_exec(ctx->db, &SQL_SHIFT_BATCH_DELETE_PLACES, ARGS(sql_int(batch.id)), NULL));
    TRY(store_exec(ctx->db, &SQL_SHIFT_BATCH_DELETE_SHIFTS, ARGS(sql_int(batch.id)), NULL));
    TRY(store_query(ctx->db, &SQL_SHIFT_BATCH_REST, ARGS(sql_int(batch.id), sql_time(ctx->now)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Shift *shift = NULL;
        TRY(shift_find(ctx, (ShiftId){row_int(rows, i, 0)}, &shift));
        TRY(shift_cancel_one(ctx, activity, shift, body.reason));
    }
    TRY(store_exec(ctx->db, &SQL_SHIFT_BATCH_UNDO, ARGS(sql_int(batch.id), sql_time(ctx->now)),
                   NULL));
    TRY(tell(ctx, activity, "activity.shift_batch_undo", batch.id, body.reason));
    TRY(find_batch(ctx, batch.id, &batch));
    return http_reply(res, HTTP_OK, &shift_batch_shape, &batch, NULL);
}
