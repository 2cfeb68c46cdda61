/* command.h - what vomsctl can do.
 *
 * Each file of this folder brings a table of commands; command.c joins the tables. A command is
 * sequential: it may block, prints what it finds in the operator's language, and returns an exit
 * code. What it knows about concepts it asks of voms/. */
#pragma once

#include <stdbool.h>

#include "app/app.h"

/* A text in both languages. */
typedef struct Bilingual {
    const char *en;
    const char *zh;
} Bilingual;

/* An option that only this command knows; read it by invocation_option(). */
typedef struct CommandOption {
    const char *name;     /* without "--" */
    const char *argument; /* what its value is called, such as "FILE"; NULL: it has none */
    Bilingual help;
} CommandOption;

/* One call of a command. */
typedef struct Invocation {
    int argc; /* what follows the command's name and is no option */
    char **argv;
    Arena *arena;
    AppCore *core;         /* NULL for a command that does not need it */
    const AppOptions *app; /* where the configuration and the data are */
    bool dry_run;          /* say what would be done, and do nothing */
    bool json;
    bool assume_yes; /* do not ask */
    bool is_chinese;
    const CommandOption *options;
    const char **option_values; /* in the order of options; NULL: not given */
} Invocation;

typedef enum CommandNeed {
    COMMAND_WITH_CORE, /* the configuration, read and found good, and the store (not yet connected)
                        */
    COMMAND_ALONE,     /* runs whatever is broken */
} CommandNeed;

typedef struct Command {
    const char *name;      /* one word or two */
    const char *arguments; /* "NAME [FILE]" */
    CommandNeed need;
    int arguments_min;
    int arguments_max;
    Bilingual help;               /* one line, without a full stop */
    Bilingual details;            /* paragraphs for its own page; or NULL */
    const CommandOption *options; /* ends with {}; or NULL */
    int (*run)(const Invocation *invocation);
} Command;

/* The tables; each ends with an empty row. */
extern const Command upkeep_commands[];
extern const Command proof_commands[];
extern const Command sample_commands[];
extern const Command backup_commands[];
extern const Command restore_commands[];
extern const Command store_move_commands[];

/* Picks the text of the operator's language. */
const char *invocation_say(const Invocation *invocation, const char *en, const char *zh);

/* The value of one of the command's own options: NULL if it was not given, "" if it has no value.
 * BUG_ON if the command has no such option. */
const char *invocation_option(const Invocation *invocation, const char *name);

/* Asks a yes-or-no question at the terminal; true at once with --yes. False when nobody is there to
 * answer, which is said. */
bool invocation_confirm(const Invocation *invocation, const char *question);

/* Prints why a command failed. Returns the exit code for it. */
int invocation_fail(const Invocation *invocation, const Err *err);

/* Runs vomsctl. Returns an exit code. */
int command_main(int argc, char **argv);
