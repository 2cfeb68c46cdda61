/* signup.h - volunteers asking for places in shifts: who may, who gets one, who waits.
 *
 * One row counts the places of a shift's position, shift_place. Whoever changes a sign-up's state
 * locks that row first, so that places are never oversold, whatever runs at once.
 *
 * Messages, published in the transaction that causes them. Payload, for each of them:
 * {"activity_id", "shift_id", "position_id",
 *  "signups": [{"signup_id", "volunteer_id", "state", "reason"}, …]}, 1 to 128 sign-ups of one
 * position; reason may be null.
 *   signup.created    somebody signed up by themselves: state pending or waitlisted
 *   signup.decided    approved, rejected or waitlisted: by the rules, by staff or by a draw
 *   signup.offered    a waitlisted one has a place on offer, for a while
 *   signup.promoted   a waitlisted one got a place
 *   signup.cancelled  by the volunteer, staff or the system (an offer that lapsed, a cancelled
 *                     shift) */
#pragma once

#include "app/services.h"
#include "voms/setting/setting.h"
#include "voms/volunteer/volunteer.h"

typedef enum SignupState {
    SIGNUP_PENDING,
    SIGNUP_APPROVED,
    SIGNUP_WAITLISTED,
    SIGNUP_OFFERED,
    SIGNUP_REJECTED,
    SIGNUP_CANCELLED,
    SIGNUP_ATTENDED,
    SIGNUP_ABSENT,
    SIGNUP_STATE_COUNT
} SignupState;

extern const char *const signup_states[];

typedef struct Signup {
    int64_t id;
    int64_t activity_id;
    const char *activity_name;
    int64_t shift_id;
    int64_t position_id;
    const char *position_name;
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    int state;
    int64_t sequence;       /* order of arrival in the shift's position */
    int64_t waitlist_place; /* 1 is next; -1: not waitlisted */
    TimeMs starts_at;       /* of the shift */
    TimeMs ends_at;
    bool by_staff;
    const char *override_reason;
    TextList override_codes;
    int64_t risk_notice_version;
    int64_t decided_by;
    TimeMs decided_at;
    const char *decision_reason;
    TimeMs offered_until;
    const char *cancelled_by; /* volunteer, staff, system; or NULL */
    TimeMs cancelled_at;
    const char *cancel_reason;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;

    /* Not in answers. */
    UnitId unit_id;
} Signup;

extern const Shape signup_shape;
extern const Concept signup_concept;

/* ---- Rules: pure ---- */

/* Why somebody may not have a place, or what there is to know. */
typedef enum SignupReasonCode {
    REASON_NOT_PUBLISHED,
    REASON_ACTIVITY_ENDED,
    REASON_SHIFT_CANCELLED,
    REASON_NOT_OPEN_YET,       /* at: when it opens */
    REASON_SIGN_UP_CLOSED,     /* at: when it closed */
    REASON_ALREADY_SIGNED_UP,  /* text: the state of that sign-up */
    REASON_VOLUNTEER_INACTIVE, /* text: the state */
    REASON_VOLUNTEER_SUSPENDED,
    REASON_NOT_MEMBER,
    REASON_NOT_INVITED,
    REASON_CONSENT_MISSING,          /* text: privacy_policy */
    REASON_GUARDIAN_MISSING,         /* number: the age below which one must consent */
    REASON_BIRTH_DATE_MISSING,       /* there is a limit of age */
    REASON_TOO_YOUNG,                /* number: the least age */
    REASON_TOO_OLD,                  /* number: the greatest age */
    REASON_GENDER,                   /* text: the gender that is asked for */
    REASON_QUALIFICATION_MISSING,    /* text: the first missing skill */
    REASON_CLASH,                    /* shift_id, text: the activity's name, at: its start */
    REASON_REST_TIME,                /* number: minutes; shift_id, text, at as for a clash */
    REASON_DAY_MAXIMUM,              /* number: minutes */
    REASON_INSURANCE_EXPIRED,        /* text: the last day that is covered */
    REASON_RISK_NOTICE_NOT_ACCEPTED, /* number: the version to be accepted; refuses only
                                      * who signs up */
    REASON_FULL,                     /* number: the place on the waitlist; refuses nobody */
    REASON_CODE_COUNT
} SignupReasonCode;

typedef struct SignupReason {
    SignupReasonCode code;
    bool refuses;
    int64_t number;
    TimeMs at;
    int64_t shift_id;
    const char *text;
} SignupReason;

/* Each code comes at most once. */
typedef struct SignupReasons {
    SignupReason items[REASON_CODE_COUNT];
    size_t count;
} SignupReasons;

typedef enum SignupApproval {
    SIGNUP_BY_RULES,
    SIGNUP_BY_REVIEW,
    SIGNUP_BY_LOTTERY,
} SignupApproval;

