/* signup_fixture.h - activities, shifts and people for the tests of this concept. */
#pragma once

#include "tests/unit/fixture.h"
#include "voms/signup/signup_internal.h"

#define FIXTURE_START_AFTER_MS (10 * DAY_MS)

typedef struct SignupFixture {
    const char *approval; /* NULL: automatic */
    const char *waitlist; /* NULL: promote */
    int64_t needed;
    size_t volunteer_count;
    TimeMs closes_at; /* 0: at the shift's start */

    int64_t activity_id;
    int64_t shift_id;
    int64_t position_id;
    VolunteerId *volunteers;
} SignupFixture;

/* Makes a published activity with one shift of two hours that starts in ten days, one position, and
 * active adults who consented. */
void signup_fixture_make(Ctx *ctx, SignupFixture *fixture);

/* Another shift of an activity of its own, that starts so long after the first one. */
int64_t signup_fixture_shift(Ctx *ctx, const SignupFixture *fixture, int64_t after_ms,
                             int64_t *ret_position_id);

/* Runs one statement with up to four numbers and instants; returns the first value, 0 if none. */
int64_t signup_fixture_sql(Ctx *ctx, const char *sqlite, const char *postgres, SqlArgs args);

/* Signs up through the line. */
Err *signup_fixture_join(Ctx *ctx, const SignupFixture *fixture, size_t volunteer,
                         Signup **ret_signup);

/* Proves that the counts of every place are those of its sign-ups, and that none is oversold. */
void signup_fixture_check(Ctx *ctx);
