/* pg_client.c - what the connections of one loop share, and how a connection is made. */
#include <inttypes.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "io/pg_internal.h"

/* How soon the server notices that we hung up on a running statement. */
#define CHECK_INTERVAL_MS 1000
/* A transaction that sends nothing for so long is ours no more. */
#define IDLE_IN_TRANSACTION_MS 30000

/* ---- The client ---- */

static bool flush_dirty(void *arg)
{
    PgClient *client = arg;
    if (client->dirty == NULL) {
        return false;
    }
    while (client->dirty != NULL) {
        PgConnection *connection = client->dirty;
        client->dirty = connection->next_dirty;
        connection->is_dirty = false;
        pg_flush(connection);
    }
    arena_reset(client->scratch);
    return true;
}

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val;
        }
    }
    return NULL;
}

/* Is any of the comma-separated hosts a name or address rather than a socket's directory? */
static bool has_network_host(const char *hosts)
{
    while (hosts != NULL && *hosts != 0) {
        size_t length = strcspn(hosts, ",");
        if (length > 0 && hosts[0] != '/' && hosts[0] != '@') {
            return true;
        }
        hosts += length + (hosts[length] == ',');
    }
    return false;
}

static void read_options(PgClient *client, const PQconninfoOption *options)
{
    const char *host = option_value(options, "host");
    const char *port = option_value(options, "port");
    const char *database = option_value(options, "dbname");
    const char *own = option_value(options, "options");
    const PgOptions *limits = &client->options;
    client->hosts = arena_strdup(client->arena, host);
    client->needs_resolving = option_value(options, "hostaddr") == NULL && has_network_host(host);
    client->target = arena_printf(client->arena, "%s:%s/%s", host != NULL ? host : "local socket",
                                  port != NULL ? port : "5432", database != NULL ? database : "");
    client->server_options =
        arena_printf(client->arena,
                     "%s -c statement_timeout=%" PRId64 " -c idle_in_transaction_session_timeout=%d"
                     " -c client_connection_check_interval=%d -c timezone=UTC",
                     own != NULL ? own : "", limits->statement_timeout_ms, IDLE_IN_TRANSACTION_MS,
                     CHECK_INTERVAL_MS);
}

Err *pg_client_new(Arena *arena, const PgOptions *options, PgClient **ret_client)
{
    char *message = NULL;
    PQconninfoOption *parsed = PQconninfoParse(options->url, &message);
    if (parsed == NULL) {
        Err *err = ERR(arena, ERR_CONFIG, "invalid_config", "database.url: %s",
                       message != NULL ? str_trim(arena, message) : "out of memory");
        PQfreemem(message);
        return err;
    }
    PgClient *client = ARENA_NEW(arena, PgClient);
    client->arena = arena;
    client->options = *options;
    client->scratch = arena_new();
    map_init(&client->built, arena);
    read_options(client, parsed);
    PQconninfoFree(parsed);
    client->hook = (LoopHook){.fn = flush_dirty, .arg = client};
    loop_hook_add(loop_current(), &client->hook);
    *ret_client = client;
    return NULL;
}

void pg_client_free(PgClient *client)
{
    if (client == NULL) {
        return;
    }
    BUG_ON(client->dirty != NULL);
    loop_hook_remove(loop_current(), &client->hook);
    arena_free(client->scratch);
}

const char *pg_client_target(const PgClient *client)
{
    return client->target;
}

/* ---- Names ---- */

typedef struct Resolve {
    Arena *arena; /* its own */
    const char *hosts;
    const char *error;
    Str addresses; /* comma-separated, empty for sockets and addresses */
} Resolve;

static bool resolve_one(Resolve *job, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    char address[NI_MAXHOST];
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code == 0) {
        code = getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), NULL, 0,
                           NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    if (code != 0) {
        job->error = arena_printf(job->arena, "%s: %s", host, gai_strerror(code));
        return false;
    }
    str_append(&job->addresses, address);
    return true;
}

static void resolve_in_pool(void *arg)
{
    Resolve *job = arg;
    const char *host = job->hosts;
    for (bool more = true; more;) {
        size_t length = strcspn(host, ",");
        bool is_socket = length == 0 || host[0] == '/' || host[0] == '@';
        if (!is_socket && !resolve_one(job, arena_strndup(job->arena, host, length))) {
            return;
        }
        more = host[length] == ',';
        if (more) {
            str_append_char(&job->addresses, ',');
        }
        host += length + 1;
    }
}