/* A position in a shift, with all of its activity that the rules look at. */
typedef struct SignupPlace {
    int64_t activity_id;
    int64_t shift_id;
    int64_t position_id;
    UnitId unit_id; /* that recruits */
    const char *activity_name;
    const char *position_name;
    const char *activity_state;
    const char *visibility;
    bool shift_cancelled;
    bool position_removed;
    TimeMs starts_at;
    TimeMs ends_at;
    TimeMs opens_at;        /* 0: when published */
    TimeMs closes_at;       /* 0: at the shift's start */
    const char *start_date; /* of the shift, where the organisation is */
    const char *end_date;
    const char *insurance_until; /* or NULL */
    bool has_risk_notice;
    int64_t risk_notice_version;
    SignupApproval approval;
    bool lottery_drawn;
    bool offers; /* the waitlist is offered places, and not promoted at once */
    int64_t offer_minutes;
    int64_t cancel_deadline_minutes;
    int64_t minimum_age; /* the stricter of activity and position; 0: none */
    int64_t maximum_age; /* likewise */
    const char *gender;  /* or NULL */
    TextList required_skills;
    int64_t needed;
    int64_t taken;
    int64_t waiting;
    int64_t pending;
    int64_t last_sequence;
} SignupPlace;

/* Another sign-up of the same person that has not ended. */
typedef struct SignupEngagement {
    int64_t shift_id;
    TimeMs starts_at;
    TimeMs ends_at;
    const char *activity_name;
    int state;
} SignupEngagement;

/* What the rules look at of a person. */
typedef struct SignupPerson {
    VolunteerId id;
    const char *state;
    const char *birth_date; /* or NULL */
    const char *gender;
    TextList skills;
    const char *consent_version; /* or NULL */
    bool consent_withdrawn;
    const char *guardian_until; /* the last day of the guardian's consent; NULL: there is none */
    bool is_member;             /* active, in the unit or below */
    bool is_invited;
    SignupEngagement *engagements; /* around the shift, its own included */
    size_t engagement_count;
} SignupPerson;

/* A day that the shift touches, where the organisation is. */
typedef struct SignupDay {
    TimeMs from;
    TimeMs until;
} SignupDay;

typedef enum SignupPurpose {
    SIGNUP_TO_ASK,     /* may I? */
    SIGNUP_TO_JOIN,    /* the volunteer signs up */
    SIGNUP_TO_PLACE,   /* staff places a volunteer */
    SIGNUP_TO_PROMOTE, /* who has signed up already gets a place now */
} SignupPurpose;

typedef struct SignupCase {
    const SignupPlace *place;
    const SignupPerson *person;
    const Settings *settings;
    const SignupDay *days;
    size_t day_count;
    TimeMs now;
    SignupPurpose purpose;
    int64_t accepted_risk_notice_version;
} SignupCase;

/* The one function that decides whether somebody may have a place: every reason, most important
 * first. What does not concern the purpose is left out. */
void signup_rules_evaluate(const SignupCase *signup_case, SignupReasons *ret_reasons);

/* The first reason that refuses, or NULL. */
const SignupReason *signup_reasons_refusal(const SignupReasons *reasons);

/* May staff set this reason aside? Not what makes no sense: a cancelled shift, a second sign-up. */
bool signup_reason_may_be_overridden(SignupReasonCode code);
const char *signup_reason_name(SignupReasonCode code);

/* What becomes of somebody whom nothing refuses, with the places as they are. */
SignupState signup_rules_first_state(const SignupPlace *place);

/* Does the state hold a place; is it one that has not ended? */
bool signup_state_holds_place(SignupState state);
bool signup_state_is_living(SignupState state);

/* May the volunteer still cancel without the coordinator? Only an approved sign-up has a deadline.
 */
bool signup_rules_may_cancel(SignupState state, TimeMs starts_at, int64_t deadline_minutes,
                             TimeMs now);

/* The key that orders a draw: the SHA-256 of "seed:signup id" in lower-case hexadecimal. The lowest
 * keys of a position win its free places; who no longer qualifies is passed over. Anybody can
 * compute it again: printf '%s:%s' SEED ID | sha256sum. */
const char *signup_lottery_key(Arena *arena, const char *seed, int64_t signup_id);

/* ---- Others use ---- */

/* Attendance tells what became of an approved sign-up: attended, absent, or approved again after a
 * correction. The place stays taken in all of them. signup_id 0: came without one, nothing is done.
 * In the open transaction. Yields. ERR_CONFLICT ("state_conflict") from other states. */
YIELDS Err *signup_mark(Ctx *ctx, int64_t signup_id, SignupState state);

/* Cancels what a volunteer who is archived, suspended or anonymised wanted of shifts that have not
 * begun; the places go to who waits. by: "volunteer", "staff" (the volunteer is told), "system". In
 * the open transaction. Yields. */
YIELDS Err *signup_cancel_all_of(Ctx *ctx, VolunteerId volunteer_id, const char *by,
                                 const char *reason);

/* Gives the sign-ups of one volunteer to another, whom it was merged into. Where both wanted the
 * same shift the one that came further stays; where both hold places in shifts to come that overlap
 * by more than the setting allows, the one that was made first, and the person is told. The places
 * go to who waits. In the open transaction. Yields. */
YIELDS Err *signup_move(Ctx *ctx, VolunteerId from, VolunteerId to);
