/* store.c - what both drivers have in common: finding the loop's part, transactions as a scope,
 * repetition, hooks. */
#include "port/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "port/store_internal.h"

#define TRANSACT_RUNS_MAX 6
#define RETRY_PAUSE_MS 10 /* before the first repetition; doubles, plus jitter */

static _Thread_local StoreLoop *thread_loops;

/* ---- Life ---- */

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

Err *store_open(Arena *arena, const StoreOptions *options, Store **ret_store)
{
    bool sqlite = options->driver == STORE_SQLITE;
    if (sqlite ? str_is_empty(options->path) : str_is_empty(options->url)) {
        return ERR(arena, ERR_CONFIG, "invalid_config", "the database has no %s",
                   sqlite ? "path" : "url");
    }
    Store *store = ARENA_NEW(arena, Store);
    store->options = *options;
    store->options.path = arena_strdup(arena, options->path);
    store->options.url = arena_strdup(arena, options->url);
    store->options.pipelines = (int)or_default(options->pipelines, 1);
    store->options.transactions_max = (int)or_default(options->transactions_max, 8);
    store->options.statement_timeout_ms = or_default(options->statement_timeout_ms, 10 * SECOND_MS);
    store->options.connect_timeout_ms = or_default(options->connect_timeout_ms, 5 * SECOND_MS);
    store->ops = sqlite ? &store_sqlite_ops : &store_postgres_ops;
    pthread_mutex_init(&store->mutex, NULL);
    pthread_mutex_init(&store->turn.mutex, NULL);
    *ret_store = store;
    return NULL;
}

void store_close(Store *store)
{
    if (store == NULL) {
        return;
    }
    BUG_ON(store->loops != NULL);
    pthread_mutex_destroy(&store->mutex);
    pthread_mutex_destroy(&store->turn.mutex);
}

StoreDriver store_driver(const Store *store)
{
    return store->options.driver;
}

void store_set_published(Store *store, void (*fn)(void *arg), void *arg)
{
    store->published = fn;
    store->published_arg = arg;
}

static StoreLoop *loop_of(const Store *store)
{
    for (StoreLoop *loop = thread_loops; loop != NULL; loop = loop->next_of_thread) {
        if (loop->store == store) {
            return loop;
        }
    }
    return NULL;
}

YIELDS Err *store_attach(Store *store)
{
    BUG_ON(loop_of(store) != NULL);
    Arena *arena = arena_new();
    StoreLoop *loop = NULL;
    Err *err = store->ops->attach(arena, store, &loop);
    if (err != NULL) {
        err = err_copy(fiber_arena(), err);
        arena_free(arena);
        return err;
    }
    loop->next_of_thread = thread_loops;
    thread_loops = loop;
    pthread_mutex_lock(&store->mutex);
    loop->next_of_store = store->loops;
    store->loops = loop;
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}

static void add_stats(StoreStats *sum, const StoreCounters *counters)
{
    sum->statements += counters->statements;
    sum->transactions += counters->transactions;
    sum->transactions_open += counters->transactions_open;
    sum->waiting += counters->waiting;
    sum->in_flight += counters->in_flight;
    sum->reconnects += counters->reconnects;
    sum->retries += counters->retries;
    sum->commit_groups += counters->commit_groups;
    sum->commits += counters->commits;
}

void store_detach(Store *store)
{
    StoreLoop *loop = loop_of(store);
    if (loop == NULL) {
        return;
    }
    store->ops->detach(loop);
    StoreLoop **link = &thread_loops;
    while (*link != loop) {
        link = &(*link)->next_of_thread;
    }
    *link = loop->next_of_thread;
    pthread_mutex_lock(&store->mutex);
    link = &store->loops;
    while (*link != loop) {
        link = &(*link)->next_of_store;
    }
    *link = loop->next_of_store;
    add_stats(&store->past, &loop->counters);
    pthread_mutex_unlock(&store->mutex);
    arena_free(loop->arena);
}

