/* cache_memory.h - the cache's memory driver, alone or in Redis's place while that is away. */
#pragma once

#include "port/cache.h"

typedef struct MemoryCache MemoryCache;

/* memory_max_bytes 0: a default. */
MemoryCache *memory_cache_new(size_t memory_max_bytes);
void memory_cache_free(MemoryCache *cache);

/* The calls of the port. Thread-safe; they do not wait. */
const char *memory_cache_get(MemoryCache *cache, Arena *arena, const char *key);
void memory_cache_set(MemoryCache *cache, const char *key, const char *value, int64_t ttl_ms);
void memory_cache_delete(MemoryCache *cache, const char *key);
int64_t memory_cache_add(MemoryCache *cache, const char *key, int64_t delta, int64_t ttl_ms,
                         int64_t *ret_left_ms);
CacheStats memory_cache_stats(const MemoryCache *cache);
