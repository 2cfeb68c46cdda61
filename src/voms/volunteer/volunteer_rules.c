/* Decisions about volunteers: no I/O, no clock. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/vault.h"
#include "base/str.h"
#include "base/vec.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/volunteer_internal.h"

/* ---- What was entered ---- */

static void check_id_number(Arena *arena, Date today, VolunteerDraft *draft, Err **err)
{
    if (str_is_empty(draft->id_number)) {
        draft->id_number = NULL;
        return;
    }
    if (str_is_empty(draft->id_document_type)) {
        draft->id_document_type = ID_RESIDENT;
    }
    IdNumber number = {};
    const char *code =
        id_number_check(arena, draft->id_document_type, draft->id_number, today, &number);
    if (code != NULL) {
        err_add_field(arena, err, "id_number", code, NULL);
        return;
    }
    draft->id_number = number.normalized;
    if (!number.has_person) {
        return;
    }
    const char *birth = date_format(arena, number.birth);
    if (draft->birth_date != NULL && !str_equal(draft->birth_date, birth)) {
        err_add_field(arena, err, "birth_date", "birth_date_differs", NULL);
    }
    int gender = number.is_male ? GENDER_MALE : GENDER_FEMALE;
    if (draft->gender != GENDER_UNSPECIFIED && draft->gender != gender) {
        err_add_field(arena, err, "gender", "gender_differs", NULL);
    }
    draft->birth_date = birth;
    draft->gender = gender;
}

static void check_birth_date(Arena *arena, Date today, const VolunteerDraft *draft, Err **err)
{
    Date birth;
    if (draft->birth_date == NULL) {
        return;
    }
    if (!date_parse(draft->birth_date, &birth) || birth.year < 1900 ||
        date_to_days(birth) > date_to_days(today)) {
        err_add_field(arena, err, "birth_date", "birth_date_range", NULL);
    }
}

Err *volunteer_rules_check(Arena *arena, Date today, VolunteerDraft *draft)
{
    Err *err = NULL;
    check_birth_date(arena, today, draft, &err);
    check_id_number(arena, today, draft, &err);
    return err;
}

bool volunteer_is_below(const char *birth_date, int64_t age, Date today)
{
    Date birth;
    return birth_date != NULL && date_parse(birth_date, &birth) && date_age(birth, today) < age;
}

Err *volunteer_rules_check_consent(Arena *arena, const Settings *settings, Date today,
                                   const VolunteerDraft *draft)
{
    Err *err = NULL;
    if (draft->consent == NULL) {
        err_add_field(arena, &err, "consent", "required", NULL);
    }
    if (draft->guardian == NULL &&
        volunteer_is_below(draft->birth_date, settings->minor_age, today)) {
        err_add_field(arena, &err, "guardian", "guardian_required", NULL);
    }
    if (err == NULL &&
        !str_equal(draft->consent->policy_version, settings->privacy_policy_version)) {
        err = ERR(arena, ERR_CONFLICT, "policy_outdated", "consent to policy %s, present is %s",
                  draft->consent->policy_version, settings->privacy_policy_version);
    }
    return err;
}

void volunteer_draft_take_guardian(Arena *arena, VolunteerDraft *draft)
{
    if (draft->guardian_name == NULL || draft->guardian_phone == NULL) {
        return;
    }
    draft->guardian = ARENA_NEW(arena, Guardian);
    *draft->guardian = (Guardian){
        .name = draft->guardian_name,
        .relation = draft->guardian_relation == NULL ? "监护人" : draft->guardian_relation,
        .phone = draft->guardian_phone,
    };
}

