/* A new draft like another activity, on other days. */
#include <inttypes.h>

#include "base/vec.h"
#include "voms/activity/activity.sql.h"
#include "voms/activity/activity_people.sql.h"
#include "voms/activity/shift.sql.h"
#include "voms/activity/shift_plan.h"

#define NOT_GIVEN INT64_MIN
#define MOVE_MAX_DAYS 3660

typedef struct CopyBody {
    const char *start_date; /* of the first shift, by the activity's clocks */
    int64_t move_by_days;
    const char *name;
} CopyBody;

static const Field COPY_FIELDS[] = {
    FIELD(CopyBody, start_date, FIELD_DATE),
    FIELD(CopyBody, move_by_days, FIELD_INT, .min = -MOVE_MAX_DAYS, .max = MOVE_MAX_DAYS),
    FIELD(CopyBody, name, FIELD_TEXT, .min = 1, .max = 100),
    {},
};
const Shape activity_copy_shape = {.name = "ActivityCopy",
                                   .size_bytes = sizeof(CopyBody),
                                   .fields = COPY_FIELDS};

static Err *refuse(Arena *arena, const char *field, const char *code, const char *param)
{
    Err *err = NULL;
    err_add_field(arena, &err, field, code, param);
    return err;
}

/* ---- How far ---- */

static Err *read_body(const HttpRequest *req, CopyBody *ret_body)
{
    CopyBody body = {.move_by_days = NOT_GIVEN};
    TRY(http_decode(req, &body));
    bool by_days = body.move_by_days != NOT_GIVEN;
    if (by_days == (body.start_date != NULL)) {
        return refuse(req->arena, "start_date", by_days ? "copy_moved_twice" : "required", NULL);
    }
    *ret_body = body;
    return NULL;
}

static Err *decide_days(Arena *arena, const CopyBody *body, const Activity *source,
                        const ObjectList *shifts, int64_t *ret_days)
{
    Date date = {};
    if (body->start_date == NULL) {
        *ret_days = body->move_by_days;
        return NULL;
    }
    if (shifts->count == 0) {
        return refuse(arena, "start_date", "activity_needs_shifts", NULL);
    }
    const Shift *first = shifts->items; /* in the order of their beginnings */
    date_parse(body->start_date, &date);
    int64_t days = date_to_days(date) - shift_plan_day(source->time_zone, first->starts_at);
    if (days < -MOVE_MAX_DAYS || days > MOVE_MAX_DAYS) {
        return refuse(arena, "start_date", "copy_too_far",
                      arena_printf(arena, "%d", MOVE_MAX_DAYS));
    }
    *ret_days = days;
    return NULL;
}

/* ---- Positions ---- */

typedef struct PositionPair {
    PositionId before;
    PositionId after;
} PositionPair;

typedef struct Copy {
    Ctx *ctx;
    const Activity *source;
    Activity *made;
    int64_t days;
    VEC(PositionPair) positions;
} Copy;

static PositionId position_of(const Copy *copy, PositionId before)
{
    for (size_t i = 0; i < copy->positions.count; i++) {
        if (copy->positions.items[i].before.value == before.value) {
            return copy->positions.items[i].after;
        }
    }
    return (PositionId){};
}

YIELDS static Err *copy_positions(Copy *copy)
{
    Ctx *ctx = copy->ctx;
    ObjectList list = {};
    TRY(position_list(ctx, copy->source->id, &list));
    const Position *positions = list.items;
    for (size_t i = 0; i < list.count; i++) {
        PositionPair pair = {.before = positions[i].id};
        TRY(position_insert(ctx, copy->made, &positions[i], &pair.after));
        *vec_push(&copy->positions, ctx->arena) = pair;
    }
    return NULL;
}

/* ---- Shifts ---- */

