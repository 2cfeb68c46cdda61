#include <string.h>

#include "base/str.h"
#include "tests/unit/fixture.h"
#include "voms/account/account.h"
#include "voms/consent/consent.h"
#include "voms/duplicate/duplicate_internal.h"
#include "voms/membership/membership.h"
#include "voms/unit/unit.h"

/* Both born on 1949-12-31. */
#define ID_OF_A_MAN "110105194912310038"
#define ID_OF_A_WOMAN "11010519491231002X"

typedef struct Pair {
    VolunteerId into;
    VolunteerId other;
} Pair;

static Pair make_pair(Ctx *ctx, VolunteerDraft into, VolunteerDraft other)
{
    into.name = into.name == NULL ? "张三丰" : into.name;
    other.name = other.name == NULL ? "张三丰" : other.name;
    return (Pair){.into = fixture_volunteer(ctx, into), .other = fixture_volunteer(ctx, other)};
}

static Err *merge(Ctx *ctx, Pair pair, const char *keep)
{
    json_t *json = NULL;
    if (keep != NULL) {
        ASSERT_OK(json_parse(ctx->arena, keep, strlen(keep), &json));
    }
    DuplicateMerge work = {.into = fixture_find_volunteer(ctx, pair.into),
                           .other = fixture_find_volunteer(ctx, pair.other),
                           .keep = json,
                           .reason = "the same person"};
    return duplicate_merge(ctx, &work);
}

FIXTURE_TEST(merge, takes_what_this_one_lacks_and_keeps_what_it_has)
{
    static const char *skills[] = {"急救"};
    Pair pair = make_pair(ctx, (VolunteerDraft){.phone = "+8613800138000", .education = "本科"},
                          (VolunteerDraft){.phone = "+8613800138001",
                                           .email = "zhang@example.org",
                                           .gender = GENDER_MALE,
                                           .birth_date = "1980-01-02",
                                           .skills = {.items = skills, .count = 1}});
    ASSERT_OK(merge(ctx, pair, NULL));
    const Volunteer *merged = fixture_find_volunteer(ctx, pair.into);
    ASSERT_STR_EQUAL("+8613800138000", merged->phone);
    ASSERT_STR_EQUAL("本科", merged->education);
    ASSERT_STR_EQUAL("zhang@example.org", merged->email);
    ASSERT_STR_EQUAL("1980-01-02", merged->birth_date);
    ASSERT_INT_EQUAL(GENDER_MALE, merged->gender);
    ASSERT_INT_EQUAL(1, merged->skills.count);
}

FIXTURE_TEST(merge, keeps_what_was_said)
{
    Pair pair = make_pair(ctx, (VolunteerDraft){.phone = "+8613800138000", .education = "本科"},
                          (VolunteerDraft){.phone = "+8613800138001",
                                           .education = "大专",
                                           .email = "zhang@example.org"});
    ASSERT_OK(merge(ctx, pair, "{\"phone\":\"other\",\"education\":\"this\",\"email\":\"this\"}"));
    const Volunteer *merged = fixture_find_volunteer(ctx, pair.into);
    ASSERT_STR_EQUAL("+8613800138001", merged->phone);
    ASSERT_STR_EQUAL("本科", merged->education);
    ASSERT(merged->email == NULL);
}

FIXTURE_TEST(merge, joins_custom_fields_key_by_key)
{
    static const struct {
        const char *keep;
        const char *both;
    } ROWS[] = {{NULL, "mine"},
                {"{\"custom\":\"this\"}", "mine"},
                {"{\"custom\":\"other\"}", "theirs"}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        json_t *values = NULL;
        Pair pair = make_pair(ctx, (VolunteerDraft){.custom = "{\"a\":\"mine\",\"both\":\"mine\"}"},
                              (VolunteerDraft){.custom = "{\"b\":\"theirs\",\"both\":\"theirs\"}"});
        ASSERT_OK(merge(ctx, pair, ROWS[i].keep));
        const char *custom = fixture_find_volunteer(ctx, pair.into)->custom;
        ASSERT_OK(json_parse(ctx->arena, custom, strlen(custom), &values));
        ASSERT_STR_EQUAL("mine", json_string_value(json_object_get(values, "a")));
        ASSERT_STR_EQUAL("theirs", json_string_value(json_object_get(values, "b")));
        ASSERT_STR_EQUAL(ROWS[i].both, json_string_value(json_object_get(values, "both")));
    }
}

FIXTURE_TEST(merge, refuses_choices_that_there_are_not)
{
    static const struct {
        const char *keep;
        const char *field;
        const char *code;
    } ROWS[] = {
        {"{\"phone\":\"both\"}", "keep.phone", "not_a_choice"},
        {"{\"phone\":1}", "keep.phone", "not_a_choice"},
        {"{\"phone\":null}", "keep.phone", "not_a_choice"},
        {"{\"unit_id\":\"other\"}", "keep.unit_id", "unknown_field"},
        {"{\"shoe_size\":\"other\"}", "keep.shoe_size", "unknown_field"},
    };
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        Err *err = merge(ctx, pair, ROWS[i].keep);
        ASSERT_ERR(ERR_INVALID, err);
        ASSERT_STR_EQUAL(ROWS[i].field, err->fields->field);
        ASSERT_STR_EQUAL(ROWS[i].code, err->fields->code);
    }
    ASSERT_INT_EQUAL(0, fixture_find_volunteer(ctx, pair.other)->merged_into.value);
}

