/* Rows, positions and shifts. */
#include <inttypes.h>

#include "voms/activity/activity_internal.h"
#include "voms/activity/shift.sql.h"

/* ---- Positions ---- */

YIELDS Err *position_find(Ctx *ctx, PositionId id, Position **ret_position)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_POSITION_FIND, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "position_not_found", "position %" PRId64, id.value);
    }
    *ret_position = shape_from_rows(ctx->arena, &position_shape, rows).items;
    return NULL;
}

YIELDS Err *position_list(Ctx *ctx, ActivityId id, ObjectList *ret_positions)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_POSITION_LIST, ARGS(sql_int(id.value), sql_int(POSITIONS_MAX)),
                    &rows));
    *ret_positions = shape_from_rows(ctx->arena, &position_shape, rows);
    return NULL;
}

static SqlValue skills_value(Ctx *ctx, const Position *position)
{
    SqlValue value =
        shape_sql_value(ctx->arena, shape_find(&position_shape, "required_skills"), position);
    return value.type == SQL_NULL ? sql_text("[]") : value;
}

static SqlValue gender_value(const Position *position)
{
    return position->gender == 0 ? sql_null() : sql_text(position_genders[position->gender]);
}

YIELDS Err *position_insert(Ctx *ctx, const Activity *activity, const Position *draft,
                            PositionId *ret_id)
{
    StoreRows *rows = NULL;
    ObjectList others = {};
    TRY(position_list(ctx, activity->id, &others));
    if (others.count >= POSITIONS_MAX) {
        return ERR(ctx->arena, ERR_CONFLICT, "too_many_positions", "%d positions already",
                   POSITIONS_MAX);
    }
    TRY(store_query(ctx->db, &SQL_POSITION_INSERT,
                    ARGS(sql_int(activity->id.value), sql_text(draft->name),
                         sql_text(draft->description), sql_int(draft->needed),
                         skills_value(ctx, draft), sql_id(draft->minimum_age),
                         sql_id(draft->maximum_age), gender_value(draft), sql_time(ctx->now)),
                    &rows));
    *ret_id = (PositionId){row_int(rows, 0, 0)};
    return store_exec(ctx->db, &SQL_POSITION_ADD_PLACES,
                      ARGS(sql_int(activity->id.value), sql_int(ret_id->value),
                           sql_int(draft->needed), sql_time(ctx->now)),
                      NULL);
}

YIELDS Err *position_update_row(Ctx *ctx, const Position *before, const Position *after)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_POSITION_UPDATE,
                   ARGS(sql_int(before->id.value), sql_int(before->version), sql_text(after->name),
                        sql_text(after->description), sql_int(after->needed),
                        skills_value(ctx, after), sql_id(after->minimum_age),
                        sql_id(after->maximum_age), gender_value(after), sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "position %" PRId64 " changed",
                   before->id.value);
    }
    return NULL;
}

/* ---- Shifts ---- */

YIELDS Err *shift_find(Ctx *ctx, ShiftId id, Shift **ret_shift)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_FIND, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_not_found", "shift %" PRId64, id.value);
    }
    *ret_shift = shape_from_rows(ctx->arena, &shift_shape, rows).items;
    return NULL;
}

static SqlValue latitude(const Shift *shift)
{
    return shift->point == NULL ? sql_null() : sql_real(shift->point->latitude);
}

static SqlValue longitude(const Shift *shift)
{
    return shift->point == NULL ? sql_null() : sql_real(shift->point->longitude);
}

static Err *refuse_place(Ctx *ctx, size_t index, const char *code)
{
    Err *err = NULL;
    err_add_field(ctx->arena, &err, arena_printf(ctx->arena, "places[%zu].position_id", index),
                  code, NULL);
    return err;
}

YIELDS static Err *explain_place(Ctx *ctx, ShiftId id, const ShiftPlace *place, size_t index)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_PLACE_FIND,
                    ARGS(sql_int(id.value), sql_int(place->position_id.value)), &rows));
    if (rows->count == 0) {
        return refuse_place(ctx, index, "position_not_found");
    }
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "needed_below_taken",
                   "%" PRId64 " places are taken in shift %" PRId64, row_int(rows, 0, 1), id.value);
    err->current = err->param = arena_printf(ctx->arena, "%" PRId64, row_int(rows, 0, 1));
    return err;
}

YIELDS Err *shift_set_places(Ctx *ctx, ShiftId id, const ObjectList *places)
{
    const ShiftPlace *items = places->items;
    for (size_t i = 0; i < places->count; i++) {
        int64_t affected = 0;
        TRY(store_exec(ctx->db, &SQL_SHIFT_PLACE_SET,
                       ARGS(sql_int(id.value), sql_int(items[i].position_id.value),
                            sql_int(items[i].needed)),
                       &affected));
        if (affected != 1) {
            return explain_place(ctx, id, &items[i], i);
        }
    }
    return NULL;
}

YIELDS Err *shift_insert(Ctx *ctx, const Activity *activity, const Shift *draft, ShiftId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_INSERT,
                    ARGS(sql_int(activity->id.value), sql_id(draft->batch_id),
                         sql_time(draft->starts_at), sql_time(draft->ends_at),
                         sql_text(draft->place_name), sql_text(draft->address), latitude(draft),
                         longitude(draft), sql_id(draft->radius_m), sql_text(draft->note),
                         sql_time(ctx->now)),
                    &rows));
    *ret_id = (ShiftId){row_int(rows, 0, 0)};
    TRY(store_exec(ctx->db, &SQL_SHIFT_ADD_PLACES,
                   ARGS(sql_int(ret_id->value), sql_int(activity->id.value)), NULL));
    return shift_set_places(ctx, *ret_id, &draft->places);
}

YIELDS Err *shift_check_room(Ctx *ctx, ActivityId id, size_t more)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SHIFT_COUNT, ARGS(sql_int(id.value)), &rows));
    if (row_int(rows, 0, 0) + (int64_t)more > SHIFTS_MAX) {
        return ERR(ctx->arena, ERR_CONFLICT, "too_many_shifts", "over %d shifts", SHIFTS_MAX);
    }
    return NULL;
}

YIELDS Err *shift_update_row(Ctx *ctx, const Shift *before, const Shift *after)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_SHIFT_UPDATE,
                   ARGS(sql_int(before->id.value), sql_int(before->version),
                        sql_time(after->starts_at), sql_time(after->ends_at),
                        sql_text(after->place_name), sql_text(after->address), latitude(after),
                        longitude(after), sql_id(after->radius_m), sql_text(after->note),
                        sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "shift %" PRId64 " changed",
                   before->id.value);
    }
    return NULL;
}
