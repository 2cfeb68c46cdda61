/* store_test.c - every behaviour of the store, on both databases. */
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

static void add_item(StoreTest *t, const char *name, int64_t size)
{
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(size)), NULL));
}

static int64_t size_of(StoreTest *t, const char *name)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_SIZE, ARGS(sql_text(name)), &rows));
    return rows->count == 0 ? -1 : row_int(rows, 0, 0);
}

static int64_t count_items(StoreTest *t)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_COUNT, NO_ARGS, &rows));
    return row_int(rows, 0, 0);
}

/* ---- Statements and values ---- */

STORE_TEST(values_of_every_type_come_back)
{
    StoreRows *rows = NULL;
    TimeMs time = 1767322984567;
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_INSERT_FULL,
                         ARGS(sql_text("张三 \\ ' \""), sql_int(INT64_MAX), sql_real(0.1),
                              sql_bool(true), sql_time(time), sql_text("2008-02-29"),
                              sql_text("{\"a\": [1, 2]}"), sql_bytes("\0\1\\'\377", 5)),
                         NULL));
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_FIND_FULL, ARGS(sql_text("张三 \\ ' \"")), &rows));
    ASSERT_INT_EQUAL(1, rows->count);
    ASSERT_INT_EQUAL(1, row_int(rows, 0, row_column(rows, "id")));
    ASSERT_STR_EQUAL("张三 \\ ' \"", row_text(rows, 0, row_column(rows, "name")));
    ASSERT_INT_EQUAL(INT64_MAX, row_int(rows, 0, row_column(rows, "size")));
    ASSERT(row_real(rows, 0, row_column(rows, "weight")) == 0.1);
    ASSERT(row_bool(rows, 0, row_column(rows, "is_open")));
    ASSERT_INT_EQUAL(time, row_time(rows, 0, row_column(rows, "made_at")));
    ASSERT_STR_EQUAL("2008-02-29", row_text(rows, 0, row_column(rows, "born")));
    ASSERT_STR_EQUAL("{\"a\": [1, 2]}", row_text(rows, 0, row_column(rows, "extra")));
    Slice bytes = row_bytes(rows, 0, row_column(rows, "bytes"));
    ASSERT_INT_EQUAL(5, bytes.length);
    ASSERT(memcmp(bytes.data, "\0\1\\'\377", 5) == 0);
}

STORE_TEST(nulls_come_back_as_nulls)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_INSERT_FULL,
                         ARGS(sql_text("a"), sql_null(), sql_null(), sql_null(), sql_time(0),
                              sql_text(NULL), sql_null(), sql_bytes(NULL, 0)),
                         NULL));
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_FIND_FULL, ARGS(sql_text("a")), &rows));
    for (size_t i = 2; i < rows->column_count; i++) {
        ASSERT_INT_EQUAL(SQL_NULL, row_value(rows, 0, i)->type);
    }
    ASSERT_INT_EQUAL(0, row_int(rows, 0, 2));
    ASSERT(row_text(rows, 0, 6) == NULL);
    ASSERT(row_bytes(rows, 0, 8).data == NULL);
}

