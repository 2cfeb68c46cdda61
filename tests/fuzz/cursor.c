/* Cursors of lists, which a client may change. */
#include "tests/fuzz/fuzz.h"
#include "voms/common/page.h"

static void decode(Arena *arena, const char *cursor)
{
    SqlValue values[] = {{.type = SQL_TEXT}, {.type = SQL_INT}, {.type = SQL_TIME}};
    Err *err = page_cursor_decode(arena, cursor, "name", values, COUNT_OF(values));
    BUG_ON(err != NULL && !err_is(err, ERR_MALFORMED));
    if (err == NULL) {
        page_cursor_encode(arena, "name", values, COUNT_OF(values));
    }
}

FUZZ(cursor)
{
    decode(arena, data);
    decode(arena, str_base64url(arena, data, size));
}
