/* What becomes of a sign-up later: decisions, cancelling, the waitlist and its offers. */
#include <inttypes.h>

#include "voms/audit/audit.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

#define OFFER_MINUTES_LEAST 1

/* A sign-up with its place locked: nobody else changes either now. */
typedef struct Held {
    SignupFacts facts;
    Signup *signup;
} Held;

YIELDS static Err *hold(Ctx *ctx, int64_t id, Held *ret_held)
{
    Signup *signup = NULL;
    TRY(signup_find(ctx, id, &signup));
    TRY(signup_facts_load(ctx, signup->shift_id, signup->position_id, /* lock= */ true,
                          &ret_held->facts));
    /* Only now is it what it stays. */
    return signup_find(ctx, id, &ret_held->signup);
}

/* Writes the sign-up in a new state, and the counts. */
YIELDS static Err *move(Ctx *ctx, SignupFacts *facts, Signup *signup, SignupState state)
{
    SignupCounts counts = {};
    signup_counts_add(&counts, (SignupState)signup->state, -1);
    signup_counts_add(&counts, state, 1);
    signup->state = (int)state;
    if (state != SIGNUP_OFFERED) {
        signup->offered_until = 0;
    }
    TRY(signup_write(ctx, signup));
    return signup_place_write(ctx, &facts->place, &counts);
}

YIELDS static Err *publish_one(Ctx *ctx, const char *subject, const SignupFacts *facts,
                               const Signup *signup, const char *reason)
{
    SignupNews news = {.id = signup->id,
                       .volunteer_id = signup->volunteer_id,
                       .state = (SignupState)signup->state,
                       .reason = reason};
    return signup_publish(ctx, subject, &facts->place, &news, 1);
}

YIELDS static Err *audit(Ctx *ctx, const char *action, const Signup *signup, const char *before,
                         const char *reason)
{
    if (ctx->caller.is_system || ctx->caller.volunteer_id.value == signup->volunteer_id.value) {
        return NULL; /* the row itself says it */
    }
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "signup",
                                           .object_id = signup->id,
                                           .unit_id = signup->unit_id,
                                           .purpose = reason,
                                           .changes = arena_printf(
                                               ctx->arena,
                                               "{\"state\":{\"after\":\"%s\",\"before\":\"%s\"}}",
                                               signup_states[signup->state], before)});
}

/* ---- The waitlist ---- */

/* The end of an offer made now: never after the shift has begun. */
static TimeMs offer_until(const SignupPlace *place, TimeMs now)
{
    int64_t minutes = MAX(place->offer_minutes, (int64_t)OFFER_MINUTES_LEAST);
    return MIN(now + minutes * MINUTE_MS, place->starts_at);
}

YIELDS static Err *promote(Ctx *ctx, SignupFacts *facts, int64_t id)
{
    Signup *signup = NULL;
    TRY(signup_find(ctx, id, &signup));
    bool offers = facts->place.offers;
    signup->offered_until = offers ? offer_until(&facts->place, ctx->now) : 0;
    signup->decided_at = offers ? signup->decided_at : ctx->now;
    TRY(move(ctx, facts, signup, offers ? SIGNUP_OFFERED : SIGNUP_APPROVED));
    return publish_one(ctx, offers ? "signup.offered" : "signup.promoted", facts, signup, NULL);
}

/* One page of the line, from a sequence on. */
YIELDS static Err *fill_page(Ctx *ctx, SignupFacts *facts, int64_t *sequence, bool *ret_more)
{
    StoreRows *rows = NULL;
    SignupPerson *persons = NULL;
    int64_t free = facts->place.needed - facts->place.taken;
    int64_t limit = MIN(MAX(free * 2, (int64_t)8), (int64_t)SIGNUP_BATCH_MAX);
    TRY(store_query(ctx->db, &SQL_SIGNUP_IN_LINE,
                    ARGS(sql_int(facts->place.shift_id), sql_int(facts->place.position_id),
                         sql_text("waitlisted"), sql_int(*sequence), sql_int(limit)),
                    &rows));
    VolunteerId *ids = ARENA_ARRAY(ctx->arena, VolunteerId, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        ids[i].value = row_int(rows, i, 1);
        *sequence = row_int(rows, i, 2);
    }
    TRY(signup_persons_load(ctx, facts, ids, rows->count, /* lock= */ true, &persons));
    for (size_t i = 0; i < rows->count && facts->place.taken < facts->place.needed; i++) {
        SignupReasons reasons;
        signup_facts_evaluate(facts, &persons[i], ctx->now, SIGNUP_TO_PROMOTE, 0, &reasons);
        if (signup_reasons_refusal(&reasons) == NULL) {
            TRY(promote(ctx, facts, row_int(rows, i, 0)));
        }
    }
    *ret_more = (int64_t)rows->count == limit;
    return NULL;
}

