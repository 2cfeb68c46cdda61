/* store_postgres.c - the PostgreSQL driver: reads share pipelined connections, transactions, single
 * writes and scans lease one of their own.
 *
 * Single writes do not share: a write that waits for a row's lock, or for its commit, would hold up
 * everybody behind it, and commits on several connections share the server's fsyncs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "io/pg.h"
#include "port/store_internal.h"
#include "store.sql.h"

#define LANES_MAX 8
#define LANE_LOAD_MAX 20000
#define LEASE_QUEUE_MAX 2000
#define WATCH_INTERVAL_MS 1000
#define BACK_OFF_MIN_MS 100
#define BACK_OFF_MAX_MS 5000
#define GRACE_MS 2000    /* the server ends a statement at its timeout, give it time to say so */
#define PATIENCE_MS 2000 /* a read waits so long for a reconnect */
#define PATIENCE_DOWN_MS 250 /* and so long when reconnecting has failed */
#define CLEANING_MAX 2       /* each may keep a thread of the pool */
#define ROLLBACK_WAIT_MS 5000
#define MANY_AT_ONCE ((size_t)500) /* rows that travel together */

/* A shared connection and the fiber that keeps it open. */
typedef struct Lane {
    struct PostgresLoop *loop;
    PgConnection *connection;
    Waiter waiter;
    int failures; /* attempts to connect since it was open */
} Lane;

typedef struct PostgresLoop {
    StoreLoop base;
    PgClient *client;
    Lane lanes[LANES_MAX];
    int lane_count;
    FiberSemaphore permits; /* to lease */
    PgConnection **spares;  /* not leased; open or to be opened */
    int spare_count;
    FiberGroup fibers; /* keep lanes open, roll back */
    int cleaning;      /* connections whose statements are being cancelled */
    bool stopping;
} PostgresLoop;

typedef struct PostgresTransaction {
    StoreTransaction base;
    PgConnection *connection;
    PgOp begin; /* travels with the first statement */
    bool begun;
} PostgresTransaction;

static PostgresLoop *postgres_loop(StoreLoop *loop)
{
    return CONTAINER_OF(loop, PostgresLoop, base);
}

static int64_t statement_timeout_ms(const PostgresLoop *loop)
{
    return loop->base.store->options.statement_timeout_ms;
}

/* ---- Lanes ---- */

/* Connects, or waits for the next attempt. Yields. */
static void reconnect(Lane *lane)
{
    Err *err = pg_open(lane->connection, fiber_arena());
    if (err == NULL) {
        lane->failures = 0;
        counter_add(&lane->loop->base.counters.reconnects, 1);
        log_event(LOG_INFO, "connected to the database",
                  LOG_TEXT("database", pg_client_target(lane->loop->client)));
        return;
    }
    if (lane->loop->stopping) {
        return;
    }
    int64_t pause_ms = back_off_ms(BACK_OFF_MIN_MS, BACK_OFF_MAX_MS, lane->failures++);
    log_event(LOG_WARN, "cannot reach the database, trying again",
              LOG_TEXT("reason", err_text(fiber_arena(), err)), LOG_INT("retry_in_ms", pause_ms));
    err_ignore(fiber_sleep(pause_ms), "only stopping cancels it");
}

/* Waits until the connection breaks, and breaks it when the server says nothing any more.
 * Yields. */
static void watch(Lane *lane)
{
    err_ignore(waiter_wait(&lane->waiter, deadline_after(WATCH_INTERVAL_MS)), "an interval");
    int64_t limit_ms = statement_timeout_ms(lane->loop) + 2 * GRACE_MS;
    if (pg_is_open(lane->connection) && pg_head_age_ms(lane->connection) > limit_ms) {
        pg_close(lane->connection, "the server does not answer");
    }
}

