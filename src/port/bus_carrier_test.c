/* bus_carrier_test.c - messages carried by a real nats-server, on both databases. */
#include "port/bus_carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus_test.sql.h"
#include "io/nats.h"
#include "port/store_test_support.h"
#include "tests/unit/service.h"

#define BUSES_MAX 2

typedef struct CarrierTest {
    StoreTest *t;
    TestService nats;
    const char *port;
    Bus *buses[BUSES_MAX]; /* as of several processes */
    int bus_count;
    int calls;
    int running;
    int running_max;
    int failures_left; /* so many calls fail first */
    int64_t sleep_ms;
    int last_attempt;
} CarrierTest;

/* Handlers know nothing but their message, so the present test is here. */
static CarrierTest *present;

static Err *handle(Ctx *ctx, const BusMessage *message)
{
    Db *db = (Db *)ctx;
    present->calls++;
    present->running++;
    present->running_max = MAX(present->running_max, present->running);
    present->last_attempt = message->attempt;
    Err *err = store_exec(db, &SQL_EFFECT_INSERT, ARGS(sql_text(message->key)), NULL);
    if (err == NULL && present->sleep_ms > 0) {
        err = fiber_sleep(present->sleep_ms);
    }
    present->running--;
    if (err == NULL && present->failures_left > 0) {
        present->failures_left--;
        err = ERR(db->arena, ERR_UNAVAILABLE, "away", "the test wants it so");
    }
    return err;
}

typedef struct Work {
    const BusSubscription *subscription;
    const BusMessage *message;
    Err *(*record)(Db *db, void *arg);
    void *record_arg;
} Work;

static Err *handle_and_record(Db *db, void *arg)
{
    const Work *work = arg;
    TRY(work->subscription->handle((Ctx *)db, work->message));
    return work->record(db, work->record_arg);
}

static Err *run_handler(void *owner, const BusSubscription *subscription, const BusMessage *message,
                        Err *(*record)(Db *db, void *arg), void *record_arg)
{
    Work work = {subscription, message, record, record_arg};
    Db *db = ARENA_NEW(fiber_arena(), Db);
    *db = db_make(owner, fiber_arena());
    return store_transact(db, handle_and_record, &work);
}

static const BusSubscription EFFECTS[] = {
    {.consumer = "effects", .subject = "thing.*", .handle = handle, .attempts_max = 3},
    {},
};

static const BusSubscription WIDE[] = {
    {.consumer = "wide", .subject = "thing.happened", .handle = handle, .concurrency = 4},
    {},
};

static void start_nats(CarrierTest *c)
{
    test_service_start(&c->nats, (const char *const[]){"nats-server", "-a", "127.0.0.1", "-p",
                                                       c->port, "-js", "-sd", "data", NULL});
}

static void start_bus(CarrierTest *c, const BusSubscription *subscriptions)
{
    Bus **bus = &c->buses[c->bus_count++];
    BusOptions options = {.nats_url = arena_printf(c->t->arena, "nats://127.0.0.1:%s", c->port),
                          .nats_stream = "VOMS",
                          .nats_replicas = 1,
                          .store = c->t->store,
                          .run = run_handler,
                          .owner = c->t->store};
    ASSERT_OK(bus_open(c->t->arena, &options, bus));
    bus_subscribe(*bus, subscriptions);
    ASSERT_OK(bus_start(*bus));
}

static void carrier_init(CarrierTest *c, StoreTest *t)
{
    MigrationReport report;
    *c = (CarrierTest){.t = t, .port = arena_printf(t->arena, "%d", test_free_port())};
    present = c;
    test_service_init(&c->nats);
    ASSERT_OK(store_migrate(t->arena, &t->options, SOURCE_ROOT "/migrations", false, &report));
    ASSERT_OK(store_exec_many(&t->db, &SQL_EFFECT_TABLE, &NO_ARGS, 1, NULL));
}

static void stop_buses(CarrierTest *c, int64_t grace_ms)
{
    while (c->bus_count > 0) {
        Bus *bus = c->buses[--c->bus_count];
        bus_stop(bus, grace_ms);
        bus_close(bus);
    }
}

static void carrier_done(CarrierTest *c)
{
    stop_buses(c, 1000);
    test_service_done(&c->nats);
    time_set_offset(0);
}

static int64_t count(CarrierTest *c, const SqlStatement *statement)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&c->t->db, statement, NO_ARGS, &rows));
    return row_int(rows, 0, 0);
}

