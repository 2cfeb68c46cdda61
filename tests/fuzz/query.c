/* What a client puts into the request's line and headers. */
#include "http/query.h"

#include "http/address.h"
#include "http/negotiate.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_lists(Arena *arena, const char *text)
{
    static const char *const proxies[] = {"10.0.0.0/8", "::1", NULL};
    AddressList trusted = {};
    BUG_ON(address_list_parse(arena, proxies, &trusted) != NULL);

    PairList headers = {};
    *(Pair *)vec_push(&headers, arena) = (Pair){.name = "X-Forwarded-For", .value = text};
    BUG_ON(address_of_client(arena, &trusted, "10.0.0.1", &headers) == NULL);

    const char *const networks[] = {text, NULL};
    AddressList list = {};
    err_ignore(address_list_parse(arena, networks, &list), "only crashes count");
    address_in_list(&trusted, text);
}

FUZZ(query)
{
    PairList pairs = {};
    query_parse(arena, data, &pairs);
    BUG_ON(pairs.count > 100);
    VEC_FOREACH (Pair, pair, &pairs) {
        BUG_ON(pairs_find(&pairs, pair->name) == NULL);
    }
    const char *decoded = percent_decode(arena, data, size, /* plus_is_blank= */ true);
    BUG_ON(decoded != NULL && strlen(decoded) > size);
    cookie_find(arena, data, "voms_refresh");
    negotiate_language(data);
    negotiate_accepts_encoding(data, "br");
    negotiate_etag_matches(data, "\"v17\"", /* weak= */ true);
    fuzz_lists(arena, data);
}
