#include "base/err.h"

#include <string.h>

#include "base/str.h"

/* The only place that knows what a kind means outside. Only ERR_BUSY may be repeated at once: the
 * others would fail again. 499 never leaves the process, it is for the request metrics. */
static const ErrKindInfo kinds[ERR_KIND_COUNT] = {
    [ERR_INTERNAL] = {"internal", 500, false, LOG_ERROR, true},
    [ERR_UNAVAILABLE] = {"unavailable", 503, false, LOG_WARN, true},
    [ERR_TIMEOUT] = {"timeout", 503, false, LOG_WARN, true},
    [ERR_CANCELLED] = {"cancelled", 499, false, LOG_DEBUG, true},
    [ERR_BUSY] = {"busy", 503, true, LOG_WARN, true},
    [ERR_MALFORMED] = {"malformed", 400, false, LOG_INFO, false},
    [ERR_UNAUTHENTICATED] = {"unauthenticated", 401, false, LOG_INFO, false},
    [ERR_FORBIDDEN] = {"forbidden", 403, false, LOG_INFO, false},
    [ERR_NOT_FOUND] = {"not_found", 404, false, LOG_DEBUG, false},
    [ERR_NOT_ALLOWED] = {"not_allowed", 405, false, LOG_DEBUG, false},
    [ERR_CONFLICT] = {"conflict", 409, false, LOG_INFO, false},
    [ERR_STALE] = {"stale", 412, false, LOG_INFO, false},
    [ERR_TOO_LARGE] = {"too_large", 413, false, LOG_INFO, false},
    [ERR_UNSUPPORTED] = {"unsupported", 415, false, LOG_INFO, false},
    [ERR_INVALID] = {"invalid", 422, false, LOG_DEBUG, false},
    [ERR_LIMITED] = {"limited", 429, false, LOG_INFO, false},
    [ERR_CONFIG] = {"config", 500, false, LOG_ERROR, true},
};

const ErrKindInfo *err_kind_info(ErrKind kind)
{
    BUG_ON((unsigned)kind >= ERR_KIND_COUNT);
    return &kinds[kind];
}

Err *err_make(Arena *arena, ErrKind kind, const char *code, const char *file, int line,
              const char *format, ...)
{
    Err *err = ARENA_NEW(arena, Err);
    va_list arguments;
    va_start(arguments, format);
    err->message = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    err->kind = kind;
    err->code = code;
    err->file = file;
    err->line = line;
    return err;
}

Err *err_wrap_at(Arena *arena, const Err *cause, const char *file, int line, const char *format,
                 ...)
{
    if (cause == NULL) {
        return NULL;
    }
    Err *err = ARENA_NEW(arena, Err);
    *err = *cause;
    va_list arguments;
    va_start(arguments, format);
    err->message = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    err->cause = cause;
    err->file = file;
    err->line = line;
    return err;
}

void err_add_field(Arena *arena, Err **err, const char *field, const char *code, const char *param)
{
    if (*err == NULL) {
        *err =
            ERR(arena, ERR_INVALID, "validation_failed", "validation failed: %s %s", field, code);
    }
    ErrField **end = &(*err)->fields;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = ARENA_NEW(arena, ErrField);
    (*end)->field = arena_strdup(arena, field);
    (*end)->code = code;
    (*end)->param = arena_strdup(arena, param);
}

static ErrField *copy_fields(Arena *arena, const ErrField *fields)
{
    ErrField *copies = NULL;
    ErrField **end = &copies;
    for (; fields != NULL; fields = fields->next) {
        *end = ARENA_NEW(arena, ErrField);
        (*end)->field = arena_strdup(arena, fields->field);
        (*end)->code = arena_strdup(arena, fields->code);
        (*end)->param = arena_strdup(arena, fields->param);
        end = &(*end)->next;
    }
    return copies;
}

Err *err_copy(Arena *arena, const Err *err)
{
    Err *first = NULL;
    const Err **end = (const Err **)&first;
    for (; err != NULL; err = err->cause) {
        Err *copy = ARENA_NEW(arena, Err);
        *copy = *err; /* file is a literal */
        copy->code = arena_strdup(arena, err->code);
        copy->message = arena_strdup(arena, err->message);
        copy->param = arena_strdup(arena, err->param);
        copy->current = arena_strdup(arena, err->current);
        copy->fields = copy_fields(arena, err->fields);
        *end = copy;
        end = &copy->cause;
    }
    return first;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

const char *err_text(Arena *arena, const Err *err)
{
    Str text;
    str_init(&text, arena);
    for (; err != NULL; err = err->cause) {
        str_append(&text, err->message);
        if (err->cause != NULL) {
            str_append(&text, ": ");
        } else {
            str_printf(&text, " (%s:%d)", base_name(err->file), err->line);
        }
    }
    return str_text(&text);
}
