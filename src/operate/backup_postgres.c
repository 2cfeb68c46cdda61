/* backup_postgres.c - backups of PostgreSQL: pg_dump reads the snapshot that the rows were counted
 * in, and psql puts the dump back in one transaction. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "operate/backup_driver.h"
#include "operate/child.h"
#include "operate/postgres.h"

struct BackupSnapshot {
    PGconn *connection;
    const char *id; /* by which pg_dump takes part in it */
};

/* pg_restore makes SQL of the dump, psql runs it. We hold psql's input as well: only we write the
 * COMMIT, so that whatever ends too early rolls back. */
struct BackupTarget {
    Arena *arena;
    Child restore;
    Child psql;
    int dump; /* to pg_restore */
    int sql;  /* to psql */
};

#define TABLES                                                                                     \
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "              \
    "WHERE c.relkind IN ('r', 'p') AND n.nspname = current_schema() ORDER BY c.relname COLLATE "   \
    "\"C\""
/* What the schema holds apart from what belongs to extensions. */
#define DROP_ALL                                                                                   \
    "DO $$ DECLARE item record; BEGIN "                                                            \
    "FOR item IN SELECT format('%I.%I', current_schema(), c.relname) AS name, c.relkind FROM "     \
    "pg_class c "                                                                                  \
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') "      \
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') LOOP "   \
    "EXECUTE format('DROP %s IF EXISTS %s CASCADE', "                                              \
    "CASE item.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, item.name); END LOOP; "              \
    "FOR item IN SELECT format('%I.%I', current_schema(), c.relname) AS name FROM pg_class c "     \
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S' LOOP "              \
    "EXECUTE format('DROP SEQUENCE IF EXISTS %s CASCADE', item.name); END LOOP; "                  \
    "FOR item IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p "                         \
    "WHERE p.pronamespace = current_schema()::regnamespace "                                       \
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP "   \
    "EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', item.name); END LOOP; END $$;\n"

static Err *read_number(Arena *arena, PGconn *connection, const char *text, int64_t *ret_number)
{
    const char *value = NULL;
    TRY(postgres_value(arena, connection, text, &value));
    str_parse_int64(value, ret_number);
    return NULL;
}

static Err *read_size(Arena *arena, PGconn *connection, int64_t *ret_size_bytes)
{
    return read_number(arena, connection, "SELECT pg_database_size(current_database())",
                       ret_size_bytes);
}

static Err *measure(Arena *arena, const StoreOptions *options, int64_t *ret_size_bytes)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    TRY(postgres_connect(arena, options->url, &connection));
    return read_size(arena, connection, ret_size_bytes);
}

/* ---- The snapshot ---- */

static void close_snapshot(BackupSnapshot *snapshot)
{
    postgres_closep(&snapshot->connection);
}

static Err *take_snapshot(Arena *arena, const StoreOptions *options, const char *folder UNUSED,
                          BackupSnapshot **ret_snapshot)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    BackupSnapshot *snapshot = ARENA_NEW(arena, BackupSnapshot);
    TRY(postgres_connect(arena, options->url, &connection));
    TRY(postgres_exec(arena, connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    TRY(postgres_value(arena, connection, "SELECT pg_export_snapshot()", &snapshot->id));
    snapshot->connection = TAKE(connection);
    *ret_snapshot = snapshot;
    return NULL;
}

static Err *count_rows(Arena *arena, PGconn *connection, BackupTable *table)
{
    return read_number(arena, connection,
                       arena_printf(arena, "SELECT count(*) FROM %s",
                                    postgres_name(arena, table->name)),
                       &table->rows);
}

static Err *list_tables(Arena *arena, PGconn *connection, BackupContents *contents)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, connection, TABLES, &result));
    for (int i = 0; i < PQntuples(result); i++) {
        BackupTable *table = vec_push(&contents->tables, arena);
        table->name = arena_strdup(arena, PQgetvalue(result, i, 0));
    }
    PQclear(result);
    VEC_FOREACH (BackupTable, table, &contents->tables) {
        TRY(count_rows(arena, connection, table));
    }
    return NULL;
}

