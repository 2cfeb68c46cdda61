/* The server's life on each loop: listening, driving libmicrohttpd, stopping. */
#include "http/adapter.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/metrics.h"

enum {
    LISTEN_BACKLOG = 1024,
    CONNECTION_MEMORY_BYTES = 16 * 1024, /* head of a request and head of its answer */
    TICK_MS = 1000,
    SILENCE_SLACK_SECONDS = 5, /* our own sweep comes before libmicrohttpd's timeout */
    RUSH_CONNECTIONS = 512,
    DAEMON_RUNS_PER_TURN = 64,
    DAEMON_RUNS_AFTER_STIR = 2,
    PATIENCE_MS = 20
};

/* ---- The process's part ---- */

static void set_default(int64_t *value, int64_t fallback)
{
    *value = *value == 0 ? fallback : *value;
}

static void set_defaults(HttpServerOptions *options)
{
    set_default(&options->upload_max_bytes, (int64_t)100 * 1024 * 1024);
    set_default(&options->idle_timeout_ms, 60 * SECOND_MS);
    set_default(&options->header_timeout_ms, 10 * SECOND_MS);
    set_default(&options->body_timeout_ms, 30 * SECOND_MS);
    set_default(&options->heartbeat_ms, 15 * SECOND_MS);
    options->connections_max = options->connections_max == 0 ? 10000 : options->connections_max;
}

static void write_server_metrics(Str *out, void *arg)
{
    HttpServer *server = arg;
    LoopStats sum = {};
    int64_t connections = 0;
    int64_t exchanges = 0;

    pthread_mutex_lock(&server->mutex);
    for (Worker *worker = server->workers; worker != NULL; worker = worker->next) {
        const LoopStats *stats = &worker->loop_stats;
        sum.fibers_running += stats->fibers_running;
        sum.fibers_started += stats->fibers_started;
        sum.fibers_high_water += stats->fibers_high_water;
        sum.slow_runs += stats->slow_runs;
        sum.lag_us = MAX(sum.lag_us, stats->lag_us);
        sum.lag_max_us = MAX(sum.lag_max_us, stats->lag_max_us);
        sum.stack_high_water_bytes = MAX(sum.stack_high_water_bytes, stats->stack_high_water_bytes);
        connections += worker->published_connections;
        exchanges += worker->published_exchanges;
    }
    pthread_mutex_unlock(&server->mutex);

    metrics_write_gauge(out, "voms_http_connections", "Open connections.", (double)connections);
    metrics_write_gauge(out, "voms_http_requests_running", "Requests not yet answered in full.",
                        (double)exchanges);
    metrics_write_gauge(out, "voms_fibers", "Fibers alive.", (double)sum.fibers_running);
    metrics_write_gauge(out, "voms_fibers_high_water", "Most fibers alive at once.",
                        (double)sum.fibers_high_water);
    metrics_write_counter(out, "voms_fibers_started_total", "Fibers started.",
                          (double)sum.fibers_started);
    metrics_write_counter(out, "voms_fiber_slow_runs_total",
                          "Runs of a fiber for 20 ms or more without waiting.",
                          (double)sum.slow_runs);
    metrics_write_gauge(out, "voms_fiber_stack_high_water_bytes", "Deepest stack seen.",
                        (double)sum.stack_high_water_bytes);
    metrics_write_gauge(out, "voms_loop_lag_seconds", "How late the last probe of a loop was.",
                        (double)sum.lag_us / 1e6);
    metrics_write_gauge(out, "voms_loop_lag_max_seconds", "The worst of the last minutes.",
                        (double)sum.lag_max_us / 1e6);
    metrics_write_gauge(out, "voms_offload_pending", "Jobs in the thread pool, waiting or running.",
                        (double)offload_pending());
}

/* A route that forgot to say what it needs would be open to anybody. */
static void check_routes(const Route *const *tables)
{
    for (size_t i = 0; tables != NULL && tables[i] != NULL; i++) {
        for (const Route *route = tables[i]; route->path != NULL; route++) {
            BUG_ON(route->needs == NULL || route->handle == NULL);
        }
    }
}

