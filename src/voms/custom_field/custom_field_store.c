/* Definitions of custom fields, and values under them. */
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"
#include "voms/custom_field/custom_field.sql.h"
#include "voms/custom_field/custom_field_internal.h"

#define SIGHTS_AGE_MAX_MS (5 * SECOND_MS)

static const char *const TYPES[] = {"text",   "number",       "boolean", "date",
                                    "choice", "multi_choice", NULL};
const char *const custom_field_sights[] = {"everyone", "staff", "sensitive", NULL};

static const char *check_key(Arena *arena UNUSED, const char *value, const char **ret_normalized)
{
    *ret_normalized = value;
    bool fits = value[0] >= 'a' && value[0] <= 'z' &&
                value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
    return fits ? NULL : "invalid_key";
}

static const Field FIELDS[] = {
    FIELD(CustomField, id, FIELD_ID, .flags = FIELD_READ_ONLY),
    FIELD(CustomField, key, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 40,
          .check = check_key),
    FIELD(CustomField, title_zh, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(CustomField, title_en, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(CustomField, type, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = TYPES),
    FIELD(CustomField, options, FIELD_TEXT_LIST, .max = 200),
    FIELD(CustomField, required, FIELD_BOOL),
    FIELD(CustomField, visible_to, FIELD_CHOICE, .choices = custom_field_sights),
    FIELD(CustomField, editable_by_volunteer, FIELD_BOOL),
    FIELD(CustomField, unit_id, FIELD_ID),
    FIELD(CustomField, position, FIELD_INT, .min = 0, .max = 10000),
    FIELD(CustomField, created_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    FIELD(CustomField, updated_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    FIELD(CustomField, version, FIELD_INT, .flags = FIELD_READ_ONLY),
    {},
};
const Shape custom_field_shape = SHAPE(CustomField, FIELDS);

YIELDS Err *custom_field_find(Ctx *ctx, int64_t id, CustomField **ret_field)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "custom_field_not_found", "no custom field %lld",
                   (long long)id);
    }
    CustomField *field = ARENA_NEW(ctx->arena, CustomField);
    shape_from_row(ctx->arena, &custom_field_shape, rows, 0, field);
    *ret_field = field;
    return NULL;
}

YIELDS Err *custom_field_list_for(Ctx *ctx, UnitId unit_id, ObjectList *ret_fields)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_LIST_FOR, ARGS(sql_int(unit_id.value)), &rows));
    *ret_fields = shape_from_rows(ctx->arena, &custom_field_shape, rows);
    return NULL;
}

/* ---- Writing values ---- */

static const CustomField *find_key(const ObjectList *fields, const char *key)
{
    const CustomField *items = fields->items;
    for (size_t i = 0; i < fields->count; i++) {
        if (str_equal(items[i].key, key)) {
            return &items[i];
        }
    }
    return NULL;
}

static Err *parse_object(Arena *arena, const char *text, json_t **ret_object)
{
    json_t *json = NULL;
    if (text != NULL) {
        TRY(json_parse(arena, text, strlen(text), &json));
    }
    if (json != NULL && !json_is_object(json) && !json_is_null(json)) {
        Err *err = NULL;
        err_add_field(arena, &err, "custom", "not_an_object", NULL);
        return err;
    }
    *ret_object = json_is_object(json) ? json_deep_copy(json) : json_object();
    return NULL;
}

static const char *check_change(const CustomFieldChange *change, const CustomField *field,
                                const json_t *value)
{
    if (field == NULL || field->visible_to > (int)change->sight) {
        return "unknown_field";
    }
    if (change->by_volunteer && !field->editable_by_volunteer) {
        return "not_yours_to_change";
    }
    if (json_is_null(value)) {
        return field->required ? "required" : NULL;
    }
    return custom_field_check_value(field, value);
}

static void add_error(Arena *arena, Err **err, const char *key, const char *code)
{
    err_add_field(arena, err, arena_printf(arena, "custom.%.40s", key), code, NULL);
}

