/* unit_internal.h - shared by the files of unit/. */
#pragma once

#include "voms/unit/unit.h"

/* How the paths of a unit and of all below it change. */
typedef struct UnitPaths {
    const char *path;
    const char *path_names;
    int64_t depth;
} UnitPaths;

/* The paths of a unit below parent. */
UnitPaths unit_rules_paths(Arena *arena, const Unit *parent, UnitId unit_id, const char *name);

/* Is there room for `levels` more levels below parent? */
bool unit_rules_fits(const Unit *parent, int64_t levels);

/* Finds a unit with its counts of volunteers. Yields. */
YIELDS Err *unit_find_counted(Ctx *ctx, UnitId unit_id, Unit **ret_unit);

/* Fails with ERR_FORBIDDEN ("move_exceeds_own") if the caller would gain rights on the unit by
 * moving it below parent. Yields. */
YIELDS Err *unit_check_move(Ctx *ctx, UnitId unit_id, UnitId parent_id);

extern const Shape unit_public_shape;

/* Makes the demonstration's units. Yields. */
YIELDS Err *unit_demo(Ctx *ctx);
