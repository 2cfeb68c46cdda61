/* bus_internal.h - the bus's parts: the relay, and the attempts at deliveries. */
#pragma once

#include "fiber/fiber.h"
#include "port/bus.h"
#include "port/store_internal.h"

/* A subscription and what of it is going on here. */
typedef struct Consumer {
    const BusSubscription *subscription;
    int running;
    Waiter room; /* of who takes up deliveries that are carried: an attempt ended */
    struct Consumer *next;
} Consumer;

typedef struct BusCarrier BusCarrier;

/* What JetStream delivered for an attempt, and waits to hear of. */
typedef struct Carried {
    const char *reply; /* where its acknowledgement goes; NULL: the delivery was not carried */
    struct Carried *previous;
    struct Carried *next;
} Carried;

#define CARRIED_DONE (-1)                    /* instead of a time to try again */
#define CARRIED_ACK_WAIT_MS (30 * SECOND_MS) /* told of running attempts every few seconds */

/* A delivery that is ours for now. */
typedef struct BusClaim {
    int64_t delivery_id;
    int64_t message_id;
    int attempt;
    const char *reply; /* of Carried; copied */
} BusClaim;

typedef struct BusCounters {
    _Atomic int64_t outbox_waiting; /* the first three as last counted */
    _Atomic int64_t deliveries;
    _Atomic int64_t dead;
    _Atomic int64_t running;
    _Atomic int64_t handled;
    _Atomic int64_t failed_attempts;
} BusCounters;

struct Bus {
    BusOptions options;
    Arena *arena;
    Loop *loop; /* NULL until started */
    Consumer *consumers;
    Consumer **consumers_end;
    const char *lease;   /* names this process's leases */
    BusCarrier *carrier; /* NULL: local */
    FiberGroup relay_group;
    FiberGroup upkeep_group;
    FiberGroup handlers;
    Waiter waiter; /* the relay's fiber */
    _Atomic bool nudged;
    bool stopping;        /* no deliveries are taken up any more */
    bool upkeep_stopping; /* no handler is left */
    BusCounters counters;
};

#define BUS_LEASE_MS (15 * SECOND_MS) /* renewed while the process lives */

/* How long one attempt may take. */
static inline int64_t bus_timeout_ms(const BusSubscription *subscription)
{
    return subscription->timeout_ms > 0 ? subscription->timeout_ms : 60 * SECOND_MS;
}

/* Starts a fiber for a delivery that was claimed. */
void bus_start_attempt(Bus *bus, Consumer *consumer, const BusClaim *claim);

/* Takes up due deliveries for every consumer that has room, and starts a fiber for each. Yields.
 * *ret_any: was there one? */
YIELDS Err *bus_start_deliveries(Bus *bus, Arena *arena, bool *ret_any);
