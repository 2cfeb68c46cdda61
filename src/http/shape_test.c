#include "http/shape.h"

#include <string.h>

#include "tests/unit/test.h"

typedef struct Contact {
    const char *name;
    const char *phone;
} Contact;

typedef struct Person {
    int64_t id;
    const char *name;
    const char *note;
    int64_t age;
    double weight;
    bool active;
    TimeMs created_at;
    const char *birth_date;
    int gender;
    TextList skills;
    Contact *guardian;
    ObjectList contacts;
    const char *custom;
    Secret password;
    const char *phone;
    const char *health;
    int64_t version;
} Person;

static const char *const genders[] = {"unspecified", "male", "female", NULL};

static const char *check_phone(Arena *arena, const char *value, const char **ret_normalized)
{
    if (value[0] != '1') {
        return "bad_phone";
    }
    *ret_normalized = arena_printf(arena, "+86%s", value);
    return NULL;
}

static const char *mask_phone(Arena *arena, const char *value)
{
    return arena_printf(arena, "%.3s****", value);
}

static const Field contact_fields[] = {
    FIELD(Contact, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .max = 5),
    FIELD(Contact, phone, FIELD_TEXT),
    {},
};
static const Shape contact_shape = SHAPE(Contact, contact_fields);

static const Field person_fields[] = {
    FIELD(Person, id, FIELD_ID, .flags = FIELD_READ_ONLY),
    FIELD(Person, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 8),
    FIELD(Person, note, FIELD_LONG_TEXT, .flags = FIELD_OMIT_EMPTY),
    FIELD(Person, age, FIELD_INT, .min = 0, .max = 150),
    FIELD(Person, weight, FIELD_REAL, .flags = FIELD_NO_COLUMN),
    FIELD(Person, active, FIELD_BOOL),
    FIELD(Person, created_at, FIELD_TIME),
    FIELD(Person, birth_date, FIELD_DATE),
    FIELD(Person, gender, FIELD_CHOICE, .choices = genders),
    FIELD(Person, skills, FIELD_TEXT_LIST, .max = 3, .item_max = 4),
    FIELD(Person, guardian, FIELD_OBJECT, .shape = &contact_shape),
    FIELD(Person, contacts, FIELD_OBJECT_LIST, .max = 2, .shape = &contact_shape),
    FIELD(Person, custom, FIELD_JSON, .max = 20),
    FIELD(Person, password, FIELD_SECRET, .min = 3),
    FIELD(Person, phone, FIELD_TEXT, .check = check_phone, .mask = mask_phone),
    FIELD(Person, health, FIELD_TEXT, .see = "volunteer:sensitive"),
    FIELD(Person, version, FIELD_INT, .flags = FIELD_READ_ONLY | FIELD_OMIT_EMPTY),
    {},
};
static const Shape person_shape = SHAPE(Person, person_fields);

static Err *decode(Arena *arena, const char *text, Person *person)
{
    return shape_decode_text(arena, (Slice){text, strlen(text)}, &person_shape, person);
}

TEST(shape, decodes_every_type)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Person person = {};

    ASSERT_OK(
        decode(arena,
               "{\"name\":\" 张三 \",\"note\":\"a\\nb\",\"age\":30,\"weight\":60.5,"
               "\"active\":true,\"created_at\":\"2026-01-02T03:04:05.678Z\","
               "\"birth_date\":\"2000-02-29\",\"gender\":\"female\",\"skills\":[\"急救\",\"x\"],"
               "\"guardian\":{\"name\":\"李\"},\"contacts\":[{\"name\":\"A\"},"
               "{\"name\":\"B\",\"phone\":\"2\"}],\"custom\":{\"b\":1,\"a\":[2]},"
               "\"password\":\" pw \",\"phone\":\"138\"}",
               &person));
    ASSERT_STR_EQUAL("张三", person.name);
    ASSERT_STR_EQUAL("a\nb", person.note);
    ASSERT(person.age == 30 && person.weight == 60.5 && person.active);
    ASSERT_INT_EQUAL(1767323045678, person.created_at);
    ASSERT_STR_EQUAL("2000-02-29", person.birth_date);
    ASSERT_INT_EQUAL(2, person.gender);
    ASSERT_INT_EQUAL(2, person.skills.count);
    ASSERT_STR_EQUAL("急救", person.skills.items[0]);
    ASSERT_STR_EQUAL("李", person.guardian->name);
    ASSERT_INT_EQUAL(2, person.contacts.count);
    ASSERT_STR_EQUAL("B", ((Contact *)person.contacts.items)[1].name);
    ASSERT_STR_EQUAL("{\"a\":[2],\"b\":1}", person.custom);
    ASSERT_STR_EQUAL(" pw ", person.password.reveal);
    ASSERT_STR_EQUAL("+86138", person.phone);
}

