/* http.h - requests, answers, routes, and the server that carries them.
 *
 * Each request runs in a fiber of its own; a handler is a list of steps. Everything that a request
 * owns lives in req->arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "fiber/fiber.h"
#include "http/shape.h"

typedef struct Ctx Ctx; /* app/ctx.h; opaque here */
typedef struct HttpServer HttpServer;
typedef struct HttpResponse HttpResponse;

typedef enum HttpMethod {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT
} HttpMethod;

typedef enum HttpStatus {
    HTTP_OK = 200,
    HTTP_CREATED = 201,
    HTTP_ACCEPTED = 202,
    HTTP_NO_CONTENT = 204,
    HTTP_NOT_MODIFIED = 304,
} HttpStatus;

typedef enum Language { LANGUAGE_ZH, LANGUAGE_EN } Language;

typedef struct Route Route;

typedef struct HttpRequest {
    Arena *arena;
    HttpMethod method; /* HEAD arrives as HTTP_GET with is_head */
    bool is_head;
    const char *path; /* decoded, without the query */
    const Route *route;
    const char *path_values[4]; /* of the route's {parameters}, in order */
    Slice body;                 /* empty for uploads */
    const char *upload_path;    /* route->upload: the temporary file with the body, or with the part
                                 * "file" of multipart/form-data; removed after the request */
    const char *upload_filename; /* multipart: as the client named it, cleaned; or NULL */
    int64_t upload_size_bytes;
    const char *client_address; /* through trusted_proxies; text of an IP address */
    bool is_loopback; /* the peer itself is on this machine and no proxy spoke for another */
    const char *request_id;
    Language language; /* from Accept-Language */
    void *connection;  /* the adapter's */
} HttpRequest;

/* A header of the request, or NULL. name is case-insensitive. */
const char *http_header(const HttpRequest *req, const char *name);
const char *http_cookie(const HttpRequest *req, const char *name);

/* The raw query as it was sent, in a canonical order of its parameters; "" if there is none. */
const char *http_query_string(const HttpRequest *req);

/* A query parameter, decoded; the first of that name, or NULL. */
const char *http_query(const HttpRequest *req, const char *name);

/* Fails with ERR_INVALID naming the parameter when it is no number within min..max; absent is
 * fallback. */
Err *http_query_int(const HttpRequest *req, const char *name, int64_t fallback, int64_t min,
                    int64_t max, int64_t *ret_value);
Err *http_query_bool(const HttpRequest *req, const char *name, bool fallback, bool *ret_value);

/* The index in choices (ends with NULL); absent is fallback (may be -1). ERR_INVALID otherwise. */
Err *http_query_choice(const HttpRequest *req, const char *name, const char *const *choices,
                       int fallback, int *ret_index);

/* Fails with ERR_INVALID when the client sent a query parameter that is not in the list. */
Err *http_query_only(const HttpRequest *req, const char *const *names);

/* The path parameter {name} as an id; ERR_NOT_FOUND when it is none. */
Err *http_path_id(const HttpRequest *req, const char *name, int64_t *ret_id);
const char *http_path(const HttpRequest *req, const char *name);

/* Parses and decodes the body with route->in. */
Err *http_decode(const HttpRequest *req, void *object);
Err *http_decode_patch(const HttpRequest *req, void *object, TextList *ret_changed);

/* Receives the body of a route->upload into a temporary file and sets upload_path,
 * upload_filename, upload_size_bytes; the dispatcher calls it once the caller may do this. Yields.
 * Fails with ERR_TOO_LARGE, ERR_MALFORMED, ERR_INVALID (no part "file"), ERR_CANCELLED, and
 * ERR_UNAVAILABLE when the file cannot be written. */
YIELDS Err *http_receive_upload(const HttpRequest *req);

/* ---- Answers ---- */

/* Each returns an Err so that a handler can end with it. The object is encoded at once. */
Err *http_reply(HttpResponse *res, int status, const Shape *shape, const void *object,
                const ShapeView *view);

typedef struct HttpList {
    const Shape *shape;
    ObjectList items;
    const char *next_cursor; /* NULL: the end */
    int64_t total;           /* -1: not asked for */
} HttpList;

/* Answers with a page of a list, with JSON that is ready, with 204. */
Err *http_reply_list(HttpResponse *res, const HttpList *list, const ShapeView *view);
Err *http_reply_json(HttpResponse *res, int status, const char *json);
Err *http_reply_empty(HttpResponse *res);

/* Sets a header; both are copied. */
void http_set_header(HttpResponse *res, const char *name, const char *value);

/* ETag from the resource's version: `"v17"`; answers If-None-Match with 304 by itself. */
void http_set_version(HttpResponse *res, int64_t version);

/* Fails with ERR_STALE unless If-Match is absent, "*", or names version. */
Err *http_check_version(const HttpRequest *req, int64_t version);

/* Begins an answer that the handler writes piece by piece; download_name may be NULL. */
Err *http_stream_begin(HttpResponse *res, int status, const char *content_type,
                       const char *download_name);

/* Hands bytes to the client; parks while its buffer is full. Yields. Fails with ERR_CANCELLED when
 * the client went away. */
