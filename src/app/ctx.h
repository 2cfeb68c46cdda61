/* ctx.h - what a request, a message's handler or a schedule's run works with. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "http/http.h"
#include "port/store.h"

typedef struct Services Services; /* app/services.h */
typedef struct Access
    Access; /* voms/account: what the caller may do; loaded by the authenticator */

typedef struct AccountId {
    int64_t value;
} AccountId;
typedef struct UnitId {
    int64_t value;
} UnitId;
typedef struct VolunteerId {
    int64_t value;
} VolunteerId;
typedef struct SessionId {
    int64_t value;
} SessionId;

/* Who asks. Zeroed: nobody (no login). */
typedef struct Caller {
    AccountId account_id; /* 0: no login, or the system itself */
    SessionId session_id;
    VolunteerId volunteer_id; /* the account's volunteer, 0 if none */
    const char *name;         /* for logs and the audit log */
    bool is_super;            /* super administrator: every permission on the root unit */
    bool is_system;           /* a job or schedule */
    bool must_change_password;
    const Access *access; /* NULL for is_system */
} Caller;

struct Ctx {
    Arena *arena;
    Db *db;
    Services *services;
    Caller caller;
    Language language;
    TimeMs now; /* the instant of this request; the same for all that it writes */
    const char *request_id;
    const char *client_address; /* NULL for jobs */
};
