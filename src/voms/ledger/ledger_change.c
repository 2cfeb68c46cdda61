/* Deciding held claims, voiding and granting anew. */
#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

typedef struct Standing {
    int64_t entry_id; /* 0: nothing was ever granted */
    int64_t minutes;
    bool is_voided;
} Standing;

typedef struct Change {
    Claim *claim;
    Standing standing;
    int64_t total; /* of the volunteer, as it is now in this transaction */
    const char *reason;
    const char *permission; /* that somebody of the parent unit has to hold as well */
} Change;

YIELDS static Err *find_standing(Ctx *ctx, int64_t claim_id, Standing *ret_standing)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_ENTRY_OF_CLAIM, ARGS(sql_int(claim_id)), &rows));
    *ret_standing = (Standing){};
    if (rows->count == 1) {
        *ret_standing = (Standing){.entry_id = row_int(rows, 0, 0),
                                   .minutes = row_int(rows, 0, 1),
                                   .is_voided = row_bool(rows, 0, row_column(rows, "is_voided"))};
    }
    return NULL;
}

/* Settlement before volunteer, as settling does; the claim is read under both locks. */
YIELDS static Err *begin(Ctx *ctx, int64_t claim_id, Change *change)
{
    StoreRows *rows = NULL;
    Claim *claim = NULL;
    TRY(ledger_claim_find(ctx, claim_id, &claim));
    TRY(store_query(ctx->db, &SQL_SETTLEMENT_LOCK, ARGS(sql_int(claim->activity_id)), &rows));
    TRY(ledger_lock(ctx, claim->volunteer_id, &change->total));
    TRY(ledger_claim_find(ctx, claim_id, &change->claim));
    return find_standing(ctx, claim_id, &change->standing);
}

/* Nobody decides on the own hours. */
static Err *check_not_own(Ctx *ctx, const Claim *claim)
{
    if (ctx->caller.volunteer_id.value != 0 &&
        ctx->caller.volunteer_id.value == claim->volunteer_id.value) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "own_hours", "claim %lld is the caller's own",
                   (long long)claim->id);
    }
    return NULL;
}

YIELDS static Err *check_overlap(Ctx *ctx, const Claim *claim, ServiceSpan span)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_CLAIM_OVERLAPPING,
                    ARGS(sql_int(claim->volunteer_id.value), sql_time(span.starts_at),
                         sql_time(span.ends_at), sql_int(claim->id)),
                    &rows));
    if (rows->count == 0) {
        return NULL;
    }
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "ledger_overlap", "claim %lld overlaps",
                   (long long)claim->id);
    err->current =
        arena_printf(ctx->arena, "{\"service_record_id\":%lld}", (long long)row_int(rows, 0, 0));
    return err;
}

/* Over the limit of a day the parent unit has to agree; the root has none above it. */
YIELDS static Err *check_level(Ctx *ctx, const Change *change, int64_t minutes)
{
    const Settings *settings = NULL;
    const Claim *claim = change->claim;
    StoreRows *rows = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(store_query(ctx->db, &SQL_LEDGER_DAY_MINUTES,
                    ARGS(sql_int(claim->volunteer_id.value), sql_text(claim->service_date),
                         sql_int(claim->id)),
                    &rows));
    LedgerPolicy policy = ledger_policy(settings);
    ClaimLevel level = ledger_rules_level(&policy, row_int(rows, 0, 0) + minutes);
    if (level != LEVEL_PARENT || claim->parent_unit_id.value == 0) {
        return NULL;
    }
    Err *err =
        access_check_unit(ctx, claim->parent_unit_id, change->permission, change->permission);
    if (err_is(err, ERR_NOT_FOUND) || err_is(err, ERR_FORBIDDEN)) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "parent_approval_needed",
                   "claim %lld is for the parent unit", (long long)claim->id);
    }
    return err;
}

/* ---- Entries ---- */

typedef struct EntryDraft {
    EntryKind kind;
    int64_t minutes;
    ServiceSpan span;
    int64_t other_id; /* what a void voids, what a regrant replaces */
    const char *key;
} EntryDraft;

