/* sheet_test.c - reading csv and xlsx: tables of what people send, and of what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "io/sheet/sheet_internal.h"
#include "tests/unit/test.h"

/* All rows as "1:a|b\n3:c\n", or "!code param". */
static const char *dump(Arena *arena, const SheetSource *source, const SheetOptions *options)
{
    Str out;
    str_init(&out, arena);
    CLEANUP(sheet_closep) SheetReader *reader = NULL;
    Err *err = sheet_open(arena, source, options, &reader);
    const SheetRow *row = NULL;
    while (err == NULL && (err = sheet_next(reader, &row)) == NULL && row != NULL) {
        str_printf(&out, "%d:", (int)row->number);
        for (size_t i = 0; i < row->count; i++) {
            str_printf(&out, "%s%s%s", i == 0 ? "" : "|", row->cells[i].text,
                       row->cells[i].digits_lost ? "~" : "");
        }
        str_append(&out, "\n");
    }
    if (err != NULL) {
        str_printf(&out, "!%s%s%s", err->code, err->param == NULL ? "" : " ",
                   err->param == NULL ? "" : err->param);
    }
    return arena_strdup(arena, str_text(&out));
}

static const char *dump_text(Arena *arena, const char *text, size_t length,
                             const SheetOptions *options)
{
    return dump(arena, &(SheetSource){.bytes = text, .length = length}, options);
}

static const char *dump_file(Arena *arena, const char *name)
{
    const char *path = arena_printf(arena, "%s/%s", SHEET_FIXTURES, name);
    return dump(arena, &(SheetSource){.path = path}, NULL);
}

/* ---- csv ---- */

TEST(csv, reads_what_people_send)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"a,b\n1,2\n", "1:a|b\n2:1|2\n"},
        {"a,b\r\n1,2", "1:a|b\n2:1|2\n"},
        {"a,b\r1,2\r", "1:a|b\n2:1|2\n"},
        {"\xEF\xBB\xBF"
         "a,b\n",
         "1:a|b\n"},
        {"a,b\n\n , \n,\n3,4\n", "1:a|b\n3: | \n5:3|4\n"},
        {"\"a,\"\"b\"\"\nc\",d\nx,y\n", "1:a,\"b\"\nc|d\n2:x|y\n"},
        {"\"\",b\n", "1:|b\n"},
        {"a\"b,\"c\"d\n", "1:a\"b|cd\n"},
        {"a;b\n1;2,5\n2;3,5\n", "1:a|b\n2:1|2,5\n3:2|3,5\n"},
        {"a\tb\n1\t2\n", "1:a|b\n2:1|2\n"},
        {"sep=|\r\na|b,c\r\n", "1:a|b,c\n"},
        {"a,b,c\n1\n1,2,3,4\n", "1:a|b|c\n2:1\n3:1|2|3|4\n"},
        {"=\"0123\",1.38E+10,1E5,E+1\n", "1:0123|1.38E+10~|1E5|E+1\n"},
        {"one column\nonly\n", "1:one column\n2:only\n"},
        {"", "!file_empty"},
        {"\xEF\xBB\xBF", "!file_empty"},
        {"a,\"b\nc,d\ne,f\n", "!file_quote_not_closed 1"},
        {"a,b\n1,\"2\n", "1:a|b\n!file_quote_not_closed 2"},
        {"<html><table>", "!unknown_file_format"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        ASSERT_STR_EQUAL(rows[i].expected,
                         dump_text(arena, rows[i].text, strlen(rows[i].text), NULL));
    }
}

TEST(csv, a_file_with_zero_bytes_is_no_table)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("!unknown_file_format", dump_text(arena, "a,b\0c", 5, NULL));
}

TEST(csv, the_encoding_is_found_in_the_bytes)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *expected;
    } rows[] = {
        {"\xE5\xBC\xA0,1\n", 6, "1:张|1\n"},
        {"\xD5\xC5,1\n", 5, "1:张|1\n"},                     /* GB18030 */
        {"\x95\x34\xD2\x34,1\n", 7, "1:𠳶|1\n"},             /* its four bytes */
        {"\xFF\xFE\x20\x5F,\0001\0\n\0", 10, "1:张|1\n"},    /* UTF-16LE */
        {"\xFE\xFF\x5F\x20\0,\0001\0\n", 10, "1:张|1\n"},    /* UTF-16BE */
        {"\xFF\xFE\x20\x5F,", 5, "!file_encoding_broken 1"}, /* half a unit */
        {"a,b\n\xD5\x20,1\n", 9, "!file_encoding_broken 1"}, /* neither */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        ASSERT_STR_EQUAL(rows[i].expected, dump_text(arena, rows[i].bytes, rows[i].length, NULL));
    }
}

