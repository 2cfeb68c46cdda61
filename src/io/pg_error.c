/* pg_error.c - SQLSTATEs as errors. */
#include <string.h>

#include "io/pg_internal.h"

typedef struct StateRow {
    const char *prefix; /* of the SQLSTATE; the first that fits counts */
    ErrKind kind;
    const char *code;
} StateRow;

/* https://www.postgresql.org/docs/15/errcodes-appendix.html */
static const StateRow states[] = {
    {"40", ERR_BUSY, "serialization_failure"},
    {"55P03", ERR_BUSY, "lock_not_available"},
    {"23505", ERR_CONFLICT, "unique_violation"},
    {"23503", ERR_CONFLICT, "foreign_key_violation"},
    {"23514", ERR_CONFLICT, "check_violation"},
    {"57014", ERR_TIMEOUT, "statement_timeout"},
    {"25P03", ERR_TIMEOUT, "transaction_too_long"},
    {"25006", ERR_UNAVAILABLE, "database_read_only"},
    {"53100", ERR_UNAVAILABLE, "storage_full"},
    {"53", ERR_UNAVAILABLE, "database_overloaded"},
    {"57P", ERR_UNAVAILABLE, "connection_lost"},
    {"08", ERR_UNAVAILABLE, "connection_lost"},
    {"58", ERR_UNAVAILABLE, "storage_error"},
    {"", ERR_INTERNAL, "database_error"},
};

static const char *state_of(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL ? state : "";
}

bool pg_is_lost(const PGresult *result)
{
    const char *state = state_of(result);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    /* Without a SQLSTATE it is libpq that speaks; with 25006 it is no primary any more. */
    return state[0] == 0 || str_starts_with(state, "57P") || str_starts_with(state, "08") ||
           str_equal(state, "25006") || str_equal(severity, "FATAL") ||
           str_equal(severity, "PANIC");
}

bool pg_is_stale(const PGresult *result)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return str_equal(state_of(result), "26000") ||
           (str_equal(state_of(result), "0A000") && message != NULL &&
            str_starts_with(message, "cached plan must not change"));
}

Err *pg_error(Arena *arena, const char *statement, const PGresult *result)
{
    const char *state = state_of(result);
    const StateRow *row = states;
    while (!str_starts_with(state, row->prefix)) {
        row++;
    }
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *text = message != NULL ? message : PQresultErrorMessage(result);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    Err *err = ERR(arena, row->kind, row->code, "%s: %s (SQLSTATE %s)", statement,
                   str_trim(arena, text), state);
    if (row->kind == ERR_CONFLICT) {
        /* The detail would quote the row. */
        err->param = arena_strdup(arena, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
    } else if (detail != NULL) {
        err->message = arena_printf(arena, "%s: %s", err->message, detail);
    }
    return err;
}