YIELDS static Err *publish(Ctx *ctx, const Change *change, const EntryDraft *draft,
                           int64_t entry_id)
{
    const Claim *claim = change->claim;
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "activity_id", claim->activity_id);
    json_put_string(&writer, "kind", entry_kinds[draft->kind]);
    json_put_string(&writer, "reason", change->reason);
    json_write_key(&writer, "entries");
    json_write_begin_array(&writer);
    json_write_begin_object(&writer);
    json_put_int(&writer, "entry_id", entry_id);
    json_put_int(&writer, "claim_id", claim->id);
    json_put_int(&writer, "volunteer_id", claim->volunteer_id.value);
    json_put_int(&writer, "minutes", draft->minutes);
    json_put_int(&writer, "total_after", change->total);
    json_write_end_object(&writer);
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return bus_publish(ctx->db, draft->kind == ENTRY_VOID ? "ledger.voided" : "ledger.granted",
                       arena_printf(ctx->arena, "volunteer:%lld",
                                    (long long)claim->volunteer_id.value),
                       str_text(&text));
}

YIELDS static Err *write_entry(Ctx *ctx, Change *change, const EntryDraft *draft)
{
    const Claim *claim = change->claim;
    StoreRows *rows = NULL;
    change->total += draft->minutes;
    TRY(store_query(
        ctx->db, &SQL_LEDGER_ENTRY_INSERT,
        ARGS(sql_int(claim->volunteer_id.value), sql_text(entry_kinds[draft->kind]),
             sql_int(draft->minutes), sql_int(claim->id), sql_int(claim->attendance_id),
             sql_int(claim->activity_id), sql_int(claim->unit_id.value), sql_id(claim->project_id),
             sql_text(claim->service_date), sql_time(draft->span.starts_at),
             sql_time(draft->span.ends_at), sql_text(ledger_grades[claim->grade]),
             draft->kind == ENTRY_VOID ? sql_int(draft->other_id) : sql_null(),
             draft->kind == ENTRY_REGRANT ? sql_int(draft->other_id) : sql_null(),
             sql_text(draft->key), sql_id(ctx->caller.account_id.value), sql_text(ctx->caller.name),
             sql_text(change->reason), sql_int(change->total), sql_time(ctx->now)),
        &rows));
    TRY(store_exec(ctx->db, &SQL_LEDGER_VOLUNTEER_TOTAL,
                   ARGS(sql_int(claim->volunteer_id.value), sql_int(change->total)), NULL));
    return publish(ctx, change, draft, row_int(rows, 0, 0));
}

YIELDS static Err *write_claim(Ctx *ctx, const Change *change, ClaimState state, ServiceSpan span,
                               int64_t minutes)
{
    const Claim *claim = change->claim;
    int64_t changed = 0;
    TRY(store_exec(ctx->db, &SQL_LEDGER_CLAIM_UPDATE,
                   ARGS(sql_int(claim->id), sql_int(claim->version), sql_text(claim_states[state]),
                        sql_text(claim_reasons[CLAIM_REASON_DECIDED]), sql_time(span.starts_at),
                        sql_time(span.ends_at), sql_int(minutes),
                        sql_id(ctx->caller.account_id.value), sql_time(ctx->now),
                        sql_text(change->reason)),
                   &changed));
    return changed == 1 ? NULL
                        : ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "claim %lld changed",
                              (long long)claim->id);
}

YIELDS static Err *tell(Ctx *ctx, const Change *change, const char *action, int64_t before,
                        int64_t after)
{
    const char *changes = arena_printf(ctx->arena, "{\"minutes\":{\"after\":%lld,\"before\":%lld}}",
                                       (long long)after, (long long)before);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "service_record",
                                           .object_id = change->claim->id,
                                           .unit_id = change->claim->unit_id,
                                           .purpose = change->reason,
                                           .changes = changes});
}

static ServiceSpan span_of(const Claim *claim)
{
    return (ServiceSpan){claim->starts_at, claim->ends_at};
}

YIELDS static Err *void_standing(Ctx *ctx, Change *change)
{
    const Standing *standing = &change->standing;
    EntryDraft draft = {.kind = ENTRY_VOID,
                        .minutes = -standing->minutes,
                        .span = span_of(change->claim),
                        .other_id = standing->entry_id,
                        .key =
                            arena_printf(ctx->arena, "void:%lld", (long long)standing->entry_id)};
    return write_entry(ctx, change, &draft);
}

