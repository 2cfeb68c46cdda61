/* Rows and attendances. */
#include <inttypes.h>

#include "base/str.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"

#define END_FIELDS(end, zh_end, en_end)                                                            \
    {.name = #end "_at",                                                                           \
     .type = FIELD_TIME,                                                                           \
     .offset = offsetof(Attendance, end.at),                                                       \
     .zh = zh_end "时间",                                                                          \
     .en = en_end " at"},                                                                          \
        {.name = #end "_method",                                                                   \
         .type = FIELD_TEXT,                                                                       \
         .offset = offsetof(Attendance, end.method),                                               \
         .zh = zh_end "方式",                                                                      \
         .en = en_end " method"},                                                                  \
        {.name = #end "_distance_m",                                                               \
         .type = FIELD_JSON,                                                                       \
         .offset = offsetof(Attendance, end.distance_m),                                           \
         .zh = zh_end "距离（米）",                                                                \
         .en = en_end " distance (m)"},                                                            \
        {.name = #end "_inside",                                                                   \
         .type = FIELD_JSON,                                                                       \
         .offset = offsetof(Attendance, end.inside),                                               \
         .zh = zh_end "在范围内",                                                                  \
         .en = en_end " inside"},                                                                  \
        {.name = #end "_device",                                                                   \
         .type = FIELD_TEXT,                                                                       \
         .offset = offsetof(Attendance, end.device),                                               \
         .zh = zh_end "设备",                                                                      \
         .en = en_end " device"},                                                                  \
    {                                                                                              \
        .name = #end "_by", .type = FIELD_ID, .offset = offsetof(Attendance, end.by),              \
        .zh = zh_end "操作账号", .en = en_end " by"                                                \
    }

static const Field FIELDS[] = {
    FIELD(Attendance, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(Attendance, activity_id, FIELD_ID, .zh = "活动ID", .en = "Activity id"),
    FIELD(Attendance, activity_name, FIELD_TEXT, .zh = "活动", .en = "Activity"),
    FIELD(Attendance, shift_id, FIELD_ID, .zh = "班次ID", .en = "Shift id"),
    FIELD(Attendance, shift_starts_at, FIELD_TIME, .zh = "班次开始", .en = "Shift starts at"),
    FIELD(Attendance, shift_ends_at, FIELD_TIME, .zh = "班次结束", .en = "Shift ends at"),
    FIELD(Attendance, signup_id, FIELD_ID, .zh = "报名ID", .en = "Sign-up id"),
    FIELD(Attendance, volunteer_id, FIELD_ID, .zh = "志愿者ID", .en = "Volunteer id"),
    FIELD(Attendance, volunteer_number, FIELD_TEXT, .zh = "志愿者编号", .en = "Volunteer number"),
    FIELD(Attendance, volunteer_name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(Attendance, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(Attendance, state, FIELD_CHOICE, .choices = attendance_states, .zh = "状态",
          .en = "State"),
    FIELD(Attendance, grade, FIELD_TEXT, .zh = "证据等级", .en = "Grade of evidence"),
    END_FIELDS(check_in, "签到", "Check-in"),
    END_FIELDS(check_out, "签退", "Check-out"),
    FIELD(Attendance, minutes, FIELD_INT, .zh = "分钟", .en = "Minutes"),
    FIELD(Attendance, reason, FIELD_TEXT, .zh = "原因", .en = "Reason"),
    FIELD(Attendance, evidence_file_id, FIELD_ID, .zh = "证据文件", .en = "Evidence file"),
    FIELD(Attendance, review, FIELD_CHOICE, .choices = attendance_reviews, .zh = "复核",
          .en = "Review"),
    FIELD(Attendance, reviewed_by, FIELD_ID, .zh = "复核账号", .en = "Reviewed by"),
    FIELD(Attendance, reviewed_at, FIELD_TIME, .zh = "复核时间", .en = "Reviewed at"),
    FIELD(Attendance, review_reason, FIELD_TEXT, .zh = "复核原因", .en = "Reason of the review"),
    FIELD(Attendance, created_by, FIELD_ID, .zh = "创建账号", .en = "Created by"),
    FIELD(Attendance, created_at, FIELD_TIME, .zh = "创建时间", .en = "Created at"),
    FIELD(Attendance, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(Attendance, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape attendance_shape = SHAPE(Attendance, FIELDS);

/* ---- Finding ---- */

static Attendance *from_row(Ctx *ctx, const StoreRows *rows)
{
    Attendance *attendance = ARENA_NEW(ctx->arena, Attendance);
    shape_from_row(ctx->arena, &attendance_shape, rows, 0, attendance);
    return attendance;
}

YIELDS Err *attendance_find(Ctx *ctx, int64_t id, Attendance **ret_attendance)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "attendance_not_found", "no attendance %" PRId64, id);
    }
    *ret_attendance = from_row(ctx, rows);
    return NULL;
}

YIELDS Err *attendance_find_current(Ctx *ctx, int64_t shift_id, VolunteerId volunteer_id,
                                    Attendance **ret_attendance)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_FIND_CURRENT,
                    ARGS(sql_int(shift_id), sql_int(volunteer_id.value)), &rows));
    *ret_attendance = rows->count == 0 ? NULL : from_row(ctx, rows);
    return NULL;
}

static bool is_null(const StoreRows *rows, const char *column)
{
    return row_value(rows, 0, row_column(rows, column))->type == SQL_NULL;
}

