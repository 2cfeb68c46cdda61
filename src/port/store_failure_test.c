/* What goes wrong, and what others do meanwhile: deadlines, cancellation, servers that go away,
 * full disks, other loops and processes. */
#include "port/store_test_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/sqlite.h"
#include "store_test.sql.h"

/* ---- Cancellation and deadlines ---- */

typedef struct Slow {
    StoreTest *t;
    const SqlStatement *statement;
    bool in_transaction;
    Err *err;
    ErrKind kind;
} Slow;

static Err *run_slow(Db *db, void *arg)
{
    Slow *slow = arg;
    StoreRows *rows = NULL;
    if (slow->in_transaction) {
        TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("lost"), sql_int(1)), NULL));
    }
    return store_query(db, slow->statement, ARGS(sql_int(60)), &rows);
}

static void run_slow_fiber(void *arg)
{
    Slow *slow = arg;
    Db db = store_test_db(slow->t);
    Err *err = slow->in_transaction ? store_transact(&db, run_slow, slow) : run_slow(&db, slow);
    ASSERT(err != NULL);
    slow->kind = err->kind;
}

STORE_TEST(deadline_ends_a_statement)
{
    StoreRows *rows = NULL;
    fiber_set_deadline(deadline_after(100));
    Err *err = store_query(&t->db, &SQL_SLOW_QUERY, ARGS(sql_int(60)), &rows);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    store_test_add_item(t, "a", 1);
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
}

STORE_TEST(deadline_ends_a_transaction)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY, .in_transaction = true};
    fiber_set_deadline(deadline_after(100));
    Err *err = store_transact(&t->db, run_slow, &slow);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
    ASSERT_OK(store_transact(&t->db, store_test_insert_two, NULL));
}

STORE_TEST(statement_timeout_ends_a_statement)
{
    StoreRows *rows = NULL;
    int64_t start = time_monotonic();
    Err *err = store_query(&t->db, &SQL_SLOW_QUERY, ARGS(sql_int(60)), &rows);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT(time_monotonic() - start < 8000);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
}

STORE_TEST(cancelled_transaction_is_rolled_back)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY, .in_transaction = true};
    Fiber *fiber = fiber_spawn(&t->children, "slow", run_slow_fiber, &slow);
    ASSERT_OK(fiber_sleep(100));
    fiber_cancel(fiber);
    fiber_group_join(&t->children);
    ASSERT(slow.kind == ERR_CANCELLED || slow.kind == ERR_TIMEOUT);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
    ASSERT_OK(store_transact(&t->db, store_test_insert_two, NULL));
}

STORE_TEST(cancelled_read_disturbs_no_other)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY};
    store_test_add_item(t, "a", 42);
    Fiber *fiber = fiber_spawn(&t->children, "slow", run_slow_fiber, &slow);
    ASSERT_OK(fiber_sleep(50));
    fiber_cancel(fiber);
    fiber_spawn(&t->children, "reader", store_test_find_item, t);
    fiber_group_join(&t->children);
    ASSERT(slow.kind == ERR_CANCELLED || slow.kind == ERR_TIMEOUT);
}

static void hold_transaction(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&db, &scope));
    ASSERT_OK(store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text("held"), sql_int(1)), NULL));
    ASSERT_ERR(ERR_CANCELLED, fiber_sleep(60000));
}

STORE_TEST(waiting_write_can_be_cancelled)
{
    Fiber *holder = fiber_spawn(&t->children, "holder", hold_transaction, t);
    ASSERT_OK(fiber_sleep(20));
    fiber_set_deadline(deadline_after(50));
    Err *err = store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text("held"), sql_int(1)), NULL);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT_OK(fiber_sleep(200)); /* PostgreSQL is told to give up waiting for the lock */
    fiber_cancel(holder);
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
    store_test_add_item(t, "held", 1);
}

static void hold_too_long(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&db, &scope));
    ASSERT_OK(store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text("held"), sql_int(1)), NULL));
    ASSERT_OK(fiber_sleep(5500));
    Err *err = store_commit(&scope);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT_STR_EQUAL("transaction_too_long", err->code);
}

SQLITE_TEST(transaction_cannot_hold_the_turn_for_ever)
{
    fiber_spawn(&t->children, "holder", hold_too_long, t);
    ASSERT_OK(fiber_sleep(3000));
    store_test_add_item(t, "a", 1); /* waits for the turn, less than its own 3 s */
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
}