Err *http_server_new(Arena *arena, const HttpServerOptions *options, HttpServer **ret_server)
{
    HttpServer *server = ARENA_NEW(arena, HttpServer);

    server->arena = arena;
    server->options = *options;
    set_defaults(&server->options);
    server->port = options->port;
    TRY(address_list_parse(arena, options->trusted_proxies, &server->trusted));
    check_routes(options->routes);
    server->router = router_new(arena, options->routes);
    TRY(web_open(arena, options->web_root, &server->web));
    BUG_ON(pthread_mutex_init(&server->mutex, NULL) != 0);
    metrics_register_routes(options->routes);
    metrics_register(write_server_metrics, server);
    /* A client that went away is seen by the failed write. */
    signal(SIGPIPE, SIG_IGN);
    *ret_server = server;
    return NULL;
}

void http_server_free(HttpServer *server)
{
    if (server == NULL) {
        return;
    }
    BUG_ON(server->workers != NULL);
    metrics_unregister(write_server_metrics, server);
    web_close(server->web);
    pthread_mutex_destroy(&server->mutex);
}

int http_server_port(const HttpServer *server)
{
    return server->port;
}

bool http_server_has_portal(const HttpServer *server)
{
    return web_has_portal(server->web);
}

/* ---- Listening ---- */

static Err *listen_error(const HttpServer *server, const char *step, const char *reason)
{
    Arena *arena = fiber_current() == NULL ? server->arena : fiber_arena();

    return ERR(arena, ERR_UNAVAILABLE, "listen_failed", "cannot listen on %s port %d: %s: %s",
               server->options.host, server->port, step, reason);
}

static Err *resolve(const HttpServer *server, struct addrinfo **ret_address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
    const char *host = server->options.host;
    char port[8];

    /* The one name that needs no resolver. */
    host = str_equal(host, "localhost") ? "127.0.0.1" : host;
    snprintf(port, sizeof(port), "%d", server->port);
    int result = getaddrinfo(host, port, &hints, ret_address);
    return result == 0 ? NULL : listen_error(server, "address", gai_strerror(result));
}

static void close_socket(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static Err *bind_socket(const HttpServer *server, const struct addrinfo *address, bool share,
                        int *ret_fd)
{
    CLEANUP(close_socket) int fd =
        socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
               address->ai_protocol);
    int on = 1;
    int off = 0;

    if (fd < 0) {
        return listen_error(server, "socket", strerror(errno));
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
        return listen_error(server, "SO_REUSEPORT", strerror(errno));
    }
    if (address->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0) {
        return listen_error(server, "bind", strerror(errno));
    }
    *ret_fd = fd;
    fd = -1;
    return NULL;
}

static int bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address = {};
    socklen_t length = sizeof(address);

    BUG_ON(getsockname(fd, &address.any, &length) != 0);
    bool is_ipv6 = address.any.sa_family == AF_INET6;
    return ntohs(is_ipv6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
}

/* With SO_REUSEPORT a second server would take half of the first one's connections without a word,
 * so that the first loop asks for the port alone before it shares it. */
static Err *check_port_is_free(const HttpServer *server, const struct addrinfo *address)
{
    int fd = -1;

    if (server->workers != NULL || server->port == 0) {
        return NULL;
    }
    TRY(bind_socket(server, address, /* share= */ false, &fd));
    close(fd);
    return NULL;
}

static void free_address(struct addrinfo **address)
{
    if (*address != NULL) {
        freeaddrinfo(*address);
    }
}

static Err *open_listener(HttpServer *server, int *ret_fd)
{
    CLEANUP(free_address) struct addrinfo *address = NULL;
    int fd = -1;

    TRY(resolve(server, &address));
    TRY(check_port_is_free(server, address));
    TRY(bind_socket(server, address, /* share= */ true, &fd));
    if (listen(fd, LISTEN_BACKLOG) != 0) {
        Err *err = listen_error(server, "listen", strerror(errno));
        close(fd);
        return err;
    }
    server->port = bound_port(fd);
    *ret_fd = fd;
    return NULL;
}

/* ---- Driving libmicrohttpd ---- */

void worker_stir(Worker *worker)
{
    worker->run_needed = true;
    worker->runs_due = DAEMON_RUNS_AFTER_STIR;
}

static void on_patience(uv_timer_t *timer)
{
    Worker *worker = timer->data;

    worker->run_needed = true;
}

/* While somebody waits in place, libmicrohttpd always wants to run again: it is held to what was
 * stirred, and asked again after a moment in any case. */
static bool is_settled(Worker *worker)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    worker->runs_due--;
    if (MHD_get_timeout(worker->daemon, &timeout_ms) != MHD_YES || timeout_ms > 0) {
        return true;
    }
    if (worker->placed_count == 0 || worker->runs_due > 0) {
        return false;
    }
    if (!uv_is_active((uv_handle_t *)&worker->patience)) {
        uv_timer_start(&worker->patience, on_patience, PATIENCE_MS, 0);
    }
    return true;
}

