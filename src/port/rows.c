/* rows.c - values into statements and out of rows. */
#include <string.h>

#include "port/store.h"

SqlValue sql_text(const char *text)
{
    if (text == NULL) {
        return sql_null();
    }
    return (SqlValue){.type = SQL_TEXT, .text = text, .length = strlen(text)};
}

SqlValue sql_bytes(const void *bytes, size_t length)
{
    if (bytes == NULL) {
        return sql_null();
    }
    return (SqlValue){.type = SQL_BYTES, .text = bytes, .length = length};
}

const SqlValue *row_value(const StoreRows *rows, size_t row, size_t column)
{
    BUG_ON(row >= rows->count || column >= rows->column_count);
    return &rows->values[row * rows->column_count + column];
}

size_t row_column(const StoreRows *rows, const char *column)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        if (strcmp(rows->columns[i], column) == 0) {
            return i;
        }
    }
    BUG_ON("the statement has no such column");
    return 0;
}

static bool is_whole(SqlType type)
{
    return type == SQL_INT || type == SQL_BOOL || type == SQL_TIME;
}

int64_t row_int(const StoreRows *rows, size_t row, size_t column)
{
    const SqlValue *value = row_value(rows, row, column);
    if (value->type == SQL_NULL) {
        return 0;
    }
    if (value->type == SQL_REAL) {
        return (int64_t)value->real;
    }
    BUG_ON(!is_whole(value->type));
    return value->integer;
}

double row_real(const StoreRows *rows, size_t row, size_t column)
{
    const SqlValue *value = row_value(rows, row, column);
    if (value->type == SQL_NULL) {
        return 0;
    }
    if (is_whole(value->type)) {
        return (double)value->integer;
    }
    BUG_ON(value->type != SQL_REAL);
    return value->real;
}

bool row_bool(const StoreRows *rows, size_t row, size_t column)
{
    return row_int(rows, row, column) != 0;
}

TimeMs row_time(const StoreRows *rows, size_t row, size_t column)
{
    return row_int(rows, row, column);
}

const char *row_text(const StoreRows *rows, size_t row, size_t column)
{
    const SqlValue *value = row_value(rows, row, column);
    if (value->type == SQL_NULL) {
        return NULL;
    }
    BUG_ON(value->type != SQL_TEXT);
    return value->text;
}

Slice row_bytes(const StoreRows *rows, size_t row, size_t column)
{
    const SqlValue *value = row_value(rows, row, column);
    if (value->type == SQL_NULL) {
        return (Slice){};
    }
    BUG_ON(value->type != SQL_BYTES && value->type != SQL_TEXT);
    return (Slice){.data = value->text, .length = value->length};
}
