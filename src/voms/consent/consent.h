/* consent.h - what people, or the guardians of minors, agreed to (PIPL Art. 14 to 17, 31). */
#pragma once

#include "app/services.h"
#include "voms/volunteer/volunteer.h"

typedef enum ConsentKind {
    CONSENT_PRIVACY_POLICY,
    CONSENT_GUARDIAN,
    CONSENT_SENSITIVE_DATA
} ConsentKind;

extern const char *const consent_kinds[];

typedef struct Consent {
    int64_t id;
    VolunteerId volunteer_id;
    int kind;
    const char *policy_version;
    const char *scope;
    const char *guardian_name;
    const char *guardian_relation;
    const char *guardian_phone;
    const char *note;
    TimeMs given_at;
    AccountId recorded_by; /* 0: the person */
    const char *expires_on;
    TimeMs withdrawn_at;
    const char *withdrawal_reason;
} Consent;

extern const Shape consent_shape;
extern const Concept consent_concept;

typedef struct ConsentDraft {
    int kind;
    const char *policy_version;
    const char *scope;
    Guardian *guardian;
    const char *note;
    const char *expires_on;
} ConsentDraft;

extern const Shape consent_create_shape;

typedef struct ConsentWithdrawal {
    const char *reason; /* or NULL */
} ConsentWithdrawal;

extern const Shape consent_withdrawal_shape;

/* Answers with a page of a volunteer's consents. Yields. */
YIELDS Err *consent_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res, VolunteerId id);

/* Writes consents of new volunteers, as they are. In the open transaction. Yields. */
YIELDS Err *consent_insert_many(Ctx *ctx, const Consent *consents, size_t count);

/* Checks a consent and records it, with history and audit. In the open transaction. Yields. Fails
 * with ERR_INVALID (policy_version, guardian, expires_on), ERR_CONFLICT ("policy_outdated"). */
YIELDS Err *consent_give(Ctx *ctx, const Volunteer *volunteer, const ConsentDraft *draft,
                         Consent **ret_consent);

/* Withdraws a consent of that volunteer. In the open transaction. Yields. ERR_NOT_FOUND
 * ("consent_not_found"), ERR_CONFLICT ("already_withdrawn"). */
YIELDS Err *consent_withdraw(Ctx *ctx, const Volunteer *volunteer, int64_t consent_id,
                             const char *reason, Consent **ret_consent);

/* The consents of a volunteer with ids below before_id (0: all), newest first. Yields. */
YIELDS Err *consent_list_of(Ctx *ctx, VolunteerId volunteer_id, int64_t before_id, int64_t limit,
                            ObjectList *ret_consents);

/* How many consents a volunteer has. Yields. */
YIELDS Err *consent_count_of(Ctx *ctx, VolunteerId volunteer_id, int64_t *ret_total);

/* Moves all consents of one volunteer to another. Yields. */
YIELDS Err *consent_move(Ctx *ctx, VolunteerId from, VolunteerId to);

/* Notes on the volunteer the consent to the privacy policy that holds, if one does: after a move.
 * The volunteer's version rises. Yields. */
YIELDS Err *consent_settle(Ctx *ctx, VolunteerId volunteer_id);

/* Forgets guardians and notes; kind, version and times stay as proof. Yields. */
YIELDS Err *consent_anonymise(Ctx *ctx, VolunteerId volunteer_id);
