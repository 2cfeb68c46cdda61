/* access_decide.c - the one place that decides. */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "voms/access/access.sql.h"
#include "voms/access/access_internal.h"
#include "voms/common/recent.h"
#include "voms/unit/unit.h"

#define AGE_MAX_MS (5 * SECOND_MS)
#define EPOCHS 256
#define TOPIC "access_changed"

/* Moved by whoever changes an account's rights; [EPOCHS] by who changes those of all. */
static _Atomic uint64_t epochs[EPOCHS + 1];

RECENT_TABLE(rights_table, 1024, Access);
RECENT_TABLE(unit_table, 1024, bool); /* units that exist */

static uint64_t epoch_of(int64_t account_id)
{
    return atomic_load(&epochs[(uint64_t)account_id % EPOCHS]) + atomic_load(&epochs[EPOCHS]);
}

static void forget(AccountId account_id)
{
    size_t i = account_id.value == 0 ? EPOCHS : (uint64_t)account_id.value % EPOCHS;
    atomic_fetch_add(&epochs[i], 1);
}

void access_forget(Services *services, AccountId account_id)
{
    char text[24];
    forget(account_id);
    snprintf(text, sizeof(text), "%" PRId64, account_id.value);
    cache_tell(services->cache, TOPIC, text);
}

/* Another process changed rights. */
static void hear(void *arg UNUSED, const char *about)
{
    AccountId account_id = {};
    if (about != NULL) {
        str_parse_int64(about, &account_id.value);
    }
    forget(account_id);
}

void access_listen(Services *services)
{
    cache_listen(services->cache, TOPIC, hear, NULL);
}

uint64_t access_epoch(AccountId account_id)
{
    return epoch_of(account_id.value);
}

typedef struct Change {
    Services *services;
    AccountId account_id;
} Change;

static void forget_and_tell(void *arg)
{
    const Change *change = arg;
    access_forget(change->services, change->account_id);
}

void access_forget_after_commit(Ctx *ctx, AccountId account_id)
{
    Change *change = ARENA_NEW(ctx->arena, Change);
    *change = (Change){.services = ctx->services, .account_id = account_id};
    db_after_commit(ctx->db, forget_and_tell, change);
}

static Access *everything(Arena *arena)
{
    Access *access = ARENA_NEW(arena, Access);
    memset(&access->anywhere, 0xFF, sizeof(access->anywhere));
    memset(&access->everywhere, 0xFF, sizeof(access->everywhere));
    return access;
}

YIELDS static Err *query_rights(Ctx *ctx, AccountId account_id, Access *access)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCESS_LIST_RIGHTS, ARGS(sql_int(account_id.value)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        int index = permission_index(row_text(rows, i, 0));
        if (index < 0) {
            continue; /* of a newer version of VOMS */
        }
        permission_set_add(&access->anywhere, index);
        if (row_int(rows, i, 1) == UNIT_ROOT.value) {
            permission_set_add(&access->everywhere, index);
        }
    }
    return NULL;
}

YIELDS Err *access_load(Ctx *ctx, AccountId account_id, bool is_super)
{
    ctx->caller.is_super = is_super;
    if (is_super) {
        ctx->caller.access = everything(ctx->arena);
        return NULL;
    }
    Access *access = ARENA_NEW(ctx->arena, Access);
    RecentKey key = {.high = 1, .low = (uint64_t)account_id.value};
    uint64_t epoch = epoch_of(account_id.value);
    uint64_t stored_epoch = 0;
    if (!recent_get(&rights_table, key, AGE_MAX_MS, access, &stored_epoch) ||
        stored_epoch != epoch) {
        *access = (Access){};
        TRY(query_rights(ctx, account_id, access));
        recent_put(&rights_table, key, epoch, access);
    }
    ctx->caller.access = access;
    return NULL;
}

bool access_may_anywhere(const Ctx *ctx, const char *permission)
{
    const Caller *caller = &ctx->caller;
    return caller->is_system ||
           (caller->access != NULL &&
            permission_set_has(&caller->access->anywhere, permission_index(permission)));
}

bool access_may_everywhere(const Ctx *ctx, const char *permission)
{
    const Caller *caller = &ctx->caller;
    return caller->is_system ||
           (caller->access != NULL &&
            permission_set_has(&caller->access->everywhere, permission_index(permission)));
}

bool access_may_see(void *ctx, const char *permission)
{
    return access_may_anywhere(ctx, permission);
}

AccessConfinement access_confine(const Ctx *ctx, const char *permission)
{
    AccessConfinement confinement = {.account = -1, .permission = permission};
    if (access_may_everywhere(ctx, permission)) {
        confinement.account = 0;
    } else if (access_may_anywhere(ctx, permission)) {
        confinement.account = ctx->caller.account_id.value;
    }
    return confinement;
}

static Err *missing(const Ctx *ctx, const char *permission)
{
    Err *err = ERR(ctx->arena, ERR_FORBIDDEN, "permission_missing",
                   "reason=permission_missing permission=%s account=%" PRId64, permission,
                   ctx->caller.account_id.value);
    err->param = permission;
    return err;
}

static Err *unit_unknown(const Ctx *ctx, UnitId unit_id)
{
    return ERR(ctx->arena, ERR_NOT_FOUND, "unit_not_found", "unit %" PRId64, unit_id.value);
}

