/* migrate_postgres.c - migrations on PostgreSQL: a sequential program that may block. */
#include <inttypes.h>
#include <string.h>

#include <libpq-fe.h>

#include "port/migrate_internal.h"
#include "store.sql.h"

/* Everybody who migrates takes this advisory lock; the number is "voms" in ASCII. */
#define LOCK_KEY "1987013491"
#define SETUP                                                                                      \
    "SET lock_timeout = '60s'; SET statement_timeout = 0; SET timezone = 'UTC';"                   \
    "SET client_min_messages = warning;"

struct Migrator {
    PGconn *connection;
};

static void ignore_notice(void *arg UNUSED, const PGresult *result UNUSED)
{
}

/* Runs one statement with text parameters and leaves its result to the caller. */
static Err *run(Migrator *migrator, Arena *arena, const char *text, const char *const *params,
                int param_count, PGresult **ret_result)
{
    PGresult *result =
        PQexecParams(migrator->connection, text, param_count, NULL, params, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        *ret_result = result;
        return NULL;
    }
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool lost = PQstatus(migrator->connection) == CONNECTION_BAD;
    Err *err = ERR(arena, lost ? ERR_UNAVAILABLE : ERR_INTERNAL, "database_error", "%s (%s)",
                   str_trim(arena, PQerrorMessage(migrator->connection)),
                   state != NULL ? state : "no SQLSTATE");
    PQclear(result);
    return err;
}

static Err *exec(Migrator *migrator, Arena *arena, const char *text)
{
    PGresult *result = NULL;
    TRY(run(migrator, arena, text, NULL, 0, &result));
    PQclear(result);
    return NULL;
}

static void close_connection(Migrator *migrator)
{
    PQfinish(migrator->connection);
}

static Err *open_connection(Arena *arena, const StoreOptions *options, Migrator **ret_migrator)
{
    /* Of several servers the one that takes changes; the url comes last, and may say otherwise. */
    const char *attrs = strchr(options->url, ',') != NULL ? "read-write" : "any";
    const char *keywords[] = {"application_name", "connect_timeout", "target_session_attrs",
                              "dbname", NULL};
    const char *values[] = {"voms-migrate", "10", attrs, options->url, NULL};
    Migrator *migrator = ARENA_NEW(arena, Migrator);
    migrator->connection = PQconnectdbParams(keywords, values, /* expand_dbname= */ 1);
    PQsetNoticeReceiver(migrator->connection, ignore_notice, NULL);
    Err *err = NULL;
    if (PQstatus(migrator->connection) != CONNECTION_OK) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "cannot reach PostgreSQL: %s",
                  str_trim(arena, PQerrorMessage(migrator->connection)));
    } else {
        PGresult *result = PQexec(migrator->connection, SETUP);
        PQclear(result);
    }
    if (err != NULL) {
        close_connection(migrator);
        return err;
    }
    *ret_migrator = migrator;
    return NULL;
}

static Err *prepare(Migrator *migrator, Arena *arena)
{
    /* Released with the connection. */
    Err *err = exec(migrator, arena, "SELECT pg_advisory_lock(" LOCK_KEY ")");
    if (err != NULL) {
        return err_wrap(arena, err, "waiting for another migration to end");
    }
    return exec(migrator, arena, SQL_MIGRATION_TABLE.postgres);
}

static TimeMs parse_time(const char *text)
{
    TimeMs time = 0;
    return time_parse(text, &time) ? time : 1;
}

static Err *list(Migrator *migrator, Arena *arena, AppliedMigrations *ret_applied)
{
    AppliedMigrations applied = {};
    PGresult *result = NULL;
    TRY(run(migrator, arena, SQL_MIGRATION_TABLE_EXISTS.postgres, NULL, 0, &result));
    bool exists = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (exists) {
        TRY(run(migrator, arena, SQL_MIGRATION_RECORDS.postgres, NULL, 0, &result));
        for (int i = 0; i < PQntuples(result); i++) {
            Migration *migration = vec_push(&applied.list, arena);
            str_parse_int64(PQgetvalue(result, i, 0), &migration->id);
            migration->name = arena_strdup(arena, PQgetvalue(result, i, 1));
            migration->checksum = arena_strdup(arena, PQgetvalue(result, i, 2));
            migration->applied_at = parse_time(PQgetvalue(result, i, 3));
        }
        PQclear(result);
    }
    *ret_applied = applied;
    return NULL;
}

static Err *run_statements(Migrator *migrator, Arena *arena, const char *text,
                           const char **ret_statement)
{
    for (const char *statement; (statement = migrate_next_statement(arena, &text)) != NULL;) {
        Err *err = exec(migrator, arena, statement);
        if (err != NULL) {
            *ret_statement = statement;
            return err;
        }
    }
    return NULL;
}

static Err *record(Migrator *migrator, Arena *arena, const MigrationFile *file, int64_t duration_ms)
{
    const char *params[] = {
        arena_printf(arena, "%" PRId64, file->id),
        file->name,
        file->checksum,
        time_format(arena, time_now()),
        VOMS_VERSION,
        arena_printf(arena, "%" PRId64, duration_ms),
    };
    PGresult *result = NULL;
    TRY(run(migrator, arena, SQL_MIGRATION_INSERT.postgres, params, COUNT_OF(params), &result));
    PQclear(result);
    return NULL;
}

static Err *run_file(Migrator *migrator, Arena *arena, const MigrationFile *file,
                     const char **ret_statement)
{
    int64_t start_ms = time_monotonic();
    TRY(run_statements(migrator, arena, file->text, ret_statement));
    TRY(record(migrator, arena, file, time_monotonic() - start_ms));
    return exec(migrator, arena, "COMMIT");
}

/* The advisory lock keeps others away from the whole run. */
static Err *apply(Migrator *migrator, Arena *arena, const MigrationFile *file, bool *ret_applied,
                  const char **ret_statement)
{
    TRY(exec(migrator, arena, "BEGIN"));
    Err *err = run_file(migrator, arena, file, ret_statement);
    if (err != NULL) {
        err_ignore(exec(migrator, arena, "ROLLBACK"), "closing rolls back too");
        return err;
    }
    *ret_applied = true;
    return NULL;
}

const MigratorOps migrate_postgres_ops = {
    .open = open_connection,
    .prepare = prepare,
    .list = list,
    .apply = apply,
    .close = close_connection,
};
