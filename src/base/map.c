#include "base/map.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define FIRST_CAPACITY 8
#define NOT_THERE SIZE_MAX

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
    BUG_ON(sodium_init() < 0);
    crypto_shorthash_keygen(hash_key);
}

static uint64_t hash(const char *key)
{
    uint64_t value;
    _Static_assert(sizeof(value) == crypto_shorthash_BYTES, "one word");
    crypto_shorthash((unsigned char *)&value, (const unsigned char *)key, strlen(key), hash_key);
    return value;
}

void map_init(Map *map, Arena *arena)
{
    pthread_once(&hash_key_once, make_hash_key);
    *map = (Map){.arena = arena};
}

/* The slot that holds key, or the free one where it would go. A removed entry keeps its slot until
 * the next rebuild, so that the chain behind it stays connected. */
static size_t slot_of(const Map *map, const char *key)
{
    size_t slot = hash(key) & (map->slot_count - 1);
    while (map->slots[slot] != 0) {
        const char *other = map->entries[map->slots[slot] - 1].key;
        if (other != NULL && strcmp(other, key) == 0) {
            break;
        }
        slot = (slot + 1) & (map->slot_count - 1);
    }
    return slot;
}

static size_t index_of(const Map *map, const char *key)
{
    if (map->slot_count == 0) {
        return NOT_THERE;
    }
    uint32_t reference = map->slots[slot_of(map, key)];
    return reference == 0 ? NOT_THERE : reference - 1;
}

/* Moves the living entries to new memory, twice as large unless removals made enough room. */
static void rebuild(Map *map)
{
    Map old = *map;
    size_t wanted = old.live_count * 2 > old.capacity ? old.capacity * 2 : old.capacity;
    map->capacity = MAX(wanted, (size_t)FIRST_CAPACITY);
    map->slot_count = map->capacity * 2;
    BUG_ON(map->slot_count > UINT32_MAX);
    map->entries = ARENA_ARRAY(map->arena, MapEntry, map->capacity);
    map->slots = ARENA_ARRAY(map->arena, uint32_t, map->slot_count);
    map->count = 0;

    MAP_FOREACH (entry, &old) {
        map->entries[map->count] = *entry;
        map->slots[slot_of(map, entry->key)] = (uint32_t)++map->count;
    }
}

void *map_set(Map *map, const char *key, void *value)
{
    size_t index = index_of(map, key);
    if (index != NOT_THERE) {
        void *previous = map->entries[index].value;
        map->entries[index].value = value;
        return previous;
    }

    if (map->count == map->capacity) {
        rebuild(map);
    }
    size_t slot = slot_of(map, key);
    map->entries[map->count] = (MapEntry){.key = arena_strdup(map->arena, key), .value = value};
    map->slots[slot] = (uint32_t)++map->count;
    map->live_count++;
    return NULL;
}

void *map_get(const Map *map, const char *key)
{
    size_t index = index_of(map, key);
    return index == NOT_THERE ? NULL : map->entries[index].value;
}

void *map_remove(Map *map, const char *key)
{
    size_t index = index_of(map, key);
    if (index == NOT_THERE) {
        return NULL;
    }
    void *value = map->entries[index].value;
    map->entries[index] = (MapEntry){};
    map->live_count--;
    return value;
}
