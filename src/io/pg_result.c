/* pg_result.c - binary results as values. */
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "io/pg_internal.h"

/* Fixed in src/include/catalog/pg_type.dat. */
typedef enum PgType {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_CHAR = 18,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_JSON = 114,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_UNKNOWN = 705,
    PG_BPCHAR = 1042,
    PG_VARCHAR = 1043,
    PG_DATE = 1082,
    PG_TIMESTAMPTZ = 1184,
    PG_NUMERIC = 1700,
    PG_VOID = 2278,
    PG_UUID = 2950,
    PG_JSONB = 3802
} PgType;

#define EPOCH_2000_DAYS 10957
#define EPOCH_2000_MS (EPOCH_2000_DAYS * DAY_MS)
#define NUMERIC_NEGATIVE 0x4000

static uint16_t read_u16(const char *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return be16toh(value);
}

static uint32_t read_u32(const char *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof(value));
    return be32toh(value);
}

static uint64_t read_u64(const char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return be64toh(value);
}

static double read_double(const char *bytes)
{
    uint64_t bits = read_u64(bytes);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static double read_float(const char *bytes)
{
    uint32_t bits = read_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return (double)value;
}

static TimeMs read_time(const char *bytes)
{
    int64_t us = (int64_t)read_u64(bytes);
    int64_t ms = us / 1000 - (us % 1000 < 0);
    return ms + EPOCH_2000_MS;
}

/* numeric: digits of base 10,000, the first weighs 10,000^weight. sum() and avg() are of this
 * type: whole ones become SQL_INT, as on SQLite. */
static SqlValue read_numeric(const char *bytes)
{
    int digit_count = read_u16(bytes);
    int weight = (int16_t)read_u16(bytes + 2);
    bool negative = read_u16(bytes + 4) == NUMERIC_NEGATIVE;
    bool whole = read_u16(bytes + 6) == 0;
    double real = 0;
    int64_t integer = 0;
    int groups = 0;
    for (; groups < digit_count || (groups <= weight && whole); groups++) {
        /* Groups of zeros at the end are not sent. */
        int digit = groups < digit_count ? read_u16(bytes + 8 + 2 * groups) : 0;
        real = real * 10000 + digit;
        whole = whole && !__builtin_mul_overflow(integer, 10000, &integer) &&
                !__builtin_add_overflow(integer, digit, &integer);
    }
    if (whole) {
        return sql_int(negative ? -integer : integer);
    }
    int shift = weight - groups + 1;
    for (; shift < 0; shift++) {
        real /= 10000;
    }
    for (; shift > 0; shift--) {
        real *= 10000;
    }
    return sql_real(negative ? -real : real);
}

static SqlValue copy_text(Arena *arena, const char *bytes, size_t length, SqlType type)
{
    return (SqlValue){.type = type, .text = arena_strndup(arena, bytes, length), .length = length};
}

static SqlValue format_uuid(Arena *arena, const char *bytes)
{
    const char *hex = str_hex(arena, bytes, 16);
    const char *text = arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                                    hex + 16, hex + 20);
    return (SqlValue){.type = SQL_TEXT, .text = text, .length = 36};
}

static SqlValue format_date(Arena *arena, const char *bytes)
{
    Date date = date_from_days((int32_t)read_u32(bytes) + EPOCH_2000_DAYS);
    const char *text = date_format(arena, date);
    return (SqlValue){.type = SQL_TEXT, .text = text, .length = strlen(text)};
}