YIELDS Err *signup_fill(Ctx *ctx, SignupFacts *facts)
{
    int64_t sequence = INT64_MIN;
    bool more = facts->place.starts_at > ctx->now;
    while (more && facts->place.waiting > 0 && facts->place.taken < facts->place.needed) {
        TRY(fill_page(ctx, facts, &sequence, &more));
    }
    return NULL;
}

/* ---- Cancelling ---- */

YIELDS static Err *end(Ctx *ctx, Held *held, const SignupCancellation *cancellation)
{
    Signup *signup = held->signup;
    const char *before = signup_states[signup->state];
    signup->cancelled_by = cancellation->by;
    signup->cancelled_at = ctx->now;
    signup->cancel_reason = cancellation->reason;
    TRY(move(ctx, &held->facts, signup, SIGNUP_CANCELLED));
    TRY(publish_one(ctx, "signup.cancelled", &held->facts, signup, cancellation->reason));
    TRY(audit(ctx, "signup.cancel", signup, before, cancellation->reason));
    return signup_fill(ctx, &held->facts);
}

YIELDS Err *signup_cancel(Ctx *ctx, int64_t id, const SignupCancellation *cancellation)
{
    Held held;
    TRY(hold(ctx, id, &held));
    SignupState state = (SignupState)held.signup->state;
    if (!signup_state_is_living(state)) {
        return signup_state_conflict(ctx, held.signup);
    }
    if (str_equal(cancellation->by, "volunteer") &&
        !signup_rules_may_cancel(state, held.facts.place.starts_at,
                                 held.facts.place.cancel_deadline_minutes, ctx->now)) {
        return ERR(ctx->arena, ERR_CONFLICT, "cancel_deadline_passed",
                   "sign-up %" PRId64 " is past its deadline", id);
    }
    return end(ctx, &held, cancellation);
}

YIELDS static Err *cancel_page(Ctx *ctx, const StoreRows *rows,
                               const SignupCancellation *cancellation)
{
    for (size_t i = 0; i < rows->count; i++) {
        Held held;
        TRY(hold(ctx, row_int(rows, i, 0), &held));
        if (signup_state_is_living((SignupState)held.signup->state)) {
            TRY(end(ctx, &held, cancellation));
        }
    }
    return NULL;
}

YIELDS Err *signup_cancel_all_of(Ctx *ctx, VolunteerId volunteer_id, const char *by,
                                 const char *reason)
{
    StoreRows *rows = NULL;
    int64_t after = 0;
    SignupCancellation cancellation = {.by = by, .reason = reason};
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_LIVING_OF,
                        ARGS(sql_int(volunteer_id.value), sql_time(ctx->now), sql_int(after)),
                        &rows));
        TRY(cancel_page(ctx, rows, &cancellation));
        after = rows->count == 0 ? after : row_int(rows, rows->count - 1, 0);
    } while (rows->count > 0);
    return NULL;
}

YIELDS static Err *cancel_position(Ctx *ctx, int64_t shift_id, int64_t position_id,
                                   const char *reason)
{
    SignupFacts facts;
    StoreRows *rows = NULL;
    TRY(signup_facts_load(ctx, shift_id, position_id, /* lock= */ true, &facts));
    TRY(store_query(ctx->db, &SQL_SIGNUP_CANCEL_POSITION,
                    ARGS(sql_int(shift_id), sql_int(position_id), sql_text(reason),
                         sql_time(ctx->now)),
                    &rows));
    SignupNews *news = ARENA_ARRAY(ctx->arena, SignupNews, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        news[i] = (SignupNews){.id = row_int(rows, i, 0),
                               .volunteer_id = {row_int(rows, i, 1)},
                               .state = SIGNUP_CANCELLED,
                               .reason = reason};
    }
    TRY(store_exec(ctx->db, &SQL_SIGNUP_PLACE_RECOUNT,
                   ARGS(sql_int(shift_id), sql_int(position_id)), NULL));
    return signup_publish(ctx, "signup.cancelled", &facts.place, news, rows->count);
}

YIELDS Err *signup_cancel_shift(Ctx *ctx, int64_t shift_id, const char *reason)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_PLACES_OF_SHIFT, ARGS(sql_int(shift_id)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        TRY(cancel_position(ctx, shift_id, row_int(rows, i, 0), reason));
    }
    return NULL;
}

/* ---- Decisions ---- */

/* May it have a place now? What staff sets aside is noted on the sign-up. */
YIELDS static Err *check_qualifies(Ctx *ctx, Held *held, const char *override_reason)
{
    SignupReasons reasons;
    SignupPerson *person = NULL;
    Signup *signup = held->signup;
    TRY(signup_persons_load(ctx, &held->facts, &signup->volunteer_id, 1, /* lock= */ true,
                            &person));
    signup_facts_evaluate(&held->facts, person, ctx->now, SIGNUP_TO_PROMOTE, 0, &reasons);
    TextList codes = {.items = ARENA_ARRAY(ctx->arena, const char *, reasons.count + 1)};
    for (size_t i = 0; i < reasons.count; i++) {
        const SignupReason *reason = &reasons.items[i];
        if (reason->refuses &&
            (override_reason == NULL || !signup_reason_may_be_overridden(reason->code))) {
            return signup_refused(ctx, &held->facts, &reasons);
        }
        if (reason->refuses) {
            codes.items[codes.count++] = signup_reason_name(reason->code);
        }
    }
    if (codes.count > 0) {
        signup->override_reason = override_reason;
        signup->override_codes = codes;
    }
    return NULL;
}