/* Sequences cut by the ends of buffers must come together again, in every encoding. */
TEST(csv, characters_survive_the_ends_of_buffers)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t shift = 0; shift < 4; shift++) {
        Str utf8;
        Str gb18030;
        str_init(&utf8, arena);
        str_init(&gb18030, arena);
        str_append_bytes(&utf8, "aaaa", shift);
        str_append_bytes(&gb18030, "aaaa", shift);
        for (int i = 0; i < 40000; i++) {
            str_append(&utf8, i % 1000 == 999 ? "张\n" : "张");
            str_append(&gb18030, i % 1000 == 999 ? "\xD5\xC5\n" : "\xD5\xC5");
        }
        const char *expected = dump_text(arena, utf8.data, utf8.length, NULL);
        ASSERT_INT_EQUAL(40, strlen(expected) / 3000);
        ASSERT_STR_EQUAL(expected, dump_text(arena, gb18030.data, gb18030.length, NULL));
    }
}

TEST(csv, a_broken_byte_in_utf8_is_not_taken_for_gb18030)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *text = dump_file(arena, "broken.csv");
    ASSERT(strstr(text, "!file_encoding_broken") != NULL);
}

TEST(csv, limits_name_the_row)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    SheetOptions options = {.limits = {.rows_max = 2, .columns_max = 2, .cell_bytes_max = 3}};
    ASSERT_STR_EQUAL("1:a\n2:b\n!file_too_many_rows 2", dump_text(arena, "a\nb\nc\n", 6, &options));
    ASSERT_STR_EQUAL("1:a|b\n!file_too_many_columns 2",
                     dump_text(arena, "a,b\na,b,c\n", 10, &options));
    ASSERT_STR_EQUAL("1:abc\n!file_cell_too_long 2", dump_text(arena, "abc\nabcd\n", 9, &options));
}

