/* vomsctl.c - what an operator does from a terminal: sequential, one command after another. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "app/app.h"
#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/concepts.h"
#include "voms/ledger/ledger.h"
#include "voms/statistics/statistics.h"
#include "voms/volunteer/volunteer.h"

/* What follows the command's name. */
typedef struct Invocation {
    int argc;
    char **argv;
    bool dry_run;
} Invocation;

typedef struct Command {
    const char *name; /* one or two words */
    const char *arguments;
    const char *help;
    int (*run)(AppCore *core, const Invocation *invocation);
} Command;

static int fail(AppCore *core, const Err *err)
{
    fprintf(stderr, "vomsctl: %s\n", err_text(core->arena, err));
    return app_exit_code(err);
}

/* ---- migrate ---- */

static int migrate(AppCore *core, const Invocation *invocation)
{
    MigrationReport report = {};
    Err *err = store_migrate(core->arena, &core->store_options, core->migrations_dir,
                             invocation->dry_run, &report);
    if (err != NULL) {
        return fail(core, err);
    }
    for (size_t i = 0; i < report.count; i++) {
        const Migration *migration = &report.migrations[i];
        const char *when = migration->applied_at == 0
                               ? "pending"
                               : time_format(core->arena, migration->applied_at);
        printf("%04" PRId64 "  %-24s %s%s\n", migration->id, migration->name, when,
               migration->from_newer_version ? "  (of a newer version)" : "");
    }
    printf("%zu applied now, %zu pending\n", report.applied_now, report.pending);
    return APP_EXIT_OK;
}

/* ---- audit verify ---- */

YIELDS static Err *verify(Ctx *ctx, void *arg)
{
    return audit_verify(ctx, arg);
}

static int verify_audit(AppCore *core, const Invocation *invocation UNUSED)
{
    AuditVerification result = {};
    Err *err = app_core_run(core, verify, &result);
    if (err != NULL) {
        return fail(core, err);
    }
    printf("%" PRId64 " entries checked, %" PRId64 " not sealed yet (%" PRId64
           " of them for over five minutes)\n",
           result.entries, result.unsealed, result.unsealed_old);
    if (result.broken_at != 0) {
        printf("BROKEN at entry %" PRId64 ": %s\n", result.broken_at, result.reason);
        return APP_EXIT_FAILED;
    }
    printf("the chain is whole\n");
    return result.unsealed_old == 0 ? APP_EXIT_OK : APP_EXIT_FAILED;
}

/* ---- ledger verify ---- */

YIELDS static Err *verify_entries(Ctx *ctx, void *arg)
{
    return ledger_verify(ctx, arg);
}

static int verify_ledger(AppCore *core, const Invocation *invocation UNUSED)
{
    LedgerVerification result = {};
    Err *err = app_core_run(core, verify_entries, &result);
    if (err != NULL) {
        return fail(core, err);
    }
    printf("%" PRId64 " volunteers with %" PRId64 " entries checked\n", result.volunteers,
           result.entries);
    if (result.findings != 0) {
        printf("%" PRId64 " FINDINGS, the first: %s\n", result.findings, result.first);
        return APP_EXIT_FAILED;
    }
    printf("the ledger is sound\n");
    return APP_EXIT_OK;
}

/* ---- statistics verify, statistics rebuild ---- */

YIELDS static Err *verify_totals(Ctx *ctx, void *arg)
{
    return statistics_verify(ctx, arg);
}

static void print_findings(const StatisticsVerification *result)
{
    for (size_t i = 0; i < STATISTICS_FINDINGS_KEPT && result->first[i] != NULL; i++) {
        printf("  %s\n", result->first[i]);
    }
    printf("%" PRId64 " DIFFERENCES: by so much a rebuild would change what is kept\n",
           result->findings);
}

static int verify_statistics(AppCore *core, const Invocation *invocation UNUSED)
{
    StatisticsVerification result = {};
    Err *err = app_core_run(core, verify_totals, &result);
    if (err != NULL) {
        return fail(core, err);
    }
    printf("%" PRId64 " volunteers, %" PRId64 " activities and %" PRId64 " totals compared\n",
           result.volunteers, result.activities, result.totals);
    if (result.waiting != 0) {
        printf("%" PRId64 " messages were on their way\n", result.waiting);
    }
    if (result.findings != 0) {
        print_findings(&result);
        return APP_EXIT_FAILED;
    }
    printf("the statistics equal a rebuild\n");
    return APP_EXIT_OK;
}

