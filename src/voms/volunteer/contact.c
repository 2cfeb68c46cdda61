#include "voms/volunteer/contact.h"

#include <ctype.h>
#include <string.h>

#include "base/phone.h"
#include "base/str.h"

/* Full-width forms, as people type them with a Chinese keyboard, become ASCII. */
static const char *half_width(Arena *arena, const char *text)
{
    Str out;
    str_init(&out, arena);
    size_t left = strlen(text);
    for (size_t step = 0; left > 0; text += step, left -= step) {
        uint32_t point = 0;
        step = str_utf8_decode(text, left, &point);
        if (step == 0) {
            return text;
        }
        if (point >= 0xFF01 && point <= 0xFF5E) {
            str_append_char(&out, (char)(point - 0xFEE0));
        } else if (point == 0x3000) {
            str_append_char(&out, ' ');
        } else {
            str_append_bytes(&out, text, step);
        }
    }
    return str_text(&out);
}

const char *phone_check(Arena *arena, const char *text, const char **ret_normalized)
{
    const char *phone = phone_normalize(arena, half_width(arena, text));
    if (phone == NULL) {
        return "invalid_phone";
    }
    *ret_normalized = phone;
    return NULL;
}

static bool local_part_fits(const char *text, size_t length)
{
    if (length == 0 || length > 64 || text[0] == '.' || text[length - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char character = (unsigned char)text[i];
        if (!isalnum(character) && strchr("!#$%&'*+-/=?^_`{|}~.", character) == NULL) {
            return false;
        }
    }
    return true;
}

static bool domain_fits(const char *domain)
{
    size_t length = strlen(domain);
    const char *dot = strrchr(domain, '.');
    if (length < 3 || length > 253 || dot == NULL || strlen(dot) < 3 || strstr(domain, "..")) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)domain[i]) && domain[i] != '-' && domain[i] != '.') {
            return false;
        }
    }
    return domain[0] != '.' && domain[0] != '-';
}

const char *email_check(Arena *arena, const char *text, const char **ret_normalized)
{
    const char *at = strrchr(text, '@');
    if (at == NULL || strlen(text) > 254 || !local_part_fits(text, (size_t)(at - text)) ||
        !domain_fits(at + 1)) {
        return "invalid_email";
    }
    *ret_normalized = str_ascii_lower(arena, text);
    return NULL;
}

const char *email_mask(Arena *arena, const char *email)
{
    const char *at = email == NULL ? NULL : strchr(email, '@');
    return at == NULL ? NULL : arena_printf(arena, "%c***%s", email[0], at);
}

const char *address_mask(Arena *arena, const char *address)
{
    if (address == NULL) {
        return NULL;
    }
    size_t length = strlen(address);
    size_t used = 0;
    for (int points = 0; points < 6 && used < length; points++) {
        uint32_t point;
        size_t step = str_utf8_decode(address + used, length - used, &point);
        used += step == 0 ? 1 : step;
    }
    /* A short address is hidden whole, or the mask would hide nothing. */
    return used >= length ? "****" : arena_printf(arena, "%.*s****", (int)used, address);
}

const char *text_reversed(Arena *arena, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t length = strlen(text);
    char *reversed = arena_alloc(arena, length + 1);
    for (size_t i = 0; i < length; i++) {
        reversed[i] = text[length - 1 - i];
    }
    return reversed;
}
