/* address.h - who the client is, when proxies speak for it. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "http/query.h"

typedef struct AddressNetwork {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    int prefix_bits;
} AddressNetwork;

typedef struct AddressList {
    AddressNetwork *networks;
    size_t count;
} AddressList;

/* Parses "10.0.0.0/8", "::1", …; the list ends with NULL and may be NULL. Fails with ERR_CONFIG
 * naming the first that is no network. */
Err *address_list_parse(Arena *arena, const char *const *texts, AddressList *ret_list);

/* The text of a socket's address; an IPv4 client of an IPv6 socket is shown as IPv4. */
#define ADDRESS_TEXT_SIZE 46
void address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE]);

/* Is it an address of this machine's own interface, 127.0.0.0/8 or ::1? */
bool address_is_loopback(const char *text);

/* Is it in one of the networks? False for what is no address. */
bool address_in_list(const AddressList *list, const char *text);

/* The client's address: the peer's, or, when the peer is a trusted proxy, the last one of
 * X-Forwarded-For that is not. */
const char *address_of_client(Arena *arena, const AddressList *trusted, const char *peer,
                              const PairList *headers);
