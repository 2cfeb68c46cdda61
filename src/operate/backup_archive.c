#include "operate/backup_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define BUFFER_BYTES ((size_t)64 * 1024)
/* A dump's length is not known before its end, and tar wants it first: so it goes in parts. */
#define PART_BYTES ((size_t)4 * 1024 * 1024)
#define NAME_MAX_BYTES 512

struct BackupArchive {
    Arena *arena;
    struct archive *archive;
    struct archive_entry *entry;
    BackupWriter *writer; /* one of the two */
    BackupReader *reader;
    Err *err;        /* of the stream, from inside of a callback */
    FILE *checksums; /* writing: the lines so far */
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_state lines; /* reading: of the lines so far */
    char name[NAME_MAX_BYTES];
    bool in_entry;
    bool is_closing; /* writing: what comes now is not kept */
    uint8_t *buffer; /* BUFFER_BYTES */
    uint8_t *part;   /* PART_BYTES; NULL: no pipe was read yet */
};

static Err *failed(BackupArchive *archive, const char *what)
{
    if (archive->err != NULL) {
        return archive->err;
    }
    const char *reason = archive_error_string(archive->archive);
    return ERR(archive->arena, archive->reader != NULL ? ERR_MALFORMED : ERR_UNAVAILABLE,
               "backup_damaged", "cannot %s: %s", what, reason != NULL ? reason : "unknown reason");
}

static BackupArchive *make(Arena *arena)
{
    BackupArchive *archive = ARENA_NEW(arena, BackupArchive);
    archive->arena = arena;
    archive->buffer = arena_alloc(arena, BUFFER_BYTES);
    archive->entry = archive_entry_new();
    BUG_ON(archive->entry == NULL);
    return archive;
}

/* "<hexadecimal>  <name>\n", as sha256sum writes it. */
static void format_line(BackupArchive *archive, char *line, size_t size)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof(hash) + 1];
    crypto_hash_sha256_final(&archive->hash, hash);
    sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
    snprintf(line, size, "%s  %s\n", text, archive->name);
}

/* ---- Writing ---- */

/* Never fails: libarchive 3.6 leaks the state of an output that has failed. What went wrong is
 * looked at after each call. */
static ssize_t on_write(struct archive *handle UNUSED, void *arg, const void *bytes, size_t length)
{
    BackupArchive *archive = arg;
    if (archive->err == NULL && !archive->is_closing) {
        archive->err = backup_writer_write(archive->arena, archive->writer, bytes, length);
    }
    return (ssize_t)length;
}

static Err *start_writing(BackupArchive *archive)
{
    archive->archive = archive_write_new();
    archive->checksums = tmpfile();
    if (archive->checksums == NULL) {
        return ERR(archive->arena, ERR_UNAVAILABLE, "no_temporary_file",
                   "cannot make a temporary file: %s", strerror(errno));
    }
    if (archive_write_add_filter_zstd(archive->archive) != ARCHIVE_OK ||
        archive_write_set_format_pax_restricted(archive->archive) != ARCHIVE_OK ||
        /* No padding: zstd would not know what follows its end. */
        archive_write_set_bytes_in_last_block(archive->archive, 1) != ARCHIVE_OK ||
        archive_write_open(archive->archive, archive, NULL, on_write, NULL) != ARCHIVE_OK) {
        return failed(archive, "start the archive");
    }
    return NULL;
}

Err *backup_archive_create(Arena *arena, const char *path, const char *passphrase,
                           BackupArchive **ret_archive)
{
    BackupArchive *archive = make(arena);
    Err *err = backup_writer_open(arena, path, passphrase, &archive->writer);
    if (err == NULL) {
        err = start_writing(archive);
    }
    if (err != NULL) {
        backup_archive_close(archive);
        return err;
    }
    *ret_archive = archive;
    return NULL;
}

static Err *begin_entry(BackupArchive *archive, const char *name, int64_t size_bytes)
{
    snprintf(archive->name, sizeof(archive->name), "%s", name);
    archive_entry_clear(archive->entry);
    archive_entry_set_pathname(archive->entry, name);
    archive_entry_set_size(archive->entry, size_bytes);
    archive_entry_set_filetype(archive->entry, AE_IFREG);
    archive_entry_set_perm(archive->entry, 0600);
    crypto_hash_sha256_init(&archive->hash);
    if (archive_write_header(archive->archive, archive->entry) != ARCHIVE_OK) {
        return failed(archive, "write to the archive");
    }
    return archive->err;
}

