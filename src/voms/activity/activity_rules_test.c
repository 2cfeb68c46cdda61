#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/activity/activity_internal.h"
#include "voms/common/zone.h"

TEST(activity_rules, states_follow_on_states)
{
    /* One row a state, one sign a following state, in the order of the enum. */
    static const char *const MAY[ACTIVITY_STATE_COUNT] = {
        [ACTIVITY_DRAFT] = "-SP---C",     [ACTIVITY_SUBMITTED] = "D-P---C",
        [ACTIVITY_PUBLISHED] = "---I--C", [ACTIVITY_IN_PROGRESS] = "----E-C",
        [ACTIVITY_ENDED] = "-----SC",     [ACTIVITY_SETTLED] = "-------",
        [ACTIVITY_CANCELLED] = "-------",
    };
    for (int from = 0; from < ACTIVITY_STATE_COUNT; from++) {
        for (int to = 0; to < ACTIVITY_STATE_COUNT; to++) {
            ASSERT_INT_EQUAL(MAY[from][to] != '-',
                             activity_rules_may_become((ActivityState)from, (ActivityState)to));
        }
    }
}

TEST(activity_rules, what_is_decided_on_or_over_is_not_edited)
{
    static const struct {
        bool edit;
        bool plan;
    } ROWS[ACTIVITY_STATE_COUNT] = {
        [ACTIVITY_DRAFT] = {true, true},       [ACTIVITY_SUBMITTED] = {false, false},
        [ACTIVITY_PUBLISHED] = {true, true},   [ACTIVITY_IN_PROGRESS] = {true, true},
        [ACTIVITY_ENDED] = {true, false},      [ACTIVITY_SETTLED] = {false, false},
        [ACTIVITY_CANCELLED] = {false, false},
    };
    for (int state = 0; state < ACTIVITY_STATE_COUNT; state++) {
        ASSERT_INT_EQUAL(ROWS[state].edit, activity_rules_may_edit((ActivityState)state));
        ASSERT_INT_EQUAL(ROWS[state].plan, activity_rules_may_plan((ActivityState)state));
    }
}

static void expect_field(const Err *err, const char *field, const char *code)
{
    ASSERT_ERR(ERR_INVALID, (Err *)err);
    ASSERT(err->fields != NULL && err->fields->next == NULL);
    ASSERT_STR_EQUAL(field, err->fields->field);
    ASSERT_STR_EQUAL(code, err->fields->code);
}

TEST(activity_rules, ages_and_the_window_have_an_order)
{
    Arena *arena = arena_new();
    Activity ages = {.minimum_age = 30, .maximum_age = 20};
    Activity window = {.sign_up_opens_at = 2, .sign_up_closes_at = 2};
    Activity open_ended = {.minimum_age = 30, .sign_up_opens_at = 2};
    Position position = {.minimum_age = 30, .maximum_age = 20};
    expect_field(activity_rules_check(arena, &ages), "maximum_age", "ages_disordered");
    expect_field(activity_rules_check(arena, &window), "sign_up_closes_at", "times_disordered");
    ASSERT_OK(activity_rules_check(arena, &open_ended));
    expect_field(position_rules_check(arena, &position), "maximum_age", "ages_disordered");
    arena_free(arena);
}

TEST(activity_rules, shifts_have_a_length_and_a_radius)
{
    Arena *arena = arena_new();
    Shift backward = {.starts_at = 10, .ends_at = 10};
    Shift long_one = {.starts_at = 0, .ends_at = SHIFT_LENGTH_MAX_MS + 1};
    Shift longest = {.starts_at = 0, .ends_at = SHIFT_LENGTH_MAX_MS, .radius_m = 10};
    Shift narrow = {.starts_at = 0, .ends_at = 1, .radius_m = 9};
    expect_field(shift_rules_check(arena, &backward), "ends_at", "times_disordered");
    expect_field(shift_rules_check(arena, &long_one), "ends_at", "shift_too_long");
    ASSERT_OK(shift_rules_check(arena, &longest));
    expect_field(shift_rules_check(arena, &narrow), "radius_m", "too_small");
    arena_free(arena);
}

/* 2031-05-06, 09:00 to 12:00 in Shanghai. */
#define START ((TimeMs)1935795600000)
#define END (START + 3 * HOUR_MS)

static Activity complete(void)
{
    return (Activity){.description = "x",
                      .place_name = "x",
                      .person_in_charge = "x",
                      .contact_name = "x",
                      .contact_phone = "x",
                      .is_volunteer_service = true,
                      .risk_notice = "x",
                      .time_zone = "Asia/Shanghai",
                      .starts_at = START,
                      .ends_at = END,
                      .places = 1};
}

TEST(activity_rules, publishing_needs_each_of_these)
{
    Arena *arena = arena_new();
    Activity whole = complete();
    ASSERT_OK(activity_rules_check_complete(arena, &whole));

    static Activity rows[11];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rows[i] = complete();
    }
    rows[0].description = NULL;
    rows[1].place_name = NULL;
    rows[2].person_in_charge = NULL;
    rows[3].contact_name = NULL;
    rows[4].contact_phone = NULL;
    rows[5].is_volunteer_service = false;
    rows[6].risk_notice = NULL;
    rows[7].is_dangerous = true;
    rows[8].starts_at = 0;
    rows[9].places = 0;
    rows[10].sign_up_closes_at = END + 1;
    static const char *const CODES[] = {
        "activity_needs_description",      "activity_needs_place",
        "activity_needs_person_in_charge", "activity_needs_contact",
        "activity_needs_contact",          "activity_needs_declaration",
        "activity_needs_risk_notice",      "activity_needs_insurance",
        "activity_needs_shifts",           "activity_needs_places",
        "activity_window_after_end",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const Err *err = activity_rules_check_complete(arena, &rows[i]);
        ASSERT(err != NULL && err->fields->next == NULL);
        ASSERT_STR_EQUAL(CODES[i], err->fields->code);
    }
    arena_free(arena);
}

TEST(activity_rules, an_insurance_covers_its_last_day_where_the_activity_is)
{
    Arena *arena = arena_new();
    Activity activity = complete();
    activity.is_dangerous = true;
    activity.insurance_policy = "P-1";
    ASSERT_OK(activity_rules_check_complete(arena, &activity));
    activity.insurance_until = "2031-05-06";
    ASSERT_OK(activity_rules_check_complete(arena, &activity));
    activity.insurance_until = "2031-05-05";
    expect_field(activity_rules_check_complete(arena, &activity), "insurance_until",
                 "activity_insurance_ends_early");
    /* It ends at midnight: the day before is enough. */
    activity.ends_at = zone_to_utc("Asia/Shanghai", date_to_days((Date){2031, 5, 6}) * 24 * 60);
    ASSERT_OK(activity_rules_check_complete(arena, &activity));
    /* In New York it is still the day before. */
    activity.time_zone = "America/New_York";
    activity.ends_at = END;
    ASSERT_OK(activity_rules_check_complete(arena, &activity));
    arena_free(arena);
}
