/* JSON documents: what parses prints to what parses to the same. */
#include "base/json.h"

#include "base/str.h"
#include "tests/fuzz/fuzz.h"

static void write_again(Arena *arena, const json_t *json, const char *text)
{
    Str out;
    str_init(&out, arena);
    JsonWriter writer;
    json_writer_init(&writer, &out);
    json_write_begin_array(&writer);
    json_write_value(&writer, json);
    json_write_string(&writer, text);
    json_write_end_array(&writer);

    json_t *again = NULL;
    Err *err = json_parse(arena, str_text(&out), out.length, &again);
    BUG_ON(err != NULL && json != NULL && err->param == NULL);
}

FUZZ(json)
{
    json_t *json = NULL;
    Err *err = json_parse(arena, data, size, &json);
    if (err != NULL) {
        BUG_ON(!err_is(err, ERR_MALFORMED) || json != NULL);
        return;
    }
    const char *text = json_text(arena, json);
    json_t *again = NULL;
    BUG_ON(json_parse(arena, text, strlen(text), &again) != NULL);
    BUG_ON(!json_equal(json, again));
    write_again(arena, json, data);
}