TEST(csv, every_encoding_and_line_end_gives_the_same_rows)
{
    static const char *const names[] = {"utf8_bom.csv", "gb18030.csv", "utf16.csv",
                                        "semicolon.csv"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *expected = dump_file(arena, "utf8.csv");
    ASSERT(strstr(expected, "4:𠮷田健|男|") == NULL);
    ASSERT(strstr(expected, "5:𠮷田健|男|") != NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        ASSERT_STR_EQUAL(expected, dump_file(arena, names[i]));
    }
    ASSERT(strstr(dump_file(arena, "mac.csv"), "4:欧阳娜娜|女|") != NULL);
    ASSERT_STR_EQUAL("1:姓名|住址\n!file_quote_not_closed 2", dump_file(arena, "quote.csv"));
}

TEST(csv, formulas_are_written_inert)
{
    static const struct {
        const char *cell;
        const char *expected;
    } rows[] = {
        {"a", "a\r\n"},
        {"", "\r\n"},
        {"a,b", "\"a,b\"\r\n"},
        {"a\"b", "\"a\"\"b\"\r\n"},
        {"a\nb", "\"a\nb\"\r\n"},
        {"=1+1", "\"'=1+1\"\r\n"},
        {"=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"\r\n"},
        {"+861", "\"'+861\"\r\n"},
        {"-1.5", "-1.5\r\n"},
        {"-1+cmd", "\"'-1+cmd\"\r\n"},
        {"-", "\"'-\"\r\n"},
        {"@SUM(A1)", "\"'@SUM(A1)\"\r\n"},
        {"\t=1", "\"'\t=1\"\r\n"},
        {"\r=1", "\"'\r=1\"\r\n"},
        {"'=1", "'=1\r\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Str out;
        str_init(&out, arena);
        Slice cell = {rows[i].cell, strlen(rows[i].cell)};
        csv_append_row(&out, &cell, 1);
        ASSERT_STR_EQUAL(rows[i].expected, str_text(&out));
    }
    ASSERT_STR_EQUAL("=1+1", csv_without_guard("'=1+1"));
    ASSERT_STR_EQUAL("'tis", csv_without_guard("'tis"));
    ASSERT_STR_EQUAL("'", csv_without_guard("'"));
    ASSERT_STR_EQUAL("", csv_without_guard(""));
}

/* ---- xlsx ---- */

TEST(xlsx, every_program_gives_the_same_rows)
{
    static const char *const names[] = {"openpyxl.xlsx", "libreoffice.xlsx", "wps.xlsx"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    const char *expected = dump_file(arena, "utf8.csv");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        ASSERT_STR_EQUAL(expected, dump_file(arena, names[i]));
    }
}

TEST(xlsx, every_kind_of_cell_becomes_text)
{
    static const char before[] =
        "1:text|42|-0.5|TRUE|2026-01-02|2026-01-02 03:04:05|03:04:05|13800138000|";
    CLEANUP(arena_freep) Arena *arena = arena_new();
    /* openpyxl leaves a formula's result out, LibreOffice computes it. */
    ASSERT_STR_EQUAL(arena_printf(arena, "%s110101199003074000~|#N/A|2026-01-02\n3:||sparse\n",
                                  before),
                     dump_file(arena, "numbers.xlsx"));
    ASSERT_STR_EQUAL(
        arena_printf(arena, "%s110101199003075000~|#N/A|2026-01-02\n3:||sparse\n5:|2\n", before),
        dump_file(arena, "numbers_libreoffice.xlsx"));
    ASSERT_STR_EQUAL("1:2026-01-02\n", dump_file(arena, "date1904.xlsx"));
}

TEST(xlsx, hostile_files_are_refused)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("!file_limit_exceeded ratio", dump_file(arena, "bomb.xlsx"));
    ASSERT_STR_EQUAL("!file_damaged", dump_file(arena, "entity.xlsx"));
    ASSERT_STR_EQUAL("!old_excel_file", dump_file(arena, "old.xls"));
    ASSERT_STR_EQUAL("!unknown_file_format", dump_file(arena, "document.pdf"));
    ASSERT(str_starts_with(dump_text(arena, "PK\3\4 is not all of it", 21, NULL), "!"));
}

TEST(xlsx, a_sheet_is_chosen_by_name)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    SheetSource source = {.path = SHEET_FIXTURES "/openpyxl.xlsx"};
    CLEANUP(sheet_closep) SheetReader *reader = NULL;
    ASSERT_OK(sheet_open(arena, &source, NULL, &reader));
    ASSERT_STR_EQUAL("志愿者", sheet_info(reader)->sheet);
    ASSERT_INT_EQUAL(1, sheet_info(reader)->sheet_count);
    ASSERT_STR_EQUAL("!sheet_not_found", dump(arena, &source, &(SheetOptions){.sheet = "字典"}));
}

TEST(xlsx, shared_strings_work_from_a_temporary_file)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    SheetSource source = {.path = SHEET_FIXTURES "/libreoffice.xlsx"};
    SheetOptions tight = {.limits = {.strings_memory_bytes = 1}};
    ASSERT_STR_EQUAL(dump(arena, &source, NULL), dump(arena, &source, &tight));
}

TEST(xlsx, spilled_bytes_come_back_from_anywhere)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Spill *spill = spill_new(arena, "/tmp", 70000);
    for (uint32_t i = 0; i < 400000; i++) {
        ASSERT_OK(spill_append(spill, &i, sizeof(i)));
    }
    ASSERT_INT_EQUAL(1600000, spill_length(spill));
    for (uint32_t i = 0; i < 400000; i += 7919) {
        uint32_t numbers[2];
        ASSERT_OK(spill_read(spill, (int64_t)(399998 - i) * 4, numbers, sizeof(numbers)));
        ASSERT_INT_EQUAL(399998 - i, numbers[0]);
        ASSERT_INT_EQUAL(399999 - i, numbers[1]);
    }
    spill_free(spill);
}

TEST(xlsx, number_formats_tell_dates)
{
    static const struct {
        int64_t id;
        const char *code;
        XlsxFormatKind expected;
    } rows[] = {
        {0, NULL, XLSX_NUMBER},
        {14, NULL, XLSX_DATE},
        {31, NULL, XLSX_DATE},
        {57, NULL, XLSX_DATE},
        {20, NULL, XLSX_TIME},
        {49, NULL, XLSX_NUMBER},
        {164, "General", XLSX_NUMBER},
        {164, "G/通用格式", XLSX_NUMBER},
        {164, "0.00E+00", XLSX_NUMBER},
        {164, "#,##0.00;[Red]-#,##0.00", XLSX_NUMBER},
        {164, "\"days\" 0", XLSX_NUMBER},
        {164, "\\d0", XLSX_NUMBER},
        {164, "yyyy/m/d", XLSX_DATE},
        {164, "yyyy\"年\"m\"月\"d\"日\";@", XLSX_DATE},
        {164, "[$-804]yyyy年m月d日 dddd", XLSX_DATE},
        {164, "mmm", XLSX_DATE},
        {164, "[h]:mm:ss", XLSX_TIME},
        {164, "h:mm AM/PM", XLSX_TIME},
        {164, "yyyy-mm-dd hh:mm:ss", XLSX_DATE},
        {164, "@", XLSX_NUMBER},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_INT_EQUAL(rows[i].expected, xlsx_format_kind(rows[i].id, rows[i].code));
    }
}

