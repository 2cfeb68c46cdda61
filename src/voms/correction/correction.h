/* correction.h - "please correct": requests to mend an evident error (D67 Art. 6). */
#pragma once

#include "app/services.h"
#include "voms/volunteer/volunteer.h"

typedef enum CorrectionState {
    CORRECTION_OPEN,
    CORRECTION_RESOLVED, /* the volunteer answered */
    CORRECTION_CLOSED    /* staff is done with it */
} CorrectionState;

extern const char *const correction_states[];

typedef struct Correction {
    int64_t id;
    VolunteerId volunteer_id;
    const char *field; /* of MePatch, or "custom.key" */
    const char *message;
    int state;
    const char *answer;
    AccountId created_by;
    TimeMs created_at;
    TimeMs resolved_at;
    AccountId closed_by;
    TimeMs closed_at;
} Correction;

extern const Shape correction_shape;
extern const Concept correction_concept;

typedef struct CorrectionAnswer {
    const char *answer;
} CorrectionAnswer;

extern const Shape correction_answer_shape;

/* The corrections of a volunteer in a state (-1: all) with ids below before_id (0: all), newest
 * first. Yields. */
YIELDS Err *correction_list_of(Ctx *ctx, VolunteerId volunteer_id, int state, int64_t before_id,
                               int64_t limit, ObjectList *ret_corrections);

/* Answers with a page of them; the request may have the parameter state if with_state. Yields. */
YIELDS Err *correction_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                  VolunteerId id, bool with_state);

/* The volunteer answers an open request. In the open transaction. Yields. ERR_NOT_FOUND
 * ("correction_not_found"), ERR_CONFLICT ("state_conflict"). */
YIELDS Err *correction_resolve(Ctx *ctx, const Volunteer *volunteer, int64_t id, const char *answer,
                               Correction **ret_correction);

/* Moves all corrections of one volunteer to another. Yields. */
YIELDS Err *correction_move(Ctx *ctx, VolunteerId from, VolunteerId to);

/* Forgets what was written in them, and closes them. Yields. */
YIELDS Err *correction_anonymise(Ctx *ctx, VolunteerId volunteer_id);
