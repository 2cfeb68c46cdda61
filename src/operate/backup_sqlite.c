/* backup_sqlite.c - backups of SQLite: its online backup copies one moment into a file. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/sqlite.h"
#include "operate/backup_driver.h"
#include "operate/backup_folder.h"

#define BUSY_MS 30000

struct BackupSnapshot {
    const char *path; /* of the copy */
};

struct BackupTarget {
    const char *path; /* of the database */
    const char *temporary;
    int fd;
};

static Err *failed(Arena *arena, const char *what, const char *path)
{
    return ERR(arena, ERR_UNAVAILABLE, "database_file", "cannot %s %s: %s", what, path,
               strerror(errno));
}

static Err *refused(Arena *arena, sqlite3 *handle, const char *what, const char *path)
{
    return ERR(arena, ERR_UNAVAILABLE, "database_error", "cannot %s %s: %s", what, path,
               sqlite3_errmsg(handle));
}

static void sqlite_closep(sqlite3 **handle)
{
    sqlite3_close(*handle);
}

static void db_closep(SqliteDb **db)
{
    sqlite_db_close(*db);
}

static Err *open_raw(Arena *arena, const char *path, int flags, sqlite3 **ret_handle)
{
    int code = sqlite3_open_v2(path, ret_handle, flags, NULL);
    if (code != SQLITE_OK) {
        return refused(arena, *ret_handle, "open", path);
    }
    sqlite3_busy_timeout(*ret_handle, BUSY_MS);
    return NULL;
}

static Err *measure(Arena *arena, const StoreOptions *options, int64_t *ret_size_bytes)
{
    struct stat status;
    struct stat log;
    if (stat(options->path, &status) != 0) {
        return failed(arena, "find the database", options->path);
    }
    bool has_log = stat(arena_printf(arena, "%s-wal", options->path), &log) == 0;
    *ret_size_bytes = status.st_size + (has_log ? log.st_size : 0);
    return NULL;
}

/* ---- The snapshot ---- */

/* All pages in one step: a single read transaction, which stops no writer in WAL mode. */
static Err *copy_pages(Arena *arena, sqlite3 *from, sqlite3 *to, const char *path)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return refused(arena, to, "write", path);
    }
    sqlite3_backup_step(backup, -1);
    int code = sqlite3_backup_finish(backup);
    if (code != SQLITE_OK) {
        return refused(arena, to, "write", path);
    }
    /* One file, without a log beside it. */
    if (sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) != SQLITE_OK) {
        return refused(arena, to, "write", path);
    }
    return NULL;
}

static Err *take_snapshot(Arena *arena, const StoreOptions *options, const char *folder,
                          BackupSnapshot **ret_snapshot)
{
    CLEANUP(sqlite_closep) sqlite3 *from = NULL;
    CLEANUP(sqlite_closep) sqlite3 *to = NULL;
    BackupSnapshot *snapshot = ARENA_NEW(arena, BackupSnapshot);
    snapshot->path = arena_printf(arena, "%s/voms.db", folder);
    TRY(open_raw(arena, options->path, SQLITE_OPEN_READWRITE, &from));
    TRY(open_raw(arena, snapshot->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to));
    TRY(copy_pages(arena, from, to, snapshot->path));
    *ret_snapshot = snapshot;
    return NULL;
}

static Err *run(SqliteDb *db, Arena *arena, const char *text, SqlRows **ret_rows)
{
    SqlStatement statement = {.name = "backup", .sqlite = text, .postgres = text};
    return sqlite_db_run(db, arena, &statement, /* built= */ true, NO_ARGS, ret_rows);
}

static Err *count_rows(SqliteDb *db, Arena *arena, BackupTable *table)
{
    SqlRows *rows = NULL;
    TRY(run(db, arena, arena_printf(arena, "SELECT count(*) FROM \"%s\"", table->name), &rows));
    table->rows = row_int(rows, 0, 0);
    return NULL;
}

static Err *list_migrations(SqliteDb *db, Arena *arena, BackupContents *contents)
{
    SqlRows *rows = NULL;
    TRY(run(db, arena, "SELECT id, name, checksum FROM voms_schema_migrations ORDER BY id", &rows));
    for (size_t i = 0; i < rows->count; i++) {
        *(BackupMigration *)vec_push(&contents->migrations, arena) =
            (BackupMigration){.id = row_int(rows, i, 0),
                              .name = row_text(rows, i, 1),
                              .checksum = row_text(rows, i, 2)};
    }
    return NULL;
}

static Err *describe_file(Arena *arena, const char *path, BackupContents *ret_contents)
{
    CLEANUP(db_closep) SqliteDb *db = NULL;
    SqliteOptions options = {.path = path, .busy_timeout_ms = BUSY_MS};
    BackupContents contents = {};
    SqlRows *rows = NULL;
    struct stat status;
    TRY(sqlite_db_open(arena, &options, &db));
    TRY(run(db, arena,
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' ORDER BY name",
            &rows));
    for (size_t i = 0; i < rows->count; i++) {
        BackupTable *table = vec_push(&contents.tables, arena);
        table->name = row_text(rows, i, 0);
        TRY(count_rows(db, arena, table));
    }
    TRY(list_migrations(db, arena, &contents));
    /* The copy was a single file, and shall be one again. */
    TRY(sqlite_db_control(db, arena, "PRAGMA journal_mode=DELETE"));
    if (stat(path, &status) != 0) {
        return failed(arena, "find", path);
    }
    contents.size_bytes = status.st_size;
    *ret_contents = contents;
    return NULL;
}