typedef struct BrokenRow {
    const char *json; /* members beside a good name; a name of its own begins with "name" */
    const char *field;
    const char *code;
    const char *param;
} BrokenRow;

TEST(shape, names_what_is_broken)
{
    static const BrokenRow rows[] = {
        {"\"age\":151", "age", "too_large", "150"},
        {"\"age\":-1", "age", "too_small", "0"},
        {"\"age\":1.5", "age", "wrong_type", "integer"},
        {"\"age\":\"1\"", "age", "wrong_type", "integer"},
        {"\"active\":1", "active", "wrong_type", "boolean"},
        {"\"created_at\":\"yesterday\"", "created_at", "bad_time", NULL},
        {"\"birth_date\":\"2001-02-29\"", "birth_date", "bad_date", NULL},
        {"\"gender\":\"other\"", "gender", "not_a_choice", "unspecified, male, female"},
        {"\"skills\":[\"a\",\"b\",\"c\",\"d\"]", "skills", "too_many", "3"},
        {"\"skills\":[\"a\",5]", "skills[1]", "wrong_type", "string"},
        {"\"skills\":[\"abcde\"]", "skills[0]", "too_long", "4"},
        {"\"skills\":[\"\"]", "skills[0]", "required", NULL},
        {"\"guardian\":{}", "guardian.name", "required", NULL},
        {"\"guardian\":[]", "guardian", "wrong_type", "object"},
        {"\"contacts\":[{\"name\":\"A\"},{\"name\":\"toolong\"}]", "contacts[1].name", "too_long",
         "5"},
        {"\"contacts\":[1]", "contacts[0]", "wrong_type", "object"},
        {"\"custom\":\"aaaaaaaaaaaaaaaaaaaaaaaaa\"", "custom", "too_long", "20"},
        {"\"password\":\"ab\"", "password", "too_short", "3"},
        {"\"phone\":\"238\"", "phone", "bad_phone", NULL},
        {"\"nmae\":1", "nmae", "unknown_field", NULL},
        {"\"guardian\":{\"name\":\"A\",\"x\":1}", "guardian.x", "unknown_field", NULL},
        {"\"id\":5", "id", "read_only", NULL},
        {"\"note\":\"a\\u0007\"", "note", "bad_characters", NULL},
        {"\"phone\":\"1\\n\"", NULL, NULL, NULL}, /* trimmed */
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Person person = {};
        Err *err = decode(arena, arena_printf(arena, "{\"name\":\"n\",%s}", rows[i].json), &person);
        if (rows[i].field == NULL) {
            ASSERT_OK(err);
            continue;
        }
        ASSERT_ERR(ERR_INVALID, err);
        ASSERT_STR_EQUAL(rows[i].field, err->fields->field);
        ASSERT_STR_EQUAL(rows[i].code, err->fields->code);
        ASSERT_STR_EQUAL(rows[i].param, err->fields->param);
        ASSERT(err->fields->next == NULL);
    }
}

TEST(shape, required_text_may_not_be_blank)
{
    static const char *const texts[] = {"{}", "{\"name\":null}", "{\"name\":\"\"}",
                                        "{\"name\":\" \\u3000\"}"};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Person person = {};
        Err *err = decode(arena, texts[i], &person);
        ASSERT_ERR(ERR_INVALID, err);
        ASSERT_STR_EQUAL("required", err->fields->code);
    }
}

TEST(shape, collects_all_that_is_broken)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Person person = {};
    Err *err = decode(arena, "{\"age\":999,\"x\":1,\"gender\":\"?\"}", &person);
    int count = 0;

    ASSERT_ERR(ERR_INVALID, err);
    for (const ErrField *field = err->fields; field != NULL; field = field->next) {
        count++;
    }
    ASSERT_INT_EQUAL(4, count); /* age, gender, x, and name is missing */
}

