/* redis.c - one fiber connects and reads, another writes what the fibers of the loop queued. */
#include "io/redis.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define CONNECT_TIMEOUT_MS (3 * SECOND_MS)
#define COMMAND_TIMEOUT_MS SECOND_MS
#define IDLE_MS (5 * SECOND_MS) /* then it is asked whether it is still there */
#define BACK_OFF_MIN_MS 50
#define BACK_OFF_MAX_MS (2 * SECOND_MS)
#define OUT_BYTES_MAX ((size_t)8 << 20) /* more than that unsent: it is overloaded */

/* One command whose answer is owed, in the order of sending. */
typedef struct Slot {
    struct RedisCall *call; /* NULL: nobody waits any more */
    struct Slot *next;
} Slot;

/* A waiting fiber's side, on its stack. */
typedef struct RedisCall {
    Waiter waiter;
    Arena *arena;
    RedisReply *reply;
    Err *err;
    bool done;
    Slot *slot;
} RedisCall;

struct RedisClient {
    Arena *arena;
    RedisOptions options;
    const char *where; /* for logs */
    FiberGroup group;
    LoopHook hook;
    Waiter writer; /* something to write */
    Stream *stream;
    bool connected; /* logged in: commands are taken */
    redisReader *reader;
    Slot *first;
    Slot **end;
    Slot *spare;
    Arena *out_arena; /* of what is queued for writing */
    Str out;
    char reason[256];
    bool told; /* the present absence is in the log */
    size_t next_sentinel;
    char master[256]; /* its host, as a sentinel told */
};

/* ---- Replies ---- */

static Err *unavailable(Arena *arena, const RedisClient *client, const char *why)
{
    return ERR(arena, ERR_UNAVAILABLE, "redis_unavailable", "Redis at %s: %s", client->where, why);
}

static void copy_reply(Arena *arena, const redisReply *from, RedisReply *to)
{
    *to = (RedisReply){.type = REDIS_NIL};
    switch (from->type) {
    case REDIS_REPLY_INTEGER:
        *to = (RedisReply){.type = REDIS_INTEGER, .integer = from->integer};
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        *to = (RedisReply){.type = REDIS_TEXT,
                           .text = arena_strndup(arena, from->str, from->len),
                           .length = from->len};
        break;
    case REDIS_REPLY_ARRAY:
        *to = (RedisReply){.type = REDIS_ARRAY,
                           .length = from->elements,
                           .items = ARENA_ARRAY(arena, RedisReply, from->elements + 1)};
        for (size_t i = 0; i < from->elements; i++) {
            copy_reply(arena, from->element[i], &to->items[i]);
        }
        break;
    default:
        break;
    }
}

static void finish(RedisCall *call, Err *err)
{
    call->err = err;
    call->done = true;
    call->slot = NULL;
    waiter_wake(&call->waiter);
}

static Slot *pop_slot(RedisClient *client)
{
    Slot *slot = client->first;
    client->first = slot->next;
    if (client->first == NULL) {
        client->end = &client->first;
    }
    slot->next = client->spare;
    client->spare = slot;
    return slot;
}

static void push_slot(RedisClient *client, RedisCall *call)
{
    Slot *slot = client->spare;
    if (slot == NULL) {
        slot = ARENA_NEW(client->arena, Slot);
    } else {
        client->spare = slot->next;
    }
    *slot = (Slot){.call = call};
    *client->end = slot;
    client->end = &slot->next;
    if (call != NULL) {
        call->slot = slot;
    }
}

static void answer(RedisClient *client, const redisReply *reply)
{
    RedisCall *call = pop_slot(client)->call;
    if (call == NULL) {
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        finish(call, unavailable(call->arena, client, reply->str));
        if (str_starts_with(reply->str, "READONLY")) {
            stream_shut_down(client->stream); /* it is no master any more; another one is */
        }
        return;
    }
    copy_reply(call->arena, reply, call->reply);
    finish(call, NULL);
}

/* "message", channel, text; or "subscribe", channel, count; or a pong. */
static void hear(RedisClient *client, const redisReply *reply)
{
    const RedisOptions *options = &client->options;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
        reply->element[0]->type != REDIS_REPLY_STRING) {
        return;
    }
    const char *kind = reply->element[0]->str;
    if (str_equal(kind, "message") && reply->element[2]->type == REDIS_REPLY_STRING) {
        options->on_message(options->arg, reply->element[2]->str);
    } else if (str_equal(kind, "subscribe")) {
        options->on_message(options->arg, NULL);
    }
}

