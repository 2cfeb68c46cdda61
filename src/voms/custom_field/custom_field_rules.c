/* What a value of a custom field may be: no I/O. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "voms/custom_field/custom_field.h"

#define TEXT_MAX 2000

static bool is_option(const CustomField *field, const char *text)
{
    for (size_t i = 0; text != NULL && i < field->options.count; i++) {
        if (str_equal(field->options.items[i], text)) {
            return true;
        }
    }
    return false;
}

static const char *check_text(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL) {
        return "not_a_text";
    }
    if (!str_is_clean_utf8(text, json_string_length(value))) {
        return "not_text";
    }
    return str_utf8_length(text) > TEXT_MAX ? "too_long" : NULL;
}

static const char *check_many(const CustomField *field, const json_t *value)
{
    if (!json_is_array(value) || json_array_size(value) > field->options.count) {
        return "not_a_list";
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!is_option(field, json_string_value(json_array_get(value, i)))) {
            return "not_a_choice";
        }
        for (size_t k = 0; k < i; k++) {
            if (json_equal(json_array_get(value, i), json_array_get(value, k))) {
                return "not_unique";
            }
        }
    }
    return NULL;
}

const char *custom_field_check_value(const CustomField *field, const json_t *value)
{
    Date date;
    switch ((CustomFieldType)field->type) {
    case CUSTOM_TEXT:
        return check_text(value);
    case CUSTOM_NUMBER:
        return json_is_number(value) && isfinite(json_number_value(value)) ? NULL : "not_a_number";
    case CUSTOM_BOOLEAN:
        return json_is_boolean(value) ? NULL : "not_a_boolean";
    case CUSTOM_DATE:
        return json_is_string(value) && date_parse(json_string_value(value), &date) ? NULL
                                                                                    : "not_a_date";
    case CUSTOM_CHOICE:
        return is_option(field, json_string_value(value)) ? NULL : "not_a_choice";
    case CUSTOM_MULTI_CHOICE:
        return check_many(field, value);
    }
    return "not_a_choice";
}

/* ---- Cells ---- */

static json_t *read_number(const char *cell)
{
    int64_t integer = 0;
    char *end = NULL;
    if (str_parse_int64(cell, &integer)) {
        return json_integer(integer);
    }
    double real = strtod(cell, &end);
    return end != cell && *end == '\0' && isfinite(real) ? json_real(real) : json_string(cell);
}

static json_t *read_boolean(const char *cell)
{
    static const char *const YES[] = {"是", "有", "true", "yes", "1", "TRUE", "Yes", NULL};
    static const char *const NO[] = {"否", "无", "false", "no", "0", "FALSE", "No", NULL};
    if (choice_index(YES, cell) >= 0) {
        return json_true();
    }
    return choice_index(NO, cell) >= 0 ? json_false() : json_string(cell);
}

/* "2026/1/2" and "2026.1.2" are dates too. */
static json_t *read_date(Arena *arena, const char *cell)
{
    int parts[3] = {};
    size_t count = 0;
    const char *at = cell;
    while (count < 3 && *at >= '0' && *at <= '9') {
        char *end = NULL;
        long part = strtol(at, &end, 10);
        parts[count++] = part > 9999 ? 0 : (int)part;
        at = end + (*end != '\0' && strchr("-/.", *end) != NULL);
    }
    if (count != 3 || *at != '\0') {
        return json_string(cell);
    }
    return json_string(arena_printf(arena, "%04d-%02d-%02d", parts[0], parts[1], parts[2]));
}

static json_t *read_list(Arena *arena, const char *cell)
{
    json_t *list = json_array();
    const char *start = cell;
    for (const char *at = cell;; at++) {
        size_t wide =
            str_starts_with(at, "、") || str_starts_with(at, "；") || str_starts_with(at, "，")
                ? strlen("、")
                : 0;
        bool ends = *at == '\0' || wide > 0 || strchr(",;|", *at) != NULL;
        if (!ends) {
            continue;
        }
        const char *item = str_trim(arena, arena_strndup(arena, start, (size_t)(at - start)));
        if (item[0] != '\0') {
            json_array_append_new(list, json_string(item));
        }
        if (*at == '\0') {
            return list;
        }
        start = at + (wide > 0 ? wide : 1);
        at = start - 1;
    }
}

const char *custom_field_read_cell(Arena *arena, const CustomField *field, const char *cell,
                                   json_t **ret_value)
{
    const char *text = str_trim(arena, cell);
    json_t *value = NULL;
    switch ((CustomFieldType)field->type) {
    case CUSTOM_NUMBER:
        value = read_number(text);
        break;
    case CUSTOM_BOOLEAN:
        value = read_boolean(text);
        break;
    case CUSTOM_DATE:
        value = read_date(arena, text);
        break;
    case CUSTOM_MULTI_CHOICE:
        value = read_list(arena, text);
        break;
    case CUSTOM_TEXT:
    case CUSTOM_CHOICE:
        value = json_string(text);
        break;
    }
    const char *code = custom_field_check_value(field, value);
    if (code != NULL) {
        json_decref(value);
        return code;
    }
    *ret_value = value;
    return NULL;
}
