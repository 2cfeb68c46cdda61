/* permission.c - the one table of permissions, gathered from the concepts. */
#include <string.h>

#include "voms/access/access_internal.h"

#define BUCKETS 512 /* a power of two, well over PERMISSIONS_MAX */

/* Written at start-up only. */
static const Permission *table[PERMISSIONS_MAX];
static size_t count;
static uint16_t buckets[BUCKETS]; /* number + 1; 0: free */

static size_t hash(const char *name)
{
    uint32_t value = 2166136261u;
    for (const char *at = name; *at != '\0'; at++) {
        value = (value ^ (unsigned char)*at) * 16777619u;
    }
    return value % BUCKETS;
}

int permission_index(const char *name)
{
    for (size_t i = hash(name); buckets[i] != 0; i = (i + 1) % BUCKETS) {
        if (strcmp(table[buckets[i] - 1]->name, name) == 0) {
            return buckets[i] - 1;
        }
    }
    return -1;
}

static void add(const Permission *permission)
{
    if (permission_index(permission->name) >= 0) {
        return;
    }
    BUG_ON(count == PERMISSIONS_MAX);
    table[count++] = permission;
    size_t i = hash(permission->name);
    while (buckets[i] != 0) {
        i = (i + 1) % BUCKETS;
    }
    buckets[i] = (uint16_t)count;
}

void permission_register_all(const Concept *const *concepts)
{
    for (const Concept *const *concept = concepts; *concept != NULL; concept ++) {
        const Permission *permission = (*concept)->permissions;
        for (; permission != NULL && permission->name != NULL; permission++) {
            add(permission);
        }
    }
}

size_t permission_count(void)
{
    return count;
}

const Permission *permission_at(size_t index)
{
    BUG_ON(index >= count);
    return table[index];
}

void permission_set_add(PermissionSet *set, int index)
{
    set->bits[index / 64] |= UINT64_C(1) << (index % 64);
}

bool permission_set_has(const PermissionSet *set, int index)
{
    return index >= 0 && (set->bits[index / 64] >> (index % 64) & 1) != 0;
}
