/* Small text formats: numbers, instants, dates, durations, hexadecimal, base64url, UTF-8. */
#include "base/str.h"
#include "base/time.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_times(Arena *arena, const char *text)
{
    TimeMs time;
    if (time_parse(text, &time)) {
        TimeMs again;
        BUG_ON(!time_parse(time_format(arena, time), &again) || again != time);
    }
    Date date;
    if (date_parse(text, &date)) {
        BUG_ON(strcmp(text, date_format(arena, date_from_days(date_to_days(date)))) != 0);
    }
    int64_t ms;
    BUG_ON(duration_parse(text, &ms) && ms < 0);
}

static void fuzz_codes(Arena *arena, const char *text)
{
    size_t length;
    unsigned char *bytes = str_parse_base64url(arena, text, &length);
    BUG_ON(bytes != NULL && strcmp(text, str_base64url(arena, bytes, length)) != 0);
    size_t half = strlen(text) / 2;
    unsigned char *raw = arena_alloc(arena, half + 1);
    if (str_parse_hex(text, raw, half)) {
        const char *lower = str_ascii_lower(arena, text);
        BUG_ON(strcmp(lower, str_hex(arena, raw, half)) != 0);
    }
}

FUZZ(text)
{
    int64_t number;
    str_parse_int64(data, &number);
    fuzz_times(arena, data);
    fuzz_codes(arena, data);
    BUG_ON(str_is_clean_utf8(data, size) && str_utf8_length(data) > size);
    const char *trimmed = str_trim(arena, data);
    BUG_ON(strcmp(trimmed, str_trim(arena, trimmed)) != 0);
    str_edit_distance(data, trimmed);
}
