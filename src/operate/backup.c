#include "operate/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "operate/backup_extract.h"
#include "operate/backup_files.h"
#include "operate/backup_folder.h"
#include "operate/backup_state.h"
#include "operate/child.h"
#include "operate/command.h"

/* A dump without indexes, compressed, has come out far smaller than half of the database. */
#define DUMP_SHARE 2

typedef struct Job {
    Arena *arena;
    AppCore *core;
    const BackupOptions *options;
    const BackupDriver *driver;
    const char *data_dir;
    const char *work;
    TimeMs now;
} Job;

/* ---- Before ---- */

static Err *check_room(const Job *job)
{
    int64_t database = 0;
    int64_t files = 0;
    TRY(job->driver->measure(job->arena, &job->core->store_options, &database));
    TRY(backup_files_size(job->arena, job->data_dir, &files));
    TRY(backup_folder_check_room(job->arena, job->options->folder, database / DUMP_SHARE + files));
    if (job->core->store_options.driver == STORE_SQLITE) {
        TRY(backup_folder_check_room(job->arena, job->data_dir, database));
    }
    return NULL;
}

/* ---- Into the archive ---- */

static Err *add_configuration(const Job *job, BackupArchive *archive)
{
    const char *path = job->core->config->path;
    if (path == NULL) {
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ERR(job->arena, ERR_UNAVAILABLE, "file_unreadable", "cannot read %s: %s", path,
                   strerror(errno));
    }
    Err *err = backup_archive_add_file(archive, BACKUP_CONFIGURATION, fd);
    close(fd);
    return err;
}

static Err *fill(const Job *job, BackupSnapshot *snapshot, const BackupManifest *manifest,
                 BackupArchive *archive, BackupResult *result)
{
    BackupKeys keys = backup_keys_of(job->core->config);
    const char *manifest_text = backup_manifest_format(job->arena, manifest);
    const char *keys_text = backup_keys_format(job->arena, &keys);
    TRY(backup_archive_add_bytes(archive, BACKUP_MANIFEST, manifest_text, strlen(manifest_text)));
    TRY(backup_archive_add_bytes(archive, BACKUP_KEYS, keys_text, strlen(keys_text)));
    TRY(add_configuration(job, archive));
    TRY(job->driver->dump(job->arena, snapshot, archive));
    TRY(backup_files_add(job->arena, job->work, archive, &result->files));
    return backup_archive_finish(archive, &result->size_bytes);
}

static Err *write_archive(const Job *job, BackupSnapshot *snapshot, BackupResult *result)
{
    BackupArchive *archive = NULL;
    BackupManifest manifest = {.made_at = job->now,
                               .version = VOMS_VERSION,
                               .driver = job->driver->name,
                               .configuration = job->core->config->path};
    TRY(job->driver->describe(job->arena, snapshot, &manifest.contents));
    TRY(backup_files_size(job->arena, job->work, &manifest.file_bytes));
    VEC_FOREACH (BackupTable, table, &manifest.contents.tables) {
        result->rows += table->rows;
    }
    TRY(backup_archive_create(job->arena, result->path, job->options->passphrase, &archive));
    Err *err = fill(job, snapshot, &manifest, archive, result);
    backup_archive_close(archive);
    return err;
}

static Err *write_backup(const Job *job, BackupResult *result)
{
    BackupSnapshot *snapshot = NULL;
    TRY(backup_files_hold(job->arena, job->data_dir, job->work));
    TRY(job->driver->open(job->arena, &job->core->store_options, job->work, &snapshot));
    Err *err = backup_files_hold(job->arena, job->data_dir, job->work);
    if (err == NULL) {
        err = write_archive(job, snapshot, result);
    }
    job->driver->close(snapshot);
    return err;
}

static Err *make_locked(Job *job, BackupResult *result)
{
    int64_t start_ms = time_monotonic();
    TRY(backup_folder_work(job->arena, job->data_dir, &job->work));
    TRY(check_room(job));
    result->path = arena_printf(job->arena, "%s/%s", job->options->folder,
                                backup_name_format(job->arena, job->now));
    if (access(result->path, F_OK) == 0) {
        return ERR(job->arena, ERR_CONFLICT, "backup_running",
                   "%s was made in this very second; try again", result->path);
    }
    Err *err = write_backup(job, result);
    Err *left = backup_folder_remove(job->arena, job->work);
    TRY(err != NULL ? err : left);
    result->duration_ms = time_monotonic() - start_ms;
    return backup_keep_apply(job->arena, job->options->folder, &job->options->keep,
                             &result->removed);
}

/* The outcome is told to doctor and health, whichever it is. */
static Err *record(const Job *job, const BackupResult *result, const Err *failure)
{
    BackupState state = {};
    TRY(backup_state_read(job->arena, job->data_dir, &state));
    if (failure == NULL) {
        state.made_at = job->now;
        state.file = result->path;
        state.size_bytes = result->size_bytes;
        state.duration_ms = result->duration_ms;
        state.failed_at = 0;
        state.failure = NULL;
    } else {
        state.failed_at = job->now;
        state.failure = failure->message;
    }
    return backup_state_write(job->arena, job->data_dir, &state);
}

