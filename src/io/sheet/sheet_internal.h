/* sheet_internal.h - what the readers share. */
#pragma once

#include "io/sheet/sheet.h"

/* ---- The bytes of the source ---- */

typedef struct SheetInput {
    int fd; /* -1: bytes */
    const char *bytes;
    int64_t size;
    int64_t position;
} SheetInput;

/* Opens the source at its beginning. */
Err *sheet_input_open(Arena *arena, const SheetSource *source, SheetInput *ret_input);

/* Closes it; again does nothing. */
void sheet_input_close(SheetInput *input);

/* Moves to a position from the beginning. */
Err *sheet_input_seek(Arena *arena, SheetInput *input, int64_t position);

/* Reads up to capacity bytes; *ret_length is 0 at the end. */
Err *sheet_input_read(Arena *arena, SheetInput *input, void *buffer, size_t capacity,
                      size_t *ret_length);

/* ---- Rows under construction ---- */

/* Text of the present row, and where its cells are. Reused from row to row. */
typedef struct RowBuilder {
    Arena *arena;
    const SheetLimits *limits;
    char *text;
    size_t length;
    size_t capacity;
    SheetCell *cells; /* while building, text holds an offset: see row_builder_finish */
    size_t *offsets;
    size_t count;
    size_t cell_capacity;
    size_t cell_start; /* of the open cell, in text */
    int64_t row_number;
    bool blank; /* no cell has text */
} RowBuilder;

/* Prepares a builder for one row after another. limits must outlive it. */
void row_builder_init(RowBuilder *row, Arena *arena, const SheetLimits *limits);

/* Forgets the row before, and begins that number. */
void row_builder_begin(RowBuilder *row, int64_t row_number);

/* Appends to the open cell. ERR_INVALID "file_cell_too_long". */
Err *row_builder_append(RowBuilder *row, const char *text, size_t length);

/* Ends the open cell and puts it in the next column, or in a later one. */
Err *row_builder_end_cell(RowBuilder *row, size_t column, SheetCellKind kind, bool digits_lost);

/* The row, without the empty cells at its end; good until the next begin. */
void row_builder_finish(RowBuilder *row, SheetRow *ret_row);

/* Does the text look like a number that a spreadsheet shortened, "1.38E+10"? */
bool sheet_is_scientific(const char *text, size_t length);

/* ---- Text ---- */

typedef struct TextDecoder TextDecoder;

/* Finds out the encoding of the whole input; *ret_skip is the length of the byte order mark. */
Err *text_detect(Arena *arena, SheetInput *input, const char **ret_encoding, size_t *ret_skip);

/* Begins to decode behind the byte order mark. */
Err *text_decoder_open(Arena *arena, SheetInput *input, const char *encoding, size_t skip,
                       TextDecoder **ret_decoder);

/* Fills buffer with UTF-8; *ret_length is 0 at the end. ERR_INVALID "file_encoding_broken" without
 * param: the caller knows the line. */
Err *text_decoder_read(TextDecoder *decoder, char *buffer, size_t capacity, size_t *ret_length);

/* Releases the converters. NULL is accepted, as by all that close below. */
void text_decoder_close(TextDecoder *decoder);

/* ---- csv ---- */

typedef struct CsvReader CsvReader;

/* Detects what options leave open and describes it in info. */
Err *csv_open(Arena *arena, SheetInput *input, const SheetOptions *options,
              const SheetLimits *limits, SheetInfo *info, CsvReader **ret_reader);

/* *ret_row is NULL at the end. */
Err *csv_next(CsvReader *reader, const SheetRow **ret_row);

/* Releases the decoder. */
void csv_close(CsvReader *reader);

/* The delimiter of a text's beginning: the candidate that cuts most records alike. */
char csv_detect_delimiter(const char *text, size_t length);

/* ---- Many strings in little memory ---- */

/* Bytes that are appended and read back: the first memory_max in memory, the rest in an unlinked
 * temporary file, read through small windows. */
typedef struct Spill Spill;

/* Makes an empty one; the file is made when memory_max is passed. */
Spill *spill_new(Arena *arena, const char *temp_dir, size_t memory_max);

/* Appends bytes. ERR_INTERNAL "temporary_file_failed". */
Err *spill_append(Spill *spill, const void *bytes, size_t length);

/* Bytes so far. */
int64_t spill_length(const Spill *spill);

/* Copies length bytes from offset on; they must have been appended. Nothing is appended after the
 * first read. */
Err *spill_read(Spill *spill, int64_t offset, void *buffer, size_t length);

/* Closes the file, which is gone then. */
void spill_free(Spill *spill);

/* ---- The package around an xlsx file ---- */