YIELDS Err *attendance_find_shift(Ctx *ctx, int64_t shift_id, AttendanceShift **ret_shift)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_FIND_SHIFT, ARGS(sql_int(shift_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_not_found", "no shift %" PRId64, shift_id);
    }
    AttendanceShift *shift = ARENA_NEW(ctx->arena, AttendanceShift);
    *shift = (AttendanceShift){
        .id = shift_id,
        .activity_id = row_int(rows, 0, row_column(rows, "activity_id")),
        .unit_id = {row_int(rows, 0, row_column(rows, "unit_id"))},
        .starts_at = row_time(rows, 0, row_column(rows, "starts_at")),
        .ends_at = row_time(rows, 0, row_column(rows, "ends_at")),
        .state = row_text(rows, 0, row_column(rows, "state")),
        .activity_state = row_text(rows, 0, row_column(rows, "activity_state")),
        .has_point = !is_null(rows, "latitude") && !is_null(rows, "longitude"),
        .latitude = row_real(rows, 0, row_column(rows, "latitude")),
        .longitude = row_real(rows, 0, row_column(rows, "longitude")),
        .radius_m = row_int(rows, 0, row_column(rows, "radius_m")),
    };
    *ret_shift = shift;
    return NULL;
}

YIELDS Err *attendance_find_signup(Ctx *ctx, int64_t shift_id, VolunteerId volunteer_id,
                                   AttendanceSignup *ret_signup)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_FIND_SIGNUP,
                    ARGS(sql_int(shift_id), sql_int(volunteer_id.value)), &rows));
    *ret_signup = (AttendanceSignup){};
    if (rows->count > 0) {
        ret_signup->id = row_int(rows, 0, 0);
        ret_signup->state = row_text(rows, 0, 1);
    }
    return NULL;
}

/* ---- Writing ---- */

static SqlValue distance_value(const AttendanceEnd *end)
{
    int64_t distance = 0;
    bool known = end->distance_m != NULL && str_parse_int64(end->distance_m, &distance);
    return known ? sql_int(distance) : sql_null();
}

static SqlValue inside_value(const AttendanceEnd *end)
{
    return end->inside == NULL ? sql_null() : sql_bool(str_equal(end->inside, "true"));
}

static SqlValue minutes_value(const Attendance *attendance)
{
    return attendance->state == ATTENDANCE_COMPLETED ? sql_int(attendance->minutes) : sql_null();
}

static Err *meanwhile(Ctx *ctx, const Attendance *attendance)
{
    return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile",
               "attendance of volunteer %" PRId64 " in shift %" PRId64 " changed meanwhile",
               attendance->volunteer_id.value, attendance->shift_id);
}

YIELDS Err *attendance_insert(Ctx *ctx, const Attendance *attendance, int64_t *ret_id)
{
    const AttendanceEnd *in = &attendance->check_in;
    const AttendanceEnd *out = &attendance->check_out;
    StoreRows *rows = NULL;
    TRY(store_query(
        ctx->db, &SQL_ATTENDANCE_INSERT,
        ARGS(sql_int(attendance->activity_id), sql_int(attendance->shift_id),
             sql_id(attendance->signup_id), sql_int(attendance->volunteer_id.value),
             sql_text(attendance_states[attendance->state]), sql_text(attendance->grade),
             sql_time(in->at), sql_text(in->method), distance_value(in), inside_value(in),
             sql_text(in->device), sql_id(in->by.value), sql_time(out->at), sql_text(out->method),
             distance_value(out), inside_value(out), sql_text(out->device), sql_id(out->by.value),
             minutes_value(attendance), sql_text(attendance->reason),
             sql_id(attendance->evidence_file_id), sql_text(attendance_reviews[attendance->review]),
             sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
        &rows));
    if (rows->count == 0) {
        return meanwhile(ctx, attendance);
    }
    *ret_id = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *attendance_update(Ctx *ctx, const Attendance *attendance)
{
    const AttendanceEnd *in = &attendance->check_in;
    const AttendanceEnd *out = &attendance->check_out;
    int64_t affected = 0;
    TRY(store_exec(
        ctx->db, &SQL_ATTENDANCE_UPDATE,
        ARGS(sql_int(attendance->id), sql_int(attendance->version),
             sql_text(attendance_states[attendance->state]), sql_text(attendance->grade),
             sql_time(in->at), sql_text(in->method), distance_value(in), inside_value(in),
             sql_text(in->device), sql_id(in->by.value), sql_time(out->at), sql_text(out->method),
             distance_value(out), inside_value(out), sql_text(out->device), sql_id(out->by.value),
             minutes_value(attendance), sql_text(attendance->reason),
             sql_id(attendance->evidence_file_id), sql_text(attendance_reviews[attendance->review]),
             sql_id(attendance->reviewed_by.value), sql_time(attendance->reviewed_at),
             sql_text(attendance->review_reason), sql_time(ctx->now)),
        &affected));
    return affected == 1 ? NULL : meanwhile(ctx, attendance);
}

YIELDS Err *attendance_publish(Ctx *ctx, const char *subject, const Attendance *attendance,
                               const char *what)
{
    const char *payload =
        arena_printf(ctx->arena,
                     "{\"attendance_id\":%" PRId64 ",\"activity_id\":%" PRId64
                     ",\"shift_id\":%" PRId64 ",\"volunteer_id\":%" PRId64
                     ",\"state\":\"%s\",\"what\":\"%s\"}",
                     attendance->id, attendance->activity_id, attendance->shift_id,
                     attendance->volunteer_id.value, attendance_states[attendance->state], what);
    return bus_publish(ctx->db, subject,
                       arena_printf(ctx->arena, "attendance:%" PRId64, attendance->id), payload);
}
