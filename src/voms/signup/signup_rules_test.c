#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/signup/signup.h"

#define START INT64_C(1790000000000) /* 2026-09-21 */
#define NOW (START - 10 * DAY_MS)

/* A case in which nothing stands against the person. */
typedef struct Sample {
    SignupPlace place;
    SignupPerson person;
    Settings settings;
    SignupEngagement engagement;
    SignupDay day;
    TimeMs now;
    SignupPurpose purpose;
    int64_t accepted;
} Sample;

static void sample_init(Sample *sample)
{
    *sample = (Sample){
        .place = {.activity_id = 1,
                  .shift_id = 2,
                  .position_id = 3,
                  .activity_state = "published",
                  .visibility = "public",
                  .starts_at = START,
                  .ends_at = START + 4 * HOUR_MS,
                  .start_date = "2026-09-21",
                  .end_date = "2026-09-21",
                  .needed = 2},
        .person = {.id = {9},
                   .state = "active",
                   .birth_date = "1990-01-01",
                   .gender = "female",
                   .consent_version = "1"},
        .settings = {.privacy_policy_version = "1", .minor_age = 18},
        .day = {START - 2 * HOUR_MS, START + 22 * HOUR_MS},
        .engagement = {.shift_id = 8, .state = SIGNUP_APPROVED, .activity_name = "Other"},
        .now = NOW,
        .purpose = SIGNUP_TO_JOIN,
    };
}

/* "code", or "code?" for one that refuses nobody, separated by spaces. */
static void check(const Sample *sample, const char *expected)
{
    SignupReasons reasons;
    SignupCase input = {.place = &sample->place,
                        .person = &sample->person,
                        .settings = &sample->settings,
                        .days = &sample->day,
                        .day_count = 1,
                        .now = sample->now,
                        .purpose = sample->purpose,
                        .accepted_risk_notice_version = sample->accepted};
    Arena *arena = arena_new();
    const char *found = "";
    signup_rules_evaluate(&input, &reasons);
    for (size_t i = 0; i < reasons.count; i++) {
        found = arena_printf(arena, "%s%s%s%s", found, i > 0 ? " " : "",
                             signup_reason_name(reasons.items[i].code),
                             reasons.items[i].refuses ? "" : "?");
    }
    ASSERT_STR_EQUAL(expected, found);
    arena_free(arena);
}

static void change_published(Sample *s)
{
    s->place.activity_state = "draft";
}
static void change_cancelled(Sample *s)
{
    s->place.activity_state = "cancelled";
}
static void change_ended(Sample *s)
{
    s->place.activity_state = "ended";
}
static void change_over(Sample *s)
{
    s->now = START + 5 * HOUR_MS;
}
static void change_shift(Sample *s)
{
    s->place.shift_cancelled = true;
}
static void change_position(Sample *s)
{
    s->place.position_removed = true;
}
static void change_early(Sample *s)
{
    s->place.opens_at = NOW + 1;
}
static void change_open(Sample *s)
{
    s->place.opens_at = NOW;
}
static void change_closed(Sample *s)
{
    s->place.closes_at = NOW;
}
static void change_begun(Sample *s)
{
    s->now = START;
}
static void change_suspended(Sample *s)
{
    s->person.state = "suspended";
}
static void change_inactive(Sample *s)
{
    s->person.state = "inactive";
}
static void change_member(Sample *s)
{
    s->place.visibility = "members";
}
static void change_invited(Sample *s)
{
    s->place.visibility = "invited";
}
static void change_consent(Sample *s)
{
    s->person.consent_version = NULL;
}
static void change_withdrawn(Sample *s)
{
    s->person.consent_withdrawn = true;
}
static void change_policy(Sample *s)
{
    s->settings.privacy_policy_version = "2";
}
static void change_insured(Sample *s)
{
    s->place.insurance_until = "2026-09-21";
}
static void change_uninsured(Sample *s)
{
    s->place.insurance_until = "2026-09-20";
}
static void change_gender(Sample *s)
{
    s->place.gender = "male";
}
static void change_full(Sample *s)
{
    s->place.taken = 2;
}
static void change_old(Sample *s)
{
    s->place.maximum_age = 35;
}

static void change_member_in(Sample *s)
{
    s->place.visibility = "members";
    s->person.is_member = true;
}

