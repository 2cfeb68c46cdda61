#include <string.h>

#include "tests/unit/fixture.h"
#include "voms/audit/audit_internal.h"
#include "voms/unit/unit.h"

static void record(Ctx *ctx, const char *action, int64_t object_id, UnitId unit_id)
{
    ASSERT_OK(audit_record(ctx, &(AuditEntry){.action = action,
                                              .object_type = "thing",
                                              .object_id = object_id,
                                              .unit_id = unit_id,
                                              .changes = "{\"a\":{\"before\":1,\"after\":2}}",
                                              .purpose = "because"}));
}

static AuditVerification verify(Ctx *ctx)
{
    AuditVerification verification = {};
    ASSERT_OK(audit_verify(ctx, &verification));
    return verification;
}

/* What somebody with the database's password would do. */
static const SqlStatement DISARM = {
    .name = "test_disarm",
    .sqlite = "DROP TRIGGER audit_entry_update",
    .postgres = "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_update",
    .writes = true};
static const SqlStatement DISARM_DELETE = {
    .name = "test_disarm_delete",
    .sqlite = "DROP TRIGGER audit_entry_delete",
    .postgres = "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_delete",
    .writes = true};
#define STATEMENT(name_, text)                                                                     \
    static const SqlStatement name_ = {                                                            \
        .name = #name_, .sqlite = text, .postgres = text, .param_count = 1, .writes = true}
STATEMENT(CHANGE, "UPDATE audit_entry SET actor_name = 'somebody else' WHERE sequence = $1");
STATEMENT(CHANGE_CHANGES, "UPDATE audit_entry SET changes = '{}' WHERE sequence = $1");
STATEMENT(DELETE, "DELETE FROM audit_entry WHERE sequence = $1");
STATEMENT(RENUMBER, "UPDATE audit_entry SET sequence = sequence - 1 WHERE sequence > $1");

static Err *tamper(Ctx *ctx, const SqlStatement *statement, int64_t sequence)
{
    return store_exec(ctx->db, statement, ARGS(sql_int(sequence)), NULL);
}

static int64_t seal_some(Ctx *ctx, int count)
{
    for (int i = 0; i < count; i++) {
        record(ctx, "thing.change", i + 1, UNIT_ROOT);
    }
    ASSERT_OK(audit_seal(ctx));
    return verify(ctx).entries;
}

FIXTURE_TEST(audit, chain_is_whole_after_sealing)
{
    int64_t before = seal_some(ctx, 0);
    record(ctx, "thing.change", 1, UNIT_ROOT);
    AuditVerification verification = verify(ctx);
    ASSERT_INT_EQUAL(before, verification.entries);
    ASSERT_INT_EQUAL(1, verification.unsealed);
    ASSERT_INT_EQUAL(0, verification.unsealed_old);
    fixture_advance(ctx, 10 * MINUTE_MS);
    ASSERT_INT_EQUAL(1, verify(ctx).unsealed_old);
    ASSERT_OK(audit_seal(ctx));
    ASSERT_OK(audit_seal(ctx));
    verification = verify(ctx);
    ASSERT_INT_EQUAL(before + 1, verification.entries);
    ASSERT_INT_EQUAL(0, verification.unsealed);
    ASSERT_INT_EQUAL(0, verification.broken_at);
    ASSERT_INT_EQUAL(64, strlen(verification.head_hash));
}

FIXTURE_TEST(audit, more_than_a_page_is_sealed_and_verified)
{
    int64_t before = seal_some(ctx, 0);
    ASSERT_INT_EQUAL(before + 1203, seal_some(ctx, 1203));
    ASSERT_INT_EQUAL(0, verify(ctx).broken_at);
}

FIXTURE_TEST(audit, database_itself_refuses_changes)
{
    seal_some(ctx, 3);
    ASSERT(tamper(ctx, &CHANGE, 2) != NULL);
    ASSERT(tamper(ctx, &DELETE, 2) != NULL);
    ASSERT(tamper(ctx, &RENUMBER, 2) != NULL);
    ASSERT_INT_EQUAL(0, verify(ctx).broken_at);
}

FIXTURE_TEST(audit, change_of_an_entry_is_found)
{
    seal_some(ctx, 5);
    ASSERT_OK(store_exec(ctx->db, &DISARM, NO_ARGS, NULL));
    ASSERT_OK(tamper(ctx, &CHANGE, 3));
    ASSERT_INT_EQUAL(3, verify(ctx).broken_at);
    ASSERT(verify(ctx).reason != NULL);
}

FIXTURE_TEST(audit, change_of_before_and_after_is_found)
{
    int64_t last = seal_some(ctx, 5);
    ASSERT_OK(store_exec(ctx->db, &DISARM, NO_ARGS, NULL));
    ASSERT_OK(tamper(ctx, &CHANGE_CHANGES, last));
    ASSERT_INT_EQUAL(last, verify(ctx).broken_at);
}

FIXTURE_TEST(audit, removal_in_the_middle_is_found_even_when_renumbered)
{
    seal_some(ctx, 5);
    ASSERT_OK(store_exec(ctx->db, &DISARM, NO_ARGS, NULL));
    ASSERT_OK(store_exec(ctx->db, &DISARM_DELETE, NO_ARGS, NULL));
    ASSERT_OK(tamper(ctx, &DELETE, 3));
    ASSERT_INT_EQUAL(4, verify(ctx).broken_at);
    ASSERT_OK(tamper(ctx, &RENUMBER, 3));
    ASSERT_INT_EQUAL(3, verify(ctx).broken_at);
}

FIXTURE_TEST(audit, removal_at_the_end_is_found)
{
    int64_t last = seal_some(ctx, 5);
    ASSERT_OK(store_exec(ctx->db, &DISARM_DELETE, NO_ARGS, NULL));
    ASSERT_OK(tamper(ctx, &DELETE, last));
    ASSERT_INT_EQUAL(last, verify(ctx).broken_at);
}

FIXTURE_TEST(audit, list_is_confined_and_newest_first)
{
    ObjectList rows = {};
    AuditRow *row = NULL;
    int64_t total = 0;
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    UnitId south = fixture_unit(ctx, UNIT_ROOT, "South");
    record(ctx, "thing.change", 1, north);
    record(ctx, "thing.change", 2, south);
    record(ctx, "thing.change", 3, north);
    AuditQuery query = {.object_type = "thing", .limit = 10};
    ASSERT_OK(audit_list(ctx, &query, &rows));
    ASSERT_INT_EQUAL(3, rows.count);
    AuditRow of_south = ((const AuditRow *)rows.items)[1];
    Ctx *confined = fixture_with_role(ctx, "li.na", "unit_administrator", north);
    ASSERT_OK(audit_list(confined, &query, &rows));
    const AuditRow *items = rows.items;
    ASSERT_INT_EQUAL(2, rows.count);
    ASSERT_INT_EQUAL(3, items[0].object_id);
    ASSERT_INT_EQUAL(1, items[1].object_id);
    ASSERT_OK(audit_count(confined, &query, &total));
    ASSERT_INT_EQUAL(2, total);
    query.before_id = items[0].id;
    ASSERT_OK(audit_list(confined, &query, &rows));
    ASSERT_INT_EQUAL(1, rows.count);
    ASSERT_OK(audit_find(confined, items[0].id, &row));
    ASSERT_STR_EQUAL("{\"a\":{\"before\":1,\"after\":2}}", row->changes);
    ASSERT_STR_EQUAL("because", row->purpose);
    ASSERT_ERR(ERR_NOT_FOUND, audit_find(confined, of_south.id, &row));
    Ctx *nothing = fixture_with_role(ctx, "wang.wei", "front_desk", UNIT_ROOT);
    query.before_id = 0;
    ASSERT_OK(audit_list(nothing, &query, &rows));
    ASSERT_INT_EQUAL(0, rows.count);
    query.object_id = 2;
    query.from = ctx->now;
    query.to = ctx->now + 1;
    ASSERT_OK(audit_list(ctx, &query, &rows));
    ASSERT_INT_EQUAL(1, rows.count);
}
