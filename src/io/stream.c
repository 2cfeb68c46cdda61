#include "io/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

struct StreamTls {
    SSL_CTX *context;
};

struct Stream {
    Arena *arena;
    int fd;
    FdWatcher *watcher;
    SSL *ssl; /* NULL: in the clear */
};

/* ---- Errors ---- */

static Err *broken(const char *what, const char *why)
{
    return ERR(fiber_arena(), ERR_UNAVAILABLE, "connection_lost", "%s: %s", what, why);
}

static Err *broken_by_errno(const char *what)
{
    char text[128];
    return broken(what, strerror_r(errno, text, sizeof(text)));
}

static const char *openssl_reason(Arena *arena)
{
    unsigned long code = ERR_get_error();
    if (code == 0) {
        return "the other side closed the connection";
    }
    char text[256];
    ERR_error_string_n(code, text, sizeof(text));
    ERR_clear_error();
    return arena_strdup(arena, text);
}

/* ---- Whom to trust ---- */

static void free_context(void *context)
{
    SSL_CTX_free(context);
}

Err *stream_tls_new(Arena *arena, const char *ca_file, StreamTls **ret_tls)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BUG_ON(context == NULL);
    arena_defer(arena, free_context, context);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    int read = str_is_empty(ca_file) ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_file(context, ca_file);
    if (read != 1) {
        return ERR(arena, ERR_CONFIG, "invalid_config", "%s: cannot read certificates: %s",
                   str_is_empty(ca_file) ? "the system" : ca_file, openssl_reason(arena));
    }
    StreamTls *tls = ARENA_NEW(arena, StreamTls);
    tls->context = context;
    *ret_tls = tls;
    return NULL;
}

/* ---- Addresses ---- */

typedef struct Addresses {
    const char *host;
    char port[8];
    struct addrinfo *list;
    int result;
} Addresses;

/* In the thread pool. */
static void resolve(void *arg)
{
    Addresses *addresses = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    addresses->result = getaddrinfo(addresses->host, addresses->port, &hints, &addresses->list);
}

static void free_addresses(Addresses *addresses)
{
    if (addresses->list != NULL) {
        freeaddrinfo(addresses->list);
    }
}

/* ---- Connecting ---- */

YIELDS static Err *wait_for_connection(Stream *stream, Deadline deadline)
{
    int error = 0;
    socklen_t length = sizeof(error);
    TRY(fd_watcher_wait(stream->watcher, UV_WRITABLE, deadline, NULL));
    getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    return error == 0 ? NULL : broken_by_errno("cannot connect");
}

static void drop_socket(Stream *stream)
{
    fd_watcher_free(TAKE(stream->watcher));
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    stream->fd = -1;
}

YIELDS static Err *connect_to(Stream *stream, const struct sockaddr *address, socklen_t length,
                              Deadline deadline)
{
    stream->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream->fd < 0) {
        return broken_by_errno("cannot make a socket");
    }
    if (connect(stream->fd, address, length) != 0 && errno != EINPROGRESS) {
        return broken_by_errno("cannot connect");
    }
    stream->watcher = fd_watcher_new(stream->fd);
    if (stream->watcher == NULL) {
        return broken("cannot connect", "the socket cannot be watched");
    }
    return wait_for_connection(stream, deadline);
}

YIELDS static Err *connect_unix(Stream *stream, const char *path, Deadline deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return broken("cannot connect", "the socket's path is too long");
    }
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return connect_to(stream, (const struct sockaddr *)&address, sizeof(address), deadline);
}

YIELDS static Err *connect_tcp(Stream *stream, const StreamTarget *target, Deadline deadline)
{
    CLEANUP(free_addresses) Addresses addresses = {.host = target->host};
    snprintf(addresses.port, sizeof(addresses.port), "%d", target->port);
    TRY(offload(resolve, &addresses));
    if (addresses.result != 0) {
        return broken("cannot resolve the name", gai_strerror(addresses.result));
    }
    Err *err = broken("cannot connect", "the name has no address");
    for (const struct addrinfo *at = addresses.list; at != NULL; at = at->ai_next) {
        err = connect_to(stream, at->ai_addr, at->ai_addrlen, deadline);
        if (err == NULL) {
            /* Requests are small, and batched by us. */
            setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
            return NULL;
        }
        drop_socket(stream);
        if (!err_is(err, ERR_UNAVAILABLE)) {
            break;
        }
    }
    return err;
}

/* ---- TLS ---- */

/* What OpenSSL waits for; 0 if it does not. */
static int wanted_event(const Stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return UV_READABLE;
    case SSL_ERROR_WANT_WRITE:
        return UV_WRITABLE;
    default:
        return 0;
    }
}

static const char *handshake_reason(const Stream *stream)
{
    long verified = SSL_get_verify_result(stream->ssl);
    if (verified != X509_V_OK) {
        ERR_clear_error();
        return X509_verify_cert_error_string(verified);
    }
    return openssl_reason(fiber_arena());
}

