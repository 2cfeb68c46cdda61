/* ledger_internal.h - what the files of this concept share. */
#pragma once

#include "voms/access/access.h"
#include "voms/ledger/ledger.h"

/* A claim as it is decided on. */
typedef struct Claim {
    int64_t id;
    int64_t attendance_id;
    int64_t activity_id;
    int64_t shift_id;
    VolunteerId volunteer_id;
    UnitId unit_id;
    UnitId parent_unit_id; /* 0: of the root */
    int64_t project_id;
    const char *service_date;
    TimeMs starts_at;
    TimeMs ends_at;
    int64_t minutes;
    int grade;
    int state;
    int64_t version;
    TimeMs shift_starts_at;
    TimeMs shift_ends_at;
    AccountId recorded_by; /* who settled the activity */
    AccountId decided_by;
} Claim;

/* Finds a claim, whoever asks. Yields. ERR_NOT_FOUND ("service_record_not_found"). */
YIELDS Err *ledger_claim_find(Ctx *ctx, int64_t id, Claim **ret_claim);

/* Finds one service record, whoever asks. Yields. ERR_NOT_FOUND ("service_record_not_found"). */
YIELDS Err *ledger_record_find(Ctx *ctx, int64_t id, ServiceRecord **ret_record);

/* Finds one dispute, whoever asks. Yields. ERR_NOT_FOUND ("dispute_not_found"). */
YIELDS Err *ledger_dispute_find(Ctx *ctx, int64_t id, Dispute **ret_dispute);

/* Where the records of an activity stand, with their problems. Yields. ERR_NOT_FOUND
 * ("activity_not_found"). */
YIELDS Err *ledger_settlement_find(Ctx *ctx, int64_t activity_id, Settlement **ret_settlement);

typedef struct LedgerActivity {
    int64_t id;
    const char *state;
    UnitId recording_unit_id;
    const char *unit_name;
    UnitId parent_unit_id;
    int64_t project_id;
    const char *name;
    const char *description;
    const char *place_name;
    const char *person_in_charge;
    bool is_volunteer_service;
    TimeMs ends_at;
    bool has_open;
} LedgerActivity;

/* What the records of an activity would say. Yields. ERR_NOT_FOUND ("activity_not_found"). */
YIELDS Err *ledger_activity_find(Ctx *ctx, int64_t id, LedgerActivity **ret_activity);

/* Why records of the activity cannot be finalised. */
TextList ledger_activity_problems(Arena *arena, const LedgerActivity *activity);

/* Keeps the end and the due date of an activity that has not been settled. Yields. */
YIELDS Err *ledger_settlement_open(Ctx *ctx, const LedgerActivity *activity);

/* What a list is confined to; each filter is off at 0, NULL or -1. */
typedef struct LedgerQuery {
    const char *permission; /* NULL: the own ones, of volunteer_id */
    VolunteerId volunteer_id;
    int64_t activity_id;
    int64_t claim_id;
    UnitId unit_id; /* with all below */
    int state;
    const char *grade; /* of records alone, as are level and reason; or NULL */
    const char *level;
    const char *reason;
    int64_t before_id;
    int64_t limit;
    bool with_total;
} LedgerQuery;

typedef struct LedgerPage {
    ObjectList items;
    int64_t total; /* at most 10000; -1: not asked for */
} LedgerPage;

/* Lists, newest first. Each yields. */
YIELDS Err *ledger_record_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page);
YIELDS Err *ledger_entry_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page);
YIELDS Err *ledger_dispute_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page);

typedef enum SettlementFilter {
    SETTLEMENT_ALL,
    SETTLEMENT_UNFINISHED,
    SETTLEMENT_OVERDUE
} SettlementFilter;

/* Settlements, the newest activity first; query->state is a SettlementFilter. Yields. */
YIELDS Err *ledger_settlement_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page);

typedef enum TotalGroup {
    TOTAL_SUM,
    TOTAL_BY_UNIT,
    TOTAL_BY_PROJECT,
    TOTAL_BY_VOLUNTEER
} TotalGroup;

typedef struct TotalQuery {
    const char *permission; /* NULL: the own ones, of volunteer_id */
    TotalGroup group;
    VolunteerId volunteer_id;
    int64_t activity_id;
    int64_t project_id;
    UnitId unit_id;
    const char *from; /* service dates, or NULL */
    const char *to;
    TimeMs as_of; /* entries until then; 0: all */
    int64_t after_id;
    int64_t limit;
} TotalQuery;

typedef struct ServiceTotal {
    int64_t id; /* of the unit, project or volunteer; 0 of a sum */
    const char *name;
    int64_t minutes;
    const char *hours;
    int64_t volunteers;
    int64_t records;
} ServiceTotal;

extern const Shape service_total_shape;
extern const Shape service_sum_shape;

/* Sums of the ledger, one per group. Yields. */
YIELDS Err *ledger_total_list(Ctx *ctx, const TotalQuery *query, ObjectList *ret_totals);

/* Locks a volunteer's row until the transaction ends; *ret_total is its service time. Yields. */
YIELDS Err *ledger_lock(Ctx *ctx, VolunteerId id, int64_t *ret_total);

/* What a dispute's decision does to its claim: *ret_minutes is what stands before. 0 minutes void
 * it. Yields. Fails as ledger_regrant does. */
YIELDS Err *ledger_set_minutes(Ctx *ctx, int64_t claim_id, int64_t minutes, const char *reason,
                               const char *permission);

/* Fills a demonstration organisation. Yields. */
YIELDS Err *ledger_demo(Ctx *ctx);

/* The periodic duty that keeps the clock of the records. */
extern const Schedule ledger_schedules[];

/* ERR_CONFLICT ("state_conflict", current: the state). */
Err *ledger_conflict(Ctx *ctx, const char *state);
