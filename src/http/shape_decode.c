/* Reading objects: every broken field is collected, so that a form shows all of them at once. */
#include <inttypes.h>
#include <string.h>

#include "http/shape_internal.h"

typedef struct Decode {
    Arena *arena;
    Err *err; /* collects the broken fields */
    bool patch;
} Decode;

static void decode_object(Decode *decode, const char *prefix, const json_t *json,
                          const Shape *shape, void *object, TextList *ret_changed);

static void refuse(Decode *decode, const char *path, const char *code, const char *param)
{
    err_add_field(decode->arena, &decode->err, path, code, param);
}

static void refuse_number(Decode *decode, const char *path, const char *code, int64_t param)
{
    refuse(decode, path, code, arena_printf(decode->arena, "%" PRId64, param));
}

/* ---- Values ---- */

static bool is_one_line(const char *text)
{
    return strpbrk(text, "\n\t") == NULL;
}

/* Checks size, characters and the field's own check; NULL when refused. */
static const char *check_text(Decode *decode, const char *path, const Field *field,
                              const char *text)
{
    int64_t max = shape_text_max(field);
    int64_t length = 0;

    if (!str_is_clean_utf8(text, strlen(text)) ||
        (field->type != FIELD_LONG_TEXT && !is_one_line(text))) {
        refuse(decode, path, "bad_characters", NULL);
        return NULL;
    }
    length = (int64_t)str_utf8_length(text);
    if (length > max) {
        refuse_number(decode, path, "too_long", max);
        return NULL;
    }
    if (length < field->min) {
        refuse_number(decode, path, "too_short", field->min);
        return NULL;
    }
    if (field->check != NULL) {
        const char *normalized = text;
        const char *code = field->check(decode->arena, text, &normalized);
        if (code != NULL) {
            refuse(decode, path, code, NULL);
            return NULL;
        }
        return normalized;
    }
    return text;
}

static void decode_text(Decode *decode, const char *path, const Field *field, const char *value,
                        void *member)
{
    bool is_secret = field->type == FIELD_SECRET;
    const char *text =
        is_secret ? arena_strdup(decode->arena, value) : str_trim(decode->arena, value);

    if (text[0] == '\0') {
        if ((field->flags & FIELD_REQUIRED) != 0) {
            refuse(decode, path, "required", NULL);
        }
        shape_clear(field, member);
        return;
    }
    text = check_text(decode, path, field, text);
    if (text != NULL) {
        *(const char **)member = text; /* a Secret is a struct of one pointer */
    }
}

static void decode_date(Decode *decode, const char *path, const Field *field, const char *value,
                        void *member)
{
    Date date;
    const char *text = str_trim(decode->arena, value);

    if (!date_parse(text, &date)) {
        refuse(decode, path, "bad_date", NULL);
        return;
    }
    if (field->check != NULL) {
        text = check_text(decode, path, field, text);
    }
    if (text != NULL) {
        *(const char **)member = text;
    }
}

static void decode_time(Decode *decode, const char *path, const char *value, void *member)
{
    TimeMs time = 0;

    if (!time_parse(value, &time)) {
        refuse(decode, path, "bad_time", NULL);
        return;
    }
    *(TimeMs *)member = time;
}

static void decode_choice(Decode *decode, const char *path, const Field *field, const char *value,
                          void *member)
{
    int index = choice_index(field->choices, value);

    if (index < 0) {
        refuse(decode, path, "not_a_choice", shape_choices_text(decode->arena, field->choices));
        return;
    }
    *(int *)member = index;
}

static void decode_string(Decode *decode, const char *path, const Field *field, const char *value,
                          void *member)
{
    switch (field->type) {
    case FIELD_DATE:
        decode_date(decode, path, field, value, member);
        return;
    case FIELD_TIME:
        decode_time(decode, path, value, member);
        return;
    case FIELD_CHOICE:
        decode_choice(decode, path, field, value, member);
        return;
    default:
        decode_text(decode, path, field, value, member);
        return;
    }
}

static void decode_int(Decode *decode, const char *path, const Field *field, int64_t value,
                       void *member)
{
    bool has_min = field->min != 0 || field->max != 0;

    if (field->type == FIELD_ID) {
        if (value <= 0 || value > SHAPE_ID_MAX) {
            refuse(decode, path, "bad_id", NULL);
            return;
        }
    } else if (has_min && value < field->min) {
        refuse_number(decode, path, "too_small", field->min);
        return;
    } else if (field->max != 0 && value > field->max) {
        refuse_number(decode, path, "too_large", field->max);
        return;
    }
    *(int64_t *)member = value;
}

