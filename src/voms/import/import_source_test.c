#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/import/import_internal.h"

#define COLUMNS_MAX 8
#define ID_NUMBER "11010519491231002X"
#define OTHER_ID_NUMBER "110105194912310038"

static const CustomField SHOE_SIZE = {.key = "shoe_size", .type = CUSTOM_NUMBER};

/* A csv file in a temporary place and how it is read. */
typedef struct File {
    Arena *arena;
    ImportPlan plan;
    ImportTarget targets[COLUMNS_MAX];
    ImportBatch batch;
    ImportSource *source;
    char path[40];
} File;

static void file_done(File *file)
{
    import_source_close(file->source);
    arena_free(file->batch.arena);
    arena_free(file->arena);
    unlink(file->path);
}

/* fields are separated by spaces; "-": not mapped. */
static void set_targets(File *file, const char *fields)
{
    for (const char *at = fields; *at != '\0';) {
        size_t length = strcspn(at, " ");
        const char *name = arena_strndup(file->arena, at, length);
        ImportTarget *target = &file->targets[file->plan.target_count++];
        target->is_unit = str_equal(name, "unit");
        target->custom = str_equal(name, "custom.shoe_size") ? &SHOE_SIZE : NULL;
        target->field = shape_find(&volunteer_import_shape, name);
        at += length + (at[length] == ' ');
    }
}

static void file_init(File *file, const char *fields, const char *content)
{
    *file = (File){.arena = arena_new(), .path = "/tmp/voms-import-test.XXXXXX"};
    int fd = mkstemp(file->path);
    ASSERT(fd >= 0);
    ASSERT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    file->plan = (ImportPlan){.path = file->path,
                              .temp_dir = "/tmp",
                              .header_row = 1,
                              .targets = file->targets,
                              .custom_fields = &SHOE_SIZE,
                              .custom_count = 1,
                              .today = {2026, 1, 1}};
    set_targets(file, fields);
    ASSERT_OK(import_source_open(&file->plan, &file->source));
    file->batch = (ImportBatch){.arena = arena_new(), .source = file->source};
}

static void read_batch(File *file)
{
    import_source_read(&file->batch);
    ASSERT_OK(file->batch.err);
}

/* "field:code" of all problems of a row. */
static const char *problems_of(Arena *arena, const ImportCandidate *row)
{
    Str text;
    str_init(&text, arena);
    VEC_FOREACH (const ImportProblem, problem, &row->problems) {
        str_printf(&text, "%s%s:%s", text.length == 0 ? "" : " ",
                   problem->field == NULL ? "" : problem->field, problem->code);
    }
    return str_text(&text);
}

TEST(import_source, reads_cells_as_forms_have_them)
{
    CLEANUP(file_done) File file;
    file_init(&file, "name gender phone birth_date unit custom.shoe_size skills",
              "a,b,c,d,e,f,g\n"
              "\" 张三丰 \",男,138 0013 8000,1990/1/2, 北队 ,43.5,急救、驾驶\n");
    read_batch(&file);
    ASSERT_INT_EQUAL(1, file.batch.count);
    ASSERT(file.batch.last);
    const ImportCandidate *row = &file.batch.rows[0];
    ASSERT_STR_EQUAL("", problems_of(file.arena, row));
    ASSERT_INT_EQUAL(2, row->row_number);
    ASSERT_STR_EQUAL("张三丰", row->draft.name);
    ASSERT_INT_EQUAL(GENDER_MALE, row->draft.gender);
    ASSERT_STR_EQUAL("+8613800138000", row->draft.phone);
    ASSERT_STR_EQUAL("1990-01-02", row->draft.birth_date);
    ASSERT_STR_EQUAL("北队", row->unit_label);
    ASSERT_STR_EQUAL("{\"shoe_size\":43.5}", row->draft.custom);
    ASSERT_INT_EQUAL(2, row->draft.skills.count);
}

TEST(import_source, takes_the_words_of_other_systems)
{
    static const struct {
        const char *cell;
        int gender; /* -1: a problem */
    } ROWS[] = {
        {"男", GENDER_MALE},
        {"女", GENDER_FEMALE},
        {"M", GENDER_MALE},
        {"Female", GENDER_FEMALE},
        {"1", GENDER_MALE},
        {"保密", GENDER_UNSPECIFIED},
        {"unknown", GENDER_UNSPECIFIED},
        {"男女", -1},
        {"|", -1},
        {"先生", -1},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(file_done) File file;
        char content[100];
        snprintf(content, sizeof(content), "a,b\n张三丰,%s\n", ROWS[i].cell);
        file_init(&file, "name gender", content);
        read_batch(&file);
        const char *problems = problems_of(file.arena, &file.batch.rows[0]);
        ASSERT_STR_EQUAL(ROWS[i].gender < 0 ? "gender:not_a_choice" : "", problems);
        ASSERT(ROWS[i].gender < 0 || file.batch.rows[0].draft.gender == ROWS[i].gender);
    }
}

