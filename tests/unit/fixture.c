#include "tests/unit/fixture.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/vault.h"
#include "http/internal.h"
#include "http/router.h"
#include "voms/access/access.h"
#include "voms/account/account_internal.h"
#include "voms/concepts.h"
#include "voms/unit/unit.h"

#define TEMPLATE "voms_fixture_template"
#define DATABASE "voms_fixture"

typedef struct Fixture {
    StoreOptions store_options;
    const char *directory;
    Arena *arena;
    Config config;
    Services services;
    Loop *loop;
    FixtureBody *body;
} Fixture;

/* ---- Databases ---- */

/* The URL of the server with another database: "postgresql://voms@/NAME?host=/tmp/x". */
static const char *url_of(Arena *arena, const char *database)
{
    const char *url = getenv("VOMS_TEST_POSTGRES");
    const char *query = url + strcspn(url, "?");
    const char *slash = query;
    while (*slash != '/') {
        slash--;
    }
    return arena_printf(arena, "%.*s/%s%s", (int)(slash - url), url, database, query);
}

static void execute(Arena *arena, const char *const *statements)
{
    PGconn *admin = PQconnectdb(url_of(arena, "postgres"));
    if (PQstatus(admin) != CONNECTION_OK) {
        test_fail(__FILE__, __LINE__, "%s", PQerrorMessage(admin));
    }
    PQclear(PQexec(admin, "SET client_min_messages = error"));
    for (size_t i = 0; statements[i] != NULL; i++) {
        PGresult *result = PQexec(admin, statements[i]);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            test_fail(__FILE__, __LINE__, "%s: %s", statements[i], PQerrorMessage(admin));
        }
        PQclear(result);
    }
    PQfinish(admin);
}

static void migrate(Arena *arena, const StoreOptions *options)
{
    MigrationReport report = {};
    ASSERT_OK(store_migrate(arena, options, VOMS_SOURCE_ROOT "/migrations", false, &report));
}

/* Migrated once per program; each test gets a copy. */
static void make_postgres(Fixture *fixture)
{
    static bool has_template;
    fixture->store_options.driver = STORE_POSTGRES;
    if (!has_template) {
        execute(fixture->arena,
                (const char *[]){"DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)",
                                 "DROP DATABASE IF EXISTS " TEMPLATE " WITH (FORCE)",
                                 "CREATE DATABASE " TEMPLATE, NULL});
        fixture->store_options.url = url_of(fixture->arena, TEMPLATE);
        migrate(fixture->arena, &fixture->store_options);
        has_template = true;
    }
    execute(fixture->arena,
            (const char *[]){"DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)",
                             "CREATE DATABASE " DATABASE " TEMPLATE " TEMPLATE, NULL});
    fixture->store_options.url = url_of(fixture->arena, DATABASE);
}

static void make_sqlite(Fixture *fixture)
{
    fixture->store_options.driver = STORE_SQLITE;
    fixture->store_options.path = arena_printf(fixture->arena, "%s/voms.db", fixture->directory);
    migrate(fixture->arena, &fixture->store_options);
}

/* ---- The services ---- */

static void fill_config(Config *config)
{
    static const char *none[] = {NULL};
    config->jwt.secret.reveal = "a secret of the tests, long enough for HS256";
    config->jwt.issuer = "voms";
    config->jwt.access_ttl_ms = 15 * MINUTE_MS;
    config->jwt.refresh_ttl_ms = 30 * DAY_MS;
    config->encryption.key.reveal = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    config->encryption.key_id = 1;
    config->encryption.old_keys = none;
    config->super_admin.username = FIXTURE_SUPER_USERNAME;
    config->super_admin.password.reveal = FIXTURE_SUPER_PASSWORD;
}

static void open_services(Fixture *fixture)
{
    Services *services = &fixture->services;
    CacheOptions cache = {.memory_max_bytes = 1024 * 1024};
    fill_config(&fixture->config);
    *services = (Services){.concepts = all_concepts,
                           .duties = process_kind("server")->alone,
                           .config = &fixture->config,
                           .data_dir = fixture->directory,
                           .loops = &fixture->loop,
                           .loop_count = 1};
    ASSERT_OK(vault_open(fixture->arena, &fixture->config, &services->vault));
    ASSERT_OK(cache_open(fixture->arena, &cache, &services->cache));
    ASSERT_OK(store_open(fixture->arena, &fixture->store_options, &services->store));
    access_forget(services, (AccountId){0});
}

