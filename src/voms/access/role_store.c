#include <inttypes.h>

#include "voms/access/access.sql.h"
#include "voms/access/access_internal.h"
#include "voms/audit/audit.h"

/* Fills in the permissions of roles that stand in order of their ids. */
YIELDS static Err *fill_permissions(Ctx *ctx, Role *roles, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_LIST_PERMISSIONS,
                    ARGS(sql_int(roles[0].id), sql_int(roles[count - 1].id)), &rows));
    const char **names = ARENA_ARRAY(ctx->arena, const char *, rows->count + 1);
    size_t role = 0;
    for (size_t i = 0; i < rows->count; i++) {
        int64_t role_id = row_int(rows, i, 0);
        while (role < count && roles[role].id < role_id) {
            role++;
        }
        if (role == count || roles[role].id != role_id) {
            continue; /* made between the two queries */
        }
        names[i] = row_text(rows, i, 1);
        if (roles[role].permissions.count++ == 0) {
            roles[role].permissions.items = &names[i];
        }
    }
    return NULL;
}

YIELDS Err *role_list(Ctx *ctx, int64_t after_id, int64_t limit, ObjectList *ret_roles)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_LIST, ARGS(sql_int(after_id), sql_int(limit)), &rows));
    ObjectList roles = shape_from_rows(ctx->arena, &role_shape, rows);
    TRY(fill_permissions(ctx, roles.items, roles.count));
    *ret_roles = roles;
    return NULL;
}

YIELDS Err *role_count(Ctx *ctx, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_COUNT, NO_ARGS, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *access_find_role(Ctx *ctx, int64_t role_id, Role **ret_role)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_FIND, ARGS(sql_int(role_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "role_not_found", "role %" PRId64, role_id);
    }
    Role *role = ARENA_NEW(ctx->arena, Role);
    shape_from_row(ctx->arena, &role_shape, rows, 0, role);
    TRY(fill_permissions(ctx, role, 1));
    *ret_role = role;
    return NULL;
}

YIELDS Err *access_find_role_id(Ctx *ctx, const char *code, int64_t *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_FIND_BY_CODE, ARGS(sql_text(code)), &rows));
    *ret_id = rows->count == 0 ? 0 : row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *change_permissions(Ctx *ctx, const SqlStatement *statement, int64_t role_id,
                                      const TextList *permissions)
{
    if (permissions->count == 0) {
        return NULL;
    }
    SqlArgs *args = ARENA_ARRAY(ctx->arena, SqlArgs, permissions->count);
    for (size_t i = 0; i < permissions->count; i++) {
        SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, 2);
        values[0] = sql_int(role_id);
        values[1] = sql_text(permissions->items[i]);
        args[i] = (SqlArgs){.values = values, .count = 2};
    }
    return store_exec_many(ctx->db, statement, args, permissions->count, NULL);
}

YIELDS static Err *record(Ctx *ctx, const char *action, int64_t role_id, const Role *before,
                          const Role *after)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "role",
                                           .object_id = role_id,
                                           .changes = shape_diff(ctx->arena, &role_shape, before,
                                                                 after, NULL)});
}

YIELDS Err *role_insert(Ctx *ctx, const Role *draft, Role **ret_role)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ROLE_INSERT,
                    ARGS(sql_text(draft->code), sql_text(draft->name_zh), sql_text(draft->name_en),
                         sql_text(draft->description), sql_bool(false), sql_time(ctx->now)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "role_code_taken", "role code %s", draft->code);
    }
    int64_t role_id = row_int(rows, 0, 0);
    TRY(change_permissions(ctx, &SQL_ROLE_INSERT_PERMISSION, role_id, &draft->permissions));
    TRY(access_find_role(ctx, role_id, ret_role));
    return record(ctx, "role.create", role_id, NULL, *ret_role);
}

YIELDS Err *role_update(Ctx *ctx, const Role *before, const Role *changed, Role **ret_role)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_ROLE_UPDATE,
                   ARGS(sql_int(before->id), sql_text(changed->name_zh), sql_text(changed->name_en),
                        sql_text(changed->description), sql_time(ctx->now),
                        sql_int(before->version)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_STALE, "version_conflict", "role %" PRId64 " changed meanwhile",
                   before->id);
    }
    TextList wanted = access_rules_sorted(ctx->arena, &changed->permissions);
    TextList added = access_rules_minus(ctx->arena, &wanted, &before->permissions);
    TextList removed = access_rules_minus(ctx->arena, &before->permissions, &wanted);
    TRY(change_permissions(ctx, &SQL_ROLE_INSERT_PERMISSION, before->id, &added));
    TRY(change_permissions(ctx, &SQL_ROLE_DELETE_PERMISSION, before->id, &removed));
    TRY(access_find_role(ctx, before->id, ret_role));
    TRY(store_exec(ctx->db, &SQL_ROLE_TOUCH_ACCOUNTS, ARGS(sql_int(before->id), sql_time(ctx->now)),
                   NULL));
    access_forget_after_commit(ctx, (AccountId){0});
    return record(ctx, "role.update", before->id, before, *ret_role);
}

YIELDS Err *role_delete(Ctx *ctx, int64_t role_id)
{
    Role *role = NULL;
    TRY(access_find_role(ctx, role_id, &role));
    if (role->shipped) {
        return ERR(ctx->arena, ERR_CONFLICT, "role_shipped", "role %s is shipped", role->code);
    }
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_ROLE_DELETE, ARGS(sql_int(role_id)), &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "role_granted", "role %s is granted", role->code);
    }
    return record(ctx, "role.delete", role_id, role, NULL);
}

YIELDS Err *role_complete_super_administrator(Ctx *ctx)
{
    TextList all = {.items = ARENA_ARRAY(ctx->arena, const char *, PERMISSIONS_MAX),
                    .count = permission_count()};
    for (size_t i = 0; i < all.count; i++) {
        all.items[i] = permission_at(i)->name;
    }
    return change_permissions(ctx, &SQL_ROLE_INSERT_PERMISSION, ROLE_SUPER_ADMINISTRATOR, &all);
}
