#include "base/str.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAPACITY 64
#define EDIT_LENGTH_MAX 64

void str_init(Str *str, Arena *arena)
{
    *str = (Str){.arena = arena};
}

/* Makes room for more bytes and the terminating zero. */
static void reserve(Str *str, size_t more)
{
    size_t needed = str->length + more + 1;
    if (needed <= str->capacity) {
        return;
    }
    size_t capacity = MAX(MAX(needed, str->capacity * 2), (size_t)FIRST_CAPACITY);
    char *data = arena_alloc(str->arena, capacity);
    if (str->length > 0) {
        memcpy(data, str->data, str->length);
    }
    str->data = data;
    str->capacity = capacity;
}

void str_append_bytes(Str *str, const void *bytes, size_t length)
{
    reserve(str, length);
    if (length > 0) {
        memcpy(str->data + str->length, bytes, length);
    }
    str->length += length;
    str->data[str->length] = '\0';
}

void str_append(Str *str, const char *text)
{
    str_append_bytes(str, text, strlen(text));
}

void str_append_char(Str *str, char character)
{
    reserve(str, 1);
    str->data[str->length++] = character;
    str->data[str->length] = '\0';
}

void str_append_int(Str *str, int64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        str_append_char(str, '-');
    }
    str_append_bytes(str, digits + start, sizeof(digits) - start);
}

void str_printf(Str *str, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    BUG_ON(length < 0);

    reserve(str, (size_t)length);
    va_start(arguments, format);
    vsnprintf(str->data + str->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    str->length += (size_t)length;
}

const char *str_text(const Str *str)
{
    return str->data == NULL ? "" : str->data;
}

bool str_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends_with(const char *text, const char *suffix)
{
    size_t text_length = strlen(text);
    size_t suffix_length = strlen(suffix);
    return text_length >= suffix_length && strcmp(text + text_length - suffix_length, suffix) == 0;
}

bool str_is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Bytes of the white space that text starts with: 1, 3 for U+3000, 0 for none. */
static size_t space_at(const char *text)
{
    if (*text == ' ' || (*text >= '\t' && *text <= '\r')) {
        return 1;
    }
    return strncmp(text, "\u3000", 3) == 0 ? 3 : 0;
}

static size_t space_before(const char *start, const char *end)
{
    if (end - start >= 3 && space_at(end - 3) == 3) {
        return 3;
    }
    return end > start && space_at(end - 1) == 1 ? 1 : 0;
}

char *str_trim(Arena *arena, const char *text)
{
    size_t space;
    while ((space = space_at(text)) > 0) {
        text += space;
    }
    const char *end = text + strlen(text);
    while ((space = space_before(text, end)) > 0) {
        end -= space;
    }
    return arena_strndup(arena, text, (size_t)(end - text));
}

char *str_ascii_lower(Arena *arena, const char *text)
{
    char *lower = arena_strdup(arena, text);
    for (char *c = lower; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    return lower;
}

bool str_parse_int64(const char *text, int64_t *ret_value)
{
    bool negative = *text == '-';
    const char *digit = text + negative;
    if (*digit == '\0') {
        return false;
    }
    int64_t value = 0;
    for (; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return false;
        }
        int64_t unit = negative ? -(*digit - '0') : *digit - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, unit, &value)) {
            return false;
        }
    }
    *ret_value = value;
    return true;
}

/* The length of the sequence that a lead byte announces, and its smallest code point. */
static size_t sequence_length(unsigned char lead, uint32_t *ret_smallest)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = lead < 0x80             ? 1
                    : (lead & 0xE0) == 0xC0 ? 2
                    : (lead & 0xF0) == 0xE0 ? 3
                    : (lead & 0xF8) == 0xF0 ? 4
                                            : 0;
    *ret_smallest = smallest[length];
    return length;
}

size_t str_utf8_decode(const char *text, size_t length, uint32_t *ret_code_point)
{
    if (length == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t smallest;
    size_t sequence = sequence_length(bytes[0], &smallest);
    if (sequence == 0 || sequence > length) {
        return 0;
    }
    uint32_t code_point = sequence == 1 ? bytes[0] : bytes[0] & (0x7FU >> sequence);
    for (size_t i = 1; i < sequence; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        code_point = code_point << 6 | (bytes[i] & 0x3F);
    }
    bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < smallest || code_point > 0x10FFFF || surrogate) {
        return 0;
    }
    *ret_code_point = code_point;
    return sequence;
}

bool str_is_clean_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t code_point;
        size_t sequence = str_utf8_decode(text + i, length - i, &code_point);
        if (sequence == 0) {
            return false;
        }
        bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
        if (control && code_point != '\t' && code_point != '\n') {
            return false;
        }
        i += sequence;
    }
    return true;
}

size_t str_utf8_length(const char *text)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        length += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return length;
}

size_t str_edit_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > EDIT_LENGTH_MAX || b_length > EDIT_LENGTH_MAX) {
        return MAX(a_length, b_length);
    }

    size_t row[EDIT_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_length];
}
