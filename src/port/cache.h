/* cache.h - the cache port: short-lived values shared by the processes, in memory or Redis.
 *
 * Everything here may be lost at any time; callers must be correct without it. While Redis is away
 * each process counts and keeps by itself, and a value that was in Redis before comes back with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct Cache Cache;

typedef struct CacheOptions {
    const char *url;         /* of Redis, see redis_parse_url; NULL or "": in memory */
    const char *ca_file;     /* certificates to trust with TLS; NULL or "": the system's */
    size_t memory_max_bytes; /* memory driver: evicts the least recently used beyond it */
} CacheOptions;

typedef struct CacheStats {
    int64_t entries; /* this and the next: in memory */
    int64_t bytes;
    int64_t hits;
    int64_t misses;
    int64_t evictions;
    int64_t fallbacks; /* calls that went to memory because Redis did not answer */
} CacheStats;

/* Opens the cache for the process. options is copied. Fails with ERR_CONFIG. */
Err *cache_open(Arena *arena, const CacheOptions *options, Cache **ret_cache);
void cache_close(Cache *cache);

/* Connects the calling thread's loop, in the background; a thread without its part works in memory.
 * The first one hears what other processes tell. */
void cache_attach(Cache *cache);
void cache_detach(Cache *cache);

/* *ret_value is NULL when there is none. The value lives in arena. Yields. */
YIELDS Err *cache_get(Cache *cache, Arena *arena, const char *key, const char **ret_value);

/* Keeps value for ttl_ms. Yields. */
YIELDS Err *cache_set(Cache *cache, const char *key, const char *value, int64_t ttl_ms);

/* Yields. Fails with ERR_UNAVAILABLE if the value may still be in Redis. */
YIELDS Err *cache_delete(Cache *cache, const char *key);

/* Adds delta to a counter that ends ttl_ms after it began; returns its value and when it ends.
 * Yields. */
YIELDS Err *cache_add(Cache *cache, const char *key, int64_t delta, int64_t ttl_ms,
                      int64_t *ret_value, int64_t *ret_left_ms);

/* As cache_get and cache_set for what each process had better make for itself than fetch: answers
 * that many ask for and that are old after a second. Never waits. */
const char *cache_get_here(Cache *cache, Arena *arena, const char *key);
void cache_set_here(Cache *cache, const char *key, const char *value, int64_t ttl_ms);

/* ---- Telling the other processes ---- */

/* Called on the thread that attached first; may not wait. about is NULL when something may have
 * been missed: forget everything. */
typedef void CacheListener(void *arg, const char *about);

/* Calls fn for what other processes tell on topic (a literal, one word). Before cache_attach. */
void cache_listen(Cache *cache, const char *topic, CacheListener *fn, void *arg);

/* Tells the other processes, if Redis is there; it may get lost, so what is told only makes sooner
 * what happens anyway. Does not wait; on a thread with a loop. */
void cache_tell(Cache *cache, const char *topic, const char *about);

/* ---- How it is ---- */

/* Are values shared by way of Redis, when it is there? */
bool cache_is_shared(const Cache *cache);

/* Writes a value to Redis. Yields. Fails with ERR_UNAVAILABLE or ERR_TIMEOUT, with the reason. */
YIELDS Err *cache_ping(Cache *cache, int64_t *ret_latency_us);

/* The counters so far. Thread-safe. */
CacheStats cache_stats(const Cache *cache);
