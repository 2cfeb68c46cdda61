/* unit_store.c - units and their place in the tree. */
#include <inttypes.h>

#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/unit/unit.sql.h"
#include "voms/unit/unit_internal.h"

YIELDS static Err *find(Ctx *ctx, const SqlStatement *statement, UnitId unit_id, Unit **ret_unit)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, statement, ARGS(sql_int(unit_id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "unit_not_found", "unit %" PRId64, unit_id.value);
    }
    Unit *unit = ARENA_NEW(ctx->arena, Unit);
    shape_from_row(ctx->arena, &unit_shape, rows, 0, unit);
    *ret_unit = unit;
    return NULL;
}

YIELDS Err *unit_find(Ctx *ctx, UnitId unit_id, Unit **ret_unit)
{
    return find(ctx, &SQL_UNIT_FIND, unit_id, ret_unit);
}

YIELDS Err *unit_find_counted(Ctx *ctx, UnitId unit_id, Unit **ret_unit)
{
    return find(ctx, &SQL_UNIT_FIND_COUNTED, unit_id, ret_unit);
}

YIELDS Err *unit_find_by_label(Ctx *ctx, const char *label, Unit **ret_unit)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_BY_CODE, ARGS(sql_text(label)), &rows));
    if (rows->count == 0) {
        TRY(store_query(ctx->db, &SQL_UNIT_FIND_BY_NAME, ARGS(sql_text(label)), &rows));
    }
    if (rows->count != 1) {
        *ret_unit = NULL;
        return NULL;
    }
    return unit_find(ctx, (UnitId){row_int(rows, 0, 0)}, ret_unit);
}

YIELDS static Err *lock_tree(Ctx *ctx)
{
    return store_exec(ctx->db, &SQL_UNIT_LOCK_TREE, NO_ARGS, NULL);
}

static Err *invalid_parent(Ctx *ctx, const char *code)
{
    Err *err = NULL;
    err_add_field(ctx->arena, &err, "parent_id", code, NULL);
    return err;
}

/* A parent that is not there is the client's mistake about a field. */
YIELDS static Err *find_parent(Ctx *ctx, UnitId parent_id, int64_t levels, Unit **ret_parent)
{
    Err *err = unit_find(ctx, parent_id, ret_parent);
    if (err_is(err, ERR_NOT_FOUND)) {
        return invalid_parent(ctx, "unit_not_found");
    }
    TRY(err);
    return unit_rules_fits(*ret_parent, levels) ? NULL : invalid_parent(ctx, "unit_too_deep");
}

YIELDS static Err *check_name(Ctx *ctx, UnitId parent_id, const char *name, UnitId unit_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_SIBLING,
                    ARGS(sql_int(parent_id.value), sql_text(name), sql_int(unit_id.value)), &rows));
    if (rows->count > 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "unit_name_taken", "unit %" PRId64 " has that name",
                   row_int(rows, 0, 0));
    }
    return NULL;
}

YIELDS static Err *check_code(Ctx *ctx, const char *code, UnitId unit_id)
{
    if (code == NULL) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_BY_CODE, ARGS(sql_text(code)), &rows));
    if (rows->count > 0 && row_int(rows, 0, 0) != unit_id.value) {
        return ERR(ctx->arena, ERR_CONFLICT, "unit_code_taken", "unit %" PRId64 " has that code",
                   row_int(rows, 0, 0));
    }
    return NULL;
}

YIELDS static Err *record(Ctx *ctx, const char *action, UnitId unit_id, const Unit *before,
                          const Unit *after)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "unit",
                                           .object_id = unit_id.value,
                                           .unit_id = unit_id,
                                           .changes = shape_diff(ctx->arena, &unit_shape, before,
                                                                 after, NULL)});
}

/* ---- Make and change ---- */

YIELDS static Err *insert_row(Ctx *ctx, const Unit *draft, const UnitPaths *paths, UnitId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_INSERT,
                    ARGS(sql_int(draft->parent_id.value), sql_text(paths->path),
                         sql_text(paths->path_names), sql_int(paths->depth), sql_text(draft->name),
                         sql_text(draft->code), sql_text(draft->kind), sql_text(draft->credentials),
                         sql_text(draft->contact_name), sql_text(draft->contact_phone),
                         sql_text(draft->contact_email), sql_text(draft->address),
                         sql_text(draft->description), sql_bool(draft->applications_open),
                         sql_time(ctx->now)),
                    &rows));
    *ret_id = (UnitId){row_int(rows, 0, 0)};
    return NULL;
}

