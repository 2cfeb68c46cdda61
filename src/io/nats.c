/* nats.c - one fiber connects, in the thread pool, and waits for the end of the connection. */
#include "io/nats.h"

#include <nats/nats.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "io/service_url.h"
#include "io/stream.h"

#define PORT_DEFAULT 4222
#define CONNECT_TIMEOUT_MS (3 * SECOND_MS)
#define PING_MS (5 * SECOND_MS) /* two that are not answered end the connection */
#define WRITE_TIMEOUT_MS (2 * SECOND_MS)
#define BUFFER_BYTES (1 << 20) /* far more than what we have on the way at a time */
#define BACK_OFF_MIN_MS 50
#define BACK_OFF_MAX_MS (2 * SECOND_MS)
#define CALLS_MAX 1024
#define NANOSECONDS_PER_MS 1000000
#define ACK_PREFIX "$JS.ACK."

typedef struct NatsServer {
    const char *url;  /* without login */
    const char *host; /* that its certificate must name */
    const char *username;
    const char *password; /* "": username is a token */
    bool tls;
} NatsServer;

/* What arrived, on its way from nats.c's thread to the loop. */
typedef struct Arrived {
    Arena *arena;
    VEC(natsMsg *) messages;
} Arrived;

struct NatsClient {
    Arena *arena;
    NatsOptions options;
    NatsServer *servers;
    size_t server_count;
    size_t next_server;
    const char *where; /* the present server, for logs */
    Loop *loop;
    FiberGroup group;
    natsConnection *connection;
    natsSubscription *inbox;
    char inbox_prefix[48]; /* "_INBOX.random." */
    bool connected;
    Waiter ended; /* the client's fiber: a thread of nats.c is through */
    bool closed;  /* these two: on the loop */
    bool inbox_ended;
    NatsCall *calls[CALLS_MAX]; /* by token */
    uint64_t last_token;
    pthread_mutex_t mutex;
    Arrived incoming; /* under mutex */
    Arrived draining;
    char reason[256];
    bool told; /* the present absence is in the log */
};

/* ---- Addresses ---- */

static Err *wrong_url(Arena *arena, const char *why)
{
    return ERR(arena, ERR_CONFIG, "invalid_config",
               "nats.url: %s; expected nats://[user:password@ or token@]host[:port] or tls://…, "
               "several with commas between",
               why);
}

static Err *parse_server(Arena *arena, const char *text, NatsServer *server)
{
    ServiceUrl url = {};
    const char *why = NULL;
    if (!service_url_parse(arena, text, PORT_DEFAULT, &url, &why)) {
        return wrong_url(arena, why);
    }
    server->tls = str_equal(url.scheme, "tls");
    if (!server->tls && !str_equal(url.scheme, "nats")) {
        return wrong_url(arena, "unknown scheme");
    }
    bool brackets = strchr(url.host, ':') != NULL;
    server->host = url.host;
    server->url = arena_printf(arena, "nats://%s%s%s:%d", brackets ? "[" : "", url.host,
                               brackets ? "]" : "", url.port);
    server->username = url.username;
    server->password = url.password;
    return NULL;
}

