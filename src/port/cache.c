/* cache.c - the Redis driver over the memory driver, which stands in while Redis is away. */
#include "port/cache.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/str.h"
#include "fiber/fiber.h"
#include "io/redis.h"
#include "port/cache_memory.h"

#define PREFIX "voms:"

/* In one step, so that no counter can be left without an end. */
static const char ADD_SCRIPT[] =
    "local value = redis.call('INCRBY', KEYS[1], ARGV[1]) "
    "local left = redis.call('PTTL', KEYS[1]) "
    "if left < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) left = tonumber(ARGV[2]) end "
    "return {value, left}";

typedef struct Listening {
    const char *topic;
    CacheListener *fn;
    void *arg;
    struct Listening *next;
} Listening;

/* A loop's part. */
typedef struct CacheLoop {
    Cache *cache;
    RedisClient *client;
    RedisClient *listener; /* of the first loop */
} CacheLoop;

struct Cache {
    Arena *arena;
    MemoryCache *memory;
    bool shared;
    RedisOptions redis;
    const char *channel;
    const char *process; /* random: to know what we told ourselves */
    Listening *listenings;
    _Atomic bool listened;
    _Atomic int64_t hits; /* these two: of Redis */
    _Atomic int64_t misses;
    _Atomic int64_t fallbacks;
};

static _Thread_local CacheLoop *thread_loop;

/* ---- Life ---- */

static Err *open_redis(Cache *cache, Arena *arena, const CacheOptions *options)
{
    bool wants_tls = false;
    StreamTls *tls = NULL;
    unsigned char process[8];
    if (str_is_empty(options->url)) {
        return NULL;
    }
    TRY(redis_parse_url(arena, options->url, &cache->redis, &wants_tls));
    if (wants_tls) {
        Err *err = stream_tls_new(arena, options->ca_file, &tls);
        TRY(err_wrap(arena, err, "redis.ca_file"));
    }
    cache->redis.target.tls = tls;
    randombytes_buf(process, sizeof(process));
    cache->process = str_hex(arena, process, sizeof(process));
    cache->channel = arena_printf(arena, PREFIX "told:%d", cache->redis.database);
    cache->shared = true;
    return NULL;
}

Err *cache_open(Arena *arena, const CacheOptions *options, Cache **ret_cache)
{
    BUG_ON(sodium_init() < 0);
    Cache *cache = ARENA_NEW(arena, Cache);
    cache->arena = arena;
    TRY(open_redis(cache, arena, options));
    cache->memory = memory_cache_new(options->memory_max_bytes);
    *ret_cache = cache;
    return NULL;
}

void cache_close(Cache *cache)
{
    if (cache != NULL) {
        memory_cache_free(cache->memory);
    }
}

/* "PROCESS TOPIC ABOUT"; NULL: something may have been missed. */
static void hear(void *arg, const char *message)
{
    const Cache *cache = arg;
    const char *topic = NULL;
    const char *about = NULL;
    if (message != NULL) {
        size_t own = strlen(cache->process);
        topic = strchr(message, ' ');
        about = topic == NULL ? NULL : strchr(topic + 1, ' ');
        if (about == NULL || strncmp(message, cache->process, own) == 0) {
            return;
        }
        topic++;
        about++;
    }
    for (const Listening *l = cache->listenings; l != NULL; l = l->next) {
        size_t length = strlen(l->topic);
        if (topic == NULL || (strncmp(topic, l->topic, length) == 0 && topic[length] == ' ')) {
            l->fn(l->arg, about);
        }
    }
}

static RedisClient *start_listener(Cache *cache)
{
    if (cache->listenings == NULL || atomic_exchange(&cache->listened, true)) {
        return NULL;
    }
    RedisOptions options = cache->redis;
    options.channel = cache->channel;
    options.on_message = hear;
    options.arg = cache;
    return redis_client_new(&options);
}

void cache_attach(Cache *cache)
{
    static _Thread_local CacheLoop storage;
    if (!cache->shared) {
        return;
    }
    BUG_ON(thread_loop != NULL);
    storage = (CacheLoop){.cache = cache, .client = redis_client_new(&cache->redis)};
    storage.listener = start_listener(cache);
    thread_loop = &storage;
}

void cache_detach(Cache *cache)
{
    if (thread_loop == NULL || thread_loop->cache != cache) {
        return;
    }
    CacheLoop *loop = TAKE(thread_loop);
    if (loop->listener != NULL) {
        redis_client_free(loop->listener);
        atomic_store(&cache->listened, false);
    }
    redis_client_free(loop->client);
}

/* ---- Redis, if it is there ---- */

static RedisClient *client_of(const Cache *cache)
{
    return thread_loop != NULL && thread_loop->cache == cache ? thread_loop->client : NULL;
}

/* Asks Redis. *ret_answered false: memory is to do it. Yields. Fails with ERR_CANCELLED alone. */
YIELDS static Err *ask(Cache *cache, Arena *arena, const char *const *words, size_t count,
                       RedisReply *ret_reply, bool *ret_answered)
{
    RedisClient *client = client_of(cache);
    *ret_answered = false;
    if (client == NULL) {
        return NULL;
    }
    Err *err = redis_command(client, arena, words, count, ret_reply);
    if (err_is(err, ERR_CANCELLED)) {
        return err;
    }
    *ret_answered = err == NULL;
    if (err != NULL) {
        atomic_fetch_add(&cache->fallbacks, 1);
    }
    return NULL;
}

