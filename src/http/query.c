#include "http/query.h"

#include <string.h>
#include <strings.h>

enum { PAIRS_MAX = 100 };

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that text begins with and how many characters it took; 0 if malformed. */
static size_t decode_one(const char *text, size_t left, bool plus_is_blank, char *ret_byte)
{
    if (*text == '+' && plus_is_blank) {
        *ret_byte = ' ';
        return 1;
    }
    if (*text != '%') {
        *ret_byte = *text;
        return 1;
    }
    if (left < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0) {
        return 0;
    }
    *ret_byte = (char)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
    return *ret_byte == '\0' ? 0 : 3;
}

const char *percent_decode(Arena *arena, const char *text, size_t length, bool plus_is_blank)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t count = 0;

    for (size_t i = 0; i < length;) {
        size_t used = decode_one(text + i, length - i, plus_is_blank, &decoded[count]);
        if (used == 0) {
            return NULL;
        }
        i += used;
        count++;
    }
    return str_is_clean_utf8(decoded, count) ? decoded : NULL;
}

void query_parse(Arena *arena, const char *query, PairList *ret_pairs)
{
    const char *at = query;

    while (*at != '\0' && ret_pairs->count < PAIRS_MAX) {
        size_t length = strcspn(at, "&");
        const char *equals = memchr(at, '=', length);
        size_t name_length = equals == NULL ? length : (size_t)(equals - at);
        const char *value_at = equals == NULL ? at + length : equals + 1;
        const char *name = percent_decode(arena, at, name_length, /* plus_is_blank= */ true);
        const char *value = percent_decode(arena, value_at, (size_t)(at + length - value_at),
                                           /* plus_is_blank= */ true);
        if (name != NULL && value != NULL && name[0] != '\0') {
            *vec_push(ret_pairs, arena) = (Pair){name, value};
        }
        at += length + (at[length] == '&');
    }
}

const char *pairs_find(const PairList *pairs, const char *name)
{
    VEC_FOREACH (Pair, pair, pairs) {
        if (strcmp(pair->name, name) == 0) {
            return pair->value;
        }
    }
    return NULL;
}

const char *pairs_find_caseless(const PairList *pairs, const char *name)
{
    VEC_FOREACH (Pair, pair, pairs) {
        if (strcasecmp(pair->name, name) == 0) {
            return pair->value;
        }
    }
    return NULL;
}

const char *cookie_find(Arena *arena, const char *header, const char *name)
{
    size_t name_length = strlen(name);
    const char *at = header;

    while (at != NULL && *at != '\0') {
        at += strspn(at, "; \t");
        size_t length = strcspn(at, ";");
        if (length > name_length && strncmp(at, name, name_length) == 0 && at[name_length] == '=') {
            const char *value = at + name_length + 1;
            size_t value_length = length - name_length - 1;
            if (value_length >= 2 && value[0] == '"' && value[value_length - 1] == '"') {
                value++;
                value_length -= 2;
            }
            return arena_strndup(arena, value, value_length);
        }
        at += length;
    }
    return NULL;
}
