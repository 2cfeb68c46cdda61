/* bus_delivery.c - attempts at deliveries: taking them up, running the handler, and what follows.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus.sql.h"
#include "port/bus_carrier.h"

#define ATTEMPTS_MAX_DEFAULT 10
#define BACK_OFF_MIN_MS SECOND_MS
#define BACK_OFF_MAX_MS (10 * MINUTE_MS)
#define ERROR_TEXT_MAX 2000
#define ALREADY_HANDLED "already_handled"

/* One attempt. */
typedef struct Attempt {
    Bus *bus;
    Consumer *consumer;
    int64_t delivery_id;
    BusMessage message;
    Carried carried;
    int64_t retry_ms; /* when it is to be delivered again; CARRIED_DONE: not at all */
    Arena *arena;     /* its own */
} Attempt;

/* ---- After the handler ---- */

/* Runs in the handler's transaction, or by itself after a handler with its own ones. */
YIELDS static Err *record_handled(Db *db, void *arg)
{
    const Attempt *attempt = arg;
    int64_t inserted = 0;
    TRY(store_exec(db, &SQL_BUS_INBOX_INSERT,
                   ARGS(sql_text(attempt->consumer->subscription->consumer),
                        sql_int(attempt->message.id), sql_time(time_now())),
                   &inserted));
    if (inserted == 0) {
        return ERR(db->arena, ERR_CONFLICT, ALREADY_HANDLED, "message %" PRId64 " was handled",
                   attempt->message.id);
    }
    return store_exec(db, &SQL_BUS_DELIVERY_DELETE, ARGS(sql_int(attempt->delivery_id)), NULL);
}

typedef struct Failure {
    const Attempt *attempt;
    const char *text;
} Failure;

YIELDS static Err *bury(Db *db, void *arg)
{
    const Failure *failure = arg;
    const Attempt *attempt = failure->attempt;
    int64_t buried = 0;
    TRY(store_exec(db, &SQL_BUS_DEAD_LETTER_INSERT,
                   ARGS(sql_int(attempt->delivery_id), sql_text(attempt->bus->lease),
                        sql_text(failure->text), sql_time(time_now())),
                   &buried));
    if (buried == 0) {
        return NULL; /* somebody else has the delivery now */
    }
    return store_exec(db, &SQL_BUS_DELIVERY_DELETE, ARGS(sql_int(attempt->delivery_id)), NULL);
}

YIELDS static Err *end_failed(Attempt *attempt, Db *db, const Err *err)
{
    const BusSubscription *subscription = attempt->consumer->subscription;
    int limit = subscription->attempts_max > 0 ? subscription->attempts_max : ATTEMPTS_MAX_DEFAULT;
    const char *text = err_text(db->arena, err);
    bool last = attempt->message.attempt >= limit;
    Failure failure = {.attempt = attempt, .text = text};
    if (strlen(text) > ERROR_TEXT_MAX) {
        failure.text = arena_strndup(db->arena, text, ERROR_TEXT_MAX);
    }
    counter_add(&attempt->bus->counters.failed_attempts, 1);
    log_event(last ? LOG_ERROR : LOG_WARN,
              last ? "message given up" : "message not handled, trying again later",
              LOG_TEXT("consumer", subscription->consumer), LOG_INT("message", attempt->message.id),
              LOG_TEXT("subject", attempt->message.subject),
              LOG_INT("attempt", attempt->message.attempt), LOG_TEXT("error", text));
    if (last) {
        TRY(store_transact(db, bury, &failure));
        attempt->retry_ms = CARRIED_DONE;
        return NULL;
    }
    int64_t pause_ms = back_off_ms(BACK_OFF_MIN_MS, BACK_OFF_MAX_MS, attempt->message.attempt - 1);
    TRY(store_exec(db, &SQL_BUS_DELIVERY_FAILED,
                   ARGS(sql_int(attempt->delivery_id), sql_text(attempt->bus->lease),
                        sql_time(time_now() + pause_ms), sql_text(failure.text)),
                   NULL));
    attempt->retry_ms = pause_ms;
    return NULL;
}

YIELDS static Err *release(Attempt *attempt, Db *db)
{
    attempt->retry_ms = 0;
    return store_exec(db, &SQL_BUS_DELIVERY_RELEASE,
                      ARGS(sql_int(attempt->delivery_id), sql_text(attempt->bus->lease),
                           sql_time(time_now())),
                      NULL);
}

YIELDS static Err *end_attempt(Attempt *attempt, Db *db, const Err *err)
{
    if (err == NULL) {
        counter_add(&attempt->bus->counters.handled, 1);
        attempt->retry_ms = CARRIED_DONE;
        return NULL;
    }
    if (err_is(err, ERR_CONFLICT) && str_equal(err->code, ALREADY_HANDLED)) {
        attempt->retry_ms = CARRIED_DONE;
        return store_exec(db, &SQL_BUS_DELIVERY_DELETE, ARGS(sql_int(attempt->delivery_id)), NULL);
    }
    if (err_is(err, ERR_CANCELLED) && attempt->bus->stopping) {
        return release(attempt, db);
    }
    return end_failed(attempt, db, err);
}

