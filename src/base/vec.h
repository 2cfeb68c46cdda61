/* vec.h - typed vectors that grow in an arena.
 *
 *     VEC(int64_t) ids = {};
 *     *vec_push(&ids, arena) = 7;
 *     VEC_FOREACH (int64_t, id, &ids) { use(*id); }
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

/* What vec_push calls when the vector is full. */
void *vec_grow(Arena *arena, void *items, size_t item_size, size_t count, size_t *capacity)
    __attribute__((returns_nonnull));

/* Appends a zeroed item and returns its address, valid until the next push. */
#define vec_push(vec, arena)                                                                       \
    ({                                                                                             \
        if ((vec)->count == (vec)->capacity) {                                                     \
            (vec)->items = vec_grow((arena), (vec)->items, sizeof(*(vec)->items), (vec)->count,    \
                                    &(vec)->capacity);                                             \
        }                                                                                          \
        &(vec)->items[(vec)->count++];                                                             \
    })

#define VEC_FOREACH(type, name, vec)                                                               \
    for (type *name = (vec)->items; name != NULL && name < (vec)->items + (vec)->count; name++)
