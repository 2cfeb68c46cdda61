#include <string.h>

#include "base/str.h"
#include "fiber/fiber.h"
#include "tests/unit/signup_fixture.h"

static Signup *join(Ctx *ctx, const SignupFixture *fixture, size_t volunteer)
{
    Signup *signup = NULL;
    ASSERT_OK(signup_fixture_join(ctx, fixture, volunteer, &signup));
    return signup;
}

static int state_of(Ctx *ctx, int64_t id)
{
    Signup *signup = NULL;
    ASSERT_OK(signup_find(ctx, id, &signup));
    return signup->state;
}

/* ---- Each change in a transaction, as a call does it ---- */

typedef struct Change {
    Ctx *ctx;
    int64_t id;
    enum { CANCEL, CANCEL_BY_STAFF, APPROVE, REJECT, ACCEPT, DECLINE, MOVE_UP } what;
} Change;

static Err *run_change(Db *db, void *arg)
{
    const Change *change = arg;
    Ctx ctx = *change->ctx;
    ctx.db = db;
    switch (change->what) {
    case CANCEL:
        return signup_cancel(&ctx, change->id, &(SignupCancellation){.by = "volunteer"});
    case CANCEL_BY_STAFF:
        return signup_cancel(&ctx, change->id,
                             &(SignupCancellation){.by = "staff", .reason = "test"});
    case APPROVE:
    case REJECT:
        return signup_decide(&ctx, change->id,
                             &(SignupDecision){.approve = change->what == APPROVE,
                                               .reason = "test"});
    case ACCEPT:
    case DECLINE:
        return signup_answer_offer(&ctx, change->id, change->what == ACCEPT);
    case MOVE_UP:
        return signup_move_up(&ctx, change->id, "test");
    }
    return NULL;
}

static Err *change(Ctx *ctx, int64_t id, int what)
{
    Change change = {.ctx = ctx, .id = id, .what = what};
    return store_transact(ctx->db, run_change, &change);
}

/* ---- Arrival ---- */

FIXTURE_TEST(signup, last_place_goes_to_one_of_two)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, first->state);
    ASSERT_INT_EQUAL(1, first->sequence);
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, second->state);
    ASSERT_INT_EQUAL(1, second->waitlist_place);
    Signup *again = NULL;
    Err *err = signup_fixture_join(ctx, &fixture, 0, &again);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("already_signed_up", err->code);
    ASSERT(again == NULL);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, is_refused_by_a_clash_with_another_activity)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 1};
    signup_fixture_make(ctx, &fixture);
    SignupFixture other = fixture;
    Signup *signup = NULL;
    join(ctx, &fixture, 0);
    other.shift_id = signup_fixture_shift(ctx, &fixture, HOUR_MS, &other.position_id);
    Err *err = signup_fixture_join(ctx, &other, 0, &signup);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("clash", err->code);
    ASSERT(strstr(err->current, "\"shift_id\"") != NULL);
    other.shift_id = signup_fixture_shift(ctx, &fixture, 2 * HOUR_MS, &other.position_id);
    join(ctx, &other, 0);
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, of_an_unknown_place_is_not_found)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 1};
    Signup *signup = NULL;
    signup_fixture_make(ctx, &fixture);
    fixture.position_id += 77;
    ASSERT_ERR(ERR_NOT_FOUND, signup_fixture_join(ctx, &fixture, 0, &signup));
}

/* ---- The line ---- */

typedef struct Runner {
    Services *services;
    const SignupFixture *fixture;
    size_t volunteer;
    int state; /* -1: failed */
    int64_t sequence;
} Runner;

static void run_to_the_place(void *arg)
{
    Runner *runner = arg;
    Signup *signup = NULL;
    Ctx *ctx = ctx_new_system(runner->services);
    Err *err = signup_fixture_join(ctx, runner->fixture, runner->volunteer, &signup);
    runner->state = err == NULL ? signup->state : -1;
    runner->sequence = err == NULL ? signup->sequence : 0;
}

#define RUNNERS 300

