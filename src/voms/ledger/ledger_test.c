#include "tests/unit/fixture.h"
#include "voms/ledger/ledger.h"
#include "voms/ledger/ledger_internal.h"
#include "voms/ledger/ledger_test.sql.h"
#include "voms/unit/unit.h"

#define MORNING ((TimeMs)1772326800000) /* 2026-03-01T01:00:00Z, 09:00 in Shanghai */

/* ---- The world ---- */

typedef struct ActivitySeed {
    int64_t id;
    UnitId unit_id;    /* 0: the root */
    const char *state; /* NULL: ended */
    int64_t from;      /* minutes after MORNING */
    int64_t to;
    bool lacks_declaration;
} ActivitySeed;

/* One shift with the activity's id and time. */
static void add_activity(Ctx *ctx, const ActivitySeed *seed)
{
    TimeMs from = MORNING + seed->from * MINUTE_MS;
    TimeMs to = MORNING + seed->to * MINUTE_MS;
    UnitId unit = seed->unit_id.value == 0 ? UNIT_ROOT : seed->unit_id;
    ASSERT_OK(
        store_exec(ctx->db, &SQL_LEDGER_TEST_ACTIVITY,
                   ARGS(sql_int(seed->id), sql_int(unit.value),
                        sql_text(seed->state == NULL ? "ended" : seed->state), sql_time(from),
                        sql_time(to), seed->lacks_declaration ? sql_null() : sql_text("Wang Wu"),
                        sql_bool(!seed->lacks_declaration)),
                   NULL));
    ASSERT_OK(store_exec(ctx->db, &SQL_LEDGER_TEST_SHIFT,
                         ARGS(sql_int(seed->id), sql_int(seed->id), sql_time(from), sql_time(to)),
                         NULL));
}

static void add_attendance(Ctx *ctx, int64_t activity, int64_t volunteer, const char *grade,
                           int64_t from, int64_t to)
{
    bool back_filled = grade[0] == 'D';
    ASSERT_OK(store_exec(
        ctx->db, &SQL_LEDGER_TEST_ATTENDANCE,
        ARGS(sql_int(activity), sql_int(activity), sql_int(volunteer), sql_text("completed"),
             sql_text(grade), sql_time(MORNING + from * MINUTE_MS),
             sql_text(back_filled ? "back_fill" : "rotating_code"),
             sql_time(MORNING + to * MINUTE_MS), sql_text(back_filled ? "needed" : "none")),
        NULL));
}

static void add_volunteers(Ctx *ctx, int64_t count)
{
    ASSERT_OK(volunteer_generate(ctx, count, 7));
}

typedef struct Seen {
    int64_t id;
    const char *state;
    const char *reason;
    const char *level;
    int64_t minutes;
} Seen;

static Seen claim_of(Ctx *ctx, int64_t activity, int64_t volunteer)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, &SQL_LEDGER_TEST_CLAIM,
                          ARGS(sql_int(activity), sql_int(volunteer)), &rows));
    ASSERT_INT_EQUAL(1, rows->count);
    return (Seen){row_int(rows, 0, 0), row_text(rows, 0, 1), row_text(rows, 0, 2),
                  row_text(rows, 0, 3), row_int(rows, 0, 4)};
}

static int64_t total_of(Ctx *ctx, int64_t volunteer)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, &SQL_LEDGER_TEST_TOTAL, ARGS(sql_int(volunteer)), &rows));
    return row_int(rows, 0, 0);
}

static int64_t messages_of(Ctx *ctx, const char *subject)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, &SQL_LEDGER_TEST_MESSAGES, ARGS(sql_text(subject)), &rows));
    return row_int(rows, 0, 0);
}

static void assert_sound(Ctx *ctx)
{
    LedgerVerification verification = {};
    ASSERT_OK(ledger_verify(ctx, &verification));
    if (verification.findings != 0) {
        test_fail(__FILE__, __LINE__, "%s", verification.first);
    }
}

/* What a request does, in a transaction as its route is. */
typedef enum Deed {
    DEED_APPROVE,
    DEED_REJECT,
    DEED_VOID,
    DEED_REGRANT,
    DEED_DISPUTE,
    DEED_ACCEPT,
    DEED_REFUSE,
    DEED_MOVE,
    DEED_COUNT
} Deed;