/* ---- ID numbers ---- */

FIXTURE_TEST(merge, moves_the_id_number)
{
    const char *number = NULL;
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){.id_number = ID_OF_A_WOMAN});
    ASSERT_OK(merge(ctx, pair, NULL));
    ASSERT_OK(volunteer_find_id_number(ctx, pair.into, &number));
    ASSERT_STR_EQUAL(ID_OF_A_WOMAN, number);
    const Volunteer *merged = fixture_find_volunteer(ctx, pair.into);
    ASSERT_STR_EQUAL("1949-12-31", merged->birth_date);
    ASSERT_INT_EQUAL(GENDER_FEMALE, merged->gender);
}

FIXTURE_TEST(merge, takes_birth_date_and_gender_with_the_id_number)
{
    Pair pair = make_pair(ctx, (VolunteerDraft){.birth_date = "1980-01-02", .gender = GENDER_MALE},
                          (VolunteerDraft){.id_number = ID_OF_A_WOMAN});
    ASSERT_OK(merge(ctx, pair, NULL));
    const Volunteer *merged = fixture_find_volunteer(ctx, pair.into);
    ASSERT_STR_EQUAL("1949-12-31", merged->birth_date);
    ASSERT_INT_EQUAL(GENDER_FEMALE, merged->gender);
}

FIXTURE_TEST(merge, lets_nothing_contradict_the_id_number)
{
    static const char *const KEEP[] = {"{\"birth_date\":\"other\"}", "{\"gender\":\"other\"}"};
    Pair kept = make_pair(ctx, (VolunteerDraft){.id_number = ID_OF_A_WOMAN},
                          (VolunteerDraft){.birth_date = "1980-01-02", .gender = GENDER_MALE});
    for (size_t i = 0; i < COUNT_OF(KEEP); i++) {
        ASSERT_ERR(ERR_INVALID, merge(ctx, kept, KEEP[i]));
    }
    Pair moved = make_pair(ctx, (VolunteerDraft){.birth_date = "1980-01-02"},
                           (VolunteerDraft){.id_number = ID_OF_A_MAN});
    Err *err = merge(ctx, moved, "{\"birth_date\":\"this\"}");
    ASSERT_ERR(ERR_INVALID, err);
    ASSERT_STR_EQUAL("birth_date", err->fields->field);
}

/* ---- What belongs to the file ---- */

FIXTURE_TEST(merge, archives_the_other_one_and_reserves_its_number)
{
    VolunteerQuery query = {.permission = "volunteer:read", .state = -1, .gender = -1, .limit = 20};
    VolunteerPage page = {};
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(merge(ctx, pair, NULL));
    const Volunteer *gone = fixture_find_volunteer(ctx, pair.other);
    ASSERT_INT_EQUAL(VOLUNTEER_ARCHIVED, gone->state);
    ASSERT_INT_EQUAL(pair.into.value, gone->merged_into.value);
    query.q = gone->number;
    ASSERT_OK(volunteer_list(ctx, &query, &page));
    ASSERT_INT_EQUAL(1, page.volunteers.count);
    ASSERT_INT_EQUAL(pair.into.value, ((const Volunteer *)page.volunteers.items)->id.value);
}

FIXTURE_TEST(merge, of_who_was_merged_into_finds_all_numbers)
{
    VolunteerQuery query = {.permission = "volunteer:read", .state = -1, .gender = -1, .limit = 20};
    VolunteerPage page = {};
    Pair first = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(merge(ctx, first, NULL));
    Pair second = {.into = fixture_volunteer(ctx, (VolunteerDraft){.name = "张三丰"}),
                   .other = first.into};
    ASSERT_OK(merge(ctx, second, NULL));
    query.q = fixture_find_volunteer(ctx, first.other)->number;
    ASSERT_OK(volunteer_list(ctx, &query, &page));
    ASSERT_INT_EQUAL(1, page.volunteers.count);
    ASSERT_INT_EQUAL(second.into.value, ((const Volunteer *)page.volunteers.items)->id.value);
}