/* Waits for a state that must come; the test's own time limit ends it if it does not. */
static void wait_for_count(CarrierTest *c, const SqlStatement *statement, int64_t wanted)
{
    for (int i = 0; i < 4000 && count(c, statement) != wanted; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(wanted, count(c, statement));
}

static void publish(CarrierTest *c, const char *key)
{
    ASSERT_OK(bus_publish(&c->t->db, "thing.happened", key, "{\"n\": 1}"));
}

static void wait_for_bus(const CarrierTest *c, const Bus *bus, bool wanted)
{
    BusCarrierState state = {};
    for (int i = 0; i < 4000; i++) {
        ASSERT(bus_find_carrier(bus, c->t->arena, &state));
        if (state.is_ready == wanted) {
            return;
        }
        ASSERT_OK(fiber_sleep(5));
    }
    test_fail(__FILE__, __LINE__, "not %s: %s", wanted ? "ready" : "away", state.reason);
}

static void wait_for_ready(const CarrierTest *c, bool wanted)
{
    for (int i = 0; i < c->bus_count; i++) {
        wait_for_bus(c, c->buses[i], wanted);
    }
}

static void wait_for_all_handled(CarrierTest *c, int64_t effects)
{
    wait_for_count(c, &SQL_EFFECT_COUNT, effects);
    wait_for_count(c, &SQL_WAITING_COUNT, 0);
    wait_for_count(c, &SQL_DELIVERY_COUNT, 0);
}

/* What the operators' page looks at. */
static bool monitor_shows(CarrierTest *c, const char *text)
{
    Arena *arena = c->t->arena;
    NatsOptions options = {.url = arena_printf(arena, "nats://127.0.0.1:%s", c->port)};
    NatsClient *client = nats_client_new(&options);
    NatsMessage answer = {};
    Err *err = ERR(arena, ERR_TIMEOUT, "timeout", "not yet");
    for (int i = 0; i < 1000 && err != NULL; i++) {
        ASSERT_OK(fiber_sleep(5));
        err = nats_request(client, arena, "$JS.API.CONSUMER.INFO.VOMS.effects", "",
                           deadline_after(5000), &answer);
    }
    ASSERT_OK(err);
    nats_client_free(client);
    ASSERT(answer.data != NULL);
    return strstr(answer.data, text) != NULL;
}

STORE_TEST(carried_message_is_handled_once_and_acknowledged)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    publish(&c, "thing:1");
    wait_for_all_handled(&c, 1);
    ASSERT_INT_EQUAL(1, c.calls);
    ASSERT_INT_EQUAL(1, count(&c, &SQL_INBOX_COUNT));
    ASSERT_INT_EQUAL(1, bus_stats(c.buses[0]).handled);
    for (int i = 0; i < 400 && !monitor_shows(&c, "\"num_ack_pending\":0"); i++) {
        ASSERT_OK(fiber_sleep(10));
    }
    ASSERT(monitor_shows(&c, "\"num_pending\":0"));
}

STORE_TEST(messages_wait_in_the_outbox_while_nats_is_away)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_bus(&c, EFFECTS);
    for (int i = 0; i < 250; i++) {
        publish(&c, "early");
    }
    BusCarrierState state = {};
    ASSERT(bus_find_carrier(c.buses[0], t->arena, &state));
    ASSERT(!state.is_ready && *state.reason != 0);
    ASSERT_OK(fiber_sleep(100));
    ASSERT_INT_EQUAL(250, count(&c, &SQL_WAITING_COUNT));
    start_nats(&c);
    wait_for_all_handled(&c, 250);
    ASSERT_INT_EQUAL(250, c.calls);
    wait_for_ready(&c, true);
}

STORE_TEST(nats_killed_and_started_again_loses_and_doubles_nothing)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, WIDE);
    wait_for_ready(&c, true);
    c.sleep_ms = 2;
    for (int i = 0; i < 120; i++) {
        publish(&c, "thing");
        if (i % 40 == 20) {
            ASSERT_OK(fiber_sleep(30));
            test_service_kill(&c.nats);
            ASSERT_OK(fiber_sleep(30));
            start_nats(&c);
        }
    }
    for (int i = 0; i < 4000 && count(&c, &SQL_EFFECT_COUNT) < 120; i++) {
        ASSERT_OK(fiber_sleep(5));
        time_set_offset(i / 100 * 15 * SECOND_MS); /* what got lost is overdue sooner */
    }
    wait_for_all_handled(&c, 120);
    ASSERT_INT_EQUAL(120, count(&c, &SQL_INBOX_COUNT));
}

static void remove_stream_store(const CarrierTest *c)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s/data", c->nats.directory);
    ASSERT(system(command) == 0);
}

