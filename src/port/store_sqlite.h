/* store_sqlite.h - the SQLite driver's parts: reading, and the writer that commits in groups. */
#pragma once

#include "io/sqlite.h"
#include "port/store_internal.h"

typedef enum WriteState {
    WRITE_QUEUED,   /* waits for its place in a group */
    WRITE_ACTIVE,   /* runs: a savepoint inside the group's transaction */
    WRITE_FINISHED, /* released; waits for the group's commit */
    WRITE_DONE      /* committed or failed; nobody refers to it any more */
} WriteState;

/* One write: a statement, or a transaction whose fiber runs its statements itself. Linked
 * in the writer's queue or group. */
typedef struct WriteEntry {
    WriteState state;
    bool interactive;
    bool expired;   /* held the turn for too long; already rolled back */
    bool offloaded; /* a statement of it runs in the thread pool */
    const StoreCall *call;
    Arena *arena; /* of the waiting fiber */
    SqlRows *rows;
    Err *err;
    Waiter waiter; /* the fiber whose write it is */
    struct WriteEntry *next;
    struct WriteEntry *previous;
} WriteEntry;

typedef struct WriteList {
    WriteEntry *first;
    WriteEntry *last;
    size_t count;
} WriteList;

/* A loop's place in the line for the write turn. */
typedef struct TurnWait {
    struct SqliteWriter *writer;
    bool came;
    struct TurnWait *next;
} TurnWait;

/* One statement for many argument lists. */
typedef struct SqliteMany {
    const SqlStatement *statement;
    const SqlArgs *args;
    size_t count;
    int64_t affected; /* set on success */
} SqliteMany;

typedef struct SqliteWriter {
    struct SqliteLoop *loop;
    SqliteDb *connection;
    Arena *arena; /* of the present group's own work */
    WriteList queue;
    WriteList group; /* finished members, waiting for the commit */
    WriteEntry *active;
    Err *group_err; /* SQLite ended the group's transaction by itself; in arena */
    Waiter waiter;  /* the writer's fiber */
    TurnWait turn;
    int64_t bulk_until_ms; /* monotonic: much is being written; 0: not */
    bool stopping;
} SqliteWriter;

#define SCAN_CONNECTIONS_MAX 2
#define SLOW_STATEMENTS_MAX 32

typedef struct SqliteLoop {
    StoreLoop base;
    SqliteDb *reader;
    FiberSemaphore scan_permits;
    SqliteDb *scanners[SCAN_CONNECTIONS_MAX];      /* idle ones; NULL: to be opened */
    const SqlStatement *slow[SLOW_STATEMENTS_MAX]; /* reads that were too slow for the loop */
    size_t slow_count;
    SqliteWriter writer;
    FiberGroup fibers;
} SqliteLoop;

typedef struct SqliteTransaction {
    StoreTransaction base;
    WriteEntry entry;
} SqliteTransaction;

/* Opens the write connection and starts the writer's fiber. Yields. */
YIELDS Err *sqlite_writer_start(SqliteLoop *loop, Arena *arena);

/* Stops it; all writes have ended. */
void sqlite_writer_stop(SqliteLoop *loop);

/* Runs the entry's statement in a group and waits for its commit. Yields. */
YIELDS Err *sqlite_writer_run(SqliteLoop *loop, WriteEntry *entry);

/* Waits until the entry's transaction may run. Yields. */
YIELDS Err *sqlite_writer_begin(SqliteLoop *loop, WriteEntry *entry);

/* Runs a statement of the active transaction. Yields if the statement scans. */
YIELDS Err *sqlite_writer_statement(SqliteLoop *loop, WriteEntry *entry, Arena *arena,
                                    const StoreCall *call, SqlRows **ret_rows);

/* Runs a statement of the active transaction for many argument lists, long ones in the thread pool.
 * Yields. */
YIELDS Err *sqlite_writer_many(SqliteLoop *loop, WriteEntry *entry, Arena *arena, SqliteMany *many);

/* Releases the transaction's savepoint and waits for the group's commit. Yields. */
YIELDS Err *sqlite_writer_commit(SqliteLoop *loop, WriteEntry *entry);

/* Rolls the transaction's savepoint back. */
void sqlite_writer_abandon(SqliteLoop *loop, WriteEntry *entry);

/* Runs a statement in the thread pool on a connection that nobody else uses meanwhile. Yields. */
YIELDS Err *sqlite_offload(SqliteDb *connection, Arena *arena, const StoreCall *call,
                           Deadline deadline, SqlRows **ret_rows);
