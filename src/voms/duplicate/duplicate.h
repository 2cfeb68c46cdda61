/* duplicate.h - two files of one person: found, looked at, merged. */
#pragma once

#include "app/services.h"
#include "voms/volunteer/volunteer.h"

extern const Concept duplicate_concept;

/* How two volunteers are alike. */
typedef struct DuplicateLikeness {
    bool id_number;
    bool phone;
    bool email;
    bool name;
    bool birth_date;
} DuplicateLikeness;

#define DUPLICATE_REASONS_MAX 5

/* The reasons why they may be one person, and how likely it is: 1..100, 0 if there is none. Pure.
 */
int64_t duplicate_rules_judge(Arena *arena, const DuplicateLikeness *likeness,
                              TextList *ret_reasons);

/* Compares a volunteer with all others and suggests pairs; forgets suggestions that do not hold any
 * more. In the open transaction. Yields. */
YIELDS Err *duplicate_refresh(Ctx *ctx, VolunteerId volunteer_id);

/* Has a job compare these later: new rows of an import. In the open transaction. Yields. */
YIELDS Err *duplicate_enqueue(Ctx *ctx, const VolunteerId *ids, size_t count);

/* Forgets all pairs of a volunteer. Yields. */
YIELDS Err *duplicate_forget(Ctx *ctx, VolunteerId volunteer_id);

/* Compares those whom duplicate_enqueue left: a Schedule's run. Yields. */
YIELDS Err *duplicate_work_off(Ctx *ctx);
