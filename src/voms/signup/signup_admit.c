/* Deciding on all who want a place of one position, in one transaction.
 *
 * The place's row is locked once, the facts of all are read at once, each is decided in the order
 * of arrival, and all are written at once: what costs a transaction per person elsewhere costs one
 * per batch here. */
#include <inttypes.h>

#include "base/json.h"
#include "voms/audit/audit.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

typedef struct Batch {
    Ctx *ctx;
    SignupFacts *facts;
    SignupEntry *entries;
    size_t count;
    SignupPerson *persons; /* of the entries */
} Batch;

/* ---- Deciding ---- */

static bool all_may_be_overridden(const SignupReasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        const SignupReason *reason = &reasons->items[i];
        if (reason->refuses && !signup_reason_may_be_overridden(reason->code)) {
            return false;
        }
    }
    return true;
}

static TextList refusal_names(Arena *arena, const SignupReasons *reasons)
{
    TextList names = {.items = ARENA_ARRAY(arena, const char *, reasons->count + 1)};
    for (size_t i = 0; i < reasons->count; i++) {
        if (reasons->items[i].refuses) {
            names.items[names.count++] = signup_reason_name(reasons->items[i].code);
        }
    }
    return names;
}

static Err *no_places_left(Ctx *ctx, const SignupPlace *place)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "no_places_left",
                   "shift %" PRId64 " position %" PRId64 ": %" PRId64 " of %" PRId64 " taken",
                   place->shift_id, place->position_id, place->taken, place->needed);
    return err;
}

static Signup *make_signup(Batch *batch, const SignupEntry *entry, SignupState state)
{
    Ctx *ctx = batch->ctx;
    SignupPlace *place = &batch->facts->place;
    Signup *signup = ARENA_NEW(ctx->arena, Signup);
    *signup = (Signup){.activity_id = place->activity_id,
                       .activity_name = place->activity_name,
                       .shift_id = place->shift_id,
                       .position_id = place->position_id,
                       .position_name = place->position_name,
                       .volunteer_id = entry->volunteer_id,
                       .state = (int)state,
                       .sequence = ++place->last_sequence,
                       .starts_at = place->starts_at,
                       .ends_at = place->ends_at,
                       .by_staff = entry->by_staff,
                       .risk_notice_version = place->has_risk_notice ? entry->accepted_version : 0,
                       .decided_by = entry->by_staff ? entry->account_id : 0,
                       .decided_at = state == SIGNUP_APPROVED ? ctx->now : 0,
                       .created_at = ctx->now,
                       .updated_at = ctx->now,
                       .version = 1,
                       .unit_id = place->unit_id};
    return signup;
}

/* Counted in memory until the batch is written, so that the next entry sees it. */
static void take(Batch *batch, SignupEntry *entry, SignupState state)
{
    SignupPlace *place = &batch->facts->place;
    SignupCounts counts = {};
    entry->signup = make_signup(batch, entry, state);
    signup_counts_add(&counts, state, 1);
    place->taken += counts.taken;
    place->waiting += counts.waiting;
    place->pending += counts.pending;
    entry->signup->waitlist_place = state == SIGNUP_WAITLISTED ? place->waiting : -1;
}

static void decide_entry(Batch *batch, SignupEntry *entry, const SignupPerson *person)
{
    Ctx *ctx = batch->ctx;
    SignupFacts *facts = batch->facts;
    SignupReasons reasons;
    signup_facts_evaluate(facts, person, ctx->now,
                          entry->by_staff ? SIGNUP_TO_PLACE : SIGNUP_TO_JOIN,
                          entry->accepted_version, &reasons);
    bool refused = signup_reasons_refusal(&reasons) != NULL;
    bool overridden = refused && entry->by_staff && entry->override_reason != NULL &&
                      all_may_be_overridden(&reasons);
    if (refused && !overridden) {
        entry->refusal = !entry->by_staff && signup_place_is_secret(&facts->place)
                             ? ERR(ctx->arena, ERR_NOT_FOUND, "shift_place_not_found", "secret")
                             : signup_refused(ctx, facts, &reasons);
        return;
    }
    if (entry->by_staff && facts->place.taken >= facts->place.needed) {
        entry->refusal = no_places_left(ctx, &facts->place);
        return;
    }
    take(batch, entry, entry->by_staff ? SIGNUP_APPROVED : signup_rules_first_state(&facts->place));
    if (overridden) {
        entry->signup->override_reason = entry->override_reason;
        entry->signup->override_codes = refusal_names(ctx->arena, &reasons);
    }
}

/* ---- Writing ---- */

static const char *entries_json(Batch *batch)
{
    Str text;
    JsonWriter writer;
    str_init(&text, batch->ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < batch->count; i++) {
        const Signup *signup = batch->entries[i].signup;
        if (signup == NULL) {
            continue;
        }
        json_write_begin_object(&writer);
        json_put_int(&writer, "volunteer_id", signup->volunteer_id.value);
        json_put_string(&writer, "state", signup_states[signup->state]);
        json_put_int(&writer, "sequence", signup->sequence);
        json_write_key(&writer, "accepted");
        if (signup->risk_notice_version != 0) {
            json_write_int(&writer, signup->risk_notice_version);
        } else {
            json_write_null(&writer);
        }
        json_put_int(&writer, "created_by", batch->entries[i].account_id);
        json_write_end_object(&writer);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

/* Staff places one at a time: what was set aside is the same for all of a statement. */
static SqlValue override_codes(Batch *batch, const Signup *first)
{
    static const Field CODES = {.type = FIELD_TEXT_LIST,
                                .name = "override_codes",
                                .offset = offsetof(Signup, override_codes)};
    return first->override_reason == NULL ? sql_null()
                                          : shape_sql_value(batch->ctx->arena, &CODES, first);
}

static SignupEntry *entry_of(Batch *batch, int64_t volunteer_id)
{
    for (size_t i = 0; i < batch->count; i++) {
        SignupEntry *entry = &batch->entries[i];
        if (entry->signup != NULL && entry->signup->volunteer_id.value == volunteer_id) {
            return entry;
        }
    }
    return NULL;
}

static const Signup *first_signup(const Batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->entries[i].signup != NULL) {
            return batch->entries[i].signup;
        }
    }
    return NULL;
}

