/* Sockets: how many there may be, how slow they may be, and whether anybody is at the other end. */
#include "http/adapter.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/received.h"

enum {
    IDLE_CHECK_TICKS = 4,       /* connections between requests are looked at every so many ticks */
    LOST_CHECK_AFTER_MS = 500,  /* a request that is answered sooner is not worth the question */
    SWALLOW_PATIENCE_MS = 2000, /* with the rest of a body that is not wanted */
    LEAST_BYTES_PER_SECOND = 1024,
    POLL_BATCH = 128
};

/* ---- Coming ---- */

static AddressCount *find_count(HttpServer *server, const char *text)
{
    VEC_FOREACH (AddressCount, count, &server->addresses) {
        if (strcmp(count->text, text) == 0) {
            return count;
        }
    }
    return NULL;
}

/* Takes a place for the address; false if it has too many. Few addresses have connections at a
 * time, and those of a proxy are not limited, so that a list will do. */
static bool take_place(HttpServer *server, const char *text)
{
    int limit = server->options.connections_per_address_max;
    bool allowed = true;

    pthread_mutex_lock(&server->mutex);
    AddressCount *count = find_count(server, text);
    if (count == NULL) {
        count = find_count(server, ""); /* a free one */
        count = count != NULL ? count : vec_push(&server->addresses, server->arena);
        *count = (AddressCount){};
        memcpy(count->text, text, ADDRESS_TEXT_SIZE);
    }
    if (count->count >= limit) {
        allowed = false;
    } else {
        count->count++;
    }
    pthread_mutex_unlock(&server->mutex);
    return allowed;
}

static void leave_place(HttpServer *server, const char *text)
{
    pthread_mutex_lock(&server->mutex);
    AddressCount *count = find_count(server, text);
    if (count != NULL && --count->count == 0) {
        count->text[0] = '\0';
    }
    pthread_mutex_unlock(&server->mutex);
}

static bool is_limited(const HttpServer *server, const char *peer)
{
    return server->options.connections_per_address_max > 0 && !address_is_loopback(peer) &&
           !address_in_list(&server->trusted, peer);
}

enum MHD_Result connection_accept(void *cls, const struct sockaddr *address,
                                  socklen_t length UNUSED)
{
    HttpServer *server = ((Worker *)cls)->server;
    char peer[ADDRESS_TEXT_SIZE] = "";

    if (server->options.connections_per_address_max == 0) {
        return MHD_YES;
    }
    address_text(address, peer);
    if (!is_limited(server, peer) || take_place(server, peer)) {
        return MHD_YES;
    }
    log_event(LOG_INFO, "connection refused", LOG_TEXT("address", peer),
              LOG_TEXT("reason", "too_many_of_address"));
    return MHD_NO;
}

static void begin_connection(Worker *worker, struct MHD_Connection *mhd, void **context)
{
    Connection *connection = worker->spare_connections;

    if (connection != NULL) {
        worker->spare_connections = connection->next;
    } else {
        connection = ARENA_NEW(worker->arena, Connection);
    }
    *connection = (Connection){.worker = worker,
                               .next = worker->connections,
                               .bytes_seen = 0,
                               .idle_since = time_monotonic()};
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    address_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
                 connection->peer);
    connection->counted = is_limited(worker->server, connection->peer);
    if (worker->connections != NULL) {
        worker->connections->previous = connection;
    }
    worker->connections = connection;
    worker->connection_count++;
    *context = connection;
}

static void end_connection(Worker *worker, Connection *connection)
{
    if (connection == NULL) {
        return;
    }
    if (connection->counted) {
        leave_place(worker->server, connection->peer);
    }
    if (connection->previous == NULL) {
        worker->connections = connection->next;
    } else {
        connection->previous->next = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    connection->next = worker->spare_connections;
    worker->spare_connections = connection;
    worker->connection_count--;
}

void connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code)
{
    worker_stir(cls);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_connection(cls, mhd, context);
    } else {
        end_connection(cls, *context);
        *context = NULL;
    }
}

/* ---- Going ---- */

