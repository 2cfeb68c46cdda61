/* One request and its answer, as libmicrohttpd hands it over piece by piece. */
#include "http/adapter.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "http/metrics.h"
#include "http/negotiate.h"

enum {
    BODY_MAX_BYTES = 256 * 1024,
    SWALLOW_MAX_BYTES =
        32 * 1024 * 1024, /* of a body that nobody wants, so that the answer is read */
    REQUEST_TIMEOUT_MS = 30000,
    IN_PLACE_MAX = 64, /* exchanges of a loop: each is asked in every run of the daemon */
    IN_PLACE_MS = 20
};

/* ---- The fiber ---- */

void exchange_start(Exchange *exchange, FiberMain *main)
{
    const Route *route = exchange->req.route;

    /* Most requests are answered before this returns. */
    BUG_ON(fiber_current() != NULL);
    fiber_spawn_now(&exchange->worker->fibers, route == NULL ? "http" : route->path, main,
                    exchange);
}

static void begin_fiber(Exchange *exchange)
{
    exchange->fiber = fiber_current();
    log_set_request_id(exchange->req.request_id);
}

void exchange_fiber_ends(Exchange *exchange)
{
    exchange->fiber = NULL;
    if (exchange->mhd_done) {
        exchange_end(exchange);
        return;
    }
    if (exchange->res.stream != NULL) {
        stream_finish(exchange->res.stream);
        return;
    }
    exchange->answer_ready = true;
    exchange_resume(exchange);
}

static void run_handler(void *arg)
{
    Exchange *exchange = arg;
    const HttpServerOptions *options = &exchange->worker->server->options;
    const Route *route = exchange->req.route;

    begin_fiber(exchange);
    if (!route->long_lived) {
        int64_t timeout_ms = route->timeout_ms == 0 ? REQUEST_TIMEOUT_MS : route->timeout_ms;
        fiber_set_deadline(deadline_after(timeout_ms));
    }
    options->dispatch(options->owner, &exchange->req, &exchange->res);
    upload_done(exchange);
    exchange_fiber_ends(exchange);
}

static void run_web(void *arg)
{
    Exchange *exchange = arg;

    begin_fiber(exchange);
    fiber_set_deadline(deadline_after(REQUEST_TIMEOUT_MS));
    Err *err = web_answer(exchange->worker->server->web, exchange);
    if (err != NULL) {
        http_reply_problem(&exchange->res, &exchange->req, err);
    }
    exchange_fiber_ends(exchange);
}

/* ---- The head of the request ---- */

static enum MHD_Result copy_header(void *arg, enum MHD_ValueKind kind UNUSED, const char *name,
                                   const char *value)
{
    Exchange *exchange = arg;
    Arena *arena = exchange->req.arena;

    *vec_push(&exchange->details.headers, arena) =
        (Pair){arena_strdup(arena, name), arena_strdup(arena, value == NULL ? "" : value)};
    return MHD_YES;
}

/* libmicrohttpd's copies end with its request, which a fiber may outlive. */
static void read_headers(Exchange *exchange)
{
    HttpRequest *req = &exchange->req;
    const char *peer = exchange->connection->peer;

    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, copy_header, exchange);
    req->language = negotiate_language(http_header(req, "Accept-Language"));
    req->client_address = address_of_client(req->arena, &exchange->worker->server->trusted, peer,
                                            &exchange->details.headers);
    req->is_loopback = address_is_loopback(peer) && http_header(req, "X-Forwarded-For") == NULL &&
                       http_header(req, "Forwarded") == NULL;
}

/* The length that the client announced: -1 for a chunked body, 0 for none. */
static int64_t announced_length(const HttpRequest *req)
{
    const char *length = http_header(req, "Content-Length");
    int64_t value = 0;

    if (http_header(req, "Transfer-Encoding") != NULL) {
        return -1;
    }
    if (length == NULL || !str_parse_int64(length, &value)) {
        return length == NULL ? 0 : INT64_MAX; /* of a number that is too large */
    }
    return value;
}

static Err *find_route(Exchange *exchange)
{
    HttpRequest *req = &exchange->req;
    RouteMatch match;

    TRY(router_find(exchange->worker->server->router, req->arena, req->method, req->path, &match));
    exchange->allowed = match.allowed;
    req->route = match.route;
    memcpy(req->path_values, match.values, sizeof(match.values));
    const char *decoded =
        percent_decode(req->arena, req->path, strlen(req->path), /* plus_is_blank= */ false);
    if (decoded == NULL) {
        return ERR(req->arena, ERR_MALFORMED, "malformed_path", "the path cannot be decoded");
    }
    req->path = decoded;
    return NULL;
}

