/* main.c - runs the registered tests: test_base [FILTER], where FILTER is a part of suite.name.
 *
 * The last line is "N passed, N failed", which tools/test adds up. There is no way back from an
 * assertion that fails on a fiber's stack: then the program starts itself again behind that test,
 * with the counts so far in RESUME. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "tests/unit/test.h"

#define TESTS_MAX 4096
#define RESUME "VOMS_TEST_RESUME"

typedef struct RegisteredTest {
    const char *suite;
    const char *name;
    TestFunction *function;
    char full_name[256];
} RegisteredTest;

static RegisteredTest registered[TESTS_MAX];
static struct CMUnitTest chosen[TESTS_MAX];
static size_t registered_count;
static int passed_count;
static int failed_before; /* in the runs that this one resumes */
static const RegisteredTest *running;
static char **arguments_of_main;

void test_register(const char *suite, const char *name, TestFunction *function)
{
    BUG_ON(registered_count == TESTS_MAX);
    RegisteredTest *test = &registered[registered_count++];
    *test = (RegisteredTest){.suite = suite, .name = name, .function = function};
    snprintf(test->full_name, sizeof(test->full_name), "%s.%s", suite, name);
}

static bool on_main_stack(void)
{
    static void *low;
    static size_t size;
    pthread_attr_t attributes;
    if (low == NULL && pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
    }
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    return here >= (uintptr_t)low && here < (uintptr_t)low + size;
}

__attribute__((noreturn)) static void resume_behind(const RegisteredTest *test)
{
    char state[512];
    snprintf(state, sizeof(state), "%d %d %s", passed_count, failed_before + 1, test->full_name);
    setenv(RESUME, state, /* overwrite= */ 1);
    fflush(NULL);
    execv("/proc/self/exe", arguments_of_main);
    _Exit(EXIT_FAILURE);
}

/* Returns the name of the test to go on behind, or "". */
static const char *read_resume_state(void)
{
    static char name[256];
    const char *state = getenv(RESUME);
    if (state == NULL || sscanf(state, "%d %d %255s", &passed_count, &failed_before, name) != 3) {
        return "";
    }
    return name;
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    if (!on_main_stack()) {
        fprintf(stderr, "%s:%d: failed inside a fiber or thread\n", file, line);
        printf("[  FAILED  ] %s\n", running->full_name);
        resume_behind(running);
    }
    _fail(file, line);
    abort();
}

void test_check_ok(const char *file, int line, const char *expression, const Err *err)
{
    if (err == NULL) {
        return;
    }
    Arena *arena = arena_new();
    test_fail(file, line, "%s\n  failed: %s, %s: %s", expression, err_kind_info(err->kind)->name,
              err->code, err_text(arena, err));
}

void test_check_err(const char *file, int line, const char *expression, ErrKind kind,
                    const Err *err)
{
    if (err_is(err, kind)) {
        return;
    }
    const char *expected = err_kind_info(kind)->name;
    if (err == NULL) {
        test_fail(file, line, "%s\n  succeeded instead of failing with %s", expression, expected);
    }
    Arena *arena = arena_new();
    test_fail(file, line, "%s\n  failed with %s instead of %s: %s", expression,
              err_kind_info(err->kind)->name, expected, err_text(arena, err));
}

void test_check_string(const char *file, int line, const char *expected, const char *actual)
{
    if (!str_equal(expected, actual)) {
        test_fail(file, line, "expected \"%s\"\n     got \"%s\"",
                  expected == NULL ? "(null)" : expected, actual == NULL ? "(null)" : actual);
    }
}

void test_check_int(const char *file, int line, int64_t expected, int64_t actual)
{
    if (expected != actual) {
        test_fail(file, line, "expected %" PRId64 ", got %" PRId64, expected, actual);
    }
}

static void run_one(void **state)
{
    running = *state;
    running->function();
    passed_count++;
}

/* Link order says nothing to a reader. */
static int compare(const void *a, const void *b)
{
    const RegisteredTest *left = a;
    const RegisteredTest *right = b;
    return strcmp(left->full_name, right->full_name);
}

static size_t choose(const char *filter, const char *behind)
{
    size_t count = 0;
    for (size_t i = 0; i < registered_count; i++) {
        RegisteredTest *test = &registered[i];
        if (strcmp(test->full_name, behind) > 0 &&
            (filter == NULL || strstr(test->full_name, filter) != NULL)) {
            chosen[count++] = (struct CMUnitTest){.name = test->full_name,
                                                  .test_func = run_one,
                                                  .initial_state = test};
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    qsort(registered, registered_count, sizeof(registered[0]), compare);
    arguments_of_main = argv;
    const char *behind = read_resume_state();
    size_t count = choose(argc > 1 ? argv[1] : NULL, behind);
    if (count == 0 && *behind == '\0') {
        fprintf(stderr, "no test matches\n");
        return EXIT_FAILURE;
    }
    int failed = count == 0 ? 0 : _cmocka_run_group_tests(argv[0], chosen, count, NULL, NULL);
    failed += failed_before;
    printf("%d passed, %d failed\n", passed_count, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
