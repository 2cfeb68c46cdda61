/* store_sqlite.c - the SQLite driver: reads in the loop, scans in the thread pool, writes through
 * the loop's writer. */
#include "port/store_sqlite.h"

#include "base/log.h"
#include "store.sql.h"

#define YIELD_AFTER_MS 8   /* a fiber that only reads lets others run after so long */
#define IN_LOOP_MAX_MS 100 /* a read that takes longer starts anew in the thread pool */
#define SCAN_QUEUE_MAX 256
#define MANY_AT_ONCE ((size_t)10000) /* statements under one deadline */

static SqliteLoop *sqlite_loop(StoreLoop *loop)
{
    return CONTAINER_OF(loop, SqliteLoop, base);
}

static Deadline statement_deadline(const SqliteLoop *loop)
{
    Deadline own = deadline_after(loop->base.store->options.statement_timeout_ms);
    return MIN(own, fiber_deadline());
}

/* ---- Reading ---- */

/* Reads never wait for anything, so a fiber that makes many would keep the loop for itself. */
YIELDS static Err *be_fair(void)
{
    int64_t turn_started_ms = (int64_t)uv_now(loop_uv(loop_current()));
    return time_monotonic() - turn_started_ms < YIELD_AFTER_MS ? NULL : fiber_yield();
}

/* Has the statement been too slow for the loop before? */
static bool is_slow(const SqliteLoop *loop, const StoreCall *call)
{
    for (size_t i = 0; i < loop->slow_count; i++) {
        if (loop->slow[i] == call->statement) {
            return true;
        }
    }
    return false;
}

static void note_slow(SqliteLoop *loop, const StoreCall *call)
{
    log_event(LOG_WARN, "a statement is too slow for the loop; it should be marked as a scan",
              LOG_TEXT("name", call->statement->name), LOG_INT("limit_ms", IN_LOOP_MAX_MS));
    if (!call->built && loop->slow_count < COUNT_OF(loop->slow)) {
        loop->slow[loop->slow_count++] = call->statement;
    }
}

/* *ret_slow: it was interrupted because it would have held up the loop. */
YIELDS static Err *read_in_loop(SqliteLoop *loop, Db *db, const StoreCall *call, SqlRows **ret_rows,
                                bool *ret_slow)
{
    TRY(be_fair());
    Deadline deadline = statement_deadline(loop);
    sqlite_db_set_deadline(loop->reader, MIN(deadline, deadline_after(IN_LOOP_MAX_MS)));
    Err *err =
        sqlite_db_run(loop->reader, db->arena, call->statement, call->built, call->args, ret_rows);
    *ret_slow = err_is(err, ERR_TIMEOUT) && deadline_left(deadline) > 0;
    return err;
}

typedef struct OffloadedCall {
    SqliteDb *connection;
    Arena *arena; /* its own: the pool may not use the loop's */
    const StoreCall *call;
    SqlRows *rows;
    Err *err;
    bool ran;
} OffloadedCall;

static void run_offloaded(void *arg)
{
    OffloadedCall *job = arg;
    const StoreCall *call = job->call;
    job->ran = true;
    job->err = sqlite_db_run(job->connection, job->arena, call->statement, call->built, call->args,
                             &job->rows);
}

static void free_arena(void *arg)
{
    arena_free(arg);
}

YIELDS Err *sqlite_offload(SqliteDb *connection, Arena *arena, const StoreCall *call,
                           Deadline deadline, SqlRows **ret_rows)
{
    OffloadedCall job = {.connection = connection, .arena = arena_new(), .call = call};
    sqlite_db_set_deadline(connection, deadline);
    Err *err = offload(run_offloaded, &job);
    if (job.err != NULL) {
        job.err = err_copy(arena, job.err);
    }
    if (err == NULL && job.err == NULL) {
        /* The rows stay where they are; their memory goes with the caller's. */
        arena_defer(arena, free_arena, job.arena);
        *ret_rows = job.rows;
        return NULL;
    }
    arena_free(job.arena);
    return err != NULL ? err : job.err;
}

typedef struct OpenScanner {
    const char *path;
    Arena *arena;
    SqliteDb *db;
    Err *err;
} OpenScanner;

static void open_scanner(void *arg)
{
    OpenScanner *job = arg;
    SqliteOptions options = {.path = job->path, .read_only = true, .busy_timeout_ms = 1000};
    job->err = sqlite_db_open(job->arena, &options, &job->db);
}

YIELDS static Err *make_scanner(SqliteLoop *loop, Arena *arena, SqliteDb **ret_db)
{
    OpenScanner job = {.path = loop->base.store->options.path, .arena = arena_new()};
    Err *err = offload(open_scanner, &job);
    if (job.err != NULL) {
        job.err = err_copy(arena, job.err);
    }
    arena_free(job.arena);
    if (err != NULL) {
        sqlite_db_close(job.db);
        return err;
    }
    TRY(job.err);
    *ret_db = job.db;
    return NULL;
}

static SqliteDb *take_scanner(SqliteLoop *loop)
{
    for (size_t i = 0; i < SCAN_CONNECTIONS_MAX; i++) {
        if (loop->scanners[i] != NULL) {
            return TAKE(loop->scanners[i]);
        }
    }
    return NULL;
}