static void change_minor(Sample *s)
{
    s->person.birth_date = "2008-09-22"; /* 18 one day later */
}

static void change_guarded(Sample *s)
{
    s->person.birth_date = "2008-09-22";
    s->person.guardian_until = "2026-09-21";
}

static void change_guard_expired(Sample *s)
{
    s->person.birth_date = "2008-09-22";
    s->person.guardian_until = "2026-09-20";
}

static void change_of_age(Sample *s)
{
    s->person.birth_date = "2008-09-21";
}

static void change_young(Sample *s)
{
    s->place.minimum_age = 37; /* 36 on that day */
}

static void change_unknown_age(Sample *s)
{
    s->place.minimum_age = 16;
    s->person.birth_date = NULL;
}

static void change_skill(Sample *s)
{
    static const char *items[] = {"first_aid"};
    s->place.required_skills = (TextList){items, 1};
}

static void change_skilled(Sample *s)
{
    static const char *items[] = {"driving", "first_aid"};
    change_skill(s);
    s->person.skills = (TextList){items, 2};
}

static void other_at(Sample *s, int64_t after_ms, int64_t length_ms)
{
    s->engagement.starts_at = START + after_ms;
    s->engagement.ends_at = START + after_ms + length_ms;
    s->person.engagements = &s->engagement;
    s->person.engagement_count = 1;
}

static void change_clash(Sample *s)
{
    other_at(s, 3 * HOUR_MS, 2 * HOUR_MS);
}
static void change_behind(Sample *s)
{
    other_at(s, 4 * HOUR_MS, 2 * HOUR_MS);
}
static void change_before(Sample *s)
{
    other_at(s, -2 * HOUR_MS, 2 * HOUR_MS);
}

static void change_tolerated(Sample *s)
{
    change_clash(s);
    s->settings.signup_overlap_minutes = 60;
}

static void change_waiting_elsewhere(Sample *s)
{
    change_clash(s);
    s->engagement.state = SIGNUP_WAITLISTED;
}

static void change_own(Sample *s)
{
    other_at(s, 0, 4 * HOUR_MS);
    s->engagement.shift_id = 2;
    s->engagement.state = SIGNUP_WAITLISTED;
}

static void change_rest(Sample *s)
{
    other_at(s, 5 * HOUR_MS, 2 * HOUR_MS);
    s->settings.signup_rest_minutes = 61;
}

static void change_rested(Sample *s)
{
    other_at(s, 5 * HOUR_MS, 2 * HOUR_MS);
    s->settings.signup_rest_minutes = 60;
}

static void change_long_day(Sample *s)
{
    other_at(s, 5 * HOUR_MS, 5 * HOUR_MS);
    s->settings.signup_day_minutes_max = 8 * 60;
}

static void change_day_filled(Sample *s)
{
    other_at(s, 5 * HOUR_MS, 4 * HOUR_MS);
    s->settings.signup_day_minutes_max = 8 * 60;
}

static void change_next_day(Sample *s)
{
    other_at(s, 22 * HOUR_MS, 8 * HOUR_MS);
    s->settings.signup_day_minutes_max = 8 * 60;
}

static void change_risk(Sample *s)
{
    s->place.has_risk_notice = true;
    s->place.risk_notice_version = 3;
    s->accepted = 2;
}

static void change_risk_accepted(Sample *s)
{
    change_risk(s);
    s->accepted = 3;
}

static void change_risk_asked(Sample *s)
{
    change_risk(s);
    s->purpose = SIGNUP_TO_ASK;
}

/* What was right at sign-up does not stand against a promotion. */
static void change_promotion(Sample *s)
{
    change_risk(s);
    change_own(s);
    s->place.closes_at = NOW;
    s->place.taken = 2;
    s->purpose = SIGNUP_TO_PROMOTE;
}

static void change_many(Sample *s)
{
    s->person.state = "inactive";
    s->place.opens_at = NOW + 1;
    s->place.gender = "male";
}

