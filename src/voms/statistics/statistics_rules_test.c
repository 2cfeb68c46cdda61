#include "tests/unit/test.h"
#include "voms/statistics/statistics_internal.h"

static TimeMs at(const char *text)
{
    TimeMs time = 0;
    ASSERT(time_parse(text, &time));
    return time;
}

TEST(statistics, months_are_local)
{
    static const struct {
        const char *zone;
        const char *time;
        StatisticsMonth expected;
    } ROWS[] = {
        {"Asia/Shanghai", "2026-01-31T15:59:59.999Z", 202601},
        {"Asia/Shanghai", "2026-01-31T16:00:00Z", 202602},
        {"Asia/Shanghai", "2025-12-31T16:00:00Z", 202601},
        {"UTC", "2026-01-31T16:00:00Z", 202601},
        {"America/New_York", "2026-03-01T04:59:59Z", 202602},
        {"America/New_York", "2026-03-01T05:00:00Z", 202603},
        {"America/New_York", "2026-11-01T03:59:59Z", 202610}, /* daylight saving ends that day */
        {"America/New_York", "2026-11-01T04:00:00Z", 202611},
        {"Pacific/Kiritimati", "2026-02-28T10:00:00Z", 202603},
        {"Asia/Shanghai", "1969-12-31T16:00:00Z", STATISTICS_MONTH_FIRST}, /* before the calendar */
        {"UTC", "1950-06-15T00:00:00Z", STATISTICS_MONTH_FIRST},
        {"UTC", "2150-01-01T00:00:00Z", STATISTICS_MONTH_LAST},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_INT_EQUAL(ROWS[i].expected, statistics_month_of(ROWS[i].zone, at(ROWS[i].time)));
    }
}

TEST(statistics, a_month_begins_where_it_is_first_told)
{
    static const char *const ZONES[] = {"UTC",           "Asia/Shanghai",     "America/New_York",
                                        "Europe/Dublin", "America/Sao_Paulo", "Australia/Lord_Howe",
                                        "Asia/Kolkata",  "America/Asuncion"};
    for (size_t i = 0; i < COUNT_OF(ZONES); i++) {
        for (StatisticsMonth month = STATISTICS_MONTH_FIRST; month < STATISTICS_MONTH_LAST;
             month = statistics_month_add(month, 7)) {
            TimeMs begin = statistics_month_begin(ZONES[i], month);
            ASSERT_INT_EQUAL(month, statistics_month_of(ZONES[i], begin));
            ASSERT_INT_EQUAL(MAX(statistics_month_add(month, -1), STATISTICS_MONTH_FIRST),
                             statistics_month_of(ZONES[i], begin - MINUTE_MS));
        }
    }
}

TEST(statistics, counts_months)
{
    static const struct {
        StatisticsMonth month;
        int64_t count;
        StatisticsMonth expected;
    } ROWS[] = {{202611, 0, 202611},  {202611, 1, 202612},   {202611, 2, 202701},
                {202601, -1, 202512}, {202611, -12, 202511}, {202612, -12, 202512},
                {202601, 23, 202712}, {200012, 1, 200101},   {202603, -38, 202301}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_INT_EQUAL(ROWS[i].expected, statistics_month_add(ROWS[i].month, ROWS[i].count));
        ASSERT_INT_EQUAL(ROWS[i].count, statistics_month_between(ROWS[i].month, ROWS[i].expected));
    }
}

TEST(statistics, reads_months_as_it_writes_them)
{
    static const char *const BAD[] = {"",         "2026",     "2026-13", "2026-00",   "2026-1",
                                      "2026-011", "26-01",    "1970-12", "2100-01",   "2026/01",
                                      "abcd-ef",  " 2026-01", "-026-01", "2026-01-01"};
    Arena *arena = arena_new();
    StatisticsMonth month = 0;
    ASSERT(statistics_month_parse("2026-02", &month));
    ASSERT_INT_EQUAL(202602, month);
    ASSERT_STR_EQUAL("2026-02", statistics_month_format(arena, month));
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        ASSERT(!statistics_month_parse(BAD[i], &month));
    }
    ASSERT_INT_EQUAL(202602, month);
    arena_free(arena);
}

TEST(statistics, rates_have_four_decimals_and_need_a_whole)
{
    static const struct {
        int64_t part;
        int64_t whole;
        const char *expected;
    } ROWS[] = {{0, 4, "0.0000"},        {3, 4, "0.7500"},     {1, 3, "0.3333"},
                {2, 3, "0.6667"},        {4, 4, "1.0000"},     {5, 4, "1.2500"},
                {1, 20000, "0.0001"},    {1, 20001, "0.0000"}, {9999, 10000, "0.9999"},
                {19999, 20000, "1.0000"}};
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_STR_EQUAL(ROWS[i].expected, statistics_rate(arena, ROWS[i].part, ROWS[i].whole));
    }
    ASSERT(statistics_rate(arena, 0, 0) == NULL);
    ASSERT(statistics_rate(arena, 3, 0) == NULL);
    arena_free(arena);
}