void connection_kill(Connection *connection, const char *text)
{
    if (connection->killed) {
        return;
    }
    connection->killed = true;
    if (text != NULL) {
        ssize_t sent = send(connection->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* a courtesy; the connection ends in any case */
    }
    /* libmicrohttpd finds the end of the stream at its next read or write, and closes. */
    shutdown(connection->fd, text == NULL ? SHUT_RDWR : SHUT_RD);
    worker_stir(connection->worker);
}

static void kill_slow(Connection *connection, const char *phase)
{
    log_event(LOG_INFO, "connection ended", LOG_TEXT("address", connection->peer),
              LOG_TEXT("reason", phase));
    connection_kill(connection, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                                "Content-Length: 0\r\n\r\n");
}

/* Between requests: silence is allowed up to the idle timeout; a head that has begun must be
 * complete within its own timeout from when it was first noticed. libmicrohttpd would look at an
 * expired connection only in its next run, which the client's next request brings about: that
 * request would be swallowed. Here a connection ends only if nothing has come. */
static void check_idle(Connection *connection, Deadline now)
{
    const HttpServerOptions *options = &connection->worker->server->options;
    int64_t received = socket_received_bytes(connection->fd);

    if (connection->bytes_seen < 0) {
        connection->bytes_seen = received;
        return;
    }
    if (received > connection->bytes_seen && connection->head_since == 0) {
        connection->head_since = now;
    }
    if (connection->head_since == 0) {
        if (now - connection->idle_since >= options->idle_timeout_ms) {
            connection_kill(connection, NULL);
        }
        return;
    }
    if (now - connection->head_since > options->header_timeout_ms) {
        kill_slow(connection, "slow_head");
    }
}

/* Is it this connection's turn, or has it been silent for too long? */
static bool may_be_idle(const Connection *connection, Deadline now, bool idle_turn)
{
    return idle_turn ||
           now - connection->idle_since >= connection->worker->server->options.idle_timeout_ms;
}

static void check_body(Exchange *exchange, Deadline now)
{
    const HttpServerOptions *options = &exchange->worker->server->options;
    int64_t allowed_ms =
        options->body_timeout_ms + exchange->body_received * SECOND_MS / LEAST_BYTES_PER_SECOND;

    /* While suspended it is we who are slow. */
    if (exchange->suspended) {
        return;
    }
    if (exchange->state == EXCHANGE_DISCARD && exchange->answer_ready &&
        now - exchange->body_progress > SWALLOW_PATIENCE_MS) {
        exchange_answer_and_kill(exchange);
        return;
    }
    if (now - exchange->body_progress > options->body_timeout_ms ||
        now - exchange->phase_since > allowed_ms) {
        kill_slow(exchange->connection, "slow_body");
    }
}

/* libmicrohttpd ends a client that takes nothing at all; this one takes very little. */
static void check_answer(const Exchange *exchange, Deadline now)
{
    const HttpServerOptions *options = &exchange->worker->server->options;
    int64_t size_bytes = (int64_t)exchange->res.body.length;
    int64_t allowed_ms = options->idle_timeout_ms + size_bytes * SECOND_MS / LEAST_BYTES_PER_SECOND;

    if (exchange->res.stream != NULL) {
        stream_tick(exchange->res.stream, now);
    } else if (now - exchange->phase_since > allowed_ms) {
        connection_kill(exchange->connection, NULL);
    }
}

static void check_exchange(Exchange *exchange, Deadline now)
{
    const HttpServerOptions *options = &exchange->worker->server->options;

    switch (exchange->state) {
    case EXCHANGE_HEADERS:
        if (exchange->upload == NULL && now - exchange->phase_since > options->header_timeout_ms) {
            kill_slow(exchange->connection, "slow_head");
        }
        return;
    case EXCHANGE_BODY:
    case EXCHANGE_DISCARD:
        check_body(exchange, now);
        return;
    case EXCHANGE_RUN:
        return; /* its fiber has a deadline */
    case EXCHANGE_ANSWER:
        check_answer(exchange, now);
        return;
    }
}

/* ---- Lost clients ---- */

/* The fiber fails at its next wait; then its answer finds the connection closed. */
static void lose_client(Connection *connection)
{
    Exchange *exchange = connection->current;

    if (exchange == NULL || exchange->fiber == NULL) {
        connection_kill(connection, NULL);
    }
    if (exchange == NULL) {
        return;
    }
    exchange->gone = true;
    if (exchange->fiber != NULL) {
        fiber_cancel(exchange->fiber);
        upload_client_gone(exchange);
        stream_client_gone(exchange->res.stream);
    }
    if (exchange->fiber == NULL || exchange->res.stream != NULL) {
        exchange_resume(exchange);
    }
}

typedef struct LostCheck {
    struct pollfd fds[POLL_BATCH];
    Connection *connections[POLL_BATCH];
    nfds_t count;
} LostCheck;

static void ask_batch(LostCheck *check)
{
    int answers = check->count == 0 ? 0 : poll(check->fds, check->count, 0);

    for (nfds_t i = 0; answers > 0 && i < check->count; i++) {
        if ((check->fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
            lose_client(check->connections[i]);
        }
    }
    check->count = 0;
}

static void ask(LostCheck *check, Connection *connection)
{
    check->fds[check->count] = (struct pollfd){.fd = connection->fd, .events = POLLRDHUP};
    check->connections[check->count++] = connection;
    if (check->count == POLL_BATCH) {
        ask_batch(check);
    }
}

/* Of suspended connections libmicrohttpd hears nothing, and of others it misses an end that comes
 * together with the last bytes. A client that closed its side is taken to be gone. */
static bool may_be_lost(const Connection *connection, Deadline now, bool idle_turn)
{
    const Exchange *exchange = connection->current;

    if (exchange == NULL) {
        return idle_turn;
    }
    if (exchange->suspended) {
        return !exchange->gone && now - exchange->phase_since >= LOST_CHECK_AFTER_MS;
    }
    Deadline progress =
        exchange->state == EXCHANGE_HEADERS ? exchange->phase_since : exchange->body_progress;
    return exchange->state < EXCHANGE_RUN && now - progress >= LOST_CHECK_AFTER_MS;
}

void connection_sweep(Worker *worker)
{
    Deadline now = time_monotonic();
    LostCheck check = {};

    for (Connection *connection = worker->connections; connection != NULL;
         connection = connection->next) {
        bool idle_turn = (worker->tick_count + connection->fd) % IDLE_CHECK_TICKS == 0;
        if (!connection->killed && may_be_lost(connection, now, idle_turn)) {
            ask(&check, connection);
        }
        if (connection->killed) {
            continue;
        }
        if (connection->current != NULL) {
            check_exchange(connection->current, now);
        } else if (may_be_idle(connection, now, idle_turn)) {
            check_idle(connection, now);
        }
    }
    ask_batch(&check);
}
