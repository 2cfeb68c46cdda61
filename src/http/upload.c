/* Bodies that go to a temporary file. libmicrohttpd fills a buffer; the fiber of the request
 * writes it out in the thread pool, and while it does the client waits. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "http/adapter.h"
#include "http/multipart.h"

enum { BUFFER_BYTES = 256 * 1024, OUT_BYTES = BUFFER_BYTES + 1024 };

struct Upload {
    Exchange *exchange;
    bool wanted; /* the handler asked for the body */
    bool ended;  /* the last byte is in the buffer */
    char *buffer;
    size_t length;
    Waiter *receiver;

    Multipart *multipart; /* NULL: the body is the file */
    char *out;            /* content of the file that is to be written */
    size_t out_length;
    int fd;
    char *path;
    int error; /* errno of the last step in the thread pool */
};

Upload *upload_new(Exchange *exchange)
{
    Upload *upload = ARENA_NEW(exchange->req.arena, Upload);

    *upload = (Upload){.exchange = exchange, .fd = -1};
    return upload;
}

/* ---- libmicrohttpd's side ---- */

bool upload_is_wanted(const Upload *upload)
{
    return upload->wanted;
}

static void wake_receiver(Upload *upload)
{
    if (upload->receiver != NULL) {
        waiter_wake(upload->receiver);
    }
}

size_t upload_take(Exchange *exchange, const char *bytes, size_t length)
{
    Upload *upload = exchange->upload;
    size_t taken = MIN(length, BUFFER_BYTES - upload->length);

    memcpy(upload->buffer + upload->length, bytes, taken);
    upload->length += taken;
    if (upload->length == BUFFER_BYTES) {
        wake_receiver(upload);
    }
    if (taken < length) {
        exchange_suspend(exchange);
    }
    return taken;
}

void upload_body_ended(Exchange *exchange)
{
    exchange->upload->ended = true;
    wake_receiver(exchange->upload);
}

void upload_client_gone(Exchange *exchange)
{
    if (exchange->upload != NULL) {
        wake_receiver(exchange->upload);
    }
}

/* ---- The thread pool's side ---- */

static void open_temporary(void *arg)
{
    Upload *upload = arg;

    upload->fd = mkostemp(upload->path, O_CLOEXEC);
    upload->error = upload->fd < 0 ? errno : 0;
}

static void write_out(void *arg)
{
    Upload *upload = arg;

    upload->error = fd_write(upload->fd, upload->out, upload->out_length) ? 0 : errno;
}

static void remove_temporary(void *arg)
{
    Upload *upload = arg;

    if (upload->fd >= 0) {
        close(upload->fd);
        unlink(upload->path);
        upload->fd = -1;
    }
}

/* ---- The fiber's side ---- */

static Err *disk_error(const Upload *upload, const char *step)
{
    return ERR(upload->exchange->req.arena, ERR_UNAVAILABLE, "upload_failed", "%s %s: %s", step,
               upload->path, strerror(upload->error));
}

/* A piece of the buffer has at most as much content as it is long, and what the parser held back.
 */
static void keep_content(void *arg, const char *bytes, size_t length)
{
    Upload *upload = arg;

    BUG_ON(upload->out_length + length > OUT_BYTES);
    memcpy(upload->out + upload->out_length, bytes, length);
    upload->out_length += length;
}

YIELDS static Err *write_buffer(Upload *upload)
{
    HttpRequest *req = &upload->exchange->req;

    upload->out_length = 0;
    if (upload->multipart != NULL) {
        TRY(multipart_feed(upload->multipart, upload->buffer, upload->length));
    } else {
        keep_content(upload, upload->buffer, upload->length);
    }
    upload->length = 0;
    req->upload_size_bytes += (int64_t)upload->out_length;
    if (req->upload_size_bytes > (int64_t)upload->exchange->body_limit) {
        Err *err = ERR(req->arena, ERR_TOO_LARGE, "upload_too_large", "more than %zu bytes",
                       upload->exchange->body_limit);
        err->param = http_size_text(req->arena, (int64_t)upload->exchange->body_limit);
        return err;
    }
    TRY(offload(write_out, upload));
    return upload->error == 0 ? NULL : disk_error(upload, "write");
}

YIELDS static Err *wait_for_bytes(Upload *upload)
{
    Waiter waiter;
    Err *err = NULL;

    waiter_init(&waiter);
    upload->receiver = &waiter;
    while (err == NULL && !upload->ended && upload->length < BUFFER_BYTES) {
        if (upload->exchange->gone) {
            err = ERR(upload->exchange->req.arena, ERR_CANCELLED, "client_gone",
                      "the client went away");
            break;
        }
        /* How slow a client may be is the sweep's business. */
        err = waiter_wait(&waiter, DEADLINE_NEVER);
    }
    upload->receiver = NULL;
    return err;
}

YIELDS static Err *receive_all(Upload *upload)
{
    bool last = false;

    while (!last) {
        TRY(wait_for_bytes(upload));
        last = upload->ended;
        TRY(write_buffer(upload));
        exchange_resume(upload->exchange);
    }
    if (upload->multipart == NULL) {
        return NULL;
    }
    upload->exchange->req.upload_filename = upload->multipart->filename;
    return multipart_finish(upload->multipart);
}

static Err *prepare(Upload *upload)
{
    HttpRequest *req = &upload->exchange->req;
    const char *content_type = http_header(req, "Content-Type");
    const char *temp_dir = upload->exchange->worker->server->options.temp_dir;

    BUG_ON(temp_dir == NULL);
    upload->path = arena_printf(req->arena, "%s/upload-XXXXXX", temp_dir);
    upload->buffer = arena_alloc(req->arena, BUFFER_BYTES);
    upload->out = arena_alloc(req->arena, OUT_BYTES);
    if (content_type == NULL || strncasecmp(content_type, "multipart/form-data", 19) != 0) {
        return NULL;
    }
    upload->multipart = ARENA_NEW(req->arena, Multipart);
    return multipart_init(upload->multipart, req->arena, content_type, keep_content, upload);
}

YIELDS Err *http_receive_upload(const HttpRequest *req)
{
    Exchange *exchange = http_details(req)->exchange;
    Upload *upload = exchange->upload;

    BUG_ON(upload == NULL || upload->wanted);
    TRY(prepare(upload));
    TRY(offload(open_temporary, upload));
    if (upload->fd < 0) {
        return disk_error(upload, "create");
    }
    upload->wanted = true;
    exchange_resume(exchange);

    /* A large file on a slow line takes longer than a request may. */
    Deadline previous = fiber_set_deadline(DEADLINE_NEVER);
    Err *err = receive_all(upload);
    int64_t timeout_ms = req->route->timeout_ms == 0 ? 30 * SECOND_MS : req->route->timeout_ms;
    fiber_set_deadline(previous == DEADLINE_NEVER ? previous : deadline_after(timeout_ms));
    if (err == NULL) {
        exchange->req.upload_path = upload->path;
    }
    return err;
}

void upload_done(Exchange *exchange)
{
    Upload *upload = exchange->upload;

    if (upload == NULL || upload->fd < 0) {
        return;
    }
    bool shield = fiber_shield(true);
    err_ignore(offload(remove_temporary, upload), "shielded");
    fiber_shield(shield);
}