static Err *parse_servers(Arena *arena, const char *text, NatsServer **ret_servers,
                          size_t *ret_count)
{
    VEC(NatsServer) servers = {};
    while (text != NULL) {
        size_t length = strcspn(text, ",");
        const char *one = str_trim(arena, arena_strndup(arena, text, length));
        TRY(parse_server(arena, one, vec_push(&servers, arena)));
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    *ret_servers = servers.items;
    *ret_count = servers.count;
    return NULL;
}

Err *nats_check_options(Arena *arena, const NatsOptions *options)
{
    NatsServer *servers = NULL;
    size_t count = 0;
    TRY(parse_servers(arena, options->url, &servers, &count));
    for (size_t i = 0; i < count; i++) {
        StreamTls *tls = NULL;
        if (servers[i].tls) {
            Err *err = stream_tls_new(arena, options->ca_file, &tls);
            return err_wrap(arena, err, "nats.ca_file");
        }
    }
    return NULL;
}

/* ---- Calls ---- */

static Err *unavailable(Arena *arena, const NatsClient *client, const char *why)
{
    return ERR(arena, ERR_UNAVAILABLE, "nats_unavailable", "NATS at %s: %s", client->where, why);
}

static void finish(NatsCall *call, Err *err)
{
    if (call->token != 0) {
        call->client->calls[call->token % CALLS_MAX] = NULL;
    }
    call->token = 0;
    call->err = err;
    call->done = true;
    waiter_wake(&call->waiter);
}

static void copy_answer(NatsCall *call, natsMsg *message)
{
    const char *status = NULL;
    const char *status_text = NULL;
    size_t length = (size_t)natsMsg_GetDataLength(message);
    call->answer = (NatsMessage){
        .reply = arena_strdup(call->arena, natsMsg_GetReply(message)),
        .data = arena_strndup(call->arena, length == 0 ? "" : natsMsg_GetData(message), length),
        .length = length,
    };
    if (length == 0 && natsMsgHeader_Get(message, "Status", &status) == NATS_OK) {
        call->answer.status = (int)strtol(status, NULL, 10);
        if (natsMsgHeader_Get(message, "Description", &status_text) == NATS_OK) {
            call->answer.status_text = arena_strdup(call->arena, status_text);
        }
    }
}

/* An answer's subject is ours: "_INBOX.random.TOKEN". A message that was pulled has its own, and is
 * known by where its acknowledgement goes: "$JS.ACK.STREAM.CONSUMER.…". */
static NatsCall *find_call(const NatsClient *client, const char *subject, const char *reply)
{
    if (str_starts_with(subject, client->inbox_prefix)) {
        uint64_t token = strtoull(subject + strlen(client->inbox_prefix), NULL, 10);
        NatsCall *call = client->calls[token % CALLS_MAX];
        return call != NULL && call->token == token ? call : NULL;
    }
    for (size_t i = 0; reply != NULL && i < CALLS_MAX; i++) {
        NatsCall *call = client->calls[i];
        if (call != NULL && call->ack_prefix != NULL && str_starts_with(reply, call->ack_prefix)) {
            return call;
        }
    }
    return NULL;
}

static void take_message(NatsClient *client, natsMsg *message)
{
    const char *reply = natsMsg_GetReply(message);
    NatsCall *call = find_call(client, natsMsg_GetSubject(message), reply);
    if (call != NULL) {
        copy_answer(call, message);
        finish(call, NULL);
        return;
    }
    /* Whoever asked is gone: somebody else may have it. */
    if (reply != NULL && str_starts_with(reply, ACK_PREFIX)) {
        nats_publish(client, reply, "-NAK");
    }
}

static void drain(void *arg)
{
    NatsClient *client = arg;
    pthread_mutex_lock(&client->mutex);
    Arrived arrived = client->incoming;
    client->incoming = client->draining;
    pthread_mutex_unlock(&client->mutex);
    VEC_FOREACH (natsMsg *, message, &arrived.messages) {
        take_message(client, *message);
        natsMsg_Destroy(*message);
    }
    arena_reset(arrived.arena);
    client->draining = (Arrived){.arena = arrived.arena};
}

/* In a thread of nats.c, as the next three. */
static void on_message(natsConnection *connection UNUSED, natsSubscription *inbox UNUSED,
                       natsMsg *message, void *arg)
{
    NatsClient *client = arg;
    pthread_mutex_lock(&client->mutex);
    *vec_push(&client->incoming.messages, client->incoming.arena) = message;
    bool first = client->incoming.messages.count == 1;
    pthread_mutex_unlock(&client->mutex);
    if (first) {
        loop_post(client->loop, drain, client);
    }
}

static void note_closed(void *arg)
{
    NatsClient *client = arg;
    client->closed = true;
    client->connected = false;
    waiter_wake(&client->ended);
}

static void on_closed(natsConnection *connection UNUSED, void *arg)
{
    NatsClient *client = arg;
    loop_post(client->loop, note_closed, client);
}

static void note_inbox_ended(void *arg)
{
    NatsClient *client = arg;
    client->inbox_ended = true;
    waiter_wake(&client->ended);
}

static void on_inbox_ended(void *arg)
{
    NatsClient *client = arg;
    loop_post(client->loop, note_inbox_ended, client);
}

/* ---- Connecting: in the thread pool ---- */

typedef struct Connecting {
    NatsClient *client;
    const NatsServer *server;
    natsStatus status;
    char reason[200];
} Connecting;

static natsStatus set_login(natsOptions *options, const NatsServer *server)
{
    if (str_is_empty(server->username)) {
        return NATS_OK;
    }
    return str_is_empty(server->password)
               ? natsOptions_SetToken(options, server->username)
               : natsOptions_SetUserInfo(options, server->username, server->password);
}

static natsStatus set_tls(natsOptions *options, const NatsServer *server, const char *ca_file)
{
    if (!server->tls) {
        return NATS_OK;
    }
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK && !str_is_empty(ca_file)) {
        status = natsOptions_LoadCATrustedCertificates(options, ca_file);
    }
    return status == NATS_OK ? natsOptions_SetExpectedHostname(options, server->host) : status;
}

