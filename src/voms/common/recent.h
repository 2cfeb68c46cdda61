/* recent.h - a bounded table of facts that may be a few seconds old, shared by all loops.
 *
 * It saves a query per request. A fact is stored with the epoch that held when its query began, and
 * is only good while that epoch is still the present one; whoever changes the fact moves the epoch.
 * Thread-safe; never yields. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define RECENT_WAYS 4
#define RECENT_SHARDS 16

typedef struct RecentKey {
    uint64_t high;
    uint64_t low;
} RecentKey;

typedef struct RecentSlot {
    RecentKey key; /* all zero: free */
    uint64_t epoch;
    int64_t stored_at; /* monotonic, ms */
} RecentSlot;

typedef struct Recent {
    pthread_mutex_t locks[RECENT_SHARDS];
    RecentSlot *slots;     /* slot_count of them */
    unsigned char *values; /* value_bytes each */
    size_t slot_count;     /* a power of two, at least RECENT_WAYS * RECENT_SHARDS */
    size_t value_bytes;
} Recent;

/* Defines a static table; pages that are never used cost no memory. */
#define RECENT_TABLE(name, count, value_type)                                                      \
    static RecentSlot name##_slots[count];                                                         \
    static _Alignas(16) unsigned char name##_values[(count) * sizeof(value_type)];                 \
    static Recent name = {.locks = {[0 ... RECENT_SHARDS - 1] = PTHREAD_MUTEX_INITIALIZER},        \
                          .slots = name##_slots,                                                   \
                          .values = name##_values,                                                 \
                          .slot_count = (count),                                                   \
                          .value_bytes = sizeof(value_type)}

/* Copies the value of key if there is one not older than age_max_ms; its epoch is the caller's to
 * compare. The key must not be all zero. */
bool recent_get(Recent *recent, RecentKey key, int64_t age_max_ms, void *ret_value,
                uint64_t *ret_epoch);

/* Keeps a copy of value, in place of the oldest of a few if need be. */
void recent_put(Recent *recent, RecentKey key, uint64_t epoch, const void *value);

/* Forgets all; for tests. */
void recent_clear(Recent *recent);
