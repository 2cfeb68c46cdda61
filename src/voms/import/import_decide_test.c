#include <string.h>

#include "app/vault.h"
#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/import/import_internal.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/volunteer_internal.h"

#define ID_NUMBER "11010519491231002X"
#define OTHER_ID_NUMBER "110105194912310038"

/* What a decision is made with; the services have a vault and no more. */
typedef struct World {
    Arena *arena;
    Config config;
    Services services;
    Settings settings;
    ImportPlan plan;
} World;

static void world_init(World *world)
{
    static const char *none[] = {NULL};
    *world = (World){.arena = arena_new()};
    world->config.encryption.key.reveal = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    world->config.encryption.key_id = 1;
    world->config.encryption.old_keys = none;
    ASSERT_OK(vault_open(world->arena, &world->config, &world->services.vault));
    world->settings = (Settings){.minor_age = 18, .privacy_policy_version = "2"};
    world->plan = (ImportPlan){.services = &world->services,
                               .settings = &world->settings,
                               .today = {2026, 1, 1}};
}

static void world_done(World *world)
{
    arena_free(world->arena);
}

/* As rows come from the source. */
static ImportCandidate row_of(World *world, VolunteerDraft draft)
{
    ImportCandidate row = {.row_number = 2, .draft = draft};
    ASSERT_OK(volunteer_rules_check(world->arena, world->plan.today, &row.draft));
    return row;
}

static Volunteer known(World *world, const char *id_number)
{
    Volunteer volunteer = {.id = {7},
                           .number = "V0000000073",
                           .name = "张三丰",
                           .phone = "+8613800138000",
                           .unit_id = {3},
                           .custom = "{\"a\": 1, \"b\": 2}"};
    if (id_number != NULL) {
        volunteer.id_document_type = "resident_id";
        volunteer.birth_date = "1949-12-31";
        volunteer.gender = GENDER_FEMALE;
        volunteer.id_number_hash =
            vault_hash(&world->services, world->arena, VOLUNTEER_ID_NUMBER_CONTEXT,
                       id_number_hash_text(world->arena, "resident_id", id_number));
    }
    return volunteer;
}

static ImportDecision decide(World *world, ImportCandidate *row, const Volunteer *found)
{
    ImportSituation situation = {.found = found, .found_within_rights = true};
    return import_decide(world->arena, &world->plan, row, &situation);
}

static void expect_refused(ImportDecision decision, const ImportCandidate *row, const char *code)
{
    ASSERT_INT_EQUAL(IMPORT_REFUSE, decision.outcome);
    ASSERT(row->problems.count > 0);
    ASSERT_STR_EQUAL(code, row->problems.items[row->problems.count - 1].code);
}

/* ---- New people ---- */

