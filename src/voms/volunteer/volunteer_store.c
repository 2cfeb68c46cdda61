/* Rows and volunteers: what is written. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/vault.h"
#include "base/str.h"
#include "base/vec.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/consent/consent.h"
#include "voms/duplicate/duplicate.h"
#include "voms/membership/membership.h"
#include "voms/signup/signup.h"
#include "voms/volunteer/contact.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/name.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define INSERT_VALUES 30

typedef VEC(SqlArgs) ArgsList;

static void add_args(Arena *arena, ArgsList *list, const SqlValue *values, size_t count)
{
    SqlValue *copy = ARENA_ARRAY(arena, SqlValue, count);
    memcpy(copy, values, count * sizeof(*values));
    *vec_push(list, arena) = (SqlArgs){.values = copy, .count = count};
}

YIELDS static Err *exec_list(Ctx *ctx, const SqlStatement *statement, const ArgsList *list,
                             int64_t *ret_affected)
{
    if (list->count == 0) {
        return NULL;
    }
    return store_exec_many(ctx->db, statement, list->items, list->count, ret_affected);
}

/* ---- Parts of a row ---- */

static IdColumns id_columns(Services *services, Arena *arena, const VolunteerDraft *draft)
{
    if (draft->id_number == NULL) {
        return (IdColumns){sql_null(), sql_null(), sql_null()};
    }
    Slice cipher = vault_encrypt(services, arena, VOLUNTEER_ID_NUMBER_CONTEXT, draft->id_number);
    const char *text = id_number_hash_text(arena, draft->id_document_type, draft->id_number);
    return (IdColumns){
        .cipher = sql_bytes(cipher.data, cipher.length),
        .hash = sql_text(vault_hash(services, arena, VOLUNTEER_ID_NUMBER_CONTEXT, text)),
        .masked = sql_text(id_number_mask(arena, draft->id_number)),
    };
}

static SqlValue list_value(Arena *arena, const TextList *list)
{
    if (list->count == 0) {
        return sql_text("[]");
    }
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < list->count; i++) {
        json_write_string(&writer, list->items[i]);
    }
    json_write_end_array(&writer);
    return sql_text(str_text(&text));
}

static VolunteerPrepared prepare(Services *services, Arena *arena, const VolunteerDraft *draft)
{
    return (VolunteerPrepared){
        .reading = name_read(arena, draft->name),
        .document = id_columns(services, arena, draft),
        .phone_reversed = text_reversed(arena, draft->phone),
        .skills = list_value(arena, &draft->skills),
        .service_categories = list_value(arena, &draft->service_categories),
        .languages = list_value(arena, &draft->languages),
    };
}

void volunteer_prepare(Services *services, Arena *arena, VolunteerDraft *draft)
{
    VolunteerPrepared *prepared = ARENA_NEW(arena, VolunteerPrepared);
    *prepared = prepare(services, arena, draft);
    draft->prepared = prepared;
}

static void add_term(Ctx *ctx, ArgsList *list, const char *kind, const char *text, VolunteerId id)
{
    Str term;
    str_init(&term, ctx->arena);
    str_append(&term, kind);
    str_append(&term, text);
    SqlValue values[] = {sql_text(str_text(&term)), sql_int(id.value)};
    add_args(ctx->arena, list, values, COUNT_OF(values));
}

static void add_terms(Ctx *ctx, ArgsList *list, const NameReading *reading,
                      const VolunteerDraft *draft, VolunteerId id)
{
    for (size_t i = 0; i < reading->terms.count; i++) {
        add_term(ctx, list, "n:", reading->terms.items[i], id);
    }
    for (size_t i = 0; i < draft->skills.count; i++) {
        add_term(ctx, list, "s:", draft->skills.items[i], id);
    }
    for (size_t i = 0; i < draft->service_categories.count; i++) {
        add_term(ctx, list, "c:", draft->service_categories.items[i], id);
    }
}

static int compare_terms(const void *a, const void *b)
{
    const SqlArgs *left = a;
    const SqlArgs *right = b;
    return strcmp(left->values[0].text, right->values[0].text);
}

/* In the order of the index each of its pages is visited once. */
static void sort_terms(ArgsList *terms)
{
    if (terms->count > 1) {
        qsort(terms->items, terms->count, sizeof(terms->items[0]), compare_terms);
    }
}

/* ---- Ids ---- */

