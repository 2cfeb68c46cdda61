#include "operate/backup_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "operate/backup_folder.h"

#define MAGIC "VOMS backup 1\n\n\n"
#define MAGIC_BYTES 16
#define PIECE_BYTES ((size_t)64 * 1024)
#define SEALED_BYTES (PIECE_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)
#define STREAM_HEADER_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define CHECK_BYTES 16
#define PASSPHRASE_MAX 1024
/* What a file may ask of the machine before anything in it is proven. */
#define PASSES_MAX 10
#define MEMORY_MAX_KIB ((uint32_t)1024 * 1024)

/* The start of the file. check is a keyed hash of what stands before it: it tells a wrong
 * passphrase from a damaged file. */
typedef struct Header {
    char magic[MAGIC_BYTES];
    uint8_t passes[4];     /* of Argon2id, big endian */
    uint8_t memory_kib[4]; /* of Argon2id, big endian */
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t stream[STREAM_HEADER_BYTES];
    uint8_t check[CHECK_BYTES];
} Header;

typedef struct Keys {
    uint8_t stream[crypto_secretstream_xchacha20poly1305_KEYBYTES];
    uint8_t check[crypto_generichash_KEYBYTES];
} Keys;

struct BackupWriter {
    int fd;
    int64_t size_bytes;
    const char *path;
    const char *temporary;
    bool finished;
    crypto_secretstream_xchacha20poly1305_state state;
    size_t filled;
    uint8_t piece[PIECE_BYTES];
    uint8_t sealed[SEALED_BYTES];
};

struct BackupReader {
    int fd;
    int64_t offset;
    bool ended;
    const char *path;
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t piece[PIECE_BYTES];
    uint8_t sealed[SEALED_BYTES];
};

/* ---- The passphrase ---- */

static const char *credential_path(Arena *arena)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    return folder == NULL ? NULL : arena_printf(arena, "%s/backup-passphrase", folder);
}

Err *backup_passphrase_read(Arena *arena, const char *path, const char **ret_passphrase)
{
    path = path != NULL ? path : credential_path(arena);
    if (path == NULL) {
        return ERR(arena, ERR_CONFIG, "passphrase_missing",
                   "name the file that holds the passphrase: --passphrase-file FILE");
    }
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = arena_alloc(arena, PASSPHRASE_MAX + 1);
    ssize_t length = fd < 0 ? -1 : fd_read(fd, text, PASSPHRASE_MAX);
    if (length < 0) {
        return ERR(arena, ERR_CONFIG, "passphrase_unreadable", "cannot read the passphrase %s: %s",
                   path, strerror(errno));
    }
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
        text[--length] = '\0';
    }
    if (length < BACKUP_PASSPHRASE_MIN) {
        return ERR(arena, ERR_CONFIG, "passphrase_short",
                   "the passphrase in %s has %zd bytes; at least %d are needed", path, length,
                   BACKUP_PASSPHRASE_MIN);
    }
    *ret_passphrase = text;
    return NULL;
}