static void keep_open(void *arg)
{
    Lane *lane = arg;
    waiter_init(&lane->waiter);
    pg_set_watcher(lane->connection, &lane->waiter);
    while (!lane->loop->stopping) {
        if (pg_is_open(lane->connection)) {
            watch(lane);
        } else {
            reconnect(lane);
        }
        arena_reset(fiber_arena());
    }
    pg_set_watcher(lane->connection, NULL);
}

static Lane *pick_lane(PostgresLoop *loop)
{
    Lane *best = &loop->lanes[0];
    for (int i = 1; i < loop->lane_count; i++) {
        Lane *lane = &loop->lanes[i];
        bool open = pg_is_open(lane->connection);
        if (open != pg_is_open(best->connection)
                ? open
                : pg_load(lane->connection) < pg_load(best->connection)) {
            best = lane;
        }
    }
    return best;
}

/* Waits for the reconnect, but not for long: whoever asks has better things to say to its client.
 */
YIELDS static Err *wait_until_sent(Lane *lane, PgOp *op)
{
    Deadline patience = deadline_after(lane->failures == 0 ? PATIENCE_MS : PATIENCE_DOWN_MS);
    while (op->state == PG_OP_QUEUED && !pg_is_open(lane->connection)) {
        Err *err = waiter_wait(&op->waiter, patience);
        if (err == NULL || op->state != PG_OP_QUEUED || pg_is_open(lane->connection)) {
            continue;
        }
        pg_forget(op);
        if (!err_is(err, ERR_TIMEOUT)) {
            return err;
        }
        err = ERR(op->arena, ERR_UNAVAILABLE, "database_unavailable",
                  "%s: no connection to PostgreSQL at %s", op->statement->name,
                  pg_client_target(lane->loop->client));
        err->retry_after_ms = SECOND_MS;
        return err;
    }
    return NULL;
}

YIELDS static Err *run_in_lane(Lane *lane, PgOp *op)
{
    if (pg_load(lane->connection) >= LANE_LOAD_MAX) {
        return ERR(op->arena, ERR_UNAVAILABLE, "overloaded", "%zu statements wait already",
                   pg_load(lane->connection));
    }
    pg_enqueue(lane->connection, op);
    TRY(wait_until_sent(lane, op));
    return pg_wait(op, deadline_after(statement_timeout_ms(lane->loop) + GRACE_MS));
}

YIELDS static Err *read_shared(PostgresLoop *loop, PgOp *op)
{
    Err *err = run_in_lane(pick_lane(loop), op);
    if (err != NULL && op->lost) {
        /* A read may be repeated. */
        err = run_in_lane(pick_lane(loop), op);
    }
    return err;
}

/* ---- Leases ---- */

static void give_back(PostgresLoop *loop, PgConnection *connection)
{
    loop->spares[loop->spare_count++] = connection;
    fiber_semaphore_release(&loop->permits);
}

YIELDS static Err *lease(PostgresLoop *loop, Arena *arena, PgConnection **ret_connection)
{
    counter_add(&loop->base.counters.waiting, 1);
    Err *err = fiber_semaphore_acquire(&loop->permits, deadline_after(statement_timeout_ms(loop)));
    counter_add(&loop->base.counters.waiting, -1);
    TRY(err);

    PgConnection *connection = loop->spare_count > 0
                                   ? loop->spares[--loop->spare_count]
                                   : pg_connection_new(loop->client, /* exclusive= */ true);
    err = pg_is_open(connection) ? NULL : pg_open(connection, arena);
    if (err != NULL) {
        give_back(loop, connection);
        return err;
    }
    *ret_connection = connection;
    return NULL;
}

typedef struct CleanUp {
    PostgresLoop *loop;
    PgConnection *connection;
    Arena *arena;
} CleanUp;

/* Ends what still runs, and then the transaction, if one is open. */
YIELDS static Err *roll_back(const CleanUp *job)
{
    PgOp op = {.statement = &SQL_TRANSACTION_ROLLBACK, .arena = job->arena};
    if (!pg_is_idle(job->connection)) {
        TRY(pg_cancel(job->connection));
    }
    if (!pg_is_open(job->connection)) {
        return NULL;
    }
    pg_enqueue(job->connection, &op);
    return pg_wait(&op, deadline_after(ROLLBACK_WAIT_MS));
}

