/* sqlite_error.c - result codes of SQLite as errors, with PostgreSQL's names for constraints. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "io/sqlite_internal.h"

#define UNIQUE_PREFIX "UNIQUE constraint failed: "
#define CHECK_PREFIX "CHECK constraint failed: "

typedef struct ColumnList {
    const char *table;
    VEC(const char *) names;
} ColumnList;

/* Splits "account.org_id, account.username". */
static ColumnList parse_columns(Arena *arena, const char *text)
{
    ColumnList list = {};
    while (*text != 0) {
        size_t length = strcspn(text, ",");
        char *item = str_trim(arena, arena_strndup(arena, text, length));
        char *dot = strchr(item, '.');
        if (dot != NULL) {
            *dot = 0;
            list.table = item;
            *(const char **)vec_push(&list.names, arena) = dot + 1;
        }
        text += length + (text[length] == ',');
    }
    return list;
}

static bool index_has_columns(sqlite3 *handle, const char *index, const ColumnList *list)
{
    sqlite3_stmt *query = NULL;
    size_t matched = 0;
    size_t count = 0;
    if (sqlite3_prepare_v2(handle, "SELECT name FROM pragma_index_info(?1) ORDER BY seqno", -1,
                           &query, NULL) != SQLITE_OK) {
        return false;
    }
    sqlite3_bind_text(query, 1, index, -1, SQLITE_STATIC);
    while (sqlite3_step(query) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(query, 0);
        if (count < list->names.count && name != NULL &&
            strcmp(name, list->names.items[count]) == 0) {
            matched++;
        }
        count++;
    }
    sqlite3_finalize(query);
    return matched == count && count == list->names.count;
}

/* The name of the unique index over these columns, if somebody gave it one. */
static const char *named_index(sqlite3 *handle, Arena *arena, const ColumnList *list)
{
    sqlite3_stmt *query = NULL;
    const char *found = NULL;
    if (sqlite3_prepare_v2(handle,
                           "SELECT name FROM pragma_index_list(?1) WHERE origin = 'c' AND "
                           "\"unique\" = 1",
                           -1, &query, NULL) != SQLITE_OK) {
        return NULL;
    }
    sqlite3_bind_text(query, 1, list->table, -1, SQLITE_STATIC);
    while (found == NULL && sqlite3_step(query) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(query, 0);
        found = index_has_columns(handle, name, list) ? arena_strdup(arena, name) : NULL;
    }
    sqlite3_finalize(query);
    return found;
}

/* What PostgreSQL would call the constraint: table_column_key, table_pkey, or the index's name. */
static const char *unique_name(sqlite3 *handle, Arena *arena, const char *message, bool primary)
{
    if (!str_starts_with(message, UNIQUE_PREFIX)) {
        return NULL;
    }
    const char *what = message + strlen(UNIQUE_PREFIX);
    if (str_starts_with(what, "index '")) {
        const char *name = what + strlen("index '");
        return arena_strndup(arena, name, strcspn(name, "'"));
    }
    ColumnList list = parse_columns(arena, what);
    if (list.table == NULL) {
        return arena_strdup(arena, what);
    }
    if (primary) {
        return arena_printf(arena, "%s_pkey", list.table);
    }
    const char *named = named_index(handle, arena, &list);
    if (named != NULL) {
        return named;
    }
    Str name;
    str_init(&name, arena);
    str_append(&name, list.table);
    VEC_FOREACH (const char *, column, &list.names) {
        str_printf(&name, "_%s", *column);
    }
    str_append(&name, "_key");
    return str_text(&name);
}

static Err *constraint_error(sqlite3 *handle, Arena *arena, const char *what, int code)
{
    const char *message = arena_strdup(arena, sqlite3_errmsg(handle));
    const char *param = NULL;
    const char *kind = NULL;
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        kind = "unique_violation";
        param = unique_name(handle, arena, message, code != SQLITE_CONSTRAINT_UNIQUE);
        break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        kind = "foreign_key_violation";
        break;
    case SQLITE_CONSTRAINT_CHECK:
        kind = "check_violation";
        param = str_starts_with(message, CHECK_PREFIX) ? message + strlen(CHECK_PREFIX) : NULL;
        break;
    default:
        return ERR(arena, ERR_INTERNAL, "constraint_violation", "%s: %s", what, message);
    }
    Err *err = ERR(arena, ERR_CONFLICT, kind, "%s: %s", what, message);
    err->param = param;
    return err;
}

Err *sqlite_error(sqlite3 *handle, Arena *arena, const char *what, int code)
{
    const char *message = handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_error(handle, arena, what, code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR(arena, ERR_BUSY, "database_busy", "%s: %s", what, message);
    case SQLITE_INTERRUPT:
        return ERR(arena, ERR_TIMEOUT, "statement_timeout", "%s: ran into its deadline", what);
    case SQLITE_FULL:
        return ERR(arena, ERR_UNAVAILABLE, "storage_full",
                   "%s: the disk that holds the database is full (%s)", what, message);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
        return ERR(arena, ERR_UNAVAILABLE, "storage_error", "%s: %s (%s)", what, message,
                   sqlite3_errstr(code));
    default:
        return ERR(arena, ERR_INTERNAL, "database_error", "%s: %s (%s)", what, message,
                   sqlite3_errstr(code));
    }
}
