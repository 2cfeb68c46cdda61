#include "port/cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "fiber/fiber.h"
#include "tests/unit/service.h"
#include "tests/unit/test.h"

typedef struct CacheTest {
    Arena *arena;
    Cache *cache;
} CacheTest;

static void test_init(CacheTest *t, size_t memory_max_bytes)
{
    CacheOptions options = {.memory_max_bytes = memory_max_bytes};
    t->arena = arena_new();
    ASSERT_OK(cache_open(t->arena, &options, &t->cache));
}

static void test_done(CacheTest *t)
{
    cache_close(t->cache);
    arena_free(t->arena);
}

static const char *get(CacheTest *t, const char *key)
{
    const char *value = NULL;
    ASSERT_OK(cache_get(t->cache, t->arena, key, &value));
    return value;
}

TEST(cache, gives_back_what_was_set)
{
    CLEANUP(test_done) CacheTest t;
    test_init(&t, 0);
    ASSERT(get(&t, "a") == NULL);
    ASSERT_OK(cache_set(t.cache, "a", "1", 1000));
    ASSERT_OK(cache_set(t.cache, "b", "", 1000));
    ASSERT_STR_EQUAL("1", get(&t, "a"));
    ASSERT_STR_EQUAL("", get(&t, "b"));
    ASSERT_OK(cache_set(t.cache, "a", "two", 1000));
    ASSERT_STR_EQUAL("two", get(&t, "a"));
    ASSERT_OK(cache_delete(t.cache, "a"));
    ASSERT(get(&t, "a") == NULL);
    CacheStats stats = cache_stats(t.cache);
    ASSERT_INT_EQUAL(1, stats.entries);
    ASSERT_INT_EQUAL(3, stats.hits);
    ASSERT_INT_EQUAL(2, stats.misses);
}

TEST(cache, value_ends_with_its_time)
{
    CLEANUP(test_done) CacheTest t;
    test_init(&t, 0);
    ASSERT_OK(cache_set(t.cache, "a", "1", 0));
    ASSERT(get(&t, "a") == NULL);
    ASSERT_INT_EQUAL(0, cache_stats(t.cache).entries);
    ASSERT_INT_EQUAL(0, cache_stats(t.cache).bytes);
}

