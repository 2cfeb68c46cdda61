#include "port/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "store_test.sql.h"

Db store_test_db(StoreTest *test)
{
    return db_make(test->store, fiber_arena());
}

void store_test_add_item(StoreTest *t, const char *name, int64_t size)
{
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(size)), NULL));
}

int64_t store_test_size_of(StoreTest *t, const char *name)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_SIZE, ARGS(sql_text(name)), &rows));
    return rows->count == 0 ? -1 : row_int(rows, 0, 0);
}

int64_t store_test_count_items(StoreTest *t)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_COUNT, NO_ARGS, &rows));
    return row_int(rows, 0, 0);
}

Err *store_test_insert_two(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL));
    TRY(store_query(db, &SQL_ITEM_COUNT, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0)); /* it sees its own write */
    TRY(store_query(db, &SQL_ITEM_COUNT_SCAN, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(2)), NULL);
}

void store_test_leave_scope(StoreTest *t)
{
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&t->db, &scope));
    store_test_add_item(t, "lost", 1);
}

static Err *add_one_slowly(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_ITEM_LOCK, ARGS(sql_text("a")), &rows));
    int64_t size = row_int(rows, 0, 0);
    TRY(fiber_sleep(1));
    return store_exec(db, &SQL_ITEM_SET, ARGS(sql_text("a"), sql_int(size + 1)), NULL);
}

void store_test_add_one(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    ASSERT_OK(store_transact(&db, add_one_slowly, NULL));
}

void store_test_insert_numbered(void *arg)
{
    StoreTest *t = arg;
    static int number;
    Db db = store_test_db(t);
    const char *name = arena_printf(db.arena, "item %d", number++);
    ASSERT_OK(store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(1)), NULL));
}

void store_test_find_item(void *arg)
{
    StoreTest *t = arg;
    StoreRows *rows = NULL;
    Db db = store_test_db(t);
    ASSERT_OK(store_query(&db, &SQL_ITEM_FIND, ARGS(sql_text("a")), &rows));
    ASSERT_INT_EQUAL(1, rows->count);
    ASSERT_INT_EQUAL(42, row_int(rows, 0, 2));
}

static Err *make_tables(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_TEST_MAKE_ITEM, NO_ARGS, &rows));
    TRY(store_query(db, &SQL_TEST_MAKE_ITEM_INDEX, NO_ARGS, &rows));
    return store_query(db, &SQL_TEST_MAKE_PART, NO_ARGS, &rows);
}

typedef struct Run {
    StoreTest *test;
    StoreTestBody *body;
    bool tables;
} Run;

static void run_body(void *arg)
{
    const Run *run = arg;
    StoreTest *test = run->test;
    ASSERT_OK(store_attach(test->store));
    fiber_group_init(&test->children);
    test->db = db_make(test->store, test->arena);
    if (run->tables) {
        ASSERT_OK(store_transact(&test->db, make_tables, NULL));
    }
    run->body(test);
    fiber_group_done(&test->children);
    store_detach(test->store);
    StoreStats stats = store_stats(test->store);
    ASSERT_INT_EQUAL(0, stats.in_flight);
    ASSERT_INT_EQUAL(0, stats.waiting);
    ASSERT_INT_EQUAL(0, stats.transactions_open);
}

/* The URL of the server with another database: "postgresql://voms@/NAME?host=/tmp/x". */
static const char *url_of(Arena *arena, const char *database)
{
    const char *url = getenv("VOMS_TEST_POSTGRES");
    if (url == NULL) {
        return NULL;
    }
    const char *query = url + strcspn(url, "?");
    const char *slash = query;
    while (*slash != '/') {
        slash--;
    }
    return arena_printf(arena, "%.*s/%s%s", (int)(slash - url), url, database, query);
}

static void admin(Arena *arena, const char *text)
{
    PGconn *connection = PQconnectdb(url_of(arena, "postgres"));
    PQclear(PQexec(connection, "SET client_min_messages = error"));
    PGresult *result = PQexec(connection, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        test_fail(__FILE__, __LINE__, "%s: %s", text, PQerrorMessage(connection));
    }
    PQclear(result);
    PQfinish(connection);
}

static void run_on_loop(Run *run)
{
    Loop *loop = loop_new("test");
    FiberGroup group;
    ASSERT_OK(store_open(run->test->arena, &run->test->options, &run->test->store));
    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_body, run);
    fiber_group_join(&group);
    loop_free(loop);
    store_close(run->test->store);
}

static void remove_directory(const char *directory)
{
    char command[300];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ASSERT(system(command) == 0);
}

void store_test_run(StoreDriver driver, StoreTestBody *body, bool tables)
{
    char directory[] = "/tmp/voms-store-test.XXXXXX";
    Arena *arena = arena_new();
    const char *name = NULL;
    ASSERT(mkdtemp(directory) != NULL);
    StoreTest test = {.driver = driver, .directory = directory, .arena = arena};
    test.options = (StoreOptions){.driver = driver, .statement_timeout_ms = 3000};
    if (driver == STORE_SQLITE) {
        test.options.path = arena_printf(arena, "%s/voms.db", directory);
    } else if (getenv("VOMS_TEST_POSTGRES") == NULL) {
        printf("skipped: VOMS_TEST_POSTGRES is not set; tests/unit/run sets it\n");
        arena_free(arena);
        remove_directory(directory);
        return;
    } else {
        static int number;
        name = arena_printf(arena, "voms_store_test_%d_%d", (int)getpid(), ++number);
        admin(arena, arena_printf(arena, "CREATE DATABASE %s", name));
        test.options.url = url_of(arena, name);
    }
    run_on_loop(&(Run){.test = &test, .body = body, .tables = tables});
    if (name != NULL) {
        admin(arena, arena_printf(arena, "DROP DATABASE %s WITH (FORCE)", name));
    }
    arena_free(arena);
    remove_directory(directory);
}
