/* store_sqlite_writer.c - one loop's writes, committed in groups.
 *
 * SQLite has one writer at a time, and a durable commit costs an fsync. So the loop's writes run
 * one after another as savepoints of one transaction, and one COMMIT in the thread pool makes them
 * all durable; what arrives meanwhile becomes the next group. A process-wide turn passes from loop
 * to loop, so that they never meet in SQLite's lock. */
#include "base/log.h"
#include "port/store_sqlite.h"

#define GROUP_MEMBERS_MAX 1000
#define GROUP_TIME_MAX_MS 20 /* no member starts later than this after the group's begin */
#define HOLD_MAX_MS 5000     /* a transaction that holds the turn longer is rolled back */
#define QUEUE_MAX 20000
#define BUSY_PAUSE_MAX_MS 20 /* between attempts while another process writes */
#define COMMIT_WAIT_MS 60000 /* an fsync that takes longer is a broken disk */

/* Much at once runs in the thread pool. While it goes on, pages that are changed again and again
 * stay in memory and in the log, instead of being copied into the database each time. */
#define BULK_FROM 100 /* statements of one list */
#define BULK_LASTS_MS 5000
#define BULK_CHECKPOINT_PAGES 12000
#define CHECKPOINT_PAGES 1000
#define CACHE_KIB 49152 /* reached in bulk work only, and given back after it */

/* ---- Lists ---- */

static void list_add(WriteList *list, WriteEntry *entry)
{
    entry->next = NULL;
    entry->previous = list->last;
    if (list->last != NULL) {
        list->last->next = entry;
    } else {
        list->first = entry;
    }
    list->last = entry;
    list->count++;
}

static void list_remove(WriteList *list, WriteEntry *entry)
{
    *(entry->previous != NULL ? &entry->previous->next : &list->first) = entry->next;
    *(entry->next != NULL ? &entry->next->previous : &list->last) = entry->previous;
    entry->next = NULL;
    entry->previous = NULL;
    list->count--;
}

/* Ends an entry that is on no list any more. err, in whatever arena, may be NULL. */
static void finish(WriteEntry *entry, const Err *err)
{
    entry->state = WRITE_DONE;
    entry->err = err != NULL ? err_copy(entry->arena, err) : NULL;
    waiter_wake(&entry->waiter);
}

static void finish_all(WriteList *list, const Err *err)
{
    while (list->first != NULL) {
        WriteEntry *entry = list->first;
        list_remove(list, entry);
        finish(entry, err);
    }
}

/* ---- The turn ---- */

static void turn_came(void *arg)
{
    SqliteWriter *writer = arg;
    writer->turn.came = true;
    waiter_wake(&writer->waiter);
}

YIELDS static Err *take_turn(SqliteWriter *writer)
{
    WriteTurn *turn = &writer->loop->base.store->turn;
    pthread_mutex_lock(&turn->mutex);
    bool free = !turn->taken;
    if (free) {
        turn->taken = true;
    } else {
        writer->turn = (TurnWait){.writer = writer};
        *(turn->last != NULL ? &turn->last->next : &turn->first) = &writer->turn;
        turn->last = &writer->turn;
    }
    pthread_mutex_unlock(&turn->mutex);
    while (!free && !writer->turn.came) {
        /* Whoever queues a write wakes the writer too. */
        TRY(waiter_wait(&writer->waiter, DEADLINE_NEVER));
    }
    return NULL;
}

static void pass_turn(SqliteWriter *writer)
{
    WriteTurn *turn = &writer->loop->base.store->turn;
    pthread_mutex_lock(&turn->mutex);
    TurnWait *next = turn->first;
    turn->taken = next != NULL;
    if (next != NULL) {
        turn->first = next->next;
        turn->last = next->next != NULL ? turn->last : NULL;
        loop_post(next->writer->loop->base.loop, turn_came, next->writer);
    }
    pthread_mutex_unlock(&turn->mutex);
}

/* ---- Statements ---- */