YIELDS static Err *take_ids(Ctx *ctx, size_t count, VolunteerId *ret_ids)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_TAKE_IDS, ARGS(sql_int((int64_t)count)), &rows));
    if (rows->count == count) {
        for (size_t i = 0; i < count; i++) {
            ret_ids[i] = (VolunteerId){row_int(rows, i, 0)};
        }
        return NULL;
    }
    BUG_ON(rows->count != 1);
    int64_t last = row_int(rows, 0, 0);
    for (size_t i = 0; i < count; i++) {
        ret_ids[i] = (VolunteerId){last - (int64_t)(count - 1 - i)};
    }
    return NULL;
}

/* ---- Insert ---- */

typedef struct Batch {
    const VolunteerDraft *drafts;
    size_t count;
    const VolunteerEntry *entry;
    VolunteerId *ids;
    TimeMs at;
    ArgsList people;
    ArgsList terms;
    ArgsList history;
} Batch;

static void add_person(Ctx *ctx, Batch *batch, size_t index)
{
    const VolunteerDraft *draft = &batch->drafts[index];
    VolunteerId id = batch->ids[index];
    VolunteerPrepared made =
        draft->prepared != NULL ? *draft->prepared : prepare(ctx->services, ctx->arena, draft);
    const NameReading *reading = &made.reading;
    const SqlValue values[INSERT_VALUES] = {
        sql_int(id.value),
        sql_text(volunteer_number_format(ctx->arena, id)),
        sql_int(draft->unit_id.value),
        sql_text(volunteer_states[batch->entry->state]),
        sql_text(draft->name),
        sql_text(reading->pinyin),
        sql_text(reading->initials),
        sql_text(reading->terms_text),
        sql_text(genders[draft->gender]),
        sql_text(draft->birth_date),
        sql_text(draft->id_document_type),
        made.document.cipher,
        made.document.hash,
        made.document.masked,
        sql_text(draft->phone),
        sql_text(made.phone_reversed),
        sql_text(draft->email),
        sql_text(draft->residence_region),
        sql_text(draft->residence_region_text),
        sql_text(draft->address),
        sql_text(draft->education),
        sql_text(draft->occupation),
        sql_text(draft->political_status),
        made.skills,
        made.service_categories,
        made.languages,
        sql_text(draft->custom == NULL ? "{}" : draft->custom),
        sql_text(draft->consent == NULL ? NULL : draft->consent->policy_version),
        sql_id(ctx->caller.account_id.value),
        sql_time(batch->at),
    };
    add_args(ctx->arena, &batch->people, values, INSERT_VALUES);
    add_terms(ctx, &batch->terms, reading, draft, id);
    const SqlValue entry[] = {
        sql_int(id.value),
        sql_time(batch->at),
        sql_text("volunteer.create"),
        sql_id(ctx->caller.account_id.value),
        sql_text(ctx->caller.name),
        sql_text(batch->entry->reason),
        sql_null(),
    };
    add_args(ctx->arena, &batch->history, entry, COUNT_OF(entry));
}

YIELDS static Err *insert_memberships(Ctx *ctx, const Batch *batch)
{
    MembershipSeed *seeds = ARENA_ARRAY(ctx->arena, MembershipSeed, batch->count);
    bool applies = batch->entry->state == VOLUNTEER_APPLICANT;
    for (size_t i = 0; i < batch->count; i++) {
        seeds[i] = (MembershipSeed){.volunteer_id = batch->ids[i],
                                    .unit_id = batch->drafts[i].unit_id,
                                    .state = applies ? MEMBERSHIP_APPLIED : MEMBERSHIP_ACTIVE,
                                    .at = batch->at};
    }
    return membership_insert_many(ctx, seeds, batch->count);
}

YIELDS static Err *insert_consents(Ctx *ctx, const Batch *batch)
{
    VEC(Consent) consents = {};
    for (size_t i = 0; i < batch->count; i++) {
        const VolunteerDraft *draft = &batch->drafts[i];
        Consent base = {.volunteer_id = batch->ids[i],
                        .given_at = batch->at,
                        .recorded_by = ctx->caller.account_id};
        if (draft->consent != NULL) {
            Consent consent = base;
            consent.kind = CONSENT_PRIVACY_POLICY;
            consent.policy_version = draft->consent->policy_version;
            consent.note = draft->consent->note;
            *vec_push(&consents, ctx->arena) = consent;
        }
        if (draft->guardian != NULL) {
            Consent consent = base;
            consent.kind = CONSENT_GUARDIAN;
            consent.guardian_name = draft->guardian->name;
            consent.guardian_relation = draft->guardian->relation;
            consent.guardian_phone = draft->guardian->phone;
            *vec_push(&consents, ctx->arena) = consent;
        }
    }
    return consent_insert_many(ctx, consents.items, consents.count);
}