static const char *full_key(Arena *arena, const char *key)
{
    return arena_printf(arena, PREFIX "%s", key);
}

/* Calls without an arena of their caller make one only if Redis is asked. */
static Arena *scratch(const Cache *cache)
{
    return client_of(cache) == NULL ? NULL : fiber_arena();
}

/* ---- The port ---- */

YIELDS Err *cache_get(Cache *cache, Arena *arena, const char *key, const char **ret_value)
{
    RedisReply reply = {};
    bool answered = false;
    if (client_of(cache) != NULL) {
        const char *const words[] = {"GET", full_key(arena, key)};
        TRY(ask(cache, arena, words, COUNT_OF(words), &reply, &answered));
    }
    if (!answered) {
        *ret_value = memory_cache_get(cache->memory, arena, key);
        return NULL;
    }
    atomic_fetch_add(reply.text == NULL ? &cache->misses : &cache->hits, 1);
    *ret_value = reply.text;
    return NULL;
}

YIELDS Err *cache_set(Cache *cache, const char *key, const char *value, int64_t ttl_ms)
{
    RedisReply reply = {};
    bool answered = false;
    Arena *arena = scratch(cache);
    if (arena != NULL) {
        const char *ttl = arena_printf(arena, "%" PRId64, MAX(ttl_ms, (int64_t)1));
        const char *const words[] = {"SET", full_key(arena, key), value, "PX", ttl};
        TRY(ask(cache, arena, words, COUNT_OF(words), &reply, &answered));
    }
    if (!answered) {
        memory_cache_set(cache->memory, key, value, ttl_ms);
    }
    return NULL;
}

YIELDS Err *cache_delete(Cache *cache, const char *key)
{
    RedisReply reply = {};
    const Arena *arena = scratch(cache);
    memory_cache_delete(cache->memory, key);
    if (arena == NULL) {
        return NULL;
    }
    const char *const words[] = {"DEL", full_key(fiber_arena(), key)};
    return redis_command(client_of(cache), fiber_arena(), words, COUNT_OF(words), &reply);
}

YIELDS Err *cache_add(Cache *cache, const char *key, int64_t delta, int64_t ttl_ms,
                      int64_t *ret_value, int64_t *ret_left_ms)
{
    RedisReply reply = {};
    bool answered = false;
    Arena *arena = scratch(cache);
    if (arena != NULL) {
        const char *const words[] = {"EVAL",
                                     ADD_SCRIPT,
                                     "1",
                                     full_key(arena, key),
                                     arena_printf(arena, "%" PRId64, delta),
                                     arena_printf(arena, "%" PRId64, ttl_ms)};
        TRY(ask(cache, arena, words, COUNT_OF(words), &reply, &answered));
    }
    if (!answered || reply.length != 2) {
        *ret_value = memory_cache_add(cache->memory, key, delta, ttl_ms, ret_left_ms);
        return NULL;
    }
    *ret_value = reply.items[0].integer;
    *ret_left_ms = reply.items[1].integer;
    return NULL;
}

const char *cache_get_here(Cache *cache, Arena *arena, const char *key)
{
    return memory_cache_get(cache->memory, arena, key);
}

void cache_set_here(Cache *cache, const char *key, const char *value, int64_t ttl_ms)
{
    memory_cache_set(cache->memory, key, value, ttl_ms);
}

/* ---- Telling ---- */

void cache_listen(Cache *cache, const char *topic, CacheListener *fn, void *arg)
{
    Listening *listening = ARENA_NEW(cache->arena, Listening);
    *listening = (Listening){.topic = topic, .fn = fn, .arg = arg, .next = cache->listenings};
    cache->listenings = listening;
}

void cache_tell(Cache *cache, const char *topic, const char *about)
{
    RedisClient *client = client_of(cache);
    if (client == NULL) {
        return;
    }
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *message = arena_printf(arena, "%s %s %s", cache->process, topic, about);
    redis_send(client, (const char *const[]){"PUBLISH", cache->channel, message}, 3);
}

/* ---- How it is ---- */

bool cache_is_shared(const Cache *cache)
{
    return cache->shared;
}

YIELDS Err *cache_ping(Cache *cache, int64_t *ret_latency_us)
{
    RedisReply reply = {};
    RedisClient *client = client_of(cache);
    BUG_ON(client == NULL);
    /* A write: one that is full, read-only or short of rights for it answers PING as if all was
     * well. */
    const char *key = PREFIX "health";
    const char *const words[] = {"SET", key, "1", "PX", "10000"};
    int64_t began_us = time_monotonic_us();
    TRY(redis_command(client, fiber_arena(), words, COUNT_OF(words), &reply));
    *ret_latency_us = time_monotonic_us() - began_us;
    return NULL;
}

CacheStats cache_stats(const Cache *cache)
{
    CacheStats stats = memory_cache_stats(cache->memory);
    stats.hits += cache->hits;
    stats.misses += cache->misses;
    stats.fallbacks = cache->fallbacks;
    return stats;
}
