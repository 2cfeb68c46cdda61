/* self.h - /api/v1/me: the volunteer's own view (PIPL Art. 44 to 47). */
#pragma once

#include "app/services.h"

extern const Concept self_concept;
