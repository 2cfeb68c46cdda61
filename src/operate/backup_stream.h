/* backup_stream.h - a file that is encrypted with a passphrase, written and read from end to end.
 *
 * Argon2id makes the key from the passphrase; libsodium's secretstream (XChaCha20-Poly1305) seals
 * pieces of 64 KiB, so that memory stays bounded and no piece can be changed, left out, repeated or
 * cut off unnoticed. Writing goes to a temporary name and is renamed when everything is on disk.
 * All of it blocks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BACKUP_PASSPHRASE_MIN 12 /* bytes */

/* The CommandOption that names its file. */
#define BACKUP_PASSPHRASE_OPTION                                                                   \
    {                                                                                              \
        "passphrase-file", "FILE",                                                                 \
        {                                                                                          \
            "file with the passphrase; by default systemd's credential \"backup-passphrase\"",     \
                "存放口令的文件;默认用 systemd 凭据 backup-passphrase"                 \
        }                                                                                          \
    }

/* Reads a passphrase: from path, else from the credential "backup-passphrase" that systemd passed
 * on. Line ends at the end do not count. Fails with ERR_CONFIG. */
Err *backup_passphrase_read(Arena *arena, const char *path, const char **ret_passphrase);

typedef struct BackupWriter BackupWriter;

/* Creates path (mode 0600) under a temporary name. Fails with ERR_UNAVAILABLE. */
Err *backup_writer_open(Arena *arena, const char *path, const char *passphrase,
                        BackupWriter **ret_writer);

/* Appends bytes. Fails with ERR_UNAVAILABLE, naming the disk's reason. */
Err *backup_writer_write(Arena *arena, BackupWriter *writer, const void *bytes, size_t length);

/* Seals the end, syncs and gives the file its name. *ret_size_bytes is the file's size. */
Err *backup_writer_finish(Arena *arena, BackupWriter *writer, int64_t *ret_size_bytes);

/* Releases it; a file that was not finished is removed. NULL is accepted. */
void backup_writer_close(BackupWriter *writer);

typedef struct BackupReader BackupReader;

/* Opens a backup. Fails with ERR_NOT_FOUND (no such file), ERR_MALFORMED ("not_a_backup",
 * "backup_damaged"), ERR_FORBIDDEN ("wrong_passphrase"). */
Err *backup_reader_open(Arena *arena, const char *path, const char *passphrase,
                        BackupReader **ret_reader);

/* The next piece, valid until the next call; *ret_length is 0 at the sealed end. Fails with
 * ERR_MALFORMED ("backup_damaged") naming the place. */
Err *backup_reader_next(Arena *arena, BackupReader *reader, const void **ret_bytes,
                        size_t *ret_length);

/* Releases it. NULL is accepted. */
void backup_reader_close(BackupReader *reader);
