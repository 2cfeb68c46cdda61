#include "app/process.h"

#include "app/config.h"
#include "base/str.h"

static const ProcessKind KINDS[] = {
    {.name = "server",
     .alone = DUTY_SCHEMA | DUTY_HTTP | DUTY_RELAY | DUTY_CONSUME | DUTY_SCHEDULE,
     /* The schedules stay here as well: their runs are idempotent, and “run now” and what is shown
      * of them are answered by this process. */
     .with_nats = DUTY_SCHEMA | DUTY_HTTP | DUTY_RELAY | DUTY_SCHEDULE},
    {.name = "worker-consumer", .with_nats = DUTY_CONSUME},
    {.name = "worker-scheduler", .with_nats = DUTY_SCHEDULE},
    {},
};

const ProcessKind *process_kind(const char *name)
{
    const ProcessKind *kind = KINDS;
    while (kind->name != NULL && !str_equal(kind->name, name)) {
        kind++;
    }
    BUG_ON(kind->name == NULL);
    return kind;
}

Err *process_duties(const ProcessKind *kind, const Config *config, unsigned *ret_duties)
{
    bool alone = str_is_empty(config->nats.url.reveal);
    unsigned duties = alone ? kind->alone : kind->with_nats;
    if (duties == 0) {
        return ERR(config->arena, ERR_CONFIG, "invalid_config",
                   "nats.url: is missing; without it the server does everything, and there is "
                   "nothing for a %s",
                   kind->name);
    }
    *ret_duties = duties;
    return NULL;
}
