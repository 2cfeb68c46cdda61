#include "voms/unit/unit.h"

#include "tests/unit/fixture.h"
#include "voms/access/access.h"
#include "voms/unit/unit_internal.h"

static Unit *find(Ctx *ctx, UnitId unit_id)
{
    Unit *unit = NULL;
    ASSERT_OK(unit_find(ctx, unit_id, &unit));
    return unit;
}

FIXTURE_TEST(unit, paths_follow_names_and_moves)
{
    Unit *moved = NULL;
    Unit *renamed = NULL;
    UnitId a = fixture_unit(ctx, UNIT_ROOT, "甲队");
    UnitId b = fixture_unit(ctx, UNIT_ROOT, "乙队");
    UnitId child = fixture_unit(ctx, a, "小队");
    UnitId grandchild = fixture_unit(ctx, child, "小小队");
    const char *root = find(ctx, UNIT_ROOT)->name;
    ASSERT_STR_EQUAL(arena_printf(ctx->arena, "/1/%" PRId64 "/%" PRId64 "/%" PRId64 "/", a.value,
                                  child.value, grandchild.value),
                     find(ctx, grandchild)->path);
    ASSERT_INT_EQUAL(3, find(ctx, grandchild)->depth);
    ASSERT_OK(unit_move(ctx, child, b, &moved));
    ASSERT_INT_EQUAL(b.value, moved->parent_id.value);
    ASSERT_STR_EQUAL(arena_printf(ctx->arena, "%s / 乙队 / 小队 / 小小队", root),
                     find(ctx, grandchild)->path_names);
    ASSERT_STR_EQUAL(arena_printf(ctx->arena, "/1/%" PRId64 "/%" PRId64 "/%" PRId64 "/", b.value,
                                  child.value, grandchild.value),
                     find(ctx, grandchild)->path);
    Unit changed = *find(ctx, b);
    changed.name = "丙队";
    ASSERT_OK(unit_update(ctx, find(ctx, b), &changed, &renamed));
    ASSERT_STR_EQUAL(arena_printf(ctx->arena, "%s / 丙队 / 小队 / 小小队", root),
                     find(ctx, grandchild)->path_names);
    ASSERT_INT_EQUAL(2, renamed->version);
}

FIXTURE_TEST(unit, move_up_and_down_keeps_the_depth_right)
{
    Unit *moved = NULL;
    UnitId a = fixture_unit(ctx, UNIT_ROOT, "A");
    UnitId b = fixture_unit(ctx, a, "B");
    UnitId c = fixture_unit(ctx, b, "C");
    ASSERT_OK(unit_move(ctx, c, UNIT_ROOT, &moved));
    ASSERT_INT_EQUAL(1, moved->depth);
    ASSERT_OK(unit_move(ctx, a, c, &moved));
    ASSERT_INT_EQUAL(3, find(ctx, b)->depth);
}

FIXTURE_TEST(unit, never_comes_below_itself)
{
    Unit *moved = NULL;
    UnitId top = fixture_unit(ctx, UNIT_ROOT, "Top");
    UnitId below = fixture_unit(ctx, top, "Below");
    UnitId deep = fixture_unit(ctx, below, "Deep");
    const UnitId targets[] = {top, below, deep};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        Err *err = unit_move(ctx, top, targets[i], &moved);
        ASSERT_ERR(ERR_CONFLICT, err);
        ASSERT_STR_EQUAL("unit_move_cycle", err->code);
    }
    ASSERT_ERR(ERR_CONFLICT, unit_move(ctx, UNIT_ROOT, deep, &moved));
    ASSERT_ERR(ERR_INVALID, unit_move(ctx, deep, (UnitId){999}, &moved));
    ASSERT_INT_EQUAL(UNIT_ROOT.value, find(ctx, top)->parent_id.value);
}

FIXTURE_TEST(unit, depth_is_bounded_also_by_moves)
{
    Unit *moved = NULL;
    UnitId at = UNIT_ROOT;
    for (int depth = 1; depth <= UNIT_DEPTH_MAX; depth++) {
        at = fixture_unit(ctx, at, "deeper");
    }
    Unit draft = {.parent_id = at, .name = "too deep"};
    ASSERT_ERR(ERR_INVALID, unit_insert(ctx, &draft, &moved));
    UnitId pair = fixture_unit(ctx, UNIT_ROOT, "pair");
    fixture_unit(ctx, pair, "second");
    ASSERT_ERR(ERR_INVALID, unit_move(ctx, pair, find(ctx, at)->parent_id, &moved));
}

FIXTURE_TEST(unit, names_are_unique_among_siblings_and_codes_everywhere)
{
    Unit *unit = NULL;
    UnitId a = fixture_unit(ctx, UNIT_ROOT, "A");
    UnitId b = fixture_unit(ctx, UNIT_ROOT, "B");
    fixture_unit(ctx, a, "same");
    UnitId other = fixture_unit(ctx, b, "same");
    Err *err = unit_move(ctx, other, a, &unit);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("unit_name_taken", err->code);
    Unit draft = {.parent_id = a, .name = "coded", .code = "north"};
    ASSERT_OK(unit_insert(ctx, &draft, &unit));
    draft = (Unit){.parent_id = b, .name = "other", .code = "north"};
    err = unit_insert(ctx, &draft, &unit);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("unit_code_taken", err->code);
}

