/* redis_test.c - the client against a real redis-server. */
#include "io/redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/service.h"
#include "tests/unit/test.h"

typedef struct RedisTest {
    Arena *arena;
    TestService server;
    int port;
    RedisOptions options;
    RedisClient *client;
} RedisTest;

typedef void Body(RedisTest *t);

typedef struct Run {
    RedisTest *test;
    Body *body;
} Run;

static const char *port_text(const RedisTest *t)
{
    return arena_printf(t->arena, "%d", t->port);
}

static void start_server(RedisTest *t)
{
    test_service_start(&t->server, (const char *const[]){"redis-server", "--port", port_text(t),
                                                         "--bind", "127.0.0.1", "--save", "",
                                                         "--unixsocket", "socket", NULL});
}

static void run_body(void *arg)
{
    const Run *run = arg;
    run->body(run->test);
    redis_client_free(run->test->client);
}

static void run_test(Body *body)
{
    RedisTest t = {.arena = arena_new(), .port = test_free_port()};
    FiberGroup group;
    test_service_init(&t.server);
    t.options.target = (StreamTarget){.host = "127.0.0.1", .port = t.port};
    t.options.timeout_ms = 5000;
    Loop *loop = loop_new("test");
    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_body, &(Run){&t, body});
    fiber_group_join(&group);
    loop_free(loop);
    test_service_done(&t.server);
    arena_free(t.arena);
}

#define REDIS_TEST(name)                                                                           \
    static Body body_##name;                                                                       \
    TEST(redis, name)                                                                              \
    {                                                                                              \
        run_test(body_##name);                                                                     \
    }                                                                                              \
    static void body_##name(RedisTest *t)

static void wait_for(const RedisClient *client, bool connected)
{
    for (int i = 0; i < 4000 && redis_is_connected(client) != connected; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT(redis_is_connected(client) == connected);
}

static void connect_client(RedisTest *t)
{
    t->client = redis_client_new(&t->options);
    wait_for(t->client, true);
}

#define COMMAND(client, arena, ret_reply, ...)                                                     \
    redis_command((client), (arena), (const char *const[]){__VA_ARGS__},                           \
                  COUNT_OF(((const char *const[]){__VA_ARGS__})), (ret_reply))

REDIS_TEST(answers_come_as_they_are)
{
    RedisReply reply;
    start_server(t);
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "SET", "a", "one two\r\n"));
    ASSERT_STR_EQUAL("OK", reply.text);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "GET", "a"));
    ASSERT_STR_EQUAL("one two\r\n", reply.text);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "GET", "nothing"));
    ASSERT(reply.type == REDIS_NIL && reply.text == NULL);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "INCRBY", "n", "-5"));
    ASSERT_INT_EQUAL(-5, reply.integer);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "MGET", "n", "b"));
    ASSERT_INT_EQUAL(2, reply.length);
    ASSERT_STR_EQUAL("-5", reply.items[0].text);
    ASSERT(reply.items[1].type == REDIS_NIL);
    Err *err = COMMAND(t->client, t->arena, &reply, "INCRBY", "a", "1");
    ASSERT_ERR(ERR_UNAVAILABLE, err);
    ASSERT(strstr(err->message, "not an integer") != NULL);
}

typedef struct Asker {
    RedisTest *t;
    int number;
    int answered;
} Asker;

static void ask(void *arg)
{
    Asker *asker = arg;
    RedisReply reply;
    const char *text = arena_printf(fiber_arena(), "%d", asker->number);
    for (int i = 0; i < 50; i++) {
        ASSERT_OK(COMMAND(asker->t->client, fiber_arena(), &reply, "ECHO", text));
        ASSERT_STR_EQUAL(text, reply.text);
        asker->answered++;
    }
}