YIELDS Err *unit_insert(Ctx *ctx, const Unit *draft, Unit **ret_unit)
{
    Unit *parent = NULL;
    UnitId unit_id = {};
    TRY(lock_tree(ctx));
    TRY(find_parent(ctx, draft->parent_id, 1, &parent));
    TRY(check_name(ctx, parent->id, draft->name, unit_id));
    TRY(check_code(ctx, draft->code, unit_id));
    /* The path has the id, which is not known before: until then it is one that no unit has. */
    UnitPaths paths = unit_rules_paths(ctx->arena, parent, unit_id, draft->name);
    TRY(insert_row(ctx, draft, &paths, &unit_id));
    paths = unit_rules_paths(ctx->arena, parent, unit_id, draft->name);
    TRY(store_exec(ctx->db, &SQL_UNIT_SET_PATH, ARGS(sql_int(unit_id.value), sql_text(paths.path)),
                   NULL));
    TRY(store_exec(ctx->db, &SQL_UNIT_INSERT_ANCESTORS,
                   ARGS(sql_int(unit_id.value), sql_int(parent->id.value)), NULL));
    TRY(unit_find(ctx, unit_id, ret_unit));
    return record(ctx, "unit.create", unit_id, NULL, *ret_unit);
}

YIELDS static Err *rewrite_paths(Ctx *ctx, const Unit *unit, const UnitPaths *paths)
{
    return store_exec(ctx->db, &SQL_UNIT_REWRITE_PATHS,
                      ARGS(sql_int(unit->id.value), sql_text(paths->path), sql_text(unit->path),
                           sql_text(paths->path_names), sql_text(unit->path_names),
                           sql_int(paths->depth - unit->depth)),
                      NULL);
}

/* The name is part of the paths of all below. */
YIELDS static Err *rename_paths(Ctx *ctx, const Unit *before, const char *name)
{
    UnitPaths paths = {.path = before->path, .path_names = name, .depth = before->depth};
    if (before->parent_id.value != 0) {
        Unit *parent = NULL;
        TRY(unit_find(ctx, before->parent_id, &parent));
        paths = unit_rules_paths(ctx->arena, parent, before->id, name);
    }
    return rewrite_paths(ctx, before, &paths);
}

YIELDS static Err *update_row(Ctx *ctx, const Unit *before, const Unit *changed)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_UNIT_UPDATE,
                   ARGS(sql_int(before->id.value), sql_text(changed->name), sql_text(changed->code),
                        sql_text(changed->kind), sql_text(changed->credentials),
                        sql_text(changed->contact_name), sql_text(changed->contact_phone),
                        sql_text(changed->contact_email), sql_text(changed->address),
                        sql_text(changed->description), sql_bool(changed->applications_open),
                        sql_time(ctx->now), sql_int(before->version)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_STALE, "version_conflict", "unit %" PRId64 " changed meanwhile",
                   before->id.value);
    }
    return NULL;
}

YIELDS Err *unit_update(Ctx *ctx, const Unit *before, const Unit *changed, Unit **ret_unit)
{
    TRY(lock_tree(ctx));
    if (before->parent_id.value != 0) {
        TRY(check_name(ctx, before->parent_id, changed->name, before->id));
    }
    TRY(check_code(ctx, changed->code, before->id));
    if (!str_equal(before->name, changed->name)) {
        TRY(rename_paths(ctx, before, changed->name));
    }
    TRY(update_row(ctx, before, changed));
    TRY(unit_find(ctx, before->id, ret_unit));
    return record(ctx, "unit.update", before->id, before, *ret_unit);
}

/* ---- Move and delete ---- */

static Err *refuse_root(Ctx *ctx)
{
    return ERR(ctx->arena, ERR_CONFLICT, "unit_is_root", "the root unit stays where it is");
}

YIELDS static Err *count_levels(Ctx *ctx, const Unit *unit, int64_t *ret_levels)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_DEEPEST, ARGS(sql_int(unit->id.value)), &rows));
    *ret_levels = row_int(rows, 0, 0) - unit->depth + 1;
    return NULL;
}

YIELDS static Err *check_no_cycle(Ctx *ctx, UnitId unit_id, UnitId parent_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_IS_BELOW,
                    ARGS(sql_int(parent_id.value), sql_int(unit_id.value)), &rows));
    if (rows->count > 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "unit_move_cycle",
                   "unit %" PRId64 " is unit %" PRId64 " or below it", parent_id.value,
                   unit_id.value);
    }
    return NULL;
}

