/* bus_carrier.h - JetStream carries messages from the outbox to whichever process has room.
 *
 * The database keeps what is owed: the relay writes a delivery for each subscription, and only then
 * publishes; who pulls the message claims the delivery. So a message that comes twice, or that
 * JetStream lost, changes nothing: the first finds no delivery, the second is published again when
 * its delivery is overdue. What is carried is the message's id alone; its content stays where it
 * can be found and deleted. */
#pragma once

#include "port/bus_internal.h"

/* A message for bus_carrier_publish. */
typedef struct CarriedMessage {
    int64_t id;
    const char *subject;
    const char *tag; /* NULL; or for one that is published again: makes it another message */
    bool taken;      /* JetStream has it on its disk */
} CarriedMessage;

/* Checks addresses, certificates and the stream's name. Fails with ERR_CONFIG. */
Err *bus_carrier_check_options(Arena *arena, const BusOptions *options);

/* Makes the carrier of a bus, whose options were checked. */
BusCarrier *bus_carrier_new(Bus *bus);

/* Connects, makes or upgrades the stream and its consumers, and pulls for them, in fibers of the
 * calling loop. */
void bus_carrier_start(BusCarrier *carrier);

/* Pulls no more. */
void bus_carrier_stop_pulling(BusCarrier *carrier);

/* After the last attempt: ends the connection. */
void bus_carrier_stop(BusCarrier *carrier);

/* Are the stream and the consumers there, as far as we know? */
bool bus_carrier_is_ready(const BusCarrier *carrier);

/* Publishes messages, and waits until JetStream has taken them. Yields. Fails with ERR_UNAVAILABLE
 * or ERR_TIMEOUT if it did not take them all; .taken says which. */
YIELDS Err *bus_carrier_publish(BusCarrier *carrier, CarriedMessage *messages, size_t count);

/* Tells JetStream that running attempts are still at it, publishes what it seems to have lost, and
 * looks how it is. Every few seconds. Yields. */
YIELDS Err *bus_carrier_keep_up(BusCarrier *carrier, Db *db);

/* An attempt begins, and ends: retry_ms says when JetStream is to deliver it again, CARRIED_DONE
 * that it need not. */
void bus_carrier_add(BusCarrier *carrier, Carried *carried);
void bus_carrier_settle(BusCarrier *carrier, Carried *carried, int64_t retry_ms);

/* How it is. Thread-safe. */
BusCarrierState bus_carrier_state(const BusCarrier *carrier, Arena *arena);
