#include "app/test_clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/schedule.h"
#include "base/log.h"
#include "base/str.h"

static const char *file_name(void)
{
    return getenv("VOMS_TEST_CLOCK");
}

bool test_clock_is_on(void)
{
    return file_name() != NULL;
}

static bool read_offset(int64_t *ret_offset_ms)
{
    FILE *file = fopen(file_name(), "re");
    char text[32] = "";
    bool read = file != NULL && fgets(text, sizeof text, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    return read && str_parse_int64(text, ret_offset_ms);
}

void test_clock_apply(Services *services)
{
    int64_t offset_ms = 0;
    if (!read_offset(&offset_ms)) {
        log_event(LOG_WARN, "no number in the file of VOMS_TEST_CLOCK");
        return;
    }
    time_set_offset(offset_ms);
    log_event(LOG_WARN, "the clock was moved, for a test", LOG_INT("offset_ms", offset_ms));
    scheduler_run_now(services, NULL);
}
