/* backup.h - making backups and trying them out. All of it blocks. */
#pragma once

#include "app/app.h"
#include "operate/backup_keep.h"

typedef struct BackupOptions {
    const char *folder; /* where backups are kept */
    const char *passphrase;
    BackupKeep keep;
} BackupOptions;

typedef struct BackupResult {
    const char *path;
    int64_t size_bytes;
    int64_t duration_ms;
    int64_t rows;
    int64_t files;
    int64_t removed; /* older backups */
} BackupResult;

/* Makes one file of database, stored files, configuration and keys, as of one moment, while the
 * server may run; then removes what options->keep does not keep. Records the outcome for
 * backup_state_read. Fails with ERR_CONFLICT ("backup_running"), ERR_UNAVAILABLE
 * ("disk_too_small", and whatever disk, database or a program say); nothing half-made stays. */
Err *backup_make(AppCore *core, const BackupOptions *options, BackupResult *ret_result);

typedef struct BackupVerification {
    TimeMs made_at;
    const char *version;
    int64_t tables;
    int64_t rows;
    int64_t files;
    int64_t audit_entries;  /* whose chain was proven */
    int64_t ledger_entries; /* that agree with the totals */
} BackupVerification;

/* Restores a backup into a scratch database, compares counts and checksums with its manifest,
 * brings its schema up to date, proves audit chain and ledger, and drops the scratch database.
 * Fails with ERR_FORBIDDEN ("wrong_passphrase"), ERR_MALFORMED ("backup_damaged",
 * "backup_differs"), ERR_CONFLICT ("backup_newer", "other_driver"). */
Err *backup_verify(AppCore *core, const char *path, const char *passphrase,
                   BackupVerification *ret_verification);
