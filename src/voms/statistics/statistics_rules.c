/* Months and rates: pure. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "voms/common/zone.h"
#include "voms/statistics/statistics_internal.h"

#define DAY_MINUTES INT64_C(1440)

/* Months since the year 0, and back. */
static int64_t to_index(StatisticsMonth month)
{
    return month / 100 * 12 + month % 100 - 1;
}

static StatisticsMonth from_index(int64_t index)
{
    return index / 12 * 100 + index % 12 + 1;
}

StatisticsMonth statistics_month_of(const char *zone, TimeMs time)
{
    LocalMinutes local = zone_from_utc(zone, time);
    int64_t days = local / DAY_MINUTES - (local % DAY_MINUTES < 0 ? 1 : 0);
    Date date = date_from_days(days);
    return MIN(MAX((StatisticsMonth)date.year * 100 + date.month,
                   (StatisticsMonth)STATISTICS_MONTH_FIRST),
               (StatisticsMonth)STATISTICS_MONTH_LAST);
}

StatisticsMonth statistics_month_add(StatisticsMonth month, int64_t count)
{
    return from_index(to_index(month) + count);
}

int64_t statistics_month_between(StatisticsMonth from, StatisticsMonth to)
{
    return to_index(to) - to_index(from);
}

const char *statistics_month_format(Arena *arena, StatisticsMonth month)
{
    return arena_printf(arena, "%04" PRId64 "-%02" PRId64, month / 100, month % 100);
}

bool statistics_month_parse(const char *text, StatisticsMonth *ret_month)
{
    char day[sizeof("2026-11-01")];
    Date date = {};
    if (strlen(text) != strlen("2026-11")) {
        return false;
    }
    snprintf(day, sizeof(day), "%s-01", text);
    if (!date_parse(day, &date)) {
        return false;
    }
    StatisticsMonth month = (StatisticsMonth)date.year * 100 + date.month;
    if (month < STATISTICS_MONTH_FIRST || month > STATISTICS_MONTH_LAST) {
        return false;
    }
    *ret_month = month;
    return true;
}

TimeMs statistics_month_begin(const char *zone, StatisticsMonth month)
{
    Date first = {.year = (int)(month / 100), .month = (int)(month % 100), .day = 1};
    return zone_to_utc(zone, date_to_days(first) * DAY_MINUTES);
}

const char *statistics_rate(Arena *arena, int64_t part, int64_t whole)
{
    if (whole <= 0) {
        return NULL;
    }
    int64_t rate = (part * 10000 + whole / 2) / whole;
    return arena_printf(arena, "%" PRId64 ".%04" PRId64, rate / 10000, rate % 10000);
}