StoreStats store_stats(const Store *store)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)&store->mutex;
    pthread_mutex_lock(mutex);
    StoreStats sum = store->past;
    for (const StoreLoop *loop = store->loops; loop != NULL; loop = loop->next_of_store) {
        add_stats(&sum, &loop->counters);
    }
    pthread_mutex_unlock(mutex);
    return sum;
}

/* ---- Statements ---- */

YIELDS static Err *run(Db *db, const StoreCall *call, SqlRows **ret_rows)
{
    StoreLoop *loop = loop_of(db->store);
    BUG_ON(loop == NULL);
    counter_add(&loop->counters.statements, 1);
    if (db->transaction == NULL) {
        return db->store->ops->query(loop, db, call, ret_rows);
    }
    if (db->transaction->doomed) {
        return ERR(db->arena, ERR_INTERNAL, "transaction_doomed",
                   "%s: an earlier statement of the transaction failed", call->statement->name);
    }
    Err *err = db->store->ops->query(loop, db, call, ret_rows);
    if (err != NULL && db->transaction != NULL) {
        db->transaction->doomed = true;
    }
    return err;
}

YIELDS Err *store_query(Db *db, const SqlStatement *statement, SqlArgs args, StoreRows **ret_rows)
{
    BUG_ON((size_t)statement->param_count != args.count);
    StoreCall call = {.statement = statement, .args = args};
    return run(db, &call, ret_rows);
}

YIELDS Err *store_query_built(Db *db, const SqlBuilder *builder, StoreRows **ret_rows)
{
    SqlStatement statement = {
        .name = "composed",
        .sqlite = str_text(&builder->sqlite),
        .postgres = str_text(&builder->postgres),
        .param_count = (int)builder->count,
        .writes = builder->writes,
        .scan = builder->scan,
    };
    StoreCall call = {
        .statement = &statement,
        .built = true,
        .args = {.values = builder->values, .count = builder->count},
    };
    return run(db, &call, ret_rows);
}

YIELDS Err *store_exec(Db *db, const SqlStatement *statement, SqlArgs args, int64_t *ret_affected)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, statement, args, &rows));
    if (ret_affected != NULL) {
        *ret_affected = rows->affected;
    }
    return NULL;
}

typedef struct ManyCall {
    const SqlStatement *statement;
    const SqlArgs *args;
    size_t count;
    int64_t affected;
} ManyCall;

YIELDS static Err *exec_many(Db *db, void *arg)
{
    ManyCall *many = arg;
    StoreTransaction *transaction = db->transaction;
    if (transaction->doomed) {
        return ERR(db->arena, ERR_INTERNAL, "transaction_doomed",
                   "%s: an earlier statement of the transaction failed", many->statement->name);
    }
    many->affected = 0;
    counter_add(&transaction->loop->counters.statements, (int64_t)many->count);
    return db->store->ops->exec_many(transaction->loop, db, many->statement, many->args,
                                     many->count, &many->affected);
}

YIELDS Err *store_exec_many(Db *db, const SqlStatement *statement, const SqlArgs *args,
                            size_t count, int64_t *ret_affected)
{
    ManyCall many = {.statement = statement, .args = args, .count = count};
    if (count > 0) {
        /* A failure dooms an open transaction, as for any joined work. */
        TRY(store_transact(db, exec_many, &many));
    }
    if (ret_affected != NULL) {
        *ret_affected = many.affected;
    }
    return NULL;
}

YIELDS Err *store_ping(Store *store, int64_t *ret_latency_us, TimeMs *ret_database_time)
{
    Db db = db_make(store, fiber_arena());
    StoreRows *rows = NULL;
    uint64_t start_ns = uv_hrtime();
    TRY(store_query(&db, store->ops->ping, NO_ARGS, &rows));
    *ret_latency_us = (int64_t)((uv_hrtime() - start_ns) / 1000);
    TimeMs time = row_time(rows, 0, 0);
    *ret_database_time = time != 0 ? time : time_now();
    return NULL;
}

/* ---- Transactions ---- */