/* Started at once, they arrive in the order of their number. */
FIXTURE_TEST(signup, rush_gives_places_in_the_order_of_arrival)
{
    SignupFixture fixture = {.needed = 20, .volunteer_count = RUNNERS};
    CLEANUP(fiber_group_done) FiberGroup group;
    signup_fixture_make(ctx, &fixture);
    Runner *runners = ARENA_ARRAY(ctx->arena, Runner, RUNNERS);
    int64_t before = store_stats(ctx->services->store).transactions;
    fiber_group_init(&group);
    for (size_t i = 0; i < RUNNERS; i++) {
        runners[i] = (Runner){.services = ctx->services, .fixture = &fixture, .volunteer = i};
        fiber_spawn(&group, "runner", run_to_the_place, &runners[i]);
    }
    fiber_group_join(&group);
    for (size_t i = 0; i < RUNNERS; i++) {
        ASSERT_INT_EQUAL(i < 20 ? SIGNUP_APPROVED : SIGNUP_WAITLISTED, runners[i].state);
        ASSERT_INT_EQUAL(i + 1, runners[i].sequence);
    }
    ASSERT(store_stats(ctx->services->store).transactions - before <= 10);
    signup_fixture_check(ctx);
}

/* A client that goes away while it stands in line, or while it leads, takes nobody with it. */
FIXTURE_TEST(signup, lost_clients_do_not_stop_the_line)
{
    SignupFixture fixture = {.needed = 5, .volunteer_count = 40};
    CLEANUP(fiber_group_done) FiberGroup group;
    Fiber *fibers[40];
    int64_t approved = 0;
    signup_fixture_make(ctx, &fixture);
    Runner *runners = ARENA_ARRAY(ctx->arena, Runner, 40);
    fiber_group_init(&group);
    for (size_t i = 0; i < 40; i++) {
        runners[i] = (Runner){.services = ctx->services, .fixture = &fixture, .volunteer = i};
        fibers[i] = fiber_spawn(&group, "runner", run_to_the_place, &runners[i]);
    }
    ASSERT_OK(fiber_yield());
    fiber_cancel(fibers[0]);
    fiber_cancel(fibers[17]);
    fiber_group_join(&group);
    for (size_t i = 0; i < 40; i++) {
        ASSERT(i == 17 || runners[i].state >= 0);
        approved += runners[i].state == SIGNUP_APPROVED;
    }
    ASSERT_INT_EQUAL(5, approved);
    signup_fixture_check(ctx);
}

/* ---- The waitlist ---- */

FIXTURE_TEST(signup, freed_place_goes_to_the_first_who_still_qualifies)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 4};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    Signup *third = join(ctx, &fixture, 2);
    signup_fixture_sql(ctx, "UPDATE volunteer SET state = 'suspended' WHERE id = $1", NULL,
                       ARGS(sql_int(fixture.volunteers[1].value)));
    ASSERT_OK(change(ctx, first->id, CANCEL));
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, state_of(ctx, first->id));
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, state_of(ctx, second->id));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, third->id));
    signup_fixture_check(ctx);
    /* Who qualifies again is found by the schedule, before anybody new. */
    signup_fixture_sql(ctx, "UPDATE volunteer SET state = 'active' WHERE id = $1", NULL,
                       ARGS(sql_int(fixture.volunteers[1].value)));
    signup_fixture_sql(ctx, "UPDATE shift_place SET needed = 2 WHERE shift_id = $1", NULL,
                       ARGS(sql_int(fixture.shift_id)));
    Signup *late = join(ctx, &fixture, 3);
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, late->state);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, second->id));
    signup_fixture_sql(ctx, "UPDATE shift_place SET needed = 3 WHERE shift_id = $1", NULL,
                       ARGS(sql_int(fixture.shift_id)));
    ASSERT_OK(signup_fill_all(ctx));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, late->id));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, offer_lapses_and_goes_to_the_next)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 4, .waitlist = "offer"};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    Signup *third = join(ctx, &fixture, 2);
    Signup *fourth = join(ctx, &fixture, 3);
    ASSERT_ERR(ERR_CONFLICT, change(ctx, second->id, ACCEPT));
    ASSERT_OK(change(ctx, first->id, CANCEL));
    ASSERT_INT_EQUAL(SIGNUP_OFFERED, state_of(ctx, second->id));
    fixture_advance(ctx, 59 * MINUTE_MS);
    ASSERT_OK(signup_lapse_offers(ctx));
    ASSERT_INT_EQUAL(SIGNUP_OFFERED, state_of(ctx, second->id));
    fixture_advance(ctx, MINUTE_MS);
    Err *err = change(ctx, second->id, ACCEPT);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("offer_lapsed", err->code);
    ASSERT_OK(signup_lapse_offers(ctx));
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, state_of(ctx, second->id));
    ASSERT_INT_EQUAL(SIGNUP_OFFERED, state_of(ctx, third->id));
    ASSERT_OK(change(ctx, third->id, DECLINE));
    ASSERT_INT_EQUAL(SIGNUP_OFFERED, state_of(ctx, fourth->id));
    ASSERT_OK(change(ctx, fourth->id, ACCEPT));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, fourth->id));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, moved_up_is_the_next)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 3};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    Signup *third = join(ctx, &fixture, 2);
    ASSERT_OK(change(fixture_super(ctx), third->id, MOVE_UP));
    ASSERT_OK(change(ctx, first->id, CANCEL));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, third->id));
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, state_of(ctx, second->id));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, volunteer_cancels_until_the_deadline_and_staff_after_it)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 1};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS - DAY_MS + 1);
    Err *err = change(ctx, first->id, CANCEL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("cancel_deadline_passed", err->code);
    ASSERT_OK(change(fixture_super(ctx), first->id, CANCEL_BY_STAFF));
    ASSERT_ERR(ERR_CONFLICT, change(ctx, first->id, CANCEL_BY_STAFF));
    ASSERT_INT_EQUAL(1, signup_fixture_sql(
                            ctx, "SELECT count(*) FROM audit_entry WHERE action = 'signup.cancel'",
                            NULL, NO_ARGS));
}

