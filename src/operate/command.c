/* command.c - from the words of a command line to the command that they name. */
#include "operate/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "voms/concepts.h"

/* What a deployment uses (voms-deploy). */
#define DEPLOYED_CONFIG "/opt/voms/configs/config.production.json"

enum { OWN_OPTIONS_MAX = 16, OWN_OPTION = 1000, NAME_MAX_BYTES = 64 };

typedef struct CommandGroup {
    Bilingual title;
    const Command *commands;
} CommandGroup;

static const CommandGroup GROUPS[] = {
    {{"Upkeep", "维护"}, upkeep_commands},       {{"Backups", "备份"}, backup_commands},
    {{"Restoration", "恢复"}, restore_commands}, {{"Moving", "迁移数据库"}, store_move_commands},
    {{"Proofs", "核验"}, proof_commands},        {{"To measure with", "性能测量"}, sample_commands},
};

static const CommandOption GLOBAL_OPTIONS[] = {
    {"config",
     "FILE",
     {"configuration; by default that of the deployment", "配置文件;默认用部署时的配置"}},
    {"data", "DIR", {"folder of data where no configuration names one", "无配置文件时的数据目录"}},
    {"lang", "zh|en", {"language of the texts; by default that of LANG", "文字语言;默认取自 LANG"}},
    {"json", NULL, {"print JSON, where the command can", "以 JSON 输出(命令支持时)"}},
    {"dry-run", NULL, {"say what would be done, and do nothing", "只说明将做什么,不执行"}},
    {"yes", NULL, {"do not ask", "不再询问"}},
    {"help", NULL, {"this page, or that of the command", "本说明,或该命令的说明"}},
    {"version", NULL, {"the version", "版本"}},
    {},
};

/* What the command line says beside the command's name and arguments. */
typedef struct CommandLine {
    AppOptions app;
    Invocation invocation;
    const Command *command;
    const char *values[OWN_OPTIONS_MAX];
    bool wants_help;
    bool wants_version;
    bool is_wrong;  /* which was said */
    bool has_place; /* --config or --data was given */
} CommandLine;

/* ---- What commands use ---- */

static const char *pick(bool is_chinese, Bilingual text)
{
    return is_chinese ? text.zh : text.en;
}

const char *invocation_say(const Invocation *invocation, const char *en, const char *zh)
{
    return invocation->is_chinese ? zh : en;
}

const char *invocation_option(const Invocation *invocation, const char *name)
{
    for (size_t i = 0; invocation->options != NULL && invocation->options[i].name != NULL; i++) {
        if (str_equal(invocation->options[i].name, name)) {
            return invocation->option_values[i];
        }
    }
    BUG_ON("no such option");
    return NULL;
}

bool invocation_confirm(const Invocation *invocation, const char *question)
{
    if (invocation->assume_yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "vomsctl: %s\n%s\n", question,
                invocation_say(invocation, "Nobody is there to answer; use --yes.",
                               "没有人可以回答;请加 --yes。"));
        return false;
    }
    char answer[16] = "";
    printf("%s [y/N] ", question);
    (void)fflush(stdout);
    return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

int invocation_fail(const Invocation *invocation, const Err *err)
{
    fprintf(stderr, "vomsctl: %s\n", err_text(invocation->arena, err));
    return app_exit_code(err);
}

/* ---- Help ---- */

static void print_options(bool is_chinese, const CommandOption *options)
{
    char name[NAME_MAX_BYTES];
    for (const CommandOption *option = options; option != NULL && option->name != NULL; option++) {
        snprintf(name, sizeof(name), "--%s%s%s", option->name, option->argument == NULL ? "" : " ",
                 option->argument == NULL ? "" : option->argument);
        printf("  %-26s %s\n", name, pick(is_chinese, option->help));
    }
}