YIELDS Err *unit_check_move(Ctx *ctx, UnitId unit_id, UnitId parent_id)
{
    if (ctx->caller.is_super || ctx->caller.is_system) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_MOVE_EXCESS,
                    ARGS(sql_int(unit_id.value), sql_int(parent_id.value),
                         sql_int(ctx->caller.account_id.value)),
                    &rows));
    if (rows->count == 0) {
        return NULL;
    }
    Err *err = ERR(ctx->arena, ERR_FORBIDDEN, "move_exceeds_own",
                   "reason=permission_missing permission=%s: moving unit %" PRId64
                   " below unit %" PRId64 " would give it",
                   row_text(rows, 0, 0), unit_id.value, parent_id.value);
    err->param = row_text(rows, 0, 0);
    return err;
}

YIELDS static Err *relink(Ctx *ctx, const Unit *unit, const Unit *parent)
{
    SqlValue unit_id = sql_int(unit->id.value);
    SqlValue parent_id = sql_int(parent->id.value);
    UnitPaths paths = unit_rules_paths(ctx->arena, parent, unit->id, unit->name);
    TRY(store_exec(ctx->db, &SQL_UNIT_DELETE_ANCESTORS, ARGS(unit_id), NULL));
    TRY(store_exec(ctx->db, &SQL_UNIT_JOIN_ANCESTORS, ARGS(unit_id, parent_id), NULL));
    TRY(rewrite_paths(ctx, unit, &paths));
    return store_exec(ctx->db, &SQL_UNIT_SET_PARENT, ARGS(unit_id, parent_id, sql_time(ctx->now)),
                      NULL);
}

YIELDS static Err *publish(Ctx *ctx, const char *subject, UnitId unit_id)
{
    return bus_publish(ctx->db, subject, arena_printf(ctx->arena, "unit:%" PRId64, unit_id.value),
                       arena_printf(ctx->arena, "{\"unit_id\":%" PRId64 "}", unit_id.value));
}

YIELDS Err *unit_move(Ctx *ctx, UnitId unit_id, UnitId parent_id, Unit **ret_unit)
{
    Unit *unit = NULL;
    Unit *parent = NULL;
    int64_t levels = 0;
    TRY(lock_tree(ctx));
    TRY(unit_find(ctx, unit_id, &unit));
    if (unit->parent_id.value == 0) {
        return refuse_root(ctx);
    }
    TRY(count_levels(ctx, unit, &levels));
    TRY(find_parent(ctx, parent_id, levels, &parent));
    TRY(check_no_cycle(ctx, unit_id, parent_id));
    TRY(check_name(ctx, parent_id, unit->name, unit_id));
    if (unit->parent_id.value != parent_id.value) {
        TRY(relink(ctx, unit, parent));
        TRY(publish(ctx, "unit.moved", unit_id));
    }
    TRY(unit_find(ctx, unit_id, ret_unit));
    access_forget_after_commit(ctx, (AccountId){0});
    return record(ctx, "unit.move", unit_id, unit, *ret_unit);
}

YIELDS Err *unit_delete(Ctx *ctx, UnitId unit_id)
{
    Unit *unit = NULL;
    StoreRows *rows = NULL;
    TRY(lock_tree(ctx));
    TRY(unit_find(ctx, unit_id, &unit));
    if (unit->parent_id.value == 0) {
        return refuse_root(ctx);
    }
    TRY(store_query(ctx->db, &SQL_UNIT_FIND_USE, ARGS(sql_int(unit_id.value)), &rows));
    const char *used_by = rows->count == 0 ? NULL : row_text(rows, 0, 0);
    if (used_by != NULL) {
        Err *err = ERR(ctx->arena, ERR_CONFLICT, "unit_in_use", "unit %" PRId64 " has %s",
                       unit_id.value, used_by);
        err->current = used_by;
        err->param = message_format(ctx->arena, ctx->language,
                                    arena_printf(ctx->arena, "unit_use.%s", used_by), NULL);
        return err;
    }
    TRY(store_exec(ctx->db, &SQL_UNIT_DELETE, ARGS(sql_int(unit_id.value)), NULL));
    TRY(publish(ctx, "unit.deleted", unit_id));
    access_forget_after_commit(ctx, (AccountId){0});
    return record(ctx, "unit.delete", unit_id, unit, NULL);
}