Err *backup_make(AppCore *core, const BackupOptions *options, BackupResult *ret_result)
{
    int lock = -1;
    BackupResult result = {};
    Job job = {.arena = core->arena,
               .core = core,
               .options = options,
               .driver = backup_driver(&core->store_options),
               .data_dir = core->config->storage.path,
               .now = time_now()};
    TRY(backup_folder_lock(job.arena, job.data_dir, &lock));
    Err *err = backup_folder_make(job.arena, options->folder);
    if (err == NULL) {
        err = make_locked(&job, &result);
    }
    Err *unrecorded = record(&job, &result, err);
    close(lock);
    TRY(err != NULL ? err : unrecorded);
    *ret_result = result;
    return NULL;
}

/* ---- The commands ---- */

static Err *read_options(const Invocation *invocation, BackupOptions *ret_options)
{
    BackupOptions options = {.folder = invocation_option(invocation, "output")};
    if (options.folder == NULL) {
        options.folder =
            arena_printf(invocation->arena, "%s/backups", invocation->core->config->storage.path);
    }
    TRY(backup_keep_parse(invocation->arena, invocation_option(invocation, "keep"), &options.keep));
    TRY(backup_passphrase_read(invocation->arena, invocation_option(invocation, "passphrase-file"),
                               &options.passphrase));
    *ret_options = options;
    return NULL;
}

static void print_json(Arena *arena, const BackupResult *result)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_string(&writer, "path", result->path);
    json_put_int(&writer, "rows", result->rows);
    json_put_int(&writer, "files", result->files);
    json_put_int(&writer, "size_bytes", result->size_bytes);
    json_put_int(&writer, "duration_ms", result->duration_ms);
    json_put_int(&writer, "removed", result->removed);
    json_write_end_object(&writer);
    puts(str_text(&text));
}

static void print_made(const Invocation *invocation, const BackupResult *result)
{
    const char *format =
        invocation_say(invocation,
                       "%s\n  %" PRId64 " rows, %" PRId64 " files, %.1f MiB in %.1f s; %" PRId64
                       " older backups removed\n",
                       "%s\n  %" PRId64 " 行,%" PRId64
                       " 个文件,%.1f MiB,用时 %.1f 秒;删除旧备份 %" PRId64 " 个\n");
    printf(format, result->path, result->rows, result->files,
           (double)result->size_bytes / 1024 / 1024, (double)result->duration_ms / 1000,
           result->removed);
}

static void print_verified(const Invocation *invocation, const BackupVerification *proof)
{
    printf(invocation_say(invocation,
                          "made %s by VOMS %s: %" PRId64 " rows in %" PRId64 " tables and %" PRId64
                          " files are whole;\naudit chain of %" PRId64
                          " entries and ledger of %" PRId64 " entries are sound\n",
                          "备份于 %s,VOMS %s:%" PRId64 " 行(%" PRId64 " 张表)和 %" PRId64
                          " 个文件完整;\n审计链 %" PRId64 " 条、时长台账 %" PRId64 " 条核验无误\n"),
           time_format(invocation->arena, proof->made_at), proof->version, proof->rows,
           proof->tables, proof->files, proof->audit_entries, proof->ledger_entries);
}

static int verify_path(const Invocation *invocation, const char *path, const char *passphrase)
{
    BackupVerification proof = {};
    Err *err = backup_verify(invocation->core, path, passphrase, &proof);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    print_verified(invocation, &proof);
    return APP_EXIT_OK;
}

static int run_backup(const Invocation *invocation)
{
    BackupOptions options = {};
    BackupResult result = {};
    Err *err = read_options(invocation, &options);
    if (err == NULL) {
        err = backup_make(invocation->core, &options, &result);
    }
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    if (invocation->json) {
        print_json(invocation->arena, &result);
    } else {
        print_made(invocation, &result);
    }
    return invocation_option(invocation, "verify") == NULL
               ? APP_EXIT_OK
               : verify_path(invocation, result.path, options.passphrase);
}

static int run_verify(const Invocation *invocation)
{
    const char *passphrase = NULL;
    Err *err =
        backup_passphrase_read(invocation->arena, invocation_option(invocation, "passphrase-file"),
                               &passphrase);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    return verify_path(invocation, invocation->argv[0], passphrase);
}

static const CommandOption MAKE_OPTIONS[] = {
    {"output",
     "DIR",
     {"folder of the backups; by default backups in storage.path",
      "备份目录;默认为 storage.path 下的 backups"}},
    {"keep",
     "N",
     {"keep the last N, or such as last=3,daily=7,weekly=4,monthly=12; by default all",
      "保留最近 N 份,或如 last=3,daily=7,weekly=4,monthly=12;默认全部保留"}},
    {"verify", NULL, {"try the backup out afterwards", "完成后试恢复以核验"}},
    BACKUP_PASSPHRASE_OPTION,
    {},
};

static const CommandOption VERIFY_OPTIONS[] = {BACKUP_PASSPHRASE_OPTION, {}};

const Command backup_commands[] = {
    {
        .name = "backup",
        .arguments = "",
        .help = {"save database, files, configuration and keys in one encrypted file",
                 "将数据库、文件、配置与密钥备份为一个加密文件"},
        .details =
            {"The server may run meanwhile. Without the passphrase nobody can read the "
             "backup, you included: keep it in another place, too.",
             "备份时服务可继续运行。没有口令任何人(包括您)都无法读取备份:请将口令另存一处。"},
        .options = MAKE_OPTIONS,
        .run = run_backup,
    },
    {
        .name = "backup verify",
        .arguments = "FILE",
        .arguments_min = 1,
        .arguments_max = 1,
        .help = {"try a backup out on a scratch database", "在临时数据库中试恢复并核验一份备份"},
        .options = VERIFY_OPTIONS,
        .run = run_verify,
    },
    {},
};
