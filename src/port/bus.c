/* bus.c - one fiber relays messages from the outbox to deliveries and starts their handlers, or has
 * JetStream carry them; another keeps the leases and tidies up. */
#include "port/bus.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "base/vec.h"
#include "bus.sql.h"
#include "port/bus_carrier.h"

#define RELAY_BATCH 200
#define POLL_MS SECOND_MS /* deliveries come due, and other processes publish */
#define RELAY_POLL_MS 250 /* other processes publish most of what there is */
#define RENEW_MS (BUS_LEASE_MS / 3)
#define CLEAN_UP_EVERY_MS (10 * MINUTE_MS)
#define OUTBOX_KEEP_MS (7 * DAY_MS)
#define INBOX_KEEP_MS (30 * DAY_MS)
#define PAUSE_MAX_MS (5 * SECOND_MS)

/* ---- Publishing ---- */

static void on_published(void *arg)
{
    Store *store = arg;
    if (store->published != NULL) {
        store->published(store->published_arg);
    }
}

YIELDS Err *bus_publish(Db *db, const char *subject, const char *key, const char *payload)
{
    TRY(store_exec(db, &SQL_BUS_MESSAGE_INSERT,
                   ARGS(sql_text(subject), sql_text(key), sql_text(payload), sql_time(time_now())),
                   NULL));
    db_after_commit(db, on_published, db->store);
    return NULL;
}

static void wake_relay(void *arg)
{
    Bus *bus = arg;
    waiter_wake(&bus->waiter);
}

void bus_nudge(Bus *bus)
{
    if (bus->loop != NULL && !atomic_exchange(&bus->nudged, true)) {
        loop_post(bus->loop, wake_relay, bus);
    }
}

static void nudge(void *arg)
{
    bus_nudge(arg);
}

/* ---- The relay ---- */

/* "volunteer.*" is for every subject of one more word. */
static bool is_for(const BusSubscription *subscription, const char *subject)
{
    const char *pattern = subscription->subject;
    if (!str_ends_with(pattern, ".*")) {
        return str_equal(pattern, subject);
    }
    size_t prefix = strlen(pattern) - 1;
    return strncmp(pattern, subject, prefix) == 0 && subject[prefix] != 0 &&
           strchr(subject + prefix, '.') == NULL;
}

typedef struct ArgsList {
    VEC(SqlArgs) list;
} ArgsList;

static void add_args(ArgsList *args, Arena *arena, SqlValue a, SqlValue b, SqlValue c)
{
    SqlValue *values = ARENA_ARRAY(arena, SqlValue, 3);
    values[0] = a;
    values[1] = b;
    values[2] = c;
    size_t count = c.type == SQL_NULL ? 2 : 3;
    *(SqlArgs *)vec_push(&args->list, arena) = (SqlArgs){.values = values, .count = count};
}

typedef struct RelayBatch {
    Bus *bus;
    StoreRows *rows; /* id, subject */
} RelayBatch;

/* Reads what waits, and writes the deliveries that it owes. */
YIELDS static Err *owe(Db *db, RelayBatch *batch, const SqlStatement *insert)
{
    ArgsList deliveries = {};
    SqlValue now = sql_time(time_now());
    TRY(store_query(db, &SQL_BUS_WAITING_LOCK, ARGS(sql_int(RELAY_BATCH)), &batch->rows));
    for (size_t i = 0; i < batch->rows->count; i++) {
        SqlValue id = sql_int(row_int(batch->rows, i, 0));
        const char *subject = row_text(batch->rows, i, 1);
        for (const Consumer *c = batch->bus->consumers; c != NULL; c = c->next) {
            if (is_for(c->subscription, subject)) {
                add_args(&deliveries, db->arena, id, sql_text(c->subscription->consumer), now);
            }
        }
    }
    return store_exec_many(db, insert, deliveries.list.items, deliveries.list.count, NULL);
}

YIELDS static Err *owe_carried(Db *db, void *arg)
{
    return owe(db, arg, &SQL_BUS_DELIVERY_OWE);
}

YIELDS static Err *relay_batch(Db *db, void *arg)
{
    RelayBatch *batch = arg;
    ArgsList relayed = {};
    TRY(owe(db, batch, &SQL_BUS_DELIVERY_INSERT));
    for (size_t i = 0; i < batch->rows->count; i++) {
        add_args(&relayed, db->arena, sql_int(row_int(batch->rows, i, 0)), sql_time(time_now()),
                 sql_null());
    }
    return store_exec_many(db, &SQL_BUS_MESSAGE_RELAYED, relayed.list.items, relayed.list.count,
                           NULL);
}

/* What is owed is committed before a message is published, so that whoever gets it finds it; and
 * the message is relayed once JetStream has it. In between a crash leaves it to be published again:
 * as the same message, which JetStream notices. */
