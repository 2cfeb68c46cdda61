/* volunteer.h - people who serve: their file (D67 Art. 4 to 6), how it is written and found.
 *
 * What a request may see is confined in SQL by volunteer_find and volunteer_list; what writes does
 * not check permissions: routes have guards. Results live in ctx->arena. */
#pragma once

#include "app/services.h"
#include "voms/setting/setting.h"

/* ---- What is held ---- */

typedef enum VolunteerState {
    VOLUNTEER_APPLICANT,
    VOLUNTEER_ACTIVE,
    VOLUNTEER_INACTIVE,
    VOLUNTEER_SUSPENDED,
    VOLUNTEER_ARCHIVED,
    VOLUNTEER_STATE_COUNT
} VolunteerState;

typedef enum Gender { GENDER_UNSPECIFIED, GENDER_MALE, GENDER_FEMALE } Gender;

extern const char *const volunteer_states[];
extern const char *const genders[];
extern const char *const genders_zh[]; /* titles, by Gender: for cells of imports and exports */

/* Consent to the privacy policy, as the person gave it. */
typedef struct ConsentGiven {
    const char *policy_version;
    const char *note; /* how, when staff enters it; or NULL */
} ConsentGiven;

/* Who consents for a minor. */
typedef struct Guardian {
    const char *name;
    const char *relation;
    const char *phone; /* E.164 */
} Guardian;

/* What may be entered and changed. After volunteer_rules_check all texts are normalised. */
typedef struct VolunteerDraft {
    const char *name;
    int gender;             /* Gender */
    const char *birth_date; /* or NULL; taken from a resident's ID number */
    const char *id_document_type;
    const char *id_number; /* clear; NULL also when it is not to be changed (volunteer_update) */
    const char *phone;     /* E.164 */
    const char *email;     /* lower case */
    const char *residence_region; /* GB/T 2260 */
    const char *residence_region_text;
    const char *address;
    const char *education;
    const char *occupation;
    const char *political_status;
    TextList skills;
    TextList service_categories;
    TextList languages;
    const char *custom; /* JSON object, values by key of custom_field; NULL is {} */
    UnitId unit_id;     /* the home unit */

    /* Of somebody new only. */
    ConsentGiven *consent;
    Guardian *guardian;

    /* Of imports only. */
    const char *number;        /* of somebody who is there already */
    const char *guardian_name; /* columns of a Guardian: volunteer_draft_take_guardian */
    const char *guardian_relation;
    const char *guardian_phone;

    const struct VolunteerPrepared *prepared; /* by volunteer_prepare, or NULL */
} VolunteerDraft;

/* Shapes over VolunteerDraft: of the API's bodies, and the columns of an import (number, the data
 * and the guardian's columns; titles and aliases for guessing headers). */
extern const Shape consent_given_shape;
extern const Shape guardian_shape;
extern const Shape volunteer_create_shape; /* VolunteerCreate */
extern const Shape volunteer_patch_shape;  /* VolunteerPatch */
extern const Shape volunteer_me_shape;     /* MePatch: no unit */
extern const Shape volunteer_import_shape;

typedef struct Volunteer {
    VolunteerId id;
    const char *number;
    const char *name;
    const char *name_pinyin;
    int gender;
    const char *birth_date;
    const char *id_document_type;
    const char *id_number_masked;
    const char *phone;
    const char *email;
    const char *residence_region;
    const char *residence_region_text;
    const char *address;
    const char *education;
    const char *occupation;
    const char *political_status;
    TextList skills;
    TextList service_categories;
    TextList languages;
    UnitId unit_id;
    const char *unit_name;
    int state;          /* VolunteerState */
    const char *custom; /* JSON; from volunteer_find and volunteer_list only what the caller may
                           see */
    int64_t service_minutes;
    AccountId entered_by;
    int consent_state; /* ConsentState */
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;

    /* Not in answers. */
    TimeMs state_changed_at;
    const char *consent_version;
    bool consent_withdrawn;
    VolunteerId merged_into;
    TimeMs anonymised_at;
    const char *id_number_hash;
} Volunteer;

extern const Shape volunteer_shape;

