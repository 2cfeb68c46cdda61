#include "port/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fiber/fiber.h"

enum { NAME_BYTES = 16, PIECE_BYTES = 2048 };

/* ---- What it is ---- */

static bool begins(const unsigned char *bytes, size_t length, const char *magic, size_t size)
{
    return length >= size && memcmp(bytes, magic, size) == 0;
}

const char *files_content_type(const void *bytes, size_t length)
{
    const unsigned char *head = bytes;
    if (begins(head, length, "\xFF\xD8\xFF", 3)) {
        return "image/jpeg";
    }
    if (begins(head, length, "\x89PNG\r\n\x1A\n", 8)) {
        return "image/png";
    }
    if (begins(head, length, "RIFF", 4) && length >= 12 && memcmp(head + 8, "WEBP", 4) == 0) {
        return "image/webp";
    }
    return begins(head, length, "%PDF-", 5) ? "application/pdf" : NULL;
}

/* ---- In the thread pool ---- */

typedef struct Take {
    const char *upload_path;
    const char *folder;
    const char *path;
    const char *content_type; /* NULL: none that is taken */
    int64_t size_bytes;
    unsigned char hash[crypto_hash_sha256_BYTES];
    const char *step; /* what failed, or NULL */
    int error;        /* errno */
    int fd;
} Take;

static bool failed(Take *take, const char *step)
{
    take->step = step;
    take->error = errno;
    return false;
}

