/* Proving that what is kept equals what a rebuild would make. */
#include <inttypes.h>

#include "base/str.h"
#include "fiber/fiber.h"
#include "voms/statistics/statistics.sql.h"
#include "voms/statistics/statistics_internal.h"

#define LOOKS 4        /* at what differs, before it counts */
#define FIRST_COLUMN 3 /* of the differences, after id, unit_id and month */

/* "activity 17, unit 3, 2026-11: places +2, minutes -60": what a rebuild would add. */
static const char *describe(Arena *arena, const char *kind, const StoreRows *rows, size_t row)
{
    Str text;
    int64_t month = row_int(rows, row, 2);
    str_init(&text, arena);
    str_append(&text, arena_printf(
                          arena, "%s %" PRId64 ", unit %" PRId64 ", %s:", kind,
                          row_int(rows, row, 0), row_int(rows, row, 1),
                          month == STATISTICS_NOW ? "now" : statistics_month_format(arena, month)));
    for (size_t i = FIRST_COLUMN; i < rows->column_count; i++) {
        int64_t difference = row_int(rows, row, i);
        if (difference != 0) {
            str_append(&text, arena_printf(arena, " %s %+" PRId64, rows->columns[i], difference));
        }
    }
    return str_text(&text);
}

static void add_findings(Arena *arena, StatisticsVerification *verification, const char *kind,
                         const StoreRows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (verification->findings < STATISTICS_FINDINGS_KEPT) {
            verification->first[verification->findings] = describe(arena, kind, rows, i);
        }
        verification->findings++;
    }
}

/* What is compared: a range of a kind, or the totals (kind is NULL). */
typedef struct Comparison {
    const StatisticsKind *kind;
    int64_t after;
    int64_t last;
} Comparison;

YIELDS static Err *look(Ctx *ctx, const Comparison *comparison, StoreRows **ret_rows)
{
    if (comparison->kind == NULL) {
        return store_query(ctx->db, &SQL_STATISTICS_TOTAL_VERIFY, NO_ARGS, ret_rows);
    }
    return comparison->kind->differ(ctx, comparison->after, comparison->last, ret_rows);
}

YIELDS static Err *compare(Ctx *ctx, const Comparison *comparison,
                           StatisticsVerification *verification)
{
    StoreRows *rows = NULL;
    TRY(look(ctx, comparison, &rows));
    for (int looks = 1; rows->count > 0 && looks < LOOKS; looks++) {
        TRY(fiber_sleep(SECOND_MS));
        TRY(statistics_refresh(ctx, DAY_MS, NULL));
        TRY(look(ctx, comparison, &rows));
    }
    const char *name = comparison->kind == NULL ? "total of" : comparison->kind->name;
    add_findings(ctx->arena, verification, name, rows);
    return NULL;
}

YIELDS static Err *compare_kind(Ctx *ctx, const StatisticsKind *kind, int64_t *ret_count,
                                StatisticsVerification *verification)
{
    StoreRows *rows = NULL;
    int64_t after = 0;
    int64_t count = kind->chunk;
    while (count == kind->chunk) {
        TRY(store_query(ctx->db, kind->next, ARGS(sql_int(after), sql_int(kind->chunk)), &rows));
        count = row_int(rows, 0, 0);
        *ret_count += count;
        int64_t last = count < kind->chunk ? STATISTICS_ID_MAX : row_int(rows, 0, 1);
        TRY(compare(ctx, &(Comparison){.kind = kind, .after = after, .last = last}, verification));
        after = last;
    }
    return NULL;
}

YIELDS static Err *count_rows(Ctx *ctx, const SqlStatement *statement, int64_t *ret_count)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, statement, NO_ARGS, &rows));
    *ret_count = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *statistics_verify(Ctx *ctx, StatisticsVerification *ret_verification)
{
    StatisticsVerification verification = {};
    TRY(count_rows(ctx, &SQL_STATISTICS_WAITING, &verification.waiting));
    TRY(statistics_refresh(ctx, DAY_MS, NULL));
    TRY(compare_kind(ctx, &statistics_kinds[0], &verification.volunteers, &verification));
    TRY(compare_kind(ctx, &statistics_kinds[1], &verification.activities, &verification));
    TRY(compare(ctx, &(Comparison){}, &verification));
    TRY(count_rows(ctx, &SQL_STATISTICS_TOTAL_COUNT, &verification.totals));
    *ret_verification = verification;
    return NULL;
}
