#include "base/arena.h"

#include <string.h>

#include "tests/unit/test.h"

TEST(arena, memory_is_zeroed_and_aligned_also_after_reset)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 600; size += 7) {
            unsigned char *memory = arena_alloc(arena, size);
            ASSERT((uintptr_t)memory % 16 == 0);
            for (size_t i = 0; i < size; i++) {
                ASSERT(memory[i] == 0);
            }
            memset(memory, 0xAA, size);
        }
        arena_reset(arena);
        ASSERT_INT_EQUAL(0, arena_used_bytes(arena));
    }
}

TEST(arena, one_allocation_may_be_larger_than_a_block)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    unsigned char *small = arena_alloc(arena, 10);
    unsigned char *large = arena_alloc(arena, 3 << 20);
    large[(3 << 20) - 1] = 1;
    small[9] = 1;
    ASSERT_INT_EQUAL(10 + (3 << 20), arena_used_bytes(arena));
}

TEST(arena, try_alloc_refuses_what_exceeds_the_limit)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT(arena_try_alloc(arena, 101, 100) == NULL);
    ASSERT(arena_try_alloc(arena, SIZE_MAX, SIZE_MAX) == NULL);
    ASSERT(arena_try_alloc(arena, 100, 100) != NULL);
}

static char deferred_order[8];
static size_t deferred_count;

static void note_deferred(void *object)
{
    deferred_order[deferred_count++] = *(char *)object;
}

TEST(arena, deferred_functions_run_last_first_and_once)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    deferred_count = 0;
    memset(deferred_order, 0, sizeof(deferred_order));
    char names[] = "abc";
    for (int i = 0; i < 3; i++) {
        arena_defer(arena, note_deferred, &names[i]);
    }
    arena_reset(arena);
    arena_reset(arena);
    ASSERT_STR_EQUAL("cba", deferred_order);
}

TEST(arena, copies_and_formats_text)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT(arena_strdup(arena, NULL) == NULL);
    ASSERT_STR_EQUAL("志愿", arena_strdup(arena, "志愿"));
    ASSERT_STR_EQUAL("ab", arena_strndup(arena, "abcd", 2));
    ASSERT_STR_EQUAL("7 of seven", arena_printf(arena, "%d of %s", 7, "seven"));
}

TEST(arena, free_accepts_null)
{
    arena_free(NULL);
}
