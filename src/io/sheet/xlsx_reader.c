/* xlsx_reader.c - the rows of one sheet, as its XML comes by. */
#include <inttypes.h>
#include <string.h>

#include "io/sheet/sheet_internal.h"

typedef enum CellType {
    TYPE_NUMBER,
    TYPE_SHARED,
    TYPE_TEXT, /* a formula's text, or text in place */
    TYPE_BOOL,
    TYPE_ERROR,
    TYPE_DATE, /* ISO 8601 */
} CellType;

struct XlsxReader {
    Arena *arena;
    ZipPackage package;
    XlsxWorkbook workbook;
    SharedStrings *strings;
    XmlStream *stream;
    RowBuilder row;
    SheetRow current;
    int64_t row_number; /* of the present or last row */
    size_t next_column;
    size_t column; /* of the present cell */
    CellType type;
    XlsxFormatKind style;
    bool in_row;
    bool in_cell;
    bool in_value; /* inside <v>, or <t> of text in place */
    int phonetic_depth;
    bool done;
};

static void fail(XlsxReader *reader, Err *err)
{
    if (err != NULL) {
        xml_stream_fail(reader->stream, err);
    }
}

static Err *damaged(XlsxReader *reader, const char *what)
{
    Err *err = ERR(reader->arena, ERR_INVALID, "file_damaged", "row %" PRId64 ": %s",
                   reader->row_number, what);
    err->param = arena_printf(reader->arena, "%" PRId64, reader->row_number);
    return err;
}

/* ---- Beginning of elements ---- */

static void begin_row(XlsxReader *reader, const XmlAttributes *attributes)
{
    const char *text = xml_attribute(attributes, "r");
    int64_t number = 0;
    bool stated = text != NULL && str_parse_int64(text, &number);
    if (!stated || number <= reader->row_number || number > XLSX_ROWS_MAX) {
        number = reader->row_number + 1;
    }
    reader->row_number = number;
    reader->next_column = 0;
    reader->in_row = true;
    row_builder_begin(&reader->row, number);
}

/* "BC12" is column 54; the next one when there is no reference. */
static size_t reference_column(const XlsxReader *reader, const char *reference)
{
    size_t column = 0;
    const char *at = reference == NULL ? "" : reference;
    for (; (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'); at++) {
        column = column * 26 + (size_t)((*at & ~0x20) - 'A' + 1);
        if (column > 100000) {
            break;
        }
    }
    return column == 0 ? reader->next_column : column - 1;
}

static CellType type_of(const char *text)
{
    static const struct {
        const char *name;
        CellType type;
    } types[] = {
        {"n", TYPE_NUMBER}, {"s", TYPE_SHARED}, {"str", TYPE_TEXT}, {"inlineStr", TYPE_TEXT},
        {"b", TYPE_BOOL},   {"e", TYPE_ERROR},  {"d", TYPE_DATE},
    };
    for (size_t i = 0; text != NULL && i < COUNT_OF(types); i++) {
        if (strcmp(text, types[i].name) == 0) {
            return types[i].type;
        }
    }
    return TYPE_NUMBER;
}

static void begin_cell(XlsxReader *reader, const XmlAttributes *attributes)
{
    const char *style = xml_attribute(attributes, "s");
    int64_t index = 0;
    bool styled = style != NULL && str_parse_int64(style, &index) && index >= 0 &&
                  (size_t)index < reader->workbook.style_count;
    reader->style = styled ? reader->workbook.styles[index] : XLSX_NUMBER;
    reader->type = type_of(xml_attribute(attributes, "t"));
    reader->column = reference_column(reader, xml_attribute(attributes, "r"));
    reader->next_column = reader->column + 1;
    reader->in_cell = true;
    reader->in_value = false;
    reader->phonetic_depth = 0;
    reader->row.length = reader->row.cell_start;
}

static void on_start(void *arg, const char *name, const XmlAttributes *attributes)
{
    XlsxReader *reader = arg;
    if (reader->in_cell) {
        if (strcmp(name, "rPh") == 0) {
            reader->phonetic_depth++;
        } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
            reader->in_value = reader->phonetic_depth == 0;
        }
    } else if (reader->in_row) {
        if (strcmp(name, "c") == 0) {
            begin_cell(reader, attributes);
        }
    } else if (strcmp(name, "row") == 0) {
        begin_row(reader, attributes);
    }
}

static void on_text(void *arg, const char *text, size_t length)
{
    XlsxReader *reader = arg;
    if (reader->in_value) {
        fail(reader, row_builder_append(&reader->row, text, length));
    }
}

/* ---- End of a cell ---- */

/* Replaces the open cell's text. */
static Err *replace(RowBuilder *row, const char *text, size_t length)
{
    row->length = row->cell_start;
    return row_builder_append(row, text, length);
}

/* The open cell's text, zero-terminated without growing it. */
static Err *open_text(RowBuilder *row, char **ret_text)
{
    TRY(row_builder_append(row, "", 1));
    row->length--;
    *ret_text = row->text + row->cell_start;
    return NULL;
}

