#include "voms/concepts.h"

#define CONCEPT(name) extern const Concept name##_concept;
#include "voms/concepts.def"
#undef CONCEPT

const Concept *const all_concepts[] = {
#define CONCEPT(name) &name##_concept,
#include "voms/concepts.def"
#undef CONCEPT
    NULL,
};
