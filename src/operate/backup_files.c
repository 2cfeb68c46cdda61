#include "operate/backup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "operate/backup_folder.h"

#define BUFFER_BYTES ((size_t)64 * 1024)

const char *const backup_file_folders[] = {"files", "imports", NULL};

static Err *failed(Arena *arena, const char *what, const char *path)
{
    return ERR(arena, ERR_UNAVAILABLE, "file_unusable", "cannot %s %s: %s", what, path,
               strerror(errno));
}

Err *backup_files_size(Arena *arena, const char *data_dir, int64_t *ret_size_bytes)
{
    int64_t sum = 0;
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        int64_t size = 0;
        TRY(backup_folder_size(arena, arena_printf(arena, "%s/%s", data_dir, *folder), &size));
        sum += size;
    }
    *ret_size_bytes = sum;
    return NULL;
}

Err *backup_files_hold(Arena *arena, const char *data_dir, const char *work)
{
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        const char *held = arena_printf(arena, "%s/%s", work, *folder);
        TRY(backup_folder_make(arena, held));
        TRY(backup_folder_link(arena, arena_printf(arena, "%s/%s", data_dir, *folder), held));
    }
    return NULL;
}

static Err *add_file(Arena *arena, const char *work, const char *name, BackupArchive *archive)
{
    const char *path = arena_printf(arena, "%s/%s", work, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return failed(arena, "open", path);
    }
    Err *err = backup_archive_add_file(archive, name, fd);
    close(fd);
    return err;
}

static bool is_file_name(const char *name)
{
    return name[0] != '.' && name[0] != '\0' && strchr(name, '/') == NULL;
}

/* Calls fn for each file of work/folder; what it needs of memory is gone after each. */
static Err *for_each_file(Arena *arena, const char *work, const char *folder,
                          Err *(*fn)(Arena *, const char *work, const char *name, void *),
                          void *arg)
{
    const char *path = arena_printf(arena, "%s/%s", work, folder);
    CLEANUP(arena_freep) Arena *own = arena_new();
    DIR *dir = opendir(path);
    Err *err = NULL;
    if (dir == NULL) {
        return errno == ENOENT ? NULL : failed(arena, "open", path);
    }
    for (const struct dirent *entry; err == NULL && (entry = readdir(dir)) != NULL;) {
        if (is_file_name(entry->d_name)) {
            err = fn(own, work, arena_printf(own, "%s/%s", folder, entry->d_name), arg);
            err = err_copy(arena, err);
            arena_reset(own);
        }
    }
    closedir(dir);
    return err;
}

typedef struct Adding {
    BackupArchive *archive;
    int64_t count;
} Adding;

static Err *add_one(Arena *arena, const char *work, const char *name, void *arg)
{
    Adding *adding = arg;
    adding->count++;
    return add_file(arena, work, name, adding->archive);
}

Err *backup_files_add(Arena *arena, const char *work, BackupArchive *archive, int64_t *ret_count)
{
    Adding adding = {.archive = archive};
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        TRY(for_each_file(arena, work, *folder, add_one, &adding));
    }
    *ret_count = adding.count;
    return NULL;
}

bool backup_files_is_entry(const char *entry_name)
{
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        size_t length = strlen(*folder);
        if (strncmp(entry_name, *folder, length) == 0 && entry_name[length] == '/' &&
            is_file_name(entry_name + length + 1)) {
            return true;
        }
    }
    return false;
}

static Err *copy_out(Arena *arena, int fd, const char *path, BackupArchive *archive)
{
    char *buffer = arena_alloc(arena, BUFFER_BYTES);
    for (;;) {
        size_t length = 0;
        TRY(backup_archive_read(archive, buffer, BUFFER_BYTES, &length));
        if (length == 0) {
            return fsync(fd) == 0 ? NULL : failed(arena, "sync", path);
        }
        if (!fd_write(fd, buffer, length)) {
            return failed(arena, "write", path);
        }
    }
}

Err *backup_files_extract(Arena *arena, const char *work, const char *entry_name,
                          BackupArchive *archive)
{
    CLEANUP(arena_freep) Arena *own = arena_new();
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        TRY(backup_folder_make(arena, arena_printf(own, "%s/%s", work, *folder)));
    }
    const char *path = arena_printf(own, "%s/%s", work, entry_name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return failed(arena, "create", path);
    }
    Err *err = copy_out(own, fd, path, archive);
    close(fd);
    return err_copy(arena, err);
}

static Err *put_one(Arena *arena, const char *work, const char *name, void *arg)
{
    const char *data_dir = arg;
    const char *from = arena_printf(arena, "%s/%s", work, name);
    const char *to = arena_printf(arena, "%s/%s", data_dir, name);
    if (rename(from, to) != 0) {
        return failed(arena, "put back", to);
    }
    return backup_folder_own(arena, to);
}

Err *backup_files_put(Arena *arena, const char *work, const char *data_dir)
{
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        const char *path = arena_printf(arena, "%s/%s", data_dir, *folder);
        TRY(backup_folder_make(arena, path));
        TRY(for_each_file(arena, work, *folder, put_one, (void *)data_dir));
        TRY(backup_folder_sync(arena, path));
    }
    return NULL;
}

static Err *copy_bytes(Arena *arena, int from, int to, const char *path)
{
    char *buffer = arena_alloc(arena, BUFFER_BYTES);
    ssize_t length = 0;
    while ((length = fd_read(from, buffer, BUFFER_BYTES)) > 0) {
        if (!fd_write(to, buffer, (size_t)length)) {
            return failed(arena, "write", path);
        }
    }
    return length == 0 && fsync(to) == 0 ? NULL : failed(arena, "copy", path);
}

static Err *copy_one(Arena *arena, const char *data_dir, const char *name, void *arg)
{
    const char *work = arg;
    const char *path = arena_printf(arena, "%s/%s", work, name);
    int from = open(arena_printf(arena, "%s/%s", data_dir, name), O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    Err *err = from < 0 || to < 0 ? failed(arena, "copy", path) : copy_bytes(arena, from, to, path);
    fd_closep(&from);
    fd_closep(&to);
    return err;
}

Err *backup_files_copy(Arena *arena, const char *data_dir, const char *work)
{
    for (const char *const *folder = backup_file_folders; *folder != NULL; folder++) {
        TRY(backup_folder_make(arena, arena_printf(arena, "%s/%s", work, *folder)));
        TRY(for_each_file(arena, data_dir, *folder, copy_one, (void *)work));
    }
    return NULL;
}
