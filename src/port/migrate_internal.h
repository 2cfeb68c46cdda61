/* migrate_internal.h - shared by the migration's files. All of it blocks. */
#pragma once

#include "base/vec.h"
#include "port/store.h"

typedef struct MigrationFile {
    int64_t id;
    const char *name;
    const char *file_name;
    const char *text;
    const char *checksum;
} MigrationFile;

typedef struct MigrationFiles {
    VEC(MigrationFile) list; /* by id */
} MigrationFiles;

typedef struct AppliedMigrations {
    VEC(Migration) list; /* by id */
} AppliedMigrations;

typedef struct Migrator Migrator;

/* A database under migration. */
typedef struct MigratorOps {
    Err *(*open)(Arena *arena, const StoreOptions *options, Migrator **ret_migrator);
    /* Waits for the lock, if the whole run has one, and makes voms_schema_migrations. */
    Err *(*prepare)(Migrator *migrator, Arena *arena);
    /* Empty if there is no such table yet. */
    Err *(*list)(Migrator *migrator, Arena *arena, AppliedMigrations *ret_applied);
    /* Runs the file and records it, in one transaction. *ret_applied is false if another process
     * did so first. On failure *ret_statement is the statement to blame, or NULL. */
    Err *(*apply)(Migrator *migrator, Arena *arena, const MigrationFile *file, bool *ret_applied,
                  const char **ret_statement);
    void (*close)(Migrator *migrator);
} MigratorOps;

extern const MigratorOps migrate_sqlite_ops;
extern const MigratorOps migrate_postgres_ops;

/* Reads the files of directory that are for the driver. */
Err *migrate_read_files(Arena *arena, const char *directory, StoreDriver driver,
                        MigrationFiles *ret_files);

/* Splits a script of PostgreSQL: returns the next statement in arena and moves *text behind it;
 * NULL at the end. Quotes, dollar quotes and comments are respected. */
const char *migrate_next_statement(Arena *arena, const char **text);