TEST(import_decide, creates_who_can_be_told_from_others)
{
    const struct {
        VolunteerDraft draft;
        const char *refused; /* NULL: created */
    } rows[] = {
        {{.phone = "+8613800138000"}, NULL},
        {{.birth_date = "1990-01-02"}, NULL},
        {{.id_number = ID_NUMBER}, NULL},
        {{.email = "zhang@example.org"}, "identity_missing"},
        {{.number = "V0000000073", .phone = "+8613800138000"}, "volunteer_number_unknown"},
        {{.birth_date = "2010-01-02"}, "guardian_required"},
        {{.birth_date = "2008-01-02"}, "guardian_required"}, /* 18 tomorrow */
        {{.birth_date = "2008-01-01"}, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(world_done) World world;
        world_init(&world);
        VolunteerDraft draft = rows[i].draft;
        draft.name = "张三丰";
        ImportCandidate row = row_of(&world, draft);
        ImportDecision decision = decide(&world, &row, NULL);
        if (rows[i].refused != NULL) {
            expect_refused(decision, &row, rows[i].refused);
        } else {
            ASSERT_INT_EQUAL(IMPORT_CREATE, decision.outcome);
            ASSERT_STR_EQUAL("2", decision.after.consent->policy_version);
            ASSERT_STR_EQUAL("import", decision.after.consent->note);
        }
    }
}

TEST(import_decide, creates_minors_with_a_guardian)
{
    CLEANUP(world_done) World world;
    world_init(&world);
    Guardian guardian = {.name = "张翠山", .relation = "父亲", .phone = "+8613800138000"};
    ImportCandidate row = row_of(&world, (VolunteerDraft){.name = "张三丰",
                                                          .birth_date = "2010-01-02",
                                                          .guardian = &guardian});
    ASSERT_INT_EQUAL(IMPORT_CREATE, decide(&world, &row, NULL).outcome);
}

TEST(import_decide, asks_for_required_custom_fields_of_new_people_alone)
{
    static const CustomField REQUIRED[] = {{.key = "a", .required = true}, {.key = "b"}};
    CLEANUP(world_done) World world;
    world_init(&world);
    world.plan.custom_fields = REQUIRED;
    world.plan.custom_count = COUNT_OF(REQUIRED);
    VolunteerDraft draft = {.name = "张三丰", .phone = "+8613800138000", .custom = "{\"b\":1}"};
    ImportCandidate row = row_of(&world, draft);
    expect_refused(decide(&world, &row, NULL), &row, "required");
    ASSERT_STR_EQUAL("custom.a", row.problems.items[0].field);
    draft.custom = "{\"a\":1}";
    row = row_of(&world, draft);
    ASSERT_INT_EQUAL(IMPORT_CREATE, decide(&world, &row, NULL).outcome);
    Volunteer found = known(&world, ID_NUMBER);
    found.custom = "{}";
    row = row_of(&world, (VolunteerDraft){.name = "张三丰", .id_number = ID_NUMBER});
    ASSERT_INT_EQUAL(IMPORT_SKIP, decide(&world, &row, &found).outcome);
}

TEST(import_decide, refuses_rows_with_problems_whoever_they_mean)
{
    CLEANUP(world_done) World world;
    world_init(&world);
    Volunteer found = known(&world, NULL);
    ImportCandidate row =
        row_of(&world, (VolunteerDraft){.name = "张三丰", .phone = "+8613800138000"});
    import_add_problem(world.arena, &row, 0, "email", "invalid_email", NULL);
    expect_refused(decide(&world, &row, &found), &row, "invalid_email");
    expect_refused(decide(&world, &row, NULL), &row, "invalid_email");
}

/* ---- People who are there ---- */

TEST(import_decide, tells_known_people_from_likely_ones)
{
    static const struct {
        const char *known_id;
        VolunteerDraft draft;
        ImportOutcome outcome;
        const char *code; /* of the refusal */
    } rows[] = {
        /* By number: changed. */
        {NULL, {.number = "V0000000073", .email = "z@example.org"}, IMPORT_UPDATE, NULL},
        {NULL, {.number = "V0000000073"}, IMPORT_SKIP, NULL},
        /* By ID number: changed. */
        {ID_NUMBER, {.id_number = ID_NUMBER, .email = "z@example.org"}, IMPORT_UPDATE, NULL},
        {ID_NUMBER, {.id_number = ID_NUMBER, .phone = "+8613800138000"}, IMPORT_SKIP, NULL},
        /* By name and phone: the same, or for somebody to look at. */
        {NULL, {.phone = "+8613800138000"}, IMPORT_SKIP, NULL},
        {NULL,
         {.phone = "+8613800138000", .email = "z@example.org"},
         IMPORT_REFUSE,
         "possible_duplicate"},
        {NULL,
         {.phone = "+8613800138000", .id_number = ID_NUMBER},
         IMPORT_REFUSE,
         "possible_duplicate"},
        {ID_NUMBER, {.phone = "+8613800138000"}, IMPORT_SKIP, NULL},
        {ID_NUMBER,
         {.phone = "+8613800138000", .birth_date = "1980-01-02"},
         IMPORT_REFUSE,
         "possible_duplicate"},
        /* Both show ID numbers, and these differ: two people. */
        {ID_NUMBER, {.phone = "+8613800138000", .id_number = OTHER_ID_NUMBER}, IMPORT_CREATE, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(world_done) World world;
        world_init(&world);
        Volunteer found = known(&world, rows[i].known_id);
        VolunteerDraft draft = rows[i].draft;
        draft.name = "张三丰";
        ImportCandidate row = row_of(&world, draft);
        ImportDecision decision = decide(&world, &row, &found);
        ASSERT_INT_EQUAL(rows[i].outcome, decision.outcome);
        if (rows[i].code != NULL) {
            expect_refused(decision, &row, rows[i].code);
        } else if (rows[i].outcome != IMPORT_CREATE) {
            ASSERT_INT_EQUAL(7, decision.volunteer_id.value);
        }
    }
}

TEST(import_decide, changes_what_is_given_and_keeps_the_rest)
{
    CLEANUP(world_done) World world;
    world_init(&world);
    Volunteer found = known(&world, NULL);
    ImportCandidate row = row_of(&world, (VolunteerDraft){.name = "张三丰",
                                                          .number = "V0000000073",
                                                          .email = "z@example.org",
                                                          .custom = "{\"b\":3,\"c\":4}",
                                                          .unit_id = {9}});
    ImportDecision decision = decide(&world, &row, &found);
    ASSERT_INT_EQUAL(IMPORT_UPDATE, decision.outcome);
    ASSERT_INT_EQUAL(2, decision.changed.count);
    ASSERT_STR_EQUAL("email", decision.changed.items[0]);
    ASSERT_STR_EQUAL("custom", decision.changed.items[1]);
    ASSERT_STR_EQUAL("z@example.org", decision.after.email);
    ASSERT_STR_EQUAL("+8613800138000", decision.after.phone);
    json_t *custom = NULL;
    ASSERT_OK(
        json_parse(world.arena, decision.after.custom, strlen(decision.after.custom), &custom));
    ASSERT_INT_EQUAL(1, json_integer_value(json_object_get(custom, "a")));
    ASSERT_INT_EQUAL(3, json_integer_value(json_object_get(custom, "b")));
    ASSERT_INT_EQUAL(4, json_integer_value(json_object_get(custom, "c")));
    /* People move by their memberships, not by a list. */
    ASSERT_INT_EQUAL(3, decision.after.unit_id.value);
}

TEST(import_decide, leaves_people_alone_when_told_to)
{
    CLEANUP(world_done) World world;
    world_init(&world);
    Volunteer found = known(&world, NULL);
    world.plan.skip_existing = true;
    ImportCandidate row =
        row_of(&world, (VolunteerDraft){.number = "V0000000073", .email = "z@example.org"});
    ASSERT_INT_EQUAL(IMPORT_SKIP, decide(&world, &row, &found).outcome);
    row = row_of(&world, (VolunteerDraft){.name = "张三丰",
                                          .phone = "+8613800138000",
                                          .email = "z@example.org"});
    expect_refused(decide(&world, &row, &found), &row, "possible_duplicate");
}

TEST(import_decide, tells_nothing_of_people_beyond_the_own_units)
{
    const VolunteerDraft drafts[] = {
        {.name = "张三丰", .number = "V0000000073"},
        {.name = "张三丰", .phone = "+8613800138000"},
        {.name = "张三丰", .phone = "+8613800138000", .email = "z@example.org"},
        {.name = "别人", .id_number = ID_NUMBER},
    };
    for (size_t i = 0; i < COUNT_OF(drafts); i++) {
        CLEANUP(world_done) World world;
        world_init(&world);
        Volunteer found = known(&world, drafts[i].id_number);
        ImportCandidate row = row_of(&world, drafts[i]);
        ImportSituation situation = {.found = &found, .found_within_rights = false};
        ImportDecision decision = import_decide(world.arena, &world.plan, &row, &situation);
        expect_refused(decision, &row, "exists_elsewhere");
        ASSERT(row.problems.items[0].param == NULL && row.problems.items[0].field == NULL);
    }
}

TEST(import_decide, lets_no_change_contradict_the_id_number)
{
    static const VolunteerDraft DRAFTS[] = {
        {.number = "V0000000073", .birth_date = "1980-01-02"},
        {.number = "V0000000073", .gender = GENDER_MALE},
        {.number = "V0000000073", .id_document_type = "passport"},
    };
    for (size_t i = 0; i < COUNT_OF(DRAFTS); i++) {
        CLEANUP(world_done) World world;
        world_init(&world);
        Volunteer found = known(&world, ID_NUMBER);
        ImportCandidate row = row_of(&world, DRAFTS[i]);
        ASSERT_INT_EQUAL(IMPORT_REFUSE, decide(&world, &row, &found).outcome);
    }
}
