/* Objects and rows of SQL. */
#include <stdlib.h>
#include <string.h>

#include "http/shape_internal.h"

/* ---- From rows ---- */

/* Statements list their columns in the order of the fields more often than not, so that the search
 * begins behind the last column found. */
static const SqlValue *find_value(const StoreRows *rows, size_t row, const char *name,
                                  size_t *next_column)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        size_t column = *next_column + i;
        column = column < rows->column_count ? column : column - rows->column_count;
        if (strcmp(rows->columns[column], name) == 0) {
            *next_column = column + 1 < rows->column_count ? column + 1 : 0;
            return &rows->values[row * rows->column_count + column];
        }
    }
    return NULL;
}

static int64_t to_integer(const SqlValue *value)
{
    switch (value->type) {
    case SQL_INT:
    case SQL_BOOL:
    case SQL_TIME:
        return value->integer;
    case SQL_REAL:
        /* What does not fit is no number of ours. */
        return value->real >= -0x1p62 && value->real <= 0x1p62 ? (int64_t)value->real : 0;
    case SQL_TEXT:
        return strtoll(value->text, NULL, 10); /* numeric sums of PostgreSQL */
    default:
        return 0;
    }
}

static int64_t to_number(const Field *field, const SqlValue *value)
{
    return (field->flags & FIELD_NULLABLE) != 0 && value->type == SQL_NULL ? -1 : to_integer(value);
}

static double to_real(const SqlValue *value)
{
    if (value->type == SQL_REAL) {
        return value->real;
    }
    return value->type == SQL_TEXT ? strtod(value->text, NULL) : (double)to_integer(value);
}

static int to_choice(const Field *field, const SqlValue *value)
{
    int index = value->type == SQL_TEXT ? choice_index(field->choices, value->text)
                                        : (int)to_integer(value);

    return MAX(index, 0);
}

/* Our own columns hold well-formed JSON or nothing. */
static json_t *to_json(Arena *arena, const SqlValue *value)
{
    json_t *json = NULL;

    if (value->type == SQL_TEXT) {
        err_ignore(json_parse(arena, value->text, strlen(value->text), &json), "see above");
    }
    return json;
}

static bool is_escaped(const char *text)
{
    return strchr(text, '\\') != NULL;
}

/* Lists are most often ["a", "b"]: no need to make trees of them. False if it is anything else. */
static bool read_plain_list(Arena *arena, const char *text, TextList *ret_list)
{
    TextList list = {.items = ARENA_ARRAY(arena, const char *, strlen(text) / 3 + 1)};
    const char *at = text + 1;

    if (text[0] != '[' || is_escaped(text)) {
        return false;
    }
    while (*at == '"') {
        const char *end = strchr(at + 1, '"');
        if (end == NULL) {
            return false;
        }
        list.items[list.count++] = arena_strndup(arena, at + 1, (size_t)(end - at - 1));
        at = end + 1;
        at += *at == ',' ? 1 + (at[1] == ' ') : 0;
    }
    if (at[0] != ']' || at[1] != '\0') {
        return false;
    }
    *ret_list = list;
    return true;
}

static TextList to_text_list(Arena *arena, const SqlValue *value)
{
    TextList list = {};
    if (value->type == SQL_TEXT && read_plain_list(arena, value->text, &list)) {
        return list;
    }
    json_t *json = to_json(arena, value);

    size_t count = json_array_size(json);
    list.items = ARENA_ARRAY(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const char *item = json_string_value(json_array_get(json, i));
        if (item != NULL) {
            list.items[list.count++] = item;
        }
    }
    return list;
}

/* Objects and their lists are stored as JSON. What an older version wrote may have fields that the
 * shape has no more: they are dropped, with everything else kept. */
static void to_object(Arena *arena, const Field *field, const SqlValue *value, void *object)
{
    json_t *json = to_json(arena, value);

    if (json == NULL) {
        return;
    }
    Field writable = *field;
    writable.flags &= ~(unsigned)FIELD_READ_ONLY;
    err_ignore(shape_decode_value(arena, &writable, json, object), "see above");
}

static void set_member(Arena *arena, const Field *field, const SqlValue *value, void *object)
{
    void *member = (char *)object + field->offset;

    switch (field->type) {
    case FIELD_INT:
        *(int64_t *)member = to_number(field, value);
        return;
    case FIELD_ID:
    case FIELD_TIME:
        *(int64_t *)member = to_integer(value);
        return;
    case FIELD_REAL:
        *(double *)member = to_real(value);
        return;
    case FIELD_BOOL:
        *(bool *)member = to_integer(value) != 0;
        return;
    case FIELD_CHOICE:
        *(int *)member = to_choice(field, value);
        return;
    case FIELD_TEXT_LIST:
        *(TextList *)member = to_text_list(arena, value);
        return;
    case FIELD_OBJECT:
    case FIELD_OBJECT_LIST:
        to_object(arena, field, value, object);
        return;
    default:
        *(const char **)member = value->type == SQL_TEXT ? value->text : NULL;
        return;
    }
}

void shape_from_row(Arena *arena, const Shape *shape, const StoreRows *rows, size_t row,
                    void *object)
{
    size_t next_column = 0;

    for (const Field *field = shape->fields; field->name != NULL; field++) {
        if ((field->flags & FIELD_NO_COLUMN) != 0 || field->type == FIELD_SECRET) {
            continue;
        }
        const SqlValue *value = find_value(rows, row, field->name, &next_column);
        if (value != NULL) {
            set_member(arena, field, value, object);
        }
    }
}

ObjectList shape_from_rows(Arena *arena, const Shape *shape, const StoreRows *rows)
{
    ObjectList list = {.count = rows->count};

    list.items = arena_alloc_array(arena, rows->count + 1, shape->size_bytes);
    for (size_t row = 0; row < rows->count; row++) {
        shape_from_row(arena, shape, rows, row, (char *)list.items + row * shape->size_bytes);
    }
    return list;
}

/* ---- To parameters ---- */

static SqlValue text_value(const char *text)
{
    if (text == NULL) {
        return sql_null();
    }
    return (SqlValue){.type = SQL_TEXT, .text = text, .length = strlen(text)};
}

static SqlValue json_value(Arena *arena, const Field *field, const void *object)
{
    static const ShapeView all = {.reveal_all = true};
    JsonWriter writer;
    Str text;

    str_init(&text, arena);
    json_writer_init(&writer, &text);
    shape_encode_field(arena, &writer, field, object, &all);
    return text_value(str_text(&text));
}

SqlValue shape_sql_value(Arena *arena, const Field *field, const void *object)
{
    const void *member = (const char *)object + field->offset;

    switch (field->type) {
    case FIELD_INT:
        return shape_is_empty(field, member) ? sql_null() : sql_int(*(const int64_t *)member);
    case FIELD_ID:
        return sql_id(*(const int64_t *)member);
    case FIELD_TIME:
        return sql_time(*(const int64_t *)member);
    case FIELD_REAL:
        return sql_real(*(const double *)member);
    case FIELD_BOOL:
        return sql_bool(*(const bool *)member);
    case FIELD_CHOICE:
        return text_value(choice_name(field->choices, *(const int *)member));
    case FIELD_TEXT_LIST:
    case FIELD_OBJECT:
    case FIELD_OBJECT_LIST:
        return json_value(arena, field, object);
    case FIELD_SECRET:
        return sql_null(); /* a secret is stored by the code that hashes or encrypts it */
    default:
        return text_value(*(const char *const *)member);
    }
}
