/* Rows of the file as candidates, read and checked in the thread pool.
 *
 * Whether two rows mean the same person is judged here, over the whole file: keys of all rows so
 * far are kept as 64-bit hashes. When a job goes on where it was, the rows before pass through here
 * again, so that later ones meet the same keys. */
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "voms/import/import_internal.h"

typedef struct SeenKey {
    uint64_t hash; /* 0: free */
    uint32_t row;
} __attribute__((packed)) SeenKey;

struct ImportSource {
    Arena *arena; /* of the reader and the keys */
    const ImportPlan *plan;
    SheetReader *reader;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    SeenKey *keys;
    size_t slots; /* a power of two */
    size_t used;
};

/* ---- Keys ---- */

static void put_key(SeenKey *keys, size_t slots, uint64_t hash, uint32_t row)
{
    size_t slot = (size_t)hash & (slots - 1);
    while (keys[slot].hash != 0 && keys[slot].hash != hash) {
        slot = (slot + 1) & (slots - 1);
    }
    if (keys[slot].hash == 0) {
        keys[slot] = (SeenKey){.hash = hash, .row = row};
    }
}

static void grow_keys(ImportSource *source)
{
    size_t slots = source->slots * 2;
    SeenKey *keys = ARENA_ARRAY(source->arena, SeenKey, slots);
    for (size_t i = 0; i < source->slots; i++) {
        if (source->keys[i].hash != 0) {
            put_key(keys, slots, source->keys[i].hash, source->keys[i].row);
        }
    }
    source->keys = keys;
    source->slots = slots;
}

static uint64_t hash_text(const ImportSource *source, const char *text)
{
    uint64_t hash = 0;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, strlen(text),
                     source->hash_key);
    return hash == 0 ? 1 : hash;
}

/* The row that had this key first, 0 if none. */
static uint32_t find_key(const ImportSource *source, const char *text)
{
    uint64_t hash = hash_text(source, text);
    for (size_t slot = (size_t)hash & (source->slots - 1); source->keys[slot].hash != 0;
         slot = (slot + 1) & (source->slots - 1)) {
        if (source->keys[slot].hash == hash) {
            return source->keys[slot].row;
        }
    }
    return 0;
}

static void remember_key(ImportSource *source, const char *text, int64_t row)
{
    if (source->used * 5 >= source->slots * 4) {
        grow_keys(source);
    }
    source->used++;
    put_key(source->keys, source->slots, hash_text(source, text), (uint32_t)row);
}

/* Name with phone, else name with birth date: what people without a number are told apart by. */
static const char *weak_key(Arena *arena, const VolunteerDraft *draft, bool has_id)
{
    const char *kind = has_id ? "I" : "W";
    if (draft->name == NULL) {
        return NULL;
    }
    if (draft->phone != NULL) {
        return arena_printf(arena, "%sp%s\n%s", kind, draft->name, draft->phone);
    }
    if (draft->birth_date != NULL) {
        return arena_printf(arena, "%sb%s\n%s", kind, draft->name, draft->birth_date);
    }
    return NULL;
}

static uint32_t check_key(const ImportSource *source, const char *key, uint32_t before)
{
    return before != 0 || key == NULL ? before : find_key(source, key);
}

/* Two people may share name and phone only if both show ID numbers. */
static void check_twice(ImportSource *source, Arena *arena, ImportCandidate *row)
{
    const VolunteerDraft *draft = &row->draft;
    const char *number = draft->number == NULL ? NULL : arena_printf(arena, "N%s", draft->number);
    const char *id =
        draft->id_number == NULL
            ? NULL
            : arena_printf(arena, "D%s\n%s", draft->id_document_type, draft->id_number);
    bool has_id = number != NULL || id != NULL;
    const char *weak = weak_key(arena, draft, has_id);
    uint32_t before = check_key(source, number, 0);
    before = check_key(source, id, before);
    before = check_key(source, weak_key(arena, draft, false), before);
    before = has_id ? before : check_key(source, weak_key(arena, draft, true), before);
    if (before != 0) {
        import_add_problem(arena, row, -1, NULL, "duplicate_in_file",
                           arena_printf(arena, "%" PRIu32, before));
        return;
    }
    const char *keys[] = {number, id, weak};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (keys[i] != NULL) {
            remember_key(source, keys[i], row->row_number);
        }
    }
}

/* ---- Cells ---- */

void import_add_problem(Arena *arena, ImportCandidate *row, int64_t column, const char *field,
                        const char *code, const char *param)
{
    if (row->problems.count < 100) {
        *vec_push(&row->problems, arena) =
            (ImportProblem){.column = column, .field = field, .code = code, .param = param};
    }
}

