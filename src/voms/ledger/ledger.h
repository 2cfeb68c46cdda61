/* ledger.h - service time: what attendances are granted, append-only, and the records of service.
 *
 * A claim is the service record of one attendance (D67 Art. 7): granted, held for somebody to
 * decide, rejected, or voided. What it is granted are entries of the ledger, which are never
 * changed: grant, void (of an entry), regrant (in place of a voided one). A volunteer's
 * service_minutes equal the sum of the entries' minutes, in every transaction.
 *
 * All that writes entries of a volunteer locks its row first, so that two who settle at once see
 * each other's grants.
 *
 * Messages, in the transaction of their change, key "volunteer:<id>" unless another is named:
 *   ledger.granted, ledger.voided     {"activity_id", "kind", "reason", "entries": [{"entry_id",
 *                                      "claim_id", "volunteer_id", "minutes", "total_after"}]};
 *                                      one for each batch of a settlement (key "activity:<id>"); a
 *                                      regrant is a ledger.granted with "kind": "regrant"
 *   dispute.opened, dispute.decided   {"dispute_id", "claim_id", "volunteer_id", "unit_id",
 *                                      "state", "old_minutes", "new_minutes", "reason"}
 *   record.overdue (key "activity:<id>")   {"activity_id", "unit_id", "due_on"} */
#pragma once

#include "app/services.h"
#include "voms/setting/setting.h"
#include "voms/volunteer/volunteer.h"

typedef enum LedgerGrade { GRADE_A, GRADE_B, GRADE_C, GRADE_D } LedgerGrade;

typedef enum ClaimState { CLAIM_GRANTED, CLAIM_HELD, CLAIM_REJECTED, CLAIM_VOIDED } ClaimState;

/* Why a claim is not granted by itself. */
typedef enum ClaimReason {
    CLAIM_REASON_NONE,
    CLAIM_REASON_GRADE,           /* held: evidence C or D, or marked for review */
    CLAIM_REASON_OVERLAP,         /* held: the person has granted service at that time */
    CLAIM_REASON_UNIT_LIMIT,      /* held: many minutes on one day */
    CLAIM_REASON_PARENT_LIMIT,    /* held: more than the unit itself may agree to */
    CLAIM_REASON_REVIEW_REJECTED, /* rejected with its attendance */
    CLAIM_REASON_TOO_SHORT,       /* rejected: below the minimum */
    CLAIM_REASON_DECIDED          /* by a person */
} ClaimReason;

/* Who has to agree. */
typedef enum ClaimLevel { LEVEL_AUTOMATIC, LEVEL_UNIT, LEVEL_PARENT } ClaimLevel;

typedef enum EntryKind { ENTRY_GRANT, ENTRY_VOID, ENTRY_REGRANT } EntryKind;

typedef enum DisputeState {
    DISPUTE_OPEN,
    DISPUTE_ACCEPTED,
    DISPUTE_REJECTED,
    DISPUTE_WITHDRAWN
} DisputeState;

extern const char *const ledger_grades[];
extern const char *const claim_states[];
extern const char *const claim_reasons[]; /* "" is none */
extern const char *const claim_levels[];
extern const char *const entry_kinds[];
extern const char *const dispute_states[];

/* A service record: the claim with what its settlement says (D67 Art. 7). */
typedef struct ServiceRecord {
    int64_t id;
    int64_t attendance_id;
    int64_t activity_id;
    const char *activity_name;
    int64_t shift_id;
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    UnitId unit_id;
    const char *unit_name;
    int64_t project_id; /* 0: none */
    const char *service_date;
    TimeMs starts_at;
    TimeMs ends_at;
    const char *place;
    const char *content;
    const char *person_in_charge;
    const char *recorder_name;
    AccountId recorded_by;
    int64_t minutes; /* as granted, or as they would be */
    const char *hours;
    int grade;
    int state;
    const char *reason; /* of claim_reasons, or NULL */
    int level;
    int64_t overlaps_claim_id;
    int64_t evidence_file_id; /* of a back-fill; 0: none */
    AccountId decided_by;
    TimeMs decided_at;
    const char *decision_reason;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} ServiceRecord;