TEST(cache, counter_keeps_its_first_end)
{
    CLEANUP(test_done) CacheTest t;
    int64_t value = 0;
    int64_t left_ms = 0;
    test_init(&t, 0);
    ASSERT_OK(cache_add(t.cache, "n", 2, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(2, value);
    ASSERT(left_ms > 59000 && left_ms <= 60000);
    ASSERT_OK(cache_add(t.cache, "n", 3, 999999, &value, &left_ms));
    ASSERT_INT_EQUAL(5, value);
    ASSERT(left_ms > 59000 && left_ms <= 60000);
    ASSERT_OK(cache_add(t.cache, "n", -5, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(0, value);
}

TEST(cache, drops_the_least_recently_used)
{
    CLEANUP(test_done) CacheTest t;
    char key[32];
    char value[1001] = {};
    test_init(&t, 100000);
    memset(value, 'x', 1000);
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        ASSERT_OK(cache_set(t.cache, key, value, 60000));
        ASSERT(get(&t, "0") != NULL); /* in use all the time */
    }
    CacheStats stats = cache_stats(t.cache);
    ASSERT(stats.bytes <= 100000);
    ASSERT(stats.entries > 80 && stats.entries < 100);
    ASSERT_INT_EQUAL(2000 - stats.entries, stats.evictions);
    ASSERT(get(&t, "1999") != NULL);
    ASSERT(get(&t, "1") == NULL);
}

TEST(cache, refuses_a_value_that_would_empty_it)
{
    CLEANUP(test_done) CacheTest t;
    static char value[20001];
    test_init(&t, 100000);
    memset(value, 'x', 20000);
    ASSERT_OK(cache_set(t.cache, "small", "1", 60000));
    ASSERT_OK(cache_set(t.cache, "big", value, 60000));
    ASSERT(get(&t, "big") == NULL);
    ASSERT_STR_EQUAL("1", get(&t, "small"));
}

TEST(cache, grows_with_its_entries)
{
    CLEANUP(test_done) CacheTest t;
    char key[32];
    test_init(&t, 0);
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        ASSERT_OK(cache_set(t.cache, key, key, 60000));
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(key, sizeof(key), "%d", i);
        ASSERT_STR_EQUAL(key, get(&t, key));
    }
}

static void *count_many(void *arg)
{
    CacheTest *t = arg;
    int64_t value = 0;
    int64_t left_ms = 0;
    for (int i = 0; i < 10000; i++) {
        ASSERT_OK(cache_add(t->cache, "n", 1, 60000, &value, &left_ms));
    }
    return NULL;
}

TEST(cache, threads_count_together)
{
    CLEANUP(test_done) CacheTest t;
    pthread_t threads[4];
    test_init(&t, 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        ASSERT_INT_EQUAL(0, pthread_create(&threads[i], NULL, count_many, &t));
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    ASSERT_STR_EQUAL("40000", get(&t, "n"));
}

/* ---- On Redis ---- */

typedef struct SharedTest {
    Arena *arena;
    TestService redis;
    int port;
    CacheOptions options;
    Cache *cache;
    int heard;
    int forgot_all;
    char about[32];
} SharedTest;

typedef void SharedBody(SharedTest *t);

typedef struct SharedRun {
    SharedTest *test;
    SharedBody *body;
} SharedRun;

static void start_redis(SharedTest *t)
{
    test_service_start(&t->redis, (const char *const[]){"redis-server", "--port",
                                                        arena_printf(t->arena, "%d", t->port),
                                                        "--bind", "127.0.0.1", "--save", "", NULL});
}

static void hear(void *arg, const char *about)
{
    SharedTest *t = arg;
    if (about == NULL) {
        t->forgot_all++;
        return;
    }
    t->heard++;
    snprintf(t->about, sizeof(t->about), "%s", about);
}

static void run_shared_body(void *arg)
{
    const SharedRun *run = arg;
    SharedTest *t = run->test;
    ASSERT_OK(cache_open(t->arena, &t->options, &t->cache));
    cache_listen(t->cache, "news", hear, t);
    cache_attach(t->cache);
    run->body(t);
    cache_detach(t->cache);
    cache_close(t->cache);
}

static void run_shared(SharedBody *body)
{
    FiberGroup group;
    SharedTest t = {.arena = arena_new(), .port = test_free_port()};
    t.options.url = arena_printf(t.arena, "redis://127.0.0.1:%d", t.port);
    test_service_init(&t.redis);
    Loop *loop = loop_new("test");
    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_shared_body, &(SharedRun){&t, body});
    fiber_group_join(&group);
    loop_free(loop);
    test_service_done(&t.redis);
    arena_free(t.arena);
}

#define SHARED_TEST(name)                                                                          \
    static SharedBody shared_##name;                                                               \
    TEST(cache_redis, name)                                                                        \
    {                                                                                              \
        run_shared(shared_##name);                                                                 \
    }                                                                                              \
    static void shared_##name(SharedTest *t)

static void wait_for_ping(SharedTest *t, bool wanted)
{
    int64_t latency_us = 0;
    for (int i = 0; i < 4000 && (cache_ping(t->cache, &latency_us) == NULL) != wanted; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT((cache_ping(t->cache, &latency_us) == NULL) == wanted);
}

static const char *get_shared(SharedTest *t, const char *key)
{
    const char *value = NULL;
    ASSERT_OK(cache_get(t->cache, t->arena, key, &value));
    return value;
}

SHARED_TEST(gives_back_what_was_set)
{
    start_redis(t);
    wait_for_ping(t, true);
    ASSERT(get_shared(t, "a") == NULL);
    ASSERT_OK(cache_set(t->cache, "a", "1", 60000));
    ASSERT_STR_EQUAL("1", get_shared(t, "a"));
    ASSERT_OK(cache_set(t->cache, "a", "", 60000));
    ASSERT_STR_EQUAL("", get_shared(t, "a"));
    ASSERT_OK(cache_delete(t->cache, "a"));
    ASSERT(get_shared(t, "a") == NULL);
    ASSERT_OK(cache_set(t->cache, "b", "soon over", 1));
    ASSERT_OK(fiber_sleep(20));
    ASSERT(get_shared(t, "b") == NULL);
    CacheStats stats = cache_stats(t->cache);
    ASSERT_INT_EQUAL(0, stats.entries); /* nothing in memory */
    ASSERT_INT_EQUAL(0, stats.fallbacks);
    ASSERT_INT_EQUAL(2, stats.hits);
    ASSERT_INT_EQUAL(3, stats.misses);
}

SHARED_TEST(counter_keeps_its_first_end)
{
    int64_t value = 0;
    int64_t left_ms = 0;
    start_redis(t);
    wait_for_ping(t, true);
    ASSERT_OK(cache_add(t->cache, "n", 2, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(2, value);
    ASSERT(left_ms > 50000 && left_ms <= 60000);
    ASSERT_OK(cache_add(t->cache, "n", 3, 999999, &value, &left_ms));
    ASSERT_INT_EQUAL(5, value);
    ASSERT(left_ms > 50000 && left_ms <= 60000);
    ASSERT_OK(cache_add(t->cache, "n", -5, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(0, value);
}

SHARED_TEST(goes_on_in_memory_while_redis_is_away)
{
    int64_t value = 0;
    int64_t left_ms = 0;
    start_redis(t);
    wait_for_ping(t, true);
    ASSERT_OK(cache_add(t->cache, "n", 1, 60000, &value, &left_ms));
    test_service_kill(&t->redis);
    wait_for_ping(t, false);
    ASSERT_OK(cache_set(t->cache, "a", "here", 60000));
    ASSERT_STR_EQUAL("here", get_shared(t, "a"));
    ASSERT_OK(cache_add(t->cache, "n", 1, 60000, &value, &left_ms));
    ASSERT_OK(cache_add(t->cache, "n", 1, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(2, value);
    ASSERT_ERR(ERR_UNAVAILABLE, cache_delete(t->cache, "a")); /* it may come back with Redis */
    ASSERT(cache_stats(t->cache).fallbacks >= 4);
    start_redis(t);
    wait_for_ping(t, true);
    ASSERT(get_shared(t, "a") == NULL);
    ASSERT_OK(cache_add(t->cache, "n", 1, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(1, value);
}

SHARED_TEST(redis_that_may_not_be_written_counts_as_away)
{
    char command[100];
    int64_t value = 0;
    int64_t left_ms = 0;
    start_redis(t);
    wait_for_ping(t, true);
    snprintf(command, sizeof(command), "redis-cli -p %d replicaof 127.0.0.1 1 >/dev/null", t->port);
    ASSERT(system(command) == 0);
    wait_for_ping(t, false);
    ASSERT_OK(cache_add(t->cache, "n", 7, 60000, &value, &left_ms));
    ASSERT_INT_EQUAL(7, value);
}

static void wait_for_number(const int *number, int wanted)
{
    for (int i = 0; i < 4000 && *number != wanted; i++) {
        ASSERT_OK(fiber_sleep(5));
    }
    ASSERT_INT_EQUAL(wanted, *number);
}

/* Another process: the thread has one cache, and this one does without a loop's part. */
static void tell(const SharedTest *t, const char *message)
{
    const char *command =
        arena_printf(t->arena, "redis-cli -p %d publish voms:told:0 '%s' >/dev/null", t->port,
                     message);
    ASSERT(system(command) == 0);
}

SHARED_TEST(hears_what_others_tell_and_not_itself)
{
    start_redis(t);
    wait_for_number(&t->forgot_all, 1);
    wait_for_ping(t, true);
    cache_tell(t->cache, "news", "own");
    tell(t, "0123456789abcdef old 1");
    tell(t, "0123456789abcdef newsreel 2");
    tell(t, "nonsense");
    tell(t, "0123456789abcdef news 17,4");
    wait_for_number(&t->heard, 1);
    ASSERT_STR_EQUAL("17,4", t->about);
    test_service_kill(&t->redis);
    start_redis(t);
    wait_for_number(&t->forgot_all, 2);
}

SHARED_TEST(what_is_kept_here_does_not_go_to_redis)
{
    start_redis(t);
    wait_for_ping(t, true);
    cache_set_here(t->cache, "a", "1", 60000);
    ASSERT_STR_EQUAL("1", cache_get_here(t->cache, t->arena, "a"));
    ASSERT(get_shared(t, "a") == NULL);
}

TEST(cache, refuses_a_wrong_url)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Cache *cache = NULL;
    CacheOptions options = {.url = "http://localhost"};
    ASSERT_ERR(ERR_CONFIG, cache_open(arena, &options, &cache));
    options = (CacheOptions){.url = "rediss://localhost", .ca_file = "/nowhere.pem"};
    Err *err = cache_open(arena, &options, &cache);
    ASSERT_ERR(ERR_CONFIG, err);
    ASSERT(strstr(err_text(arena, err), "redis.ca_file") != NULL);
}