/* ---- Review, placing ---- */

FIXTURE_TEST(signup, review_approves_while_there_are_places)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 3, .approval = "review"};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    Signup *third = join(ctx, &fixture, 2);
    ASSERT_INT_EQUAL(SIGNUP_PENDING, first->state);
    ASSERT_OK(change(ctx, second->id, APPROVE));
    ASSERT_OK(change(ctx, first->id, APPROVE));
    ASSERT_OK(change(ctx, third->id, REJECT));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, second->id));
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, state_of(ctx, first->id));
    ASSERT_INT_EQUAL(SIGNUP_REJECTED, state_of(ctx, third->id));
    ASSERT_ERR(ERR_CONFLICT, change(ctx, third->id, APPROVE));
    /* Rejected is history: one may ask again. */
    ASSERT_INT_EQUAL(SIGNUP_PENDING, join(ctx, &fixture, 2)->state);
    signup_fixture_check(ctx);
}

typedef struct Placing {
    Ctx *ctx;
    const SignupFixture *fixture;
    SignupEntry entry;
} Placing;

static Err *run_placing(Db *db, void *arg)
{
    Placing *placing = arg;
    Ctx ctx = *placing->ctx;
    ctx.db = db;
    return signup_admit(&ctx, placing->fixture->shift_id, placing->fixture->position_id,
                        &placing->entry, 1);
}

static Err *place(Ctx *ctx, const SignupFixture *fixture, size_t volunteer, const char *reason,
                  Signup **ret_signup)
{
    Placing placing = {.ctx = ctx,
                       .fixture = fixture,
                       .entry = {.volunteer_id = fixture->volunteers[volunteer],
                                 .account_id = 1,
                                 .by_staff = true,
                                 .override_reason = reason}};
    TRY(store_transact(ctx->db, run_placing, &placing));
    *ret_signup = placing.entry.signup;
    return placing.entry.refusal;
}

FIXTURE_TEST(signup, staff_sets_rules_aside_with_a_reason_but_oversells_nothing)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 3, .approval = "review"};
    Signup *signup = NULL;
    Signup *found = NULL;
    signup_fixture_make(ctx, &fixture);
    signup_fixture_sql(ctx, "UPDATE activity SET minimum_age = 60 WHERE id = $1", NULL,
                       ARGS(sql_int(fixture.activity_id)));
    Err *err = place(ctx, &fixture, 0, NULL, &signup);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("too_young", err->code);
    ASSERT_OK(place(ctx, &fixture, 0, "knows the work", &signup));
    ASSERT_OK(signup_find(ctx, signup->id, &found));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, found->state);
    ASSERT_STR_EQUAL("knows the work", found->override_reason);
    ASSERT_INT_EQUAL(1, found->override_codes.count);
    ASSERT_STR_EQUAL("too_young", found->override_codes.items[0]);
    err = place(ctx, &fixture, 1, "one more", &signup);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("no_places_left", err->code);
    err = place(ctx, &fixture, 0, "again", &signup);
    ASSERT_STR_EQUAL("already_signed_up", err->code);
    signup_fixture_check(ctx);
}

