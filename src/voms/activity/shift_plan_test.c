#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/activity/shift_plan.h"
#include "voms/common/zone.h"

#define BERLIN "Europe/Berlin"

typedef struct Expanded {
    Shift *shifts;
    size_t count;
} Expanded;

static Expanded expand(Arena *arena, const Plan *plan)
{
    Expanded made = {};
    ASSERT_OK(shift_plan_expand(arena, BERLIN, plan, &made.shifts, &made.count));
    return made;
}

static void expect_times(Arena *arena, const Shift *shift, const char *starts_at,
                         const char *ends_at)
{
    ASSERT_STR_EQUAL(starts_at, time_format(arena, shift->starts_at));
    ASSERT_STR_EQUAL(ends_at, time_format(arena, shift->ends_at));
}

static ObjectList one_span(Arena *arena, const char *starts, const char *ends)
{
    PlanSpan *span = ARENA_NEW(arena, PlanSpan);
    *span = (PlanSpan){.starts = starts, .ends = ends};
    return (ObjectList){.items = span, .count = 1};
}

TEST(shift_plan, keeps_the_clocks_over_summer_time)
{
    Arena *arena = arena_new();
    Plan plan = {.from = "2031-03-29",
                 .to = "2031-03-31",
                 .spans = one_span(arena, "22:00", "06:00")};
    Expanded made = expand(arena, &plan);
    ASSERT_INT_EQUAL(3, made.count);
    expect_times(arena, &made.shifts[0], "2031-03-29T21:00:00.000Z", "2031-03-30T04:00:00.000Z");
    expect_times(arena, &made.shifts[2], "2031-03-31T20:00:00.000Z", "2031-04-01T04:00:00.000Z");
    arena_free(arena);
}

TEST(shift_plan, leaves_out_what_the_clocks_skip)
{
    Arena *arena = arena_new();
    /* From 02:00 the clocks went on at 03:00 on the 30th. */
    Plan plan = {.from = "2031-03-29",
                 .to = "2031-03-31",
                 .spans = one_span(arena, "02:00", "03:00")};
    Expanded made = expand(arena, &plan);
    ASSERT_INT_EQUAL(2, made.count);
    arena_free(arena);
}

TEST(shift_plan, takes_the_weekdays_but_the_exceptions)
{
    static const char *days[] = {"mo", "sa"};
    static const char *except[] = {"2031-03-29"};
    Arena *arena = arena_new();
    Plan plan = {.from = "2031-03-24",
                 .to = "2031-04-06",
                 .weekdays = {.items = days, .count = 2},
                 .except = {.items = except, .count = 1},
                 .spans = one_span(arena, "09:00", "12:00"),
                 .note = "Bring gloves."};
    Expanded made = expand(arena, &plan);
    ASSERT_INT_EQUAL(3, made.count);
    ASSERT_STR_EQUAL("Bring gloves.", made.shifts[0].note);
    expect_times(arena, &made.shifts[1], "2031-03-31T07:00:00.000Z", "2031-03-31T10:00:00.000Z");
    arena_free(arena);
}

TEST(shift_plan, follows_a_rule_until_an_instant)
{
    Arena *arena = arena_new();
    Plan plan = {.from = "2031-03-27",
                 .rule = "FREQ=DAILY;UNTIL=20310329T080000Z",
                 .starts = "09:00",
                 .minutes = 60};
    ASSERT_INT_EQUAL(3, expand(arena, &plan).count);
    plan.rule = "FREQ=MONTHLY;BYDAY=1SA;COUNT=2";
    Expanded made = expand(arena, &plan);
    expect_times(arena, &made.shifts[0], "2031-04-05T07:00:00.000Z", "2031-04-05T08:00:00.000Z");
    expect_times(arena, &made.shifts[1], "2031-05-03T07:00:00.000Z", "2031-05-03T08:00:00.000Z");
    arena_free(arena);
}

