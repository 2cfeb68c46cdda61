/* str.h - growing text, and looking at text. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Text that grows in an arena. Always zero-terminated once it was written to. */
typedef struct Str {
    Arena *arena;
    char *data;
    size_t length;
    size_t capacity;
} Str;

/* A piece of somebody else's bytes; need not be zero-terminated. */
typedef struct Slice {
    const char *data;
    size_t length;
} Slice;

/* Makes an empty text; it takes memory from arena as it grows. */
void str_init(Str *str, Arena *arena);

/* Appends at the end. */
void str_append(Str *str, const char *text);
void str_append_bytes(Str *str, const void *bytes, size_t length);
void str_append_char(Str *str, char character);
void str_append_int(Str *str, int64_t value); /* in decimal */
void str_printf(Str *str, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text so far; "" if nothing was written. */
const char *str_text(const Str *str);

/* Comparisons of whole text and of its ends. */
bool str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts_with(const char *text, const char *prefix);
bool str_ends_with(const char *text, const char *suffix);
bool str_is_empty(const char *text); /* NULL or "" */

/* Copies text without leading and trailing white space (ASCII, and U+3000). */
char *str_trim(Arena *arena, const char *text);

/* Lower-cases ASCII letters in a copy. */
char *str_ascii_lower(Arena *arena, const char *text);

/* Parses a whole decimal number. False, and *ret_value untouched, if text is anything else or the
 * number does not fit. */
bool str_parse_int64(const char *text, int64_t *ret_value);

/* Is text well-formed UTF-8 without control characters other than tab and line feed? */
bool str_is_clean_utf8(const char *text, size_t length);

/* Decodes the first code point of text. Returns its length in bytes; 0, and *ret_code_point
 * untouched, if text is empty or malformed there. */
size_t str_utf8_decode(const char *text, size_t length, uint32_t *ret_code_point);

/* Counts code points of well-formed UTF-8. */
size_t str_utf8_length(const char *text);

/* Edit distance, for "did you mean"; texts over 64 bytes compare as far apart. */
size_t str_edit_distance(const char *a, const char *b);

/* Lower-case hexadecimal. */
char *str_hex(Arena *arena, const void *bytes, size_t length);

/* Parses hexadecimal of exactly 2 * length characters. */
bool str_parse_hex(const char *text, void *ret_bytes, size_t length);

/* base64url without padding (RFC 4648, section 5). */
char *str_base64url(Arena *arena, const void *bytes, size_t length);

/* Decodes base64url without padding. NULL if text is malformed. */
unsigned char *str_parse_base64url(Arena *arena, const char *text, size_t *ret_length);