TEST(xlsx, numbers_and_serial_days_become_text)
{
    static const struct {
        const char *value;
        XlsxFormatKind kind;
        bool date1904;
        const char *expected;
        bool digits_lost;
    } rows[] = {
        {"42", XLSX_NUMBER, false, "42", false},
        {"007", XLSX_NUMBER, false, "7", false},
        {"1.38001380000E+10", XLSX_NUMBER, false, "13800138000", false},
        {"1.1010119900307451E+17", XLSX_NUMBER, false, "110101199003075000", true},
        {"999999999999999", XLSX_NUMBER, false, "999999999999999", false},
        {"0.1", XLSX_NUMBER, false, "0.1", false},
        {"0.10000000000000001", XLSX_NUMBER, false, "0.1", false},
        {"-0.5", XLSX_NUMBER, false, "-0.5", false},
        {"1e400", XLSX_NUMBER, false, "", false},
        {"nan", XLSX_NUMBER, false, "", false},
        {"abc", XLSX_NUMBER, false, "", false},
        {"1", XLSX_DATE, false, "1900-01-01", false},
        {"59", XLSX_DATE, false, "1900-02-28", false},
        {"60", XLSX_DATE, false, "1900-02-29", false},
        {"61", XLSX_DATE, false, "1900-03-01", false},
        {"46024", XLSX_DATE, false, "2026-01-02", false},
        {"44562", XLSX_DATE, true, "2026-01-02", false},
        {"46024.5", XLSX_DATE, false, "2026-01-02 12:00:00", false},
        {"46023.999999", XLSX_DATE, false, "2026-01-02", false},
        {"0.25", XLSX_TIME, false, "06:00:00", false},
        {"2958465", XLSX_DATE, false, "9999-12-31", false},
        {"2958466", XLSX_DATE, false, "2958466", false},
        {"-1", XLSX_DATE, false, "-1", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char buffer[XLSX_NUMBER_TEXT_SIZE] = "";
        SheetCellKind kind;
        bool digits_lost;
        xlsx_number_text(rows[i].value, rows[i].kind, rows[i].date1904, buffer, &kind,
                         &digits_lost);
        ASSERT_STR_EQUAL(rows[i].expected, buffer);
        ASSERT_INT_EQUAL(rows[i].digits_lost, digits_lost);
    }
}

TEST(xlsx, escapes_of_characters_are_undone)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"a_x000D_b", "a\rb"},  {"_x4E2D_", "中"}, {"_x005F_x000D_", "_x000D_"},
        {"_xD800_", "_xD800_"}, {"_x00", "_x00"},  {"__x0041_", "_A"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[32];
        snprintf(text, sizeof(text), "%s", rows[i].text);
        text[xlsx_unescape(text, strlen(text))] = '\0';
        ASSERT_STR_EQUAL(rows[i].expected, text);
    }
}

TEST(xlsx, what_is_written_is_read_back_as_text)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    char path[] = "/tmp/voms-sheet-test-XXXXXX";
    int fd = mkstemp(path);
    ASSERT(fd >= 0);
    close(fd);
    XlsxWriter *writer = NULL;
    const Slice header[] = {{"姓名", 6}, {"", 0}, {"x", 1}};
    const Slice row[] = {{"=1+1", 4}, {"110101199003074514", 18}, {"a\nb", 3}};
    ASSERT_OK(xlsx_writer_open(arena, path, "志愿者", "/tmp", &writer));
    ASSERT_OK(xlsx_writer_row(writer, header, 3, /* bold= */ true));
    ASSERT_OK(xlsx_writer_row(writer, row, 3, /* bold= */ false));
    ASSERT_OK(xlsx_writer_close(writer));
    xlsx_writer_free(writer);
    ASSERT_STR_EQUAL("1:姓名||x\n2:=1+1|110101199003074514|a\nb\n",
                     dump(arena, &(SheetSource){.path = path}, NULL));
    unlink(path);
}