FIXTURE_TEST(unit, is_found_by_code_or_by_a_name_that_only_one_has)
{
    Unit *unit = NULL;
    UnitId a = fixture_unit(ctx, UNIT_ROOT, "A");
    fixture_unit(ctx, a, "twice");
    fixture_unit(ctx, UNIT_ROOT, "twice");
    Unit draft = {.parent_id = a, .name = "coded", .code = "north"};
    ASSERT_OK(unit_insert(ctx, &draft, &unit));
    ASSERT_OK(unit_find_by_label(ctx, "north", &unit));
    ASSERT_STR_EQUAL("coded", unit->name);
    ASSERT_OK(unit_find_by_label(ctx, "A", &unit));
    ASSERT_INT_EQUAL(a.value, unit->id.value);
    ASSERT_OK(unit_find_by_label(ctx, "twice", &unit));
    ASSERT(unit == NULL);
    ASSERT_OK(unit_find_by_label(ctx, "nowhere", &unit));
    ASSERT(unit == NULL);
}

static void expect_in_use(Ctx *ctx, UnitId unit_id, const char *by)
{
    Err *err = unit_delete(ctx, unit_id);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("unit_in_use", err->code);
    ASSERT_STR_EQUAL(by, err->current);
}

static void add_activity(Ctx *ctx, UnitId recruiting, UnitId recording)
{
    json_t *answer = NULL;
    const char *body = arena_printf(ctx->arena,
                                    "{\"unit_id\": %lld, \"recording_unit_id\": %lld, "
                                    "\"name\": \"x\", \"category\": \"y\"}",
                                    (long long)recruiting.value, (long long)recording.value);
    ASSERT_OK(
        fixture_call(fixture_super(ctx), HTTP_POST, "/api/v1/admin/activities", body, &answer));
}

FIXTURE_TEST(unit, is_deleted_only_when_nothing_needs_it)
{
    Unit *unit = NULL;
    UnitId parent = fixture_unit(ctx, UNIT_ROOT, "Parent");
    UnitId child = fixture_unit(ctx, parent, "Child");
    AccountId account_id = fixture_account(ctx, "li.na");
    expect_in_use(ctx, parent, "units");
    fixture_grant(ctx, account_id, "auditor", child);
    expect_in_use(ctx, child, "grants");
    ASSERT_ERR(ERR_CONFLICT, unit_delete(ctx, UNIT_ROOT));
    UnitId recruiting = fixture_unit(ctx, parent, "Recruits");
    UnitId recording = fixture_unit(ctx, parent, "Records");
    add_activity(ctx, recruiting, recording);
    expect_in_use(ctx, recruiting, "activities");
    expect_in_use(ctx, recording, "activities");
    UnitId empty = fixture_unit(ctx, parent, "Empty");
    ASSERT_OK(unit_delete(ctx, empty));
    ASSERT_ERR(ERR_NOT_FOUND, unit_find(ctx, empty, &unit));
}

static size_t count_pages(Ctx *ctx, UnitQuery *query, const char **ret_names)
{
    Str names;
    size_t count = 0;
    UnitPage page = {};
    str_init(&names, ctx->arena);
    query->limit = 2;
    do {
        ASSERT_OK(unit_list(ctx, query, &page));
        const Unit *units = page.units.items;
        for (size_t i = 0; i < page.units.count; i++) {
            str_printf(&names, "%s ", units[i].name);
        }
        count += page.units.count;
        query->cursor = page.next_cursor;
    } while (query->cursor != NULL);
    *ret_names = str_text(&names);
    return count;
}

FIXTURE_TEST(unit, list_pages_in_order_and_shows_only_what_the_caller_may_see)
{
    const char *names = NULL;
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    fixture_unit(ctx, UNIT_ROOT, "South");
    fixture_unit(ctx, north, "Team C");
    fixture_unit(ctx, north, "Team A");
    fixture_unit(ctx, north, "Team B");
    ASSERT_INT_EQUAL(6, count_pages(ctx, &(UnitQuery){}, &names));
    ASSERT_INT_EQUAL(3,
                     count_pages(ctx, &(UnitQuery){.parent_id = north, .by_name = true}, &names));
    ASSERT_STR_EQUAL("Team A Team B Team C ", names);
    count_pages(ctx, &(UnitQuery){.parent_id = north, .by_name = true, .descending = true}, &names);
    ASSERT_STR_EQUAL("Team C Team B Team A ", names);
    count_pages(ctx, &(UnitQuery){.q = "team b"}, &names);
    ASSERT_STR_EQUAL("Team B ", names);
    Ctx *confined = fixture_with_role(ctx, "li.na", "coordinator", north);
    ASSERT_INT_EQUAL(4, count_pages(confined, &(UnitQuery){}, &names));
    ASSERT_STR_EQUAL("North Team C Team A Team B ", names);
    count_pages(confined, &(UnitQuery){.descending = true}, &names);
    ASSERT_STR_EQUAL("Team B Team A Team C North ", names);
    Ctx *nothing = fixture_as(ctx, fixture_account(ctx, "nobody.much"));
    ASSERT_INT_EQUAL(0, count_pages(nothing, &(UnitQuery){}, &names));
    ASSERT_INT_EQUAL(5,
                     count_pages(fixture_nobody(ctx), &(UnitQuery){.public_only = true}, &names));
}

FIXTURE_TEST(unit, move_gives_nobody_rights_that_he_lacks)
{
    UnitId mine = fixture_unit(ctx, UNIT_ROOT, "Mine");
    UnitId seen = fixture_unit(ctx, UNIT_ROOT, "Seen");
    Ctx *caller = fixture_with_role(ctx, "li.na", "unit_administrator", mine);
    fixture_grant(ctx, caller->caller.account_id, "coordinator", seen);
    caller = fixture_as(ctx, caller->caller.account_id);
    Err *err = unit_check_move(caller, seen, mine);
    ASSERT_ERR(ERR_FORBIDDEN, err);
    ASSERT_STR_EQUAL("move_exceeds_own", err->code);
    ASSERT_OK(unit_check_move(caller, mine, seen));
    ASSERT_OK(unit_check_move(fixture_super(ctx), seen, mine));
}