typedef struct Act {
    Ctx ctx;
    Deed deed;
    int64_t id;
    int64_t minutes;
    VolunteerId volunteer_id;
    int64_t made;
} Act;

static Err *run_deed(Db *db, void *arg)
{
    Act *act = arg;
    Ctx *ctx = &act->ctx;
    ctx->db = db;
    DisputeDraft draft = {.claim_id = act->id, .message = "not so", .minutes = act->minutes};
    DisputeDecision decision = {.accept = act->deed == DEED_ACCEPT,
                                .minutes = act->minutes,
                                .reason = "seen"};
    switch (act->deed) {
    case DEED_APPROVE:
    case DEED_REJECT:
        return ledger_decide(ctx, act->id, act->deed == DEED_APPROVE, "seen");
    case DEED_VOID:
        return ledger_void(ctx, act->id, "wrong");
    case DEED_REGRANT:
        return ledger_regrant(ctx, act->id, act->minutes, "mended");
    case DEED_DISPUTE:
        return ledger_dispute(ctx, act->volunteer_id, &draft, &act->made);
    case DEED_MOVE:
        return ledger_move(ctx, (VolunteerId){act->id}, act->volunteer_id);
    default:
        return ledger_dispute_decide(ctx, act->id, &decision);
    }
}

static Err *act(Ctx *ctx, Act *deed)
{
    deed->ctx = *ctx;
    return store_transact(ctx->db, run_deed, deed);
}

#define ACT(ctx, ...) act((ctx), &(Act){__VA_ARGS__})

/* ---- Settling ---- */

FIXTURE_TEST(ledger, settling_grants_holds_and_rejects)
{
    add_volunteers(ctx, 5);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 240});
    add_attendance(ctx, 1, 1, "A", -10, 250);
    add_attendance(ctx, 1, 2, "B", 30, 120);
    add_attendance(ctx, 1, 3, "C", 0, 240);
    add_attendance(ctx, 1, 4, "D", 0, 240);
    add_attendance(ctx, 1, 5, "A", 250, 260);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_STR_EQUAL("granted", claim_of(ctx, 1, 1).state);
    ASSERT_INT_EQUAL(240, total_of(ctx, 1));
    ASSERT_INT_EQUAL(90, total_of(ctx, 2));
    ASSERT_STR_EQUAL("held", claim_of(ctx, 1, 3).state);
    ASSERT_STR_EQUAL("grade", claim_of(ctx, 1, 4).reason);
    ASSERT_STR_EQUAL("too_short", claim_of(ctx, 1, 5).reason);
    ASSERT_INT_EQUAL(1, messages_of(ctx, "ledger.granted")); /* of both who are granted */
    Settlement *settlement = NULL;
    ASSERT_OK(ledger_settlement_find(ctx, 1, &settlement));
    ASSERT_INT_EQUAL(2, settlement->held);
    ASSERT_STR_EQUAL("settled", settlement->activity_state);
    ASSERT_STR_EQUAL("2026-03-13", settlement->due_on);
    ASSERT_INT_EQUAL(0, settlement->finished_at);
    assert_sound(ctx);

    ASSERT_OK(ACT(ctx, .deed = DEED_APPROVE, .id = claim_of(ctx, 1, 3).id));
    ASSERT_OK(ACT(ctx, .deed = DEED_REJECT, .id = claim_of(ctx, 1, 4).id));
    ASSERT_ERR(ERR_CONFLICT, ACT(ctx, .deed = DEED_APPROVE, .id = claim_of(ctx, 1, 4).id));
    ASSERT_INT_EQUAL(240, total_of(ctx, 3));
    ASSERT_OK(ledger_settlement_find(ctx, 1, &settlement));
    ASSERT_INT_EQUAL(0, settlement->held);
    ASSERT(settlement->finished_at != 0);
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, settling_again_grants_only_what_is_new)
{
    add_volunteers(ctx, 2);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_INT_EQUAL(120, total_of(ctx, 1));
    add_attendance(ctx, 1, 2, "A", 0, 60);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_INT_EQUAL(120, total_of(ctx, 1));
    ASSERT_INT_EQUAL(60, total_of(ctx, 2));
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, more_attendances_than_a_batch_are_all_settled)
{
    enum { PEOPLE = 1100 };
    add_volunteers(ctx, PEOPLE);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    for (int64_t i = 1; i <= PEOPLE; i++) {
        add_attendance(ctx, 1, i, "A", 0, 60);
    }
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_INT_EQUAL(3, messages_of(ctx, "ledger.granted")); /* one of each batch */
    ASSERT_INT_EQUAL(60, total_of(ctx, 1));
    ASSERT_INT_EQUAL(60, total_of(ctx, PEOPLE));
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, nothing_is_settled_without_the_declaration)
{
    Settlement *settlement = NULL;
    add_volunteers(ctx, 1);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120, .lacks_declaration = true});
    add_activity(ctx, &(ActivitySeed){.id = 2, .to = 120, .state = "published"});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    ASSERT_ERR(ERR_CONFLICT, ledger_settle(ctx, 1));
    ASSERT_ERR(ERR_CONFLICT, ledger_settle(ctx, 2));
    ASSERT_ERR(ERR_NOT_FOUND, ledger_settle(ctx, 3));
    ASSERT_OK(ledger_settlement_find(ctx, 1, &settlement));
    ASSERT_INT_EQUAL(2, settlement->problems.count);
    ASSERT_STR_EQUAL("declaration_missing", settlement->problems.items[0]);
    ASSERT_STR_EQUAL("person_in_charge_missing", settlement->problems.items[1]);
    ASSERT_INT_EQUAL(0, total_of(ctx, 1));
}

