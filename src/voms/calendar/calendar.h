/* calendar.h - the working calendar: weekdays, and the days that differ from them.
 *
 * Public holidays and the weekend days that are worked for them (调休) are a table that can be
 * edited; it is shipped with the years 2024 to 2026, as the notices of the General Office of the
 * State Council on the holidays of each year have them: of 2024 国办发明电〔2023〕7号, of 2025
 * 国办发明电〔2024〕12号, of 2026 国办发明电〔2025〕7号. */
#pragma once

#include "app/services.h"

/* One day that is not what its weekday says. */
typedef struct CalendarDay {
    const char *day; /* "YYYY-MM-DD" */
    bool is_working;
    const char *name;  /* "春节", "春节调休" */
    TimeMs updated_at; /* 0: as shipped */
} CalendarDay;

extern const Concept calendar_concept;

/* Is the date worked? days are the exceptions, in the order of their dates. Pure. */
bool calendar_rules_is_working(const CalendarDay *days, size_t count, Date date);

/* The count-th working day after the date, which itself does not count; the date itself for 0.
 * days are the exceptions, in the order of their dates. Pure. */
Date calendar_rules_add(const CalendarDay *days, size_t count, Date date, int64_t working_days);

/* All exceptions from a date on, in the order of their dates. Yields. */
YIELDS Err *calendar_load(Ctx *ctx, Date from, ObjectList *ret_days);

/* The working_days-th working day after the date, by the present calendar: D67 Art. 11 gives ten.
 * Yields. */
YIELDS Err *calendar_add_working_days(Ctx *ctx, Date date, int64_t working_days, Date *ret_date);