static Deadline statement_deadline(const SqliteWriter *writer)
{
    return deadline_after(writer->loop->base.store->options.statement_timeout_ms);
}

/* A full disk, or a broken one, makes SQLite end the whole transaction: then every member of the
 * group is lost, and must hear of it. */
static void note_lost_group(SqliteWriter *writer, const Err *err)
{
    if (writer->group_err == NULL && !sqlite_db_in_transaction(writer->connection)) {
        writer->group_err = err_copy(writer->arena, err);
    }
}

static Err *control(SqliteWriter *writer, const char *text)
{
    Err *err = sqlite_db_control(writer->connection, writer->arena, text);
    if (err != NULL) {
        note_lost_group(writer, err);
    }
    return err;
}

static void undo_savepoint(SqliteWriter *writer)
{
    if (writer->group_err != NULL) {
        return;
    }
    sqlite_db_set_deadline(writer->connection, DEADLINE_NEVER);
    Err *err = control(writer, "ROLLBACK TO member");
    if (err == NULL) {
        err = control(writer, "RELEASE member");
    }
    if (err != NULL && writer->group_err == NULL) {
        /* Without the rollback the member's half-done work would commit with the others. */
        writer->group_err = err;
    }
}

static Err *release_savepoint(SqliteWriter *writer, Arena *arena)
{
    if (sqlite_db_has_deferred_violation(writer->connection)) {
        undo_savepoint(writer);
        return ERR(arena, ERR_CONFLICT, "foreign_key_violation",
                   "a deferred foreign key is violated");
    }
    Err *err = control(writer, "RELEASE member");
    return err != NULL ? err_copy(arena, err) : NULL;
}

YIELDS static Err *run_statement(SqliteWriter *writer, Arena *arena, const StoreCall *call,
                                 Deadline deadline, SqlRows **ret_rows)
{
    Err *err;
    if (call->statement->scan) {
        err = sqlite_offload(writer->connection, arena, call, deadline, ret_rows);
    } else {
        sqlite_db_set_deadline(writer->connection, deadline);
        err = sqlite_db_run(writer->connection, arena, call->statement, call->built, call->args,
                            ret_rows);
    }
    if (err != NULL) {
        note_lost_group(writer, err);
    }
    return err;
}

/* ---- One member after another ---- */

/* Ends the active transaction's part; its fiber may be gone before the writer looks again. */
static void leave_active(SqliteWriter *writer, WriteEntry *entry, WriteState state)
{
    BUG_ON(writer->active != entry);
    entry->state = state;
    writer->active = NULL;
    waiter_wake(&writer->waiter);
}

/* Waits until the fiber whose transaction is active has finished, or has held the turn too long.
 * Yields. */
static void wait_for_active(SqliteWriter *writer)
{
    Deadline hold = deadline_after(HOLD_MAX_MS);
    while (writer->active != NULL) {
        Err *err = waiter_wait(&writer->waiter, writer->active->offloaded ? DEADLINE_NEVER : hold);
        WriteEntry *entry = writer->active;
        if (err != NULL && entry != NULL && !entry->offloaded) {
            log_event(LOG_WARN, "a transaction held the database for too long",
                      LOG_INT("limit_ms", HOLD_MAX_MS));
            undo_savepoint(writer);
            entry->expired = true;
            leave_active(writer, entry, WRITE_DONE);
        }
    }
}

/* Yields. */
static void run_member(SqliteWriter *writer, WriteEntry *entry)
{
    Err *err = control(writer, "SAVEPOINT member");
    if (err != NULL) {
        finish(entry, err);
        return;
    }
    entry->state = WRITE_ACTIVE;
    writer->active = entry;
    if (entry->interactive) {
        waiter_wake(&entry->waiter);
        wait_for_active(writer);
        return;
    }
    err =
        run_statement(writer, entry->arena, entry->call, statement_deadline(writer), &entry->rows);
    if (err == NULL) {
        err = release_savepoint(writer, entry->arena);
    } else {
        undo_savepoint(writer);
    }
    writer->active = NULL;
    if (err != NULL) {
        finish(entry, err);
        return;
    }
    entry->state = WRITE_FINISHED;
    list_add(&writer->group, entry);
}

