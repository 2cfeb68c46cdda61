#include <inttypes.h>

#include "voms/access/access.sql.h"
#include "voms/access/access_internal.h"
#include "voms/audit/audit.h"

YIELDS Err *access_list_grants(Ctx *ctx, AccountId account_id, int64_t after_id, int64_t limit,
                               ObjectList *ret_grants)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_GRANT_LIST,
                    ARGS(sql_int(account_id.value), sql_int(after_id), sql_int(limit)), &rows));
    *ret_grants = shape_from_rows(ctx->arena, &grant_shape, rows);
    return NULL;
}

YIELDS Err *grant_count(Ctx *ctx, AccountId account_id, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_GRANT_COUNT, ARGS(sql_int(account_id.value)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *grant_find(Ctx *ctx, AccountId account_id, int64_t grant_id, Grant **ret_grant)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_GRANT_FIND, ARGS(sql_int(grant_id), sql_int(account_id.value)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "grant_not_found", "grant %" PRId64, grant_id);
    }
    Grant *grant = ARENA_NEW(ctx->arena, Grant);
    shape_from_row(ctx->arena, &grant_shape, rows, 0, grant);
    *ret_grant = grant;
    return NULL;
}

/* The object is the account: its entries then tell its whole story. */
YIELDS static Err *record(Ctx *ctx, const char *action, const Grant *grant)
{
    TRY(store_exec(ctx->db, &SQL_GRANT_TOUCH_ACCOUNT,
                   ARGS(sql_int(grant->account_id.value), sql_time(ctx->now)), NULL));
    access_forget_after_commit(ctx, grant->account_id);
    const char *detail =
        arena_printf(ctx->arena,
                     "{\"grant_id\":%" PRId64 ",\"role\":\"%s\",\"unit_id\":%" PRId64 "}",
                     grant->id, grant->role_code, grant->unit_id.value);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "account",
                                           .object_id = grant->account_id.value,
                                           .unit_id = grant->unit_id,
                                           .detail = detail});
}

YIELDS Err *access_insert_grant(Ctx *ctx, AccountId account_id, int64_t role_id, UnitId unit_id,
                                int64_t *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_GRANT_INSERT,
                    ARGS(sql_int(account_id.value), sql_int(role_id), sql_int(unit_id.value),
                         sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "grant_exists",
                   "account %" PRId64 " has role %" PRId64 " on unit %" PRId64, account_id.value,
                   role_id, unit_id.value);
    }
    int64_t grant_id = row_int(rows, 0, 0);
    Grant *grant = NULL;
    TRY(grant_find(ctx, account_id, grant_id, &grant));
    TRY(record(ctx, "account.grant", grant));
    *ret_id = grant_id;
    return NULL;
}

YIELDS Err *grant_delete(Ctx *ctx, const Grant *grant)
{
    TRY(store_exec(ctx->db, &SQL_GRANT_DELETE, ARGS(sql_int(grant->id)), NULL));
    return record(ctx, "account.revoke", grant);
}
