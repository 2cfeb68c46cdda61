/* JSON against a shape with a field of every type: what decodes encodes to what decodes again. */
#include "http/shape.h"

#include "tests/fuzz/fuzz.h"

typedef struct Part {
    const char *name;
    int64_t count;
} Part;

typedef struct Thing {
    const char *text;
    const char *long_text;
    int64_t number;
    int64_t id;
    double real;
    bool flag;
    TimeMs time;
    const char *date;
    int choice;
    TextList list;
    Part *part;
    ObjectList parts;
    const char *json;
    Secret secret;
} Thing;

static const char *const choices[] = {"none", "one", "two", NULL};

static const Field part_fields[] = {
    FIELD(Part, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .max = 10),
    FIELD(Part, count, FIELD_INT, .min = -5, .max = 5),
    {},
};
static const Shape part_shape = SHAPE(Part, part_fields);

static const Field thing_fields[] = {
    FIELD(Thing, text, FIELD_TEXT, .min = 1, .max = 20),
    FIELD(Thing, long_text, FIELD_LONG_TEXT, .max = 100),
    FIELD(Thing, number, FIELD_INT, .min = INT64_MIN, .max = INT64_MAX),
    FIELD(Thing, id, FIELD_ID),
    FIELD(Thing, real, FIELD_REAL),
    FIELD(Thing, flag, FIELD_BOOL),
    FIELD(Thing, time, FIELD_TIME),
    FIELD(Thing, date, FIELD_DATE),
    FIELD(Thing, choice, FIELD_CHOICE, .choices = choices),
    FIELD(Thing, list, FIELD_TEXT_LIST, .max = 5, .item_max = 10),
    FIELD(Thing, part, FIELD_OBJECT, .shape = &part_shape),
    FIELD(Thing, parts, FIELD_OBJECT_LIST, .shape = &part_shape, .max = 3),
    FIELD(Thing, json, FIELD_JSON),
    FIELD(Thing, secret, FIELD_SECRET, .max = 20),
    {},
};
static const Shape thing_shape = SHAPE(Thing, thing_fields);

static const char *encode(Arena *arena, const Thing *thing)
{
    Str out;
    str_init(&out, arena);
    JsonWriter writer;
    json_writer_init(&writer, &out);
    shape_encode(arena, &writer, &thing_shape, thing, NULL);
    return str_text(&out);
}

static void decode_again(Arena *arena, const Thing *thing)
{
    const char *text = encode(arena, thing);
    Thing *again = ARENA_NEW(arena, Thing);
    Slice body = {.data = text, .length = strlen(text)};
    BUG_ON(shape_decode_text(arena, body, &thing_shape, again) != NULL);
    BUG_ON(strcmp(text, encode(arena, again)) != 0);
}

static void decode_cells(Arena *arena, const char *text)
{
    for (const Field *field = thing_fields; field->name != NULL; field++) {
        Thing *thing = ARENA_NEW(arena, Thing);
        err_ignore(shape_decode_cell(arena, field, text, thing), "only crashes count");
    }
}

FUZZ(shape)
{
    Thing *thing = ARENA_NEW(arena, Thing);
    Err *err = shape_decode_text(arena, (Slice){.data = data, .length = size}, &thing_shape, thing);
    BUG_ON(err != NULL && !err_is(err, ERR_INVALID) && !err_is(err, ERR_MALFORMED));
    if (err == NULL) {
        decode_again(arena, thing);
    }
    json_t *json = NULL;
    if (json_parse(arena, data, size, &json) == NULL) {
        Thing *patched = ARENA_NEW(arena, Thing);
        TextList changed = {};
        err_ignore(shape_decode_patch(arena, json, &thing_shape, patched, &changed),
                   "only crashes count");
    }
    decode_cells(arena, data);
}