STORE_TEST(functions_of_the_shared_subset_agree)
{
    StoreRows *rows = NULL;
    add_item(t, "a", 1);
    add_item(t, "b", 2);
    ASSERT_OK(store_query(&t->db, &SQL_PORTABLE_FUNCTIONS, ARGS(sql_int(7)), &rows));
    ASSERT_INT_EQUAL(7, row_int(rows, 0, row_column(rows, "most")));
    ASSERT_INT_EQUAL(2, row_int(rows, 0, row_column(rows, "fewest")));
    ASSERT(row_bool(rows, 0, row_column(rows, "begins")));
    ASSERT_STR_EQUAL("志愿", row_text(rows, 0, row_column(rows, "two")));
    ASSERT_STR_EQUAL("愿者", row_text(rows, 0, row_column(rows, "rest")));
    ASSERT_INT_EQUAL(3, row_int(rows, 0, row_column(rows, "place")));
    ASSERT_STR_EQUAL("ff", row_text(rows, 0, row_column(rows, "hex")));
    ASSERT_STR_EQUAL("a1", row_text(rows, 0, row_column(rows, "joined")));
    ASSERT_STR_EQUAL("a-b", row_text(rows, 0, row_column(rows, "with_dash")));
    ASSERT_STR_EQUAL("007", row_text(rows, 0, row_column(rows, "padded")));
    ASSERT_STR_EQUAL("b", row_text(rows, 0, row_column(rows, "second")));
    ASSERT_STR_EQUAL("abab", row_text(rows, 0, row_column(rows, "twice")));

    ASSERT_OK(store_query(&t->db, &SQL_PORTABLE_AGGREGATES, NO_ARGS, &rows));
    ASSERT_STR_EQUAL("a,b", row_text(rows, 0, 0));
    ASSERT(row_bool(rows, 0, 1));
    ASSERT(!row_bool(rows, 0, 2));
    ASSERT_INT_EQUAL(3, row_int(rows, 0, 3));
}

STORE_TEST(like_distinguishes_case)
{
    StoreRows *rows = NULL;
    add_item(t, "Abc", 1);
    ASSERT_OK(store_query(&t->db, &SQL_LIKE_IS_EXACT, ARGS(sql_text("ab%")), &rows));
    ASSERT_INT_EQUAL(0, row_int(rows, 0, 0));
    ASSERT_OK(store_query(&t->db, &SQL_LIKE_IS_EXACT, ARGS(sql_text("Ab%")), &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
}

STORE_TEST(affected_counts_changed_rows)
{
    int64_t affected = -1;
    add_item(t, "a", 1);
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_ADD, ARGS(sql_text("a"), sql_int(1)), &affected));
    ASSERT_INT_EQUAL(1, affected);
    ASSERT_OK(store_exec(&t->db, &SQL_ITEM_ADD, ARGS(sql_text("none"), sql_int(1)), &affected));
    ASSERT_INT_EQUAL(0, affected);
    ASSERT_OK(
        store_exec(&t->db, &SQL_ITEM_INSERT_QUIETLY, ARGS(sql_text("a"), sql_int(1)), &affected));
    ASSERT_INT_EQUAL(0, affected);
}

STORE_TEST(composed_statements_number_their_parameters)
{
    StoreRows *rows = NULL;
    SqlBuilder builder;
    add_item(t, "a", 1);
    add_item(t, "b", 5);
    add_item(t, "c", 6);
    add_item(t, "d", 7);
    sql_builder_init(&builder, t->arena);
    sql_builder_add(&builder, &SQL_CLAUSE_START, ARGS(sql_int(2)));
    sql_builder_add(&builder, &SQL_CLAUSE_NAME, ARGS(sql_text("c")));
    sql_builder_add(&builder, &SQL_CLAUSE_END, ARGS(sql_int(10)));
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(store_query_built(&t->db, &builder, &rows));
        ASSERT_INT_EQUAL(2, rows->count);
        ASSERT_STR_EQUAL("b", row_text(rows, 0, 0));
        ASSERT_STR_EQUAL("d", row_text(rows, 1, 0));
    }
}

STORE_TEST(many_composed_statements_do_not_pile_up)
{
    StoreRows *rows = NULL;
    add_item(t, "a", 1);
    for (size_t length = 1; length < 300; length++) {
        SqlBuilder builder;
        sql_builder_init(&builder, t->arena);
        sql_builder_add(&builder, &SQL_CLAUSE_START, ARGS(sql_int(0)));
        for (size_t i = 0; i < length % 50; i++) {
            sql_builder_add(&builder, &SQL_CLAUSE_NAME, ARGS(sql_text("c")));
        }
        for (size_t i = 0; i < length / 50; i++) {
            str_append(&builder.sqlite, " ");
            str_append(&builder.postgres, " ");
        }
        ASSERT_OK(store_query_built(&t->db, &builder, &rows));
        ASSERT_INT_EQUAL(1, rows->count);
    }
}

