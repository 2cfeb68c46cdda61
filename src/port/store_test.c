/* Statements, values, transactions, several fibers: on both drivers. */
#include "port/store_test_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_test.sql.h"

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
    store_test_add_item(t, "a", 1);
    store_test_add_item(t, "b", 2);
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
    store_test_add_item(t, "Abc", 1);
    ASSERT_OK(store_query(&t->db, &SQL_LIKE_IS_EXACT, ARGS(sql_text("ab%")), &rows));
    ASSERT_INT_EQUAL(0, row_int(rows, 0, 0));
    ASSERT_OK(store_query(&t->db, &SQL_LIKE_IS_EXACT, ARGS(sql_text("Ab%")), &rows));
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
}

STORE_TEST(affected_counts_changed_rows)
{
    int64_t affected = -1;
    store_test_add_item(t, "a", 1);
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
    store_test_add_item(t, "a", 1);
    store_test_add_item(t, "b", 5);
    store_test_add_item(t, "c", 6);
    store_test_add_item(t, "d", 7);
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
    store_test_add_item(t, "a", 1);
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
    store_test_add_item(t, "a", 1);
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
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
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
    store_test_add_item(t, "a", 3);
    store_test_add_item(t, "b", 4);
    ASSERT_OK(store_query(&t->db, &SQL_ITEM_COUNT_SCAN, NO_ARGS, &rows));
    ASSERT_INT_EQUAL(2, row_int(rows, 0, 0));
    ASSERT_INT_EQUAL(7, row_int(rows, 0, 1));
}

/* ---- Transactions ---- */

STORE_TEST(transaction_commits_all)
{
    ASSERT_OK(store_transact(&t->db, store_test_insert_two, NULL));
    ASSERT_INT_EQUAL(2, store_test_count_items(t));
    ASSERT(t->db.transaction == NULL);
}

static Err *insert_and_refuse(Db *db, void *arg UNUSED)
{
    TRY(store_test_insert_two(db, NULL));
    return ERR(db->arena, ERR_INVALID, "refused", "no");
}

STORE_TEST(failed_work_leaves_nothing)
{
    ASSERT_ERR(ERR_INVALID, store_transact(&t->db, insert_and_refuse, NULL));
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
    ASSERT_OK(store_transact(&t->db, store_test_insert_two, NULL));
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
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
}

static Err *join_two(Db *db, void *arg UNUSED)
{
    TRY(store_transact(db, store_test_insert_two, NULL));
    ASSERT(db->transaction != NULL);
    return store_exec(db, &SQL_ITEM_INSERT, ARGS(sql_text("c"), sql_int(3)), NULL);
}

STORE_TEST(inner_transaction_joins)
{
    ASSERT_OK(store_transact(&t->db, join_two, NULL));
    ASSERT_INT_EQUAL(3, store_test_count_items(t));
}

static Err *ignore_joined_failure(Db *db, void *arg UNUSED)
{
    err_ignore(store_transact(db, insert_and_refuse, NULL), "a test");
    return NULL;
}

STORE_TEST(failed_inner_transaction_dooms_the_outer)
{
    ASSERT_ERR(ERR_INTERNAL, store_transact(&t->db, ignore_joined_failure, NULL));
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
}

STORE_TEST(scope_left_without_commit_rolls_back)
{
    store_test_leave_scope(t);
    ASSERT(t->db.transaction == NULL);
    ASSERT_INT_EQUAL(0, store_test_count_items(t));
    CLEANUP(store_scope_end) StoreScope scope = {};
    ASSERT_OK(store_begin(&t->db, &scope));
    store_test_add_item(t, "kept", 1);
    ASSERT_OK(store_commit(&scope));
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
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
    ASSERT_INT_EQUAL(1, store_test_count_items(t));
    ASSERT_INT_EQUAL(2, store_stats(t->store).retries);
}

/* One after another or by rows: the same comes of it. */
static void put_many(StoreTest *t, const SqlStatement *statement)
{
    enum { COUNT = 250 };
    static SqlValue values[COUNT][2];
    static SqlArgs args[COUNT];
    int64_t affected = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i][0] = sql_text(arena_printf(t->arena, "item %d", i));
        values[i][1] = sql_int(i);
        args[i] = (SqlArgs){.values = values[i], .count = 2};
    }
    ASSERT_OK(store_exec_many(&t->db, statement, args, COUNT - 30, &affected));
    ASSERT_INT_EQUAL(COUNT - 30, affected);
    ASSERT_OK(store_exec_many(&t->db, statement, args, COUNT, &affected));
    ASSERT_INT_EQUAL(30, affected);
    ASSERT_INT_EQUAL(17, store_test_size_of(t, "item 17"));
    ASSERT_INT_EQUAL(COUNT - 1, store_test_size_of(t, "item 249"));

    values[150][1] = sql_int(-1);
    values[0][0] = sql_text("new");
    values[150][0] = sql_text("newer");
    ASSERT_ERR(ERR_CONFLICT, store_exec_many(&t->db, statement, args, COUNT, &affected));
    ASSERT_INT_EQUAL(COUNT, store_test_count_items(t));
}

STORE_TEST(many_rows_go_in_one_call)
{
    put_many(t, &SQL_ITEM_INSERT_QUIETLY);
}

STORE_TEST(rows_that_are_neighbours_go_in_few_statements)
{
    BUG_ON(SQL_ITEM_INSERT_ROWS.rows == NULL);
    put_many(t, &SQL_ITEM_INSERT_ROWS);
}

/* ---- Several fibers ---- */

STORE_TEST(transactions_do_not_overlap_on_a_row)
{
    store_test_add_item(t, "a", 0);
    for (int i = 0; i < 50; i++) {
        fiber_spawn(&t->children, "adder", store_test_add_one, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(50, store_test_size_of(t, "a"));
}

SQLITE_TEST(concurrent_writes_share_a_commit)
{
    int64_t groups = store_stats(t->store).commit_groups;
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "inserter", store_test_insert_numbered, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(100, store_test_count_items(t));
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
    store_test_add_item(t, "a", 1);
    for (int i = 0; i < 30; i++) {
        fiber_spawn(&t->children, "inserter", store_test_insert_numbered, t);
        fiber_spawn(&t->children, "refused", insert_duplicate, t);
    }
    fiber_group_join(&t->children);
    ASSERT_INT_EQUAL(31, store_test_count_items(t));
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
    store_test_add_item(t, "a", 42);
    for (int i = 0; i < 100; i++) {
        fiber_spawn(&t->children, "reader", store_test_find_item, t);
        if (i % 10 == 0) {
            fiber_spawn(&t->children, "divider", divide_badly, t);
        }
    }
    fiber_group_join(&t->children);
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
        store_test_add_item(t, name, i);
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