static void clean_up(void *arg)
{
    CleanUp *job = arg;
    fiber_shield(true);
    job->loop->cleaning++;
    if (roll_back(job) != NULL) {
        pg_close(job->connection, "it could not be cleaned up");
    }
    job->loop->cleaning--;
    give_back(job->loop, job->connection);
    arena_free(job->arena);
}

/* Takes back a connection that may be in the middle of something; nobody gets it before it is
 * clean. */
static void take_back_dirty(PostgresLoop *loop, PgConnection *connection)
{
    if (!pg_is_idle(connection) && loop->cleaning >= CLEANING_MAX) {
        /* The server notices that we hung up. */
        pg_close(connection, "its statement was given up");
    }
    if (!pg_is_open(connection)) {
        give_back(loop, connection);
        return;
    }
    Arena *arena = arena_new();
    CleanUp *job = ARENA_NEW(arena, CleanUp);
    *job = (CleanUp){.loop = loop, .connection = connection, .arena = arena};
    fiber_spawn(&loop->fibers, "store-clean-up", clean_up, job);
}

/* Runs a single statement on a leased connection. */
YIELDS static Err *run_leased(PostgresLoop *loop, PgOp *op)
{
    PgConnection *connection = NULL;
    op->lost = false;
    TRY(lease(loop, op->arena, &connection));
    pg_enqueue(connection, op);
    Err *err = pg_wait(op, deadline_after(statement_timeout_ms(loop) + GRACE_MS));
    if (pg_is_idle(connection)) {
        give_back(loop, connection);
    } else {
        take_back_dirty(loop, connection);
    }
    return err;
}

YIELDS static Err *run_single(PostgresLoop *loop, PgOp *op)
{
    bool writes = op->statement->writes;
    Err *err = run_leased(loop, op);
    if (err != NULL && op->lost && (!writes || !op->was_sent)) {
        err = run_leased(loop, op);
    }
    if (err != NULL && op->lost && writes && op->was_sent) {
        Err *unknown = ERR(op->arena, ERR_UNAVAILABLE, "outcome_unknown",
                           "%s: the connection broke before the answer; it may have happened",
                           op->statement->name);
        unknown->cause = err;
        return unknown;
    }
    return err;
}

/* ---- Transactions ---- */

static void enqueue_in_transaction(PostgresTransaction *transaction, PgOp *op)
{
    if (!transaction->begun) {
        transaction->begun = true;
        pg_enqueue(transaction->connection, &transaction->begin);
    }
    pg_enqueue(transaction->connection, op);
}

/* The statement says that it was aborted; BEGIN says why. */
static Err *first_error(const PostgresTransaction *transaction, const PgOp *op, Err *err)
{
    return err != NULL && op->aborted && transaction->begin.err != NULL ? transaction->begin.err
                                                                        : err;
}

YIELDS static Err *run_in_transaction(PostgresLoop *loop, PostgresTransaction *transaction,
                                      PgOp *op)
{
    enqueue_in_transaction(transaction, op);
    Err *err = pg_wait(op, deadline_after(statement_timeout_ms(loop) + GRACE_MS));
    return first_error(transaction, op, err);
}

YIELDS static Err *run_chunk(PostgresLoop *loop, PostgresTransaction *transaction, PgOp *ops,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ops[i].no_sync = i + 1 < count;
        enqueue_in_transaction(transaction, &ops[i]);
    }
    Err *err = pg_wait(&ops[count - 1], deadline_after(statement_timeout_ms(loop) + GRACE_MS));
    for (size_t i = 0; err != NULL && i < count; i++) {
        pg_forget(&ops[i]);
        if (ops[i].err != NULL && !ops[i].aborted) {
            return ops[i].err;
        }
    }
    return first_error(transaction, &ops[count - 1], err);
}

