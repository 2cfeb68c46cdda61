/* zip_part.c - the files in a package, with limits against bombs.
 *
 * libarchive reads forward only and a spreadsheet keeps its shared strings behind the rows that use
 * them: so each part is a pass of its own, which costs little, since the zip reader seeks by the
 * central directory. Only parts that are asked for are ever unpacked. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <archive.h>
#include <archive_entry.h>

#include "io/sheet/sheet_internal.h"

#define READ_BLOCK ((size_t)64 * 1024)
#define RATIO_FROM_BYTES ((int64_t)16 * 1024 * 1024)

struct ZipPart {
    ZipPackage *package;
    struct archive *archive;
};

static Err *damaged(ZipPart *part, const char *what)
{
    const char *reason = archive_error_string(part->archive);
    return ERR(part->package->arena, ERR_INVALID, "file_damaged", "%s: %s", what,
               reason == NULL ? "unknown" : reason);
}

static Err *over_limit(ZipPackage *package, const char *which)
{
    Err *err = ERR(package->arena, ERR_INVALID, "file_limit_exceeded", "the package: %s", which);
    err->param = which;
    return err;
}

static Err *open_archive(ZipPart *part)
{
    SheetInput *input = part->package->input;
    TRY(sheet_input_seek(part->package->arena, input, 0));
    part->archive = archive_read_new();
    archive_read_support_format_zip_seekable(part->archive);
    int result = input->fd >= 0
                     ? archive_read_open_fd(part->archive, input->fd, READ_BLOCK)
                     : archive_read_open_memory(part->archive, input->bytes, (size_t)input->size);
    return result == ARCHIVE_OK ? NULL : damaged(part, "opening the package");
}

/* Some programs write "/xl/…", "xl\\…", or another case. */
static bool same_path(const char *a, const char *b)
{
    a += a[0] == '/' || a[0] == '\\';
    b += b[0] == '/';
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char left = *a == '\\' ? '/' : *a;
        if (strncasecmp(&left, b, 1) != 0) {
            return false;
        }
    }
    return *a == *b;
}

static Err *find_entry(ZipPart *part, const char *path, bool *ret_found)
{
    ZipPackage *package = part->package;
    struct archive_entry *entry;
    for (int64_t count = 0;; count++) {
        int result = archive_read_next_header(part->archive, &entry);
        if (result == ARCHIVE_EOF) {
            *ret_found = false;
            return NULL;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
            return damaged(part, "reading the package's directory");
        }
        if (count >= package->limits->parts_max) {
            return over_limit(package, "parts");
        }
        const char *name = archive_entry_pathname(entry);
        if (name != NULL && same_path(name, path)) {
            *ret_found = true;
            return NULL;
        }
    }
}

Err *zip_part_open(ZipPackage *package, const char *path, ZipPart **ret_part)
{
    ZipPart *part = ARENA_NEW(package->arena, ZipPart);
    part->package = package;
    bool found = false;
    Err *err = open_archive(part);
    if (err == NULL) {
        err = find_entry(part, path, &found);
    }
    if (err != NULL || !found) {
        zip_part_close(part);
        part = NULL;
    }
    if (err == NULL) {
        *ret_part = part;
    }
    return err;
}

Err *zip_part_read(ZipPart *part, void *buffer, size_t capacity, size_t *ret_length)
{
    ZipPackage *package = part->package;
    la_ssize_t got = archive_read_data(part->archive, buffer, capacity);
    if (got < 0) {
        return damaged(part, "unpacking");
    }
    package->unpacked_bytes += got;
    if (package->unpacked_bytes > package->limits->unpacked_bytes_max) {
        return over_limit(package, "unpacked_bytes");
    }
    if (package->unpacked_bytes > RATIO_FROM_BYTES &&
        package->unpacked_bytes / MAX(package->input->size, (int64_t)1) >
            package->limits->ratio_max) {
        return over_limit(package, "ratio");
    }
    *ret_length = (size_t)got;
    return NULL;
}

void zip_part_close(ZipPart *part)
{
    if (part != NULL && part->archive != NULL) {
        archive_read_free(TAKE(part->archive));
    }
}

void zip_part_closep(ZipPart **part)
{
    zip_part_close(*part);
}
