/* migrate_test.c - migrations on both databases. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/migrate_internal.h"
#include "port/store_test_support.h"

#define EMPTY_DATABASE_TEST(name)                                                                  \
    static StoreTestBody body_##name;                                                              \
    STORE_TEST_ON(STORE_SQLITE, migrate_sqlite, name, false)                                       \
    STORE_TEST_ON(STORE_POSTGRES, migrate_postgres, name, false)                                   \
    static void body_##name(StoreTest *t)

static void write_file(StoreTest *t, const char *name, const char *text)
{
    FILE *file = fopen(arena_printf(t->arena, "%s/%s", t->directory, name), "w");
    ASSERT(file != NULL);
    ASSERT(fputs(text, file) >= 0);
    ASSERT(fclose(file) == 0);
}

static void remove_file(StoreTest *t, const char *name)
{
    ASSERT_INT_EQUAL(0, unlink(arena_printf(t->arena, "%s/%s", t->directory, name)));
}

static Err *migrate(StoreTest *t, MigrationReport *report)
{
    *report = (MigrationReport){};
    return store_migrate(t->arena, &t->options, t->directory, /* dry_run= */ false, report);
}

/* Does a table exist? Another migration that selects from it tells. */
static bool has_table(StoreTest *t, const char *table)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    const char *text = arena_printf(t->arena, "SELECT count(*) AS count FROM %s", table);
    SqlStatement statement = {.name = "probe", .sqlite = text, .postgres = text};
    sql_builder_init(&builder, t->arena);
    sql_builder_add(&builder, &statement, NO_ARGS);
    return store_query_built(&t->db, &builder, &rows) == NULL;
}

EMPTY_DATABASE_TEST(files_run_once_in_their_order)
{
    MigrationReport report;
    write_file(t, "0002_second.sql",
               "INSERT INTO first (n) VALUES (1); -- ; not an end\n"
               "INSERT INTO first (n) VALUES (2);\n");
    write_file(t, "0001_first.sqlite.sql", "CREATE TABLE first (n INTEGER) STRICT;");
    write_file(t, "0001_first.postgres.sql", "CREATE TABLE first (n bigint);");
    write_file(t, "notes.txt", "not a migration");
    ASSERT_OK(store_migrate(t->arena, &t->options, t->directory, /* dry_run= */ true, &report));
    ASSERT_INT_EQUAL(2, report.pending);
    ASSERT(!has_table(t, "first"));

    ASSERT_OK(migrate(t, &report));
    ASSERT_INT_EQUAL(2, report.applied_now);
    ASSERT_INT_EQUAL(2, report.count);
    ASSERT_STR_EQUAL("first", report.migrations[0].name);
    ASSERT(report.migrations[1].applied_at > time_now() - MINUTE_MS);
    ASSERT(has_table(t, "first"));

    ASSERT_OK(migrate(t, &report));
    ASSERT_INT_EQUAL(0, report.applied_now);
    ASSERT_INT_EQUAL(0, report.pending);
}

EMPTY_DATABASE_TEST(failed_file_names_its_statement_and_leaves_no_trace)
{
    MigrationReport report;
    write_file(t, "0001_first.sql", "CREATE TABLE first (n integer);");
    write_file(t, "0002_bad.sql",
               "CREATE TABLE second (n integer);\n"
               "INSERT INTO nowhere VALUES (1);\n"
               "CREATE TABLE third (n integer);");
    Err *err = migrate(t, &report);
    ASSERT_ERR(ERR_INTERNAL, err);
    ASSERT_STR_EQUAL("migration_failed", err->code);
    ASSERT(strstr(err->message, "0002_bad.sql") != NULL);
    ASSERT(strstr(err->message, "INSERT INTO nowhere VALUES (1)") != NULL);
    ASSERT(has_table(t, "first"));
    ASSERT(!has_table(t, "second"));

    write_file(t, "0002_bad.sql", "CREATE TABLE second (n integer);");
    ASSERT_OK(migrate(t, &report));
    ASSERT_INT_EQUAL(1, report.applied_now);
    ASSERT(has_table(t, "second"));
}