YIELDS static Err *rebuild_totals(Ctx *ctx, void *arg UNUSED)
{
    return statistics_rebuild(ctx);
}

static int rebuild_statistics(AppCore *core, const Invocation *invocation UNUSED)
{
    Err *err = app_core_run(core, rebuild_totals, NULL);
    if (err != NULL) {
        return fail(core, err);
    }
    printf("the statistics are rebuilt\n");
    return APP_EXIT_OK;
}

/* ---- generate-volunteers ---- */

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

static int generate_volunteers(AppCore *core, const Invocation *invocation)
{
    Generation generation = {.seed = 1};
    if (!number_at(invocation, 0, &generation.count) || generation.count < 1 ||
        (invocation->argc > 1 && !number_at(invocation, 1, &generation.seed))) {
        fprintf(stderr, "vomsctl: generate-volunteers COUNT [SEED]\n");
        return APP_EXIT_USAGE;
    }
    Err *err = app_core_run(core, generate, &generation);
    if (err != NULL) {
        return fail(core, err);
    }
    printf("%" PRId64 " volunteers made\n", generation.count);
    return APP_EXIT_OK;
}

/* ---- config reference ---- */

static int print_reference(AppCore *core, const Invocation *invocation)
{
    bool chinese = invocation->argc > 0 && str_equal(invocation->argv[0], "zh");
    fputs(config_reference(core->arena, chinese), stdout);
    return APP_EXIT_OK;
}

static const Command COMMANDS[] = {
    {"migrate", "[--dry-run]", "bring the schema up to date, or list what is pending", migrate},
    {"audit verify", "", "prove that the audit log is whole", verify_audit},
    {"ledger verify", "", "prove that totals, entries and attendances agree", verify_ledger},
    {"statistics verify", "", "prove that the statistics equal a rebuild", verify_statistics},
    {"statistics rebuild", "", "make the statistics anew from the tables", rebuild_statistics},
    {"config reference", "[zh]", "print all configuration keys (Markdown)", print_reference},
    {"generate-volunteers", "COUNT [SEED]", "add invented volunteers, to measure with",
     generate_volunteers},
    {},
};

static int print_help(int exit_code)
{
    printf("Usage: vomsctl [--config FILE] [--data DIR] COMMAND\n");
    for (const Command *command = COMMANDS; command->name != NULL; command++) {
        printf("  %-20s %-14s %s\n", command->name, command->arguments, command->help);
    }
    return exit_code;
}

/* Finds the command that the first words name; *ret_words of them are its name. */
static const Command *find_command(int argc, char **argv, int *ret_words)
{
    char name[64];
    for (int words = MIN(argc, 2); words > 0; words--) {
        snprintf(name, sizeof(name), "%s%s%s", argv[0], words == 2 ? " " : "",
                 words == 2 ? argv[1] : "");
        for (const Command *command = COMMANDS; command->name != NULL; command++) {
            if (str_equal(command->name, name)) {
                *ret_words = words;
                return command;
            }
        }
    }
    return NULL;
}

static int run_command(const AppOptions *options, Invocation invocation)
{
    int words = 0;
    const Command *command = find_command(invocation.argc, invocation.argv, &words);
    if (command == NULL) {
        return print_help(APP_EXIT_USAGE);
    }
    int exit_code = APP_EXIT_OK;
    AppCore *core = app_core_open(options, &exit_code);
    if (core == NULL) {
        return exit_code;
    }
    invocation.argc -= words;
    invocation.argv += words;
    exit_code = command->run(core, &invocation);
    app_core_close(core);
    return exit_code;
}

int main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"config", required_argument, NULL, 'c'},
        {"data", required_argument, NULL, 'd'},
        {"dry-run", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {},
    };
    AppOptions options = {.concepts = all_concepts, .data_dir = "./data", .port = -1};
    Invocation invocation = {};
    for (int option = 0; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        switch (option) {
        case 'c':
            options.config_path = optarg;
            break;
        case 'd':
            options.data_dir = optarg;
            break;
        case 'n':
            invocation.dry_run = true;
            break;
        default:
            return print_help(option == 'h' ? APP_EXIT_OK : APP_EXIT_USAGE);
        }
    }
    invocation.argc = argc - optind;
    invocation.argv = argv + optind;
    return run_command(&options, invocation);
}
