/* check.c - migrates an empty database, then prepares every statement of every .sql file on it.
 *
 *     check_statements sqlite FILE MIGRATIONS
 *     check_statements postgres URL MIGRATIONS
 *
 * Ends with "N passed, N failed". */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "io/sqlite.h"
#include "port/store.h"

/* Made by tools/sql2c.py --index; ends with NULL. */
extern const SqlStatement *const all_statements[];

typedef struct Counts {
    int passed;
    int failed;
} Counts;

static void count(Counts *counts, const char *what, const char *problem)
{
    if (problem == NULL) {
        counts->passed++;
        return;
    }
    counts->failed++;
    printf("FAILED %s: %s\n", what, problem);
}

static const char *migrate(Arena *arena, const StoreOptions *options, const char *directory,
                           MigrationReport *report)
{
    *report = (MigrationReport){};
    Err *err = store_migrate(arena, options, directory, /* dry_run= */ false, report);
    return err == NULL ? NULL : err_text(arena, err);
}

static void check_migrations(Arena *arena, Counts *counts, const StoreOptions *options,
                             const char *directory)
{
    MigrationReport report;
    count(counts, "migrating an empty database", migrate(arena, options, directory, &report));
    const char *problem = migrate(arena, options, directory, &report);
    if (problem == NULL && (report.applied_now != 0 || report.pending != 0)) {
        problem = "something was applied twice";
    }
    if (problem == NULL && report.count == 0) {
        problem = "there is no migration";
    }
    count(counts, "migrating again", problem);
}

static void check_sqlite(Arena *arena, Counts *counts, const char *path)
{
    SqliteDb *db = NULL;
    Err *err = sqlite_db_open(arena, &(SqliteOptions){.path = path}, &db);
    if (err != NULL) {
        count(counts, path, err_text(arena, err));
        return;
    }
    for (const SqlStatement *const *statement = all_statements; *statement != NULL; statement++) {
        err = sqlite_db_check(db, arena, *statement);
        count(counts, (*statement)->name, err == NULL ? NULL : err_text(arena, err));
    }
    sqlite_db_close(db);
}

static const char *prepare_postgres(PGconn *connection, const SqlStatement *statement)
{
    PGresult *result = PQprepare(connection, statement->name, statement->postgres, 0, NULL);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return ok ? NULL : PQerrorMessage(connection);
}

static void check_postgres(Counts *counts, const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK) {
        count(counts, url, PQerrorMessage(connection));
    } else {
        for (const SqlStatement *const *row = all_statements; *row != NULL; row++) {
            count(counts, (*row)->name, prepare_postgres(connection, *row));
        }
    }
    PQfinish(connection);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: check_statements sqlite FILE|postgres URL MIGRATIONS\n");
        return 2;
    }
    CLEANUP(arena_freep) Arena *arena = arena_new();
    bool is_postgres = str_equal(argv[1], "postgres");
    StoreOptions options = {
        .driver = is_postgres ? STORE_POSTGRES : STORE_SQLITE,
        .path = is_postgres ? NULL : argv[2],
        .url = is_postgres ? argv[2] : NULL,
    };
    Counts counts = {};
    check_migrations(arena, &counts, &options, argv[3]);
    if (is_postgres) {
        check_postgres(&counts, argv[2]);
    } else {
        check_sqlite(arena, &counts, argv[2]);
    }
    printf("%d passed, %d failed\n", counts.passed, counts.failed);
    return counts.failed == 0 ? 0 : 1;
}
