/* sqlite_functions.c - the functions of PostgreSQL that our statements use and SQLite lacks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/sqlite_internal.h"

/* Bytes of the first count code points of text. */
static size_t prefix_bytes(const unsigned char *text, size_t length, int64_t count)
{
    size_t at = 0;
    while (at < length && count > 0) {
        at++;
        while (at < length && (text[at] & 0xC0) == 0x80) {
            at++;
        }
        count--;
    }
    return at;
}

static int64_t count_points(const unsigned char *text, size_t length)
{
    int64_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += (text[i] & 0xC0) != 0x80;
    }
    return count;
}

static bool any_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
            return true;
        }
    }
    return false;
}

static void result_bytes(sqlite3_context *context, const void *text, size_t length)
{
    sqlite3_result_text64(context, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* Numbers before texts, texts by their bytes: enough for arguments of one type. */
static int compare_values(sqlite3_value *a, sqlite3_value *b)
{
    int type_a = sqlite3_value_numeric_type(a);
    int type_b = sqlite3_value_numeric_type(b);
    if (type_a == SQLITE_INTEGER && type_b == SQLITE_INTEGER) {
        int64_t left = sqlite3_value_int64(a);
        int64_t right = sqlite3_value_int64(b);
        return (left > right) - (left < right);
    }
    if (type_a != SQLITE_TEXT && type_b != SQLITE_TEXT) {
        double left = sqlite3_value_double(a);
        double right = sqlite3_value_double(b);
        return (left > right) - (left < right);
    }
    return strcmp((const char *)sqlite3_value_text(a), (const char *)sqlite3_value_text(b));
}

/* As in PostgreSQL, and unlike SQLite's max(a, b), nulls are left out. */
static void extreme(sqlite3_context *context, int count, sqlite3_value **values, int sign)
{
    sqlite3_value *best = NULL;
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
            continue;
        }
        if (best == NULL || sign * compare_values(values[i], best) > 0) {
            best = values[i];
        }
    }
    if (best != NULL) {
        sqlite3_result_value(context, best);
    }
}

static void fn_greatest(sqlite3_context *context, int count, sqlite3_value **values)
{
    extreme(context, count, values, 1);
}

static void fn_least(sqlite3_context *context, int count, sqlite3_value **values)
{
    extreme(context, count, values, -1);
}

static void fn_starts_with(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    const void *text = sqlite3_value_text(values[0]);
    const void *prefix = sqlite3_value_text(values[1]);
    int text_length = sqlite3_value_bytes(values[0]);
    int prefix_length = sqlite3_value_bytes(values[1]);
    bool is = prefix_length <= text_length && memcmp(text, prefix, (size_t)prefix_length) == 0;
    sqlite3_result_int(context, is);
}

/* left(text, n) and right(text, n); a negative n leaves that many out at the other end. */
static void fn_left(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    const unsigned char *text = sqlite3_value_text(values[0]);
    size_t length = (size_t)sqlite3_value_bytes(values[0]);
    int64_t wanted = sqlite3_value_int64(values[1]);
    wanted = wanted < 0 ? count_points(text, length) + wanted : wanted;
    result_bytes(context, text, prefix_bytes(text, length, wanted));
}

static void fn_right(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    const unsigned char *text = sqlite3_value_text(values[0]);
    size_t length = (size_t)sqlite3_value_bytes(values[0]);
    int64_t wanted = sqlite3_value_int64(values[1]);
    int64_t skipped = wanted < 0 ? -wanted : count_points(text, length) - wanted;
    size_t start = prefix_bytes(text, length, skipped);
    result_bytes(context, text + start, length - start);
}

static void fn_strpos(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    const unsigned char *text = sqlite3_value_text(values[0]);
    size_t length = (size_t)sqlite3_value_bytes(values[0]);
    const void *found =
        memmem(text, length, sqlite3_value_text(values[1]), (size_t)sqlite3_value_bytes(values[1]));
    int64_t position = 0;
    if (found != NULL) {
        position = count_points(text, (size_t)((const unsigned char *)found - text)) + 1;
    }
    sqlite3_result_int64(context, position);
}

