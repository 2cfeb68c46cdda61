/* The import's fields: answers, bodies, stored columns. */
#include <string.h>

#include "voms/import/import_internal.h"

const char *const import_states[] = {"uploaded", "mapped", "previewing", "previewed", "committing",
                                     "done",     "failed", "cancelled",  NULL};
const char *const import_outcomes[] = {"create", "update", "skip", "refuse", NULL};
const char *const import_existing[] = {"update", "skip", NULL};

#define SHOWN_FIELDS                                                                               \
    FIELD(Import, id, FIELD_ID), FIELD(Import, kind, FIELD_TEXT),                                  \
        FIELD(Import, filename, FIELD_TEXT), FIELD(Import, format, FIELD_TEXT),                    \
        FIELD(Import, encoding, FIELD_TEXT), FIELD(Import, delimiter, FIELD_TEXT),                 \
        FIELD(Import, size_bytes, FIELD_INT),                                                      \
        FIELD(Import, state, FIELD_CHOICE, .choices = import_states),                              \
        FIELD(Import, columns, FIELD_JSON), FIELD(Import, unit_id, FIELD_ID),                      \
        FIELD(Import, row_count, FIELD_ID), FIELD(Import, rows_done, FIELD_INT),                   \
        FIELD(Import, create_count, FIELD_INT), FIELD(Import, update_count, FIELD_INT),            \
        FIELD(Import, skip_count, FIELD_INT), FIELD(Import, refuse_count, FIELD_INT),              \
        FIELD(Import, created_by, FIELD_ID), FIELD(Import, created_at, FIELD_TIME),                \
        FIELD(Import, updated_at, FIELD_TIME), FIELD(Import, version, FIELD_INT)

static const Field IMPORT_FIELDS[] = {
    SHOWN_FIELDS,
    FIELD(Import, options, FIELD_JSON, .flags = FIELD_NO_COLUMN),
    FIELD(Import, error, FIELD_TEXT, .flags = FIELD_NO_COLUMN),
    {},
};
const Shape import_shape = SHAPE(Import, IMPORT_FIELDS);

static const Field STORED_FIELDS[] = {
    SHOWN_FIELDS,
    FIELD(Import, stored_name, FIELD_TEXT),
    FIELD(Import, header_row, FIELD_INT),
    FIELD(Import, existing, FIELD_CHOICE, .choices = import_existing),
    FIELD(Import, remember, FIELD_BOOL),
    FIELD(Import, run, FIELD_INT),
    FIELD(Import, rows_run, FIELD_INT),
    FIELD(Import, position, FIELD_INT),
    FIELD(Import, error_code, FIELD_TEXT),
    FIELD(Import, error_param, FIELD_TEXT),
    {},
};
const Shape import_stored_shape = SHAPE(Import, STORED_FIELDS);

static const Field COLUMN_FIELDS[] = {
    FIELD(ImportColumn, index, FIELD_INT),
    FIELD(ImportColumn, header, FIELD_TEXT, .max = 500),
    FIELD(ImportColumn, field, FIELD_TEXT, .max = 80),
    FIELD(ImportColumn, samples, FIELD_TEXT_LIST, .max = 5, .item_max = 500),
    {},
};
const Shape import_column_shape = SHAPE(ImportColumn, COLUMN_FIELDS);

void import_complete(Arena *arena, Language language, Import *import)
{
    import->options =
        arena_printf(arena, "{\"existing\":\"%s\",\"remember\":%s}",
                     import_existing[import->existing], import->remember ? "true" : "false");
    import->error = import->error_code == NULL
                        ? NULL
                        : message_format(arena, language, import->error_code, import->error_param);
}

const char *import_format_columns(Arena *arena, const ImportColumn *columns, size_t count)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_begin_object(&writer);
        json_put_int(&writer, "index", columns[i].index);
        json_put_string(&writer, "header", columns[i].header == NULL ? "" : columns[i].header);
        json_put_string(&writer, "field", columns[i].field);
        json_write_key(&writer, "samples");
        json_write_begin_array(&writer);
        for (size_t j = 0; j < columns[i].samples.count; j++) {
            json_write_string(&writer, columns[i].samples.items[j]);
        }
        json_write_end_array(&writer);
        json_write_end_object(&writer);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

static void parse_column(Arena *arena, const json_t *json, ImportColumn *column)
{
    const json_t *samples = json_object_get(json, "samples");
    column->index = json_integer_value(json_object_get(json, "index"));
    column->header = json_string_value(json_object_get(json, "header"));
    column->field = json_string_value(json_object_get(json, "field"));
    column->samples.items = ARENA_ARRAY(arena, const char *, json_array_size(samples) + 1);
    for (size_t i = 0; i < json_array_size(samples); i++) {
        column->samples.items[column->samples.count++] =
            json_string_value(json_array_get(samples, i));
    }
}

Err *import_parse_columns(Arena *arena, const char *text, ImportColumn **ret_columns,
                          size_t *ret_count)
{
    json_t *json = NULL;
    TRY(json_parse(arena, text, strlen(text), &json));
    size_t count = json_array_size(json);
    ImportColumn *columns = ARENA_ARRAY(arena, ImportColumn, count + 1);
    for (size_t i = 0; i < count; i++) {
        parse_column(arena, json_array_get(json, i), &columns[i]);
    }
    *ret_columns = columns;
    *ret_count = count;
    return NULL;
}