/* Takes one reply from what was read; NULL if it is not whole yet. */
static Err *next_reply(const RedisClient *client, redisReply **ret_reply)
{
    void *reply = NULL;
    if (redisReaderGetReply(client->reader, &reply) != REDIS_OK) {
        return unavailable(fiber_arena(), client, client->reader->errstr);
    }
    *ret_reply = reply;
    return NULL;
}

/* Hands out what was read. */
static Err *dispatch(RedisClient *client)
{
    for (;;) {
        redisReply *reply = NULL;
        TRY(next_reply(client, &reply));
        if (reply == NULL) {
            return NULL;
        }
        bool expected = client->options.channel != NULL || client->first != NULL;
        if (client->options.channel != NULL) {
            hear(client, reply);
        } else if (expected) {
            answer(client, reply);
        }
        freeReplyObject(reply);
        if (!expected) {
            return unavailable(fiber_arena(), client, "an answer that nobody asked for");
        }
    }
}

/* ---- Sending ---- */

static void queue(RedisClient *client, const char *const *words, size_t count)
{
    str_printf(&client->out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        str_printf(&client->out, "$%zu\r\n", strlen(words[i]));
        str_append(&client->out, words[i]);
        str_append(&client->out, "\r\n");
    }
}

/* Once per turn of the loop, for all that its fibers queued. */
static bool wake_writer(void *arg)
{
    RedisClient *client = arg;
    if (client->out.length == 0 || client->writer.woken) {
        return false;
    }
    waiter_wake(&client->writer);
    return true;
}

YIELDS static Err *write_queued(RedisClient *client)
{
    while (client->out.length > 0) {
        Str out = client->out;
        Arena *arena = client->out_arena;
        client->out_arena = arena_new();
        str_init(&client->out, client->out_arena);
        Err *err = stream_write(client->stream, out.data, out.length, deadline_after(IDLE_MS));
        arena_free(arena);
        TRY(err);
    }
    return NULL;
}

static void run_writer(void *arg)
{
    RedisClient *client = arg;
    const Err *err = NULL;
    while (err == NULL) {
        arena_reset(fiber_arena());
        waiter_init(&client->writer);
        err = write_queued(client);
        if (err == NULL) {
            err = waiter_wait(&client->writer, DEADLINE_NEVER);
        }
    }
    waiter_init(&client->writer);
    /* The reader finds it broken, and says so. */
    stream_shut_down(client->stream);
}

/* ---- The connection ---- */

YIELDS static Err *read_some(RedisClient *client, Deadline deadline)
{
    char buffer[2048];
    size_t length = 0;
    TRY(stream_read(client->stream, buffer, sizeof(buffer), deadline, &length));
    if (length == 0) {
        return unavailable(fiber_arena(), client, "the server closed the connection");
    }
    redisReaderFeed(client->reader, buffer, length);
    return NULL;
}

/* One question and its answer before anybody else may ask; the answer lives in the fiber's arena.
 * Yields. */
YIELDS static Err *converse_for(RedisClient *client, const char *const *words, size_t count,
                                Deadline deadline, RedisReply *ret_reply)
{
    redisReply *reply = NULL;
    queue(client, words, count);
    TRY(write_queued(client));
    for (;;) {
        TRY(next_reply(client, &reply));
        if (reply != NULL) {
            break;
        }
        TRY(read_some(client, deadline));
    }
    Err *err =
        reply->type == REDIS_REPLY_ERROR ? unavailable(fiber_arena(), client, reply->str) : NULL;
    copy_reply(fiber_arena(), reply, ret_reply);
    freeReplyObject(reply);
    return err;
}

YIELDS static Err *converse(RedisClient *client, const char *const *words, size_t count,
                            Deadline deadline)
{
    RedisReply reply = {};
    return converse_for(client, words, count, deadline, &reply);
}

YIELDS static Err *log_in(RedisClient *client, Deadline deadline)
{
    const RedisOptions *options = &client->options;
    const char *const auth[] = {"AUTH", options->username, options->password.reveal};
    const char *const auth_default[] = {"AUTH", options->password.reveal};
    const char *const name[] = {"CLIENT", "SETNAME", "voms"};
    const char *const ping[] = {"PING"};
    char database[16];
    snprintf(database, sizeof(database), "%d", options->database);
    if (!str_is_empty(options->username)) {
        TRY(converse(client, auth, COUNT_OF(auth), deadline));
    } else if (!str_is_empty(options->password.reveal)) {
        TRY(converse(client, auth_default, COUNT_OF(auth_default), deadline));
    }
    if (options->database != 0) {
        TRY(converse(client, (const char *const[]){"SELECT", database}, 2, deadline));
    }
    err_ignore(converse(client, name, COUNT_OF(name), deadline), "an old or guarded server");
    /* While it loads its file it accepts connections, and nothing else. */
    return converse(client, ping, COUNT_OF(ping), deadline);
}