static void print_help(bool is_chinese)
{
    puts(is_chinese ? "用法: vomsctl [选项]… 命令 [参数]…"
                    : "Usage: vomsctl [OPTION]... COMMAND [ARGUMENT]...");
    for (size_t i = 0; i < COUNT_OF(GROUPS); i++) {
        printf("\n%s:\n", pick(is_chinese, GROUPS[i].title));
        for (const Command *command = GROUPS[i].commands; command->name != NULL; command++) {
            char name[NAME_MAX_BYTES];
            snprintf(name, sizeof(name), "%s %s", command->name, command->arguments);
            printf("  %-34s %s\n", name, pick(is_chinese, command->help));
        }
    }
    puts(is_chinese ? "\n选项:" : "\nOptions:");
    print_options(is_chinese, GLOBAL_OPTIONS);
    puts(is_chinese ? "\n每个命令的说明:vomsctl 命令 --help"
                    : "\nMore about a command: vomsctl COMMAND --help");
}

static void print_command_help(bool is_chinese, const Command *command)
{
    printf("%s vomsctl %s%s%s\n\n%s\n", is_chinese ? "用法:" : "Usage:", command->name,
           command->arguments[0] == '\0' ? "" : " ", command->arguments,
           pick(is_chinese, command->help));
    if (command->details.en != NULL) {
        printf("\n%s\n", pick(is_chinese, command->details));
    }
    if (command->options != NULL) {
        puts(is_chinese ? "\n选项:" : "\nOptions:");
        print_options(is_chinese, command->options);
    }
    puts(is_chinese ? "\n通用选项:" : "\nOptions of every command:");
    print_options(is_chinese, GLOBAL_OPTIONS);
}

/* ---- Reading the command line ---- */

static const Command *find_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(GROUPS); i++) {
        for (const Command *command = GROUPS[i].commands; command->name != NULL; command++) {
            if (str_equal(command->name, name)) {
                return command;
            }
        }
    }
    return NULL;
}

/* Finds the command that the first words name; *ret_words of them are its name. */
static const Command *find_command(int argc, char **argv, int *ret_words)
{
    char name[NAME_MAX_BYTES];
    for (int words = MIN(argc, 2); words > 0; words--) {
        snprintf(name, sizeof(name), "%s%s%s", argv[0], words == 2 ? " " : "",
                 words == 2 ? argv[1] : "");
        const Command *command = find_named(name);
        if (command != NULL) {
            *ret_words = words;
            return command;
        }
    }
    return NULL;
}

static bool set_language(CommandLine *line, const char *text)
{
    line->invocation.is_chinese = str_equal(text, "zh");
    if (!line->invocation.is_chinese && !str_equal(text, "en")) {
        fprintf(stderr, "vomsctl: --lang: zh | en\n");
        return false;
    }
    return true;
}

/* Takes the option called name, one of GLOBAL_OPTIONS. False if its value is wrong. */
static bool take_global(CommandLine *line, const char *name, const char *value)
{
    Invocation *invocation = &line->invocation;
    if (str_equal(name, "lang")) {
        return set_language(line, value);
    }
    if (str_equal(name, "config")) {
        line->app.config_path = value;
        line->has_place = true;
    } else if (str_equal(name, "data")) {
        line->app.data_dir = value;
        line->has_place = true;
    }
    invocation->json |= str_equal(name, "json");
    invocation->dry_run |= str_equal(name, "dry-run");
    invocation->assume_yes |= str_equal(name, "yes");
    line->wants_help |= str_equal(name, "help");
    line->wants_version |= str_equal(name, "version");
    return true;
}

static void add_options(struct option *table, size_t *used, const CommandOption *options, int first)
{
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        table[(*used)++] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].argument == NULL ? no_argument : required_argument,
            .val = first + (int)i,
        };
    }
}

/* Reads options until the first word that is none (stop_at_word) or all of them. The command's own
 * come first: a command may have, say, a --data of its own. Returns where the words begin. */
