/* service_url.h - addresses of services as configurations give them. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

typedef struct ServiceUrl {
    const char *scheme;
    const char *username; /* "" if not given; this and the next without percent-encoding */
    const char *password;
    const char *host; /* without the brackets of an IPv6 address */
    int port;
    const char *path; /* "" or "/…" */
} ServiceUrl;

/* Reads scheme://[user[:password]@]host[:port][/path]. False with the reason, which repeats no
 * secret, if text is no such thing. */
bool service_url_parse(Arena *arena, const char *text, int default_port, ServiceUrl *ret_url,
                       const char **ret_why);
