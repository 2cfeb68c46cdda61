#include "voms/membership/membership.h"

const char *const membership_states[] = {"applied", "active",   "inactive", "suspended",
                                         "left",    "rejected", NULL};

static const struct {
    MembershipState from;
    MembershipState to;
} TRANSITIONS[] = {
    {MEMBERSHIP_ACTIVE, MEMBERSHIP_INACTIVE},    {MEMBERSHIP_ACTIVE, MEMBERSHIP_SUSPENDED},
    {MEMBERSHIP_ACTIVE, MEMBERSHIP_LEFT},        {MEMBERSHIP_INACTIVE, MEMBERSHIP_ACTIVE},
    {MEMBERSHIP_INACTIVE, MEMBERSHIP_SUSPENDED}, {MEMBERSHIP_INACTIVE, MEMBERSHIP_LEFT},
    {MEMBERSHIP_SUSPENDED, MEMBERSHIP_ACTIVE},   {MEMBERSHIP_SUSPENDED, MEMBERSHIP_INACTIVE},
    {MEMBERSHIP_SUSPENDED, MEMBERSHIP_LEFT},
};

bool membership_rules_may_become(MembershipState from, MembershipState to)
{
    for (size_t i = 0; i < COUNT_OF(TRANSITIONS); i++) {
        if (TRANSITIONS[i].from == from && TRANSITIONS[i].to == to) {
            return true;
        }
    }
    return false;
}