YIELDS static Err *carry_batch(Db *db, RelayBatch *batch)
{
    ArgsList relayed = {};
    TRY(store_transact(db, owe_carried, batch));
    size_t count = batch->rows->count;
    CarriedMessage *messages = ARENA_ARRAY(db->arena, CarriedMessage, count + 1);
    for (size_t i = 0; i < count; i++) {
        messages[i].id = row_int(batch->rows, i, 0);
        messages[i].subject = row_text(batch->rows, i, 1);
    }
    Err *refused = bus_carrier_publish(batch->bus->carrier, messages, count);
    for (size_t i = 0; i < count; i++) {
        if (messages[i].taken) {
            add_args(&relayed, db->arena, sql_int(messages[i].id), sql_time(time_now()),
                     sql_null());
        }
    }
    TRY(store_exec_many(db, &SQL_BUS_MESSAGE_RELAYED, relayed.list.items, relayed.list.count,
                        NULL));
    return refused;
}

YIELDS static Err *relay_next(Db *db, RelayBatch *batch)
{
    return batch->bus->carrier == NULL ? store_transact(db, relay_batch, batch)
                                       : carry_batch(db, batch);
}

YIELDS static Err *relay(Bus *bus, Arena *arena)
{
    Db db = db_make(bus->options.store, arena);
    RelayBatch batch = {.bus = bus};
    StoreRows *rows = NULL;
    if (bus->carrier != NULL && !bus_carrier_is_ready(bus->carrier)) {
        return NULL; /* they wait in the outbox */
    }
    TRY(store_query(&db, &SQL_BUS_WAITING_EXISTS, NO_ARGS, &rows));
    if (rows->count == 0) {
        return NULL;
    }
    TRY(relay_next(&db, &batch));
    if (batch.rows->count == RELAY_BATCH) {
        atomic_store(&bus->nudged, true); /* there may be more, for a fresh arena */
    }
    return NULL;
}

YIELDS static Err *relay_and_start(Bus *bus)
{
    bool any = bus->carrier == NULL && !bus->options.no_handlers;
    TRY(relay(bus, fiber_arena()));
    while (any && !bus->stopping) {
        TRY(bus_start_deliveries(bus, fiber_arena(), &any));
    }
    return NULL;
}

static void run_relay(void *arg)
{
    Bus *bus = arg;
    int64_t poll_ms = bus->options.no_handlers ? RELAY_POLL_MS : POLL_MS;
    int64_t pause_ms = POLL_MS;
    while (!bus->stopping) {
        atomic_store(&bus->nudged, false);
        Err *err = relay_and_start(bus);
        if (err != NULL && !bus->stopping) {
            log_err("messages wait: the relay failed, trying again", err);
            pause_ms = MIN(2 * pause_ms, PAUSE_MAX_MS);
            err_ignore(fiber_sleep(pause_ms), "stopping cancels it");
        } else {
            pause_ms = POLL_MS;
        }
        if (!bus->stopping && !atomic_load(&bus->nudged)) {
            err_ignore(waiter_wait(&bus->waiter, deadline_after(poll_ms)), "an interval");
        }
        arena_reset(fiber_arena());
    }
}

/* ---- Upkeep ---- */

YIELDS static Err *renew_leases(const Bus *bus, Db *db)
{
    if (bus->counters.running == 0) {
        return NULL;
    }
    return store_exec(db, &SQL_BUS_LEASE_RENEW,
                      ARGS(sql_text(bus->lease), sql_time(time_now() + BUS_LEASE_MS)), NULL);
}

YIELDS static Err *count_up(Bus *bus, Db *db)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_BUS_COUNTS, NO_ARGS, &rows));
    atomic_store(&bus->counters.outbox_waiting, row_int(rows, 0, 0));
    atomic_store(&bus->counters.deliveries, row_int(rows, 0, 1));
    atomic_store(&bus->counters.dead, row_int(rows, 0, 2));
    return NULL;
}

YIELDS static Err *clean_up(Db *db)
{
    int64_t deleted = 0;
    TimeMs now = time_now();
    do {
        TRY(store_exec(db, &SQL_BUS_OUTBOX_CLEAN_UP, ARGS(sql_time(now - OUTBOX_KEEP_MS)),
                       &deleted));
        TRY(fiber_yield());
    } while (deleted > 0);
    do {
        TRY(store_exec(db, &SQL_BUS_INBOX_CLEAN_UP, ARGS(sql_time(now - INBOX_KEEP_MS)), &deleted));
        TRY(fiber_yield());
    } while (deleted > 0);
    return NULL;
}

YIELDS static Err *keep_up(Bus *bus, int64_t *clean_up_at)
{
    Db db = db_make(bus->options.store, fiber_arena());
    TRY(renew_leases(bus, &db));
    TRY(count_up(bus, &db));
    if (bus->carrier != NULL) {
        TRY(bus_carrier_keep_up(bus->carrier, &db));
    }
    if (!bus->options.no_relay && time_monotonic() >= *clean_up_at) {
        *clean_up_at = time_monotonic() + CLEAN_UP_EVERY_MS;
        TRY(clean_up(&db));
    }
    return NULL;
}

