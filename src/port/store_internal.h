/* store_internal.h - what the store's drivers share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "fiber/fiber.h"
#include "port/store.h"

typedef struct StoreLoop StoreLoop;

/* One statement to run. */
typedef struct StoreCall {
    const SqlStatement *statement;
    bool built; /* composed: the statement lives no longer than the call */
    SqlArgs args;
} StoreCall;

typedef struct CommitHook {
    void (*fn)(void *);
    void *arg;
    struct CommitHook *next;
} CommitHook;

/* An open transaction; the first member of the drivers' own. Lives in the Db's arena. */
struct StoreTransaction {
    StoreLoop *loop;
    Arena *arena;
    bool doomed; /* a statement failed: it can only be rolled back */
    CommitHook *hooks;
    CommitHook **hooks_end;
};

typedef struct StoreCounters {
    _Atomic int64_t statements;
    _Atomic int64_t transactions;
    _Atomic int64_t transactions_open;
    _Atomic int64_t waiting;
    _Atomic int64_t in_flight;
    _Atomic int64_t reconnects;
    _Atomic int64_t retries;
    _Atomic int64_t commit_groups;
    _Atomic int64_t commits;
} StoreCounters;

/* What a driver does. Every function runs on the loop that it is about. */
typedef struct StoreDriverOps {
    /* Makes the driver's part of a loop. Yields. */
    Err *(*attach)(Arena *arena, Store *store, StoreLoop **ret_loop);
    /* Ends it; outside of a fiber this runs the loop. */
    void (*detach)(StoreLoop *loop);
    Err *(*query)(StoreLoop *loop, Db *db, const StoreCall *call, SqlRows **ret_rows);
    /* Inside a transaction. */
    Err *(*exec_many)(StoreLoop *loop, Db *db, const SqlStatement *statement, const SqlArgs *args,
                      size_t count, int64_t *ret_affected);
    Err *(*begin)(StoreLoop *loop, Db *db, StoreTransaction **ret_transaction);
    /* Commits, and on failure rolls back: the transaction is over either way. Yields. */
    Err *(*commit)(StoreTransaction *transaction);
    /* Rolls back, or sees to it that somebody does. Never yields. */
    void (*abandon)(StoreTransaction *transaction);
    const SqlStatement *ping; /* one row: the database's time, or null */
} StoreDriverOps;

extern const StoreDriverOps store_sqlite_ops;
extern const StoreDriverOps store_postgres_ops;

/* The driver's part of one loop; the first member of the drivers' own. */
struct StoreLoop {
    Store *store;
    Arena *arena; /* as long as the loop is attached */
    Loop *loop;
    StoreCounters counters;
    StoreLoop *next_of_thread;
    StoreLoop *next_of_store;
};

/* The process's turn to write to SQLite, passed from loop to loop. */
typedef struct WriteTurn {
    pthread_mutex_t mutex;
    bool taken;
    struct TurnWait *first;
    struct TurnWait *last;
} WriteTurn;

struct Store {
    StoreOptions options;
    const StoreDriverOps *ops;
    pthread_mutex_t mutex; /* guards loops and past */
    StoreLoop *loops;
    StoreStats past; /* counted by loops that were detached */
    WriteTurn turn;
    void (*published)(void *arg); /* set by the bus: messages were committed */
    void *published_arg;
};

/* For the statistics. */
static inline void counter_add(_Atomic int64_t *counter, int64_t delta)
{
    atomic_fetch_add_explicit(counter, delta, memory_order_relaxed);
}

/* Calls fn(arg), from any thread, after a transaction that published messages has committed. */
void store_set_published(Store *store, void (*fn)(void *arg), void *arg);
