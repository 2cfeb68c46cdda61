#include <string.h>

#include "tests/unit/fixture.h"
#include "voms/access/access_internal.h"
#include "voms/account/account.h"
#include "voms/unit/unit.h"

static int64_t role_id_of(Ctx *ctx, const char *code)
{
    int64_t role_id = 0;
    ASSERT_OK(access_find_role_id(ctx, code, &role_id));
    ASSERT(role_id != 0);
    return role_id;
}

FIXTURE_TEST(access, grant_covers_the_unit_and_all_below_it)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId team = fixture_unit(ctx, north, "Team");
    UnitId south = fixture_unit(ctx, UNIT_ROOT, "South");
    Ctx *caller = fixture_with_role(ctx, "li.na", "unit_administrator", north);
    ASSERT_OK(access_check_unit(caller, north, "unit:read", "unit:update"));
    ASSERT_OK(access_check_unit(caller, team, "unit:read", "unit:update"));
    ASSERT_ERR(ERR_NOT_FOUND, access_check_unit(caller, south, "unit:read", "unit:update"));
    ASSERT_ERR(ERR_NOT_FOUND, access_check_unit(caller, UNIT_ROOT, "unit:read", "unit:update"));
    ASSERT_ERR(ERR_NOT_FOUND, access_check_unit(caller, (UnitId){999}, "unit:read", "unit:read"));
    ASSERT_ERR(ERR_INVALID,
               access_check_unit_field(caller, south, "unit_id", "unit:read", "unit:update"));
    Ctx *reader = fixture_with_role(ctx, "wang.wei", "front_desk", north);
    Err *err = access_check_unit(reader, team, "unit:read", "unit:update");
    ASSERT_ERR(ERR_FORBIDDEN, err);
    ASSERT_STR_EQUAL("permission_missing", err->code);
    ASSERT_STR_EQUAL("unit:update", err->param);
    ASSERT(strstr(err->message, "reason=permission_missing permission=unit:update") != NULL);
}

FIXTURE_TEST(access, statements_are_confined_by_what_the_caller_holds)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    Ctx *confined = fixture_with_role(ctx, "li.na", "coordinator", north);
    Ctx *root = fixture_with_role(ctx, "wang.wei", "auditor", UNIT_ROOT);
    ASSERT_INT_EQUAL(confined->caller.account_id.value,
                     access_confine(confined, "unit:read").account);
    ASSERT_INT_EQUAL(-1, access_confine(confined, "audit:read").account);
    ASSERT_INT_EQUAL(0, access_confine(root, "audit:read").account);
    ASSERT_INT_EQUAL(0, access_confine(ctx, "audit:read").account);
    ASSERT_INT_EQUAL(0, access_confine(fixture_super(ctx), "audit:read").account);
    ASSERT_INT_EQUAL(-1, access_confine(fixture_nobody(ctx), "audit:read").account);
    ASSERT(!access_may_anywhere(fixture_super(ctx), "no:such"));
    ASSERT(access_may_anywhere(confined, "unit:read"));
    ASSERT(!access_may_everywhere(confined, "unit:read"));
}

FIXTURE_TEST(access, nobody_gives_what_he_does_not_hold)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId south = fixture_unit(ctx, UNIT_ROOT, "South");
    Ctx *caller = fixture_with_role(ctx, "li.na", "unit_administrator", north);
    ASSERT_OK(access_check_grant(caller, role_id_of(ctx, "unit_administrator"), north));
    ASSERT_OK(access_check_grant(caller, role_id_of(ctx, "volunteer"), north));
    Err *err = access_check_grant(caller, ROLE_SUPER_ADMINISTRATOR, north);
    ASSERT_ERR(ERR_FORBIDDEN, err);
    ASSERT_STR_EQUAL("grant_exceeds_own", err->code);
    /* What he has in one unit he may not give in another, or above. */
    fixture_grant(ctx, caller->caller.account_id, "auditor", south);
    caller = fixture_as(ctx, caller->caller.account_id);
    ASSERT_ERR(ERR_FORBIDDEN, access_check_grant(caller, role_id_of(ctx, "front_desk"), south));
    ASSERT_ERR(ERR_INVALID, access_check_grant(caller, role_id_of(ctx, "front_desk"), UNIT_ROOT));
    ASSERT_ERR(ERR_INVALID, access_check_grant(caller, 999, north));
    ASSERT_OK(access_check_grant(fixture_super(ctx), ROLE_SUPER_ADMINISTRATOR, UNIT_ROOT));
}

