/* The uploaded file, looked through once: so that what is wrong with it is said at once. */
#include <inttypes.h>
#include <string.h>

#include "voms/import/import_internal.h"

#define SAMPLES_MAX 5
#define TEXT_MAX 500    /* code points of a header or sample */
#define HEADER_SEARCH 5 /* a title or two may stand above the headers */
#define HEADER_FIELDS_MIN 2
#define LONG_DIGITS 7 /* runs of so many digits are phones and ID numbers */

SheetOptions import_sheet_options(const char *temp_dir)
{
    /* A few rows for titles above the header. */
    return (SheetOptions){.temp_dir = temp_dir,
                          .limits = {.rows_max = IMPORT_ROWS_MAX + HEADER_SEARCH,
                                     .columns_max = IMPORT_COLUMNS_MAX,
                                     .strings_memory_bytes = 4 * 1024 * 1024}};
}

/* At most TEXT_MAX characters, with the middle of long runs of digits hidden. */
static const char *sample_text(Arena *arena, const char *text)
{
    size_t length = 0;
    for (size_t points = 0; text[length] != '\0'; length++) {
        points += ((unsigned char)text[length] & 0xC0) != 0x80;
        if (points > TEXT_MAX) {
            break;
        }
    }
    char *copy = arena_strndup(arena, text, length);
    for (char *at = copy; *at != '\0';) {
        size_t run = strspn(at, "0123456789Xx");
        if (run >= LONG_DIGITS) {
            memset(at + 3, '*', run - MIN(run, (size_t)(run > 8 ? 7 : 5)));
        }
        at += MAX(run, (size_t)1);
    }
    return copy;
}

static void take_headers(Arena *arena, const SheetRow *row, ImportFile *file)
{
    file->header_row = row->number;
    file->column_count = row->count;
    file->columns = ARENA_ARRAY(arena, ImportColumn, MAX(row->count, (size_t)1));
    for (size_t i = 0; i < row->count; i++) {
        const char *header = str_trim(arena, row->cells[i].text);
        file->columns[i].index = (int64_t)i;
        file->columns[i].header = sample_text(arena, header);
        file->columns[i].samples.items = ARENA_ARRAY(arena, const char *, SAMPLES_MAX);
    }
}

static size_t known_headers(Arena *arena, const SheetRow *row)
{
    size_t known = 0;
    for (size_t i = 0; i < row->count; i++) {
        known += import_guess_field(arena, NULL, 0, row->cells[i].text) != NULL;
    }
    return known;
}

static void take_samples(Arena *arena, const SheetRow *row, ImportFile *file)
{
    for (size_t i = 0; i < MIN(row->count, file->column_count); i++) {
        TextList *samples = &file->columns[i].samples;
        if (samples->count < SAMPLES_MAX && row->cells[i].length > 0) {
            samples->items[samples->count++] = sample_text(arena, row->cells[i].text);
        }
    }
}

/* The first row is the header, unless one of the next few looks like it and those before do not. */
static void take_row(Arena *arena, const SheetRow *row, int64_t rows_seen, ImportFile *file,
                     bool *found)
{
    bool header_like =
        rows_seen < HEADER_SEARCH && !*found && known_headers(arena, row) >= HEADER_FIELDS_MIN;
    if (rows_seen == 0 || header_like) {
        take_headers(arena, row, file);
        *found = header_like;
        file->row_count = 0;
        return;
    }
    file->row_count++;
    if (file->row_count <= 4 * SAMPLES_MAX) {
        take_samples(arena, row, file);
    }
}

static Err *too_many_rows(Arena *arena)
{
    Err *err = ERR(arena, ERR_INVALID, "file_too_many_rows", "over %d rows", IMPORT_ROWS_MAX);
    err->param = arena_printf(arena, "%d", IMPORT_ROWS_MAX);
    return err;
}

Err *import_file_inspect(Arena *arena, const char *path, const char *temp_dir, ImportFile *ret_file)
{
    SheetOptions options = import_sheet_options(temp_dir);
    CLEANUP(sheet_closep) SheetReader *reader = NULL;
    ImportFile file = {};
    bool found = false;
    TRY(sheet_open(arena, &(SheetSource){.path = path}, &options, &reader));
    for (int64_t rows = 0;; rows++) {
        const SheetRow *row = NULL;
        Err *err = sheet_next(reader, &row);
        if (err != NULL) {
            return str_equal(err->code, "file_too_many_rows") ? too_many_rows(arena) : err;
        }
        if (row == NULL) {
            break;
        }
        take_row(arena, row, rows, &file, &found);
    }
    if (file.row_count == 0) {
        return ERR(arena, ERR_INVALID, "file_has_no_rows", "no rows behind the header");
    }
    if (file.row_count > IMPORT_ROWS_MAX) {
        return too_many_rows(arena);
    }
    file.info = *sheet_info(reader);
    *ret_file = file;
    return NULL;
}