/* Words that forms and other systems use for what we call otherwise. */
static const char *translate(const Field *field, const char *text)
{
    static const struct {
        const char *field;
        const char *words;
        const char *value;
    } WORDS[] = {
        {"gender", "|男|男性|男士|m|male|1|", "male"},
        {"gender", "|女|女性|女士|f|female|2|", "female"},
        {"gender", "|未说明|未知|保密|其他|不详|unspecified|unknown|other|", "unspecified"},
        {"id_document_type", "|居民身份证|身份证|中国居民身份证|二代身份证|内地居民身份证|",
         "resident_id"},
        {"id_document_type", "|港澳居民来往内地通行证|港澳通行证|港澳居民通行证|回乡证|",
         "hk_macao_permit"},
        {"id_document_type", "|台湾居民来往大陆通行证|台胞证|台湾通行证|台湾居民通行证|",
         "taiwan_permit"},
        {"id_document_type", "|护照|passport|", "passport"},
        {"id_document_type", "|其他|其它|其他证件|other|", "other"},
    };
    char wanted[80];
    size_t length = strlen(text);
    if (length == 0 || length > sizeof(wanted) - 3) {
        return text;
    }
    wanted[0] = '|';
    for (size_t i = 0; i < length; i++) {
        char byte = text[i];
        wanted[i + 1] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
    }
    wanted[length + 1] = '|';
    wanted[length + 2] = '\0';
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strcmp(field->name, WORDS[i].field) == 0 && strstr(WORDS[i].words, wanted) != NULL) {
            return WORDS[i].value;
        }
    }
    return text;
}

static void add_field_errors(Arena *arena, ImportCandidate *row, int64_t column, const Err *err)
{
    if (err != NULL && err->fields == NULL) {
        import_add_problem(arena, row, column, NULL, err->code, err->param);
    }
    for (const ErrField *field = err == NULL ? NULL : err->fields; field != NULL;
         field = field->next) {
        import_add_problem(arena, row, column, field->field, field->code, field->param);
    }
}

static void read_custom(Arena *arena, ImportCandidate *row, int64_t column,
                        const CustomField *field, const char *text, json_t *custom)
{
    json_t *value = NULL;
    const char *code = custom_field_read_cell(arena, field, text, &value);
    if (code != NULL) {
        import_add_problem(arena, row, column, arena_printf(arena, "custom.%s", field->key), code,
                           NULL);
    } else if (value != NULL) {
        json_object_set_new(custom, field->key, value);
    }
}

static const char *target_name(Arena *arena, const ImportTarget *target)
{
    if (target->field != NULL) {
        return target->field->name;
    }
    return target->custom == NULL ? "unit" : arena_printf(arena, "custom.%s", target->custom->key);
}

/* Is the cell of use at all? Adds the problem if not. */
static bool is_readable(Arena *arena, ImportCandidate *row, int64_t column,
                        const ImportTarget *target, const SheetCell *cell)
{
    bool text_wanted = target->field != NULL && target->field->type == FIELD_TEXT;
    if (cell->kind == SHEET_CELL_ERROR) {
        import_add_problem(arena, row, column, target_name(arena, target), "cell_is_error",
                           cell->text);
        return false;
    }
    if (cell->digits_lost && text_wanted) {
        import_add_problem(arena, row, column, target_name(arena, target), "digits_lost",
                           cell->text);
        return false;
    }
    return true;
}

/* People break lines within cells (Alt+Enter); our fields are one line. */
static const char *one_line(Arena *arena, const char *text)
{
    if (text[strcspn(text, "\r\n\t")] == '\0') {
        return text;
    }
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; *at != '\0'; at++) {
        *at = *at == '\r' || *at == '\n' || *at == '\t' ? ' ' : *at;
    }
    return copy;
}

static void read_cell(Arena *arena, ImportCandidate *row, int64_t column,
                      const ImportTarget *target, const SheetCell *cell, json_t *custom)
{
    if (!is_readable(arena, row, column, target, cell)) {
        return;
    }
    const char *text = one_line(arena, csv_without_guard(cell->text));
    if (target->is_unit) {
        const char *label = str_trim(arena, text);
        row->unit_label = label[0] == '\0' ? NULL : label;
    } else if (target->custom != NULL) {
        read_custom(arena, row, column, target->custom, str_trim(arena, text), custom);
    } else {
        text = translate(target->field, str_trim(arena, text));
        add_field_errors(arena, row, column,
                         shape_decode_cell(arena, target->field, text, &row->draft));
    }
}

