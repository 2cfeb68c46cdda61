/* cache.h - the cache port: short-lived values shared by the processes, in memory or Redis.
 *
 * Everything here may be lost at any time; callers must be correct without it. */
#pragma once

#include <stdint.h>

#include "base/err.h"

typedef struct Cache Cache;

typedef struct CacheOptions {
    const char *url;         /* NULL: in memory */
    size_t memory_max_bytes; /* memory driver: evicts the least recently used beyond it */
} CacheOptions;

typedef struct CacheStats {
    int64_t entries;
    int64_t bytes;
    int64_t hits;
    int64_t misses;
    int64_t evictions;
} CacheStats;

/* Opens the cache for the process. options is copied. */
Err *cache_open(Arena *arena, const CacheOptions *options, Cache **ret_cache);
void cache_close(Cache *cache);

/* *ret_value is NULL when there is none. The value lives in arena. Yields. */
YIELDS Err *cache_get(Cache *cache, Arena *arena, const char *key, const char **ret_value);

/* Keeps value for ttl_ms. Yields. */
YIELDS Err *cache_set(Cache *cache, const char *key, const char *value, int64_t ttl_ms);
YIELDS Err *cache_delete(Cache *cache, const char *key);

/* Adds delta to a counter that ends ttl_ms after it began; returns its value and when it ends.
 * Yields. */
YIELDS Err *cache_add(Cache *cache, const char *key, int64_t delta, int64_t ttl_ms,
                      int64_t *ret_value, int64_t *ret_left_ms);

/* The counters so far. Thread-safe. */
CacheStats cache_stats(const Cache *cache);
