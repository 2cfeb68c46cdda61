#include "base/phone.h"

#include <string.h>

#include "base/str.h"

#define DIGITS_MIN 8 /* without the +; shorter numbers exist only inside a country */
#define DIGITS_MAX 15

static bool is_separator(char character)
{
    return strchr(" .-()/", character) != NULL;
}

/* The digits of text after its + or 00 (*ret_international); NULL if anything else is in it. */
static char *collect_digits(Arena *arena, const char *text, bool *ret_international)
{
    Str digits;
    str_init(&digits, arena);
    bool plus = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') {
            str_append_char(&digits, *at);
        } else if (*at == '+' && digits.length == 0 && !plus) {
            plus = true;
        } else if (!is_separator(*at)) {
            return NULL;
        }
    }
    if (digits.length == 0 || digits.length > 2 + DIGITS_MAX) {
        return NULL;
    }
    bool zeros = !plus && str_starts_with(digits.data, "00");
    *ret_international = plus || zeros;
    return digits.data + (zeros ? 2 : 0);
}

static bool is_mainland_mobile(const char *digits)
{
    return strlen(digits) == 11 && digits[0] == '1' && digits[1] >= '3';
}

/* An area code of 3 or 4 digits that begins with 0, and 7 or 8 digits. */
static bool is_mainland_landline(const char *digits)
{
    size_t length = strlen(digits);
    return digits[0] == '0' && digits[1] != '0' && length >= 10 && length <= 12;
}

const char *phone_normalize(Arena *arena, const char *text)
{
    bool international = false;
    const char *digits = collect_digits(arena, text, &international);
    if (digits == NULL) {
        return NULL;
    }
    size_t length = strlen(digits);
    if (international) {
        bool fits = length >= DIGITS_MIN && length <= DIGITS_MAX && digits[0] != '0';
        bool mainland_mobile = str_starts_with(digits, "861");
        if (!fits || (mainland_mobile && !is_mainland_mobile(digits + 2))) {
            return NULL;
        }
        return arena_printf(arena, "+%s", digits);
    }
    if (is_mainland_mobile(digits)) {
        return arena_printf(arena, "+86%s", digits);
    }
    if (length == 13 && str_starts_with(digits, "86") && is_mainland_mobile(digits + 2)) {
        return arena_printf(arena, "+%s", digits);
    }
    return is_mainland_landline(digits) ? arena_printf(arena, "+86%s", digits + 1) : NULL;
}

const char *phone_format(Arena *arena, const char *e164)
{
    if (e164 == NULL || !str_starts_with(e164, "+86") || !is_mainland_mobile(e164 + 3)) {
        return e164;
    }
    return arena_printf(arena, "%.3s %.4s %s", e164 + 3, e164 + 6, e164 + 10);
}

const char *phone_mask(Arena *arena, const char *e164)
{
    if (e164 == NULL) {
        return NULL;
    }
    size_t length = strlen(e164);
    if (length < 9) {
        return "****";
    }
    return arena_printf(arena, "%.*s****%s", (int)(length - 8), e164, e164 + length - 4);
}
