/* json.h - reading JSON (jansson) and writing it as a stream.
 *
 * The writer appends to a Str, keeps track of commas, and escapes what needs it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define JSON_DEPTH_MAX 32

/* Parses a document. Fails with ERR_MALFORMED ("malformed_json") naming line and column; duplicate
 * keys, nesting deeper than JSON_DEPTH_MAX and trailing text are refused. The result is released
 * with the arena. */
Err *json_parse(Arena *arena, const char *text, size_t length, json_t **ret_json);

/* Compact text of a value, keys sorted, in the arena. */
const char *json_text(Arena *arena, const json_t *json);

typedef struct JsonWriter {
    Str *out;
    uint64_t has_items; /* bit per depth: a comma is due before the next item */
    int depth;
    bool after_key;
} JsonWriter;

/* Starts a document at the end of out. */
void json_writer_init(JsonWriter *writer, Str *out);

/* One item: inside of an object after json_write_key, inside of an array as its next element. */
void json_write_begin_object(JsonWriter *writer);
void json_write_end_object(JsonWriter *writer);
void json_write_begin_array(JsonWriter *writer);
void json_write_end_array(JsonWriter *writer);
void json_write_key(JsonWriter *writer, const char *key);
void json_write_string(JsonWriter *writer, const char *text); /* NULL writes null */
void json_write_int(JsonWriter *writer, int64_t value);
void json_write_double(JsonWriter *writer, double value);
void json_write_bool(JsonWriter *writer, bool value);
void json_write_null(JsonWriter *writer);
void json_write_time(JsonWriter *writer, TimeMs time);
void json_write_raw(JsonWriter *writer,
                    const char *json); /* already valid JSON; NULL writes null */
void json_write_value(JsonWriter *writer, const json_t *json);

/* Key and value in one call. */
void json_put_string(JsonWriter *writer, const char *key, const char *text);
void json_put_int(JsonWriter *writer, const char *key, int64_t value);
void json_put_bool(JsonWriter *writer, const char *key, bool value);
void json_put_time(JsonWriter *writer, const char *key, TimeMs time);