typedef enum ConsentState {
    CONSENT_NONE,
    CONSENT_GIVEN,
    CONSENT_OUTDATED,
    CONSENT_WITHDRAWN
} ConsentState;

extern const char *const consent_states[];

/* ---- Rules: pure ---- */

/* Checks what was entered, and normalises it in place: a resident's ID number gives birth date and
 * gender, and must not contradict them. Not: custom fields (custom_field.h), consents. Fails with
 * ERR_INVALID naming the fields. Callable from any thread with an arena of its own. */
Err *volunteer_rules_check(Arena *arena, Date today, VolunteerDraft *draft);

/* Checks that a new person's consents suffice: the present privacy policy, and a guardian for
 * minors. Fails with ERR_INVALID ("consent", "guardian"), ERR_CONFLICT ("policy_outdated"). */
Err *volunteer_rules_check_consent(Arena *arena, const Settings *settings, Date today,
                                   const VolunteerDraft *draft);

/* Makes draft->guardian from the columns of an import. */
void volunteer_draft_take_guardian(Arena *arena, VolunteerDraft *draft);

/* Is the person below that age on that day? False if the birth date is not known. */
bool volunteer_is_below(const char *birth_date, int64_t age, Date today);

/* May the state change from one to another? Applicants change by a decision alone. */
bool volunteer_rules_may_become(VolunteerState from, VolunteerState to);

/* The unified number of an id: "V", nine digits, a check digit (ISO 7064 MOD 11,10). */
const char *volunteer_number_format(Arena *arena, VolunteerId id);

/* The id of a number; false if it is none, its check digit included. */
bool volunteer_number_parse(const char *text, VolunteerId *ret_id);

/* The data of a volunteer as a draft, to be changed; id_number is NULL. */
VolunteerDraft volunteer_to_draft(const Volunteer *volunteer);

/* Is the ID document a mainland resident's, which tells birth date and gender? */
bool volunteer_is_resident(const Volunteer *volunteer);

/* The names of the fields that a change of `before` to `after` changes; an id_number that is NULL
 * in `after`, or has the same hash, is not changed. only_given: what is empty in `after` is not
 * a change (imports). */
TextList volunteer_rules_changes(Services *services, Arena *arena, const Volunteer *before,
                                 const VolunteerDraft *after, bool only_given);

/* ---- Writing; in the open transaction ---- */

typedef struct VolunteerEntry {
    VolunteerState state; /* VOLUNTEER_ACTIVE; VOLUNTEER_APPLICANT for who applies */
    const char *reason;   /* for the history, such as "import 17"; or NULL */
    TimeMs created_at;    /* 0: ctx->now */
} VolunteerEntry;

/* Makes a volunteer with the membership in its home unit, the consents of the draft (which
 * volunteer_rules_check_consent accepted), history, suggested duplicates and the event
 * volunteer.created. Yields. Fails with ERR_CONFLICT ("duplicate_id_number", current: the number,
 * if the caller may know) when a living person has this ID number, ERR_INVALID (unit_id). */
YIELDS Err *volunteer_insert(Ctx *ctx, const VolunteerDraft *draft, const VolunteerEntry *entry,
                             VolunteerId *ret_id);

/* Computes ahead what costs time about a complete draft of somebody new: how the name reads, what
 * is encrypted. The draft must not change any more, but for unit, consent and guardian. No I/O: may
 * run in the thread pool. */
void volunteer_prepare(Services *services, Arena *arena, VolunteerDraft *draft);

/* The same for many, in few statements: 500 to 4,000 in a transaction. Duplicates are suggested
 * later by a job; one event for all, volunteer.added {"first_id", "last_id"}, in whose span of ids
 * others may lie; the caller writes one audit entry for all. *ret_ids (an array of count, may be
 * NULL) is in the order of drafts. Yields. ERR_CONFLICT ("duplicate_id_number") if
 * any collides: nothing may be committed then. */
YIELDS Err *volunteer_insert_many(Ctx *ctx, const VolunteerDraft *drafts, size_t count,
                                  const VolunteerEntry *entry, VolunteerId *ret_ids);

