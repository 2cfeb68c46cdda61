#include "operate/backup_manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "port/migrate_internal.h"

#define FORMAT 1

/* ---- The manifest ---- */

static void write_tables(JsonWriter *writer, const BackupContents *contents)
{
    json_write_key(writer, "tables");
    json_write_begin_array(writer);
    VEC_FOREACH (BackupTable, table, &contents->tables) {
        json_write_begin_object(writer);
        json_put_string(writer, "name", table->name);
        json_put_int(writer, "rows", table->rows);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

static void write_migrations(JsonWriter *writer, const BackupContents *contents)
{
    json_write_key(writer, "migrations");
    json_write_begin_array(writer);
    VEC_FOREACH (BackupMigration, migration, &contents->migrations) {
        json_write_begin_object(writer);
        json_put_int(writer, "id", migration->id);
        json_put_string(writer, "name", migration->name);
        json_put_string(writer, "checksum", migration->checksum);
        json_write_end_object(writer);
    }
    json_write_end_array(writer);
}

const char *backup_manifest_format(Arena *arena, const BackupManifest *manifest)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "format", FORMAT);
    json_put_time(&writer, "made_at", manifest->made_at);
    json_put_string(&writer, "version", manifest->version);
    json_put_string(&writer, "driver", manifest->driver);
    json_put_string(&writer, "configuration", manifest->configuration);
    json_put_int(&writer, "database_bytes", manifest->contents.size_bytes);
    json_put_int(&writer, "file_bytes", manifest->file_bytes);
    write_migrations(&writer, &manifest->contents);
    write_tables(&writer, &manifest->contents);
    json_write_end_object(&writer);
    return str_text(&text);
}

static Err *damaged(Arena *arena, const char *what)
{
    return ERR(arena, ERR_MALFORMED, "backup_damaged", "the backup's %s cannot be understood",
               what);
}

static const char *text_of(Arena *arena, const json_t *json, const char *key)
{
    return arena_strdup(arena, json_string_value(json_object_get(json, key)));
}

static int64_t int_of(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

static void read_contents(Arena *arena, const json_t *root, BackupContents *contents)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(root, "tables"), i, item)
    {
        *(BackupTable *)vec_push(&contents->tables, arena) =
            (BackupTable){.name = text_of(arena, item, "name"), .rows = int_of(item, "rows")};
    }
    json_array_foreach(json_object_get(root, "migrations"), i, item)
    {
        *(BackupMigration *)vec_push(&contents->migrations, arena) =
            (BackupMigration){.id = int_of(item, "id"),
                              .name = text_of(arena, item, "name"),
                              .checksum = text_of(arena, item, "checksum")};
    }
    contents->size_bytes = int_of(root, "database_bytes");
}

static bool is_complete(const BackupManifest *manifest)
{
    VEC_FOREACH (BackupTable, table, &manifest->contents.tables) {
        if (table->name == NULL) {
            return false;
        }
    }
    VEC_FOREACH (BackupMigration, migration, &manifest->contents.migrations) {
        if (migration->name == NULL || migration->checksum == NULL) {
            return false;
        }
    }
    return manifest->version != NULL && manifest->driver != NULL &&
           manifest->contents.tables.count > 0 && manifest->contents.migrations.count > 0;
}

Err *backup_manifest_parse(Arena *arena, const char *text, BackupManifest *ret_manifest)
{
    json_t *root = NULL;
    BackupManifest manifest = {};
    if (json_parse(arena, text, strlen(text), &root) != NULL) {
        return damaged(arena, "manifest");
    }
    if (int_of(root, "format") > FORMAT) {
        return ERR(arena, ERR_CONFLICT, "backup_newer",
                   "the backup was made by a newer version of VOMS, %s; this is %s",
                   text_of(arena, root, "version"), VOMS_VERSION);
    }
    const char *made_at = text_of(arena, root, "made_at");
    manifest.version = text_of(arena, root, "version");
    manifest.driver = text_of(arena, root, "driver");
    manifest.configuration = text_of(arena, root, "configuration");
    manifest.file_bytes = int_of(root, "file_bytes");
    read_contents(arena, root, &manifest.contents);
    if (made_at == NULL || !time_parse(made_at, &manifest.made_at) || !is_complete(&manifest)) {
        return damaged(arena, "manifest");
    }
    *ret_manifest = manifest;
    return NULL;
}