static size_t body_limit(const Exchange *exchange)
{
    const Route *route = exchange->req.route;

    if (route->upload) {
        return (size_t)(route->body_max_bytes > 0
                            ? route->body_max_bytes
                            : exchange->worker->server->options.upload_max_bytes);
    }
    return (size_t)(route->body_max_bytes > 0 ? route->body_max_bytes : BODY_MAX_BYTES);
}

static Err *too_large(const Exchange *exchange)
{
    Arena *arena = exchange->req.arena;
    Err *err = ERR(arena, ERR_TOO_LARGE, "body_too_large", "the body has more than %zu bytes",
                   exchange->body_limit);

    err->param = http_size_text(arena, (int64_t)exchange->body_limit);
    return err;
}

static bool is_built_in(const Exchange *exchange)
{
    return exchange->req.method == HTTP_GET && strcmp(exchange->req.path, "/metrics") == 0;
}

/* Whether the request may run; NULL when it may. */
static Err *check_head(Exchange *exchange, int64_t length)
{
    HttpRequest *req = &exchange->req;
    Web *web = exchange->worker->server->web;

    TRY(find_route(exchange));
    if (http_header(req, "Transfer-Encoding") != NULL &&
        http_header(req, "Content-Length") != NULL) {
        exchange->close_after = true;
        return ERR(req->arena, ERR_MALFORMED, "length_ambiguous",
                   "both Content-Length and Transfer-Encoding");
    }
    if (req->route == NULL && req->method == HTTP_OPTIONS && exchange->allowed != 0) {
        return NULL;
    }
    if (req->route == NULL && exchange->allowed != 0) {
        return ERR(req->arena, ERR_NOT_ALLOWED, "method_not_allowed", "no such method here");
    }
    if (req->route == NULL && !is_built_in(exchange) &&
        !(req->method == HTTP_GET && web != NULL && web_answers(web, req->path))) {
        return ERR(req->arena, ERR_NOT_FOUND, "not_found", "no such path");
    }
    exchange->body_limit = req->route == NULL ? 0 : body_limit(exchange);
    return length > (int64_t)exchange->body_limit ? too_large(exchange) : NULL;
}

/* ---- Answers of the adapter itself ---- */

void exchange_refuse(Exchange *exchange, const Err *err)
{
    http_reply_problem(&exchange->res, &exchange->req, err);
    if (err->kind == ERR_NOT_ALLOWED) {
        http_set_header(&exchange->res, "Allow",
                        router_allow_text(exchange->req.arena, exchange->allowed));
    }
    exchange->answer_ready = true;
}

static bool is_cors_origin(const HttpServerOptions *options, const char *origin)
{
    for (size_t i = 0; options->cors_origins != NULL && options->cors_origins[i] != NULL; i++) {
        if (str_equal(options->cors_origins[i], origin)) {
            return true;
        }
    }
    return false;
}

static void set_cors_headers(Exchange *exchange)
{
    HttpResponse *res = &exchange->res;
    const HttpServerOptions *options = &exchange->worker->server->options;
    const char *origin =
        options->cors_origins == NULL ? NULL : http_header(&exchange->req, "Origin");

    if (options->cors_origins == NULL) {
        return;
    }
    http_set_header(res, "Vary", "Origin");
    if (origin == NULL || !is_cors_origin(options, origin)) {
        return;
    }
    http_set_header(res, "Access-Control-Allow-Origin", origin);
    http_set_header(res, "Access-Control-Allow-Credentials", "true");
    http_set_header(res, "Access-Control-Expose-Headers",
                    "ETag, Location, Retry-After, X-Request-Id, Content-Disposition");
    if (exchange->req.method == HTTP_OPTIONS) {
        http_set_header(res, "Access-Control-Allow-Methods",
                        router_allow_text(exchange->req.arena, exchange->allowed));
        http_set_header(res, "Access-Control-Allow-Headers",
                        "Authorization, Content-Type, Accept-Language, If-Match, If-None-Match, "
                        "Idempotency-Key");
        http_set_header(res, "Access-Control-Max-Age", "600");
    }
}

static void answer_options(Exchange *exchange)
{
    err_ignore(http_reply_empty(&exchange->res), "cannot fail");
    http_set_header(&exchange->res, "Allow",
                    router_allow_text(exchange->req.arena, exchange->allowed));
    exchange->answer_ready = true;
}

/* For those on this machine alone: to all others there is no such path. */
static void answer_metrics(Exchange *exchange)
{
    HttpResponse *res = &exchange->res;

    if (!exchange->req.is_loopback) {
        exchange_refuse(exchange,
                        ERR(exchange->req.arena, ERR_NOT_FOUND, "not_found", "no such path"));
        return;
    }
    res->status = HTTP_OK;
    res->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(&res->body);
    exchange->answer_ready = true;
}