static Err *list_migrations(Arena *arena, PGconn *connection, BackupContents *contents)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, connection,
                       "SELECT id, name, checksum FROM voms_schema_migrations ORDER BY id",
                       &result));
    for (int i = 0; i < PQntuples(result); i++) {
        BackupMigration *migration = vec_push(&contents->migrations, arena);
        str_parse_int64(PQgetvalue(result, i, 0), &migration->id);
        migration->name = arena_strdup(arena, PQgetvalue(result, i, 1));
        migration->checksum = arena_strdup(arena, PQgetvalue(result, i, 2));
    }
    PQclear(result);
    return NULL;
}

static Err *describe(Arena *arena, BackupSnapshot *snapshot, BackupContents *ret_contents)
{
    BackupContents contents = {};
    TRY(list_tables(arena, snapshot->connection, &contents));
    TRY(list_migrations(arena, snapshot->connection, &contents));
    TRY(read_size(arena, snapshot->connection, &contents.size_bytes));
    *ret_contents = contents;
    return NULL;
}

static Err *read_dump(Arena *arena, Child *child, int output, BackupArchive *archive)
{
    Err *err = backup_archive_add_pipe(archive, BACKUP_DATABASE, output);
    if (err != NULL) {
        child_end(child);
        return err;
    }
    return child_wait(arena, child);
}

static Err *dump(Arena *arena, BackupSnapshot *snapshot, BackupArchive *archive)
{
    int output = -1;
    int input = -1;
    Child child = {};
    const char *snapshot_option = arena_printf(arena, "--snapshot=%s", snapshot->id);
    const char *const arguments[] = {"pg_dump",       "--format=custom",
                                     "--compress=0",  "--no-password",
                                     "--no-owner",    "--no-privileges",
                                     snapshot_option, NULL};
    TRY(child_pipe(arena, &output, &input));
    ChildOptions options = {.arguments = arguments,
                            .environment = postgres_environment(arena, snapshot->connection),
                            .input = -1,
                            .output = input};
    Err *err = child_start(arena, &options, &child);
    fd_closep(&input);
    if (err == NULL) {
        err = read_dump(arena, &child, output, archive);
    }
    fd_closep(&output);
    return err;
}

/* ---- The target ---- */

#define LOOKS 20
#define PAUSE_US 100000

/* Are others of ours connected? A connection that ended just now may be seen a little longer. */
static Err *find_others(Arena *arena, PGconn *connection, bool *ret_any)
{
    const char *others = NULL;
    for (int look = 0; look < LOOKS && !str_equal(others, "0"); look++) {
        usleep(look == 0 ? 0 : PAUSE_US);
        TRY(postgres_value(arena, connection,
                           "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND usename = current_user AND "
                           "pid <> pg_backend_pid() AND application_name LIKE 'voms%'",
                           &others));
    }
    *ret_any = !str_equal(others, "0");
    return NULL;
}

static Err *inspect(Arena *arena, const StoreOptions *options, bool *ret_has_tables,
                    bool *ret_in_use)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    PGresult *tables = NULL;
    TRY(postgres_connect(arena, options->url, &connection));
    TRY(postgres_query(arena, connection, TABLES, &tables));
    *ret_has_tables = PQntuples(tables) > 0;
    PQclear(tables);
    return find_others(arena, connection, ret_in_use);
}

static Err *start_psql(Arena *arena, BackupTarget *target, const char *const *environment,
                       int input)
{
    static const char *const ARGUMENTS[] = {"psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1",
                                            "-f",   "-",  NULL};
    ChildOptions options = {
        .arguments = ARGUMENTS, .environment = environment, .input = input, .output = -1};
    return child_start(arena, &options, &target->psql);
}

static Err *start_restore(Arena *arena, BackupTarget *target, const char *const *environment,
                          int input)
{
    static const char *const ARGUMENTS[] = {
        "pg_restore", "--no-owner", "--no-privileges", "--no-comments", "-f", "-", NULL};
    ChildOptions options = {
        .arguments = ARGUMENTS, .environment = environment, .input = input, .output = target->sql};
    return child_start(arena, &options, &target->restore);
}

static Err *start(Arena *arena, BackupTarget *target, const char *const *environment)
{
    int input = -1;
    TRY(child_pipe(arena, &input, &target->sql));
    Err *err = start_psql(arena, target, environment, input);
    fd_closep(&input);
    TRY(err);
    static const char BEGINNING[] = "SET client_min_messages = warning;\nBEGIN;\n" DROP_ALL;
    TRY(child_feed(arena, target->sql, BEGINNING, strlen(BEGINNING)));
    TRY(child_pipe(arena, &input, &target->dump));
    err = start_restore(arena, target, environment, input);
    fd_closep(&input);
    return err;
}