/* libpq itself would block in getaddrinfo. */
YIELDS static Err *resolve(const PgClient *client, Arena *arena, const char **ret_addresses)
{
    *ret_addresses = NULL;
    if (!client->needs_resolving) {
        return NULL;
    }
    Resolve job = {.arena = arena_new(), .hosts = client->hosts};
    str_init(&job.addresses, job.arena);
    Err *err = offload(resolve_in_pool, &job);
    if (err == NULL && job.error != NULL) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", job.error);
    }
    *ret_addresses = arena_strdup(arena, str_text(&job.addresses));
    arena_free(job.arena);
    return err;
}

/* ---- Connecting ---- */

/* libpq explains itself in several lines. */
static const char *message_of(PGconn *pg, Arena *arena)
{
    char *message = str_trim(arena, PQerrorMessage(pg));
    for (char *at = message; *at != 0; at++) {
        *at = *at == '\n' || *at == '\t' ? ' ' : *at;
    }
    return message;
}

static void on_notice(void *arg UNUSED, const PGresult *result)
{
    log_event(LOG_DEBUG, "postgres notice",
              LOG_TEXT("message", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)));
}

static PGconn *start_connecting(const PgClient *client, const char *addresses)
{
    const char *keywords[] = {"dbname",
                              "fallback_application_name",
                              "client_encoding",
                              "gssencmode",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "options",
                              addresses != NULL ? "hostaddr" : NULL,
                              NULL};
    const char *values[] = {
        client->options.url,    "voms",    "UTF8", "disable", "10", "5", "3", "15000",
        client->server_options, addresses, NULL};
    return PQconnectStartParams(keywords, values, /* expand_dbname= */ 1);
}

YIELDS static Err *poll_until_connected(PGconn *pg, Arena *arena, Deadline deadline)
{
    /* Until the first call of PQconnectPoll the socket is to be taken as writable-wanted. */
    PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
    while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
        int events = wanted == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE;
        TRY(fiber_wait_fd(PQsocket(pg), events, deadline, NULL));
        wanted = PQconnectPoll(pg);
    }
    if (wanted != PGRES_POLLING_OK) {
        return ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", message_of(pg, arena));
    }
    return NULL;
}

YIELDS static Err *connect_to(PgConnection *connection, Arena *arena, Deadline deadline)
{
    PgClient *client = connection->client;
    const char *addresses = NULL;
    TRY(resolve(client, arena, &addresses));

    PGconn *pg = start_connecting(client, addresses);
    BUG_ON(pg == NULL);
    PQsetNoticeReceiver(pg, on_notice, NULL);
    Err *err = NULL;
    if (PQstatus(pg) == CONNECTION_BAD) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", message_of(pg, arena));
    } else {
        err = poll_until_connected(pg, arena, deadline);
    }
    if (err == NULL && (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1)) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", message_of(pg, arena));
    }
    if (err != NULL) {
        PQfinish(pg);
        return err;
    }
    connection->pg = pg;
    if (!pg_poll_start(connection)) {
        pg_close(connection, "cannot watch its socket");
        return ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "cannot watch its socket");
    }
    return NULL;
}

YIELDS Err *pg_open(PgConnection *connection, Arena *arena)
{
    BUG_ON(connection->pg != NULL);
    Deadline deadline = deadline_after(connection->client->options.connect_timeout_ms);
    Err *err = connect_to(connection, arena, deadline);
    if (err_is(err, ERR_TIMEOUT) && deadline_left(deadline) > 0) {
        return err; /* the fiber's own deadline came first */
    }
    if (err_is(err, ERR_TIMEOUT)) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "no answer within %" PRId64 " ms",
                  connection->client->options.connect_timeout_ms);
    }
    if (err != NULL) {
        return err_wrap(arena, err, "connecting to PostgreSQL at %s", connection->client->target);
    }
    if (connection->first != NULL) {
        pg_flush(connection);
    }
    return NULL;
}

typedef struct CancelJob {
    PGcancel *cancel;
    bool sent;
    char message[256];
} CancelJob;

/* Blocks on a connection of its own, at most until tcp_user_timeout. */
static void cancel_in_pool(void *arg)
{
    CancelJob *job = arg;
    job->sent = PQcancel(job->cancel, job->message, sizeof(job->message)) == 1;
}

YIELDS Err *pg_cancel(PgConnection *connection)
{
    CancelJob job = {.cancel = PQgetCancel(connection->pg)};
    if (job.cancel == NULL) {
        return ERR(fiber_arena(), ERR_UNAVAILABLE, "connection_lost", "nothing to cancel");
    }
    Err *err = offload(cancel_in_pool, &job);
    PQfreeCancel(job.cancel);
    if (err == NULL && !job.sent) {
        err = ERR(fiber_arena(), ERR_UNAVAILABLE, "connection_lost", "%s", job.message);
    }
    return err;
}
