#include "voms/common/zone.h"

#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/compiler.h"
#include "base/err.h"

static bool to_utf16(const char *zone, UChar *ret_name)
{
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(ret_name, ZONE_NAME_MAX, NULL, zone, -1, &status);
    return U_SUCCESS(status);
}

bool zone_is_known(const char *zone)
{
    UChar name[ZONE_NAME_MAX + 1] = {};
    UChar canonical[ZONE_NAME_MAX + 1];
    UErrorCode status = U_ZERO_ERROR;
    if (!to_utf16(zone, name)) {
        return false;
    }
    ucal_getCanonicalTimeZoneID(name, -1, canonical, ZONE_NAME_MAX, NULL, &status);
    return U_SUCCESS(status);
}

const char *zone_check(Arena *arena UNUSED, const char *value, const char **ret_normalized UNUSED)
{
    return zone_is_known(value) ? NULL : "time_zone_unknown";
}

static UCalendar *open_calendar(const char *zone)
{
    UChar name[ZONE_NAME_MAX + 1] = {};
    UErrorCode status = U_ZERO_ERROR;
    BUG_ON(!to_utf16(zone, name));
    UCalendar *calendar = ucal_open(name, -1, "en", UCAL_GREGORIAN, &status);
    BUG_ON(U_FAILURE(status));
    ucal_setAttribute(calendar, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
    ucal_setAttribute(calendar, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_LAST);
    return calendar;
}

TimeMs zone_to_utc(const char *zone, LocalMinutes local)
{
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = open_calendar(zone);
    int64_t day = local >= 0 ? local / (24 * 60) : -((-local + 24 * 60 - 1) / (24 * 60));
    int minute = (int)(local - day * 24 * 60);
    Date date = date_from_days(day);
    ucal_clear(calendar);
    ucal_setDateTime(calendar, date.year, date.month - 1, date.day, minute / 60, minute % 60, 0,
                     &status);
    UDate instant = ucal_getMillis(calendar, &status);
    ucal_close(calendar);
    BUG_ON(U_FAILURE(status));
    return (TimeMs)instant;
}

LocalMinutes zone_from_utc(const char *zone, TimeMs time)
{
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = open_calendar(zone);
    ucal_setMillis(calendar, (UDate)time, &status);
    int64_t offset_ms = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) +
                        ucal_get(calendar, UCAL_DST_OFFSET, &status);
    ucal_close(calendar);
    BUG_ON(U_FAILURE(status));
    int64_t local_ms = time + offset_ms;
    return local_ms >= 0 ? local_ms / MINUTE_MS : -((-local_ms + MINUTE_MS - 1) / MINUTE_MS);
}
