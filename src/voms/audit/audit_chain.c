/* audit_chain.c - sealing and verifying. */
#include <inttypes.h>
#include <string.h>

#include "voms/audit/audit.sql.h"
#include "voms/audit/audit_internal.h"

#define SEAL_PAGE 500
#define VERIFY_PAGE 500
#define UNSEALED_OLD_MS (5 * MINUTE_MS)

static AuditRow read_row(const StoreRows *rows, size_t row)
{
    return (AuditRow){
        .id = row_int(rows, row, row_column(rows, "id")),
        .at = row_time(rows, row, row_column(rows, "created_at")),
        .actor_id = row_int(rows, row, row_column(rows, "actor_id")),
        .actor_name = row_text(rows, row, row_column(rows, "actor_name")),
        .action = row_text(rows, row, row_column(rows, "action")),
        .object_type = row_text(rows, row, row_column(rows, "object_type")),
        .object_id = row_int(rows, row, row_column(rows, "object_id")),
        .unit_id = row_int(rows, row, row_column(rows, "unit_id")),
        .changes = row_text(rows, row, row_column(rows, "changes")),
        .purpose = row_text(rows, row, row_column(rows, "purpose")),
        .detail = row_text(rows, row, row_column(rows, "detail")),
        .address = row_text(rows, row, row_column(rows, "address")),
        .request_id = row_text(rows, row, row_column(rows, "request_id")),
    };
}

static AuditRow read_sealed_row(const StoreRows *rows, size_t row)
{
    AuditRow sealed = read_row(rows, row);
    sealed.sequence = row_int(rows, row, row_column(rows, "sequence"));
    sealed.previous_hash = row_text(rows, row, row_column(rows, "previous_hash"));
    sealed.hash = row_text(rows, row, row_column(rows, "hash"));
    return sealed;
}

typedef struct SealPage {
    TimeMs now;
    size_t sealed;
} SealPage;

/* Writes the places of rows in the chain; *sequence and *hash move along. */
YIELDS static Err *write_seals(Db *db, const StoreRows *rows, int64_t *sequence, const char **hash)
{
    SqlArgs *args = ARENA_ARRAY(db->arena, SqlArgs, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        AuditRow row = read_row(rows, i);
        (*sequence)++;
        const char *next = audit_rules_hash(db->arena, &row, *sequence, *hash);
        SqlValue *values = ARENA_ARRAY(db->arena, SqlValue, 4);
        values[0] = sql_int(row.id);
        values[1] = sql_int(*sequence);
        values[2] = sql_text(*hash);
        values[3] = sql_text(next);
        args[i] = (SqlArgs){.values = values, .count = 4};
        *hash = next;
    }
    int64_t affected = 0;
    TRY(store_exec_many(db, &SQL_AUDIT_SEAL, args, rows->count, &affected));
    if (affected != (int64_t)rows->count) {
        return ERR(db->arena, ERR_INTERNAL, "internal_error",
                   "sealed %" PRId64 " of %zu audit entries", affected, rows->count);
    }
    return NULL;
}

YIELDS static Err *seal_page(Db *db, void *arg)
{
    SealPage *page = arg;
    StoreRows *chain = NULL;
    TRY(store_query(db, &SQL_AUDIT_CHAIN_TAKE, ARGS(sql_time(page->now)), &chain));
    BUG_ON(chain->count != 1);
    int64_t sequence = row_int(chain, 0, 0);
    const char *hash = row_text(chain, 0, 1);
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_AUDIT_LIST_UNSEALED, ARGS(sql_int(SEAL_PAGE)), &rows));
    page->sealed = rows->count;
    if (rows->count == 0) {
        return NULL;
    }
    TRY(write_seals(db, rows, &sequence, &hash));
    return store_exec(db, &SQL_AUDIT_CHAIN_SET, ARGS(sql_int(sequence), sql_text(hash)), NULL);
}

YIELDS static Err *has_unsealed(Ctx *ctx, bool *ret_has)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_AUDIT_FIND_UNSEALED, NO_ARGS, &rows));
    *ret_has = rows->count > 0;
    return NULL;
}