/* ---- Across activities ---- */

FIXTURE_TEST(ledger, overlapping_service_is_held_and_not_granted_twice)
{
    add_volunteers(ctx, 1);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    add_activity(ctx, &(ActivitySeed){.id = 2, .from = 60, .to = 180});
    add_activity(ctx, &(ActivitySeed){.id = 3, .from = 180, .to = 240});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    add_attendance(ctx, 2, 1, "A", 60, 180);
    add_attendance(ctx, 3, 1, "A", 180, 240);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_OK(ledger_settle(ctx, 2));
    ASSERT_OK(ledger_settle(ctx, 3));
    Seen second = claim_of(ctx, 2, 1);
    ASSERT_STR_EQUAL("held", second.state);
    ASSERT_STR_EQUAL("overlap", second.reason);
    ASSERT_STR_EQUAL("granted", claim_of(ctx, 3, 1).state);
    ASSERT_ERR(ERR_CONFLICT, ACT(ctx, .deed = DEED_APPROVE, .id = second.id));
    ASSERT_OK(ACT(ctx, .deed = DEED_VOID, .id = claim_of(ctx, 1, 1).id));
    ASSERT_OK(ACT(ctx, .deed = DEED_APPROVE, .id = second.id));
    ASSERT_INT_EQUAL(180, total_of(ctx, 1));
    assert_sound(ctx);
}

typedef struct Settler {
    Services *services;
    int64_t activity_id;
    TimeMs now;
} Settler;

static void settle_in_fiber(void *arg)
{
    const Settler *settler = arg;
    Ctx *ctx = ctx_new_system(settler->services);
    ctx->now = settler->now;
    ASSERT_OK(ledger_settle(ctx, settler->activity_id));
}

