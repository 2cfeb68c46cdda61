#include "app/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"

#define SECRETS_MAX_BYTES 3072
#define OLD_KEYS_MAX 16

static const char *random_text(Arena *arena, size_t bytes)
{
    unsigned char buffer[64];
    BUG_ON(bytes > sizeof(buffer));
    randombytes_buf(buffer, bytes);
    return str_base64url(arena, buffer, bytes);
}

static Err *fail(Arena *arena, const char *what, const char *path)
{
    return ERR(arena, ERR_CONFIG, "data_dir_unusable", "cannot %s %s: %s", what, path,
               strerror(errno));
}

/* Durable before it is used: a database encrypted with a key that was lost is worth nothing. */
static Err *write_new(Arena *arena, const char *path, const char *text)
{
    const char *temporary = arena_printf(arena, "%s.new", path);
    CLEANUP(fd_closep) int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail(arena, "create", temporary);
    }
    if (!fd_write(fd, text, strlen(text)) || fsync(fd) != 0) {
        return fail(arena, "write", temporary);
    }
    if (rename(temporary, path) != 0) {
        return fail(arena, "rename", temporary);
    }
    return NULL;
}

static Err *sync_folder(Arena *arena, const char *path)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return fail(arena, "sync", path);
    }
    return NULL;
}

static Err *generate(Arena *arena, const char *data_dir, const char *path)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_string(&writer, "jwt_secret", random_text(arena, 48));
    json_put_string(&writer, "encryption_key", random_text(arena, 32));
    json_write_end_object(&writer);
    TRY(write_new(arena, path, str_text(&text)));
    return sync_folder(arena, data_dir);
}

static Err *take(Arena *arena, const char *path, const json_t *root, const char *name,
                 const char **ret_value)
{
    const char *value = json_string_value(json_object_get(root, name));
    if (value == NULL) {
        return ERR(arena, ERR_CONFIG, "secrets_damaged", "%s: %s is missing", path, name);
    }
    *ret_value = arena_strdup(arena, value);
    return NULL;
}

/* What vomsctl keys rotate adds: absent at first. */
static Err *take_old_keys(Arena *arena, const char *path, const json_t *root, Config *config)
{
    const json_t *list = json_object_get(root, "encryption_old_keys");
    const json_t *id = json_object_get(root, "encryption_key_id");
    size_t count = json_array_size(list);
    if (count > OLD_KEYS_MAX || (id != NULL && json_integer_value(id) < 1)) {
        return ERR(arena, ERR_CONFIG, "secrets_damaged", "%s: its keys cannot be understood", path);
    }
    if (id != NULL) {
        config->encryption.key_id = json_integer_value(id);
    }
    const char **items = ARENA_ARRAY(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *item = json_string_value(json_array_get(list, i));
        items[i] = item == NULL ? "" : arena_strdup(arena, item);
    }
    config->encryption.old_keys = items;
    return NULL;
}

static Err *read_existing(Arena *arena, const char *path, Config *config)
{
    CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[SECRETS_MAX_BYTES];
    ssize_t length = fd < 0 ? -1 : fd_read(fd, text, sizeof(text));
    if (length < 0) {
        return fail(arena, "read", path);
    }
    json_t *root = NULL;
    Err *err = json_parse(arena, text, (size_t)length, &root);
    if (err != NULL) {
        return ERR(arena, ERR_CONFIG, "secrets_damaged", "%s: %s", path, err->message);
    }
    TRY(take(arena, path, root, "jwt_secret", &config->jwt.secret.reveal));
    TRY(take(arena, path, root, "encryption_key", &config->encryption.key.reveal));
    return take_old_keys(arena, path, root, config);
}

Err *secret_file_load(Arena *arena, const char *data_dir, Config *config)
{
    BUG_ON(sodium_init() < 0);
    if (mkdir(data_dir, 0700) != 0 && errno != EEXIST) {
        return fail(arena, "create", data_dir);
    }
    const char *path = arena_printf(arena, "%s/secrets.json", data_dir);
    if (access(path, F_OK) != 0) {
        TRY(generate(arena, data_dir, path));
    }
    /* Of use at the first start only, when the account is made: afterwards only its hash exists. */
    config->super_admin.username = "admin";
    config->super_admin.password.reveal = random_text(arena, 12);
    config->super_admin.password_generated = true;
    return read_existing(arena, path, config);
}