void db_after_commit(Db *db, void (*fn)(void *), void *arg)
{
    StoreTransaction *transaction = db->transaction;
    if (transaction == NULL) {
        fn(arg);
        return;
    }
    CommitHook *hook = ARENA_NEW(db->arena, CommitHook);
    *hook = (CommitHook){.fn = fn, .arg = arg};
    *transaction->hooks_end = hook;
    transaction->hooks_end = &hook->next;
}

YIELDS static Err *begin(Db *db)
{
    StoreLoop *loop = loop_of(db->store);
    StoreTransaction *transaction = NULL;
    BUG_ON(loop == NULL || db->transaction != NULL);
    TRY(db->store->ops->begin(loop, db, &transaction));
    transaction->loop = loop;
    transaction->arena = db->arena;
    transaction->hooks_end = &transaction->hooks;
    db->transaction = transaction;
    counter_add(&loop->counters.transactions, 1);
    counter_add(&loop->counters.transactions_open, 1);
    return NULL;
}

static void rollback(Db *db)
{
    StoreTransaction *transaction = db->transaction;
    db->transaction = NULL;
    counter_add(&transaction->loop->counters.transactions_open, -1);
    db->store->ops->abandon(transaction);
}

YIELDS static Err *commit(Db *db)
{
    StoreTransaction *transaction = db->transaction;
    if (transaction->doomed) {
        rollback(db);
        return ERR(db->arena, ERR_INTERNAL, "transaction_doomed",
                   "a statement or a joined piece of work of the transaction failed");
    }
    db->transaction = NULL;
    counter_add(&transaction->loop->counters.transactions_open, -1);
    TRY(db->store->ops->commit(transaction));
    for (CommitHook *hook = transaction->hooks; hook != NULL; hook = hook->next) {
        hook->fn(hook->arg);
    }
    return NULL;
}

YIELDS static Err *run_once(Db *db, StoreWork *work, void *arg)
{
    TRY(begin(db));
    Err *err = work(db, arg);
    if (err != NULL) {
        rollback(db);
        return err;
    }
    return commit(db);
}

YIELDS static Err *run_joined(Db *db, StoreWork *work, void *arg)
{
    StoreTransaction *transaction = db->transaction;
    Err *err = work(db, arg);
    if (err != NULL) {
        transaction->doomed = true;
    }
    return err;
}

/* A connection that broke before the commit was sent has taken the transaction with it. */
static bool may_repeat(const Err *err)
{
    return err_is(err, ERR_BUSY) ||
           (err_is(err, ERR_UNAVAILABLE) && str_equal(err->code, "connection_lost"));
}

YIELDS Err *store_transact(Db *db, StoreWork *work, void *arg)
{
    if (db->transaction != NULL) {
        return run_joined(db, work, arg);
    }
    int64_t pause_ms = RETRY_PAUSE_MS;
    for (int runs = 1;; runs++) {
        Err *err = run_once(db, work, arg);
        if (!may_repeat(err) || runs == TRANSACT_RUNS_MAX) {
            return err;
        }
        counter_add(&loop_of(db->store)->counters.retries, 1);
        TRY(fiber_sleep(pause_ms + (int64_t)arc4random_uniform((uint32_t)pause_ms)));
        pause_ms *= 2;
    }
}

YIELDS Err *store_begin(Db *db, StoreScope *ret_scope)
{
    bool joined = db->transaction != NULL;
    if (!joined) {
        TRY(begin(db));
    }
    *ret_scope = (StoreScope){.db = db, .joined = joined};
    return NULL;
}

YIELDS Err *store_commit(StoreScope *scope)
{
    Db *db = scope->db;
    scope->db = NULL;
    BUG_ON(db == NULL || db->transaction == NULL);
    return scope->joined ? NULL : commit(db);
}

void store_scope_end(StoreScope *scope)
{
    if (scope->db == NULL) {
        return;
    }
    if (scope->joined) {
        scope->db->transaction->doomed = true;
    } else {
        rollback(scope->db);
    }
    scope->db = NULL;
}
