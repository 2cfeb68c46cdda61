/* shape.h - a concept's fields, declared once.
 *
 * A shape is a table of fields of a C struct. Decoding and validation of requests, encoding of
 * answers, rows of SQL, columns of import and export all come from it.
 *
 * How a member is stored, by field type:
 *   FIELD_TEXT        const char *            UTF-8, trimmed, without control characters
 *   FIELD_LONG_TEXT   const char *            the same, line feeds allowed
 *   FIELD_INT         int64_t
 *   FIELD_ID          int64_t, or a one-field struct of it; 0 is none
 *   FIELD_REAL        double
 *   FIELD_BOOL        bool
 *   FIELD_TIME        TimeMs; 0 is none
 *   FIELD_DATE        const char *            "YYYY-MM-DD", a day that exists
 *   FIELD_CHOICE      int                     index into choices; the index 0 is the default
 *   FIELD_TEXT_LIST   TextList                stored in SQL as a JSON array
 *   FIELD_OBJECT      void *                  struct of .shape, or NULL
 *   FIELD_OBJECT_LIST ObjectList              structs of .shape
 *   FIELD_JSON        const char *            compact JSON text
 *   FIELD_SECRET      Secret                  decoded only, never encoded
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/log.h"
#include "port/store.h"

typedef enum FieldType {
    FIELD_TEXT,
    FIELD_LONG_TEXT,
    FIELD_INT,
    FIELD_ID,
    FIELD_REAL,
    FIELD_BOOL,
    FIELD_TIME,
    FIELD_DATE,
    FIELD_CHOICE,
    FIELD_TEXT_LIST,
    FIELD_OBJECT,
    FIELD_OBJECT_LIST,
    FIELD_JSON,
    FIELD_SECRET,
} FieldType;

typedef enum FieldFlag {
    FIELD_REQUIRED = 1 << 0,   /* must be present and not null when decoded */
    FIELD_READ_ONLY = 1 << 1,  /* encoded, refused when decoded */
    FIELD_WRITE_ONLY = 1 << 2, /* decoded, never encoded */
    FIELD_OMIT_EMPTY = 1 << 3, /* left out of the answer when empty, instead of null */
    FIELD_NO_COLUMN = 1 << 4,  /* filled by code, not from a row */
    FIELD_NULLABLE = 1 << 5,   /* of FIELD_INT: what is negative is none, null outside */
} FieldFlag;

typedef struct TextList {
    const char **items;
    size_t count;
} TextList;

typedef struct ObjectList {
    void *items; /* count structs of the field's shape, one after another */
    size_t count;
} ObjectList;

typedef struct Shape Shape;

/* A mask makes the text that a caller without the right to it sees: "138****5678". */
typedef const char *FieldMask(Arena *arena, const char *value);

/* A check of one text value beyond type and size; returns NULL, or the code of what is wrong. */
typedef const char *FieldCheck(Arena *arena, const char *value, const char **ret_normalized);

typedef struct Field {
    const char *name; /* in JSON, and the SQL column */
    FieldType type;
    size_t offset;
    unsigned flags;             /* FieldFlag */
    int64_t min;                /* text: code points; number: value; list: items */
    int64_t max;                /* the same; 0: text 200, number unbounded, list 100 */
    int64_t item_max;           /* FIELD_TEXT_LIST: code points of one item; 0: 64 */
    const char *const *choices; /* FIELD_CHOICE: names, ends with NULL */
    const Shape *shape;         /* FIELD_OBJECT, FIELD_OBJECT_LIST */
    FieldCheck *check;
    FieldMask *mask; /* applied unless the view reveals the field */
    const char *see; /* permission without which the field is left out; NULL: anybody who
                      * may see the object */
    const char *zh;  /* title for people: import, export, history */
    const char *en;
    const char *aliases; /* other headers that mean this field, separated by '|' */
} Field;

struct Shape {
    const char *name; /* the schema's name in api/openapi.yaml */
    size_t size_bytes;
    const Field *fields; /* ends with a field without name */
};

#define FIELD(struct_type, member, field_type, ...)                                                \
    {                                                                                              \
        .name = #member, .type = (field_type), .offset = offsetof(struct_type, member),            \
        __VA_ARGS__                                                                                \
    }
#define SHAPE(struct_type, field_table)                                                            \
    {                                                                                              \
        .name = #struct_type, .size_bytes = sizeof(struct_type), .fields = (field_table)           \
    }

/* What the caller of an encode may see. NULL as a view: nothing masked is revealed, fields with
 * .see are left out. */
typedef struct ShapeView {
    bool (*may_see)(void *arg, const char *permission);
    void *arg;
    bool reveal_all;           /* no masks */
    const char *const *reveal; /* names of unmasked fields, ends with NULL; or NULL */
} ShapeView;

/* Decodes a JSON object into *object (of shape->size_bytes, defaults already in place). Fails with
 * ERR_INVALID listing every broken, missing and unknown field; ERR_MALFORMED if it is no object. */
Err *shape_decode(Arena *arena, const json_t *json, const Shape *shape, void *object);

/* Like shape_decode for a PATCH: fields that are absent stay as they are in *object, null clears.
 * *ret_changed (may be NULL) gets the names of the fields that were present. */
Err *shape_decode_patch(Arena *arena, const json_t *json, const Shape *shape, void *object,
                        TextList *ret_changed);

/* Parses a request body and decodes it. */
Err *shape_decode_text(Arena *arena, Slice body, const Shape *shape, void *object);

/* Validates and normalises one field given as text: a cell of an import. Fails with ERR_INVALID
 * naming the field. Choices may be given by name or by their zh/en title through choice_titles. */
Err *shape_decode_cell(Arena *arena, const Field *field, const char *cell, void *object);

/* Writes the object as a JSON object. */
void shape_encode(Arena *arena, JsonWriter *writer, const Shape *shape, const void *object,
                  const ShapeView *view);

/* Writes one field's value, masked by the view; the key is the caller's. */
void shape_encode_field(Arena *arena, JsonWriter *writer, const Field *field, const void *object,
                        const ShapeView *view);

/* The text of one field for a cell of an export, masked by the view; "" when empty. */
const char *shape_cell(Arena *arena, const Field *field, const void *object, const ShapeView *view);

/* Fills *object from a row: each field whose name is a column. */
void shape_from_row(Arena *arena, const Shape *shape, const StoreRows *rows, size_t row,
                    void *object);

/* All rows as an array of structs. */
ObjectList shape_from_rows(Arena *arena, const Shape *shape, const StoreRows *rows);

/* The field's value as a parameter for a statement. */
SqlValue shape_sql_value(Arena *arena, const Field *field, const void *object);

/* The field of that JSON name, or NULL. */
const Field *shape_find(const Shape *shape, const char *name);

/* The fields that differ, as a JSON object {"name": {"before": …, "after": …}}; masked by the view.
 * For the audit log and the history. before may be NULL (created), after may be NULL (deleted). */
const char *shape_diff(Arena *arena, const Shape *shape, const void *before, const void *after,
                       const ShapeView *view);

/* Choice helpers: name of an index, index of a name (-1 if none). */
const char *choice_name(const char *const *choices, int index);
int choice_index(const char *const *choices, const char *name);