typedef struct LedgerEntry {
    int64_t id;
    VolunteerId volunteer_id;
    const char *volunteer_name;
    int kind;
    int64_t minutes; /* negative of a void */
    const char *hours;
    int64_t claim_id;
    int64_t attendance_id;
    int64_t activity_id;
    const char *activity_name;
    UnitId unit_id;
    int64_t project_id;
    const char *service_date;
    TimeMs starts_at;
    TimeMs ends_at;
    int grade;
    int64_t voids_entry_id;
    int64_t replaces_entry_id;
    AccountId created_by; /* 0: the system */
    const char *created_by_name;
    const char *reason;
    int64_t total_after;
    TimeMs created_at;
} LedgerEntry;

typedef struct Dispute {
    int64_t id;
    int64_t claim_id;
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    UnitId unit_id;
    int64_t activity_id;
    const char *activity_name;
    const char *service_date;
    int state;
    const char *message;
    int64_t wanted_minutes; /* -1: not said */
    int64_t old_minutes;
    int64_t new_minutes; /* -1: not decided */
    AccountId decided_by;
    TimeMs decided_at;
    const char *decision_reason;
    TimeMs created_at;
    int64_t version;
} Dispute;

/* Where the records of an activity stand. */
typedef struct Settlement {
    int64_t activity_id;
    const char *activity_name;
    const char *activity_state;
    UnitId unit_id;
    const char *unit_name;
    const char *ended_on; /* the organisation's date; NULL: not ended */
    const char *due_on;   /* ten working days later (D67 Art. 11) */
    bool is_overdue;
    TimeMs settled_at;
    TimeMs finished_at; /* settled, and nothing is held any more */
    int64_t held;       /* claims that wait for a decision */
    TextList problems;  /* codes: why its records cannot be finalised */
    const char *person_in_charge;
    const char *recorder_name;
} Settlement;

extern const Shape service_record_shape;
extern const Shape ledger_entry_shape;
extern const Shape dispute_shape;
extern const Shape settlement_shape;
extern const Concept ledger_concept;

/* ---- Rules: pure ---- */

typedef enum LedgerRounding { ROUNDING_DOWN, ROUNDING_NEAREST, ROUNDING_UP } LedgerRounding;

/* Minutes, all of them. */
typedef struct LedgerPolicy {
    int64_t rounding_step; /* 1: none */
    int rounding;          /* LedgerRounding */
    int64_t minimum;       /* of a shift; below nothing is granted */
    int64_t maximum;       /* of a shift; 0: none */
    int64_t unit_review;   /* of a person and day; above it the unit has to agree */
    int64_t parent_review; /* above it the parent unit has to */
} LedgerPolicy;

typedef struct ServiceSpan {
    TimeMs starts_at;
    TimeMs ends_at;
} ServiceSpan;

/* Minutes as hours with at most two decimals, rounded half up: "1.5", "0.83", "-2". The one
 * function that does. */
const char *ledger_hours(Arena *arena, int64_t minutes);

/* What of an attendance lies within its shift; empty at its start if nothing does. */
ServiceSpan ledger_rules_span(ServiceSpan attended, ServiceSpan shift);

/* The whole minutes of a span, rounded and limited; 0 below the minimum. */
int64_t ledger_rules_minutes(const LedgerPolicy *policy, ServiceSpan span);

/* Have the two a minute in common? Where one ends as the other begins they have not. */
bool ledger_rules_overlap(ServiceSpan a, ServiceSpan b);

/* Who has to agree to so many minutes of a person on one day. */
ClaimLevel ledger_rules_level(const LedgerPolicy *policy, int64_t day_minutes);

/* When the minutes that a regrant gives were served: from the recorded start on, moved back as far
 * as the shift's end makes it; the caller has checked that they fit into the shift. */
ServiceSpan ledger_rules_regrant_span(ServiceSpan recorded, ServiceSpan shift, int64_t minutes);

typedef struct LedgerCase {
    int64_t minutes;
    int grade;
    bool review_approved;
    bool review_needed;
    bool review_rejected;
    bool overlaps;       /* granted service of the same person */
    int64_t day_minutes; /* granted to the person on that day, in all units, without these */
} LedgerCase;

typedef struct LedgerVerdict {
    ClaimState state;
    ClaimReason reason;
    ClaimLevel level;
} LedgerVerdict;

/* What becomes of an attendance when its activity is settled. */
LedgerVerdict ledger_rules_decide(const LedgerPolicy *policy, const LedgerCase *facts);

