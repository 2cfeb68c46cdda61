/* redis_url.c - addresses of Redis, and of the sentinels that know it. */
#include <string.h>

#include "base/str.h"
#include "io/redis.h"
#include "io/service_url.h"

#define PORT_DEFAULT 6379
#define SENTINEL_PORT_DEFAULT 26379
#define UNIX_SCHEME "unix://"
#define SENTINEL_SCHEME "sentinel://"

static Err *wrong_url(Arena *arena, const char *why)
{
    return ERR(
        arena, ERR_CONFIG, "invalid_config",
        "redis.url: %s; expected redis://[user[:password]@]host[:port][/database], rediss:// "
        "for TLS, unix:///path, or sentinel://[user[:password]@]host[:port],…/master[/database]",
        why);
}

static Err *parse_database(Arena *arena, const char *text, int *ret_database)
{
    int64_t number = 0;
    if (*text != 0 && (!str_parse_int64(text, &number) || number < 0 || number > 1000000)) {
        return wrong_url(arena, "the database is no number");
    }
    *ret_database = (int)number;
    return NULL;
}

/* curl would take the path's first part for a host. */
static Err *read_path(Arena *arena, const char *path, RedisOptions *options)
{
    size_t length = strcspn(path, "?");
    const char *query = path + length + (path[length] == '?');
    if (*path != '/' || (*query != 0 && !str_starts_with(query, "db="))) {
        return wrong_url(arena, "a path and nothing but db= must follow");
    }
    options->target.host = arena_strndup(arena, path, length);
    return parse_database(arena, *query == 0 ? "" : query + 3, &options->database);
}

static Err *parse_address(Arena *arena, const char *text, RedisOptions *options, bool *tls)
{
    ServiceUrl url = {};
    const char *why = NULL;
    if (!service_url_parse(arena, text, PORT_DEFAULT, &url, &why)) {
        return wrong_url(arena, why);
    }
    *tls = str_equal(url.scheme, "rediss");
    if (!*tls && !str_equal(url.scheme, "redis")) {
        return wrong_url(arena, "unknown scheme");
    }
    options->username = url.username;
    options->password.reveal = url.password;
    options->target.host = url.host;
    options->target.port = url.port;
    return parse_database(arena, url.path + (*url.path == '/'), &options->database);
}

static Err *add_sentinel(Arena *arena, const char *host, StreamTarget *ret_target)
{
    ServiceUrl url = {};
    const char *why = NULL;
    const char *text = arena_printf(arena, "redis://%s", host);
    if (!service_url_parse(arena, text, SENTINEL_PORT_DEFAULT, &url, &why)) {
        return wrong_url(arena, why);
    }
    *ret_target = (StreamTarget){.host = url.host, .port = url.port};
    return NULL;
}

/* "[user[:password]@]host[:port],…/master[/database]": the login is that of Redis itself. */
static Err *parse_sentinels(Arena *arena, const char *rest, RedisOptions *options)
{
    bool tls = false;
    size_t length = strcspn(rest, "/");
    const char *authority = arena_strndup(arena, rest, length);
    const char *at = strrchr(authority, '@');
    const char *hosts = at == NULL ? authority : at + 1;
    const char *master = rest + length + (rest[length] == '/');
    size_t name_length = strcspn(master, "/");
    StreamTarget *sentinels = ARENA_ARRAY(arena, StreamTarget, strlen(hosts) + 1);
    if (name_length == 0) {
        return wrong_url(arena, "the master's name must follow the sentinels");
    }
    TRY(parse_address(arena,
                      arena_printf(arena, "redis://%.*sof-the-master%s", (int)(hosts - authority),
                                   authority, master + name_length),
                      options, &tls));
    options->sentinel_count = 0;
    for (bool more = true; more;) {
        size_t host_length = strcspn(hosts, ",");
        TRY(add_sentinel(arena, arena_strndup(arena, hosts, host_length),
                         &sentinels[options->sentinel_count++]));
        more = hosts[host_length] == ',';
        hosts += host_length + more;
    }
    options->sentinels = sentinels;
    options->master_name = arena_strndup(arena, master, name_length);
    return NULL;
}

Err *redis_parse_url(Arena *arena, const char *url, RedisOptions *ret_options, bool *ret_tls)
{
    RedisOptions options = *ret_options;
    bool tls = false;
    if (str_starts_with(url, UNIX_SCHEME)) {
        options.username = "";
        options.password.reveal = "";
        TRY(read_path(arena, url + strlen(UNIX_SCHEME), &options));
    } else if (str_starts_with(url, SENTINEL_SCHEME)) {
        TRY(parse_sentinels(arena, url + strlen(SENTINEL_SCHEME), &options));
    } else {
        TRY(parse_address(arena, url, &options, &tls));
    }
    *ret_options = options;
    *ret_tls = tls;
    return NULL;
}
