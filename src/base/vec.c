#include "base/vec.h"

#include <string.h>

#define FIRST_CAPACITY 8

void *vec_grow(Arena *arena, void *items, size_t item_size, size_t count, size_t *capacity)
{
    size_t grown = MAX(*capacity * 2, (size_t)FIRST_CAPACITY);
    void *memory = arena_alloc_array(arena, grown, item_size);
    if (count > 0) {
        memcpy(memory, items, count * item_size);
    }
    *capacity = grown;
    return memory;
}