static Err *put(BackupArchive *archive, const void *bytes, size_t length)
{
    crypto_hash_sha256_update(&archive->hash, bytes, length);
    if (archive_write_data(archive->archive, bytes, length) != (ssize_t)length) {
        return failed(archive, "write to the archive");
    }
    return archive->err;
}

static Err *end_entry(BackupArchive *archive)
{
    char line[NAME_MAX_BYTES + 80];
    format_line(archive, line, sizeof(line));
    if (fputs(line, archive->checksums) < 0) {
        return ERR(archive->arena, ERR_UNAVAILABLE, "no_temporary_file",
                   "cannot write a temporary file: %s", strerror(errno));
    }
    return NULL;
}

Err *backup_archive_add_bytes(BackupArchive *archive, const char *name, const void *bytes,
                              size_t length)
{
    TRY(begin_entry(archive, name, (int64_t)length));
    TRY(put(archive, bytes, length));
    return end_entry(archive);
}

/* Copies so many bytes of the file into the entry. */
static Err *put_file(BackupArchive *archive, const char *name, int fd, int64_t size_bytes)
{
    while (size_bytes > 0) {
        ssize_t length =
            fd_read(fd, archive->buffer, (size_t)MIN(size_bytes, (int64_t)BUFFER_BYTES));
        if (length <= 0) {
            return ERR(archive->arena, ERR_UNAVAILABLE, "file_unreadable", "cannot read %s: %s",
                       name, length < 0 ? strerror(errno) : "it became shorter meanwhile");
        }
        TRY(put(archive, archive->buffer, (size_t)length));
        size_bytes -= length;
    }
    return NULL;
}

Err *backup_archive_add_file(BackupArchive *archive, const char *name, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return ERR(archive->arena, ERR_UNAVAILABLE, "file_unreadable", "cannot read %s: %s", name,
                   strerror(errno));
    }
    TRY(begin_entry(archive, name, status.st_size));
    TRY(put_file(archive, name, fd, status.st_size));
    return end_entry(archive);
}

static Err *fill_part(BackupArchive *archive, int fd, size_t *ret_length)
{
    ssize_t filled = fd_read(fd, archive->part, PART_BYTES);
    if (filled < 0) {
        return ERR(archive->arena, ERR_UNAVAILABLE, "file_unreadable", "cannot read: %s",
                   strerror(errno));
    }
    *ret_length = (size_t)filled;
    return NULL;
}

Err *backup_archive_add_pipe(BackupArchive *archive, const char *prefix, int fd)
{
    if (archive->part == NULL) {
        archive->part = arena_alloc(archive->arena, PART_BYTES);
    }
    size_t length = PART_BYTES;
    for (int number = 1; length == PART_BYTES; number++) {
        char name[NAME_MAX_BYTES];
        TRY(fill_part(archive, fd, &length));
        snprintf(name, sizeof(name), "%s%06d", prefix, number);
        TRY(backup_archive_add_bytes(archive, name, archive->part, length));
    }
    return NULL;
}

Err *backup_archive_finish(BackupArchive *archive, int64_t *ret_size_bytes)
{
    if (fflush(archive->checksums) != 0 || fseek(archive->checksums, 0, SEEK_SET) != 0) {
        return ERR(archive->arena, ERR_UNAVAILABLE, "no_temporary_file",
                   "cannot write a temporary file: %s", strerror(errno));
    }
    TRY(backup_archive_add_file(archive, BACKUP_CHECKSUMS, fileno(archive->checksums)));
    if (archive_write_close(archive->archive) != ARCHIVE_OK) {
        return failed(archive, "end the archive");
    }
    TRY(archive->err);
    return backup_writer_finish(archive->arena, archive->writer, ret_size_bytes);
}

/* ---- Reading ---- */

static ssize_t on_read(struct archive *handle UNUSED, void *arg, const void **ret_bytes)
{
    BackupArchive *archive = arg;
    size_t length = 0;
    archive->err = backup_reader_next(archive->arena, archive->reader, ret_bytes, &length);
    return archive->err == NULL ? (ssize_t)length : -1;
}

static Err *start_reading(BackupArchive *archive)
{
    archive->archive = archive_read_new();
    crypto_hash_sha256_init(&archive->lines);
    if (archive_read_support_filter_zstd(archive->archive) != ARCHIVE_OK ||
        archive_read_support_format_tar(archive->archive) != ARCHIVE_OK ||
        archive_read_open(archive->archive, archive, NULL, on_read, NULL) != ARCHIVE_OK) {
        return failed(archive, "open the archive");
    }
    return NULL;
}

