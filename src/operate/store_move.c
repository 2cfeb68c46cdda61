/* store_move.c - vomsctl migrate-store: an embedded installation grows onto PostgreSQL. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "operate/backup_driver.h"
#include "operate/backup_files.h"
#include "operate/backup_folder.h"
#include "operate/backup_manifest.h"
#include "operate/command.h"
#include "operate/postgres.h"
#include "operate/proof.h"
#include "operate/store_move.h"

typedef struct Move {
    const Invocation *invocation;
    Arena *arena;
    AppCore *from;
    AppCore *to;
    PGconn *target;
    sqlite3 *source;
    MoveTables tables;
    int64_t rows;
} Move;

static const char *say(const Move *move, const char *en, const char *zh)
{
    return invocation_say(move->invocation, en, zh);
}

/* ---- Before ---- */

static Err *refuse(const Move *move, const char *code, const char *en, const char *zh)
{
    return ERR(move->arena, ERR_CONFLICT, code, "%s", say(move, en, zh));
}

static Err *check_schema(const Move *move)
{
    MigrationReport report = {};
    TRY(store_migrate(move->arena, &move->from->store_options, move->from->migrations_dir,
                      /* dry_run= */ true, &report));
    for (size_t i = 0; i < report.count; i++) {
        if (report.migrations[i].from_newer_version) {
            return refuse(move, "schemas_differ", "the source was migrated by a newer version",
                          "源数据库由更新的版本迁移过");
        }
    }
    return report.pending == 0
               ? NULL
               : refuse(move, "schemas_differ",
                        "the source has migrations to come: run vomsctl migrate on it first",
                        "源数据库尚有未执行的迁移:请先对其执行 vomsctl migrate");
}

/* What is encrypted stays as it is: the other side needs the same keys. */
static Err *check_keys(const Move *move)
{
    BackupKeys from = backup_keys_of(move->from->config);
    BackupKeys to = backup_keys_of(move->to->config);
    if (backup_keys_include(&to, &from) && backup_keys_include(&from, &to)) {
        return NULL;
    }
    return refuse(move, "keys_differ",
                  "the target's configuration has other encryption keys: copy encryption.key, "
                  "key_id and old_keys from the source (secrets.json of an embedded installation)",
                  "目标配置的加密密钥不同:请从源配置(内嵌安装为 secrets.json)复制 "
                  "encryption.key、key_id 与 old_keys");
}

static Err *check_source(const Move *move)
{
    bool has_tables = false;
    bool in_use = false;
    TRY(backup_sqlite_driver.inspect(move->arena, &move->from->store_options, &has_tables,
                                     &in_use));
    if (in_use) {
        return refuse(move, "database_in_use", "a server runs on the source; stop it first",
                      "源数据库上仍有服务在运行;请先停止");
    }
    return has_tables
               ? check_schema(move)
               : refuse(move, "nothing_to_move", "the source holds no tables", "源数据库中没有表");
}

/* The migrations put some rows in; whoever has worked with it has written an audit entry. */
static Err *check_target(Move *move)
{
    bool has_tables = false;
    bool in_use = false;
    const char *used = NULL;
    TRY(backup_postgres_driver.inspect(move->arena, &move->to->store_options, &has_tables,
                                       &in_use));
    if (in_use) {
        return refuse(move, "database_in_use", "a server runs on the target; stop it first",
                      "目标数据库上有服务在运行;请先停止");
    }
    /* Only now: it would have counted as somebody's. */
    TRY(postgres_connect(move->arena, move->to->store_options.url, &move->target));
    if (!has_tables) {
        return NULL;
    }
    TRY(postgres_value(move->arena, move->target,
                       "SELECT count(*) FROM (SELECT FROM pg_class WHERE relkind = 'r' AND relname "
                       "= 'account' AND relnamespace = current_schema()::regnamespace) t",
                       &used));
    if (str_equal(used, "1")) {
        TRY(postgres_value(move->arena, move->target,
                           "SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM "
                           "audit_entry)",
                           &used));
        if (str_equal(used, "0")) {
            return NULL;
        }
    }
    return refuse(move, "database_not_empty", "the target is not empty", "目标数据库不为空");
}

