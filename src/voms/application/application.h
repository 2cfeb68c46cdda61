/* application.h - people who want to join: they apply in public, the unit decides. */
#pragma once

#include "app/services.h"

extern const Concept application_concept;