REDIS_TEST(fibers_share_the_connection_and_each_gets_its_own_answer)
{
    Asker askers[40];
    FiberGroup group;
    start_server(t);
    connect_client(t);
    fiber_group_init(&group);
    for (int i = 0; i < 40; i++) {
        askers[i] = (Asker){.t = t, .number = i};
        fiber_spawn(&group, "asker", ask, &askers[i]);
    }
    fiber_group_join(&group);
    for (int i = 0; i < 40; i++) {
        ASSERT_INT_EQUAL(50, askers[i].answered);
    }
    RedisReply reply;
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "CLIENT", "LIST"));
    ASSERT(strstr(reply.text, "name=voms") != NULL);
    ASSERT(strchr(reply.text, '\n') == strrchr(reply.text, '\n')); /* one line: one connection */
}

REDIS_TEST(large_values_pass_both_ways)
{
    RedisReply reply;
    size_t length = 3000000;
    char *value = arena_alloc(t->arena, length + 1);
    memset(value, 'x', length);
    start_server(t);
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "SET", "large", value));
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "GET", "large"));
    ASSERT_INT_EQUAL(length, reply.length);
    ASSERT_STR_EQUAL(value, reply.text);
}

REDIS_TEST(without_a_server_a_call_fails_at_once_and_works_once_it_is_there)
{
    RedisReply reply;
    t->client = redis_client_new(&t->options);
    ASSERT_ERR(ERR_UNAVAILABLE, COMMAND(t->client, t->arena, &reply, "PING"));
    while (strstr(redis_reason(t->client, t->arena), "refused") == NULL) {
        ASSERT_OK(fiber_sleep(5));
    }
    int64_t began = time_monotonic();
    ASSERT_ERR(ERR_UNAVAILABLE, COMMAND(t->client, t->arena, &reply, "PING"));
    ASSERT(time_monotonic() - began < 500);
    start_server(t);
    wait_for(t->client, true);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "PING"));
    ASSERT_STR_EQUAL("", redis_reason(t->client, t->arena));
}

REDIS_TEST(comes_back_after_the_server_was_killed)
{
    RedisReply reply;
    start_server(t);
    connect_client(t);
    test_service_kill(&t->server);
    wait_for(t->client, false);
    ASSERT_ERR(ERR_UNAVAILABLE, COMMAND(t->client, t->arena, &reply, "PING"));
    start_server(t);
    wait_for(t->client, true);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "PING"));
}

REDIS_TEST(a_server_that_does_not_answer_holds_nobody_up_for_long)
{
    RedisReply reply;
    t->options.timeout_ms = 200;
    start_server(t);
    connect_client(t);
    test_service_freeze(&t->server);
    ASSERT_ERR(ERR_TIMEOUT, COMMAND(t->client, t->arena, &reply, "PING"));
    wait_for(t->client, false); /* the others need not find out for themselves */
    ASSERT_ERR(ERR_UNAVAILABLE, COMMAND(t->client, t->arena, &reply, "PING"));
    test_service_thaw(&t->server);
    wait_for(t->client, true);
    t->options.timeout_ms = 5000;
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "PING"));
}

static void ask_in_vain(void *arg)
{
    const RedisTest *t = arg;
    RedisReply reply;
    ASSERT_ERR(ERR_CANCELLED, COMMAND(t->client, fiber_arena(), &reply, "BLPOP", "nothing", "1"));
}

REDIS_TEST(answer_for_a_cancelled_fiber_goes_to_nobody_else)
{
    RedisReply reply;
    FiberGroup group;
    start_server(t);
    connect_client(t);
    fiber_group_init(&group);
    fiber_spawn(&group, "asker", ask_in_vain, t);
    ASSERT_OK(fiber_sleep(20));
    fiber_group_done(&group);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "ECHO", "mine"));
    ASSERT_STR_EQUAL("mine", reply.text);
}

REDIS_TEST(logs_in_as_a_user_and_chooses_the_database)
{
    RedisReply reply;
    start_server(t);
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "ACL", "SETUSER", "voms", "on", ">s3cret",
                      "~voms:*", "+@all"));
    redis_client_free(TAKE(t->client));
    t->options.username = "voms";
    t->options.password.reveal = "s3cret";
    t->options.database = 3;
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "CLIENT", "LIST"));
    ASSERT(strstr(reply.text, "user=voms") != NULL && strstr(reply.text, "db=3") != NULL);
    redis_client_free(TAKE(t->client));
    t->options.password.reveal = "wrong";
    t->client = redis_client_new(&t->options);
    while (strstr(redis_reason(t->client, t->arena), "WRONGPASS") == NULL) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT(!redis_is_connected(t->client));
}