/* ---- PostgreSQL going away ---- */

static Err *insert_and_lock(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_ITEM_LOCK, ARGS(sql_text("a")), &rows));
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL);
}

static Err *insert_same_twice(Db *db, void *arg UNUSED)
{
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL));
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL);
}

/* Whoever lent the connection before has left no rows behind. */
static Err *check_no_transaction(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_ITEM_COUNT, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(0, row_int(rows, 0, 0));
    return NULL;
}

static Err *change_type(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    return store_query(db, &SQL_TEST_CHANGE_TYPE, NO_ARGS, &rows);
}

static Err *make_item_table(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    return store_query(db, &SQL_TEST_MAKE_ITEM, NO_ARGS, &rows);
}

static int64_t backend_of(StoreTest *t, Db *db)
{
    StoreRows *rows = NULL;
    ASSERT(t->driver == STORE_POSTGRES);
    ASSERT_OK(store_query(db, &SQL_BACKEND_PID, NO_ARGS, &rows));
    return row_int(rows, 0, 0);
}

static Err *kill_others(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    return store_query(db, &SQL_KILL_BACKENDS, NO_ARGS, &rows);
}

POSTGRES_TEST(reads_outlive_a_killed_backend)
{
    store_test_add_item(t, "a", 42);
    int64_t before = backend_of(t, &t->db);
    ASSERT_OK(store_transact(&t->db, kill_others, NULL));
    for (int i = 0; i < 50; i++) {
        fiber_spawn(&t->children, "reader", store_test_find_item, t);
    }
    fiber_group_join(&t->children);
    ASSERT(backend_of(t, &t->db) != before);
    ASSERT(store_stats(t->store).reconnects > 0);
}

POSTGRES_TEST(read_in_flight_is_repeated)
{
    StoreRows *rows = NULL;
    store_test_add_item(t, "a", 42);
    for (int i = 0; i < 5; i++) {
        fiber_spawn(&t->children, "reader", store_test_find_item, t);
    }
    ASSERT_OK(store_transact(&t->db, kill_others, NULL));
    fiber_group_join(&t->children);
    ASSERT_OK(store_query(&t->db, &SQL_SLOW_PIPELINED, ARGS(sql_int(0)), &rows));
}

typedef struct Interrupted {
    StoreTest *t;
    int runs;
} Interrupted;

static Err *insert_and_wait(Db *db, void *arg)
{
    Interrupted *job = arg;
    StoreRows *rows = NULL;
    job->runs++;
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("kept"), sql_int(1)), NULL));
    return store_query(db, &SQL_SLOW_QUERY, ARGS(sql_int(job->runs == 1 ? 2 : 0)), &rows);
}

static void transact_interrupted(void *arg)
{
    Interrupted *job = arg;
    Db db = store_test_db(job->t);
    ASSERT_OK(store_transact(&db, insert_and_wait, job));
}

POSTGRES_TEST(transaction_whose_backend_is_killed_runs_again)
{
    Interrupted job = {.t = t};
    fiber_spawn(&t->children, "interrupted", transact_interrupted, &job);
    ASSERT_OK(fiber_sleep(200));
    ASSERT_OK(store_transact(&t->db, kill_others, NULL));
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(2, job.runs);
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
}

static void insert_slowly(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    Err *err = store_exec(&db, &SQL_ITEM_INSERT_SLOWLY, ARGS(sql_text("a")), NULL);
    ASSERT_ERR(ERR_UNAVAILABLE, err);
    ASSERT_STR_EQUAL("outcome_unknown", err->code);
}

POSTGRES_TEST(interrupted_write_is_not_repeated)
{
    fiber_spawn(&t->children, "inserter", insert_slowly, t);
    ASSERT_OK(fiber_sleep(200));
    ASSERT_OK(store_transact(&t->db, kill_others, NULL));
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
}

/* "/tmp/x" of "postgresql://voms@/voms_test?host=/tmp/x" */
static void control_postgres(StoreTest *t, const char *command)
{
    const char *directory = strstr(t->options.url, "host=");
    ASSERT(directory != NULL);
    directory += strlen("host=");
    const char *text = arena_printf(t->arena, "%s/tests/support/postgres %s %.*s", SOURCE_ROOT,
                                    command, (int)strcspn(directory, "&"), directory);
    ASSERT_INT_EQUAL(0, system(text));
}