static Err *check_drivers(const Move *move)
{
    bool right = move->from->store_options.driver == STORE_SQLITE &&
                 move->to->store_options.driver == STORE_POSTGRES;
    return right ? NULL
                 : refuse(move, "other_driver",
                          "the source must be of database.driver sqlite, the target of postgres",
                          "源的 database.driver 须为 sqlite,目标须为 postgres");
}

/* ---- The move ---- */

static Err *set_triggers(const Move *move, const char *verb)
{
    VEC_FOREACH (MoveTable *, table, &move->tables.list) {
        TRY(postgres_exec(move->arena, move->target,
                          arena_printf(move->arena, "ALTER TABLE %s %s TRIGGER USER",
                                       postgres_name(move->arena, (*table)->name), verb)));
    }
    return NULL;
}

/* What the migrations put in comes from the source, too. */
static Err *empty_tables(const Move *move)
{
    Str names;
    str_init(&names, move->arena);
    VEC_FOREACH (MoveTable *, table, &move->tables.list) {
        str_printf(&names, "%s%s", names.length > 0 ? ", " : "",
                   postgres_name(move->arena, (*table)->name));
    }
    return postgres_exec(move->arena, move->target,
                         arena_printf(move->arena, "TRUNCATE %s", str_text(&names)));
}

static Err *compare(Move *move, MoveTable *table)
{
    const MoveSum *source = &table->source;
    const MoveSum *target = &table->target;
    TRY(store_move_sum(move->arena, move->target, table));
    if (source->rows == target->rows && source->high == target->high &&
        source->low == target->low) {
        return NULL;
    }
    return ERR(move->arena, ERR_INTERNAL, "move_differs",
               "table %s: %" PRId64 " rows of sum %016" PRIx64 "%016" PRIx64 " became %" PRId64
               " rows of sum %016" PRIx64 "%016" PRIx64 "; nothing was moved",
               table->name, source->rows, source->high, source->low, target->rows, target->high,
               target->low);
}

static Err *move_table(Move *move, MoveTable *table, size_t number)
{
    TRY(store_move_copy(move->arena, move->target, move->source, table));
    TRY(compare(move, table));
    move->rows += table->source.rows;
    if (table->source.rows > 0) {
        printf("  %3zu/%zu  %-28s %10" PRId64 "  %016" PRIx64 "%016" PRIx64 "\n", number,
               move->tables.list.count, table->name, table->source.rows, table->source.high,
               table->source.low);
        (void)fflush(stdout);
    }
    return NULL;
}

static Err *move_all(Move *move)
{
    TRY(postgres_exec(move->arena, move->target, "BEGIN"));
    TRY(set_triggers(move, "DISABLE"));
    TRY(empty_tables(move));
    for (size_t i = 0; i < move->tables.list.count; i++) {
        TRY(move_table(move, move->tables.list.items[i], i + 1));
    }
    TRY(store_move_sequences(move->arena, move->target, move->source, &move->tables));
    TRY(set_triggers(move, "ENABLE"));
    TRY(postgres_exec(move->arena, move->target, "COMMIT"));
    return postgres_exec(move->arena, move->target, "ANALYZE");
}

