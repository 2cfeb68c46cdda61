/* restore.c - a backup comes back.
 *
 * First all of it is read, to where its checksums prove right: the database goes into a transaction
 * (PostgreSQL) or a file beside the real one (SQLite), files into a folder of their own. Until then
 * nothing has changed. Then the files move in beside those that are there, the database changes in
 * one step, and the keys follow. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "operate/backup_extract.h"
#include "operate/backup_files.h"
#include "operate/backup_folder.h"
#include "operate/command.h"
#include "operate/keys_file.h"

typedef struct Restore {
    const Invocation *invocation;
    Arena *arena;
    AppCore *core;
    const BackupDriver *driver;
    const char *data_dir;
    const char *path; /* of the backup */
    BackupSource source;
    BackupParts parts;
    bool replace;       /* --replace */
    bool configuration; /* --configuration */
    const char *work;
    KeysFile keys_file; /* path NULL: the keys stay */
    const char *kept;   /* where the backup's configuration was put for reference, or NULL */
    const char *marker;
} Restore;

static const char *say(const Restore *restore, const char *en, const char *zh)
{
    return invocation_say(restore->invocation, en, zh);
}

/* ---- Before ---- */

static Err *check_target(const Restore *restore)
{
    bool has_tables = false;
    bool in_use = false;
    TRY(restore->driver->inspect(restore->arena, &restore->core->store_options, &has_tables,
                                 &in_use));
    if (in_use) {
        return ERR(restore->arena, ERR_CONFLICT, "database_in_use", "%s",
                   say(restore,
                       "a server or worker runs on this database; stop it first (systemctl stop "
                       "voms-server voms-worker-consumer voms-worker-scheduler)",
                       "该数据库上仍有服务在运行;请先停止(systemctl stop voms-server "
                       "voms-worker-consumer voms-worker-scheduler)"));
    }
    if (has_tables && !restore->replace) {
        return ERR(restore->arena, ERR_CONFLICT, "database_not_empty", "%s",
                   say(restore, "the database is not empty; --replace replaces all that is in it",
                       "数据库不为空;加 --replace 将替换其中全部内容"));
    }
    return NULL;
}

static Err *check_room(const Restore *restore)
{
    const BackupManifest *manifest = &restore->source.manifest;
    bool is_sqlite = restore->core->store_options.driver == STORE_SQLITE;
    return backup_folder_check_room(restore->arena, restore->data_dir,
                                    manifest->file_bytes +
                                        (is_sqlite ? manifest->contents.size_bytes : 0));
}

static Err *check(const Restore *restore)
{
    TRY(backup_source_check_driver(restore->arena, &restore->source, restore->driver));
    TRY(backup_manifest_check_schema(restore->arena, &restore->source.manifest,
                                     restore->core->store_options.driver,
                                     restore->core->migrations_dir));
    TRY(check_target(restore));
    return check_room(restore);
}

/* ---- The configuration and the keys ---- */

static Err *prepare_keys(Restore *restore)
{
    BackupKeys ours = backup_keys_of(restore->core->config);
    BackupKeys theirs = {};
    TRY(backup_keys_parse(restore->arena, restore->parts.keys, &theirs));
    if (restore->configuration || backup_keys_include(&ours, &theirs)) {
        return NULL;
    }
    /* Logins of the other installation need not go on. */
    if (restore->core->config->path != NULL) {
        theirs.jwt_secret = ours.jwt_secret;
    }
    return keys_file_prepare(restore->arena, restore->core->config, &theirs, &restore->keys_file);
}

static Err *prepare_configuration(Restore *restore)
{
    const char *path = restore->core->config->path;
    if (restore->parts.configuration == NULL) {
        restore->configuration = false;
        return NULL;
    }
    if (restore->configuration) {
        if (path == NULL) {
            return ERR(restore->arena, ERR_CONFIG, "no_configuration", "%s",
                       say(restore, "--configuration: name the file to put it in with --config",
                           "--configuration:请用 --config 指明要写入的配置文件"));
        }
        restore->keys_file = (KeysFile){.path = path, .text = restore->parts.configuration};
        return NULL;
    }
    restore->kept = path != NULL ? arena_printf(restore->arena, "%s.restored", path)
                                 : arena_printf(restore->arena, "%s/configuration.json.restored",
                                                restore->data_dir);
    return backup_folder_write(restore->arena, restore->kept, restore->parts.configuration, 0600);
}

/* The former file stays beside the new one. */
static Err *keep_former(const Restore *restore)
{
    const char *former = arena_printf(restore->arena, "%s.before-restore", restore->keys_file.path);
    unlink(former);
    if (link(restore->keys_file.path, former) != 0 && errno != ENOENT) {
        return ERR(restore->arena, ERR_UNAVAILABLE, "file_unusable", "cannot keep %s as %s: %s",
                   restore->keys_file.path, former, strerror(errno));
    }
    return NULL;
}

/* ---- The steps ---- */

static Err *mark(Restore *restore)
{
    restore->marker = arena_printf(restore->arena, "%s/restore-unfinished", restore->data_dir);
    const char *text =
        arena_printf(restore->arena,
                     "The restoration of %s was interrupted while it put things in their places.\n"
                     "Run it again with --replace: vomsctl restore --replace %s\n"
                     "从 %s 恢复时在最后一步被中断。请加 --replace 重新执行上面的命令。\n",
                     restore->path, restore->path, restore->path);
    return backup_folder_write(restore->arena, restore->marker, text, 0640);
}

