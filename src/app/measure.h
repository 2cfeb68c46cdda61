/* measure.h - what the process says of itself on /metrics. */
#pragma once

#include "app/services.h"

/* Adds the store's, the cache's, the bus's, the loops' and the process's numbers to the metrics. */
void measure_register(Services *services);
