#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

#define PAGE_VOLUNTEERS 20000

/* Each finds rows (id, has, expected) that break a rule, of volunteers with $1 < id <= $2. */
static const struct {
    const SqlStatement *statement;
    const char *text; /* what is wrong with id */
} CHECKS[] = {
    {&SQL_LEDGER_VERIFY_TOTAL, "total of a volunteer"},
    {&SQL_LEDGER_VERIFY_RUNNING, "running total of an entry"},
    {&SQL_LEDGER_VERIFY_OVERLAP, "entry that overlaps another (entry, volunteer)"},
    {&SQL_LEDGER_VERIFY_ATTENDANCE, "entry without a good attendance (attendance, claim)"},
    {&SQL_LEDGER_VERIFY_VOID, "minutes of a void"},
    {&SQL_LEDGER_VERIFY_CLAIM, "minutes of a claim"},
};

YIELDS static Err *check_page(Ctx *ctx, int64_t after, int64_t last,
                              LedgerVerification *verification)
{
    SqlArgs args = ARGS(sql_int(after), sql_int(last));
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_VERIFY_COUNT, args, &rows));
    verification->entries += row_int(rows, 0, 0);
    for (size_t i = 0; i < COUNT_OF(CHECKS); i++) {
        TRY(store_query(ctx->db, CHECKS[i].statement, args, &rows));
        verification->findings += (int64_t)rows->count;
        if (rows->count > 0 && verification->first == NULL) {
            verification->first =
                arena_printf(ctx->arena, "%s: id %lld, %lld, expected %lld", CHECKS[i].text,
                             (long long)row_int(rows, 0, 0), (long long)row_int(rows, 0, 1),
                             (long long)row_int(rows, 0, 2));
        }
    }
    return NULL;
}

YIELDS Err *ledger_verify(Ctx *ctx, LedgerVerification *ret_verification)
{
    LedgerVerification verification = {};
    StoreRows *rows = NULL;
    int64_t after = 0;
    for (;;) {
        TRY(store_query(ctx->db, &SQL_LEDGER_VERIFY_NEXT,
                        ARGS(sql_int(after), sql_int(PAGE_VOLUNTEERS)), &rows));
        int64_t last = row_int(rows, 0, row_column(rows, "last"));
        if (row_int(rows, 0, 0) == 0) {
            break;
        }
        verification.volunteers += row_int(rows, 0, 0);
        TRY(check_page(ctx, after, last, &verification));
        after = last;
    }
    *ret_verification = verification;
    return NULL;
}
