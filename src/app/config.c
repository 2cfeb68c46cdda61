#include "app/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/config_options.h"
#include "app/secret_file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/time.h"

#define CONFIG_FILE_MAX_BYTES (1024 * 1024)
#define SECRET_VALUE_MAX_BYTES (64 * 1024)

/* Collects every problem, so that an operator mends the file in one go. */
typedef struct Reader {
    Arena *arena;
    Config *config;
    Str problems;
    size_t problem_count;
} Reader;

PRINTF_LIKE(2, 3)
static void problem(Reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    str_append(&reader->problems, reader->problem_count++ == 0 ? "" : "\n");
    str_append(&reader->problems, arena_vprintf(reader->arena, format, arguments));
    va_end(arguments);
}

static const char *full_name(Arena *arena, const Option *option)
{
    return arena_printf(arena, "%s.%s", option->section, option->name);
}

static void *target(Config *config, const Option *option)
{
    return (char *)config + option->offset;
}

/* ---- Values ---- */

static bool is_weak(const char *text)
{
    static const char *const WELL_KNOWN[] = {"password", "changeme", "change-me", "12345678",
                                             "admin",    "secret",   "example",   "voms"};
    size_t distinct = 0;
    bool seen[256] = {};
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        distinct += !seen[*c];
        seen[*c] = true;
    }
    if (distinct < 5) {
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(WELL_KNOWN); i++) {
        size_t length = strlen(WELL_KNOWN[i]);
        if (strncasecmp(text, WELL_KNOWN[i], length) == 0 && strlen(text) < length + 6) {
            return true;
        }
    }
    return false;
}

static void check_text(Reader *reader, const Option *option, const char *text)
{
    const char *name = full_name(reader->arena, option);
    int64_t length = (int64_t)strlen(text);
    if (option->min != 0 && length < option->min) {
        problem(reader, "%s: too short: %" PRId64 " bytes, at least %" PRId64 " are needed", name,
                length, option->min);
    } else if (option->max != 0 && length > option->max) {
        problem(reader, "%s: too long: %" PRId64 " bytes, at most %" PRId64 " are allowed", name,
                length, option->max);
    } else if ((option->flags & OPTION_WEAK_CHECK) != 0 && is_weak(text)) {
        problem(reader, "%s: too weak: easy to guess; use a random one (openssl rand -base64 48)",
                name);
    } else if ((option->flags & OPTION_KEY) != 0) {
        size_t bytes = 0;
        if (str_parse_base64url(reader->arena, text, &bytes) == NULL || bytes != 32) {
            problem(reader, "%s: must be base64url of exactly 32 bytes, without padding", name);
        }
    }
}

static void set_choice(Reader *reader, const Option *option, const char *text)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (str_equal(option->choices[i], text)) {
            *(int64_t *)target(reader->config, option) = i;
            return;
        }
    }
    Str names;
    str_init(&names, reader->arena);
    for (int i = 0; option->choices[i] != NULL; i++) {
        str_printf(&names, "%s\"%s\"", i == 0 ? "" : ", ", option->choices[i]);
    }
    problem(reader, "%s: \"%s\" is none of %s", full_name(reader->arena, option), text,
            str_text(&names));
}

static void set_number(Reader *reader, const Option *option, int64_t value)
{
    if (value < option->min || value > option->max) {
        problem(reader, "%s: %" PRId64 " is not within %" PRId64 "..%" PRId64,
                full_name(reader->arena, option), value, option->min, option->max);
        return;
    }
    *(int64_t *)target(reader->config, option) = value;
}

static void set_duration(Reader *reader, const Option *option, const char *text)
{
    int64_t value = 0;
    if (!duration_parse(text, &value)) {
        problem(reader, "%s: \"%s\" is no duration such as \"15m\", \"30d\", \"10s\"",
                full_name(reader->arena, option), text);
        return;
    }
    if (value < option->min || value > option->max) {
        problem(reader, "%s: %s is not within %" PRId64 "s..%" PRId64 "s",
                full_name(reader->arena, option), text, option->min / SECOND_MS,
                option->max / SECOND_MS);
        return;
    }
    *(int64_t *)target(reader->config, option) = value;
}

