/* Cells of imports and exports: values as people write them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http.h"
#include "http/shape_internal.h"

/* ---- Reading ---- */

/* "2026-1-2", "2026/01/02", "2026.1.2", "20260102", "2026年1月2日" and the same with a time of day
 * behind, as spreadsheets add it. */
static bool parse_date_cell(const char *cell, Date *ret_date)
{
    static const char *const formats[] = {"%4d-%2d-%2d%n", "%4d/%2d/%2d%n", "%4d.%2d.%2d%n",
                                          "%4d年%2d月%2d日%n", "%4d%2d%2d%n"};
    char text[TIME_TEXT_SIZE];
    Date date;

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        int used = 0;
        if (sscanf(cell, formats[i], &date.year, &date.month, &date.day, &used) == 3 && used > 0 &&
            (cell[used] == '\0' || cell[used] == ' ' || cell[used] == 'T')) {
            snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month, date.day);
            return date_parse(text, ret_date);
        }
    }
    return false;
}

static bool parse_bool_cell(const char *cell, bool *ret_value)
{
    static const char *const yes[] = {"true", "yes", "y", "1", "是", "有", "对", "√", NULL};
    static const char *const no[] = {"false", "no", "n", "0", "否", "无", "没有", "×", NULL};

    for (int i = 0; yes[i] != NULL; i++) {
        if (strcasecmp(cell, yes[i]) == 0) {
            *ret_value = true;
            return true;
        }
    }
    for (int i = 0; no[i] != NULL; i++) {
        if (strcasecmp(cell, no[i]) == 0) {
            *ret_value = false;
            return true;
        }
    }
    return false;
}

/* A choice by its name or, in either language, by its title (message "choice.<name>"). */
static const char *find_choice(Arena *arena, const Field *field, const char *cell)
{
    for (int i = 0; field->choices[i] != NULL; i++) {
        const char *name = field->choices[i];
        const char *code = arena_printf(arena, "choice.%s", name);
        if (strcasecmp(cell, name) == 0 ||
            strcasecmp(cell, message_format(arena, LANGUAGE_ZH, code, NULL)) == 0 ||
            strcasecmp(cell, message_format(arena, LANGUAGE_EN, code, NULL)) == 0) {
            return name;
        }
    }
    return cell;
}

/* Length of the list separator that text begins with: comma, semicolon, bar, slash, their
 * full-width forms, and the Chinese enumeration comma. */
static size_t separator_length(const char *text)
{
    static const char *const wide[] = {"，", "；", "、", "｜"};

    if (strchr(",;|/", *text) != NULL && *text != '\0') {
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(wide); i++) {
        if (str_starts_with(text, wide[i])) {
            return strlen(wide[i]);
        }
    }
    return 0;
}

static json_t *list_from_cell(Arena *arena, const char *cell)
{
    json_t *list = json_array();
    const char *start = cell;

    for (const char *at = cell;; at++) {
        size_t separator = separator_length(at);
        if (separator == 0 && *at != '\0') {
            continue;
        }
        char *item = str_trim(arena, arena_strndup(arena, start, (size_t)(at - start)));
        if (item[0] != '\0') {
            json_array_append_new(list, json_string(item));
        }
        if (*at == '\0') {
            return list;
        }
        start = at + separator;
        at = start - 1;
    }
}

static json_t *number_from_cell(const Field *field, const char *cell)
{
    int64_t integer = 0;
    char *end = NULL;

    if (str_parse_int64(cell, &integer)) {
        return json_integer(integer);
    }
    double real = strtod(cell, &end);
    bool is_decimal = cell[strspn(cell, "0123456789+-.eE")] == '\0';
    if (*end != '\0' || end == cell || !is_decimal || !isfinite(real)) {
        return json_string(cell);
    }
    /* Spreadsheets write whole numbers as "12.0". */
    if (field->type != FIELD_REAL && fabs(real) <= (double)SHAPE_ID_MAX && real == trunc(real)) {
        return json_integer((int64_t)real);
    }
    return json_real(real);
}

static json_t *json_from_cell(Arena *arena, const Field *field, const char *cell)
{
    Date date;
    bool flag = false;

    switch (field->type) {
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_REAL:
        return number_from_cell(field, cell);
    case FIELD_BOOL:
        return parse_bool_cell(cell, &flag) ? json_boolean(flag) : json_string(cell);
    case FIELD_DATE:
        return json_string(parse_date_cell(cell, &date) ? date_format(arena, date) : cell);
    case FIELD_CHOICE:
        return json_string(find_choice(arena, field, cell));
    case FIELD_TEXT_LIST:
        return list_from_cell(arena, cell);
    default:
        return json_string(cell);
    }
}

static void release_json(void *json)
{
    json_decref(json);
}

Err *shape_decode_cell(Arena *arena, const Field *field, const char *cell, void *object)
{
    Err *err = NULL;
    const char *text = cell == NULL ? "" : cell;

    if (!str_is_clean_utf8(text, strlen(text))) {
        err_add_field(arena, &err, field->name, "bad_characters", NULL);
        return err;
    }
    text = str_trim(arena, text);
    if (text[0] == '\0') {
        return shape_decode_value(arena, field, json_null(), object);
    }
    json_t *json = json_from_cell(arena, field, text);
    arena_defer(arena, release_json, json);
    return shape_decode_value(arena, field, json, object);
}

/* ---- Writing ---- */

static const char *join_list(Arena *arena, const TextList *list)
{
    Str text;

    str_init(&text, arena);
    for (size_t i = 0; i < list->count; i++) {
        str_append(&text, i == 0 ? "" : "; ");
        str_append(&text, list->items[i]);
    }
    return str_text(&text);
}

static const char *number_text(Arena *arena, const Field *field, const void *member)
{
    if (field->type == FIELD_REAL) {
        return arena_printf(arena, "%.15g", *(const double *)member);
    }
    return arena_printf(arena, "%" PRId64, *(const int64_t *)member);
}

static const char *encoded_text(Arena *arena, const Field *field, const void *object,
                                const ShapeView *view)
{
    JsonWriter writer;
    Str text;

    str_init(&text, arena);
    json_writer_init(&writer, &text);
    shape_encode_field(arena, &writer, field, object, view);
    return str_text(&text);
}

static const char *masked_text(Arena *arena, const Field *field, const void *member,
                               const ShapeView *view)
{
    const char *value = *(const char *const *)member;

    return shape_is_revealed(field, view) ? value : field->mask(arena, value);
}

const char *shape_cell(Arena *arena, const Field *field, const void *object, const ShapeView *view)
{
    const void *member = (const char *)object + field->offset;

    if (!shape_is_visible(field, view) || shape_is_empty(field, member)) {
        return "";
    }
    switch (field->type) {
    case FIELD_INT:
    case FIELD_ID:
    case FIELD_REAL:
        return number_text(arena, field, member);
    case FIELD_BOOL:
        return *(const bool *)member ? "true" : "false";
    case FIELD_TIME:
        return time_format(arena, *(const TimeMs *)member);
    case FIELD_CHOICE:
        return choice_name(field->choices, *(const int *)member);
    case FIELD_TEXT_LIST:
        return join_list(arena, member);
    case FIELD_TEXT:
    case FIELD_LONG_TEXT:
    case FIELD_DATE:
        return masked_text(arena, field, member, view);
    default:
        return encoded_text(arena, field, object, view);
    }
}