/* ---- Groups ---- */

/* Begins the group's transaction, waiting while another process writes. Yields. */
static bool begin_group(SqliteWriter *writer)
{
    int64_t pause_ms = 1;
    while (writer->queue.count > 0) {
        arena_reset(writer->arena);
        sqlite_db_set_deadline(writer->connection, DEADLINE_NEVER);
        Err *err = sqlite_db_control(writer->connection, writer->arena, "BEGIN IMMEDIATE");
        if (err == NULL) {
            return true;
        }
        if (!err_is(err, ERR_BUSY)) {
            finish_all(&writer->queue, err);
            return false;
        }
        err_ignore(fiber_sleep(pause_ms), "it is not cancelled");
        pause_ms = MIN(2 * pause_ms, BUSY_PAUSE_MAX_MS);
    }
    return false;
}

typedef struct CommitJob {
    SqliteWriter *writer;
    Err *err;
} CommitJob;

static void commit_in_pool(void *arg)
{
    CommitJob *job = arg;
    job->err = sqlite_db_control(job->writer->connection, job->writer->arena, "COMMIT");
}

static void adapt_to_load(SqliteWriter *writer)
{
    bool bulk = writer->bulk_until_ms > time_monotonic();
    sqlite_db_set_checkpoint(writer->connection, bulk ? BULK_CHECKPOINT_PAGES : CHECKPOINT_PAGES);
    if (!bulk && writer->bulk_until_ms != 0) {
        sqlite_db_release_memory(writer->connection);
        writer->bulk_until_ms = 0;
    }
}

YIELDS static Err *commit_group(SqliteWriter *writer)
{
    if (writer->group_err != NULL) {
        return writer->group_err;
    }
    if (writer->group.count == 0) {
        return control(writer, "ROLLBACK");
    }
    CommitJob job = {.writer = writer};
    adapt_to_load(writer);
    sqlite_db_set_deadline(writer->connection, DEADLINE_NEVER);
    TRY(offload(commit_in_pool, &job));
    counter_add(&writer->loop->base.counters.commit_groups, 1);
    counter_add(&writer->loop->base.counters.commits, (int64_t)writer->group.count);
    return job.err;
}

static bool group_has_room(const SqliteWriter *writer, int64_t began_ms)
{
    return writer->queue.count > 0 && writer->group_err == NULL &&
           writer->group.count < GROUP_MEMBERS_MAX &&
           time_monotonic() - began_ms < GROUP_TIME_MAX_MS;
}

/* Yields. */
static void run_members(SqliteWriter *writer)
{
    int64_t began_ms = time_monotonic();
    bool gathered = false;
    while (group_has_room(writer, began_ms)) {
        WriteEntry *entry = writer->queue.first;
        list_remove(&writer->queue, entry);
        run_member(writer, entry);
        if (writer->queue.count == 0 && !gathered) {
            /* Requests that arrived together shall share the commit. */
            gathered = true;
            err_ignore(fiber_yield(), "it is not cancelled");
        }
    }
}

/* Yields. */
static void run_group(SqliteWriter *writer)
{
    err_ignore(take_turn(writer), "waits without deadline and is not cancelled");
    if (begin_group(writer)) {
        writer->group_err = NULL;
        run_members(writer);
        Err *err = commit_group(writer);
        if (err != NULL && sqlite_db_in_transaction(writer->connection)) {
            err_ignore(sqlite_db_control(writer->connection, writer->arena, "ROLLBACK"),
                       "the group failed already");
        }
        finish_all(&writer->group, err);
    }
    pass_turn(writer);
}

static void writer_main(void *arg)
{
    SqliteWriter *writer = arg;
    fiber_shield(true);
    while (!writer->stopping || writer->queue.count > 0) {
        if (writer->queue.count == 0) {
            err_ignore(waiter_wait(&writer->waiter, DEADLINE_NEVER), "woken by work or stop");
            continue;
        }
        run_group(writer);
        arena_reset(fiber_arena());
    }
}

