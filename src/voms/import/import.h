/* import.h - files of volunteers on their way in: upload, mapping, preview, commit.
 *
 * Preview and commit are background jobs that make the same decision about each row
 * (import_internal.h); the commit makes it again on what the database holds by then. Who uploaded
 * an import sees it, and who has volunteer:import on its unit. */
#pragma once

#include "app/services.h"

typedef struct ImportId {
    int64_t value;
} ImportId;

typedef enum ImportState {
    IMPORT_UPLOADED,
    IMPORT_MAPPED,
    IMPORT_PREVIEWING,
    IMPORT_PREVIEWED,
    IMPORT_COMMITTING,
    IMPORT_DONE,
    IMPORT_FAILED,
    IMPORT_CANCELLED
} ImportState;

typedef enum ImportOutcome {
    IMPORT_CREATE,
    IMPORT_UPDATE,
    IMPORT_SKIP,
    IMPORT_REFUSE,
    IMPORT_OUTCOME_COUNT
} ImportOutcome;

#define IMPORT_ROWS_MAX 200000 /* without the header */

extern const Concept import_concept;