typedef struct ZipPackage {
    Arena *arena;
    SheetInput *input;
    const SheetLimits *limits;
    int64_t unpacked_bytes; /* over all parts so far */
} ZipPackage;

typedef struct ZipPart ZipPart;

/* Opens the part with this path; *ret_part is NULL when there is none. */
Err *zip_part_open(ZipPackage *package, const char *path, ZipPart **ret_part);

/* Unpacks some more; *ret_length is 0 at the end. ERR_INVALID "file_damaged",
 * "file_limit_exceeded". */
Err *zip_part_read(ZipPart *part, void *buffer, size_t capacity, size_t *ret_length);

/* Ends the pass over the package. */
void zip_part_close(ZipPart *part);
void zip_part_closep(ZipPart **part);

/* ---- XML without surprises: no document types, so no entities; names without prefixes ---- */

#define XML_ATTRIBUTES_MAX 24

typedef struct XmlAttributes {
    const char **pairs; /* expat's: name, value, …, NULL */
} XmlAttributes;

/* The value of the attribute by its name without a prefix, or NULL. */
const char *xml_attribute(const XmlAttributes *attributes, const char *name);

typedef struct XmlHandlers {
    void (*start)(void *arg, const char *name, const XmlAttributes *attributes);
    void (*end)(void *arg, const char *name);
    void (*text)(void *arg, const char *text, size_t length);
} XmlHandlers;

typedef struct XmlStream XmlStream;

/* Opens a part that must be there (else ERR_INVALID "file_damaged"); arg goes to the handlers. */
Err *xml_stream_open(ZipPackage *package, const char *path, const XmlHandlers *handlers, void *arg,
                     XmlStream **ret_stream);

/* From a handler: makes xml_stream_run return after the present call-back. */
void xml_stream_pause(XmlStream *stream);

/* From a handler: ends the stream with this error. */
void xml_stream_fail(XmlStream *stream, Err *err);

/* Parses on until the end, or until a handler pauses. *ret_done says which. */
Err *xml_stream_run(XmlStream *stream, bool *ret_done);

/* Ends parsing, wherever it is. */
void xml_stream_close(XmlStream *stream);
void xml_stream_closep(XmlStream **stream);

/* ---- Shared strings ---- */

typedef struct SharedStrings SharedStrings;

/* Reads them all; path NULL makes an empty table. */
Err *shared_strings_load(ZipPackage *package, const char *path, const char *temp_dir,
                         SharedStrings **ret_strings);

/* Appends string number index to the row's open cell. ERR_INVALID "file_damaged" if there is none.
 */
Err *shared_strings_append(SharedStrings *strings, int64_t index, RowBuilder *row);

/* Releases the temporary files. */
void shared_strings_free(SharedStrings *strings);

/* Undoes the escapes of ECMA-376 ("_x000D_") in place; returns the new length. */
size_t xlsx_unescape(char *text, size_t length);

/* ---- Numbers and dates ---- */

typedef enum XlsxFormatKind { XLSX_NUMBER, XLSX_DATE, XLSX_TIME } XlsxFormatKind;

/* Is this number format one of dates or times? Code is the format's own text, or NULL for a
 * built-in id. */
XlsxFormatKind xlsx_format_kind(int64_t id, const char *code);

#define XLSX_NUMBER_TEXT_SIZE 64

/* The text of a number as a cell's value stores it. Returns its length; 0 if it is none. */
size_t xlsx_number_text(const char *value, XlsxFormatKind kind, bool date1904, char *buffer,
                        SheetCellKind *ret_kind, bool *ret_digits_lost);

/* ---- xlsx ---- */

typedef struct XlsxReader XlsxReader;

/* Reads all but the rows: workbook, styles, shared strings; describes it in info. */
Err *xlsx_open(Arena *arena, SheetInput *input, const SheetOptions *options,
               const SheetLimits *limits, SheetInfo *info, XlsxReader **ret_reader);

/* *ret_row is NULL at the end. */
Err *xlsx_next(XlsxReader *reader, const SheetRow **ret_row);

/* Releases the parser and the temporary files. */
void xlsx_close(XlsxReader *reader);

/* The workbook's parts, found by relationship, not by name. */
typedef struct XlsxSheetName {
    const char *name;
    const char *relation;
    bool visible;
} XlsxSheetName;

typedef struct XlsxWorkbook {
    const char *sheet_path;
    const char *sheet_name;
    const char *strings_path; /* NULL: no shared strings */
    bool date1904;
    XlsxFormatKind *styles; /* by index of cellXfs */
    size_t style_count;
} XlsxWorkbook;

/* Finds the wanted sheet (NULL: the first visible), the styles and the shared strings. */
Err *xlsx_workbook_load(ZipPackage *package, const char *wanted_sheet, SheetInfo *info,
                        XlsxWorkbook *ret_workbook);
