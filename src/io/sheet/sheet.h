/* sheet.h - tables as people send them: csv and xlsx, read and written row by row.
 *
 * Everything here is plain blocking code without fibers, for the thread pool. A reader takes one
 * arena that no other thread uses while it works; errors and descriptions live there too. Memory
 * stays bounded whatever the file holds: rows come one at a time, and an xlsx file's shared strings
 * move to a temporary file when they are many. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* ---- Reading ---- */

typedef enum SheetFormat { SHEET_CSV, SHEET_XLSX } SheetFormat;

typedef enum SheetCellKind {
    SHEET_CELL_TEXT,
    SHEET_CELL_NUMBER, /* "42", "-0.5": the shortest text that gives the number back */
    SHEET_CELL_DATE,   /* "2026-01-02", "2026-01-02 03:04:05" or "03:04:05" */
    SHEET_CELL_BOOL,   /* "TRUE", "FALSE" */
    SHEET_CELL_ERROR,  /* "#N/A", as the program that wrote the file put it */
} SheetCellKind;

typedef struct SheetCell {
    const char *text; /* UTF-8, zero-terminated; "" for an empty cell, never NULL */
    size_t length;
    SheetCellKind kind;
    /* The spreadsheet lost digits of what was typed: a number of more than 15 digits, or one in
     * scientific notation ("1.38E+10"). An ID number or a phone cannot be read from it. */
    bool digits_lost;
} SheetCell;

typedef struct SheetRow {
    int64_t number; /* as a spreadsheet shows it, from 1 */
    const SheetCell *cells;
    size_t count; /* cells beyond it are empty */
} SheetRow;

/* A file or bytes in memory; they must not change or go away while the reader is open. */
typedef struct SheetSource {
    const char *path; /* NULL: bytes */
    const void *bytes;
    size_t length;
} SheetSource;

/* What a file may hold; 0 takes the default. */
typedef struct SheetLimits {
    int64_t rows_max;             /* 1,048,576; the header counts, blank rows do not */
    int64_t columns_max;          /* 1,024 */
    int64_t cell_bytes_max;       /* 131,068: 32,767 characters of four bytes */
    int64_t unpacked_bytes_max;   /* xlsx: 2 GiB, over all parts that are read */
    int64_t ratio_max;            /* xlsx: unpacked to packed, 200; from 16 MiB on */
    int64_t parts_max;            /* xlsx: 10,000 files in the package */
    int64_t strings_memory_bytes; /* xlsx: shared strings kept in memory, 8 MiB */
} SheetLimits;

typedef struct SheetOptions {
    const char *sheet;    /* xlsx: name; NULL: the first that is visible */
    char delimiter;       /* csv: 0 detects it */
    const char *encoding; /* csv: a name that ICU knows; NULL detects it */
    const char *temp_dir; /* for what does not fit in memory; NULL: "/tmp" */
    SheetLimits limits;
} SheetOptions;

typedef struct SheetInfo {
    SheetFormat format;
    const char *encoding;           /* csv: "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE"; else NULL */
    char delimiter;                 /* csv; else 0 */
    const char *sheet;              /* xlsx: the one that is read; else NULL */
    const char *const *sheet_names; /* xlsx: the visible ones, in order */
    size_t sheet_count;
} SheetInfo;

typedef struct SheetReader SheetReader;

/* Opens a table; what it is follows from its content, never from its name.
 *
 * Fails with ERR_UNSUPPORTED: "unknown_file_format" (neither), "old_excel_file" (.xls, or an xlsx
 * with a password); ERR_INVALID: "file_empty", "file_encoding_broken" (param: line),
 * "file_damaged", "file_limit_exceeded" (param: which), "sheet_not_found"; ERR_INTERNAL when the
 * file or the temporary directory cannot be used. */
Err *sheet_open(Arena *arena, const SheetSource *source, const SheetOptions *options,
                SheetReader **ret_reader);

/* What was found out about the file; lives as long as the reader. */
const SheetInfo *sheet_info(const SheetReader *reader);

/* Reads the next row that is not blank; *ret_row is NULL at the end, and otherwise good until the
 * next call. Fails as sheet_open does, and with ERR_INVALID: "file_quote_not_closed" (param: the
 * line where it was opened), "file_cell_too_long" and "file_too_many_columns" (param: row),
 * "file_too_many_rows" (param: the limit). After an error the reader can only be closed. */
Err *sheet_next(SheetReader *reader, const SheetRow **ret_row);

/* How much of the file has been read, 0..1000: for progress before the rows are counted. */
int sheet_progress(const SheetReader *reader);

/* Closes the file and releases what the arena does not. NULL is accepted. */
void sheet_close(SheetReader *reader);

/* For CLEANUP(sheet_closep). */
void sheet_closep(SheetReader **reader);

/* ---- Writing csv ---- */

#define CSV_BOM "\xEF\xBB\xBF" /* Excel takes a csv file for UTF-8 only with this in front */

/* Appends one record (RFC 4180, CRLF). A text that a spreadsheet would take for a formula (it
 * begins with = + - @, tab or carriage return) gets an apostrophe in front; a negative number
 * does not. */
void csv_append_row(Str *out, const Slice *cells, size_t count);

/* The text without the apostrophe that csv_append_row put in front, if there is one: what one
 * exports can be imported again. */
const char *csv_without_guard(const char *text);

/* ---- Writing xlsx ---- */

#define XLSX_ROWS_MAX 1048576 /* the format's own limit */

typedef struct XlsxWriter XlsxWriter;

/* Begins a workbook with one sheet at path, in constant memory. title names the sheet. Cells are
 * text, so that none becomes a formula. Fails with ERR_INTERNAL. */
Err *xlsx_writer_open(Arena *arena, const char *path, const char *title, const char *temp_dir,
                      XlsxWriter **ret_writer);

/* Appends a row; bold is for the header. Fails with ERR_INVALID ("file_too_many_rows") beyond
 * XLSX_ROWS_MAX. */
Err *xlsx_writer_row(XlsxWriter *writer, const Slice *cells, size_t count, bool bold);

/* Column width in characters, from the first row's headers on; before the first row. */
void xlsx_writer_width(XlsxWriter *writer, size_t column, double width);

/* Finishes the file. */
Err *xlsx_writer_close(XlsxWriter *writer);

/* Gives up: releases everything; the file is incomplete. NULL is accepted; also after close. */
void xlsx_writer_free(XlsxWriter *writer);
