/* sql.h - what statements, their parameters and their results look like on both databases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

/* ---- Values ---- */

typedef enum SqlType {
    SQL_NULL,
    SQL_INT,
    SQL_REAL,
    SQL_BOOL,
    SQL_TIME,
    SQL_TEXT,
    SQL_BYTES
} SqlType;

typedef struct SqlValue {
    SqlType type;
    union {
        int64_t integer; /* SQL_INT, SQL_BOOL (0, 1), SQL_TIME (milliseconds) */
        double real;
        const char *text; /* SQL_TEXT: zero-terminated; SQL_BYTES: length bytes */
    };
    size_t length;
} SqlValue;

typedef struct SqlArgs {
    const SqlValue *values;
    size_t count;
} SqlArgs;

/* Parameters, by type. */
static inline SqlValue sql_null(void)
{
    return (SqlValue){.type = SQL_NULL};
}

/* A number. */
static inline SqlValue sql_int(int64_t value)
{
    return (SqlValue){.type = SQL_INT, .integer = value};
}

/* A truth value. */
static inline SqlValue sql_bool(bool value)
{
    return (SqlValue){.type = SQL_BOOL, .integer = value};
}

/* A floating-point number. */
static inline SqlValue sql_real(double value)
{
    return (SqlValue){.type = SQL_REAL, .real = value};
}

/* 0 is null: no instant of ours is 1970-01-01T00:00:00.000Z. */
static inline SqlValue sql_time(TimeMs value)
{
    return value == 0 ? sql_null() : (SqlValue){.type = SQL_TIME, .integer = value};
}

/* 0 is null: no id is 0. */
static inline SqlValue sql_id(int64_t id)
{
    return id == 0 ? sql_null() : sql_int(id);
}

/* NULL is null. */
SqlValue sql_text(const char *text);
SqlValue sql_bytes(const void *bytes, size_t length);

#define ARGS(...)                                                                                  \
    ((SqlArgs){.values = (const SqlValue[]){__VA_ARGS__},                                          \
               .count = sizeof((SqlValue[]){__VA_ARGS__}) / sizeof(SqlValue)})
#define NO_ARGS ((SqlArgs){0})

/* ---- Statements ---- */

/* One statement of a .sql file, made into a constant by tools/sql2c.py. */
typedef struct SqlStatement {
    const char *name;
    const char *sqlite;   /* text for SQLite */
    const char *postgres; /* text for PostgreSQL; the same pointer where the text is shared */
    int param_count;
    bool writes; /* changes rows */
    bool scan;   /* may read many rows: runs off the loop on SQLite */
    /* It finds one row by its id, $1, the first column; this finds those of all ids in an array. */
    const struct SqlStatement *many;
    /* It inserts one row; this inserts row_count of them, their parameters one row after another.
     */
    const struct SqlStatement *rows;
    int row_count;  /* of a statement that is another's rows */
    bool scattered; /* its rows go to places far apart: not by rows on SQLite */
} SqlStatement;

/* ---- Rows ---- */

/* SQLite has no types for booleans and instants: there they come back as SQL_INT. row_bool and
 * row_time read either. Dates, JSON and uuids are SQL_TEXT on both. */
typedef struct SqlRows {
    size_t count;
    size_t column_count;
    const char *const *columns;
    const SqlValue *values; /* row after row */
    int64_t affected;       /* rows changed by INSERT, UPDATE, DELETE */
} SqlRows;