/* ---- Lottery ---- */

FIXTURE_TEST(signup, draw_can_be_drawn_again_with_its_seed)
{
    SignupFixture fixture = {
        .needed = 3, .volunteer_count = 12, .approval = "lottery", .closes_at = ctx->now + DAY_MS};
    StoreRows *rows = NULL;
    static const SqlStatement SEED = {.name = "seed",
                                      .sqlite = "SELECT lottery_seed FROM activity",
                                      .postgres = "SELECT lottery_seed FROM activity"};
    static const SqlStatement ENTRIES = {
        .name = "entries",
        .sqlite = "SELECT id, lottery_key, state FROM signup ORDER BY lottery_key",
        .postgres = "SELECT id, lottery_key, state FROM signup ORDER BY lottery_key COLLATE \"C\""};
    signup_fixture_make(ctx, &fixture);
    for (size_t i = 0; i < 12; i++) {
        ASSERT_INT_EQUAL(SIGNUP_PENDING, join(ctx, &fixture, i)->state);
    }
    Err *err = signup_lottery_draw(ctx, fixture.activity_id);
    ASSERT_STR_EQUAL("lottery_not_closed", err->code);
    fixture_advance(ctx, DAY_MS);
    ASSERT_OK(signup_draw_due(ctx));
    err = signup_lottery_draw(ctx, fixture.activity_id);
    ASSERT_STR_EQUAL("lottery_drawn", err->code);
    ASSERT_OK(store_query(ctx->db, &SEED, NO_ARGS, &rows));
    const char *seed = row_text(rows, 0, 0);
    ASSERT_OK(store_query(ctx->db, &ENTRIES, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(12, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        ASSERT_STR_EQUAL(signup_lottery_key(ctx->arena, seed, row_int(rows, i, 0)),
                         row_text(rows, i, 1));
        ASSERT_STR_EQUAL(i < 3 ? "approved" : "waitlisted", row_text(rows, i, 2));
    }
    signup_fixture_check(ctx);
}

/* ---- What others cause ---- */

static const BusSubscription *subscription(const char *consumer)
{
    const BusSubscription *at = signup_subscriptions;
    while (!str_equal(at->consumer, consumer)) {
        at++;
    }
    return at;
}

static void deliver(Ctx *ctx, const char *consumer, const char *payload)
{
    CLEANUP(store_scope_end) StoreScope scope = {};
    BusMessage message = {.id = 1, .payload = payload, .attempt = 1};
    ASSERT_OK(store_begin(ctx->db, &scope));
    ASSERT_OK(subscription(consumer)->handle(ctx, &message));
    ASSERT_OK(store_commit(&scope));
}

FIXTURE_TEST(signup, cancelled_shift_cancels_all_that_live_in_it)
{
    SignupFixture fixture = {.needed = 2, .volunteer_count = 4};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *gone = join(ctx, &fixture, 1);
    join(ctx, &fixture, 2);
    ASSERT_OK(change(ctx, gone->id, CANCEL));
    const char *payload = arena_printf(ctx->arena, "{\"shift_id\": %lld, \"reason\": \"Storm\"}",
                                       (long long)fixture.shift_id);
    for (int i = 0; i < 2; i++) {
        deliver(ctx, "signup-shift-cancelled", payload);
    }
    ASSERT_OK(signup_find(ctx, first->id, &first));
    ASSERT_INT_EQUAL(SIGNUP_CANCELLED, first->state);
    ASSERT_STR_EQUAL("system", first->cancelled_by);
    ASSERT_STR_EQUAL("Storm", first->cancel_reason);
    ASSERT_INT_EQUAL(0, signup_fixture_sql(ctx, "SELECT taken + waiting FROM shift_place", NULL,
                                           NO_ARGS));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, moved_shift_moves_its_signups)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    TimeMs starts_at = first->starts_at + DAY_MS;
    signup_fixture_sql(ctx, "UPDATE shift SET starts_at = $1, ends_at = $2", NULL,
                       ARGS(sql_time(starts_at), sql_time(starts_at + HOUR_MS)));
    signup_fixture_sql(ctx, "UPDATE shift_place SET needed = 2", NULL, NO_ARGS);
    deliver(ctx, "signup-shift-changed",
            arena_printf(ctx->arena, "{\"shift_id\": %lld}", (long long)fixture.shift_id));
    ASSERT_OK(signup_find(ctx, first->id, &first));
    ASSERT_INT_EQUAL(starts_at, first->starts_at);
    ASSERT_INT_EQUAL(starts_at + HOUR_MS, first->ends_at);
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, second->id));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, attendance_keeps_the_count)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    Signup *second = join(ctx, &fixture, 1);
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(ctx->db, &scope));
    ASSERT_OK(signup_mark(ctx, first->id, SIGNUP_ATTENDED));
    ASSERT_OK(signup_mark(ctx, first->id, SIGNUP_ABSENT));
    ASSERT_OK(signup_mark(ctx, first->id, SIGNUP_ATTENDED));
    ASSERT_ERR(ERR_CONFLICT, signup_mark(ctx, second->id, SIGNUP_ATTENDED));
    ASSERT_OK(store_commit(&scope));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, of_who_did_not_come_keeps_its_place)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 2};
    signup_fixture_make(ctx, &fixture);
    Signup *first = join(ctx, &fixture, 0);
    ASSERT_OK(signup_mark(ctx, first->id, SIGNUP_ABSENT));
    Signup *second = join(ctx, &fixture, 1);
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, second->state);
    /* It was a mistake: there is no second one to share the place with. */
    ASSERT_OK(signup_mark(ctx, first->id, SIGNUP_ATTENDED));
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, of_nobody_is_not_marked)
{
    ASSERT_OK(signup_mark(ctx, 0, SIGNUP_ATTENDED));
}