TEST(import_source, names_what_is_wrong_with_a_row)
{
    static const struct {
        const char *fields;
        const char *cells;
        const char *problems;
    } ROWS[] = {
        {"name phone", ",13800138000", "name:required"},
        {"number", "V0000000012", "number:volunteer_number_invalid"},
        {"name number", ",", NULL}, /* blank rows are none */
        {"name phone", "张三丰,12", "phone:invalid_phone"},
        {"name id_number", "张三丰,110105194912310021", "id_number:id_number_checksum"},
        {"name id_number", "张三丰,1.10105E+17", "id_number:digits_lost"},
        {"name birth_date", "张三丰,2030-01-01", "birth_date:birth_date_range"},
        {"name birth_date id_number", "张三丰,1990-01-02," ID_NUMBER,
         "birth_date:birth_date_differs"},
        {"name custom.shoe_size", "张三丰,large", "custom.shoe_size:not_a_number"},
        {"name -", "张三丰,anything", ""},
        {"name guardian_name", "张三丰,张翠山", ""},
        {"name", "\"张\n三丰\"", ""},
        {"name", "'=张三丰", ""},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(file_done) File file;
        char content[200];
        snprintf(content, sizeof(content), "h\n%s\n", ROWS[i].cells);
        file_init(&file, ROWS[i].fields, content);
        read_batch(&file);
        ASSERT_INT_EQUAL(ROWS[i].problems != NULL, file.batch.count);
        if (ROWS[i].problems != NULL) {
            ASSERT_STR_EQUAL(ROWS[i].problems, problems_of(file.arena, &file.batch.rows[0]));
        }
    }
}

TEST(import_source, says_which_row_was_the_same_person)
{
    static const struct {
        const char *first;
        const char *second;
        bool same;
    } ROWS[] = {
        {"张三丰,13800138000,,", "张三丰,138-0013-8000,,", true},
        {"张三丰,13800138000,,", "李四,13800138000,,", false},
        {"张三丰,,1990-01-02,", "张三丰,,1990/1/2,", true},
        {"张三丰,,1990-01-02,", "张三丰,,1990-01-03,", false},
        {"张三丰,,,", "张三丰,,,", false}, /* nothing to tell them apart by */
        {"张三丰,,," ID_NUMBER, "李四,,," ID_NUMBER, true},
        {"张三丰,13800138000,," ID_NUMBER, "张三丰,13800138000,," OTHER_ID_NUMBER, false},
        {"张三丰,13800138000,," ID_NUMBER, "张三丰,13800138000,,", true},
        {"张三丰,13800138000,,", "张三丰,13800138000,," ID_NUMBER, true},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(file_done) File file;
        char content[200];
        snprintf(content, sizeof(content), "a,b,c,d\n%s\n%s\n", ROWS[i].first, ROWS[i].second);
        file_init(&file, "name phone birth_date id_number", content);
        read_batch(&file);
        ASSERT_INT_EQUAL(2, file.batch.count);
        const ImportCandidate *row = &file.batch.rows[1];
        ASSERT_STR_EQUAL(ROWS[i].same ? ":duplicate_in_file" : "", problems_of(file.arena, row));
        if (ROWS[i].same) {
            ASSERT_STR_EQUAL("2", row->problems.items[0].param);
        }
    }
}

TEST(import_source, remembers_people_over_all_batches)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    CLEANUP(file_done) File file;
    Str content;
    str_init(&content, arena);
    str_append(&content, "a,b\n");
    for (int i = 0; i < 2 * IMPORT_BATCH_ROWS; i++) {
        str_printf(&content, "人%d,1380013%04d\n", i, i);
    }
    str_append(&content, "人0,13800130000\n");
    file_init(&file, "name phone", str_text(&content));
    for (int i = 0; i < 2; i++) {
        read_batch(&file);
        ASSERT_INT_EQUAL(IMPORT_BATCH_ROWS, file.batch.count);
        ASSERT(!file.batch.last);
        for (size_t k = 0; k < file.batch.count; k++) {
            ASSERT_INT_EQUAL(0, file.batch.rows[k].problems.count);
        }
    }
    read_batch(&file);
    ASSERT_INT_EQUAL(1, file.batch.count);
    ASSERT(file.batch.last);
    ASSERT_STR_EQUAL(":duplicate_in_file", problems_of(arena, &file.batch.rows[0]));
}

TEST(import_source, makes_a_guardian_of_its_columns)
{
    CLEANUP(file_done) File file;
    file_init(&file, "name guardian_name guardian_phone guardian_relation",
              "a,b,c,d\n张三丰,张翠山,13800138000,父亲\n李四,李父,13800138001,\n王五,王父,,父亲\n");
    read_batch(&file);
    const ImportCandidate *rows = file.batch.rows;
    ASSERT_STR_EQUAL("张翠山", rows[0].draft.guardian->name);
    ASSERT_STR_EQUAL("父亲", rows[0].draft.guardian->relation);
    ASSERT_STR_EQUAL("+8613800138000", rows[0].draft.guardian->phone);
    ASSERT_STR_EQUAL("监护人", rows[1].draft.guardian->relation);
    ASSERT(rows[2].draft.guardian == NULL);
}

TEST(import_source, bounds_the_problems_of_one_row)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ImportCandidate row = {};
    for (int i = 0; i < 200; i++) {
        import_add_problem(arena, &row, i, "name", "required", NULL);
    }
    ASSERT_INT_EQUAL(100, row.problems.count);
}

TEST(import_source, tells_of_a_file_that_is_none)
{
    CLEANUP(file_done) File file = {.arena = arena_new(), .batch = {.arena = arena_new()}};
    file.plan = (ImportPlan){.path = "/tmp/voms-there-is-no-such-file", .temp_dir = "/tmp"};
    ASSERT_ERR(ERR_INTERNAL, import_source_open(&file.plan, &file.source));
}