static Err *duplicate_error(Ctx *ctx)
{
    return ERR(ctx->arena, ERR_CONFLICT, "duplicate_id_number",
               "a living person has this ID number");
}

/* Makes the rows; *ret_ids has room for count. */
YIELDS static Err *insert_batch(Ctx *ctx, const VolunteerDraft *drafts, size_t count,
                                const VolunteerEntry *entry, VolunteerId *ret_ids)
{
    Batch batch = {.drafts = drafts,
                   .count = count,
                   .entry = entry,
                   .ids = ret_ids,
                   .at = entry->created_at == 0 ? ctx->now : entry->created_at};
    TRY(take_ids(ctx, count, batch.ids));
    for (size_t i = 0; i < count; i++) {
        add_person(ctx, &batch, i);
    }
    int64_t inserted = 0;
    TRY(exec_list(ctx, &SQL_VOLUNTEER_INSERT, &batch.people, &inserted));
    if (inserted != (int64_t)count) {
        return duplicate_error(ctx);
    }
    sort_terms(&batch.terms);
    TRY(exec_list(ctx, &SQL_VOLUNTEER_TERM_INSERT, &batch.terms, NULL));
    TRY(exec_list(ctx, &SQL_VOLUNTEER_HISTORY_INSERT, &batch.history, NULL));
    TRY(insert_memberships(ctx, &batch));
    return insert_consents(ctx, &batch);
}

/* Ids come from a sequence, so that the span holds few others. */
YIELDS static Err *publish_added(Ctx *ctx, const VolunteerId *ids, size_t count)
{
    int64_t first = ids[0].value;
    int64_t last = ids[0].value;
    for (size_t i = 1; i < count; i++) {
        first = MIN(first, ids[i].value);
        last = MAX(last, ids[i].value);
    }
    return bus_publish(ctx->db, "volunteer.added",
                       arena_printf(ctx->arena, "volunteer:%" PRId64, first),
                       arena_printf(ctx->arena,
                                    "{\"first_id\":%" PRId64 ",\"last_id\":%" PRId64 "}", first,
                                    last));
}

YIELDS Err *volunteer_insert_many(Ctx *ctx, const VolunteerDraft *drafts, size_t count,
                                  const VolunteerEntry *entry, VolunteerId *ret_ids)
{
    if (count == 0) {
        return NULL;
    }
    VolunteerId *ids = ret_ids == NULL ? ARENA_ARRAY(ctx->arena, VolunteerId, count) : ret_ids;
    TRY(insert_batch(ctx, drafts, count, entry, ids));
    TRY(duplicate_enqueue(ctx, ids, count));
    return publish_added(ctx, ids, count);
}

/* Refuses an ID number that somebody else lives with; tells who only to those who may know. */
YIELDS static Err *check_holder(Ctx *ctx, const VolunteerDraft *draft, VolunteerId self)
{
    if (draft->id_number == NULL) {
        return NULL;
    }
    AccessConfinement confined = access_confine(ctx, "volunteer:read");
    const char *text = id_number_hash_text(ctx->arena, draft->id_document_type, draft->id_number);
    const char *hash = vault_hash(ctx->services, ctx->arena, VOLUNTEER_ID_NUMBER_CONTEXT, text);
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_HOLDER,
                    ARGS(sql_int(confined.account), sql_text(confined.permission), sql_text(hash)),
                    &rows));
    if (rows->count == 0 || row_int(rows, 0, row_column(rows, "id")) == self.value) {
        return NULL;
    }
    Err *err = duplicate_error(ctx);
    if (row_bool(rows, 0, row_column(rows, "is_visible"))) {
        err->current = row_text(rows, 0, row_column(rows, "number"));
    }
    return err;
}

YIELDS static Err *publish(Ctx *ctx, const char *subject, VolunteerId id)
{
    return bus_publish(ctx->db, subject, arena_printf(ctx->arena, "volunteer:%" PRId64, id.value),
                       arena_printf(ctx->arena, "{\"volunteer_id\":%" PRId64 "}", id.value));
}

