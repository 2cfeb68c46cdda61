/* store.h - the store port: queries, transactions and migrations on SQLite or PostgreSQL.
 *
 * Nothing above this header knows which driver is there. Statements are constants made from the
 * concepts' .sql files; parameters are $1, $2, …; instants are TimeMs on both drivers (timestamptz
 * or integer milliseconds), booleans and JSON likewise. Results live in the Db's arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"
#include "io/sql.h"

/* A statement composed from constant clauses: the only dynamic SQL there is. */
typedef struct SqlBuilder {
    Str sqlite;
    Str postgres;
    SqlValue values[64];
    size_t count;
    bool scan;
    bool writes; /* set by the caller of a composed statement that changes rows */
} SqlBuilder;

/* Makes an empty statement. */
void sql_builder_init(SqlBuilder *builder, Arena *arena);

/* Appends a statement's or clause's text; its $1…$n are renumbered to follow those so far. */
void sql_builder_add(SqlBuilder *builder, const SqlStatement *clause, SqlArgs args);

/* ---- Rows ---- */

typedef SqlRows StoreRows;

/* The value as it came. */
const SqlValue *row_value(const StoreRows *rows, size_t row, size_t column);

/* The column's index; BUG_ON if the statement has no such column. */
size_t row_column(const StoreRows *rows, const char *column);

/* Values by type; BUG_ON if the column has another. */
int64_t row_int(const StoreRows *rows, size_t row, size_t column);      /* null is 0 */
double row_real(const StoreRows *rows, size_t row, size_t column);      /* null is 0 */
bool row_bool(const StoreRows *rows, size_t row, size_t column);        /* null is false */
TimeMs row_time(const StoreRows *rows, size_t row, size_t column);      /* null is 0 */
const char *row_text(const StoreRows *rows, size_t row, size_t column); /* null is NULL */
Slice row_bytes(const StoreRows *rows, size_t row, size_t column);

/* ---- The store, once per process ---- */

typedef enum StoreDriver { STORE_SQLITE, STORE_POSTGRES } StoreDriver;

typedef struct StoreOptions {
    StoreDriver driver;
    const char *path;             /* SQLite: the file */
    const char *url;              /* PostgreSQL: a libpq connection string or URI */
    int pipelines;                /* PostgreSQL: shared pipelined connections per loop (1) */
    int transactions_max;         /* PostgreSQL: leased connections per loop (8) */
    int64_t statement_timeout_ms; /* 10 s */
    int64_t connect_timeout_ms;   /* 5 s */
} StoreOptions;

typedef struct Store Store;

/* Opens the store for the process; no connection is made yet. options is copied. */
Err *store_open(Arena *arena, const StoreOptions *options, Store **ret_store);
void store_close(Store *store);
StoreDriver store_driver(const Store *store);

/* Makes this loop's connections and keeps them (reconnecting with back-off). Called in each loop's
 * thread before use; detach waits until they are closed. Yields. */
YIELDS Err *store_attach(Store *store);
void store_detach(Store *store);

/* Asks the database for one row. Yields. *ret_latency_us is set on success. */
YIELDS Err *store_ping(Store *store, int64_t *ret_latency_us, TimeMs *ret_database_time);

typedef struct StoreStats {
    int64_t statements;
    int64_t transactions;
    int64_t transactions_open;
    int64_t waiting;   /* fibers waiting for a connection or the write turn */
    int64_t in_flight; /* statements sent and not answered */
    int64_t reconnects;
    int64_t retries;       /* transactions repeated after ERR_BUSY */
    int64_t commit_groups; /* SQLite: fsyncs */
    int64_t commits;       /* transactions in those groups */
} StoreStats;

/* Sums over all loops. Thread-safe. */
StoreStats store_stats(const Store *store);

/* ---- A caller's view of it ---- */

typedef struct StoreTransaction StoreTransaction;

/* Who asks: an arena for results, and the transaction that is open, if any. */
typedef struct Db {
    Store *store;
    Arena *arena;
    StoreTransaction *transaction;
} Db;

/* A view without a transaction; results go into arena. */
static inline Db db_make(Store *store, Arena *arena)
{
    return (Db){.store = store, .arena = arena};
}