FIXTURE_TEST(ledger, two_who_settle_at_once_do_not_both_grant)
{
    enum { PEOPLE = 40 };
    add_volunteers(ctx, PEOPLE);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    add_activity(ctx, &(ActivitySeed){.id = 2, .to = 120});
    for (int64_t i = 1; i <= PEOPLE; i++) {
        add_attendance(ctx, 1, i, "A", 0, 120);
        add_attendance(ctx, 2, PEOPLE + 1 - i, "A", 0, 120);
    }
    Settler settlers[] = {{ctx->services, 1, ctx->now},
                          {ctx->services, 2, ctx->now},
                          {ctx->services, 1, ctx->now}};
    FiberGroup group;
    fiber_group_init(&group);
    for (size_t i = 0; i < COUNT_OF(settlers); i++) {
        fiber_spawn(&group, "settle", settle_in_fiber, &settlers[i]);
    }
    fiber_group_join(&group);
    for (int64_t i = 1; i <= PEOPLE; i++) {
        ASSERT_INT_EQUAL(120, total_of(ctx, i));
    }
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, long_days_need_the_unit_and_longer_ones_its_parent)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    Ctx *of_north = fixture_with_role(ctx, "north.admin", "unit_administrator", north);
    add_volunteers(ctx, 1);
    for (int64_t i = 0; i < 3; i++) {
        add_activity(ctx, &(ActivitySeed){
                              .id = i + 1, .unit_id = north, .from = i * 300, .to = i * 300 + 300});
        add_attendance(ctx, i + 1, 1, "A", i * 300, i * 300 + 300);
        ASSERT_OK(ledger_settle(ctx, i + 1));
    }
    ASSERT_STR_EQUAL("granted", claim_of(ctx, 1, 1).state);
    ASSERT_STR_EQUAL("unit_limit", claim_of(ctx, 2, 1).reason);
    ASSERT_STR_EQUAL("unit", claim_of(ctx, 2, 1).level);
    ASSERT_OK(ACT(of_north, .deed = DEED_APPROVE, .id = claim_of(ctx, 2, 1).id));
    /* By now it is the third that would make fifteen hours. */
    ASSERT_ERR(ERR_FORBIDDEN, ACT(of_north, .deed = DEED_APPROVE, .id = claim_of(ctx, 3, 1).id));
    ASSERT_OK(ACT(fixture_super(ctx), .deed = DEED_APPROVE, .id = claim_of(ctx, 3, 1).id));
    ASSERT_INT_EQUAL(900, total_of(ctx, 1));
    assert_sound(ctx);
}

/* ---- Correcting ---- */

FIXTURE_TEST(ledger, voids_once_and_regrants_within_the_shift)
{
    add_volunteers(ctx, 1);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 240});
    add_attendance(ctx, 1, 1, "A", 60, 180);
    ASSERT_OK(ledger_settle(ctx, 1));
    int64_t id = claim_of(ctx, 1, 1).id;
    ASSERT_OK(ACT(ctx, .deed = DEED_REGRANT, .id = id, .minutes = 200));
    ASSERT_INT_EQUAL(200, total_of(ctx, 1));
    ASSERT_ERR(ERR_INVALID, ACT(ctx, .deed = DEED_REGRANT, .id = id, .minutes = 241));
    ASSERT_OK(ACT(ctx, .deed = DEED_VOID, .id = id));
    ASSERT_ERR(ERR_CONFLICT, ACT(ctx, .deed = DEED_VOID, .id = id));
    ASSERT_INT_EQUAL(0, total_of(ctx, 1));
    ASSERT_OK(ACT(ctx, .deed = DEED_REGRANT, .id = id, .minutes = 30));
    ASSERT_INT_EQUAL(30, total_of(ctx, 1));
    LedgerQuery query = {.claim_id = id, .before_id = INT64_MAX, .limit = 10, .state = -1};
    LedgerPage entries = {};
    query.with_total = true;
    ASSERT_OK(ledger_entry_list(ctx, &query, &entries));
    ASSERT_INT_EQUAL(5, entries.items.count);
    ASSERT_INT_EQUAL(5, entries.total);
    ASSERT_INT_EQUAL(2, messages_of(ctx, "ledger.voided"));
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, a_dispute_is_decided_by_somebody_else)
{
    add_volunteers(ctx, 2);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 240});
    add_attendance(ctx, 1, 1, "A", 0, 60);
    Ctx *recorder = fixture_with_role(ctx, "recorder", "unit_administrator", UNIT_ROOT);
    Ctx *other = fixture_with_role(ctx, "other", "unit_administrator", UNIT_ROOT);
    ASSERT_OK(ledger_settle(recorder, 1));
    int64_t id = claim_of(ctx, 1, 1).id;
    Act opened = {.deed = DEED_DISPUTE, .id = id, .minutes = 120, .volunteer_id = (VolunteerId){1}};
    ASSERT_ERR(ERR_NOT_FOUND,
               ACT(ctx, .deed = DEED_DISPUTE, .id = id, .volunteer_id = (VolunteerId){2}));
    ASSERT_OK(act(ctx, &opened));
    ASSERT_ERR(ERR_CONFLICT,
               ACT(ctx, .deed = DEED_DISPUTE, .id = id, .volunteer_id = (VolunteerId){1}));
    ASSERT_ERR(ERR_FORBIDDEN,
               ACT(recorder, .deed = DEED_ACCEPT, .id = opened.made, .minutes = 120));
    ASSERT_OK(ACT(other, .deed = DEED_ACCEPT, .id = opened.made, .minutes = 90));
    ASSERT_ERR(ERR_CONFLICT, ACT(other, .deed = DEED_REFUSE, .id = opened.made));
    ASSERT_INT_EQUAL(90, total_of(ctx, 1));
    Dispute *dispute = NULL;
    ASSERT_OK(ledger_dispute_find(ctx, opened.made, &dispute));
    ASSERT_INT_EQUAL(60, dispute->old_minutes);
    ASSERT_INT_EQUAL(90, dispute->new_minutes);
    ASSERT_STR_EQUAL("seen", dispute->decision_reason);
    ASSERT_INT_EQUAL(1, messages_of(ctx, "dispute.decided"));
    assert_sound(ctx);
}