STORE_TEST(what_jetstream_lost_is_published_again)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    wait_for_ready(&c, true);
    c.sleep_ms = 500;
    for (int i = 0; i < 5; i++) {
        publish(&c, "thing");
    }
    wait_for_count(&c, &SQL_WAITING_COUNT, 0);
    test_service_kill(&c.nats); /* one is at work, four are in the stream */
    remove_stream_store(&c);
    wait_for_ready(&c, false);
    c.sleep_ms = 0;
    start_nats(&c);
    wait_for_ready(&c, true); /* the stream is made anew */
    for (int i = 1; i < 4000 && count(&c, &SQL_EFFECT_COUNT) < 5; i++) {
        ASSERT_OK(fiber_sleep(5));
        time_set_offset(MIN((int64_t)i, (int64_t)100) * SECOND_MS);
    }
    wait_for_all_handled(&c, 5);
    ASSERT_INT_EQUAL(5, c.calls);
}

STORE_TEST(failed_carried_message_comes_again_and_ends_as_a_dead_letter)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    c.failures_left = 1;
    publish(&c, "thing:1");
    wait_for_all_handled(&c, 1);
    ASSERT_INT_EQUAL(2, c.calls);
    ASSERT_INT_EQUAL(2, c.last_attempt);
    c.failures_left = 1000;
    publish(&c, "thing:2");
    wait_for_count(&c, &SQL_DEAD_COUNT, 1);
    wait_for_all_handled(&c, 1);
    ASSERT_INT_EQUAL(5, c.calls);
    ASSERT_INT_EQUAL(3, c.last_attempt);
}

STORE_TEST(processes_share_what_is_carried)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, WIDE);
    start_bus(&c, WIDE);
    wait_for_ready(&c, true);
    c.sleep_ms = 5;
    for (int i = 0; i < 80; i++) {
        publish(&c, "x");
    }
    wait_for_all_handled(&c, 80);
    ASSERT_INT_EQUAL(80, c.calls);
    ASSERT(c.running_max <= 8);
    for (int i = 0; i < BUSES_MAX; i++) {
        ASSERT(bus_stats(c.buses[i]).handled > 10);
    }
}

STORE_TEST(interrupted_carried_handler_does_not_count_as_an_attempt)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    c.sleep_ms = 60000;
    publish(&c, "thing:1");
    for (int i = 0; i < 2000 && c.running == 0; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(1, c.running);
    stop_buses(&c, 50);
    ASSERT_INT_EQUAL(0, count(&c, &SQL_EFFECT_COUNT));
    ASSERT_INT_EQUAL(0, count(&c, &SQL_DELIVERY_ATTEMPTS));
    c.sleep_ms = 0;
    start_bus(&c, EFFECTS);
    wait_for_all_handled(&c, 1);
    ASSERT_INT_EQUAL(1, c.last_attempt);
}

STORE_TEST(frozen_nats_holds_no_message_back_for_good)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    wait_for_ready(&c, true);
    test_service_freeze(&c.nats);
    publish(&c, "thing:1");
    wait_for_ready(&c, false);
    test_service_thaw(&c.nats);
    wait_for_all_handled(&c, 1);
    ASSERT_INT_EQUAL(1, c.calls);
}

static const BusSubscription RENAMED[] = {
    {.consumer = "effects", .subject = "thing.happened", .handle = handle, .attempts_max = 3},
    {},
};

STORE_TEST(stream_and_consumers_are_upgraded_by_the_next_version)
{
    CLEANUP(carrier_done) CarrierTest c;
    carrier_init(&c, t);
    start_nats(&c);
    start_bus(&c, EFFECTS);
    publish(&c, "thing:1");
    wait_for_all_handled(&c, 1);
    ASSERT(monitor_shows(&c, "\"filter_subject\":\"VOMS.thing.*\""));
    stop_buses(&c, 1000);
    start_bus(&c, RENAMED);
    publish(&c, "thing:2");
    wait_for_all_handled(&c, 2);
    ASSERT(monitor_shows(&c, "\"filter_subject\":\"VOMS.thing.happened\""));
    ASSERT_INT_EQUAL(2, c.calls);
}

TEST(bus, refuses_wrong_settings_of_nats)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Bus *bus = NULL;
    BusOptions options = {.nats_url = "http://localhost", .nats_stream = "VOMS"};
    ASSERT_ERR(ERR_CONFIG, bus_open(arena, &options, &bus));
    options = (BusOptions){.nats_url = "nats://localhost", .nats_stream = "A.B"};
    ASSERT_ERR(ERR_CONFIG, bus_open(arena, &options, &bus));
}