/* We connect again ourselves: one connection after the other, each with a state of its own. */
static natsStatus set_options(natsOptions *options, const Connecting *self)
{
    NatsClient *client = self->client;
    const natsStatus results[] = {
        natsOptions_SetURL(options, self->server->url),
        natsOptions_SetName(options, "voms"),
        natsOptions_SetTimeout(options, CONNECT_TIMEOUT_MS),
        natsOptions_SetAllowReconnect(options, false),
        natsOptions_SetPingInterval(options, PING_MS),
        natsOptions_SetMaxPingsOut(options, 2),
        natsOptions_SetIOBufSize(options, BUFFER_BYTES),
        natsOptions_SetWriteDeadline(options, WRITE_TIMEOUT_MS),
        natsOptions_SetClosedCB(options, on_closed, client),
        set_login(options, self->server),
        set_tls(options, self->server, client->options.ca_file),
    };
    for (size_t i = 0; i < COUNT_OF(results); i++) {
        if (results[i] != NATS_OK) {
            return results[i];
        }
    }
    return NATS_OK;
}

static natsStatus subscribe(NatsClient *client)
{
    char subject[sizeof(client->inbox_prefix) + 2];
    snprintf(subject, sizeof(subject), "%s*", client->inbox_prefix);
    natsStatus status =
        natsConnection_Subscribe(&client->inbox, client->connection, subject, on_message, client);
    if (status != NATS_OK) {
        return status;
    }
    status = natsSubscription_SetPendingLimits(client->inbox, -1, -1);
    if (status == NATS_OK) {
        status = natsSubscription_SetOnCompleteCB(client->inbox, on_inbox_ended, client);
    }
    /* Nobody will tell us, and nothing was asked yet that could be answered. */
    client->inbox_ended = status != NATS_OK;
    return status;
}

/* nats.c's words begin with a place in its source. */
static void note_reason(Connecting *self)
{
    const char *status = natsStatus_GetText(self->status);
    const char *detail = nats_GetLastError(NULL);
    const char *place_end = detail == NULL ? NULL : strstr(detail, "): ");
    detail = place_end == NULL ? detail : place_end + 3;
    bool says_more = !str_is_empty(detail) && !str_equal(detail, status);
    snprintf(self->reason, sizeof(self->reason), "%s%s%s", status, says_more ? ": " : "",
             says_more ? detail : "");
}

static void connect_to_server(void *arg)
{
    Connecting *self = arg;
    natsOptions *options = NULL;
    self->status = natsOptions_Create(&options);
    if (self->status == NATS_OK) {
        self->status = set_options(options, self);
    }
    if (self->status == NATS_OK) {
        self->status = natsConnection_Connect(&self->client->connection, options);
    }
    if (self->status == NATS_OK) {
        self->status = subscribe(self->client);
    }
    if (self->status != NATS_OK) {
        note_reason(self);
    }
    natsOptions_Destroy(options);
    nats_ReleaseThreadMemory();
}

static void close_connection(void *arg)
{
    NatsClient *client = arg;
    natsConnection_Close(client->connection);
    natsSubscription_Destroy(client->inbox);
    natsConnection_Destroy(client->connection);
    nats_ReleaseThreadMemory();
}

