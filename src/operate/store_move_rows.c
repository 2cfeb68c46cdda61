/* store_move_rows.c - rows on their way from SQLite to PostgreSQL, and their sums on both sides.
 *
 * A value has one canonical text on both sides: instants as milliseconds, truth values as 0 and 1,
 * bytes as hexadecimal, JSON compact with sorted keys, numbers in decimal. The sum of a row is a
 * hash of the canonical texts of its columns. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "operate/postgres.h"
#include "operate/store_move.h"

#define NULL_MARK "\x01N"
#define BATCH_BYTES ((size_t)256 * 1024)

/* ---- Canonical texts ---- */

static const char *real_text(Arena *arena, double value)
{
    return arena_printf(arena, "%.17g", value);
}

/* Equal values have one text, however the numbers in them are written. */
static const char *json_canonical(Arena *arena, const char *text)
{
    json_t *json = NULL;
    return json_parse(arena, text, strlen(text), &json) == NULL ? json_text(arena, json) : text;
}

static const char *source_text(Arena *arena, sqlite3_stmt *row, int i, MoveType type)
{
    switch (type) {
    case MOVE_REAL:
        return real_text(arena, sqlite3_column_double(row, i));
    case MOVE_JSON:
        return json_canonical(arena, (const char *)sqlite3_column_text(row, i));
    case MOVE_BYTES: {
        const void *bytes = sqlite3_column_blob(row, i);
        size_t length = (size_t)sqlite3_column_bytes(row, i);
        return length == 0 ? "" : str_hex(arena, bytes, length);
    }
    case MOVE_TEXT:
    case MOVE_INT:
    case MOVE_BOOL:
    case MOVE_TIME:
        break;
    }
    return (const char *)sqlite3_column_text(row, i);
}

/* "2026-01-02 03:04:05.678+00" as PostgreSQL writes it in UTC. */
static const char *time_text(Arena *arena, const char *text)
{
    TimeMs time = 0;
    char *copy = arena_printf(arena, "%s:00", text);
    if (strlen(copy) > 10) {
        copy[10] = 'T';
    }
    return time_parse(copy, &time) ? arena_printf(arena, "%" PRId64, time) : text;
}

static const char *target_text(Arena *arena, const char *text, MoveType type)
{
    switch (type) {
    case MOVE_REAL:
        return real_text(arena, strtod(text, NULL));
    case MOVE_JSON:
        return json_canonical(arena, text);
    case MOVE_BYTES:
        return text + 2; /* "\x" */
    case MOVE_BOOL:
        return text[0] == 't' ? "1" : "0";
    case MOVE_TIME:
        return time_text(arena, text);
    case MOVE_TEXT:
    case MOVE_INT:
        break;
    }
    return text;
}

/* ---- Sums ---- */

static uint64_t get_u64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void add_value(crypto_generichash_state *hash, const char *text)
{
    text = text == NULL ? NULL_MARK : text;
    /* With its zero byte a value cannot run into the next. */
    crypto_generichash_update(hash, (const uint8_t *)text, strlen(text) + 1);
}

static void add_row(crypto_generichash_state *hash, MoveSum *sum)
{
    uint8_t bytes[16];
    crypto_generichash_final(hash, bytes, sizeof(bytes));
    sum->rows++;
    sum->high += get_u64(bytes);
    sum->low += get_u64(bytes + 8);
}

/* ---- Source to target ---- */

static const char *column_list(Arena *arena, const MoveTable *table)
{
    Str text;
    str_init(&text, arena);
    VEC_FOREACH (MoveColumn, column, &table->columns) {
        str_printf(&text, "%s%s", text.length > 0 ? ", " : "", postgres_name(arena, column->name));
    }
    return str_text(&text);
}

static void append_escaped(Str *line, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\\':
            str_append(line, "\\\\");
            break;
        case '\n':
            str_append(line, "\\n");
            break;
        case '\r':
            str_append(line, "\\r");
            break;
        case '\t':
            str_append(line, "\\t");
            break;
        default:
            str_append_char(line, *text);
        }
    }
}

/* A value as COPY's text format takes it. */
static void append_value(Arena *arena, Str *line, const char *canonical, MoveType type)
{
    int64_t time = 0;
    if (canonical == NULL) {
        str_append(line, "\\N");
    } else if (type == MOVE_TIME && str_parse_int64(canonical, &time)) {
        str_append(line, time_format(arena, time));
    } else if (type == MOVE_BYTES) {
        str_append(line, "\\\\x");
        str_append(line, canonical);
    } else {
        append_escaped(line, canonical);
    }
}

static void append_row(Arena *arena, sqlite3_stmt *row, MoveTable *table, Str *line)
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 16);
    for (size_t i = 0; i < table->columns.count; i++) {
        MoveType type = table->columns.items[i].type;
        bool is_null = sqlite3_column_type(row, (int)i) == SQLITE_NULL;
        const char *text = is_null ? NULL : source_text(arena, row, (int)i, type);
        add_value(&hash, text);
        str_append(line, i > 0 ? "\t" : "");
        append_value(arena, line, text, type);
    }
    str_append_char(line, '\n');
    add_row(&hash, &table->source);
}

static Err *send(Arena *arena, PGconn *target, const Str *line)
{
    if (line->length > 0 && PQputCopyData(target, line->data, (int)line->length) != 1) {
        return postgres_error(arena, target, NULL);
    }
    return NULL;
}

