/* Answers that are complete at once. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "http/internal.h"
#include "http/negotiate.h"

static const char type_json[] = "application/json";
static const char type_problem[] = "application/problem+json";

void http_response_init(HttpResponse *res, const HttpRequest *req)
{
    *res = (HttpResponse){.arena = req->arena, .req = req};
    str_init(&res->body, req->arena);
}

void http_response_reset(HttpResponse *res)
{
    BUG_ON(res->stream != NULL);
    http_response_init(res, res->req);
}

int http_response_status(const HttpResponse *res)
{
    return res->status;
}

Slice http_response_body(const HttpResponse *res)
{
    return (Slice){.data = res->body.data, .length = res->body.length};
}

const char *http_response_header(const HttpResponse *res, const char *name)
{
    if (strcasecmp(name, "ETag") == 0 && res->etag != NULL) {
        return res->etag;
    }
    VEC_FOREACH (const Pair, header, &res->headers) {
        if (strcasecmp(header->name, name) == 0) {
            return header->value;
        }
    }
    return NULL;
}

void http_set_header(HttpResponse *res, const char *name, const char *value)
{
    const char *copy = arena_strdup(res->arena, value);

    VEC_FOREACH (Pair, header, &res->headers) {
        if (strcasecmp(header->name, name) == 0 && strcasecmp(name, "Set-Cookie") != 0) {
            header->value = copy;
            return;
        }
    }
    *vec_push(&res->headers, res->arena) = (Pair){arena_strdup(res->arena, name), copy};
}

/* ---- Versions ---- */

void http_set_version(HttpResponse *res, int64_t version)
{
    Str etag;
    str_init(&etag, res->arena);
    str_append(&etag, "\"v");
    str_append_int(&etag, version);
    str_append_char(&etag, '"');
    res->etag = str_text(&etag);
}

void http_response_check_etag(HttpResponse *res)
{
    if (res->etag == NULL || res->status != HTTP_OK || res->req->method != HTTP_GET ||
        res->stream != NULL) {
        return;
    }
    const char *if_none_match = http_header(res->req, "If-None-Match");
    if (if_none_match != NULL &&
        negotiate_etag_matches(if_none_match, res->etag, /* weak= */ true)) {
        res->status = HTTP_NOT_MODIFIED;
        str_init(&res->body, res->arena);
        res->content_type = NULL;
    }
}

/* ---- JSON ---- */

static JsonWriter begin_json(HttpResponse *res, int status, const char *content_type)
{
    JsonWriter writer;

    BUG_ON(res->stream != NULL);
    res->status = status;
    res->content_type = content_type;
    str_init(&res->body, res->arena);
    json_writer_init(&writer, &res->body);
    return writer;
}

Err *http_reply(HttpResponse *res, int status, const Shape *shape, const void *object,
                const ShapeView *view)
{
    JsonWriter writer = begin_json(res, status, type_json);

    shape_encode(res->arena, &writer, shape, object, view);
    return NULL;
}

Err *http_reply_list(HttpResponse *res, const HttpList *list, const ShapeView *view)
{
    JsonWriter writer = begin_json(res, HTTP_OK, type_json);
    const char *item = list->items.items;

    json_write_begin_object(&writer);
    json_write_key(&writer, "items");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < list->items.count; i++, item += list->shape->size_bytes) {
        shape_encode(res->arena, &writer, list->shape, item, view);
    }
    json_write_end_array(&writer);
    json_put_string(&writer, "next_cursor", list->next_cursor);
    if (list->total >= 0) {
        json_put_int(&writer, "total", list->total);
    }
    json_write_end_object(&writer);
    return NULL;
}

Err *http_reply_json(HttpResponse *res, int status, const char *json)
{
    begin_json(res, status, type_json);
    str_append(&res->body, json);
    return NULL;
}

Err *http_reply_empty(HttpResponse *res)
{
    begin_json(res, HTTP_NO_CONTENT, NULL);
    return NULL;
}

/* ---- Problems ---- */

const char *http_size_text(Arena *arena, int64_t size_bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double size = (double)size_bytes;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < COUNT_OF(units)) {
        size /= 1024;
        unit++;
    }
    return arena_printf(arena, "%.4g %s", size, units[unit]);
}

/* What of the error the client may know: of a private kind no more than that it happened. */
static const char *public_code(const Err *err, const ErrKindInfo *info)
{
    bool hidden = err->kind == ERR_INTERNAL || err->kind == ERR_CONFIG;

    if (hidden) {
        return "internal_error";
    }
    return info->message_private && !message_exists(err->code) ? info->name : err->code;
}

static void write_fields(JsonWriter *writer, const HttpRequest *req, const ErrField *fields)
{
    enum { FIELDS_MAX = 100 };
    int count = 0;

    json_write_key(writer, "errors");
    json_write_begin_array(writer);
    for (const ErrField *field = fields; field != NULL && count < FIELDS_MAX; field = field->next) {
        json_write_begin_object(writer);
        json_put_string(writer, "field", field->field);
        json_put_string(writer, "code", field->code);
        json_put_string(writer, "message",
                        message_format(req->arena, req->language, field->code, field->param));
        json_write_end_object(writer);
        count++;
    }
    json_write_end_array(writer);
}

static void write_problem(JsonWriter *writer, const HttpRequest *req, const Err *err, int status)
{
    const ErrKindInfo *info = err_kind_info(err->kind);
    const char *code = public_code(err, info);
    const char *title = arena_printf(req->arena, "title.%s", info->name);

    json_write_begin_object(writer);
    json_put_string(writer, "type", "about:blank");
    json_put_string(writer, "title", message_format(req->arena, req->language, title, NULL));
    json_put_int(writer, "status", status);
    json_put_string(writer, "detail", message_format(req->arena, req->language, code, err->param));
    json_put_string(writer, "code", code);
    json_put_string(writer, "request_id", req->request_id);
    if (err->fields != NULL) {
        write_fields(writer, req, err->fields);
    }
    if (err->current != NULL && err->current[0] == '{') {
        json_write_key(writer, "current");
        json_write_raw(writer, err->current);
    } else if (err->current != NULL) {
        json_put_string(writer, "current", err->current);
    }
    json_write_end_object(writer);
}

void http_reply_problem(HttpResponse *res, const HttpRequest *req, const Err *err)
{
    int status = err_kind_info(err->kind)->http_status;

    /* A stream that has begun can only be broken off. */
    if (res->stream != NULL) {
        http_stream_abort(res);
        return;
    }
    /* 499 is for the metrics; should somebody still listen, the server is about to stop. */
    status = err->kind == ERR_CANCELLED ? 503 : status;
    http_response_init(res, res->req);
    JsonWriter writer = begin_json(res, status, type_problem);
    write_problem(&writer, req, err, status);
    if (err->retry_after_ms > 0) {
        int64_t seconds = (err->retry_after_ms + SECOND_MS - 1) / SECOND_MS;
        http_set_header(res, "Retry-After", arena_printf(res->arena, "%" PRId64, seconds));
    }
    if (err->kind == ERR_UNAUTHENTICATED) {
        http_set_header(res, "WWW-Authenticate", "Bearer");
    }
}