static int read_options(CommandLine *line, int argc, char **argv, bool stop_at_word)
{
    struct option table[OWN_OPTIONS_MAX + COUNT_OF(GLOBAL_OPTIONS) + 1] = {};
    size_t used = 0;
    const CommandOption *own = line->command == NULL ? NULL : line->command->options;
    add_options(table, &used, own, OWN_OPTION);
    BUG_ON(used > OWN_OPTIONS_MAX);
    add_options(table, &used, GLOBAL_OPTIONS, 1);
    optind = 0; /* glibc: begin anew */
    for (int value = 0;
         (value = getopt_long(argc, argv, stop_at_word ? "+" : "", table, NULL)) != -1;) {
        if (value >= OWN_OPTION) {
            line->values[value - OWN_OPTION] = optarg == NULL ? "" : optarg;
        } else if (value == '?' || !take_global(line, GLOBAL_OPTIONS[value - 1].name, optarg)) {
            line->is_wrong = true;
        }
    }
    return optind;
}

static bool speaks_chinese(void)
{
    static const char *const VARIABLES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < COUNT_OF(VARIABLES); i++) {
        const char *value = getenv(VARIABLES[i]);
        if (!str_is_empty(value)) {
            return str_starts_with(value, "zh");
        }
    }
    return false;
}

/* The words after the program's name: options, the command's name, more options and arguments. */
static void read_command_line(CommandLine *line, int argc, char **argv)
{
    int first = read_options(line, argc, argv, /* stop_at_word= */ true);
    int words = 0;
    line->command = find_command(argc - first, argv + first, &words);
    if (line->command == NULL) {
        line->invocation.argc = argc - first;
        line->invocation.argv = argv + first;
        return;
    }
    /* getopt takes the last word of the name for the program's. */
    argc -= first + words - 1;
    argv += first + words - 1;
    int rest = read_options(line, argc, argv, /* stop_at_word= */ false);
    line->invocation.argc = argc - rest;
    line->invocation.argv = argv + rest;
}

/* ---- Running ---- */

static int refuse(const CommandLine *line)
{
    const Invocation *invocation = &line->invocation;
    if (line->command != NULL) {
        fprintf(stderr, "%s vomsctl %s %s\n", invocation_say(invocation, "Usage:", "用法:"),
                line->command->name, line->command->arguments);
    } else if (invocation->argc > 0) {
        fprintf(stderr, "vomsctl: %s \"%s\"; %s\n",
                invocation_say(invocation, "no command", "没有命令"), invocation->argv[0],
                invocation_say(invocation, "see vomsctl --help", "请看 vomsctl --help"));
    } else {
        print_help(invocation->is_chinese);
    }
    return APP_EXIT_USAGE;
}

static bool has_right_arguments(const CommandLine *line)
{
    return line->invocation.argc >= line->command->arguments_min &&
           line->invocation.argc <= line->command->arguments_max;
}

static int run_command(CommandLine *line)
{
    Invocation *invocation = &line->invocation;
    invocation->app = &line->app;
    invocation->options = line->command->options;
    invocation->option_values = line->values;
    if (line->command->need == COMMAND_ALONE) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        invocation->arena = arena;
        return line->command->run(invocation);
    }
    int exit_code = APP_EXIT_OK;
    AppCore *core = app_core_open(&line->app, &exit_code);
    if (core == NULL) {
        return exit_code;
    }
    invocation->core = core;
    invocation->arena = core->arena;
    exit_code = line->command->run(invocation);
    app_core_close(core);
    return exit_code;
}

static int print_wanted_help(const CommandLine *line)
{
    if (line->command == NULL) {
        print_help(line->invocation.is_chinese);
    } else {
        print_command_help(line->invocation.is_chinese, line->command);
    }
    return APP_EXIT_OK;
}

int command_main(int argc, char **argv)
{
    CommandLine line = {
        .app = {.concepts = all_concepts, .data_dir = "./data", .port = -1},
        .invocation = {.is_chinese = speaks_chinese()},
    };
    read_command_line(&line, argc, argv);
    if (!line.has_place && access(DEPLOYED_CONFIG, F_OK) == 0) {
        line.app.config_path = DEPLOYED_CONFIG;
    }
    if (line.wants_help && !line.is_wrong) {
        return print_wanted_help(&line);
    }
    if (line.wants_version) {
        puts("vomsctl " VOMS_VERSION);
        return APP_EXIT_OK;
    }
    if (line.is_wrong || line.command == NULL || !has_right_arguments(&line)) {
        return refuse(&line);
    }
    return run_command(&line);
}
