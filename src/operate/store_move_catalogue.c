#include <string.h>

#include "base/str.h"
#include "operate/postgres.h"
#include "operate/store_move.h"

#define COLUMNS                                                                                    \
    "SELECT c.relname, a.attname, format_type(a.atttypid, NULL), "                                 \
    "pg_get_serial_sequence(format('%I.%I', current_schema(), c.relname), a.attname) "             \
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "                                   \
    "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace "                   \
    "AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' "                             \
    "AND c.relname <> 'voms_schema_migrations' "                                                   \
    "ORDER BY c.relname COLLATE \"C\", a.attnum"
#define REFERENCES                                                                                 \
    "SELECT s.relname, t.relname FROM pg_constraint r "                                            \
    "JOIN pg_class s ON s.oid = r.conrelid JOIN pg_class t ON t.oid = r.confrelid "                \
    "WHERE r.contype = 'f' AND s.relnamespace = current_schema()::regnamespace "                   \
    "AND s.oid <> t.oid"
#define SOURCE_COLUMNS                                                                             \
    "SELECT m.name, p.name FROM sqlite_master m, pragma_table_xinfo(m.name) p "                    \
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND p.hidden = 0 "                       \
    "AND m.name <> 'voms_schema_migrations' ORDER BY 1, 2"

Err *store_move_sqlite_error(Arena *arena, sqlite3 *source)
{
    return ERR(arena, ERR_UNAVAILABLE, "database_error", "SQLite: %s", sqlite3_errmsg(source));
}

static MoveType type_of(const char *name)
{
    static const struct {
        const char *name;
        MoveType type;
    } TYPES[] = {
        {"bigint", MOVE_INT},   {"integer", MOVE_INT},
        {"smallint", MOVE_INT}, {"double precision", MOVE_REAL},
        {"boolean", MOVE_BOOL}, {"timestamp with time zone", MOVE_TIME},
        {"jsonb", MOVE_JSON},   {"json", MOVE_JSON},
        {"bytea", MOVE_BYTES},
    };
    for (size_t i = 0; i < COUNT_OF(TYPES); i++) {
        if (str_equal(TYPES[i].name, name)) {
            return TYPES[i].type;
        }
    }
    return MOVE_TEXT;
}

static MoveTable *find_table(const MoveTables *tables, const char *name)
{
    VEC_FOREACH (MoveTable *, table, &tables->list) {
        if (str_equal((*table)->name, name)) {
            return *table;
        }
    }
    return NULL;
}

static MoveTable *take_table(Arena *arena, MoveTables *tables, const char *name)
{
    MoveTable *table = find_table(tables, name);
    if (table == NULL) {
        table = ARENA_NEW(arena, MoveTable);
        table->name = arena_strdup(arena, name);
        *vec_push(&tables->list, arena) = table;
    }
    return table;
}

static Err *read_columns(Arena *arena, PGconn *target, MoveTables *tables)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, target, COLUMNS, &result));
    for (int i = 0; i < PQntuples(result); i++) {
        MoveTable *table = take_table(arena, tables, PQgetvalue(result, i, 0));
        *(MoveColumn *)vec_push(&table->columns, arena) = (MoveColumn){
            .name = arena_strdup(arena, PQgetvalue(result, i, 1)),
            .type = type_of(PQgetvalue(result, i, 2)),
            .sequence =
                PQgetisnull(result, i, 3) ? NULL : arena_strdup(arena, PQgetvalue(result, i, 3)),
        };
    }
    PQclear(result);
    return NULL;
}

static Err *read_references(Arena *arena, PGconn *target, MoveTables *tables)
{
    PGresult *result = NULL;
    TRY(postgres_query(arena, target, REFERENCES, &result));
    for (int i = 0; i < PQntuples(result); i++) {
        MoveTable *table = find_table(tables, PQgetvalue(result, i, 0));
        if (table != NULL) {
            *(const char **)vec_push(&table->needs, arena) =
                arena_strdup(arena, PQgetvalue(result, i, 1));
        }
    }
    PQclear(result);
    return NULL;
}

static bool is_ready(const MoveTables *tables, const MoveTable *table)
{
    VEC_FOREACH (const char *, name, &table->needs) {
        const MoveTable *needed = find_table(tables, *name);
        if (needed != NULL && !needed->placed) {
            return false;
        }
    }
    return true;
}

static Err *order(Arena *arena, MoveTables *tables)
{
    MoveTables ordered = {};
    while (ordered.list.count < tables->list.count) {
        size_t before = ordered.list.count;
        VEC_FOREACH (MoveTable *, table, &tables->list) {
            if (!(*table)->placed && is_ready(tables, *table)) {
                (*table)->placed = true;
                *vec_push(&ordered.list, arena) = *table;
            }
        }
        if (ordered.list.count == before) {
            return ERR(arena, ERR_INTERNAL, "schemas_differ",
                       "tables refer to each other in a ring");
        }
    }
    *tables = ordered;
    return NULL;
}

static bool has_column(const MoveTable *table, const char *name)
{
    VEC_FOREACH (MoveColumn, column, &table->columns) {
        if (str_equal(column->name, name)) {
            return true;
        }
    }
    return false;
}

static Err *compare_column(Arena *arena, const MoveTables *tables, const char *table_name,
                           const char *column, size_t *common)
{
    const MoveTable *table = find_table(tables, table_name);
    if (table == NULL && str_ends_with(table_name, "_counter")) {
        return NULL;
    }
    if (table == NULL || !has_column(table, column)) {
        return ERR(arena, ERR_INTERNAL, "schemas_differ", "the target has no place for %s.%s",
                   table_name, column);
    }
    *common += 1;
    return NULL;
}

static Err *compare_rows(Arena *arena, sqlite3_stmt *statement, const MoveTables *tables,
                         size_t *common)
{
    while (sqlite3_step(statement) == SQLITE_ROW) {
        TRY(compare_column(arena, tables, (const char *)sqlite3_column_text(statement, 0),
                           (const char *)sqlite3_column_text(statement, 1), common));
    }
    return NULL;
}

static Err *compare(Arena *arena, sqlite3 *source, const MoveTables *tables)
{
    sqlite3_stmt *statement = NULL;
    size_t common = 0;
    size_t wanted = 0;
    if (sqlite3_prepare_v2(source, SOURCE_COLUMNS, -1, &statement, NULL) != SQLITE_OK) {
        return store_move_sqlite_error(arena, source);
    }
    Err *err = compare_rows(arena, statement, tables, &common);
    sqlite3_finalize(statement);
    TRY(err);
    VEC_FOREACH (MoveTable *, table, &tables->list) {
        wanted += (*table)->columns.count;
    }
    if (common != wanted) {
        return ERR(arena, ERR_INTERNAL, "schemas_differ",
                   "the source has %zu of the target's %zu columns: bring both to the same version",
                   common, wanted);
    }
    return NULL;
}

Err *store_move_read_catalogue(Arena *arena, PGconn *target, sqlite3 *source,
                               MoveTables *ret_tables)
{
    MoveTables tables = {};
    TRY(read_columns(arena, target, &tables));
    TRY(read_references(arena, target, &tables));
    TRY(compare(arena, source, &tables));
    TRY(order(arena, &tables));
    *ret_tables = tables;
    return NULL;
}
