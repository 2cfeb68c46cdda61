#include "port/bus_carrier.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "bus.sql.h"
#include "io/nats.h"

#define API_TIMEOUT_MS (5 * SECOND_MS)
#define PUBLISH_TIMEOUT_MS (5 * SECOND_MS)
#define PULL_MS (20 * SECOND_MS) /* then the question is asked anew */
#define AWAY_MS 250              /* between looks whether NATS is back */
#define OVERDUE_MS (10 * SECOND_MS)
#define OVERDUE_BATCH 200
#define DATABASE_AWAY_MS (5 * SECOND_MS)
#define NANOSECONDS_PER_MS 1000000

/* Codes of JetStream's errors. */
#define STREAM_EXISTS_DIFFERENTLY 10058
#define STATUS_TIMEOUT 408
#define STATUS_NO_MESSAGE 404

typedef struct Puller {
    BusCarrier *carrier;
    Consumer *consumer;
} Puller;

struct BusCarrier {
    Bus *bus;
    Arena *arena;
    NatsOptions nats;
    NatsClient *client;
    const char *stream;
    FiberGroup group; /* the manager and the pullers */
    Carried *carried; /* of the attempts that run */
    bool ready;
    bool told;
    pthread_mutex_t mutex;
    BusCarrierState state; /* under mutex; its reason is in reason */
    char reason[256];
    int64_t published_again; /* makes the message ids of those differ */
};

/* ---- How it is ---- */

static void set_state(BusCarrier *carrier, bool ready, int64_t latency_us, const char *reason)
{
    carrier->ready = ready;
    pthread_mutex_lock(&carrier->mutex);
    carrier->state = (BusCarrierState){.is_ready = ready, .latency_us = latency_us};
    snprintf(carrier->reason, sizeof(carrier->reason), "%s", reason);
    pthread_mutex_unlock(&carrier->mutex);
}

BusCarrierState bus_carrier_state(const BusCarrier *carrier, Arena *arena)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)&carrier->mutex;
    pthread_mutex_lock(mutex);
    BusCarrierState state = carrier->state;
    state.reason = arena_strdup(arena, carrier->reason);
    pthread_mutex_unlock(mutex);
    return state;
}

bool bus_carrier_is_ready(const BusCarrier *carrier)
{
    return carrier->ready && nats_is_connected(carrier->client);
}

/* ---- JetStream's API ---- */

static Err *unavailable(const char *what, const char *why)
{
    return ERR(fiber_arena(), ERR_UNAVAILABLE, "jetstream_unavailable", "JetStream: %s: %s", what,
               why);
}

/* *ret_code is the code of JetStream's error, 0 if there is none. Yields. */
YIELDS static Err *ask(BusCarrier *carrier, const char *verb, const char *body, json_t **ret_answer,
                       int64_t *ret_code)
{
    Arena *arena = fiber_arena();
    NatsMessage answer = {};
    json_t *json = NULL;
    const char *subject = arena_printf(arena, "$JS.API.%s", verb);
    TRY(nats_request(carrier->client, arena, subject, body, deadline_after(API_TIMEOUT_MS),
                     &answer));
    if (answer.status != 0) {
        return unavailable(verb, "it is not there; is it switched on (nats-server -js)?");
    }
    TRY(json_parse(arena, answer.data, answer.length, &json));
    const json_t *error = json_object_get(json, "error");
    *ret_code = json_integer_value(json_object_get(error, "err_code"));
    *ret_answer = json;
    if (error == NULL) {
        return NULL;
    }
    const char *why = json_string_value(json_object_get(error, "description"));
    return unavailable(verb, why == NULL ? "refused" : why);
}

/* Without .ret_code: who cares for none. Yields. */
YIELDS static Err *demand(BusCarrier *carrier, const char *verb, const char *body,
                          json_t **ret_answer)
{
    int64_t code = 0;
    return ask(carrier, verb, body, ret_answer, &code);
}

