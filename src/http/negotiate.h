/* negotiate.h - what a client accepts: language, encoding, and the versions that it has. */
#pragma once

#include <stdbool.h>

#include "http/http.h"

/* The better of zh and en (RFC 9110, 12.5.4); zh when the header is NULL or names neither. */
Language negotiate_language(const char *accept_language);

/* Does the client take this content coding, such as "br"? (RFC 9110, 12.5.3) */
bool negotiate_accepts_encoding(const char *accept_encoding, const char *coding);

/* Is etag in the list of If-None-Match or If-Match? "*" matches all. Comparison is weak (RFC 9110,
 * 8.8.3.2) or strong. */
bool negotiate_etag_matches(const char *list, const char *etag, bool weak);