TEST(shape, is_read_from_objects_only)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Person person = {};

    ASSERT_ERR(ERR_MALFORMED, decode(arena, "[]", &person));
    ASSERT_ERR(ERR_MALFORMED, decode(arena, "\"a\"", &person));
    ASSERT_ERR(ERR_MALFORMED, decode(arena, "{", &person));
    ASSERT_ERR(ERR_MALFORMED, decode(arena, "", &person));
}

TEST(shape, patch_changes_what_is_present)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Contact guardian = {.name = "old", .phone = "1"};
    Person person = {.name = "n", .note = "keep", .age = 5, .phone = "p", .guardian = &guardian};
    TextList changed = {};
    json_t *json = NULL;
    const char *text = "{\"age\":6,\"phone\":null,\"guardian\":{\"phone\":\"2\"}}";

    ASSERT_OK(json_parse(arena, text, strlen(text), &json));
    ASSERT_OK(shape_decode_patch(arena, json, &person_shape, &person, &changed));
    ASSERT(person.age == 6 && person.phone == NULL);
    ASSERT_STR_EQUAL("keep", person.note);
    ASSERT_STR_EQUAL("old", person.guardian->name);
    ASSERT_STR_EQUAL("2", person.guardian->phone);
    ASSERT_INT_EQUAL(3, changed.count);
    ASSERT_STR_EQUAL("age", changed.items[0]);

    ASSERT_OK(json_parse(arena, "{\"name\":null}", 13, &json));
    ASSERT_ERR(ERR_INVALID, shape_decode_patch(arena, json, &person_shape, &person, NULL));
}

/* ---- Encoding ---- */

static const char *encode(Arena *arena, const Person *person, const ShapeView *view)
{
    JsonWriter writer;
    Str text;

    str_init(&text, arena);
    json_writer_init(&writer, &text);
    shape_encode(arena, &writer, &person_shape, person, view);
    return str_text(&text);
}

static bool may_see(void *arg, const char *permission)
{
    return str_equal(arg, permission);
}

static const Person sample = {
    .id = 7, .name = "n", .age = 5, .active = true, .phone = "13812345678", .health = "asthma"};

TEST(shape, encodes_masked_and_without_what_may_not_be_seen)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();

    ASSERT_STR_EQUAL("{\"id\":7,\"name\":\"n\",\"age\":5,\"weight\":0,\"active\":true,"
                     "\"created_at\":null,\"birth_date\":null,\"gender\":\"unspecified\","
                     "\"skills\":[],\"guardian\":null,\"contacts\":[],\"custom\":null,"
                     "\"phone\":\"138****\",\"version\":0}",
                     encode(arena, &sample, NULL));
}

TEST(shape, reveals_by_view)
{
    static const char *const reveal[] = {"phone", NULL};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    char permission[] = "volunteer:sensitive";
    const ShapeView view = {.may_see = may_see, .arg = permission, .reveal = reveal};
    const ShapeView all = {.reveal_all = true};

    ASSERT(strstr(encode(arena, &sample, &view), "\"phone\":\"13812345678\"") != NULL);
    ASSERT(strstr(encode(arena, &sample, &view), "\"health\":\"asthma\"") != NULL);
    ASSERT(strstr(encode(arena, &sample, &all), "\"phone\":\"13812345678\"") != NULL);
    ASSERT(strstr(encode(arena, &sample, &all), "health") == NULL);
}

TEST(shape, difference_names_masked_changes)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Person after = sample;

    after.phone = "13899999999";
    after.age = 6;
    ASSERT_STR_EQUAL("{\"age\":{\"before\":5,\"after\":6},"
                     "\"phone\":{\"before\":\"138****\",\"after\":\"138****\"}}",
                     shape_diff(arena, &person_shape, &sample, &after, NULL));
    ASSERT_STR_EQUAL("{}", shape_diff(arena, &person_shape, &sample, &sample, NULL));
    ASSERT(strstr(shape_diff(arena, &person_shape, NULL, &sample, NULL),
                  "\"name\":{\"before\":null,\"after\":\"n\"}") != NULL);
}

/* ---- Rows ---- */

#define TEXT_VALUE(value)                                                                          \
    {                                                                                              \
        .type = SQL_TEXT, .text = (value), .length = sizeof(value) - 1                             \
    }

