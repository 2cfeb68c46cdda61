/* command_line.c - the options of the server and of the workers. */
#include <getopt.h>
#include <stdio.h>

#include "app/app.h"
#include "base/str.h"

enum { OPTION_CHECK_CONFIG = 256, OPTION_SAMPLE_CONFIG, OPTION_ROUTES, OPTION_DEMO, OPTION_WEB };

static const char SERVER_HELP[] =
    "  --config FILE     configuration; without it SQLite, everything in one process\n"
    "  --data DIR        folder for data where the configuration names none (./data)\n"
    "  --port N          port to listen on, instead of server.port\n"
    "  --web DIR         folder of the web applications, instead of web.root\n"
    "  --demo            fill an empty database with a demonstration organisation\n"
    "  --check-config    check the configuration and exit (78 when it is wrong)\n"
    "  --sample-config   print a sample configuration\n"
    "  --routes          print every route with the permission it needs\n"
    "  --version, --help\n";

static const char WORKER_HELP[] =
    "  --config FILE     configuration, the same as the server's\n"
    "  --data DIR        folder for data where the configuration names none (./data)\n"
    "  --check-config    check the configuration and exit (78 when it is wrong)\n"
    "  --version, --help\n";

static bool is_server(const ProcessKind *kind)
{
    return kind->alone != 0;
}

static bool parse_port(const char *text, int *ret_port)
{
    int64_t port = 0;
    if (!str_parse_int64(text, &port) || port < 0 || port > 65535) {
        fprintf(stderr, "voms: --port: \"%s\" is no port\n", text);
        return false;
    }
    *ret_port = (int)port;
    return true;
}

/* What the command line asks for: one of these, or to serve. */
typedef int Action(const AppOptions *options);

static int show_routes(const AppOptions *options)
{
    app_print_routes(options);
    return APP_EXIT_OK;
}

static int show_help(const AppOptions *options)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    printf("Usage: %s [options]\n%s\nKeys of the configuration:\n%s", options->process->name,
           is_server(options->process) ? SERVER_HELP : WORKER_HELP, config_help(arena));
    return APP_EXIT_OK;
}

static int show_sample(const AppOptions *options UNUSED)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    fputs(config_sample(arena), stdout);
    return APP_EXIT_OK;
}

static int show_version(const AppOptions *options UNUSED)
{
    puts("voms " VOMS_VERSION);
    return APP_EXIT_OK;
}

static int refuse(const AppOptions *options)
{
    fprintf(stderr, "voms: see %s --help\n", options->process->name);
    return APP_EXIT_USAGE;
}

static Action *parse_option(int option, AppOptions *options, Action *action)
{
    switch (option) {
    case 'c':
        options->config_path = optarg;
        return action;
    case 'd':
        options->data_dir = optarg;
        return action;
    case 'p':
        return parse_port(optarg, &options->port) ? action : refuse;
    case OPTION_WEB:
        options->web_root = optarg;
        return action;
    case OPTION_DEMO:
        options->demo = true;
        return action;
    case OPTION_CHECK_CONFIG:
        return app_check_config;
    case OPTION_SAMPLE_CONFIG:
        return show_sample;
    case OPTION_ROUTES:
        return show_routes;
    case 'v':
        return show_version;
    case 'h':
        return show_help;
    default:
        return refuse;
    }
}

int app_main(const char *kind, const Concept *const *concepts, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"port", required_argument, NULL, 'p'},
        {"web", required_argument, NULL, OPTION_WEB},
        {"demo", no_argument, NULL, OPTION_DEMO},
        {"sample-config", no_argument, NULL, OPTION_SAMPLE_CONFIG},
        {"routes", no_argument, NULL, OPTION_ROUTES},
        {"config", required_argument, NULL, 'c'}, /* from here on the workers', too */
        {"data", required_argument, NULL, 'd'},
        {"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {},
    };
    const size_t server_only = 5;
    AppOptions options = {
        .process = process_kind(kind), .concepts = concepts, .data_dir = "./data", .port = -1};
    Action *action = app_serve;
    const struct option *known = is_server(options.process) ? OPTIONS : OPTIONS + server_only;
    for (int option = 0; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        action = parse_option(option, &options, action);
        if (action == refuse) {
            break;
        }
    }
    return optind < argc ? refuse(&options) : action(&options);
}