static Err *describe(Arena *arena, BackupSnapshot *snapshot, BackupContents *ret_contents)
{
    return describe_file(arena, snapshot->path, ret_contents);
}

static Err *dump(Arena *arena, BackupSnapshot *snapshot, BackupArchive *archive)
{
    int fd = open(snapshot->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failed(arena, "open", snapshot->path);
    }
    Err *err = backup_archive_add_file(archive, BACKUP_DATABASE "voms.db", fd);
    close(fd);
    return err;
}

static void close_snapshot(BackupSnapshot *snapshot)
{
    unlink(snapshot->path);
}

/* ---- The target ---- */

static Err *has_tables(Arena *arena, sqlite3 *handle, const char *path, bool *ret_has)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(handle, "SELECT 1 FROM sqlite_master LIMIT 1", -1, &statement, NULL) !=
        SQLITE_OK) {
        return refused(arena, handle, "read", path);
    }
    *ret_has = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return NULL;
}

/* Leaving WAL mode needs the file for oneself: whoever else has it open shows. */
static Err *inspect(Arena *arena, const StoreOptions *options, bool *ret_has_tables,
                    bool *ret_in_use)
{
    CLEANUP(sqlite_closep) sqlite3 *handle = NULL;
    bool has = false;
    if (access(options->path, F_OK) != 0) {
        *ret_has_tables = *ret_in_use = false;
        return NULL;
    }
    TRY(open_raw(arena, options->path, SQLITE_OPEN_READWRITE, &handle));
    sqlite3_busy_timeout(handle, 0);
    TRY(has_tables(arena, handle, options->path, &has));
    int code = sqlite3_exec(handle, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED) {
        return refused(arena, handle, "lock", options->path);
    }
    *ret_has_tables = has;
    *ret_in_use = code != SQLITE_OK;
    return NULL;
}

static Err *begin(Arena *arena, const StoreOptions *options, BackupTarget **ret_target)
{
    BackupTarget *target = ARENA_NEW(arena, BackupTarget);
    target->path = options->path;
    target->temporary = arena_printf(arena, "%s.restoring", options->path);
    target->fd = open(target->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (target->fd < 0) {
        return failed(arena, "create", target->temporary);
    }
    Err *err = backup_folder_own(arena, target->temporary);
    if (err != NULL) {
        fd_closep(&target->fd);
        return err;
    }
    *ret_target = target;
    return NULL;
}

static Err *feed(Arena *arena, BackupTarget *target, const void *bytes, size_t length)
{
    return fd_write(target->fd, bytes, length) ? NULL : failed(arena, "write", target->temporary);
}

static Err *check_integrity(Arena *arena, const char *path)
{
    CLEANUP(db_closep) SqliteDb *db = NULL;
    SqliteOptions options = {.path = path, .busy_timeout_ms = BUSY_MS};
    SqlRows *rows = NULL;
    TRY(sqlite_db_open(arena, &options, &db));
    TRY(run(db, arena, "PRAGMA integrity_check(1)", &rows));
    if (!str_equal(row_text(rows, 0, 0), "ok")) {
        return ERR(arena, ERR_MALFORMED, "backup_differs", "the database in it is damaged: %s",
                   row_text(rows, 0, 0));
    }
    return sqlite_db_control(db, arena, "PRAGMA journal_mode=DELETE");
}

/* The log of the old database must be gone before another file has its name. */
static Err *swap(Arena *arena, BackupTarget *target)
{
    bool has = false;
    bool in_use = false;
    StoreOptions options = {.path = target->path};
    TRY(inspect(arena, &options, &has, &in_use));
    if (in_use) {
        return ERR(arena, ERR_CONFLICT, "database_in_use",
                   "a server was started meanwhile; nothing was changed");
    }
    if (rename(target->temporary, target->path) != 0) {
        return failed(arena, "rename", target->temporary);
    }
    return backup_folder_sync_of(arena, target->path);
}

static Err *commit(Arena *arena, BackupTarget *target, const BackupContents *contents)
{
    BackupContents found = {};
    if (fsync(target->fd) != 0) {
        return failed(arena, "sync", target->temporary);
    }
    fd_closep(&target->fd);
    TRY(check_integrity(arena, target->temporary));
    TRY(describe_file(arena, target->temporary, &found));
    TRY(backup_compare(arena, contents, &found));
    return swap(arena, target);
}

static void end(BackupTarget *target)
{
    if (target != NULL) {
        fd_closep(&target->fd);
        unlink(target->temporary);
    }
}

/* ---- Scratch ---- */

static Err *make_scratch(Arena *arena, const StoreOptions *options, const char *folder,
                         StoreOptions *ret_scratch)
{
    *ret_scratch = *options;
    ret_scratch->path = arena_printf(arena, "%s/scratch.db", folder);
    return NULL;
}

/* Its folder goes as a whole. */
static Err *drop_scratch(Arena *arena UNUSED, const StoreOptions *options UNUSED,
                         const StoreOptions *scratch)
{
    unlink(scratch->path);
    return NULL;
}

const BackupDriver backup_sqlite_driver = {
    .name = "sqlite",
    .measure = measure,
    .open = take_snapshot,
    .describe = describe,
    .dump = dump,
    .close = close_snapshot,
    .inspect = inspect,
    .begin = begin,
    .feed = feed,
    .commit = commit,
    .end = end,
    .make_scratch = make_scratch,
    .drop_scratch = drop_scratch,
};