YIELDS Err *sqlite_writer_start(SqliteLoop *loop, Arena *arena)
{
    SqliteWriter *writer = &loop->writer;
    SqliteOptions options = {.path = loop->base.store->options.path, .cache_kib = CACHE_KIB};
    Err *err = NULL;
    /* The first connection makes the file a WAL one, for which it must be alone for a moment. */
    for (int64_t pause_ms = 1; pause_ms <= 1024; pause_ms *= 2) {
        err = sqlite_db_open(arena, &options, &writer->connection);
        if (!err_is(err, ERR_BUSY)) {
            break;
        }
        TRY(fiber_sleep(pause_ms));
    }
    TRY(err);
    writer->loop = loop;
    writer->arena = arena_new();
    waiter_init(&writer->waiter);
    fiber_group_init(&loop->fibers);
    fiber_spawn(&loop->fibers, "store-writer", writer_main, writer);
    return NULL;
}

void sqlite_writer_stop(SqliteLoop *loop)
{
    SqliteWriter *writer = &loop->writer;
    if (writer->connection == NULL) {
        return;
    }
    writer->stopping = true;
    waiter_wake(&writer->waiter);
    fiber_group_join(&loop->fibers);
    sqlite_db_close(writer->connection);
    arena_free(writer->arena);
}

/* ---- What the writing fibers do ---- */

static Err *enqueue(SqliteWriter *writer, WriteEntry *entry)
{
    if (writer->queue.count >= QUEUE_MAX) {
        return ERR(entry->arena, ERR_UNAVAILABLE, "overloaded", "%zu writes wait already",
                   writer->queue.count);
    }
    waiter_init(&entry->waiter);
    entry->state = WRITE_QUEUED;
    list_add(&writer->queue, entry);
    waiter_wake(&writer->waiter);
    return NULL;
}

/* Once a member ran, its commit is on its way: only a broken disk ends this wait early, and not
 * while its statement still runs, for it uses the caller's memory. */
YIELDS static Err *wait_for_commit(SqliteWriter *writer, WriteEntry *entry)
{
    bool shielded = fiber_shield(true);
    Deadline deadline = deadline_after(COMMIT_WAIT_MS);
    while (entry->state != WRITE_DONE) {
        Err *err = waiter_wait(&entry->waiter, deadline);
        if (err != NULL && entry->state == WRITE_FINISHED) {
            list_remove(&writer->group, entry);
            entry->err =
                ERR(entry->arena, ERR_UNAVAILABLE, "outcome_unknown",
                    "the disk has not confirmed the commit for %d s", COMMIT_WAIT_MS / 1000);
            break;
        }
        deadline = err != NULL ? DEADLINE_NEVER : deadline;
    }
    fiber_shield(shielded);
    return entry->err;
}

YIELDS static Err *wait_in_queue(SqliteWriter *writer, WriteEntry *entry)
{
    TRY(enqueue(writer, entry));
    counter_add(&writer->loop->base.counters.waiting, 1);
    Err *err = waiter_wait(&entry->waiter, statement_deadline(writer));
    counter_add(&writer->loop->base.counters.waiting, -1);
    if (err != NULL && entry->state == WRITE_QUEUED) {
        list_remove(&writer->queue, entry);
    }
    return err;
}

YIELDS Err *sqlite_writer_run(SqliteLoop *loop, WriteEntry *entry)
{
    SqliteWriter *writer = &loop->writer;
    Err *err = wait_in_queue(writer, entry);
    if (err != NULL && (entry->state == WRITE_QUEUED || entry->state == WRITE_DONE)) {
        return entry->state == WRITE_DONE ? entry->err : err;
    }
    return wait_for_commit(writer, entry);
}

