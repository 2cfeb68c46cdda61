/* Who may have a place: pure decisions. */
#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/str.h"
#include "voms/signup/signup.h"

const char *const signup_states[] = {"pending",   "approved", "waitlisted", "offered", "rejected",
                                     "cancelled", "attended", "absent",     NULL};

bool signup_state_holds_place(SignupState state)
{
    return state == SIGNUP_APPROVED || state == SIGNUP_OFFERED || state == SIGNUP_ATTENDED ||
           state == SIGNUP_ABSENT;
}

bool signup_state_is_living(SignupState state)
{
    return state == SIGNUP_PENDING || state == SIGNUP_APPROVED || state == SIGNUP_WAITLISTED ||
           state == SIGNUP_OFFERED;
}

/* ---- Reasons ---- */

static const struct {
    const char *name;
    bool for_promotion; /* does it stand against one who signed up before, too? */
    bool overridable;
} REASONS[] = {
    [REASON_NOT_PUBLISHED] = {"not_published", true, false},
    [REASON_ACTIVITY_ENDED] = {"activity_ended", true, true},
    [REASON_SHIFT_CANCELLED] = {"shift_cancelled", true, false},
    [REASON_NOT_OPEN_YET] = {"not_open_yet", false, true},
    [REASON_SIGN_UP_CLOSED] = {"sign_up_closed", false, true},
    [REASON_ALREADY_SIGNED_UP] = {"already_signed_up", false, false},
    [REASON_VOLUNTEER_INACTIVE] = {"volunteer_not_active", true, false},
    [REASON_VOLUNTEER_SUSPENDED] = {"volunteer_suspended", true, false},
    [REASON_NOT_MEMBER] = {"not_member", true, true},
    [REASON_NOT_INVITED] = {"not_invited", true, true},
    [REASON_CONSENT_MISSING] = {"consent_missing", true, true},
    [REASON_GUARDIAN_MISSING] = {"guardian_consent_missing", true, true},
    [REASON_BIRTH_DATE_MISSING] = {"birth_date_missing", true, true},
    [REASON_TOO_YOUNG] = {"too_young", true, true},
    [REASON_TOO_OLD] = {"too_old", true, true},
    [REASON_GENDER] = {"gender", true, true},
    [REASON_QUALIFICATION_MISSING] = {"qualification_missing", true, true},
    [REASON_CLASH] = {"clash", true, true},
    [REASON_REST_TIME] = {"rest_time", true, true},
    [REASON_DAY_MAXIMUM] = {"day_maximum", true, true},
    [REASON_INSURANCE_EXPIRED] = {"insurance_expired", true, true},
    [REASON_RISK_NOTICE_NOT_ACCEPTED] = {"risk_notice_not_accepted", false, true},
    [REASON_FULL] = {"full", false, false},
};
_Static_assert(COUNT_OF(REASONS) == REASON_CODE_COUNT, "a row for each reason");

const char *signup_reason_name(SignupReasonCode code)
{
    return REASONS[code].name;
}

bool signup_reason_may_be_overridden(SignupReasonCode code)
{
    return REASONS[code].overridable;
}

const SignupReason *signup_reasons_refusal(const SignupReasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        if (reasons->items[i].refuses) {
            return &reasons->items[i];
        }
    }
    return NULL;
}

typedef struct Evaluation {
    const SignupCase *input;
    SignupReasons *reasons;
} Evaluation;

static void add(Evaluation *evaluation, SignupReason reason)
{
    bool told_only =
        reason.code == REASON_FULL || (reason.code == REASON_RISK_NOTICE_NOT_ACCEPTED &&
                                       evaluation->input->purpose != SIGNUP_TO_JOIN);
    if (evaluation->input->purpose == SIGNUP_TO_PROMOTE && !REASONS[reason.code].for_promotion) {
        return;
    }
    reason.refuses = !told_only;
    evaluation->reasons->items[evaluation->reasons->count++] = reason;
}

/* ---- The activity and its shift ---- */

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return str_equal(word, a) || str_equal(word, b);
}

static void check_activity(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    if (is_one_of(place->activity_state, "ended", "settled") ||
        place->ends_at <= evaluation->input->now) {
        add(evaluation, (SignupReason){.code = REASON_ACTIVITY_ENDED});
    } else if (!is_one_of(place->activity_state, "published", "in_progress")) {
        add(evaluation, (SignupReason){.code = REASON_NOT_PUBLISHED});
    }
    if (place->shift_cancelled || place->position_removed) {
        add(evaluation, (SignupReason){.code = REASON_SHIFT_CANCELLED});
    }
}

static void check_window(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    TimeMs now = evaluation->input->now;
    TimeMs closes_at = place->starts_at;
    if (place->closes_at != 0 && place->closes_at < closes_at) {
        closes_at = place->closes_at;
    }
    if (place->opens_at > now) {
        add(evaluation, (SignupReason){.code = REASON_NOT_OPEN_YET, .at = place->opens_at});
    } else if (closes_at <= now) {
        add(evaluation, (SignupReason){.code = REASON_SIGN_UP_CLOSED, .at = closes_at});
    }
}