Err *backup_archive_open(Arena *arena, const char *path, const char *passphrase,
                         BackupArchive **ret_archive)
{
    BackupArchive *archive = make(arena);
    Err *err = backup_reader_open(arena, path, passphrase, &archive->reader);
    if (err == NULL) {
        err = start_reading(archive);
    }
    if (err != NULL) {
        backup_archive_close(archive);
        return err;
    }
    *ret_archive = archive;
    return NULL;
}

Err *backup_archive_read(BackupArchive *archive, void *bytes, size_t size, size_t *ret_length)
{
    ssize_t length = archive_read_data(archive->archive, bytes, size);
    if (length < 0) {
        return failed(archive, "read from the archive");
    }
    crypto_hash_sha256_update(&archive->hash, bytes, (size_t)length);
    *ret_length = (size_t)length;
    return NULL;
}

Err *backup_archive_read_text(BackupArchive *archive, size_t max, const char **ret_text)
{
    char *text = arena_alloc(archive->arena, max + 1);
    size_t done = 0;
    size_t length = 1;
    while (length > 0 && done < max) {
        TRY(backup_archive_read(archive, text + done, max - done, &length));
        done += length;
    }
    *ret_text = text;
    return NULL;
}

static Err *skip_rest(BackupArchive *archive)
{
    size_t length = 1;
    while (length > 0) {
        TRY(backup_archive_read(archive, archive->buffer, BUFFER_BYTES, &length));
    }
    return NULL;
}

static Err *leave_entry(BackupArchive *archive)
{
    char line[NAME_MAX_BYTES + 80];
    if (!archive->in_entry) {
        return NULL;
    }
    archive->in_entry = false;
    TRY(skip_rest(archive));
    format_line(archive, line, sizeof(line));
    crypto_hash_sha256_update(&archive->lines, (const uint8_t *)line, strlen(line));
    return NULL;
}

/* The entry holds the same lines that reading has given, and nothing comes after it. */
static Err *check_sums(BackupArchive *archive)
{
    uint8_t expected[crypto_hash_sha256_BYTES];
    uint8_t found[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&archive->lines, expected);
    TRY(skip_rest(archive));
    crypto_hash_sha256_final(&archive->hash, found);
    if (memcmp(expected, found, sizeof(found)) != 0) {
        return ERR(archive->arena, ERR_MALFORMED, "backup_damaged",
                   "the checksums in the backup differ from what it holds");
    }
    if (archive_read_next_header2(archive->archive, archive->entry) != ARCHIVE_EOF) {
        return failed(archive, "find the end of the archive");
    }
    return NULL;
}

static bool is_safe_name(const char *name)
{
    return name != NULL && name[0] != '/' && name[0] != '\0' && strstr(name, "..") == NULL &&
           strlen(name) < NAME_MAX_BYTES;
}

Err *backup_archive_next(BackupArchive *archive, BackupEntry *ret_entry, bool *ret_found)
{
    TRY(leave_entry(archive));
    int code = archive_read_next_header2(archive->archive, archive->entry);
    if (code != ARCHIVE_OK) {
        return code == ARCHIVE_EOF && archive->err == NULL
                   ? ERR(archive->arena, ERR_MALFORMED, "backup_damaged",
                         "the backup ends without its checksums")
                   : failed(archive, "read the archive");
    }
    const char *name = archive_entry_pathname(archive->entry);
    if (!is_safe_name(name) || archive_entry_filetype(archive->entry) != AE_IFREG) {
        return ERR(archive->arena, ERR_MALFORMED, "backup_damaged",
                   "the backup holds an entry that is none of ours");
    }
    snprintf(archive->name, sizeof(archive->name), "%s", name);
    crypto_hash_sha256_init(&archive->hash);
    if (str_equal(name, BACKUP_CHECKSUMS)) {
        *ret_found = false;
        return check_sums(archive);
    }
    archive->in_entry = true;
    ret_entry->name = archive->name;
    ret_entry->size_bytes = archive_entry_size(archive->entry);
    *ret_found = true;
    return NULL;
}

void backup_archive_close(BackupArchive *archive)
{
    if (archive == NULL) {
        return;
    }
    archive_entry_free(TAKE(archive->entry));
    if (archive->reader != NULL) {
        archive_read_free(TAKE(archive->archive));
        backup_reader_close(archive->reader);
    } else {
        /* Freeing writes the end of an archive that has failed: to nowhere. */
        archive->is_closing = true;
        archive_write_free(TAKE(archive->archive));
        backup_writer_close(archive->writer);
    }
    if (archive->checksums != NULL) {
        fclose(TAKE(archive->checksums));
    }
}
