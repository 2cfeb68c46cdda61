/* process.h - the kinds of processes, and which of the duties each has. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

typedef struct Config Config; /* app/config.h */

typedef enum ProcessDuty {
    DUTY_SCHEMA = 1 << 0,   /* migrates, and makes the rows that must be there */
    DUTY_HTTP = 1 << 1,     /* on every loop */
    DUTY_RELAY = 1 << 2,    /* takes messages out of the outbox */
    DUTY_CONSUME = 1 << 3,  /* handles messages */
    DUTY_SCHEDULE = 1 << 4, /* runs the periodic duties */
} ProcessDuty;

typedef struct ProcessKind {
    const char *name;   /* of the executable */
    unsigned alone;     /* duties without nats.url: all in one process. 0: it has nothing to do */
    unsigned with_nats; /* duties with nats.url */
} ProcessKind;

/* The kind with that name; BUG_ON if there is none. */
const ProcessKind *process_kind(const char *name);

/* What a process of the kind does with this configuration. Fails with ERR_CONFIG if nothing. */
Err *process_duties(const ProcessKind *kind, const Config *config, unsigned *ret_duties);
