/* redis.h - a loop's connection to Redis.
 *
 * All fibers of the loop share it: what they ask in one turn leaves in one write. It is made, and
 * made again with back-off, in the background; without it every call fails at once. hiredis formats
 * and parses; connections are ours, since Debian 12's hiredis knows neither TLS nor fibers. */
#pragma once

#include <stdbool.h>

#include "base/log.h"
#include "io/stream.h"

typedef struct RedisClient RedisClient;

typedef struct RedisOptions {
    StreamTarget target;
    const char *username; /* NULL or "": the default user */
    Secret password;      /* NULL or "": no login */
    int database;
    /* With sentinels the target is whom they call the master: asked before each connection. */
    const StreamTarget *sentinels;
    size_t sentinel_count;
    const char *master_name;
    int64_t timeout_ms; /* of a command; 0: 1 s. A connection that takes longer is made anew */
    /* A client with a channel only listens to it: there are no commands then. */
    const char *channel;
    /* In the client's fiber, may not wait: a message came; NULL: the channel was joined (again),
     * and messages before that may have been missed. */
    void (*on_message)(void *arg, const char *message);
    void *arg;
} RedisOptions;

typedef enum RedisType {
    REDIS_NIL,
    REDIS_INTEGER,
    REDIS_TEXT,  /* a string or status */
    REDIS_ARRAY, /* items */
} RedisType;

typedef struct RedisReply {
    RedisType type;
    int64_t integer;
    const char *text; /* length bytes and a zero */
    size_t length;    /* of text, or the number of items */
    struct RedisReply *items;
} RedisReply;

/* Reads "redis://[user[:password]@]host[:port][/database]", "rediss://…" (TLS),
 * "unix:///path[?db=n]" or "sentinel://[user[:password]@]host[:port],…/master[/database]" into the
 * target (its .tls excepted), login and database of *ret_options; percent-encoding is undone.
 * *ret_tls: does it want TLS? Fails with ERR_CONFIG. */
Err *redis_parse_url(Arena *arena, const char *url, RedisOptions *ret_options, bool *ret_tls);

/* Starts connecting on the calling thread's loop. options is copied, its texts are borrowed. */
RedisClient *redis_client_new(const RedisOptions *options);

/* Ends the connection; its fibers are joined. Commands that wait fail. NULL is accepted. */
void redis_client_free(RedisClient *client);

/* Would a command be sent now? */
bool redis_is_connected(const RedisClient *client);

/* Copies why there is no connection; "" while there is one. */
const char *redis_reason(const RedisClient *client, Arena *arena);

/* Asks words[0..count-1], and waits for the answer, which lives in arena. Yields. Fails with
 * ERR_UNAVAILABLE if there is no connection, it broke, or Redis answered with an error; ERR_TIMEOUT
 * after timeout_ms. */
YIELDS Err *redis_command(RedisClient *client, Arena *arena, const char *const *words, size_t count,
                          RedisReply *ret_reply);

/* Sends a command whose answer nobody waits for; without a connection it is dropped. */
void redis_send(RedisClient *client, const char *const *words, size_t count);