POSTGRES_TEST(restarted_server_is_found_again)
{
    store_test_add_item(t, "a", 42);
    control_postgres(t, "restart");
    for (int i = 0; i < 20; i++) {
        fiber_spawn(&t->children, "reader", store_test_find_item, t);
    }
    fiber_group_join(&t->children);
    ASSERT_OK(store_transact(&t->db, insert_and_lock, NULL));
    ASSERT_INT_EQUAL(2, store_test_count_items(t));
}

POSTGRES_TEST(absent_server_is_reported_soon_and_found_again)
{
    StoreRows *rows = NULL;
    store_test_add_item(t, "a", 42);
    control_postgres(t, "kill");
    int64_t start = time_monotonic();
    Err *err = store_query(&t->db, &SQL_ITEM_COUNT, NO_ARGS, &rows);
    ASSERT_ERR(ERR_UNAVAILABLE, err);
    ASSERT_ERR(ERR_UNAVAILABLE,
               store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL));
    ASSERT(time_monotonic() - start < 6000);
    control_postgres(t, "restart");
    for (int i = 0; i < 100 && err != NULL; i++) {
        ASSERT_OK(fiber_sleep(100));
        err = store_query(&t->db, &SQL_ITEM_COUNT, NO_ARGS, &rows);
    }
    ASSERT_OK(err);
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
}

POSTGRES_TEST(changed_table_does_not_break_prepared_statements)
{
    StoreRows *rows = NULL;
    store_test_add_item(t, "a", 42);
    ASSERT_INT_EQUAL(42, store_test_size_of(t, "a"));
    ASSERT_OK(store_transact(&t->db, change_type, NULL));
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_SIZE, ARGS(sql_text("a")), &rows));
    ASSERT_STR_EQUAL("42", row_text(rows, 0, 0));
}

POSTGRES_TEST(only_clean_connections_are_lent)
{
    for (int i = 0; i < 20; i++) {
        store_test_leave_scope(t);
    }
    for (int i = 0; i < 10; i++) {
        ASSERT_ERR(ERR_CONFLICT, store_transact(&t->db, insert_same_twice, NULL));
        ASSERT_OK(store_transact(&t->db, check_no_transaction, NULL));
    }
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
}

POSTGRES_TEST(pool_is_shared_in_order)
{
    store_test_add_item(t, "a", 0);
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "adder", store_test_add_one, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(100, store_test_size_of(t, "a"));
    ASSERT_INT_EQUAL(0, store_stats(t->store).waiting);
}

/* ---- SQLite on a full disk ---- */

static Err *write_big(StoreTest *t, int number)
{
    char *big = arena_alloc(t->arena, 100001);
    memset(big, 'x', 100000);
    const char *name = arena_printf(t->arena, "%d %s", number, big);
    return store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(1)), NULL);
}

/* A file system of 4 MiB on the test's directory, for root only. */
static bool mount_small(const char *directory)
{
    return geteuid() == 0 && mount("tmpfs", directory, "tmpfs", 0, "size=4m") == 0;
}

SQLITE_TEST(full_disk_is_reported_and_survived)
{
    StoreOptions options = t->options;
    Store *store = NULL;
    const char *directory = arena_printf(t->arena, "%s/small", t->directory);
    ASSERT_INT_EQUAL(0, mkdir(directory, 0700));
    if (!mount_small(directory)) {
        printf("skipped: only root may mount a small file system\n");
        return;
    }
    options.path = arena_printf(t->arena, "%s/voms.db", directory);
    ASSERT_OK(store_open(t->arena, &options, &store));
    ASSERT_OK(store_attach(store));
    StoreTest small = *t;
    small.store = store;
    small.db = db_make(store, t->arena);
    ASSERT_OK(store_transact(&small.db, make_item_table, NULL));

    Err *err = NULL;
    int written = 0;
    for (; written < 100 && err == NULL; written++) {
        err = write_big(&small, written);
    }
    ASSERT_ERR(ERR_UNAVAILABLE, err);
    ASSERT_INT_EQUAL(written - 1, store_test_count_items(&small));
    ASSERT_ERR(ERR_UNAVAILABLE, write_big(&small, 1000));

    ASSERT_INT_EQUAL(0, mount("tmpfs", directory, "tmpfs", MS_REMOUNT, "size=32m"));
    ASSERT_OK(write_big(&small, 1001));
    ASSERT_INT_EQUAL(written, store_test_count_items(&small));
    store_detach(store);
    store_close(store);
    ASSERT_INT_EQUAL(0, umount(directory));
}