static Err *put_in_place(Restore *restore, BackupTarget *target)
{
    TRY(prepare_configuration(restore));
    TRY(prepare_keys(restore));
    TRY(mark(restore));
    TRY(backup_files_put(restore->arena, restore->work, restore->data_dir));
    Err *err = restore->driver->commit(restore->arena, target, &restore->source.manifest.contents);
    if (err != NULL) {
        unlink(restore->marker);
        return err;
    }
    if (restore->keys_file.path != NULL) {
        TRY(keep_former(restore));
        TRY(keys_file_write(restore->arena, &restore->keys_file));
    }
    unlink(restore->marker);
    return NULL;
}

static Err *fill(Restore *restore)
{
    BackupTarget *target = NULL;
    TRY(restore->driver->begin(restore->arena, &restore->core->store_options, &target));
    Err *err = backup_source_extract(restore->arena, &restore->source, restore->driver, target,
                                     restore->work, &restore->parts);
    if (err == NULL) {
        err = put_in_place(restore, target);
    }
    restore->driver->end(target);
    return err;
}

static Err *restore_checked(Restore *restore, MigrationReport *ret_report)
{
    TRY(backup_folder_work(restore->arena, restore->data_dir, &restore->work));
    Err *err = fill(restore);
    Err *left = backup_folder_remove(restore->arena, restore->work);
    TRY(err != NULL ? err : left);
    return store_migrate(restore->arena, &restore->core->store_options,
                         restore->core->migrations_dir, /* dry_run= */ false, ret_report);
}

/* ---- The command ---- */

static void print_done(const Restore *restore, const MigrationReport *report)
{
    printf(say(restore, "restored: %zu tables, %" PRId64 " files, as of %s; %zu migrations since\n",
               "已恢复:%zu 张表、%" PRId64 " 个文件,时间点 %s;其后执行迁移 %zu 个\n"),
           restore->source.manifest.contents.tables.count, restore->parts.file_count,
           time_format(restore->arena, restore->source.manifest.made_at), report->applied_now);
    if (restore->kept != NULL) {
        printf(say(restore, "the backup's configuration is in %s, for reference\n",
                   "备份中的配置另存为 %s,供参考\n"),
               restore->kept);
    }
    if (restore->keys_file.path != NULL) {
        printf(say(restore, "%s was changed; the former one is %s.before-restore\n",
                   "已更改 %s;原文件保留为 %s.before-restore\n"),
               restore->keys_file.path, restore->keys_file.path);
    }
    puts(say(restore, "next: start the server, then vomsctl audit verify and vomsctl ledger verify",
             "下一步:启动服务,再执行 vomsctl audit verify 与 vomsctl ledger verify"));
}

static bool is_confirmed(const Restore *restore)
{
    const BackupManifest *manifest = &restore->source.manifest;
    const char *question = arena_printf(
        restore->arena,
        say(restore,
            "All that is in the %s database is replaced by the backup made at %s (VOMS %s). Go on?",
            "%s 数据库中的全部内容将被 %s 的备份(VOMS %s)替换。继续?"),
        manifest->driver, time_format(restore->arena, manifest->made_at), manifest->version);
    return !restore->replace || invocation_confirm(restore->invocation, question);
}

static int restore_opened(Restore *restore)
{
    MigrationReport report = {};
    Err *err = check(restore);
    if (err != NULL) {
        return invocation_fail(restore->invocation, err);
    }
    if (restore->invocation->dry_run) {
        printf(say(restore, "would restore the backup made at %s; nothing was changed\n",
                   "将恢复 %s 的备份;未做任何更改\n"),
               time_format(restore->arena, restore->source.manifest.made_at));
        return APP_EXIT_OK;
    }
    if (!is_confirmed(restore)) {
        return APP_EXIT_FAILED;
    }
    err = restore_checked(restore, &report);
    if (err != NULL) {
        return invocation_fail(restore->invocation, err);
    }
    print_done(restore, &report);
    return APP_EXIT_OK;
}

static Err *open_backup(Restore *restore, int *ret_lock)
{
    const char *passphrase = NULL;
    TRY(backup_passphrase_read(
        restore->arena, invocation_option(restore->invocation, "passphrase-file"), &passphrase));
    TRY(backup_folder_lock(restore->arena, restore->data_dir, ret_lock));
    return backup_source_open(restore->arena, restore->path, passphrase, &restore->source);
}

static int run_restore(const Invocation *invocation)
{
    int lock = -1;
    Restore restore = {.invocation = invocation,
                       .arena = invocation->arena,
                       .core = invocation->core,
                       .driver = backup_driver(&invocation->core->store_options),
                       .data_dir = invocation->core->config->storage.path,
                       .path = invocation->argv[0],
                       .replace = invocation_option(invocation, "replace") != NULL,
                       .configuration = invocation_option(invocation, "configuration") != NULL};
    Err *err = open_backup(&restore, &lock);
    int exit_code = err != NULL ? invocation_fail(invocation, err) : restore_opened(&restore);
    backup_archive_close(restore.source.archive);
    if (lock >= 0) {
        close(lock);
    }
    return exit_code;
}

static const CommandOption OPTIONS[] = {
    {"replace", NULL, {"replace all that is in the database", "替换数据库中的全部内容"}},
    {"configuration", NULL, {"put the configuration file back, too", "同时还原配置文件"}},
    BACKUP_PASSPHRASE_OPTION,
    {},
};

const Command restore_commands[] = {
    {
        .name = "restore",
        .arguments = "FILE",
        .arguments_min = 1,
        .arguments_max = 1,
        .help = {"put database, files and keys of a backup back", "从备份还原数据库、文件与密钥"},
        .details =
            {"The services must be stopped. If anything is wrong with the backup, nothing is "
             "changed.",
             "须先停止各服务。若备份有任何问题,不会做任何更改。"},
        .options = OPTIONS,
        .run = run_restore,
    },
    {},
};