/* The first entry of a claim is a grant, every later one a regrant of the one that was voided. */
YIELDS static Err *give(Ctx *ctx, Change *change, ServiceSpan span, int64_t minutes)
{
    const Claim *claim = change->claim;
    int64_t before = change->standing.entry_id;
    EntryDraft draft = {.kind = before == 0 ? ENTRY_GRANT : ENTRY_REGRANT,
                        .minutes = minutes,
                        .span = span,
                        .other_id = before};
    draft.key = before == 0
                    ? arena_printf(ctx->arena, "grant:%lld:%lld", (long long)claim->attendance_id,
                                   (long long)claim->volunteer_id.value)
                    : arena_printf(ctx->arena, "regrant:%lld", (long long)before);
    TRY(check_overlap(ctx, claim, span));
    TRY(check_level(ctx, change, minutes));
    TRY(write_claim(ctx, change, CLAIM_GRANTED, span, minutes));
    return write_entry(ctx, change, &draft);
}

/* ---- Deciding ---- */

YIELDS static Err *release(Ctx *ctx, const Claim *claim)
{
    return store_exec(ctx->db, &SQL_SETTLEMENT_HOLD,
                      ARGS(sql_int(claim->activity_id), sql_int(-1), sql_time(ctx->now)), NULL);
}

YIELDS static Err *approve_claim(Ctx *ctx, Change *change)
{
    Claim *claim = change->claim;
    TRY(give(ctx, change, span_of(claim), claim->minutes));
    return store_exec(ctx->db, &SQL_LEDGER_ATTENDANCE_APPROVE,
                      ARGS(sql_int(claim->attendance_id), sql_id(ctx->caller.account_id.value),
                           sql_time(ctx->now), sql_text(change->reason)),
                      NULL);
}

YIELDS Err *ledger_decide(Ctx *ctx, int64_t claim_id, bool approve, const char *reason)
{
    Change change = {.reason = reason, .permission = "ledger:approve"};
    TRY(begin(ctx, claim_id, &change));
    TRY(check_not_own(ctx, change.claim));
    if (change.claim->state != CLAIM_HELD) {
        return ledger_conflict(ctx, claim_states[change.claim->state]);
    }
    if (approve) {
        TRY(approve_claim(ctx, &change));
    } else {
        TRY(write_claim(ctx, &change, CLAIM_REJECTED, span_of(change.claim),
                        change.claim->minutes));
    }
    TRY(release(ctx, change.claim));
    return tell(ctx, &change, approve ? "ledger.approve" : "ledger.reject", 0,
                approve ? change.claim->minutes : 0);
}

YIELDS static Err *void_claim(Ctx *ctx, Change *change)
{
    TRY(void_standing(ctx, change));
    TRY(write_claim(ctx, change, CLAIM_VOIDED, span_of(change->claim), change->claim->minutes));
    return tell(ctx, change, "ledger.void", change->standing.minutes, 0);
}

YIELDS Err *ledger_void(Ctx *ctx, int64_t claim_id, const char *reason)
{
    Change change = {.reason = reason, .permission = "ledger:approve"};
    TRY(begin(ctx, claim_id, &change));
    TRY(check_not_own(ctx, change.claim));
    if (change.claim->state != CLAIM_GRANTED) {
        return ledger_conflict(ctx, claim_states[change.claim->state]);
    }
    return void_claim(ctx, &change);
}

static Err *check_minutes(Ctx *ctx, const Claim *claim, int64_t minutes)
{
    Err *err = NULL;
    int64_t most = (claim->shift_ends_at - claim->shift_starts_at) / MINUTE_MS;
    if (minutes < 1 || minutes > most) {
        err_add_field(ctx->arena, &err, "minutes", "minutes_over_shift",
                      arena_printf(ctx->arena, "%lld", (long long)most));
    }
    return err;
}

/* Void and regrant, or the one of them that is left to do. */
YIELDS static Err *change_minutes(Ctx *ctx, Change *change, int64_t minutes)
{
    Claim *claim = change->claim;
    bool stands = claim->state == CLAIM_GRANTED;
    int64_t before = stands ? change->standing.minutes : 0;
    TRY(check_minutes(ctx, claim, minutes));
    ServiceSpan span = ledger_rules_regrant_span(
        span_of(claim), (ServiceSpan){claim->shift_starts_at, claim->shift_ends_at}, minutes);
    if (stands) {
        TRY(void_standing(ctx, change));
    }
    TRY(give(ctx, change, span, minutes));
    return tell(ctx, change, "ledger.regrant", before, minutes);
}