/* libmicrohttpd takes no answer in the middle of a body. */
void exchange_answer_and_kill(Exchange *exchange)
{
    const HttpResponse *res = &exchange->res;

    BUG_ON(res->status == 0 || res->stream != NULL);
    connection_kill(exchange->connection,
                    arena_printf(exchange->req.arena,
                                 "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\n"
                                 "Content-Length: %zu\r\n\r\n%s",
                                 res->status, MHD_get_reason_phrase_for((unsigned)res->status),
                                 res->content_type, res->body.length, str_text(&res->body)));
}

/* ---- Handing over the answer ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES) {
        log_event(LOG_ERROR, "a response header was refused", LOG_TEXT("header", name));
    }
}

static void add_headers(Exchange *exchange, struct MHD_Response *response)
{
    HttpResponse *res = &exchange->res;

    if (res->content_type != NULL) {
        add_header(response, "Content-Type", res->content_type);
    }
    if (res->etag != NULL) {
        add_header(response, "ETag", res->etag);
    }
    if (pairs_find_caseless(&res->headers, "Cache-Control") == NULL) {
        add_header(response, "Cache-Control", res->etag != NULL ? "private, no-cache" : "no-store");
    }
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "X-Request-Id", exchange->req.request_id);
    if (exchange->close_after || exchange->worker->stopping) {
        add_header(response, "Connection", "close");
    }
    VEC_FOREACH (Pair, header, &res->headers) {
        add_header(response, header->name, header->value);
    }
}

static struct MHD_Response *make_response(Exchange *exchange)
{
    HttpResponse *res = &exchange->res;

    set_cors_headers(exchange);
    http_response_check_etag(res);
    struct MHD_Response *response =
        res->stream != NULL ? stream_response(res->stream)
                            : MHD_create_response_from_buffer(res->body.length, res->body.data,
                                                              MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        add_headers(exchange, response);
    }
    return response;
}

static enum MHD_Result answer(Exchange *exchange)
{
    if (exchange->res.status == 0) {
        exchange_refuse(exchange, ERR(exchange->req.arena, ERR_INTERNAL, "internal_error",
                                      "the handler has not answered"));
        log_event(LOG_ERROR, "a handler has not answered", LOG_TEXT("path", exchange->req.path));
    }
    exchange->state = EXCHANGE_ANSWER;
    exchange->phase_since = time_monotonic();
    if (exchange->web_answer != NULL) {
        return MHD_queue_response(exchange->mhd, (unsigned)exchange->res.status,
                                  exchange->web_answer);
    }
    struct MHD_Response *response = make_response(exchange);
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result result =
        MHD_queue_response(exchange->mhd, (unsigned)exchange->res.status, response);
    MHD_destroy_response(response);
    return result;
}

/* To be suspended and resumed costs a connection three system calls. Most answers come within
 * milliseconds: so long libmicrohttpd may as well ask again each time it runs. */
static bool may_wait_in_place(const Exchange *exchange)
{
    return (exchange->in_place || exchange->worker->placed_count < IN_PLACE_MAX) &&
           time_monotonic() - exchange->phase_since < IN_PLACE_MS;
}

/* Answers, or waits for the fiber to do so. */
static enum MHD_Result answer_or_wait(Exchange *exchange)
{
    if (exchange->answer_ready) {
        worker_stir(exchange->worker);
        return answer(exchange);
    }
    if (!may_wait_in_place(exchange)) {
        exchange_suspend(exchange);
    } else if (!exchange->in_place) {
        exchange->in_place = true;
        exchange->worker->placed_count++;
    }
    return MHD_YES;
}

/* ---- The calls of libmicrohttpd ---- */

/* A body that nobody wants is swallowed, so that the client comes to reading the answer; a client
 * that waits for "100 Continue", or announced too much, is answered at once. */
static enum MHD_Result answer_before_body(Exchange *exchange, int64_t length)
{
    if (length == 0) {
        exchange->state = EXCHANGE_RUN;
        return MHD_YES;
    }
    if (length > SWALLOW_MAX_BYTES || http_header(&exchange->req, "Expect") != NULL) {
        exchange->close_after = true;
        return answer(exchange);
    }
    exchange->state = EXCHANGE_DISCARD;
    return MHD_YES;
}

static enum MHD_Result begin_upload(Exchange *exchange, int64_t length)
{
    if (exchange->upload == NULL) {
        exchange->upload = upload_new(exchange);
        exchange_start(exchange, run_handler);
    }
    if (exchange->answer_ready) {
        return answer_before_body(exchange, length);
    }
    if (!upload_is_wanted(exchange->upload)) {
        exchange_suspend(exchange); /* this call comes again */
        return MHD_YES;
    }
    exchange->state = length == 0 ? EXCHANGE_RUN : EXCHANGE_BODY;
    if (length == 0) {
        upload_body_ended(exchange);
    }
    return MHD_YES;
}

