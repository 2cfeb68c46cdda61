#include "io/service_url.h"

#include <curl/curl.h>
#include <string.h>

#include "base/str.h"

static const char *part(Arena *arena, CURLU *url, CURLUPart which)
{
    char *text = NULL;
    if (curl_url_get(url, which, &text, CURLU_URLDECODE) != CURLUE_OK) {
        return "";
    }
    const char *copy = arena_strdup(arena, text);
    curl_free(text);
    return copy;
}

static void read_parts(Arena *arena, CURLU *parts, ServiceUrl *url)
{
    int64_t port = url->port;
    const char *host = part(arena, parts, CURLUPART_HOST);
    str_parse_int64(part(arena, parts, CURLUPART_PORT), &port);
    url->scheme = part(arena, parts, CURLUPART_SCHEME);
    url->username = part(arena, parts, CURLUPART_USER);
    url->password = part(arena, parts, CURLUPART_PASSWORD);
    url->host = host[0] == '[' ? arena_strndup(arena, host + 1, strcspn(host + 1, "]")) : host;
    url->port = (int)port;
    url->path = part(arena, parts, CURLUPART_PATH);
}

bool service_url_parse(Arena *arena, const char *text, int default_port, ServiceUrl *ret_url,
                       const char **ret_why)
{
    ServiceUrl url = {.port = default_port};
    CURLU *parts = curl_url();
    BUG_ON(parts == NULL);
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK) {
        read_parts(arena, parts, &url);
    }
    curl_url_cleanup(parts);
    if (code != CURLUE_OK || *url.host == 0) {
        *ret_why = code != CURLUE_OK ? curl_url_strerror(code) : "no host";
        return false;
    }
    *ret_url = url;
    return true;
}
