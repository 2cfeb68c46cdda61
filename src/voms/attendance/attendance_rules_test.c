#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/attendance/attendance_internal.h"

TEST(attendance_rules, grade_by_both_ends)
{
    static const struct {
        const char *in;
        const char *out;
        char grade;
    } ROWS[] = {
        {"rotating_code", "rotating_code", 'A'},
        {"rotating_code", "geofence", 'A'},
        {"geofence", "geofence", 'A'},
        {"geofence", "rotating_code", 'A'},
        {"rotating_code", "kiosk", 'B'},
        {"front_desk", "rotating_code", 'B'},
        {"front_desk", "front_desk", 'B'},
        {"kiosk", "kiosk", 'B'},
        {"geofence", "front_desk", 'B'},
        {"rotating_code", "automatic", 'C'},
        {"front_desk", "automatic", 'C'},
        {"rotating_code", NULL, 'C'},
        {NULL, "rotating_code", 'C'},
        {"rotating_code", "back_fill", 'C'},
        {"back_fill", "kiosk", 'C'},
        {"back_fill", "back_fill", 'D'},
        {"back_fill", "automatic", 'D'},
        {"back_fill", NULL, 'D'},
        {NULL, NULL, '\0'},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_INT_EQUAL(ROWS[i].grade, attendance_rules_grade(ROWS[i].in, ROWS[i].out));
    }
}

TEST(attendance_rules, window_includes_its_ends)
{
    TimeMs start = 1000 * HOUR_MS;
    TimeMs end = start + 3 * HOUR_MS;
    ASSERT_STR_EQUAL("too_early",
                     attendance_rules_window(start, end, 60, 120, start - HOUR_MS - 1));
    ASSERT(attendance_rules_window(start, end, 60, 120, start - HOUR_MS) == NULL);
    ASSERT(attendance_rules_window(start, end, 60, 120, end + 2 * HOUR_MS) == NULL);
    ASSERT_STR_EQUAL("window_closed",
                     attendance_rules_window(start, end, 60, 120, end + 2 * HOUR_MS + 1));
}

TEST(attendance_rules, distance_is_of_the_sphere)
{
    /* One degree of a great circle of the mean radius is 111,195 m. */
    double degree = attendance_rules_distance_m(0, 0, 0, 1);
    ASSERT(degree > 111194 && degree < 111196);
    ASSERT(attendance_rules_distance_m(30.5, 114.3, 30.5, 114.3) < 0.001);
    double across = attendance_rules_distance_m(60, 179.999, 60, -179.999);
    ASSERT(across > 111 && across < 112);
    ASSERT(attendance_rules_distance_m(90, 0, -90, 0) > 20015000);
    ASSERT_INT_EQUAL(120, attendance_rules_rounded_m(124.9));
    ASSERT_INT_EQUAL(130, attendance_rules_rounded_m(125));
    ASSERT_INT_EQUAL(0, attendance_rules_rounded_m(4.9));
}

TEST(attendance_rules, codes_are_read_strictly)
{
    static const char *const BROKEN[] = {
        "",
        "VR",
        "VR.",
        "VR.17.in",
        "VR.17.in.",
        "VR.17.in.12345",
        "VR.17.in.1234567",
        "VR.17.in.12345a",
        "VR.017.in.123456",
        "VR.0.in.123456",
        "VR.-1.in.123456",
        "VR.17.IN.123456",
        "VX.17.in.123456",
        "VF.17.in.A2B3C4D",
        "VF.17.in.A2B3C4D1",
        "VF.17.in.a2b3c4d5",
        "VR.17.in.123456.",
        "VR.99999999999999999.in.123456",
        " VR.17.in.123456",
    };
    AttendanceCode code = {};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(BROKEN); i++) {
        ASSERT(!attendance_code_parse(BROKEN[i], &code));
    }
    ASSERT(attendance_code_parse("VR.17.in.123456", &code));
    ASSERT(!code.is_fixed && code.shift_id == 17 && code.direction == ATTENDANCE_IN);
    ASSERT_STR_EQUAL("VR.17.in.123456", attendance_code_format(arena, &code));
    ASSERT(attendance_code_parse("VF.9007199254740991.out.A2B3C4D5", &code));
    ASSERT(code.is_fixed && code.direction == ATTENDANCE_OUT);
    ASSERT_STR_EQUAL("VF.9007199254740991.out.A2B3C4D5", attendance_code_format(arena, &code));
}

