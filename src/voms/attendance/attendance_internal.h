/* attendance_internal.h - what the files of this concept share. */
#pragma once

#include "voms/attendance/attendance.h"

#define ATTENDANCE_STEP_SECONDS 30
#define ATTENDANCE_STEPS_AROUND 1 /* a code is taken one step early and one step late */

/* A shift as attendance needs it. */
typedef struct AttendanceShift {
    int64_t id;
    int64_t activity_id;
    UnitId unit_id;
    TimeMs starts_at;
    TimeMs ends_at;
    const char *state;
    const char *activity_state;
    bool has_point;
    double latitude;
    double longitude;
    int64_t radius_m;
} AttendanceShift;

/* Yields. ERR_NOT_FOUND ("shift_not_found"). */
YIELDS Err *attendance_find_shift(Ctx *ctx, int64_t shift_id, AttendanceShift **ret_shift);

/* A guard of routes under /attendances/{attendance_id}. Yields. */
YIELDS Err *attendance_guard_one(Ctx *ctx, const HttpRequest *req);

/* ---- Recording ---- */

typedef struct AttendanceTap {
    VolunteerId volunteer_id;
    AttendanceDirection direction;
    AttendanceEnd end;
    int64_t step; /* of the rotating code that was used; 0: none */
    bool queued;  /* it may come late, twice and in any order */
} AttendanceTap;

/* What a tap makes of an attendance (NULL: there is none yet): NULL and *ret_after, or the code of
 * why not ("already_checked_in", …; "unchanged" for a queued one that tells nothing new). Pure. */
const char *attendance_rules_tap(const Attendance *before, const AttendanceTap *tap,
                                 Attendance *ret_after);

/* Sets state, grade, minutes and review by the ends. Pure. */
void attendance_rules_complete(Attendance *attendance);

/* Records a check-in or check-out of somebody who is signed up. In the open transaction. Yields.
 * ERR_CONFLICT with the code of why not; ERR_BUSY if another did the same meanwhile. */
YIELDS Err *attendance_record(Ctx *ctx, const AttendanceShift *shift, const AttendanceTap *tap,
                              int64_t *ret_id);

/* A refusal of this concept: ERR_CONFLICT with code and its parameter. */
Err *attendance_refuse(Ctx *ctx, const char *code, const char *param);

/* Fails unless attendances of the shift can still be changed. */
Err *attendance_check_open(Ctx *ctx, const AttendanceShift *shift);

/* Locks an attendance that is to be changed, and fails if the ledger has recorded it. In the open
 * transaction. Yields. */
YIELDS Err *attendance_lock_unrecorded(Ctx *ctx, const Attendance *attendance);

/* Fails with ERR_INVALID on check_in_at, check_out_at unless they are in order, past, and within
 * the window around the shift. Yields. */
YIELDS Err *attendance_check_ends(Ctx *ctx, const AttendanceShift *shift, TimeMs in, TimeMs out);

/* ---- Store ---- */

/* The one that counts of a volunteer in a shift; *ret_attendance is NULL if there is none. Yields.
 */
YIELDS Err *attendance_find_current(Ctx *ctx, int64_t shift_id, VolunteerId volunteer_id,
                                    Attendance **ret_attendance);

typedef struct AttendanceSignup {
    int64_t id; /* 0: none */
    const char *state;
} AttendanceSignup;

/* The sign-up that gives a volunteer a place in the shift. Yields. */
YIELDS Err *attendance_find_signup(Ctx *ctx, int64_t shift_id, VolunteerId volunteer_id,
                                   AttendanceSignup *ret_signup);

/* Writes a new one, a changed one. Yields. ERR_BUSY if it came or changed meanwhile. */
YIELDS Err *attendance_insert(Ctx *ctx, const Attendance *attendance, int64_t *ret_id);
YIELDS Err *attendance_update(Ctx *ctx, const Attendance *attendance);

/* Writes what staff changed, with the correction, its audit entry and a message. Yields. As
 * attendance_update. */
