#include <stdatomic.h>

#include "fiber/internal.h"

typedef struct OffloadJob {
    uv_work_t work;
    void (*fn)(void *);
    void *arg;
    bool ended;
    Waiter waiter;
} OffloadJob;

static _Atomic int64_t pending_jobs = 0;

int64_t offload_pending(void)
{
    return atomic_load_explicit(&pending_jobs, memory_order_relaxed);
}

static void run_job(uv_work_t *work)
{
    OffloadJob *job = CONTAINER_OF(work, OffloadJob, work);

    job->fn(job->arg);
}

static void end_job(uv_work_t *work, int status UNUSED)
{
    OffloadJob *job = CONTAINER_OF(work, OffloadJob, work);

    job->ended = true;
    atomic_fetch_sub_explicit(&pending_jobs, 1, memory_order_relaxed);
    waiter_wake(&job->waiter);
}

YIELDS Err *offload(void (*fn)(void *arg), void *arg)
{
    OffloadJob job = {.fn = fn, .arg = arg};

    atomic_fetch_add_explicit(&pending_jobs, 1, memory_order_relaxed);
    BUG_ON(uv_queue_work(loop_uv(loop_current()), &job.work, run_job, end_job) != 0);

    Err *err = waiter_wait(&job.waiter, DEADLINE_NEVER);
    if (err != NULL && !job.ended) {
        /* A job that no thread has taken yet need not run. One that runs uses the caller's memory,
         * so that its end must be waited for. */
        uv_cancel((uv_req_t *)&job.work);
    }
    while (!job.ended) {
        fiber_park(&job.waiter, DEADLINE_NEVER, /* interruptible= */ false);
    }
    return err;
}