static const struct {
    void (*change)(Sample *sample);
    const char *expected;
} ROWS[] = {
    {change_published, "not_published"},
    {change_cancelled, "not_published"},
    {change_ended, "activity_ended"},
    {change_over, "activity_ended sign_up_closed"},
    {change_shift, "shift_cancelled"},
    {change_position, "shift_cancelled"},
    {change_early, "not_open_yet"},
    {change_open, ""},
    {change_closed, "sign_up_closed"},
    {change_begun, "sign_up_closed"},
    {change_suspended, "volunteer_suspended"},
    {change_inactive, "volunteer_not_active"},
    {change_member, "not_member"},
    {change_member_in, ""},
    {change_invited, "not_invited"},
    {change_consent, "consent_missing"},
    {change_withdrawn, "consent_missing"},
    {change_policy, "consent_missing"},
    {change_minor, "guardian_consent_missing"},
    {change_guarded, ""},
    {change_guard_expired, "guardian_consent_missing"},
    {change_of_age, ""},
    {change_young, "too_young"},
    {change_old, "too_old"},
    {change_unknown_age, "birth_date_missing"},
    {change_gender, "gender"},
    {change_skill, "qualification_missing"},
    {change_skilled, ""},
    {change_clash, "clash"},
    {change_behind, ""},
    {change_before, ""},
    {change_tolerated, ""},
    {change_waiting_elsewhere, ""},
    {change_own, "already_signed_up"},
    {change_rest, "rest_time"},
    {change_rested, ""},
    {change_long_day, "day_maximum"},
    {change_day_filled, ""},
    {change_next_day, ""},
    {change_insured, ""},
    {change_uninsured, "insurance_expired"},
    {change_risk, "risk_notice_not_accepted"},
    {change_risk_accepted, ""},
    {change_risk_asked, "risk_notice_not_accepted?"},
    {change_full, "full?"},
    {change_promotion, ""},
    {change_many, "not_open_yet volunteer_not_active gender"},
};

TEST(signup_rules, say_why_not)
{
    Sample sample;
    sample_init(&sample);
    check(&sample, "");
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        sample_init(&sample);
        ROWS[i].change(&sample);
        check(&sample, ROWS[i].expected);
    }
}

TEST(signup_rules, clash_names_the_shift)
{
    Sample sample;
    SignupReasons reasons;
    sample_init(&sample);
    change_clash(&sample);
    SignupCase input = {.place = &sample.place,
                        .person = &sample.person,
                        .settings = &sample.settings,
                        .now = sample.now,
                        .purpose = SIGNUP_TO_JOIN};
    signup_rules_evaluate(&input, &reasons);
    ASSERT_INT_EQUAL(1, reasons.count);
    ASSERT_INT_EQUAL(8, reasons.items[0].shift_id);
    ASSERT_INT_EQUAL(START + 3 * HOUR_MS, reasons.items[0].at);
    ASSERT_STR_EQUAL("Other", reasons.items[0].text);
}

TEST(signup_rules, first_state_follows_the_approval_and_the_places)
{
    SignupPlace place = {.needed = 2, .taken = 1};
    ASSERT_INT_EQUAL(SIGNUP_APPROVED, signup_rules_first_state(&place));
    place.taken = 2;
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, signup_rules_first_state(&place));
    place.approval = SIGNUP_BY_REVIEW;
    ASSERT_INT_EQUAL(SIGNUP_PENDING, signup_rules_first_state(&place));
    place.approval = SIGNUP_BY_LOTTERY;
    ASSERT_INT_EQUAL(SIGNUP_PENDING, signup_rules_first_state(&place));
    place.lottery_drawn = true;
    ASSERT_INT_EQUAL(SIGNUP_WAITLISTED, signup_rules_first_state(&place));
}

TEST(signup_rules, approved_may_cancel_until_the_deadline)
{
    TimeMs deadline = START - 60 * MINUTE_MS;
    ASSERT(signup_rules_may_cancel(SIGNUP_APPROVED, START, 60, deadline));
    ASSERT(!signup_rules_may_cancel(SIGNUP_APPROVED, START, 60, deadline + 1));
    ASSERT(signup_rules_may_cancel(SIGNUP_WAITLISTED, START, 60, START));
    ASSERT(signup_rules_may_cancel(SIGNUP_OFFERED, START, 60, START));
}

TEST(signup_rules, lottery_key_is_what_sha256sum_says)
{
    Arena *arena = arena_new();
    ASSERT_STR_EQUAL("bfcf0b9cbe9d8208b2cddd9a01c31a9a60698a106a0e4fc1664233a15f16acec",
                     signup_lottery_key(arena, "abc", 1));
    arena_free(arena);
}
