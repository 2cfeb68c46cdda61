#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "voms/ledger/ledger.h"
#include "voms/notice/notice_internal.h"

#define NAME_MAX_BYTES 32

/* The placeholder that text begins with: "{name}"; 0 if it begins with none. */
static size_t placeholder(const char *text, char name[NAME_MAX_BYTES + 1])
{
    if (text[0] != '{') {
        return 0;
    }
    size_t length = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_");
    if (length == 0 || length > NAME_MAX_BYTES || text[length + 1] != '}') {
        return 0;
    }
    memcpy(name, text + 1, length);
    name[length] = '\0';
    return length + 2;
}

static bool is_instant(const char *name)
{
    return str_ends_with(name, "_at") || str_ends_with(name, "_until");
}

static void append_value(const NoticeReader *reader, Str *out, const char *name,
                         const json_t *value)
{
    if (json_is_string(value)) {
        str_append(out, json_string_value(value));
    } else if (json_is_integer(value) && is_instant(name)) {
        str_append(out,
                   setting_local_time(reader->arena, reader->settings, json_integer_value(value)));
    } else if (json_is_integer(value) && str_ends_with(name, "minutes")) {
        str_append(out, ledger_hours(reader->arena, json_integer_value(value)));
    } else if (json_is_integer(value)) {
        str_printf(out, "%lld", (long long)json_integer_value(value));
    } else if (str_equal(name, "reason")) {
        str_append(out, reader->language == LANGUAGE_ZH ? "未说明" : "not stated");
    }
}

const char *notice_rules_fill(const NoticeReader *reader, const char *text, const json_t *params)
{
    Str out;
    char name[NAME_MAX_BYTES + 1];
    str_init(&out, reader->arena);
    while (*text != '\0') {
        size_t length = placeholder(text, name);
        if (length == 0) {
            str_append_char(&out, *text++);
        } else {
            append_value(reader, &out, name, json_object_get(params, name));
            text += length;
        }
    }
    return str_text(&out);
}

const char *notice_rules_heading(const NoticeReader *reader, const char *title)
{
    const char *end = title + strcspn(title, "{");
    while (end > title && (end[-1] == ' ' || end[-1] == ':')) {
        end--;
    }
    size_t length = (size_t)(end - title);
    /* The Chinese colon is three bytes long. */
    if (length >= 3 && memcmp(end - 3, "：", 3) == 0) {
        length -= 3;
    }
    return arena_strndup(reader->arena, title, length);
}

static bool is_listed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length) {
        bool begins = at == names || at[-1] == ',';
        if (begins && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

const char *notice_rules_check(Arena *arena, const NoticeKind *kind, const char *text)
{
    char name[NAME_MAX_BYTES + 1];
    while (*text != '\0') {
        size_t length = placeholder(text, name);
        if (length != 0 && !is_listed(kind->params, name)) {
            return arena_strdup(arena, name);
        }
        text += length == 0 ? 1 : length;
    }
    return NULL;
}