static void set_text(Reader *reader, const Option *option, const char *text)
{
    int64_t number = 0;
    switch (option->type) {
    case OPTION_TEXT:
        check_text(reader, option, text);
        *(const char **)target(reader->config, option) = text;
        break;
    case OPTION_SECRET:
        check_text(reader, option, text);
        ((Secret *)target(reader->config, option))->reveal = text;
        break;
    case OPTION_INT:
        if (str_parse_int64(text, &number)) {
            set_number(reader, option, number);
        } else {
            problem(reader, "%s: \"%s\" is no whole number", full_name(reader->arena, option),
                    text);
        }
        break;
    case OPTION_DURATION:
        set_duration(reader, option, text);
        break;
    case OPTION_CHOICE:
        set_choice(reader, option, text);
        break;
    case OPTION_TEXT_LIST:
        problem(reader, "%s: must be a list of texts", full_name(reader->arena, option));
        break;
    }
}

/* ---- ${ENV} and file: ---- */

static char *read_file(Arena *arena, const char *path, size_t limit_bytes, size_t *ret_length)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    char *text = arena_alloc(arena, limit_bytes + 2);
    size_t length = fread(text, 1, limit_bytes + 1, file);
    bool failed = ferror(file) != 0;
    int saved_errno = errno;
    fclose(file);
    if (failed) {
        errno = saved_errno;
        return NULL;
    }
    if (length > limit_bytes) {
        errno = EFBIG;
        return NULL;
    }
    *ret_length = length;
    return text;
}

/* The value behind "${NAME}" and "file:/path"; other texts are themselves. NULL after a problem. */
static const char *resolve(Reader *reader, const Option *option, const char *text)
{
    size_t length = strlen(text);
    if (str_starts_with(text, "${") && length > 3 && text[length - 1] == '}') {
        const char *variable = arena_strndup(reader->arena, text + 2, length - 3);
        const char *value = getenv(variable);
        if (value == NULL) {
            problem(reader, "%s: the environment has no variable %s",
                    full_name(reader->arena, option), variable);
            return NULL;
        }
        return arena_strdup(reader->arena, value);
    }
    if (str_starts_with(text, "file:")) {
        size_t size = 0;
        char *value = read_file(reader->arena, text + 5, SECRET_VALUE_MAX_BYTES, &size);
        if (value == NULL) {
            problem(reader, "%s: cannot read %s: %s", full_name(reader->arena, option), text + 5,
                    strerror(errno));
            return NULL;
        }
        return str_trim(reader->arena, value);
    }
    return text;
}

static void set_list(Reader *reader, const Option *option, const json_t *json)
{
    size_t count = json_array_size(json);
    if ((int64_t)count > option->max) {
        problem(reader, "%s: more than %" PRId64 " items", full_name(reader->arena, option),
                option->max);
        return;
    }
    const char **items = ARENA_ARRAY(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(json, i));
        if (text == NULL) {
            problem(reader, "%s: item %zu must be a text", full_name(reader->arena, option), i + 1);
            return;
        }
        const char *value = resolve(reader, option, text);
        items[i] = value == NULL ? "" : arena_strdup(reader->arena, value);
    }
    *(const char ***)target(reader->config, option) = items;
}

static void set_json(Reader *reader, const Option *option, const json_t *json)
{
    if (json_is_string(json)) {
        const char *text = resolve(reader, option, json_string_value(json));
        if (text != NULL) {
            set_text(reader, option, arena_strdup(reader->arena, text));
        }
    } else if (json_is_integer(json) && option->type == OPTION_INT) {
        set_number(reader, option, json_integer_value(json));
    } else if (json_is_array(json) && option->type == OPTION_TEXT_LIST) {
        set_list(reader, option, json);
    } else {
        problem(reader, "%s: must be %s", full_name(reader->arena, option),
                option->type == OPTION_INT         ? "a whole number"
                : option->type == OPTION_TEXT_LIST ? "a list of texts"
                                                   : "a text");
    }
}

/* ---- Keys ---- */

static const Option *find_option(const char *section, const char *name)
{
    for (const Option *option = config_options; option->name != NULL; option++) {
        if (str_equal(option->section, section) && str_equal(option->name, name)) {
            return option;
        }
    }
    return NULL;
}

static bool is_section(const char *name)
{
    for (const Option *option = config_options; option->name != NULL; option++) {
        if (str_equal(option->section, name)) {
            return true;
        }
    }
    return false;
}

/* Names an unknown key with the nearest known one, if any is near. */
static void unknown_key(Reader *reader, const char *key)
{
    const char *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;
    for (const Option *option = config_options; option->name != NULL; option++) {
        const char *candidate =
            strchr(key, '.') == NULL ? option->section : full_name(reader->arena, option);
        size_t distance = str_edit_distance(key, candidate);
        if (distance < nearest_distance) {
            nearest = candidate;
            nearest_distance = distance;
        }
    }
    if (nearest_distance <= strlen(key) / 2) {
        problem(reader, "%s: unknown key; did you mean %s?", key, nearest);
    } else {
        problem(reader, "%s: unknown key", key);
    }
}