/* ---- The connection ---- */

static void note_lost(NatsClient *client, const char *reason)
{
    snprintf(client->reason, sizeof(client->reason), "%s", reason);
    if (!client->told) {
        client->told = true;
        log_event(LOG_WARN, "NATS cannot be reached; messages wait in the outbox, trying again",
                  LOG_TEXT("nats", client->where), LOG_TEXT("reason", client->reason));
    }
}

static void note_connected(NatsClient *client)
{
    client->reason[0] = 0;
    client->connected = true;
    if (client->told) {
        client->told = false;
        log_event(LOG_INFO, "NATS is back", LOG_TEXT("nats", client->where));
    }
}

YIELDS static Err *connect_next(NatsClient *client)
{
    Connecting connecting = {
        .client = client, .server = &client->servers[client->next_server++ % client->server_count]};
    client->where = connecting.server->url + strlen("nats://");
    client->connection = NULL;
    client->inbox = NULL;
    client->closed = false;
    client->inbox_ended = false;
    Err *err = offload(connect_to_server, &connecting);
    if (err == NULL && connecting.status != NATS_OK) {
        err = unavailable(fiber_arena(), client, connecting.reason);
    }
    return err;
}

YIELDS static Err *wait_for_end(NatsClient *client)
{
    while (!client->closed) {
        waiter_init(&client->ended);
        TRY(waiter_wait(&client->ended, DEADLINE_NEVER));
    }
    return unavailable(fiber_arena(), client, "the connection broke");
}

/* After this no thread of nats.c knows of us. Yields. */
static void disconnect(NatsClient *client)
{
    client->connected = false;
    for (size_t i = 0; i < CALLS_MAX; i++) {
        NatsCall *call = client->calls[i];
        if (call != NULL) {
            finish(call, unavailable(call->arena, client, "the connection broke"));
        }
    }
    if (client->connection == NULL) {
        return;
    }
    bool before = fiber_shield(true);
    err_ignore(offload(close_connection, client), "it does its work in any case");
    while (!client->closed || (client->inbox != NULL && !client->inbox_ended)) {
        waiter_init(&client->ended);
        err_ignore(waiter_wait(&client->ended, DEADLINE_NEVER), "they come in any case");
    }
    fiber_shield(before);
}

static void run_client(void *arg)
{
    NatsClient *client = arg;
    int failures = 0;
    while (!fiber_is_cancelled()) {
        int64_t began = time_monotonic();
        const Err *err = connect_next(client);
        if (err == NULL) {
            note_connected(client);
            err = wait_for_end(client);
        }
        disconnect(client);
        if (!err_is(err, ERR_CANCELLED)) {
            note_lost(client, err->message);
        }
        bool lasted = time_monotonic() - began > BACK_OFF_MAX_MS + CONNECT_TIMEOUT_MS;
        failures = lasted ? 0 : failures + 1;
        arena_reset(fiber_arena());
        err_ignore(fiber_sleep(back_off_ms(BACK_OFF_MIN_MS, BACK_OFF_MAX_MS, failures)),
                   "the end cancels it");
    }
}

/* ---- Sending ---- */

void nats_publish(NatsClient *client, const char *subject, const char *data)
{
    if (client->connected) {
        /* A failure closes the connection, and that is noticed. */
        natsConnection_PublishString(client->connection, subject, data);
    }
}

/* A free place among the calls; 0 if there is none. */
static uint64_t next_token(NatsClient *client)
{
    for (size_t i = 0; i < CALLS_MAX; i++) {
        uint64_t token = ++client->last_token;
        if (client->calls[token % CALLS_MAX] == NULL) {
            return token;
        }
    }
    return 0;
}

static natsStatus send_call(const NatsClient *client, const NatsCall *call, const char *subject,
                            const char *message_id, const char *data)
{
    natsMsg *message = NULL;
    const char *reply =
        arena_printf(call->arena, "%s%llu", client->inbox_prefix, (unsigned long long)call->token);
    natsStatus status = natsMsg_Create(&message, subject, reply, data, (int)strlen(data));
    if (status == NATS_OK && message_id != NULL) {
        status = natsMsgHeader_Set(message, "Nats-Msg-Id", message_id);
    }
    if (status == NATS_OK) {
        status = natsConnection_PublishMsg(client->connection, message);
    }
    natsMsg_Destroy(message);
    return status;
}

