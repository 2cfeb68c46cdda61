#include "voms/consent/consent.h"

#include "tests/unit/fixture.h"

static const char *policy_version(Ctx *ctx)
{
    const Settings *settings = NULL;
    ASSERT_OK(setting_load(ctx, &settings));
    return settings->privacy_policy_version;
}

static Volunteer *somebody(Ctx *ctx)
{
    return fixture_find_volunteer(ctx, fixture_volunteer(ctx, (VolunteerDraft){.name = "张三丰"}));
}

static Consent *give(Ctx *ctx, const Volunteer *volunteer, ConsentDraft draft)
{
    Consent *consent = NULL;
    ASSERT_OK(consent_give(ctx, volunteer, &draft, &consent));
    return consent;
}

static Consent *newest(Ctx *ctx, const Volunteer *volunteer)
{
    ObjectList consents = {};
    ASSERT_OK(consent_list_of(ctx, volunteer->id, 0, 1, &consents));
    ASSERT_INT_EQUAL(1, consents.count);
    return consents.items;
}

FIXTURE_TEST(consent, names_what_is_missing)
{
    const struct {
        ConsentDraft draft;
        const char *field;
        const char *code;
    } rows[] = {
        {{.kind = CONSENT_PRIVACY_POLICY}, "policy_version", "required"},
        {{.kind = CONSENT_GUARDIAN}, "guardian", "required"},
        {{.kind = CONSENT_SENSITIVE_DATA, .expires_on = "2001-01-01"},
         "expires_on",
         "date_in_past"},
    };
    const Volunteer *volunteer = somebody(ctx);
    Consent *consent = NULL;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Err *err = consent_give(ctx, volunteer, &rows[i].draft, &consent);
        ASSERT_ERR(ERR_INVALID, err);
        ASSERT_STR_EQUAL(rows[i].field, err->fields->field);
        ASSERT_STR_EQUAL(rows[i].code, err->fields->code);
    }
    ASSERT(consent == NULL);
}

FIXTURE_TEST(consent, is_given_to_the_present_policy_alone)
{
    const Volunteer *volunteer = somebody(ctx);
    ConsentDraft draft = {.kind = CONSENT_PRIVACY_POLICY, .policy_version = "of-yesterday"};
    Consent *consent = NULL;
    Err *err = consent_give(ctx, volunteer, &draft, &consent);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("policy_outdated", err->code);
    int64_t total = 0;
    ASSERT_OK(consent_count_of(ctx, volunteer->id, &total));
    ASSERT_INT_EQUAL(1, total);
}

FIXTURE_TEST(consent, of_the_person_names_no_recorder)
{
    const Volunteer *volunteer = somebody(ctx);
    Ctx *staff = fixture_super(ctx);
    ConsentDraft draft = {.kind = CONSENT_SENSITIVE_DATA, .scope = "health notes"};
    ASSERT_INT_EQUAL(staff->caller.account_id.value,
                     give(staff, volunteer, draft)->recorded_by.value);
    staff->caller.volunteer_id = volunteer->id;
    ASSERT_INT_EQUAL(0, give(staff, volunteer, draft)->recorded_by.value);
}

FIXTURE_TEST(consent, of_a_guardian_keeps_who_gave_it)
{
    const Volunteer *volunteer = somebody(ctx);
    Guardian guardian = {.name = "张翠山", .relation = "父亲", .phone = "+8613800138000"};
    give(ctx, volunteer, (ConsentDraft){.kind = CONSENT_GUARDIAN, .guardian = &guardian});
    const Consent *kept = newest(ctx, volunteer);
    ASSERT_STR_EQUAL("张翠山", kept->guardian_name);
    ASSERT_STR_EQUAL("父亲", kept->guardian_relation);
    ASSERT_STR_EQUAL("+8613800138000", kept->guardian_phone);
    ASSERT_INT_EQUAL(ctx->now, kept->given_at);
}

