/* duplicate_internal.h - what the files of this concept share. */
#pragma once

#include "voms/duplicate/duplicate.h"

/* A person in few words. */
typedef struct VolunteerBrief {
    VolunteerId id;
    const char *number;
    const char *name;
    int gender;
    const char *birth_date;
    const char *phone;
    UnitId unit_id;
    const char *unit_name;
    int state;
    TimeMs created_at;
} VolunteerBrief;

extern const Shape volunteer_brief_shape;

typedef struct DuplicateCandidate {
    VolunteerBrief *volunteer;
    TextList reasons;
    int64_t score;
} DuplicateCandidate;

/* Who may be the same person, most likely first; confined to whom the caller may see with the
 * permission, NULL: not confined. Dismissed ones are left out. Yields. */
YIELDS Err *duplicate_find(Ctx *ctx, VolunteerId id, const char *permission,
                           ObjectList *ret_candidates);

typedef struct DuplicateMerge {
    Volunteer *into;
    Volunteer *other;
    const json_t *keep; /* {"field": "this" | "other"}, or NULL */
    const char *reason;
} DuplicateMerge;

/* Moves everything of `other` to `into`, and archives it. In the open transaction. Yields. */
YIELDS Err *duplicate_merge(Ctx *ctx, const DuplicateMerge *merge);