/* After a connection was resumed, several runs are needed until its answer is on its way. */
static bool run_daemon(void *arg)
{
    Worker *worker = arg;

    if (!worker->run_needed || worker->daemon == NULL) {
        return false;
    }
    for (int i = 0; i < DAEMON_RUNS_PER_TURN; i++) {
        MHD_run(worker->daemon);
        if (is_settled(worker)) {
            worker->run_needed = false;
            return true;
        }
    }
    return true;
}

static void on_daemon_events(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
    Worker *worker = poll->data;

    worker->run_needed = true;
}

static void publish(Worker *worker)
{
    pthread_mutex_lock(&worker->server->mutex);
    worker->loop_stats = loop_stats(worker->loop);
    worker->published_connections = worker->connection_count;
    worker->published_exchanges = worker->exchange_count;
    pthread_mutex_unlock(&worker->server->mutex);
}

/* libmicrohttpd's memory of many connections, freed, would stay with the process. */
static void trim_after_rush(Worker *worker)
{
    worker->connection_peak = MAX(worker->connection_peak, worker->connection_count);
    if (worker->connection_peak >= RUSH_CONNECTIONS &&
        worker->connection_count < worker->connection_peak / 2) {
        worker->connection_peak = worker->connection_count;
        malloc_trim(0);
    }
}

/* Its timeouts are of whole seconds, so that a tick serves them as well as a timer would. */
static void on_tick(uv_timer_t *timer)
{
    Worker *worker = timer->data;

    worker->tick_count++;
    worker->run_needed = true;
    connection_sweep(worker);
    publish(worker);
    while (worker->spare_arenas.count > 8 &&
           (int64_t)worker->spare_arenas.count > worker->exchange_count) {
        arena_free(worker->spare_arenas.items[--worker->spare_arenas.count]);
    }
    trim_after_rush(worker);
}

static size_t keep_escaped(void *cls UNUSED, struct MHD_Connection *mhd UNUSED, char *text)
{
    return strlen(text); /* the router decodes, segment by segment */
}

static void log_daemon(void *cls UNUSED, const char *format, va_list arguments)
{
    char text[512];

    if (!log_enabled(LOG_DEBUG)) {
        return;
    }
    vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_event(LOG_DEBUG, "libmicrohttpd", LOG_TEXT("message", text));
}

static struct MHD_Daemon *start_daemon(Worker *worker)
{
    const HttpServerOptions *options = &worker->server->options;
    int64_t silence_seconds = options->idle_timeout_ms / SECOND_MS + SILENCE_SLACK_SECONDS;
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)log_daemon, NULL},
        {MHD_OPTION_LISTEN_SOCKET, worker->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, options->connections_max, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)silence_seconds, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_completed, worker},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_notify, worker},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_begin, worker},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escaped, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
                            connection_accept, worker, exchange_access, worker, MHD_OPTION_ARRAY,
                            items, MHD_OPTION_END);
}

static void start_handles(Worker *worker)
{
    uv_loop_t *uv = loop_uv(worker->loop);
    int epoll_fd = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

    BUG_ON(uv_poll_init(uv, &worker->poll, epoll_fd) != 0);
    BUG_ON(uv_timer_init(uv, &worker->tick) != 0);
    BUG_ON(uv_timer_init(uv, &worker->patience) != 0);
    worker->poll.data = worker;
    worker->tick.data = worker;
    worker->patience.data = worker;
    worker->handles_open = 3;
    BUG_ON(uv_poll_start(&worker->poll, UV_READABLE, on_daemon_events) != 0);
    BUG_ON(uv_timer_start(&worker->tick, on_tick, TICK_MS, TICK_MS) != 0);
    worker->hook = (LoopHook){.fn = run_daemon, .arg = worker};
    loop_hook_add(worker->loop, &worker->hook);
    worker->run_needed = true; /* puts the listening socket into the epoll set */
}

static Err *start_worker(HttpServer *server, Worker *worker)
{
    TRY(open_listener(server, &worker->listen_fd));
    fiber_group_init(&worker->fibers);
    worker->daemon = start_daemon(worker);
    if (worker->daemon == NULL) {
        close(worker->listen_fd);
        return listen_error(server, "libmicrohttpd", "the daemon does not start");
    }
    start_handles(worker);
    worker->next = server->workers;
    server->workers = worker;
    return NULL;
}