static void decode_real(Decode *decode, const char *path, const Field *field, double value,
                        void *member)
{
    bool has_min = field->min != 0 || field->max != 0;

    if (has_min && value < (double)field->min) {
        refuse_number(decode, path, "too_small", field->min);
        return;
    }
    if (field->max != 0 && value > (double)field->max) {
        refuse_number(decode, path, "too_large", field->max);
        return;
    }
    *(double *)member = value;
}

/* ---- Lists and objects ---- */

static bool check_count(Decode *decode, const char *path, const Field *field, size_t count)
{
    int64_t max = field->max == 0 ? SHAPE_LIST_MAX : field->max;

    if ((int64_t)count > max) {
        refuse_number(decode, path, "too_many", max);
        return false;
    }
    if ((int64_t)count < field->min) {
        refuse_number(decode, path, "too_few", field->min);
        return false;
    }
    return true;
}

static void decode_text_list(Decode *decode, const char *path, const Field *field,
                             const json_t *json, void *member)
{
    size_t count = json_array_size(json);
    TextList list = {};
    /* One item is checked like a text field of its own, with the same check. */
    Field item_field = {.type = FIELD_TEXT,
                        .flags = FIELD_REQUIRED,
                        .max = field->item_max == 0 ? SHAPE_ITEM_MAX : field->item_max,
                        .check = field->check};

    if (!check_count(decode, path, field, count)) {
        return;
    }
    list.items = ARENA_ARRAY(decode->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(json, i);
        const char *item_path = arena_printf(decode->arena, "%s[%zu]", path, i);
        if (!json_is_string(item)) {
            refuse(decode, item_path, "wrong_type", "string");
            continue;
        }
        decode_text(decode, item_path, &item_field, json_string_value(item),
                    &list.items[list.count++]);
    }
    *(TextList *)member = list;
}

static void decode_object_list(Decode *decode, const char *path, const Field *field,
                               const json_t *json, void *member)
{
    size_t count = json_array_size(json);
    ObjectList list = {.count = count};
    Decode items = {.arena = decode->arena, .err = decode->err};

    if (!check_count(decode, path, field, count)) {
        return;
    }
    list.items = arena_alloc_array(decode->arena, count + 1, field->shape->size_bytes);
    for (size_t i = 0; i < count; i++) {
        const char *item_path = arena_printf(decode->arena, "%s[%zu]", path, i);
        decode_object(&items, item_path, json_array_get(json, i), field->shape,
                      (char *)list.items + i * field->shape->size_bytes, NULL);
    }
    decode->err = items.err;
    *(ObjectList *)member = list;
}

static void decode_inner_object(Decode *decode, const char *path, const Field *field,
                                const json_t *json, void *member)
{
    void *inner = *(void **)member;

    if (inner == NULL || !decode->patch) {
        inner = arena_alloc(decode->arena, field->shape->size_bytes);
    }
    decode_object(decode, path, json, field->shape, inner, NULL);
    *(void **)member = inner;
}

static void decode_json(Decode *decode, const char *path, const Field *field, const json_t *json,
                        void *member)
{
    const char *text = json_text(decode->arena, json);
    int64_t max = field->max == 0 ? SHAPE_JSON_MAX : field->max;

    if ((int64_t)strlen(text) > max) {
        refuse_number(decode, path, "too_long", max);
        return;
    }
    *(const char **)member = text;
}

/* ---- Fields ---- */

/* NULL when json has the type that the field wants, else the name of that type. */
static const char *wrong_type(const Field *field, const json_t *json)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_LONG_TEXT:
    case FIELD_SECRET:
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_CHOICE:
        return json_is_string(json) ? NULL : "string";
    case FIELD_INT:
    case FIELD_ID:
        return json_is_integer(json) ? NULL : "integer";
    case FIELD_REAL:
        return json_is_number(json) ? NULL : "number";
    case FIELD_BOOL:
        return json_is_boolean(json) ? NULL : "boolean";
    case FIELD_TEXT_LIST:
    case FIELD_OBJECT_LIST:
        return json_is_array(json) ? NULL : "array";
    case FIELD_OBJECT:
        return json_is_object(json) ? NULL : "object";
    case FIELD_JSON:
        return NULL;
    }
    return "unknown";
}

