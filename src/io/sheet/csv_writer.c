/* csv_writer.c - csv that no spreadsheet takes for formulas. */
#include <string.h>

#include "io/sheet/sheet.h"

/* A negative number is data, whatever it begins with. */
static bool is_negative_number(const char *text, size_t length)
{
    size_t points = 0;
    for (size_t i = 1; i < length; i++) {
        points += text[i] == '.';
        if ((text[i] < '0' || text[i] > '9') && text[i] != '.') {
            return false;
        }
    }
    return text[0] == '-' && length > 1 + points && points <= 1;
}

static bool begins_formula(const char *text, size_t length)
{
    static const char STARTS[] = {'=', '+', '-', '@', '\t', '\r'};
    return length > 0 && memchr(STARTS, text[0], sizeof(STARTS)) != NULL &&
           !is_negative_number(text, length);
}

static void append_cell(Str *out, const char *text, size_t length)
{
    bool guard = begins_formula(text, length);
    bool quote = guard || memchr(text, '"', length) != NULL || memchr(text, ',', length) != NULL ||
                 memchr(text, '\n', length) != NULL || memchr(text, '\r', length) != NULL ||
                 (length > 0 && (text[0] == ' ' || text[length - 1] == ' '));
    if (!quote) {
        str_append_bytes(out, text, length);
        return;
    }
    str_append_char(out, '"');
    if (guard) {
        str_append_char(out, '\'');
    }
    const char *end = text + length;
    for (const char *at = text; at < end;) {
        const char *found = memchr(at, '"', (size_t)(end - at));
        const char *stop = found == NULL ? end : found + 1;
        str_append_bytes(out, at, (size_t)(stop - at));
        if (found != NULL) {
            str_append_char(out, '"');
        }
        at = stop;
    }
    str_append_char(out, '"');
}

void csv_append_row(Str *out, const Slice *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            str_append_char(out, ',');
        }
        append_cell(out, cells[i].data == NULL ? "" : cells[i].data, cells[i].length);
    }
    str_append(out, "\r\n");
}

const char *csv_without_guard(const char *text)
{
    bool guarded = text[0] == '\'' && text[1] != '\0' && strchr("=+-@\t\r", text[1]) != NULL;
    return guarded ? text + 1 : text;
}
