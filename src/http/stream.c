/* Answers that are written piece by piece: a handler's fiber fills a ring of bytes, libmicrohttpd
 * empties it; whoever is faster waits. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/adapter.h"

enum {
    DOWNLOAD_RING_BYTES = 64 * 1024,
    EVENTS_RING_BYTES = 8 * 1024,
    FILE_PIECE_BYTES = 64 * 1024,
    STALL_MS = 60000 /* a client that takes nothing for so long is given up */
};

struct HttpStream {
    Exchange *exchange;
    char *ring;
    size_t capacity;
    size_t first;
    size_t count;
    bool is_head;   /* nothing is sent, and nothing waits */
    bool is_events; /* server-sent events */
    bool ended;     /* no more comes */
    bool aborted;   /* the rest is missing: the client must notice */
    bool in_write;  /* a piece is only partly in the ring */
    Waiter *writer; /* waits for room, or NULL */
    int64_t heartbeat_ms;
    Deadline heartbeat_due;
};

/* ---- libmicrohttpd's side ---- */

static size_t take_bytes(HttpStream *stream, char *buffer, size_t most)
{
    size_t until_end = MIN(stream->count, stream->capacity - stream->first);
    size_t taken = MIN(until_end, most);

    memcpy(buffer, stream->ring + stream->first, taken);
    stream->first = (stream->first + taken) % stream->capacity;
    stream->count -= taken;
    if (stream->writer != NULL) {
        waiter_wake(stream->writer);
    }
    return taken;
}

static ssize_t read_stream(void *cls, uint64_t position UNUSED, char *buffer, size_t most)
{
    HttpStream *stream = cls;

    if (stream->aborted || stream->exchange->gone) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (stream->count > 0) {
        return (ssize_t)take_bytes(stream, buffer, most);
    }
    if (stream->ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    exchange_suspend(stream->exchange);
    return 0;
}

struct MHD_Response *stream_response(HttpStream *stream)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, stream->capacity, read_stream,
                                             stream, NULL);
}

void stream_finish(HttpStream *stream)
{
    stream->ended = true;
    exchange_resume(stream->exchange);
}

void stream_client_gone(HttpStream *stream)
{
    if (stream != NULL && stream->writer != NULL) {
        waiter_wake(stream->writer);
    }
}

bool stream_is_events(const HttpStream *stream)
{
    return stream != NULL && stream->is_events;
}

/* ---- The handler's side ---- */

static const char *disposition(Arena *arena, const char *name)
{
    static const char hex[] = "0123456789ABCDEF";
    Str text;

    /* RFC 6266: the name in UTF-8; browsers of the last ten years need no other. */
    str_init(&text, arena);
    str_append(&text, "attachment; filename*=UTF-8''");
    for (const char *at = name; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                     (byte >= 'A' && byte <= 'Z') || strchr("-._~", byte) != NULL;
        if (plain) {
            str_append_char(&text, *at);
        } else {
            str_append_char(&text, '%');
            str_append_char(&text, hex[byte >> 4]);
            str_append_char(&text, hex[byte & 15]);
        }
    }
    return str_text(&text);
}

static HttpStream *begin(HttpResponse *res, int status, const char *content_type, size_t capacity)
{
    HttpDetails *details = http_details(res->req);
    Exchange *exchange = details->exchange;
    HttpStream *stream = ARENA_NEW(res->arena, HttpStream);

    BUG_ON(exchange == NULL || res->stream != NULL);
    *stream = (HttpStream){.exchange = exchange,
                           .ring = arena_alloc(res->arena, capacity),
                           .capacity = capacity,
                           .is_head = res->req->is_head};
    res->status = status;
    res->content_type = arena_strdup(res->arena, content_type);
    res->stream = stream;
    return stream;
}

/* The head of the answer can go out: everything that belongs to it is set. */
static void send_head(HttpStream *stream)
{
    stream->exchange->answer_ready = true;
    exchange_resume(stream->exchange);
}

Err *http_stream_begin(HttpResponse *res, int status, const char *content_type,
                       const char *download_name)
{
    HttpStream *stream = begin(res, status, content_type, DOWNLOAD_RING_BYTES);

    if (download_name != NULL) {
        http_set_header(res, "Content-Disposition", disposition(res->arena, download_name));
    }
    send_head(stream);
    return NULL;
}

static Err *client_gone(const HttpResponse *res)
{
    return ERR(res->arena, ERR_CANCELLED, "client_gone", "the client went away");
}

/* Yields. */
YIELDS static Err *wait_for_room(HttpResponse *res)
{
    HttpStream *stream = res->stream;
    Waiter waiter;

    waiter_init(&waiter);
    stream->writer = &waiter;
    Err *err = waiter_wait(&waiter, deadline_after(STALL_MS));
    stream->writer = NULL;
    return err;
}