YIELDS Err *audit_seal(Ctx *ctx)
{
    bool has = false;
    TRY(has_unsealed(ctx, &has));
    SealPage page = {.now = ctx->now, .sealed = SEAL_PAGE};
    while (has && page.sealed == SEAL_PAGE) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Db db = *ctx->db;
        db.arena = arena;
        Err *err = store_transact(&db, seal_page, &page);
        if (err != NULL) {
            return err_copy(ctx->arena, err);
        }
    }
    return NULL;
}

/* How far the verification has come, and where the chain's own record says that it ends. */
typedef struct Verifier {
    AuditVerification *result;
    char hash[AUDIT_HASH_SIZE]; /* of the last entry that was checked */
    int64_t end_sequence;
    const char *end_hash;
} Verifier;

static void break_at(Verifier *verifier, int64_t sequence, const char *reason)
{
    verifier->result->broken_at = sequence;
    verifier->result->reason = reason;
}

/* Checks the entry after those that were checked. */
static void verify_row(Arena *arena, Verifier *verifier, const AuditRow *row)
{
    int64_t sequence = verifier->result->entries + 1;
    const char *reason = audit_rules_check(arena, row, sequence, verifier->hash);
    if (reason == NULL && sequence == verifier->end_sequence &&
        !str_equal(row->hash, verifier->end_hash)) {
        reason = "the entry is not the one that was sealed";
    }
    if (reason != NULL) {
        break_at(verifier, row->sequence, reason);
        return;
    }
    snprintf(verifier->hash, sizeof(verifier->hash), "%s", row->hash);
    verifier->result->entries = sequence;
}

YIELDS static Err *verify_page(Db *db, Verifier *verifier, bool *ret_more)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_AUDIT_LIST_SEALED,
                    ARGS(sql_int(verifier->result->entries), sql_int(VERIFY_PAGE)), &rows));
    for (size_t i = 0; i < rows->count && verifier->result->reason == NULL; i++) {
        AuditRow row = read_sealed_row(rows, i);
        verify_row(db->arena, verifier, &row);
    }
    *ret_more = rows->count == VERIFY_PAGE && verifier->result->reason == NULL;
    return NULL;
}

YIELDS static Err *verify_entries(Ctx *ctx, Verifier *verifier)
{
    bool more = true;
    while (more) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Db db = *ctx->db;
        db.arena = arena;
        Err *err = verify_page(&db, verifier, &more);
        if (err != NULL) {
            return err_copy(ctx->arena, err);
        }
    }
    return NULL;
}

/* Read before the entries, since the chain grows meanwhile. Only this record misses entries that
 * were cut off at the end. */
YIELDS static Err *read_end(Ctx *ctx, Verifier *verifier)
{
    StoreRows *chain = NULL;
    TRY(store_query(ctx->db, &SQL_AUDIT_CHAIN_FIND, NO_ARGS, &chain));
    if (chain->count != 1) {
        break_at(verifier, 1, "the record of the chain's end is missing");
        return NULL;
    }
    verifier->end_sequence = row_int(chain, 0, 0);
    verifier->end_hash = row_text(chain, 0, 1);
    return NULL;
}

YIELDS static Err *count_unsealed(Ctx *ctx, AuditVerification *verification)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_AUDIT_COUNT_UNSEALED, ARGS(sql_time(ctx->now - UNSEALED_OLD_MS)),
                    &rows));
    verification->unsealed = row_int(rows, 0, 0);
    verification->unsealed_old = row_int(rows, 0, 1);
    return NULL;
}

YIELDS Err *audit_verify(Ctx *ctx, AuditVerification *ret_verification)
{
    AuditVerification result = {};
    Verifier verifier = {.result = &result, .hash = AUDIT_GENESIS};
    TRY(count_unsealed(ctx, &result));
    TRY(read_end(ctx, &verifier));
    if (result.reason == NULL) {
        TRY(verify_entries(ctx, &verifier));
    }
    if (result.reason == NULL && result.entries < verifier.end_sequence) {
        break_at(&verifier, result.entries + 1, "entries are missing at the end");
    }
    result.head_hash = arena_strdup(ctx->arena, verifier.hash);
    *ret_verification = result;
    return NULL;
}