/* ---- Its schema against ours ---- */

static const MigrationFile *find_file(const MigrationFiles *files, int64_t id)
{
    VEC_FOREACH (MigrationFile, file, &files->list) {
        if (file->id == id) {
            return file;
        }
    }
    return NULL;
}

Err *backup_manifest_check_schema(Arena *arena, const BackupManifest *manifest, StoreDriver driver,
                                  const char *migrations_dir)
{
    MigrationFiles files = {};
    TRY(migrate_read_files(arena, migrations_dir, driver, &files));
    VEC_FOREACH (BackupMigration, migration, &manifest->contents.migrations) {
        const MigrationFile *file = find_file(&files, migration->id);
        if (file == NULL) {
            return ERR(
                arena, ERR_CONFLICT, "backup_newer",
                "the backup was made by VOMS %s and has the schema of migration %04" PRId64
                "_%s, which this version (%s) does not know: restore it with VOMS %s or newer",
                manifest->version, migration->id, migration->name, VOMS_VERSION, manifest->version);
        }
        if (!str_equal(file->checksum, migration->checksum)) {
            return ERR(arena, ERR_CONFIG, "migration_changed",
                       "the backup's migration %04" PRId64 "_%s has another text than ours",
                       migration->id, migration->name);
        }
    }
    return NULL;
}

/* ---- Keys ---- */

BackupKeys backup_keys_of(const Config *config)
{
    return (BackupKeys){.key = config->encryption.key.reveal,
                        .key_id = config->encryption.key_id,
                        .old_keys = config->encryption.old_keys,
                        .jwt_secret = config->jwt.secret.reveal};
}

const char *backup_keys_format(Arena *arena, const BackupKeys *keys)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_string(&writer, "jwt_secret", keys->jwt_secret);
    json_put_string(&writer, "encryption_key", keys->key);
    json_put_int(&writer, "encryption_key_id", keys->key_id);
    json_write_key(&writer, "encryption_old_keys");
    json_write_begin_array(&writer);
    for (const char *const *old = keys->old_keys; *old != NULL; old++) {
        json_write_string(&writer, *old);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return str_text(&text);
}

Err *backup_keys_parse(Arena *arena, const char *text, BackupKeys *ret_keys)
{
    json_t *root = NULL;
    json_t *item = NULL;
    size_t i = 0;
    VEC(const char *) old_keys = {};
    if (json_parse(arena, text, strlen(text), &root) != NULL) {
        return damaged(arena, "keys");
    }
    json_array_foreach(json_object_get(root, "encryption_old_keys"), i, item)
    {
        if (!json_is_string(item)) {
            return damaged(arena, "keys");
        }
        *vec_push(&old_keys, arena) = arena_strdup(arena, json_string_value(item));
    }
    *vec_push(&old_keys, arena) = NULL;
    BackupKeys keys = {.key = text_of(arena, root, "encryption_key"),
                       .key_id = int_of(root, "encryption_key_id"),
                       .old_keys = old_keys.items,
                       .jwt_secret = text_of(arena, root, "jwt_secret")};
    if (keys.key == NULL || keys.jwt_secret == NULL || keys.key_id < 1) {
        return damaged(arena, "keys");
    }
    *ret_keys = keys;
    return NULL;
}

/* Is it among the keys, as "ID:KEY"? */
static bool has_key(const BackupKeys *keys, const char *item)
{
    char own[128];
    snprintf(own, sizeof(own), "%" PRId64 ":%s", keys->key_id, keys->key);
    if (str_equal(own, item)) {
        return true;
    }
    for (const char *const *old = keys->old_keys; *old != NULL; old++) {
        if (str_equal(*old, item)) {
            return true;
        }
    }
    return false;
}

bool backup_keys_include(const BackupKeys *ours, const BackupKeys *others)
{
    char item[128];
    snprintf(item, sizeof(item), "%" PRId64 ":%s", others->key_id, others->key);
    if (!has_key(ours, item)) {
        return false;
    }
    for (const char *const *old = others->old_keys; *old != NULL; old++) {
        if (!has_key(ours, *old)) {
            return false;
        }
    }
    return true;
}