static void check_insurance(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    if (place->insurance_until != NULL && strcmp(place->insurance_until, place->end_date) < 0) {
        add(evaluation,
            (SignupReason){.code = REASON_INSURANCE_EXPIRED, .text = place->insurance_until});
    }
}

/* ---- The person ---- */

static void check_standing(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    const SignupPerson *person = evaluation->input->person;
    if (str_equal(person->state, "suspended")) {
        add(evaluation, (SignupReason){.code = REASON_VOLUNTEER_SUSPENDED});
    } else if (!str_equal(person->state, "active")) {
        add(evaluation, (SignupReason){.code = REASON_VOLUNTEER_INACTIVE, .text = person->state});
    }
    if (str_equal(place->visibility, "members") && !person->is_member) {
        add(evaluation, (SignupReason){.code = REASON_NOT_MEMBER});
    }
    if (str_equal(place->visibility, "invited") && !person->is_invited) {
        add(evaluation, (SignupReason){.code = REASON_NOT_INVITED});
    }
}

/* The age on the day on which the shift starts; -1: not known. */
static int age_of(const SignupCase *input)
{
    Date birth = {};
    Date day = {};
    if (input->person->birth_date == NULL || !date_parse(input->person->birth_date, &birth) ||
        !date_parse(input->place->start_date, &day)) {
        return -1;
    }
    return date_age(birth, day);
}

static void check_consent(Evaluation *evaluation, int age)
{
    const SignupPerson *person = evaluation->input->person;
    const Settings *settings = evaluation->input->settings;
    bool agreed = person->consent_version != NULL && !person->consent_withdrawn &&
                  str_equal(person->consent_version, settings->privacy_policy_version);
    bool guarded = person->guardian_until != NULL &&
                   strcmp(person->guardian_until, evaluation->input->place->start_date) >= 0;
    if (!agreed) {
        add(evaluation, (SignupReason){.code = REASON_CONSENT_MISSING, .text = "privacy_policy"});
    }
    if (age >= 0 && age < settings->minor_age && !guarded) {
        add(evaluation,
            (SignupReason){.code = REASON_GUARDIAN_MISSING, .number = settings->minor_age});
    }
}

static void check_age(Evaluation *evaluation, int age)
{
    const SignupPlace *place = evaluation->input->place;
    if (place->minimum_age == 0 && place->maximum_age == 0) {
        return;
    }
    if (age < 0) {
        add(evaluation, (SignupReason){.code = REASON_BIRTH_DATE_MISSING});
    } else if (age < place->minimum_age) {
        add(evaluation, (SignupReason){.code = REASON_TOO_YOUNG, .number = place->minimum_age});
    } else if (place->maximum_age != 0 && age > place->maximum_age) {
        add(evaluation, (SignupReason){.code = REASON_TOO_OLD, .number = place->maximum_age});
    }
}

static bool has_skill(const SignupPerson *person, const char *skill)
{
    for (size_t i = 0; i < person->skills.count; i++) {
        if (str_equal(person->skills.items[i], skill)) {
            return true;
        }
    }
    return false;
}

static void check_position(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    const SignupPerson *person = evaluation->input->person;
    if (place->gender != NULL && !str_equal(place->gender, person->gender)) {
        add(evaluation, (SignupReason){.code = REASON_GENDER, .text = place->gender});
    }
    for (size_t i = 0; i < place->required_skills.count; i++) {
        const char *skill = place->required_skills.items[i];
        if (!has_skill(person, skill)) {
            add(evaluation, (SignupReason){.code = REASON_QUALIFICATION_MISSING, .text = skill});
            return;
        }
    }
}

/* ---- Other shifts ---- */

/* Who waits holds no time yet, and who did not come was not busy. */
static bool holds_time(const SignupEngagement *other)
{
    return other->state == SIGNUP_PENDING ||
           (other->state != SIGNUP_ABSENT && signup_state_holds_place((SignupState)other->state));
}

static int64_t overlap(TimeMs from, TimeMs until, TimeMs other_from, TimeMs other_until)
{
    return MAX(MIN(until, other_until) - MAX(from, other_from), 0);
}

static void check_own(Evaluation *evaluation)
{
    const SignupPerson *person = evaluation->input->person;
    for (size_t i = 0; i < person->engagement_count; i++) {
        const SignupEngagement *other = &person->engagements[i];
        if (other->shift_id == evaluation->input->place->shift_id) {
            add(evaluation, (SignupReason){.code = REASON_ALREADY_SIGNED_UP,
                                           .text = signup_states[other->state]});
            return;
        }
    }
}