/* ---- Keys ---- */

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static Err *derive(Arena *arena, const Header *header, const char *passphrase, Keys *ret_keys)
{
    uint8_t both[sizeof(Keys)];
    if (crypto_pwhash(both, sizeof(both), passphrase, strlen(passphrase), header->salt,
                      get_u32(header->passes), (size_t)get_u32(header->memory_kib) * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return ERR(arena, ERR_UNAVAILABLE, "no_memory", "Argon2id needs %" PRIu32 " MiB of memory",
                   get_u32(header->memory_kib) / 1024);
    }
    memcpy(ret_keys->stream, both, sizeof(ret_keys->stream));
    memcpy(ret_keys->check, both + sizeof(ret_keys->stream), sizeof(ret_keys->check));
    sodium_memzero(both, sizeof(both));
    return NULL;
}

static void make_check(const Header *header, const Keys *keys, uint8_t *ret_check)
{
    crypto_generichash(ret_check, CHECK_BYTES, (const uint8_t *)header, offsetof(Header, check),
                       keys->check, sizeof(keys->check));
}

/* ---- Writing ---- */

static Err *write_failed(Arena *arena, const char *what, const char *path)
{
    return ERR(arena, ERR_UNAVAILABLE, "backup_unwritable", "cannot %s %s: %s", what, path,
               strerror(errno));
}

static Err *write_all(Arena *arena, BackupWriter *writer, const void *bytes, size_t length)
{
    if (!fd_write(writer->fd, bytes, length)) {
        return write_failed(arena, "write", writer->temporary);
    }
    writer->size_bytes += (int64_t)length;
    return NULL;
}

static Err *write_header(Arena *arena, BackupWriter *writer, const char *passphrase)
{
    Header header = {};
    Keys keys = {};
    memcpy(header.magic, MAGIC, MAGIC_BYTES);
    put_u32(header.passes, crypto_pwhash_OPSLIMIT_MODERATE);
    put_u32(header.memory_kib, crypto_pwhash_MEMLIMIT_MODERATE / 1024);
    randombytes_buf(header.salt, sizeof(header.salt));
    TRY(derive(arena, &header, passphrase, &keys));
    crypto_secretstream_xchacha20poly1305_init_push(&writer->state, header.stream, keys.stream);
    make_check(&header, &keys, header.check);
    sodium_memzero(&keys, sizeof(keys));
    return write_all(arena, writer, &header, sizeof(header));
}

Err *backup_writer_open(Arena *arena, const char *path, const char *passphrase,
                        BackupWriter **ret_writer)
{
    BUG_ON(sodium_init() < 0);
    BackupWriter *writer = ARENA_NEW(arena, BackupWriter);
    writer->path = path;
    writer->temporary = arena_printf(arena, "%s.unfinished", path);
    writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        return write_failed(arena, "create", writer->temporary);
    }
    Err *err = backup_folder_own(arena, writer->temporary);
    if (err == NULL) {
        err = write_header(arena, writer, passphrase);
    }
    if (err != NULL) {
        backup_writer_close(writer);
        return err;
    }
    *ret_writer = writer;
    return NULL;
}

static Err *seal(Arena *arena, BackupWriter *writer, uint8_t tag)
{
    unsigned long long length = 0;
    crypto_secretstream_xchacha20poly1305_push(&writer->state, writer->sealed, &length,
                                               writer->piece, writer->filled, NULL, 0, tag);
    writer->filled = 0;
    return write_all(arena, writer, writer->sealed, (size_t)length);
}

Err *backup_writer_write(Arena *arena, BackupWriter *writer, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;
    while (length > 0) {
        if (writer->filled == PIECE_BYTES) {
            TRY(seal(arena, writer, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE));
        }
        size_t part = MIN(length, PIECE_BYTES - writer->filled);
        memcpy(writer->piece + writer->filled, next, part);
        writer->filled += part;
        next += part;
        length -= part;
    }
    return NULL;
}

Err *backup_writer_finish(Arena *arena, BackupWriter *writer, int64_t *ret_size_bytes)
{
    TRY(seal(arena, writer, crypto_secretstream_xchacha20poly1305_TAG_FINAL));
    if (fsync(writer->fd) != 0) {
        return write_failed(arena, "sync", writer->temporary);
    }
    if (rename(writer->temporary, writer->path) != 0) {
        return write_failed(arena, "rename", writer->temporary);
    }
    writer->finished = true;
    TRY(backup_folder_sync_of(arena, writer->path));
    *ret_size_bytes = writer->size_bytes;
    return NULL;
}

void backup_writer_close(BackupWriter *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->fd >= 0 && !writer->finished) {
        unlink(writer->temporary);
    }
    fd_closep(&writer->fd);
    sodium_memzero(&writer->state, sizeof(writer->state));
    sodium_memzero(writer->piece, sizeof(writer->piece));
}

/* ---- Reading ---- */

