#include "operate/backup_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define RESERVE_BYTES ((int64_t)16 * 1024 * 1024)
#define MIB ((int64_t)1024 * 1024)

static Err *failed(Arena *arena, const char *what, const char *path)
{
    return ERR(arena, ERR_UNAVAILABLE, "folder_unusable", "cannot %s %s: %s", what, path,
               strerror(errno));
}

static void close_dirp(DIR **dir)
{
    if (*dir != NULL) {
        closedir(*dir);
    }
}

static bool is_dots(const char *name)
{
    return str_equal(name, ".") || str_equal(name, "..");
}

static const char *folder_of(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "." : arena_strndup(arena, path, (size_t)(slash - path) + 1);
}

Err *backup_folder_own(Arena *arena, const char *path)
{
    struct stat folder;
    if (geteuid() != 0) {
        return NULL;
    }
    if (stat(folder_of(arena, path), &folder) != 0 ||
        lchown(path, folder.st_uid, folder.st_gid) != 0) {
        return failed(arena, "give away", path);
    }
    return NULL;
}

Err *backup_folder_make(Arena *arena, const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return backup_folder_own(arena, path);
    }
    return errno == EEXIST ? NULL : failed(arena, "make", path);
}

static Err *remove_entry(Arena *arena, const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT) {
        return NULL;
    }
    return errno == EISDIR ? backup_folder_remove(arena, path) : failed(arena, "remove", path);
}

Err *backup_folder_remove(Arena *arena, const char *path)
{
    CLEANUP(close_dirp) DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? NULL : failed(arena, "open", path);
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!is_dots(entry->d_name)) {
            TRY(remove_entry(arena, arena_printf(arena, "%s/%s", path, entry->d_name)));
        }
    }
    return rmdir(path) == 0 ? NULL : failed(arena, "remove", path);
}

Err *backup_folder_work(Arena *arena, const char *data_dir, const char **ret_path)
{
    const char *path = arena_printf(arena, "%s/.backup-work", data_dir);
    TRY(backup_folder_remove(arena, path));
    TRY(backup_folder_make(arena, path));
    *ret_path = path;
    return NULL;
}

Err *backup_folder_lock(Arena *arena, const char *data_dir, int *ret_fd)
{
    const char *path = arena_printf(arena, "%s/backup.lock", data_dir);
    TRY(backup_folder_make(arena, data_dir));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return failed(arena, "open", path);
    }
    err_ignore(backup_folder_own(arena, path), "then its owner cannot be somebody else");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return ERR(arena, ERR_CONFLICT, "backup_running",
                   "another backup, restoration or change of keys is running (%s is locked)", path);
    }
    *ret_fd = fd;
    return NULL;
}

Err *backup_folder_check_room(Arena *arena, const char *path, int64_t needed_bytes)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        return failed(arena, "look at the disk of", path);
    }
    int64_t free_bytes = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
    if (free_bytes >= needed_bytes + RESERVE_BYTES) {
        return NULL;
    }
    return ERR(arena, ERR_UNAVAILABLE, "disk_too_small",
               "the disk of %s has %" PRId64 " MiB free, %" PRId64 " MiB are needed", path,
               free_bytes / MIB, (needed_bytes + RESERVE_BYTES) / MIB);
}

Err *backup_folder_size(Arena *arena, const char *path, int64_t *ret_size_bytes)
{
    CLEANUP(close_dirp) DIR *dir = opendir(path);
    int64_t sum = 0;
    if (dir == NULL && errno != ENOENT) {
        return failed(arena, "open", path);
    }
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct stat status;
        if (fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode)) {
            sum += status.st_size;
        }
    }
    *ret_size_bytes = sum;
    return NULL;
}

static Err *link_file(Arena *arena, int source, int target, const char *name)
{
    struct stat status;
    if (fstatat(source, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
        return NULL;
    }
    if (linkat(source, name, target, name, 0) == 0 || errno == EEXIST || errno == ENOENT) {
        return NULL;
    }
    return failed(arena, "link the stored file", name);
}

Err *backup_folder_link(Arena *arena, const char *from, const char *to)
{
    CLEANUP(close_dirp) DIR *source = opendir(from);
    if (source == NULL) {
        return errno == ENOENT ? NULL : failed(arena, "open", from);
    }
    CLEANUP(fd_closep) int target = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (target < 0) {
        return failed(arena, "open", to);
    }
    for (const struct dirent *entry; (entry = readdir(source)) != NULL;) {
        TRY(link_file(arena, dirfd(source), target, entry->d_name));
    }
    return NULL;
}

Err *backup_folder_sync(Arena *arena, const char *path)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? NULL : failed(arena, "sync", path);
}

Err *backup_folder_sync_of(Arena *arena, const char *path)
{
    return backup_folder_sync(arena, folder_of(arena, path));
}

/* The same mode and owner as before: the service must still be able to read it, and nobody else. */
static Err *take_after(Arena *arena, const char *path, int fd, mode_t mode)
{
    struct stat status;
    struct stat folder;
    if (stat(path, &status) == 0) {
        mode = status.st_mode & 07777;
    } else if (stat(folder_of(arena, path), &folder) == 0) {
        status.st_uid = folder.st_uid;
        status.st_gid = folder.st_gid;
    } else {
        return failed(arena, "find the folder of", path);
    }
    bool owned = fchown(fd, status.st_uid, status.st_gid) == 0 || geteuid() != 0;
    return owned && fchmod(fd, mode) == 0 ? NULL : failed(arena, "set owner and mode of", path);
}

Err *backup_folder_write(Arena *arena, const char *path, const char *text, mode_t mode)
{
    const char *temporary = arena_printf(arena, "%s.new", path);
    CLEANUP(fd_closep) int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return failed(arena, "create", temporary);
    }
    if (!fd_write(fd, text, strlen(text))) {
        return failed(arena, "write", temporary);
    }
    TRY(take_after(arena, path, fd, mode));
    if (fsync(fd) != 0) {
        return failed(arena, "sync", temporary);
    }
    if (rename(temporary, path) != 0) {
        return failed(arena, "rename", temporary);
    }
    return backup_folder_sync(arena, folder_of(arena, path));
}
