#include "operate/backup_extract.h"

#include "base/str.h"
#include "operate/backup_files.h"

#define BUFFER_BYTES ((size_t)64 * 1024)
#define TEXT_MAX_BYTES ((size_t)1024 * 1024)

static Err *read_manifest(Arena *arena, BackupSource *source)
{
    BackupEntry entry = {};
    bool found = false;
    const char *text = NULL;
    TRY(backup_archive_next(source->archive, &entry, &found));
    if (!found || !str_equal(entry.name, BACKUP_MANIFEST)) {
        return ERR(arena, ERR_MALFORMED, "backup_damaged", "the backup has no manifest");
    }
    TRY(backup_archive_read_text(source->archive, BACKUP_MANIFEST_MAX_BYTES, &text));
    return backup_manifest_parse(arena, text, &source->manifest);
}

Err *backup_source_open(Arena *arena, const char *path, const char *passphrase,
                        BackupSource *ret_source)
{
    BackupSource source = {};
    TRY(backup_archive_open(arena, path, passphrase, &source.archive));
    Err *err = read_manifest(arena, &source);
    if (err != NULL) {
        backup_archive_close(source.archive);
        return err;
    }
    *ret_source = source;
    return NULL;
}

Err *backup_source_check_driver(Arena *arena, const BackupSource *source,
                                const BackupDriver *driver)
{
    if (str_equal(source->manifest.driver, driver->name)) {
        return NULL;
    }
    return ERR(arena, ERR_CONFLICT, "other_driver",
               "the backup is of %s, the configuration names %s: restore it on %s, and move it "
               "with vomsctl migrate-store",
               source->manifest.driver, driver->name, source->manifest.driver);
}

static Err *feed_entry(Arena *arena, BackupArchive *archive, const BackupDriver *driver,
                       BackupTarget *target, char *buffer)
{
    for (;;) {
        size_t length = 0;
        TRY(backup_archive_read(archive, buffer, BUFFER_BYTES, &length));
        if (length == 0) {
            return NULL;
        }
        TRY(driver->feed(arena, target, buffer, length));
    }
}

Err *backup_source_extract(Arena *arena, BackupSource *source, const BackupDriver *driver,
                           BackupTarget *target, const char *work, BackupParts *ret_parts)
{
    BackupArchive *archive = source->archive;
    char *buffer = arena_alloc(arena, BUFFER_BYTES);
    BackupParts parts = {};
    for (;;) {
        BackupEntry entry = {};
        bool found = false;
        TRY(backup_archive_next(archive, &entry, &found));
        if (!found) {
            break;
        }
        if (str_equal(entry.name, BACKUP_KEYS)) {
            TRY(backup_archive_read_text(archive, TEXT_MAX_BYTES, &parts.keys));
        } else if (str_equal(entry.name, BACKUP_CONFIGURATION)) {
            TRY(backup_archive_read_text(archive, TEXT_MAX_BYTES, &parts.configuration));
        } else if (str_starts_with(entry.name, BACKUP_DATABASE)) {
            TRY(feed_entry(arena, archive, driver, target, buffer));
        } else if (backup_files_is_entry(entry.name)) {
            parts.file_count++;
            TRY(work == NULL ? NULL : backup_files_extract(arena, work, entry.name, archive));
        }
    }
    if (parts.keys == NULL) {
        return ERR(arena, ERR_MALFORMED, "backup_damaged", "the backup holds no keys");
    }
    *ret_parts = parts;
    return NULL;
}