STORE_TEST(violations_name_their_constraint)
{
    add_item(t, "a", 1);
    Err *err = store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("unique_violation", err->code);
    ASSERT_STR_EQUAL("item_name_key", err->param);

    err = store_exec(&t->db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(-1)), NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("check_violation", err->code);
    ASSERT_STR_EQUAL("item_size_check", err->param);

    err = store_exec(&t->db, &SQL_PART_INSERT, ARGS(sql_int(99), sql_text("x")), NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("foreign_key_violation", err->code);

    ASSERT_OK(store_exec(&t->db, &SQL_PART_INSERT, ARGS(sql_int(1), sql_text("x")), NULL));
    err = store_exec(&t->db, &SQL_PART_INSERT, ARGS(sql_int(1), sql_text("x")), NULL);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("part_kind_key", err->param);
    ASSERT_INT_EQUAL(1, count_items(t));
}

STORE_TEST(ping_answers)
{
    int64_t latency_us = -1;
    TimeMs time = 0;
    ASSERT_OK(store_ping(t->store, &latency_us, &time));
    ASSERT(latency_us >= 0);
    ASSERT(time > time_now() - MINUTE_MS && time < time_now() + MINUTE_MS);
}

STORE_TEST(scans_see_the_same_database)
{
    StoreRows *rows = NULL;
    add_item(t, "a", 3);
    add_item(t, "b", 4);
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_COUNT_SCAN, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(2, row_int(rows, 0, 0));
    ASSERT_INT_EQUAL(7, row_int(rows, 0, 1));
}

/* ---- Transactions ---- */

static Err *insert_two(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL));
    TRY(store_query(db, &SQL_ITEM_COUNT, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0)); /* it sees its own write */
    TRY(store_query(db, &SQL_ITEM_COUNT_SCAN, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(2)), NULL);
}

STORE_TEST(transaction_commits_all)
{
    ASSERT_OK(store_transact(&t->db, insert_two, NULL));
    ASSERT_INT_EQUAL(2, count_items(t));
    ASSERT(t->db.transaction == NULL);
}

static Err *insert_and_refuse(Db *db, void *arg UNUSED)
{
    TRY(insert_two(db, NULL));
    return ERR(db->arena, ERR_INVALID, "refused", "no");
}

STORE_TEST(failed_work_leaves_nothing)
{
    ASSERT_ERR(ERR_INVALID, store_transact(&t->db, insert_and_refuse, NULL));
    ASSERT_INT_EQUAL(0, count_items(t));
    ASSERT_OK(store_transact(&t->db, insert_two, NULL));
}

static Err *swallow_a_failure(Db *db, void *arg UNUSED)
{
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL));
    err_ignore(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("b"), sql_int(1)), NULL), "a test");
    return NULL;
}

STORE_TEST(failed_statement_dooms_its_transaction)
{
    Err *err = store_transact(&t->db, swallow_a_failure, NULL);
    ASSERT_ERR(ERR_INTERNAL, err);
    ASSERT_STR_EQUAL("transaction_doomed", err->code);
    ASSERT_INT_EQUAL(0, count_items(t));
}

static Err *join_two(Db *db, void *arg UNUSED)
{
    TRY(store_transact(db, insert_two, NULL));
    ASSERT(db->transaction != NULL);
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("c"), sql_int(3)), NULL);
}

STORE_TEST(inner_transaction_joins)
{
    ASSERT_OK(store_transact(&t->db, join_two, NULL));
    ASSERT_INT_EQUAL(3, count_items(t));
}