TimeMs volunteer_day_begin(const Settings *settings, Date day)
{
    int64_t target = date_to_days(day);
    TimeMs low = target * DAY_MS - 14 * HOUR_MS; /* no zone is further ahead of UTC */
    TimeMs high = target * DAY_MS + 13 * HOUR_MS;
    while (high - low > 1) {
        TimeMs middle = low + (high - low) / 2;
        if (date_to_days(setting_date(settings, middle)) < target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

/* ---- States ---- */

/* An applicant becomes active or archived by the decision on the application alone; who was
 * archived may come back as inactive. */
static const struct {
    VolunteerState from;
    VolunteerState to;
} TRANSITIONS[] = {
    {VOLUNTEER_ACTIVE, VOLUNTEER_INACTIVE},    {VOLUNTEER_ACTIVE, VOLUNTEER_SUSPENDED},
    {VOLUNTEER_ACTIVE, VOLUNTEER_ARCHIVED},    {VOLUNTEER_INACTIVE, VOLUNTEER_ACTIVE},
    {VOLUNTEER_INACTIVE, VOLUNTEER_SUSPENDED}, {VOLUNTEER_INACTIVE, VOLUNTEER_ARCHIVED},
    {VOLUNTEER_SUSPENDED, VOLUNTEER_ACTIVE},   {VOLUNTEER_SUSPENDED, VOLUNTEER_INACTIVE},
    {VOLUNTEER_SUSPENDED, VOLUNTEER_ARCHIVED}, {VOLUNTEER_ARCHIVED, VOLUNTEER_INACTIVE},
};

bool volunteer_rules_may_become(VolunteerState from, VolunteerState to)
{
    for (size_t i = 0; i < COUNT_OF(TRANSITIONS); i++) {
        if (TRANSITIONS[i].from == from && TRANSITIONS[i].to == to) {
            return true;
        }
    }
    return false;
}

/* ---- Numbers ---- */

/* ISO 7064 MOD 11,10: finds every wrong digit and almost every transposition. */
static char check_digit(const char *digits)
{
    int product = 10;
    for (; *digits != '\0'; digits++) {
        int sum = (product + *digits - '0') % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (char)('0' + (11 - product) % 10);
}

const char *volunteer_number_format(Arena *arena, VolunteerId id)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%09" PRId64, id.value);
    return arena_printf(arena, "V%s%c", digits, check_digit(digits));
}

bool volunteer_number_parse(const char *text, VolunteerId *ret_id)
{
    char digits[10] = {};
    int64_t id = 0;
    if (text == NULL || strlen(text) != 11 || (text[0] != 'V' && text[0] != 'v')) {
        return false;
    }
    memcpy(digits, text + 1, 9);
    if (digits[0] < '0' || digits[0] > '9' || !str_parse_int64(text + 1, &id)) {
        return false;
    }
    if (check_digit(digits) != text[10] || id < 10) {
        return false;
    }
    *ret_id = (VolunteerId){id / 10};
    return true;
}

/* ---- Changes ---- */

bool volunteer_is_resident(const Volunteer *volunteer)
{
    return str_equal(volunteer->id_document_type, ID_RESIDENT);
}

VolunteerDraft volunteer_to_draft(const Volunteer *volunteer)
{
    return (VolunteerDraft){
        .name = volunteer->name,
        .gender = volunteer->gender,
        .birth_date = volunteer->birth_date,
        .id_document_type = volunteer->id_document_type,
        .phone = volunteer->phone,
        .email = volunteer->email,
        .residence_region = volunteer->residence_region,
        .residence_region_text = volunteer->residence_region_text,
        .address = volunteer->address,
        .education = volunteer->education,
        .occupation = volunteer->occupation,
        .political_status = volunteer->political_status,
        .skills = volunteer->skills,
        .service_categories = volunteer->service_categories,
        .languages = volunteer->languages,
        .custom = volunteer->custom,
        .unit_id = volunteer->unit_id,
    };
}

/* JSON as the databases give it back differs in spaces and order. */
static const char *canonical_json(Arena *arena, const char *text)
{
    json_t *json = NULL;
    if (text == NULL || json_parse(arena, text, strlen(text), &json) != NULL) {
        return "{}";
    }
    return json_text(arena, json);
}

static bool values_equal(Arena *arena, const Field *field, SqlValue a, SqlValue b)
{
    if (a.type != b.type) {
        return false;
    }
    if (field->type == FIELD_JSON) {
        return str_equal(canonical_json(arena, a.text), canonical_json(arena, b.text));
    }
    return a.type == SQL_TEXT ? str_equal(a.text, b.text) : a.integer == b.integer;
}

static bool is_given(const Field *field, SqlValue value)
{
    if (field->type == FIELD_TEXT_LIST) {
        return !str_equal(value.text, "[]");
    }
    if (field->type == FIELD_CHOICE) {
        return !str_equal(value.text, field->choices[0]);
    }
    return value.type != SQL_NULL;
}

static bool id_number_changes(Services *services, Arena *arena, const Volunteer *before,
                              const VolunteerDraft *after)
{
    if (after->id_number == NULL) {
        return false;
    }
    const char *text = id_number_hash_text(arena, after->id_document_type, after->id_number);
    return !str_equal(vault_hash(services, arena, VOLUNTEER_ID_NUMBER_CONTEXT, text),
                      before->id_number_hash);
}

TextList volunteer_rules_changes(Services *services, Arena *arena, const Volunteer *before,
                                 const VolunteerDraft *after, bool only_given)
{
    VEC(const char *) names = {};
    VolunteerDraft draft = volunteer_to_draft(before);
    for (const Field *field = volunteer_patch_shape.fields; field->name != NULL; field++) {
        bool changes = false;
        if (str_equal(field->name, "id_number")) {
            changes = id_number_changes(services, arena, before, after);
        } else {
            SqlValue value = shape_sql_value(arena, field, after);
            bool counts = !only_given || is_given(field, value);
            changes =
                counts && !values_equal(arena, field, shape_sql_value(arena, field, &draft), value);
        }
        if (changes) {
            *vec_push(&names, arena) = field->name;
        }
    }
    return (TextList){.items = names.items, .count = names.count};
}

static void put_custom_change(json_t *changes, const char *key, json_t *before, json_t *after)
{
    char name[80];
    snprintf(name, sizeof(name), "custom.%s", key);
    json_t *change = json_object();
    json_object_set_new(change, "before", before == NULL ? json_null() : json_incref(before));
    json_object_set_new(change, "after", after == NULL ? json_null() : json_incref(after));
    json_object_set_new(changes, name, change);
}

static json_t *object_of(Arena *arena, const char *text)
{
    json_t *json = NULL;
    if (text == NULL || json_parse(arena, text, strlen(text), &json) != NULL) {
        return NULL;
    }
    return json;
}

static void add_custom_changes(Arena *arena, json_t *changes, const char *before_text,
                               const char *after_text)
{
    json_t *before = object_of(arena, before_text);
    json_t *after = object_of(arena, after_text);
    const char *key;
    json_t *value;
    json_object_foreach(after, key, value)
    {
        json_t *old = json_object_get(before, key);
        if (old == NULL || !json_equal(old, value)) {
            put_custom_change(changes, key, old, value);
        }
    }
    json_object_foreach(before, key, value)
    {
        if (json_object_get(after, key) == NULL) {
            put_custom_change(changes, key, value, NULL);
        }
    }
}

const char *volunteer_changes_text(Arena *arena, const Volunteer *before,
                                   const VolunteerDraft *after, const char *after_masked)
{
    VolunteerDraft from = volunteer_to_draft(before);
    VolunteerDraft to = *after;
    from.id_number = before->id_number_masked;
    to.id_number = after_masked == NULL ? before->id_number_masked : after_masked;
    json_t *changes =
        object_of(arena, shape_diff(arena, &volunteer_history_shape, &from, &to, NULL));
    BUG_ON(changes == NULL);
    add_custom_changes(arena, changes, before->custom, after->custom);
    return json_text(arena, changes);
}

static json_t *reduced(Arena *arena, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0') {
        return json_is_array(value) ? json_string("…") : json_deep_copy(value);
    }
    uint32_t point;
    size_t step = str_utf8_decode(text, strlen(text), &point);
    return json_string(arena_printf(arena, "%.*s**", (int)step, text));
}

const char *volunteer_changes_for_audit(Arena *arena, const char *changes)
{
    static const char *const KEPT[] = {"gender", "unit_id", "id_document_type", "state", NULL};
    json_t *json = object_of(arena, changes);
    const char *name;
    json_t *change;
    json_object_foreach(json, name, change)
    {
        if (choice_index(KEPT, name) < 0) {
            json_object_set_new(change, "before",
                                reduced(arena, json_object_get(change, "before")));
            json_object_set_new(change, "after", reduced(arena, json_object_get(change, "after")));
        }
    }
    return json == NULL ? NULL : json_text(arena, json);
}

/* ---- Decisions ---- */

static const char *const DECISIONS[] = {"approve", "reject", NULL};

static const Field DECISION_FIELDS[] = {
    FIELD(VolunteerDecision, decision, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = DECISIONS),
    FIELD(VolunteerDecision, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape volunteer_decision_shape = {.name = "Decision",
                                        .size_bytes = sizeof(VolunteerDecision),
                                        .fields = DECISION_FIELDS};

Err *volunteer_decision_read(const HttpRequest *req, VolunteerDecision *ret_decision)
{
    VolunteerDecision decision = {};
    TRY(http_decode(req, &decision));
    decision.approve = decision.decision == 0;
    if (!decision.approve && decision.reason == NULL) {
        Err *err = NULL;
        err_add_field(req->arena, &err, "reason", "required", NULL);
        return err;
    }
    *ret_decision = decision;
    return NULL;
}