static size_t put_bytes(HttpStream *stream, const char *bytes, size_t length)
{
    size_t end = (stream->first + stream->count) % stream->capacity;
    size_t room = MIN(stream->capacity - stream->count, stream->capacity - end);
    size_t put = MIN(room, length);

    memcpy(stream->ring + end, bytes, put);
    stream->count += put;
    return put;
}

YIELDS static Err *write_all(HttpResponse *res, const char *bytes, size_t length)
{
    HttpStream *stream = res->stream;

    while (length > 0) {
        if (stream->exchange->gone) {
            return client_gone(res);
        }
        size_t put = put_bytes(stream, bytes, length);
        bytes += put;
        length -= put;
        exchange_resume(stream->exchange);
        if (put == 0) {
            TRY(wait_for_room(res));
        }
    }
    return NULL;
}

YIELDS Err *http_stream_write(HttpResponse *res, const void *bytes, size_t length)
{
    HttpStream *stream = res->stream;

    BUG_ON(stream == NULL || stream->in_write);
    if (stream->is_head) {
        return NULL;
    }
    stream->in_write = true;
    Err *err = write_all(res, bytes, length);
    stream->in_write = false;
    return err;
}

void http_stream_abort(HttpResponse *res)
{
    res->stream->aborted = true;
    exchange_resume(res->stream->exchange);
}

/* ---- Server-sent events ---- */

Err *http_sse_begin(HttpResponse *res)
{
    HttpStream *stream = begin(res, HTTP_OK, "text/event-stream", EVENTS_RING_BYTES);

    stream->is_events = true;
    stream->heartbeat_ms = stream->exchange->worker->server->options.heartbeat_ms;
    stream->heartbeat_due = deadline_after(stream->heartbeat_ms);
    http_set_header(res, "X-Accel-Buffering", "no");
    send_head(stream);
    return NULL;
}

static void append_field(Str *text, const char *name, const char *value)
{
    if (value != NULL) {
        str_append(text, name);
        str_append(text, value);
        str_append_char(text, '\n');
    }
}

YIELDS Err *http_sse_send(HttpResponse *res, const char *event, const char *id, const char *data)
{
    Str text;

    /* Events are many and the request's arena ends with the last: each gets one of its own. */
    CLEANUP(arena_freep) Arena *arena = arena_new();
    str_init(&text, arena);
    append_field(&text, "event: ", event);
    append_field(&text, "id: ", id);
    for (const char *line = data; line != NULL;) {
        size_t length = strcspn(line, "\n");
        append_field(&text, "data: ", arena_strndup(arena, line, length));
        line = line[length] == '\0' ? NULL : line + length + 1;
    }
    str_append_char(&text, '\n');
    res->stream->heartbeat_due = deadline_after(res->stream->heartbeat_ms);
    return http_stream_write(res, text.data, text.length);
}

void stream_tick(HttpStream *stream, Deadline now)
{
    static const char comment[] = ":\n\n";

    if (!stream->is_events || stream->ended || now < stream->heartbeat_due) {
        return;
    }
    stream->heartbeat_due = now + stream->heartbeat_ms;
    if (stream->count == 0 && !stream->in_write) {
        put_bytes(stream, comment, sizeof(comment) - 1);
        exchange_resume(stream->exchange);
    }
}

/* ---- Files ---- */

typedef struct FileRead {
    const char *path;
    int fd; /* -1 before it was opened */
    char *buffer;
    ssize_t length;
    int error; /* errno */
} FileRead;

static void open_and_read(void *arg)
{
    FileRead *file = arg;

    if (file->fd < 0) {
        file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    }
    file->length = file->fd < 0 ? -1 : read(file->fd, file->buffer, FILE_PIECE_BYTES);
    file->error = file->length < 0 ? errno : 0;
}

static void close_file(FileRead *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
}

YIELDS static Err *read_piece(HttpResponse *res, FileRead *file)
{
    TRY(offload(open_and_read, file));
    if (file->error != 0) {
        return ERR(res->arena, ERR_INTERNAL, "internal_error", "cannot read %s: %s", file->path,
                   strerror(file->error));
    }
    return NULL;
}

YIELDS Err *http_reply_file(HttpResponse *res, const char *path, const char *content_type,
                            const char *download_name)
{
    CLEANUP(close_file) FileRead file = {.path = path,
                                         .fd = -1,
                                         .buffer = arena_alloc(res->arena, FILE_PIECE_BYTES)};

    /* A file that cannot be read is a problem answer: the head goes out after the first piece. */
    TRY(read_piece(res, &file));
    TRY(http_stream_begin(res, HTTP_OK, content_type, download_name));
    while (file.length > 0) {
        TRY(http_stream_write(res, file.buffer, (size_t)file.length));
        TRY(read_piece(res, &file));
    }
    return NULL;
}
