/* spill.c - bytes that go to a temporary file when they are many.
 *
 * A spreadsheet numbers its shared strings in the order in which the rows first use them, so that
 * a reader asks for the early ones (kept in memory: 男, 女, names of units) again and again, and
 * for the later ones in order: a few windows of the file are enough. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/sheet/sheet_internal.h"

#define WINDOW_SIZE ((int64_t)32 * 1024)
#define WINDOW_COUNT 16
#define PENDING_SIZE ((size_t)64 * 1024)
#define BLOCK_SIZE ((size_t)64 * 1024)

typedef struct Window {
    int64_t number; /* of the window in the file, + 1; 0: empty */
    size_t length;
    char bytes[WINDOW_SIZE];
} Window;

struct Spill {
    Arena *arena;
    const char *temp_dir;
    size_t memory_max;
    char **blocks; /* the first memory_max bytes, in blocks made as they are needed */
    int64_t length;
    int fd;        /* -1: everything is in memory */
    char *pending; /* appended, not written yet */
    size_t pending_length;
    int64_t written; /* bytes in the file */
    Window *windows;
};

Spill *spill_new(Arena *arena, const char *temp_dir, size_t memory_max)
{
    Spill *spill = ARENA_NEW(arena, Spill);
    size_t blocks = (memory_max + BLOCK_SIZE - 1) / BLOCK_SIZE;
    *spill = (Spill){.arena = arena,
                     .temp_dir = temp_dir,
                     .memory_max = blocks * BLOCK_SIZE,
                     .blocks = ARENA_ARRAY(arena, char *, MAX(blocks, (size_t)1)),
                     .fd = -1};
    return spill;
}

static Err *failed(Spill *spill, const char *what)
{
    return ERR(spill->arena, ERR_INTERNAL, "temporary_file_failed", "%s in %s: %s", what,
               spill->temp_dir, strerror(errno));
}

static Err *open_file(Spill *spill)
{
    char *path = arena_printf(spill->arena, "%s/voms-sheet-XXXXXX", spill->temp_dir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return failed(spill, "mkostemp");
    }
    unlink(path);
    spill->fd = fd;
    spill->pending = arena_alloc(spill->arena, PENDING_SIZE);
    spill->windows = ARENA_ARRAY(spill->arena, Window, WINDOW_COUNT);
    return NULL;
}

static Err *write_pending(Spill *spill)
{
    if (!fd_write(spill->fd, spill->pending, spill->pending_length)) {
        return failed(spill, "write");
    }
    spill->written += (int64_t)spill->pending_length;
    spill->pending_length = 0;
    return NULL;
}

static size_t append_memory(Spill *spill, const char *bytes, size_t length)
{
    size_t block = (size_t)spill->length / BLOCK_SIZE;
    size_t offset = (size_t)spill->length % BLOCK_SIZE;
    if (spill->blocks[block] == NULL) {
        spill->blocks[block] = arena_alloc(spill->arena, BLOCK_SIZE);
    }
    size_t part = MIN(length, BLOCK_SIZE - offset);
    memcpy(spill->blocks[block] + offset, bytes, part);
    return part;
}

static Err *append_file(Spill *spill, const char *bytes, size_t length, size_t *ret_part)
{
    if (spill->fd < 0) {
        TRY(open_file(spill));
    }
    if (spill->pending_length == PENDING_SIZE) {
        TRY(write_pending(spill));
    }
    size_t part = MIN(length, PENDING_SIZE - spill->pending_length);
    memcpy(spill->pending + spill->pending_length, bytes, part);
    spill->pending_length += part;
    *ret_part = part;
    return NULL;
}

Err *spill_append(Spill *spill, const void *bytes, size_t length)
{
    const char *next = bytes;
    while (length > 0) {
        size_t part = 0;
        if ((size_t)spill->length < spill->memory_max) {
            part = append_memory(spill, next, length);
        } else {
            TRY(append_file(spill, next, length, &part));
        }
        spill->length += (int64_t)part;
        next += part;
        length -= part;
    }
    return NULL;
}

int64_t spill_length(const Spill *spill)
{
    return spill->length;
}

static Err *load_window(Spill *spill, int64_t number, Window **ret_window)
{
    Window *window = &spill->windows[number % WINDOW_COUNT];
    *ret_window = window;
    if (window->number == number + 1) {
        return NULL;
    }
    if (spill->pending_length > 0) {
        TRY(write_pending(spill));
    }
    window->number = 0;
    window->length = 0;
    int64_t start = number * WINDOW_SIZE;
    int64_t wanted = MIN(WINDOW_SIZE, spill->written - start);
    while ((int64_t)window->length < wanted) {
        ssize_t got = pread(spill->fd, window->bytes + window->length,
                            (size_t)wanted - window->length, start + (int64_t)window->length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return failed(spill, "pread");
        }
        window->length += (size_t)got;
    }
    window->number = number + 1;
    return NULL;
}

static size_t read_memory(Spill *spill, int64_t offset, char *buffer, size_t length)
{
    size_t within = (size_t)offset % BLOCK_SIZE;
    size_t part = MIN(length, BLOCK_SIZE - within);
    memcpy(buffer, spill->blocks[(size_t)offset / BLOCK_SIZE] + within, part);
    return part;
}

static Err *read_file(Spill *spill, int64_t offset, char *buffer, size_t length, size_t *ret_part)
{
    int64_t in_file = offset - (int64_t)spill->memory_max;
    size_t within = (size_t)(in_file % WINDOW_SIZE);
    Window *window = NULL;
    TRY(load_window(spill, in_file / WINDOW_SIZE, &window));
    BUG_ON(within >= window->length);
    size_t part = MIN(length, window->length - within);
    memcpy(buffer, window->bytes + within, part);
    *ret_part = part;
    return NULL;
}

Err *spill_read(Spill *spill, int64_t offset, void *buffer, size_t length)
{
    BUG_ON(offset < 0 || offset + (int64_t)length > spill->length);
    char *next = buffer;
    while (length > 0) {
        size_t part = 0;
        if ((size_t)offset < spill->memory_max) {
            part = read_memory(spill, offset, next, length);
        } else {
            TRY(read_file(spill, offset, next, length, &part));
        }
        offset += (int64_t)part;
        next += part;
        length -= part;
    }
    return NULL;
}

void spill_free(Spill *spill)
{
    if (spill != NULL && spill->fd >= 0) {
        close(spill->fd);
        spill->fd = -1;
    }
}
