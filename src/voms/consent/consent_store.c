/* Rows and consents. */
#include <inttypes.h>

#include "base/phone.h"
#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/consent/consent.h"
#include "voms/consent/consent.sql.h"

const char *const consent_kinds[] = {"privacy_policy", "guardian", "sensitive_data", NULL};

static const Field CONSENT_FIELDS[] = {
    FIELD(Consent, id, FIELD_ID),
    FIELD(Consent, kind, FIELD_CHOICE, .choices = consent_kinds),
    FIELD(Consent, policy_version, FIELD_TEXT),
    FIELD(Consent, scope, FIELD_TEXT),
    FIELD(Consent, guardian_name, FIELD_TEXT),
    FIELD(Consent, guardian_relation, FIELD_TEXT),
    FIELD(Consent, guardian_phone, FIELD_TEXT, .mask = phone_mask),
    FIELD(Consent, note, FIELD_TEXT),
    FIELD(Consent, given_at, FIELD_TIME),
    FIELD(Consent, recorded_by, FIELD_ID),
    FIELD(Consent, expires_on, FIELD_DATE),
    FIELD(Consent, withdrawn_at, FIELD_TIME),
    FIELD(Consent, withdrawal_reason, FIELD_TEXT),
    {},
};
const Shape consent_shape = SHAPE(Consent, CONSENT_FIELDS);

static const Field CREATE_FIELDS[] = {
    FIELD(ConsentDraft, kind, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = consent_kinds),
    FIELD(ConsentDraft, policy_version, FIELD_TEXT, .min = 1, .max = 32),
    FIELD(ConsentDraft, scope, FIELD_TEXT, .min = 1, .max = 500),
    FIELD(ConsentDraft, guardian, FIELD_OBJECT, .shape = &guardian_shape),
    FIELD(ConsentDraft, note, FIELD_TEXT, .min = 1, .max = 500),
    FIELD(ConsentDraft, expires_on, FIELD_DATE),
    {},
};
const Shape consent_create_shape = {.name = "ConsentCreate",
                                    .size_bytes = sizeof(ConsentDraft),
                                    .fields = CREATE_FIELDS};

/* ---- New ones ---- */

#define VALUES 11

static SqlArgs insert_args(Ctx *ctx, const Consent *consent)
{
    SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, VALUES);
    values[0] = sql_int(consent->volunteer_id.value);
    values[1] = sql_text(consent_kinds[consent->kind]);
    values[2] = sql_text(consent->policy_version);
    values[3] = sql_text(consent->scope);
    values[4] = sql_text(consent->guardian_name);
    values[5] = sql_text(consent->guardian_relation);
    values[6] = sql_text(consent->guardian_phone);
    values[7] = sql_text(consent->note);
    values[8] = sql_time(consent->given_at);
    values[9] = sql_id(consent->recorded_by.value);
    values[10] = sql_text(consent->expires_on);
    return (SqlArgs){.values = values, .count = VALUES};
}

YIELDS Err *consent_insert_many(Ctx *ctx, const Consent *consents, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    SqlArgs *args = ARENA_ARRAY(ctx->arena, SqlArgs, count);
    for (size_t i = 0; i < count; i++) {
        args[i] = insert_args(ctx, &consents[i]);
    }
    return store_exec_many(ctx->db, &SQL_CONSENT_INSERT, args, count, NULL);
}

static Err *check(Ctx *ctx, const Settings *settings, const ConsentDraft *draft)
{
    Err *err = NULL;
    Date expires;
    bool is_policy = draft->kind == CONSENT_PRIVACY_POLICY;
    if (is_policy && draft->policy_version == NULL) {
        err_add_field(ctx->arena, &err, "policy_version", "required", NULL);
    }
    if (draft->kind == CONSENT_GUARDIAN && draft->guardian == NULL) {
        err_add_field(ctx->arena, &err, "guardian", "required", NULL);
    }
    if (draft->expires_on != NULL && date_parse(draft->expires_on, &expires) &&
        date_to_days(expires) < date_to_days(setting_date(settings, ctx->now))) {
        err_add_field(ctx->arena, &err, "expires_on", "date_in_past", NULL);
    }
    if (err == NULL && is_policy &&
        !str_equal(draft->policy_version, settings->privacy_policy_version)) {
        err =
            ERR(ctx->arena, ERR_CONFLICT, "policy_outdated", "consent to policy %s, present is %s",
                draft->policy_version, settings->privacy_policy_version);
    }
    return err;
}

YIELDS static Err *find(Ctx *ctx, VolunteerId volunteer_id, int64_t id, Consent **ret_consent)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_FIND, ARGS(sql_int(id), sql_int(volunteer_id.value)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "consent_not_found", "no consent %" PRId64, id);
    }
    Consent *consent = ARENA_NEW(ctx->arena, Consent);
    shape_from_row(ctx->arena, &consent_shape, rows, 0, consent);
    consent->volunteer_id = volunteer_id;
    *ret_consent = consent;
    return NULL;
}

