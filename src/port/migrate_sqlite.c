/* migrate_sqlite.c - migrations on SQLite. */
#include "io/sqlite.h"
#include "port/migrate_internal.h"
#include "store.sql.h"

#define LOCK_WAIT_MS 30000

struct Migrator {
    SqliteDb *db;
};

static Err *open_database(Arena *arena, const StoreOptions *options, Migrator **ret_migrator)
{
    SqliteOptions sqlite = {.path = options->path, .busy_timeout_ms = LOCK_WAIT_MS};
    Migrator *migrator = ARENA_NEW(arena, Migrator);
    TRY(sqlite_db_open(arena, &sqlite, &migrator->db));
    *ret_migrator = migrator;
    return NULL;
}

static Err *run(Migrator *migrator, Arena *arena, const SqlStatement *statement, SqlArgs args,
                SqlRows **ret_rows)
{
    return sqlite_db_run(migrator->db, arena, statement, /* built= */ false, args, ret_rows);
}

static Err *prepare(Migrator *migrator, Arena *arena)
{
    /* A migration may rebuild a table; its references are checked before its commit. */
    TRY(sqlite_db_control(migrator->db, arena, "PRAGMA foreign_keys=OFF"));
    return run(migrator, arena, &SQL_MIGRATION_TABLE, NO_ARGS, NULL);
}

static Err *list(Migrator *migrator, Arena *arena, AppliedMigrations *ret_applied)
{
    AppliedMigrations applied = {};
    SqlRows *rows = NULL;
    TRY(run(migrator, arena, &SQL_MIGRATION_TABLE_EXISTS, NO_ARGS, &rows));
    if (!row_bool(rows, 0, 0)) {
        *ret_applied = applied;
        return NULL;
    }
    TRY(run(migrator, arena, &SQL_MIGRATION_LIST, NO_ARGS, &rows));
    for (size_t i = 0; i < rows->count; i++) {
        *(Migration *)vec_push(&applied.list, arena) = (Migration){
            .id = row_int(rows, i, 0),
            .name = row_text(rows, i, 1),
            .checksum = row_text(rows, i, 2),
            .applied_at = row_time(rows, i, 3),
        };
    }
    *ret_applied = applied;
    return NULL;
}

static Err *check_foreign_keys(Migrator *migrator, Arena *arena)
{
    SqlRows *rows = NULL;
    TRY(run(migrator, arena, &SQL_MIGRATION_BROKEN_REFERENCES, NO_ARGS, &rows));
    if (rows->count == 0) {
        return NULL;
    }
    return ERR(arena, ERR_INTERNAL, "migration_failed",
               "rows of table %s refer to rows of %s that do not exist", row_text(rows, 0, 0),
               row_text(rows, 0, 1));
}

static Err *run_file(Migrator *migrator, Arena *arena, const MigrationFile *file, bool *ret_applied,
                     const char **ret_statement)
{
    SqlRows *rows = NULL;
    int64_t start_ms = time_monotonic();
    TRY(run(migrator, arena, &SQL_MIGRATION_FIND, ARGS(sql_int(file->id)), &rows));
    if (rows->count > 0) {
        *ret_applied = false;
        return NULL;
    }
    TRY(sqlite_db_script(migrator->db, arena, file->text, ret_statement));
    TRY(check_foreign_keys(migrator, arena));
    TRY(run(migrator, arena, &SQL_MIGRATION_INSERT,
            ARGS(sql_int(file->id), sql_text(file->name), sql_text(file->checksum),
                 sql_time(time_now()), sql_text(VOMS_VERSION),
                 sql_int(time_monotonic() - start_ms)),
            NULL));
    *ret_applied = true;
    return NULL;
}

static Err *apply(Migrator *migrator, Arena *arena, const MigrationFile *file, bool *ret_applied,
                  const char **ret_statement)
{
    TRY(sqlite_db_control(migrator->db, arena, "BEGIN EXCLUSIVE"));
    Err *err = run_file(migrator, arena, file, ret_applied, ret_statement);
    if (err == NULL) {
        err = sqlite_db_control(migrator->db, arena, "COMMIT");
    }
    if (err != NULL && sqlite_db_in_transaction(migrator->db)) {
        err_ignore(sqlite_db_control(migrator->db, arena, "ROLLBACK"), "closing rolls back too");
    }
    return err;
}

static void close_database(Migrator *migrator)
{
    sqlite_db_close(migrator->db);
}

const MigratorOps migrate_sqlite_ops = {
    .open = open_database,
    .prepare = prepare,
    .list = list,
    .apply = apply,
    .close = close_database,
};
