#include "port/cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
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