static void start_concepts(Services *services)
{
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        if ((*concept)->start != NULL) {
            ASSERT_OK((*concept)->start(ctx_new_system(services)));
        }
    }
}

static void leave_thread(const Services *services)
{
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        if ((*concept)->leave_thread != NULL) {
            (*concept)->leave_thread();
        }
    }
}

static void fixture_main(void *arg)
{
    Fixture *fixture = arg;
    Services *services = &fixture->services;
    ASSERT_OK(store_attach(services->store));
    start_concepts(services);
    fixture->body(ctx_new_system(services));
    leave_thread(services);
    store_detach(services->store);
    StoreStats stats = store_stats(services->store);
    ASSERT_INT_EQUAL(0, stats.in_flight);
    ASSERT_INT_EQUAL(0, stats.waiting);
    ASSERT_INT_EQUAL(0, stats.transactions_open);
}

static void remove_directory(const char *directory)
{
    char command[300];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory);
    ASSERT(system(command) == 0);
}

void fixture_run(StoreDriver driver, FixtureBody *body)
{
    if (driver == STORE_POSTGRES && getenv("VOMS_TEST_POSTGRES") == NULL) {
        printf("skipped: VOMS_TEST_POSTGRES is not set; tests/unit/run sets it\n");
        return;
    }
    char directory[] = "/tmp/voms-fixture.XXXXXX";
    ASSERT(mkdtemp(directory) != NULL);
    FiberGroup group;
    Fixture fixture = {.directory = directory, .arena = arena_new(), .body = body};
    password_set_cost(1, 8192);
    authenticate_clear();
    if (driver == STORE_POSTGRES) {
        make_postgres(&fixture);
    } else {
        make_sqlite(&fixture);
    }
    fixture.loop = loop_new("test");
    open_services(&fixture);
    fiber_group_init(&group);
    fiber_spawn(&group, "test", fixture_main, &fixture);
    fiber_group_join(&group);
    loop_free(fixture.loop);
    store_close(fixture.services.store);
    cache_close(fixture.services.cache);
    arena_free(fixture.arena);
    time_set_offset(0);
    remove_directory(directory);
}

/* ---- Who asks ---- */

Ctx *fixture_nobody(Ctx *ctx)
{
    Ctx *other = ctx_new_system(ctx->services);
    other->caller = (Caller){};
    other->client_address = "192.0.2.1";
    return other;
}

Ctx *fixture_as(Ctx *ctx, AccountId account_id)
{
    Ctx *other = fixture_nobody(ctx);
    Account *account = NULL;
    ASSERT_OK(account_find(other, account_id, &account));
    other->caller.account_id = account_id;
    other->caller.name = account->username;
    other->caller.volunteer_id = account->volunteer_id;
    ASSERT_OK(access_load(other, account_id, account->is_super_administrator));
    return other;
}

Ctx *fixture_super(Ctx *ctx)
{
    Credentials *credentials = NULL;
    ASSERT_OK(account_find_login(ctx, FIXTURE_SUPER_USERNAME, &credentials));
    return fixture_as(ctx, credentials->account_id);
}

void fixture_advance(Ctx *ctx, int64_t duration_ms)
{
    ctx->now += duration_ms;
    time_set_offset(0);
    time_set_offset(ctx->now - time_now());
}

/* ---- Things ---- */

UnitId fixture_unit(Ctx *ctx, UnitId parent_id, const char *name)
{
    Unit draft = {.parent_id = parent_id, .name = name, .applications_open = true};
    Unit *unit = NULL;
    ASSERT_OK(unit_insert(ctx, &draft, &unit));
    return unit->id;
}

