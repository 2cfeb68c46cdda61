#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fiber/fiber.h"
#include "tests/unit/fixture.h"
#include "voms/statistics/statistics_internal.h"
#include "voms/statistics/statistics_test.sql.h"
#include "voms/unit/unit.h"

#define MARCH ((TimeMs)1772326800000) /* 2026-03-01T01:00:00Z, 09:00 in Shanghai */

/* ---- The world ---- */

/* As the subscription for subjects that begin so. */
static BusHandler *find_handler(const char *subject)
{
    size_t length = strcspn(subject, ".") + 1;
    const BusSubscription *subscription = statistics_concept.subscriptions;
    while (subscription->consumer != NULL && strncmp(subscription->subject, subject, length) != 0) {
        subscription++;
    }
    ASSERT(subscription->handle != NULL);
    return subscription->handle;
}

static void tell(Ctx *ctx, const char *subject, const char *payload)
{
    BusMessage message = {.id = 1, .subject = subject, .key = "x", .payload = payload};
    ASSERT_OK(find_handler(subject)(ctx, &message));
}

static void tell_volunteer(Ctx *ctx, int64_t id)
{
    tell(ctx, "volunteer.updated", arena_printf(ctx->arena, "{\"volunteer_id\":%" PRId64 "}", id));
}

static void tell_activity(Ctx *ctx, int64_t id)
{
    tell(ctx, "attendance.recorded",
         arena_printf(ctx->arena, "{\"activity_id\":%" PRId64 ",\"volunteer_id\":1}", id));
}

static void add_activity(Ctx *ctx, int64_t id, UnitId unit, TimeMs from)
{
    SqlValue begin = sql_time(from);
    SqlValue end = sql_time(from + 2 * HOUR_MS);
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_INSERT_ACTIVITY,
                         ARGS(sql_int(id), sql_int(unit.value), begin, end), NULL));
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_INSERT_SHIFT, ARGS(sql_int(id), begin, end),
                         NULL));
}

static void attend(Ctx *ctx, int64_t activity, int64_t volunteer, const char *state)
{
    ASSERT_OK(store_exec(
        ctx->db, &SQL_STATISTICS_TEST_ATTEND,
        ARGS(sql_int(activity), sql_int(volunteer), sql_text(state), sql_time(MARCH)), NULL));
}

static void count(Ctx *ctx)
{
    bool more = true;
    ASSERT_OK(statistics_refresh(ctx, DAY_MS, &more));
    ASSERT(!more);
}

static StatisticsSums sums_of(Ctx *ctx, UnitId unit, StatisticsMonth month)
{
    ObjectList list = {};
    StatisticsScope scope = {.unit_id = unit};
    ASSERT_OK(
        statistics_list_months(ctx, &scope, (StatisticsPeriod){.from = month, .to = month}, &list));
    const StatisticsSums *sums = list.items;
    for (size_t i = 0; i < list.count; i++) {
        if (sums[i].month == month) {
            return sums[i];
        }
    }
    return (StatisticsSums){};
}

static int64_t findings_of(Ctx *ctx)
{
    StatisticsVerification verification = {};
    ASSERT_OK(statistics_verify(ctx, &verification));
    return verification.findings;
}

/* ---- Tests ---- */

FIXTURE_TEST(statistics, are_zero_at_first_and_equal_a_rebuild)
{
    count(ctx);
    ASSERT_INT_EQUAL(0, sums_of(ctx, UNIT_ROOT, STATISTICS_NOW).people);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, a_message_that_comes_twice_counts_once)
{
    ASSERT_OK(volunteer_generate(ctx, 5, 7));
    count(ctx);
    add_activity(ctx, 7, UNIT_ROOT, MARCH);
    attend(ctx, 7, 1, "completed");
    attend(ctx, 7, 2, "absent");
    for (int i = 0; i < 3; i++) {
        tell_activity(ctx, 7);
        tell_activity(ctx, 7);
        tell_volunteer(ctx, 1);
        count(ctx);
        StatisticsSums march = sums_of(ctx, UNIT_ROOT, 202603);
        ASSERT_INT_EQUAL(1, march.activities);
        ASSERT_INT_EQUAL(1, march.attended);
        ASSERT_INT_EQUAL(1, march.absent);
        ASSERT_STR_EQUAL("0.5000", march.no_show_rate);
    }
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, one_late_message_heals_all_that_went_before)
{
    ASSERT_OK(volunteer_generate(ctx, 5, 7));
    add_activity(ctx, 7, UNIT_ROOT, MARCH);
    count(ctx);
    for (int64_t volunteer = 1; volunteer <= 4; volunteer++) {
        attend(ctx, 7, volunteer, "completed"); /* their messages are lost */
    }
    attend(ctx, 7, 5, "absent");
    tell_activity(ctx, 7);
    count(ctx);
    ASSERT_INT_EQUAL(4, sums_of(ctx, UNIT_ROOT, 202603).attended);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, messages_about_what_is_gone_or_says_nothing_do_no_harm)
{
    count(ctx);
    tell_activity(ctx, 4711);
    tell_volunteer(ctx, 4711);
    tell(ctx, "volunteer.added", "{\"first_id\":5,\"last_id\":9000}");
    tell(ctx, "ledger.granted", "{}");
    tell(ctx, "signup.created", "{\"activity_id\":null}");
    count(ctx);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, a_rebuild_drops_what_is_kept_of_nothing)
{
    ASSERT_OK(volunteer_generate(ctx, 3, 7));
    count(ctx);
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_ORPHAN, ARGS(sql_int(4711)), NULL));
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_TAMPER, ARGS(sql_int(1)), NULL));
    ASSERT(findings_of(ctx) >= 2);
    ASSERT_OK(statistics_rebuild(ctx));
    ASSERT_INT_EQUAL(0, findings_of(ctx));
    ASSERT_INT_EQUAL(3, sums_of(ctx, UNIT_ROOT, STATISTICS_NOW).active);
}

