#include "operate/postgres.h"

#include "base/str.h"
#include "base/vec.h"

#define SETUP                                                                                      \
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;"                      \
    "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET bytea_output = 'hex';"                  \
    "SET extra_float_digits = 3; SET client_min_messages = warning"

static void ignore_notice(void *arg UNUSED, const PGresult *result UNUSED)
{
}

void postgres_closep(PGconn **connection)
{
    PQfinish(*connection);
    *connection = NULL;
}

Err *postgres_error(Arena *arena, PGconn *connection, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool lost = PQstatus(connection) == CONNECTION_BAD;
    return ERR(arena, lost ? ERR_UNAVAILABLE : ERR_INTERNAL, "database_error", "%s (%s)",
               str_trim(arena, PQerrorMessage(connection)), state != NULL ? state : "no SQLSTATE");
}

Err *postgres_connect(Arena *arena, const char *url, PGconn **ret_connection)
{
    const char *keywords[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *values[] = {url, "vomsctl", "10", NULL};
    CLEANUP(postgres_closep)
    PGconn *connection = PQconnectdbParams(keywords, values, /* expand_dbname= */ 1);
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    if (PQstatus(connection) != CONNECTION_OK) {
        return ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "cannot reach PostgreSQL: %s",
                   str_trim(arena, PQerrorMessage(connection)));
    }
    TRY(postgres_exec(arena, connection, SETUP));
    *ret_connection = TAKE(connection);
    return NULL;
}

Err *postgres_query(Arena *arena, PGconn *connection, const char *text, PGresult **ret_result)
{
    PGresult *result = PQexec(connection, text);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN ||
        status == PGRES_COPY_OUT) {
        *ret_result = result;
        return NULL;
    }
    Err *err = postgres_error(arena, connection, result);
    PQclear(result);
    return err;
}

Err *postgres_exec(Arena *arena, PGconn *connection, const char *text)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, connection, text, &result));
    PQclear(result);
    return NULL;
}

Err *postgres_value(Arena *arena, PGconn *connection, const char *text, const char **ret_value)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, connection, text, &result));
    bool found = PQntuples(result) > 0 && !PQgetisnull(result, 0, 0);
    *ret_value = found ? arena_strdup(arena, PQgetvalue(result, 0, 0)) : NULL;
    PQclear(result);
    return NULL;
}

const char *const *postgres_environment(Arena *arena, PGconn *connection)
{
    VEC(const char *) all = {};
    PQconninfoOption *options = PQconninfo(connection);
    BUG_ON(options == NULL);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        const char *value = option->val;
        /* Of several hosts the one that answered: there the snapshot is. */
        if (str_equal(option->keyword, "host")) {
            value = PQhost(connection);
        } else if (str_equal(option->keyword, "port")) {
            value = PQport(connection);
        } else if (str_equal(option->keyword, "hostaddr")) {
            value = NULL;
        }
        if (option->envvar != NULL && value != NULL && value[0] != '\0') {
            *vec_push(&all, arena) = arena_printf(arena, "%s=%s", option->envvar, value);
        }
    }
    PQconninfoFree(options);
    *vec_push(&all, arena) = "PGOPTIONS=-c statement_timeout=0 -c lock_timeout=30s "
                             "-c client_min_messages=warning";
    *vec_push(&all, arena) = NULL;
    return all.items;
}

static void append_quoted(Str *str, const char *keyword, const char *value)
{
    str_printf(str, "%s%s='", str->length > 0 ? " " : "", keyword);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\') {
            str_append_char(str, '\\');
        }
        str_append_char(str, *value);
    }
    str_append_char(str, '\'');
}

const char *postgres_sibling_url(Arena *arena, PGconn *connection, const char *database)
{
    Str str;
    str_init(&str, arena);
    PQconninfoOption *options = PQconninfo(connection);
    BUG_ON(options == NULL);
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (str_equal(option->keyword, "dbname")) {
            append_quoted(&str, "dbname", database);
        } else if (option->val != NULL && option->val[0] != '\0' &&
                   !str_equal(option->keyword, "application_name") &&
                   !str_equal(option->keyword, "fallback_application_name")) {
            append_quoted(&str, option->keyword, option->val);
        }
    }
    PQconninfoFree(options);
    return str_text(&str);
}

const char *postgres_name(Arena *arena, const char *name)
{
    Str str;
    str_init(&str, arena);
    str_append_char(&str, '"');
    for (; *name != '\0'; name++) {
        str_append(&str, *name == '"' ? "\"" : "");
        str_append_char(&str, *name);
    }
    str_append_char(&str, '"');
    return str_text(&str);
}
