/* Writing objects, and the small things that all of shape_*.c need. */
#include <string.h>

#include "http/shape_internal.h"

int64_t shape_text_max(const Field *field)
{
    if (field->max != 0) {
        return field->max;
    }
    return field->type == FIELD_LONG_TEXT ? SHAPE_LONG_TEXT_MAX : SHAPE_TEXT_MAX;
}

static size_t member_size(FieldType type)
{
    switch (type) {
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_CHOICE:
        return sizeof(int);
    case FIELD_TEXT_LIST:
        return sizeof(TextList);
    case FIELD_OBJECT_LIST:
        return sizeof(ObjectList);
    case FIELD_REAL:
        return sizeof(double);
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_TIME:
        return sizeof(int64_t);
    default:
        return sizeof(void *);
    }
}

void shape_clear(const Field *field, void *member)
{
    memset(member, 0, member_size(field->type));
}

bool shape_is_empty(const Field *field, const void *member)
{
    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_CHOICE:
    case FIELD_REAL:
        return false; /* zero is a value */
    case FIELD_INT:
        return (field->flags & FIELD_NULLABLE) != 0 && *(const int64_t *)member < 0;
    case FIELD_ID:
    case FIELD_TIME:
        return *(const int64_t *)member == 0;
    case FIELD_TEXT_LIST:
        return ((const TextList *)member)->count == 0;
    case FIELD_OBJECT_LIST:
        return ((const ObjectList *)member)->count == 0;
    default:
        return *(void *const *)member == NULL;
    }
}

const Field *shape_find(const Shape *shape, const char *name)
{
    for (const Field *field = shape->fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

const char *choice_name(const char *const *choices, int index)
{
    for (int i = 0; choices[i] != NULL; i++) {
        if (i == index) {
            return choices[i];
        }
    }
    return NULL;
}

int choice_index(const char *const *choices, const char *name)
{
    for (int i = 0; name != NULL && choices[i] != NULL; i++) {
        if (strcmp(choices[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

const char *shape_choices_text(Arena *arena, const char *const *choices)
{
    Str text;

    str_init(&text, arena);
    for (int i = 0; choices[i] != NULL; i++) {
        str_append(&text, i == 0 ? "" : ", ");
        str_append(&text, choices[i]);
    }
    return str_text(&text);
}

/* ---- What a view shows ---- */

bool shape_is_visible(const Field *field, const ShapeView *view)
{
    if ((field->flags & FIELD_WRITE_ONLY) != 0 || field->type == FIELD_SECRET) {
        return false;
    }
    if (field->see == NULL) {
        return true;
    }
    return view != NULL && view->may_see != NULL && view->may_see(view->arg, field->see);
}

bool shape_is_revealed(const Field *field, const ShapeView *view)
{
    if (field->mask == NULL) {
        return true;
    }
    if (view == NULL) {
        return false;
    }
    return view->reveal_all ||
           (view->reveal != NULL && choice_index(view->reveal, field->name) >= 0);
}

/* ---- Values ---- */

static void write_text_list(JsonWriter *writer, const TextList *list)
{
    json_write_begin_array(writer);
    for (size_t i = 0; i < list->count; i++) {
        json_write_string(writer, list->items[i]);
    }
    json_write_end_array(writer);
}

static void write_object_list(Arena *arena, JsonWriter *writer, const Shape *shape,
                              const ObjectList *list, const ShapeView *view)
{
    json_write_begin_array(writer);
    for (size_t i = 0; i < list->count; i++) {
        shape_encode(arena, writer, shape, (const char *)list->items + i * shape->size_bytes, view);
    }
    json_write_end_array(writer);
}

static void write_text(Arena *arena, JsonWriter *writer, const Field *field, const char *text,
                       const ShapeView *view)
{
    if (text != NULL && !shape_is_revealed(field, view)) {
        text = field->mask(arena, text);
    }
    json_write_string(writer, text);
}

static void write_number(JsonWriter *writer, const Field *field, const void *member)
{
    int64_t value = *(const int64_t *)member;

    if (field->type != FIELD_INT ? value == 0 : shape_is_empty(field, member)) {
        json_write_null(writer); /* no id, no time, no number */
    } else if (field->type == FIELD_TIME) {
        json_write_time(writer, value);
    } else {
        json_write_int(writer, value);
    }
}

static void write_inner_object(Arena *arena, JsonWriter *writer, const Shape *shape,
                               const void *object, const ShapeView *view)
{
    if (object == NULL) {
        json_write_null(writer);
        return;
    }
    shape_encode(arena, writer, shape, object, view);
}

void shape_encode_field(Arena *arena, JsonWriter *writer, const Field *field, const void *object,
                        const ShapeView *view)
{
    const void *member = (const char *)object + field->offset;

    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_LONG_TEXT:
    case FIELD_DATE:
        write_text(arena, writer, field, *(const char *const *)member, view);
        return;
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_TIME:
        write_number(writer, field, member);
        return;
    case FIELD_REAL:
        json_write_double(writer, *(const double *)member);
        return;
    case FIELD_BOOL:
        json_write_bool(writer, *(const bool *)member);
        return;
    case FIELD_CHOICE:
        json_write_string(writer, choice_name(field->choices, *(const int *)member));
        return;
    case FIELD_TEXT_LIST:
        write_text_list(writer, member);
        return;
    case FIELD_OBJECT:
        write_inner_object(arena, writer, field->shape, *(const void *const *)member, view);
        return;
    case FIELD_OBJECT_LIST:
        write_object_list(arena, writer, field->shape, member, view);
        return;
    case FIELD_JSON:
        json_write_raw(writer, *(const char *const *)member);
        return;
    case FIELD_SECRET:
        json_write_null(writer);
        return;
    }
}

void shape_encode(Arena *arena, JsonWriter *writer, const Shape *shape, const void *object,
                  const ShapeView *view)
{
    json_write_begin_object(writer);
    for (const Field *field = shape->fields; field->name != NULL; field++) {
        if (!shape_is_visible(field, view)) {
            continue;
        }
        if ((field->flags & FIELD_OMIT_EMPTY) != 0 &&
            shape_is_empty(field, (const char *)object + field->offset)) {
            continue;
        }
        json_write_key(writer, field->name);
        shape_encode_field(arena, writer, field, object, view);
    }
    json_write_end_object(writer);
}

/* ---- Differences ---- */

static const char *value_text(Arena *arena, const Field *field, const void *object,
                              const ShapeView *view)
{
    JsonWriter writer;
    Str text;

    if (object == NULL || shape_is_empty(field, (const char *)object + field->offset)) {
        return "null";
    }
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    shape_encode_field(arena, &writer, field, object, view);
    return str_text(&text);
}

const char *shape_diff(Arena *arena, const Shape *shape, const void *before, const void *after,
                       const ShapeView *view)
{
    static const ShapeView all = {.reveal_all = true};
    JsonWriter writer;
    Str text;

    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    for (const Field *field = shape->fields; field->name != NULL; field++) {
        /* A change below a mask is a change, though both sides may look the same. */
        if (!shape_is_visible(field, view) || str_equal(value_text(arena, field, before, &all),
                                                        value_text(arena, field, after, &all))) {
            continue;
        }
        json_write_key(&writer, field->name);
        json_write_begin_object(&writer);
        json_write_key(&writer, "before");
        json_write_raw(&writer, value_text(arena, field, before, view));
        json_write_key(&writer, "after");
        json_write_raw(&writer, value_text(arena, field, after, view));
        json_write_end_object(&writer);
    }
    json_write_end_object(&writer);
    return str_text(&text);
}
