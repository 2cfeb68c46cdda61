/* child.h - programs of the distribution that vomsctl runs: pg_dump, pg_restore, psql.
 *
 * What they say on stderr becomes the message of their failure. All of it blocks. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

typedef struct ChildOptions {
    const char *const *arguments;   /* [0] is looked for in PATH; ends with NULL */
    const char *const *environment; /* "NAME=value" on top of ours; ends with NULL */
    int input;                      /* becomes stdin; -1: /dev/null */
    int output;                     /* becomes stdout; -1: /dev/null */
} ChildOptions;

typedef struct Child {
    const char *name;
    pid_t pid;  /* 0: none, or waited for */
    int errors; /* what it writes to stderr */
} Child;

/* Starts a program. Fails with ERR_UNAVAILABLE ("program_missing"). */
Err *child_start(Arena *arena, const ChildOptions *options, Child *ret_child);

/* Waits for its end. Fails with ERR_INTERNAL ("program_failed") unless it ends with 0. */
Err *child_wait(Arena *arena, Child *child);

/* Ends it if it still runs; its end is not looked at. For clean-up; an empty Child is accepted. */
void child_end(Child *child);

/* Makes a pipe whose ends children do not inherit. Fails with ERR_UNAVAILABLE. */
Err *child_pipe(Arena *arena, int *ret_read, int *ret_write);

/* Writes all bytes to a pipe. Fails with ERR_UNAVAILABLE ("pipe_broken"): ask child_wait why. */
Err *child_feed(Arena *arena, int fd, const void *bytes, size_t length);
