#include "fiber/fiber_test_support.h"

typedef struct TestRun {
    FiberTestBody *body;
    FiberGroup children;
} TestRun;

static void run_body(void *arg)
{
    TestRun *run = arg;

    fiber_group_init(&run->children);
    run->body(&run->children);
    fiber_group_done(&run->children);
}

void fiber_test_run(FiberTestBody *body)
{
    Loop *loop = loop_new("test");
    TestRun run = {.body = body};
    FiberGroup group;

    fiber_group_init(&group);
    fiber_spawn(&group, "test", run_body, &run);
    fiber_group_join(&group);
    loop_free(loop);
}

void fiber_test_yield_once(void)
{
    ASSERT_OK(fiber_yield());
}

void fiber_test_wait(void *arg)
{
    WaitRecord *record = arg;

    record->started = true;
    Err *err = waiter_wait(&record->waiter, record->deadline);
    record->ended = true;
    record->succeeded = err == NULL;
    record->kind = err == NULL ? ERR_INTERNAL : err->kind;
}
