/* shift_plan.h - the times of many shifts, from a pattern or an RFC 5545 rule. Pure. */
#pragma once

#include "voms/activity/activity_internal.h"

#define PLAN_MAX 400 /* shifts made at once */

typedef struct PlanSpan {
    const char *starts; /* "09:00" */
    const char *ends;   /* not after starts: on the next day */
} PlanSpan;

/* Either days and spans, or a rule with the first beginning and a duration. */
typedef struct Plan {
    const char *from; /* dates, both included */
    const char *to;
    TextList weekdays;  /* "mo" … "su"; none: every day */
    ObjectList spans;   /* of PlanSpan */
    const char *rule;   /* "FREQ=WEEKLY;BYDAY=MO;COUNT=8" */
    const char *starts; /* of the first one by a rule: "09:00" on the day `from` */
    int64_t minutes;    /* how long one by a rule lasts */
    TextList except;    /* dates on which none begins */
    const char *note;
    ObjectList places; /* of ShiftPlace */
} Plan;

/* The times in the zone, in order; their clocks show what was asked for, whatever summer time does.
 * ERR_INVALID naming the fields; also when there are none or over PLAN_MAX. *ret_shifts is an array
 * with starts_at, ends_at, note and places. */
Err *shift_plan_expand(Arena *arena, const char *zone, const Plan *plan, Shift **ret_shifts,
                       size_t *ret_count);

/* The day, since 1970-01-01, that the zone's clocks show at an instant. */
int64_t shift_plan_day(const char *zone, TimeMs time);

/* The instant so many days later at which the zone's clocks show the same time of day; 0 stays 0.
 */
TimeMs shift_plan_move(const char *zone, int64_t days, TimeMs time);

/* Moves both ends of a shift; it keeps its length where one end would fall into a gap of the clocks
 * and nothing be left. */
void shift_plan_move_span(const char *zone, int64_t days, Shift *shift);
