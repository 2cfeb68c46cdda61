/* store_move.h - moving all tables from SQLite to PostgreSQL; all of it blocks.
 *
 * Tables, columns, types and the order of tables come from the catalogue of the migrated target.
 * The only thing that the two schemas have not in common by design: where SQLite counts in a table
 * X_counter (id, last), PostgreSQL has a sequence X_id_seq. */
#pragma once

#include <libpq-fe.h>
#include <sqlite3.h>

#include "base/vec.h"

typedef enum MoveType {
    MOVE_TEXT, /* whatever has one text on both sides */
    MOVE_INT,
    MOVE_REAL,
    MOVE_BOOL, /* 0, 1 in SQLite */
    MOVE_TIME, /* milliseconds in SQLite */
    MOVE_JSON,
    MOVE_BYTES,
} MoveType;

typedef struct MoveColumn {
    const char *name;
    MoveType type;
    const char *sequence; /* that its ids come from; or NULL */
} MoveColumn;

/* A sum over all rows, whatever their order: of the first 16 bytes of a hash of each. */
typedef struct MoveSum {
    int64_t rows;
    uint64_t high;
    uint64_t low;
} MoveSum;

typedef struct MoveTable {
    const char *name;
    VEC(MoveColumn) columns;
    VEC(const char *) needs; /* tables that its rows refer to */
    bool placed;
    MoveSum source;
    MoveSum target;
} MoveTable;

typedef struct MoveTables {
    VEC(MoveTable *) list; /* after store_move_read_catalogue: each behind what it needs */
} MoveTables;

/* Reads the target's tables and orders them. Compares them with the source's: fails with
 * ERR_INTERNAL ("schemas_differ"), naming table or column. */
Err *store_move_read_catalogue(Arena *arena, PGconn *target, sqlite3 *source,
                               MoveTables *ret_tables);

/* Copies the rows of a table; adds them up as they are in the source. */
Err *store_move_copy(Arena *arena, PGconn *target, sqlite3 *source, MoveTable *table);

/* Adds up the rows as they are in the target. */
Err *store_move_sum(Arena *arena, PGconn *target, MoveTable *table);

/* Lets the target's sequences go on where the source's counters are. */
Err *store_move_sequences(Arena *arena, PGconn *target, sqlite3 *source, const MoveTables *tables);

/* What went wrong in SQLite just now. */
Err *store_move_sqlite_error(Arena *arena, sqlite3 *source);