/* ---- People who are not to come any more ---- */

typedef struct StateChange {
    Ctx *ctx;
    VolunteerStateChange change;
} StateChange;

static Err *set_state(Db *db, void *arg)
{
    const StateChange *work = arg;
    Ctx ctx = *work->ctx;
    ctx.db = db;
    return volunteer_set_state(&ctx, fixture_find_volunteer(&ctx, work->change.id), &work->change);
}

FIXTURE_TEST(signup, of_who_is_suspended_or_archived_goes_to_who_waits)
{
    static const VolunteerState STATES[] = {VOLUNTEER_SUSPENDED, VOLUNTEER_ARCHIVED};
    SignupFixture fixture = {.needed = 1, .volunteer_count = 3};
    signup_fixture_make(ctx, &fixture);
    Signup *signups[3];
    for (size_t i = 0; i < COUNT_OF(signups); i++) {
        signups[i] = join(ctx, &fixture, i);
    }
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        StateChange work = {.ctx = ctx,
                            .change = {.id = fixture.volunteers[i],
                                       .state = STATES[i],
                                       .reason = "did not keep to the rules"}};
        ASSERT_OK(store_transact(ctx->db, set_state, &work));
        Signup *cancelled = NULL;
        ASSERT_OK(signup_find(ctx, signups[i]->id, &cancelled));
        ASSERT_INT_EQUAL(SIGNUP_CANCELLED, cancelled->state);
        /* By staff: the person is told, with the reason. */
        ASSERT_STR_EQUAL("staff", cancelled->cancelled_by);
        ASSERT_STR_EQUAL("did not keep to the rules", cancelled->cancel_reason);
        ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, signups[i + 1]->id));
    }
    signup_fixture_check(ctx);
}

FIXTURE_TEST(signup, of_a_shift_that_has_begun_stays_when_its_volunteer_is_suspended)
{
    SignupFixture fixture = {.needed = 1, .volunteer_count = 1};
    signup_fixture_make(ctx, &fixture);
    Signup *signup = join(ctx, &fixture, 0);
    fixture_advance(ctx, FIXTURE_START_AFTER_MS + HOUR_MS);
    StateChange work = {
        .ctx = ctx,
        .change = {.id = fixture.volunteers[0], .state = VOLUNTEER_SUSPENDED, .reason = "test"}};
    ASSERT_OK(store_transact(ctx->db, set_state, &work));
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, state_of(ctx, signup->id));
}
