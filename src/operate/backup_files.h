/* backup_files.h - the folders below the data directory that belong into a backup. All of it
 * blocks. */
#pragma once

#include "operate/backup_archive.h"

/* Ends with NULL. What is made anew or lives for minutes (exports, uploads) is not among them. */
extern const char *const backup_file_folders[];

/* The bytes of all files in them. */
Err *backup_files_size(Arena *arena, const char *data_dir, int64_t *ret_size_bytes);

/* Holds all files that are there now, in work/…: they stay there even if the server removes them.
 * To be called before and after the database's snapshot: then all that it names are held. */
Err *backup_files_hold(Arena *arena, const char *data_dir, const char *work);

/* Adds what is held. */
Err *backup_files_add(Arena *arena, const char *work, BackupArchive *archive, int64_t *ret_count);

/* Is it an entry that backup_files_add made? */
bool backup_files_is_entry(const char *entry_name);

/* Writes such an entry into work/…, synced. */
Err *backup_files_extract(Arena *arena, const char *work, const char *entry_name,
                          BackupArchive *archive);

/* Moves all that was extracted below data_dir. */
Err *backup_files_put(Arena *arena, const char *work, const char *data_dir);

/* Copies all files that are below data_dir into work/…, on whatever disk that is, synced. */
Err *backup_files_copy(Arena *arena, const char *data_dir, const char *work);
