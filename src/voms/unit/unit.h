/* unit.h - the organisation's tree.
 *
 * The root unit has id 1 and is made by the migration. unit_ancestor holds each unit with itself
 * and all above. */
#pragma once

#include "app/ctx.h"

#define UNIT_ROOT ((UnitId){1})

typedef struct Unit {
    UnitId id;
    UnitId parent_id;       /* 0 for the root */
    const char *name;       /* 1..100 characters */
    const char *code;       /* short, unique; for imports: "north" */
    const char *kind;       /* free: 总队, 分队, school… */
    const char *path_names; /* "总队 / 北区分队", for people */
    int64_t depth;          /* 0 for the root */
    const char *contact_name;
    const char *contact_phone;
    const char *address;
    const char *description;
    bool open_for_applications;
    int64_t volunteer_count; /* active members of this unit itself */
    TimeMs created_at;
    int64_t version;
} Unit;

/* Finds a unit. Not confined: callers check access first. Yields. ERR_NOT_FOUND if there is none.
 */
YIELDS Err *unit_find(Ctx *ctx, UnitId unit_id, Unit **ret_unit);

/* Finds a unit by its code or its name (if only one has that name), for imports; *ret_unit is NULL
 * if there is none. Yields. */
YIELDS Err *unit_find_by_label(Ctx *ctx, const char *label, Unit **ret_unit);

/* Makes a unit; draft's name, code, kind… and parent_id are used. In the open transaction. Yields.
 */
YIELDS Err *unit_insert(Ctx *ctx, const Unit *draft, Unit **ret_unit);
