#include "voms/volunteer/volunteer.h"

#include "base/str.h"
#include "tests/unit/fixture.h"
#include "voms/membership/membership.h"
#include "voms/unit/unit.h"

#define ID_NUMBER "11010519491231002X"

static VolunteerDraft draft_of(Ctx *ctx, const char *name, UnitId unit_id)
{
    const Settings *settings = NULL;
    ASSERT_OK(setting_load(ctx, &settings));
    ConsentGiven *consent = ARENA_NEW(ctx->arena, ConsentGiven);
    consent->policy_version = settings->privacy_policy_version;
    return (VolunteerDraft){.name = name, .unit_id = unit_id, .consent = consent};
}

static VolunteerId insert(Ctx *ctx, const VolunteerDraft *draft)
{
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId id = {};
    ASSERT_OK(volunteer_insert(ctx, draft, &entry, &id));
    return id;
}

static Volunteer *find(Ctx *ctx, VolunteerId id)
{
    Volunteer *volunteer = NULL;
    ASSERT_OK(volunteer_find_any(ctx, id, &volunteer));
    return volunteer;
}

static VolunteerPage search(Ctx *ctx, const char *q)
{
    VolunteerQuery query = {
        .permission = "volunteer:read", .q = q, .state = -1, .gender = -1, .limit = 20};
    VolunteerPage page = {};
    ASSERT_OK(volunteer_list(ctx, &query, &page));
    return page;
}

FIXTURE_TEST(volunteer, cannot_be_found_from_another_unit)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "北队");
    UnitId south = fixture_unit(ctx, UNIT_ROOT, "南队");
    VolunteerDraft draft = draft_of(ctx, "张三丰", north);
    VolunteerId id = insert(ctx, &draft);
    Volunteer *found = NULL;
    Ctx *one = fixture_with_role(ctx, "one.north", "coordinator", north);
    Ctx *other = fixture_with_role(ctx, "one.south", "coordinator", south);
    ASSERT_OK(volunteer_find(one, id, "volunteer:read", &found));
    ASSERT_STR_EQUAL("张三丰", found->name);
    ASSERT_INT_EQUAL(1, search(one, "三丰").volunteers.count);
    ASSERT_ERR(ERR_NOT_FOUND, volunteer_find(other, id, "volunteer:read", &found));
    ASSERT_INT_EQUAL(0, search(other, "三丰").volunteers.count);
}

FIXTURE_TEST(volunteer, is_one_for_one_living_person)
{
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId second = {};
    VolunteerDraft draft = draft_of(ctx, "李四", UNIT_ROOT);
    draft.id_number = ID_NUMBER;
    ASSERT_OK(volunteer_rules_check(ctx->arena, (Date){2026, 1, 1}, &draft));
    VolunteerId id = insert(ctx, &draft);
    Err *err = volunteer_insert(ctx, &draft, &entry, &second);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("duplicate_id_number", err->code);
    const char *clear = NULL;
    ASSERT_OK(volunteer_find_id_number(ctx, id, &clear));
    ASSERT_STR_EQUAL(ID_NUMBER, clear);
    ASSERT_STR_EQUAL("1101************2X", find(ctx, id)->id_number_masked);
}

FIXTURE_TEST(volunteer, is_recognised_in_an_import)
{
    VolunteerDraft drafts[4] = {};
    Volunteer *found[4] = {};
    drafts[0] = draft_of(ctx, "王五", UNIT_ROOT);
    drafts[0].id_number = ID_NUMBER;
    ASSERT_OK(volunteer_rules_check(ctx->arena, (Date){2026, 1, 1}, &drafts[0]));
    drafts[1] = draft_of(ctx, "赵六", UNIT_ROOT);
    drafts[1].phone = "+8613800138000";
    drafts[2] = draft_of(ctx, "孙七", UNIT_ROOT);
    drafts[2].birth_date = "1990-01-02";
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId ids[3];
    ASSERT_OK(volunteer_insert_many(ctx, drafts, 3, &entry, ids));
    drafts[3] = draft_of(ctx, "周八", UNIT_ROOT);
    drafts[3].phone = drafts[1].phone;
    ASSERT_OK(volunteer_find_by_identity(ctx, drafts, 4, found));
    for (size_t i = 0; i < 3; i++) {
        ASSERT(found[i] != NULL);
        ASSERT_INT_EQUAL(ids[i].value, found[i]->id.value);
        ASSERT_INT_EQUAL(0, volunteer_rules_changes(ctx->services, ctx->arena, found[i], &drafts[i],
                                                    /* only_given= */ true)
                                .count);
    }
    ASSERT(found[3] == NULL);
}

FIXTURE_TEST(volunteer, is_forgotten_when_anonymised)
{
    VolunteerDraft draft = draft_of(ctx, "将消失", UNIT_ROOT);
    draft.phone = "+8613800138001";
    draft.id_number = ID_NUMBER;
    ASSERT_OK(volunteer_rules_check(ctx->arena, (Date){2026, 1, 1}, &draft));
    VolunteerId id = insert(ctx, &draft);
    ASSERT_INT_EQUAL(1, search(ctx, "jiangxiaoshi").volunteers.count);
    ASSERT_OK(volunteer_anonymise(ctx, find(ctx, id), "test"));
    const Volunteer *left = find(ctx, id);
    ASSERT(!str_equal("将消失", left->name));
    ASSERT(left->phone == NULL && left->id_number_hash == NULL && left->id_number_masked == NULL);
    ASSERT_INT_EQUAL(VOLUNTEER_ARCHIVED, left->state);
    ASSERT_STR_EQUAL(volunteer_number_format(ctx->arena, id), left->number);
    ASSERT_INT_EQUAL(0, search(ctx, "jiangxiaoshi").volunteers.count);
    ASSERT_INT_EQUAL(0, search(ctx, "8001").volunteers.count);
    /* The person may come again. */
    insert(ctx, &draft);
}

FIXTURE_TEST(volunteer, pages_go_through_everybody_once)
{
    static const char *const NAMES[] = {"丁芳", "安娜", "张伟", "丁芳", "王强", "丁芳", "李娜"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        VolunteerDraft draft = draft_of(ctx, NAMES[i], UNIT_ROOT);
        insert(ctx, &draft);
    }
    for (int sort = VOLUNTEER_SORT_NUMBER; sort <= VOLUNTEER_SORT_SERVICE_MINUTES; sort++) {
        VolunteerQuery query = {.permission = "volunteer:read",
                                .state = VOLUNTEER_ACTIVE,
                                .gender = -1,
                                .sort = (VolunteerSort)sort,
                                .descending = sort % 2 == 1,
                                .limit = 3};
        size_t seen = 0;
        VolunteerPage page = {.has_more = true};
        while (page.has_more) {
            ASSERT_OK(volunteer_list(ctx, &query, &page));
            seen += page.volunteers.count;
            ASSERT(page.volunteers.count > 0 && seen <= COUNT_OF(NAMES));
            const Volunteer *last =
                (const Volunteer *)page.volunteers.items + page.volunteers.count - 1;
            query.after_count = volunteer_sort_values(&query, last, query.after);
        }
        ASSERT_INT_EQUAL(COUNT_OF(NAMES), seen);
    }
}
