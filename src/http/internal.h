/* internal.h - what the files of src/http share. Nobody else includes it. */
#pragma once

#include "http/http.h"
#include "http/query.h"

typedef struct HttpStream HttpStream;

struct HttpResponse {
    Arena *arena;
    const HttpRequest *req;
    int status; /* 0: nothing was answered yet */
    const char *content_type;
    Str body;
    PairList headers;
    const char *etag;
    HttpStream *stream; /* begun by http_stream_begin, or NULL */
};

/* What the adapter knows of a request: HttpRequest.connection points to it. */
typedef struct HttpDetails {
    PairList headers;
    const char *raw_query; /* "" if there is none */
    PairList query;        /* valid once query_parsed */
    bool query_parsed;
    HttpServer *server; /* NULL in tests of handlers */
    void *exchange;     /* the adapter's, for streams; NULL in tests of handlers */
} HttpDetails;

/* The adapter's part of a request. */
static inline HttpDetails *http_details(const HttpRequest *req)
{
    return req->connection;
}

/* Makes an answer in which nothing is answered yet, in the request's arena. */
void http_response_init(HttpResponse *res, const HttpRequest *req);

/* If-None-Match of the request against the answer's etag: turns it into a 304. */
void http_response_check_etag(HttpResponse *res);

/* Breaks the begun stream off, so that the client notices that the rest is missing. */
void http_stream_abort(HttpResponse *res);

/* "1.5 MiB" */
const char *http_size_text(Arena *arena, int64_t size_bytes);
