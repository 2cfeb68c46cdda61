/* system_health.h - how the parts of the system are. */
#pragma once

#include "app/services.h"

#define HEALTH_PARTS_MAX 16

typedef struct Health {
    HealthStatus
        status; /* DOWN: the core business cannot run; DEGRADED: something needs attention */
    HealthPart parts[HEALTH_PARTS_MAX];
    size_t count;
} Health;

/* Asks every part; a part that does not answer within two seconds is down. Yields. */
void system_health_check(Ctx *ctx, Health *ret_health);