typedef struct VolunteerUpdate {
    VolunteerId id;
    const Volunteer *before;     /* as it was read, in this transaction */
    const VolunteerDraft *after; /* complete and checked */
    const char *action;          /* "volunteer.update" */
    const char *reason;          /* or NULL */
    bool clears_id_number;       /* after->id_number is NULL because it is to go */
} VolunteerUpdate;

/* Writes what differs, with history, audit entry and the event volunteer.updated; does nothing when
 * nothing differs. Yields. Fails with ERR_CONFLICT ("duplicate_id_number"), ERR_BUSY if it changed
 * since it was read: the transaction is repeated. *ret_changed may be NULL. */
YIELDS Err *volunteer_update(Ctx *ctx, const VolunteerUpdate *update, TextList *ret_changed);

typedef struct VolunteerStateChange {
    VolunteerId id;
    VolunteerState state;
    const char *reason;
    bool by_decision; /* on an application; memberships are the caller's */
} VolunteerStateChange;

/* Changes the state, with history and audit entry. Yields. ERR_CONFLICT ("state_conflict", current:
 * the state) unless volunteer_rules_may_become or the change is a decision on an applicant. */
YIELDS Err *volunteer_set_state(Ctx *ctx, const Volunteer *volunteer,
                                const VolunteerStateChange *change);

/* Archives a volunteer because it was merged into another; its number, and the numbers of who was
 * merged into it before, stay reserved and find that one. Yields. ERR_BUSY if it changed since it
 * was read. */
YIELDS Err *volunteer_set_merged(Ctx *ctx, const Volunteer *volunteer, VolunteerId into);

/* Moves history, sensitive data (where the other has none), service time and account of one
 * volunteer to another. Yields. */
YIELDS Err *volunteer_move_file(Ctx *ctx, VolunteerId from, VolunteerId to);

/* Takes away all that tells who it was, and keeps what the organisation must: number, unit, state
 * history, service (PIPL Art. 47). Ends memberships, drops sensitive data, closes the account.
 * Yields. */
YIELDS Err *volunteer_anonymise(Ctx *ctx, const Volunteer *volunteer, const char *reason);

/* Remembers the last consent to the privacy policy on the volunteer: consent.h calls it. Yields. */
YIELDS Err *volunteer_set_consent(Ctx *ctx, VolunteerId id, const char *policy_version,
                                  bool withdrawn);

/* Adds an entry to a volunteer's history. changes: as of shape_diff, or NULL.
 * Yields. */
YIELDS Err *volunteer_history_add(Ctx *ctx, VolunteerId id, const char *action, const char *reason,
                                  const char *changes);

/* Checks and writes what a PATCH asks for: draft is the volunteer with the changed fields, draft
 * custom the values to change. by_volunteer: the person itself, which may not change all custom
 * fields. In the open transaction. Yields. Fails as volunteer_update does, and with ERR_INVALID. */
YIELDS Err *volunteer_patch(Ctx *ctx, const Volunteer *before, VolunteerDraft *draft,
                            const TextList *changed, bool by_volunteer);

/* A decision, as bodies of schema Decision say it; rejecting needs a reason. */
typedef struct VolunteerDecision {
    int decision; /* as decoded: index of approve, reject */
    const char *reason;
    bool approve;
} VolunteerDecision;

extern const Shape volunteer_decision_shape;

/* Decodes and checks the body of a route with .in = &volunteer_decision_shape. */
Err *volunteer_decision_read(const HttpRequest *req, VolunteerDecision *ret_decision);

/* ---- Finding ---- */

/* Finds one volunteer whom the caller may see with the permission (volunteer:read), in one
 * statement. Yields. ERR_NOT_FOUND ("volunteer_not_found"). */
YIELDS Err *volunteer_find(Ctx *ctx, VolunteerId id, const char *permission,
                           Volunteer **ret_volunteer);

/* Finds one, whoever asks: for /me, jobs and guarded routes. Nothing of custom is left out. Yields.
 * ERR_NOT_FOUND. */
YIELDS Err *volunteer_find_any(Ctx *ctx, VolunteerId id, Volunteer **ret_volunteer);

/* The ID number in clear, NULL if there is none. The caller audits it. Yields. */
YIELDS Err *volunteer_find_id_number(Ctx *ctx, VolunteerId id, const char **ret_id_number);