YIELDS Err *volunteer_insert(Ctx *ctx, const VolunteerDraft *draft, const VolunteerEntry *entry,
                             VolunteerId *ret_id)
{
    VolunteerId id = {};
    TRY(check_holder(ctx, draft, id));
    TRY(insert_batch(ctx, draft, 1, entry, &id));
    TRY(duplicate_refresh(ctx, id));
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.create",
                                        .object_type = "volunteer",
                                        .object_id = id.value,
                                        .unit_id = draft->unit_id,
                                        .purpose = entry->reason}));
    TRY(publish(ctx, "volunteer.created", id));
    *ret_id = id;
    return NULL;
}

/* ---- Update ---- */

static bool has_args(const ArgsList *list, const SqlArgs *args)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->items[i].values[0].text, args->values[0].text)) {
            return true;
        }
    }
    return false;
}

static ArgsList missing_in(Arena *arena, const ArgsList *list, const ArgsList *other)
{
    ArgsList missing = {};
    VEC_FOREACH (SqlArgs, args, list) {
        if (!has_args(other, args)) {
            *vec_push(&missing, arena) = *args;
        }
    }
    return missing;
}

/* The terms that are stored: as read by the table of readings that held then. */
YIELDS static Err *stored_terms(Ctx *ctx, const Volunteer *volunteer, ArgsList *ret_terms)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_TERMS, ARGS(sql_int(volunteer->id.value)), &rows));
    if (rows->count == 0) {
        return NULL;
    }
    const char *at = row_text(rows, 0, row_column(rows, "name_terms"));
    VEC(const char *) terms = {};
    while (*at == ' ') {
        size_t length = strcspn(at + 1, " ");
        *vec_push(&terms, ctx->arena) = arena_strndup(ctx->arena, at + 1, length);
        at += 1 + length;
    }
    NameReading reading = {.terms = {.items = terms.items, .count = terms.count}};
    VolunteerDraft draft = volunteer_to_draft(volunteer);
    add_terms(ctx, ret_terms, &reading, &draft, volunteer->id);
    return NULL;
}

YIELDS static Err *replace_terms(Ctx *ctx, const ArgsList *before, const ArgsList *after)
{
    ArgsList gone = missing_in(ctx->arena, before, after);
    ArgsList come = missing_in(ctx->arena, after, before);
    TRY(exec_list(ctx, &SQL_VOLUNTEER_TERM_DELETE, &gone, NULL));
    return exec_list(ctx, &SQL_VOLUNTEER_TERM_INSERT, &come, NULL);
}

static Err *changed_meanwhile(Ctx *ctx, VolunteerId id)
{
    return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "volunteer %" PRId64 " changed meanwhile",
               id.value);
}

YIELDS static Err *update_row(Ctx *ctx, const VolunteerUpdate *update, const NameReading *reading,
                              const IdColumns *document)
{
    const VolunteerDraft *draft = update->after;
    const SqlValue values[] = {
        sql_int(update->id.value),
        sql_int(update->before->version),
        sql_int(draft->unit_id.value),
        sql_text(draft->name),
        sql_text(reading->pinyin),
        sql_text(reading->initials),
        sql_text(reading->terms_text),
        sql_text(genders[draft->gender]),
        sql_text(draft->birth_date),
        sql_text(draft->id_document_type),
        document->cipher,
        document->hash,
        document->masked,
        sql_text(draft->phone),
        sql_text(text_reversed(ctx->arena, draft->phone)),
        sql_text(draft->email),
        sql_text(draft->residence_region),
        sql_text(draft->residence_region_text),
        sql_text(draft->address),
        sql_text(draft->education),
        sql_text(draft->occupation),
        sql_text(draft->political_status),
        list_value(ctx->arena, &draft->skills),
        list_value(ctx->arena, &draft->service_categories),
        list_value(ctx->arena, &draft->languages),
        sql_text(draft->custom == NULL ? "{}" : draft->custom),
        sql_time(ctx->now),
    };
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_UPDATE,
                   (SqlArgs){.values = values, .count = COUNT_OF(values)}, &affected));
    return affected == 1 ? NULL : changed_meanwhile(ctx, update->id);
}

