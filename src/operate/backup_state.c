#include "operate/backup_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "operate/backup_folder.h"

#define STATE_MAX_BYTES 16384

static const char *path_of(Arena *arena, const char *data_dir)
{
    return arena_printf(arena, "%s/backup-state.json", data_dir);
}

static TimeMs time_of(const json_t *root, const char *key)
{
    const char *text = json_string_value(json_object_get(root, key));
    TimeMs time = 0;
    return text != NULL && time_parse(text, &time) ? time : 0;
}

Err *backup_state_read(Arena *arena, const char *data_dir, BackupState *ret_state)
{
    const char *path = path_of(arena, data_dir);
    char *text = arena_alloc(arena, STATE_MAX_BYTES);
    json_t *root = NULL;
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *ret_state = (BackupState){};
        return NULL;
    }
    ssize_t length = fd < 0 ? -1 : fd_read(fd, text, STATE_MAX_BYTES);
    if (length < 0) {
        return ERR(arena, ERR_UNAVAILABLE, "backup_state", "cannot read %s: %s", path,
                   strerror(errno));
    }
    TRY(json_parse(arena, text, (size_t)length, &root));
    *ret_state = (BackupState){
        .made_at = time_of(root, "made_at"),
        .file = arena_strdup(arena, json_string_value(json_object_get(root, "file"))),
        .size_bytes = json_integer_value(json_object_get(root, "size_bytes")),
        .duration_ms = json_integer_value(json_object_get(root, "duration_ms")),
        .failed_at = time_of(root, "failed_at"),
        .failure = arena_strdup(arena, json_string_value(json_object_get(root, "failure"))),
        .verified_at = time_of(root, "verified_at"),
    };
    return NULL;
}

static void put_time(JsonWriter *writer, const char *key, TimeMs time)
{
    if (time != 0) {
        json_put_time(writer, key, time);
    }
}

Err *backup_state_write(Arena *arena, const char *data_dir, const BackupState *state)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    put_time(&writer, "made_at", state->made_at);
    json_put_string(&writer, "file", state->file);
    json_put_int(&writer, "size_bytes", state->size_bytes);
    json_put_int(&writer, "duration_ms", state->duration_ms);
    put_time(&writer, "failed_at", state->failed_at);
    json_put_string(&writer, "failure", state->failure);
    put_time(&writer, "verified_at", state->verified_at);
    json_write_end_object(&writer);
    return backup_folder_write(arena, path_of(arena, data_dir), str_text(&text), 0640);
}