Err *http_server_start(HttpServer *server)
{
    Arena *arena = arena_new();
    Worker *worker = ARENA_NEW(arena, Worker);

    worker->arena = arena;
    worker->server = server;
    worker->loop = loop_current();
    pthread_mutex_lock(&server->mutex);
    Err *err = start_worker(server, worker);
    pthread_mutex_unlock(&server->mutex);
    if (err != NULL) {
        arena_free(arena);
    }
    return err;
}

/* ---- Stopping ---- */

void worker_wake_when_idle(Worker *worker)
{
    int64_t left = worker->closing ? worker->handles_open : worker->exchange_count;

    if (worker->idle_waiter != NULL && left == 0) {
        waiter_wake(worker->idle_waiter);
    }
}

static void stop_accepting(Worker *worker)
{
    worker->stopping = true;
    MHD_quiesce_daemon(worker->daemon);
    close(worker->listen_fd);
    worker->listen_fd = -1;
    /* Event streams have no end of their own. */
    for (Exchange *exchange = worker->exchanges; exchange != NULL; exchange = exchange->next) {
        if (exchange->fiber != NULL && stream_is_events(exchange->res.stream)) {
            fiber_cancel(exchange->fiber);
        }
    }
}

/* True once no exchange is left. Yields. */
static bool wait_until_idle(Worker *worker, int64_t timeout_ms)
{
    Deadline deadline = deadline_after(timeout_ms);
    Waiter waiter;
    Err *err = NULL;

    waiter_init(&waiter);
    worker->idle_waiter = &waiter;
    while (worker->exchange_count > 0 && err == NULL) {
        err = waiter_wait(&waiter, deadline);
    }
    worker->idle_waiter = NULL;
    return worker->exchange_count == 0;
}

static void cancel_exchanges(Worker *worker)
{
    log_event(LOG_WARN, "requests are cancelled at the end of the grace period",
              LOG_INT("requests", worker->exchange_count));
    fiber_group_cancel(&worker->fibers);
    fiber_group_join(&worker->fibers);
}

static void on_handle_closed(uv_handle_t *handle)
{
    Worker *worker = handle->data;

    worker->handles_open--;
    worker_wake_when_idle(worker);
}

/* Yields. */
static void close_handles(Worker *worker)
{
    Waiter waiter;

    waiter_init(&waiter);
    worker->closing = true;
    worker->idle_waiter = &waiter;
    loop_hook_remove(worker->loop, &worker->hook);
    uv_close((uv_handle_t *)&worker->poll, on_handle_closed);
    uv_close((uv_handle_t *)&worker->tick, on_handle_closed);
    uv_close((uv_handle_t *)&worker->patience, on_handle_closed);
    while (worker->handles_open > 0) {
        err_ignore(waiter_wait(&waiter, DEADLINE_NEVER), "shielded, and closing always ends");
    }
    worker->idle_waiter = NULL;
}

static void remove_worker(HttpServer *server, Worker *worker)
{
    pthread_mutex_lock(&server->mutex);
    Worker **link = &server->workers;
    while (*link != worker) {
        link = &(*link)->next;
    }
    *link = worker->next;
    pthread_mutex_unlock(&server->mutex);
}

static Worker *find_worker(HttpServer *server)
{
    pthread_mutex_lock(&server->mutex);
    Worker *worker = server->workers;
    while (worker != NULL && worker->loop != loop_current()) {
        worker = worker->next;
    }
    pthread_mutex_unlock(&server->mutex);
    return worker;
}

static void free_worker(Worker *worker)
{
    while (worker->spare_arenas.count > 0) {
        arena_free(worker->spare_arenas.items[--worker->spare_arenas.count]);
    }
    arena_free(worker->arena);
}

void http_server_stop(HttpServer *server, int64_t grace_ms)
{
    static const int64_t answers_sent_ms = 1000;
    Worker *worker = find_worker(server);

    if (worker == NULL) {
        return;
    }
    bool shield = fiber_shield(true);
    stop_accepting(worker);
    if (!wait_until_idle(worker, grace_ms)) {
        cancel_exchanges(worker);
        wait_until_idle(worker, answers_sent_ms);
    }
    close_handles(worker);
    MHD_stop_daemon(worker->daemon);
    BUG_ON(worker->exchange_count != 0 || worker->connection_count != 0);
    remove_worker(server, worker);
    free_worker(worker);
    fiber_shield(shield);
}
