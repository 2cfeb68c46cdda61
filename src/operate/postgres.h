/* postgres.h - PostgreSQL for sequential programs: blocking calls of libpq, and its own programs.
 */
#pragma once

#include <libpq-fe.h>

#include "base/err.h"

/* Connects, with times in UTC and no time limits on statements. Fails with ERR_UNAVAILABLE. */
Err *postgres_connect(Arena *arena, const char *url, PGconn **ret_connection);

/* For CLEANUP(postgres_closep). */
void postgres_closep(PGconn **connection);

/* Runs one statement; the caller clears the result. Fails with ERR_INTERNAL ("database_error"), or
 * ERR_UNAVAILABLE when the connection is lost. */
Err *postgres_query(Arena *arena, PGconn *connection, const char *text, PGresult **ret_result);

/* Runs statements without results of interest. */
Err *postgres_exec(Arena *arena, PGconn *connection, const char *text);

/* Runs a statement that gives one value: text, in the arena; NULL for no row or null. */
Err *postgres_value(Arena *arena, PGconn *connection, const char *text, const char **ret_value);

/* What went wrong on the connection just now. */
Err *postgres_error(Arena *arena, PGconn *connection, const PGresult *result);

/* The variables by which a program of PostgreSQL finds the server that the connection is with, and
 * its database: the password is not on a command line. Ends with NULL. */
const char *const *postgres_environment(Arena *arena, PGconn *connection);

/* A connection string to another database of the same server. */
const char *postgres_sibling_url(Arena *arena, PGconn *connection, const char *database);

/* A name as SQL writes it. */
const char *postgres_name(Arena *arena, const char *name);
