/* multipart/form-data: whatever the pieces in which it comes, the file is the same. The first line
 * is the Content-Type. */
#include "http/multipart.h"

#include "tests/fuzz/fuzz.h"

static void take(void *arg, const char *bytes, size_t length)
{
    str_append_bytes(arg, bytes, length);
}

static Err *read_all(Arena *arena, const char *type, Slice body, size_t piece, Str *file)
{
    str_init(file, arena);
    Multipart *multipart = ARENA_NEW(arena, Multipart);
    TRY(multipart_init(multipart, arena, type, take, file));
    for (size_t i = 0; i < body.length; i += piece) {
        TRY(multipart_feed(multipart, body.data + i, MIN(piece, body.length - i)));
    }
    return multipart_finish(multipart);
}

FUZZ(multipart)
{
    const char *line_end = memchr(data, '\n', size);
    if (line_end == NULL) {
        return;
    }
    const char *type = arena_strndup(arena, data, (size_t)(line_end - data));
    Slice body = {.data = line_end + 1, .length = size - (size_t)(line_end - data) - 1};

    Str whole;
    Err *err = read_all(arena, type, body, MAX(body.length, (size_t)1), &whole);
    static const size_t pieces[] = {1, 2, 7, 64};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        Str file;
        Err *other = read_all(arena, type, body, pieces[i], &file);
        BUG_ON((err == NULL) != (other == NULL));
        if (err == NULL) {
            BUG_ON(file.length != whole.length);
            BUG_ON(memcmp(str_text(&file), str_text(&whole), file.length) != 0);
        }
    }
}