/* The first engagement that comes nearer than gap_ms (negative: may overlap by so much). */
static const SignupEngagement *find_near(const SignupCase *input, int64_t gap_ms)
{
    for (size_t i = 0; i < input->person->engagement_count; i++) {
        const SignupEngagement *other = &input->person->engagements[i];
        if (other->shift_id != input->place->shift_id && holds_time(other) &&
            other->starts_at < input->place->ends_at + gap_ms &&
            input->place->starts_at < other->ends_at + gap_ms) {
            return other;
        }
    }
    return NULL;
}

static SignupReason reason_about(SignupReasonCode code, const SignupEngagement *other,
                                 int64_t number)
{
    return (SignupReason){.code = code,
                          .number = number,
                          .shift_id = other->shift_id,
                          .at = other->starts_at,
                          .text = other->activity_name};
}

static void check_times(Evaluation *evaluation)
{
    const SignupCase *input = evaluation->input;
    const Settings *settings = input->settings;
    const SignupEngagement *clash = find_near(input, -settings->signup_overlap_minutes * MINUTE_MS);
    if (clash != NULL) {
        add(evaluation, reason_about(REASON_CLASH, clash, 0));
        return;
    }
    if (settings->signup_rest_minutes == 0) {
        return;
    }
    const SignupEngagement *near = find_near(input, settings->signup_rest_minutes * MINUTE_MS);
    if (near != NULL) {
        add(evaluation, reason_about(REASON_REST_TIME, near, settings->signup_rest_minutes));
    }
}

static int64_t minutes_on(const SignupCase *input, const SignupDay *day)
{
    const SignupPlace *place = input->place;
    int64_t total_ms = overlap(day->from, day->until, place->starts_at, place->ends_at);
    for (size_t i = 0; i < input->person->engagement_count; i++) {
        const SignupEngagement *other = &input->person->engagements[i];
        if (other->shift_id != place->shift_id && holds_time(other)) {
            total_ms += overlap(day->from, day->until, other->starts_at, other->ends_at);
        }
    }
    return total_ms / MINUTE_MS;
}

static void check_days(Evaluation *evaluation)
{
    const SignupCase *input = evaluation->input;
    int64_t limit = input->settings->signup_day_minutes_max;
    for (size_t i = 0; limit != 0 && i < input->day_count; i++) {
        if (minutes_on(input, &input->days[i]) > limit) {
            add(evaluation, (SignupReason){.code = REASON_DAY_MAXIMUM, .number = limit});
            return;
        }
    }
}

/* ---- The one function ---- */

static void check_risk_notice(Evaluation *evaluation)
{
    const SignupPlace *place = evaluation->input->place;
    if (place->has_risk_notice &&
        evaluation->input->accepted_risk_notice_version != place->risk_notice_version) {
        add(evaluation, (SignupReason){.code = REASON_RISK_NOTICE_NOT_ACCEPTED,
                                       .number = place->risk_notice_version});
    }
}

void signup_rules_evaluate(const SignupCase *signup_case, SignupReasons *ret_reasons)
{
    Evaluation evaluation = {.input = signup_case, .reasons = ret_reasons};
    const SignupPlace *place = signup_case->place;
    int age = age_of(signup_case);
    ret_reasons->count = 0;
    check_activity(&evaluation);
    check_window(&evaluation);
    check_own(&evaluation);
    check_standing(&evaluation);
    check_consent(&evaluation, age);
    check_age(&evaluation, age);
    check_position(&evaluation);
    check_times(&evaluation);
    check_days(&evaluation);
    check_insurance(&evaluation);
    check_risk_notice(&evaluation);
    if (place->taken >= place->needed) {
        add(&evaluation, (SignupReason){.code = REASON_FULL, .number = place->waiting + 1});
    }
}

SignupState signup_rules_first_state(const SignupPlace *place)
{
    if (place->approval == SIGNUP_BY_REVIEW ||
        (place->approval == SIGNUP_BY_LOTTERY && !place->lottery_drawn)) {
        return SIGNUP_PENDING;
    }
    return place->taken < place->needed ? SIGNUP_APPROVED : SIGNUP_WAITLISTED;
}

bool signup_rules_may_cancel(SignupState state, TimeMs starts_at, int64_t deadline_minutes,
                             TimeMs now)
{
    return state != SIGNUP_APPROVED || now <= starts_at - deadline_minutes * MINUTE_MS;
}

const char *signup_lottery_key(Arena *arena, const char *seed, int64_t signup_id)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const char *text = arena_printf(arena, "%s:%" PRId64, seed, signup_id);
    char *key = arena_alloc(arena, sizeof(digest) * 2 + 1);
    SHA256((const unsigned char *)text, strlen(text), digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        static const char DIGITS[] = "0123456789abcdef";
        key[i * 2] = DIGITS[digest[i] >> 4];
        key[i * 2 + 1] = DIGITS[digest[i] & 15];
    }
    return key;
}
