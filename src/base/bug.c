#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"

void bug_abort(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "BUG: %s at %s:%d in %s\n", condition, file, line, function);
    abort();
}