FIXTURE_TEST(merge, moves_memberships_once_each)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "北队");
    UnitId south = fixture_unit(ctx, UNIT_ROOT, "南队");
    ObjectList memberships = {};
    Pair pair =
        make_pair(ctx, (VolunteerDraft){.unit_id = north}, (VolunteerDraft){.unit_id = north});
    ASSERT_OK(membership_ensure(ctx, pair.other, south, NULL));
    ASSERT_OK(merge(ctx, pair, NULL));
    ASSERT_OK(membership_list_of(ctx, pair.into, 0, 10, &memberships));
    ASSERT_INT_EQUAL(3, memberships.count);
    int active[2] = {};
    const Membership *items = memberships.items;
    for (size_t i = 0; i < memberships.count; i++) {
        active[items[i].unit_id.value == south.value] += items[i].state == MEMBERSHIP_ACTIVE;
    }
    ASSERT_INT_EQUAL(1, active[0]);
    ASSERT_INT_EQUAL(1, active[1]);
    int64_t left = 0;
    ASSERT_OK(membership_count_of(ctx, pair.other, &left));
    ASSERT_INT_EQUAL(0, left);
}

static int64_t consent_of(Ctx *ctx, VolunteerId id)
{
    ObjectList consents = {};
    ASSERT_OK(consent_list_of(ctx, id, 0, 1, &consents));
    return ((const Consent *)consents.items)->id;
}

FIXTURE_TEST(merge, has_the_consent_that_either_gave)
{
    Consent *withdrawn = NULL;
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(consent_withdraw(ctx, fixture_find_volunteer(ctx, pair.into),
                               consent_of(ctx, pair.into), NULL, &withdrawn));
    ASSERT_INT_EQUAL(CONSENT_WITHDRAWN, fixture_find_volunteer(ctx, pair.into)->consent_state);
    ASSERT_OK(merge(ctx, pair, NULL));
    int64_t total = 0;
    ASSERT_OK(consent_count_of(ctx, pair.into, &total));
    ASSERT_INT_EQUAL(2, total);
    ASSERT_INT_EQUAL(CONSENT_GIVEN, fixture_find_volunteer(ctx, pair.into)->consent_state);
}

FIXTURE_TEST(merge, moves_the_account_to_who_has_none)
{
    AccountId account = fixture_account(ctx, "zhang.sanfeng");
    AccountId found = {};
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(account_set_volunteer(ctx, account, pair.other));
    ASSERT_OK(merge(ctx, pair, NULL));
    ASSERT_OK(account_of_volunteer(ctx, pair.into, &found));
    ASSERT_INT_EQUAL(account.value, found.value);
    ASSERT_OK(account_of_volunteer(ctx, pair.other, &found));
}

FIXTURE_TEST(merge, tells_the_history)
{
    const char *history = NULL;
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(volunteer_history_add(ctx, pair.other, "volunteer.note", "of the other one", NULL));
    ASSERT_OK(merge(ctx, pair, NULL));
    ASSERT_OK(volunteer_history_json(ctx, pair.into, &history));
    ASSERT(strstr(history, "of the other one") != NULL);
    ASSERT(strstr(history, "volunteer.merge") != NULL);
    ASSERT(strstr(history, fixture_find_volunteer(ctx, pair.other)->number) != NULL);
}

FIXTURE_TEST(merge, forgets_the_suggested_pair)
{
    ObjectList candidates = {};
    VolunteerDraft same = {.phone = "+8613800138000"};
    Pair pair = make_pair(ctx, same, same);
    ASSERT_OK(duplicate_find(ctx, pair.into, NULL, &candidates));
    ASSERT_INT_EQUAL(1, candidates.count);
    ASSERT_OK(merge(ctx, pair, NULL));
    ASSERT_OK(duplicate_find(ctx, pair.into, NULL, &candidates));
    ASSERT_INT_EQUAL(0, candidates.count);
}

/* ---- What cannot be merged ---- */

FIXTURE_TEST(merge, is_not_done_twice)
{
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(merge(ctx, pair, NULL));
    Err *err = merge(ctx, pair, NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("state_conflict", err->code);
    ASSERT_ERR(ERR_CONFLICT, merge(ctx, (Pair){.into = pair.other, .other = pair.into}, NULL));
}

FIXTURE_TEST(merge, brings_nobody_back_who_was_anonymised)
{
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    ASSERT_OK(volunteer_anonymise(ctx, fixture_find_volunteer(ctx, pair.other), "test"));
    ASSERT_ERR(ERR_CONFLICT, merge(ctx, pair, NULL));
    ASSERT_ERR(ERR_CONFLICT, merge(ctx, (Pair){.into = pair.other, .other = pair.into}, NULL));
}

FIXTURE_TEST(merge, leaves_nobody_archived_who_serves)
{
    VolunteerStateChange change = {.state = VOLUNTEER_ARCHIVED, .reason = "moved away"};
    Pair pair = make_pair(ctx, (VolunteerDraft){}, (VolunteerDraft){});
    const Volunteer *old = fixture_find_volunteer(ctx, pair.into);
    change.id = pair.into;
    ASSERT_OK(volunteer_set_state(ctx, old, &change));
    Err *err = merge(ctx, pair, NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("archived", err->current);
    ASSERT_OK(merge(ctx, (Pair){.into = pair.other, .other = pair.into}, NULL));
}
