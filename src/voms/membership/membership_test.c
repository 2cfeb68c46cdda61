#include "tests/unit/test.h"
#include "voms/membership/membership.h"

TEST(membership, changes_by_its_table_alone)
{
    static const char *const ALLOWED[] = {
        /* from applied   */ "......",
        /* from active    */ "..xxx.",
        /* from inactive  */ ".x.xx.",
        /* from suspended */ ".xx.x.",
        /* from left      */ "......",
        /* from rejected  */ "......",
    };
    for (int from = 0; from < MEMBERSHIP_STATE_COUNT; from++) {
        for (int to = 0; to < MEMBERSHIP_STATE_COUNT; to++) {
            ASSERT_INT_EQUAL(ALLOWED[from][to] == 'x',
                             membership_rules_may_become((MembershipState)from,
                                                         (MembershipState)to));
        }
    }
}
