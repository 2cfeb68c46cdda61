#include "operate/keys_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "operate/backup_folder.h"

#define FILE_MAX_BYTES (1024 * 1024)

static Err *unreadable(Arena *arena, const char *path)
{
    return ERR(arena, ERR_CONFIG, "config_unreadable", "cannot read %s: %s", path, strerror(errno));
}

static Err *read_json(Arena *arena, const char *path, json_t **ret_root)
{
    char *text = arena_alloc(arena, FILE_MAX_BYTES);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return unreadable(arena, path);
    }
    size_t length = fread(text, 1, FILE_MAX_BYTES, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    return failed ? unreadable(arena, path) : json_parse(arena, text, length, ret_root);
}

static int append(const char *bytes, size_t length, void *out)
{
    str_append_bytes(out, bytes, length);
    return 0;
}

/* The keys stay in their order: a person reads this file. */
static const char *format(Arena *arena, const json_t *root)
{
    Str text;
    str_init(&text, arena);
    BUG_ON(json_dump_callback(root, append, &text, JSON_INDENT(2)) != 0);
    str_append_char(&text, '\n');
    return str_text(&text);
}

/* Sets section.name unless it is as wanted. value is taken over. */
static Err *set(Arena *arena, json_t *root, const char *section, const char *name, json_t *value)
{
    json_t *object = json_object_get(root, section);
    const char *present = json_string_value(json_object_get(object, name));
    if (present != NULL && (str_starts_with(present, "file:") || str_starts_with(present, "${"))) {
        json_decref(value);
        return ERR(arena, ERR_CONFIG, "keys_elsewhere",
                   "%s.%s comes from %s: this command changes only values that stand in the "
                   "configuration file itself",
                   section, name, present);
    }
    if (object == NULL) {
        object = json_object();
        json_object_set_new(root, section, object);
    }
    BUG_ON(json_object_set_new(object, name, value) != 0);
    return NULL;
}

static json_t *list_of(const char *const *items)
{
    json_t *list = json_array();
    for (; *items != NULL; items++) {
        json_array_append_new(list, json_string(*items));
    }
    return list;
}

static bool same_list(const char *const *a, const char *const *b)
{
    for (; *a != NULL && *b != NULL; a++, b++) {
        if (!str_equal(*a, *b)) {
            return false;
        }
    }
    return *a == *b; /* both NULL */
}

static Err *change(Arena *arena, const Config *config, const BackupKeys *keys, json_t *root)
{
    if (!str_equal(config->encryption.key.reveal, keys->key)) {
        TRY(set(arena, root, "encryption", "key", json_string(keys->key)));
    }
    if (config->encryption.key_id != keys->key_id) {
        TRY(set(arena, root, "encryption", "key_id", json_integer(keys->key_id)));
    }
    if (!same_list((const char *const *)config->encryption.old_keys, keys->old_keys)) {
        TRY(set(arena, root, "encryption", "old_keys", list_of(keys->old_keys)));
    }
    if (!str_equal(config->jwt.secret.reveal, keys->jwt_secret)) {
        TRY(set(arena, root, "jwt", "secret", json_string(keys->jwt_secret)));
    }
    return NULL;
}

Err *keys_file_prepare(Arena *arena, const Config *config, const BackupKeys *keys,
                       KeysFile *ret_file)
{
    json_t *root = NULL;
    if (config->path == NULL) {
        ret_file->path = arena_printf(arena, "%s/secrets.json", config->storage.path);
        ret_file->text = backup_keys_format(arena, keys);
        return NULL;
    }
    TRY(read_json(arena, config->path, &root));
    TRY(change(arena, config, keys, root));
    ret_file->path = config->path;
    ret_file->text = format(arena, root);
    return NULL;
}

Err *keys_file_write(Arena *arena, const KeysFile *file)
{
    return backup_folder_write(arena, file->path, file->text, 0600);
}
