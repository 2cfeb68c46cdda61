/* fiber_test_support.h - a test whose body is a fiber.
 *
 * Each ends by proving that the loop is empty. */
#pragma once

#include "fiber/fiber.h"
#include "tests/unit/test.h"

typedef void FiberTestBody(FiberGroup *group);

/* Runs body as a fiber on a loop of its own; group is joined at its end. */
void fiber_test_run(FiberTestBody *body);

#define FIBER_TEST(name)                                                                           \
    static void body_##name(FiberGroup *group);                                                    \
    TEST(fiber, name)                                                                              \
    {                                                                                              \
        fiber_test_run(body_##name);                                                               \
    }                                                                                              \
    static void body_##name(FiberGroup *group UNUSED)

/* Lets the other fibers run. Yields. */
void fiber_test_yield_once(void);

typedef struct WaitRecord {
    Waiter waiter;
    Deadline deadline;
    bool started;
    bool ended;
    bool succeeded;
    ErrKind kind;
} WaitRecord;

/* A fiber that waits as its WaitRecord says, and notes how that ended. */
void fiber_test_wait(void *arg);
