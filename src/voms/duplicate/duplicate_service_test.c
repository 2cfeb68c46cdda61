/* Merging people who serve: sign-ups, attendances, hours, invitations, notices. */
#include "base/str.h"
#include "tests/unit/signup_fixture.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/duplicate/duplicate_internal.h"
#include "voms/ledger/ledger.h"

typedef struct Merging {
    Ctx *ctx;
    VolunteerId into;
    VolunteerId other;
} Merging;

static Err *run_merge(Db *db, void *arg)
{
    const Merging *merging = arg;
    Ctx ctx = *merging->ctx;
    ctx.db = db;
    DuplicateMerge merge = {.into = fixture_find_volunteer(&ctx, merging->into),
                            .other = fixture_find_volunteer(&ctx, merging->other),
                            .reason = "the same person"};
    return duplicate_merge(&ctx, &merge);
}

static void merge(Ctx *ctx, VolunteerId into, VolunteerId other)
{
    Merging merging = {.ctx = ctx, .into = into, .other = other};
    ASSERT_OK(store_transact(ctx->db, run_merge, &merging));
}

static Signup *join(Ctx *ctx, const SignupFixture *fixture, size_t volunteer)
{
    Signup *signup = NULL;
    ASSERT_OK(signup_fixture_join(ctx, fixture, volunteer, &signup));
    return signup;
}

static Signup *again(Ctx *ctx, const Signup *known)
{
    Signup *signup = NULL;
    ASSERT_OK(signup_find(ctx, known->id, &signup));
    return signup;
}

FIXTURE_TEST(merge_service, moves_sign_ups)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *signup = join(ctx, &fixture, 1);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    signup = again(ctx, signup);
    ASSERT_INT_EQUAL(fixture.volunteers[0].value, signup->volunteer_id.value);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, signup->state);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(merge_service, of_two_in_one_shift_frees_a_place_for_who_waits)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 3};
    signup_fixture_make(ctx, &fixture);
    Signup *mine = join(ctx, &fixture, 0);
    Signup *theirs = join(ctx, &fixture, 1);
    Signup *waiting = join(ctx, &fixture, 2);
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, waiting->state);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, again(ctx, mine)->state);
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, again(ctx, theirs)->state);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, again(ctx, waiting)->state);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(merge_service, keeps_the_sign_up_that_came_further)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *theirs = join(ctx, &fixture, 1);
    Signup *mine = join(ctx, &fixture, 0);
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, mine->state);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    theirs = again(ctx, theirs);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, theirs->state);
    ASSERT_INT_EQUAL(fixture.volunteers[0].value, theirs->volunteer_id.value);
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, again(ctx, mine)->state);
    ASSERT_STR_EQUAL("system", again(ctx, mine)->cancelled_by);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(merge_service, of_two_shifts_at_once_the_one_made_later_goes)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 3};
    signup_fixture_make(ctx, &fixture);
    SignupFixture other = fixture;
    other.shift_id = signup_fixture_shift(ctx, &fixture, HOUR_MS, &other.position_id);
    SignupFixture after = fixture;
    after.shift_id = signup_fixture_shift(ctx, &fixture, 3 * HOUR_MS, &after.position_id);
    Signup *theirs = join(ctx, &fixture, 1);
    Signup *mine = join(ctx, &other, 0);
    Signup *waiting = join(ctx, &other, 2);
    Signup *later = join(ctx, &after, 0);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, theirs->state);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, again(ctx, theirs)->state);
    ASSERT_INT_EQUAL(fixture.volunteers[0].value, again(ctx, theirs)->volunteer_id.value);
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, again(ctx, mine)->state);
    ASSERT_STR_EQUAL("staff", again(ctx, mine)->cancelled_by);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, again(ctx, later)->state);
    ASSERT(again(ctx, waiting)->state != SIGNUP_CANCELLED);
    signup_fixture_check(ctx);
}

/* ---- Attendances and hours ---- */

