/* nats_test.c - the client against a real nats-server. */
#include "io/nats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/service.h"
#include "tests/unit/test.h"

typedef struct NatsTest {
    Arena *arena;
    TestService server;
    const char *port;
    NatsOptions options;
    NatsClient *client;
} NatsTest;

typedef void Body(NatsTest *t);

typedef struct Run {
    NatsTest *test;
    Body *body;
} Run;

#define START(t, ...)                                                                              \
    test_service_start(&(t)->server, (const char *const[]){"nats-server", "-a", "127.0.0.1", "-p", \
                                                           (t)->port, "-js", "-sd", "data",        \
                                                           __VA_ARGS__ __VA_OPT__(, ) NULL})

static void run_body(void *arg)
{
    const Run *run = arg;
    run->body(run->test);
    nats_client_free(run->test->client);
}

static void run_test(Body *body)
{
    NatsTest t = {.arena = arena_new()};
    FiberGroup group;
    t.port = arena_printf(t.arena, "%d", test_free_port());
    t.options.url = arena_printf(t.arena, "nats://127.0.0.1:%s", t.port);
    test_service_init(&t.server);
    Loop *loop = loop_new("test");
    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_body, &(Run){&t, body});
    fiber_group_join(&group);
    loop_free(loop);
    test_service_done(&t.server);
    arena_free(t.arena);
}

