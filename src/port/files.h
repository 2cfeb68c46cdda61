/* files.h - the files port: what people hand in, kept in a local folder below the data directory.
 *
 * A file's kind is told by its first bytes, never by its name. Names are random; a file is on disk
 * before it is answered for. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "base/time.h"

#define FILES_MAX_BYTES ((int64_t)10 * 1024 * 1024)

typedef struct StoredBytes {
    const char *name;         /* below data_dir/files; 32 signs of hexadecimal */
    const char *content_type; /* "image/jpeg", "image/png", "image/webp", "application/pdf" */
    int64_t size_bytes;
    const char *sha256; /* hexadecimal */
} StoredBytes;

/* The content type that the first bytes of a file tell (at least 12 of them, if it has them); NULL
 * if it is none that is taken. Pure. */
const char *files_content_type(const void *bytes, size_t length);

/* Takes an uploaded temporary file over. Yields. Fails with ERR_UNSUPPORTED
 * ("file_type_not_taken"), ERR_TOO_LARGE ("file_too_large"), ERR_INVALID ("file", empty),
 * ERR_UNAVAILABLE when it cannot be stored. */
YIELDS Err *files_take(Arena *arena, const char *data_dir, const char *upload_path,
                       StoredBytes *ret_stored);

/* Where a stored file lies. */
const char *files_path(Arena *arena, const char *data_dir, const char *name);

/* Removes a stored file; one that is not there is no failure. Yields. */
YIELDS Err *files_remove(Arena *arena, const char *data_dir, const char *name);

typedef struct FileNames {
    const char **names;
    size_t count;
} FileNames;

/* The names of stored files that were last written before an instant, after the name `after` (NULL:
 * from the first), in their order, at most max. Yields. Fails with ERR_UNAVAILABLE when the folder
 * cannot be read; one that is not there is empty. */
YIELDS Err *files_list_old(Arena *arena, const char *data_dir, TimeMs before, const char *after,
                           size_t max, FileNames *ret_names);
