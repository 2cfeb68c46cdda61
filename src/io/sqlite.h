/* sqlite.h - one SQLite connection: prepared statements by name, values in and out, errors by kind.
 *
 * Nothing here waits for another fiber: a call runs where it is made, in the loop or inside
 * offload(), and one thread at a time uses a connection. */
#pragma once

#include "io/sql.h"

typedef struct SqliteDb SqliteDb;

typedef struct SqliteOptions {
    const char *path;
    bool read_only;      /* refuses to change the database */
    int busy_timeout_ms; /* how long a call blocks while another process writes */
    int cache_kib;       /* pages kept in memory, at most; 0: CACHE_KIB of sqlite.c */
} SqliteOptions;

/* Opens a connection in WAL mode with synchronous=FULL, foreign keys on, LIKE as in PostgreSQL
 * (case matters), and the functions of PostgreSQL that SQLite lacks. The caller closes it. Fails
 * with ERR_UNAVAILABLE if the file cannot be opened. */
Err *sqlite_db_open(Arena *arena, const SqliteOptions *options, SqliteDb **ret_db);
void sqlite_db_close(SqliteDb *db);

/* From now on statements that still run at deadline end with ERR_TIMEOUT ("statement_timeout"). */
void sqlite_db_set_deadline(SqliteDb *db, Deadline deadline);

/* Runs a statement to its end; its rows live in arena. built says that the statement itself lives
 * no longer than the call, so it is remembered by its text. ret_rows may be NULL. Fails as
 * store_query says. */
Err *sqlite_db_run(SqliteDb *db, Arena *arena, const SqlStatement *statement, bool built,
                   SqlArgs args, SqlRows **ret_rows);

/* Runs one statement for each of count argument lists, in their order, without their rows.
 * *ret_affected is the sum; it is set on success. Fails as sqlite_db_run does, at the first list
 * that fails. */
Err *sqlite_db_run_many(SqliteDb *db, Arena *arena, const SqlStatement *statement,
                        const SqlArgs *args, size_t count, int64_t *ret_affected);

/* Copies the log into the database once a commit leaves it longer than so many pages. */
void sqlite_db_set_checkpoint(SqliteDb *db, int pages);

/* Gives back the memory of cached pages that nothing waits for. */
void sqlite_db_release_memory(SqliteDb *db);

/* Runs a statement without parameters and rows, such as COMMIT. text must be static. */
Err *sqlite_db_control(SqliteDb *db, Arena *arena, const char *text);

/* Is a transaction open? SQLite itself ends one on errors such as a full disk. */
bool sqlite_db_in_transaction(const SqliteDb *db);

/* Are there violated foreign keys whose check is deferred to the commit? */
bool sqlite_db_has_deferred_violation(SqliteDb *db);

/* Prepares a statement and forgets it: is it valid? */
Err *sqlite_db_check(SqliteDb *db, Arena *arena, const SqlStatement *statement);

/* Runs a script of several statements without parameters; *ret_failed (may be NULL) becomes the
 * text of the statement that failed, in arena. */
Err *sqlite_db_script(SqliteDb *db, Arena *arena, const char *script, const char **ret_failed);