static bool touches_likeness(const TextList *changed)
{
    static const char *const NAMES[] = {"name", "birth_date", "id_number", "phone", "email", NULL};
    for (size_t i = 0; i < changed->count; i++) {
        if (choice_index(NAMES, changed->items[i]) >= 0) {
            return true;
        }
    }
    return false;
}

static const char *masked_after(Ctx *ctx, const VolunteerUpdate *update)
{
    if (update->clears_id_number) {
        return "";
    }
    const char *number = update->after->id_number;
    return number == NULL ? NULL : id_number_mask(ctx->arena, number);
}

/* What follows from a change: history, audit, suggestions, membership of a new home, event. */
YIELDS static Err *follow_up(Ctx *ctx, const VolunteerUpdate *update, const TextList *changed)
{
    const char *changes = volunteer_changes_text(ctx->arena, update->before, update->after,
                                                 masked_after(ctx, update));
    TRY(volunteer_history_add(ctx, update->id, update->action, update->reason, changes));
    TRY(audit_record(ctx,
                     &(AuditEntry){.action = update->action,
                                   .object_type = "volunteer",
                                   .object_id = update->id.value,
                                   .unit_id = update->after->unit_id,
                                   .purpose = update->reason,
                                   .changes = volunteer_changes_for_audit(ctx->arena, changes)}));
    if (touches_likeness(changed)) {
        TRY(duplicate_refresh(ctx, update->id));
    }
    if (update->before->unit_id.value != update->after->unit_id.value) {
        TRY(membership_ensure(ctx, update->id, update->after->unit_id, update->reason));
    }
    return publish(ctx, "volunteer.updated", update->id);
}

YIELDS static Err *clear_id_number(Ctx *ctx, const VolunteerUpdate *update)
{
    if (!update->clears_id_number) {
        return NULL;
    }
    return store_exec(ctx->db, &SQL_VOLUNTEER_CLEAR_ID_NUMBER, ARGS(sql_int(update->id.value)),
                      NULL);
}

YIELDS Err *volunteer_update(Ctx *ctx, const VolunteerUpdate *update, TextList *ret_changed)
{
    TextList changed = volunteer_rules_changes(ctx->services, ctx->arena, update->before,
                                               update->after, /* only_given= */ false);
    if (ret_changed != NULL) {
        *ret_changed = changed;
    }
    bool clears = update->clears_id_number && update->before->id_number_masked != NULL;
    if (changed.count == 0 && !clears) {
        return NULL;
    }
    TRY(check_holder(ctx, update->after, update->id));
    ArgsList before = {};
    TRY(stored_terms(ctx, update->before, &before));
    NameReading reading = name_read(ctx->arena, update->after->name);
    IdColumns document = id_columns(ctx->services, ctx->arena, update->after);
    TRY(update_row(ctx, update, &reading, &document));
    TRY(clear_id_number(ctx, update));
    ArgsList after = {};
    add_terms(ctx, &after, &reading, update->after, update->id);
    TRY(replace_terms(ctx, &before, &after));
    return follow_up(ctx, update, &changed);
}

/* ---- State ---- */

static Err *state_conflict(Ctx *ctx, const Volunteer *volunteer)
{
    const char *state = volunteer_states[volunteer->state];
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "volunteer %" PRId64 " is %s",
                   volunteer->id.value, state);
    err->current = state;
    err->param = state;
    return err;
}

static bool may_change(const Volunteer *volunteer, const VolunteerStateChange *change)
{
    if (volunteer->merged_into.value != 0 || volunteer->anonymised_at != 0) {
        return false;
    }
    bool decides = change->by_decision && volunteer->state == VOLUNTEER_APPLICANT;
    return decides || volunteer_rules_may_become(volunteer->state, change->state);
}

static const char *state_changes(Arena *arena, int before, int after)
{
    return arena_printf(arena, "{\"state\":{\"after\":\"%s\",\"before\":\"%s\"}}",
                        volunteer_states[after], volunteer_states[before]);
}

/* Who is archived has no memberships, and who comes back has one in the home unit again. Who is
 * archived or suspended comes to no shift: the places are for others. */