TEST(shape, is_filled_from_a_row)
{
    static const char *const columns[] = {"name",   "id",     "active",     "created_at",
                                          "skills", "gender", "birth_date", "guardian",
                                          "age",    "other"};
    const SqlValue values[] = {TEXT_VALUE("n"),
                               {.type = SQL_INT, .integer = 7},
                               {.type = SQL_INT, .integer = 1},
                               {.type = SQL_TIME, .integer = 1000},
                               TEXT_VALUE("[\"a\",\"b\"]"),
                               TEXT_VALUE("male"),
                               TEXT_VALUE("2000-01-02"),
                               TEXT_VALUE("{\"name\":\"G\"}"),
                               {.type = SQL_NULL},
                               {.type = SQL_NULL}};
    const StoreRows rows = {
        .count = 1, .column_count = COUNT_OF(columns), .columns = columns, .values = values};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ObjectList list = shape_from_rows(arena, &person_shape, &rows);
    const Person *person = list.items;

    ASSERT_INT_EQUAL(1, list.count);
    ASSERT_STR_EQUAL("n", person->name);
    ASSERT(person->id == 7 && person->active && person->created_at == 1000 && person->age == 0);
    ASSERT_INT_EQUAL(2, person->skills.count);
    ASSERT_STR_EQUAL("b", person->skills.items[1]);
    ASSERT_INT_EQUAL(1, person->gender);
    ASSERT_STR_EQUAL("2000-01-02", person->birth_date);
    ASSERT_STR_EQUAL("G", person->guardian->name);
}

TEST(shape, gives_parameters)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *skills[] = {"a", "b"};
    Person person = {.name = "n", .gender = 2, .skills = {skills, 2}, .active = true};
    SqlValue value = shape_sql_value(arena, shape_find(&person_shape, "gender"), &person);

    ASSERT_STR_EQUAL("female", value.text);
    value = shape_sql_value(arena, shape_find(&person_shape, "skills"), &person);
    ASSERT_STR_EQUAL("[\"a\",\"b\"]", value.text);
    value = shape_sql_value(arena, shape_find(&person_shape, "birth_date"), &person);
    ASSERT(value.type == SQL_NULL);
    value = shape_sql_value(arena, shape_find(&person_shape, "created_at"), &person);
    ASSERT(value.type == SQL_NULL);
    value = shape_sql_value(arena, shape_find(&person_shape, "active"), &person);
    ASSERT(value.type == SQL_BOOL && value.integer == 1);
}

/* ---- Cells ---- */

typedef struct CellRow {
    const char *field;
    const char *cell;
    const char *text; /* as an export writes it; NULL: refused */
} CellRow;

TEST(shape, reads_cells_as_people_write_them)
{
    static const CellRow rows[] = {
        {"name", " 张三 ", "张三"},
        {"name", "", NULL},
        {"name", "much too long", NULL},
        {"age", "30", "30"},
        {"age", "30.0", "30"},
        {"age", "30.5", NULL},
        {"age", "thirty", NULL},
        {"age", "0x10", NULL},
        {"age", "1e300", NULL},
        {"age", "1e999", NULL},
        {"age", "", "0"},
        {"weight", "60.5", "60.5"},
        {"active", "是", "true"},
        {"active", "No", "false"},
        {"active", "perhaps", NULL},
        {"birth_date", "2000-1-2", "2000-01-02"},
        {"birth_date", "2000/01/02", "2000-01-02"},
        {"birth_date", "2000年1月2日", "2000-01-02"},
        {"birth_date", "20000102", "2000-01-02"},
        {"birth_date", "2000-01-02 00:00:00", "2000-01-02"},
        {"birth_date", "2001-02-29", NULL},
        {"birth_date", "3/4/2000", NULL},
        {"gender", "male", "male"},
        {"gender", "?", NULL},
        {"skills", "a、b；c", "a; b; c"},
        {"skills", "a,,b", "a; b"},
        {"skills", "a,b,c,d", NULL},
        {"phone", "13812345678", "+86****"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        const Field *field = shape_find(&person_shape, rows[i].field);
        Person person = {};
        Err *err = shape_decode_cell(arena, field, rows[i].cell, &person);
        if (rows[i].text == NULL) {
            ASSERT_ERR(ERR_INVALID, err);
            ASSERT_STR_EQUAL(rows[i].field,
                             err->fields->field[0] == 's' ? "skills" : err->fields->field);
        } else {
            ASSERT_OK(err);
            ASSERT_STR_EQUAL(rows[i].text, shape_cell(arena, field, &person, NULL));
        }
    }
}