/* The parameters of several lists, one after another. */
static SqlArgs joined(Arena *arena, const SqlArgs *lists, size_t count)
{
    if (count == 1) {
        return lists[0];
    }
    size_t width = lists[0].count;
    SqlValue *values = ARENA_ARRAY(arena, SqlValue, width * count);
    for (size_t i = 0; i < count; i++) {
        BUG_ON(lists[i].count != width);
        memcpy(values + i * width, lists[i].values, width * sizeof(*values));
    }
    return (SqlArgs){.values = values, .count = width * count};
}

/* Runs a statement for so many lists at a time; count is a multiple of that. */
YIELDS static Err *run_steps(Db *db, const SqlStatement *statement, const SqlArgs *args,
                             size_t count, int64_t *affected)
{
    PostgresTransaction *transaction = CONTAINER_OF(db->transaction, PostgresTransaction, base);
    PostgresLoop *loop = postgres_loop(db->transaction->loop);
    size_t step = statement->row_count > 0 ? (size_t)statement->row_count : 1;
    size_t at_once = MAX(MANY_AT_ONCE / step, (size_t)1);
    CLEANUP(arena_freep) Arena *scratch = arena_new();
    for (size_t done = 0; done < count;) {
        size_t now = MIN((count - done) / step, at_once);
        PgOp *ops = ARENA_ARRAY(scratch, PgOp, now);
        for (size_t i = 0; i < now; i++, done += step) {
            ops[i] = (PgOp){.statement = statement,
                            .args = joined(scratch, args + done, step),
                            .arena = db->arena};
        }
        TRY(run_chunk(loop, transaction, ops, now));
        for (size_t i = 0; i < now; i++) {
            *affected += ops[i].rows->affected;
        }
        arena_reset(scratch);
    }
    return NULL;
}

YIELDS static Err *exec_many(StoreLoop *base UNUSED, Db *db, const SqlStatement *statement,
                             const SqlArgs *args, size_t count, int64_t *ret_affected)
{
    const SqlStatement *rows = statement->rows;
    size_t by_rows = rows == NULL ? 0 : count - count % (size_t)rows->row_count;
    int64_t affected = 0;
    if (by_rows > 0) {
        TRY(run_steps(db, rows, args, by_rows, &affected));
    }
    TRY(run_steps(db, statement, args + by_rows, count - by_rows, &affected));
    *ret_affected = affected;
    return NULL;
}

YIELDS static Err *begin(StoreLoop *base, Db *db, StoreTransaction **ret_transaction)
{
    PostgresTransaction *transaction = ARENA_NEW(db->arena, PostgresTransaction);
    transaction->begin =
        (PgOp){.statement = &SQL_TRANSACTION_BEGIN, .arena = db->arena, .no_sync = true};
    TRY(lease(postgres_loop(base), db->arena, &transaction->connection));
    *ret_transaction = &transaction->base;
    return NULL;
}

static void abandon(StoreTransaction *base)
{
    PostgresTransaction *transaction = CONTAINER_OF(base, PostgresTransaction, base);
    PostgresLoop *loop = postgres_loop(base->loop);
    if (!transaction->begun) {
        give_back(loop, transaction->connection);
        return;
    }
    pg_forget(&transaction->begin);
    take_back_dirty(loop, transaction->connection);
}

static Err *unknown_commit(const PgOp *op, const Err *cause)
{
    Err *err = ERR(op->arena, ERR_UNAVAILABLE, "outcome_unknown",
                   "the connection broke before the commit was confirmed; it may have happened");
    err->cause = cause;
    return err;
}

