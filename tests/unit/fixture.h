/* fixture.h - a test of concepts on a fresh, migrated and started database of each driver.
 *
 *     FIXTURE_TEST(unit, cannot_be_moved_below_itself)
 *     {
 *         ASSERT_ERR(ERR_CONFLICT, unit_move(ctx, …));
 *     }
 *
 * runs as unit_sqlite.… and unit_postgres.… (which is skipped unless VOMS_TEST_POSTGRES is set, as
 * tests/unit/run does). ctx is the system's, in a fiber; passwords are hashed cheaply; the super
 * administrator is there. Each test ends by proving that nothing is left. */
#pragma once

#include "app/services.h"
#include "tests/unit/test.h"
#include "voms/volunteer/volunteer.h"

#define FIXTURE_SUPER_USERNAME "root.admin"
#define FIXTURE_SUPER_PASSWORD "Quiet-River-42x"
#define FIXTURE_PASSWORD "Bright-Lake-77z" /* of fixture_account */

typedef void FixtureBody(Ctx *ctx);

/* Runs body in a fiber, on a migrated and started organisation on that driver, and takes it down.
 */
void fixture_run(StoreDriver driver, FixtureBody *body);

#define FIXTURE_TEST(suite, name)                                                                  \
    static FixtureBody suite##_body_##name;                                                        \
    TEST(suite##_sqlite, name)                                                                     \
    {                                                                                              \
        fixture_run(STORE_SQLITE, suite##_body_##name);                                            \
    }                                                                                              \
    TEST(suite##_postgres, name)                                                                   \
    {                                                                                              \
        fixture_run(STORE_POSTGRES, suite##_body_##name);                                          \
    }                                                                                              \
    static void suite##_body_##name(Ctx *ctx)

/* Another ctx at the same instant: nobody's, an account's with its rights as they are now, the
 * super administrator's. Each has its own Db. */
Ctx *fixture_nobody(Ctx *ctx);
Ctx *fixture_as(Ctx *ctx, AccountId account_id);
Ctx *fixture_super(Ctx *ctx);

/* Moves the ctx and the process's clock on. */
void fixture_advance(Ctx *ctx, int64_t duration_ms);

/* Things to test with; they fail the test when they cannot be made. */
UnitId fixture_unit(Ctx *ctx, UnitId parent_id, const char *name);
AccountId fixture_account(Ctx *ctx, const char *username);
int64_t fixture_grant(Ctx *ctx, AccountId account_id, const char *role, UnitId unit_id);

/* An account with one role on one unit, and a ctx of its own. */
Ctx *fixture_with_role(Ctx *ctx, const char *username, const char *role, UnitId unit_id);

/* Somebody who serves, with the present consent; in the root unless the draft names a unit. */
VolunteerId fixture_volunteer(Ctx *ctx, VolunteerDraft draft);
Volunteer *fixture_find_volunteer(Ctx *ctx, VolunteerId id);

/* Calls the handler of a route in a transaction, as the dispatcher does once the rights are
 * checked. path may have a query. *ret_answer has the parsed answer, NULL if there is none. */
Err *fixture_call(Ctx *ctx, HttpMethod method, const char *path, const char *body,
                  json_t **ret_answer);
