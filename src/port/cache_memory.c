/* cache_memory.c - the memory driver: a hash table in least-recently-used order, under one lock.
 *
 * The work under the lock is a look-up and a copy; nothing here waits for anything else. */
#include "port/cache_memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/time.h"

#define MEMORY_MAX_DEFAULT ((size_t)16 << 20)
#define BUCKETS_MIN 1024
#define VALUE_PART_MAX 16 /* a value takes at most this part of the memory */

typedef struct Entry {
    struct Entry *next_in_bucket;
    struct Entry *newer;
    struct Entry *older;
    uint64_t hash;
    Deadline ends;
    size_t key_length;
    size_t value_length;
    char *value; /* behind the key, in text */
    char text[];
} Entry;

struct MemoryCache {
    pthread_mutex_t mutex;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    size_t memory_max_bytes;
    Entry **buckets;
    size_t bucket_count; /* power of two */
    Entry *newest;
    Entry *oldest;
    CacheStats stats;
};

static void *allocate(size_t size_bytes)
{
    void *memory = calloc(1, size_bytes);
    BUG_ON(memory == NULL);
    return memory;
}

MemoryCache *memory_cache_new(size_t memory_max_bytes)
{
    BUG_ON(sodium_init() < 0);
    MemoryCache *cache = allocate(sizeof(*cache));
    pthread_mutex_init(&cache->mutex, NULL);
    crypto_shorthash_keygen(cache->hash_key);
    cache->memory_max_bytes = memory_max_bytes > 0 ? memory_max_bytes : MEMORY_MAX_DEFAULT;
    cache->bucket_count = BUCKETS_MIN;
    cache->buckets = allocate(cache->bucket_count * sizeof(Entry *));
    return cache;
}

void memory_cache_free(MemoryCache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (Entry *entry = cache->newest; entry != NULL;) {
        Entry *older = entry->older;
        free(entry);
        entry = older;
    }
    free(cache->buckets);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

/* ---- The table and the order; all under the lock ---- */

static uint64_t hash_of(const MemoryCache *cache, const char *key, size_t length)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, length, cache->hash_key);
    return hash;
}

static size_t size_of(const Entry *entry)
{
    return sizeof(*entry) + entry->key_length + entry->value_length + 2;
}

static Entry **link_of(const MemoryCache *cache, const char *key, size_t length, uint64_t hash)
{
    Entry **link = &cache->buckets[hash & (cache->bucket_count - 1)];
    while (*link != NULL && ((*link)->hash != hash || (*link)->key_length != length ||
                             memcmp((*link)->text, key, length) != 0)) {
        link = &(*link)->next_in_bucket;
    }
    return link;
}

static void order_remove(MemoryCache *cache, Entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void order_add(MemoryCache *cache, Entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    /* The list holds no freed entry, which the analyzer cannot see. */
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void remove_entry(MemoryCache *cache, Entry *entry)
{
    Entry **link = link_of(cache, entry->text, entry->key_length, entry->hash);
    BUG_ON(*link != entry);
    *link = entry->next_in_bucket;
    order_remove(cache, entry);
    cache->stats.entries--;
    cache->stats.bytes -= (int64_t)size_of(entry);
    free(entry);
}

static void grow(MemoryCache *cache)
{
    if ((size_t)cache->stats.entries <= cache->bucket_count) {
        return;
    }
    free(cache->buckets);
    cache->bucket_count *= 2;
    cache->buckets = allocate(cache->bucket_count * sizeof(Entry *));
    for (Entry *entry = cache->newest; entry != NULL; entry = entry->older) {
        Entry **bucket = &cache->buckets[entry->hash & (cache->bucket_count - 1)];
        entry->next_in_bucket = *bucket;
        *bucket = entry;
    }
}

/* The living entry of key, which becomes the newest; NULL if there is none. */
static Entry *find(MemoryCache *cache, const char *key)
{
    size_t length = strlen(key);
    Entry *entry = *link_of(cache, key, length, hash_of(cache, key, length));
    if (entry == NULL) {
        return NULL;
    }
    if (entry->ends <= time_monotonic()) {
        remove_entry(cache, entry);
        return NULL;
    }
    order_remove(cache, entry);
    order_add(cache, entry);
    return entry;
}

static void drop(MemoryCache *cache, const char *key)
{
    size_t length = strlen(key);
    Entry *entry = *link_of(cache, key, length, hash_of(cache, key, length));
    if (entry != NULL) {
        remove_entry(cache, entry);
    }
}

static void add(MemoryCache *cache, const char *key, const char *value, Deadline ends)
{
    size_t key_length = strlen(key);
    size_t value_length = strlen(value);
    size_t size_bytes = sizeof(Entry) + key_length + value_length + 2;
    if (size_bytes > cache->memory_max_bytes / VALUE_PART_MAX) {
        return;
    }
    while (cache->oldest != NULL &&
           (size_t)cache->stats.bytes + size_bytes > cache->memory_max_bytes) {
        BUG_ON(cache->oldest->older != NULL);
        remove_entry(cache, cache->oldest);
        cache->stats.evictions++;
    }
    Entry *entry = allocate(size_bytes);
    entry->hash = hash_of(cache, key, key_length);
    entry->ends = ends;
    entry->key_length = key_length;
    entry->value_length = value_length;
    entry->value = entry->text + key_length + 1;
    memcpy(entry->text, key, key_length);
    memcpy(entry->value, value, value_length);
    Entry **bucket = &cache->buckets[entry->hash & (cache->bucket_count - 1)];
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    order_add(cache, entry);
    cache->stats.entries++;
    cache->stats.bytes += (int64_t)size_bytes;
    grow(cache);
}

/* ---- The driver's calls ---- */

const char *memory_cache_get(MemoryCache *cache, Arena *arena, const char *key)
{
    pthread_mutex_lock(&cache->mutex);
    const Entry *entry = find(cache, key);
    const char *value =
        entry != NULL ? arena_strndup(arena, entry->value, entry->value_length) : NULL;
    cache->stats.hits += entry != NULL;
    cache->stats.misses += entry == NULL;
    pthread_mutex_unlock(&cache->mutex);
    return value;
}

void memory_cache_set(MemoryCache *cache, const char *key, const char *value, int64_t ttl_ms)
{
    pthread_mutex_lock(&cache->mutex);
    drop(cache, key);
    add(cache, key, value, deadline_after(ttl_ms));
    pthread_mutex_unlock(&cache->mutex);
}

void memory_cache_delete(MemoryCache *cache, const char *key)
{
    pthread_mutex_lock(&cache->mutex);
    drop(cache, key);
    pthread_mutex_unlock(&cache->mutex);
}

int64_t memory_cache_add(MemoryCache *cache, const char *key, int64_t delta, int64_t ttl_ms,
                         int64_t *ret_left_ms)
{
    char text[32];
    int64_t value = 0;
    pthread_mutex_lock(&cache->mutex);
    const Entry *entry = find(cache, key);
    Deadline ends = entry != NULL ? entry->ends : deadline_after(ttl_ms);
    if (entry != NULL) {
        str_parse_int64(entry->value, &value);
    }
    value += delta;
    snprintf(text, sizeof(text), "%" PRId64, value);
    drop(cache, key);
    add(cache, key, text, ends);
    pthread_mutex_unlock(&cache->mutex);
    *ret_left_ms = deadline_left(ends);
    return value;
}

CacheStats memory_cache_stats(const MemoryCache *cache)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)&cache->mutex;
    pthread_mutex_lock(mutex);
    CacheStats stats = cache->stats;
    pthread_mutex_unlock(mutex);
    return stats;
}