/* What happens at random to volunteers and activities, with messages that come late, twice, or that
 * another of the same object stands for. */
typedef struct Chaos {
    Ctx *ctx;
    unsigned short seed[3];
    UnitId units[4];
    int64_t owed[64]; /* objects whose message is still to come: activities are negative */
    size_t owed_count;
} Chaos;

#define CHAOS_VOLUNTEERS 12
#define CHAOS_ACTIVITIES 5

static int64_t below(Chaos *chaos, int64_t limit)
{
    return nrand48(chaos->seed) % limit;
}

static void pay(Chaos *chaos, size_t index)
{
    int64_t object = chaos->owed[index];
    if (object < 0) {
        tell_activity(chaos->ctx, -object);
    } else {
        tell_volunteer(chaos->ctx, object);
    }
    if (below(chaos, 4) != 0) { /* else it will come again */
        chaos->owed[index] = chaos->owed[--chaos->owed_count];
    }
}

static void owe(Chaos *chaos, int64_t object)
{
    while (chaos->owed_count == COUNT_OF(chaos->owed)) {
        pay(chaos, 0);
    }
    chaos->owed[chaos->owed_count++] = object;
}

static void change_volunteer(Chaos *chaos)
{
    static const char *const STATES[] = {"active", "inactive", "suspended", "archived"};
    int64_t id = 1 + below(chaos, CHAOS_VOLUNTEERS);
    ASSERT_OK(store_exec(chaos->ctx->db, &SQL_STATISTICS_TEST_VOLUNTEER,
                         ARGS(sql_int(id), sql_int(chaos->units[below(chaos, 4)].value),
                              sql_text(STATES[below(chaos, 4)])),
                         NULL));
    owe(chaos, id);
}

static void change_activity(Chaos *chaos)
{
    static const char *const STATES[] = {"published", "in_progress", "ended", "settled",
                                         "cancelled"};
    int64_t id = 1 + below(chaos, CHAOS_ACTIVITIES);
    ASSERT_OK(store_exec(chaos->ctx->db, &SQL_STATISTICS_TEST_ACTIVITY,
                         ARGS(sql_int(id), sql_text(STATES[below(chaos, 5)]), sql_time(MARCH)),
                         NULL));
    owe(chaos, -id);
}

static void change_attendance(Chaos *chaos)
{
    static const char *const STATES[] = {"present", "completed", "absent"};
    int64_t activity = 1 + below(chaos, CHAOS_ACTIVITIES);
    int64_t volunteer = 1 + below(chaos, CHAOS_VOLUNTEERS);
    if (below(chaos, 3) == 0) {
        ASSERT_OK(store_exec(chaos->ctx->db, &SQL_STATISTICS_TEST_VOID,
                             ARGS(sql_int(activity), sql_int(volunteer)), NULL));
    } else {
        attend(chaos->ctx, activity, volunteer, STATES[below(chaos, 3)]);
    }
    owe(chaos, -activity);
}

static void one_thing(Chaos *chaos)
{
    switch (below(chaos, 6)) {
    case 0:
        change_volunteer(chaos);
        return;
    case 1:
        change_activity(chaos);
        return;
    case 2:
    case 3:
        change_attendance(chaos);
        return;
    case 4:
        count(chaos->ctx);
        return;
    default:
        if (chaos->owed_count > 0) {
            pay(chaos, (size_t)below(chaos, (int64_t)chaos->owed_count));
        }
    }
}

