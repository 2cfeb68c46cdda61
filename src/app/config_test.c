#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config.h"
#include "base/str.h"
#include "base/time.h"
#include "tests/unit/test.h"

#define GOOD_SECRET "0123456789abcdefghijklmnopqrstuvwxyz"
#define GOOD_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define REQUIRED                                                                                   \
    "\"jwt\":{\"secret\":\"" GOOD_SECRET "\"},\"encryption\":{\"key\":\"" GOOD_KEY "\"},"          \
    "\"super_admin\":{\"username\":\"admin\",\"password\":\"correct horse\"}"

static void remove_file(char **path)
{
    unlink(*path);
}

/* Loads a configuration file of this text. */
static Err *load(Arena *arena, const char *text, Config **ret_config)
{
    CLEANUP(remove_file) char *path = arena_strdup(arena, "/tmp/voms-config-XXXXXX");
    int fd = mkstemp(path);
    ASSERT(fd >= 0);
    ASSERT_INT_EQUAL(strlen(text), write(fd, text, strlen(text)));
    close(fd);
    return config_load(arena, path, "/nowhere", ret_config);
}

TEST(config, reads_values_and_keeps_defaults)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    ASSERT_OK(load(arena,
                   "{" REQUIRED ",\"server\":{\"port\":9000,\"trusted_proxies\":[\"10.0.0.0/8\"]},"
                   "\"database\":{\"driver\":\"postgres\",\"url\":\"postgresql:///x\","
                   "\"statement_timeout\":\"3s\"}}",
                   &config));
    ASSERT_INT_EQUAL(9000, config->server.port);
    ASSERT_STR_EQUAL("127.0.0.1", config->server.host);
    ASSERT_STR_EQUAL("10.0.0.0/8", config->server.trusted_proxies[0]);
    ASSERT(config->server.trusted_proxies[1] == NULL);
    ASSERT(config->server.cors_origins[0] == NULL);
    ASSERT_INT_EQUAL(1, config->database.driver);
    ASSERT_INT_EQUAL(3 * SECOND_MS, config->database.statement_timeout_ms);
    ASSERT_INT_EQUAL(15 * MINUTE_MS, config->jwt.access_ttl_ms);
    ASSERT_STR_EQUAL("/nowhere", config->storage.path);
}

TEST(config, names_path_line_and_column_of_a_syntax_error)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    Err *err = load(arena, "{\n  \"server\": {\n    \"port\": 8181,\n  }\n}", &config);
    ASSERT_ERR(ERR_CONFIG, err);
    ASSERT(strstr(err->message, "/tmp/voms-config-") != NULL);
    ASSERT(strstr(err->message, "line 4") != NULL);
    ASSERT(strstr(err->message, "column") != NULL);
    ASSERT(config == NULL);
}

TEST(config, reports_every_missing_key_at_once)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    Err *err = load(arena, "{}", &config);
    ASSERT_ERR(ERR_CONFIG, err);
    static const char *const KEYS[] = {"jwt.secret", "encryption.key", "super_admin.username",
                                       "super_admin.password"};
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        ASSERT(strstr(err->message, KEYS[i]) != NULL);
    }
}

typedef struct BadRow {
    const char *text;
    const char *expected; /* in the message */
} BadRow;

