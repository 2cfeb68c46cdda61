#include <string.h>

#include "base/map.h"
#include "http/http.h"

/* Filled before the threads start, then only read. */
static Map catalogue;

static const MessageText own_texts[] = {
#define MESSAGE(code_, zh_, en_) {.code = code_, .zh = zh_, .en = en_},
#include "http/messages.def"
#undef MESSAGE
    {},
};

static void add_all(const MessageText *texts)
{
    for (const MessageText *text = texts; text->code != NULL; text++) {
        map_set(&catalogue, text->code, (void *)(uintptr_t)text);
    }
}

__attribute__((destructor)) static void forget_all(void)
{
    arena_free(catalogue.arena);
    catalogue = (Map){};
}

void message_register(const MessageText *texts)
{
    if (catalogue.arena == NULL) {
        map_init(&catalogue, arena_new());
        add_all(own_texts);
    }
    add_all(texts);
}

static const MessageText *find_text(const char *code)
{
    static const MessageText none[] = {{}};

    if (catalogue.arena == NULL) {
        message_register(none);
    }
    return map_get(&catalogue, code);
}

bool message_exists(const char *code)
{
    return find_text(code) != NULL;
}

const char *message_format(Arena *arena, Language language, const char *code, const char *param)
{
    const MessageText *text = find_text(code);

    if (text == NULL) {
        return code;
    }
    const char *format = language == LANGUAGE_EN ? text->en : text->zh;
    const char *gap = strstr(format, "{}");
    if (gap == NULL) {
        return format;
    }
    return arena_printf(arena, "%.*s%s%s", (int)(gap - format), format, param == NULL ? "" : param,
                        gap + 2);
}