static Err *damaged(Arena *arena, const BackupReader *reader, const char *what)
{
    return ERR(arena, ERR_MALFORMED, "backup_damaged", "%s is damaged: %s at byte %" PRId64,
               reader->path, what, reader->offset);
}

/* Reads until length bytes or the end. */
static Err *read_full(Arena *arena, BackupReader *reader, void *bytes, size_t length,
                      size_t *ret_length)
{
    ssize_t done = fd_read(reader->fd, bytes, length);
    if (done < 0) {
        return ERR(arena, ERR_UNAVAILABLE, "backup_unreadable", "cannot read %s: %s", reader->path,
                   strerror(errno));
    }
    *ret_length = (size_t)done;
    return NULL;
}

static Err *read_header(Arena *arena, BackupReader *reader, const char *passphrase)
{
    Header header = {};
    Keys keys = {};
    uint8_t check[CHECK_BYTES];
    size_t length = 0;
    TRY(read_full(arena, reader, &header, sizeof(header), &length));
    if (length != sizeof(header) || memcmp(header.magic, MAGIC, MAGIC_BYTES) != 0) {
        return ERR(arena, ERR_MALFORMED, "not_a_backup", "%s is no backup of VOMS", reader->path);
    }
    if (get_u32(header.passes) < 1 || get_u32(header.passes) > PASSES_MAX ||
        get_u32(header.memory_kib) < 8 || get_u32(header.memory_kib) > MEMORY_MAX_KIB) {
        return damaged(arena, reader, "its beginning was changed");
    }
    TRY(derive(arena, &header, passphrase, &keys));
    make_check(&header, &keys, check);
    bool right = sodium_memcmp(check, header.check, CHECK_BYTES) == 0 &&
                 crypto_secretstream_xchacha20poly1305_init_pull(&reader->state, header.stream,
                                                                 keys.stream) == 0;
    sodium_memzero(&keys, sizeof(keys));
    reader->offset = (int64_t)length;
    return right ? NULL
                 : ERR(arena, ERR_FORBIDDEN, "wrong_passphrase",
                       "%s was made with another passphrase (or its first bytes were changed)",
                       reader->path);
}

Err *backup_reader_open(Arena *arena, const char *path, const char *passphrase,
                        BackupReader **ret_reader)
{
    BUG_ON(sodium_init() < 0);
    BackupReader *reader = ARENA_NEW(arena, BackupReader);
    reader->path = path;
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0) {
        return ERR(arena, ERR_NOT_FOUND, "backup_missing", "cannot open %s: %s", path,
                   strerror(errno));
    }
    Err *err = read_header(arena, reader, passphrase);
    if (err != NULL) {
        backup_reader_close(reader);
        return err;
    }
    *ret_reader = reader;
    return NULL;
}

Err *backup_reader_next(Arena *arena, BackupReader *reader, const void **ret_bytes,
                        size_t *ret_length)
{
    size_t sealed = 0;
    unsigned long long length = 0;
    unsigned char tag = 0;
    if (reader->ended) {
        *ret_length = 0;
        return NULL;
    }
    TRY(read_full(arena, reader, reader->sealed, SEALED_BYTES, &sealed));
    if (sealed == 0) {
        return damaged(arena, reader, "its end is missing");
    }
    if (crypto_secretstream_xchacha20poly1305_pull(&reader->state, reader->piece, &length, &tag,
                                                   reader->sealed, sealed, NULL, 0) != 0) {
        return damaged(arena, reader, "the piece that starts there was changed or cut,");
    }
    reader->offset += (int64_t)sealed;
    reader->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    if (reader->ended && read(reader->fd, reader->sealed, 1) != 0) {
        return damaged(arena, reader, "something follows its end");
    }
    *ret_bytes = reader->piece;
    *ret_length = (size_t)length;
    return NULL;
}

void backup_reader_close(BackupReader *reader)
{
    if (reader == NULL || reader->fd < 0) {
        return;
    }
    fd_closep(&reader->fd);
    sodium_memzero(&reader->state, sizeof(reader->state));
    sodium_memzero(reader->piece, sizeof(reader->piece));
}
