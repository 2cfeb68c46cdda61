/* time.h - instants, dates, and the clock that tests can move.
 *
 * An instant is int64_t milliseconds since 1970-01-01T00:00:00Z. Formats are RFC 3339. The
 * organisation's time zone is applied only where people read a time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef int64_t TimeMs; /* an instant, UTC */
typedef int64_t
    Deadline; /* monotonic milliseconds; DEADLINE_NEVER is not allowed for external waits */

#define DEADLINE_NEVER INT64_MAX
#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

typedef struct Date {
    int year;  /* 1..9999 */
    int month; /* 1..12 */
    int day;   /* 1..31 */
} Date;

/* The present instant: the system's clock plus the offset that a test set. */
TimeMs time_now(void);

/* Moves time_now() by offset_ms from the system's clock. Tests only
 * (app/test_clock.h). */
void time_set_offset(int64_t offset_ms);

/* Monotonic milliseconds; not moved by time_set_offset. */
int64_t time_monotonic(void);

/* The same in microseconds: for measuring, not for deadlines. */
int64_t time_monotonic_us(void);

/* The deadline timeout_ms from now. */
Deadline deadline_after(int64_t timeout_ms);

/* Milliseconds that are left, at least 0. */
int64_t deadline_left(Deadline deadline);

/* How long to wait before the next attempt, in ms, after that many failures in a row: min_ms
 * doubled with each, max_ms at most (below 2^31), then half to one and a half of it, so that those
 * who failed together do not return together. */
int64_t back_off_ms(int64_t min_ms, int64_t max_ms, int failures);

/* "2026-01-02T03:04:05.678Z" */
const char *time_format(Arena *arena, TimeMs time);

/* Writes the same into a buffer of at least TIME_TEXT_SIZE bytes; returns its length. */
#define TIME_TEXT_SIZE 32
size_t time_format_to(char *buffer, TimeMs time);

/* Parses RFC 3339 with any offset and up to nine digits of fraction (cut to milliseconds). False
 * also for instants outside the years 1..9999 of UTC, which time_format could not write so that
 * they can be read again. */
bool time_parse(const char *text, TimeMs *ret_time);

/* Parses "YYYY-MM-DD"; false if no such day exists. */
bool date_parse(const char *text, Date *ret_date);

/* "2026-01-02" */
const char *date_format(Arena *arena, Date date);

/* Days since 1970-01-01 (proleptic Gregorian), and back. */
int64_t date_to_days(Date date);
Date date_from_days(int64_t days);

/* The date of an instant in UTC plus utc_offset_minutes. */
Date date_of(TimeMs time, int utc_offset_minutes);

/* Full years from birth to day. */
int date_age(Date birth, Date day);

/* Parses "15m", "30d", "72h", "10s", "250ms" into milliseconds; false if malformed, negative or
 * over ten years. */
bool duration_parse(const char *text, int64_t *ret_ms);
