/* xlsx_number.c - numbers, and the dates that Excel keeps as numbers.
 *
 * A date is a count of days since 1899-12-30 (or 1904-01-01), with the day as a fraction; that it
 * is a date shows only in the cell's number format. Excel's 1900 was a leap year: serial 60 is a
 * day that never was, and days before it are off by one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "io/sheet/sheet_internal.h"

#define EXACT_MAX 1e15       /* Excel keeps 15 digits */
#define SERIAL_MAX 2958466.0 /* 9999-12-31, and the day's end */
#define SECONDS_PER_DAY 86400
#define LEAP_BUG_SERIAL 60

static XlsxFormatKind builtin_kind(int64_t id)
{
    bool time = (id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35) ||
                id == 55 || id == 56;
    bool date = (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 ||
                (id >= 50 && id <= 54) || id == 57 || id == 58;
    return time ? XLSX_TIME : date ? XLSX_DATE : XLSX_NUMBER;
}

/* Skips what is literal in a format: "text", \c, _c, *c, [Red]. Returns the next position. */
static const char *skip_literal(const char *at)
{
    if (*at == '"') {
        const char *end = strchr(at + 1, '"');
        return end == NULL ? at + strlen(at) : end + 1;
    }
    if (*at == '[') {
        const char *end = strchr(at, ']');
        return end == NULL ? at + strlen(at) : end + 1;
    }
    if (*at == '\\' || *at == '_' || *at == '*') {
        return at[1] == '\0' ? at + 1 : at + 2;
    }
    return at;
}

XlsxFormatKind xlsx_format_kind(int64_t id, const char *code)
{
    if (code == NULL) {
        return builtin_kind(id);
    }
    bool day = false;
    bool clock = false;
    for (const char *at = code; *at != '\0' && *at != ';';) {
        const char *next = skip_literal(at);
        if (next != at) {
            bool elapsed =
                *at == '[' && (strncasecmp(at, "[h", 2) == 0 || strncasecmp(at, "[m", 2) == 0 ||
                               strncasecmp(at, "[s", 2) == 0);
            clock = clock || elapsed;
            at = next;
            continue;
        }
        if (strncasecmp(at, "General", 7) == 0) {
            return XLSX_NUMBER;
        }
        day = day || strchr("yYdD", *at) != NULL;
        clock = clock || strchr("hHsS", *at) != NULL;
        at++;
    }
    /* A lone m is a month: "mm" by itself is rare, and a number with an m nearly always a date. */
    bool month = !clock && strpbrk(code, "mM") != NULL && strpbrk(code, "0#?") == NULL &&
                 strpbrk(code, "\"[\\") == NULL;
    return day || month ? XLSX_DATE : clock ? XLSX_TIME : XLSX_NUMBER;
}

static size_t clock_text(int64_t seconds, char *buffer)
{
    int printed = snprintf(buffer, XLSX_NUMBER_TEXT_SIZE, "%02d:%02d:%02d", (int)(seconds / 3600),
                           (int)(seconds / 60 % 60), (int)(seconds % 60));
    return (size_t)printed;
}

static Date serial_date(int64_t serial, bool date1904)
{
    if (date1904) {
        return date_from_days(date_to_days((Date){1904, 1, 1}) + serial);
    }
    if (serial == LEAP_BUG_SERIAL) {
        return (Date){1900, 2, 29}; /* no such day: whoever checks the date will say so */
    }
    int64_t bug = serial < LEAP_BUG_SERIAL ? 1 : 0;
    return date_from_days(date_to_days((Date){1899, 12, 30}) + serial + bug);
}

/* 0 if the number is no date at all. */
static size_t date_text(double serial, XlsxFormatKind kind, bool date1904, char *buffer)
{
    if (serial < 0 || serial >= SERIAL_MAX) {
        return 0;
    }
    int64_t day = (int64_t)serial;
    int64_t seconds = (int64_t)llround((serial - (double)day) * SECONDS_PER_DAY);
    if (seconds == SECONDS_PER_DAY) {
        day++;
        seconds = 0;
    }
    if (kind == XLSX_TIME && day == 0) {
        return clock_text(seconds, buffer);
    }
    Date date = serial_date(day, date1904);
    int printed =
        snprintf(buffer, XLSX_NUMBER_TEXT_SIZE, "%04d-%02d-%02d", date.year, date.month, date.day);
    if (seconds > 0) {
        buffer[printed++] = ' ';
        return (size_t)printed + clock_text(seconds, buffer + printed);
    }
    return (size_t)printed;
}

static bool is_short_integer(const char *value, size_t length)
{
    if (length == 0 || length > 15 || (value[0] == '0' && length > 1)) {
        return false;
    }
    return strspn(value, "0123456789") == length;
}

static bool parse_double(const char *value, double *ret_number)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(number) || strpbrk(value, "xXnN") != NULL) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* A whole number beyond the exact ones, as Excel shows it: 15 digits, then zeros. */
static size_t rounded_text(double number, char *buffer)
{
    char scientific[32];
    snprintf(scientific, sizeof(scientific), "%.14e", fabs(number));
    size_t zeros = (size_t)strtol(strchr(scientific, 'e') + 1, NULL, 10) - 14;
    size_t printed = (size_t)snprintf(buffer, XLSX_NUMBER_TEXT_SIZE, "%s%c%.14s",
                                      number < 0 ? "-" : "", scientific[0], scientific + 2);
    memset(buffer + printed, '0', zeros);
    buffer[printed + zeros] = '\0';
    return printed + zeros;
}

size_t xlsx_number_text(const char *value, XlsxFormatKind kind, bool date1904, char *buffer,
                        SheetCellKind *ret_kind, bool *ret_digits_lost)
{
    size_t length = strlen(value);
    *ret_kind = SHEET_CELL_NUMBER;
    *ret_digits_lost = false;
    if (kind == XLSX_NUMBER && is_short_integer(value, length)) {
        memcpy(buffer, value, length + 1);
        return length;
    }

    double number;
    if (!parse_double(value, &number)) {
        return 0;
    }
    if (kind != XLSX_NUMBER) {
        size_t date_length = date_text(number, kind, date1904, buffer);
        if (date_length > 0) {
            *ret_kind = SHEET_CELL_DATE;
            return date_length;
        }
    }
    bool whole = number == floor(number) && fabs(number) < 1e21;
    *ret_digits_lost = fabs(number) >= EXACT_MAX;
    if (whole && *ret_digits_lost) {
        return rounded_text(number, buffer);
    }
    int printed = snprintf(buffer, XLSX_NUMBER_TEXT_SIZE, whole ? "%.0f" : "%.15g", number);
    return (size_t)printed;
}