static Attendance *current(Ctx *ctx, const SignupFixture *fixture, size_t volunteer)
{
    Attendance *attendance = NULL;
    ASSERT_OK(attendance_find_current(ctx, fixture->shift_id, fixture->volunteers[volunteer],
                                      &attendance));
    return attendance;
}

static void tap(Ctx *ctx, const SignupFixture *fixture, size_t volunteer,
                AttendanceDirection direction)
{
    int64_t id = 0;
    AttendanceShift *shift = NULL;
    AttendanceTap tap = {.volunteer_id = fixture->volunteers[volunteer],
                         .direction = direction,
                         .end = {.at = ctx->now, .method = "rotating_code"}};
    ASSERT_OK(attendance_find_shift(ctx, fixture->shift_id, &shift));
    ASSERT_OK(attendance_record(ctx, shift, &tap, &id));
}

FIXTURE_TEST(merge_service, of_two_at_one_shift_keeps_the_attendance_that_tells_more)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *mine = join(ctx, &fixture, 0);
    Signup *theirs = join(ctx, &fixture, 1);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS);
    tap(ctx, &fixture, 0, ATTENDANCE_IN);
    tap(ctx, &fixture, 1, ATTENDANCE_IN);
    fixture_advance(ctx, HOUR_MS);
    tap(ctx, &fixture, 1, ATTENDANCE_OUT);
    int64_t complete = current(ctx, &fixture, 1)->id;
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    const Attendance *kept = current(ctx, &fixture, 0);
    ASSERT_INT_EQUAL(complete, kept->id);
    ASSERT_INT_EQUAL(ATTENDANCE_COMPLETED, kept->state);
    /* The sign-up that stayed is the attendance's. */
    ASSERT_INT_EQUAL(mine->id, kept->signup_id);
    ASSERT_INT_EQUAL(SIGNUP_ATTENDED, again(ctx, mine)->state);
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, again(ctx, theirs)->state);
    ASSERT(current(ctx, &fixture, 1) == NULL);
    ASSERT_INT_EQUAL(1, signup_fixture_sql(ctx,
                                           "SELECT count(*) FROM attendance WHERE state = 'voided'",
                                           NULL, NO_ARGS));
    signup_fixture_check(ctx);
}

static void settle(Ctx *ctx, const SignupFixture *fixture)
{
    signup_fixture_sql(ctx,
                       "UPDATE activity SET state = 'ended', starts_at = $2, ends_at = $2, "
                       "person_in_charge = 'Han', description = 'x' WHERE id = $1",
                       NULL, ARGS(sql_int(fixture->activity_id), sql_time(ctx->now)));
    ASSERT_OK(ledger_settle(ctx, fixture->activity_id));
}

static void check_ledger(Ctx *ctx)
{
    LedgerVerification verification = {};
    ASSERT_OK(ledger_verify(ctx, &verification));
    ASSERT_INT_EQUAL(0, verification.findings);
}

static int64_t minutes_of(Ctx *ctx, VolunteerId id)
{
    return signup_fixture_sql(ctx, "SELECT service_minutes FROM volunteer WHERE id = $1", NULL,
                              ARGS(sql_int(id.value)));
}

FIXTURE_TEST(merge_service, moves_attendances_with_their_hours)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    join(ctx, &fixture, 1);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS);
    tap(ctx, &fixture, 1, ATTENDANCE_IN);
    fixture_advance(ctx, HOUR_MS);
    tap(ctx, &fixture, 1, ATTENDANCE_OUT);
    settle(ctx, &fixture);
    ASSERT_INT_EQUAL(60, minutes_of(ctx, fixture.volunteers[1]));
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    ASSERT_INT_EQUAL(60, minutes_of(ctx, fixture.volunteers[0]));
    ASSERT_INT_EQUAL(0, minutes_of(ctx, fixture.volunteers[1]));
    ASSERT(current(ctx, &fixture, 0) != NULL);
    check_ledger(ctx);
}

