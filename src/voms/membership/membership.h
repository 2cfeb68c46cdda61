/* membership.h - volunteers in units: asking to join, being there, asking to leave. */
#pragma once

#include "app/services.h"
#include "voms/volunteer/volunteer.h"

typedef enum MembershipState {
    MEMBERSHIP_APPLIED,
    MEMBERSHIP_ACTIVE,
    MEMBERSHIP_INACTIVE,
    MEMBERSHIP_SUSPENDED,
    MEMBERSHIP_LEFT,
    MEMBERSHIP_REJECTED,
    MEMBERSHIP_STATE_COUNT
} MembershipState;

extern const char *const membership_states[];

typedef struct Membership {
    int64_t id;
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    UnitId unit_id;
    const char *unit_name;
    int state;
    const char *reason;
    TimeMs leave_requested_at; /* 0: no */
    TimeMs joined_at;
    TimeMs left_at;
    AccountId decided_by;
    TimeMs decided_at;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Membership;

extern const Shape membership_shape;
extern const Concept membership_concept;

/* May a membership be set from one state to another by who decides? Applied ones are decided on
 * instead; left and rejected ones are over. */
bool membership_rules_may_become(MembershipState from, MembershipState to);

typedef struct MembershipSeed {
    VolunteerId volunteer_id;
    UnitId unit_id;
    MembershipState state; /* MEMBERSHIP_APPLIED or MEMBERSHIP_ACTIVE */
    TimeMs at;
} MembershipSeed;

/* Makes first memberships of new volunteers. In the open transaction. Yields. */
YIELDS Err *membership_insert_many(Ctx *ctx, const MembershipSeed *seeds, size_t count);

typedef struct MembershipRequest {
    VolunteerId volunteer_id;
    UnitId unit_id;
    const char *reason;
    bool by_staff; /* no approval needed */
} MembershipRequest;

/* Puts a volunteer into a unit: applied, or active when no approval is needed, with history and the
 * event membership.applied or membership.decided. In the open transaction. Yields. Fails with
 * ERR_CONFLICT ("membership_exists", current: its state), ERR_INVALID (unit_id). */
YIELDS Err *membership_join(Ctx *ctx, const MembershipRequest *request, int64_t *ret_id);

/* Makes sure that the volunteer has an active membership in the unit. Yields. */
YIELDS Err *membership_ensure(Ctx *ctx, VolunteerId volunteer_id, UnitId unit_id,
                              const char *reason);

typedef struct MembershipQuery {
    const char *permission; /* that confines: "membership:read" */
    UnitId unit_id;         /* with all below; 0: all */
    int state;              /* -1: all */
    int leave_requested;    /* 1: only those, 0: only the others, -1: all */
    bool descending;
    int64_t after_id; /* 0: from the start */
    int64_t limit;
} MembershipQuery;

/* Memberships that the caller may see, in the order of ids. Yields. */
YIELDS Err *membership_list(Ctx *ctx, const MembershipQuery *query, ObjectList *ret_memberships);

/* Reads the filters of a request: those of GET /memberships and its export. ERR_INVALID. */
Err *membership_query_read(const HttpRequest *req, MembershipQuery *ret_query);

/* How many there are, up to VOLUNTEER_TOTAL_MAX. Yields. */
YIELDS Err *membership_count(Ctx *ctx, const MembershipQuery *query, int64_t *ret_total);

/* Forgets reasons that people gave. Yields. */
YIELDS Err *membership_anonymise(Ctx *ctx, VolunteerId volunteer_id);

/* Decides the membership that an application came with. *ret_id may be NULL. Yields. */
YIELDS Err *membership_decide_application(Ctx *ctx, VolunteerId volunteer_id, bool approve,
                                          const char *reason);

/* Ends what has not ended: the volunteer is archived, or anonymised. Yields. */
YIELDS Err *membership_end_all(Ctx *ctx, VolunteerId volunteer_id, const char *reason);

/* Moves all memberships of one volunteer to another: where both have a lasting one in a unit the
 * moved one ends. Yields. */
YIELDS Err *membership_move(Ctx *ctx, VolunteerId from, VolunteerId to);

/* The memberships of a volunteer with ids below before_id (0: all), newest first. Yields. */
YIELDS Err *membership_list_of(Ctx *ctx, VolunteerId volunteer_id, int64_t before_id, int64_t limit,
                               ObjectList *ret_memberships);

/* How many memberships a volunteer has. Yields. */
YIELDS Err *membership_count_of(Ctx *ctx, VolunteerId volunteer_id, int64_t *ret_total);

/* Finds one, whoever asks. Yields. ERR_NOT_FOUND ("membership_not_found"). */
YIELDS Err *membership_find(Ctx *ctx, int64_t id, Membership **ret_membership);

/* The volunteer asks to leave: it ends at once, or waits for a decision. In the open transaction.
 * Yields. ERR_CONFLICT ("state_conflict"). */
YIELDS Err *membership_leave(Ctx *ctx, const Membership *membership, const char *reason);