FIXTURE_TEST(consent, withdrawn_falls_back_on_the_one_before)
{
    const Volunteer *volunteer = somebody(ctx);
    const Consent *first = newest(ctx, volunteer);
    Consent *withdrawn = NULL;
    const Consent *second =
        give(ctx, volunteer,
             (ConsentDraft){.kind = CONSENT_PRIVACY_POLICY, .policy_version = policy_version(ctx)});
    fixture_advance(ctx, MINUTE_MS);
    ASSERT_OK(consent_withdraw(ctx, volunteer, second->id, "changed my mind", &withdrawn));
    ASSERT_INT_EQUAL(ctx->now, withdrawn->withdrawn_at);
    ASSERT_STR_EQUAL("changed my mind", withdrawn->withdrawal_reason);
    ASSERT_INT_EQUAL(CONSENT_GIVEN, fixture_find_volunteer(ctx, volunteer->id)->consent_state);
    ASSERT_OK(consent_withdraw(ctx, volunteer, first->id, NULL, &withdrawn));
    ASSERT_INT_EQUAL(CONSENT_WITHDRAWN, fixture_find_volunteer(ctx, volunteer->id)->consent_state);
}

FIXTURE_TEST(consent, given_again_holds_again)
{
    const Volunteer *volunteer = somebody(ctx);
    Consent *withdrawn = NULL;
    ASSERT_OK(consent_withdraw(ctx, volunteer, newest(ctx, volunteer)->id, NULL, &withdrawn));
    give(ctx, volunteer,
         (ConsentDraft){.kind = CONSENT_PRIVACY_POLICY, .policy_version = policy_version(ctx)});
    ASSERT_INT_EQUAL(CONSENT_GIVEN, fixture_find_volunteer(ctx, volunteer->id)->consent_state);
}

FIXTURE_TEST(consent, is_withdrawn_once)
{
    const Volunteer *volunteer = somebody(ctx);
    int64_t id = newest(ctx, volunteer)->id;
    Consent *consent = NULL;
    ASSERT_OK(consent_withdraw(ctx, volunteer, id, "first", &consent));
    Err *err = consent_withdraw(ctx, volunteer, id, "second", &consent);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("already_withdrawn", err->code);
    ASSERT_STR_EQUAL("first", newest(ctx, volunteer)->withdrawal_reason);
}

FIXTURE_TEST(consent, of_somebody_else_is_not_found)
{
    const Volunteer *one = somebody(ctx);
    const Volunteer *other = somebody(ctx);
    Consent *consent = NULL;
    ASSERT_ERR(ERR_NOT_FOUND, consent_withdraw(ctx, one, newest(ctx, other)->id, NULL, &consent));
    ASSERT_INT_EQUAL(0, newest(ctx, other)->withdrawn_at);
}

FIXTURE_TEST(consent, stays_as_proof_without_the_guardian_when_anonymised)
{
    const Volunteer *volunteer = somebody(ctx);
    Guardian guardian = {.name = "张翠山", .relation = "父亲", .phone = "+8613800138000"};
    give(ctx, volunteer,
         (ConsentDraft){.kind = CONSENT_GUARDIAN, .guardian = &guardian, .note = "on paper"});
    ASSERT_OK(consent_anonymise(ctx, volunteer->id));
    const Consent *kept = newest(ctx, volunteer);
    ASSERT_INT_EQUAL(CONSENT_GUARDIAN, kept->kind);
    ASSERT_INT_EQUAL(ctx->now, kept->given_at);
    ASSERT(kept->guardian_name == NULL && kept->guardian_relation == NULL &&
           kept->guardian_phone == NULL && kept->note == NULL);
}

FIXTURE_TEST(consent, list_pages_newest_first)
{
    const Volunteer *volunteer = somebody(ctx);
    ObjectList page = {};
    for (int i = 0; i < 4; i++) {
        give(ctx, volunteer, (ConsentDraft){.kind = CONSENT_SENSITIVE_DATA});
    }
    ASSERT_OK(consent_list_of(ctx, volunteer->id, 0, 3, &page));
    const Consent *consents = page.items;
    ASSERT_INT_EQUAL(3, page.count);
    ASSERT(consents[0].id > consents[1].id && consents[1].id > consents[2].id);
    ASSERT_OK(consent_list_of(ctx, volunteer->id, consents[2].id, 3, &page));
    ASSERT_INT_EQUAL(2, page.count);
    ASSERT_INT_EQUAL(CONSENT_PRIVACY_POLICY, ((const Consent *)page.items)[1].kind);
}
