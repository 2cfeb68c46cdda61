#include <stdlib.h>
#include <string.h>

#include "voms/access/access_internal.h"

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

TextList access_rules_sorted(Arena *arena, const TextList *permissions)
{
    TextList sorted = {.items = ARENA_ARRAY(arena, const char *, permissions->count + 1),
                       .count = permissions->count};
    for (size_t i = 0; i < permissions->count; i++) {
        sorted.items[i] = permissions->items[i];
    }
    qsort(sorted.items, sorted.count, sizeof(*sorted.items), compare);
    return sorted;
}

void access_rules_check_permissions(Arena *arena, const TextList *permissions, Err **err)
{
    TextList sorted = access_rules_sorted(arena, permissions);
    for (size_t i = 0; i < permissions->count; i++) {
        const char *name = permissions->items[i];
        if (permission_index(name) < 0) {
            err_add_field(arena, err, arena_printf(arena, "permissions[%zu]", i),
                          "permission_unknown", name);
        }
    }
    for (size_t i = 1; i < sorted.count; i++) {
        if (str_equal(sorted.items[i - 1], sorted.items[i])) {
            err_add_field(arena, err, "permissions", "permission_twice", sorted.items[i]);
        }
    }
}

TextList access_rules_minus(Arena *arena, const TextList *a, const TextList *b)
{
    TextList difference = {.items = ARENA_ARRAY(arena, const char *, a->count + 1)};
    size_t at = 0;
    for (size_t i = 0; i < a->count; i++) {
        while (at < b->count && strcmp(b->items[at], a->items[i]) < 0) {
            at++;
        }
        if (at == b->count || strcmp(b->items[at], a->items[i]) != 0) {
            difference.items[difference.count++] = a->items[i];
        }
    }
    return difference;
}