YIELDS Err *sqlite_writer_begin(SqliteLoop *loop, WriteEntry *entry)
{
    Err *err = wait_in_queue(&loop->writer, entry);
    if (err != NULL && entry->state == WRITE_ACTIVE) {
        sqlite_writer_abandon(loop, entry);
    }
    TRY(err);
    return entry->state == WRITE_DONE ? entry->err : NULL;
}

static Err *check_active(const SqliteWriter *writer, const WriteEntry *entry, Arena *arena)
{
    if (entry->expired) {
        return ERR(arena, ERR_TIMEOUT, "transaction_too_long",
                   "the transaction held the database for more than %d ms", HOLD_MAX_MS);
    }
    if (writer->group_err != NULL) {
        return err_copy(arena, writer->group_err);
    }
    return NULL;
}

YIELDS Err *sqlite_writer_statement(SqliteLoop *loop, WriteEntry *entry, Arena *arena,
                                    const StoreCall *call, SqlRows **ret_rows)
{
    SqliteWriter *writer = &loop->writer;
    TRY(check_active(writer, entry, arena));
    Deadline deadline = MIN(statement_deadline(writer), fiber_deadline());
    entry->offloaded = call->statement->scan;
    Err *err = run_statement(writer, arena, call, deadline, ret_rows);
    entry->offloaded = false;
    if (call->statement->scan) {
        waiter_wake(&writer->waiter); /* it looks at the time again */
    }
    return err;
}

typedef struct ManyJob {
    SqliteDb *connection;
    SqliteMany *many;
    Arena *arena; /* its own: the pool may not use the loop's */
    Err *err;
} ManyJob;

static void run_many(void *arg)
{
    ManyJob *job = arg;
    SqliteMany *many = job->many;
    job->err = sqlite_db_run_many(job->connection, job->arena, many->statement, many->args,
                                  many->count, &many->affected);
}

YIELDS static Err *run_many_in_pool(ManyJob *job, Arena *arena)
{
    Err *err = offload(run_many, job);
    return job->err != NULL ? err_copy(arena, job->err) : err;
}

YIELDS Err *sqlite_writer_many(SqliteLoop *loop, WriteEntry *entry, Arena *arena, SqliteMany *many)
{
    SqliteWriter *writer = &loop->writer;
    TRY(check_active(writer, entry, arena));
    CLEANUP(arena_freep) Arena *own = arena_new();
    ManyJob job = {.connection = writer->connection, .many = many, .arena = own};
    sqlite_db_set_deadline(writer->connection, MIN(statement_deadline(writer), fiber_deadline()));
    if (many->count >= BULK_FROM) {
        writer->bulk_until_ms = time_monotonic() + BULK_LASTS_MS;
    }
    entry->offloaded = many->count >= BULK_FROM || many->statement->scan;
    Err *err = NULL;
    if (entry->offloaded) {
        err = run_many_in_pool(&job, arena);
        waiter_wake(&writer->waiter); /* it looks at the time again */
    } else {
        run_many(&job);
        err = job.err == NULL ? NULL : err_copy(arena, job.err);
    }
    entry->offloaded = false;
    if (err != NULL) {
        note_lost_group(writer, err);
    }
    return err;
}

YIELDS Err *sqlite_writer_commit(SqliteLoop *loop, WriteEntry *entry)
{
    SqliteWriter *writer = &loop->writer;
    Err *err = check_active(writer, entry, entry->arena);
    if (err == NULL) {
        err = release_savepoint(writer, entry->arena);
    }
    if (err != NULL) {
        if (!entry->expired) {
            leave_active(writer, entry, WRITE_DONE);
        }
        return err;
    }
    leave_active(writer, entry, WRITE_FINISHED);
    list_add(&writer->group, entry);
    return wait_for_commit(writer, entry);
}

void sqlite_writer_abandon(SqliteLoop *loop, WriteEntry *entry)
{
    SqliteWriter *writer = &loop->writer;
    if (entry->state != WRITE_ACTIVE) {
        return;
    }
    undo_savepoint(writer);
    leave_active(writer, entry, WRITE_DONE);
}
