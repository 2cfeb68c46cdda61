/* access.h - who may do what: roles, grants, and the one place that decides.
 *
 * A role is a set of permissions; a grant gives a role to an account on a unit and its subtree.
 * What a caller may not know of is answered with ERR_NOT_FOUND, what is known but not allowed with
 * ERR_FORBIDDEN.
 *
 * Lists and look-ups are confined in SQL, with two parameters from access_confine: `account` is 0
 * for a caller who has the permission on the root unit (no confinement), else the account whose
 * rights are looked up in the view account_right(account_id, unit_id, permission);
 * unit_ancestor(unit_id, ancestor_id) holds every unit with itself and all that is above it:
 *
 *     (CAST($1 AS bigint) = 0
 *      OR EXISTS (SELECT 1 FROM unit_ancestor a
 *                 JOIN account_right r ON r.unit_id = a.ancestor_id
 *                 WHERE a.unit_id = t.unit_id AND r.account_id = $1 AND r.permission = $2))
 */
#pragma once

#include "app/ctx.h"

typedef struct AccessConfinement {
    int64_t account;        /* $1: 0: not confined; -1: sees nothing */
    const char *permission; /* $2 */
} AccessConfinement;

/* How the caller's statements are confined for this permission. */
AccessConfinement access_confine(const Ctx *ctx, const char *permission);

/* Has the caller the permission on at least one unit? */
bool access_may_anywhere(const Ctx *ctx, const char *permission);

/* Has the caller the permission on the root unit, and so everywhere? */
bool access_may_everywhere(const Ctx *ctx, const char *permission);

/* May the caller do `needs` on the unit (a grant on it or above it)? ERR_NOT_FOUND if it lacks
 * `knows` there, ERR_FORBIDDEN ("permission_missing") if it lacks only `needs`. Yields. */
YIELDS Err *access_check_unit(Ctx *ctx, UnitId unit_id, const char *knows, const char *needs);

/* ERR_FORBIDDEN ("permission_missing", param: the permission) unless access_may_everywhere. */
Err *access_check_everywhere(Ctx *ctx, const char *permission);

/* A guard for routes that concern the whole organisation: access_check_everywhere(route->needs). */
Err *access_guard_everywhere(Ctx *ctx, const HttpRequest *req);

/* For ShapeView: may the caller see fields that need this permission? arg is the Ctx. */
bool access_may_see(void *ctx, const char *permission);

/* Forgets what is cached of an account's rights (0: of all), on this process. After a change. */
void access_forget(Services *services, AccountId account_id);

/* Loads the Access of an account into ctx->caller, from a short-lived cache or the store. Yields.
 */
YIELDS Err *access_load(Ctx *ctx, AccountId account_id, bool is_super);
