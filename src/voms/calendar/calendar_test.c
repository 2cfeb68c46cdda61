#include "tests/unit/fixture.h"
#include "voms/access/access.h"
#include "voms/calendar/calendar.h"

static const char *after(Ctx *ctx, const char *from, int64_t working_days)
{
    Date date = {};
    ASSERT(date_parse(from, &date));
    ASSERT_OK(calendar_add_working_days(ctx, date, working_days, &date));
    return date_format(ctx->arena, date);
}

TEST(calendar, counts_weekdays_without_exceptions)
{
    static const struct {
        const char *from;
        int64_t working_days;
        const char *expected;
    } ROWS[] = {
        {"2027-03-01", 0, "2027-03-01"}, /* a Monday */
        {"2027-03-01", 1, "2027-03-02"},  {"2027-03-05", 1, "2027-03-08"},
        {"2027-03-06", 1, "2027-03-08"},  {"2027-03-07", 1, "2027-03-08"},
        {"2027-03-01", 10, "2027-03-15"}, {"2027-12-31", 1, "2028-01-03"},
        {"2028-02-28", 2, "2028-03-01"},  {"1969-12-31", 1, "1970-01-01"},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        Date date = {};
        ASSERT(date_parse(ROWS[i].from, &date));
        date = calendar_rules_add(NULL, 0, date, ROWS[i].working_days);
        ASSERT_STR_EQUAL(ROWS[i].expected, date_format(arena, date));
    }
    arena_free(arena);
}

FIXTURE_TEST(calendar, knows_holidays_and_make_up_days)
{
    static const struct {
        const char *from;
        int64_t working_days;
        const char *expected;
    } ROWS[] = {
        {"2024-02-09", 1, "2024-02-18"}, /* over the Spring Festival to the Sunday after it */
        {"2024-09-13", 1, "2024-09-14"}, /* a Saturday that is worked */
        {"2024-09-14", 1, "2024-09-18"},  {"2024-12-31", 1, "2025-01-02"},
        {"2025-01-25", 1, "2025-01-26"},  {"2025-01-27", 1, "2025-02-05"},
        {"2025-09-30", 1, "2025-10-09"},  {"2025-09-30", 3, "2025-10-11"},
        {"2025-12-31", 1, "2026-01-04"},  {"2026-02-13", 2, "2026-02-24"},
        {"2026-02-13", 10, "2026-03-05"}, {"2026-04-30", 3, "2026-05-08"},
        {"2026-04-30", 4, "2026-05-09"},  {"2026-09-24", 1, "2026-09-28"},
        {"2026-09-30", 10, "2026-10-20"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_STR_EQUAL(ROWS[i].expected, after(ctx, ROWS[i].from, ROWS[i].working_days));
    }
}

/* A day of the notices, as month * 100 + day. */
typedef struct NoticeYear {
    int year;
    int holidays[10][2]; /* from, to; ends with a 0 */
    int worked[12];      /* ends with a 0 */
} NoticeYear;

static bool is_worked(const NoticeYear *notice, Date date)
{
    int day = date.month * 100 + date.day;
    for (size_t i = 0; notice->worked[i] != 0; i++) {
        if (notice->worked[i] == day) {
            return true;
        }
    }
    for (size_t i = 0; notice->holidays[i][0] != 0; i++) {
        if (day >= notice->holidays[i][0] && day <= notice->holidays[i][1]) {
            return false;
        }
    }
    return (date_to_days(date) + 3) % 7 < 5; /* the day 0 is a Thursday */
}

FIXTURE_TEST(calendar, is_shipped_as_the_notices_of_the_state_council_have_it)
{
    static const NoticeYear YEARS[] = {
        {2024, /* 国办发明电〔2023〕7号 */
         {{101, 101}, {210, 217}, {404, 406}, {501, 505}, {610, 610}, {915, 917}, {1001, 1007}},
         {204, 218, 407, 428, 511, 914, 929, 1012}},
        {2025, /* 国办发明电〔2024〕12号 */
         {{101, 101}, {128, 131}, {201, 204}, {404, 406}, {501, 505}, {531, 602}, {1001, 1008}},
         {126, 208, 427, 928, 1011}},
        {2026, /* 国办发明电〔2025〕7号 */
         {{101, 103}, {215, 223}, {404, 406}, {501, 505}, {619, 621}, {925, 927}, {1001, 1007}},
         {104, 214, 228, 509, 920, 1010}},
    };
    ObjectList days = {};
    ASSERT_OK(calendar_load(ctx, (Date){2024, 1, 1}, &days));
    for (size_t i = 0; i < COUNT_OF(YEARS); i++) {
        int64_t end = date_to_days((Date){YEARS[i].year + 1, 1, 1});
        for (int64_t day = date_to_days((Date){YEARS[i].year, 1, 1}); day < end; day++) {
            Date date = date_from_days(day);
            bool worked = calendar_rules_is_working(days.items, days.count, date);
            ASSERT_STR_EQUAL(date_format(ctx->arena, date), worked == is_worked(&YEARS[i], date)
                                                                ? date_format(ctx->arena, date)
                                                                : "another");
        }
    }
}

/* The statutory number of working days of each year: weekdays without 11, since 2025 13 days. */
FIXTURE_TEST(calendar, years_have_as_many_working_days_as_the_law_gives)
{
    static const struct {
        int year;
        int working_days;
    } ROWS[] = {{2024, 251}, {2025, 248}, {2026, 248}};
    ObjectList days = {};
    ASSERT_OK(calendar_load(ctx, (Date){2024, 1, 1}, &days));
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        int count = 0;
        int64_t end = date_to_days((Date){ROWS[i].year + 1, 1, 1});
        for (int64_t day = date_to_days((Date){ROWS[i].year, 1, 1}); day < end; day++) {
            count += calendar_rules_is_working(days.items, days.count, date_from_days(day));
        }
        ASSERT_INT_EQUAL(ROWS[i].working_days, count);
    }
}
