/* statistics.h - numbers for the first screen, from totals that events keep current.
 *
 * Totals stand by unit, with all below it, and by month of the organisation's time zone; month 0 is
 * the present.
 *
 * Each activity and each volunteer gives something to some totals, and what it gives is kept beside
 * them. An event only marks what it is about; a periodic duty, woken by the marks, counts the
 * marked ones anew from the tables and adds the difference. So events may come twice, late or in
 * any order, many of them about one activity cost one count, and no request ever waits for a total.
 */
#pragma once

#include "app/services.h"

extern const Concept statistics_concept;

/* Counts anew what is marked, follows a changed time zone, and goes on with a rebuild that has
 * begun, in transactions of its own, until nothing is left or about limit_ms have gone; *ret_more
 * (may be NULL) says whether something is left. Yields. */
YIELDS Err *statistics_refresh(Ctx *ctx, int64_t limit_ms, bool *ret_more);

/* Makes all totals anew from the tables, in chunks; readers see the old ones until the end, and
 * events go on being counted. Yields. */
YIELDS Err *statistics_rebuild(Ctx *ctx);

#define STATISTICS_FINDINGS_KEPT 20

typedef struct StatisticsVerification {
    int64_t volunteers; /* compared */
    int64_t activities;
    int64_t totals;
    int64_t waiting; /* messages that were on their way when it began */
    int64_t findings;
    const char *first[STATISTICS_FINDINGS_KEPT]; /* the first of them, for people */
} StatisticsVerification;

/* Counts what is marked, then compares everything that is kept with what a rebuild would make of
 * the tables: what each volunteer and activity gives, chunk by chunk, and the totals with the sums
 * of that. What differs is looked at again a few times, for a system in use is always a moment
 * behind. Changes nothing else. Yields. */
YIELDS Err *statistics_verify(Ctx *ctx, StatisticsVerification *ret_verification);
