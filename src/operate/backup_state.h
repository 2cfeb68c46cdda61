/* backup_state.h - when the last backup was made: a small file beside the data, for whoever tells
 * how old it is (doctor, health). */
#pragma once

#include "base/err.h"
#include "base/time.h"

typedef struct BackupState {
    TimeMs made_at;   /* of the last good backup; 0: there was none */
    const char *file; /* its path, or NULL */
    int64_t size_bytes;
    int64_t duration_ms;
    TimeMs failed_at; /* of the last failure since then; 0: none */
    const char *failure;
    TimeMs verified_at; /* of the last backup that was tried out with success; 0: none was */
} BackupState;

/* Reads data_dir/backup-state.json; all zero if there is none. Fails with ERR_UNAVAILABLE when it
 * cannot be read. Blocks. */
Err *backup_state_read(Arena *arena, const char *data_dir, BackupState *ret_state);

/* Writes it. Blocks. Fails with ERR_UNAVAILABLE. */
Err *backup_state_write(Arena *arena, const char *data_dir, const BackupState *state);