YIELDS static Err *commit(StoreTransaction *base)
{
    PostgresTransaction *transaction = CONTAINER_OF(base, PostgresTransaction, base);
    PostgresLoop *loop = postgres_loop(base->loop);
    PgConnection *connection = transaction->connection;
    if (!transaction->begun) {
        give_back(loop, connection);
        return NULL;
    }
    PgOp op = {.statement = &SQL_TRANSACTION_COMMIT, .arena = base->arena};
    bool shielded = fiber_shield(true);
    pg_enqueue(connection, &op);
    Err *err = pg_wait(&op, deadline_after(statement_timeout_ms(loop) + GRACE_MS));
    fiber_shield(shielded);
    bool answered = op.state == PG_OP_DONE && !op.lost;
    if (!pg_is_idle(connection)) {
        pg_close(connection, "the commit was not answered");
    }
    give_back(loop, connection);
    return err != NULL && !answered && op.was_sent ? unknown_commit(&op, err) : err;
}

/* ---- The driver's functions ---- */

YIELDS static Err *run(PostgresLoop *loop, Db *db, const StoreCall *call, PgOp *op)
{
    if (db->transaction != NULL) {
        PostgresTransaction *transaction = CONTAINER_OF(db->transaction, PostgresTransaction, base);
        return run_in_transaction(loop, transaction, op);
    }
    bool alone = call->statement->writes || call->statement->scan;
    return alone ? run_single(loop, op) : read_shared(loop, op);
}

YIELDS static Err *query(StoreLoop *base, Db *db, const StoreCall *call, SqlRows **ret_rows)
{
    PostgresLoop *loop = postgres_loop(base);
    PgOp op = {
        .statement = call->statement, .built = call->built, .args = call->args, .arena = db->arena};
    counter_add(&base->counters.in_flight, 1);
    Err *err = run(loop, db, call, &op);
    counter_add(&base->counters.in_flight, -1);
    TRY(err);
    *ret_rows = op.rows;
    return NULL;
}

static void detach(StoreLoop *base)
{
    PostgresLoop *loop = postgres_loop(base);
    loop->stopping = true;
    fiber_group_done(&loop->fibers);
    for (int i = 0; i < loop->lane_count; i++) {
        pg_connection_free(loop->lanes[i].connection);
    }
    for (int i = 0; i < loop->spare_count; i++) {
        pg_connection_free(loop->spares[i]);
    }
    pg_client_free(loop->client);
}

static void make_lanes(PostgresLoop *loop)
{
    loop->lane_count = MIN(loop->base.store->options.pipelines, LANES_MAX);
    for (int i = 0; i < loop->lane_count; i++) {
        loop->lanes[i].loop = loop;
        loop->lanes[i].connection = pg_connection_new(loop->client, /* exclusive= */ false);
    }
}

YIELDS static Err *attach(Arena *arena, Store *store, StoreLoop **ret_loop)
{
    const StoreOptions *options = &store->options;
    PostgresLoop *loop = ARENA_NEW(arena, PostgresLoop);
    loop->base = (StoreLoop){.store = store, .arena = arena, .loop = loop_current()};
    loop->spares = ARENA_ARRAY(arena, PgConnection *, (size_t)options->transactions_max);
    fiber_semaphore_init(&loop->permits, options->transactions_max, LEASE_QUEUE_MAX);
    fiber_group_init(&loop->fibers);
    PgOptions pg = {.url = options->url,
                    .statement_timeout_ms = options->statement_timeout_ms,
                    .connect_timeout_ms = options->connect_timeout_ms};
    TRY(pg_client_new(arena, &pg, &loop->client));
    make_lanes(loop);
    Err *err = pg_open(loop->lanes[0].connection, arena);
    if (err != NULL) {
        detach(&loop->base);
        return err;
    }
    for (int i = 0; i < loop->lane_count; i++) {
        fiber_spawn(&loop->fibers, "store-lane", keep_open, &loop->lanes[i]);
    }
    *ret_loop = &loop->base;
    return NULL;
}

const StoreDriverOps store_postgres_ops = {
    .attach = attach,
    .detach = detach,
    .query = query,
    .exec_many = exec_many,
    .begin = begin,
    .commit = commit,
    .abandon = abandon,
    .ping = &SQL_STORE_PING,
};
