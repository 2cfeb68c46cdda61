/* sheet.c - what the file is, and rows under construction. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/sheet/sheet_internal.h"

#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)

struct SheetReader {
    Arena *arena;
    SheetInput input;
    SheetOptions options;
    SheetLimits limits;
    SheetInfo info;
    CsvReader *csv;
    XlsxReader *xlsx;
    int64_t rows;
};

/* ---- The bytes of the source ---- */

Err *sheet_input_open(Arena *arena, const SheetSource *source, SheetInput *ret_input)
{
    if (source->path == NULL) {
        *ret_input =
            (SheetInput){.fd = -1, .bytes = source->bytes, .size = (int64_t)source->length};
        return NULL;
    }
    int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ERR(arena, ERR_INTERNAL, "file_unreadable", "open %s: %s", source->path,
                   strerror(errno));
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        Err *err = ERR(arena, ERR_INTERNAL, "file_unreadable", "stat %s: %s", source->path,
                       strerror(errno));
        close(fd);
        return err;
    }
    *ret_input = (SheetInput){.fd = fd, .size = status.st_size};
    return NULL;
}

void sheet_input_close(SheetInput *input)
{
    if (input->fd >= 0) {
        close(input->fd);
        input->fd = -1;
    }
}

Err *sheet_input_seek(Arena *arena, SheetInput *input, int64_t position)
{
    if (input->fd >= 0 && lseek(input->fd, position, SEEK_SET) < 0) {
        return ERR(arena, ERR_INTERNAL, "file_unreadable", "seek: %s", strerror(errno));
    }
    input->position = position;
    return NULL;
}

Err *sheet_input_read(Arena *arena, SheetInput *input, void *buffer, size_t capacity,
                      size_t *ret_length)
{
    size_t length;
    if (input->fd < 0) {
        length = MIN(capacity, (size_t)(input->size - input->position));
        if (length > 0) {
            memcpy(buffer, input->bytes + input->position, length);
        }
    } else {
        ssize_t got;
        do {
            got = read(input->fd, buffer, capacity);
        } while (got < 0 && errno == EINTR);
        if (got < 0) {
            return ERR(arena, ERR_INTERNAL, "file_unreadable", "read: %s", strerror(errno));
        }
        length = (size_t)got;
    }
    input->position += (int64_t)length;
    *ret_length = length;
    return NULL;
}

/* ---- Rows ---- */

void row_builder_init(RowBuilder *row, Arena *arena, const SheetLimits *limits)
{
    *row = (RowBuilder){.arena = arena, .limits = limits, .capacity = 4 * KIB, .cell_capacity = 32};
    row->text = arena_alloc(arena, row->capacity);
    row->cells = ARENA_ARRAY(arena, SheetCell, row->cell_capacity);
    row->offsets = ARENA_ARRAY(arena, size_t, row->cell_capacity);
}

void row_builder_begin(RowBuilder *row, int64_t row_number)
{
    row->length = 0;
    row->count = 0;
    row->cell_start = 0;
    row->row_number = row_number;
    row->blank = true;
}

static const char *row_text(const RowBuilder *row)
{
    return arena_printf(row->arena, "%" PRId64, row->row_number);
}

/* Doubling leaves the old blocks in the arena: at most as much again as the longest row. */
static void grow_text(RowBuilder *row, size_t needed)
{
    size_t capacity = row->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *text = arena_alloc(row->arena, capacity);
    memcpy(text, row->text, row->length);
    row->text = text;
    row->capacity = capacity;
}

Err *row_builder_append(RowBuilder *row, const char *text, size_t length)
{
    size_t cell_length = row->length - row->cell_start + length;
    if (cell_length > (size_t)row->limits->cell_bytes_max) {
        Err *err = ERR(row->arena, ERR_INVALID, "file_cell_too_long",
                       "row %" PRId64 ": a cell of over %" PRId64 " bytes", row->row_number,
                       row->limits->cell_bytes_max);
        err->param = row_text(row);
        return err;
    }
    if (row->length + length + 1 > row->capacity) {
        grow_text(row, row->length + length + 1);
    }
    memcpy(row->text + row->length, text, length);
    row->length += length;
    return NULL;
}

static void grow_cells(RowBuilder *row, size_t needed)
{
    size_t capacity = row->cell_capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    SheetCell *cells = ARENA_ARRAY(row->arena, SheetCell, capacity);
    size_t *offsets = ARENA_ARRAY(row->arena, size_t, capacity);
    memcpy(cells, row->cells, row->count * sizeof(*cells));
    memcpy(offsets, row->offsets, row->count * sizeof(*offsets));
    row->cells = cells;
    row->offsets = offsets;
    row->cell_capacity = capacity;
}

Err *row_builder_end_cell(RowBuilder *row, size_t column, SheetCellKind kind, bool digits_lost)
{
    if (column >= (size_t)row->limits->columns_max) {
        Err *err = ERR(row->arena, ERR_INVALID, "file_too_many_columns",
                       "row %" PRId64 ": over %" PRId64 " columns", row->row_number,
                       row->limits->columns_max);
        err->param = row_text(row);
        return err;
    }
    if (row->length + 1 > row->capacity) {
        grow_text(row, row->length + 1);
    }
    if (column >= row->cell_capacity) {
        grow_cells(row, column + 1);
    }

    for (; row->count < column; row->count++) {
        row->cells[row->count] = (SheetCell){.text = "", .kind = SHEET_CELL_TEXT};
    }
    size_t length = row->length - row->cell_start;
    row->cells[column] = (SheetCell){.length = length, .kind = kind, .digits_lost = digits_lost};
    row->offsets[column] = row->cell_start;
    row->count = MAX(row->count, column + 1);
    row->blank = row->blank && length == 0;
    row->text[row->length++] = '\0';
    row->cell_start = row->length;
    return NULL;
}

