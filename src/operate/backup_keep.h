/* backup_keep.h - which backups stay. */
#pragma once

#include "base/err.h"
#include "base/time.h"

/* How many stay of each kind: the last ones, and the newest of so many days, weeks (from Monday)
 * and months that have one. What any of the four keeps stays. */
typedef struct BackupKeep {
    int64_t last;
    int64_t daily;
    int64_t weekly;
    int64_t monthly;
} BackupKeep;

/* Parses "7" (the last seven) or "last=3,daily=7,weekly=4,monthly=12"; NULL keeps all. Fails with
 * ERR_INVALID ("keep_malformed"). */
Err *backup_keep_parse(Arena *arena, const char *text, BackupKeep *ret_keep);

/* Decides: times are those of all backups, newest first; ret_stays[i] tells whether times[i] stays.
 * The newest always does. Pure. */
void backup_keep_decide(const BackupKeep *keep, const TimeMs *times, size_t count, bool *ret_stays);

/* The name of a backup made at an instant: "voms-20260102T030405Z.backup", and back. */
const char *backup_name_format(Arena *arena, TimeMs time);
bool backup_name_parse(const char *name, TimeMs *ret_time);

/* Removes what does not stay, and what interrupted runs left in the folder. *ret_removed counts. */
Err *backup_keep_apply(Arena *arena, const char *folder, const BackupKeep *keep,
                       int64_t *ret_removed);