static bool read_all(Take *take)
{
    unsigned char piece[PIECE_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (;;) {
        ssize_t length = read(take->fd, piece, sizeof(piece));
        if (length < 0) {
            return failed(take, "read");
        }
        if (length == 0) {
            break;
        }
        if (take->size_bytes == 0) {
            take->content_type = files_content_type(piece, (size_t)length);
        }
        crypto_hash_sha256_update(&state, piece, (size_t)length);
        take->size_bytes += length;
        if (take->content_type == NULL || take->size_bytes > FILES_MAX_BYTES) {
            return true;
        }
    }
    crypto_hash_sha256_final(&state, take->hash);
    return true;
}

static bool sync_folder(Take *take)
{
    int fd = open(take->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed(take, "open the folder");
    }
    bool done = fsync(fd) == 0 || failed(take, "sync the folder");
    close(fd);
    return done;
}

static bool is_taken(const Take *take)
{
    return take->content_type != NULL && take->size_bytes <= FILES_MAX_BYTES;
}

static bool keep(Take *take)
{
    if (mkdir(take->folder, 0700) != 0 && errno != EEXIST) {
        return failed(take, "make the folder");
    }
    if (fchmod(take->fd, 0600) != 0 || fsync(take->fd) != 0) {
        return failed(take, "sync");
    }
    if (rename(take->upload_path, take->path) != 0) {
        return failed(take, "rename");
    }
    return sync_folder(take);
}

static void take_in_pool(void *arg)
{
    Take *take = arg;
    take->fd = open(take->upload_path, O_RDONLY | O_CLOEXEC);
    if (take->fd < 0) {
        failed(take, "open");
        return;
    }
    if (read_all(take) && is_taken(take)) {
        keep(take);
    }
    close(take->fd);
}

typedef struct Removal {
    const char *path;
    int error;
} Removal;

static void remove_in_pool(void *arg)
{
    Removal *removal = arg;
    removal->error = unlink(removal->path) == 0 || errno == ENOENT ? 0 : errno;
}

/* ---- What lies there ---- */

typedef struct Listing {
    const char *folder;
    TimeMs before;
    const char *after; /* or NULL */
    size_t max;
    char (*names)[NAME_BYTES * 2 + 1]; /* sorted */
    size_t count;
    int error;
} Listing;

static bool is_name(const char *text)
{
    return strlen(text) == NAME_BYTES * 2 && strspn(text, "0123456789abcdef") == NAME_BYTES * 2;
}

/* The first ones by name are kept. */
static void keep_name(Listing *listing, const char *name)
{
    size_t at = listing->count;
    while (at > 0 && strcmp(listing->names[at - 1], name) > 0) {
        at--;
    }
    if (at == listing->max) {
        return;
    }
    size_t moved = MIN(listing->count, listing->max - 1) - at;
    memmove(listing->names[at + 1], listing->names[at], moved * sizeof(listing->names[0]));
    memcpy(listing->names[at], name, NAME_BYTES * 2 + 1);
    listing->count = MIN(listing->count + 1, listing->max);
}

static bool is_old(const Listing *listing, int folder, const char *name)
{
    struct stat info;
    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
           (TimeMs)info.st_mtime * SECOND_MS < listing->before;
}

static void list_in_pool(void *arg)
{
    Listing *listing = arg;
    DIR *folder = opendir(listing->folder);
    if (folder == NULL) {
        listing->error = errno == ENOENT ? 0 : errno;
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        bool later = listing->after == NULL || strcmp(entry->d_name, listing->after) > 0;
        if (is_name(entry->d_name) && later && is_old(listing, dirfd(folder), entry->d_name)) {
            keep_name(listing, entry->d_name);
        }
    }
    closedir(folder);
}

/* ---- The fiber's side ---- */

static const char *folder_of(Arena *arena, const char *data_dir)
{
    return arena_printf(arena, "%s/files", data_dir);
}

const char *files_path(Arena *arena, const char *data_dir, const char *name)
{
    return arena_printf(arena, "%s/%s", folder_of(arena, data_dir), name);
}

static const char *new_name(Arena *arena)
{
    unsigned char bytes[NAME_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    return str_hex(arena, bytes, sizeof(bytes));
}

static Err *refusal(Arena *arena, const Take *take)
{
    Err *err = NULL;
    if (take->step != NULL) {
        return ERR(arena, ERR_UNAVAILABLE, "file_not_stored", "%s %s: %s", take->step, take->path,
                   strerror(take->error));
    }
    if (take->size_bytes == 0) {
        err_add_field(arena, &err, "file", "file_empty", NULL);
        return err;
    }
    if (take->content_type == NULL) {
        return ERR(arena, ERR_UNSUPPORTED, "file_type_not_taken", "none of the kinds");
    }
    if (take->size_bytes > FILES_MAX_BYTES) {
        err = ERR(arena, ERR_TOO_LARGE, "file_too_large", "over %" PRId64, FILES_MAX_BYTES);
        err->param = arena_printf(arena, "%" PRId64, FILES_MAX_BYTES / 1024 / 1024);
    }
    return err;
}

YIELDS Err *files_take(Arena *arena, const char *data_dir, const char *upload_path,
                       StoredBytes *ret_stored)
{
    const char *name = new_name(arena);
    Take take = {.upload_path = upload_path,
                 .folder = folder_of(arena, data_dir),
                 .path = files_path(arena, data_dir, name)};
    TRY(offload(take_in_pool, &take));
    TRY(refusal(arena, &take));
    *ret_stored = (StoredBytes){.name = name,
                                .content_type = take.content_type,
                                .size_bytes = take.size_bytes,
                                .sha256 = str_hex(arena, take.hash, sizeof(take.hash))};
    return NULL;
}

YIELDS Err *files_remove(Arena *arena, const char *data_dir, const char *name)
{
    Removal removal = {.path = files_path(arena, data_dir, name)};
    TRY(offload(remove_in_pool, &removal));
    if (removal.error != 0) {
        return ERR(arena, ERR_UNAVAILABLE, "file_not_removed", "%s: %s", removal.path,
                   strerror(removal.error));
    }
    return NULL;
}

YIELDS Err *files_list_old(Arena *arena, const char *data_dir, TimeMs before, const char *after,
                           size_t max, FileNames *ret_names)
{
    Listing listing = {.folder = folder_of(arena, data_dir),
                       .before = before,
                       .after = after,
                       .max = max,
                       .names = arena_alloc_array(arena, max + 1, NAME_BYTES * 2 + 1)};
    TRY(offload(list_in_pool, &listing));
    if (listing.error != 0) {
        return ERR(arena, ERR_UNAVAILABLE, "file_not_stored", "read %s: %s", listing.folder,
                   strerror(listing.error));
    }
    FileNames found = {.names = ARENA_ARRAY(arena, const char *, listing.count + 1),
                       .count = listing.count};
    for (size_t i = 0; i < listing.count; i++) {
        found.names[i] = listing.names[i];
    }
    *ret_names = found;
    return NULL;
}