/* Units rarely go away; what refers to one that just did fails on its foreign key. */
YIELDS static Err *check_unit_exists(Ctx *ctx, UnitId unit_id)
{
    RecentKey key = {.high = 2, .low = (uint64_t)unit_id.value};
    uint64_t epoch = epoch_of(0);
    uint64_t stored_epoch = 0;
    bool exists = false;
    if (recent_get(&unit_table, key, AGE_MAX_MS, &exists, &stored_epoch) && stored_epoch == epoch) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCESS_FIND_UNIT, ARGS(sql_int(unit_id.value)), &rows));
    if (rows->count == 0) {
        return unit_unknown(ctx, unit_id);
    }
    /* What an open transaction made may still be rolled back. */
    if (ctx->db->transaction == NULL) {
        exists = true;
        recent_put(&unit_table, key, epoch, &exists);
    }
    return NULL;
}

YIELDS static Err *check_unit_rights(Ctx *ctx, UnitId unit_id, const char *knows, const char *needs)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCESS_LIST_UNIT_RIGHTS,
                    ARGS(sql_int(unit_id.value), sql_int(ctx->caller.account_id.value),
                         sql_text(knows), sql_text(needs)),
                    &rows));
    bool has_knows = false;
    bool has_needs = false;
    for (size_t i = 0; i < rows->count; i++) {
        has_knows |= str_equal(row_text(rows, i, 0), knows);
        has_needs |= str_equal(row_text(rows, i, 0), needs);
    }
    if (!has_knows) {
        return unit_unknown(ctx, unit_id);
    }
    return has_needs ? NULL : missing(ctx, needs);
}

YIELDS Err *access_check_unit(Ctx *ctx, UnitId unit_id, const char *knows, const char *needs)
{
    if (!access_may_anywhere(ctx, knows)) {
        return unit_unknown(ctx, unit_id);
    }
    if (access_may_everywhere(ctx, knows) && access_may_everywhere(ctx, needs)) {
        return check_unit_exists(ctx, unit_id);
    }
    return check_unit_rights(ctx, unit_id, knows, needs);
}

YIELDS Err *access_check_unit_field(Ctx *ctx, UnitId unit_id, const char *field, const char *knows,
                                    const char *needs)
{
    Err *err = access_check_unit(ctx, unit_id, knows, needs);
    if (!err_is(err, ERR_NOT_FOUND)) {
        return err;
    }
    Err *invalid = NULL;
    err_add_field(ctx->arena, &invalid, field, err->code, NULL);
    return invalid;
}

Err *access_check_everywhere(Ctx *ctx, const char *permission)
{
    return access_may_everywhere(ctx, permission) ? NULL : missing(ctx, permission);
}

Err *access_guard_everywhere(Ctx *ctx, const HttpRequest *req)
{
    return access_check_everywhere(ctx, req->route->needs);
}

static bool may_all(const Ctx *ctx)
{
    return ctx->caller.is_super || ctx->caller.is_system;
}

static Err *exceeds(const Ctx *ctx, const char *code, const char *permission)
{
    Err *err = ERR(ctx->arena, ERR_FORBIDDEN, code,
                   "reason=permission_missing permission=%s account=%" PRId64 " (%s)", permission,
                   ctx->caller.account_id.value, code);
    err->param = permission;
    return err;
}

YIELDS Err *access_check_not_stronger(Ctx *ctx, AccountId account_id, bool is_super)
{
    if (may_all(ctx) || account_id.value == ctx->caller.account_id.value) {
        return NULL;
    }
    if (is_super) {
        return exceeds(ctx, "account_stronger", "*");
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCESS_FIND_ACCOUNT_EXCESS,
                    ARGS(sql_int(account_id.value), sql_int(ctx->caller.account_id.value)), &rows));
    return rows->count == 0 ? NULL : exceeds(ctx, "account_stronger", row_text(rows, 0, 0));
}

YIELDS static Err *check_role_exists(Ctx *ctx, int64_t role_id)
{
    Role *role = NULL;
    Err *err = access_find_role(ctx, role_id, &role);
    if (!err_is(err, ERR_NOT_FOUND)) {
        return err;
    }
    Err *invalid = NULL;
    err_add_field(ctx->arena, &invalid, "role_id", "role_not_found", NULL);
    return invalid;
}

YIELDS Err *access_check_grant(Ctx *ctx, int64_t role_id, UnitId unit_id)
{
    TRY(access_check_unit_field(ctx, unit_id, "unit_id", "unit:read", "account:grant"));
    TRY(check_role_exists(ctx, role_id));
    if (may_all(ctx)) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACCESS_FIND_ROLE_EXCESS,
                    ARGS(sql_int(role_id), sql_int(unit_id.value),
                         sql_int(ctx->caller.account_id.value)),
                    &rows));
    return rows->count == 0 ? NULL : exceeds(ctx, "grant_exceeds_own", row_text(rows, 0, 0));
}

TextList access_list_own(const Ctx *ctx)
{
    TextList own = {.items = ARENA_ARRAY(ctx->arena, const char *, PERMISSIONS_MAX)};
    for (size_t i = 0; i < permission_count(); i++) {
        const char *name = permission_at(i)->name;
        if (access_may_anywhere(ctx, name)) {
            own.items[own.count++] = name;
        }
    }
    return access_rules_sorted(ctx->arena, &own);
}
