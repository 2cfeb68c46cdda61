/* sqlite_internal.h - shared by the files of the SQLite client. */
#pragma once

#include <sqlite3.h>

#include "io/sqlite.h"

/* Adds PostgreSQL's functions, aggregates, table functions and the collation "C". */
int sqlite_register_functions(sqlite3 *handle);

/* Turns a result code of SQLite into an error; what names the statement. */
Err *sqlite_error(sqlite3 *handle, Arena *arena, const char *what, int code);
