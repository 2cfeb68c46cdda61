#include "base/time.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_PER_400_YEARS 146097
#define DAYS_0000_03_01_TO_1970 719468
#define DOUBLINGS_MAX 20
#define DURATION_MS_MAX (3653 * DAY_MS)

static _Atomic int64_t clock_offset_ms;

static int64_t read_clock_us(clockid_t id)
{
    struct timespec now;
    BUG_ON(clock_gettime(id, &now) != 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

TimeMs time_now(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000 + atomic_load(&clock_offset_ms);
}

void time_set_offset(int64_t offset_ms)
{
    atomic_store(&clock_offset_ms, offset_ms);
}

int64_t time_monotonic(void)
{
    return time_monotonic_us() / 1000;
}

int64_t time_monotonic_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

Deadline deadline_after(int64_t timeout_ms)
{
    Deadline deadline;
    bool overflow = __builtin_add_overflow(time_monotonic(), timeout_ms, &deadline);
    return overflow ? DEADLINE_NEVER : deadline;
}

int64_t deadline_left(Deadline deadline)
{
    int64_t now = time_monotonic();
    return deadline > now ? deadline - now : 0;
}

int64_t back_off_ms(int64_t min_ms, int64_t max_ms, int failures)
{
    int64_t pause_ms = MIN(min_ms << MIN(MAX(failures, 0), DOUBLINGS_MAX), max_ms);
    return pause_ms / 2 + (int64_t)arc4random_uniform((uint32_t)pause_ms);
}

static int64_t floor_div(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}

/* Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March, so that
 * the leap day is a year's last. */
int64_t date_to_days(Date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_400_YEARS + day_of_era - DAYS_0000_03_01_TO_1970;
}

Date date_from_days(int64_t days)
{
    days += DAYS_0000_03_01_TO_1970;
    int64_t era = floor_div(days, DAYS_PER_400_YEARS);
    int64_t day_of_era = days - era * DAYS_PER_400_YEARS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    return (Date){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

/* Answers are full of times, and printf takes ten times as long. */
static char *put_digits(char *at, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

/* At most 22 bytes. */
static char *put_date(char *at, Date date)
{
    bool usual = date.year >= 0 && date.year <= 9999;
    at = usual ? put_digits(at, date.year, 4) : at + snprintf(at, 16, "%04d", date.year);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    return put_digits(at, date.day, 2);
}

size_t time_format_to(char *buffer, TimeMs time)
{
    int64_t days = floor_div(time, DAY_MS);
    int in_day_ms = (int)((time % DAY_MS + DAY_MS) % DAY_MS);
    int in_day = in_day_ms / 1000;
    Date date = date_from_days(days);
    char *at = put_date(buffer, date);
    *at++ = 'T';
    at = put_digits(at, in_day / 3600, 2);
    *at++ = ':';
    at = put_digits(at, in_day / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, in_day % 60, 2);
    *at++ = '.';
    at = put_digits(at, in_day_ms % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - buffer);
}

const char *time_format(Arena *arena, TimeMs time)
{
    char *text = arena_alloc(arena, TIME_TEXT_SIZE);
    time_format_to(text, time);
    return text;
}

/* Reads exactly count digits and moves *text behind them; -1 if there are fewer. */
static int read_digits(const char **text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return -1;
        }
        value = value * 10 + (**text - '0');
    }
    return value;
}

static bool read_char(const char **text, char expected)
{
    if (**text != expected) {
        return false;
    }
    (*text)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool read_date(const char **text, Date *ret_date)
{
    Date date;
    date.year = read_digits(text, 4);
    if (date.year < 1 || !read_char(text, '-')) {
        return false;
    }
    date.month = read_digits(text, 2);
    if (date.month < 1 || date.month > 12 || !read_char(text, '-')) {
        return false;
    }
    date.day = read_digits(text, 2);
    if (date.day < 1 || date.day > days_in_month(date.year, date.month)) {
        return false;
    }
    *ret_date = date;
    return true;
}

/* A leap second (:60) is refused: nothing here could hold it. */
static bool read_clock_time(const char **text, int64_t *ret_ms)
{
    int hour = read_digits(text, 2);
    if (hour < 0 || hour > 23 || !read_char(text, ':')) {
        return false;
    }
    int minute = read_digits(text, 2);
    if (minute < 0 || minute > 59 || !read_char(text, ':')) {
        return false;
    }
    int second = read_digits(text, 2);
    if (second < 0 || second > 59) {
        return false;
    }
    *ret_ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    return true;
}

/* Up to nine digits, of which three count. */
static bool read_fraction(const char **text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (!read_char(text, '.')) {
        return true;
    }
    int digits = 0;
    int64_t ms = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        ms = digits < 3 ? ms * 10 + (**text - '0') : ms;
    }
    for (int i = digits; i < 3; i++) {
        ms *= 10;
    }
    *ret_ms = ms;
    return digits >= 1 && digits <= 9;
}

static bool read_offset(const char **text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (read_char(text, 'Z') || read_char(text, 'z')) {
        return true;
    }
    int sign = **text == '-' ? -1 : 1;
    if (!read_char(text, '+') && !read_char(text, '-')) {
        return false;
    }
    int hours = read_digits(text, 2);
    if (hours < 0 || hours > 23 || !read_char(text, ':')) {
        return false;
    }
    int minutes = read_digits(text, 2);
    *ret_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
    return minutes >= 0 && minutes <= 59;
}

bool time_parse(const char *text, TimeMs *ret_time)
{
    Date date;
    int64_t clock_ms;
    int64_t fraction_ms;
    int64_t offset_ms;
    if (!read_date(&text, &date) || (!read_char(&text, 'T') && !read_char(&text, 't'))) {
        return false;
    }
    if (!read_clock_time(&text, &clock_ms) || !read_fraction(&text, &fraction_ms)) {
        return false;
    }
    if (!read_offset(&text, &offset_ms) || *text != '\0') {
        return false;
    }
    TimeMs time = date_to_days(date) * DAY_MS + clock_ms + fraction_ms - offset_ms;
    /* An offset can lead out of the years that a text can hold. */
    int year = date_from_days(floor_div(time, DAY_MS)).year;
    if (year < 1 || year > 9999) {
        return false;
    }
    *ret_time = time;
    return true;
}

bool date_parse(const char *text, Date *ret_date)
{
    Date date;
    if (!read_date(&text, &date) || *text != '\0') {
        return false;
    }
    *ret_date = date;
    return true;
}

const char *date_format(Arena *arena, Date date)
{
    char *text = arena_alloc(arena, TIME_TEXT_SIZE);
    *put_date(text, date) = '\0';
    return text;
}

Date date_of(TimeMs time, int utc_offset_minutes)
{
    return date_from_days(floor_div(time + utc_offset_minutes * MINUTE_MS, DAY_MS));
}

int date_age(Date birth, Date day)
{
    bool before_birthday =
        day.month < birth.month || (day.month == birth.month && day.day < birth.day);
    return day.year - birth.year - before_birthday;
}

static int64_t duration_unit_ms(const char *unit)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", SECOND_MS}, {"m", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(unit, units[i].unit) == 0) {
            return units[i].ms;
        }
    }
    return 0;
}

bool duration_parse(const char *text, int64_t *ret_ms)
{
    int64_t count = 0;
    const char *digit = text;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        count = count * 10 + (*digit - '0');
        if (count > DURATION_MS_MAX) {
            return false;
        }
    }
    int64_t unit_ms = duration_unit_ms(digit);
    if (digit == text || unit_ms == 0 || count > DURATION_MS_MAX / unit_ms) {
        return false;
    }
    *ret_ms = count * unit_ms;
    return true;
}
