/* Rows, counts and messages. */
#include <inttypes.h>

#include "base/json.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

#define STAFF "signup:read"

static const Field SIGNUP_FIELDS[] = {
    FIELD(Signup, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(Signup, activity_id, FIELD_ID, .zh = "活动ID", .en = "Activity id"),
    FIELD(Signup, activity_name, FIELD_TEXT, .zh = "活动", .en = "Activity"),
    FIELD(Signup, shift_id, FIELD_ID, .zh = "班次ID", .en = "Shift id"),
    FIELD(Signup, position_id, FIELD_ID, .zh = "岗位ID", .en = "Position id"),
    FIELD(Signup, position_name, FIELD_TEXT, .zh = "岗位", .en = "Position"),
    FIELD(Signup, volunteer_id, FIELD_ID, .zh = "志愿者ID", .en = "Volunteer id"),
    FIELD(Signup, volunteer_number, FIELD_TEXT, .see = STAFF, .zh = "志愿者编号",
          .en = "Volunteer number"),
    FIELD(Signup, volunteer_name, FIELD_TEXT, .see = STAFF, .zh = "姓名", .en = "Name"),
    FIELD(Signup, state, FIELD_CHOICE, .choices = signup_states, .zh = "状态", .en = "State"),
    FIELD(Signup, sequence, FIELD_INT, .zh = "报名序号", .en = "Order of arrival"),
    FIELD(Signup, waitlist_place, FIELD_INT, .flags = FIELD_NULLABLE, .zh = "候补位次",
          .en = "Place on the waitlist"),
    FIELD(Signup, starts_at, FIELD_TIME, .zh = "开始时间", .en = "Starts at"),
    FIELD(Signup, ends_at, FIELD_TIME, .zh = "结束时间", .en = "Ends at"),
    FIELD(Signup, by_staff, FIELD_BOOL, .zh = "由工作人员安排", .en = "Placed by staff"),
    FIELD(Signup, override_reason, FIELD_TEXT, .see = STAFF, .zh = "破例原因",
          .en = "Reason of the override"),
    FIELD(Signup, override_codes, FIELD_TEXT_LIST, .see = STAFF, .zh = "破例的规则",
          .en = "Rules set aside"),
    FIELD(Signup, risk_notice_version, FIELD_INT, .zh = "已接受的风险告知版本",
          .en = "Accepted risk notice"),
    FIELD(Signup, decided_by, FIELD_ID, .see = STAFF, .zh = "审核账号", .en = "Decided by"),
    FIELD(Signup, decided_at, FIELD_TIME, .zh = "审核时间", .en = "Decided at"),
    FIELD(Signup, decision_reason, FIELD_TEXT, .zh = "审核意见", .en = "Reason of the decision"),
    FIELD(Signup, offered_until, FIELD_TIME, .zh = "保留至", .en = "Offered until"),
    FIELD(Signup, cancelled_by, FIELD_TEXT, .zh = "取消方", .en = "Cancelled by"),
    FIELD(Signup, cancelled_at, FIELD_TIME, .zh = "取消时间", .en = "Cancelled at"),
    FIELD(Signup, cancel_reason, FIELD_TEXT, .zh = "取消原因", .en = "Reason of cancelling"),
    FIELD(Signup, created_at, FIELD_TIME, .zh = "报名时间", .en = "Signed up at"),
    FIELD(Signup, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(Signup, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape signup_shape = SHAPE(Signup, SIGNUP_FIELDS);

YIELDS Err *signup_find(Ctx *ctx, int64_t id, Signup **ret_signup)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "signup_not_found", "no sign-up %" PRId64, id);
    }
    Signup *signup = ARENA_NEW(ctx->arena, Signup);
    shape_from_row(ctx->arena, &signup_shape, rows, 0, signup);
    signup->unit_id.value = row_int(rows, 0, row_column(rows, "unit_id"));
    *ret_signup = signup;
    return NULL;
}

YIELDS Err *signup_write(Ctx *ctx, const Signup *signup)
{
    static const Field CODES = {.type = FIELD_TEXT_LIST,
                                .name = "override_codes",
                                .offset = offsetof(Signup, override_codes)};
    int64_t affected = 0;
    SqlValue codes =
        signup->override_reason == NULL ? sql_null() : shape_sql_value(ctx->arena, &CODES, signup);
    TRY(store_exec(ctx->db, &SQL_SIGNUP_UPDATE,
                   ARGS(sql_int(signup->id), sql_int(signup->version),
                        sql_text(signup_states[signup->state]), sql_int(signup->sequence),
                        sql_text(signup->override_reason), codes, sql_id(signup->decided_by),
                        sql_time(signup->decided_at), sql_text(signup->decision_reason),
                        sql_time(signup->offered_until), sql_text(signup->cancelled_by),
                        sql_time(signup->cancelled_at), sql_text(signup->cancel_reason),
                        sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "sign-up %" PRId64 " changed",
                   signup->id);
    }
    return NULL;
}

/* ---- Counts ---- */

void signup_counts_add(SignupCounts *counts, SignupState state, int64_t count)
{
    if (signup_state_holds_place(state)) {
        counts->taken += count;
    } else if (state == SIGNUP_WAITLISTED) {
        counts->waiting += count;
    } else if (state == SIGNUP_PENDING) {
        counts->pending += count;
    }
}

YIELDS Err *signup_place_write(Ctx *ctx, SignupPlace *place, const SignupCounts *change)
{
    place->taken += change->taken;
    place->waiting += change->waiting;
    place->pending += change->pending;
    return store_exec(ctx->db, &SQL_SIGNUP_PLACE_COUNT,
                      ARGS(sql_int(place->shift_id), sql_int(place->position_id),
                           sql_int(change->taken), sql_int(change->waiting),
                           sql_int(change->pending), sql_int(place->last_sequence)),
                      NULL);
}

/* ---- Messages ---- */

static const char *payload(Ctx *ctx, const SignupPlace *place, const SignupNews *news, size_t count)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "activity_id", place->activity_id);
    json_put_int(&writer, "shift_id", place->shift_id);
    json_put_int(&writer, "position_id", place->position_id);
    json_write_key(&writer, "signups");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_begin_object(&writer);
        json_put_int(&writer, "signup_id", news[i].id);
        json_put_int(&writer, "volunteer_id", news[i].volunteer_id.value);
        json_put_string(&writer, "state", signup_states[news[i].state]);
        json_put_string(&writer, "reason", news[i].reason);
        json_write_end_object(&writer);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return str_text(&text);
}

YIELDS Err *signup_publish(Ctx *ctx, const char *subject, const SignupPlace *place,
                           const SignupNews *news, size_t count)
{
    for (size_t i = 0; i < count; i += SIGNUP_BATCH_MAX) {
        size_t part = MIN(count - i, (size_t)SIGNUP_BATCH_MAX);
        const char *key = part == 1 ? arena_printf(ctx->arena, "signup:%" PRId64, news[i].id)
                                    : arena_printf(ctx->arena, "shift:%" PRId64, place->shift_id);
        TRY(bus_publish(ctx->db, subject, key, payload(ctx, place, news + i, part)));
    }
    return NULL;
}

Err *signup_state_conflict(Ctx *ctx, const Signup *signup)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "sign-up %" PRId64 " is %s",
                   signup->id, signup_states[signup->state]);
    err->current = err->param = signup_states[signup->state];
    return err;
}