static const ImportTarget *target_of(const ImportPlan *plan, size_t column)
{
    if (column >= plan->target_count) {
        return NULL;
    }
    const ImportTarget *target = &plan->targets[column];
    bool mapped = target->field != NULL || target->custom != NULL || target->is_unit;
    return mapped ? target : NULL;
}

/* The column that a field came from, -1 if none. */
static int64_t column_of(const ImportPlan *plan, const char *field)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        const ImportTarget *target = &plan->targets[i];
        if (target->field != NULL && str_equal(target->field->name, field)) {
            return (int64_t)i;
        }
    }
    return -1;
}

static void check_draft(ImportSource *source, Arena *arena, ImportCandidate *row)
{
    const ImportPlan *plan = source->plan;
    VolunteerDraft *draft = &row->draft;
    VolunteerId id;
    Err *err = volunteer_rules_check(arena, plan->today, draft);
    for (const ErrField *field = err == NULL ? NULL : err->fields; field != NULL;
         field = field->next) {
        import_add_problem(arena, row, column_of(plan, field->field), field->field, field->code,
                           field->param);
    }
    if (draft->number != NULL && !volunteer_number_parse(draft->number, &id)) {
        import_add_problem(arena, row, column_of(plan, "number"), "number",
                           "volunteer_number_invalid", NULL);
    }
    if (draft->name == NULL && draft->number == NULL) {
        import_add_problem(arena, row, column_of(plan, "name"), "name", "required", NULL);
    }
    volunteer_draft_take_guardian(arena, draft);
    check_twice(source, arena, row);
    if (plan->prepares && row->problems.count == 0 && draft->name != NULL) {
        volunteer_prepare(plan->services, arena, draft);
    }
}

static void release_json(void *json)
{
    json_decref(json);
}

static void read_row(ImportSource *source, Arena *arena, const SheetRow *sheet_row,
                     ImportCandidate *row)
{
    const ImportPlan *plan = source->plan;
    json_t *custom = NULL;
    row->row_number = sheet_row->number;
    if (plan->custom_count > 0) {
        custom = json_object();
        arena_defer(arena, release_json, custom);
    }
    for (size_t i = 0; i < sheet_row->count; i++) {
        const ImportTarget *target = target_of(plan, i);
        if (target != NULL && sheet_row->cells[i].length > 0) {
            read_cell(arena, row, (int64_t)i, target, &sheet_row->cells[i], custom);
        }
    }
    if (custom != NULL && json_object_size(custom) > 0) {
        row->draft.custom = json_text(arena, custom);
    }
    check_draft(source, arena, row);
}

/* ---- The source ---- */

static Err *skip_header(ImportSource *source)
{
    const SheetRow *row = NULL;
    do {
        TRY(sheet_next(source->reader, &row));
    } while (row != NULL && row->number < source->plan->header_row);
    return NULL;
}

Err *import_source_open(const ImportPlan *plan, ImportSource **ret_source)
{
    Arena *arena = arena_new();
    ImportSource *source = ARENA_NEW(arena, ImportSource);
    SheetOptions options = import_sheet_options(plan->temp_dir);
    source->arena = arena;
    source->plan = plan;
    source->slots = 1024;
    while (source->slots < (size_t)plan->row_count * 2) {
        source->slots *= 2;
    }
    source->keys = ARENA_ARRAY(arena, SeenKey, source->slots);
    crypto_shorthash_keygen(source->hash_key);
    *ret_source = source;
    TRY(sheet_open(arena, &(SheetSource){.path = plan->path}, &options, &source->reader));
    return skip_header(source);
}

static Err *fill(ImportSource *source, ImportBatch *batch)
{
    while (batch->count < IMPORT_BATCH_ROWS) {
        const SheetRow *row = NULL;
        TRY(sheet_next(source->reader, &row));
        if (row == NULL) {
            batch->last = true;
            return NULL;
        }
        read_row(source, batch->arena, row, &batch->rows[batch->count++]);
    }
    return NULL;
}

void import_source_read(void *arg)
{
    ImportBatch *batch = arg;
    arena_reset(batch->arena);
    batch->count = 0;
    batch->last = false;
    batch->rows = ARENA_ARRAY(batch->arena, ImportCandidate, IMPORT_BATCH_ROWS);
    Err *err = fill(batch->source, batch);
    batch->err = err == NULL ? NULL : err_copy(batch->arena, err);
}

void import_source_close(ImportSource *source)
{
    if (source != NULL) {
        sheet_close(source->reader);
        arena_free(source->arena);
    }
}

void import_source_closep(ImportSource **source)
{
    import_source_close(*source);
}
