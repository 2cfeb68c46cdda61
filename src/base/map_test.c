#include "base/map.h"

#include "tests/unit/test.h"

TEST(map, keeps_what_was_set)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Map map;
    map_init(&map, arena);
    static int values[1000];
    for (int i = 0; i < 1000; i++) {
        ASSERT(map_set(&map, arena_printf(arena, "key %d", i), &values[i]) == NULL);
    }
    ASSERT_INT_EQUAL(1000, map.live_count);
    for (int i = 0; i < 1000; i++) {
        ASSERT(map_get(&map, arena_printf(arena, "key %d", i)) == &values[i]);
    }
    ASSERT(map_get(&map, "key 1000") == NULL);
}

TEST(map, an_empty_one_finds_and_removes_nothing)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Map map;
    map_init(&map, arena);
    ASSERT(map_get(&map, "x") == NULL);
    ASSERT(map_remove(&map, "x") == NULL);
    MAP_FOREACH (entry, &map) {
        ASSERT(entry == NULL);
    }
}

TEST(map, setting_again_replaces_and_returns_the_old_value)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Map map;
    map_init(&map, arena);
    int first;
    int second;
    map_set(&map, "a", &first);
    ASSERT(map_set(&map, "a", &second) == &first);
    ASSERT(map_get(&map, "a") == &second);
    ASSERT_INT_EQUAL(1, map.live_count);
}

TEST(map, iterates_in_insertion_order_without_the_removed)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Map map;
    map_init(&map, arena);
    static const char *const keys[] = {"z", "a", "m", "b"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        map_set(&map, keys[i], (void *)keys[i]);
    }
    ASSERT(map_remove(&map, "a") == keys[1]);
    ASSERT(map_remove(&map, "a") == NULL);

    static const char *const expected[] = {"z", "m", "b"};
    size_t seen = 0;
    MAP_FOREACH (entry, &map) {
        ASSERT_STR_EQUAL(expected[seen++], entry->key);
    }
    ASSERT_INT_EQUAL(3, seen);
}

TEST(map, removing_as_much_as_is_set_needs_no_growth)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Map map;
    map_init(&map, arena);
    for (int i = 0; i < 10000; i++) {
        const char *key = arena_printf(arena, "%d", i);
        map_set(&map, key, arena);
        if (i >= 3) {
            ASSERT(map_remove(&map, arena_printf(arena, "%d", i - 3)) == arena);
        }
    }
    ASSERT_INT_EQUAL(3, map.live_count);
    ASSERT(map.capacity <= 16);
    ASSERT(map_get(&map, "9999") == arena);
}