typedef struct RecordFacts {
    bool has_name;
    bool has_date;
    bool has_place;
    bool has_content;
    bool has_unit;
    bool has_person_in_charge;
    bool is_volunteer_service; /* D67 Art. 19 */
    bool has_open_attendance;
} RecordFacts;

/* Why records with these facts cannot be finalised: codes, none if they can. */
TextList ledger_rules_problems(Arena *arena, const RecordFacts *facts);

/* What the settings say. */
LedgerPolicy ledger_policy(const Settings *settings);

/* ---- Settling and correcting ---- */

/* Grants, holds or rejects every completed attendance of an activity that has no claim yet, and
 * marks the activity as settled; transactions of its own, and what a crash leaves is taken up by
 * the next call. Yields. ERR_NOT_FOUND ("activity_not_found"), ERR_CONFLICT ("state_conflict"
 * unless ended or settled; "record_incomplete", current: the problems). */
YIELDS Err *ledger_settle(Ctx *ctx, int64_t activity_id);

/* Has the ledger taken note of the attendance? From then on it stays as it is, and only the record
 * is changed. The caller has locked the attendance. Yields. */
YIELDS Err *ledger_is_claimed(Ctx *ctx, int64_t attendance_id, bool *ret_claimed);

/* Decides a held claim. In the open transaction. Yields. ERR_CONFLICT ("state_conflict",
 * "ledger_overlap"), ERR_FORBIDDEN ("own_hours", "parent_approval_needed"). */
YIELDS Err *ledger_decide(Ctx *ctx, int64_t claim_id, bool approve, const char *reason);

/* Takes back what a claim is granted. In the open transaction. Yields. ERR_CONFLICT
 * ("state_conflict"), ERR_FORBIDDEN ("own_hours"). */
YIELDS Err *ledger_void(Ctx *ctx, int64_t claim_id, const char *reason);

/* Gives a granted (voiding it) or voided claim other minutes. In the open transaction. Yields.
 * ERR_INVALID ("minutes": more than the shift), and as ledger_decide. */
YIELDS Err *ledger_regrant(Ctx *ctx, int64_t claim_id, int64_t minutes, const char *reason);

/* Moves what one volunteer was granted to another, whom it was merged into: void there, regrant or
 * hold here. In the open transaction. Yields. */
YIELDS Err *ledger_move(Ctx *ctx, VolunteerId from, VolunteerId to);

typedef struct DisputeDraft {
    int64_t claim_id; /* service_record_id in the body */
    const char *message;
    int64_t minutes; /* that the volunteer thinks right; 0: not said */
} DisputeDraft;

/* The volunteer disputes an own record. In the open transaction. Yields. ERR_NOT_FOUND
 * ("service_record_not_found"), ERR_CONFLICT ("dispute_open"). */
YIELDS Err *ledger_dispute(Ctx *ctx, VolunteerId volunteer_id, const DisputeDraft *draft,
                           int64_t *ret_id);

typedef struct DisputeDecision {
    bool accept;
    int64_t minutes; /* when accepted; 0: nothing is left of it */
    const char *reason;
} DisputeDecision;

/* Decides a dispute: when accepted by void and regrant. In the open transaction. Yields.
 * ERR_CONFLICT ("state_conflict"), ERR_FORBIDDEN ("dispute_own_record": the recorder;
 * "own_hours"), and as ledger_regrant. */
YIELDS Err *ledger_dispute_decide(Ctx *ctx, int64_t dispute_id, const DisputeDecision *decision);

/* Takes a dispute back because its volunteer asked for that; the reason says how. In the open
 * transaction. Yields. Fails as ledger_dispute_decide does. */
YIELDS Err *ledger_dispute_withdraw(Ctx *ctx, int64_t dispute_id, const char *reason);

/* ---- Proving ---- */

typedef struct LedgerVerification {
    int64_t volunteers; /* checked */
    int64_t entries;
    int64_t findings;
    const char *first; /* the first finding, or NULL */
} LedgerVerification;

/* Checks that totals are the sums of entries, running totals right, no two living entries of a
 * person overlap, every entry has its attendance (a back-fill one that was approved), and claims
 * and entries agree. Page by page. Yields. */
YIELDS Err *ledger_verify(Ctx *ctx, LedgerVerification *ret_verification);
