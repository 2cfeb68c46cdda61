#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

static const unsigned char ipv4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Every address as 16 bytes. */
static bool parse_bytes(const char *text, unsigned char bytes[16])
{
    if (inet_pton(AF_INET, text, bytes + sizeof(ipv4_prefix)) == 1) {
        memcpy(bytes, ipv4_prefix, sizeof(ipv4_prefix));
        return true;
    }
    return inet_pton(AF_INET6, text, bytes) == 1;
}

static bool parse_network(Arena *arena, const char *text, AddressNetwork *ret_network)
{
    const char *slash = strchr(text, '/');
    const char *address = slash == NULL ? text : arena_strndup(arena, text, (size_t)(slash - text));
    AddressNetwork network = {.prefix_bits = 128};
    int64_t bits = 0;

    if (!parse_bytes(address, network.bytes)) {
        return false;
    }
    bool is_ipv4 = memcmp(network.bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
    if (slash != NULL) {
        int64_t most = is_ipv4 ? 32 : 128;
        if (!str_parse_int64(slash + 1, &bits) || bits < 0 || bits > most) {
            return false;
        }
        network.prefix_bits = (int)bits + (is_ipv4 ? 96 : 0);
    }
    *ret_network = network;
    return true;
}

Err *address_list_parse(Arena *arena, const char *const *texts, AddressList *ret_list)
{
    AddressList list = {};
    size_t count = 0;

    while (texts != NULL && texts[count] != NULL) {
        count++;
    }
    list.networks = ARENA_ARRAY(arena, AddressNetwork, count + 1);
    for (; list.count < count; list.count++) {
        if (!parse_network(arena, texts[list.count], &list.networks[list.count])) {
            return ERR(arena, ERR_CONFIG, "network_invalid", "\"%s\" is no address or network",
                       texts[list.count]);
        }
    }
    *ret_list = list;
    return NULL;
}

void address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE])
{
    text[0] = '\0';
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const void *)address;
        inet_ntop(AF_INET, &ipv4->sin_addr, text, ADDRESS_TEXT_SIZE);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const void *)address;
        const unsigned char *bytes = ipv6->sin6_addr.s6_addr;
        if (memcmp(bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0) {
            inet_ntop(AF_INET, bytes + sizeof(ipv4_prefix), text, ADDRESS_TEXT_SIZE);
        } else {
            inet_ntop(AF_INET6, bytes, text, ADDRESS_TEXT_SIZE);
        }
    }
}

static bool in_network(const unsigned char bytes[16], const AddressNetwork *network)
{
    int whole = network->prefix_bits / 8;
    int rest = network->prefix_bits % 8;

    if (memcmp(bytes, network->bytes, (size_t)whole) != 0) {
        return false;
    }
    unsigned char mask = (unsigned char)(0xff00 >> rest);
    return rest == 0 || (bytes[whole] & mask) == (network->bytes[whole] & mask);
}

bool address_is_loopback(const char *text)
{
    return str_starts_with(text, "127.") || strcmp(text, "::1") == 0;
}

bool address_in_list(const AddressList *list, const char *text)
{
    unsigned char bytes[16];

    if (!parse_bytes(text, bytes)) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (in_network(bytes, &list->networks[i])) {
            return true;
        }
    }
    return false;
}

/* All headers of that name, as one list. */
static const char *join_headers(Arena *arena, const PairList *headers, const char *name)
{
    Str joined;

    str_init(&joined, arena);
    VEC_FOREACH (const Pair, header, headers) {
        if (strcasecmp(header->name, name) == 0) {
            str_append(&joined, joined.length == 0 ? "" : ",");
            str_append(&joined, header->value);
        }
    }
    return str_text(&joined);
}

const char *address_of_client(Arena *arena, const AddressList *trusted, const char *peer,
                              const PairList *headers)
{
    if (trusted->count == 0 || !address_in_list(trusted, peer)) {
        return peer;
    }
    char *list = arena_strdup(arena, join_headers(arena, headers, "X-Forwarded-For"));
    const char *client = peer;

    /* From the right: each proxy appended the address that it saw. What stands left of the first
     * that we do not trust may be made up. */
    while (list[0] != '\0') {
        char *comma = strrchr(list, ',');
        const char *last = str_trim(arena, comma == NULL ? list : comma + 1);
        unsigned char bytes[16];
        if (!parse_bytes(last, bytes)) {
            break;
        }
        client = last;
        if (comma == NULL || !address_in_list(trusted, last)) {
            break;
        }
        *comma = '\0';
    }
    return client;
}
