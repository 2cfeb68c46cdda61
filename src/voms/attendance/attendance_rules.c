/* Pure decisions. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "voms/attendance/attendance_internal.h"

#define EARTH_RADIUS_M 6371008.8 /* the mean radius of WGS-84 */
#define DISTANCE_STEP_M 10       /* coarser than a position, fine enough for a radius */

const char *const attendance_states[] = {"present", "completed", "absent", "voided", NULL};
const char *const attendance_reviews[] = {"none", "needed", "approved", "rejected", NULL};
const char *const attendance_directions[] = {"in", "out", NULL};
const char *const attendance_methods[] = {"rotating_code", "geofence",  "kiosk", "front_desk",
                                          "back_fill",     "automatic", NULL};

/* ---- Evidence ---- */

static bool is_by_self(const char *method)
{
    return str_equal(method, "rotating_code") || str_equal(method, "geofence");
}

static bool is_proven(const char *method)
{
    return is_by_self(method) || str_equal(method, "kiosk") || str_equal(method, "front_desk");
}

char attendance_rules_grade(const char *check_in_method, const char *check_out_method)
{
    int proven = is_proven(check_in_method) + is_proven(check_out_method);
    if (proven == 2) {
        return is_by_self(check_in_method) && is_by_self(check_out_method) ? 'A' : 'B';
    }
    if (proven == 1) {
        return 'C';
    }
    bool back_filled =
        str_equal(check_in_method, "back_fill") || str_equal(check_out_method, "back_fill");
    return back_filled ? 'D' : '\0';
}

static const char *grade_text(char grade)
{
    static const char *const GRADES[] = {"A", "B", "C", "D"};
    return grade < 'A' ? NULL : GRADES[grade - 'A'];
}

void attendance_rules_complete(Attendance *attendance)
{
    TimeMs in = attendance->check_in.at;
    TimeMs out = attendance->check_out.at;
    if (in == 0 && out == 0) {
        return;
    }
    attendance->state = out == 0 ? ATTENDANCE_PRESENT : ATTENDANCE_COMPLETED;
    attendance->minutes = in != 0 && out > in ? (out - in) / MINUTE_MS : 0;
    attendance->grade = NULL;
    attendance->review = ATTENDANCE_REVIEW_NONE;
    if (out == 0) {
        return;
    }
    char grade = attendance_rules_grade(attendance->check_in.method, attendance->check_out.method);
    /* Ends in the wrong order prove one of them at most. */
    grade = in > out && grade < 'C' ? 'C' : grade;
    attendance->grade = grade_text(grade);
    attendance->review = grade < 'C' ? ATTENDANCE_REVIEW_NONE : ATTENDANCE_REVIEW_NEEDED;
}

/* ---- Taps ---- */

static bool is_set(const AttendanceEnd *end)
{
    return end->at != 0 && !str_equal(end->method, "automatic");
}

/* Whatever the order in which queued scans come: the first check-in and the last check-out of all
 * stay. */
static bool says_more(const AttendanceTap *tap, const AttendanceEnd *known)
{
    if (!is_set(known)) {
        return true;
    }
    if (str_equal(known->method, "back_fill")) {
        return false;
    }
    return tap->direction == ATTENDANCE_IN ? tap->end.at < known->at : tap->end.at > known->at;
}

static const char *refuse_tap(const Attendance *before, const AttendanceTap *tap)
{
    const AttendanceEnd *end =
        tap->direction == ATTENDANCE_IN ? &before->check_in : &before->check_out;
    if (before->review == ATTENDANCE_REVIEW_APPROVED ||
        before->review == ATTENDANCE_REVIEW_REJECTED) {
        return "already_reviewed";
    }
    if (tap->queued) {
        return says_more(tap, end) ? NULL : "unchanged";
    }
    if (is_set(end)) {
        return tap->direction == ATTENDANCE_IN ? "already_checked_in" : "already_checked_out";
    }
    return tap->direction == ATTENDANCE_OUT && before->check_in.at == 0 ? "not_checked_in" : NULL;
}

