/* Check-in and check-out: by the volunteer's scan, a kiosk, the front desk. */
#include <inttypes.h>
#include <string.h>

#include "voms/activity/activity.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/audit/audit.h"
#include "voms/ledger/ledger.h"
#include "voms/setting/setting.h"
#include "voms/signup/signup.h"

#define DEVICE_MAX 64

/* ---- Guards and refusals ---- */

Err *attendance_refuse(Ctx *ctx, const char *code, const char *param)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, code, "attendance: %s", code);
    err->param = param;
    return err;
}

YIELDS Err *attendance_guard_one(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    Attendance *attendance = NULL;
    TRY(http_path_id(req, "attendance_id", &id));
    TRY(attendance_find(ctx, id, &attendance));
    Err *err = activity_check(ctx, (ActivityId){attendance->activity_id}, req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "attendance_not_found", "not to be known");
    }
    return err;
}

Err *attendance_check_open(Ctx *ctx, const AttendanceShift *shift)
{
    static const char *const OPEN[] = {"published", "in_progress", "ended", NULL};
    if (str_equal(shift->state, "cancelled")) {
        return attendance_refuse(ctx, "shift_cancelled", NULL);
    }
    if (choice_index(OPEN, shift->activity_state) < 0) {
        Err *err = attendance_refuse(ctx, "activity_not_running", shift->activity_state);
        err->current = shift->activity_state;
        return err;
    }
    return NULL;
}

/* Settling takes its time, and may have been cut off: some attendances of an activity are recorded
 * while it is still called ended. */
YIELDS Err *attendance_lock_unrecorded(Ctx *ctx, const Attendance *attendance)
{
    StoreRows *rows = NULL;
    bool claimed = false;
    if (attendance->state != ATTENDANCE_COMPLETED) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_LOCK, ARGS(sql_int(attendance->id)), &rows));
    TRY(ledger_is_claimed(ctx, attendance->id, &claimed));
    if (!claimed) {
        return NULL;
    }
    Err *err = attendance_refuse(ctx, "activity_not_running", "settled");
    err->current = "settled";
    return err;
}

/* ---- One tap ---- */

YIELDS static Err *check_window(Ctx *ctx, const AttendanceShift *shift, TimeMs at)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    const char *code = attendance_rules_window(shift->starts_at, shift->ends_at,
                                               settings->attendance_before_minutes,
                                               settings->attendance_after_minutes, at);
    if (code == NULL) {
        return NULL;
    }
    bool early = str_equal(code, "too_early");
    int64_t minutes =
        early ? settings->attendance_before_minutes : settings->attendance_after_minutes;
    return attendance_refuse(ctx, code, arena_printf(ctx->arena, "%" PRId64, minutes));
}

YIELDS static Err *take_step(Ctx *ctx, const AttendanceShift *shift, const AttendanceTap *tap)
{
    int64_t affected = 0;
    if (tap->step == 0) {
        return NULL;
    }
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_TAKE_STEP,
                   ARGS(sql_int(shift->id), sql_int(tap->volunteer_id.value),
                        sql_text(attendance_directions[tap->direction]), sql_int(tap->step),
                        sql_time(ctx->now)),
                   &affected));
    return affected == 1 ? NULL : attendance_refuse(ctx, "code_used", NULL);
}

YIELDS static Err *write_tap(Ctx *ctx, const AttendanceShift *shift, const AttendanceTap *tap,
                             Attendance *after)
{
    if (after->id != 0) {
        TRY(attendance_update(ctx, after));
    } else {
        after->activity_id = shift->activity_id;
        after->shift_id = shift->id;
        after->volunteer_id = tap->volunteer_id;
        TRY(attendance_insert(ctx, after, &after->id));
    }
    TRY(signup_mark(ctx, after->signup_id, SIGNUP_ATTENDED));
    return attendance_publish(ctx, "attendance.recorded", after,
                              attendance_directions[tap->direction]);
}

YIELDS Err *attendance_record(Ctx *ctx, const AttendanceShift *shift, const AttendanceTap *tap,
                              int64_t *ret_id)
{
    AttendanceSignup signup = {};
    Attendance *before = NULL;
    Attendance after = {};
    TRY(attendance_check_open(ctx, shift));
    TRY(attendance_find_signup(ctx, shift->id, tap->volunteer_id, &signup));
    if (signup.id == 0) {
        return attendance_refuse(ctx, "not_signed_up", NULL);
    }
    TRY(check_window(ctx, shift, tap->end.at));
    TRY(attendance_find_current(ctx, shift->id, tap->volunteer_id, &before));
    const char *refusal = attendance_rules_tap(before, tap, &after);
    if (refusal != NULL) {
        return attendance_refuse(ctx, refusal, NULL);
    }
    if (before != NULL) {
        TRY(attendance_lock_unrecorded(ctx, before));
    }
    after.signup_id = signup.id;
    TRY(take_step(ctx, shift, tap));
    TRY(write_tap(ctx, shift, tap, &after));
    *ret_id = after.id;
    return NULL;
}

