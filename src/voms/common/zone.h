/* zone.h - wall-clock times of IANA time zones, by ICU's tables. */
#pragma once

#include <stdbool.h>

#include "base/time.h"

#define ZONE_NAME_MAX 64

/* A wall-clock time: minutes since 1970-01-01T00:00 on a clock of the zone. */
typedef int64_t LocalMinutes;

/* Is there a zone of exactly this name? */
bool zone_is_known(const char *zone);

/* The FieldCheck of a zone's name: "time_zone_unknown". */
const char *zone_check(Arena *arena, const char *value, const char **ret_normalized);

/* The instant of a wall-clock time. One that comes twice means the first, one that is skipped is
 * counted on from before the gap (RFC 5545, section 3.3.5). The zone must be known. */
TimeMs zone_to_utc(const char *zone, LocalMinutes local);

/* What a clock of the zone shows at an instant, in whole minutes. */
LocalMinutes zone_from_utc(const char *zone, TimeMs time);
