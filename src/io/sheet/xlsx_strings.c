/* xlsx_strings.c - the table of shared strings, in bounded memory.
 *
 * Two spills: the texts one after another, and where each begins. */
#include <inttypes.h>
#include <string.h>

#include "io/sheet/sheet_internal.h"

#define INDEX_SHARE 4 /* of the memory, for where the texts begin */

struct SharedStrings {
    Arena *arena;
    XmlStream *stream; /* while loading */
    RowBuilder text;   /* of the present string */
    Spill *texts;
    Spill *starts; /* uint64_t each */
    int64_t count;
    bool in_text;
    int phonetic_depth;
};

static int hex_value(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* The code point of "_xHHHH_" at text, or 0. */
static uint32_t escape_at(const char *text, size_t length)
{
    if (length < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_') {
        return 0;
    }
    uint32_t value = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0) {
            return 0;
        }
        value = value << 4 | (uint32_t)digit;
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return surrogate ? 0 : value;
}

static size_t utf8_encode(uint32_t code_point, char *out)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | code_point >> 12);
    out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code_point & 0x3F));
    return 3;
}

size_t xlsx_unescape(char *text, size_t length)
{
    char *from = memchr(text, '_', length);
    if (from == NULL) {
        return length;
    }
    char *end = text + length;
    char *to = from;
    while (from < end) {
        uint32_t code_point = escape_at(from, (size_t)(end - from));
        if (code_point == 0) {
            *to++ = *from++;
            continue;
        }
        to += utf8_encode(code_point, to);
        from += 7;
    }
    return (size_t)(to - text);
}

/* ---- Loading ---- */

static void on_start(void *arg, const char *name, const XmlAttributes *attributes UNUSED)
{
    SharedStrings *strings = arg;
    if (strcmp(name, "si") == 0) {
        row_builder_begin(&strings->text, strings->count + 1);
    } else if (strcmp(name, "rPh") == 0) {
        strings->phonetic_depth++;
    } else if (strcmp(name, "t") == 0) {
        strings->in_text = strings->phonetic_depth == 0;
    }
}

static void on_text(void *arg, const char *text, size_t length)
{
    SharedStrings *strings = arg;
    if (strings->in_text) {
        Err *err = row_builder_append(&strings->text, text, length);
        if (err != NULL) {
            xml_stream_fail(strings->stream, err);
        }
    }
}

static Err *append_string(SharedStrings *strings)
{
    uint64_t start = (uint64_t)spill_length(strings->texts);
    size_t length = xlsx_unescape(strings->text.text, strings->text.length);
    TRY(spill_append(strings->texts, strings->text.text, length));
    TRY(spill_append(strings->starts, &start, sizeof(start)));
    strings->count++;
    return NULL;
}

static void on_end(void *arg, const char *name)
{
    SharedStrings *strings = arg;
    if (strcmp(name, "t") == 0) {
        strings->in_text = false;
    } else if (strcmp(name, "rPh") == 0) {
        strings->phonetic_depth--;
    } else if (strcmp(name, "si") == 0) {
        Err *err = append_string(strings);
        if (err != NULL) {
            xml_stream_fail(strings->stream, err);
        }
    }
}

static Err *load(SharedStrings *strings, ZipPackage *package, const char *path)
{
    static const XmlHandlers handlers = {.start = on_start, .end = on_end, .text = on_text};
    CLEANUP(xml_stream_closep) XmlStream *stream = NULL;
    TRY(xml_stream_open(package, path, &handlers, strings, &stream));
    strings->stream = stream;
    bool done = false;
    TRY(xml_stream_run(stream, &done));

    uint64_t end = (uint64_t)spill_length(strings->texts);
    return spill_append(strings->starts, &end, sizeof(end));
}

Err *shared_strings_load(ZipPackage *package, const char *path, const char *temp_dir,
                         SharedStrings **ret_strings)
{
    SharedStrings *strings = ARENA_NEW(package->arena, SharedStrings);
    size_t memory = (size_t)package->limits->strings_memory_bytes;
    strings->arena = package->arena;
    strings->starts = spill_new(package->arena, temp_dir, memory / INDEX_SHARE);
    strings->texts = spill_new(package->arena, temp_dir, memory - memory / INDEX_SHARE);
    row_builder_init(&strings->text, package->arena, package->limits);
    if (path != NULL) {
        Err *err = load(strings, package, path);
        if (err != NULL) {
            shared_strings_free(strings);
            return err;
        }
    }
    *ret_strings = strings;
    return NULL;
}

/* ---- Use ---- */

Err *shared_strings_append(SharedStrings *strings, int64_t index, RowBuilder *row)
{
    if (index < 0 || index >= strings->count) {
        return ERR(strings->arena, ERR_INVALID, "file_damaged",
                   "row %" PRId64 ": there is no shared string %" PRId64, row->row_number, index);
    }
    uint64_t bounds[2];
    TRY(spill_read(strings->starts, index * (int64_t)sizeof(uint64_t), bounds, sizeof(bounds)));
    char buffer[1024];
    for (uint64_t at = bounds[0]; at < bounds[1];) {
        size_t part = (size_t)MIN(bounds[1] - at, (uint64_t)sizeof(buffer));
        TRY(spill_read(strings->texts, (int64_t)at, buffer, part));
        TRY(row_builder_append(row, buffer, part));
        at += part;
    }
    return NULL;
}

void shared_strings_free(SharedStrings *strings)
{
    if (strings != NULL) {
        spill_free(strings->texts);
        spill_free(strings->starts);
    }
}