YIELDS Err *ledger_regrant(Ctx *ctx, int64_t claim_id, int64_t minutes, const char *reason)
{
    Change change = {.reason = reason, .permission = "ledger:approve"};
    TRY(begin(ctx, claim_id, &change));
    TRY(check_not_own(ctx, change.claim));
    if (change.claim->state != CLAIM_GRANTED && change.claim->state != CLAIM_VOIDED) {
        return ledger_conflict(ctx, claim_states[change.claim->state]);
    }
    return change_minutes(ctx, &change, minutes);
}

YIELDS Err *ledger_set_minutes(Ctx *ctx, int64_t claim_id, int64_t minutes, const char *reason,
                               const char *permission)
{
    Change change = {.reason = reason, .permission = permission};
    TRY(begin(ctx, claim_id, &change));
    TRY(check_not_own(ctx, change.claim));
    if (change.claim->state == CLAIM_HELD) {
        return ledger_conflict(ctx, claim_states[CLAIM_HELD]);
    }
    if (minutes > 0) {
        return change_minutes(ctx, &change, minutes);
    }
    return change.claim->state == CLAIM_GRANTED ? void_claim(ctx, &change) : NULL;
}

/* ---- Merging ---- */

/* The copy of a claim is held until it is known that the other was not there as well, and for
 * somebody to decide when its attendance gave way to the other's. */
YIELDS static Err *move_claim(Ctx *ctx, int64_t claim_id, VolunteerId to, const char *reason)
{
    Change old = {.reason = reason};
    Change new = {.reason = reason};
    StoreRows *rows = NULL;
    TRY(begin(ctx, claim_id, &old));
    TRY(void_claim(ctx, &old));
    TRY(store_query(ctx->db, &SQL_LEDGER_CLAIM_COPY,
                    ARGS(sql_int(claim_id), sql_int(to.value), sql_time(ctx->now)), &rows));
    if (rows->count == 0) {
        return NULL; /* they were merged before; what was then decided stands */
    }
    TRY(begin(ctx, row_int(rows, 0, 0), &new));
    TRY(store_query(ctx->db, &SQL_LEDGER_ATTENDANCE_VOIDED, ARGS(sql_int(new.claim->attendance_id)),
                    &rows));
    Err *err = check_overlap(ctx, new.claim, span_of(new.claim));
    if (err_is(err, ERR_CONFLICT) || (err == NULL && rows->count > 0)) {
        return store_exec(ctx->db, &SQL_SETTLEMENT_HOLD,
                          ARGS(sql_int(new.claim->activity_id), sql_int(1), sql_time(ctx->now)),
                          NULL);
    }
    TRY(err);
    EntryDraft draft = {.kind = ENTRY_GRANT,
                        .minutes = new.claim->minutes,
                        .span = span_of(new.claim),
                        .key =
                            arena_printf(ctx->arena, "grant:%lld:%lld",
                                         (long long)new.claim->attendance_id, (long long)to.value)};
    TRY(write_claim(ctx, &new, CLAIM_GRANTED, draft.span, draft.minutes));
    return write_entry(ctx, &new, &draft);
}

YIELDS Err *ledger_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    const char *reason =
        arena_printf(ctx->arena, "merged %s into %s", volunteer_number_format(ctx->arena, from),
                     volunteer_number_format(ctx->arena, to));
    StoreRows *rows = NULL;
    int64_t after = 0;
    TRY(store_exec(ctx->db, &SQL_LEDGER_DISPUTE_MOVE, ARGS(sql_int(from.value)), NULL));
    TRY(store_exec(ctx->db, &SQL_LEDGER_CLAIM_MOVE,
                   ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), NULL));
    do {
        TRY(store_query(ctx->db, &SQL_LEDGER_CLAIM_GRANTED_OF,
                        ARGS(sql_int(from.value), sql_int(after)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            after = row_int(rows, i, 0);
            TRY(move_claim(ctx, after, to, reason));
        }
    } while (rows->count > 0);
    return NULL;
}
