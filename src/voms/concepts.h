/* concepts.h - all that VOMS consists of, in the order of concepts.def. */
#pragma once

#include "app/services.h"

/* Ends with NULL. */
extern const Concept *const all_concepts[];
