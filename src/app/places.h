/* places.h - where an installation keeps its own files. */
#pragma once

#include "base/arena.h"

/* The folder `name` beside the program's bin/ ("/opt/voms/migrations" for "/opt/voms/bin/server"),
 * or that of the source tree for a program that was built and not installed. */
const char *places_folder(Arena *arena, const char *name);
