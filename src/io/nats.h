/* nats.h - a loop's connection to NATS (nats.c): publishing, and questions with one answer, which
 * is all that JetStream needs.
 *
 * The connection is made, and made again with back-off, in the background; without it every call
 * fails at once. nats.c reads and delivers in threads of its own; what arrives is handed over to
 * the loop. Sending copies into its buffer, which a thread empties. */
#pragma once

#include <stdbool.h>

#include "base/log.h"
#include "fiber/fiber.h"

typedef struct NatsClient NatsClient;

typedef struct NatsOptions {
    const char *url;     /* one, or several of a cluster with commas between */
    const char *ca_file; /* certificates to trust with tls://; NULL or "": the system's */
} NatsOptions;

/* An answer, or a message of JetStream. */
typedef struct NatsMessage {
    const char *reply; /* where its acknowledgement goes; NULL if nowhere */
    const char *data;  /* length bytes and a zero */
    size_t length;
    int status; /* of an empty answer: 404, 408, 503 nobody is there to answer; else 0 */
    const char *status_text;
} NatsMessage;

/* A question that is on its way. In the caller's storage, which must wait for it. */
typedef struct NatsCall {
    Waiter waiter;
    Arena *arena;           /* of the answer */
    const char *ack_prefix; /* of the message that is pulled; NULL: an answer to us is wanted */
    NatsClient *client;
    uint64_t token; /* 0: not on its way */
    NatsMessage answer;
    Err *err;
    bool done;
} NatsCall;

/* Checks the addresses "nats://[user:password@ or token@]host[:port]" or "tls://…", and the
 * certificates' file. Fails with ERR_CONFIG. */
Err *nats_check_options(Arena *arena, const NatsOptions *options);

/* Starts connecting on the calling thread's loop. options is checked and copied, its texts are
 * borrowed. */
NatsClient *nats_client_new(const NatsOptions *options);

/* Ends the connection; its fiber and threads are joined. Calls that wait fail. NULL is accepted. */
void nats_client_free(NatsClient *client);

/* Would a message be sent now? */
bool nats_is_connected(const NatsClient *client);

/* Copies why there is no connection; "" while there is one. */
const char *nats_reason(const NatsClient *client, Arena *arena);

/* Sends a message that nobody answers; without a connection it is dropped. */
void nats_publish(NatsClient *client, const char *subject, const char *data);

/* Sends a question, for which call->arena and .ack_prefix are set; message_id (or NULL) goes into
 * its Nats-Msg-Id header. Without a connection the call ends at once. */
void nats_ask(NatsClient *client, NatsCall *call, const char *subject, const char *message_id,
              const char *data);

/* Waits for the answer of a call that nats_ask began. Yields. Fails with ERR_UNAVAILABLE if there
 * is no connection or it broke, ERR_TIMEOUT at the deadline; the call is over in any case. */
YIELDS Err *nats_await(NatsCall *call, Deadline deadline, NatsMessage *ret_answer);

/* Both. Yields. */
YIELDS Err *nats_request(NatsClient *client, Arena *arena, const char *subject, const char *data,
                         Deadline deadline, NatsMessage *ret_answer);

/* Asks JetStream for the next message of a durable consumer, and waits for wait_ms; one fiber per
 * consumer. A message that comes too late is given back. *ret_message has a .reply, or the .status
 * that says why there is none. Yields. Fails like nats_await. */
YIELDS Err *nats_pull(NatsClient *client, Arena *arena, const char *stream, const char *consumer,
                      int64_t wait_ms, NatsMessage *ret_message);
