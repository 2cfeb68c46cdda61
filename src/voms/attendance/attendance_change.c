/* What staff does afterwards: undo, absences, back-fills, corrections, reviews. */
#include <inttypes.h>

#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/audit/audit.h"
#include "voms/common/id_page.h"
#include "voms/setting/setting.h"
#include "voms/signup/signup.h"
#include "voms/volunteer/volunteer.h"

/* ---- Bodies ---- */

typedef struct ReasonBody {
    const char *reason;
} ReasonBody;

static const Field REASON_FIELDS[] = {
    FIELD(ReasonBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
const Shape attendance_reason_shape = {.name = "AttendanceReason",
                                       .size_bytes = sizeof(ReasonBody),
                                       .fields = REASON_FIELDS};

static const Field UNDO_FIELDS[] = {
    FIELD(ReasonBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape attendance_undo_shape = {.name = "AttendanceUndo",
                                     .size_bytes = sizeof(ReasonBody),
                                     .fields = UNDO_FIELDS};

typedef struct AbsenceBody {
    VolunteerId volunteer_id;
    const char *reason;
} AbsenceBody;

static const Field ABSENCE_FIELDS[] = {
    FIELD(AbsenceBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(AbsenceBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape attendance_absence_shape = {.name = "AttendanceAbsence",
                                        .size_bytes = sizeof(AbsenceBody),
                                        .fields = ABSENCE_FIELDS};

typedef struct BackFillBody {
    VolunteerId volunteer_id;
    TimeMs check_in_at;
    TimeMs check_out_at;
    const char *reason;
    int64_t evidence_file_id;
} BackFillBody;

static const Field BACK_FILL_FIELDS[] = {
    FIELD(BackFillBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(BackFillBody, check_in_at, FIELD_TIME, .flags = FIELD_REQUIRED),
    FIELD(BackFillBody, check_out_at, FIELD_TIME, .flags = FIELD_REQUIRED),
    FIELD(BackFillBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    FIELD(BackFillBody, evidence_file_id, FIELD_ID, .flags = FIELD_REQUIRED),
    {},
};
const Shape attendance_back_fill_shape = {.name = "AttendanceBackFill",
                                          .size_bytes = sizeof(BackFillBody),
                                          .fields = BACK_FILL_FIELDS};

typedef struct CorrectBody {
    TimeMs check_in_at;
    TimeMs check_out_at;
    const char *reason;
} CorrectBody;

static const Field CORRECT_FIELDS[] = {
    FIELD(CorrectBody, check_in_at, FIELD_TIME, .flags = FIELD_REQUIRED),
    FIELD(CorrectBody, check_out_at, FIELD_TIME, .flags = FIELD_REQUIRED),
    FIELD(CorrectBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
const Shape attendance_correct_shape = {.name = "AttendanceCorrect",
                                        .size_bytes = sizeof(CorrectBody),
                                        .fields = CORRECT_FIELDS};

/* ---- History ---- */

YIELDS static Err *tell(Ctx *ctx, const char *action, const Attendance *before,
                        const Attendance *after, const char *reason)
{
    const char *changes = shape_diff(ctx->arena, &attendance_shape, before, after, NULL);
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_CORRECTION_INSERT,
                   ARGS(sql_int(after->id), sql_time(ctx->now),
                        sql_id(ctx->caller.account_id.value), sql_text(ctx->caller.name),
                        sql_text(reason), sql_text(changes)),
                   NULL));
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "attendance",
                                           .object_id = after->id,
                                           .unit_id = after->unit_id,
                                           .changes = changes,
                                           .purpose = reason});
}

YIELDS Err *attendance_write_change(Ctx *ctx, const char *action, const Attendance *before,
                                    const Attendance *after, const char *reason)
{
    TRY(attendance_update(ctx, after));
    TRY(tell(ctx, action, before, after, reason));
    return attendance_publish(ctx, "attendance.recorded", after, action);
}

/* The one that the path names, of a shift that is still open. */
YIELDS static Err *find_open(Ctx *ctx, const HttpRequest *req, Attendance **ret_attendance,
                             AttendanceShift **ret_shift)
{
    int64_t id = 0;
    TRY(http_path_id(req, "attendance_id", &id));
    TRY(attendance_find(ctx, id, ret_attendance));
    TRY(attendance_find_shift(ctx, (*ret_attendance)->shift_id, ret_shift));
    TRY(attendance_check_open(ctx, *ret_shift));
    if ((*ret_attendance)->state == ATTENDANCE_VOIDED) {
        return attendance_refuse(ctx, "attendance_voided", NULL);
    }
    return attendance_lock_unrecorded(ctx, *ret_attendance);
}

/* ---- Undo: takes the front desk's last tap back ---- */

static bool is_by_desk(const AttendanceEnd *end)
{
    return end->at != 0 &&
           (str_equal(end->method, "front_desk") || str_equal(end->method, "kiosk"));
}

YIELDS static Err *check_undo_window(Ctx *ctx, const AttendanceShift *shift)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    const char *code = attendance_rules_window(shift->starts_at, shift->ends_at,
                                               settings->attendance_before_minutes,
                                               settings->attendance_after_minutes, ctx->now);
    return code == NULL ? NULL : attendance_refuse(ctx, "undo_too_late", NULL);
}

static Err *undo_last(Ctx *ctx, const Attendance *before, Attendance *after)
{
    bool is_out = before->check_out.at != 0;
    const AttendanceEnd *last = is_out ? &before->check_out : &before->check_in;
    if (!is_by_desk(last) || before->reviewed_at != 0) {
        return attendance_refuse(ctx, "undo_not_by_desk", NULL);
    }
    *after = *before;
    if (is_out && before->check_in.at != 0) {
        after->check_out = (AttendanceEnd){};
        attendance_rules_complete(after);
        return NULL;
    }
    after->state = ATTENDANCE_VOIDED;
    after->review = ATTENDANCE_REVIEW_NONE;
    return NULL;
}

YIELDS Err *attendance_undo(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ReasonBody body = {};
    Attendance *before = NULL;
    Attendance after = {};
    AttendanceShift *shift = NULL;
    TRY(http_decode(req, &body));
    TRY(find_open(ctx, req, &before, &shift));
    TRY(check_undo_window(ctx, shift));
    TRY(undo_last(ctx, before, &after));
    TRY(attendance_write_change(ctx, "attendance.undo", before, &after,
                                body.reason == NULL ? "undo" : body.reason));
    if (after.state == ATTENDANCE_VOIDED) {
        TRY(signup_mark(ctx, before->signup_id, SIGNUP_APPROVED));
    }
    return attendance_reply_entry(ctx, res, before->shift_id, before->volunteer_id);
}

/* ---- Absences ---- */

YIELDS static Err *insert_absence(Ctx *ctx, const AttendanceShift *shift, const AbsenceBody *body,
                                  int64_t signup_id, Attendance *ret_made)
{
    Attendance absent = {.activity_id = shift->activity_id,
                         .shift_id = shift->id,
                         .signup_id = signup_id,
                         .volunteer_id = body->volunteer_id,
                         .unit_id = shift->unit_id,
                         .state = ATTENDANCE_ABSENT,
                         .reason = body->reason};
    TRY(attendance_insert(ctx, &absent, &absent.id));
    TRY(signup_mark(ctx, signup_id, SIGNUP_ABSENT));
    *ret_made = absent;
    return attendance_publish(ctx, "attendance.missing", &absent, "absent");
}

YIELDS Err *attendance_absence(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    AbsenceBody body = {};
    AttendanceShift *shift = NULL;
    AttendanceSignup signup = {};
    Attendance *known = NULL;
    Attendance made = {};
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(http_decode(req, &body));
    TRY(attendance_find_shift(ctx, shift_id, &shift));
    TRY(attendance_check_open(ctx, shift));
    if (ctx->now < shift->starts_at) {
        return attendance_refuse(ctx, "shift_not_begun", NULL);
    }
    TRY(attendance_find_signup(ctx, shift_id, body.volunteer_id, &signup));
    if (signup.id == 0) {
        return attendance_refuse(ctx, "not_signed_up", NULL);
    }
    TRY(attendance_find_current(ctx, shift_id, body.volunteer_id, &known));
    if (known != NULL) {
        Err *err = attendance_refuse(ctx, "attendance_exists", NULL);
        err->current = attendance_states[known->state];
        return err;
    }
    TRY(insert_absence(ctx, shift, &body, signup.id, &made));
    TRY(tell(ctx, "attendance.absent", NULL, &made, body.reason == NULL ? "absent" : body.reason));
    return attendance_reply_entry(ctx, res, shift_id, body.volunteer_id);
}

/* ---- Back-fills ---- */

static const char *check_order(const Ctx *ctx, TimeMs in, TimeMs out)
{
    if (out <= in) {
        return "before_check_in";
    }
    if (out - in > DAY_MS) {
        return "longer_than_a_day";
    }
    return out > ctx->now ? "in_the_future" : NULL;
}

static void add_window_error(Ctx *ctx, Err **err, const char *field, const char *code,
                             const Settings *settings)
{
    int64_t minutes = str_equal(code, "too_early") ? settings->attendance_before_minutes
                                                   : settings->attendance_after_minutes;
    if (code != NULL) {
        err_add_field(ctx->arena, err, field, code, arena_printf(ctx->arena, "%" PRId64, minutes));
    }
}

YIELDS Err *attendance_check_ends(Ctx *ctx, const AttendanceShift *shift, TimeMs in, TimeMs out)
{
    const Settings *settings = NULL;
    Err *err = NULL;
    TRY(setting_load(ctx, &settings));
    int64_t before = settings->attendance_before_minutes;
    int64_t after = settings->attendance_after_minutes;
    const char *disorder = check_order(ctx, in, out);
    if (disorder != NULL) {
        err_add_field(ctx->arena, &err, "check_out_at", disorder, NULL);
        return err;
    }
    add_window_error(ctx, &err, "check_in_at",
                     attendance_rules_window(shift->starts_at, shift->ends_at, before, after, in),
                     settings);
    add_window_error(ctx, &err, "check_out_at",
                     attendance_rules_window(shift->starts_at, shift->ends_at, before, after, out),
                     settings);
    return err;
}

YIELDS static Err *check_person(Ctx *ctx, VolunteerId id)
{
    StoreRows *rows = NULL;
    Err *err = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_VOLUNTEER_EXISTS, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        err_add_field(ctx->arena, &err, "volunteer_id", "volunteer_not_found", NULL);
    }
    return err;
}

/* Who has no sign-up must be somebody whom the caller may know. */
YIELDS static Err *check_stranger(Ctx *ctx, VolunteerId id)
{
    Err *err = volunteer_check_access(ctx, id, "volunteer:read");
    if (err_is(err, ERR_NOT_FOUND)) {
        err = NULL;
        err_add_field(ctx->arena, &err, "volunteer_id", "volunteer_not_found", NULL);
    }
    return err;
}

static void fill_back(Ctx *ctx, const BackFillBody *body, Attendance *attendance)
{
    AttendanceEnd end = {.method = "back_fill", .by = ctx->caller.account_id};
    attendance->check_in = attendance->check_out = end;
    attendance->check_in.at = body->check_in_at;
    attendance->check_out.at = body->check_out_at;
    attendance->reason = body->reason;
    attendance->evidence_file_id = body->evidence_file_id;
    attendance_rules_complete(attendance);
}

YIELDS static Err *write_back_fill(Ctx *ctx, const AttendanceShift *shift, const BackFillBody *body,
                                   const Attendance *known, Attendance *after)
{
    fill_back(ctx, body, after);
    after->volunteer_id = body->volunteer_id;
    after->activity_id = shift->activity_id;
    after->shift_id = shift->id;
    after->unit_id = shift->unit_id;
    if (known == NULL) {
        TRY(attendance_insert(ctx, after, &after->id));
    } else {
        TRY(attendance_update(ctx, after));
    }
    TRY(tell(ctx, "attendance.back_fill", known, after, body->reason));
    TRY(signup_mark(ctx, after->signup_id, SIGNUP_ATTENDED));
    return attendance_publish(ctx, "attendance.recorded", after, "back_fill");
}

YIELDS Err *attendance_back_fill(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    BackFillBody body = {};
    AttendanceShift *shift = NULL;
    AttendanceSignup signup = {};
    Attendance *known = NULL;
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(http_decode(req, &body));
    TRY(attendance_find_shift(ctx, shift_id, &shift));
    TRY(attendance_check_open(ctx, shift));
    TRY(attendance_check_ends(ctx, shift, body.check_in_at, body.check_out_at));
    TRY(check_person(ctx, body.volunteer_id));
    TRY(attendance_check_file(ctx, body.evidence_file_id, "evidence_file_id"));
    TRY(attendance_find_signup(ctx, shift_id, body.volunteer_id, &signup));
    if (signup.id == 0) {
        TRY(check_stranger(ctx, body.volunteer_id));
    }
    TRY(attendance_find_current(ctx, shift_id, body.volunteer_id, &known));
    if (known != NULL && known->state != ATTENDANCE_ABSENT) {
        Err *err = attendance_refuse(ctx, "attendance_exists", NULL);
        err->current = attendance_states[known->state];
        return err;
    }
    Attendance after = known == NULL ? (Attendance){} : *known;
    after.signup_id = signup.id;
    TRY(write_back_fill(ctx, shift, &body, known, &after));
    return attendance_reply(ctx, res, HTTP_CREATED, after.id);
}

/* ---- Corrections ---- */

/* An end that staff moves is proven by nothing but their word. */
static void move_end(Ctx *ctx, AttendanceEnd *end, TimeMs at)
{
    if (end->at != at) {
        *end = (AttendanceEnd){.at = at, .method = "back_fill", .by = ctx->caller.account_id};
    }
}

YIELDS Err *attendance_correct(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    CorrectBody body = {};
    Attendance *before = NULL;
    AttendanceShift *shift = NULL;
    TRY(http_decode(req, &body));
    TRY(find_open(ctx, req, &before, &shift));
    TRY(http_check_version(req, before->version));
    TRY(attendance_check_ends(ctx, shift, body.check_in_at, body.check_out_at));
    if (before->state == ATTENDANCE_ABSENT) {
        return attendance_refuse(ctx, "absent_needs_back_fill", NULL);
    }
    Attendance after = *before;
    move_end(ctx, &after.check_in, body.check_in_at);
    move_end(ctx, &after.check_out, body.check_out_at);
    attendance_rules_complete(&after);
    /* What was decided was decided on other times. */
    after.reviewed_by = (AccountId){};
    after.reviewed_at = 0;
    after.review_reason = NULL;
    TRY(attendance_write_change(ctx, "attendance.correct", before, &after, body.reason));
    return attendance_reply(ctx, res, HTTP_OK, after.id);
}

YIELDS Err *attendance_void(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ReasonBody body = {};
    Attendance *before = NULL;
    AttendanceShift *shift = NULL;
    TRY(http_decode(req, &body));
    TRY(find_open(ctx, req, &before, &shift));
    Attendance after = *before;
    after.state = ATTENDANCE_VOIDED;
    after.review = ATTENDANCE_REVIEW_NONE;
    TRY(attendance_write_change(ctx, "attendance.void", before, &after, body.reason));
    TRY(signup_mark(ctx, before->signup_id, SIGNUP_APPROVED));
    return attendance_reply(ctx, res, HTTP_OK, after.id);
}

/* ---- Review ---- */

YIELDS Err *attendance_review(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerDecision body = {};
    Attendance *before = NULL;
    AttendanceShift *shift = NULL;
    TRY(volunteer_decision_read(req, &body));
    TRY(find_open(ctx, req, &before, &shift));
    if (before->review != ATTENDANCE_REVIEW_NEEDED) {
        Err *err = attendance_refuse(ctx, "review_not_needed", NULL);
        err->current = attendance_reviews[before->review];
        return err;
    }
    if (before->volunteer_id.value == ctx->caller.volunteer_id.value) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "own_attendance",
                   "nobody reviews the own attendance");
    }
    Attendance after = *before;
    after.review = body.approve ? ATTENDANCE_REVIEW_APPROVED : ATTENDANCE_REVIEW_REJECTED;
    after.reviewed_by = ctx->caller.account_id;
    after.reviewed_at = ctx->now;
    after.review_reason = body.reason;
    TRY(attendance_write_change(ctx, "attendance.review", before, &after,
                                body.reason == NULL ? "approved" : body.reason));
    return attendance_reply(ctx, res, HTTP_OK, after.id);
}

/* ---- What was changed ---- */

typedef struct Correction {
    int64_t id;
    int64_t attendance_id;
    TimeMs created_at;
    int64_t actor_id;
    const char *actor_name;
    const char *reason;
    const char *changes;
} Correction;

static const Field CORRECTION_FIELDS[] = {
    FIELD(Correction, id, FIELD_ID),           FIELD(Correction, attendance_id, FIELD_ID),
    FIELD(Correction, created_at, FIELD_TIME), FIELD(Correction, actor_id, FIELD_ID),
    FIELD(Correction, actor_name, FIELD_TEXT), FIELD(Correction, reason, FIELD_TEXT),
    FIELD(Correction, changes, FIELD_JSON),    {},
};
const Shape attendance_correction_shape = {.name = "AttendanceCorrection",
                                           .size_bytes = sizeof(Correction),
                                           .fields = CORRECTION_FIELDS};

YIELDS Err *attendance_list_corrections(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    int64_t total = -1;
    IdPage page = {};
    StoreRows *rows = NULL;
    TRY(http_path_id(req, "attendance_id", &id));
    TRY(id_page_read(req, "attendance_corrections", NULL, &page));
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_CORRECTION_LIST,
                    ARGS(sql_int(id), sql_int(page.before_id), sql_int(page.limit + 1)), &rows));
    ObjectList items = shape_from_rows(ctx->arena, &attendance_correction_shape, rows);
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_ATTENDANCE_CORRECTION_COUNT, ARGS(sql_int(id)), &rows));
        total = row_int(rows, 0, 0);
    }
    return id_page_reply(res, req, &page, &attendance_correction_shape, items, total, NULL);
}
