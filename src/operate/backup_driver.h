/* backup_driver.h - what backups need of a database: a copy of one moment, and a way to fill a
 * database from such a copy all at once or not at all. One driver for each of the two databases.
 *
 * All of it blocks. */
#pragma once

#include "base/vec.h"
#include "operate/backup_archive.h"
#include "port/store.h"

typedef struct BackupTable {
    const char *name;
    int64_t rows;
} BackupTable;

typedef struct BackupMigration {
    int64_t id;
    const char *name;
    const char *checksum;
} BackupMigration;

/* What a database holds at one moment. */
typedef struct BackupContents {
    VEC(BackupTable) tables;         /* by name */
    VEC(BackupMigration) migrations; /* by id */
    int64_t size_bytes;              /* on disk, with indexes */
} BackupContents;

typedef struct BackupSnapshot BackupSnapshot; /* a moment that stays readable */
typedef struct BackupTarget BackupTarget;     /* a database that is being filled */

typedef struct BackupDriver {
    const char *name; /* as database.driver names it */

    /* How large is the database? For the check of the disk, before anything is copied. */
    Err *(*measure)(Arena *arena, const StoreOptions *options, int64_t *ret_size_bytes);
    /* Takes the snapshot while a server may write. folder is for what must lie on disk. */
    Err *(*open)(Arena *arena, const StoreOptions *options, const char *folder,
                 BackupSnapshot **ret_snapshot);
    Err *(*describe)(Arena *arena, BackupSnapshot *snapshot, BackupContents *ret_contents);
    /* Adds the entries "database/…". */
    Err *(*dump)(Arena *arena, BackupSnapshot *snapshot, BackupArchive *archive);
    void (*close)(BackupSnapshot *snapshot);

    /* Are there tables in the database? Is another program connected with it? */
    Err *(*inspect)(Arena *arena, const StoreOptions *options, bool *ret_has_tables,
                    bool *ret_in_use);
    /* Begins to replace all that the database holds. What was there stays until the commit. */
    Err *(*begin)(Arena *arena, const StoreOptions *options, BackupTarget **ret_target);
    /* Takes the next bytes of the entries "database/…". */
    Err *(*feed)(Arena *arena, BackupTarget *target, const void *bytes, size_t length);
    /* Compares the counts of all tables, and makes the new contents the database's. Fails with
     * ERR_MALFORMED ("backup_differs") if they differ; the database is then as it was. */
    Err *(*commit)(Arena *arena, BackupTarget *target, const BackupContents *contents);
    /* Releases it; without a commit the database is as it was. NULL is accepted. */
    void (*end)(BackupTarget *target);

    /* Makes an empty database to try a backup on, below folder or beside the real one. */
    Err *(*make_scratch)(Arena *arena, const StoreOptions *options, const char *folder,
                         StoreOptions *ret_scratch);
    Err *(*drop_scratch)(Arena *arena, const StoreOptions *options, const StoreOptions *scratch);
} BackupDriver;

extern const BackupDriver backup_sqlite_driver;
extern const BackupDriver backup_postgres_driver;

/* The driver for a database. */
const BackupDriver *backup_driver(const StoreOptions *options);

/* Compares counts. Fails with ERR_MALFORMED ("backup_differs") naming the table. */
Err *backup_compare(Arena *arena, const BackupContents *expected, const BackupContents *found);
