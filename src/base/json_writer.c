/* json_writer.c - writing JSON as a stream. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define WRITER_DEPTH_MAX 63

void json_writer_init(JsonWriter *writer, Str *out)
{
    *writer = (JsonWriter){.out = out};
}

/* Before every item: a comma when one is due. */
static void begin_item(JsonWriter *writer)
{
    uint64_t bit = UINT64_C(1) << writer->depth;
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->depth > 0 && (writer->has_items & bit) != 0) {
        str_append_char(writer->out, ',');
    }
    writer->has_items |= bit;
}

static void open_level(JsonWriter *writer, char bracket)
{
    begin_item(writer);
    BUG_ON(writer->depth >= WRITER_DEPTH_MAX);
    writer->depth++;
    writer->has_items &= ~(UINT64_C(1) << writer->depth);
    str_append_char(writer->out, bracket);
}

static void close_level(JsonWriter *writer, char bracket)
{
    BUG_ON(writer->depth == 0 || writer->after_key);
    writer->depth--;
    str_append_char(writer->out, bracket);
}

void json_write_begin_object(JsonWriter *writer)
{
    open_level(writer, '{');
}

void json_write_end_object(JsonWriter *writer)
{
    close_level(writer, '}');
}

void json_write_begin_array(JsonWriter *writer)
{
    open_level(writer, '[');
}

void json_write_end_array(JsonWriter *writer)
{
    close_level(writer, ']');
}

static void append_escape(Str *out, unsigned char c)
{
    static const char *const shorts[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (c < COUNT_OF(shorts) && shorts[c] != NULL) {
        str_append(out, shorts[c]);
    } else {
        str_printf(out, "\\u%04x", c);
    }
}

/* Bytes that can be copied as they are: no escape needed, and well-formed. */
static size_t plain_run(const char *text, size_t length)
{
    size_t run = 0;
    while (run < length) {
        unsigned char c = (unsigned char)text[run];
        if (c < 0x20 || c == '"' || c == '\\') {
            break;
        }
        if (c < 0x80) {
            run++;
            continue;
        }
        uint32_t code_point;
        size_t sequence = str_utf8_decode(text + run, length - run, &code_point);
        if (sequence == 0) {
            break;
        }
        run += sequence;
    }
    return run;
}

/* Malformed UTF-8 becomes U+FFFD: what goes out is valid whatever came in. */
static void append_quoted(Str *out, const char *text)
{
    size_t left = strlen(text);
    str_append_char(out, '"');
    while (left > 0) {
        size_t run = plain_run(text, left);
        str_append_bytes(out, text, run);
        text += run;
        left -= run;
        if (left == 0) {
            break;
        }
        unsigned char c = (unsigned char)*text;
        if (c >= 0x80) {
            str_append(out, "\uFFFD");
        } else {
            append_escape(out, c);
        }
        text++;
        left--;
    }
    str_append_char(out, '"');
}

void json_write_key(JsonWriter *writer, const char *key)
{
    BUG_ON(writer->depth == 0 || writer->after_key);
    begin_item(writer);
    append_quoted(writer->out, key);
    str_append_char(writer->out, ':');
    writer->after_key = true;
}

void json_write_raw(JsonWriter *writer, const char *json)
{
    begin_item(writer);
    str_append(writer->out, json == NULL ? "null" : json);
}

void json_write_null(JsonWriter *writer)
{
    json_write_raw(writer, NULL);
}

void json_write_string(JsonWriter *writer, const char *text)
{
    if (text == NULL) {
        json_write_null(writer);
        return;
    }
    begin_item(writer);
    append_quoted(writer->out, text);
}

void json_write_int(JsonWriter *writer, int64_t value)
{
    begin_item(writer);
    str_append_int(writer->out, value);
}

/* The shortest of the usual precisions that reads back as the same number. */
void json_write_double(JsonWriter *writer, double value)
{
    if (!isfinite(value)) {
        json_write_null(writer);
        return;
    }
    char number[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(number, sizeof(number), "%.*g", precision, value);
        if (strtod(number, NULL) == value) {
            break;
        }
    }
    json_write_raw(writer, number);
}

void json_write_bool(JsonWriter *writer, bool value)
{
    json_write_raw(writer, value ? "true" : "false");
}

void json_write_time(JsonWriter *writer, TimeMs time)
{
    char text[TIME_TEXT_SIZE];
    time_format_to(text, time);
    json_write_string(writer, text);
}

static int append(const char *bytes, size_t length, void *out)
{
    str_append_bytes(out, bytes, length);
    return 0;
}

void json_write_value(JsonWriter *writer, const json_t *json)
{
    begin_item(writer);
    BUG_ON(json_dump_callback(json, append, writer->out, JSON_COMPACT | JSON_ENCODE_ANY) != 0);
}

void json_put_string(JsonWriter *writer, const char *key, const char *text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_put_int(JsonWriter *writer, const char *key, int64_t value)
{
    json_write_key(writer, key);
    json_write_int(writer, value);
}

void json_put_bool(JsonWriter *writer, const char *key, bool value)
{
    json_write_key(writer, key);
    json_write_bool(writer, value);
}

void json_put_time(JsonWriter *writer, const char *key, TimeMs time)
{
    json_write_key(writer, key);
    json_write_time(writer, time);
}