/* Runs a statement and returns its rows. Inside a transaction it runs there, else by itself.
 * Yields. Fails with ERR_BUSY (serialization failure, deadlock), ERR_CONFLICT ("unique_violation"
 * with param = constraint name, PostgreSQL's on both: "account_username_key"; "check_violation"
 * likewise; "foreign_key_violation"), ERR_UNAVAILABLE, ERR_TIMEOUT, ERR_INTERNAL.
 *
 * A statement that fails inside a transaction dooms it, on both databases: nothing more runs in it
 * and it cannot commit. What may collide uses ON CONFLICT DO NOTHING and looks at affected.
 *
 * When the connection breaks under a statement outside a transaction, a read is repeated once; a
 * write is not, its outcome is unknown, and it fails with ERR_UNAVAILABLE ("outcome_unknown"). */
YIELDS Err *store_query(Db *db, const SqlStatement *statement, SqlArgs args, StoreRows **ret_rows);

/* Like store_query for a composed statement. Yields. */
YIELDS Err *store_query_built(Db *db, const SqlBuilder *builder, StoreRows **ret_rows);

/* Runs a statement whose rows are of no interest. Yields. ret_affected may be NULL. */
YIELDS Err *store_exec(Db *db, const SqlStatement *statement, SqlArgs args, int64_t *ret_affected);

/* Runs one statement for each of count argument lists, in their order, sent together: in the open
 * transaction, or in one of its own. *ret_affected (may be NULL) is the sum. Yields. Fails as
 * store_query does. */
YIELDS Err *store_exec_many(Db *db, const SqlStatement *statement, const SqlArgs *args,
                            size_t count, int64_t *ret_affected);

typedef Err *StoreWork(Db *db, void *arg);

/* Runs work(db, arg) in a transaction and commits it; when work fails the transaction is rolled
 * back and the error returned. After ERR_BUSY it is run again, up to 5 times with growing pauses,
 * so work must set its outputs anew each time and have no other effects. Within an open transaction
 * work simply joins it, and its failure dooms that transaction. Does not return success before the
 * commit is durable. Yields. */
YIELDS Err *store_transact(Db *db, StoreWork *work, void *arg);

/* Scope form, without retries, for code that a function cannot be made of:
 *
 *     CLEANUP(store_scope_end) StoreScope scope = {};
 *     TRY(store_begin(db, &scope));
 *     …
 *     TRY(store_commit(&scope));
 *
 * Leaving the scope without commit marks the transaction; the pool rolls it back. */
typedef struct StoreScope {
    Db *db;
    bool joined; /* it is inside an open transaction, which then decides */
} StoreScope;

/* Opens and commits the scope's transaction. Both yield and fail as store_query does. */
YIELDS Err *store_begin(Db *db, StoreScope *ret_scope);
YIELDS Err *store_commit(StoreScope *scope);
void store_scope_end(StoreScope *scope);

/* Calls fn(arg) after the open transaction has committed (at once when none is open). fn must not
 * yield; it is not called after a rollback. */
void db_after_commit(Db *db, void (*fn)(void *), void *arg);

/* ---- Migrations: blocking, for start-up and vomsctl ---- */

typedef struct Migration {
    int64_t id;              /* the number that the file name starts with */
    const char *name;        /* "platform" */
    const char *checksum;    /* SHA-256 of the text, hexadecimal */
    TimeMs applied_at;       /* 0: pending */
    bool from_newer_version; /* recorded in the database, not among our files */
} Migration;

typedef struct MigrationReport {
    Migration *migrations;
    size_t count;
    size_t applied_now;
    size_t pending;
} MigrationReport;

/* Brings the schema up to date from the files `NNNN_name.sql` (both), `NNNN_name.postgres.sql`,
 * `NNNN_name.sqlite.sql` in directory, under a lock, each in a transaction; records them in
 * voms_schema_migrations. dry_run only reports. Fails with ERR_CONFIG ("migration_changed") when an
 * applied file's checksum differs, ERR_INTERNAL ("migration_failed") naming the file and statement;
 * the schema is then as it was before that migration. Migrations of a newer version are left alone.
 * Blocks. */
Err *store_migrate(Arena *arena, const StoreOptions *options, const char *directory, bool dry_run,
                   MigrationReport *ret_report);
