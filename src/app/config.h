/* config.h - the configuration: one table of options. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

/* Every value the file can set, with its defaults in place. The table in config.c says for each:
 * key, type, default, bounds, what it is for. Texts live as long as the Config's arena. */
typedef struct Config {
    Arena *arena;
    const char *path; /* of the file, or NULL: embedded without a file */

    struct {
        const char *host;
        int64_t port;
        const char *public_url;
        int64_t threads; /* 0: one per core */
        const char **trusted_proxies;
        const char **cors_origins;
    } server;
    struct {
        int64_t driver; /* StoreDriver */
        const char *path;
        Secret url;
        int64_t pipelines;
        int64_t transactions_max;
        int64_t statement_timeout_ms;
    } database;
    struct {
        Secret url; /* "": the cache is in memory */
        const char *ca_file;
    } redis;
    struct {
        Secret url; /* "": the database carries messages itself */
        const char *ca_file;
        const char *stream;
        int64_t replicas;
    } nats;
    struct {
        Secret secret;
        const char *issuer;
        int64_t access_ttl_ms;
        int64_t refresh_ttl_ms;
    } jwt;
    struct {
        Secret key; /* base64url of 32 bytes: encrypts sensitive columns */
        int64_t key_id;
        const char **old_keys; /* "ID:KEY", still able to decrypt */
    } encryption;
    struct {
        const char *username;
        Secret password;
        bool password_generated; /* embedded profile: to be printed when the account is made */
    } super_admin;
    struct {
        const char *path;
    } storage;
    struct {
        const char *url; /* "": no mail */
        const char *username;
        Secret password;
        const char *from;
        int64_t tls; /* MailTls */
    } mail;
    struct {
        int64_t level;  /* LogLevel */
        int64_t format; /* LogFormat */
    } log;
    struct {
        const char *root;
    } web;
} Config;

/* Reads and checks the file; path NULL gives the embedded profile with data in data_dir. Fails with
 * ERR_CONFIG whose message lists every problem, one per line: for syntax the path, line, column and
 * what was expected; all missing, weak and unknown keys at once. */
Err *config_load(Arena *arena, const char *path, const char *data_dir, Config **ret_config);

/* The table for people: `--help-config` text, a sample file, and the reference page in Markdown. */
const char *config_help(Arena *arena);
const char *config_sample(Arena *arena);
const char *config_reference(Arena *arena, bool chinese);
