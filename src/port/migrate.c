/* migrate.c - brings a database's schema up to date. */
#include <stdlib.h>

#include "port/migrate_internal.h"

static const Migration *find_applied(const AppliedMigrations *applied, int64_t id)
{
    VEC_FOREACH (Migration, migration, &applied->list) {
        if (migration->id == id) {
            return migration;
        }
    }
    return NULL;
}

static bool has_file(const MigrationFiles *files, int64_t id)
{
    VEC_FOREACH (MigrationFile, file, &files->list) {
        if (file->id == id) {
            return true;
        }
    }
    return false;
}

/* An applied migration is history: its file may not change any more. */
static Err *check_unchanged(Arena *arena, const MigrationFiles *files,
                            const AppliedMigrations *applied)
{
    Str changed;
    str_init(&changed, arena);
    VEC_FOREACH (MigrationFile, file, &files->list) {
        const Migration *migration = find_applied(applied, file->id);
        if (migration != NULL && !str_equal(migration->checksum, file->checksum)) {
            str_printf(&changed, "%s%s", changed.length > 0 ? ", " : "", file->file_name);
        }
    }
    if (changed.length == 0) {
        return NULL;
    }
    Err *err = ERR(arena, ERR_CONFIG, "migration_changed",
                   "applied to this database, but changed since: %s. Restore the files, or bring "
                   "the change as a new migration",
                   str_text(&changed));
    err->param = str_text(&changed);
    return err;
}

static Err *apply_all(Migrator *migrator, const MigratorOps *ops, Arena *arena,
                      const MigrationFiles *files, const AppliedMigrations *applied,
                      size_t *ret_count)
{
    VEC_FOREACH (MigrationFile, file, &files->list) {
        bool now = false;
        const char *statement = NULL;
        if (find_applied(applied, file->id) != NULL) {
            continue;
        }
        Err *err = ops->apply(migrator, arena, file, &now, &statement);
        if (err != NULL) {
            Err *failed =
                ERR(arena, ERR_INTERNAL, "migration_failed",
                    "migration %s failed%s%s; the schema is as it was before it", file->file_name,
                    statement != NULL ? " at: " : "", statement != NULL ? statement : "");
            failed->cause = err;
            failed->param = file->file_name;
            return failed;
        }
        *ret_count += now;
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    int64_t left = ((const Migration *)a)->id;
    int64_t right = ((const Migration *)b)->id;
    return (left > right) - (left < right);
}

static void report(Arena *arena, const MigrationFiles *files, const AppliedMigrations *applied,
                   MigrationReport *ret_report)
{
    VEC(Migration) all = {};
    VEC_FOREACH (MigrationFile, file, &files->list) {
        const Migration *migration = find_applied(applied, file->id);
        *(Migration *)vec_push(&all, arena) = (Migration){
            .id = file->id,
            .name = file->name,
            .checksum = file->checksum,
            .applied_at = migration != NULL ? migration->applied_at : 0,
        };
        ret_report->pending += migration == NULL;
    }
    VEC_FOREACH (Migration, migration, &applied->list) {
        if (!has_file(files, migration->id)) {
            Migration newer = *migration;
            newer.from_newer_version = true;
            *(Migration *)vec_push(&all, arena) = newer;
        }
    }
    if (all.count > 0) {
        qsort(all.items, all.count, sizeof(Migration), by_id);
    }
    ret_report->migrations = all.items;
    ret_report->count = all.count;
}

static Err *migrate(Migrator *migrator, const MigratorOps *ops, Arena *arena,
                    const MigrationFiles *files, bool dry_run, MigrationReport *ret_report)
{
    AppliedMigrations applied = {};
    MigrationReport result = {};
    if (!dry_run) {
        TRY(ops->prepare(migrator, arena));
    }
    TRY(ops->list(migrator, arena, &applied));
    TRY(check_unchanged(arena, files, &applied));
    if (!dry_run) {
        TRY(apply_all(migrator, ops, arena, files, &applied, &result.applied_now));
        TRY(ops->list(migrator, arena, &applied));
    }
    report(arena, files, &applied, &result);
    *ret_report = result;
    return NULL;
}

Err *store_migrate(Arena *arena, const StoreOptions *options, const char *directory, bool dry_run,
                   MigrationReport *ret_report)
{
    const MigratorOps *ops =
        options->driver == STORE_SQLITE ? &migrate_sqlite_ops : &migrate_postgres_ops;
    MigrationFiles files = {};
    Migrator *migrator = NULL;
    TRY(migrate_read_files(arena, directory, options->driver, &files));
    TRY(ops->open(arena, options, &migrator));
    Err *err = migrate(migrator, ops, arena, &files, dry_run, ret_report);
    ops->close(migrator);
    return err;
}