YIELDS Err *attendance_write_change(Ctx *ctx, const char *action, const Attendance *before,
                                    const Attendance *after, const char *reason);

/* Sends a message about an attendance. Yields. */
YIELDS Err *attendance_publish(Ctx *ctx, const char *subject, const Attendance *attendance,
                               const char *what);

/* ---- Codes ---- */

/* The secret of a shift and direction, made when it is first asked for. Yields. */
YIELDS Err *attendance_code_secret(Ctx *ctx, int64_t shift_id, AttendanceDirection direction,
                                   bool is_fixed, const char **ret_secret);

/* The six digits of a step. */
void attendance_code_at(const char *secret, int64_t step, char ret_code[7]);

/* Is this the code of the shift now? *ret_step is the rotating code's step. Yields. ERR_INVALID on
 * "code" ("code_wrong"), ERR_LIMITED after too many. Not in a transaction. */
YIELDS Err *attendance_code_check(Ctx *ctx, const AttendanceCode *code, int64_t *ret_step);

/* The distance from the shift's place. ERR_CONFLICT ("place_unknown"), or "outside" when needed. */
typedef struct AttendancePosition {
    double latitude;
    double longitude;
} AttendancePosition;
Err *attendance_locate(Ctx *ctx, const AttendanceShift *shift, const AttendancePosition *position,
                       bool must_be_inside, AttendanceEnd *end);

/* Fills a demonstration organisation. Yields. */
YIELDS Err *attendance_demo(Ctx *ctx);

/* ---- Schedules ---- */

/* Removes files that were handed in a week ago and never used, and those that no record names.
 * Yields.
 */
YIELDS Err *attendance_clean_files(Ctx *ctx);

/* ---- Routes of the other files ---- */

/* Handlers; each yields. */
YIELDS Err *attendance_scan(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_list_own(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_show_codes(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_tap(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_kiosk(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_undo(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_absence(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_back_fill(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_correct(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_void(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_review(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_list_corrections(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_presence(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_presence_summary(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_presence_events(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_device_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_device_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_device_revoke(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_device_guard(Ctx *ctx, const HttpRequest *req);
YIELDS Err *attendance_device_scans(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_file_upload(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_file_download(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *attendance_file_guard(Ctx *ctx, const HttpRequest *req);

/* Shapes of bodies and answers, by the file that reads or writes them. */
extern const Shape attendance_scan_shape;
extern const Shape attendance_codes_shape;
extern const Shape attendance_tap_shape;
extern const Shape attendance_kiosk_shape;
extern const Shape attendance_reason_shape;
extern const Shape attendance_undo_shape;
extern const Shape attendance_absence_shape;
extern const Shape attendance_back_fill_shape;
extern const Shape attendance_correct_shape;
extern const Shape attendance_correction_shape;
extern const Shape presence_entry_shape;
extern const Shape presence_summary_shape;
extern const Shape attendance_device_shape;
extern const Shape attendance_device_create_shape;
extern const Shape attendance_device_scans_shape;
extern const Shape stored_file_shape;

/* Answers with the entry of a volunteer at a shift: names only, as the front desk may see. Yields.
 */
YIELDS Err *attendance_reply_entry(Ctx *ctx, HttpResponse *res, int64_t shift_id,
                                   VolunteerId volunteer_id);

/* Answers with one attendance. Yields. */
YIELDS Err *attendance_reply(Ctx *ctx, HttpResponse *res, int status, int64_t id);

/* Is there such a file? ERR_INVALID on the field otherwise. Yields. */
YIELDS Err *attendance_check_file(Ctx *ctx, int64_t file_id, const char *field);

/* The signed text of a queued scan. Pure. */
typedef struct QueuedScan {
    int64_t counter;
    int64_t shift_id;
    int direction;
    const char *volunteer_number;
    TimeMs scanned_at;
    const char *signature; /* HMAC-SHA256, lower-case hexadecimal */
} QueuedScan;
const char *attendance_device_canonical(Arena *arena, const char *device_id,
                                        const QueuedScan *scan);