static Err *ignore_joined_failure(Db *db, void *arg UNUSED)
{
    err_ignore(store_transact(db, insert_and_refuse, NULL), "a test");
    return NULL;
}

STORE_TEST(failed_inner_transaction_dooms_the_outer)
{
    ASSERT_ERR(ERR_INTERNAL, store_transact(&t->db, ignore_joined_failure, NULL));
    ASSERT_INT_EQUAL(0, count_items(t));
}

static void leave_scope(StoreTest *t)
{
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&t->db, &scope));
    add_item(t, "lost", 1);
}

STORE_TEST(scope_left_without_commit_rolls_back)
{
    leave_scope(t);
    ASSERT(t->db.transaction == NULL);
    ASSERT_INT_EQUAL(0, count_items(t));
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&t->db, &scope));
    add_item(t, "kept", 1);
    ASSERT_OK(store_commit(&scope));
    ASSERT_INT_EQUAL(1, count_items(t));
}

static void count_up(void *arg)
{
    ++*(int *)arg;
}

static Err *hook_and_insert(Db *db, void *arg)
{
    db_after_commit(db, count_up, arg);
    db_after_commit(db, count_up, arg);
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL);
}

STORE_TEST(hooks_run_after_commit_only)
{
    int count = 0;
    ASSERT_OK(store_transact(&t->db, hook_and_insert, &count));
    ASSERT_INT_EQUAL(2, count);
    ASSERT_ERR(ERR_CONFLICT, store_transact(&t->db, hook_and_insert, &count));
    ASSERT_INT_EQUAL(2, count);
    db_after_commit(&t->db, count_up, &count);
    ASSERT_INT_EQUAL(3, count);
}

static Err *busy_until_third(Db *db, void *arg)
{
    int *runs = arg;
    TRY(store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL));
    return ++*runs < 3 ? ERR(db->arena, ERR_BUSY, "busy", "busy") : NULL;
}

STORE_TEST(busy_work_is_repeated)
{
    int runs = 0;
    ASSERT_OK(store_transact(&t->db, busy_until_third, &runs));
    ASSERT_INT_EQUAL(3, runs);
    ASSERT_INT_EQUAL(1, count_items(t));
    ASSERT_INT_EQUAL(2, store_stats(t->store).retries);
}

STORE_TEST(many_rows_go_in_one_call)
{
    enum { COUNT = 200 };
    static SqlValue values[COUNT][2];
    static SqlArgs args[COUNT];
    int64_t affected = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i][0] = sql_text(arena_printf(t->arena, "item %d", i));
        values[i][1] = sql_int(i);
        args[i] = (SqlArgs){.values = values[i], .count = 2};
    }
    ASSERT_OK(store_exec_many(&t->db, &SQL_ITEM_INSERT_QUIETLY, args, COUNT, &affected));
    ASSERT_INT_EQUAL(COUNT, affected);
    ASSERT_OK(store_exec_many(&t->db, &SQL_ITEM_INSERT_QUIETLY, args, COUNT, &affected));
    ASSERT_INT_EQUAL(0, affected);

    values[COUNT - 1][1] = sql_int(-1);
    values[0][0] = sql_text("new");
    values[COUNT - 1][0] = sql_text("newer");
    ASSERT_ERR(ERR_CONFLICT,
               store_exec_many(&t->db, &SQL_ITEM_INSERT_QUIETLY, args, COUNT, &affected));
    ASSERT_INT_EQUAL(COUNT, count_items(t));
}

/* ---- Several fibers ---- */

static Err *add_one_slowly(Db *db, void *arg UNUSED)
{
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_ITEM_LOCK, ARGS(sql_text("a")), &rows));
    int64_t size = row_int(rows, 0, 0);
    TRY(fiber_sleep(1));
    return store_exec(db, &SQL_ITEM_SET, ARGS(sql_text("a"), sql_int(size + 1)), NULL);
}

static void add_one(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    ASSERT_OK(store_transact(&db, add_one_slowly, NULL));
}