EMPTY_DATABASE_TEST(changed_file_is_refused)
{
    MigrationReport report;
    write_file(t, "0001_first.sql", "CREATE TABLE first (n integer);");
    ASSERT_OK(migrate(t, &report));
    write_file(t, "0001_first.sql", "CREATE TABLE first (n integer, m integer);");
    write_file(t, "0002_second.sql", "CREATE TABLE second (n integer);");
    Err *err = migrate(t, &report);
    ASSERT_ERR(ERR_CONFIG, err);
    ASSERT_STR_EQUAL("migration_changed", err->code);
    ASSERT_STR_EQUAL("0001_first.sql", err->param);
    ASSERT(!has_table(t, "second"));
}

EMPTY_DATABASE_TEST(migrations_of_a_newer_version_are_left_alone)
{
    MigrationReport report;
    write_file(t, "0001_first.sql", "CREATE TABLE first (n integer);");
    write_file(t, "0002_newer.sql", "CREATE TABLE second (n integer);");
    ASSERT_OK(migrate(t, &report));
    remove_file(t, "0002_newer.sql");
    ASSERT_OK(migrate(t, &report));
    ASSERT_INT_EQUAL(0, report.applied_now);
    ASSERT_INT_EQUAL(2, report.count);
    ASSERT(!report.migrations[0].from_newer_version);
    ASSERT(report.migrations[1].from_newer_version);
    ASSERT(has_table(t, "second"));
}

EMPTY_DATABASE_TEST(two_files_of_one_number_are_refused)
{
    MigrationReport report;
    write_file(t, "0001_first.sql", "CREATE TABLE first (n integer);");
    write_file(t, "0001_other.sql", "CREATE TABLE other (n integer);");
    ASSERT_ERR(ERR_CONFIG, migrate(t, &report));
    ASSERT(!has_table(t, "first"));
}

SQLITE_TEST(broken_references_stop_a_migration)
{
    MigrationReport report;
    write_file(t, "0001_first.sql",
               "CREATE TABLE a (id INTEGER PRIMARY KEY);"
               "CREATE TABLE b (a_id INTEGER REFERENCES a (id));"
               "INSERT INTO b VALUES (7);");
    ASSERT_ERR(ERR_INTERNAL, migrate(t, &report));
    ASSERT(!has_table(t, "b"));
}

typedef struct SplitRow {
    const char *script;
    const char *statements; /* joined with | */
} SplitRow;

static const SplitRow splits[] = {
    {"", ""},
    {" ; ;\n-- nothing\n/* ; */", ""},
    {"SELECT 1", "SELECT 1"},
    {"SELECT 1; SELECT 2;", "SELECT 1|SELECT 2"},
    {"SELECT ';' ; SELECT \"a;b\"", "SELECT ';' |SELECT \"a;b\""},
    {"SELECT 'it''s;' ; x", "SELECT 'it''s;' |x"},
    {"SELECT 1 -- a; b\n, 2; y", "SELECT 1 -- a; b\n, 2|y"},
    {"SELECT 1 /* a; b */; y", "SELECT 1 /* a; b */|y"},
    {"DO $$ BEGIN; END $$; y", "DO $$ BEGIN; END $$|y"},
    {"F $fn$ $$ ; $$ $fn$; y", "F $fn$ $$ ; $$ $fn$|y"},
    {"SELECT $1; y", "SELECT $1|y"},
    {"SELECT 'open; z", "SELECT 'open; z"},
};

TEST(migrate, scripts_are_split_at_their_semicolons)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(splits); i++) {
        Str joined;
        const char *rest = splits[i].script;
        str_init(&joined, arena);
        for (const char *one; (one = migrate_next_statement(arena, &rest)) != NULL;) {
            str_printf(&joined, "%s%s", joined.length > 0 ? "|" : "", one);
        }
        ASSERT_STR_EQUAL(splits[i].statements, str_text(&joined));
    }
}
