/* Stacks: mapped with a guard page below, pooled per loop, given back when they were not needed
 * for a while. A Fiber lies at the top of its stack, so that starting one allocates nothing. */
#include <sys/mman.h>
#include <unistd.h>

#include "fiber/internal.h"

enum {
    POOL_KEEP = 8,   /* trimming leaves so many */
    POOL_MAX = 512,  /* more are unmapped at once */
    FIBER_ALIGN = 64 /* of the Fiber, and so of the stack's top */
};

#define MAPPING_BYTES(page) ((page) + FIBER_STACK_BYTES)

static size_t page_bytes(void)
{
    static size_t page = 0; /* every thread writes the same value */

    if (page == 0) {
        page = (size_t)sysconf(_SC_PAGESIZE);
    }
    return page;
}

static size_t fiber_room(void)
{
    return (sizeof(Fiber) + FIBER_ALIGN - 1) / FIBER_ALIGN * FIBER_ALIGN;
}

void *fiber_stack_bottom(const Fiber *fiber)
{
    return (char *)(uintptr_t)fiber + fiber_room() - FIBER_STACK_BYTES;
}

static Fiber *map_fiber(void)
{
    size_t page = page_bytes();
    char *mapping = mmap(NULL, MAPPING_BYTES(page), PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED) {
        return NULL;
    }
    if (mprotect(mapping + page, FIBER_STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapping, MAPPING_BYTES(page));
        return NULL;
    }
    return (Fiber *)(void *)(mapping + MAPPING_BYTES(page) - fiber_room());
}

/* The deepest page that was ever touched tells the stack's high-water mark. */
static void measure(Loop *loop, const Fiber *fiber)
{
    unsigned char resident[FIBER_STACK_BYTES / 4096];
    size_t page = page_bytes();
    size_t pages = FIBER_STACK_BYTES / page;
    size_t untouched = 0;

    if (pages > COUNT_OF(resident) ||
        mincore(fiber_stack_bottom(fiber), FIBER_STACK_BYTES, resident) != 0) {
        return;
    }
    while (untouched < pages && (resident[untouched] & 1) == 0) {
        untouched++;
    }
    int64_t depth_bytes = (int64_t)((pages - untouched) * page);
    loop->stats.stack_high_water_bytes = MAX(loop->stats.stack_high_water_bytes, depth_bytes);
}

static void unmap_fiber(Loop *loop, Fiber *fiber)
{
    size_t page = page_bytes();

    measure(loop, fiber);
    context_forget_stack(fiber_stack_bottom(fiber), FIBER_STACK_BYTES);
    munmap((char *)fiber_stack_bottom(fiber) - page, MAPPING_BYTES(page));
}

Fiber *fiber_pool_take(Loop *loop)
{
    FiberPool *pool = &loop->pool;
    Fiber *fiber = pool->first;

    if (fiber == NULL) {
        return map_fiber();
    }
    pool->first = fiber->queue_next;
    pool->count--;
    pool->count_low = MIN(pool->count_low, pool->count);
    return fiber;
}

void fiber_pool_put(Loop *loop, Fiber *fiber)
{
    FiberPool *pool = &loop->pool;

#ifdef VOMS_FIBER_CHECK_STACKS
    measure(loop, fiber);
#endif
    if (pool->count >= POOL_MAX) {
        unmap_fiber(loop, fiber);
        return;
    }
    context_forget_stack(fiber_stack_bottom(fiber), FIBER_STACK_BYTES - fiber_room());
    fiber->queue_next = pool->first;
    pool->first = fiber;
    pool->count++;
}

static void release(Loop *loop, size_t count)
{
    FiberPool *pool = &loop->pool;

    for (size_t i = 0; i < count; i++) {
        Fiber *fiber = pool->first;
        pool->first = fiber->queue_next;
        pool->count--;
        unmap_fiber(loop, fiber);
    }
}

void fiber_pool_trim(Loop *loop)
{
    FiberPool *pool = &loop->pool;

    if (pool->count_low > POOL_KEEP) {
        release(loop, (pool->count_low - POOL_KEEP + 1) / 2);
    }
    pool->count_low = pool->count;

    while (loop->spare_arenas.count > pool->count && loop->spare_arenas.count > POOL_KEEP) {
        arena_free(loop->spare_arenas.items[--loop->spare_arenas.count]);
    }
}

void fiber_pool_drop(Loop *loop)
{
    release(loop, loop->pool.count);
    while (loop->spare_arenas.count > 0) {
        arena_free(loop->spare_arenas.items[--loop->spare_arenas.count]);
    }
}