FIXTURE_TEST(merge_service, grants_no_hours_twice)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    fixture_advance(ctx, 0);
    join(ctx, &fixture, 0);
    join(ctx, &fixture, 1);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS);
    /* One after the other: the times do not overlap, and it was one person all the same. */
    for (size_t i = 0; i < 2; i++) {
        tap(ctx, &fixture, i, ATTENDANCE_IN);
        fixture_advance(ctx, 30 * MINUTE_MS);
        tap(ctx, &fixture, i, ATTENDANCE_OUT);
    }
    settle(ctx, &fixture);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    ASSERT_INT_EQUAL(30, minutes_of(ctx, fixture.volunteers[0]));
    ASSERT_INT_EQUAL(1, signup_fixture_sql(ctx,
                                           "SELECT count(*) FROM ledger_claim WHERE state = 'held' "
                                           "AND volunteer_id = $1",
                                           NULL, ARGS(sql_int(fixture.volunteers[0].value))));
    check_ledger(ctx);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(merge_service, moves_what_waits_for_a_decision)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    join(ctx, &fixture, 1);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS);
    tap(ctx, &fixture, 1, ATTENDANCE_IN);
    fixture_advance(ctx, 5 * HOUR_MS);
    ASSERT_OK(attendance_close_forgotten(ctx));
    settle(ctx, &fixture);
    int64_t claim =
        signup_fixture_sql(ctx, "SELECT id FROM ledger_claim WHERE state = 'held'", NULL, NO_ARGS);
    ASSERT(claim != 0);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    ASSERT_INT_EQUAL(fixture.volunteers[0].value,
                     signup_fixture_sql(ctx, "SELECT volunteer_id FROM ledger_claim WHERE id = $1",
                                        NULL, ARGS(sql_int(claim))));
    check_ledger(ctx);
}

/* ---- Invitations and notices ---- */

static void invite(Ctx *ctx, int64_t activity_id, VolunteerId id)
{
    signup_fixture_sql(ctx,
                       "INSERT INTO activity_invitation (activity_id, volunteer_id, invited_at) "
                       "VALUES ($1, $2, $3)",
                       NULL, ARGS(sql_int(activity_id), sql_int(id.value), sql_time(ctx->now)));
}

static void notify(Ctx *ctx, const char *event, VolunteerId id)
{
    signup_fixture_sql(ctx,
                       "INSERT INTO notice (event, kind, volunteer_id, params, batch, mail, "
                       "created_at) VALUES ($1, 'shift.changed', $2, '{}', 'x', 'none', $3)",
                       NULL, ARGS(sql_text(event), sql_int(id.value), sql_time(ctx->now)));
}

FIXTURE_TEST(merge_service, moves_invitations_and_notices_once_each)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    int64_t position = 0;
    signup_fixture_make(ctx, &fixture);
    signup_fixture_shift(ctx, &fixture, DAY_MS, &position);
    for (size_t i = 0; i < 2; i++) {
        invite(ctx, fixture.activity_id, fixture.volunteers[i]);
        notify(ctx, "message:1", fixture.volunteers[i]);
    }
    invite(ctx, fixture.activity_id + 1, fixture.volunteers[1]);
    notify(ctx, "message:2", fixture.volunteers[1]);
    merge(ctx, fixture.volunteers[0], fixture.volunteers[1]);
    SqlArgs into = ARGS(sql_int(fixture.volunteers[0].value));
    ASSERT_INT_EQUAL(2, signup_fixture_sql(
                            ctx, "SELECT count(*) FROM activity_invitation WHERE volunteer_id = $1",
                            NULL, into));
    ASSERT_INT_EQUAL(2,
                     signup_fixture_sql(ctx, "SELECT count(*) FROM notice WHERE volunteer_id = $1",
                                        NULL, into));
    SqlArgs other = ARGS(sql_int(fixture.volunteers[1].value));
    ASSERT_INT_EQUAL(0,
                     signup_fixture_sql(ctx, "SELECT count(*) FROM notice WHERE volunteer_id = $1",
                                        NULL, other));
}
