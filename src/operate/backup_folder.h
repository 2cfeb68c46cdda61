/* backup_folder.h - folders, locks and room on disk for backups. All of it blocks. */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "base/time.h"

/* What root makes must serve the service's user: gives path to the owner of the folder it is in.
 * Does nothing unless we are root. */
Err *backup_folder_own(Arena *arena, const char *path);

/* Makes a folder (mode 0700) if it is not there. Fails with ERR_UNAVAILABLE. */
Err *backup_folder_make(Arena *arena, const char *path);

/* Removes a folder with all that is in it; one that is not there is no failure. */
Err *backup_folder_remove(Arena *arena, const char *path);

/* Makes an empty folder for the work at hand below data_dir (mode 0700); what an earlier run left
 * there is removed. To be called with the lock held. */
Err *backup_folder_work(Arena *arena, const char *data_dir, const char **ret_path);

/* Takes the lock that backups, restorations and key changes of one installation share, until
 * *ret_fd is closed. Fails with ERR_CONFLICT ("backup_running"). */
Err *backup_folder_lock(Arena *arena, const char *data_dir, int *ret_fd);

/* Fails with ERR_UNAVAILABLE ("disk_too_small") unless so many bytes, and a reserve, are free where
 * path is. */
Err *backup_folder_check_room(Arena *arena, const char *path, int64_t needed_bytes);

/* The bytes of all files in a folder; 0 if there is none. */
Err *backup_folder_size(Arena *arena, const char *path, int64_t *ret_size_bytes);

/* Gives every file of a folder a second name in another one (same file system), which stays when
 * the first goes. Files that are there already, or gone meanwhile, do not count. */
Err *backup_folder_link(Arena *arena, const char *from, const char *to);

/* Writes a file under a temporary name, syncs it and its folder, and gives it its name. mode, owner
 * and group are those of the file that it replaces, else mode and those of the folder. */
Err *backup_folder_write(Arena *arena, const char *path, const char *text, mode_t mode);

/* Syncs a folder, or the one that a file is in, so that names in it are on disk. */
Err *backup_folder_sync(Arena *arena, const char *path);
Err *backup_folder_sync_of(Arena *arena, const char *path);
