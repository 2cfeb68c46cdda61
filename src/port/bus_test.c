/* bus_test.c - messages reach their consumers, on both databases. */
#include "port/bus.h"

#include <stdio.h>
#include <string.h>

#include "bus_test.sql.h"
#include "port/store_test_support.h"

typedef struct BusTest {
    StoreTest *t;
    Bus *bus;
    int calls;
    int running;
    int running_max;
    int failures_left; /* so many calls fail first */
    bool slow;         /* the handler waits until it is cancelled */
    int64_t sleep_ms;
    int last_attempt;
    const char *last_payload;
} BusTest;

/* Handlers know nothing but their message, so the present test is here. */
static BusTest *present;

static Err *handle(Ctx *ctx, const BusMessage *message)
{
    Db *db = (Db *)ctx;
    present->calls++;
    present->running++;
    present->running_max = MAX(present->running_max, present->running);
    present->last_attempt = message->attempt;
    present->last_payload = arena_strdup(present->t->arena, message->payload);
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

/* Stands for the app layer: here a Ctx is nothing but a Db. */
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
    return subscription->own_transactions ? handle_and_record(db, &work)
                                          : store_transact(db, handle_and_record, &work);
}

static const BusSubscription EFFECTS[] = {
    {.consumer = "effects", .subject = "thing.happened", .handle = handle},
    {},
};

static void bus_init(BusTest *b, StoreTest *t, const BusSubscription *subscriptions)
{
    MigrationReport report;
    *b = (BusTest){.t = t};
    present = b;
    ASSERT_OK(store_migrate(t->arena, &t->options, SOURCE_ROOT "/migrations", false, &report));
    ASSERT_OK(store_exec_many(&t->db, &SQL_EFFECT_TABLE, &NO_ARGS, 1, NULL));
    BusOptions options = {.store = t->store, .run = run_handler, .owner = t->store};
    ASSERT_OK(bus_open(t->arena, &options, &b->bus));
    bus_subscribe(b->bus, subscriptions);
    ASSERT_OK(bus_start(b->bus));
}

static void bus_done(BusTest *b)
{
    bus_stop(b->bus, 1000);
    bus_close(b->bus);
    time_set_offset(0);
}

static int64_t count(BusTest *b, const SqlStatement *statement)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&b->t->db, statement, NO_ARGS, &rows));
    return row_int(rows, 0, 0);
}

/* Waits for a state that must come; the test's own time limit ends it if it does not. */
static void wait_for_count(BusTest *b, const SqlStatement *statement, int64_t wanted)
{
    for (int i = 0; i < 2000 && count(b, statement) != wanted; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(wanted, count(b, statement));
}

static void publish(BusTest *b, const char *subject, const char *key)
{
    ASSERT_OK(bus_publish(&b->t->db, subject, key, "{\"n\": 1}"));
}

STORE_TEST(message_is_handled_once)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, EFFECTS);
    publish(&b, "thing.happened", "thing:1");
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    ASSERT_INT_EQUAL(1, b.calls);
    ASSERT_INT_EQUAL(1, b.last_attempt);
    ASSERT_STR_EQUAL("{\"n\": 1}", b.last_payload);
    ASSERT_INT_EQUAL(1, count(&b, &SQL_INBOX_COUNT));
    ASSERT_INT_EQUAL(1, bus_stats(b.bus).handled);
}

static Err *publish_and_refuse(Db *db, void *arg UNUSED)
{
    TRY(bus_publish(db, "thing.happened", "thing:1", "{}"));
    return ERR(db->arena, ERR_INVALID, "refused", "no");
}

STORE_TEST(rolled_back_message_is_never_sent)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, EFFECTS);
    ASSERT_ERR(ERR_INVALID, store_transact(&t->db, publish_and_refuse, NULL));
    publish(&b, "thing.happened", "thing:2");
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    ASSERT_INT_EQUAL(1, b.calls);
}

static const BusSubscription PATTERNS[] = {
    {.consumer = "one", .subject = "thing.*", .handle = handle},
    {.consumer = "two", .subject = "thing.happened", .handle = handle},
    {.consumer = "three", .subject = "other.*", .handle = handle},
    {},
};

STORE_TEST(message_goes_to_every_subscription_of_its_subject)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, PATTERNS);
    publish(&b, "thing.happened", "a"); /* one, two */
    publish(&b, "thing.changed", "b");  /* one */
    publish(&b, "thing.part.lost", "c");
    publish(&b, "thing", "d");
    wait_for_count(&b, &SQL_EFFECT_COUNT, 3);
    wait_for_count(&b, &SQL_WAITING_COUNT, 0);
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    ASSERT_INT_EQUAL(3, b.calls);
}