YIELDS static Err *follow_state(Ctx *ctx, const Volunteer *volunteer,
                                const VolunteerStateChange *change)
{
    if (change->by_decision) {
        return NULL;
    }
    if (change->state == VOLUNTEER_ARCHIVED || change->state == VOLUNTEER_SUSPENDED) {
        TRY(signup_cancel_all_of(ctx, volunteer->id, "staff", change->reason));
    }
    if (change->state == VOLUNTEER_ARCHIVED) {
        TRY(membership_end_all(ctx, volunteer->id, change->reason));
        return duplicate_forget(ctx, volunteer->id);
    }
    if (volunteer->state == VOLUNTEER_ARCHIVED) {
        return membership_ensure(ctx, volunteer->id, volunteer->unit_id, change->reason);
    }
    return NULL;
}

/* Somebody else may live with the ID number of who was archived. */
YIELDS static Err *check_return(Ctx *ctx, const Volunteer *volunteer)
{
    if (volunteer->state != VOLUNTEER_ARCHIVED || volunteer->id_number_hash == NULL) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_HOLDER,
                    ARGS(sql_int(-1), sql_text(""), sql_text(volunteer->id_number_hash)), &rows));
    return rows->count == 0 ? NULL : duplicate_error(ctx);
}

YIELDS Err *volunteer_set_state(Ctx *ctx, const Volunteer *volunteer,
                                const VolunteerStateChange *change)
{
    if (!may_change(volunteer, change)) {
        return state_conflict(ctx, volunteer);
    }
    TRY(check_return(ctx, volunteer));
    int64_t affected = 0;
    bool rejected = change->by_decision && change->state == VOLUNTEER_ARCHIVED;
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_SET_STATE,
                   ARGS(sql_int(volunteer->id.value), sql_int(volunteer->version),
                        sql_text(volunteer_states[change->state]), sql_time(ctx->now),
                        sql_bool(rejected)),
                   &affected));
    if (affected != 1) {
        return changed_meanwhile(ctx, volunteer->id);
    }
    const char *changes = state_changes(ctx->arena, volunteer->state, (int)change->state);
    TRY(volunteer_history_add(ctx, volunteer->id, "volunteer.state", change->reason, changes));
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.state",
                                        .object_type = "volunteer",
                                        .object_id = volunteer->id.value,
                                        .unit_id = volunteer->unit_id,
                                        .purpose = change->reason,
                                        .changes = changes}));
    TRY(follow_state(ctx, volunteer, change));
    return publish(ctx, "volunteer.state_changed", volunteer->id);
}

YIELDS Err *volunteer_set_consent(Ctx *ctx, VolunteerId id, const char *policy_version,
                                  bool withdrawn)
{
    return store_exec(ctx->db, &SQL_VOLUNTEER_SET_CONSENT,
                      ARGS(sql_int(id.value), sql_text(policy_version), sql_bool(withdrawn),
                           sql_time(ctx->now)),
                      NULL);
}

YIELDS Err *volunteer_history_add(Ctx *ctx, VolunteerId id, const char *action, const char *reason,
                                  const char *changes)
{
    return store_exec(ctx->db, &SQL_VOLUNTEER_HISTORY_INSERT,
                      ARGS(sql_int(id.value), sql_time(ctx->now), sql_text(action),
                           sql_id(ctx->caller.account_id.value), sql_text(ctx->caller.name),
                           sql_text(reason), sql_text(changes)),
                      NULL);
}

/* ---- Forgetting ---- */

YIELDS Err *volunteer_forget_terms(Ctx *ctx, const Volunteer *volunteer)
{
    ArgsList terms = {};
    TRY(stored_terms(ctx, volunteer, &terms));
    return exec_list(ctx, &SQL_VOLUNTEER_TERM_DELETE, &terms, NULL);
}

YIELDS Err *volunteer_anonymise_row(Ctx *ctx, const Volunteer *volunteer)
{
    int64_t affected = 0;
    TRY(volunteer_forget_terms(ctx, volunteer));
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_ANONYMISE,
                   ARGS(sql_int(volunteer->id.value), sql_text(VOLUNTEER_ANONYMOUS_NAME),
                        sql_time(ctx->now), sql_int(volunteer->version)),
                   &affected));
    if (affected != 1) {
        return changed_meanwhile(ctx, volunteer->id);
    }
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_SENSITIVE_DELETE, ARGS(sql_int(volunteer->id.value)),
                   NULL));
    return store_exec(ctx->db, &SQL_VOLUNTEER_ANONYMISE_HISTORY, ARGS(sql_int(volunteer->id.value)),
                      NULL);
}