static const char *stream_config(const BusCarrier *carrier)
{
    return arena_printf(fiber_arena(),
                        "{\"name\":\"%s\",\"subjects\":[\"%s.>\"],\"retention\":\"limits\","
                        "\"storage\":\"file\",\"discard\":\"old\",\"max_age\":%" PRId64
                        ",\"max_bytes\":%" PRId64 ",\"max_msg_size\":%d,\"max_msgs\":-1,"
                        "\"max_consumers\":-1,\"num_replicas\":%d,\"duplicate_window\":%" PRId64
                        "}",
                        carrier->stream, carrier->stream, 3 * DAY_MS * NANOSECONDS_PER_MS,
                        (int64_t)256 << 20, 64 * 1024, carrier->bus->options.nats_replicas,
                        2 * MINUTE_MS * NANOSECONDS_PER_MS);
}

YIELDS static Err *set_up_stream(BusCarrier *carrier)
{
    json_t *answer = NULL;
    int64_t code = 0;
    Arena *arena = fiber_arena();
    const char *config = stream_config(carrier);
    Err *err = ask(carrier, arena_printf(arena, "STREAM.CREATE.%s", carrier->stream), config,
                   &answer, &code);
    if (code != STREAM_EXISTS_DIFFERENTLY) {
        return err;
    }
    log_event(LOG_INFO, "the stream's settings are brought up to date",
              LOG_TEXT("stream", carrier->stream));
    return demand(carrier, arena_printf(arena, "STREAM.UPDATE.%s", carrier->stream), config,
                  &answer);
}

static const char *consumer_config(const BusCarrier *carrier, const BusSubscription *subscription)
{
    return arena_printf(fiber_arena(),
                        "{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\","
                        "\"filter_subject\":\"%s.%s\",\"ack_policy\":\"explicit\",\"ack_wait\":"
                        "%" PRId64 ",\"deliver_policy\":\"all\",\"replay_policy\":\"instant\","
                        "\"max_deliver\":-1,\"max_ack_pending\":10000,\"max_waiting\":512}}",
                        carrier->stream, subscription->consumer, carrier->stream,
                        subscription->subject, CARRIED_ACK_WAIT_MS * NANOSECONDS_PER_MS);
}

/* A consumer that cannot be changed is made anew: what it owed is in the database. Yields. */
YIELDS static Err *set_up_consumer(BusCarrier *carrier, const BusSubscription *subscription)
{
    json_t *answer = NULL;
    int64_t code = 0;
    Arena *arena = fiber_arena();
    const char *config = consumer_config(carrier, subscription);
    const char *where = arena_printf(arena, "%s.%s", carrier->stream, subscription->consumer);
    const char *create = arena_printf(arena, "CONSUMER.DURABLE.CREATE.%s", where);
    Err *err = ask(carrier, create, config, &answer, &code);
    if (code == 0) {
        return err;
    }
    log_event(LOG_INFO, "a consumer is made anew", LOG_TEXT("consumer", subscription->consumer),
              LOG_TEXT("reason", err->message));
    TRY(demand(carrier, arena_printf(arena, "CONSUMER.DELETE.%s", where), "", &answer));
    return demand(carrier, create, config, &answer);
}

YIELDS static Err *set_up(BusCarrier *carrier)
{
    TRY(set_up_stream(carrier));
    for (const Consumer *c = carrier->bus->consumers; c != NULL; c = c->next) {
        TRY(set_up_consumer(carrier, c->subscription));
    }
    return NULL;
}

YIELDS static Err *look(BusCarrier *carrier)
{
    json_t *answer = NULL;
    int64_t began_us = time_monotonic_us();
    TRY(demand(carrier, arena_printf(fiber_arena(), "STREAM.INFO.%s", carrier->stream), "",
               &answer));
    set_state(carrier, true, time_monotonic_us() - began_us, "");
    return NULL;
}

/* ---- The manager ---- */

static void note_unready(BusCarrier *carrier, const Err *err)
{
    set_state(carrier, false, -1, err->message);
    if (!carrier->told) {
        carrier->told = true;
        log_err("messages wait in the outbox; trying again", err);
    }
}

YIELDS static Err *manage(BusCarrier *carrier)
{
    if (!nats_is_connected(carrier->client)) {
        set_state(carrier, false, -1, nats_reason(carrier->client, fiber_arena()));
        return NULL;
    }
    if (carrier->ready) {
        return NULL;
    }
    if (!carrier->bus->options.no_relay) {
        TRY(set_up(carrier));
    }
    TRY(look(carrier));
    carrier->told = false;
    log_event(LOG_INFO, "messages are carried by JetStream", LOG_TEXT("stream", carrier->stream));
    bus_nudge(carrier->bus);
    return NULL;
}

