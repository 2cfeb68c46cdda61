/* backup_manifest.h - what a backup says of itself, and the keys in it. */
#pragma once

#include "app/config.h"
#include "operate/backup_driver.h"

#define BACKUP_MANIFEST_MAX_BYTES ((size_t)1024 * 1024)

typedef struct BackupManifest {
    TimeMs made_at;
    const char *version;       /* of VOMS */
    const char *driver;        /* "sqlite", "postgres" */
    const char *configuration; /* path of the file; NULL: embedded without one */
    BackupContents contents;
    int64_t file_bytes; /* of all stored files */
} BackupManifest;

/* JSON, and back. Fails with ERR_MALFORMED ("backup_damaged"). */
const char *backup_manifest_format(Arena *arena, const BackupManifest *manifest);
Err *backup_manifest_parse(Arena *arena, const char *text, BackupManifest *ret_manifest);

/* Fails with ERR_CONFLICT ("backup_newer") if its schema has a migration that this program does not
 * know, naming it, and ERR_CONFIG ("migration_changed") if it knows another text of one. */
Err *backup_manifest_check_schema(Arena *arena, const BackupManifest *manifest, StoreDriver driver,
                                  const char *migrations_dir);

/* The secrets that the data cannot be read without, and the one that signs logins. */
typedef struct BackupKeys {
    const char *key; /* base64url */
    int64_t key_id;
    const char *const *old_keys; /* "ID:KEY"; ends with NULL */
    const char *jwt_secret;
} BackupKeys;

/* Those of a configuration, whatever file or variable they came from. */
BackupKeys backup_keys_of(const Config *config);

/* JSON, and back. Fails with ERR_MALFORMED ("backup_damaged"). */
const char *backup_keys_format(Arena *arena, const BackupKeys *keys);
Err *backup_keys_parse(Arena *arena, const char *text, BackupKeys *ret_keys);

/* Can everything be decrypted with `ours` that can with `others`? */
bool backup_keys_include(const BackupKeys *ours, const BackupKeys *others);
