/* pg_internal.h - shared by the files of the PostgreSQL client. */
#pragma once

#include <libpq-fe.h>

#include "base/map.h"
#include "base/vec.h"
#include "io/pg.h"

/* A statement that this loop has met: it has the same name on every connection. */
typedef struct PgStatement {
    const SqlStatement *statement; /* NULL: composed, known by its text */
    uint32_t number;               /* from 1; 0: it gets no name, and is prepared every time */
    char name[16];
    const char *const *columns; /* NULL until the first answer */
    size_t column_count;
    struct PgStatement *next; /* of the bucket */
} PgStatement;

#define PG_BUCKETS 512 /* power of two */

/* One of the servers that the url names. */
typedef struct PgHost {
    const char *host;    /* a name, an address, a socket's directory; NULL: libpq's default */
    const char *port;    /* NULL: libpq's default */
    const char *address; /* from the url's hostaddr, or NULL */
} PgHost;

struct PgClient {
    Arena *arena; /* of the loop: results point into it for their columns' names */
    PgOptions options;
    const char *target;
    PgHost *hosts; /* at least one */
    size_t host_count;
    size_t last_host;           /* where the last connection was made: it is tried first */
    const char *session_attrs;  /* what a server must be: libpq's target_session_attrs, or NULL */
    const char *server_options; /* -c name=value …, given at the start of a session */
    uint32_t statement_count;
    PgStatement unnamed; /* number 0 */
    PgStatement *buckets[PG_BUCKETS];
    Map built; /* text → PgStatement */
    LoopHook hook;
    PgConnection *dirty; /* connections with something to send */
    Arena *scratch;      /* parameters, until they are in libpq's buffer */
};

typedef enum PgSlotKind { PG_SLOT_EXECUTE, PG_SLOT_PREPARE, PG_SLOT_SYNC } PgSlotKind;

/* One message whose answer is awaited. */
typedef struct PgSlot {
    PgSlotKind kind;
    PgStatement *statement;
    PgOp *op; /* EXECUTE: the first of those that it answers; NULL when all are forgotten */
    bool is_merged;
} PgSlot;

typedef struct PgPoll PgPoll;

struct PgConnection {
    Arena *arena;
    PgClient *client;
    bool exclusive;
    PGconn *pg; /* NULL: closed */
    PgPoll *poll;
    PgSlot *slots; /* a ring; power of two */
    uint64_t slot_capacity;
    uint64_t head; /* next to be answered */
    uint64_t tail;
    bool head_answered;
    bool group_open;      /* sent since the last sync */
    bool commit_unsafe;   /* the next answer is of a commit that no standby has confirmed */
    char last_words[256]; /* why the server is about to hang up; empty if it is not */
    int64_t head_since_ms;
    PgOp *first; /* queued */
    PgOp *last;
    size_t queued;
    size_t in_flight;
    uint8_t *prepared; /* by statement number */
    size_t prepared_capacity;
    Waiter *watcher;
    bool is_dirty;
    PgConnection *next_dirty;
};

/* The loop's record of a statement. */
PgStatement *pg_statement_of(PgClient *client, const PgOp *op);

/* From now on the statement is prepared under another name. */
void pg_statement_rename(PgClient *client, PgStatement *statement);

/* Sends op's execution. False if the connection is broken. */
bool pg_send_execute(PgConnection *connection, const PgStatement *statement, const PgOp *op);

/* Rows of a result. */
typedef struct PgRange {
    int first;
    int count;
} PgRange;

/* Turns rows of a result into rows in arena. Fails with ERR_INTERNAL for a column type that we do
 * not know. */
Err *pg_read_rows(PgClient *client, PgStatement *statement, const PGresult *result, PgRange range,
                  Arena *arena, SqlRows **ret_rows);

/* The row with the id, which is the first column: none or one. */
PgRange pg_find_row(const PGresult *result, int64_t id);

/* Turns a failed result into an error. */
Err *pg_error(Arena *arena, const char *statement, const PGresult *result);

/* Is it the kind of error after which the server closes the connection? */
bool pg_is_lost(const PGresult *result);

/* Does the server not know the prepared statement any more, or not want its plan? */
bool pg_is_stale(const PGresult *result);

/* Hands out what has arrived. */
void pg_receive(PgConnection *connection);

/* Sends what is queued. */
void pg_flush(PgConnection *connection);

/* Starts and ends watching the socket of an open connection. */
bool pg_poll_start(PgConnection *connection);
void pg_poll_stop(PgConnection *connection);
void pg_poll_want_write(PgConnection *connection, bool wanted);