FIXTURE_TEST(access, stronger_accounts_are_left_alone)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId team = fixture_unit(ctx, north, "Team");
    Ctx *caller = fixture_with_role(ctx, "li.na", "unit_administrator", north);
    Ctx *super = fixture_super(ctx);
    AccountId weak = fixture_account(ctx, "weak.one");
    ASSERT_OK(access_check_not_stronger(caller, weak, false));
    fixture_grant(ctx, weak, "unit_administrator", team);
    ASSERT_OK(access_check_not_stronger(caller, weak, false));
    fixture_grant(ctx, weak, "front_desk", UNIT_ROOT);
    Err *err = access_check_not_stronger(caller, weak, false);
    ASSERT_ERR(ERR_FORBIDDEN, err);
    ASSERT_STR_EQUAL("account_stronger", err->code);
    ASSERT_ERR(ERR_FORBIDDEN, access_check_not_stronger(caller, super->caller.account_id, true));
    ASSERT_OK(access_check_not_stronger(super, weak, false));
}

FIXTURE_TEST(access, revoked_grant_ends_at_once)
{
    Ctx *caller = fixture_with_role(ctx, "li.na", "auditor", UNIT_ROOT);
    ObjectList grants = {};
    ASSERT(access_may_everywhere(caller, "audit:read"));
    ASSERT_OK(access_list_grants(ctx, caller->caller.account_id, 0, 10, &grants));
    ASSERT_INT_EQUAL(1, grants.count);
    ASSERT_OK(grant_delete(ctx, grants.items));
    caller = fixture_as(ctx, caller->caller.account_id);
    ASSERT(!access_may_anywhere(caller, "audit:read"));
    ASSERT_ERR(ERR_FORBIDDEN, access_check_everywhere(caller, "audit:read"));
}

static TextList texts(Ctx *ctx, const char *a, const char *b)
{
    TextList list = {.items = ARENA_ARRAY(ctx->arena, const char *, 2)};
    const char *both[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        if (both[i] != NULL) {
            list.items[list.count++] = both[i];
        }
    }
    return list;
}

FIXTURE_TEST(access, change_of_a_role_holds_from_the_next_request_on)
{
    Role *role = NULL;
    int64_t grant_id = 0;
    Role draft = {.code = "reader",
                  .name_zh = "读者",
                  .name_en = "Reader",
                  .permissions = texts(ctx, "unit:read", "audit:read")};
    ASSERT_OK(role_insert(ctx, &draft, &role));
    ASSERT_INT_EQUAL(2, role->permissions.count);
    ASSERT_STR_EQUAL("audit:read", role->permissions.items[0]);
    ASSERT_ERR(ERR_CONFLICT, role_insert(ctx, &draft, &role));
    AccountId account_id = fixture_account(ctx, "li.na");
    ASSERT_OK(access_insert_grant(ctx, account_id, role->id, UNIT_ROOT, &grant_id));
    ASSERT_ERR(ERR_CONFLICT, access_insert_grant(ctx, account_id, role->id, UNIT_ROOT, &grant_id));
    ASSERT(access_may_everywhere(fixture_as(ctx, account_id), "audit:read"));
    Role changed = *role;
    changed.permissions = texts(ctx, "unit:read", NULL);
    Role *after = NULL;
    ASSERT_OK(role_update(ctx, role, &changed, &after));
    ASSERT(!access_may_anywhere(fixture_as(ctx, account_id), "audit:read"));
    ASSERT_ERR(ERR_STALE, role_update(ctx, role, &changed, &after));
    Err *err = role_delete(ctx, role->id);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("role_granted", err->code);
    err = role_delete(ctx, role_id_of(ctx, "auditor"));
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("role_shipped", err->code);
}

FIXTURE_TEST(access, shipped_roles_hold_what_they_are_for)
{
    ObjectList roles = {};
    ASSERT_OK(role_list(ctx, 0, 100, &roles));
    const Role *items = roles.items;
    ASSERT_INT_EQUAL(7, roles.count);
    ASSERT_STR_EQUAL("super_administrator", items[0].code);
    ASSERT_INT_EQUAL(permission_count(), items[0].permissions.count);
    for (size_t i = 0; i < items[5].permissions.count; i++) {
        ASSERT_STR_EQUAL("auditor", items[5].code);
        ASSERT(str_ends_with(items[5].permissions.items[i], ":read"));
    }
    ASSERT_STR_EQUAL("volunteer", items[6].code);
    ASSERT_INT_EQUAL(0, items[6].permissions.count);
    for (size_t i = 0; i < roles.count; i++) {
        ASSERT(items[i].shipped);
    }
}

TEST(access, difference_of_sorted_lists)
{
    Arena *arena = arena_new();
    const char *first[] = {"a:x", "b:x", "d:x"};
    const char *second[] = {"b:x", "c:x"};
    TextList a = {first, 3};
    TextList b = {second, 2};
    TextList difference = access_rules_minus(arena, &a, &b);
    ASSERT_INT_EQUAL(2, difference.count);
    ASSERT_STR_EQUAL("a:x", difference.items[0]);
    ASSERT_STR_EQUAL("d:x", difference.items[1]);
    ASSERT_INT_EQUAL(1, access_rules_minus(arena, &b, &a).count);
    ASSERT_INT_EQUAL(0, access_rules_minus(arena, &a, &a).count);
    arena_free(arena);
}