/* In batches, each with memory of its own. */
static Err *send_rows(Arena *arena, PGconn *target, sqlite3_stmt *row, MoveTable *table)
{
    CLEANUP(arena_freep) Arena *batch = arena_new();
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) {
        Str line;
        str_init(&line, batch);
        while (line.length < BATCH_BYTES && (code = sqlite3_step(row)) == SQLITE_ROW) {
            append_row(batch, row, table, &line);
        }
        TRY(err_copy(arena, send(batch, target, &line)));
        arena_reset(batch);
    }
    return code == SQLITE_DONE ? NULL : store_move_sqlite_error(arena, sqlite3_db_handle(row));
}

static Err *finish_copy(Arena *arena, PGconn *target, const char *reason)
{
    if (PQputCopyEnd(target, reason) != 1) {
        return postgres_error(arena, target, NULL);
    }
    Err *err = NULL;
    for (PGresult *result; (result = PQgetResult(target)) != NULL; PQclear(result)) {
        if (err == NULL && PQresultStatus(result) != PGRES_COMMAND_OK) {
            err = postgres_error(arena, target, result);
        }
    }
    return err;
}

Err *store_move_copy(Arena *arena, PGconn *target, sqlite3 *source, MoveTable *table)
{
    const char *columns = column_list(arena, table);
    const char *name = postgres_name(arena, table->name);
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(source, arena_printf(arena, "SELECT %s FROM %s", columns, name), -1,
                           &row, NULL) != SQLITE_OK) {
        return store_move_sqlite_error(arena, source);
    }
    Err *err =
        postgres_exec(arena, target, arena_printf(arena, "COPY %s (%s) FROM STDIN", name, columns));
    if (err == NULL) {
        err = send_rows(arena, target, row, table);
        Err *end = finish_copy(arena, target, err == NULL ? NULL : "reading the source failed");
        err = err != NULL ? err : end;
    }
    sqlite3_finalize(row);
    return err_wrap(arena, err, "moving table %s", table->name);
}

/* ---- The target's sum ---- */

static void add_result(Arena *arena, const PGresult *result, MoveTable *table)
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 16);
    for (size_t i = 0; i < table->columns.count; i++) {
        const char *text = PQgetvalue(result, 0, (int)i);
        bool is_null = PQgetisnull(result, 0, (int)i) == 1;
        add_value(&hash, is_null ? NULL : target_text(arena, text, table->columns.items[i].type));
    }
    add_row(&hash, &table->target);
}

Err *store_move_sum(Arena *arena, PGconn *target, MoveTable *table)
{
    CLEANUP(arena_freep) Arena *row = arena_new();
    Err *err = NULL;
    const char *text = arena_printf(arena, "SELECT %s FROM %s", column_list(arena, table),
                                    postgres_name(arena, table->name));
    if (PQsendQuery(target, text) != 1 || PQsetSingleRowMode(target) != 1) {
        return postgres_error(arena, target, NULL);
    }
    for (PGresult *result; (result = PQgetResult(target)) != NULL; PQclear(result)) {
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_SINGLE_TUPLE) {
            add_result(row, result, table);
            arena_reset(row);
        } else if (status != PGRES_TUPLES_OK && err == NULL) {
            err = postgres_error(arena, target, result);
        }
    }
    return err;
}

/* ---- Counters ---- */

static Err *source_number(Arena *arena, sqlite3 *source, const char *text, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(source, text, -1, &statement, NULL) != SQLITE_OK) {
        return store_move_sqlite_error(arena, source);
    }
    *ret_number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return NULL;
}

static Err *set_sequence(Arena *arena, PGconn *target, const char *sequence, int64_t last)
{
    if (last < 1) {
        return NULL;
    }
    char *literal = PQescapeLiteral(target, sequence, strlen(sequence));
    BUG_ON(literal == NULL);
    const char *text =
        arena_printf(arena, "SELECT setval(%s::regclass, %" PRId64 ")", literal, last);
    PQfreemem(literal);
    return postgres_exec(arena, target, text);
}

/* An id that was given once, even to a row that is gone, is not given again. */
static Err *follow_table(Arena *arena, PGconn *target, sqlite3 *source, const MoveTable *table)
{
    VEC_FOREACH (MoveColumn, column, &table->columns) {
        int64_t last = 0;
        if (column->sequence == NULL) {
            continue;
        }
        const char *text = arena_printf(
            arena,
            "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = '%s'), 0), "
            "ifnull((SELECT max(\"%s\") FROM \"%s\"), 0))",
            table->name, column->name, table->name);
        TRY(source_number(arena, source, text, &last));
        TRY(set_sequence(arena, target, column->sequence, last));
    }
    return NULL;
}

static Err *follow_counters(Arena *arena, PGconn *target, sqlite3 *source)
{
    sqlite3_stmt *names = NULL;
    Err *err = NULL;
    if (sqlite3_prepare_v2(source,
                           "SELECT substr(name, 1, length(name) - 8) FROM sqlite_master "
                           "WHERE type = 'table' AND name LIKE '%\\_counter' ESCAPE '\\'",
                           -1, &names, NULL) != SQLITE_OK) {
        return store_move_sqlite_error(arena, source);
    }
    while (err == NULL && sqlite3_step(names) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        int64_t last = 0;
        err = source_number(arena, source,
                            arena_printf(arena, "SELECT last FROM \"%s_counter\"", name), &last);
        if (err == NULL) {
            err = set_sequence(arena, target, arena_printf(arena, "%s_id_seq", name), last);
        }
    }
    sqlite3_finalize(names);
    return err;
}

Err *store_move_sequences(Arena *arena, PGconn *target, sqlite3 *source, const MoveTables *tables)
{
    VEC_FOREACH (MoveTable *, table, &tables->list) {
        TRY(follow_table(arena, target, source, *table));
    }
    return follow_counters(arena, target, source);
}