/* Those that are meant to be: of an activity that was cancelled also the ones cancelled with it. */
YIELDS static Err *list_shifts(Ctx *ctx, const Activity *source, ObjectList *ret_shifts)
{
    StoreRows *rows = NULL;
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_SHIFT_ROWS_SELECT, ARGS(sql_int(source->id.value)));
    sql_builder_add(&builder, &SQL_SHIFT_ROWS_OF_COPY, ARGS(sql_text(source->cancel_reason)));
    sql_builder_add(&builder, &SQL_SHIFT_ROWS_ORDER, ARGS(sql_int(SHIFTS_MAX)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_shifts = shape_from_rows(ctx->arena, &shift_shape, rows);
    return NULL;
}

/* The numbers that the shift itself names, of positions that are still there. */
static ObjectList own_places(const Copy *copy, const Shift *shift)
{
    VEC(ShiftPlace) found = {};
    const ShiftPlace *places = shift->places.items;
    for (size_t i = 0; i < shift->places.count; i++) {
        PositionId id = position_of(copy, places[i].position_id);
        if (places[i].overridden && id.value != 0) {
            *vec_push(&found, copy->ctx->arena) =
                (ShiftPlace){.position_id = id, .needed = places[i].needed};
        }
    }
    return (ObjectList){.items = found.items, .count = found.count};
}

YIELDS static Err *copy_batch(Copy *copy, int64_t before, int64_t *ret_after)
{
    Ctx *ctx = copy->ctx;
    StoreRows *rows = NULL;
    const char *request =
        arena_printf(ctx->arena, "{\"copied_from\":%" PRId64 ",\"move_by_days\":%" PRId64 "}",
                     before, copy->days);
    TRY(store_query(ctx->db, &SQL_SHIFT_BATCH_TO_COPY,
                    ARGS(sql_int(before), sql_text(copy->source->cancel_reason)), &rows));
    TRY(store_query(ctx->db, &SQL_SHIFT_BATCH_INSERT,
                    ARGS(sql_int(copy->made->id.value), sql_text(row_text(rows, 0, 0)),
                         sql_text(request), sql_int(row_int(rows, 0, 1)),
                         sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                    &rows));
    *ret_after = row_int(rows, 0, 0);
    return NULL;
}

typedef struct BatchPair {
    int64_t before;
    int64_t after;
} BatchPair;
typedef VEC(BatchPair) BatchPairs;

YIELDS static Err *batch_of(Copy *copy, BatchPairs *known, int64_t before, int64_t *ret_after)
{
    BatchPair pair = {.before = before};
    for (size_t i = 0; i < known->count; i++) {
        if (known->items[i].before == before) {
            *ret_after = known->items[i].after;
            return NULL;
        }
    }
    if (before != 0) {
        TRY(copy_batch(copy, before, &pair.after));
    }
    *vec_push(known, copy->ctx->arena) = pair;
    *ret_after = pair.after;
    return NULL;
}

YIELDS static Err *copy_shifts(Copy *copy, const ObjectList *list)
{
    BatchPairs batches = {};
    const Shift *shifts = list->items;
    const char *zone = copy->source->time_zone;
    for (size_t i = 0; i < list->count; i++) {
        ShiftId id = {};
        Shift draft = shifts[i];
        shift_plan_move_span(zone, copy->days, &draft);
        draft.places = own_places(copy, &shifts[i]);
        TRY(batch_of(copy, &batches, shifts[i].batch_id, &draft.batch_id));
        TRY(shift_insert(copy->ctx, copy->made, &draft, &id));
    }
    return NULL;
}

/* ---- Managers ---- */

/* Who runs the one is to run the other; accounts that are closed by now do not. */
YIELDS static Err *copy_managers(Copy *copy)
{
    Ctx *ctx = copy->ctx;
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_MANAGER_COPY,
                    ARGS(sql_int(copy->source->id.value), sql_int(copy->made->id.value),
                         sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        access_forget_after_commit(ctx, (AccountId){row_int(rows, i, 0)});
    }
    return NULL;
}

/* ---- All of it ---- */

/* A manager of the one activity alone cannot make others in its unit. */
YIELDS static Err *check_unit(Ctx *ctx, const Activity *source)
{
    Err *err = access_check_unit(ctx, source->unit_id, "unit:read", "activity:manage");
    if (!err_is(err, ERR_NOT_FOUND)) {
        return err;
    }
    err = ERR(ctx->arena, ERR_FORBIDDEN, "permission_missing", "no right on unit %" PRId64,
              source->unit_id.value);
    err->param = "activity:manage";
    return err;
}

/* Nothing is added to a project that is closed, or that the unit has moved away from. */
YIELDS static Err *drop_closed_project(Ctx *ctx, Activity *draft)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_PROJECT_OF_UNIT,
                    ARGS(sql_int(draft->project_id.value), sql_int(draft->unit_id.value)), &rows));
    if (rows->count == 0) {
        draft->project_id = (ProjectId){};
    }
    return NULL;
}

YIELDS static Err *insert_draft(Copy *copy, const char *name)
{
    Ctx *ctx = copy->ctx;
    ActivityId id = {};
    Activity draft = *copy->source;
    draft.copied_from = draft.id;
    draft.name = name == NULL ? draft.name : name;
    draft.sign_up_opens_at = shift_plan_move(draft.time_zone, copy->days, draft.sign_up_opens_at);
    draft.sign_up_closes_at = shift_plan_move(draft.time_zone, copy->days, draft.sign_up_closes_at);
    TRY(drop_closed_project(ctx, &draft));
    TRY(activity_insert(ctx, &draft, &id));
    return activity_find(ctx, id, &copy->made);
}

YIELDS Err *activity_copy(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    CopyBody body = {};
    Activity *source = NULL;
    ObjectList shifts = {};
    Copy copy = {.ctx = ctx};
    TRY(read_body(req, &body));
    TRY(activity_of_request(ctx, req, &source));
    TRY(check_unit(ctx, source));
    TRY(list_shifts(ctx, source, &shifts));
    TRY(decide_days(ctx->arena, &body, source, &shifts, &copy.days));
    copy.source = source;
    TRY(insert_draft(&copy, body.name));
    TRY(copy_positions(&copy));
    TRY(copy_shifts(&copy, &shifts));
    TRY(copy_managers(&copy));
    TRY(activity_refresh(ctx, copy.made->id));
    return activity_reply_made(ctx, res, copy.made->id);
}
