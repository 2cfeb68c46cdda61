#include <string.h>

#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/volunteer/volunteer.h"

static const Date TODAY = {2026, 6, 1};

TEST(volunteer, number_has_a_check_digit)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const int64_t IDS[] = {1, 2, 10, 123456, 999999999};
    for (size_t i = 0; i < COUNT_OF(IDS); i++) {
        char *number = arena_strdup(arena, volunteer_number_format(arena, (VolunteerId){IDS[i]}));
        VolunteerId id = {};
        ASSERT_INT_EQUAL(11, strlen(number));
        ASSERT(volunteer_number_parse(number, &id));
        ASSERT_INT_EQUAL(IDS[i], id.value);
        /* Every wrong digit is found. */
        for (size_t at = 1; at < 11; at++) {
            char right = number[at];
            for (int digit = '0'; digit <= '9'; digit++) {
                number[at] = (char)digit;
                ASSERT_INT_EQUAL(digit == right, volunteer_number_parse(number, &id));
            }
            number[at] = right;
        }
    }
}

TEST(volunteer, what_is_no_number_is_refused)
{
    static const char *const ROWS[] = {
        "", "V", "V000000001", "X0000000014", "V00000000145", "V000000001x", "V-000000014", NULL};
    for (size_t i = 0; ROWS[i] != NULL; i++) {
        VolunteerId id = {};
        ASSERT(!volunteer_number_parse(ROWS[i], &id));
    }
    VolunteerId id = {};
    ASSERT(!volunteer_number_parse(NULL, &id));
}

TEST(volunteer, states_change_by_their_table_alone)
{
    static const char *const ALLOWED[] = {
        /* from applicant */ ".....",
        /* from active    */ "..xxx",
        /* from inactive  */ ".x.xx",
        /* from suspended */ ".xx.x",
        /* from archived  */ "..x..",
    };
    for (int from = 0; from < VOLUNTEER_STATE_COUNT; from++) {
        for (int to = 0; to < VOLUNTEER_STATE_COUNT; to++) {
            ASSERT_INT_EQUAL(ALLOWED[from][to] == 'x',
                             volunteer_rules_may_become((VolunteerState)from, (VolunteerState)to));
        }
    }
}

TEST(volunteer, id_number_gives_birth_date_and_gender)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    VolunteerDraft draft = {.name = "张三", .id_number = "11010519491231002x"};
    ASSERT_OK(volunteer_rules_check(arena, TODAY, &draft));
    ASSERT_STR_EQUAL("resident_id", draft.id_document_type);
    ASSERT_STR_EQUAL("11010519491231002X", draft.id_number);
    ASSERT_STR_EQUAL("1949-12-31", draft.birth_date);
    ASSERT_INT_EQUAL(GENDER_FEMALE, draft.gender);
}

static const char *first_field(const Err *err)
{
    return err == NULL || err->fields == NULL ? NULL : err->fields->field;
}

TEST(volunteer, contradictions_of_the_id_number_are_refused)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    VolunteerDraft born_later = {.id_number = "11010519491231002X", .birth_date = "1950-01-01"};
    Err *err = volunteer_rules_check(arena, TODAY, &born_later);
    ASSERT_ERR(ERR_INVALID, err);
    ASSERT_STR_EQUAL("birth_date", first_field(err));
    VolunteerDraft man = {.id_number = "11010519491231002X", .gender = GENDER_MALE};
    err = volunteer_rules_check(arena, TODAY, &man);
    ASSERT_ERR(ERR_INVALID, err);
    ASSERT_STR_EQUAL("gender", first_field(err));
}

TEST(volunteer, birth_date_is_plausible)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const struct {
        const char *birth_date;
        bool fits;
    } ROWS[] = {{"2026-06-01", true},
                {"2026-06-02", false},
                {"1900-01-01", true},
                {"1899-12-31", false},
                {NULL, true}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        VolunteerDraft draft = {.name = "李四", .birth_date = ROWS[i].birth_date};
        ASSERT_INT_EQUAL(ROWS[i].fits, volunteer_rules_check(arena, TODAY, &draft) == NULL);
    }
}

TEST(volunteer, minors_need_a_guardian)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Settings settings = {.minor_age = 18, .privacy_policy_version = "2"};
    ConsentGiven given = {.policy_version = "2"};
    ConsentGiven old = {.policy_version = "1"};
    Guardian guardian = {.name = "王母"};
    VolunteerDraft child = {.birth_date = "2010-06-02", .consent = &given};
    ASSERT_ERR(ERR_INVALID, volunteer_rules_check_consent(arena, &settings, TODAY, &child));
    child.guardian = &guardian;
    ASSERT_OK(volunteer_rules_check_consent(arena, &settings, TODAY, &child));
    VolunteerDraft adult = {.birth_date = "2008-06-01", .consent = &given};
    ASSERT_OK(volunteer_rules_check_consent(arena, &settings, TODAY, &adult));
    adult.consent = &old;
    ASSERT_ERR(ERR_CONFLICT, volunteer_rules_check_consent(arena, &settings, TODAY, &adult));
    adult.consent = NULL;
    ASSERT_ERR(ERR_INVALID, volunteer_rules_check_consent(arena, &settings, TODAY, &adult));
}

TEST(volunteer, changes_name_the_fields_that_differ)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *skills[] = {"急救"};
    Volunteer before = {.name = "张三",
                        .phone = "+8613800138000",
                        .occupation = "教师",
                        .skills = {.items = skills, .count = 1},
                        .custom = "{\"a\": 1, \"b\": 2}",
                        .unit_id = {2}};
    VolunteerDraft after = volunteer_to_draft(&before);
    after.custom = "{\"b\":2,\"a\":1}";
    ASSERT_INT_EQUAL(
        0, volunteer_rules_changes(NULL, arena, &before, &after, /* only_given= */ false).count);
    after.name = "张四";
    after.occupation = NULL;
    after.skills = (TextList){};
    TextList changes =
        volunteer_rules_changes(NULL, arena, &before, &after, /* only_given= */ false);
    ASSERT_INT_EQUAL(3, changes.count);
    changes = volunteer_rules_changes(NULL, arena, &before, &after, /* only_given= */ true);
    ASSERT_INT_EQUAL(1, changes.count);
    ASSERT_STR_EQUAL("name", changes.items[0]);
}