#define NATS_TEST(name)                                                                            \
    static Body body_##name;                                                                       \
    TEST(nats, name)                                                                               \
    {                                                                                              \
        run_test(body_##name);                                                                     \
    }                                                                                              \
    static void body_##name(NatsTest *t)

static void wait_for(const NatsTest *t, bool connected)
{
    for (int i = 0; i < 4000 && nats_is_connected(t->client) != connected; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT(nats_is_connected(t->client) == connected);
}

static void wait_for_reason(const NatsTest *t, const char *part)
{
    for (int i = 0; i < 4000 && strstr(nats_reason(t->client, t->arena), part) == NULL; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT(strstr(nats_reason(t->client, t->arena), part) != NULL);
    ASSERT(!nats_is_connected(t->client));
}

static void connect_client(NatsTest *t)
{
    t->client = nats_client_new(&t->options);
    wait_for(t, true);
}

static Err *ask(const NatsTest *t, const char *subject, const char *data, NatsMessage *ret_answer)
{
    return nats_request(t->client, t->arena, subject, data, deadline_after(5000), ret_answer);
}

/* JetStream answers once it is up. */
static void make_stream(const NatsTest *t)
{
    NatsMessage answer = {};
    for (int i = 0; i < 400; i++) {
        ASSERT_OK(
            ask(t, "$JS.API.STREAM.CREATE.T", "{\"name\":\"T\",\"subjects\":[\"T.>\"]}", &answer));
        if (strstr(answer.data, "\"created\"") != NULL) {
            return;
        }
        ASSERT_OK(fiber_sleep(10));
    }
    test_fail(__FILE__, __LINE__, "no stream: %s", answer.data);
}

NATS_TEST(questions_are_answered)
{
    NatsMessage answer = {};
    START(t);
    connect_client(t);
    make_stream(t);
    ASSERT_OK(ask(t, "T.one", "hello", &answer));
    ASSERT(strstr(answer.data, "\"seq\":1") != NULL);
    ASSERT_INT_EQUAL(0, answer.status);
    ASSERT_OK(ask(t, "nobody.hears", "hello", &answer));
    ASSERT_INT_EQUAL(503, answer.status);
}

NATS_TEST(many_questions_are_on_their_way_at_once)
{
    NatsCall *calls = ARENA_ARRAY(t->arena, NatsCall, 100);
    NatsMessage answer = {};
    START(t);
    connect_client(t);
    make_stream(t);
    for (int i = 0; i < 100; i++) {
        calls[i].arena = t->arena;
        nats_ask(t->client, &calls[i], "T.many", NULL, "x");
    }
    for (int i = 0; i < 100; i++) {
        ASSERT_OK(nats_await(&calls[i], deadline_after(5000), &answer));
        ASSERT(strstr(answer.data, arena_printf(t->arena, "\"seq\":%d}", i + 1)) != NULL);
    }
}

NATS_TEST(message_with_an_id_is_taken_once)
{
    NatsCall call = {.arena = t->arena};
    NatsMessage answer = {};
    START(t);
    connect_client(t);
    make_stream(t);
    for (int i = 0; i < 2; i++) {
        nats_ask(t->client, &call, "T.once", "17", "x");
        ASSERT_OK(nats_await(&call, deadline_after(5000), &answer));
        ASSERT(strstr(answer.data, "\"seq\":1") != NULL);
        ASSERT((strstr(answer.data, "\"duplicate\": true") != NULL ||
                strstr(answer.data, "\"duplicate\":true") != NULL) == (i == 1));
    }
}

NATS_TEST(without_a_server_a_call_fails_at_once_and_works_once_it_is_there)
{
    NatsMessage answer = {};
    t->client = nats_client_new(&t->options);
    ASSERT_ERR(ERR_UNAVAILABLE, ask(t, "a", "", &answer));
    wait_for_reason(t, t->port);
    int64_t began = time_monotonic();
    ASSERT_ERR(ERR_UNAVAILABLE, ask(t, "a", "", &answer));
    ASSERT(time_monotonic() - began < 500);
    START(t);
    wait_for(t, true);
    make_stream(t);
    ASSERT_STR_EQUAL("", nats_reason(t->client, t->arena));
}

NATS_TEST(comes_back_after_the_server_was_killed_and_waiting_calls_fail)
{
    NatsCall call = {.arena = t->arena};
    NatsMessage answer = {};
    START(t);
    connect_client(t);
    make_stream(t);
    test_service_freeze(&t->server);
    nats_ask(t->client, &call, "T.lost", NULL, "x");
    ASSERT_OK(fiber_sleep(20));
    test_service_kill(&t->server);
    ASSERT_ERR(ERR_UNAVAILABLE, nats_await(&call, deadline_after(20000), &answer));
    wait_for(t, false);
    START(t);
    wait_for(t, true);
    make_stream(t);
}

NATS_TEST(a_server_that_does_not_answer_holds_nobody_up_for_longer_than_asked)
{
    NatsMessage answer = {};
    START(t);
    connect_client(t);
    test_service_freeze(&t->server);
    ASSERT_ERR(ERR_TIMEOUT,
               nats_request(t->client, t->arena, "a", "", deadline_after(100), &answer));
    test_service_thaw(&t->server);
    make_stream(t); /* the late answer is nobody's */
}

NATS_TEST(logs_in)
{
    START(t, "--user", "voms", "--pass", "s3cret+/");
    t->options.url = arena_printf(t->arena, "nats://voms:s3cret%%2B%%2F@127.0.0.1:%s", t->port);
    connect_client(t);
    nats_client_free(TAKE(t->client));
    t->options.url = arena_printf(t->arena, "nats://voms:wrong@127.0.0.1:%s", t->port);
    t->client = nats_client_new(&t->options);
    wait_for_reason(t, "uthoriz");
}

NATS_TEST(takes_the_server_of_a_cluster_that_is_there)
{
    START(t);
    t->options.url = arena_printf(t->arena, "nats://127.0.0.1:%d, nats://127.0.0.1:%s",
                                  test_free_port(), t->port);
    connect_client(t);
}

static void make_certificate(NatsTest *t, const char *names)
{
    const char *command = arena_printf(
        t->arena,
        "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        "-keyout key.pem -out cert.pem -days 2 -subj /CN=voms -addext subjectAltName=%s "
        ">/dev/null 2>&1",
        t->server.directory, names);
    ASSERT(system(command) == 0);
    t->options.ca_file = arena_printf(t->arena, "%s/cert.pem", t->server.directory);
    t->options.url = arena_printf(t->arena, "tls://localhost:%s", t->port);
}

NATS_TEST(speaks_tls_with_a_trusted_server)
{
    make_certificate(t, "DNS:localhost");
    START(t, "--tls", "--tlscert", "cert.pem", "--tlskey", "key.pem");
    connect_client(t);
    make_stream(t);
}

NATS_TEST(refuses_a_certificate_of_another_name)
{
    make_certificate(t, "DNS:elsewhere.example.org");
    START(t, "--tls", "--tlscert", "cert.pem", "--tlskey", "key.pem");
    t->client = nats_client_new(&t->options);
    wait_for_reason(t, "SSL");
}

TEST(nats, refuses_what_is_no_url_of_nats_and_repeats_no_secret)
{
    static const char *const ROWS[] = {
        "",          "http://u:hidden@h",       "nats://",
        "nats://h,", "nats://u:hidden@h:99999", "nats://h,redis://u:hidden@h"};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        NatsOptions options = {.url = ROWS[i]};
        Err *err = nats_check_options(arena, &options);
        if (!err_is(err, ERR_CONFIG)) {
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", ROWS[i]);
        }
        ASSERT(strstr(err->message, "hidden") == NULL);
    }
    CLEANUP(arena_freep) Arena *arena = arena_new();
    NatsOptions options = {.url = "tls://h", .ca_file = "/nowhere.pem"};
    ASSERT_ERR(ERR_CONFIG, nats_check_options(arena, &options));
    options = (NatsOptions){.url = "nats://a:4222, nats://token@b,nats://u:p@[::1]:4223"};
    ASSERT_OK(nats_check_options(arena, &options));
}