static void give_scanner_back(SqliteLoop *loop, SqliteDb *scanner)
{
    for (size_t i = 0; scanner != NULL && i < SCAN_CONNECTIONS_MAX; i++) {
        if (loop->scanners[i] == NULL) {
            loop->scanners[i] = TAKE(scanner);
        }
    }
    fiber_semaphore_release(&loop->scan_permits);
}

YIELDS static Err *scan(SqliteLoop *loop, Db *db, const StoreCall *call, SqlRows **ret_rows)
{
    Deadline deadline = statement_deadline(loop);
    counter_add(&loop->base.counters.waiting, 1);
    Err *err = fiber_semaphore_acquire(&loop->scan_permits, deadline);
    counter_add(&loop->base.counters.waiting, -1);
    TRY(err);

    SqliteDb *scanner = take_scanner(loop);
    if (scanner == NULL) {
        err = make_scanner(loop, db->arena, &scanner);
    }
    if (err == NULL) {
        counter_add(&loop->base.counters.in_flight, 1);
        err = sqlite_offload(scanner, db->arena, call, deadline, ret_rows);
        counter_add(&loop->base.counters.in_flight, -1);
    }
    give_scanner_back(loop, scanner);
    return err;
}

YIELDS static Err *read_alone(SqliteLoop *loop, Db *db, const StoreCall *call, SqlRows **ret_rows)
{
    bool slow = false;
    if (call->statement->scan || is_slow(loop, call)) {
        return scan(loop, db, call, ret_rows);
    }
    Err *err = read_in_loop(loop, db, call, ret_rows, &slow);
    if (!slow) {
        return err;
    }
    note_slow(loop, call);
    return scan(loop, db, call, ret_rows);
}

/* ---- The driver's functions ---- */

YIELDS static Err *query(StoreLoop *base, Db *db, const StoreCall *call, SqlRows **ret_rows)
{
    SqliteLoop *loop = sqlite_loop(base);
    if (db->transaction != NULL) {
        SqliteTransaction *transaction = CONTAINER_OF(db->transaction, SqliteTransaction, base);
        TRY(be_fair());
        return sqlite_writer_statement(loop, &transaction->entry, db->arena, call, ret_rows);
    }
    if (!call->statement->writes) {
        return read_alone(loop, db, call, ret_rows);
    }
    WriteEntry entry = {.call = call, .arena = db->arena};
    TRY(sqlite_writer_run(loop, &entry));
    *ret_rows = entry.rows;
    return NULL;
}

YIELDS static Err *exec_many(StoreLoop *base, Db *db, const SqlStatement *statement,
                             const SqlArgs *args, size_t count, int64_t *ret_affected)
{
    SqliteTransaction *transaction = CONTAINER_OF(db->transaction, SqliteTransaction, base);
    int64_t affected = 0;
    for (size_t done = 0; done < count;) {
        SqliteMany many = {.statement = statement,
                           .args = args + done,
                           .count = MIN(count - done, MANY_AT_ONCE)};
        TRY(be_fair());
        TRY(sqlite_writer_many(sqlite_loop(base), &transaction->entry, db->arena, &many));
        affected += many.affected;
        done += many.count;
    }
    *ret_affected = affected;
    return NULL;
}

YIELDS static Err *begin(StoreLoop *base, Db *db, StoreTransaction **ret_transaction)
{
    SqliteTransaction *transaction = ARENA_NEW(db->arena, SqliteTransaction);
    transaction->entry.interactive = true;
    transaction->entry.arena = db->arena;
    TRY(sqlite_writer_begin(sqlite_loop(base), &transaction->entry));
    *ret_transaction = &transaction->base;
    return NULL;
}

YIELDS static Err *commit(StoreTransaction *base)
{
    SqliteTransaction *transaction = CONTAINER_OF(base, SqliteTransaction, base);
    return sqlite_writer_commit(sqlite_loop(base->loop), &transaction->entry);
}

static void abandon(StoreTransaction *base)
{
    SqliteTransaction *transaction = CONTAINER_OF(base, SqliteTransaction, base);
    sqlite_writer_abandon(sqlite_loop(base->loop), &transaction->entry);
}

static void detach(StoreLoop *base)
{
    SqliteLoop *loop = sqlite_loop(base);
    sqlite_writer_stop(loop);
    sqlite_db_close(loop->reader);
    for (size_t i = 0; i < SCAN_CONNECTIONS_MAX; i++) {
        sqlite_db_close(loop->scanners[i]);
    }
}

YIELDS static Err *attach(Arena *arena, Store *store, StoreLoop **ret_loop)
{
    SqliteLoop *loop = ARENA_NEW(arena, SqliteLoop);
    loop->base = (StoreLoop){.store = store, .arena = arena, .loop = loop_current()};
    fiber_semaphore_init(&loop->scan_permits, SCAN_CONNECTIONS_MAX, SCAN_QUEUE_MAX);
    TRY(sqlite_writer_start(loop, arena));

    SqliteOptions options = {.path = store->options.path,
                             .read_only = true,
                             .busy_timeout_ms = 250};
    Err *err = sqlite_db_open(arena, &options, &loop->reader);
    if (err != NULL) {
        detach(&loop->base);
        return err;
    }
    *ret_loop = &loop->base;
    return NULL;
}

const StoreDriverOps store_sqlite_ops = {
    .attach = attach,
    .detach = detach,
    .query = query,
    .exec_many = exec_many,
    .begin = begin,
    .commit = commit,
    .abandon = abandon,
    .ping = &SQL_STORE_PING,
};
