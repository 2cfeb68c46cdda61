/* activity.h - what people take part in: projects, activities, their positions and shifts.
 *
 * Rights: on the activity's unit by a role, or on one activity alone by activity_manager (view
 * activity_right(account_id, activity_id, permission)): a manager holds activity:read,
 * activity:manage, signup:* and attendance:*, the front desk attendance:record.
 *
 * Messages, each in the transaction of its change, key "activity:<id>" or "shift:<id>":
 *   activity.published, activity.changed, activity.cancelled, activity.started, activity.ended,
 *   activity.settled   {"activity_id", "unit_id", "state", "reason"}
 *   activity.planned   {"activity_id"}: its shifts or their places changed, in whatever state it is
 *   shift.changed      {"activity_id", "shift_id", "starts_at", "ends_at", "old_starts_at",
 *                       "old_ends_at", "moved", "place_changed", "places_changed"}
 *   shift.cancelled    {"activity_id", "shift_id", "reason"}
 * Instants in them are RFC 3339. A cancelled activity's shifts are cancelled with it, without a
 * message each. */
#pragma once

#include "app/services.h"

typedef struct ActivityId {
    int64_t value;
} ActivityId;
typedef struct ShiftId {
    int64_t value;
} ShiftId;
typedef struct PositionId {
    int64_t value;
} PositionId;
typedef struct ProjectId {
    int64_t value;
} ProjectId;

typedef struct GeoPoint { /* WGS-84, degrees */
    double latitude;
    double longitude;
} GeoPoint;

typedef enum ActivityState {
    ACTIVITY_DRAFT,
    ACTIVITY_SUBMITTED,
    ACTIVITY_PUBLISHED,
    ACTIVITY_IN_PROGRESS,
    ACTIVITY_ENDED,
    ACTIVITY_SETTLED,
    ACTIVITY_CANCELLED,
    ACTIVITY_STATE_COUNT
} ActivityState;

typedef enum ActivityVisibility {
    ACTIVITY_PUBLIC,
    ACTIVITY_MEMBERS,
    ACTIVITY_INVITED
} ActivityVisibility;

typedef enum ActivityApproval {
    APPROVAL_AUTOMATIC,
    APPROVAL_REVIEW,
    APPROVAL_LOTTERY
} ActivityApproval;

typedef enum ActivityWaitlist { WAITLIST_PROMOTE, WAITLIST_OFFER } ActivityWaitlist;

typedef enum ShiftState { SHIFT_PLANNED, SHIFT_CANCELLED } ShiftState;

extern const char *const activity_states[];
extern const char *const activity_visibilities[];
extern const char *const activity_approvals[];
extern const char *const activity_waitlists[];
extern const char *const shift_states[];
extern const char *const position_genders[];

