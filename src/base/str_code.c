/* str_code.c - hexadecimal and base64url. */
#include <sodium.h>
#include <string.h>

#include "base/str.h"

char *str_hex(Arena *arena, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *input = bytes;
    char *text = arena_alloc(arena, 2 * length + 1);
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[input[i] >> 4];
        text[2 * i + 1] = digits[input[i] & 15];
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool str_parse_hex(const char *text, void *ret_bytes, size_t length)
{
    if (strlen(text) != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < 2 * length; i++) {
        if (hex_digit(text[i]) < 0) {
            return false;
        }
    }
    unsigned char *bytes = ret_bytes;
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
    }
    return true;
}

char *str_base64url(Arena *arena, const void *bytes, size_t length)
{
    size_t size_bytes = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(arena, size_bytes);
    return sodium_bin2base64(text, size_bytes, bytes, length,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium 1.0.18 takes bytes of 128 and more for letters. */
static bool is_base64url(const char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return text[strspn(text, alphabet)] == '\0';
}

unsigned char *str_parse_base64url(Arena *arena, const char *text, size_t *ret_length)
{
    if (!is_base64url(text)) {
        return NULL;
    }
    size_t text_length = strlen(text);
    size_t capacity = text_length / 4 * 3 + 3;
    unsigned char *bytes = arena_alloc(arena, capacity);
    size_t length;
    if (sodium_base642bin(bytes, capacity, text, text_length, NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return NULL;
    }
    *ret_length = length;
    return bytes;
}
