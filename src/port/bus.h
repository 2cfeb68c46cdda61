/* bus.h - the bus port: events and durable jobs, carried by the database alone (local) or by NATS
 * JetStream (see bus_carrier.h).
 *
 * A message is written into `outbox` by the transaction that causes it. The relay hands it to every
 * subscription of its subject; a delivery is repeated with back-off until its handler committed,
 * and after attempts_max ends in `dead_letter`, where an administrator can look at it, retry and
 * drop it. Handlers are idempotent by `inbox`: what a handler writes commits together with the
 * record that the message is handled. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "port/store.h"

typedef struct Ctx Ctx; /* app/ctx.h */
typedef struct Bus Bus;

typedef struct BusMessage {
    int64_t id;          /* outbox id, the message id everywhere */
    const char *subject; /* "volunteer.application_decided" */
    const char *key;     /* what it is about, such as "volunteer:17" */
    const char *payload; /* JSON object */
    TimeMs created_at;
    int attempt; /* 1 for the first */
} BusMessage;

/* Handles one message. When in_transaction (the default) it runs inside a transaction that also
 * records the handling; a long job sets .own_transactions and makes its own, saving where it is.
 * Yields. */
typedef Err *BusHandler(Ctx *ctx, const BusMessage *message);

typedef struct BusSubscription {
    const char *consumer; /* durable name, unique, such as "import-commit" */
    const char *subject;  /* exact, or "volunteer.*" */
    BusHandler *handle;
    bool own_transactions;
    int concurrency;    /* deliveries at once; 0: 1 */
    int attempts_max;   /* 0: 10 */
    int64_t timeout_ms; /* per attempt; 0: 60 s. A handler that goes on longer calls
                           bus_still_working */
} BusSubscription;

/* Writes a message into the outbox, in db's open transaction (or by itself). Yields. */
YIELDS Err *bus_publish(Db *db, const char *subject, const char *key, const char *payload);

typedef struct BusOptions {
    const char *nats_url;     /* see nats_check_options; NULL or "": local */
    const char *nats_ca_file; /* certificates to trust with TLS; NULL or "": the system's */
    const char *nats_stream;  /* its name begins every subject, too */
    int nats_replicas;        /* of the stream, in a cluster */
    Store *store;
    bool no_relay;    /* another process relays, and makes the stream and its consumers */
    bool no_handlers; /* another process handles messages */
    /* Makes a Ctx, runs subscription->handle in it and ends it: the app layer's part. Yields. */
    Err *(*run)(void *owner, const BusSubscription *subscription, const BusMessage *message,
                Err *(*record_handled)(Db *db, void *arg), void *record_arg);
    void *owner;
} BusOptions;

/* Checks the settings of NATS. Fails with ERR_CONFIG. */
Err *bus_check_options(Arena *arena, const BusOptions *options);

/* Opens the bus for the process; nothing runs before bus_start. options is copied. Fails with
 * ERR_CONFIG. */
Err *bus_open(Arena *arena, const BusOptions *options, Bus **ret_bus);

/* Adds the table of a concept; ends with an empty row. Before bus_start. */
void bus_subscribe(Bus *bus, const BusSubscription *subscriptions);

/* Starts the relay and the consumers on the calling loop. Yields. */
YIELDS Err *bus_start(Bus *bus);

/* Stops taking messages, cancels handlers that do not end within grace_ms, and joins. Yields. */
void bus_stop(Bus *bus, int64_t grace_ms);
void bus_close(Bus *bus);

/* Wakes the relay: something was published. Thread-safe. bus_publish arranges it after commit. */
void bus_nudge(Bus *bus);

/* Gives the handler its whole timeout again from now on. Yields. */
YIELDS Err *bus_still_working(Ctx *ctx, const BusMessage *message);

typedef struct BusCarrierState {
    bool is_ready;      /* it is there, with the stream and its consumers */
    int64_t latency_us; /* of a question, lately; -1: unknown */
    const char *reason; /* why it is not ready */
} BusCarrierState;

/* Does NATS carry the messages? *ret_state is how it is; its text lives in arena. Thread-safe. */
bool bus_find_carrier(const Bus *bus, Arena *arena, BusCarrierState *ret_state);

typedef struct BusStats {
    int64_t outbox_waiting;
    int64_t deliveries_waiting;
    int64_t deliveries_running;
    int64_t handled;
    int64_t failed_attempts;
    int64_t dead;
} BusStats;

/* The counters so far. Thread-safe. */
BusStats bus_stats(const Bus *bus);
