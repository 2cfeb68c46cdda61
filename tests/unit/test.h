/* test.h - what a unit test is written with.
 *
 *     TEST(signup, last_place_goes_to_one_of_two)
 *     {
 *         ASSERT_OK(signup_take(…));
 *     }
 *
 * A test registers itself. A failed assertion ends the test, also inside a fiber. */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef void TestFunction(void);

/* Adds a test to the program's list. Called by TEST alone. */
void test_register(const char *suite, const char *name, TestFunction *function);

/* Reports a failure at a place in a test and ends the test. */
__attribute__((noreturn)) void test_fail(const char *file, int line, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The assertions below, as functions; err may be NULL. */
void test_check_ok(const char *file, int line, const char *expression, const Err *err);
void test_check_err(const char *file, int line, const char *expression, ErrKind kind,
                    const Err *err);
void test_check_string(const char *file, int line, const char *expected, const char *actual);
void test_check_int(const char *file, int line, int64_t expected, int64_t actual);

#define TEST(suite, name)                                                                          \
    static void suite##_##name(void);                                                              \
    __attribute__((constructor)) static void register_##suite##_##name(void)                       \
    {                                                                                              \
        test_register(#suite, #name, suite##_##name);                                              \
    }                                                                                              \
    static void suite##_##name(void)

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_fail(__FILE__, __LINE__, "not true: %s", #condition);                             \
        }                                                                                          \
    } while (0)

/* The Err * expression is NULL. */
#define ASSERT_OK(expression) test_check_ok(__FILE__, __LINE__, #expression, (expression))

/* The Err * expression is an error of that kind. */
#define ASSERT_ERR(kind, expression)                                                               \
    test_check_err(__FILE__, __LINE__, #expression, (kind), (expression))

#define ASSERT_STR_EQUAL(expected, actual)                                                         \
    test_check_string(__FILE__, __LINE__, (expected), (actual))
#define ASSERT_INT_EQUAL(expected, actual)                                                         \
    test_check_int(__FILE__, __LINE__, (int64_t)(expected), (int64_t)(actual))
