#include "operate/backup_keep.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/vec.h"

#define COUNT_MAX 10000

typedef struct Found {
    TimeMs time;
    const char *name;
} Found;

static Err *malformed(Arena *arena, const char *text)
{
    return ERR(arena, ERR_INVALID, "keep_malformed",
               "--keep %s: a number, or such as last=3,daily=7,weekly=4,monthly=12", text);
}

static int64_t *field_of(BackupKeep *keep, const char *name, size_t length)
{
    const struct {
        const char *name;
        int64_t *count;
    } fields[] = {{"last", &keep->last},
                  {"daily", &keep->daily},
                  {"weekly", &keep->weekly},
                  {"monthly", &keep->monthly}};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strlen(fields[i].name) == length && strncmp(fields[i].name, name, length) == 0) {
            return fields[i].count;
        }
    }
    return NULL;
}

static bool parse_part(BackupKeep *keep, const char *part)
{
    const char *sign = strchr(part, '=');
    int64_t *count = sign == NULL ? &keep->last : field_of(keep, part, (size_t)(sign - part));
    return count != NULL && str_parse_int64(sign == NULL ? part : sign + 1, count) && *count >= 1 &&
           *count <= COUNT_MAX;
}

Err *backup_keep_parse(Arena *arena, const char *text, BackupKeep *ret_keep)
{
    BackupKeep keep = {};
    if (text == NULL) {
        *ret_keep = (BackupKeep){.last = INT64_MAX};
        return NULL;
    }
    for (const char *next = text; next != NULL;) {
        const char *comma = strchr(next, ',');
        size_t length = comma == NULL ? strlen(next) : (size_t)(comma - next);
        if (!parse_part(&keep, arena_strndup(arena, next, length))) {
            return malformed(arena, text);
        }
        next = comma == NULL ? NULL : comma + 1;
    }
    *ret_keep = keep;
    return NULL;
}

/* The day, week or month of an instant, as a number. */
static int64_t day_of(TimeMs time)
{
    return date_to_days(date_of(time, 0));
}

static int64_t week_of(TimeMs time)
{
    return (day_of(time) + 3) / 7; /* 1970-01-01 was a Thursday */
}

static int64_t month_of(TimeMs time)
{
    Date date = date_of(time, 0);
    return (int64_t)date.year * 12 + date.month;
}

static void keep_newest_of_each(int64_t (*period_of)(TimeMs), int64_t limit, const TimeMs *times,
                                size_t count, bool *stays)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < count && limit > 0; i++) {
        int64_t period = period_of(times[i]);
        if (period != last) {
            stays[i] = true;
            last = period;
            limit--;
        }
    }
}

void backup_keep_decide(const BackupKeep *keep, const TimeMs *times, size_t count, bool *ret_stays)
{
    for (size_t i = 0; i < count; i++) {
        ret_stays[i] = i == 0 || (int64_t)i < keep->last;
    }
    keep_newest_of_each(day_of, keep->daily, times, count, ret_stays);
    keep_newest_of_each(week_of, keep->weekly, times, count, ret_stays);
    keep_newest_of_each(month_of, keep->monthly, times, count, ret_stays);
}

/* ---- Names ---- */

const char *backup_name_format(Arena *arena, TimeMs time)
{
    const char *text = time_format(arena, time); /* 2026-01-02T03:04:05.678Z */
    return arena_printf(arena, "voms-%.4s%.2s%.2sT%.2s%.2s%.2sZ.backup", text, text + 5, text + 8,
                        text + 11, text + 14, text + 17);
}

bool backup_name_parse(const char *name, TimeMs *ret_time)
{
    static const char PATTERN[] = "voms-00000000T000000Z.backup";
    char text[TIME_TEXT_SIZE];
    if (strlen(name) != sizeof(PATTERN) - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof(PATTERN) - 1; i++) {
        bool right = PATTERN[i] == '0' ? name[i] >= '0' && name[i] <= '9' : name[i] == PATTERN[i];
        if (!right) {
            return false;
        }
    }
    snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name + 5, name + 9, name + 11,
             name + 14, name + 16, name + 18);
    return time_parse(text, ret_time);
}

/* ---- The folder ---- */

static int newest_first(const void *a, const void *b)
{
    TimeMs left = ((const Found *)a)->time;
    TimeMs right = ((const Found *)b)->time;
    return (left < right) - (left > right);
}

static bool is_leftover(const char *name)
{
    return str_starts_with(name, "voms-") && str_ends_with(name, ".backup.unfinished");
}

static Err *remove_file(Arena *arena, int folder, const char *name)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return NULL;
    }
    return ERR(arena, ERR_UNAVAILABLE, "folder_unusable", "cannot remove the backup %s: %s", name,
               strerror(errno));
}

static Err *apply(Arena *arena, DIR *dir, const BackupKeep *keep, int64_t *removed)
{
    VEC(Found) all = {};
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        Found found = {.name = arena_strdup(arena, entry->d_name)};
        if (backup_name_parse(found.name, &found.time)) {
            *(Found *)vec_push(&all, arena) = found;
        } else if (is_leftover(found.name)) {
            TRY(remove_file(arena, dirfd(dir), found.name));
        }
    }
    if (all.count == 0) {
        return NULL;
    }
    qsort(all.items, all.count, sizeof(Found), newest_first);
    TimeMs *times = ARENA_ARRAY(arena, TimeMs, all.count);
    bool *stays = ARENA_ARRAY(arena, bool, all.count);
    for (size_t i = 0; i < all.count; i++) {
        times[i] = all.items[i].time;
    }
    backup_keep_decide(keep, times, all.count, stays);
    for (size_t i = 0; i < all.count; i++) {
        if (!stays[i]) {
            TRY(remove_file(arena, dirfd(dir), all.items[i].name));
            *removed += 1;
        }
    }
    return NULL;
}

Err *backup_keep_apply(Arena *arena, const char *folder, const BackupKeep *keep,
                       int64_t *ret_removed)
{
    int64_t removed = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return ERR(arena, ERR_UNAVAILABLE, "folder_unusable", "cannot open %s: %s", folder,
                   strerror(errno));
    }
    Err *err = apply(arena, dir, keep, &removed);
    closedir(dir);
    TRY(err);
    *ret_removed = removed;
    return NULL;
}
