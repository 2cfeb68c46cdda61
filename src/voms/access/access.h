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

#include "app/services.h"

#define ROLE_SUPER_ADMINISTRATOR 1 /* shipped; holds every permission, cannot be edited */

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

/* May the caller do `needs` on the unit (a grant on it or above it)? ERR_NOT_FOUND if there is no
 * such unit or it lacks `knows` there, ERR_FORBIDDEN ("permission_missing") if it lacks only
 * `needs`. For who may do both everywhere it seldom asks the store. Yields. */
YIELDS Err *access_check_unit(Ctx *ctx, UnitId unit_id, const char *knows, const char *needs);

/* The same for a unit that the request's body names: what the caller may not know of is ERR_INVALID
 * on the field. Yields. */
YIELDS Err *access_check_unit_field(Ctx *ctx, UnitId unit_id, const char *field, const char *knows,
                                    const char *needs);

/* ERR_FORBIDDEN ("permission_missing", param: the permission) unless access_may_everywhere. */
Err *access_check_everywhere(Ctx *ctx, const char *permission);

/* A guard for routes that concern the whole organisation: access_check_everywhere(route->needs). */
Err *access_guard_everywhere(Ctx *ctx, const HttpRequest *req);

/* For ShapeView: may the caller see fields that need this permission? arg is the Ctx. */
bool access_may_see(void *ctx, const char *permission);

/* Forgets what is cached of an account's rights (0: of all), on this process at once, on others as
 * soon as the cache has told them, without it within five seconds. After a change. */
void access_forget(Services *services, AccountId account_id);

/* Loads the Access of an account into ctx->caller, from a short-lived cache or the store. Yields.
 */
YIELDS Err *access_load(Ctx *ctx, AccountId account_id, bool is_super);

/* Moves whenever something is forgotten of the account: for what is cached elsewhere about it. */
uint64_t access_epoch(AccountId account_id);

/* Forgets when the open transaction has committed (at once when none is open). */
void access_forget_after_commit(Ctx *ctx, AccountId account_id);

/* ---- Against escalation: nobody gives, takes or breaks what he does not hold himself ---- */

/* Holds the caller every right of the account (and is it no super administrator, unless the caller
 * is)? Before its password, second factor, names or state are touched. ERR_FORBIDDEN
 * ("account_stronger", param: a permission). Yields. */
YIELDS Err *access_check_not_stronger(Ctx *ctx, AccountId account_id, bool is_super);

/* May the caller give or take this role on this unit: has it account:grant there, and every
 * permission of the role? ERR_INVALID on "unit_id" for a unit that it may not know of,
 * on "role_id" for a role that is not there, ERR_FORBIDDEN ("grant_exceeds_own", param: the
 * permission). Yields. */
YIELDS Err *access_check_grant(Ctx *ctx, int64_t role_id, UnitId unit_id);

/* ---- Roles and grants ---- */

typedef struct Role {
    int64_t id;
    const char *code;
    const char *name_zh;
    const char *name_en;
    const char *description;
    TextList permissions; /* sorted */
    bool shipped;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Role;

typedef struct Grant {
    int64_t id;
    AccountId account_id;
    int64_t role_id;
    const char *role_code;
    const char *role_name_zh;
    const char *role_name_en;
    UnitId unit_id;
    const char *unit_name;
    AccountId granted_by; /* 0: the system */
    TimeMs created_at;
} Grant;

extern const Concept access_concept;

/* Finds a role with its permissions. Yields. ERR_NOT_FOUND ("role_not_found"). */
YIELDS Err *access_find_role(Ctx *ctx, int64_t role_id, Role **ret_role);

/* The id of the role with this code, 0 if there is none. Yields. */
YIELDS Err *access_find_role_id(Ctx *ctx, const char *code, int64_t *ret_id);

/* Gives a role, with its audit entry; access_check_grant comes before. In the open transaction.
 * Yields. ERR_CONFLICT ("grant_exists"). */
YIELDS Err *access_insert_grant(Ctx *ctx, AccountId account_id, int64_t role_id, UnitId unit_id,
                                int64_t *ret_id);

/* Lists the grants of an account with an id above after_id, at most limit. Yields. */
YIELDS Err *access_list_grants(Ctx *ctx, AccountId account_id, int64_t after_id, int64_t limit,
                               ObjectList *ret_grants);

/* The permissions that the caller has on at least one unit, sorted; all of them for the super
 * administrator. */
TextList access_list_own(const Ctx *ctx);