/* The values of RFC 6238, appendix B, for SHA-1, cut to six digits. */
TEST(attendance_rules, rotating_codes_are_those_of_the_rfc)
{
    static const char SECRET[] = "3132333435363738393031323334353637383930";
    static const struct {
        int64_t time;
        const char *code;
    } ROWS[] = {{59, "287082"}, {1111111109, "081804"}, {2000000000, "279037"}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        char code[7];
        attendance_code_at(SECRET, ROWS[i].time / 30, code);
        ASSERT_STR_EQUAL(ROWS[i].code, code);
    }
}

/* ---- Queued scans: order and repetition change nothing ---- */

static AttendanceTap queued(AttendanceDirection direction, TimeMs at)
{
    return (AttendanceTap){.direction = direction,
                           .end = {.at = at, .method = "kiosk"},
                           .queued = true};
}

static void apply(Attendance *attendance, const AttendanceTap *tap)
{
    Attendance after = {};
    const char *refusal = attendance_rules_tap(attendance, tap, &after);
    ASSERT(refusal == NULL || str_equal(refusal, "unchanged"));
    if (refusal == NULL) {
        *attendance = after;
    }
}

/* Every order of the taps from `done` on. */
static void try_orders(AttendanceTap *taps, size_t count, size_t done)
{
    if (done == count) {
        Attendance attendance = {};
        for (size_t i = 0; i < 2 * count; i++) {
            apply(&attendance, &taps[i % count]);
        }
        ASSERT_INT_EQUAL(10 * MINUTE_MS, attendance.check_in.at);
        ASSERT_INT_EQUAL(95 * MINUTE_MS, attendance.check_out.at);
        ASSERT_INT_EQUAL(85, attendance.minutes);
        ASSERT_STR_EQUAL("B", attendance.grade);
        ASSERT_INT_EQUAL(ATTENDANCE_REVIEW_NONE, attendance.review);
        return;
    }
    for (size_t i = done; i < count; i++) {
        AttendanceTap first = taps[done];
        taps[done] = taps[i];
        taps[i] = first;
        try_orders(taps, count, done + 1);
        taps[i] = taps[done];
        taps[done] = first;
    }
}

TEST(attendance_rules, queued_scans_may_come_in_any_order_and_twice)
{
    AttendanceTap taps[] = {
        queued(ATTENDANCE_IN, 10 * MINUTE_MS),
        queued(ATTENDANCE_IN, 40 * MINUTE_MS),
        queued(ATTENDANCE_OUT, 30 * MINUTE_MS),
        queued(ATTENDANCE_OUT, 95 * MINUTE_MS + 0),
    };
    try_orders(taps, COUNT_OF(taps), 0);
}

TEST(attendance_rules, only_a_check_out_waits_for_review)
{
    Attendance attendance = {};
    AttendanceTap out = queued(ATTENDANCE_OUT, HOUR_MS);
    apply(&attendance, &out);
    ASSERT_INT_EQUAL(ATTENDANCE_COMPLETED, attendance.state);
    ASSERT_STR_EQUAL("C", attendance.grade);
    ASSERT_INT_EQUAL(ATTENDANCE_REVIEW_NEEDED, attendance.review);
    ASSERT_INT_EQUAL(0, attendance.minutes);
}

TEST(attendance_rules, a_late_check_out_replaces_the_automatic_one)
{
    Attendance attendance = {.state = ATTENDANCE_COMPLETED,
                             .check_in = {.at = HOUR_MS, .method = "rotating_code"},
                             .check_out = {.at = 3 * HOUR_MS, .method = "automatic"}};
    attendance_rules_complete(&attendance);
    ASSERT_STR_EQUAL("C", attendance.grade);
    AttendanceTap out = queued(ATTENDANCE_OUT, 2 * HOUR_MS);
    apply(&attendance, &out);
    ASSERT_INT_EQUAL(60, attendance.minutes);
    ASSERT_STR_EQUAL("B", attendance.grade);
    ASSERT_INT_EQUAL(ATTENDANCE_REVIEW_NONE, attendance.review);
}

TEST(attendance_rules, what_was_reviewed_stays)
{
    Attendance reviewed = {.state = ATTENDANCE_COMPLETED,
                           .check_in = {.at = HOUR_MS, .method = "kiosk"},
                           .check_out = {.at = 2 * HOUR_MS, .method = "automatic"},
                           .review = ATTENDANCE_REVIEW_APPROVED};
    Attendance after = {};
    AttendanceTap out = queued(ATTENDANCE_OUT, 3 * HOUR_MS);
    ASSERT_STR_EQUAL("already_reviewed", attendance_rules_tap(&reviewed, &out, &after));
}
