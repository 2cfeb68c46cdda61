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

/* The index-th of texts with commas between; the only one stands for all. NULL if it is empty. */
static const char *list_item(Arena *arena, const char *list, size_t index)
{
    if (list == NULL) {
        return NULL;
    }
    bool single = strchr(list, ',') == NULL;
    for (; !single && index > 0; index--) {
        list += strcspn(list, ",");
        list += *list == ',';
    }
    size_t length = strcspn(list, ",");
    return length == 0 ? NULL : arena_strndup(arena, list, length);
}

static size_t list_length(const char *list)
{
    size_t count = 1;
    for (; list != NULL && *list != 0; list++) {
        count += *list == ',';
    }
    return count;
}

/* libpq would wait for the first server that says nothing until the end of our patience: the list
 * is walked here, with a share of the time for each. */
static void read_hosts(PgClient *client, const PQconninfoOption *options)
{
    const char *hosts = option_value(options, "host");
    const char *addresses = option_value(options, "hostaddr");
    const char *ports = option_value(options, "port");
    const char *attrs = option_value(options, "target_session_attrs");
    client->host_count = list_length(hosts != NULL ? hosts : addresses);
    client->hosts = ARENA_ARRAY(client->arena, PgHost, client->host_count);
    for (size_t i = 0; i < client->host_count; i++) {
        client->hosts[i] = (PgHost){.host = list_item(client->arena, hosts, i),
                                    .port = list_item(client->arena, ports, i),
                                    .address = list_item(client->arena, addresses, i)};
    }
    client->session_attrs =
        attrs == NULL && client->host_count > 1 ? "read-write" : arena_strdup(client->arena, attrs);
}

static void read_options(PgClient *client, const PQconninfoOption *options)
{
    const char *host = option_value(options, "host");
    const char *port = option_value(options, "port");
    const char *database = option_value(options, "dbname");
    const char *own = option_value(options, "options");
    const PgOptions *limits = &client->options;
    read_hosts(client, options);
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
    const char *host;
    int code; /* of getaddrinfo */
    char address[NI_MAXHOST];
} Resolve;

static void resolve_in_pool(void *arg)
{
    Resolve *job = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    job->code = getaddrinfo(job->host, NULL, &hints, &found);
    if (job->code == 0) {
        job->code = getnameinfo(found->ai_addr, found->ai_addrlen, job->address,
                                sizeof(job->address), NULL, 0, NI_NUMERICHOST);
        freeaddrinfo(found);
    }
}

/* libpq itself would block in getaddrinfo. NULL for a socket. */
YIELDS static Err *resolve(const PgHost *host, Arena *arena, const char **ret_address)
{
    const char *name = host->host;
    *ret_address = host->address;
    if (host->address != NULL || name == NULL || name[0] == '/' || name[0] == '@') {
        return NULL;
    }
    Resolve *job = ARENA_NEW(arena, Resolve);
    job->host = arena_strdup(arena, name);
    TRY(offload(resolve_in_pool, job));
    if (job->code != 0) {
        return ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s: %s", name,
                   gai_strerror(job->code));
    }
    *ret_address = job->address;
    return NULL;
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

/* A commit whose wait for the standby was given up is answered as if it were safe, with a warning
 * that says that it is not. */
static void on_notice(void *arg, const PGresult *result)
{
    PgConnection *connection = arg;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (str_equal(state, "57014")) {
        connection->commit_unsafe = true;
    }
    log_event(LOG_DEBUG, "postgres notice", LOG_TEXT("message", message));
}

/* What is asked of a server, and where. */
typedef struct Attempt {
    PgConnection *connection;
    const PgHost *host;
    const char *session_attrs;
    Deadline deadline;
} Attempt;

static PGconn *start_connecting(const Attempt *attempt, const char *address)
{
    const PgClient *client = attempt->connection->client;
    /* libpq takes no notice of what is NULL. */
    const char *keywords[] = {"dbname",
                              "fallback_application_name",
                              "client_encoding",
                              "gssencmode",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "options",
                              "host",
                              "hostaddr",
                              "port",
                              "target_session_attrs",
                              NULL};
    const char *values[] = {client->options.url,
                            "voms",
                            "UTF8",
                            "disable",
                            "10",
                            "5",
                            "3",
                            "15000",
                            client->server_options,
                            attempt->host->host,
                            address,
                            attempt->host->port,
                            attempt->session_attrs,
                            NULL};
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

YIELDS static Err *connect_to(const Attempt *attempt, Arena *arena)
{
    PgConnection *connection = attempt->connection;
    const char *address = NULL;
    TRY(resolve(attempt->host, arena, &address));

    PGconn *pg = start_connecting(attempt, address);
    BUG_ON(pg == NULL);
    PQsetNoticeReceiver(pg, on_notice, connection);
    connection->commit_unsafe = false;
    Err *err = NULL;
    if (PQstatus(pg) == CONNECTION_BAD) {
        err = ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", message_of(pg, arena));
    } else {
        err = poll_until_connected(pg, arena, attempt->deadline);
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

/* Tries every server for its share of the time, beginning with the one that served last. *ret_why
 * is what each of them said. Yields. */
YIELDS static Err *connect_to_any(PgConnection *connection, Arena *arena, const char *session_attrs,
                                  Str *why)
{
    PgClient *client = connection->client;
    int64_t share_ms = client->options.connect_timeout_ms / (int64_t)client->host_count;
    for (size_t i = 0; i < client->host_count; i++) {
        size_t index = (client->last_host + i) % client->host_count;
        Attempt attempt = {.connection = connection,
                           .host = &client->hosts[index],
                           .session_attrs = session_attrs,
                           .deadline = deadline_after(share_ms)};
        Err *err = connect_to(&attempt, arena);
        if (err == NULL) {
            client->last_host = index;
            return NULL;
        }
        bool own_deadline = err_is(err, ERR_TIMEOUT) && deadline_left(attempt.deadline) > 0;
        if (own_deadline || err_is(err, ERR_CANCELLED)) {
            return err;
        }
        str_append(why, why->length == 0 ? "" : "; ");
        if (err_is(err, ERR_TIMEOUT)) {
            const char *host = attempt.host->host != NULL ? attempt.host->host : "it";
            str_printf(why, "%s: no answer within %" PRId64 " ms", host, share_ms);
        } else {
            str_append(why, err->message);
        }
    }
    return ERR(arena, ERR_UNAVAILABLE, "database_unavailable", "%s", str_text(why));
}

YIELDS Err *pg_open(PgConnection *connection, Arena *arena)
{
    BUG_ON(connection->pg != NULL);
    PgClient *client = connection->client;
    Str why;
    str_init(&why, arena);
    bool prefers = str_equal(client->session_attrs, "prefer-standby");
    Err *err = connect_to_any(connection, arena, prefers ? "standby" : client->session_attrs, &why);
    if (prefers && err_is(err, ERR_UNAVAILABLE)) {
        err = connect_to_any(connection, arena, "any", &why);
    }
    if (err_is(err, ERR_UNAVAILABLE)) {
        return err_wrap(arena, err, "connecting to PostgreSQL at %s", client->target);
    }
    TRY(err);
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
