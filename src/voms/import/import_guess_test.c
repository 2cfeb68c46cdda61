#include "tests/unit/test.h"
#include "voms/import/import_internal.h"

static const CustomField FIELDS[] = {
    {.key = "shoe_size", .title_zh = "鞋码", .title_en = "Shoe size"},
    {.key = "phone2", .title_zh = "手机号码", .title_en = "Second phone"},
};

TEST(import_guess, knows_headers_as_people_write_them)
{
    static const struct {
        const char *header;
        const char *field; /* NULL: none */
    } ROWS[] = {
        {"姓名", "name"},
        {"* 姓名（必填）", "name"},
        {"姓 名", "name"},
        {"姓名：", "name"},
        {"姓\n名", "name"},
        {"Name", "name"},
        {"FULL NAME", "name"},
        {"full-name", "name"},
        {"full_name", "name"},
        {"name", "name"},
        {"身份证号", "id_number"},
        {"身份证号码[18位]", "id_number"},
        {"birth_date", "birth_date"},
        {"出生年月", "birth_date"},
        {"联系电话", "phone"},
        {"E-mail", "email"},
        {"Email", "email"},
        {"志愿者编号", "number"},
        {"与监护人关系", "guardian_relation"},
        {"所属单位", "unit"},
        {"Team", "unit"},
        {"鞋码", "custom.shoe_size"},
        {"Shoe Size (EU)", "custom.shoe_size"},
        {"shoe_size", "custom.shoe_size"},
        {"手机号码", "phone"}, /* ours come before the organisation's own */
        {"second phone", "custom.phone2"},
        {"备注", NULL},
        {"姓名拼音", NULL},
        {"", NULL},
        {" * ：", NULL},
        {"（必填）", NULL},
        {"序号", NULL},
        {"custom.shoe_size", NULL},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        const char *field = import_guess_field(arena, FIELDS, COUNT_OF(FIELDS), ROWS[i].header);
        ASSERT_STR_EQUAL(ROWS[i].field, field);
    }
}

TEST(import_guess, finds_each_field_by_its_own_titles)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (const Field *field = volunteer_import_shape.fields; field->name != NULL; field++) {
        ASSERT_STR_EQUAL(field->name, import_guess_field(arena, NULL, 0, field->zh));
        ASSERT_STR_EQUAL(field->name, import_guess_field(arena, NULL, 0, field->en));
        ASSERT_STR_EQUAL(field->name, import_guess_field(arena, NULL, 0, field->name));
    }
}

TEST(import_guess, maps_columns_to_fields_that_there_are)
{
    static const struct {
        const char *name;
        bool exists;
    } ROWS[] = {
        {"name", true},     {"unit", true},     {"number", true},      {"custom.shoe_size", true},
        {"unit_id", false}, {"custom.", false}, {"custom.hat", false}, {"shoe_size", false},
        {"consent", false}, {"", false},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT(import_field_exists(FIELDS, COUNT_OF(FIELDS), ROWS[i].name) == ROWS[i].exists);
    }
}