static void read_section(Reader *reader, const char *section, json_t *object)
{
    if (!is_section(section)) {
        unknown_key(reader, section);
        return;
    }
    if (!json_is_object(object)) {
        problem(reader, "%s: must be an object", section);
        return;
    }
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        const Option *option = find_option(section, name);
        if (option == NULL) {
            unknown_key(reader, arena_printf(reader->arena, "%s.%s", section, name));
        } else if (!json_is_null(value)) {
            set_json(reader, option, value);
        }
    }
}

static void check_mail(Reader *reader)
{
    const char *url = reader->config->mail.url;
    if (!str_starts_with(url, "smtp://") && !str_starts_with(url, "smtps://")) {
        problem(reader, "mail.url: must begin with \"smtp://\" or \"smtps://\"");
    }
    if (str_is_empty(reader->config->mail.from) || strchr(reader->config->mail.from, '@') == NULL) {
        problem(reader, "mail.from: an address is needed with mail.url");
    }
}

static void require(Reader *reader, json_t *root)
{
    for (const Option *option = config_options; option->name != NULL; option++) {
        const json_t *value = json_object_get(json_object_get(root, option->section), option->name);
        if ((option->flags & OPTION_REQUIRED) != 0 && (value == NULL || json_is_null(value))) {
            problem(reader, "%s: missing; %s", full_name(reader->arena, option), option->en);
        }
    }
    if (reader->config->database.driver == 1 && reader->config->database.url.reveal == NULL) {
        problem(reader, "database.url: missing; needed with database.driver \"postgres\"");
    }
    if (!str_is_empty(reader->config->mail.url)) {
        check_mail(reader);
    }
}

static void set_defaults(Reader *reader)
{
    static const char *const NO_ITEMS[] = {NULL};
    for (const Option *option = config_options; option->name != NULL; option++) {
        if (option->type == OPTION_TEXT_LIST) {
            *(const char *const **)target(reader->config, option) = NO_ITEMS;
        } else if (option->fallback != NULL) {
            set_text(reader, option, option->fallback);
        }
    }
}

static void set_places(Config *config, const char *data_dir)
{
    if (config->storage.path == NULL) {
        config->storage.path = data_dir;
    }
    if (config->database.path == NULL) {
        config->database.path = arena_printf(config->arena, "%s/voms.db", config->storage.path);
    }
}

static Err *parse_file(Arena *arena, const char *path, json_t **ret_root)
{
    size_t length = 0;
    char *text = read_file(arena, path, CONFIG_FILE_MAX_BYTES, &length);
    if (text == NULL) {
        return ERR(arena, ERR_CONFIG, "config_unreadable", "cannot read %s: %s", path,
                   strerror(errno));
    }
    Err *err = json_parse(arena, text, length, ret_root);
    if (err != NULL) {
        return ERR(arena, ERR_CONFIG, "config_syntax", "%s: %s", path, err->message);
    }
    if (!json_is_object(*ret_root)) {
        return ERR(arena, ERR_CONFIG, "config_syntax", "%s: line 1, column 1: expected an object",
                   path);
    }
    return NULL;
}

static Err *read_config_file(Reader *reader, const char *path)
{
    json_t *root = NULL;
    TRY(parse_file(reader->arena, path, &root));
    const char *section = NULL;
    json_t *object = NULL;
    json_object_foreach(root, section, object)
    {
        read_section(reader, section, object);
    }
    require(reader, root);
    if (reader->problem_count == 0) {
        return NULL;
    }
    return ERR(reader->arena, ERR_CONFIG, "config_invalid", "%s has %zu problem%s:\n%s", path,
               reader->problem_count, reader->problem_count == 1 ? "" : "s",
               str_text(&reader->problems));
}

Err *config_load(Arena *arena, const char *path, const char *data_dir, Config **ret_config)
{
    Config *config = ARENA_NEW(arena, Config);
    config->arena = arena;
    config->path = path;
    Reader reader = {.arena = arena, .config = config};
    str_init(&reader.problems, arena);
    set_defaults(&reader);
    BUG_ON(reader.problem_count != 0);

    if (path != NULL) {
        TRY(read_config_file(&reader, path));
        set_places(config, data_dir);
    } else {
        set_places(config, data_dir);
        TRY(secret_file_load(arena, data_dir, config));
    }
    *ret_config = config;
    return NULL;
}
