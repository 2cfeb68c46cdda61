/* xlsx_writer.c - libxlsxwriter in constant memory: each row goes to a temporary file at once. */
#include <string.h>

#include <xlsxwriter.h>

#include "io/sheet/sheet.h"

#define CELL_CHARACTERS_MAX 32767 /* the format's own limit */

struct XlsxWriter {
    Arena *arena;
    lxw_workbook *workbook;
    lxw_worksheet *sheet;
    lxw_format *bold;
    lxw_row_t next_row;
    char *buffer; /* a cell's text with its zero */
    size_t capacity;
};

static Err *failed(XlsxWriter *writer, const char *what, lxw_error error)
{
    return ERR(writer->arena, ERR_INTERNAL, "file_unwritable", "%s: %s", what, lxw_strerror(error));
}

Err *xlsx_writer_open(Arena *arena, const char *path, const char *title, const char *temp_dir,
                      XlsxWriter **ret_writer)
{
    XlsxWriter *writer = ARENA_NEW(arena, XlsxWriter);
    lxw_workbook_options options = {.constant_memory = LXW_TRUE,
                                    .tmpdir = arena_strdup(arena, temp_dir),
                                    .use_zip64 = LXW_TRUE};
    writer->arena = arena;
    writer->workbook = workbook_new_opt(path, &options);
    if (writer->workbook == NULL) {
        return ERR(arena, ERR_INTERNAL, "file_unwritable", "cannot begin %s", path);
    }
    writer->sheet = workbook_add_worksheet(writer->workbook, title);
    if (writer->sheet == NULL) {
        xlsx_writer_free(writer);
        return ERR(arena, ERR_INTERNAL, "file_unwritable", "cannot begin a sheet in %s", path);
    }
    writer->bold = workbook_add_format(writer->workbook);
    format_set_bold(writer->bold);
    worksheet_freeze_panes(writer->sheet, 1, 0);
    *ret_writer = writer;
    return NULL;
}

void xlsx_writer_width(XlsxWriter *writer, size_t column, double width)
{
    worksheet_set_column(writer->sheet, (lxw_col_t)column, (lxw_col_t)column, width, NULL);
}

/* Cuts behind the last character that fits, and terminates. */
static const char *cell_text(XlsxWriter *writer, Slice cell)
{
    size_t length = 0;
    for (size_t characters = 0; length < cell.length; length++) {
        bool begins = ((unsigned char)cell.data[length] & 0xC0) != 0x80;
        /* One outside of the basic plane counts as two. */
        characters += begins ? ((unsigned char)cell.data[length] >= 0xF0 ? 2 : 1) : 0;
        if (begins && characters > CELL_CHARACTERS_MAX) {
            break;
        }
    }
    if (length + 1 > writer->capacity) {
        writer->capacity = MAX(length + 1, 2 * writer->capacity + 256);
        writer->buffer = arena_alloc(writer->arena, writer->capacity);
    }
    memcpy(writer->buffer, cell.data, length);
    writer->buffer[length] = '\0';
    return writer->buffer;
}

Err *xlsx_writer_row(XlsxWriter *writer, const Slice *cells, size_t count, bool bold)
{
    if (writer->next_row >= XLSX_ROWS_MAX) {
        return ERR(writer->arena, ERR_INVALID, "file_too_many_rows", "over %d rows", XLSX_ROWS_MAX);
    }
    lxw_row_t row = writer->next_row++;
    for (size_t i = 0; i < count; i++) {
        if (cells[i].length == 0) {
            continue;
        }
        lxw_error error =
            worksheet_write_string(writer->sheet, row, (lxw_col_t)i, cell_text(writer, cells[i]),
                                   bold ? writer->bold : NULL);
        if (error != LXW_NO_ERROR) {
            return failed(writer, "writing a cell", error);
        }
    }
    return NULL;
}

Err *xlsx_writer_close(XlsxWriter *writer)
{
    lxw_error error = workbook_close(TAKE(writer->workbook));
    return error == LXW_NO_ERROR ? NULL : failed(writer, "finishing the file", error);
}

void xlsx_writer_free(XlsxWriter *writer)
{
    if (writer != NULL && writer->workbook != NULL) {
        lxw_workbook_free(TAKE(writer->workbook));
    }
}