/* ---- The volunteer's scan ---- */

typedef struct ScanBody {
    const char *code;
    const char *device;
    AttendancePosition *position; /* or NULL */
} ScanBody;

static const Field POSITION_FIELDS[] = {
    FIELD(AttendancePosition, latitude, FIELD_REAL, .flags = FIELD_REQUIRED, .min = -90, .max = 90),
    FIELD(AttendancePosition, longitude, FIELD_REAL, .flags = FIELD_REQUIRED, .min = -180,
          .max = 180),
    {},
};
static const Shape POSITION = SHAPE(AttendancePosition, POSITION_FIELDS);

static const Field SCAN_FIELDS[] = {
    FIELD(ScanBody, code, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(ScanBody, device, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = DEVICE_MAX),
    FIELD(ScanBody, position, FIELD_OBJECT, .shape = &POSITION),
    {},
};
const Shape attendance_scan_shape = {.name = "AttendanceScan",
                                     .size_bytes = sizeof(ScanBody),
                                     .fields = SCAN_FIELDS};

Err *attendance_locate(Ctx *ctx, const AttendanceShift *shift, const AttendancePosition *position,
                       bool must_be_inside, AttendanceEnd *end)
{
    if (position == NULL) {
        return must_be_inside ? attendance_refuse(ctx, "position_needed", NULL) : NULL;
    }
    if (!shift->has_point) {
        return must_be_inside ? attendance_refuse(ctx, "place_unknown", NULL) : NULL;
    }
    double distance = attendance_rules_distance_m(shift->latitude, shift->longitude,
                                                  position->latitude, position->longitude);
    int64_t rounded = attendance_rules_rounded_m(distance);
    bool inside = distance <= (double)shift->radius_m;
    end->distance_m = arena_printf(ctx->arena, "%" PRId64, rounded);
    end->inside = inside ? "true" : "false";
    if (inside || !must_be_inside) {
        return NULL;
    }
    Err *err = attendance_refuse(ctx, "outside", end->distance_m);
    err->current = arena_printf(ctx->arena, "{\"distance_m\":%" PRId64 ",\"radius_m\":%" PRId64 "}",
                                rounded, shift->radius_m);
    return err;
}

typedef struct Recording {
    Ctx *ctx;
    const AttendanceShift *shift;
    const AttendanceTap *tap;
    int64_t id;
} Recording;

/* StoreWork. */
YIELDS static Err *record_in_transaction(Db *db UNUSED, void *arg)
{
    Recording *call = arg;
    return attendance_record(call->ctx, call->shift, call->tap, &call->id);
}

static Err *read_code(Ctx *ctx, const char *text, AttendanceCode *ret_code)
{
    Err *err = NULL;
    if (!attendance_code_parse(text, ret_code)) {
        err_add_field(ctx->arena, &err, "code", "code_unreadable", NULL);
    }
    return err;
}

/* A code of a shift that is not there is wrong like any other: nothing is told of shifts. */
YIELDS static Err *find_shift_of_code(Ctx *ctx, int64_t shift_id, AttendanceShift **ret_shift)
{
    Err *err = attendance_find_shift(ctx, shift_id, ret_shift);
    if (err_is(err, ERR_NOT_FOUND)) {
        err = NULL;
        err_add_field(ctx->arena, &err, "code", "code_wrong", NULL);
    }
    return err;
}

YIELDS Err *attendance_scan(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ScanBody body = {};
    AttendanceCode code = {};
    AttendanceShift *shift = NULL;
    TRY(http_decode(req, &body));
    TRY(read_code(ctx, body.code, &code));
    AttendanceTap tap = {.volunteer_id = ctx->caller.volunteer_id, .direction = code.direction};
    tap.end = (AttendanceEnd){.at = ctx->now,
                              .method = code.is_fixed ? "geofence" : "rotating_code",
                              .device = body.device};
    TRY(find_shift_of_code(ctx, code.shift_id, &shift));
    TRY(attendance_code_check(ctx, &code, &tap.step));
    TRY(attendance_locate(ctx, shift, body.position, /* must_be_inside= */ code.is_fixed,
                          &tap.end));
    Recording call = {.ctx = ctx, .shift = shift, .tap = &tap};
    TRY(store_transact(ctx->db, record_in_transaction, &call));
    return attendance_reply(ctx, res, HTTP_OK, call.id);
}

/* ---- The front desk ---- */

typedef struct TapBody {
    VolunteerId volunteer_id;
    int direction;
} TapBody;

static const Field TAP_FIELDS[] = {
    FIELD(TapBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(TapBody, direction, FIELD_CHOICE, .flags = FIELD_REQUIRED,
          .choices = attendance_directions),
    {},
};
const Shape attendance_tap_shape = {.name = "AttendanceTap",
                                    .size_bytes = sizeof(TapBody),
                                    .fields = TAP_FIELDS};

YIELDS static Err *audit_tap(Ctx *ctx, const char *action, const AttendanceShift *shift,
                             const AttendanceTap *tap, int64_t id)
{
    const char *detail =
        arena_printf(ctx->arena,
                     "{\"direction\":\"%s\",\"shift_id\":%" PRId64 ",\"volunteer_id\":%" PRId64 "}",
                     attendance_directions[tap->direction], shift->id, tap->volunteer_id.value);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "attendance",
                                           .object_id = id,
                                           .unit_id = shift->unit_id,
                                           .detail = detail});
}

