/* attendance.h - what happened at a shift: who was there from when to when, and how it was proven.
 *
 * Both ends of an attendance are recorded by a rotating code, a fixed code with a position, a
 * kiosk, the front desk, a queued scan of a registered device, or a back-fill. An attendance that
 * is not void is the only one of its volunteer in its shift. */
#pragma once

#include "app/services.h"

typedef enum AttendanceState {
    ATTENDANCE_PRESENT,
    ATTENDANCE_COMPLETED,
    ATTENDANCE_ABSENT,
    ATTENDANCE_VOIDED,
} AttendanceState;

typedef enum AttendanceReview {
    ATTENDANCE_REVIEW_NONE,
    ATTENDANCE_REVIEW_NEEDED,
    ATTENDANCE_REVIEW_APPROVED,
    ATTENDANCE_REVIEW_REJECTED,
} AttendanceReview;

typedef enum AttendanceDirection { ATTENDANCE_IN, ATTENDANCE_OUT } AttendanceDirection;

extern const char *const attendance_states[];
extern const char *const attendance_reviews[];
extern const char *const attendance_directions[]; /* "in", "out" */
extern const char *const attendance_methods[];    /* all that an end may have */

/* One end of an attendance; zeroed: not there. */
typedef struct AttendanceEnd {
    TimeMs at;
    const char *method;     /* of attendance_methods; NULL: none */
    const char *distance_m; /* from the place, in steps of 10 m; NULL: no position was sent */
    const char *inside;     /* "true", "false"; NULL likewise */
    const char *device;     /* as the client named it, or the id of a registered one */
    AccountId by;           /* 0: the volunteer itself, or the system */
} AttendanceEnd;

typedef struct Attendance {
    int64_t id;
    int64_t activity_id;
    const char *activity_name;
    int64_t shift_id;
    TimeMs shift_starts_at;
    TimeMs shift_ends_at;
    int64_t signup_id; /* 0: came without one, or back-filled */
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    UnitId unit_id;    /* the activity's */
    int state;         /* AttendanceState */
    const char *grade; /* "A".."D"; NULL while present, and of the absent */
    AttendanceEnd check_in;
    AttendanceEnd check_out;
    int64_t minutes; /* whole, between the ends; 0 unless completed with both */
    const char *reason;
    int64_t evidence_file_id;
    int review; /* AttendanceReview */
    AccountId reviewed_by;
    TimeMs reviewed_at;
    const char *review_reason;
    AccountId created_by;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Attendance;

extern const Shape attendance_shape;
extern const Concept attendance_concept;

/* Finds one, whoever asks. Yields. ERR_NOT_FOUND ("attendance_not_found"). */
YIELDS Err *attendance_find(Ctx *ctx, int64_t id, Attendance **ret_attendance);

/* Gives the attendances of one volunteer to another, whom it was merged into, after signup_move.
 * Where both were at the same shift the one that tells more stays, the other is voided with the
 * reason. In the open transaction. Yields. */
YIELDS Err *attendance_move(Ctx *ctx, VolunteerId from, VolunteerId to, const char *reason);

/* ---- Rules: pure ---- */

/* The grade of evidence that both ends give together: 'A' both by rotating code or geofence, 'B'
 * both proven with staff at one or both, 'C' one end only, 'D' back-filled; 0 when nothing is
 * known. An end that the system closed, or that staff entered afterwards, proves nothing. */
char attendance_rules_grade(const char *check_in_method, const char *check_out_method);

/* Metres between two points of WGS-84 on the sphere (haversine), and that in steps of 10 m. */
double attendance_rules_distance_m(double latitude_a, double longitude_a, double latitude_b,
                                   double longitude_b);
int64_t attendance_rules_rounded_m(double distance_m);

/* Is the instant within the window around a shift? NULL, or "too_early", "window_closed". */
const char *attendance_rules_window(TimeMs starts_at, TimeMs ends_at, int64_t before_minutes,
                                    int64_t after_minutes, TimeMs at);

/* What a scanned text says. */
typedef struct AttendanceCode {
    bool is_fixed;
    int64_t shift_id;
    AttendanceDirection direction;
    char code[9]; /* six digits, or eight letters and digits of a fixed code */
} AttendanceCode;

/* Reads "VR.17.in.123456" (rotating) or "VF.17.out.A2B3C4D5" (fixed); false if it is neither. */
bool attendance_code_parse(const char *text, AttendanceCode *ret_code);

/* Writes it. */
const char *attendance_code_format(Arena *arena, const AttendanceCode *code);

/* ---- Schedules: each idempotent ---- */

/* Closes attendances without a check-out at their shift's end, once the window is over. Yields. */
YIELDS Err *attendance_close_forgotten(Ctx *ctx);

/* Marks who was expected and did not come, once the window is over. Yields. */
YIELDS Err *attendance_mark_absent(Ctx *ctx);