YIELDS static Err *insert_all(Batch *batch, size_t count)
{
    Ctx *ctx = batch->ctx;
    const SignupPlace *place = &batch->facts->place;
    const Signup *first = first_signup(batch);
    StoreRows *rows = NULL;
    TRY(store_query(
        ctx->db, &SQL_SIGNUP_INSERT,
        ARGS(sql_int(place->activity_id), sql_int(place->shift_id), sql_int(place->position_id),
             sql_time(place->starts_at), sql_time(place->ends_at), sql_bool(first->by_staff),
             sql_text(first->override_reason), override_codes(batch, first),
             sql_id(first->decided_by), sql_time(ctx->now), sql_text(entries_json(batch))),
        &rows));
    for (size_t i = 0; i < rows->count; i++) {
        entry_of(batch, row_int(rows, i, 1))->signup->id = row_int(rows, i, 0);
    }
    if (rows->count != count) {
        /* Somebody is there whom the facts did not show: look again. */
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "a sign-up came in between");
    }
    return NULL;
}

YIELDS static Err *publish_all(Batch *batch)
{
    Ctx *ctx = batch->ctx;
    SignupNews *decided = ARENA_ARRAY(ctx->arena, SignupNews, batch->count);
    SignupNews *created = ARENA_ARRAY(ctx->arena, SignupNews, batch->count);
    size_t decided_count = 0;
    size_t created_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const Signup *signup = batch->entries[i].signup;
        if (signup == NULL) {
            continue;
        }
        SignupNews news = {.id = signup->id,
                           .volunteer_id = signup->volunteer_id,
                           .state = (SignupState)signup->state};
        if (signup->state == SIGNUP_APPROVED) {
            decided[decided_count++] = news;
        } else {
            created[created_count++] = news;
        }
    }
    TRY(signup_publish(ctx, "signup.decided", &batch->facts->place, decided, decided_count));
    return signup_publish(ctx, "signup.created", &batch->facts->place, created, created_count);
}

YIELDS static Err *write_all(Batch *batch, const SignupPlace *before)
{
    size_t count = 0;
    SignupPlace *place = &batch->facts->place;
    SignupCounts change = {.taken = place->taken - before->taken,
                           .waiting = place->waiting - before->waiting,
                           .pending = place->pending - before->pending};
    for (size_t i = 0; i < batch->count; i++) {
        count += batch->entries[i].signup != NULL;
    }
    if (count == 0) {
        return NULL;
    }
    TRY(insert_all(batch, count));
    SignupPlace counted = *before;
    counted.last_sequence = place->last_sequence;
    TRY(signup_place_write(batch->ctx, &counted, &change));
    return publish_all(batch);
}

/* The same person twice in one batch: the second time is refused by what the first one made. */
static void add_earlier(Batch *batch, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const SignupEntry *earlier = &batch->entries[i];
        if (earlier->signup != NULL &&
            earlier->volunteer_id.value == batch->entries[index].volunteer_id.value) {
            SignupEngagement *own = ARENA_NEW(batch->ctx->arena, SignupEngagement);
            *own = (SignupEngagement){.shift_id = earlier->signup->shift_id,
                                      .starts_at = earlier->signup->starts_at,
                                      .ends_at = earlier->signup->ends_at,
                                      .state = earlier->signup->state};
            batch->persons[index].engagements = own;
            batch->persons[index].engagement_count = 1;
        }
    }
}

YIELDS Err *signup_admit(Ctx *ctx, int64_t shift_id, int64_t position_id, SignupEntry *entries,
                         size_t count)
{
    SignupFacts facts;
    Batch batch = {.ctx = ctx, .facts = &facts, .entries = entries, .count = count};
    VolunteerId *ids = ARENA_ARRAY(ctx->arena, VolunteerId, count);
    TRY(signup_facts_load(ctx, shift_id, position_id, /* lock= */ true, &facts));
    if (facts.place.waiting > 0 && facts.place.taken < facts.place.needed) {
        TRY(signup_fill(ctx, &facts)); /* who waits goes before who comes now */
    }
    for (size_t i = 0; i < count; i++) {
        entries[i].signup = NULL;
        entries[i].refusal = NULL;
        ids[i] = entries[i].volunteer_id;
    }
    TRY(signup_persons_load(ctx, &facts, ids, count, /* lock= */ true, &batch.persons));
    SignupPlace before = facts.place;
    for (size_t i = 0; i < count; i++) {
        add_earlier(&batch, i);
        decide_entry(&batch, &entries[i], &batch.persons[i]);
    }
    return write_all(&batch, &before);
}