/* ---- The attempt ---- */

YIELDS static Err *read_message(Db *db, BusMessage *message)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_BUS_MESSAGE_FIND, ARGS(sql_int(message->id)), &rows));
    if (rows->count == 0) {
        return ERR(db->arena, ERR_INTERNAL, "message_gone", "message %" PRId64 " is gone",
                   message->id);
    }
    message->subject = row_text(rows, 0, 0);
    message->key = row_text(rows, 0, 1);
    message->payload = row_text(rows, 0, 2);
    message->created_at = row_time(rows, 0, 3);
    return NULL;
}

YIELDS static Err *handle(Attempt *attempt, Db *db)
{
    const Bus *bus = attempt->bus;
    const BusSubscription *subscription = attempt->consumer->subscription;
    fiber_set_deadline(deadline_after(bus_timeout_ms(subscription)));
    TRY(read_message(db, &attempt->message));
    return bus->options.run(bus->options.owner, subscription, &attempt->message, record_handled,
                            attempt);
}

static void settle(Attempt *attempt)
{
    Bus *bus = attempt->bus;
    if (attempt->carried.reply != NULL) {
        bus_carrier_settle(bus->carrier, &attempt->carried, attempt->retry_ms);
    }
    attempt->consumer->running--;
    counter_add(&bus->counters.running, -1);
    waiter_wake(&attempt->consumer->room);
    atomic_store(&bus->nudged, true);
    waiter_wake(&bus->waiter);
}

static void run_attempt(void *arg)
{
    Attempt *attempt = arg;
    Bus *bus = attempt->bus;
    Db db = db_make(bus->options.store, attempt->arena);
    log_set_request_id(arena_printf(attempt->arena, "message-%" PRId64, attempt->message.id));
    Err *err = handle(attempt, &db);
    fiber_set_deadline(DEADLINE_NEVER);
    fiber_shield(true);
    err = end_attempt(attempt, &db, err);
    if (err != NULL) {
        /* The lease runs out, and then the delivery is taken up again. */
        log_err("a message's state could not be written", err);
    }
    settle(attempt);
    log_set_request_id(NULL);
    arena_free(attempt->arena);
}

YIELDS Err *bus_still_working(Ctx *ctx UNUSED, const BusMessage *message)
{
    const Attempt *attempt = CONTAINER_OF(message, Attempt, message);
    /* The lease itself is renewed as long as the process lives. */
    fiber_set_deadline(deadline_after(bus_timeout_ms(attempt->consumer->subscription)));
    return fiber_yield();
}

/* ---- Taking deliveries up ---- */

void bus_start_attempt(Bus *bus, Consumer *consumer, const BusClaim *claim)
{
    Arena *arena = arena_new();
    Attempt *attempt = ARENA_NEW(arena, Attempt);
    *attempt = (Attempt){
        .bus = bus,
        .consumer = consumer,
        .arena = arena,
        .delivery_id = claim->delivery_id,
        .message = {.id = claim->message_id, .attempt = claim->attempt},
        .carried = {.reply = arena_strdup(arena, claim->reply)},
        .retry_ms = BUS_LEASE_MS, /* should its state not be written */
    };
    if (claim->reply != NULL) {
        bus_carrier_add(bus->carrier, &attempt->carried);
    }
    consumer->running++;
    counter_add(&bus->counters.running, 1);
    fiber_spawn(&bus->handlers, consumer->subscription->consumer, run_attempt, attempt);
}

YIELDS static Err *start_for(Bus *bus, Db *db, Consumer *consumer, bool *any)
{
    const BusSubscription *subscription = consumer->subscription;
    int room = MAX(subscription->concurrency, 1) - consumer->running;
    StoreRows *rows = NULL;
    if (room <= 0) {
        return NULL;
    }
    /* A look is cheaper than a write that finds nothing. */
    TRY(store_query(db, &SQL_BUS_DELIVERY_NEXT_DUE, ARGS(sql_text(subscription->consumer)), &rows));
    TimeMs now = time_now();
    if (rows->count == 0 || row_time(rows, 0, 0) > now) {
        return NULL;
    }
    TRY(store_query(db, &SQL_BUS_DELIVERY_CLAIM,
                    ARGS(sql_text(subscription->consumer), sql_time(now), sql_text(bus->lease),
                         sql_time(now + BUS_LEASE_MS), sql_int(room)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        bus_start_attempt(bus, consumer,
                          &(BusClaim){.delivery_id = row_int(rows, i, 0),
                                      .message_id = row_int(rows, i, 1),
                                      .attempt = (int)row_int(rows, i, 2)});
    }
    *any = *any || rows->count > 0;
    return NULL;
}

YIELDS Err *bus_start_deliveries(Bus *bus, Arena *arena, bool *ret_any)
{
    Db db = db_make(bus->options.store, arena);
    bool any = false;
    for (Consumer *consumer = bus->consumers; consumer != NULL; consumer = consumer->next) {
        TRY(start_for(bus, &db, consumer, &any));
    }
    *ret_any = any;
    return NULL;
}