FIXTURE_TEST(statistics, random_changes_and_disordered_messages_end_like_a_rebuild)
{
    Chaos chaos = {.ctx = ctx, .seed = {1, 2, 3}};
    chaos.units[0] = UNIT_ROOT;
    chaos.units[1] = fixture_unit(ctx, UNIT_ROOT, "North");
    chaos.units[2] = fixture_unit(ctx, chaos.units[1], "Team");
    chaos.units[3] = fixture_unit(ctx, UNIT_ROOT, "South");
    ASSERT_OK(volunteer_generate(ctx, CHAOS_VOLUNTEERS, 7));
    for (int64_t id = 1; id <= CHAOS_ACTIVITIES; id++) {
        add_activity(ctx, id, chaos.units[id % 4], MARCH + id * 20 * DAY_MS);
        owe(&chaos, -id);
    }
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 150; i++) {
            one_thing(&chaos);
        }
        while (chaos.owed_count > 0) {
            pay(&chaos, chaos.owed_count - 1);
        }
        ASSERT_INT_EQUAL(0, findings_of(ctx));
    }
}

typedef struct Racer {
    Ctx *ctx;
    Waiter *ended;
    size_t *running;
} Racer;

static void race(void *arg)
{
    Racer *racer = arg;
    Ctx *ctx = fixture_super(racer->ctx);
    for (int64_t i = 0; i < 10; i++) {
        tell_activity(ctx, 1 + i % 3);
        count(ctx);
    }
    if (--*racer->running == 0) {
        waiter_wake(racer->ended);
    }
}

FIXTURE_TEST(statistics, those_who_count_at_once_do_not_count_twice)
{
    FiberGroup group;
    Waiter ended;
    size_t running = 4;
    Racer racer = {.ctx = ctx, .ended = &ended, .running = &running};
    ASSERT_OK(volunteer_generate(ctx, 8, 7));
    for (int64_t id = 1; id <= 3; id++) {
        add_activity(ctx, id, UNIT_ROOT, MARCH);
        attend(ctx, id, id, "completed");
    }
    fiber_group_init(&group);
    waiter_init(&ended);
    for (size_t i = 0; i < 4; i++) {
        fiber_spawn(&group, "counter", race, &racer);
    }
    ASSERT_OK(waiter_wait(&ended, deadline_after(MINUTE_MS)));
    fiber_group_done(&group);
    ASSERT_INT_EQUAL(3, sums_of(ctx, UNIT_ROOT, 202603).attended);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, units_move_with_all_that_was_counted)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId team = fixture_unit(ctx, UNIT_ROOT, "Team");
    add_activity(ctx, 1, team, MARCH);
    tell_activity(ctx, 1);
    count(ctx);
    ASSERT_INT_EQUAL(0, sums_of(ctx, north, 202603).activities);
    Unit *moved = NULL;
    ASSERT_OK(unit_move(ctx, team, north, &moved));
    tell(ctx, "unit.moved", "{}");
    count(ctx);
    ASSERT_INT_EQUAL(1, sums_of(ctx, north, 202603).activities);
    ASSERT_INT_EQUAL(1, sums_of(ctx, UNIT_ROOT, 202603).activities);
    ASSERT_OK(unit_move(ctx, team, UNIT_ROOT, &moved));
    tell(ctx, "unit.moved", "{}");
    tell(ctx, "unit.moved", "{}");
    count(ctx);
    ASSERT_INT_EQUAL(0, sums_of(ctx, north, 202603).activities);
    ASSERT_INT_EQUAL(1, sums_of(ctx, UNIT_ROOT, 202603).activities);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}

FIXTURE_TEST(statistics, follow_who_left_a_unit_before_it_was_deleted)
{
    ASSERT_OK(volunteer_generate(ctx, 1, 7));
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId team = fixture_unit(ctx, north, "Team");
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_VOLUNTEER,
                         ARGS(sql_int(1), sql_int(team.value), sql_text("active")), NULL));
    count(ctx);
    ASSERT_INT_EQUAL(1, sums_of(ctx, north, STATISTICS_NOW).people);
    ASSERT_OK(store_exec(ctx->db, &SQL_STATISTICS_TEST_VOLUNTEER,
                         ARGS(sql_int(1), sql_int(1), sql_text("active")), NULL));
    tell_volunteer(ctx, 1);
    ASSERT_OK(
        store_exec(ctx->db, &SQL_STATISTICS_TEST_DELETE_UNIT, ARGS(sql_int(team.value)), NULL));
    tell(ctx, "unit.deleted", "{}");
    count(ctx);
    ASSERT_INT_EQUAL(0, sums_of(ctx, north, STATISTICS_NOW).people);
    ASSERT_INT_EQUAL(1, sums_of(ctx, UNIT_ROOT, STATISTICS_NOW).people);
    ASSERT_INT_EQUAL(0, findings_of(ctx));
}
