/* keys_file.h - where an installation keeps its keys: the configuration file, or secrets.json in
 * the data folder when it runs without one. All of it blocks. */
#pragma once

#include <sys/types.h>

#include "operate/backup_manifest.h"

typedef struct KeysFile {
    const char *path;
    const char *text; /* what it is going to hold */
} KeysFile;

/* Puts new keys into the text of the file; all else in it stays. Fails with ERR_CONFIG
 * ("keys_elsewhere") where a value that has to change stands in another file or in the environment,
 * naming it. */
Err *keys_file_prepare(Arena *arena, const Config *config, const BackupKeys *keys,
                       KeysFile *ret_file);

/* Writes it: whole, or as it was. Mode and owner stay. */
Err *keys_file_write(Arena *arena, const KeysFile *file);