/* Nobody else writes there while we read: the lock is held to the end. */
static Err *open_source(Move *move)
{
    if (sqlite3_open_v2(move->from->store_options.path, &move->source, SQLITE_OPEN_READWRITE,
                        NULL) != SQLITE_OK ||
        sqlite3_exec(move->source, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK) {
        return store_move_sqlite_error(move->arena, move->source);
    }
    return NULL;
}

static Err *copy_files(const Move *move)
{
    const char *from = move->from->config->storage.path;
    const char *to = move->to->config->storage.path;
    const char *work = NULL;
    if (str_equal(from, to)) {
        return NULL;
    }
    TRY(backup_folder_make(move->arena, to));
    TRY(backup_folder_work(move->arena, to, &work));
    TRY(backup_files_copy(move->arena, from, work));
    TRY(backup_files_put(move->arena, work, to));
    return backup_folder_remove(move->arena, work);
}

static Err *run_move(Move *move)
{
    MigrationReport report = {};
    TRY(check_drivers(move));
    TRY(check_keys(move));
    TRY(check_source(move));
    TRY(check_target(move));
    TRY(store_migrate(move->arena, &move->to->store_options, move->to->migrations_dir,
                      /* dry_run= */ false, &report));
    TRY(open_source(move));
    TRY(store_move_read_catalogue(move->arena, move->target, move->source, &move->tables));
    TRY(copy_files(move));
    return move_all(move);
}

/* ---- Afterwards ---- */

static int report(Move *move, Err *err)
{
    Proofs proofs = {};
    if (err == NULL) {
        err = proof_of_all(move->to, &proofs);
    }
    if (err != NULL) {
        return invocation_fail(move->invocation, err);
    }
    printf(say(move,
               "%" PRId64 " rows in %zu tables moved; counts and checksums are equal, audit chain "
               "and ledger are sound\nnext: start the services with --config %s; keep %s until you "
               "are sure, and make a backup\n",
               "已迁移 %" PRId64 " 行、%zu 张表;行数与校验和一致,审计链与台账核验无误\n"
               "下一步:用 --config %s 启动服务;确认无误前请保留 %s,并做一次备份\n"),
           move->rows, move->tables.list.count, move->to->config->path,
           move->from->store_options.path);
    return APP_EXIT_OK;
}

static AppCore *open_core(const Invocation *invocation, const char *config, const char *data_dir,
                          int *exit_code)
{
    AppOptions options = *invocation->app;
    options.config_path = config;
    options.data_dir = data_dir != NULL ? data_dir : options.data_dir;
    return app_core_open(&options, exit_code);
}

static int run(const Invocation *invocation)
{
    int exit_code = APP_EXIT_OK;
    const char *from_config = invocation_option(invocation, "from-config");
    const char *from_data = invocation_option(invocation, "from-data");
    const char *to_config = invocation_option(invocation, "to-config");
    Move move = {.invocation = invocation, .arena = invocation->arena};
    if (to_config == NULL || (from_config == NULL && from_data == NULL)) {
        fprintf(stderr, "vomsctl migrate-store (--from-config FILE | --from-data DIR) --to-config "
                        "FILE\n");
        return APP_EXIT_USAGE;
    }
    move.from = open_core(invocation, from_config, from_data, &exit_code);
    if (move.from != NULL) {
        move.to = open_core(invocation, to_config, NULL, &exit_code);
    }
    if (move.to != NULL) {
        Err *err = run_move(&move);
        sqlite3_close(move.source);
        postgres_closep(&move.target);
        exit_code = report(&move, err);
    }
    app_core_close(move.to);
    app_core_close(move.from);
    return exit_code;
}

static const CommandOption OPTIONS[] = {
    {"from-config", "FILE", {"configuration of the source", "源的配置文件"}},
    {"from-data",
     "DIR",
     {"data folder of a source without configuration", "无配置文件的源数据目录"}},
    {"to-config", "FILE", {"configuration of the target", "目标的配置文件"}},
    {},
};

const Command store_move_commands[] = {
    {
        .name = "migrate-store",
        .arguments = "",
        .need = COMMAND_ALONE,
        .help = {"move an installation from SQLite to PostgreSQL",
                 "将安装从 SQLite 迁至 PostgreSQL"},
        .details = {"Both must be stopped. All tables go in one transaction; counts and checksums "
                    "are compared before its commit.",
                    "须先停止两侧服务。全部表在一个事务中迁移,提交前比对行数与校验和。"},
        .options = OPTIONS,
        .run = run,
    },
    {},
};
