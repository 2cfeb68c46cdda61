#include <string.h>

#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/custom_field/custom_field.h"

static const char *OPTIONS[] = {"S", "M", "L"};

TEST(custom_field, values_are_checked_by_type)
{
    static const struct {
        CustomFieldType type;
        const char *json;
        const char *code;
    } ROWS[] = {
        {CUSTOM_TEXT, "[\"a\"]", NULL},
        {CUSTOM_TEXT, "[1]", "not_a_text"},
        {CUSTOM_NUMBER, "[1.5]", NULL},
        {CUSTOM_NUMBER, "[\"1\"]", "not_a_number"},
        {CUSTOM_BOOLEAN, "[true]", NULL},
        {CUSTOM_BOOLEAN, "[0]", "not_a_boolean"},
        {CUSTOM_DATE, "[\"2024-02-29\"]", NULL},
        {CUSTOM_DATE, "[\"2023-02-29\"]", "not_a_date"},
        {CUSTOM_CHOICE, "[\"M\"]", NULL},
        {CUSTOM_CHOICE, "[\"XL\"]", "not_a_choice"},
        {CUSTOM_MULTI_CHOICE, "[[\"S\",\"L\"]]", NULL},
        {CUSTOM_MULTI_CHOICE, "[[]]", NULL},
        {CUSTOM_MULTI_CHOICE, "[[\"S\",\"S\"]]", "not_unique"},
        {CUSTOM_MULTI_CHOICE, "[\"S\"]", "not_a_list"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        json_t *json = NULL;
        ASSERT_OK(json_parse(arena, ROWS[i].json, strlen(ROWS[i].json), &json));
        CustomField field = {.type = (int)ROWS[i].type, .options = {.items = OPTIONS, .count = 3}};
        ASSERT_STR_EQUAL(ROWS[i].code, custom_field_check_value(&field, json_array_get(json, 0)));
    }
}

TEST(custom_field, cells_are_read_by_type)
{
    static const struct {
        CustomFieldType type;
        const char *cell;
        const char *expected; /* NULL: refused */
    } ROWS[] = {
        {CUSTOM_TEXT, " a ", "[\"a\"]"},
        {CUSTOM_NUMBER, "12", "[12]"},
        {CUSTOM_NUMBER, "twelve", NULL},
        {CUSTOM_BOOLEAN, "是", "[true]"},
        {CUSTOM_BOOLEAN, "否", "[false]"},
        {CUSTOM_BOOLEAN, "maybe", NULL},
        {CUSTOM_DATE, "2026/1/2", "[\"2026-01-02\"]"},
        {CUSTOM_DATE, "2026-13-02", NULL},
        {CUSTOM_CHOICE, "M", "[\"M\"]"},
        {CUSTOM_MULTI_CHOICE, "S、L", "[[\"S\",\"L\"]]"},
        {CUSTOM_MULTI_CHOICE, "S, M;L", "[[\"S\",\"M\",\"L\"]]"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CustomField field = {.type = (int)ROWS[i].type, .options = {.items = OPTIONS, .count = 3}};
        json_t *value = NULL;
        const char *code = custom_field_read_cell(arena, &field, ROWS[i].cell, &value);
        ASSERT_INT_EQUAL(ROWS[i].expected == NULL, code != NULL);
        if (code == NULL) {
            json_t *list = json_pack("[o]", value);
            ASSERT_STR_EQUAL(ROWS[i].expected, json_text(arena, list));
            json_decref(list);
        }
    }
}