STORE_TEST(failed_handler_is_tried_again_and_leaves_nothing_before)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, EFFECTS);
    b.failures_left = 2;
    publish(&b, "thing.happened", "thing:1");
    for (int i = 0; i < 1000 && count(&b, &SQL_EFFECT_COUNT) == 0; i++) {
        ASSERT_OK(fiber_sleep(10));
        time_set_offset(i * MINUTE_MS);
        bus_nudge(b.bus);
    }
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    ASSERT_INT_EQUAL(3, b.calls);
    ASSERT_INT_EQUAL(3, b.last_attempt);
    ASSERT_INT_EQUAL(2, bus_stats(b.bus).failed_attempts);
}

static const BusSubscription STUBBORN[] = {
    {.consumer = "stubborn", .subject = "thing.happened", .handle = handle, .attempts_max = 2},
    {},
};

STORE_TEST(message_that_always_fails_becomes_a_dead_letter)
{
    CLEANUP(bus_done) BusTest b;
    StoreRows *rows = NULL;
    bus_init(&b, t, STUBBORN);
    b.failures_left = 1000;
    publish(&b, "thing.happened", "thing:1");
    for (int i = 0; i < 1000 && count(&b, &SQL_DEAD_COUNT) == 0; i++) {
        ASSERT_OK(fiber_sleep(10));
        time_set_offset(i * MINUTE_MS);
        bus_nudge(b.bus);
    }
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    ASSERT_OK(store_query(&t->db, &SQL_DEAD_FIND, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(1, rows->count);
    ASSERT_STR_EQUAL("stubborn", row_text(rows, 0, 0));
    ASSERT_STR_EQUAL("thing:1", row_text(rows, 0, 1));
    ASSERT_INT_EQUAL(2, row_int(rows, 0, 2));
    ASSERT(strstr(row_text(rows, 0, 3), "the test wants it so") != NULL);
    ASSERT_INT_EQUAL(0, count(&b, &SQL_EFFECT_COUNT));
    ASSERT_INT_EQUAL(2, b.calls);
}

static const BusSubscription WIDE[] = {
    {.consumer = "wide", .subject = "thing.happened", .handle = handle, .concurrency = 4},
    {},
};

STORE_TEST(no_more_handlers_run_than_allowed)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, WIDE);
    b.sleep_ms = 2;
    for (int i = 0; i < 40; i++) {
        publish(&b, "thing.happened", "x");
    }
    wait_for_count(&b, &SQL_EFFECT_COUNT, 40);
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    ASSERT_INT_EQUAL(40, b.calls);
    ASSERT(b.running_max <= 4);
}

STORE_TEST(delivery_of_a_dead_process_is_taken_up_again)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, EFFECTS);
    ASSERT_OK(store_exec(&t->db, &SQL_DEAD_PROCESS_MESSAGE, ARGS(sql_time(time_now())), NULL));
    ASSERT_OK(store_exec(&t->db, &SQL_DEAD_PROCESS_DELIVERY,
                         ARGS(sql_time(time_now()), sql_time(time_now() + 15 * SECOND_MS)), NULL));
    ASSERT_OK(fiber_sleep(50));
    ASSERT_INT_EQUAL(0, b.calls);
    time_set_offset(20 * SECOND_MS);
    bus_nudge(b.bus);
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    ASSERT_INT_EQUAL(2, b.last_attempt);
}

STORE_TEST(message_handled_before_is_not_handled_again)
{
    CLEANUP(bus_done) BusTest b;
    bus_init(&b, t, EFFECTS);
    publish(&b, "thing.happened", "thing:1");
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    /* As if the delivery's end had been lost, or the relay had run twice. */
    ASSERT_OK(store_exec(&t->db, &SQL_DELIVER_AGAIN, ARGS(sql_time(time_now())), NULL));
    bus_nudge(b.bus);
    wait_for_count(&b, &SQL_DELIVERY_COUNT, 0);
    ASSERT_INT_EQUAL(1, count(&b, &SQL_EFFECT_COUNT));
    ASSERT_INT_EQUAL(0, bus_stats(b.bus).failed_attempts);
}

STORE_TEST(interrupted_handler_does_not_count_as_an_attempt)
{
    BusTest b;
    bus_init(&b, t, EFFECTS);
    b.sleep_ms = 60000;
    publish(&b, "thing.happened", "thing:1");
    for (int i = 0; i < 1000 && b.running == 0; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(1, b.running);
    bus_stop(b.bus, 50);
    bus_close(b.bus);
    ASSERT_INT_EQUAL(0, count(&b, &SQL_EFFECT_COUNT));
    ASSERT_INT_EQUAL(0, count(&b, &SQL_DELIVERY_ATTEMPTS));

    b.sleep_ms = 0;
    BusOptions options = {.store = t->store, .run = run_handler, .owner = t->store};
    ASSERT_OK(bus_open(t->arena, &options, &b.bus));
    bus_subscribe(b.bus, EFFECTS);
    ASSERT_OK(bus_start(b.bus));
    wait_for_count(&b, &SQL_EFFECT_COUNT, 1);
    ASSERT_INT_EQUAL(1, b.last_attempt);
    bus_done(&b);
}
