/* upkeep.c - the schema and the configuration. */
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "operate/command.h"

/* ---- migrate ---- */

static int migrate(const Invocation *invocation)
{
    AppCore *core = invocation->core;
    MigrationReport report = {};
    Err *err = store_migrate(core->arena, &core->store_options, core->migrations_dir,
                             invocation->dry_run, &report);
    if (err != NULL) {
        return invocation_fail(invocation, err);
    }
    for (size_t i = 0; i < report.count; i++) {
        const Migration *migration = &report.migrations[i];
        const char *when = migration->applied_at == 0
                               ? "pending"
                               : time_format(invocation->arena, migration->applied_at);
        printf("%04" PRId64 "  %-24s %s%s\n", migration->id, migration->name, when,
               migration->from_newer_version ? "  (of a newer version)" : "");
    }
    printf("%zu applied now, %zu pending\n", report.applied_now, report.pending);
    return APP_EXIT_OK;
}

/* ---- config reference ---- */

static int print_reference(const Invocation *invocation)
{
    bool chinese = invocation->argc > 0 && str_equal(invocation->argv[0], "zh");
    fputs(config_reference(invocation->arena, chinese), stdout);
    return APP_EXIT_OK;
}

const Command upkeep_commands[] = {
    {
        .name = "migrate",
        .arguments = "[--dry-run]",
        .help = {"bring the schema up to date, or list what is pending",
                 "更新数据库结构,或列出待执行的迁移"},
        .run = migrate,
    },
    {
        .name = "config reference",
        .arguments = "[zh]",
        .need = COMMAND_ALONE,
        .arguments_max = 1,
        .help = {"print all configuration keys (Markdown)", "输出全部配置项(Markdown)"},
        .run = print_reference,
    },
    {},
};
