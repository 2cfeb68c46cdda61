/* text_decoder.c - any of the encodings that spreadsheets write, as UTF-8.
 *
 * UTF-8 is recognised by its bytes alone: the whole input is looked at once, for a file may hold
 * thousands of ASCII rows before its first Chinese name. What is not UTF-8 is taken for GB18030,
 * unless it is UTF-8 with a few broken places: there guessing would turn every name into garbage
 * without an error. */
#include <inttypes.h>
#include <string.h>

#include <unicode/ucnv.h>

#include "io/sheet/sheet_internal.h"

#define RAW_SIZE ((size_t)64 * 1024)
#define PIVOT_SIZE 4096
#define UTF8_MAX 4

struct TextDecoder {
    Arena *arena;
    SheetInput *input;
    UConverter *from; /* NULL: the input is UTF-8 */
    UConverter *to;
    char raw[RAW_SIZE];
    const char *raw_next;
    const char *raw_end;
    bool input_ended;
    UChar pivot[PIVOT_SIZE];
    UChar *pivot_source;
    UChar *pivot_target;
    bool reset; /* nothing was converted yet */
    bool ended;
};

/* ---- Detection ---- */

typedef struct Utf8Scan {
    int64_t good;   /* sequences of several bytes */
    int64_t broken; /* bytes that belong to none */
    int64_t zeros;
} Utf8Scan;

static size_t sequence_length(unsigned char first)
{
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if ((first & 0xF0) == 0xE0) {
        return 3;
    }
    return first >= 0xF0 && first <= 0xF4 ? 4 : 1;
}

/* Skips bytes below 0x80, eight at a time; zeros stop it. */
static size_t skip_ascii(const char *text, size_t i, size_t length)
{
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, sizeof(word));
        bool has_zero = ((word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL) != 0;
        if ((word & 0x8080808080808080ULL) != 0 || has_zero) {
            break;
        }
    }
    while (i < length && text[i] > 0) {
        i++;
    }
    return i;
}

/* Scans; returns how many bytes at the end may be the beginning of a sequence. */
static size_t scan_utf8(Utf8Scan *scan, const char *text, size_t length, bool last)
{
    for (size_t i = 0; (i = skip_ascii(text, i, length)) < length;) {
        uint32_t code_point;
        if (text[i] == '\0') {
            scan->zeros++;
            i++;
            continue;
        }
        size_t sequence = str_utf8_decode(text + i, length - i, &code_point);
        if (sequence == 0 && !last && i + sequence_length((unsigned char)text[i]) > length) {
            return length - i;
        }
        scan->good += sequence > 0;
        scan->broken += sequence == 0;
        i += MAX(sequence, (size_t)1);
    }
    return 0;
}

static Err *scan_input(Arena *arena, SheetInput *input, Utf8Scan *scan)
{
    char *buffer = arena_alloc(arena, RAW_SIZE);
    size_t kept = 0;
    for (;;) {
        size_t length = 0;
        TRY(sheet_input_read(arena, input, buffer + kept, RAW_SIZE - kept, &length));
        if (length == 0) {
            scan_utf8(scan, buffer, kept, /* last= */ true);
            return NULL;
        }
        size_t total = kept + length;
        kept = scan_utf8(scan, buffer, total, /* last= */ false);
        memmove(buffer, buffer + total - kept, kept);
    }
}

Err *text_detect(Arena *arena, SheetInput *input, const char **ret_encoding, size_t *ret_skip)
{
    static const struct {
        const char *mark;
        size_t length;
        const char *encoding;
    } marks[] = {
        {"\xEF\xBB\xBF", 3, "UTF-8"},
        {"\x84\x31\x95\x33", 4, "GB18030"},
        {"\xFF\xFE", 2, "UTF-16LE"},
        {"\xFE\xFF", 2, "UTF-16BE"},
    };
    char head[4] = {};
    size_t length = 0;
    TRY(sheet_input_seek(arena, input, 0));
    TRY(sheet_input_read(arena, input, head, sizeof(head), &length));
    TRY(sheet_input_seek(arena, input, 0));
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        if (length >= marks[i].length && memcmp(head, marks[i].mark, marks[i].length) == 0) {
            *ret_encoding = marks[i].encoding;
            *ret_skip = marks[i].length;
            return NULL;
        }
    }

    Utf8Scan scan = {};
    TRY(scan_input(arena, input, &scan));
    TRY(sheet_input_seek(arena, input, 0));
    if (scan.zeros > 0) {
        return ERR(arena, ERR_UNSUPPORTED, "unknown_file_format", "the file has zero bytes");
    }
    bool utf8 = scan.broken == 0 || scan.good > 20 * scan.broken;
    *ret_encoding = utf8 ? "UTF-8" : "GB18030";
    *ret_skip = 0;
    return NULL;
}

/* ---- Decoding ---- */

