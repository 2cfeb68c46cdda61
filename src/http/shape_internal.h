/* shape_internal.h - what the files shape_*.c share. Nobody else includes it. */
#pragma once

#include "http/shape.h"

#define SHAPE_ID_MAX (((int64_t)1 << 53) - 1) /* a JSON number is exact up to here */

enum {
    SHAPE_TEXT_MAX = 200,        /* code points */
    SHAPE_LONG_TEXT_MAX = 10000, /* code points */
    SHAPE_LIST_MAX = 100,        /* items */
    SHAPE_ITEM_MAX = 64,         /* code points of an item */
    SHAPE_JSON_MAX = 16384       /* bytes */
};

/* The most code points that a text field takes. */
int64_t shape_text_max(const Field *field);

/* Sets the member to its empty value. */
void shape_clear(const Field *field, void *member);
bool shape_is_empty(const Field *field, const void *member);

/* "active, inactive, suspended" */
const char *shape_choices_text(Arena *arena, const char *const *choices);

/* Validates one value and stores it in its member of object. */
Err *shape_decode_value(Arena *arena, const Field *field, const json_t *json, void *object);

/* May this view see the field at all? */
bool shape_is_visible(const Field *field, const ShapeView *view);

/* May it see the field's value unmasked? */
bool shape_is_revealed(const Field *field, const ShapeView *view);