FIXTURE_TEST(ledger, totals_stand_as_they_were_at_any_date)
{
    add_volunteers(ctx, 2);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 240});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    add_attendance(ctx, 1, 2, "A", 0, 60);
    TimeMs before = ctx->now - 1;
    ASSERT_OK(ledger_settle(ctx, 1));
    TimeMs granted = ctx->now;
    fixture_advance(ctx, DAY_MS);
    ASSERT_OK(ACT(ctx, .deed = DEED_REGRANT, .id = claim_of(ctx, 1, 1).id, .minutes = 30));
    const struct {
        TotalQuery query;
        int64_t expected;
    } ROWS[] = {
        {{.as_of = before}, 0},
        {{.as_of = granted}, 180},
        {{}, 90},
        {{.volunteer_id = {1}, .as_of = granted}, 120},
        {{.volunteer_id = {1}}, 30},
        {{.from = "2026-03-02"}, 0},
        {{.from = "2026-03-01", .to = "2026-03-01"}, 90},
        {{.to = "2026-02-28"}, 0},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ObjectList totals = {};
        ASSERT_OK(ledger_total_list(ctx, &ROWS[i].query, &totals));
        ASSERT_INT_EQUAL(ROWS[i].expected, ((ServiceTotal *)totals.items)->minutes);
    }
    TotalQuery by_volunteer = {.group = TOTAL_BY_VOLUNTEER, .limit = 10};
    ObjectList totals = {};
    ASSERT_OK(ledger_total_list(ctx, &by_volunteer, &totals));
    ASSERT_INT_EQUAL(2, totals.count);
    ASSERT_STR_EQUAL("0.5", ((ServiceTotal *)totals.items)->hours);
}

FIXTURE_TEST(ledger, merged_people_keep_their_hours_once)
{
    add_volunteers(ctx, 2);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    add_activity(ctx, &(ActivitySeed){.id = 2, .from = 120, .to = 240});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    add_attendance(ctx, 1, 2, "A", 0, 60);
    add_attendance(ctx, 2, 2, "A", 120, 240);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_OK(ledger_settle(ctx, 2));
    ASSERT_OK(ACT(ctx, .deed = DEED_MOVE, .id = 2, .volunteer_id = (VolunteerId){1}));
    ASSERT_INT_EQUAL(240, total_of(ctx, 1));
    ASSERT_INT_EQUAL(0, total_of(ctx, 2));
    assert_sound(ctx);
}

/* ---- Records and proof ---- */