void row_builder_finish(RowBuilder *row, SheetRow *ret_row)
{
    while (row->count > 0 && row->cells[row->count - 1].length == 0) {
        row->count--;
    }
    for (size_t i = 0; i < row->count; i++) {
        row->cells[i].text = row->cells[i].length == 0 ? "" : row->text + row->offsets[i];
    }
    *ret_row = (SheetRow){.number = row->row_number, .cells = row->cells, .count = row->count};
}

bool sheet_is_scientific(const char *text, size_t length)
{
    if (length < 4 || length > 24 || text[0] < '0' || text[0] > '9') {
        return false;
    }
    size_t i = 1;
    while (i < length && ((text[i] >= '0' && text[i] <= '9') || text[i] == '.')) {
        i++;
    }
    if (i + 2 >= length || (text[i] != 'E' && text[i] != 'e') || text[i + 1] != '+') {
        return false;
    }
    for (i += 2; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
    }
    return true;
}

/* ---- Opening ---- */

static int64_t limit_or(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static void fill_limits(const SheetLimits *given, SheetLimits *ret_limits)
{
    *ret_limits = (SheetLimits){
        .rows_max = limit_or(given->rows_max, XLSX_ROWS_MAX),
        .columns_max = limit_or(given->columns_max, 1024),
        .cell_bytes_max = limit_or(given->cell_bytes_max, (int64_t)32767 * 4),
        .unpacked_bytes_max = limit_or(given->unpacked_bytes_max, 2048 * MIB),
        .ratio_max = limit_or(given->ratio_max, 200),
        .parts_max = limit_or(given->parts_max, 10000),
        .strings_memory_bytes = limit_or(given->strings_memory_bytes, 8 * MIB),
    };
}

static Err *unknown_format(Arena *arena, const char *what)
{
    return ERR(arena, ERR_UNSUPPORTED, "unknown_file_format", "%s", what);
}

/* What the first bytes say. Text is looked at later, when its encoding is known. */
static Err *detect_format(SheetReader *reader, SheetFormat *ret_format)
{
    Arena *arena = reader->arena;
    char head[8] = {};
    size_t length = 0;
    TRY(sheet_input_read(arena, &reader->input, head, sizeof(head), &length));
    TRY(sheet_input_seek(arena, &reader->input, 0));

    if (length == 0) {
        return ERR(arena, ERR_INVALID, "file_empty", "the file has no bytes");
    }
    if (length >= 4 && memcmp(head, "PK\3\4", 4) == 0) {
        *ret_format = SHEET_XLSX;
        return NULL;
    }
    if (length >= 8 && memcmp(head, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0) {
        return ERR(arena, ERR_UNSUPPORTED, "old_excel_file", "an OLE2 file: xls, or encrypted");
    }
    if (memcmp(head, "%PDF", 4) == 0 || memcmp(head, "{\\rtf", 5) == 0 || head[0] == '<') {
        return unknown_format(arena, "begins like PDF, RTF or markup");
    }
    *ret_format = SHEET_CSV;
    return NULL;
}

static Err *open_format(SheetReader *reader)
{
    TRY(detect_format(reader, &reader->info.format));
    if (reader->info.format == SHEET_XLSX) {
        return xlsx_open(reader->arena, &reader->input, &reader->options, &reader->limits,
                         &reader->info, &reader->xlsx);
    }
    return csv_open(reader->arena, &reader->input, &reader->options, &reader->limits, &reader->info,
                    &reader->csv);
}

Err *sheet_open(Arena *arena, const SheetSource *source, const SheetOptions *options,
                SheetReader **ret_reader)
{
    static const SheetOptions no_options;
    SheetReader *reader = ARENA_NEW(arena, SheetReader);
    reader->arena = arena;
    reader->options = options == NULL ? no_options : *options;
    if (reader->options.temp_dir == NULL) {
        reader->options.temp_dir = "/tmp";
    }
    fill_limits(&reader->options.limits, &reader->limits);

    TRY(sheet_input_open(arena, source, &reader->input));
    Err *err = open_format(reader);
    if (err != NULL) {
        sheet_close(reader);
        return err;
    }
    *ret_reader = reader;
    return NULL;
}

const SheetInfo *sheet_info(const SheetReader *reader)
{
    return &reader->info;
}

Err *sheet_next(SheetReader *reader, const SheetRow **ret_row)
{
    const SheetRow *row = NULL;
    if (reader->xlsx != NULL) {
        TRY(xlsx_next(reader->xlsx, &row));
    } else {
        TRY(csv_next(reader->csv, &row));
    }
    if (row != NULL && ++reader->rows > reader->limits.rows_max) {
        Err *err = ERR(reader->arena, ERR_INVALID, "file_too_many_rows", "over %" PRId64 " rows",
                       reader->limits.rows_max);
        err->param = arena_printf(reader->arena, "%" PRId64, reader->limits.rows_max);
        return err;
    }
    *ret_row = row;
    return NULL;
}

int sheet_progress(const SheetReader *reader)
{
    if (reader->input.size <= 0) {
        return 0;
    }
    int64_t position = reader->input.position;
    if (reader->input.fd >= 0) {
        int64_t offset = lseek(reader->input.fd, 0, SEEK_CUR);
        position = offset < 0 ? 0 : offset;
    }
    return (int)(MIN(position, reader->input.size) * 1000 / reader->input.size);
}

void sheet_close(SheetReader *reader)
{
    if (reader == NULL) {
        return;
    }
    csv_close(TAKE(reader->csv));
    xlsx_close(TAKE(reader->xlsx));
    sheet_input_close(&reader->input);
}

void sheet_closep(SheetReader **reader)
{
    sheet_close(*reader);
}