static void fn_to_hex(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    char text[24];
    snprintf(text, sizeof(text), "%llx", (unsigned long long)sqlite3_value_int64(values[0]));
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* Appends an argument to a growing text of SQLite's; nulls add nothing. */
static void append_value(sqlite3_str *text, sqlite3_value *value)
{
    if (sqlite3_value_type(value) != SQLITE_NULL) {
        sqlite3_str_append(text, (const char *)sqlite3_value_text(value),
                           sqlite3_value_bytes(value));
    }
}

static void finish_text(sqlite3_context *context, sqlite3_str *text)
{
    int length = sqlite3_str_length(text);
    char *bytes = sqlite3_str_finish(text);
    sqlite3_result_text(context, bytes != NULL ? bytes : "", length,
                        bytes != NULL ? sqlite3_free : SQLITE_STATIC);
}

static void fn_concat(sqlite3_context *context, int count, sqlite3_value **values)
{
    sqlite3_str *text = sqlite3_str_new(sqlite3_context_db_handle(context));
    for (int i = 0; i < count; i++) {
        append_value(text, values[i]);
    }
    finish_text(context, text);
}

static void fn_concat_ws(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (count == 0 || sqlite3_value_type(values[0]) == SQLITE_NULL) {
        return;
    }
    sqlite3_str *text = sqlite3_str_new(sqlite3_context_db_handle(context));
    bool separate = false;
    for (int i = 1; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
            continue;
        }
        if (separate) {
            append_value(text, values[0]);
        }
        append_value(text, values[i]);
        separate = true;
    }
    finish_text(context, text);
}

static void pad(sqlite3_context *context, int count, sqlite3_value **values, bool left)
{
    if (any_null(count, values)) {
        return;
    }
    const unsigned char *text = sqlite3_value_text(values[0]);
    size_t length = (size_t)sqlite3_value_bytes(values[0]);
    int64_t wanted = sqlite3_value_int64(values[1]);
    const char *fill = count > 2 ? (const char *)sqlite3_value_text(values[2]) : " ";
    int64_t have = count_points(text, length);
    if (have >= wanted || *fill == 0) {
        result_bytes(context, text, prefix_bytes(text, length, wanted));
        return;
    }
    int64_t missing = wanted - have;
    int64_t fill_points = count_points((const unsigned char *)fill, strlen(fill));
    sqlite3_str *padded = sqlite3_str_new(sqlite3_context_db_handle(context));
    if (!left) {
        sqlite3_str_append(padded, (const char *)text, (int)length);
    }
    for (; missing > 0; missing -= fill_points) {
        size_t bytes = prefix_bytes((const unsigned char *)fill, strlen(fill), missing);
        sqlite3_str_append(padded, fill, (int)bytes);
    }
    if (left) {
        sqlite3_str_append(padded, (const char *)text, (int)length);
    }
    finish_text(context, padded);
}

static void fn_lpad(sqlite3_context *context, int count, sqlite3_value **values)
{
    pad(context, count, values, /* left= */ true);
}

static void fn_rpad(sqlite3_context *context, int count, sqlite3_value **values)
{
    pad(context, count, values, /* left= */ false);
}

static void fn_repeat(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    sqlite3_str *text = sqlite3_str_new(sqlite3_context_db_handle(context));
    for (int64_t i = sqlite3_value_int64(values[1]); i > 0; i--) {
        append_value(text, values[0]);
    }
    finish_text(context, text);
}

/* split_part(text, separator, n), n from 1. */
static void fn_split_part(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values)) {
        return;
    }
    const char *text = (const char *)sqlite3_value_text(values[0]);
    const char *separator = (const char *)sqlite3_value_text(values[1]);
    int64_t part = sqlite3_value_int64(values[2]);
    size_t separator_length = strlen(separator);
    const char *end = separator_length > 0 ? strstr(text, separator) : NULL;
    for (; part > 1 && end != NULL; part--) {
        text = end + separator_length;
        end = strstr(text, separator);
    }
    if (part != 1) {
        sqlite3_result_text(context, "", 0, SQLITE_STATIC);
        return;
    }
    result_bytes(context, text, end != NULL ? (size_t)(end - text) : strlen(text));
}

