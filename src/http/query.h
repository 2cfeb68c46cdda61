/* query.h - percent-encoding, query strings, cookies. */
#pragma once

#include "base/str.h"
#include "base/vec.h"

typedef struct Pair {
    const char *name;
    const char *value;
} Pair;

typedef VEC(Pair) PairList;

/* Decodes %XX (and '+' as a blank when plus_is_blank). NULL if malformed, or if the result has a
 * zero byte or is no UTF-8. */
const char *percent_decode(Arena *arena, const char *text, size_t length, bool plus_is_blank);

/* Decodes "a=1&b=2" into pairs, in their order. Malformed pairs and those beyond 100 are dropped.
 */
void query_parse(Arena *arena, const char *query, PairList *ret_pairs);

/* The value of the first pair of that name, or NULL. */
const char *pairs_find(const PairList *pairs, const char *name);

/* The same without regard to case. */
const char *pairs_find_caseless(const PairList *pairs, const char *name);

/* The value of a cookie in a Cookie header (RFC 6265), or NULL. */
const char *cookie_find(Arena *arena, const char *header, const char *name);
