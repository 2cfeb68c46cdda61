/* multipart.h - reading multipart/form-data (RFC 7578) piece by piece.
 *
 * Gives out the content of the part named "file"; other parts are skipped. Does no I/O. */
#pragma once

#include "base/err.h"
#include "base/str.h"

typedef enum MultipartState {
    MULTIPART_PREAMBLE,
    MULTIPART_HEADERS,
    MULTIPART_CONTENT,
    MULTIPART_END, /* behind the last boundary: what follows is ignored */
} MultipartState;

typedef struct Multipart {
    Arena *arena;
    const char *delimiter; /* "\r\n--boundary" */
    size_t delimiter_length;
    MultipartState state;
    char held[1024]; /* bytes that may begin a delimiter, or the headers' line so far */
    size_t held_length;
    bool in_line;         /* reading headers: the rest of a delimiter's line comes first */
    bool is_file;         /* the present part is the wanted one */
    bool found_file;      /* there was one */
    const char *filename; /* as the client named it, cleaned; NULL if it named none */
    void (*write)(void *arg, const char *bytes, size_t length);
    void *arg;
} Multipart;

/* Takes the boundary from the Content-Type. Fails with ERR_MALFORMED ("malformed_multipart") if
 * there is none, or a longer one than RFC 2046 allows (70). write gets the content of the file. */
Err *multipart_init(Multipart *multipart, Arena *arena, const char *content_type,
                    void (*write)(void *arg, const char *bytes, size_t length), void *arg);

/* Takes the next bytes. Fails with ERR_MALFORMED. */
Err *multipart_feed(Multipart *multipart, const char *bytes, size_t length);

/* Fails with ERR_MALFORMED when the last boundary did not come, ERR_INVALID ("file") when there was
 * no file. */
Err *multipart_finish(Multipart *multipart);