/* ---- Aggregates: string_agg, bool_or, bool_and ---- */

static void string_agg_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    sqlite3_str **text = sqlite3_aggregate_context(context, sizeof(*text));
    if (text == NULL || sqlite3_value_type(values[0]) == SQLITE_NULL) {
        return;
    }
    if (*text == NULL) {
        *text = sqlite3_str_new(sqlite3_context_db_handle(context));
    } else if (count > 1) {
        append_value(*text, values[1]);
    }
    append_value(*text, values[0]);
}

static void string_agg_final(sqlite3_context *context)
{
    sqlite3_str **text = sqlite3_aggregate_context(context, 0);
    if (text != NULL && *text != NULL) {
        finish_text(context, *text);
    }
}

typedef struct BoolState {
    bool seen;
    bool any;
    bool missing;
} BoolState;

static void bool_step(sqlite3_context *context, int count UNUSED, sqlite3_value **values)
{
    BoolState *state = sqlite3_aggregate_context(context, sizeof(*state));
    if (state == NULL || sqlite3_value_type(values[0]) == SQLITE_NULL) {
        return;
    }
    bool value = sqlite3_value_int(values[0]) != 0;
    state->seen = true;
    state->any = state->any || value;
    state->missing = state->missing || !value;
}

static void bool_or_final(sqlite3_context *context)
{
    const BoolState *state = sqlite3_aggregate_context(context, 0);
    if (state != NULL && state->seen) {
        sqlite3_result_int(context, state->any);
    }
}

static void bool_and_final(sqlite3_context *context)
{
    const BoolState *state = sqlite3_aggregate_context(context, 0);
    if (state != NULL && state->seen) {
        sqlite3_result_int(context, !state->missing);
    }
}

/* ---- Registration ---- */

/* COLLATE "C" compares bytes, which is what SQLite does anyway; the name makes it portable. */
static int collate_c(void *arg UNUSED, int a_length, const void *a, int b_length, const void *b)
{
    int order = memcmp(a, b, (size_t)MIN(a_length, b_length));
    return order != 0 ? order : a_length - b_length;
}

typedef struct FunctionRow {
    const char *name;
    int argument_count; /* -1: any */
    void (*call)(sqlite3_context *, int, sqlite3_value **);
    void (*step)(sqlite3_context *, int, sqlite3_value **);
    void (*final)(sqlite3_context *);
} FunctionRow;

static const FunctionRow functions[] = {
    {"greatest", -1, .call = fn_greatest},
    {"least", -1, .call = fn_least},
    {"starts_with", 2, .call = fn_starts_with},
    {"left", 2, .call = fn_left},
    {"right", 2, .call = fn_right},
    {"strpos", 2, .call = fn_strpos},
    {"to_hex", 1, .call = fn_to_hex},
    {"concat", -1, .call = fn_concat},
    {"concat_ws", -1, .call = fn_concat_ws},
    {"lpad", 2, .call = fn_lpad},
    {"lpad", 3, .call = fn_lpad},
    {"rpad", 2, .call = fn_rpad},
    {"rpad", 3, .call = fn_rpad},
    {"repeat", 2, .call = fn_repeat},
    {"split_part", 3, .call = fn_split_part},
    {"string_agg", 2, .step = string_agg_step, .final = string_agg_final},
    {"bool_or", 1, .step = bool_step, .final = bool_or_final},
    {"bool_and", 1, .step = bool_step, .final = bool_and_final},
};

int sqlite_register_functions(sqlite3 *handle)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        const FunctionRow *row = &functions[i];
        int code = sqlite3_create_function_v2(handle, row->name, row->argument_count, flags, NULL,
                                              row->call, row->step, row->final, NULL);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    return sqlite3_create_collation_v2(handle, "C", SQLITE_UTF8, NULL, collate_c, NULL);
}