YIELDS Err *http_stream_write(HttpResponse *res, const void *bytes, size_t length);

/* Server-sent events over a stream. http_sse_begin also starts the heartbeat comment every 15 s.
 * Sending yields and fails as http_stream_write does. */
Err *http_sse_begin(HttpResponse *res);
YIELDS Err *http_sse_send(HttpResponse *res, const char *event, const char *id, const char *data);

/* Answers with a file's content, read in the thread pool. Yields. */
YIELDS Err *http_reply_file(HttpResponse *res, const char *path, const char *content_type,
                            const char *download_name);

/* ---- Routes ---- */

/* A list of steps; an Err becomes a problem answer. Yields. */
typedef Err *HttpHandler(Ctx *ctx, const HttpRequest *req, HttpResponse *res);

/* Decides whether this caller may do route->needs to the object that the path names. Fails with
 * ERR_NOT_FOUND if the caller may not know of it, ERR_FORBIDDEN if it may only know of it. Yields.
 */
typedef Err *HttpGuard(Ctx *ctx, const HttpRequest *req);

#define NEEDS_NOTHING "none" /* no login */
#define NEEDS_LOGIN "login"  /* any account */

struct Route {
    HttpMethod method;
    const char *path; /* "/api/v1/admin/volunteers/{volunteer_id}" */
    HttpHandler *handle;
    const char *needs;   /* a permission, NEEDS_LOGIN or NEEDS_NOTHING; never NULL */
    HttpGuard *guard;    /* NULL: having the permission anywhere is enough, and the handler's
                          * statements    are confined to what the caller may know of */
    const Shape *in;     /* of the body, or NULL */
    const Shape *out;    /* of the answer, or of a list's items */
    bool in_transaction; /* the handler runs in store_transact: it may run again */
    bool upload;         /* the body goes to a temporary file */
    bool long_lived;     /* server-sent events and downloads: no request deadline */
    bool secret_answer;  /* its answer holds secrets and is not kept for Idempotency-Key */
    bool before_password_change; /* allowed while the account must change its password */
    int64_t body_max_bytes;      /* 0: 256 KiB */
    int64_t timeout_ms;          /* 0: 30 s */
};

/* ---- Problems (RFC 9457) and texts ---- */

/* A text by code, in both languages; {} stands for the parameter. */
typedef struct MessageText {
    const char *code;
    const char *zh;
    const char *en;
} MessageText;

/* Adds a table that ends with an empty row. At start, before requests. */
void message_register(const MessageText *texts);

/* The text of code with its parameter filled in; the code itself if it has no text. */
const char *message_format(Arena *arena, Language language, const char *code, const char *param);

/* Is there a text for code? For the test that every code has one. */
bool message_exists(const char *code);

/* Answers with err as application/problem+json; drops whatever was answered before. */
void http_reply_problem(HttpResponse *res, const HttpRequest *req, const Err *err);

/* ---- The server ---- */

typedef struct HttpServerOptions {
    const char *host;
    int port;                           /* 0: any; see http_server_port */
    const char *const *trusted_proxies; /* addresses or networks "10.0.0.0/8", ends with NULL */
    const char *const *cors_origins;    /* ends with NULL; NULL: CORS is off */
    const char *web_root;               /* folder with "admin/" and "portal/", or NULL */
    const char *temp_dir;               /* for uploads */
    int64_t upload_max_bytes;           /* 0: 100 MiB */
    int connections_max;                /* per loop; 0: 10,000 */
    int connections_per_address_max;    /* 0: unlimited; loopback is never limited */
    int64_t idle_timeout_ms;            /* keep-alive; 0: 60 s */
    int64_t header_timeout_ms;          /* 0: 10 s for the request line and headers */
    int64_t body_timeout_ms;            /* 0: 30 s without progress, and 1 KiB/s at least */
    int64_t heartbeat_ms;               /* of event streams; 0: 15 s */
    const Route *const *routes;         /* tables, each ending with an empty row; ends with NULL */
    /* Runs a request whose route was found, in its fiber, and answers. Yields. */
    void (*dispatch)(void *owner, HttpRequest *req, HttpResponse *res);
    void *owner;
} HttpServerOptions;

/* Compiles the routes and reads the web root, once per process. */
Err *http_server_new(Arena *arena, const HttpServerOptions *options, HttpServer **ret_server);

/* Listens and serves on the calling loop. Fails with ERR_UNAVAILABLE when the port is taken. */
Err *http_server_start(HttpServer *server);
int http_server_port(const HttpServer *server);

/* Does the web root have a portal, which then is at "/"? */
bool http_server_has_portal(const HttpServer *server);

/* On each loop: stops accepting, waits for running requests up to grace_ms, cancels the rest,
 * joins, closes. Yields. */
void http_server_stop(HttpServer *server, int64_t grace_ms);
void http_server_free(HttpServer *server);

/* The status that was answered; for logs. */
int http_response_status(const HttpResponse *res);

/* For idempotency: the encoded body of a finished, not streamed answer. */
Slice http_response_body(const HttpResponse *res);
const char *http_response_header(const HttpResponse *res, const char *name); /* or NULL */

/* Forgets what was answered so far; for a handler that runs again. */
void http_response_reset(HttpResponse *res);