/* A guard for routes under /volunteers/{volunteer_id}: knows volunteer:read, needs route->needs on
 * the volunteer's unit. Yields. */
YIELDS Err *volunteer_guard(Ctx *ctx, const HttpRequest *req);

/* Like the guard, for ids that come in a body: ERR_NOT_FOUND, ERR_FORBIDDEN. Yields. */
YIELDS Err *volunteer_check_access(Ctx *ctx, VolunteerId id, const char *needs);

/* May the caller do `needs` on the unit that a body names as unit_id? ERR_INVALID (unit_id) if
 * there is none that it may know of, ERR_FORBIDDEN. Yields. */
YIELDS Err *volunteer_check_unit(Ctx *ctx, UnitId unit_id, const char *needs);

/* Answers with a page of the history of a volunteer. Yields. */
YIELDS Err *volunteer_reply_history(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                    VolunteerId id);

/* Everything of the history, newest first, as a JSON array; at most 1,000 entries. Yields. */
YIELDS Err *volunteer_history_json(Ctx *ctx, VolunteerId id, const char **ret_json);

/* Emergency contacts and health notes in clear, as JSON of schema Sensitive. The caller audits it.
 * Yields. */
YIELDS Err *volunteer_sensitive_json(Ctx *ctx, VolunteerId id, const char **ret_json);

/* Whom does a row of an import mean? By number; else by ID number; else by name with phone (and
 * birth date, when both have one); else by name with birth date where neither has a phone. For each
 * of count drafts, *ret_found has the volunteer, or NULL. Archived ones are not found, except by
 * number. Few statements, whatever count is. Yields. */
YIELDS Err *volunteer_find_by_identity(Ctx *ctx, const VolunteerDraft *drafts, size_t count,
                                       Volunteer **ret_found);

typedef enum VolunteerSort {
    VOLUNTEER_SORT_NUMBER,
    VOLUNTEER_SORT_NAME,
    VOLUNTEER_SORT_CREATED_AT,
    VOLUNTEER_SORT_SERVICE_MINUTES
} VolunteerSort;

typedef struct VolunteerQuery {
    const char *permission; /* that confines: "volunteer:read", "volunteer:export" */
    const char *q;          /* part of a name, pinyin, initials, number, phone; or NULL */
    int state;              /* VolunteerState, -1: all */
    UnitId unit_id;         /* with all below; 0: all */
    const char *skill;
    const char *category;
    int gender; /* Gender, -1: all */
    TimeMs created_from;
    TimeMs created_before; /* 0: unbounded */
    const char *birth_from;
    const char *birth_to;
    VolunteerSort sort;
    bool descending;
    int64_t limit;
    size_t after_count; /* the position after which the page begins: as volunteer_sort_values */
    SqlValue after[2];
    bool want_total;
} VolunteerQuery;

typedef struct VolunteerPage {
    ObjectList volunteers; /* of Volunteer, at most limit */
    bool has_more;
    int64_t total; /* -1: not asked for; exact up to VOLUNTEER_TOTAL_MAX, which stands for more */
} VolunteerPage;

#define VOLUNTEER_TOTAL_MAX 10000

/* Reads the filters of a request: those of GET /volunteers and its export. Yields (time zone).
 * ERR_INVALID naming the parameters. */
YIELDS Err *volunteer_query_read(Ctx *ctx, const HttpRequest *req, VolunteerQuery *ret_query);

/* One page of whom the caller may see. Yields. */
YIELDS Err *volunteer_list(Ctx *ctx, const VolunteerQuery *query, VolunteerPage *ret_page);

/* A LIKE pattern (ESCAPE '\\') of volunteer.name_terms for a search text. */
const char *volunteer_name_pattern(Arena *arena, const char *q);

/* The position of an item in the order of a query: two values. */
size_t volunteer_sort_values(const VolunteerQuery *query, const Volunteer *volunteer,
                             SqlValue ret_values[2]);

/* ---- Generated people, for the demonstration and the benchmarks ---- */

/* Makes count people with plausible, fictitious data in the existing units, the same ones for the
 * same seed, in transactions of its own. Yields. */
YIELDS Err *volunteer_generate(Ctx *ctx, int64_t count, uint64_t seed);

extern const Concept volunteer_concept;
