/* Disputes: the volunteer does not agree, somebody other than the recorder decides. */
#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

YIELDS static Err *publish(Ctx *ctx, const char *subject, const Dispute *dispute)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "dispute_id", dispute->id);
    json_put_int(&writer, "claim_id", dispute->claim_id);
    json_put_int(&writer, "volunteer_id", dispute->volunteer_id.value);
    json_put_int(&writer, "unit_id", dispute->unit_id.value);
    json_put_string(&writer, "state", dispute_states[dispute->state]);
    json_put_int(&writer, "old_minutes", dispute->old_minutes);
    if (dispute->new_minutes >= 0) {
        json_put_int(&writer, "new_minutes", dispute->new_minutes);
    }
    json_put_string(&writer, "reason", dispute->decision_reason);
    json_write_end_object(&writer);
    return bus_publish(ctx->db, subject,
                       arena_printf(ctx->arena, "volunteer:%lld",
                                    (long long)dispute->volunteer_id.value),
                       str_text(&text));
}

YIELDS static Err *tell(Ctx *ctx, const Dispute *dispute, const char *action, const char *purpose)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "dispute",
                                           .object_id = dispute->id,
                                           .unit_id = dispute->unit_id,
                                           .purpose = purpose});
}

YIELDS Err *ledger_dispute(Ctx *ctx, VolunteerId volunteer_id, const DisputeDraft *draft,
                           int64_t *ret_id)
{
    Claim *claim = NULL;
    Dispute *dispute = NULL;
    StoreRows *rows = NULL;
    int64_t total = 0;
    TRY(ledger_lock(ctx, volunteer_id, &total));
    TRY(ledger_claim_find(ctx, draft->claim_id, &claim));
    if (claim->volunteer_id.value != volunteer_id.value) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "service_record_not_found", "somebody else's claim");
    }
    if (claim->state == CLAIM_HELD) {
        return ledger_conflict(ctx, claim_states[claim->state]);
    }
    int64_t minutes = claim->state == CLAIM_GRANTED ? claim->minutes : 0;
    TRY(store_query(
        ctx->db, &SQL_LEDGER_DISPUTE_INSERT,
        ARGS(sql_int(claim->id), sql_int(volunteer_id.value), sql_int(claim->unit_id.value),
             sql_text(draft->message), draft->minutes == 0 ? sql_null() : sql_int(draft->minutes),
             sql_int(minutes), sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
        &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "dispute_open", "claim %lld is disputed already",
                   (long long)claim->id);
    }
    *ret_id = row_int(rows, 0, 0);
    TRY(ledger_dispute_find(ctx, *ret_id, &dispute));
    TRY(tell(ctx, dispute, "dispute.open", NULL));
    return publish(ctx, "dispute.opened", dispute);
}

/* The recorder, and who decided on the record, have said what they think of it. */
static Err *check_other_person(Ctx *ctx, const Claim *claim)
{
    int64_t account = ctx->caller.account_id.value;
    if (account != 0 &&
        (account == claim->recorded_by.value || account == claim->decided_by.value)) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "dispute_own_record", "account %lld recorded it",
                   (long long)account);
    }
    return NULL;
}

YIELDS static Err *find_open(Ctx *ctx, int64_t dispute_id, Dispute **ret_dispute)
{
    Dispute *dispute = NULL;
    Claim *claim = NULL;
    TRY(ledger_dispute_find(ctx, dispute_id, &dispute));
    TRY(ledger_claim_find(ctx, dispute->claim_id, &claim));
    if (dispute->state != DISPUTE_OPEN) {
        return ledger_conflict(ctx, dispute_states[dispute->state]);
    }
    TRY(check_other_person(ctx, claim));
    if (ctx->caller.volunteer_id.value == dispute->volunteer_id.value &&
        dispute->volunteer_id.value != 0) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "own_hours", "the caller's own dispute");
    }
    *ret_dispute = dispute;
    return NULL;
}

YIELDS static Err *write_end(Ctx *ctx, Dispute *dispute, DisputeState state, int64_t minutes,
                             const char *reason)
{
    int64_t changed = 0;
    dispute->state = (int)state;
    dispute->new_minutes = minutes;
    dispute->decision_reason = reason;
    TRY(store_exec(ctx->db, &SQL_LEDGER_DISPUTE_DECIDE,
                   ARGS(sql_int(dispute->id), sql_int(dispute->version),
                        sql_text(dispute_states[state]), sql_int(minutes),
                        sql_id(ctx->caller.account_id.value), sql_time(ctx->now), sql_text(reason)),
                   &changed));
    return changed == 1 ? NULL
                        : ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "dispute %lld changed",
                              (long long)dispute->id);
}

YIELDS Err *ledger_dispute_decide(Ctx *ctx, int64_t dispute_id, const DisputeDecision *decision)
{
    Dispute *dispute = NULL;
    TRY(find_open(ctx, dispute_id, &dispute));
    if (decision->accept) {
        TRY(ledger_set_minutes(ctx, dispute->claim_id, decision->minutes, decision->reason,
                               "dispute:decide"));
        TRY(write_end(ctx, dispute, DISPUTE_ACCEPTED, decision->minutes, decision->reason));
    } else {
        TRY(write_end(ctx, dispute, DISPUTE_REJECTED, dispute->old_minutes, decision->reason));
    }
    TRY(tell(ctx, dispute, decision->accept ? "dispute.accept" : "dispute.reject",
             decision->reason));
    return publish(ctx, "dispute.decided", dispute);
}

YIELDS Err *ledger_dispute_withdraw(Ctx *ctx, int64_t dispute_id, const char *reason)
{
    Dispute *dispute = NULL;
    TRY(find_open(ctx, dispute_id, &dispute));
    TRY(write_end(ctx, dispute, DISPUTE_WITHDRAWN, dispute->old_minutes, reason));
    return tell(ctx, dispute, "dispute.withdraw", reason);
}