YIELDS Err *attendance_tap(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    int64_t id = 0;
    TapBody body = {};
    AttendanceShift *shift = NULL;
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(http_decode(req, &body));
    TRY(attendance_find_shift(ctx, shift_id, &shift));
    AttendanceTap tap = {
        .volunteer_id = body.volunteer_id,
        .direction = (AttendanceDirection)body.direction,
        .end = {.at = ctx->now, .method = "front_desk", .by = ctx->caller.account_id}};
    TRY(attendance_record(ctx, shift, &tap, &id));
    TRY(audit_tap(ctx, "attendance.tap", shift, &tap, id));
    return attendance_reply_entry(ctx, res, shift_id, body.volunteer_id);
}

/* ---- The kiosk ---- */

typedef struct KioskBody {
    const char *phone_digits;
    const char *code;
    int direction;
    const char *device;
} KioskBody;

static const char *check_digits(Arena *arena UNUSED, const char *value,
                                const char **ret_normalized UNUSED)
{
    return strspn(value, "0123456789") == strlen(value) ? NULL : "digits_only";
}

static const Field KIOSK_FIELDS[] = {
    FIELD(KioskBody, phone_digits, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 4, .max = 11,
          .check = check_digits),
    FIELD(KioskBody, code, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 6, .max = 8),
    FIELD(KioskBody, direction, FIELD_CHOICE, .flags = FIELD_REQUIRED,
          .choices = attendance_directions),
    FIELD(KioskBody, device, FIELD_TEXT, .min = 1, .max = DEVICE_MAX),
    {},
};
const Shape attendance_kiosk_shape = {.name = "AttendanceKiosk",
                                      .size_bytes = sizeof(KioskBody),
                                      .fields = KIOSK_FIELDS};

YIELDS static Err *find_by_digits(Ctx *ctx, int64_t shift_id, const char *digits,
                                  VolunteerId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_KIOSK_MATCH,
                    ARGS(sql_int(shift_id), sql_text(arena_printf(ctx->arena, "%%%s", digits))),
                    &rows));
    if (rows->count != 1) {
        return attendance_refuse(ctx, rows->count == 0 ? "not_signed_up" : "digits_ambiguous",
                                 NULL);
    }
    ret_id->value = row_int(rows, 0, 0);
    return NULL;
}

/* The code that is typed: six digits of the rotating one, or the eight signs of the fixed one. */
static Err *read_typed_code(Ctx *ctx, int64_t shift_id, const KioskBody *body,
                            AttendanceCode *ret_code)
{
    const char *text =
        arena_printf(ctx->arena, "%s.%" PRId64 ".%s.%s", strlen(body->code) == 8 ? "VF" : "VR",
                     shift_id, attendance_directions[body->direction], body->code);
    return read_code(ctx, text, ret_code);
}

YIELDS Err *attendance_kiosk(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    KioskBody body = {};
    AttendanceCode code = {};
    AttendanceShift *shift = NULL;
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(http_decode(req, &body));
    TRY(read_typed_code(ctx, shift_id, &body, &code));
    TRY(attendance_find_shift(ctx, shift_id, &shift));
    AttendanceTap tap = {.direction = (AttendanceDirection)body.direction,
                         .end = {.at = ctx->now,
                                 .method = "kiosk",
                                 .device = body.device,
                                 .by = ctx->caller.account_id}};
    TRY(attendance_code_check(ctx, &code, &tap.step));
    TRY(find_by_digits(ctx, shift_id, body.phone_digits, &tap.volunteer_id));
    Recording call = {.ctx = ctx, .shift = shift, .tap = &tap};
    TRY(store_transact(ctx->db, record_in_transaction, &call));
    return attendance_reply_entry(ctx, res, shift_id, tap.volunteer_id);
}