TEST(config, says_what_is_wrong_with_a_value)
{
    static const BadRow ROWS[] = {
        {"{" REQUIRED ",\"serve\":{}}", "serve: unknown key; did you mean server?"},
        {"{" REQUIRED ",\"server\":{\"prot\":1}}",
         "server.prot: unknown key; did you mean server.port?"},
        {"{" REQUIRED ",\"server\":{\"port\":70000}}", "server.port: 70000 is not within 0..65535"},
        {"{" REQUIRED ",\"server\":{\"port\":true}}", "server.port: must be a whole number"},
        {"{" REQUIRED ",\"server\":{\"port\":\"x\"}}", "server.port: \"x\" is no whole number"},
        {"{" REQUIRED ",\"server\":{\"trusted_proxies\":[1]}}",
         "server.trusted_proxies: item 1 must be a text"},
        {"{" REQUIRED ",\"server\":[]}", "server: must be an object"},
        {"{" REQUIRED ",\"log\":{\"level\":\"loud\"}}", "log.level: \"loud\" is none of"},
        {"{" REQUIRED ",\"database\":{\"statement_timeout\":\"soon\"}}",
         "database.statement_timeout: \"soon\" is no duration"},
        {"{" REQUIRED ",\"database\":{\"driver\":\"postgres\"}}", "database.url: missing"},
        {"{\"jwt\":{\"secret\":\"short\"}}", "jwt.secret: too short: 5 bytes"},
        {"{\"jwt\":{\"secret\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}", "jwt.secret: too weak"},
        {"{\"super_admin\":{\"password\":\"password12\"}}", "super_admin.password: too weak"},
        {"{\"encryption\":{\"key\":\"AAAA\"}}", "encryption.key: must be base64url of exactly 32"},
        {"{" REQUIRED ",\"web\":{\"root\":\"${VOMS_SURELY_NOT_SET}\"}}",
         "web.root: the environment has no variable VOMS_SURELY_NOT_SET"},
        {"{" REQUIRED ",\"web\":{\"root\":\"file:/surely/not/there\"}}",
         "web.root: cannot read /surely/not/there"},
        {"[]", "expected an object"},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Config *config = NULL;
        Err *err = load(arena, ROWS[i].text, &config);
        ASSERT_ERR(ERR_CONFIG, err);
        if (strstr(err->message, ROWS[i].expected) == NULL) {
            test_fail(__FILE__, __LINE__, "row %zu: \"%s\" is not in \"%s\"", i, ROWS[i].expected,
                      err->message);
        }
        ASSERT(config == NULL);
    }
}

TEST(config, never_repeats_a_secret_in_a_message)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    Err *err = load(arena, "{\"jwt\":{\"secret\":\"tell-nobody\"}}", &config);
    ASSERT_ERR(ERR_CONFIG, err);
    ASSERT(strstr(err->message, "tell-nobody") == NULL);
}

TEST(config, takes_values_from_environment_and_files)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    setenv("VOMS_TEST_ROOT", "/srv/web", 1);
    ASSERT_OK(load(arena,
                   "{" REQUIRED ",\"web\":{\"root\":\"${VOMS_TEST_ROOT}\"},"
                   "\"server\":{\"host\":\"file:/proc/sys/kernel/ostype\"}}",
                   &config));
    ASSERT_STR_EQUAL("/srv/web", config->web.root);
    ASSERT_STR_EQUAL("Linux", config->server.host);
}

TEST(config, embedded_profile_keeps_its_generated_secrets)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    char folder[] = "/tmp/voms-data-XXXXXX";
    ASSERT(mkdtemp(folder) != NULL);
    Config *first = NULL;
    Config *second = NULL;
    ASSERT_OK(config_load(arena, NULL, folder, &first));
    ASSERT_OK(config_load(arena, NULL, folder, &second));
    ASSERT_STR_EQUAL(first->jwt.secret.reveal, second->jwt.secret.reveal);
    ASSERT_STR_EQUAL(first->encryption.key.reveal, second->encryption.key.reveal);
    ASSERT(strlen(first->jwt.secret.reveal) >= 32);
    unlink(arena_printf(arena, "%s/secrets.json", folder));
    rmdir(folder);
}

TEST(config, sample_is_syntactically_a_configuration)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Config *config = NULL;
    Err *err = load(arena, config_sample(arena), &config);
    ASSERT_ERR(ERR_CONFIG, err); /* its credential files are not there */
    ASSERT(strstr(err->message, "unknown key") == NULL);
    ASSERT(strstr(err->message, "missing") == NULL);
}
