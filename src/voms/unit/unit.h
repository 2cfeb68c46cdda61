/* unit.h - the organisation's tree.
 *
 * The root unit has id 1 and is made by the migration; it cannot be moved or deleted.
 * unit_ancestor(unit_id, ancestor_id) holds each unit with itself and all above it.
 *
 * Messages, in the transaction of their change, key "unit:<id>":
 *   unit.moved, unit.deleted   {"unit_id"} */
#pragma once

#include "app/services.h"

#define UNIT_ROOT ((UnitId){1})
#define UNIT_DEPTH_MAX 16

typedef struct Unit {
    UnitId id;
    UnitId parent_id;       /* 0 for the root */
    const char *path;       /* ids from the root: "/1/4/" */
    const char *path_names; /* "总队 / 北区分队", for people */
    int64_t depth;          /* 0 for the root */
    const char *name;       /* 1..100 characters, unique among siblings */
    const char *code;       /* short, unique; for imports: "north"; or NULL */
    const char *kind;       /* free: 总队, 分队, school… */
    const char *credentials;
    const char *contact_name;
    const char *contact_phone; /* as it was written */
    const char *contact_email;
    const char *address;
    const char *description;
    bool applications_open;
    int64_t volunteer_count; /* whose home is this unit, without archived ones; 0 unless counted */
    int64_t subtree_volunteer_count;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Unit;

extern const Concept unit_concept;
extern const Shape unit_shape;

/* Finds a unit; without its counts of volunteers. Not confined: callers check access first. Yields.
 * ERR_NOT_FOUND ("unit_not_found") if there is none. */
YIELDS Err *unit_find(Ctx *ctx, UnitId unit_id, Unit **ret_unit);

/* Finds a unit by its code or its name (if only one has that name), for imports; *ret_unit is NULL
 * if there is none. Not confined. Yields. */
YIELDS Err *unit_find_by_label(Ctx *ctx, const char *label, Unit **ret_unit);

/* Makes a unit; the draft's texts, applications_open and parent_id are used. In the open
 * transaction, with its audit entry. Yields. Fails with ERR_INVALID if the parent is too deep or
 * not there, ERR_CONFLICT ("unit_code_taken", "unit_name_taken"). */
YIELDS Err *unit_insert(Ctx *ctx, const Unit *draft, Unit **ret_unit);

/* Changes the unit's own texts to those of changed (of unit_find), with its audit entry; its parent
 * stays. In the open transaction. Yields. Fails as unit_insert does. */
YIELDS Err *unit_update(Ctx *ctx, const Unit *before, const Unit *changed, Unit **ret_unit);

/* Moves a unit with all below it. Yields. Fails with ERR_CONFLICT ("unit_move_cycle") when the new
 * parent is the unit or below it, ("unit_is_root"), ERR_INVALID as unit_insert does. */
YIELDS Err *unit_move(Ctx *ctx, UnitId unit_id, UnitId parent_id, Unit **ret_unit);

/* Deletes a unit that nothing refers to. Yields. Fails with ERR_CONFLICT ("unit_in_use", current
 * names by what; "unit_is_root"). */
YIELDS Err *unit_delete(Ctx *ctx, UnitId unit_id);

typedef struct UnitQuery {
    UnitId parent_id; /* 0: all */
    const char *q;    /* part of name, code or path; NULL: all */
    bool public_only; /* those open for applications, not confined */
    bool by_name;     /* else by path, which is the order of the tree */
    bool descending;
    const char *cursor; /* NULL: from the start */
    int64_t limit;
    bool with_total;
} UnitQuery;

typedef struct UnitPage {
    ObjectList units; /* of Unit */
    const char *next_cursor;
    int64_t total; /* -1: not asked for */
} UnitPage;

/* Lists what the caller may see (unit:read), one page. Yields. Fails with ERR_MALFORMED for a bad
 * cursor. */
YIELDS Err *unit_list(Ctx *ctx, const UnitQuery *query, UnitPage *ret_page);

/* A HttpGuard for routes whose path names {unit_id}: knows unit:read, needs route->needs. Yields.
 */
YIELDS Err *unit_guard(Ctx *ctx, const HttpRequest *req);
