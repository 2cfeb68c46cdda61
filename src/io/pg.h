/* pg.h - PostgreSQL connections in libpq's pipeline mode, on the running loop.
 *
 * The url may name several servers: each is tried for its share of the connect timeout, and unless
 * the url says otherwise the one that takes changes is wanted.
 *
 * What the fibers of a loop queue during one turn goes out with one write at its end, and a
 * callback hands out the answers. A shared connection serves reads of many fibers: they travel in
 * batches, and when one of a batch fails, the others are sent again by themselves. Those of one
 * turn that find a row each by its id are merged into one statement. An exclusive connection
 * belongs to one transaction at a time. */
#pragma once

#include "fiber/fiber.h"
#include "io/sql.h"

typedef struct PgOptions {
    const char *url; /* connection string or URI */
    int64_t statement_timeout_ms;
    int64_t connect_timeout_ms;
} PgOptions;

/* What the connections of one loop share. */
typedef struct PgClient PgClient;

/* A connection, or the place for one: it outlives reconnects. */
typedef struct PgConnection PgConnection;

typedef enum PgOpState { PG_OP_IDLE, PG_OP_QUEUED, PG_OP_SENT, PG_OP_DONE } PgOpState;

/* One statement on its way. In the storage of the fiber that waits for it, which calls pg_forget if
 * it leaves before the end. */
typedef struct PgOp {
    const SqlStatement *statement;
    bool built; /* the statement lives no longer than the op */
    SqlArgs args;
    Arena *arena; /* takes rows and error */
    bool no_sync; /* exclusive connections: more follows that shall fail with it */

    PgOpState state;
    bool was_sent; /* the server may have seen it */
    bool lost;     /* err says that the connection broke */
    bool aborted;  /* an earlier one of the batch failed: never ran */
    bool alone;    /* not to be batched: it was aborted with others once */
    SqlRows *rows;
    Err *err;
    Waiter waiter;
    PgConnection *connection;
    uint64_t place; /* PG_OP_SENT: in the connection's order */
    struct PgOp *next;
    struct PgOp *previous;
    struct PgOp *merged; /* PG_OP_SENT: the next one that the same execution answers */
} PgOp;

/* Checks the options and makes the loop's client. Fails with ERR_CONFIG if the url is malformed. */
Err *pg_client_new(Arena *arena, const PgOptions *options, PgClient **ret_client);

/* All connections were freed. */
void pg_client_free(PgClient *client);

/* "host:port/database" for the log. */
const char *pg_client_target(const PgClient *client);

/* Makes the place for a connection, closed for now. The caller frees it. */
PgConnection *pg_connection_new(PgClient *client, bool exclusive);

/* Closes and frees; nobody waits for it any more. NULL is accepted. */
void pg_connection_free(PgConnection *connection);

/* Connects. Yields. Fails with ERR_UNAVAILABLE naming the reason, and as waits do. */
YIELDS Err *pg_open(PgConnection *connection, Arena *arena);

/* Closes; what is in flight fails as lost. Never yields. */
void pg_close(PgConnection *connection, const char *reason);

/* Asks the server to end what it runs for this connection, which answers as usual. Yields. */
YIELDS Err *pg_cancel(PgConnection *connection);

/* Connected, as far as is known? */
bool pg_is_open(const PgConnection *connection);

/* Nothing queued and nothing in flight? */
bool pg_is_idle(const PgConnection *connection);
size_t pg_load(const PgConnection *connection);

/* How long the oldest statement in flight has been waited for. */
int64_t pg_head_age_ms(const PgConnection *connection);

/* Whom to wake when the connection breaks; NULL for nobody. */
void pg_set_watcher(PgConnection *connection, Waiter *watcher);

/* Queues a statement; it is sent at the end of the loop's turn, or when the connection is open. */
void pg_enqueue(PgConnection *connection, PgOp *op);

/* Waits until op is done. Yields. Fails with op->err, or as waits do; the op is then forgotten. */
YIELDS Err *pg_wait(PgOp *op, Deadline deadline);

/* Takes op out of the queue; what was sent already is ignored when it comes. */
void pg_forget(PgOp *op);
