#include "base/vec.h"

#include "tests/unit/test.h"

TEST(vec, keeps_items_while_it_grows)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    VEC(int64_t) numbers = {};
    for (int64_t i = 0; i < 1000; i++) {
        int64_t *number = vec_push(&numbers, arena);
        ASSERT_INT_EQUAL(0, *number);
        *number = i;
    }
    int64_t expected = 0;
    VEC_FOREACH (int64_t, number, &numbers) {
        ASSERT_INT_EQUAL(expected++, *number);
    }
    ASSERT_INT_EQUAL(1000, expected);
}

TEST(vec, an_empty_one_can_be_walked)
{
    VEC(int) numbers = {};
    VEC_FOREACH (int, number, &numbers) {
        ASSERT(number == NULL);
    }
    ASSERT_INT_EQUAL(0, numbers.count);
}