static void end(BackupTarget *target)
{
    if (target == NULL) {
        return;
    }
    /* Without a COMMIT; both end by themselves once nothing comes any more. */
    child_end(&target->restore);
    child_end(&target->psql);
    fd_closep(&target->dump);
    fd_closep(&target->sql);
}

static Err *begin(Arena *arena, const StoreOptions *options, BackupTarget **ret_target)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    BackupTarget *target = ARENA_NEW(arena, BackupTarget);
    *target = (BackupTarget){.arena = arena, .dump = -1, .sql = -1};
    TRY(postgres_connect(arena, options->url, &connection));
    Err *err = start(arena, target, postgres_environment(arena, connection));
    if (err != NULL) {
        end(target);
        return err;
    }
    *ret_target = target;
    return NULL;
}

/* psql's reason is the first one; pg_restore only could not write any more. */
static Err *reason(Arena *arena, BackupTarget *target, Err *err)
{
    fd_closep(&target->dump);
    Err *restore = target->restore.pid != 0 ? child_wait(arena, &target->restore) : NULL;
    fd_closep(&target->sql);
    Err *psql = target->psql.pid != 0 ? child_wait(arena, &target->psql) : NULL;
    return psql != NULL ? psql : restore != NULL ? restore : err;
}

static Err *feed(Arena *arena, BackupTarget *target, const void *bytes, size_t length)
{
    Err *err = child_feed(arena, target->dump, bytes, length);
    return err == NULL ? NULL : reason(arena, target, err);
}

/* A DO block that raises an exception at the first table whose count differs. */
static const char *checks(Arena *arena, const BackupContents *contents)
{
    Str text;
    str_init(&text, arena);
    str_append(&text, "DO $$ BEGIN\n");
    VEC_FOREACH (BackupTable, table, &contents->tables) {
        str_printf(&text,
                   "IF (SELECT count(*) FROM public.%s) <> %" PRId64
                   " THEN RAISE EXCEPTION 'backup_differs: table %s'; END IF;\n",
                   postgres_name(arena, table->name), table->rows, table->name);
    }
    str_append(&text, "END $$;\nCOMMIT;\n");
    return str_text(&text);
}

static Err *commit(Arena *arena, BackupTarget *target, const BackupContents *contents)
{
    fd_closep(&target->dump);
    Err *err = child_wait(arena, &target->restore);
    if (err != NULL) {
        return reason(arena, target, err);
    }
    const char *text = checks(arena, contents);
    err = child_feed(arena, target->sql, text, strlen(text));
    if (err != NULL) {
        return reason(arena, target, err);
    }
    fd_closep(&target->sql);
    return child_wait(arena, &target->psql);
}

/* ---- Scratch ---- */

static Err *make_scratch(Arena *arena, const StoreOptions *options, const char *folder UNUSED,
                         StoreOptions *ret_scratch)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    TRY(postgres_connect(arena, options->url, &connection));
    const char *name = arena_printf(arena, "voms_verify_%d_%" PRId64, (int)getpid(), time_now());
    Err *err = postgres_exec(arena, connection,
                             arena_printf(arena, "CREATE DATABASE %s TEMPLATE template0",
                                          postgres_name(arena, name)));
    if (err != NULL) {
        return err_wrap(arena, err,
                        "making a database to try the backup on; the role needs CREATEDB (ALTER "
                        "ROLE %s CREATEDB)",
                        PQuser(connection));
    }
    *ret_scratch = *options;
    ret_scratch->url = postgres_sibling_url(arena, connection, name);
    return NULL;
}

static Err *drop_scratch(Arena *arena, const StoreOptions *options, const StoreOptions *scratch)
{
    CLEANUP(postgres_closep) PGconn *connection = NULL;
    CLEANUP(postgres_closep) PGconn *own = NULL;
    TRY(postgres_connect(arena, scratch->url, &own));
    const char *name = postgres_name(arena, PQdb(own));
    postgres_closep(&own);
    TRY(postgres_connect(arena, options->url, &connection));
    return postgres_exec(arena, connection,
                         arena_printf(arena, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name));
}

const BackupDriver backup_postgres_driver = {
    .name = "postgres",
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