STORE_TEST(transactions_do_not_overlap_on_a_row)
{
    add_item(t, "a", 0);
    for (int i = 0; i < 50; i++) {
        fiber_spawn(&t->children, "adder", add_one, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(50, size_of(t, "a"));
}

static void insert_numbered(void *arg)
{
    StoreTest *t = arg;
    static int number;
    Db db = store_test_db(t);
    const char *name = arena_printf(db.arena, "item %d", number++);
    ASSERT_OK(store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text(name), sql_int(1)), NULL));
}

SQLITE_TEST(concurrent_writes_share_a_commit)
{
    int64_t groups = store_stats(t->store).commit_groups;
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "inserter", insert_numbered, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(100, count_items(t));
    ASSERT(store_stats(t->store).commit_groups - groups <= 3);
}

static void insert_duplicate(void *arg)
{
    StoreTest *t = arg;
    Db db = store_test_db(t);
    ASSERT_ERR(ERR_CONFLICT,
               store_exec(&db, &SQL_ITEM_INSERT, ARGS(sql_text("a"), sql_int(1)), NULL));
}

STORE_TEST(failure_touches_nobody_else)
{
    add_item(t, "a", 1);
    for (int i = 0; i < 30; i++) {
        fiber_spawn(&t->children, "inserter", insert_numbered, t);
        fiber_spawn(&t->children, "refused", insert_duplicate, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(31, count_items(t));
}

static void find_item(void *arg)
{
    StoreTest *t = arg;
    StoreRows *rows = NULL;
    Db db = store_test_db(t);
    ASSERT_OK(store_query(&db, &SQL_ITEM_FIND, ARGS(sql_text("a")), &rows));
    ASSERT_INT_EQUAL(1, rows->count);
    ASSERT_INT_EQUAL(42, row_int(rows, 0, 2));
}

static void divide_badly(void *arg)
{
    StoreTest *t = arg;
    StoreRows *rows = NULL;
    Db db = store_test_db(t);
    ASSERT_ERR(ERR_INTERNAL, store_query(&db, &SQL_BAD_DIVISION, ARGS(sql_int(0)), &rows));
}

STORE_TEST(failed_read_touches_no_other_read)
{
    add_item(t, "a", 42);
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "reader", find_item, t);
        if (i % 10 == 0) {
            fiber_spawn(&t->children, "divider", divide_badly, t);
        }
    }
    fiber_group_join(&t->children);
}

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

/* ---- Merged reads ---- */

enum { SHARERS = 8, ITEMS = 5 };

typedef struct Sharer {
    StoreTest *t;
    int64_t id;
    const SqlStatement *statement;
    int64_t found; /* -1: no row; -2: an error */
    Fiber *fiber;
} Sharer;

static void share_read(void *arg)
{
    Sharer *sharer = arg;
    Db db = store_test_db(sharer->t);
    StoreRows *rows = NULL;
    Err *err = store_query(&db, sharer->statement, ARGS(sql_int(sharer->id)), &rows);
    if (err != NULL) {
        sharer->found = -2;
        return;
    }
    sharer->found = rows->count == 0 ? -1 : row_int(rows, 0, rows->column_count - 1);
}

/* Sharer i asks for item i + 1, of size i; the last three for items that the others have, or none.
 */
static void start_sharers(StoreTest *t, Sharer *sharers, const SqlStatement *statement)
{
    for (int i = 0; i < SHARERS; i++) {
        int64_t id = i < ITEMS ? i + 1 : 2 * (i - ITEMS + 1) + (i == SHARERS - 1 ? 100 : 0);
        sharers[i] = (Sharer){.t = t, .id = id, .statement = statement};
        sharers[i].fiber = fiber_spawn(&t->children, "sharer", share_read, &sharers[i]);
    }
}