static void decode_value(Decode *decode, const char *path, const Field *field, const json_t *json,
                         void *member)
{
    switch (field->type) {
    case FIELD_INT:
    case FIELD_ID:
        decode_int(decode, path, field, json_integer_value(json), member);
        return;
    case FIELD_REAL:
        decode_real(decode, path, field, json_number_value(json), member);
        return;
    case FIELD_BOOL:
        *(bool *)member = json_is_true(json);
        return;
    case FIELD_TEXT_LIST:
        decode_text_list(decode, path, field, json, member);
        return;
    case FIELD_OBJECT_LIST:
        decode_object_list(decode, path, field, json, member);
        return;
    case FIELD_OBJECT:
        decode_inner_object(decode, path, field, json, member);
        return;
    case FIELD_JSON:
        decode_json(decode, path, field, json, member);
        return;
    default:
        decode_string(decode, path, field, json_string_value(json), member);
        return;
    }
}

static void decode_field(Decode *decode, const char *path, const Field *field, const json_t *json,
                         void *object)
{
    void *member = (char *)object + field->offset;

    if ((field->flags & FIELD_READ_ONLY) != 0) {
        refuse(decode, path, "read_only", NULL);
        return;
    }
    if (json_is_null(json)) {
        if ((field->flags & FIELD_REQUIRED) != 0) {
            refuse(decode, path, "required", NULL);
            return;
        }
        shape_clear(field, member);
        return;
    }
    const char *expected = wrong_type(field, json);
    if (expected != NULL) {
        refuse(decode, path, "wrong_type", expected);
        return;
    }
    decode_value(decode, path, field, json, member);
}

static const char *join_path(Arena *arena, const char *prefix, const char *name)
{
    return prefix == NULL ? name : arena_printf(arena, "%s.%s", prefix, name);
}

static void find_unknown(Decode *decode, const char *prefix, const json_t *json, const Shape *shape)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        if (shape_find(shape, key) == NULL) {
            const char *name = arena_strdup(decode->arena, key);
            refuse(decode, join_path(decode->arena, prefix, name), "unknown_field", NULL);
        }
    }
}

static void decode_object(Decode *decode, const char *prefix, const json_t *json,
                          const Shape *shape, void *object, TextList *ret_changed)
{
    size_t present = 0;

    if (!json_is_object(json)) {
        refuse(decode, prefix, "wrong_type", "object");
        return;
    }
    for (const Field *field = shape->fields; field->name != NULL; field++) {
        const json_t *value = json_object_get(json, field->name);
        if (value != NULL) {
            present++;
            decode_field(decode, join_path(decode->arena, prefix, field->name), field, value,
                         object);
            if (ret_changed != NULL) {
                ret_changed->items[ret_changed->count++] = field->name;
            }
        } else if (!decode->patch && (field->flags & FIELD_REQUIRED) != 0 &&
                   (field->flags & FIELD_READ_ONLY) == 0) {
            refuse(decode, join_path(decode->arena, prefix, field->name), "required", NULL);
        }
    }
    if (present < json_object_size(json)) {
        find_unknown(decode, prefix, json, shape);
    }
}

/* ---- The public functions ---- */

static Err *check_is_object(Arena *arena, const json_t *json)
{
    if (!json_is_object(json)) {
        return ERR(arena, ERR_MALFORMED, "object_expected", "the body is not a JSON object");
    }
    return NULL;
}

Err *shape_decode(Arena *arena, const json_t *json, const Shape *shape, void *object)
{
    Decode decode = {.arena = arena};

    TRY(check_is_object(arena, json));
    decode_object(&decode, NULL, json, shape, object, NULL);
    return decode.err;
}

Err *shape_decode_patch(Arena *arena, const json_t *json, const Shape *shape, void *object,
                        TextList *ret_changed)
{
    Decode decode = {.arena = arena, .patch = true};
    TextList changed = {};

    TRY(check_is_object(arena, json));
    changed.items = ARENA_ARRAY(arena, const char *, json_object_size(json) + 1);
    decode_object(&decode, NULL, json, shape, object, &changed);
    if (decode.err == NULL && ret_changed != NULL) {
        *ret_changed = changed;
    }
    return decode.err;
}

Err *shape_decode_text(Arena *arena, Slice body, const Shape *shape, void *object)
{
    json_t *json = NULL;

    TRY(json_parse(arena, body.data, body.length, &json));
    return shape_decode(arena, json, shape, object);
}

Err *shape_decode_value(Arena *arena, const Field *field, const json_t *json, void *object)
{
    Decode decode = {.arena = arena};

    decode_field(&decode, field->name, field, json, object);
    return decode.err;
}