YIELDS static Err *settle(Ctx *ctx, Held *held, SignupState state, const char *reason)
{
    Signup *signup = held->signup;
    const char *before = signup_states[signup->state];
    signup->decided_by = ctx->caller.account_id.value;
    signup->decided_at = ctx->now;
    signup->decision_reason = reason;
    TRY(move(ctx, &held->facts, signup, state));
    TRY(publish_one(ctx, "signup.decided", &held->facts, signup, reason));
    return audit(ctx, "signup.decide", signup, before,
                 signup->override_reason != NULL ? signup->override_reason : reason);
}

YIELDS Err *signup_decide(Ctx *ctx, int64_t id, const SignupDecision *decision)
{
    Held held;
    TRY(hold(ctx, id, &held));
    SignupState state = (SignupState)held.signup->state;
    if (state != SIGNUP_PENDING && state != SIGNUP_WAITLISTED) {
        return signup_state_conflict(ctx, held.signup);
    }
    if (!decision->approve) {
        return settle(ctx, &held, SIGNUP_REJECTED, decision->reason);
    }
    TRY(check_qualifies(ctx, &held, decision->override_reason));
    if (held.facts.place.taken < held.facts.place.needed) {
        return settle(ctx, &held, SIGNUP_APPROVED, decision->reason);
    }
    if (state == SIGNUP_WAITLISTED) {
        return ERR(ctx->arena, ERR_CONFLICT, "no_places_left", "sign-up %" PRId64 " stays", id);
    }
    return settle(ctx, &held, SIGNUP_WAITLISTED, decision->reason);
}

/* ---- Offers ---- */

YIELDS Err *signup_answer_offer(Ctx *ctx, int64_t id, bool accept)
{
    Held held;
    TRY(hold(ctx, id, &held));
    if (held.signup->state != SIGNUP_OFFERED) {
        return signup_state_conflict(ctx, held.signup);
    }
    if (held.signup->offered_until <= ctx->now) {
        return ERR(ctx->arena, ERR_CONFLICT, "offer_lapsed", "sign-up %" PRId64 " came too late",
                   id);
    }
    if (!accept) {
        return end(ctx, &held,
                   &(SignupCancellation){.by = "volunteer", .reason = "offer_declined"});
    }
    TRY(check_qualifies(ctx, &held, NULL));
    held.signup->decided_at = ctx->now;
    TRY(move(ctx, &held.facts, held.signup, SIGNUP_APPROVED));
    return publish_one(ctx, "signup.decided", &held.facts, held.signup, NULL);
}

/* ---- Moving up ---- */

YIELDS static Err *move_to_front(Ctx *ctx, Held *held, const char *reason)
{
    StoreRows *rows = NULL;
    Signup *signup = held->signup;
    TRY(store_query(ctx->db, &SQL_SIGNUP_FIRST_IN_LINE,
                    ARGS(sql_int(signup->shift_id), sql_int(signup->position_id)), &rows));
    signup->sequence = MIN(signup->sequence, row_int(rows, 0, 0) - 1);
    TRY(signup_write(ctx, signup));
    return audit(ctx, "signup.move_up", signup, "waitlisted", reason);
}

YIELDS Err *signup_move_up(Ctx *ctx, int64_t id, const char *reason)
{
    Held held;
    TRY(hold(ctx, id, &held));
    if (held.signup->state != SIGNUP_WAITLISTED) {
        return signup_state_conflict(ctx, held.signup);
    }
    if (held.signup->waitlist_place > 1) {
        TRY(move_to_front(ctx, &held, reason));
    }
    return signup_fill(ctx, &held.facts);
}

/* ---- Attendance ---- */

/* An approved place stays taken, come who may: all three states count alike, and no place is to be
 * locked. */
YIELDS Err *signup_mark(Ctx *ctx, int64_t signup_id, SignupState state)
{
    Signup *signup = NULL;
    int64_t affected = 0;
    BUG_ON(state != SIGNUP_APPROVED && state != SIGNUP_ATTENDED && state != SIGNUP_ABSENT);
    if (signup_id == 0) {
        return NULL;
    }
    TRY(store_exec(ctx->db, &SQL_SIGNUP_MARK,
                   ARGS(sql_int(signup_id), sql_text(signup_states[state]), sql_time(ctx->now)),
                   &affected));
    if (affected == 1) {
        return NULL;
    }
    TRY(signup_find(ctx, signup_id, &signup));
    return signup->state == (int)state ? NULL : signup_state_conflict(ctx, signup);
}
