/* signup_internal.h - what the files of this concept share. */
#pragma once

#include "voms/signup/signup.h"

#define SIGNUP_BATCH_MAX 128 /* sign-ups of one transaction and of one message */

/* ---- Facts ---- */

/* Reads a place with what the rules need of its activity; lock: as the first step of a change, in
 * the open transaction. Yields. ERR_NOT_FOUND ("shift_place_not_found"). */
YIELDS Err *signup_place_find(Ctx *ctx, int64_t shift_id, int64_t position_id, bool lock,
                              const Settings *settings, SignupPlace *ret_place);

/* Is it an activity that volunteers may not know of yet? */
bool signup_place_is_secret(const SignupPlace *place);

/* What the rules need to know about a place and those who want it. */
typedef struct SignupFacts {
    const Settings *settings;
    SignupPlace place;
    SignupDay days[8]; /* that the shift touches; of a longer shift the first ones */
    size_t day_count;
} SignupFacts;

/* Loads settings and place. lock as above. Yields. */
YIELDS Err *signup_facts_load(Ctx *ctx, int64_t shift_id, int64_t position_id, bool lock,
                              SignupFacts *ret_facts);

/* Loads the persons of count ids, in the order of ids, in two statements. lock: nobody else decides
 * about them until the open transaction ends. Yields. ERR_NOT_FOUND ("volunteer_not_found"). */
YIELDS Err *signup_persons_load(Ctx *ctx, const SignupFacts *facts, const VolunteerId *ids,
                                size_t count, bool lock, SignupPerson **ret_persons);

/* signup_rules_evaluate with these facts. */
void signup_facts_evaluate(const SignupFacts *facts, const SignupPerson *person, TimeMs now,
                           SignupPurpose purpose, int64_t accepted_version,
                           SignupReasons *ret_reasons);

/* ---- Reasons for people ---- */

/* The answer of an eligibility call, as JSON of schema Eligibility. */
const char *signup_reasons_json(Ctx *ctx, const SignupFacts *facts, const SignupReasons *reasons);

/* ERR_CONFLICT with the code of the first refusal, current: the JSON above. */
Err *signup_refused(Ctx *ctx, const SignupFacts *facts, const SignupReasons *reasons);

extern const MessageText signup_messages[];

/* ---- Rows ---- */

/* Finds one, whoever asks, with its place on the waitlist. Yields. ERR_NOT_FOUND
 * ("signup_not_found"). */
YIELDS Err *signup_find(Ctx *ctx, int64_t id, Signup **ret_signup);

/* Writes what may change. Yields. ERR_BUSY if it changed since it was read. */
YIELDS Err *signup_write(Ctx *ctx, const Signup *signup);

/* How the counts of a place change. */
typedef struct SignupCounts {
    int64_t taken;
    int64_t waiting;
    int64_t pending;
} SignupCounts;

/* Adds count (1 or -1) sign-ups of that state. */
void signup_counts_add(SignupCounts *counts, SignupState state, int64_t count);

/* Writes the counts and last_sequence of the place, and changes *place likewise. Yields. */
YIELDS Err *signup_place_write(Ctx *ctx, SignupPlace *place, const SignupCounts *change);

/* One sign-up of a message. */
typedef struct SignupNews {
    int64_t id;
    VolunteerId volunteer_id;
    SignupState state;
    const char *reason; /* or NULL */
} SignupNews;

/* Publishes messages, each about up to SIGNUP_BATCH_MAX of the sign-ups. Yields. */
YIELDS Err *signup_publish(Ctx *ctx, const char *subject, const SignupPlace *place,
                           const SignupNews *news, size_t count);

/* ERR_CONFLICT ("state_conflict", current: the state). */
Err *signup_state_conflict(Ctx *ctx, const Signup *signup);

/* ---- Taking part ---- */