YIELDS static Err *tell(Ctx *ctx, const Volunteer *volunteer, const Consent *consent,
                        const char *action, const char *reason)
{
    TRY(volunteer_history_add(ctx, volunteer->id, action, reason, NULL));
    return audit_record(
        ctx, &(AuditEntry){.action = action,
                           .object_type = "volunteer",
                           .object_id = volunteer->id.value,
                           .unit_id = volunteer->unit_id,
                           .detail = arena_printf(ctx->arena,
                                                  "{\"consent_id\":%" PRId64 ",\"kind\":\"%s\"}",
                                                  consent->id, consent_kinds[consent->kind])});
}

YIELDS Err *consent_give(Ctx *ctx, const Volunteer *volunteer, const ConsentDraft *draft,
                         Consent **ret_consent)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(check(ctx, settings, draft));
    bool by_person = ctx->caller.volunteer_id.value == volunteer->id.value;
    Consent consent = {
        .volunteer_id = volunteer->id,
        .kind = draft->kind,
        .policy_version = draft->policy_version,
        .scope = draft->scope,
        .note = draft->note,
        .given_at = ctx->now,
        .recorded_by = by_person ? (AccountId){0} : ctx->caller.account_id,
        .expires_on = draft->expires_on,
    };
    if (draft->guardian != NULL) {
        consent.guardian_name = draft->guardian->name;
        consent.guardian_relation = draft->guardian->relation;
        consent.guardian_phone = draft->guardian->phone;
    }
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_INSERT_ONE, insert_args(ctx, &consent), &rows));
    consent.id = row_int(rows, 0, 0);
    if (consent.kind == CONSENT_PRIVACY_POLICY) {
        TRY(volunteer_set_consent(ctx, volunteer->id, consent.policy_version,
                                  /* withdrawn= */ false));
    }
    TRY(tell(ctx, volunteer, &consent, "consent.give", draft->note));
    return find(ctx, volunteer->id, consent.id, ret_consent);
}

/* What is left to stand on after a withdrawal. */
YIELDS static Err *settle_policy(Ctx *ctx, VolunteerId volunteer_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_LAST_POLICY, ARGS(sql_int(volunteer_id.value)), &rows));
    bool withdrawn = rows->count == 0;
    return volunteer_set_consent(ctx, volunteer_id, withdrawn ? NULL : row_text(rows, 0, 0),
                                 withdrawn);
}

YIELDS Err *consent_withdraw(Ctx *ctx, const Volunteer *volunteer, int64_t consent_id,
                             const char *reason, Consent **ret_consent)
{
    Consent *consent = NULL;
    int64_t affected = 0;
    TRY(find(ctx, volunteer->id, consent_id, &consent));
    TRY(store_exec(ctx->db, &SQL_CONSENT_WITHDRAW,
                   ARGS(sql_int(consent_id), sql_time(ctx->now), sql_text(reason)), &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "already_withdrawn",
                   "consent %" PRId64 " is withdrawn", consent_id);
    }
    if (consent->kind == CONSENT_PRIVACY_POLICY) {
        TRY(settle_policy(ctx, volunteer->id));
    }
    TRY(tell(ctx, volunteer, consent, "consent.withdraw", reason));
    return find(ctx, volunteer->id, consent_id, ret_consent);
}

/* ---- Finding ---- */

YIELDS Err *consent_list_of(Ctx *ctx, VolunteerId volunteer_id, int64_t before_id, int64_t limit,
                            ObjectList *ret_consents)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_LIST_OF,
                    ARGS(sql_int(volunteer_id.value),
                         sql_int(before_id == 0 ? INT64_MAX : before_id), sql_int(limit)),
                    &rows));
    *ret_consents = shape_from_rows(ctx->arena, &consent_shape, rows);
    return NULL;
}

YIELDS Err *consent_count_of(Ctx *ctx, VolunteerId volunteer_id, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_COUNT_OF, ARGS(sql_int(volunteer_id.value)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *consent_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    return store_exec(ctx->db, &SQL_CONSENT_MOVE, ARGS(sql_int(from.value), sql_int(to.value)),
                      NULL);
}

YIELDS Err *consent_settle(Ctx *ctx, VolunteerId volunteer_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CONSENT_LAST_POLICY, ARGS(sql_int(volunteer_id.value)), &rows));
    if (rows->count == 0) {
        return NULL;
    }
    return volunteer_set_consent(ctx, volunteer_id, row_text(rows, 0, 0), /* withdrawn= */ false);
}

YIELDS Err *consent_anonymise(Ctx *ctx, VolunteerId volunteer_id)
{
    return store_exec(ctx->db, &SQL_CONSENT_ANONYMISE, ARGS(sql_int(volunteer_id.value)), NULL);
}
