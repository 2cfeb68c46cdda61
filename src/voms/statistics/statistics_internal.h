/* statistics_internal.h - what the files of the concept share. */
#pragma once

#include "voms/setting/setting.h"
#include "voms/statistics/statistics.h"

/* A month of the organisation's time zone as a number that people can read: 202611. */
typedef int64_t StatisticsMonth;

#define STATISTICS_NOW 0              /* the "month" of what is so at present */
#define STATISTICS_MONTH_FIRST 197101 /* the calendar; what is outside counts to its ends */
#define STATISTICS_MONTH_LAST 209912
#define STATISTICS_ID_MAX ((INT64_C(1) << 53) - 1)

/* ---- Rules: pure ---- */

/* The month of an instant on a clock of the zone, which must be known. */
StatisticsMonth statistics_month_of(const char *zone, TimeMs time);

/* So many months later, or earlier. */
StatisticsMonth statistics_month_add(StatisticsMonth month, int64_t count);

/* How many months the second is after the first. */
int64_t statistics_month_between(StatisticsMonth from, StatisticsMonth to);

/* "2026-11", and back; false unless it is a month of the calendar. */
const char *statistics_month_format(Arena *arena, StatisticsMonth month);
bool statistics_month_parse(const char *text, StatisticsMonth *ret_month);

/* The first instant of a month. */
TimeMs statistics_month_begin(const char *zone, StatisticsMonth month);

/* part / whole as JSON with four decimals, rounded half up; NULL without a whole. */
const char *statistics_rate(Arena *arena, int64_t part, int64_t whole);

/* ---- Reading ---- */

/* What a total, or a sum of them, consists of. */
typedef struct StatisticsSums {
    StatisticsMonth month;
    int64_t active;
    int64_t inactive;
    int64_t suspended;
    int64_t applicants;
    int64_t joined;
    int64_t published;
    int64_t in_progress;
    int64_t ended;
    int64_t activities;
    int64_t cancelled;
    int64_t shifts;
    int64_t places;
    int64_t taken;
    int64_t attended;
    int64_t absent;
    int64_t minutes; /* may be negative: a void counts on the day of the service */
    /* Derived: */
    const char *month_text;
    const char *hours;
    const char *fill_rate; /* JSON; NULL: none */
    const char *no_show_rate;
    /* Of a unit: */
    UnitId unit_id;
    const char *name;
    bool has_units;
    int64_t people;
} StatisticsSums;

/* Whose numbers are asked for; the rights have been checked. */
typedef struct StatisticsScope {
    UnitId unit_id; /* with all below it; 0: the topmost units of the account */
    int64_t account;
    const char *permission; /* of the confinement */
} StatisticsScope;

typedef struct StatisticsPeriod {
    StatisticsMonth from;
    StatisticsMonth to;
} StatisticsPeriod;

/* The sums of the scope by month, with month 0, in order; months without a total are left out.
 * Yields. */
YIELDS Err *statistics_list_months(Ctx *ctx, const StatisticsScope *scope, StatisticsPeriod period,
                                   ObjectList *ret_sums);

typedef struct StatisticsUnitQuery {
    const StatisticsScope *scope; /* unit_id: the parent of those that are listed */
    StatisticsPeriod period;
    bool goes_on; /* after this one: */
    int64_t after_minutes;
    int64_t after_id;
    int64_t limit;
} StatisticsUnitQuery;

/* Units with the sums of the period, most service time first. Yields. */
YIELDS Err *statistics_list_units(Ctx *ctx, const StatisticsUnitQuery *query, ObjectList *ret_sums);

/* Sets what is derived. */
void statistics_derive(Arena *arena, StatisticsSums *sums);

typedef struct StatisticsState {
    const char *time_zone; /* of the totals */
    bool is_rebuilding;
    const char *unit_name; /* of the unit that was asked for, or NULL */
} StatisticsState;

/* How the totals stand, and the name of a unit (0: none). Yields. */
YIELDS Err *statistics_find_state(Ctx *ctx, UnitId unit_id, StatisticsState *ret_state);

/* ---- Counting ---- */

/* What is counted: a kind of object whose rows give something to the totals. */
typedef struct StatisticsKind {
    const char *name; /* of marks and phases */
    int64_t chunk;    /* so many at once in a rebuild */
    const SqlStatement *next;
    const SqlStatement *unmark;
    const SqlStatement *add; /* to the totals, $3 times */
    const SqlStatement *clear;
    Err *(*fill)(Db *db, int64_t after, int64_t last);    /* Yields. */
    Err *(*differ)(Ctx *ctx, int64_t after, int64_t last, /* rows: id, unit_id, month, … */
                   StoreRows **ret_rows);                 /* Yields. */
} StatisticsKind;

/* Volunteers, activities: the order of a rebuild; ends with no name. */
extern const StatisticsKind statistics_kinds[];

extern const Route statistics_routes[];
extern const Permission statistics_permissions[];
extern const MessageText statistics_messages[];