REDIS_TEST(speaks_through_a_unix_socket)
{
    RedisReply reply;
    start_server(t);
    t->options.target.host = arena_printf(t->arena, "%s/socket", t->server.directory);
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "PING"));
}

/* ---- TLS ---- */

static void make_certificate(const RedisTest *t, const char *name)
{
    const char *command =
        arena_printf(t->arena,
                     "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                     "-nodes -keyout %s.key -out %s.pem -days 2 -subj /CN=%s "
                     "-addext subjectAltName=%s >/dev/null 2>&1",
                     t->server.directory, name, name, name,
                     str_equal(name, "good") ? "IP:127.0.0.1" : "DNS:elsewhere.example.org");
    ASSERT(system(command) == 0);
}

static void start_tls_server(RedisTest *t, const char *name)
{
    StreamTls *tls = NULL;
    make_certificate(t, name);
    const char *pem = arena_printf(t->arena, "%s.pem", name);
    test_service_start(&t->server,
                       (const char *const[]){"redis-server", "--port", "0", "--tls-port",
                                             port_text(t), "--tls-cert-file", pem, "--tls-key-file",
                                             arena_printf(t->arena, "%s.key", name),
                                             "--tls-auth-clients", "no", "--save", "", NULL});
    const char *ca_file = arena_printf(t->arena, "%s/%s", t->server.directory, pem);
    ASSERT_OK(stream_tls_new(t->arena, ca_file, &tls));
    t->options.target.tls = tls;
    signal(SIGPIPE, SIG_IGN);
}

REDIS_TEST(speaks_tls_with_a_trusted_server)
{
    RedisReply reply;
    size_t length = 1000000;
    char *value = arena_alloc(t->arena, length + 1);
    memset(value, 'x', length);
    start_tls_server(t, "good");
    connect_client(t);
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "SET", "large", value));
    ASSERT_OK(COMMAND(t->client, t->arena, &reply, "GET", "large"));
    ASSERT_STR_EQUAL(value, reply.text);
    test_service_kill(&t->server);
    wait_for(t->client, false);
}

REDIS_TEST(refuses_a_certificate_of_another_name)
{
    start_tls_server(t, "other");
    t->client = redis_client_new(&t->options);
    while (strstr(redis_reason(t->client, t->arena), "IP address mismatch") == NULL) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT(!redis_is_connected(t->client));
}

REDIS_TEST(refuses_a_certificate_that_nobody_signed)
{
    StreamTls *tls = NULL;
    start_tls_server(t, "good");
    ASSERT_OK(stream_tls_new(t->arena, NULL, &tls));
    t->options.target.tls = tls;
    t->client = redis_client_new(&t->options);
    while (strstr(redis_reason(t->client, t->arena), "self-signed") == NULL) {
        ASSERT_OK(fiber_sleep(5));
    }
}

/* ---- Channels ---- */

typedef struct Heard {
    int joined;
    int messages;
    char last[32];
} Heard;

static void on_message(void *arg, const char *message)
{
    Heard *heard = arg;
    if (message == NULL) {
        heard->joined++;
        return;
    }
    heard->messages++;
    snprintf(heard->last, sizeof(heard->last), "%s", message);
}

