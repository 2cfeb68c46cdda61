/* Settled activities of the demonstration organisation, and somebody who disagrees. */
#include "voms/activity/activity.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

#define UNSETTLED 3 /* of the oldest: so that something is overdue */

/* Somebody must have recorded it (D67 Art. 7). */
YIELDS static Err *be_recorder(Ctx *ctx)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_DEMO_RECORDER, NO_ARGS, &rows));
    BUG_ON(rows->count == 0); /* account_demo made it */
    ctx->caller.account_id.value = row_int(rows, 0, 0);
    ctx->caller.name = row_text(rows, 0, 1);
    return NULL;
}

YIELDS static Err *settle_old(Ctx *ctx)
{
    StoreRows *rows = NULL;
    TimeMs now = ctx->now;
    TRY(store_query(ctx->db, &SQL_LEDGER_DEMO_ENDED, ARGS(sql_time(now - 6 * DAY_MS)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        if (i == UNSETTLED) {
            continue;
        }
        ctx->now = row_time(rows, i, 1) + 2 * DAY_MS;
        TRY(ledger_settle(ctx, row_int(rows, i, 0)));
    }
    ctx->now = now;
    return NULL;
}

YIELDS static Err *dispute_one(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    StoreRows *rows = NULL;
    int64_t id = 0;
    ctx.db = db;
    TRY(store_query(db, &SQL_LEDGER_DEMO_CLAIM, NO_ARGS, &rows));
    if (rows->count == 0) {
        return NULL;
    }
    DisputeDraft draft = {.claim_id = row_int(rows, 0, 0),
                          .message = "活动结束后我们又整理了半小时器材，没有算进去。",
                          .minutes = row_int(rows, 0, 2)};
    return ledger_dispute(&ctx, (VolunteerId){row_int(rows, 0, 1)}, &draft, &id);
}

YIELDS Err *ledger_demo(Ctx *ctx)
{
    Ctx recorder = *ctx;
    TRY(activity_move_by_time(ctx));
    TRY(be_recorder(&recorder));
    TRY(settle_old(&recorder));
    return store_transact(ctx->db, dispute_one, ctx);
}