/* False if the type is not one of ours. */
static bool read_value(Arena *arena, Oid type, const char *bytes, size_t length, SqlValue *value)
{
    switch ((PgType)type) {
    case PG_INT8:
        *value = sql_int((int64_t)read_u64(bytes));
        return true;
    case PG_INT4:
        *value = sql_int((int32_t)read_u32(bytes));
        return true;
    case PG_INT2:
        *value = sql_int((int16_t)read_u16(bytes));
        return true;
    case PG_OID:
        *value = sql_int(read_u32(bytes));
        return true;
    case PG_BOOL:
        *value = sql_bool(bytes[0] != 0);
        return true;
    case PG_TIMESTAMPTZ:
        *value = (SqlValue){.type = SQL_TIME, .integer = read_time(bytes)};
        return true;
    case PG_FLOAT8:
        *value = sql_real(read_double(bytes));
        return true;
    case PG_FLOAT4:
        *value = sql_real(read_float(bytes));
        return true;
    case PG_NUMERIC:
        *value = read_numeric(bytes);
        return true;
    case PG_TEXT:
    case PG_VARCHAR:
    case PG_BPCHAR:
    case PG_NAME:
    case PG_CHAR:
    case PG_JSON:
    case PG_UNKNOWN:
        *value = copy_text(arena, bytes, length, SQL_TEXT);
        return true;
    case PG_JSONB: /* a version byte comes first */
        *value = copy_text(arena, bytes + 1, length - 1, SQL_TEXT);
        return true;
    case PG_BYTEA:
        *value = copy_text(arena, bytes, length, SQL_BYTES);
        return true;
    case PG_DATE:
        *value = format_date(arena, bytes);
        return true;
    case PG_UUID:
        *value = format_uuid(arena, bytes);
        return true;
    case PG_VOID:
        *value = sql_null();
        return true;
    }
    return false;
}

/* Names are kept with the statement: its columns are listed, so they do not change. */
static const char *const *columns_of(PgClient *client, PgStatement *statement,
                                     const PGresult *result, Arena *arena)
{
    size_t count = (size_t)PQnfields(result);
    if (statement->columns != NULL && statement->column_count == count) {
        return statement->columns;
    }
    Arena *home = statement->number != 0 ? client->arena : arena;
    const char **columns = ARENA_ARRAY(home, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        columns[i] = arena_strdup(home, PQfname(result, (int)i));
    }
    if (home == client->arena) {
        statement->columns = columns;
        statement->column_count = count;
    }
    return columns;
}

static int64_t affected_rows(const PGresult *result)
{
    const char *tag = PQcmdStatus((PGresult *)result);
    int64_t count = 0;
    if (str_starts_with(tag, "SELECT") ||
        !str_parse_int64(PQcmdTuples((PGresult *)result), &count)) {
        return 0;
    }
    return count;
}

Err *pg_read_rows(PgClient *client, PgStatement *statement, const PGresult *result, PgRange range,
                  Arena *arena, SqlRows **ret_rows)
{
    SqlRows *rows = ARENA_NEW(arena, SqlRows);
    rows->count = (size_t)range.count;
    rows->column_count = (size_t)PQnfields(result);
    rows->columns = columns_of(client, statement, result, arena);
    rows->affected = affected_rows(result);
    SqlValue *values = ARENA_ARRAY(arena, SqlValue, rows->count * rows->column_count + 1);
    rows->values = values;
    for (int row = range.first; row < range.first + range.count; row++) {
        for (int column = 0; column < (int)rows->column_count; column++, values++) {
            if (PQgetisnull(result, row, column)) {
                continue; /* zeroed is SQL_NULL */
            }
            if (!read_value(arena, PQftype(result, column), PQgetvalue(result, row, column),
                            (size_t)PQgetlength(result, row, column), values)) {
                return ERR(arena, ERR_INTERNAL, "database_error",
                           "column %s has type %u, which has no SqlType: cast it",
                           PQfname(result, column), PQftype(result, column));
            }
        }
    }
    *ret_rows = rows;
    return NULL;
}

PgRange pg_find_row(const PGresult *result, int64_t id)
{
    BUG_ON(PQftype(result, 0) != PG_INT8);
    int count = PQntuples(result);
    for (int row = 0; row < count; row++) {
        if ((int64_t)read_u64(PQgetvalue(result, row, 0)) == id) {
            return (PgRange){.first = row, .count = 1};
        }
    }
    return (PgRange){};
}
