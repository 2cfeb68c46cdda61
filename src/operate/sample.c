/* sample.c - invented data. */
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "operate/command.h"
#include "voms/volunteer/volunteer.h"

typedef struct Generation {
    int64_t count;
    int64_t seed;
} Generation;

YIELDS static Err *generate(Ctx *ctx, void *arg)
{
    const Generation *generation = arg;
    return volunteer_generate(ctx, generation->count, (uint64_t)generation->seed);
}

static bool number_at(const Invocation *invocation, int index, int64_t *ret_number)
{
    return invocation->argc > index && str_parse_int64(invocation->argv[index], ret_number);
}

static int generate_volunteers(const Invocation *invocation)
{
    Generation generation = {.seed = 1};
    if (!number_at(invocation, 0, &generation.count) || generation.count < 1 ||
        (invocation->argc > 1 && !number_at(invocation, 1, &generation.seed))) {
        fprintf(stderr, "vomsctl: generate-volunteers COUNT [SEED]\n");
        return APP_EXIT_USAGE;
    }
    Err *err = app_core_run(invocation->core, generate, &generation);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    printf("%" PRId64 " volunteers made\n", generation.count);
    return APP_EXIT_OK;
}

const Command sample_commands[] = {
    {
        .name = "generate-volunteers",
        .arguments = "COUNT [SEED]",
        .arguments_min = 1,
        .arguments_max = 2,
        .help = {"add invented volunteers", "加入虚构的志愿者"},
        .run = generate_volunteers,
    },
    {},
};