static Err *end_number(XlsxReader *reader, const char *text)
{
    char buffer[XLSX_NUMBER_TEXT_SIZE];
    SheetCellKind kind;
    bool digits_lost;
    if (*text == '\0') {
        return row_builder_end_cell(&reader->row, reader->column, SHEET_CELL_TEXT, false);
    }
    size_t length = xlsx_number_text(text, reader->style, reader->workbook.date1904, buffer, &kind,
                                     &digits_lost);
    if (length == 0) {
        return damaged(reader, "a number that is none");
    }
    TRY(replace(&reader->row, buffer, length));
    return row_builder_end_cell(&reader->row, reader->column, kind, digits_lost);
}

static Err *end_shared(XlsxReader *reader, const char *text)
{
    int64_t index;
    if (*text == '\0') {
        return row_builder_end_cell(&reader->row, reader->column, SHEET_CELL_TEXT, false);
    }
    if (!str_parse_int64(text, &index)) {
        return damaged(reader, "a shared string without number");
    }
    RowBuilder *row = &reader->row;
    row->length = row->cell_start;
    TRY(shared_strings_append(reader->strings, index, row));
    bool digits_lost =
        sheet_is_scientific(row->text + row->cell_start, row->length - row->cell_start);
    return row_builder_end_cell(row, reader->column, SHEET_CELL_TEXT, digits_lost);
}

static Err *end_text(XlsxReader *reader)
{
    RowBuilder *row = &reader->row;
    char *text = row->text + row->cell_start;
    size_t length = xlsx_unescape(text, row->length - row->cell_start);
    row->length = row->cell_start + length;
    return row_builder_end_cell(row, reader->column, SHEET_CELL_TEXT,
                                sheet_is_scientific(text, length));
}

/* "2026-01-02T00:00:00" is the day alone. */
static Err *end_date(XlsxReader *reader, char *text)
{
    char *separator = strchr(text, 'T');
    size_t length = strlen(text);
    if (separator != NULL) {
        *separator = ' ';
        bool midnight = str_starts_with(separator + 1, "00:00:00");
        length = midnight ? (size_t)(separator - text) : length;
    }
    reader->row.length = reader->row.cell_start + length;
    return row_builder_end_cell(&reader->row, reader->column, SHEET_CELL_DATE, false);
}

static Err *end_bool(XlsxReader *reader, const char *text)
{
    const char *word = strcmp(text, "1") == 0 || strcmp(text, "true") == 0 ? "TRUE" : "FALSE";
    TRY(replace(&reader->row, word, strlen(word)));
    return row_builder_end_cell(&reader->row, reader->column, SHEET_CELL_BOOL, false);
}

static Err *end_cell(XlsxReader *reader)
{
    char *text = NULL;
    TRY(open_text(&reader->row, &text));
    switch (reader->type) {
    case TYPE_NUMBER:
        return end_number(reader, text);
    case TYPE_SHARED:
        return end_shared(reader, text);
    case TYPE_TEXT:
        return end_text(reader);
    case TYPE_BOOL:
        return end_bool(reader, text);
    case TYPE_DATE:
        return end_date(reader, text);
    case TYPE_ERROR:
        break;
    }
    return row_builder_end_cell(&reader->row, reader->column, SHEET_CELL_ERROR, false);
}

static void on_end(void *arg, const char *name)
{
    XlsxReader *reader = arg;
    if (reader->in_cell && strcmp(name, "c") == 0) {
        reader->in_cell = false;
        reader->in_value = false;
        fail(reader, end_cell(reader));
    } else if (reader->in_cell && strcmp(name, "rPh") == 0) {
        reader->phonetic_depth--;
    } else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        reader->in_value = false;
    } else if (reader->in_row && !reader->in_cell && strcmp(name, "row") == 0) {
        reader->in_row = false;
        if (!reader->row.blank) {
            xml_stream_pause(reader->stream);
        }
    }
}

/* ---- The reader ---- */

Err *xlsx_open(Arena *arena, SheetInput *input, const SheetOptions *options,
               const SheetLimits *limits, SheetInfo *info, XlsxReader **ret_reader)
{
    static const XmlHandlers handlers = {.start = on_start, .end = on_end, .text = on_text};
    XlsxReader *reader = ARENA_NEW(arena, XlsxReader);
    *reader =
        (XlsxReader){.arena = arena, .package = {.arena = arena, .input = input, .limits = limits}};
    row_builder_init(&reader->row, arena, limits);

    TRY(xlsx_workbook_load(&reader->package, options->sheet, info, &reader->workbook));
    TRY(shared_strings_load(&reader->package, reader->workbook.strings_path, options->temp_dir,
                            &reader->strings));
    Err *err = xml_stream_open(&reader->package, reader->workbook.sheet_path, &handlers, reader,
                               &reader->stream);
    if (err != NULL) {
        xlsx_close(reader);
        return err;
    }
    *ret_reader = reader;
    return NULL;
}

Err *xlsx_next(XlsxReader *reader, const SheetRow **ret_row)
{
    if (!reader->done) {
        TRY(xml_stream_run(reader->stream, &reader->done));
    }
    if (reader->done) {
        *ret_row = NULL;
        return NULL;
    }
    row_builder_finish(&reader->row, &reader->current);
    *ret_row = &reader->current;
    return NULL;
}

void xlsx_close(XlsxReader *reader)
{
    if (reader != NULL) {
        xml_stream_close(TAKE(reader->stream));
        shared_strings_free(TAKE(reader->strings));
    }
}
