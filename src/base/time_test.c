#include "base/time.h"

#include "tests/unit/test.h"

TEST(time, formats_rfc_3339)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("1970-01-01T00:00:00.000Z", time_format(arena, 0));
    ASSERT_STR_EQUAL("1969-12-31T23:59:59.999Z", time_format(arena, -1));
    ASSERT_STR_EQUAL("2026-01-02T03:04:05.678Z", time_format(arena, 1767323045678));
    char buffer[TIME_TEXT_SIZE];
    ASSERT(time_format_to(buffer, INT64_MAX) < TIME_TEXT_SIZE);
    ASSERT(time_format_to(buffer, INT64_MIN) < TIME_TEXT_SIZE);
}

TEST(time, parses_rfc_3339)
{
    static const struct {
        const char *text;
        bool ok;
        TimeMs time;
    } rows[] = {
        {"2026-01-02T03:04:05.678Z", true, 1767323045678},
        {"2026-01-02T03:04:05.678901234Z", true, 1767323045678},
        {"2026-01-02t03:04:05.6z", true, 1767323045600},
        {"2026-01-02T11:04:05+08:00", true, 1767323045000},
        {"2026-01-01T22:34:05-04:30", true, 1767323045000},
        {"1969-12-31T23:59:59Z", true, -1000},
        {"2024-02-29T00:00:00Z", true, 1709164800000},
        {"2023-02-29T00:00:00Z", false, 0},
        {"2026-01-02T24:00:00Z", false, 0},
        {"2026-01-02T03:60:00Z", false, 0},
        {"2026-01-02T03:04:60Z", false, 0},
        {"2026-01-02T03:04:05", false, 0},
        {"2026-01-02T03:04:05.Z", false, 0},
        {"2026-01-02T03:04:05.1234567890Z", false, 0},
        {"2026-01-02T03:04:05+0800", false, 0},
        {"2026-01-02T03:04:05+08:60", false, 0},
        {"2026-01-02 03:04:05Z", false, 0},
        {"2026-1-2T03:04:05Z", false, 0},
        {"2026-01-02T03:04:05Zx", false, 0},
        {"2026-01-02", false, 0},
        {"0001-01-01T08:00:00+08:00", true, -62135596800000},
        {"0001-01-01T07:59:59+08:00", false, 0},
        {"9999-12-31T23:59:59-00:00", true, 253402300799000},
        {"9999-12-31T23:59:59-00:01", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        TimeMs time = 42;
        ASSERT(time_parse(rows[i].text, &time) == rows[i].ok);
        ASSERT_INT_EQUAL(rows[i].ok ? rows[i].time : 42, time);
    }
}

TEST(time, parses_only_dates_that_exist)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"2000-02-29", true},   {"1900-02-29", false}, {"2026-12-31", true},  {"2026-13-01", false},
        {"2026-00-01", false},  {"2026-04-31", false}, {"2026-01-00", false}, {"0000-01-01", false},
        {"2026-01-01 ", false}, {"26-01-01", false},   {"2026/01/01", false}, {"0001-01-01", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Date date;
        ASSERT(date_parse(rows[i].text, &date) == rows[i].ok);
    }
}

TEST(time, every_day_of_800_years_goes_to_days_and_back)
{
    int64_t first = date_to_days((Date){1600, 1, 1});
    int64_t last = date_to_days((Date){2400, 12, 31});
    Date previous = date_from_days(first - 1);
    for (int64_t days = first; days <= last; days++) {
        Date date = date_from_days(days);
        ASSERT_INT_EQUAL(days, date_to_days(date));
        bool follows = date.day == previous.day + 1 || date.day == 1;
        ASSERT(follows);
        previous = date;
    }
    ASSERT_INT_EQUAL(0, date_to_days((Date){1970, 1, 1}));
}

TEST(time, the_date_depends_on_the_offset)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    TimeMs evening = 1767283200000; /* 2026-01-01T16:00:00Z */
    ASSERT_STR_EQUAL("2026-01-01", date_format(arena, date_of(evening, 0)));
    ASSERT_STR_EQUAL("2026-01-02", date_format(arena, date_of(evening, 8 * 60)));
    ASSERT_STR_EQUAL("1969-12-31", date_format(arena, date_of(-1, 0)));
}

TEST(time, age_grows_on_the_birthday)
{
    Date birth = {2010, 6, 15};
    ASSERT_INT_EQUAL(15, date_age(birth, (Date){2026, 6, 14}));
    ASSERT_INT_EQUAL(16, date_age(birth, (Date){2026, 6, 15}));
    ASSERT_INT_EQUAL(15, date_age(birth, (Date){2026, 1, 31}));
    Date leap = {2008, 2, 29};
    ASSERT_INT_EQUAL(17, date_age(leap, (Date){2026, 2, 28}));
    ASSERT_INT_EQUAL(18, date_age(leap, (Date){2026, 3, 1}));
}

TEST(time, parses_durations)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t ms;
    } rows[] = {
        {"250ms", true, 250},
        {"10s", true, 10000},
        {"15m", true, 900000},
        {"72h", true, 259200000},
        {"30d", true, 30 * DAY_MS},
        {"0s", true, 0},
        {"3653d", true, 3653 * DAY_MS},
        {"3654d", false, 0},
        {"-1s", false, 0},
        {"1", false, 0},
        {"s", false, 0},
        {"", false, 0},
        {"1.5h", false, 0},
        {"1w", false, 0},
        {"1 s", false, 0},
        {"99999999999999999999999s", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = 42;
        ASSERT(duration_parse(rows[i].text, &ms) == rows[i].ok);
        ASSERT_INT_EQUAL(rows[i].ok ? rows[i].ms : 42, ms);
    }
}

TEST(time, tests_can_move_the_clock_but_not_deadlines)
{
    Deadline deadline = deadline_after(HOUR_MS);
    TimeMs before = time_now();
    time_set_offset(10 * DAY_MS);
    TimeMs after = time_now();
    time_set_offset(0);
    ASSERT(after - before >= 10 * DAY_MS && after - before < 11 * DAY_MS);
    ASSERT(deadline_left(deadline) > 59 * MINUTE_MS);
    ASSERT_INT_EQUAL(0, deadline_left(time_monotonic() - 1));
    ASSERT_INT_EQUAL(DEADLINE_NEVER, deadline_after(INT64_MAX));
}

TEST(time, pauses_double_up_to_their_limit)
{
    static const struct {
        int failures;
        int64_t middle_ms;
    } rows[] = {{-1, 100}, {0, 100}, {1, 200}, {5, 3200}, {6, 5000}, {1000000, 5000}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int again = 0; again < 100; again++) {
            int64_t pause_ms = back_off_ms(100, 5000, rows[i].failures);
            ASSERT(pause_ms >= rows[i].middle_ms / 2 && pause_ms < rows[i].middle_ms * 3 / 2);
        }
    }
}