YIELDS static Err *open_stream(RedisClient *client, const StreamTarget *target, Deadline deadline)
{
    TRY(stream_open(target, deadline, &client->stream));
    client->reader = redisReaderCreate();
    BUG_ON(client->reader == NULL);
    return NULL;
}

static void close_stream(RedisClient *client)
{
    stream_close(TAKE(client->stream));
    if (client->reader != NULL) {
        redisReaderFree(TAKE(client->reader));
    }
    arena_reset(client->out_arena);
    str_init(&client->out, client->out_arena);
}

/* https://redis.io/docs/reference/sentinel-clients: ask for the master, and then the master itself
 * whether it is one. Yields. */
YIELDS static Err *ask_sentinel(RedisClient *client, const StreamTarget *sentinel,
                                Deadline deadline)
{
    RedisOptions *options = &client->options;
    RedisReply reply = {};
    const char *const words[] = {"SENTINEL", "get-master-addr-by-name", options->master_name};
    TRY(open_stream(client, sentinel, deadline));
    TRY(converse_for(client, words, COUNT_OF(words), deadline, &reply));
    int64_t port = 0;
    if (reply.type != REDIS_ARRAY || reply.length != 2 || reply.items[0].text == NULL ||
        !str_parse_int64(reply.items[1].text, &port)) {
        return unavailable(fiber_arena(), client, "the sentinel does not know this master");
    }
    snprintf(client->master, sizeof(client->master), "%s", reply.items[0].text);
    options->target.host = client->master;
    options->target.port = (int)port;
    return NULL;
}

/* The first sentinel that knows. Yields. */
YIELDS static Err *find_master(RedisClient *client, Deadline deadline)
{
    const RedisOptions *options = &client->options;
    Err *err = NULL;
    for (size_t i = 0; i < options->sentinel_count; i++) {
        const StreamTarget *sentinel =
            &options->sentinels[client->next_sentinel % options->sentinel_count];
        int64_t share_ms = CONNECT_TIMEOUT_MS / (int64_t)options->sentinel_count;
        err =
            ask_sentinel(client, sentinel, deadline_after(MIN(share_ms, deadline_left(deadline))));
        close_stream(client);
        if (err == NULL || err_is(err, ERR_CANCELLED)) {
            return err;
        }
        client->next_sentinel++;
    }
    return err;
}

YIELDS static Err *check_master(RedisClient *client, Deadline deadline)
{
    RedisReply role = {};
    TRY(converse_for(client, (const char *const[]){"ROLE"}, 1, deadline, &role));
    bool is_master =
        role.type == REDIS_ARRAY && role.length > 0 && str_equal(role.items[0].text, "master");
    return is_master ? NULL
                     : unavailable(fiber_arena(), client, "the sentinels are still choosing");
}

YIELDS static Err *connect_and_log_in(RedisClient *client)
{
    Deadline deadline = deadline_after(CONNECT_TIMEOUT_MS);
    bool by_sentinel = client->options.sentinel_count > 0;
    if (by_sentinel) {
        TRY(find_master(client, deadline));
    }
    TRY(open_stream(client, &client->options.target, deadline));
    TRY(log_in(client, deadline));
    return by_sentinel ? check_master(client, deadline) : NULL;
}

/* A connection on which nothing happens may be dead: it is asked. */
YIELDS static Err *read_until_lost(RedisClient *client)
{
    bool asked = false;
    for (;;) {
        arena_reset(fiber_arena());
        Err *err = read_some(client, deadline_after(IDLE_MS));
        if (err_is(err, ERR_TIMEOUT) && !asked && client->first == NULL) {
            redis_send(client, (const char *const[]){"PING"}, 1);
            asked = true;
            continue;
        }
        TRY(err);
        asked = false;
        TRY(dispatch(client));
    }
}

YIELDS static Err *serve(RedisClient *client)
{
    TRY(connect_and_log_in(client));
    client->connected = true;
    client->reason[0] = 0;
    if (client->told) {
        client->told = false;
        log_event(LOG_INFO, "Redis is back", LOG_TEXT("redis", client->where));
    }
    if (client->options.channel != NULL) {
        queue(client, (const char *const[]){"SUBSCRIBE", client->options.channel}, 2);
    }
    FiberGroup writers;
    fiber_group_init(&writers);
    fiber_spawn(&writers, "redis-writer", run_writer, client);
    Err *err = read_until_lost(client);
    client->connected = false;
    fiber_group_done(&writers);
    return err;
}