static void run_manager(void *arg)
{
    BusCarrier *carrier = arg;
    while (!carrier->bus->stopping) {
        const Err *err = manage(carrier);
        if (err != NULL && !carrier->bus->stopping) {
            note_unready(carrier, err);
        }
        arena_reset(fiber_arena());
        err_ignore(fiber_sleep(err == NULL ? AWAY_MS : SECOND_MS), "stopping cancels it");
    }
}

/* ---- Pulling ---- */

/* .reply of *ret_message is NULL when there was none. Yields. */
YIELDS static Err *pull(const Puller *puller, NatsMessage *ret_message)
{
    const BusCarrier *carrier = puller->carrier;
    const char *consumer = puller->consumer->subscription->consumer;
    NatsMessage message = {};
    TRY(nats_pull(carrier->client, fiber_arena(), carrier->stream, consumer, PULL_MS, &message));
    if (message.status != 0 && message.status != STATUS_TIMEOUT &&
        message.status != STATUS_NO_MESSAGE) {
        return unavailable(consumer, message.status_text == NULL ? "nobody is there to answer"
                                                                 : message.status_text);
    }
    *ret_message = message;
    return NULL;
}

static int64_t message_id(const NatsMessage *message)
{
    json_t *json = NULL;
    if (json_parse(fiber_arena(), message->data, message->length, &json) != NULL) {
        return 0; /* somebody else published it; there is no delivery for it */
    }
    return json_integer_value(json_object_get(json, "id"));
}

/* *ret_retry_ms is CARRIED_DONE if nothing is owed. Yields. */
YIELDS static Err *find_due(const Puller *puller, Db *db, int64_t id, int64_t *ret_retry_ms)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_BUS_DELIVERY_FIND_DUE,
                    ARGS(sql_int(id), sql_text(puller->consumer->subscription->consumer)), &rows));
    *ret_retry_ms =
        rows->count == 0 ? CARRIED_DONE : MAX(row_time(rows, 0, 0) - time_now(), SECOND_MS);
    return NULL;
}

YIELDS static Err *claim(const Puller *puller, int64_t id, const char *reply)
{
    Bus *bus = puller->carrier->bus;
    Db db = db_make(bus->options.store, fiber_arena());
    TimeMs now = time_now();
    StoreRows *rows = NULL;
    Carried carried = {.reply = reply};
    int64_t retry_ms = 0;
    TRY(store_query(&db, &SQL_BUS_DELIVERY_CLAIM_CARRIED,
                    ARGS(sql_int(id), sql_text(puller->consumer->subscription->consumer),
                         sql_text(bus->lease), sql_time(now + BUS_LEASE_MS), sql_time(now)),
                    &rows));
    if (rows->count > 0) {
        bus_start_attempt(bus, puller->consumer,
                          &(BusClaim){.delivery_id = row_int(rows, 0, 0),
                                      .message_id = id,
                                      .attempt = (int)row_int(rows, 0, 1),
                                      .reply = reply});
        return NULL;
    }
    /* It is handled, or somebody is at it, or its time has not come. */
    TRY(find_due(puller, &db, id, &retry_ms));
    bus_carrier_settle(puller->carrier, &carried, retry_ms);
    return NULL;
}

YIELDS static Err *pull_and_start(Puller *puller)
{
    BusCarrier *carrier = puller->carrier;
    Consumer *consumer = puller->consumer;
    NatsMessage message = {};
    if (!bus_carrier_is_ready(carrier)) {
        return fiber_sleep(AWAY_MS);
    }
    if (consumer->running >= MAX(consumer->subscription->concurrency, 1)) {
        waiter_init(&consumer->room);
        return waiter_wait_until(&consumer->room, deadline_after(SECOND_MS));
    }
    Err *err = pull(puller, &message);
    if (err_is(err, ERR_UNAVAILABLE) && nats_is_connected(carrier->client)) {
        note_unready(carrier, err); /* the stream or the consumer is gone: they are made anew */
        return NULL;
    }
    TRY(err);
    if (message.reply == NULL) {
        return NULL;
    }
    err = claim(puller, message_id(&message), message.reply);
    if (err != NULL) {
        bus_carrier_settle(carrier, &(Carried){.reply = message.reply}, DATABASE_AWAY_MS);
    }
    return err;
}

