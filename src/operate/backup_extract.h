/* backup_extract.h - reading a backup into a database and a folder; all of it blocks. */
#pragma once

#include "operate/backup_driver.h"
#include "operate/backup_manifest.h"

/* A backup that is open, its manifest read. */
typedef struct BackupSource {
    BackupArchive *archive;
    BackupManifest manifest;
} BackupSource;

/* Opens a backup and reads its manifest. Fails as backup_reader_open does. */
Err *backup_source_open(Arena *arena, const char *path, const char *passphrase,
                        BackupSource *ret_source);

/* Is the manifest's database of the driver that the configuration names? Fails with ERR_CONFLICT
 * ("other_driver"). */
Err *backup_source_check_driver(Arena *arena, const BackupSource *source,
                                const BackupDriver *driver);

/* What a backup holds beside database and files. */
typedef struct BackupParts {
    const char *keys;          /* JSON */
    const char *configuration; /* the file's text; NULL: embedded without one */
    int64_t file_count;
} BackupParts;

/* Reads all that follows, to the end, where the checksums prove right: the database into target,
 * the files into work (NULL: they are only checked). */
Err *backup_source_extract(Arena *arena, BackupSource *source, const BackupDriver *driver,
                           BackupTarget *target, const char *work, BackupParts *ret_parts);