static void disconnect(RedisClient *client)
{
    client->connected = false;
    close_stream(client);
    while (client->first != NULL) {
        RedisCall *call = pop_slot(client)->call;
        if (call != NULL) {
            finish(call, unavailable(call->arena, client, "the connection broke"));
        }
    }
}

/* One line per absence; each loop has a connection, and says so. */
static void note_lost(RedisClient *client, const Err *err)
{
    snprintf(client->reason, sizeof(client->reason), "%s", err->message);
    if (!client->told) {
        client->told = true;
        log_event(LOG_WARN, "Redis cannot be reached; going on without it, trying again",
                  LOG_TEXT("redis", client->where), LOG_TEXT("reason", client->reason));
    }
}

static void run_client(void *arg)
{
    RedisClient *client = arg;
    int failures = 0;
    while (!fiber_is_cancelled()) {
        int64_t began = time_monotonic();
        const Err *err = serve(client);
        disconnect(client);
        if (!err_is(err, ERR_CANCELLED)) {
            note_lost(client, err);
        }
        bool lasted = time_monotonic() - began > BACK_OFF_MAX_MS;
        failures = lasted ? 0 : failures + 1;
        arena_reset(fiber_arena());
        err_ignore(fiber_sleep(back_off_ms(BACK_OFF_MIN_MS, BACK_OFF_MAX_MS, failures)),
                   "the end cancels it");
    }
}

/* ---- Commands ---- */

YIELDS static Err *wait_for_answer(RedisClient *client, RedisCall *call)
{
    Err *err = waiter_wait(&call->waiter, deadline_after(client->options.timeout_ms));
    if (call->done) {
        return call->err;
    }
    call->slot->call = NULL;
    if (err_is(err, ERR_TIMEOUT) && deadline_left(fiber_deadline()) > 0 && client->connected) {
        /* Those behind it would wait as long. */
        stream_shut_down(client->stream);
    }
    return err;
}

YIELDS Err *redis_command(RedisClient *client, Arena *arena, const char *const *words, size_t count,
                          RedisReply *ret_reply)
{
    if (!client->connected) {
        return unavailable(arena, client, client->reason);
    }
    if (client->out.length > OUT_BYTES_MAX) {
        return unavailable(arena, client, "it does not take what we send");
    }
    RedisCall call = {.arena = arena, .reply = ret_reply};
    waiter_init(&call.waiter);
    queue(client, words, count);
    push_slot(client, &call);
    return wait_for_answer(client, &call);
}

void redis_send(RedisClient *client, const char *const *words, size_t count)
{
    if (!client->connected || client->out.length > OUT_BYTES_MAX) {
        return;
    }
    queue(client, words, count);
    if (client->options.channel == NULL) {
        push_slot(client, NULL);
    }
}

bool redis_is_connected(const RedisClient *client)
{
    return client->connected;
}

const char *redis_reason(const RedisClient *client, Arena *arena)
{
    return arena_strdup(arena, client->connected ? "" : client->reason);
}

/* ---- Life ---- */

RedisClient *redis_client_new(const RedisOptions *options)
{
    Arena *arena = arena_new();
    RedisClient *client = ARENA_NEW(arena, RedisClient);
    const StreamTarget *target = &options->target;
    client->arena = arena;
    client->options = *options;
    if (options->timeout_ms == 0) {
        client->options.timeout_ms = COMMAND_TIMEOUT_MS;
    }
    client->where =
        options->sentinel_count > 0 ? arena_printf(arena, "%s (asking %zu sentinels)",
                                                   options->master_name, options->sentinel_count)
        : target->host[0] == '/'    ? target->host
                                    : arena_printf(arena, "%s:%d", target->host, target->port);
    client->end = &client->first;
    client->out_arena = arena_new();
    str_init(&client->out, client->out_arena);
    snprintf(client->reason, sizeof(client->reason), "still connecting");
    client->hook = (LoopHook){.fn = wake_writer, .arg = client};
    loop_hook_add(loop_current(), &client->hook);
    fiber_group_init(&client->group);
    fiber_spawn(&client->group, "redis", run_client, client);
    return client;
}

void redis_client_free(RedisClient *client)
{
    if (client == NULL) {
        return;
    }
    fiber_group_done(&client->group);
    loop_hook_remove(loop_current(), &client->hook);
    arena_free(client->out_arena);
    arena_free(client->arena);
}