/* One who wants a place. */
typedef struct SignupEntry {
    VolunteerId volunteer_id;
    int64_t account_id;       /* who asks */
    int64_t accepted_version; /* of the risk notice; 0: none */

    /* Of staff alone. */
    bool by_staff;
    const char *override_reason; /* or NULL: nothing is set aside */

    /* What became of it. */
    Err *refusal;   /* or NULL; in the arena of the entry's owner */
    Signup *signup; /* or NULL */
} SignupEntry;

/* Decides on all who want a place of one position, in the order of the entries, in the open
 * transaction: signup or refusal of each is set. Staff's places are checked against the same rules.
 * Yields. Fails for all with ERR_NOT_FOUND ("shift_place_not_found") and as the store does. */
YIELDS Err *signup_admit(Ctx *ctx, int64_t shift_id, int64_t position_id, SignupEntry *entries,
                         size_t count);

/* Lines the entry up with all others who want this place in the same moment; they are decided in
 * few transactions. Outside of a transaction. Yields. Fails as signup_admit does, with the entry's
 * refusal, and with ERR_UNAVAILABLE ("signup_overloaded") when too many are lined up. */
YIELDS Err *signup_queue_admit(Ctx *ctx, int64_t shift_id, int64_t position_id, SignupEntry *entry);

/* ---- Changes; each in the open transaction, each locks the place first ---- */

/* Gives free places to who waits, in the order of the line, passing over who does not qualify now.
 * Yields. */
YIELDS Err *signup_fill(Ctx *ctx, SignupFacts *facts);

/* The same for a place that is locked here. Yields. */
YIELDS Err *signup_fill_place(Ctx *ctx, int64_t shift_id, int64_t position_id);

typedef struct SignupCancellation {
    const char *by; /* "volunteer", "staff", "system" */
    const char *reason;
} SignupCancellation;

/* Cancels one, and gives a freed place to the next. Yields. ERR_CONFLICT ("state_conflict";
 * "cancel_deadline_passed" for the volunteer). */
YIELDS Err *signup_cancel(Ctx *ctx, int64_t id, const SignupCancellation *cancellation);

typedef struct SignupDecision {
    bool approve;
    const char *reason;
    const char *override_reason; /* or NULL */
} SignupDecision;

/* Decides a pending or waitlisted one; approved without a free place it joins the waitlist. Yields.
 * ERR_CONFLICT ("state_conflict", or a reason's code when it does not qualify). */
YIELDS Err *signup_decide(Ctx *ctx, int64_t id, const SignupDecision *decision);

/* Accepts or declines the place on offer. Yields. ERR_CONFLICT ("state_conflict",
 * "offer_lapsed"). */
YIELDS Err *signup_answer_offer(Ctx *ctx, int64_t id, bool accept);

/* Moves a waitlisted one to the front: it gets a free place, or is the next. Yields. */
YIELDS Err *signup_move_up(Ctx *ctx, int64_t id, const char *reason);

/* Cancels all that has not ended in a shift. Yields. */
YIELDS Err *signup_cancel_shift(Ctx *ctx, int64_t shift_id, const char *reason);

/* ---- The lottery ---- */

/* Draws all positions of an activity, each in a transaction; does nothing when all are drawn.
 * Outside of a transaction. Yields. ERR_CONFLICT ("no_lottery", "lottery_not_closed",
 * "lottery_drawn"). */
YIELDS Err *signup_lottery_draw(Ctx *ctx, int64_t activity_id);

extern const BusSubscription signup_subscriptions[];
extern const Schedule signup_schedules[];

/* Fills a demonstration organisation. Yields. */
YIELDS Err *signup_demo(Ctx *ctx);

/* The duties, for tests: lapsed offers, freed places, due lotteries. Each yields. */
YIELDS Err *signup_lapse_offers(Ctx *ctx);
YIELDS Err *signup_fill_all(Ctx *ctx);
YIELDS Err *signup_draw_due(Ctx *ctx);