AccountId fixture_account(Ctx *ctx, const char *username)
{
    AccountDraft draft = {.username = username, .unit_id = UNIT_ROOT};
    AccountId account_id = {};
    ASSERT_OK(password_hash(ctx, FIXTURE_PASSWORD, &draft.password_hash));
    ASSERT_OK(account_insert(ctx, &draft, &account_id));
    return account_id;
}

int64_t fixture_grant(Ctx *ctx, AccountId account_id, const char *role, UnitId unit_id)
{
    int64_t role_id = 0;
    int64_t grant_id = 0;
    ASSERT_OK(access_find_role_id(ctx, role, &role_id));
    ASSERT_OK(access_insert_grant(ctx, account_id, role_id, unit_id, &grant_id));
    return grant_id;
}

Ctx *fixture_with_role(Ctx *ctx, const char *username, const char *role, UnitId unit_id)
{
    AccountId account_id = fixture_account(ctx, username);
    fixture_grant(ctx, account_id, role, unit_id);
    return fixture_as(ctx, account_id);
}

VolunteerId fixture_volunteer(Ctx *ctx, VolunteerDraft draft)
{
    const Settings *settings = NULL;
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId id = {};
    ASSERT_OK(setting_load(ctx, &settings));
    ConsentGiven consent = {.policy_version = settings->privacy_policy_version};
    draft.consent = &consent;
    draft.unit_id = draft.unit_id.value == 0 ? UNIT_ROOT : draft.unit_id;
    ASSERT_OK(volunteer_rules_check(ctx->arena, setting_date(settings, ctx->now), &draft));
    ASSERT_OK(volunteer_insert(ctx, &draft, &entry, &id));
    return id;
}

Volunteer *fixture_find_volunteer(Ctx *ctx, VolunteerId id)
{
    Volunteer *volunteer = NULL;
    ASSERT_OK(volunteer_find_any(ctx, id, &volunteer));
    return volunteer;
}

/* ---- Routes ---- */

static const Route *const *routes_of(Ctx *ctx)
{
    size_t count = 0;
    const Route **tables = ARENA_ARRAY(ctx->arena, const Route *, 100);
    for (const Concept *const *concept = ctx->services->concepts; *concept != NULL; concept ++) {
        BUG_ON(count == 99);
        if ((*concept)->routes != NULL) {
            tables[count++] = (*concept)->routes;
        }
    }
    return tables;
}

typedef struct FixtureCall {
    Ctx *ctx;
    HttpRequest *req;
    HttpResponse *res;
} FixtureCall;

static Err *handle_call(Db *db, void *arg)
{
    FixtureCall *call = arg;
    Ctx ctx = *call->ctx;
    ctx.db = db;
    http_response_reset(call->res);
    return call->req->route->handle(&ctx, call->req, call->res);
}

Err *fixture_call(Ctx *ctx, HttpMethod method, const char *path, const char *body,
                  json_t **ret_answer)
{
    HttpResponse res;
    RouteMatch match = {};
    size_t length = strcspn(path, "?");
    HttpDetails details = {.raw_query = path[length] == '?' ? path + length + 1 : ""};
    HttpRequest req = {.arena = ctx->arena,
                       .method = method,
                       .path = arena_strndup(ctx->arena, path, length),
                       .language = LANGUAGE_EN,
                       .connection = &details};
    if (body != NULL) {
        *vec_push(&details.headers, ctx->arena) =
            (Pair){.name = "Content-Type", .value = "application/json"};
        req.body = (Slice){.data = body, .length = strlen(body)};
    }
    ASSERT_OK(
        router_find(router_new(ctx->arena, routes_of(ctx)), ctx->arena, method, req.path, &match));
    ASSERT(match.route != NULL);
    req.route = match.route;
    memcpy(req.path_values, match.values, sizeof(req.path_values));
    http_response_init(&res, &req);
    TRY(store_transact(ctx->db, handle_call, &(FixtureCall){.ctx = ctx, .req = &req, .res = &res}));
    Slice answer = http_response_body(&res);
    *ret_answer = NULL;
    return answer.length == 0 ? NULL
                              : json_parse(ctx->arena, answer.data, answer.length, ret_answer);
}