static Err *apply(Arena *arena, const CustomFieldChange *change, const ObjectList *fields,
                  json_t *values, json_t *given)
{
    Err *err = NULL;
    const char *key;
    json_t *value;
    json_object_foreach(given, key, value)
    {
        const char *code = check_change(change, find_key(fields, key), value);
        if (code != NULL) {
            add_error(arena, &err, key, code);
        } else if (json_is_null(value)) {
            json_object_del(values, key);
        } else {
            json_object_set(values, key, value);
        }
    }
    const CustomField *items = fields->items;
    for (size_t i = 0; change->is_new && i < fields->count; i++) {
        /* Nobody can be asked for what may not be seen or set. */
        bool askable = items[i].visible_to <= (int)change->sight &&
                       (!change->by_volunteer || items[i].editable_by_volunteer);
        if (items[i].required && askable && json_object_get(values, items[i].key) == NULL &&
            json_object_get(given, items[i].key) == NULL) {
            add_error(arena, &err, items[i].key, "required");
        }
    }
    return err;
}

YIELDS Err *custom_field_merge(Ctx *ctx, const CustomFieldChange *change, const char **ret_custom)
{
    ObjectList fields = {};
    json_t *values = NULL;
    json_t *given = NULL;
    TRY(custom_field_list_for(ctx, change->unit_id, &fields));
    TRY(parse_object(ctx->arena, change->before, &values));
    Err *err = parse_object(ctx->arena, change->given, &given);
    if (err == NULL) {
        err = apply(ctx->arena, change, &fields, values, given);
        *ret_custom = err == NULL ? json_text(ctx->arena, values) : *ret_custom;
    }
    json_decref(values);
    json_decref(given);
    return err;
}

/* ---- Reading values ---- */

/* Each thread keeps a copy of who may see which key; a change moves the epoch, and other processes
 * notice by age. */
static _Atomic uint64_t epoch = 1;

typedef struct Sights {
    Arena *arena; /* of the copy; lives as long as the thread uses it */
    Map by_key;   /* CustomFieldSight + 1 as a pointer */
    Store *store;
    uint64_t epoch;
    int64_t loaded_at;
} Sights;

static _Thread_local Sights sights;

static void free_sights(void *unused UNUSED)
{
    arena_free(sights.arena);
    sights = (Sights){};
}

static void move_epoch(void *unused UNUSED)
{
    atomic_fetch_add(&epoch, 1);
}

void custom_field_forget(Ctx *ctx)
{
    /* Once for what this transaction reads itself, once for all when it has committed. */
    move_epoch(NULL);
    db_after_commit(ctx->db, move_epoch, NULL);
}

void custom_field_leave_thread(void)
{
    free_sights(NULL);
}

YIELDS static Err *load_sights(Ctx *ctx)
{
    StoreRows *rows = NULL;
    uint64_t present = atomic_load(&epoch);
    int64_t now = time_monotonic();
    bool fresh = sights.store == ctx->services->store && sights.epoch == present &&
                 now - sights.loaded_at < SIGHTS_AGE_MAX_MS;
    if (fresh) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_CUSTOM_FIELD_SIGHTS, NO_ARGS, &rows));
    free_sights(NULL);
    sights = (Sights){
        .arena = arena_new(), .store = ctx->services->store, .epoch = present, .loaded_at = now};
    map_init(&sights.by_key, sights.arena);
    for (size_t i = 0; i < rows->count; i++) {
        int sight = choice_index(custom_field_sights, row_text(rows, i, 1));
        map_set(&sights.by_key, row_text(rows, i, 0), (void *)(intptr_t)(sight + 1));
    }
    return NULL;
}

static bool is_visible(const char *key, CustomFieldSight sight)
{
    intptr_t value = (intptr_t)map_get(&sights.by_key, key);
    return value != 0 && value - 1 <= (intptr_t)sight;
}

YIELDS Err *custom_field_visible(Ctx *ctx, const char *custom, CustomFieldSight sight,
                                 const char **ret_custom)
{
    json_t *values = NULL;
    if (custom == NULL || str_equal(custom, "{}")) {
        *ret_custom = "{}";
        return NULL;
    }
    TRY(load_sights(ctx));
    TRY(json_parse(ctx->arena, custom, strlen(custom), &values));
    json_t *seen = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(values, key, value)
    {
        if (is_visible(key, sight)) {
            json_object_set(seen, key, value);
        }
    }
    *ret_custom = json_text(ctx->arena, seen);
    json_decref(seen);
    return NULL;
}
