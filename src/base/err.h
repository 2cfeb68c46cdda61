/* err.h - the one channel for errors.
 *
 * A function that can fail returns Err *; NULL is success. An Err lives in the arena that it was
 * made with. Its message is for the log, its code, parameters and fields are for the client, who
 * never sees the message of an internal error. It is logged once, by whoever stops it. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"

/* The kinds; what each means for HTTP, retries and the log stands in the table of err.c. */
typedef enum ErrKind {
    ERR_INTERNAL,    /* a bug or a state that should not be; 500 */
    ERR_UNAVAILABLE, /* something that we depend on is away or overloaded; 503 */
    ERR_TIMEOUT,     /* a deadline passed; 503 */
    ERR_CANCELLED,   /* the client went away, or we shut down; no answer is owed */
    ERR_BUSY,        /* serialization failure, deadlock, busy: the transaction may be repeated */
    ERR_MALFORMED,   /* not even readable; 400 */
    ERR_UNAUTHENTICATED, /* 401 */
    ERR_FORBIDDEN,       /* known, but not allowed; 403 */
    ERR_NOT_FOUND,       /* not there, or the caller may not know of it; 404 */
    ERR_NOT_ALLOWED,     /* no such method here; 405 */
    ERR_CONFLICT,        /* the current state forbids it; 409 */
    ERR_STALE,           /* If-Match did not match; 412 */
    ERR_TOO_LARGE,       /* 413 */
    ERR_UNSUPPORTED,     /* media type; 415 */
    ERR_INVALID,         /* readable, but breaks a rule; 422 */
    ERR_LIMITED,         /* too many; 429 with Retry-After */
    ERR_CONFIG,          /* the configuration is wrong; exit code 78 */
    ERR_KIND_COUNT
} ErrKind;

/* One field that broke a rule: "phone", "too_long", and the values that its text mentions. */
typedef struct ErrField {
    const char *field; /* path in the request body, such as "contacts[2].phone" */
    const char *code;  /* key into the message catalogue */
    const char *param; /* the value its text mentions, or NULL */
    struct ErrField *next;
} ErrField;

typedef struct Err {
    ErrKind kind;
    const char
        *code; /* stable, for the client, such as "volunteer_exists"; key into the catalogue */
    const char *message;    /* for the log; English */
    const char *param;      /* the value that the client's text mentions, or NULL */
    ErrField *fields;       /* broken fields, or NULL */
    const char *current;    /* ERR_CONFLICT: the current state, a word or a JSON object; or NULL */
    int64_t retry_after_ms; /* ERR_LIMITED, ERR_UNAVAILABLE: 0 if unknown */
    const struct Err *cause;
    const char *file;
    int line;
} Err;

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

typedef struct ErrKindInfo {
    const char *name;     /* "not_found" */
    int http_status;      /* 404 */
    bool retryable;       /* may the same work be repeated at once? */
    LogLevel log_level;   /* the level at which the dispatcher logs it */
    bool message_private; /* must the client see only the generic text? */
} ErrKindInfo;

/* The row of a kind. */
const ErrKindInfo *err_kind_info(ErrKind kind);

/* Makes an error; use the ERR macro. */
Err *err_make(Arena *arena, ErrKind kind, const char *code, const char *file, int line,
              const char *format, ...) PRINTF_LIKE(6, 7) __attribute__((returns_nonnull));

/* ERR(arena, ERR_NOT_FOUND, "volunteer_not_found", "volunteer %" PRId64, id) */
#define ERR(arena, kind, code, ...)                                                                \
    err_make((arena), (kind), (code), __FILE__, __LINE__, __VA_ARGS__)

/* Adds context: kind, code and client details are the cause's. NULL stays NULL. */
Err *err_wrap_at(Arena *arena, const Err *cause, const char *file, int line, const char *format,
                 ...) PRINTF_LIKE(5, 6);
#define err_wrap(arena, cause, ...) err_wrap_at((arena), (cause), __FILE__, __LINE__, __VA_ARGS__)

/* Adds one broken field to *err, which becomes an ERR_INVALID with code "validation_failed" if it
 * was NULL. param may be NULL. */
void err_add_field(Arena *arena, Err **err, const char *field, const char *code, const char *param);

/* Copies an error, with its causes and fields, into another arena. */
Err *err_copy(Arena *arena, const Err *err);

/* "while importing row 7: duplicate key (store_pg.c:120)", the whole chain, for the log. */
const char *err_text(Arena *arena, const Err *err);

/* Is the error one of kind? NULL is of no kind. */
static inline bool err_is(const Err *err, ErrKind kind)
{
    return err != NULL && err->kind == kind;
}

/* The only way to drop an error on purpose. */
static inline void err_ignore(const Err *err UNUSED, const char *why UNUSED)
{
}

/* Passes an error up. The only macro that hides a return. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        Err *try_err_ = (expression);                                                              \
        if (try_err_ != NULL) {                                                                    \
            return try_err_;                                                                       \
        }                                                                                          \
    } while (0)
