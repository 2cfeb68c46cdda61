#include "http/multipart.h"

#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70, FILENAME_MAX_BYTES = 200 };

static Err *malformed(const Multipart *multipart, const char *reason)
{
    return ERR(multipart->arena, ERR_MALFORMED, "malformed_multipart", "multipart: %s", reason);
}

/* ---- Parameters of header fields ---- */

/* The value of `name="value"` or `name=value` in a header field, or NULL. Browsers write '"' inside
 * a quoted value as %22, others with a backslash. */
static char *find_parameter(Arena *arena, const char *field, const char *name)
{
    size_t name_length = strlen(name);

    for (const char *at = strchr(field, ';'); at != NULL; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, name, name_length) != 0 || at[name_length] != '=') {
            continue;
        }
        const char *value = at + name_length + 1;
        if (*value != '"') {
            return arena_strndup(arena, value, strcspn(value, "; \t"));
        }
        char *text = arena_alloc(arena, strlen(value));
        size_t length = 0;
        for (value++; *value != '\0' && *value != '"'; value++) {
            value += value[0] == '\\' && value[1] != '\0';
            text[length++] = *value;
        }
        return text;
    }
    return NULL;
}

/* Only the last component counts, and only readable characters: the name is shown to people. */
static const char *clean_filename(Arena *arena, const char *name)
{
    if (name == NULL || !str_is_clean_utf8(name, strlen(name))) {
        return NULL;
    }
    for (const char *at = name; *at != '\0'; at++) {
        name = *at == '/' || *at == '\\' ? at + 1 : name;
    }
    name = str_trim(arena, name);
    return name[0] == '\0' || strlen(name) > FILENAME_MAX_BYTES ? NULL : name;
}

Err *multipart_init(Multipart *multipart, Arena *arena, const char *content_type,
                    void (*write)(void *arg, const char *bytes, size_t length), void *arg)
{
    *multipart = (Multipart){.arena = arena, .write = write, .arg = arg};
    const char *boundary = find_parameter(arena, content_type, "boundary");

    if (str_is_empty(boundary) || strlen(boundary) > BOUNDARY_MAX) {
        return malformed(multipart, "no usable boundary");
    }
    multipart->delimiter = arena_printf(arena, "\r\n--%s", boundary);
    multipart->delimiter_length = strlen(multipart->delimiter);
    /* The first delimiter needs no line break before it. */
    memcpy(multipart->held, "\r\n", 2);
    multipart->held_length = 2;
    return NULL;
}

/* ---- Headers of a part, line by line ---- */

static Err *end_header_line(Multipart *multipart)
{
    size_t length = multipart->held_length;

    multipart->held_length = 0;
    while (length > 0 && multipart->held[length - 1] == '\r') {
        length--;
    }
    if (multipart->in_line) { /* what follows a delimiter on its line: nothing, or "--" */
        multipart->in_line = false;
        if (length >= 2 && memcmp(multipart->held, "--", 2) == 0) {
            multipart->state = MULTIPART_END;
        }
        return NULL;
    }
    if (length == 0) {
        multipart->state = MULTIPART_CONTENT;
        return NULL;
    }
    const char *line = arena_strndup(multipart->arena, multipart->held, length);
    if (strncasecmp(line, "Content-Disposition:", 20) != 0) {
        return NULL;
    }
    const char *name = find_parameter(multipart->arena, line, "name");
    multipart->is_file = str_equal(name, "file");
    if (multipart->is_file && multipart->found_file) {
        return malformed(multipart, "more than one file");
    }
    if (multipart->is_file) {
        multipart->found_file = true;
        multipart->filename =
            clean_filename(multipart->arena, find_parameter(multipart->arena, line, "filename"));
    }
    return NULL;
}

static Err *feed_header_byte(Multipart *multipart, char byte)
{
    if (byte == '\n') {
        return end_header_line(multipart);
    }
    /* Of a line that is too long the beginning is kept: the names stand there. */
    if (multipart->held_length < sizeof(multipart->held)) {
        multipart->held[multipart->held_length++] = byte;
    }
    /* "--" behind a delimiter ends the body, also without a line break. */
    if (multipart->in_line && multipart->held_length == 2 &&
        memcmp(multipart->held, "--", 2) == 0) {
        multipart->state = MULTIPART_END;
    }
    return NULL;
}

/* ---- Content ---- */

static void give_out(Multipart *multipart, const char *bytes, size_t length)
{
    if (multipart->state == MULTIPART_CONTENT && multipart->is_file && length > 0) {
        multipart->write(multipart->arg, bytes, length);
    }
}

static void begin_part(Multipart *multipart)
{
    multipart->state = MULTIPART_HEADERS;
    multipart->held_length = 0;
    multipart->in_line = true;
    multipart->is_file = false;
}

/* The held bytes are a beginning of the delimiter; the next byte continues it or shows that they
 * are content. A delimiter begins with its only '\r', so that a new beginning can only be that
 * byte. */
static void feed_held_byte(Multipart *multipart, char byte)
{
    if (multipart->held_length > 0 && byte == multipart->delimiter[multipart->held_length]) {
        multipart->held[multipart->held_length++] = byte;
        if (multipart->held_length == multipart->delimiter_length) {
            begin_part(multipart);
        }
        return;
    }
    give_out(multipart, multipart->held, multipart->held_length);
    multipart->held_length = 0;
    if (byte == '\r') {
        multipart->held[multipart->held_length++] = byte;
    } else {
        give_out(multipart, &byte, 1);
    }
}

/* Takes content up to the next '\r' in one piece; returns how much was taken. */
static size_t feed_content(Multipart *multipart, const char *bytes, size_t length)
{
    if (multipart->held_length > 0) {
        feed_held_byte(multipart, bytes[0]);
        return 1;
    }
    const char *end = memchr(bytes, '\r', length);
    size_t plain = end == NULL ? length : (size_t)(end - bytes);
    if (plain == 0) {
        feed_held_byte(multipart, bytes[0]);
        return 1;
    }
    give_out(multipart, bytes, plain);
    return plain;
}

Err *multipart_feed(Multipart *multipart, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && multipart->state != MULTIPART_END;) {
        if (multipart->state == MULTIPART_HEADERS) {
            TRY(feed_header_byte(multipart, bytes[i]));
            i++;
        } else {
            i += feed_content(multipart, bytes + i, length - i);
        }
    }
    return NULL;
}

Err *multipart_finish(Multipart *multipart)
{
    Err *err = NULL;

    if (multipart->state != MULTIPART_END) {
        return malformed(multipart, "the last boundary is missing");
    }
    if (!multipart->found_file) {
        err_add_field(multipart->arena, &err, "file", "file_missing", NULL);
    }
    return err;
}
