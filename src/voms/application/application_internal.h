/* application_internal.h - what the files of this concept share. */
#pragma once

#include "voms/application/application.h"
#include "voms/volunteer/volunteer.h"

extern const Shape application_create_shape;
extern const Shape application_receipt_shape;

/* Completes application_create_shape. */
Err *application_start(Ctx *ctx);

/* POST /api/v1/public/applications. Yields. */
HttpHandler application_create;
