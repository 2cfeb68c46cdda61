/* custom_field.h - fields that the organisation adds to the volunteer's file: typed, for a subtree
 * of units, with who may see them. */
#pragma once

#include "app/services.h"

extern const Concept custom_field_concept;

typedef enum CustomFieldType {
    CUSTOM_TEXT,
    CUSTOM_NUMBER,
    CUSTOM_BOOLEAN,
    CUSTOM_DATE,
    CUSTOM_CHOICE,
    CUSTOM_MULTI_CHOICE
} CustomFieldType;

/* Who may see a value; each sees what those before see too. */
typedef enum CustomFieldSight {
    CUSTOM_EVERYONE, /* the volunteer too */
    CUSTOM_STAFF,
    CUSTOM_SENSITIVE /* needs volunteer:sensitive */
} CustomFieldSight;

typedef struct CustomField {
    int64_t id;
    const char *key;
    const char *title_zh;
    const char *title_en;
    int type;
    TextList options;
    bool required;
    int visible_to; /* CustomFieldSight */
    bool editable_by_volunteer;
    UnitId unit_id; /* 0: all */
    int64_t position;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} CustomField;

/* Checks one value of a field; NULL, or the code of what is wrong. Pure. */
const char *custom_field_check_value(const CustomField *field, const json_t *value);

/* Reads a cell of an import as a value of the field: JSON text for VolunteerDraft.custom. NULL, or
 * the code of what is wrong. Pure. */
const char *custom_field_read_cell(Arena *arena, const CustomField *field, const char *cell,
                                   json_t **ret_value);

/* The fields that hold for the volunteers of a unit, fresh from the database. Yields. */
YIELDS Err *custom_field_list_for(Ctx *ctx, UnitId unit_id, ObjectList *ret_fields);

typedef struct CustomFieldChange {
    UnitId unit_id;         /* of the volunteer */
    const char *before;     /* JSON object; NULL: nothing yet */
    const char *given;      /* JSON object of the values to change; null clears; or NULL */
    CustomFieldSight sight; /* of who changes it */
    bool by_volunteer;      /* only what is editable_by_volunteer */
    bool is_new;            /* what is required must be there */
} CustomFieldChange;

/* Checks and merges values. Yields. ERR_INVALID naming "custom.key". */
YIELDS Err *custom_field_merge(Ctx *ctx, const CustomFieldChange *change, const char **ret_custom);

/* The values that may be seen, from definitions at most a few seconds old: one query in that time.
 * Yields. */
YIELDS Err *custom_field_visible(Ctx *ctx, const char *custom, CustomFieldSight sight,
                                 const char **ret_custom);
