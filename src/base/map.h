/* map.h - a hash map from text to pointer, growing in an arena.
 *
 * Keys are copied. Iteration is in insertion order. Hashing is keyed per process (SipHash), so that
 * a client cannot choose colliding keys. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct MapEntry {
    const char *key;
    void *value;
} MapEntry;

typedef struct Map {
    Arena *arena;
    MapEntry *entries; /* in insertion order; count of them; a removed one has key NULL */
    size_t count;
    size_t capacity;
    uint32_t *slots; /* index into entries + 1, 0 is free; power of two */
    size_t slot_count;
    size_t live_count;
} Map;

/* Makes an empty map; it takes memory from arena as it grows. */
void map_init(Map *map, Arena *arena);

/* Sets key to value; returns the value it had, or NULL. */
void *map_set(Map *map, const char *key, void *value);

/* The value of key, or NULL. */
void *map_get(const Map *map, const char *key);

/* Removes key; returns the value it had, or NULL. */
void *map_remove(Map *map, const char *key);

#define MAP_FOREACH(entry, map)                                                                    \
    for (MapEntry *entry = (map)->entries; entry != NULL && entry < (map)->entries + (map)->count; \
         entry++)                                                                                  \
        if (entry->key != NULL)
