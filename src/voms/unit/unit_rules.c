#include <inttypes.h>

#include "voms/unit/unit_internal.h"

UnitPaths unit_rules_paths(Arena *arena, const Unit *parent, UnitId unit_id, const char *name)
{
    return (UnitPaths){
        .path = arena_printf(arena, "%s%" PRId64 "/", parent->path, unit_id.value),
        .path_names = arena_printf(arena, "%s / %s", parent->path_names, name),
        .depth = parent->depth + 1,
    };
}

bool unit_rules_fits(const Unit *parent, int64_t levels)
{
    return parent->depth + levels <= UNIT_DEPTH_MAX;
}