static void run_puller(void *arg)
{
    Puller *puller = arg;
    const Bus *bus = puller->carrier->bus;
    while (!bus->stopping) {
        Err *err = pull_and_start(puller);
        if (err != NULL && !bus->stopping) {
            bool expected = err_is(err, ERR_TIMEOUT) || !nats_is_connected(puller->carrier->client);
            if (!expected) {
                log_err("a message could not be taken up, trying again", err);
            }
            err_ignore(fiber_sleep(SECOND_MS), "stopping cancels it");
        }
        arena_reset(fiber_arena());
    }
}

/* ---- Publishing ---- */

/* PubAck: {"stream": …, "seq": 1, "duplicate": true}. */
static Err *check_publish_answer(const NatsMessage *answer)
{
    json_t *json = NULL;
    if (answer->status != 0) {
        return unavailable("publish", "nobody takes it");
    }
    TRY(json_parse(fiber_arena(), answer->data, answer->length, &json));
    const json_t *error = json_object_get(json, "error");
    const char *why = json_string_value(json_object_get(error, "description"));
    return error == NULL ? NULL : unavailable("publish", why == NULL ? "refused" : why);
}

static void send_message(BusCarrier *carrier, NatsCall *call, const CarriedMessage *message)
{
    Arena *arena = fiber_arena();
    const char *subject = arena_printf(arena, "%s.%s", carrier->stream, message->subject);
    const char *id = message->tag == NULL
                         ? arena_printf(arena, "%" PRId64, message->id)
                         : arena_printf(arena, "%" PRId64 ".%s", message->id, message->tag);
    call->arena = arena;
    nats_ask(carrier->client, call, subject, id,
             arena_printf(arena, "{\"id\":%" PRId64 "}", message->id));
}

YIELDS Err *bus_carrier_publish(BusCarrier *carrier, CarriedMessage *messages, size_t count)
{
    NatsCall *calls = ARENA_ARRAY(fiber_arena(), NatsCall, count + 1);
    Deadline deadline = deadline_after(PUBLISH_TIMEOUT_MS);
    Err *first = NULL;
    for (size_t i = 0; i < count; i++) {
        send_message(carrier, &calls[i], &messages[i]);
    }
    for (size_t i = 0; i < count; i++) {
        NatsMessage answer = {};
        Err *err = nats_await(&calls[i], deadline, &answer);
        err = err == NULL ? check_publish_answer(&answer) : err;
        messages[i].taken = err == NULL;
        first = first == NULL ? err : first;
    }
    if (err_is(first, ERR_UNAVAILABLE) && nats_is_connected(carrier->client)) {
        note_unready(carrier, first);
    }
    return first;
}

/* ---- What JetStream lost ---- */

/* How many messages wait in JetStream for a consumer. Yields. */
YIELDS static Err *count_pending(BusCarrier *carrier, const char *consumer, int64_t *ret_count)
{
    json_t *answer = NULL;
    const char *verb =
        arena_printf(fiber_arena(), "CONSUMER.INFO.%s.%s", carrier->stream, consumer);
    TRY(demand(carrier, verb, "", &answer));
    *ret_count = json_integer_value(json_object_get(answer, "num_pending"));
    return NULL;
}

/* What is overdue while nothing waits for the consumer will not come by itself. Yields. */
YIELDS static Err *publish_overdue(BusCarrier *carrier, Db *db, const char *consumer)
{
    StoreRows *rows = NULL;
    int64_t pending = 0;
    TRY(store_query(db, &SQL_BUS_DELIVERY_LIST_OVERDUE,
                    ARGS(sql_text(consumer), sql_time(time_now() - OVERDUE_MS),
                         sql_int(OVERDUE_BATCH)),
                    &rows));
    if (rows->count == 0) {
        return NULL;
    }
    TRY(count_pending(carrier, consumer, &pending));
    if (pending > 0) {
        return NULL;
    }
    CarriedMessage *messages = ARENA_ARRAY(db->arena, CarriedMessage, rows->count);
    const char *tag = arena_printf(db->arena, "%s.%s.%" PRId64, consumer, carrier->bus->lease,
                                   ++carrier->published_again);
    for (size_t i = 0; i < rows->count; i++) {
        messages[i] = (CarriedMessage){.id = row_int(rows, i, 0),
                                       .subject = row_text(rows, i, 1),
                                       .tag = tag};
    }
    log_event(LOG_WARN, "messages are overdue and published again", LOG_TEXT("consumer", consumer),
              LOG_INT("count", (int64_t)rows->count));
    return bus_carrier_publish(carrier, messages, rows->count);
}