static enum MHD_Result on_head(Exchange *exchange, const char *method)
{
    HttpRequest *req = &exchange->req;
    bool is_first_call = exchange->upload == NULL;

    if (is_first_call) {
        req->method = http_method_parse(method);
        read_headers(exchange);
        req->is_head = req->method == HTTP_HEAD;
        req->method = req->is_head ? HTTP_GET : req->method;
    }
    int64_t length = announced_length(req);
    exchange->phase_since = exchange->body_progress = time_monotonic();
    if (is_first_call) {
        Err *err = check_head(exchange, length);
        if (err != NULL) {
            exchange_refuse(exchange, err);
            return answer_before_body(exchange, length);
        }
    }
    if (req->route != NULL && req->route->upload) {
        return begin_upload(exchange, length);
    }
    exchange->state = length == 0 ? EXCHANGE_RUN : EXCHANGE_BODY;
    return MHD_YES;
}

static bool keep_body(Exchange *exchange, const char *data, size_t size)
{
    size_t needed = exchange->req.body.length + size;

    if (needed > exchange->body_limit) {
        return false;
    }
    if (needed > exchange->body_capacity) {
        int64_t announced = announced_length(&exchange->req);
        size_t capacity = MAX(needed, 2 * exchange->body_capacity);
        capacity = announced > 0 ? MAX((size_t)announced, needed) : capacity;
        char *body =
            arena_try_alloc(exchange->req.arena, capacity + 1, exchange->body_limit * 2 + 1);
        if (body == NULL) {
            return false;
        }
        if (exchange->req.body.length > 0) {
            memcpy(body, exchange->body, exchange->req.body.length);
        }
        exchange->body = body;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->req.body.length, data, size);
    exchange->req.body = (Slice){.data = exchange->body, .length = needed};
    return true;
}

static void refuse_rest(Exchange *exchange)
{
    exchange->state = EXCHANGE_DISCARD;
    exchange->close_after = true;
    exchange_refuse(exchange, too_large(exchange));
}

static enum MHD_Result on_data(Exchange *exchange, const char *data, size_t *size)
{
    size_t taken = *size;
    bool fiber_ended = exchange->upload != NULL && exchange->fiber == NULL;

    worker_stir(exchange->worker);
    if (fiber_ended) {
        exchange->state = EXCHANGE_DISCARD; /* it has answered without the rest */
    }
    if (exchange->upload != NULL && exchange->state == EXCHANGE_BODY) {
        taken = upload_take(exchange, data, *size);
    } else if (exchange->state == EXCHANGE_BODY && !keep_body(exchange, data, *size)) {
        refuse_rest(exchange);
    }
    exchange->body_received += (int64_t)taken;
    exchange->body_progress = time_monotonic();
    *size -= taken;
    if (exchange->state == EXCHANGE_DISCARD && exchange->body_received > SWALLOW_MAX_BYTES) {
        exchange_answer_and_kill(exchange);
        return MHD_NO;
    }
    return MHD_YES;
}

static enum MHD_Result on_end(Exchange *exchange)
{
    HttpRequest *req = &exchange->req;

    if (exchange->state == EXCHANGE_BODY && exchange->upload != NULL) {
        upload_body_ended(exchange);
    }
    bool is_new = exchange->fiber == NULL && !exchange->answer_ready && exchange->upload == NULL;
    exchange->state = EXCHANGE_RUN;
    if (!is_new) {
        return answer_or_wait(exchange);
    }
    exchange->phase_since = time_monotonic();
    if (req->route != NULL) {
        exchange_start(exchange, run_handler);
    } else if (req->method == HTTP_OPTIONS) {
        answer_options(exchange);
    } else if (is_built_in(exchange)) {
        answer_metrics(exchange);
    } else {
        exchange_start(exchange, run_web);
    }
    return answer_or_wait(exchange);
}

enum MHD_Result exchange_access(void *cls UNUSED, struct MHD_Connection *mhd UNUSED,
                                const char *url UNUSED, const char *method,
                                const char *version UNUSED, const char *data, size_t *data_size,
                                void **context)
{
    Exchange *exchange = *context;

    if (exchange == NULL || exchange->connection == NULL) {
        return MHD_NO;
    }
    if (exchange->state == EXCHANGE_HEADERS) {
        return on_head(exchange, method);
    }
    return data != NULL && *data_size > 0 ? on_data(exchange, data, data_size) : on_end(exchange);
}
