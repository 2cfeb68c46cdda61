/* config_pages.c - the table of options for people: help, sample file, reference page. */
#include <string.h>

#include "app/config_options.h"
#include "base/str.h"

static const char *describe_type(Arena *arena, const Option *option, bool chinese)
{
    Str text;
    str_init(&text, arena);
    switch (option->type) {
    case OPTION_TEXT:
        return chinese ? "文本" : "text";
    case OPTION_SECRET:
        return chinese ? "机密文本" : "secret";
    case OPTION_INT:
        return chinese ? "整数" : "whole number";
    case OPTION_DURATION:
        return chinese ? "时长" : "duration";
    case OPTION_TEXT_LIST:
        return chinese ? "文本列表" : "list of texts";
    case OPTION_CHOICE:
        for (int i = 0; option->choices[i] != NULL; i++) {
            str_printf(&text, "%s\"%s\"", i == 0 ? "" : ", ", option->choices[i]);
        }
        return str_text(&text);
    }
    return "";
}

const char *config_help(Arena *arena)
{
    Str text;
    str_init(&text, arena);
    for (const Option *option = config_options; option->name != NULL; option++) {
        str_printf(&text, "  %s.%s (%s%s%s%s)\n      %s\n", option->section, option->name,
                   describe_type(arena, option, false),
                   (option->flags & OPTION_REQUIRED) != 0 ? ", required" : "",
                   option->fallback != NULL ? ", default " : "",
                   option->fallback != NULL ? option->fallback : "", option->en);
    }
    return str_text(&text);
}

static const char *sample_value(Arena *arena, const Option *option)
{
    if (option->type == OPTION_SECRET) {
        return arena_printf(arena, "\"file:/run/credentials/voms-server.service/%s.%s\"",
                            option->section, option->name);
    }
    if (option->type == OPTION_TEXT_LIST) {
        return "[]";
    }
    if (option->type == OPTION_INT) {
        return option->fallback;
    }
    return arena_printf(arena, "\"%s\"", option->fallback != NULL ? option->fallback : "");
}

/* Options without a default that are not required would only be noise in a sample. */
static bool belongs_in_sample(const Option *option)
{
    return option->fallback != NULL || (option->flags & OPTION_REQUIRED) != 0;
}

const char *config_sample(Arena *arena)
{
    Str text;
    str_init(&text, arena);
    str_append(&text, "{");
    const char *section = NULL;
    for (const Option *option = config_options; option->name != NULL; option++) {
        if (!belongs_in_sample(option)) {
            continue;
        }
        bool new_section = !str_equal(section, option->section);
        if (new_section) {
            str_printf(&text, "%s\n    \"%s\": {\n", section == NULL ? "" : "\n    },",
                       option->section);
        }
        str_printf(&text, "%s        \"%s\": %s", new_section ? "" : ",\n", option->name,
                   strcmp(option->name, "username") == 0 ? "\"admin\""
                                                         : sample_value(arena, option));
        section = option->section;
    }
    str_append(&text, "\n    }\n}\n");
    return str_text(&text);
}

const char *config_reference(Arena *arena, bool chinese)
{
    Str text;
    str_init(&text, arena);
    str_append(&text,
               chinese ? "| 键 | 类型 | 默认值 | 必填 | 说明 |\n| --- | --- | --- | --- | --- |\n"
                       : "| key | type | default | required | meaning |\n"
                         "| --- | --- | --- | --- | --- |\n");
    for (const Option *option = config_options; option->name != NULL; option++) {
        bool required = (option->flags & OPTION_REQUIRED) != 0;
        str_printf(&text, "| `%s.%s` | %s | %s%s%s | %s | %s |\n", option->section, option->name,
                   describe_type(arena, option, chinese), option->fallback != NULL ? "`" : "",
                   option->fallback != NULL ? option->fallback : "",
                   option->fallback != NULL ? "`" : "", !required ? "" : (chinese ? "是" : "yes"),
                   chinese ? option->zh : option->en);
    }
    return str_text(&text);
}