/* ---- Two loops on one file ---- */

typedef struct OtherLoop {
    StoreTest *t;
    Store *store;
    int number;
} OtherLoop;

static void write_on_other_loop(void *arg)
{
    OtherLoop *other = arg;
    Db db = db_make(other->store, fiber_arena());
    const char *name = arena_printf(db.arena, "other %d", other->number++);
    ASSERT_OK(store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(1)), NULL));
}

static void other_body(void *arg)
{
    OtherLoop *other = arg;
    CLEANUP(fiber_group_done) FiberGroup children;
    fiber_group_init(&children);
    ASSERT_OK(store_attach(other->store));
    for (int i = 0; i < 200; i++) {
        fiber_spawn(&children, "writer", write_on_other_loop, other);
        if (i % 10 == 0) {
            ASSERT_OK(fiber_sleep(1));
        }
    }
    fiber_group_join(&children);
    store_detach(other->store);
}

static void *other_thread(void *arg)
{
    FiberGroup group;
    Loop *loop = loop_new("other");
    fiber_group_init(&group);
    fiber_spawn(&group, "other", other_body, arg);
    fiber_group_join(&group);
    loop_free(loop);
    return NULL;
}

static void wait_for_thread(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
}

STORE_TEST(loops_share_the_database)
{
    pthread_t thread;
    OtherLoop other = {.t = t, .store = t->store};
    ASSERT_INT_EQUAL(0, pthread_create(&thread, NULL, other_thread, &other));
    for (int i = 0; i < 200; i++) {
        fiber_spawn(&t->children, "inserter", store_test_insert_numbered, t);
        if (i % 10 == 0) {
            ASSERT_OK(fiber_sleep(1));
        }
    }
    fiber_group_join(&t->children);
    ASSERT_OK(offload(wait_for_thread, &thread));
    ASSERT_INT_EQUAL(400, store_test_count_items(t));
}

/* ---- SQLite: the loop goes on ---- */

static void tick(void *arg)
{
    for (int *count = arg; fiber_sleep(10) == NULL; ++*count) {
        /* Until it is cancelled. */
    }
}

SQLITE_TEST(slow_read_leaves_the_loop)
{
    StoreRows *rows = NULL;
    int ticks = 0;
    Fiber *ticker = fiber_spawn(&t->children, "ticker", tick, &ticks);
    Err *err = store_query(&t->db, &SQL_SLOW_PIPELINED, ARGS(sql_int(60)), &rows);
    ASSERT_ERR(ERR_TIMEOUT, err); /* of the statement, 3 s; not the loop's 100 ms */
    ASSERT(ticks > 50);
    ticks = 0;
    fiber_set_deadline(deadline_after(500));
    err = store_query(&t->db, &SQL_SLOW_PIPELINED, ARGS(sql_int(60)), &rows);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT(ticks > 5);
    fiber_cancel(ticker);
    fiber_group_join(&t->children);
}

typedef struct OtherProcess {
    const char *path;
} OtherProcess;

/* Holds SQLite's write lock for a while, as another process would. */
static void hold_lock(void *arg)
{
    OtherProcess *other = arg;
    SqliteDb *db = NULL;
    Arena *arena = arena_new();
    SqliteOptions options = {.path = other->path, .busy_timeout_ms = 1000};
    ASSERT_OK(sqlite_db_open(arena, &options, &db));
    ASSERT_OK(sqlite_db_control(db, arena, "BEGIN IMMEDIATE"));
    usleep(300000);
    ASSERT_OK(sqlite_db_control(db, arena, "COMMIT"));
    sqlite_db_close(db);
    arena_free(arena);
}

static void lock_from_outside(void *arg)
{
    ASSERT_OK(offload(hold_lock, arg));
}

SQLITE_TEST(writes_wait_for_another_process)
{
    OtherProcess other = {.path = t->options.path};
    fiber_spawn(&t->children, "other", lock_from_outside, &other);
    ASSERT_OK(fiber_sleep(100));
    int64_t start = time_monotonic();
    store_test_add_item(t, "a", 1);
    ASSERT(time_monotonic() - start > 50);
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
    fiber_group_join(&t->children);
}