const char *attendance_rules_tap(const Attendance *before, const AttendanceTap *tap,
                                 Attendance *ret_after)
{
    static const Attendance NOTHING = {};
    Attendance after = before == NULL ? NOTHING : *before;
    const char *refusal = refuse_tap(&after, tap);
    if (refusal != NULL) {
        return refusal;
    }
    if (tap->direction == ATTENDANCE_IN) {
        after.check_in = tap->end;
    } else {
        after.check_out = tap->end;
    }
    attendance_rules_complete(&after);
    *ret_after = after;
    return NULL;
}

/* ---- Place and time ---- */

static double radians(double degrees)
{
    return degrees * M_PI / 180;
}

double attendance_rules_distance_m(double latitude_a, double longitude_a, double latitude_b,
                                   double longitude_b)
{
    double up = sin(radians(latitude_b - latitude_a) / 2);
    double across = sin(radians(longitude_b - longitude_a) / 2);
    double h = up * up + cos(radians(latitude_a)) * cos(radians(latitude_b)) * across * across;
    return 2 * EARTH_RADIUS_M * asin(sqrt(MIN(h, 1.0)));
}

int64_t attendance_rules_rounded_m(double distance_m)
{
    return (int64_t)(llround(distance_m / DISTANCE_STEP_M) * DISTANCE_STEP_M);
}

const char *attendance_rules_window(TimeMs starts_at, TimeMs ends_at, int64_t before_minutes,
                                    int64_t after_minutes, TimeMs at)
{
    if (at < starts_at - before_minutes * MINUTE_MS) {
        return "too_early";
    }
    return at > ends_at + after_minutes * MINUTE_MS ? "window_closed" : NULL;
}

/* ---- Codes as text ---- */

#define ID_DIGITS_MAX 16 /* ids stay below 2^53 */
#define FIXED_LETTERS "ABCDEFGHJKMNPQRSTUVWXYZ23456789"

/* Takes what stands before the next dot. */
static bool take_part(const char **at, char *ret_part, size_t size)
{
    size_t length = strcspn(*at, ".");
    if (length == 0 || length >= size || (*at)[length] != '.') {
        return false;
    }
    memcpy(ret_part, *at, length);
    ret_part[length] = '\0';
    *at += length + 1;
    return true;
}

static bool code_fits(const AttendanceCode *code)
{
    const char *letters = code->is_fixed ? FIXED_LETTERS : "0123456789";
    size_t length = code->is_fixed ? 8 : 6;
    return strlen(code->code) == length && strspn(code->code, letters) == length;
}

bool attendance_code_parse(const char *text, AttendanceCode *ret_code)
{
    AttendanceCode code = {};
    char kind[3];
    char id[ID_DIGITS_MAX + 1];
    char direction[4];
    const char *at = text;
    if (!take_part(&at, kind, sizeof(kind)) || !take_part(&at, id, sizeof(id)) ||
        !take_part(&at, direction, sizeof(direction)) || strlen(at) >= sizeof(code.code)) {
        return false;
    }
    int index = choice_index(attendance_directions, direction);
    code.is_fixed = str_equal(kind, "VF");
    bool known = code.is_fixed || str_equal(kind, "VR");
    bool plain = id[0] >= '1' && id[0] <= '9' && str_parse_int64(id, &code.shift_id);
    memcpy(code.code, at, strlen(at) + 1);
    code.direction = index == ATTENDANCE_OUT ? ATTENDANCE_OUT : ATTENDANCE_IN;
    if (!known || !plain || index < 0 || !code_fits(&code)) {
        return false;
    }
    *ret_code = code;
    return true;
}

const char *attendance_code_format(Arena *arena, const AttendanceCode *code)
{
    return arena_printf(arena, "%s.%" PRId64 ".%s.%s", code->is_fixed ? "VF" : "VR", code->shift_id,
                        attendance_directions[code->direction], code->code);
}

const char *attendance_device_canonical(Arena *arena, const char *device_id, const QueuedScan *scan)
{
    return arena_printf(arena, "voms-scan-1\n%s\n%" PRId64 "\n%" PRId64 "\n%s\n%s\n%s", device_id,
                        scan->counter, scan->shift_id, attendance_directions[scan->direction],
                        scan->volunteer_number, time_format(arena, scan->scanned_at));
}
