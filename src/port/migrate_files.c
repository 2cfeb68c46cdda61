/* migrate_files.c - the migrations' files: names, checksums, statements. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "port/migrate_internal.h"

#define FILE_SIZE_MAX (4 << 20)

static Err *read_text(Arena *arena, const char *path, const char **ret_text)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return ERR(arena, ERR_CONFIG, "migrations_unreadable", "%s: %s", path, strerror(errno));
    }
    Str text;
    char buffer[2048];
    str_init(&text, arena);
    for (size_t count; (count = fread(buffer, 1, sizeof(buffer), file)) > 0;) {
        str_append_bytes(&text, buffer, count);
        if (text.length > FILE_SIZE_MAX) {
            break;
        }
    }
    bool bad =
        ferror(file) != 0 || text.length > FILE_SIZE_MAX || strlen(str_text(&text)) != text.length;
    fclose(file);
    if (bad) {
        return ERR(arena, ERR_CONFIG, "migrations_unreadable", "%s: cannot be read whole", path);
    }
    *ret_text = str_text(&text);
    return NULL;
}

/* "0001_platform.sqlite.sql" is migration 1, "platform", for SQLite; without ".sqlite" for both. */
static bool parse_name(Arena *arena, const char *file_name, StoreDriver driver,
                       MigrationFile *ret_file)
{
    size_t digits = strspn(file_name, "0123456789");
    size_t length = strlen(file_name);
    if (digits == 0 || file_name[digits] != '_' || !str_ends_with(file_name, ".sql")) {
        return false;
    }
    const char *name = file_name + digits + 1;
    const char *dot = strchr(name, '.');
    const char *kind = arena_strndup(arena, dot, (size_t)(file_name + length - dot) - 4);
    const char *wanted = driver == STORE_SQLITE ? ".sqlite" : ".postgres";
    if (!str_equal(kind, "") && !str_equal(kind, wanted)) {
        return false;
    }
    *ret_file = (MigrationFile){.name = arena_strndup(arena, name, (size_t)(dot - name)),
                                .file_name = arena_strdup(arena, file_name)};
    return str_parse_int64(arena_strndup(arena, file_name, digits), &ret_file->id);
}

static const char *checksum(Arena *arena, const char *text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    return str_hex(arena, hash, sizeof(hash));
}

static int by_id(const void *a, const void *b)
{
    int64_t left = ((const MigrationFile *)a)->id;
    int64_t right = ((const MigrationFile *)b)->id;
    return (left > right) - (left < right);
}

static Err *check_unique(Arena *arena, const MigrationFiles *files)
{
    for (size_t i = 1; i < files->list.count; i++) {
        if (files->list.items[i].id == files->list.items[i - 1].id) {
            return ERR(arena, ERR_CONFIG, "migrations_ambiguous", "%s and %s have the same number",
                       files->list.items[i - 1].file_name, files->list.items[i].file_name);
        }
    }
    return NULL;
}

static Err *read_directory(Arena *arena, DIR *directory, const char *path, StoreDriver driver,
                           MigrationFiles *files)
{
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        MigrationFile file = {};
        if (!parse_name(arena, entry->d_name, driver, &file)) {
            continue;
        }
        TRY(read_text(arena, arena_printf(arena, "%s/%s", path, file.file_name), &file.text));
        file.checksum = checksum(arena, file.text);
        *(MigrationFile *)vec_push(&files->list, arena) = file;
    }
    return NULL;
}

Err *migrate_read_files(Arena *arena, const char *directory, StoreDriver driver,
                        MigrationFiles *ret_files)
{
    MigrationFiles files = {};
    DIR *handle = opendir(directory);
    if (handle == NULL) {
        return ERR(arena, ERR_CONFIG, "migrations_unreadable", "%s: %s", directory,
                   strerror(errno));
    }
    Err *err = read_directory(arena, handle, directory, driver, &files);
    closedir(handle);
    TRY(err);
    if (files.list.count == 0) {
        return ERR(arena, ERR_CONFIG, "migrations_unreadable", "%s: has no migrations", directory);
    }
    qsort(files.list.items, files.list.count, sizeof(MigrationFile), by_id);
    TRY(check_unique(arena, &files));
    *ret_files = files;
    return NULL;
}

/* ---- Splitting ---- */

static const char *skip_quoted(const char *at)
{
    char quote = *at++;
    while (*at != 0 && *at != quote) {
        at++;
    }
    return *at != 0 ? at + 1 : at;
}

static const char *skip_line(const char *at)
{
    return at + strcspn(at, "\n");
}

static const char *skip_block(const char *at)
{
    const char *end = strstr(at + 2, "*/");
    return end != NULL ? end + 2 : at + strlen(at);
}

/* $$…$$ and $name$…$name$; a lone $ is an ordinary character. */
static const char *skip_dollar(Arena *arena, const char *at)
{
    static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t length = strspn(at + 1, NAME);
    if (at[1 + length] != '$') {
        return at + 1;
    }
    const char *tag = arena_strndup(arena, at, length + 2);
    const char *end = strstr(at + length + 2, tag);
    return end != NULL ? end + length + 2 : at + strlen(at);
}

static const char *skip_token(Arena *arena, const char *at)
{
    if (*at == '\'' || *at == '"') {
        return skip_quoted(at);
    }
    if (at[0] == '-' && at[1] == '-') {
        return skip_line(at);
    }
    if (at[0] == '/' && at[1] == '*') {
        return skip_block(at);
    }
    return *at == '$' ? skip_dollar(arena, at) : at + 1;
}

/* Skips what may stand before a statement. */
static const char *skip_blank(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n;");
        if (at[0] == '-' && at[1] == '-') {
            at = skip_line(at);
        } else if (at[0] == '/' && at[1] == '*') {
            at = skip_block(at);
        } else {
            return at;
        }
    }
}

const char *migrate_next_statement(Arena *arena, const char **text)
{
    const char *start = skip_blank(*text);
    const char *at = start;
    while (*at != 0 && *at != ';') {
        at = skip_token(arena, at);
    }
    *text = at;
    return at == start ? NULL : arena_strndup(arena, start, (size_t)(at - start));
}
