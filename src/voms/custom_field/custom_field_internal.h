/* custom_field_internal.h - what the files of this concept share. */
#pragma once

#include "voms/custom_field/custom_field.h"

extern const Shape custom_field_shape;
extern const char *const custom_field_sights[]; /* by CustomFieldSight */

/* Has every process of this machine read the definitions anew soon; after a commit at once here. */
void custom_field_forget(Ctx *ctx);

/* Lets go of the copy that the calling thread keeps. */
void custom_field_leave_thread(void);

/* Finds one. Yields. ERR_NOT_FOUND ("custom_field_not_found"). */
YIELDS Err *custom_field_find(Ctx *ctx, int64_t id, CustomField **ret_field);

/* Removes the values of deleted fields, piece by piece. Yields. */
YIELDS Err *custom_field_clear_values(Ctx *ctx, const BusMessage *message);