FIXTURE_TEST(ledger, overdue_records_are_told_of_once)
{
    add_volunteers(ctx, 1);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    fixture_advance(ctx, MORNING + 11 * DAY_MS - ctx->now);
    ASSERT_OK(ledger_schedules[0].run(ctx));
    ASSERT_INT_EQUAL(0, messages_of(ctx, "record.overdue"));
    fixture_advance(ctx, 3 * DAY_MS); /* past 2026-03-13 */
    ASSERT_OK(ledger_schedules[0].run(ctx));
    ASSERT_OK(ledger_schedules[0].run(ctx));
    ASSERT_INT_EQUAL(1, messages_of(ctx, "record.overdue"));
    LedgerQuery query = {.permission = "ledger:read",
                         .state = SETTLEMENT_OVERDUE,
                         .before_id = INT64_MAX,
                         .limit = 10};
    LedgerPage overdue = {};
    ASSERT_OK(ledger_settlement_list(ctx, &query, &overdue));
    ASSERT_INT_EQUAL(1, overdue.items.count);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT_OK(ledger_settlement_list(ctx, &query, &overdue));
    ASSERT_INT_EQUAL(0, overdue.items.count);
}

FIXTURE_TEST(ledger, entries_cannot_be_changed_and_a_wrong_total_is_found)
{
    LedgerVerification verification = {};
    add_volunteers(ctx, 1);
    add_activity(ctx, &(ActivitySeed){.id = 1, .to = 120});
    add_attendance(ctx, 1, 1, "A", 0, 120);
    ASSERT_OK(ledger_settle(ctx, 1));
    ASSERT(store_exec(ctx->db, &SQL_LEDGER_TEST_TAMPER, NO_ARGS, NULL) != NULL);
    assert_sound(ctx);
    ASSERT_OK(store_exec(ctx->db, &SQL_LEDGER_TEST_BREAK_TOTAL, ARGS(sql_int(1)), NULL));
    ASSERT_OK(ledger_verify(ctx, &verification));
    ASSERT_INT_EQUAL(1, verification.findings);
    ASSERT(verification.first != NULL);
}

/* ---- Any order of deeds ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int64_t pick(Ctx *ctx, const SqlStatement *statement, uint64_t *random)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, statement, NO_ARGS, &rows));
    return rows->count == 0 ? 1 : row_int(rows, next_random(random) % rows->count, 0);
}

enum { MODEL_ACTIVITIES = 6, MODEL_PEOPLE = 4, MODEL_STEPS = 120 };

static void random_step(Ctx *ctx, uint64_t *random)
{
    static const char *const GRADES[] = {"A", "A", "B", "C", "D"};
    int64_t activity = 1 + (int64_t)(next_random(random) % MODEL_ACTIVITIES);
    int64_t person = 1 + (int64_t)(next_random(random) % MODEL_PEOPLE);
    uint64_t choice = next_random(random) % (DEED_COUNT + 4);
    Err *err = NULL;
    if (choice < 2) {
        int64_t from = (int64_t)(next_random(random) % 400);
        add_attendance(ctx, activity, person, GRADES[next_random(random) % COUNT_OF(GRADES)], from,
                       from + (int64_t)(next_random(random) % 400));
    } else if (choice < 4) {
        err = ledger_settle(ctx, activity);
    } else {
        Deed deed = (Deed)(choice - 4);
        bool of_dispute = deed == DEED_ACCEPT || deed == DEED_REFUSE;
        Act step = {.deed = deed,
                    .id =
                        pick(ctx, of_dispute ? &SQL_LEDGER_TEST_DISPUTES : &SQL_LEDGER_TEST_CLAIMS,
                             random),
                    .minutes = (int64_t)(next_random(random) % 300),
                    .volunteer_id = {person}};
        if (deed == DEED_MOVE) {
            return; /* people are not merged back and forth */
        }
        err = act(ctx, &step);
    }
    if (err != NULL && err->kind != ERR_CONFLICT && err->kind != ERR_INVALID &&
        err->kind != ERR_NOT_FOUND) {
        ASSERT_OK(err);
    }
}

FIXTURE_TEST(ledger, stays_sound_under_any_order_of_deeds)
{
    uint64_t random = 20260301;
    add_volunteers(ctx, MODEL_PEOPLE);
    for (int64_t i = 1; i <= MODEL_ACTIVITIES; i++) {
        add_activity(ctx, &(ActivitySeed){.id = i, .from = i * 60, .to = i * 60 + 300});
    }
    for (int i = 0; i < MODEL_STEPS; i++) {
        random_step(ctx, &random);
        assert_sound(ctx);
    }
    /* It did come to something. */
    ASSERT(messages_of(ctx, "ledger.granted") > 5 && messages_of(ctx, "ledger.voided") > 2);
}