static Err *broken(TextDecoder *decoder)
{
    return ERR(decoder->arena, ERR_INVALID, "file_encoding_broken",
               "bytes that the encoding does not have, before byte %" PRId64,
               decoder->input->position);
}

static Err *open_converter(TextDecoder *decoder, const char *encoding, UConverter **ret_converter)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(encoding, &status);
    if (U_FAILURE(status)) {
        return ERR(decoder->arena, ERR_INTERNAL, "encoding_unknown", "ICU: no converter for %s: %s",
                   encoding, u_errorName(status));
    }
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    ucnv_setFromUCallBack(converter, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    *ret_converter = converter;
    return NULL;
}

Err *text_decoder_open(Arena *arena, SheetInput *input, const char *encoding, size_t skip,
                       TextDecoder **ret_decoder)
{
    TextDecoder *decoder = ARENA_NEW(arena, TextDecoder);
    /* Member by member: the struct is too large for a compound literal on a fiber's stack. */
    decoder->arena = arena;
    decoder->input = input;
    decoder->reset = true;
    decoder->raw_next = decoder->raw_end = decoder->raw;
    decoder->pivot_source = decoder->pivot_target = decoder->pivot;

    TRY(sheet_input_seek(arena, input, (int64_t)skip));
    if (!str_equal(encoding, "UTF-8")) {
        TRY(open_converter(decoder, encoding, &decoder->from));
        Err *err = open_converter(decoder, "UTF-8", &decoder->to);
        if (err != NULL) {
            text_decoder_close(decoder);
            return err;
        }
    }
    *ret_decoder = decoder;
    return NULL;
}

/* Keeps what is left, and reads more behind it. */
static Err *fill_raw(TextDecoder *decoder)
{
    size_t kept = (size_t)(decoder->raw_end - decoder->raw_next);
    memmove(decoder->raw, decoder->raw_next, kept);
    size_t length = 0;
    TRY(sheet_input_read(decoder->arena, decoder->input, decoder->raw + kept, RAW_SIZE - kept,
                         &length));
    decoder->raw_next = decoder->raw;
    decoder->raw_end = decoder->raw + kept + length;
    decoder->input_ended = length == 0;
    return NULL;
}

/* The length of the longest beginning of text that is whole, well-formed UTF-8 without zeros. */
static size_t valid_prefix(const char *text, size_t length)
{
    size_t i = 0;
    while ((i = skip_ascii(text, i, length)) < length) {
        uint32_t code_point;
        size_t sequence = str_utf8_decode(text + i, length - i, &code_point);
        if (sequence == 0 || code_point == 0) {
            break;
        }
        i += sequence;
    }
    return i;
}

static Err *read_utf8(TextDecoder *decoder, char *buffer, size_t capacity, size_t *ret_length)
{
    size_t left = (size_t)(decoder->raw_end - decoder->raw_next);
    if (left < UTF8_MAX && !decoder->input_ended) {
        TRY(fill_raw(decoder));
        left = (size_t)(decoder->raw_end - decoder->raw_next);
    }
    size_t length = valid_prefix(decoder->raw_next, MIN(left, capacity));
    if (length == 0 && left > 0) {
        /* A sequence that the end of the buffer cut is looked at again with more behind it. */
        bool cut = left < UTF8_MAX && !decoder->input_ended;
        return cut ? read_utf8(decoder, buffer, capacity, ret_length) : broken(decoder);
    }
    memcpy(buffer, decoder->raw_next, length);
    decoder->raw_next += length;
    *ret_length = length;
    return NULL;
}

static Err *read_converted(TextDecoder *decoder, char *buffer, size_t capacity, size_t *ret_length)
{
    char *target = buffer;
    while (target == buffer && !decoder->ended) {
        if (decoder->raw_next == decoder->raw_end && !decoder->input_ended) {
            TRY(fill_raw(decoder));
        }
        UErrorCode status = U_ZERO_ERROR;
        ucnv_convertEx(decoder->to, decoder->from, &target, buffer + capacity, &decoder->raw_next,
                       decoder->raw_end, decoder->pivot, &decoder->pivot_source,
                       &decoder->pivot_target, decoder->pivot + PIVOT_SIZE, decoder->reset,
                       decoder->input_ended, &status);
        decoder->reset = false;
        if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR) {
            return broken(decoder);
        }
        decoder->ended = decoder->input_ended && status != U_BUFFER_OVERFLOW_ERROR;
    }
    if (memchr(buffer, '\0', (size_t)(target - buffer)) != NULL) {
        return broken(decoder);
    }
    *ret_length = (size_t)(target - buffer);
    return NULL;
}

Err *text_decoder_read(TextDecoder *decoder, char *buffer, size_t capacity, size_t *ret_length)
{
    if (decoder->from == NULL) {
        return read_utf8(decoder, buffer, capacity, ret_length);
    }
    return read_converted(decoder, buffer, capacity, ret_length);
}

void text_decoder_close(TextDecoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    ucnv_close(TAKE(decoder->from));
    ucnv_close(TAKE(decoder->to));
}
