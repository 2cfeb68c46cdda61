/* sheet.h - reads a table to its end, within small limits. */
#pragma once

#include "io/sheet/sheet.h"
#include "tests/fuzz/fuzz.h"

/* To the end, or to the first failure. */
static inline Err *read_rows(SheetReader *reader)
{
    for (;;) {
        const SheetRow *row = NULL;
        TRY(sheet_next(reader, &row));
        if (row == NULL) {
            return NULL;
        }
        for (size_t i = 0; i < row->count; i++) {
            BUG_ON(row->cells[i].text == NULL);
            BUG_ON(strlen(row->cells[i].text) != row->cells[i].length);
            BUG_ON(str_utf8_length(row->cells[i].text) > row->cells[i].length);
        }
        int progress = sheet_progress(reader);
        BUG_ON(progress < 0 || progress > 1000);
    }
}

/* Whatever the bytes, the failures are those that sheet.h names. */
static inline void read_sheet(Arena *arena, const void *bytes, size_t length)
{
    SheetSource source = {.bytes = bytes, .length = length};
    SheetOptions options = {
        .limits = {.rows_max = 1000,
                   .columns_max = 100,
                   .cell_bytes_max = 4096,
                   .unpacked_bytes_max = 4 << 20,
                   .strings_memory_bytes = 1024},
    };
    CLEANUP(sheet_closep) SheetReader *reader = NULL;
    Err *err = sheet_open(arena, &source, &options, &reader);
    if (err == NULL) {
        err = read_rows(reader);
    }
    BUG_ON(err != NULL && !err_is(err, ERR_INVALID) && !err_is(err, ERR_UNSUPPORTED));
}
