/* adapter.h - between libmicrohttpd and fibers. Only the files server.c, connection.c, exchange.c,
 * stream.c, upload.c and web.c include it.
 *
 * A Server is the process's; a Worker its part on one loop, with a listening socket and a daemon of
 * its own; a Connection is a socket; an Exchange one request with its answer. An Exchange ends when
 * both libmicrohttpd and its fiber are done with it. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "base/vec.h"
#include "http/address.h"
#include "http/internal.h"
#include "http/router.h"

typedef struct Worker Worker;
typedef struct Connection Connection;
typedef struct Exchange Exchange;
typedef struct Upload Upload;
typedef struct Web Web;

struct HttpServer {
    HttpServerOptions options; /* with the defaults in place */
    Arena *arena;
    Router *router;
    AddressList trusted;
    Web *web; /* NULL: no web root */

    pthread_mutex_t mutex; /* for what follows */
    int port;              /* 0 until the first loop listens */
    Worker *workers;
    VEC(struct AddressCount) addresses; /* connections by client address, when that is limited */
};

typedef struct AddressCount {
    char text[ADDRESS_TEXT_SIZE];
    int count;
} AddressCount;

struct Worker {
    HttpServer *server;
    Worker *next;
    Arena *arena;
    Loop *loop;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uv_poll_t poll;      /* of the daemon's epoll set */
    uv_timer_t tick;     /* every second: deadlines and lost clients */
    uv_timer_t patience; /* runs while somebody waits in place */
    int handles_open;
    LoopHook hook;
    bool run_needed;      /* the daemon has something to do in this turn */
    int runs_due;         /* of the daemon, even while somebody waits in place */
    int64_t placed_count; /* exchanges that wait in place */
    bool stopping;        /* answers close their connections */
    bool closing;         /* handles are being closed */
    FiberGroup fibers;
    Exchange *exchanges;
    Connection *connections;
    Connection *spare_connections;
    int64_t exchange_count;
    int64_t connection_count;
    int64_t connection_peak; /* since memory was last given back */
    VEC(Arena *) spare_arenas;
    Waiter *idle_waiter; /* woken when the last exchange ends, and when handles are closed */
    uint64_t request_serial;
    int64_t tick_count;
    LoopStats loop_stats; /* published each second, under the server's mutex */
    int64_t published_connections;
    int64_t published_exchanges;
};

struct Connection {
    Worker *worker;
    Connection *previous;
    Connection *next;
    int fd;
    char peer[ADDRESS_TEXT_SIZE];
    bool counted;        /* in server->addresses */
    Exchange *current;   /* NULL between requests */
    Deadline idle_since; /* when it was accepted, or its last answer ended */
    int64_t bytes_seen;  /* received when first looked at after a request; -1: not looked at yet */
    Deadline head_since; /* when more than those was noticed; 0: not yet */
    bool killed;
};

typedef enum ExchangeState {
    EXCHANGE_HEADERS, /* the request line was read */
    EXCHANGE_BODY,    /* the body comes */
    EXCHANGE_DISCARD, /* the body comes, and the answer does not depend on it */
    EXCHANGE_RUN,     /* the request is complete; the fiber runs or has run */
    EXCHANGE_ANSWER,  /* the answer is libmicrohttpd's */
} ExchangeState;

struct Exchange {
    HttpRequest req;
    HttpResponse res;
    HttpDetails details;
    Worker *worker;
    Connection *connection;
    struct MHD_Connection *mhd;
    Exchange *previous;
    Exchange *next;
    ExchangeState state;
    Fiber *fiber;      /* NULL before it started and after it ended */
    bool answer_ready; /* res may be handed to libmicrohttpd */
    bool suspended;
    bool in_place;    /* it waits without being suspended: libmicrohttpd asks in each run */
    bool gone;        /* libmicrohttpd is done with it, or its client is lost */
    bool mhd_done;    /* libmicrohttpd has forgotten it */
    bool close_after; /* the connection ends with this answer */
    int64_t started_us;
    Deadline phase_since; /* start of the present state; monotonic */
    unsigned allowed;     /* methods of the path, for 405 and OPTIONS */

    size_t body_limit;
    size_t body_capacity;
    char *body;
    int64_t body_received; /* bytes, also those that were discarded */
    Deadline body_progress;
    Upload *upload;

    char request_id[32];
    struct MHD_Response *web_answer; /* a file of the web apps, kept by Web */
};

/* ---- server.c ---- */
void worker_wake_when_idle(Worker *worker);

/* Something happened after which libmicrohttpd may have to run again. */
void worker_stir(Worker *worker);

/* ---- connection.c ---- */
enum MHD_Result connection_accept(void *cls, const struct sockaddr *address, socklen_t length);
void connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code);

/* Looks at every connection: ends those that are too slow, cancels work for lost clients. */
void connection_sweep(Worker *worker);

/* Ends the connection, after sending text (may be NULL) past libmicrohttpd, which must not be
 * writing. */
void connection_kill(Connection *connection, const char *text);

/* ---- exchange.c ---- */
void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result exchange_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_size, void **context);
void exchange_completed(void *cls, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode code);
void exchange_suspend(Exchange *exchange);

/* Frees the exchange once its fiber and libmicrohttpd are done with it. */
void exchange_end(Exchange *exchange);

/* Lets libmicrohttpd ask for the answer. */
void exchange_resume(Exchange *exchange);

/* Starts the fiber that answers the exchange, at once. */
void exchange_start(Exchange *exchange, FiberMain *main);

/* What every exchange's fiber does last. */
void exchange_fiber_ends(Exchange *exchange);

/* Sends the answer past libmicrohttpd while the body still comes, and ends the connection. */
void exchange_answer_and_kill(Exchange *exchange);

/* Answers with an error instead of running the handler. */
void exchange_refuse(Exchange *exchange, const Err *err);

/* ---- stream.c ---- */

/* The answer that libmicrohttpd reads from the stream. */
struct MHD_Response *stream_response(HttpStream *stream);

/* No more comes: the handler has ended. */
void stream_finish(HttpStream *stream);

/* The client is gone: whoever writes fails. */
void stream_client_gone(HttpStream *stream);
bool stream_is_events(const HttpStream *stream);
void stream_tick(HttpStream *stream, Deadline now);

/* ---- upload.c ---- */
Upload *upload_new(Exchange *exchange);

/* Takes bytes of the body; returns how many. Suspends the exchange when it takes no more. */
size_t upload_take(Exchange *exchange, const char *bytes, size_t length);
bool upload_is_wanted(const Upload *upload);
void upload_body_ended(Exchange *exchange);
void upload_client_gone(Exchange *exchange);

/* Removes the temporary file. Yields. */
void upload_done(Exchange *exchange);

/* ---- web.c ---- */

/* Reads the index of the web root. NULL when root is NULL. Fails with ERR_CONFIG. */
Err *web_open(Arena *arena, const char *root, Web **ret_web);
void web_close(Web *web);

/* Is there a portal, at "/"? */
bool web_has_portal(const Web *web);

/* Is there a file, or a page of an app, for the path? */
bool web_answers(const Web *web, const char *path);

/* Answers such a path. Yields: the first time a file is asked for it is read in the thread pool. */
YIELDS Err *web_answer(Web *web, Exchange *exchange);
