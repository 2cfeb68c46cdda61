#include <string.h>

#include "voms/calendar/calendar.h"

/* 1970-01-01 was a Thursday. */
static bool is_weekend(int64_t day)
{
    int64_t weekday = ((day + 4) % 7 + 7) % 7; /* 0: Sunday */
    return weekday == 0 || weekday == 6;
}

/* The exception of that day, or NULL: days are in order, so the search halves them. */
static const CalendarDay *find(const CalendarDay *days, size_t count, int64_t day)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        Date date = {};
        BUG_ON(!date_parse(days[middle].day, &date));
        int64_t found = date_to_days(date);
        if (found == day) {
            return &days[middle];
        }
        if (found < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool is_working(const CalendarDay *days, size_t count, int64_t day)
{
    const CalendarDay *exception = find(days, count, day);
    return exception == NULL ? !is_weekend(day) : exception->is_working;
}

bool calendar_rules_is_working(const CalendarDay *days, size_t count, Date date)
{
    return is_working(days, count, date_to_days(date));
}

Date calendar_rules_add(const CalendarDay *days, size_t count, Date date, int64_t working_days)
{
    int64_t day = date_to_days(date);
    while (working_days > 0) {
        day++;
        working_days -= is_working(days, count, day);
    }
    return date_from_days(day);
}