static void add_items(StoreTest *t)
{
    for (int i = 0; i < ITEMS; i++) {
        char name[] = {(char)('a' + i), '\0'};
        add_item(t, name, i);
    }
}

STORE_TEST(reads_by_id_of_one_turn_find_each_its_own)
{
    Sharer sharers[SHARERS];
    static const int64_t sizes[SHARERS] = {0, 1, 2, 3, 4, 1, 3, -1};
    add_items(t);
    start_sharers(t, sharers, &SQL_ITEM_BY_ID);
    fiber_group_join(&t->children);
    for (int i = 0; i < SHARERS; i++) {
        ASSERT_INT_EQUAL(sizes[i], sharers[i].found);
    }
}

POSTGRES_TEST(failed_read_by_id_touches_no_other)
{
    Sharer sharers[SHARERS];
    static const int64_t shares[SHARERS] = {-2, 12, 6, 4, 3, 12, 4, -1};
    add_items(t);
    start_sharers(t, sharers, &SQL_ITEM_SHARE);
    fiber_group_join(&t->children);
    for (int i = 0; i < SHARERS; i++) {
        ASSERT_INT_EQUAL(shares[i], sharers[i].found);
    }
}

POSTGRES_TEST(cancelled_read_by_id_disturbs_no_other)
{
    Sharer sharers[SHARERS];
    add_items(t);
    start_sharers(t, sharers, &SQL_ITEM_BY_ID);
    /* They are sent at the end of this turn; those two leave after that. */
    ASSERT_OK(fiber_yield());
    fiber_cancel(sharers[0].fiber);
    fiber_cancel(sharers[4].fiber);
    fiber_group_join(&t->children);
    /* The answer may have been quicker. */
    ASSERT(sharers[0].found == -2 || sharers[0].found == 0);
    ASSERT(sharers[4].found == -2 || sharers[4].found == 4);
    for (int i = 1; i < 4; i++) {
        ASSERT_INT_EQUAL(i, sharers[i].found);
    }
    ASSERT_INT_EQUAL(-1, sharers[SHARERS - 1].found);
}

STORE_TEST(deadline_ends_a_statement)
{
    StoreRows *rows = NULL;
    fiber_set_deadline(deadline_after(100));
    Err *err = store_query(&t->db, &SQL_SLOW_QUERY, ARGS(sql_int(60)), &rows);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    add_item(t, "a", 1);
    ASSERT_INT_EQUAL(1, count_items(t));
}

STORE_TEST(deadline_ends_a_transaction)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY, .in_transaction = true};
    fiber_set_deadline(deadline_after(100));
    Err *err = store_transact(&t->db, run_slow, &slow);
    fiber_set_deadline(DEADLINE_NEVER);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT_INT_EQUAL(0, count_items(t));
    ASSERT_OK(store_transact(&t->db, insert_two, NULL));
}

STORE_TEST(statement_timeout_ends_a_statement)
{
    StoreRows *rows = NULL;
    int64_t start = time_monotonic();
    Err *err = store_query(&t->db, &SQL_SLOW_QUERY, ARGS(sql_int(60)), &rows);
    ASSERT_ERR(ERR_TIMEOUT, err);
    ASSERT(time_monotonic() - start < 8000);
    ASSERT_INT_EQUAL(0, count_items(t));
}

STORE_TEST(cancelled_transaction_is_rolled_back)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY, .in_transaction = true};
    Fiber *fiber = fiber_spawn(&t->children, "slow", run_slow_fiber, &slow);
    ASSERT_OK(fiber_sleep(100));
    fiber_cancel(fiber);
    fiber_group_join(&t->children);
    ASSERT(slow.kind == ERR_CANCELLED || slow.kind == ERR_TIMEOUT);
    ASSERT_INT_EQUAL(0, count_items(t));
    ASSERT_OK(store_transact(&t->db, insert_two, NULL));
}