typedef struct Activity {
    ActivityId id;
    UnitId unit_id; /* recruits */
    const char *unit_name;
    UnitId recording_unit_id; /* records the service (D67 Art. 26) */
    const char *recording_unit_name;
    ProjectId project_id; /* 0: none */
    const char *project_name;
    int state; /* ActivityState */
    TimeMs state_changed_at;
    const char *name;
    const char *category;
    const char *description;
    const char *place_name;
    const char *address;
    GeoPoint *point;         /* or NULL */
    int64_t radius_m;        /* inside it a position counts as being there */
    const char *risk_notice; /* Reg. Art. 12 */
    int64_t risk_notice_version;
    const char *provided;
    const char *contact_name;
    const char *contact_phone;
    const char *person_in_charge; /* D67 Art. 7 */
    bool is_volunteer_service;    /* the declaration of D67 Art. 19 */
    bool is_dangerous;
    const char *insurance_policy; /* Reg. Art. 17 */
    const char *insurance_until;  /* the last day that is covered, or NULL: open */
    int visibility;               /* ActivityVisibility */
    const char *time_zone;        /* IANA name */
    TimeMs sign_up_opens_at;      /* 0: when published */
    TimeMs sign_up_closes_at;     /* 0: at each shift's start */
    int64_t cancel_deadline_minutes;
    int approval; /* ActivityApproval */
    const char *lottery_seed;
    TimeMs lottery_drawn_at;
    int waitlist; /* ActivityWaitlist */
    int64_t offer_minutes;
    int64_t minimum_age; /* 0: any */
    int64_t maximum_age;
    TimeMs starts_at; /* of the first and last shift that is not cancelled; 0: there is none */
    TimeMs ends_at;
    int64_t places; /* sums over its shifts that are not cancelled, as they are now */
    int64_t taken;
    AccountId submitted_by;
    TimeMs published_at;
    const char *decision_reason;
    const char *cancel_reason;
    TimeMs settled_at;
    ActivityId copied_from;
    AccountId created_by;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Activity;

typedef struct Position {
    PositionId id;
    ActivityId activity_id;
    const char *name;
    const char *description;
    int64_t needed; /* of a shift that does not say otherwise */
    TextList required_skills;
    int64_t minimum_age; /* 0: any */
    int64_t maximum_age;
    int gender; /* 0: any, 1: male, 2: female, as enum Gender */
    TimeMs removed_at;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Position;

typedef struct ShiftPlace {
    ShiftId shift_id;
    PositionId position_id;
    int64_t needed;
    int64_t taken; /* approved, offered, attended, absent */
    int64_t waiting;
    int64_t pending;
    bool overridden; /* the shift says how many, not the position */
} ShiftPlace;

typedef struct Shift {
    ShiftId id;
    ActivityId activity_id;
    int64_t batch_id;
    TimeMs starts_at;
    TimeMs ends_at;
    int state; /* ShiftState */
    const char *cancel_reason;
    const char *place_name; /* NULL: the activity's, as with the rest of the place */
    const char *address;
    GeoPoint *point;
    int64_t radius_m; /* 0: the activity's */
    const char *note;
    ObjectList places; /* of ShiftPlace, in the order of positions */
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Shift;

extern const Concept activity_concept;
extern const Shape activity_shape;
extern const Shape position_shape;
extern const Shape shift_shape;
extern const Shape shift_place_shape;

/* ---- Rights ---- */

/* May the caller do `needs` to the activity: by a role on its unit (or above), or as its manager?
 * ERR_NOT_FOUND ("activity_not_found") if there is none that the caller may know of, ERR_FORBIDDEN
 * ("permission_missing"). Yields. */
YIELDS Err *activity_check(Ctx *ctx, ActivityId id, const char *needs);

/* Guards for routes with {activity_id} and {shift_id}: activity_check(route->needs). Yield. */
HttpGuard activity_guard;
HttpGuard shift_guard;

/* ---- Finding; whoever asks ---- */

/* Finds an activity, a position (also a removed one), a shift with its places. Each yields.
 * ERR_NOT_FOUND ("activity_not_found", "position_not_found", "shift_not_found"). */
YIELDS Err *activity_find(Ctx *ctx, ActivityId id, Activity **ret_activity);
YIELDS Err *position_find(Ctx *ctx, PositionId id, Position **ret_position);
YIELDS Err *shift_find(Ctx *ctx, ShiftId id, Shift **ret_shift);

/* May the volunteer see the activity, once it is published: it is public, for members of its unit
 * or of one below and the volunteer is one, or the volunteer is invited? Yields. */
YIELDS Err *activity_may_see(Ctx *ctx, ActivityId id, VolunteerId volunteer_id, bool *ret_may);

/* Gives the invitations of one volunteer to another, whom it was merged into. In the open
 * transaction. Yields. */
YIELDS Err *activity_move_invitations(Ctx *ctx, VolunteerId from, VolunteerId to);

/* Moves all activities to where they are by time. Yields. */
YIELDS Err *activity_move_by_time(Ctx *ctx);

/* ---- For the ledger ---- */

/* Marks an ended activity as settled, with history, audit entry and message. In the open
 * transaction. Yields. ERR_CONFLICT ("state_conflict"). */
YIELDS Err *activity_settle(Ctx *ctx, ActivityId id);