YIELDS Err *bus_carrier_keep_up(BusCarrier *carrier, Db *db)
{
    if (!bus_carrier_is_ready(carrier)) {
        return NULL;
    }
    for (const Carried *carried = carrier->carried; carried != NULL; carried = carried->next) {
        nats_publish(carrier->client, carried->reply, "+WPI");
    }
    Err *err = look(carrier);
    if (err != NULL) {
        note_unready(carrier, err);
        return NULL;
    }
    if (carrier->bus->options.no_relay) {
        return NULL;
    }
    for (const Consumer *c = carrier->bus->consumers; c != NULL; c = c->next) {
        TRY(publish_overdue(carrier, db, c->subscription->consumer));
    }
    return NULL;
}

/* ---- Attempts ---- */

void bus_carrier_add(BusCarrier *carrier, Carried *carried)
{
    carried->next = carrier->carried;
    carried->previous = NULL;
    if (carried->next != NULL) {
        carried->next->previous = carried;
    }
    carrier->carried = carried;
}

static void remove_carried(BusCarrier *carrier, Carried *carried)
{
    if (carried->previous == NULL && carrier->carried != carried) {
        return;
    }
    *(carried->previous == NULL ? &carrier->carried : &carried->previous->next) = carried->next;
    if (carried->next != NULL) {
        carried->next->previous = carried->previous;
    }
}

void bus_carrier_settle(BusCarrier *carrier, Carried *carried, int64_t retry_ms)
{
    char text[64] = "+ACK";
    remove_carried(carrier, carried);
    if (retry_ms != CARRIED_DONE) {
        snprintf(text, sizeof(text), "-NAK {\"delay\":%" PRId64 "}", retry_ms * NANOSECONDS_PER_MS);
    }
    /* Lost, it comes again after the wait for it, and finds no delivery then. */
    nats_publish(carrier->client, carried->reply, text);
}

/* ---- Life ---- */

static bool is_name(const char *text)
{
    static const char LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return *text != 0 && text[strspn(text, LETTERS)] == 0;
}

static NatsOptions nats_options(const BusOptions *options)
{
    return (NatsOptions){.url = options->nats_url, .ca_file = options->nats_ca_file};
}

Err *bus_carrier_check_options(Arena *arena, const BusOptions *options)
{
    NatsOptions nats = nats_options(options);
    TRY(nats_check_options(arena, &nats));
    return is_name(options->nats_stream) ? NULL
                                         : ERR(arena, ERR_CONFIG, "invalid_config",
                                               "nats.stream: letters, digits, - and _ make a name");
}

BusCarrier *bus_carrier_new(Bus *bus)
{
    BusCarrier *carrier = ARENA_NEW(bus->arena, BusCarrier);
    carrier->bus = bus;
    carrier->arena = bus->arena;
    carrier->nats = nats_options(&bus->options);
    carrier->stream = bus->options.nats_stream;
    pthread_mutex_init(&carrier->mutex, NULL);
    return carrier;
}

void bus_carrier_start(BusCarrier *carrier)
{
    carrier->client = nats_client_new(&carrier->nats);
    set_state(carrier, false, -1, "still connecting");
    fiber_group_init(&carrier->group);
    fiber_spawn(&carrier->group, "bus-carrier", run_manager, carrier);
    for (Consumer *c = carrier->bus->consumers; c != NULL && !carrier->bus->options.no_handlers;
         c = c->next) {
        Puller *puller = ARENA_NEW(carrier->arena, Puller);
        *puller = (Puller){.carrier = carrier, .consumer = c};
        fiber_spawn(&carrier->group, "bus-puller", run_puller, puller);
    }
}

void bus_carrier_stop_pulling(BusCarrier *carrier)
{
    fiber_group_done(&carrier->group);
}

void bus_carrier_stop(BusCarrier *carrier)
{
    BUG_ON(carrier->carried != NULL);
    nats_client_free(TAKE(carrier->client));
    pthread_mutex_destroy(&carrier->mutex);
}
