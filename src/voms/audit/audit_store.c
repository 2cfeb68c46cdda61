#include <inttypes.h>
#include <string.h>

#include "voms/access/access.h"
#include "voms/audit/audit.sql.h"
#include "voms/audit/audit_internal.h"
#include "voms/unit/unit.h"

/* Texts of the client are cut to what the column's readers expect. */
static const char *cut(Arena *arena, const char *text, size_t bytes_max)
{
    if (text == NULL || strlen(text) <= bytes_max) {
        return text;
    }
    while (bytes_max > 0 && ((unsigned char)text[bytes_max] & 0xC0) == 0x80) {
        bytes_max--;
    }
    return arena_strndup(arena, text, bytes_max);
}

YIELDS Err *audit_record(Ctx *ctx, const AuditEntry *entry)
{
    int64_t unit_id = entry->unit_id.value == 0 ? UNIT_ROOT.value : entry->unit_id.value;
    return store_exec(ctx->db, &SQL_AUDIT_INSERT,
                      ARGS(sql_time(ctx->now), sql_id(ctx->caller.account_id.value),
                           sql_text(cut(ctx->arena, ctx->caller.name, 256)),
                           sql_text(entry->action), sql_text(entry->object_type),
                           sql_id(entry->object_id), sql_int(unit_id), sql_text(entry->changes),
                           sql_text(cut(ctx->arena, entry->purpose, 2000)), sql_text(entry->detail),
                           sql_text(ctx->client_address),
                           sql_text(cut(ctx->arena, ctx->request_id, 64))),
                      NULL);
}

static void add_confinement(Ctx *ctx, SqlBuilder *builder)
{
    AccessConfinement confinement = access_confine(ctx, "audit:read");
    if (confinement.account < 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_NOTHING, NO_ARGS);
    } else if (confinement.account > 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_CONFINED,
                        ARGS(sql_int(confinement.account), sql_text(confinement.permission)));
    }
}

static void add_filters(SqlBuilder *builder, const AuditQuery *query)
{
    if (query->actor_id != 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_ACTOR, ARGS(sql_int(query->actor_id)));
    }
    if (query->action != NULL) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_ACTION, ARGS(sql_text(query->action)));
    }
    if (query->object_type != NULL) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_OBJECT_TYPE, ARGS(sql_text(query->object_type)));
    }
    if (query->object_id != 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_OBJECT_ID, ARGS(sql_int(query->object_id)));
    }
    if (query->from != 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_FROM, ARGS(sql_time(query->from)));
    }
    if (query->to != 0) {
        sql_builder_add(builder, &SQL_AUDIT_LIST_TO, ARGS(sql_time(query->to)));
    }
}

YIELDS Err *audit_list(Ctx *ctx, const AuditQuery *query, ObjectList *ret_rows)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_AUDIT_LIST_SELECT, NO_ARGS);
    add_confinement(ctx, &builder);
    add_filters(&builder, query);
    if (query->before_id != 0) {
        sql_builder_add(&builder, &SQL_AUDIT_LIST_BEFORE, ARGS(sql_int(query->before_id)));
    }
    sql_builder_add(&builder, &SQL_AUDIT_LIST_PAGE, ARGS(sql_int(query->limit)));
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_rows = shape_from_rows(ctx->arena, &audit_entry_shape, rows);
    return NULL;
}

YIELDS Err *audit_count(Ctx *ctx, const AuditQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_AUDIT_LIST_COUNT, NO_ARGS);
    add_confinement(ctx, &builder);
    add_filters(&builder, query);
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *audit_find(Ctx *ctx, int64_t audit_id, AuditRow **ret_row)
{
    AccessConfinement confinement = access_confine(ctx, "audit:read");
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_AUDIT_FIND,
                    ARGS(sql_int(confinement.account), sql_text(confinement.permission),
                         sql_int(audit_id)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "audit_entry_not_found", "audit entry %" PRId64,
                   audit_id);
    }
    AuditRow *row = ARENA_NEW(ctx->arena, AuditRow);
    shape_from_row(ctx->arena, &audit_detail_shape, rows, 0, row);
    *ret_row = row;
    return NULL;
}