static void run_upkeep(void *arg)
{
    Bus *bus = arg;
    int64_t clean_up_at = time_monotonic() + MINUTE_MS;
    while (!bus->upkeep_stopping) {
        Err *err = keep_up(bus, &clean_up_at);
        if (err != NULL && !bus->upkeep_stopping) {
            log_err("the message queues could not be tended, trying again", err);
        }
        arena_reset(fiber_arena());
        err_ignore(fiber_sleep(RENEW_MS), "stopping cancels it");
    }
}

/* ---- Life ---- */

Err *bus_check_options(Arena *arena, const BusOptions *options)
{
    return str_is_empty(options->nats_url) ? NULL : bus_carrier_check_options(arena, options);
}

Err *bus_open(Arena *arena, const BusOptions *options, Bus **ret_bus)
{
    unsigned char name[16];
    TRY(bus_check_options(arena, options));
    BUG_ON(sodium_init() < 0);
    randombytes_buf(name, sizeof(name));
    Bus *bus = ARENA_NEW(arena, Bus);
    bus->options = *options;
    bus->arena = arena;
    bus->consumers_end = &bus->consumers;
    bus->lease = str_hex(arena, name, sizeof(name));
    if (!str_is_empty(options->nats_url)) {
        bus->carrier = bus_carrier_new(bus);
    }
    *ret_bus = bus;
    return NULL;
}

void bus_subscribe(Bus *bus, const BusSubscription *subscriptions)
{
    BUG_ON(bus->loop != NULL);
    for (; subscriptions->consumer != NULL; subscriptions++) {
        Consumer *consumer = ARENA_NEW(bus->arena, Consumer);
        consumer->subscription = subscriptions;
        *bus->consumers_end = consumer;
        bus->consumers_end = &consumer->next;
    }
}

/* On SQLite only one process runs a bus: whoever held a lease is dead. */
YIELDS static Err *take_over(Bus *bus)
{
    Db db = db_make(bus->options.store, fiber_arena());
    if (store_driver(bus->options.store) != STORE_SQLITE) {
        return NULL;
    }
    return store_exec(&db, &SQL_BUS_LEASE_RELEASE_ALL, ARGS(sql_time(time_now())), NULL);
}

YIELDS Err *bus_start(Bus *bus)
{
    TRY(take_over(bus));
    bus->loop = loop_current();
    fiber_group_init(&bus->relay_group);
    fiber_group_init(&bus->upkeep_group);
    fiber_group_init(&bus->handlers);
    waiter_init(&bus->waiter);
    store_set_published(bus->options.store, nudge, bus);
    if (bus->carrier != NULL) {
        bus_carrier_start(bus->carrier);
    }
    if (!bus->options.no_relay) {
        fiber_spawn(&bus->relay_group, "bus-relay", run_relay, bus);
    }
    fiber_spawn(&bus->upkeep_group, "bus-upkeep", run_upkeep, bus);
    return NULL;
}

/* Yields until no handler runs, or the grace is over. */
static void wait_for_handlers(Bus *bus, int64_t grace_ms)
{
    Deadline deadline = deadline_after(grace_ms);
    while (bus->handlers.count > 0 && deadline_left(deadline) > 0) {
        /* Each handler wakes the relay's waiter at its end, and nobody else waits there now. */
        if (waiter_wait(&bus->waiter, deadline) == NULL) {
            err_ignore(fiber_yield(), "lets the handler's fiber end");
        }
    }
}

void bus_stop(Bus *bus, int64_t grace_ms)
{
    if (bus->loop == NULL) {
        return;
    }
    bus->stopping = true;
    waiter_wake(&bus->waiter);
    fiber_group_done(&bus->relay_group);
    if (bus->carrier != NULL) {
        bus_carrier_stop_pulling(bus->carrier);
    }
    waiter_init(&bus->waiter);
    wait_for_handlers(bus, grace_ms);
    fiber_group_done(&bus->handlers);
    /* Until here the leases were renewed. */
    bus->upkeep_stopping = true;
    fiber_group_done(&bus->upkeep_group);
    if (bus->carrier != NULL) {
        bus_carrier_stop(bus->carrier);
    }
    store_set_published(bus->options.store, NULL, NULL);
    bus->loop = NULL;
}

void bus_close(Bus *bus)
{
    BUG_ON(bus != NULL && bus->loop != NULL);
}

bool bus_find_carrier(const Bus *bus, Arena *arena, BusCarrierState *ret_state)
{
    if (bus->carrier == NULL) {
        return false;
    }
    *ret_state = bus_carrier_state(bus->carrier, arena);
    return true;
}

BusStats bus_stats(const Bus *bus)
{
    const BusCounters *counters = &bus->counters;
    return (BusStats){
        .outbox_waiting = counters->outbox_waiting,
        .deliveries_waiting = MAX((int64_t)0, counters->deliveries - counters->running),
        .deliveries_running = counters->running,
        .handled = counters->handled,
        .failed_attempts = counters->failed_attempts,
        .dead = counters->dead,
    };
}
