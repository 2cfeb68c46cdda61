/* store_test_support.h - a test on a fresh database of each driver.
 *
 *     STORE_TEST(sees_its_own_writes)
 *     {
 *         ASSERT_OK(store_exec(&t->db, …));
 *     }
 *
 * runs as store_sqlite.sees_its_own_writes and store_postgres.sees_its_own_writes. Each ends by
 * proving that no statement, transaction, connection, fiber and handle is left. */
#pragma once

#include "fiber/fiber.h"
#include "port/store.h"
#include "tests/unit/test.h"

typedef struct StoreTest {
    StoreDriver driver;
    const char *directory; /* the test's own */
    StoreOptions options;
    Arena *arena;
    Store *store;
    Db db;
    FiberGroup children;
} StoreTest;

typedef void StoreTestBody(StoreTest *test);

/* Tables item and part are there. tables false: an empty database. */
void store_test_run(StoreDriver driver, StoreTestBody *body, bool tables);

#define STORE_TEST_ON(driver_, suite, name, tables)                                                \
    TEST(suite, name)                                                                              \
    {                                                                                              \
        store_test_run(driver_, body_##name, tables);                                              \
    }

#define STORE_TEST(name)                                                                           \
    static StoreTestBody body_##name;                                                              \
    STORE_TEST_ON(STORE_SQLITE, store_sqlite, name, true)                                          \
    STORE_TEST_ON(STORE_POSTGRES, store_postgres, name, true)                                      \
    static void body_##name(StoreTest *t)

#define SQLITE_TEST(name)                                                                          \
    static StoreTestBody body_##name;                                                              \
    STORE_TEST_ON(STORE_SQLITE, store_sqlite, name, true)                                          \
    static void body_##name(StoreTest *t)

#define POSTGRES_TEST(name)                                                                        \
    static StoreTestBody body_##name;                                                              \
    STORE_TEST_ON(STORE_POSTGRES, store_postgres, name, true)                                      \
    static void body_##name(StoreTest *t)

/* A fresh Db in the running fiber's arena. */
Db store_test_db(StoreTest *test);

/* The table item: adds a row, the size of one, how many there are. Yield. */
void store_test_add_item(StoreTest *t, const char *name, int64_t size);
int64_t store_test_size_of(StoreTest *t, const char *name);
int64_t store_test_count_items(StoreTest *t);

/* Work for transactions and fibers of several tests. Yield. */
Err *store_test_insert_two(Db *db, void *arg);
void store_test_leave_scope(StoreTest *t);
void store_test_add_one(void *arg);
void store_test_insert_numbered(void *arg);
void store_test_find_item(void *arg);