void nats_ask(NatsClient *client, NatsCall *call, const char *subject, const char *message_id,
              const char *data)
{
    Arena *arena = call->arena;
    *call = (NatsCall){.arena = arena, .ack_prefix = call->ack_prefix, .client = client};
    waiter_init(&call->waiter);
    if (!client->connected) {
        finish(call, unavailable(arena, client, client->reason));
        return;
    }
    call->token = next_token(client);
    if (call->token == 0) {
        finish(call, unavailable(arena, client, "too many questions at once"));
        return;
    }
    client->calls[call->token % CALLS_MAX] = call;
    natsStatus status = send_call(client, call, subject, message_id, data);
    if (status != NATS_OK) {
        finish(call, unavailable(arena, client, natsStatus_GetText(status)));
    }
}

YIELDS Err *nats_await(NatsCall *call, Deadline deadline, NatsMessage *ret_answer)
{
    Err *err = call->done ? NULL : waiter_wait(&call->waiter, deadline);
    if (!call->done) {
        finish(call, err);
    }
    TRY(call->err);
    *ret_answer = call->answer;
    return NULL;
}

YIELDS Err *nats_request(NatsClient *client, Arena *arena, const char *subject, const char *data,
                         Deadline deadline, NatsMessage *ret_answer)
{
    NatsCall call = {.arena = arena};
    nats_ask(client, &call, subject, NULL, data);
    return nats_await(&call, deadline, ret_answer);
}

YIELDS Err *nats_pull(NatsClient *client, Arena *arena, const char *stream, const char *consumer,
                      int64_t wait_ms, NatsMessage *ret_message)
{
    NatsCall call = {.arena = arena};
    const char *subject = arena_printf(arena, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream, consumer);
    const char *body = arena_printf(arena, "{\"batch\":1,\"expires\":%lld}",
                                    (long long)wait_ms * NANOSECONDS_PER_MS);
    call.ack_prefix = arena_printf(arena, ACK_PREFIX "%s.%s.", stream, consumer);
    nats_ask(client, &call, subject, NULL, body);
    return nats_await(&call, deadline_after(wait_ms + SECOND_MS), ret_message);
}

bool nats_is_connected(const NatsClient *client)
{
    return client->connected;
}

const char *nats_reason(const NatsClient *client, Arena *arena)
{
    return arena_strdup(arena, client->connected ? "" : client->reason);
}

/* ---- Life ---- */

NatsClient *nats_client_new(const NatsOptions *options)
{
    unsigned char random[12];
    Arena *arena = arena_new();
    NatsClient *client = ARENA_NEW(arena, NatsClient);
    client->arena = arena;
    client->options = *options;
    BUG_ON(parse_servers(arena, options->url, &client->servers, &client->server_count) != NULL);
    client->next_server = arc4random_uniform((uint32_t)client->server_count);
    client->where = client->servers[client->next_server].url + strlen("nats://");
    client->loop = loop_current();
    BUG_ON(sodium_init() < 0);
    randombytes_buf(random, sizeof(random));
    snprintf(client->inbox_prefix, sizeof(client->inbox_prefix), "_INBOX.%s.",
             str_hex(arena, random, sizeof(random)));
    pthread_mutex_init(&client->mutex, NULL);
    client->incoming.arena = arena_new();
    client->draining.arena = arena_new();
    snprintf(client->reason, sizeof(client->reason), "still connecting");
    fiber_group_init(&client->group);
    fiber_spawn(&client->group, "nats", run_client, client);
    return client;
}

void nats_client_free(NatsClient *client)
{
    if (client == NULL) {
        return;
    }
    fiber_group_done(&client->group);
    nats_ReleaseThreadMemory();
    pthread_mutex_destroy(&client->mutex);
    arena_free(client->incoming.arena);
    arena_free(client->draining.arena);
    arena_free(client->arena);
}