static void wait_for_number(const int *number, int wanted)
{
    for (int i = 0; i < 4000 && *number != wanted; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(wanted, *number);
}

REDIS_TEST(listener_hears_and_knows_when_it_may_have_missed_something)
{
    Heard heard = {};
    RedisOptions options = t->options;
    options.channel = "news";
    options.on_message = on_message;
    options.arg = &heard;
    start_server(t);
    connect_client(t);
    RedisClient *listener = redis_client_new(&options);
    wait_for_number(&heard.joined, 1);
    redis_send(t->client, (const char *const[]){"PUBLISH", "news", "first"}, 3);
    redis_send(t->client, (const char *const[]){"PUBLISH", "other", "not for us"}, 3);
    wait_for_number(&heard.messages, 1);
    ASSERT_STR_EQUAL("first", heard.last);
    test_service_kill(&t->server);
    wait_for(listener, false);
    start_server(t);
    wait_for_number(&heard.joined, 2);
    wait_for(t->client, true);
    redis_send(t->client, (const char *const[]){"PUBLISH", "news", "second"}, 3);
    wait_for_number(&heard.messages, 2);
    ASSERT_STR_EQUAL("second", heard.last);
    redis_client_free(listener);
}

/* ---- URLs ---- */

typedef struct UrlRow {
    const char *url;
    const char *host;
    int port;
    const char *username;
    const char *password;
    int database;
    bool tls;
} UrlRow;

TEST(redis, reads_urls)
{
    static const UrlRow ROWS[] = {
        {"redis://localhost", "localhost", 6379, "", "", 0, false},
        {"redis://10.0.0.7:6380/2", "10.0.0.7", 6380, "", "", 2, false},
        {"redis://:p%40ss@cache.example.org/", "cache.example.org", 6379, "", "p@ss", 0, false},
        {"rediss://voms:geheim@[::1]:7000/0", "::1", 7000, "voms", "geheim", 0, true},
        {"unix:///run/redis/redis.sock", "/run/redis/redis.sock", 0, "", "", 0, false},
        {"unix:///run/redis.sock?db=4", "/run/redis.sock", 0, "", "", 4, false},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        RedisOptions options = {};
        bool tls = false;
        ASSERT_OK(redis_parse_url(arena, ROWS[i].url, &options, &tls));
        ASSERT_STR_EQUAL(ROWS[i].host, options.target.host);
        ASSERT_INT_EQUAL(ROWS[i].port, options.target.port);
        ASSERT_STR_EQUAL(ROWS[i].username, options.username);
        ASSERT_STR_EQUAL(ROWS[i].password, options.password.reveal);
        ASSERT_INT_EQUAL(ROWS[i].database, options.database);
        ASSERT_INT_EQUAL(ROWS[i].tls, tls);
    }
}

TEST(redis, reads_urls_of_sentinels)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    RedisOptions options = {};
    bool tls = false;
    ASSERT_OK(redis_parse_url(arena, "sentinel://voms:p%40ss@one,10.0.0.2:7000,[::1]:26380/voms/3",
                              &options, &tls));
    ASSERT_INT_EQUAL(3, options.sentinel_count);
    ASSERT_STR_EQUAL("one", options.sentinels[0].host);
    ASSERT_INT_EQUAL(26379, options.sentinels[0].port);
    ASSERT_STR_EQUAL("10.0.0.2", options.sentinels[1].host);
    ASSERT_INT_EQUAL(7000, options.sentinels[1].port);
    ASSERT_STR_EQUAL("::1", options.sentinels[2].host);
    ASSERT_STR_EQUAL("voms", options.master_name);
    ASSERT_STR_EQUAL("voms", options.username);
    ASSERT_STR_EQUAL("p@ss", options.password.reveal);
    ASSERT_INT_EQUAL(3, options.database);
}

TEST(redis, refuses_what_is_no_url_of_redis_and_repeats_no_secret)
{
    static const char *const ROWS[] = {"",
                                       "localhost:6379",
                                       "http://u:hidden@h/",
                                       "redis://",
                                       "redis://u:hidden@h/db",
                                       "redis://u:hidden@h:99999/",
                                       "unix:///s?x=hidden",
                                       "sentinel://u:hidden@a,b",
                                       "sentinel://u:hidden@a,:1/master",
                                       "sentinel://u:hidden@a/master/db"};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        RedisOptions options = {};
        bool tls = false;
        Err *err = redis_parse_url(arena, ROWS[i], &options, &tls);
        if (!err_is(err, ERR_CONFIG)) {
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", ROWS[i]);
        }
        ASSERT(strstr(err->message, "hidden") == NULL);
    }
}