YIELDS static Err *shake_hands(Stream *stream, Deadline deadline)
{
    for (;;) {
        ERR_clear_error();
        int result = SSL_connect(stream->ssl);
        if (result == 1) {
            return NULL;
        }
        int event = wanted_event(stream, result);
        if (event == 0) {
            return broken("TLS", handshake_reason(stream));
        }
        TRY(fd_watcher_wait(stream->watcher, event, deadline, NULL));
    }
}

YIELDS static Err *start_tls(Stream *stream, const StreamTarget *target, Deadline deadline)
{
    stream->ssl = SSL_new(target->tls->context);
    BUG_ON(stream->ssl == NULL);
    SSL_set_fd(stream->ssl, stream->fd);
    X509_VERIFY_PARAM *check = SSL_get0_param(stream->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(check, target->host) != 1) {
        SSL_set1_host(stream->ssl, target->host);
        SSL_set_tlsext_host_name(stream->ssl, target->host);
    }
    return shake_hands(stream, deadline);
}

/* ---- Life ---- */

YIELDS static Err *open_to(Stream *stream, const StreamTarget *target, Deadline deadline)
{
    if (target->host[0] == '/') {
        return connect_unix(stream, target->host, deadline);
    }
    TRY(connect_tcp(stream, target, deadline));
    return target->tls == NULL ? NULL : start_tls(stream, target, deadline);
}

YIELDS Err *stream_open(const StreamTarget *target, Deadline deadline, Stream **ret_stream)
{
    Arena *arena = arena_new();
    Stream *stream = ARENA_NEW(arena, Stream);
    *stream = (Stream){.arena = arena, .fd = -1};
    Err *err = open_to(stream, target, deadline);
    if (err != NULL) {
        stream_close(stream);
        return err;
    }
    *ret_stream = stream;
    return NULL;
}

void stream_close(Stream *stream)
{
    if (stream == NULL) {
        return;
    }
    SSL_free(stream->ssl);
    drop_socket(stream);
    arena_free(stream->arena);
}

void stream_shut_down(Stream *stream)
{
    shutdown(stream->fd, SHUT_RDWR);
}

/* ---- Reading and writing ---- */

/* One try. *ret_event is what to wait for if it was too early. */
static Err *try_read(Stream *stream, void *buffer, size_t size_bytes, size_t *ret_length,
                     int *ret_event)
{
    ssize_t length = 0;
    if (stream->ssl != NULL) {
        ERR_clear_error();
        int result = SSL_read_ex(stream->ssl, buffer, size_bytes, ret_length);
        *ret_event = result == 1 ? 0 : wanted_event(stream, result);
        if (result == 1 || *ret_event != 0 ||
            SSL_get_error(stream->ssl, result) == SSL_ERROR_ZERO_RETURN) {
            return NULL;
        }
        return broken("cannot read", openssl_reason(fiber_arena()));
    }
    length = recv(stream->fd, buffer, size_bytes, 0);
    *ret_event = length < 0 && (errno == EAGAIN || errno == EINTR) ? UV_READABLE : 0;
    if (length < 0 && *ret_event == 0) {
        return broken_by_errno("cannot read");
    }
    *ret_length = length < 0 ? 0 : (size_t)length;
    return NULL;
}

YIELDS Err *stream_read(Stream *stream, void *buffer, size_t size_bytes, Deadline deadline,
                        size_t *ret_length)
{
    for (;;) {
        int event = 0;
        size_t length = 0;
        TRY(try_read(stream, buffer, size_bytes, &length, &event));
        if (event == 0) {
            *ret_length = length;
            return NULL;
        }
        TRY(fd_watcher_wait(stream->watcher, event, deadline, NULL));
    }
}

static Err *try_write(Stream *stream, const char *bytes, size_t length, size_t *ret_written,
                      int *ret_event)
{
    if (stream->ssl != NULL) {
        ERR_clear_error();
        int result = SSL_write_ex(stream->ssl, bytes, length, ret_written);
        *ret_event = result == 1 ? 0 : wanted_event(stream, result);
        return result == 1 || *ret_event != 0
                   ? NULL
                   : broken("cannot write", openssl_reason(fiber_arena()));
    }
    ssize_t written = send(stream->fd, bytes, length, MSG_NOSIGNAL);
    *ret_event = written < 0 && (errno == EAGAIN || errno == EINTR) ? UV_WRITABLE : 0;
    if (written < 0 && *ret_event == 0) {
        return broken_by_errno("cannot write");
    }
    *ret_written = written < 0 ? 0 : (size_t)written;
    return NULL;
}

YIELDS Err *stream_write(Stream *stream, const void *bytes, size_t length, Deadline deadline)
{
    const char *position = bytes;
    while (length > 0) {
        int event = 0;
        size_t written = 0;
        TRY(try_write(stream, position, length, &written, &event));
        position += written;
        length -= written;
        if (event != 0) {
            TRY(fd_watcher_wait(stream->watcher, event, deadline, NULL));
        }
    }
    return NULL;
}
