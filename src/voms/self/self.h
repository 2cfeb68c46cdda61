/* self.h - /api/v1/me: the volunteer's own view (PIPL Art. 44 to 47). */
#pragma once

#include "app/services.h"

extern const Concept self_concept;

/* Fills a demonstration organisation. Yields. */
YIELDS Err *self_demo(Ctx *ctx);
