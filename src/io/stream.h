/* stream.h - a connection to a service, over TCP or a Unix socket, with TLS where it is asked for.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "fiber/fiber.h"

typedef struct Stream Stream;
typedef struct StreamTls StreamTls; /* whom to trust; shared by threads */

typedef struct StreamTarget {
    const char *host;     /* name or address; beginning with '/': a Unix socket */
    int port;             /* of TCP */
    const StreamTls *tls; /* NULL: in the clear */
} StreamTarget;

/* Reads whom to trust: the certificates of ca_file, or (NULL or "") the system's. Reads files, so
 * it is for the start of the process; lives as long as arena. Fails with ERR_CONFIG. */
Err *stream_tls_new(Arena *arena, const char *ca_file, StreamTls **ret_tls);

/* Connects, trying every address of the host; with TLS the certificate must be good for the host.
 * Yields. Fails with ERR_UNAVAILABLE and the system's or OpenSSL's reason, or ERR_TIMEOUT. The
 * stream belongs to the calling thread. */
YIELDS Err *stream_open(const StreamTarget *target, Deadline deadline, Stream **ret_stream);

/* Closes at once; no fiber may be waiting. NULL is accepted. */
void stream_close(Stream *stream);

/* Ends both directions, so that whoever waits for the stream finds it closed. */
void stream_shut_down(Stream *stream);

/* Reads what there is, at least a byte; *ret_length is 0 at the end. Yields. Fails with
 * ERR_UNAVAILABLE if the connection broke, ERR_TIMEOUT if nothing came. One fiber may read while
 * another one writes. */
YIELDS Err *stream_read(Stream *stream, void *buffer, size_t size_bytes, Deadline deadline,
                        size_t *ret_length);

/* Writes all of it. Yields. Fails like stream_read. */
YIELDS Err *stream_write(Stream *stream, const void *bytes, size_t length, Deadline deadline);