STORE_TEST(cancelled_read_disturbs_no_other)
{
    Slow slow = {.t = t, .statement = &SQL_SLOW_QUERY};
    add_item(t, "a", 42);
    Fiber *fiber = fiber_spawn(&t->children, "slow", run_slow_fiber, &slow);
    ASSERT_OK(fiber_sleep(50));
    fiber_cancel(fiber);
    fiber_spawn(&t->children, "reader", find_item, t);
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
    ASSERT_INT_EQUAL(0, count_items(t));
    add_item(t, "held", 1);
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
    add_item(t, "a", 1); /* waits for the turn, less than its own 3 s */
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(1, count_items(t));
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
    add_item(t, "a", 42);
    int64_t before = backend_of(t, &t->db);
    ASSERT_OK(store_transact(&t->db, kill_others, NULL));
    for (int i = 0; i < 50; i++) {
        fiber_spawn(&t->children, "reader", find_item, t);
    }
    fiber_group_join(&t->children);
    ASSERT(backend_of(t, &t->db) != before);
    ASSERT(store_stats(t->store).reconnects > 0);
}

POSTGRES_TEST(read_in_flight_is_repeated)
{
    StoreRows *rows = NULL;
    add_item(t, "a", 42);
    for (int i = 0; i < 5; i++) {
        fiber_spawn(&t->children, "reader", find_item, t);
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
    ASSERT_INT_EQUAL(1, count_items(t));
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
    ASSERT_INT_EQUAL(0, count_items(t));
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
    add_item(t, "a", 42);
    control_postgres(t, "restart");
    for (int i = 0; i < 20; i++) {
        fiber_spawn(&t->children, "reader", find_item, t);
    }
    fiber_group_join(&t->children);
    ASSERT_OK(store_transact(&t->db, insert_and_lock, NULL));
    ASSERT_INT_EQUAL(2, count_items(t));
}

POSTGRES_TEST(absent_server_is_reported_soon_and_found_again)
{
    StoreRows *rows = NULL;
    add_item(t, "a", 42);
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
    add_item(t, "a", 42);
    ASSERT_INT_EQUAL(42, size_of(t, "a"));
    ASSERT_OK(store_transact(&t->db, change_type, NULL));
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_SIZE, ARGS(sql_text("a")), &rows));
    ASSERT_STR_EQUAL("42", row_text(rows, 0, 0));
}

POSTGRES_TEST(only_clean_connections_are_lent)
{
    for (int i = 0; i < 20; i++) {
        leave_scope(t);
    }
    for (int i = 0; i < 10; i++) {
        ASSERT_ERR(ERR_CONFLICT, store_transact(&t->db, insert_same_twice, NULL));
        ASSERT_OK(store_transact(&t->db, check_no_transaction, NULL));
    }
    ASSERT_INT_EQUAL(0, count_items(t));
}

POSTGRES_TEST(pool_is_shared_in_order)
{
    add_item(t, "a", 0);
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "adder", add_one, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(100, size_of(t, "a"));
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
    ASSERT_INT_EQUAL(written - 1, count_items(&small));
    ASSERT_ERR(ERR_UNAVAILABLE, write_big(&small, 1000));

    ASSERT_INT_EQUAL(0, mount("tmpfs", directory, "tmpfs", MS_REMOUNT, "size=32m"));
    ASSERT_OK(write_big(&small, 1001));
    ASSERT_INT_EQUAL(written, count_items(&small));
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
        fiber_spawn(&t->children, "inserter", insert_numbered, t);
        if (i % 10 == 0) {
            ASSERT_OK(fiber_sleep(1));
        }
    }
    fiber_group_join(&t->children);
    ASSERT_OK(offload(wait_for_thread, &thread));
    ASSERT_INT_EQUAL(400, count_items(t));
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
    add_item(t, "a", 1);
    ASSERT(time_monotonic() - start > 50);
    ASSERT_INT_EQUAL(1, count_items(t));
    fiber_group_join(&t->children);
}
