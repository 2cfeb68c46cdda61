/* backup_archive.h - what is inside a backup: a tar archive (libarchive, compressed with zstd) in
 * an encrypted stream. Its last entry holds the SHA-256 of all others; reading recomputes them.
 *
 * All of it blocks; memory stays bounded whatever the size of an entry. */
#pragma once

#include "base/err.h"
#include "operate/backup_stream.h"

#define BACKUP_MANIFEST "manifest.json" /* the first entry */
#define BACKUP_KEYS "keys.json"
#define BACKUP_CONFIGURATION "configuration.json"
#define BACKUP_DATABASE "database/"   /* entries that belong together, in their order */
#define BACKUP_CHECKSUMS "SHA256SUMS" /* the last entry */

typedef struct BackupArchive BackupArchive;

/* Starts the backup file at path. Fails with ERR_UNAVAILABLE. */
Err *backup_archive_create(Arena *arena, const char *path, const char *passphrase,
                           BackupArchive **ret_archive);

/* Adds an entry from memory. */
Err *backup_archive_add_bytes(BackupArchive *archive, const char *name, const void *bytes,
                              size_t length);

/* Adds an entry of what an open file holds. */
Err *backup_archive_add_file(BackupArchive *archive, const char *name, int fd);

/* Adds entries prefix + "000001", … of what a pipe gives until its end. */
Err *backup_archive_add_pipe(BackupArchive *archive, const char *prefix, int fd);

/* Adds the checksums, syncs the file and gives it its name. */
Err *backup_archive_finish(BackupArchive *archive, int64_t *ret_size_bytes);

typedef struct BackupEntry {
    const char *name; /* valid until the next entry; relative, without ".." */
    int64_t size_bytes;
} BackupEntry;

/* Opens a backup for reading. Fails as backup_reader_open does. */
Err *backup_archive_open(Arena *arena, const char *path, const char *passphrase,
                         BackupArchive **ret_archive);

/* The next entry; what was not read of the one before is checked all the same. *ret_found is false
 * at the end, when all checksums have proven right. Fails with ERR_MALFORMED ("backup_damaged"). */
Err *backup_archive_next(BackupArchive *archive, BackupEntry *ret_entry, bool *ret_found);

/* Reads on in the entry; *ret_length is 0 at its end. */
Err *backup_archive_read(BackupArchive *archive, void *bytes, size_t size, size_t *ret_length);

/* Reads the rest of the entry, at most max bytes of it, as a text in the archive's arena. */
Err *backup_archive_read_text(BackupArchive *archive, size_t max, const char **ret_text);

/* Releases it; a backup that was not finished is removed. NULL is accepted. */
void backup_archive_close(BackupArchive *archive);
