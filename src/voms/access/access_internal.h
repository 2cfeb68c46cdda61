/* access_internal.h - shared by the files of access/. */
#pragma once

#include "voms/access/access.h"

#define PERMISSIONS_MAX 128

/* A set of permissions, by their number in the table. */
typedef struct PermissionSet {
    uint64_t bits[PERMISSIONS_MAX / 64];
} PermissionSet;

/* What an account may do, without saying where exactly: that is asked in SQL. */
struct Access {
    PermissionSet anywhere;   /* on at least one unit */
    PermissionSet everywhere; /* on the root */
};

/* Takes the concepts' tables into the one table of permissions; may be called again. */
void permission_register_all(const Concept *const *concepts);

/* The permission's number, or -1. */
int permission_index(const char *name);
size_t permission_count(void);
const Permission *permission_at(size_t index);

/* By number. */
void permission_set_add(PermissionSet *set, int index);
bool permission_set_has(const PermissionSet *set, int index);

/* Checks the permissions of a role that is made or changed: each known, none twice. Adds to *err.
 */
void access_rules_check_permissions(Arena *arena, const TextList *permissions, Err **err);

/* The permissions of a that are not in b. Both sorted. */
TextList access_rules_minus(Arena *arena, const TextList *a, const TextList *b);

/* A copy, sorted. */
TextList access_rules_sorted(Arena *arena, const TextList *permissions);

/* Roles: see role_store.c. All yield. */
YIELDS Err *role_list(Ctx *ctx, int64_t after_id, int64_t limit, ObjectList *ret_roles);
YIELDS Err *role_count(Ctx *ctx, int64_t *ret_total);
YIELDS Err *role_insert(Ctx *ctx, const Role *draft, Role **ret_role);
YIELDS Err *role_update(Ctx *ctx, const Role *before, const Role *changed, Role **ret_role);
YIELDS Err *role_delete(Ctx *ctx, int64_t role_id);
YIELDS Err *grant_find(Ctx *ctx, AccountId account_id, int64_t grant_id, Grant **ret_grant);
YIELDS Err *grant_count(Ctx *ctx, AccountId account_id, int64_t *ret_total);
YIELDS Err *grant_delete(Ctx *ctx, const Grant *grant);

/* Gives the super administrator's role what it lacks: permissions of new concepts. Yields. */
YIELDS Err *role_complete_super_administrator(Ctx *ctx);

/* At the start: hears whose rights other processes changed. */
void access_listen(Services *services);

extern const Shape role_shape;
extern const Shape grant_shape;
extern const Route access_routes[];