TEST(shift_plan, refuses_what_makes_no_shifts_or_too_many)
{
    static const char *no_day[] = {"xx"};
    Arena *arena = arena_new();
    ObjectList morning = one_span(arena, "09:00", "10:00");
    const struct {
        Plan plan;
        const char *field;
        const char *code;
    } rows[] = {
        {{.from = "2031-01-01", .to = "2031-01-02"}, "spans", "required"},
        {{.from = "2031-01-01", .spans = morning}, "to", "required"},
        {{.from = "2031-01-02", .to = "2031-01-01", .spans = morning}, "to", "times_disordered"},
        {{.from = "2031-01-01", .to = "2035-01-02", .spans = morning}, "to", "times_disordered"},
        {{.from = "2031-01-01", .to = "2032-12-31", .spans = morning}, "to", "too_many_shifts"},
        {{.from = "2031-01-01",
          .to = "2031-01-02",
          .spans = morning,
          .weekdays = {.items = no_day, .count = 1}},
         "weekdays",
         "no_shifts_result"},
        {{.from = "2031-01-01", .to = "2031-01-02", .spans = one_span(arena, "24:00", "25:00")},
         "spans",
         "bad_clock_time"},
        {{.from = "2031-01-01", .rule = "FREQ=DAILY", .minutes = 60}, "starts", "bad_clock_time"},
        {{.from = "2031-01-01", .rule = "FREQ=DAILY", .starts = "09:00"}, "minutes", "required"},
        {{.from = "2031-01-01", .rule = "FREQ=HOURLY", .starts = "09:00", .minutes = 1},
         "rule",
         "bad_recurrence_rule"},
        {{.from = "2031-01-01", .rule = "every day", .starts = "09:00", .minutes = 1},
         "rule",
         "bad_recurrence_rule"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Expanded made = {};
        const Err *err = shift_plan_expand(arena, BERLIN, &rows[i].plan, &made.shifts, &made.count);
        ASSERT(err != NULL && err->fields != NULL);
        ASSERT_STR_EQUAL(rows[i].field, err->fields->field);
        ASSERT_STR_EQUAL(rows[i].code, err->fields->code);
        ASSERT(made.shifts == NULL);
    }
    arena_free(arena);
}

/* ---- Other days ---- */

static TimeMs instant(const char *text)
{
    TimeMs time = 0;
    ASSERT(time_parse(text, &time));
    return time;
}

TEST(shift_plan, moves_by_the_clocks)
{
    static const struct {
        const char *zone;
        const char *from;
        int64_t days;
        const char *to;
    } ROWS[] = {
        {BERLIN, "2031-03-27T08:00:00Z", 7, "2031-04-03T07:00:00.000Z"},
        {BERLIN, "2031-04-03T07:00:00Z", -7, "2031-03-27T08:00:00.000Z"},
        {BERLIN, "2031-03-23T01:30:00Z", 7, "2031-03-30T01:30:00.000Z"}, /* 02:30 is skipped */
        {"Asia/Shanghai", "2031-03-27T08:00:30Z", 365, "2032-03-26T08:00:30.000Z"},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        TimeMs moved = shift_plan_move(ROWS[i].zone, ROWS[i].days, instant(ROWS[i].from));
        ASSERT_STR_EQUAL(ROWS[i].to, time_format(arena, moved));
    }
    ASSERT_INT_EQUAL(0, shift_plan_move(BERLIN, 7, 0));
    arena_free(arena);
}

TEST(shift_plan, keeps_a_length_where_the_clocks_leave_none)
{
    /* 02:00 to 03:00 of a night whose clocks skip just that. */
    Shift shift = {.starts_at = instant("2031-03-23T01:00:00Z"),
                   .ends_at = instant("2031-03-23T02:00:00Z")};
    shift_plan_move_span(BERLIN, 7, &shift);
    ASSERT_INT_EQUAL(HOUR_MS, shift.ends_at - shift.starts_at);
}

TEST(shift_plan, tells_the_day_where_the_activity_is)
{
    int64_t day = date_to_days((Date){2031, 5, 6});
    ASSERT_INT_EQUAL(day, shift_plan_day("Asia/Shanghai", instant("2031-05-05T16:00:00Z")));
    ASSERT_INT_EQUAL(day - 1, shift_plan_day("Asia/Shanghai", instant("2031-05-05T15:59:00Z")));
    ASSERT_INT_EQUAL(-1, shift_plan_day("America/New_York", 0));
}
