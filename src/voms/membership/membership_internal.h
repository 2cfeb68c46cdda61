/* membership_internal.h - what the files of this concept share. */
#pragma once

#include "voms/access/access.h"
#include "voms/membership/membership.h"

/* Writes state, reason and times. Yields. ERR_BUSY if it changed since it was read. */
YIELDS Err *membership_write(Ctx *ctx, const Membership *membership);

/* Sets the state with history, audit and event. Yields. */
YIELDS Err *membership_set_state(Ctx *ctx, const Membership *membership, MembershipState state,
                                 const char *reason);

/* Adds to the volunteer's history and to the audit log; before may be NULL. Yields. */
YIELDS Err *membership_tell(Ctx *ctx, const Membership *membership, const char *action,
                            const char *reason, const char *before);

/* Publishes an event about a membership. Yields. */
YIELDS Err *membership_publish(Ctx *ctx, const char *subject, const Membership *membership);

/* ERR_CONFLICT ("state_conflict"). */
Err *membership_conflict(Ctx *ctx, const Membership *membership);
