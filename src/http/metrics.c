/* Each loop counts in a block of its own; only the reader sums them. */
#include "http/metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "http/router.h"

enum {
    ROUTES_MAX = 512, /* the last slot counts what has no route */
    SLOTS = 4096,     /* more than twice ROUTES_MAX */
    SOURCES_MAX = 64,
    LOOPS_MAX = 256,
    OTHER_STATUS = 0
};

static const int statuses[] = {0,   200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                               408, 409, 412, 413, 415, 422, 429, 431, 499, 500, 503};
static const int64_t bucket_us[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

typedef struct RouteCounters {
    _Atomic int64_t by_status[COUNT_OF(statuses)];
    _Atomic int64_t by_bucket[COUNT_OF(bucket_us) + 1];
    _Atomic int64_t sum_us;
} RouteCounters;

typedef struct Block {
    RouteCounters *routes[ROUTES_MAX]; /* made at the first request, kept to the end */
    Arena *arena;
} Block;

typedef struct RouteSlot {
    const Route *route;
    size_t index;
} RouteSlot;

typedef struct Source {
    void (*write)(Str *out, void *arg);
    void *arg;
} Source;

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static const Route *known_routes[ROUTES_MAX - 1];
static RouteSlot route_slots[SLOTS]; /* hash of known_routes by address */
static size_t known_route_count;
static Source sources[SOURCES_MAX];
static size_t source_count;
static Block *blocks[LOOPS_MAX];
static _Atomic size_t block_count;
static _Thread_local Block *own_block;

/* ---- Registration ---- */

/* The index of the route, or of the free slot where it would be. */
static size_t find_slot(const Route *route)
{
    size_t slot = ((uintptr_t)route / sizeof(void *) * UINT64_C(0x9E3779B97F4A7C15)) % SLOTS;

    while (route_slots[slot].route != NULL && route_slots[slot].route != route) {
        slot = (slot + 1) % SLOTS;
    }
    return slot;
}

/* Indexes stay as they are, for the counters lie there. */
static void add_route(const Route *route)
{
    size_t slot = find_slot(route);

    if (route_slots[slot].route != NULL) {
        return;
    }
    BUG_ON(known_route_count == COUNT_OF(known_routes));
    route_slots[slot] = (RouteSlot){.route = route, .index = known_route_count};
    known_routes[known_route_count++] = route;
}

void metrics_register_routes(const Route *const *tables)
{
    for (size_t i = 0; tables != NULL && tables[i] != NULL; i++) {
        for (const Route *route = tables[i]; route->path != NULL; route++) {
            add_route(route);
        }
    }
}

static size_t index_of(const Route *route)
{
    const RouteSlot *slot = &route_slots[find_slot(route)];

    return route == NULL || slot->route == NULL ? ROUTES_MAX - 1 : slot->index;
}

void metrics_register(void (*write)(Str *out, void *arg), void *arg)
{
    pthread_mutex_lock(&registry_mutex);
    BUG_ON(source_count == SOURCES_MAX);
    sources[source_count++] = (Source){.write = write, .arg = arg};
    pthread_mutex_unlock(&registry_mutex);
}

void metrics_unregister(void (*write)(Str *out, void *arg), void *arg)
{
    pthread_mutex_lock(&registry_mutex);
    for (size_t i = 0; i < source_count; i++) {
        if (sources[i].write == write && sources[i].arg == arg) {
            sources[i] = sources[--source_count];
            break;
        }
    }
    pthread_mutex_unlock(&registry_mutex);
}

/* ---- Counting ---- */

static Block *make_block(void)
{
    Arena *arena = arena_new();
    Block *block = ARENA_NEW(arena, Block);

    block->arena = arena;
    pthread_mutex_lock(&registry_mutex);
    size_t index = atomic_load(&block_count);
    BUG_ON(index == LOOPS_MAX);
    blocks[index] = block;
    atomic_store(&block_count, index + 1);
    pthread_mutex_unlock(&registry_mutex);
    return block;
}

static RouteCounters *counters_of(Block *block, size_t slot)
{
    RouteCounters *counters = __atomic_load_n(&block->routes[slot], __ATOMIC_ACQUIRE);

    if (counters == NULL) {
        counters = ARENA_NEW(block->arena, RouteCounters);
        __atomic_store_n(&block->routes[slot], counters, __ATOMIC_RELEASE);
    }
    return counters;
}

/* Only this thread writes, so that no locked instruction is needed. */
static void add(_Atomic int64_t *counter, int64_t value)
{
    int64_t before = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, before + value, memory_order_relaxed);
}

static size_t status_slot(int status)
{
    for (size_t i = 1; i < COUNT_OF(statuses); i++) {
        if (statuses[i] == status) {
            return i;
        }
    }
    return OTHER_STATUS;
}

static size_t bucket_slot(int64_t duration_us)
{
    size_t slot = 0;

    while (slot < COUNT_OF(bucket_us) && duration_us > bucket_us[slot]) {
        slot++;
    }
    return slot;
}

void metrics_count_request(const Route *route, int status, int64_t duration_us)
{
    size_t slot = index_of(route);

    if (own_block == NULL) {
        own_block = make_block();
    }
    RouteCounters *counters = counters_of(own_block, slot);
    add(&counters->by_status[status_slot(status)], 1);
    add(&counters->by_bucket[bucket_slot(duration_us)], 1);
    add(&counters->sum_us, duration_us);
}

/* ---- Reading ---- */

typedef struct RouteSum {
    int64_t by_status[COUNT_OF(statuses)];
    int64_t by_bucket[COUNT_OF(bucket_us) + 1];
    int64_t sum_us;
    int64_t count;
} RouteSum;

static RouteSum sum_of(size_t slot)
{
    RouteSum sum = {};
    size_t count = atomic_load(&block_count);

    for (size_t i = 0; i < count; i++) {
        RouteCounters *counters = __atomic_load_n(&blocks[i]->routes[slot], __ATOMIC_ACQUIRE);
        if (counters == NULL) {
            continue;
        }
        for (size_t j = 0; j < COUNT_OF(statuses); j++) {
            sum.by_status[j] += atomic_load_explicit(&counters->by_status[j], memory_order_relaxed);
        }
        for (size_t j = 0; j < COUNT_OF(bucket_us) + 1; j++) {
            int64_t value = atomic_load_explicit(&counters->by_bucket[j], memory_order_relaxed);
            sum.by_bucket[j] += value;
            sum.count += value;
        }
        sum.sum_us += atomic_load_explicit(&counters->sum_us, memory_order_relaxed);
    }
    return sum;
}

static const char *labels_of(Arena *arena, size_t slot)
{
    if (slot == ROUTES_MAX - 1) {
        return "route=\"other\",method=\"\"";
    }
    const Route *route = known_routes[slot];
    return arena_printf(arena, "route=\"%s\",method=\"%s\"", route->path,
                        http_method_name(route->method));
}

static void write_head(Str *out, const char *name, const char *type, const char *help)
{
    str_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_route_statuses(Str *out, size_t slot)
{
    RouteSum sum = sum_of(slot);

    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (sum.by_status[i] > 0) {
            str_printf(out, "voms_http_requests_total{%s,status=\"%d\"} %" PRId64 "\n",
                       labels_of(out->arena, slot), statuses[i], sum.by_status[i]);
        }
    }
}

static void write_statuses(Str *out)
{
    write_head(out, "voms_http_requests_total", "counter", "Requests by route and status.");
    for (size_t slot = 0; slot < known_route_count; slot++) {
        write_route_statuses(out, slot);
    }
    write_route_statuses(out, ROUTES_MAX - 1);
}

static void write_histogram(Str *out, size_t slot)
{
    static const char name[] = "voms_http_request_duration_seconds";
    RouteSum sum = sum_of(slot);
    const char *labels = sum.count == 0 ? NULL : labels_of(out->arena, slot);
    int64_t so_far = 0;

    if (sum.count == 0) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(bucket_us); i++) {
        so_far += sum.by_bucket[i];
        str_printf(out, "%s_bucket{%s,le=\"%g\"} %" PRId64 "\n", name, labels,
                   (double)bucket_us[i] / 1e6, so_far);
    }
    str_printf(out, "%s_bucket{%s,le=\"+Inf\"} %" PRId64 "\n", name, labels, sum.count);
    str_printf(out, "%s_sum{%s} %.6f\n", name, labels, (double)sum.sum_us / 1e6);
    str_printf(out, "%s_count{%s} %" PRId64 "\n", name, labels, sum.count);
}

static void write_durations(Str *out)
{
    write_head(out, "voms_http_request_duration_seconds", "histogram",
               "From the request line to the end of the answer.");
    for (size_t slot = 0; slot < known_route_count; slot++) {
        write_histogram(out, slot);
    }
    write_histogram(out, ROUTES_MAX - 1);
}

void metrics_write_gauge(Str *out, const char *name, const char *help, double value)
{
    write_head(out, name, "gauge", help);
    str_printf(out, "%s %.15g\n", name, value);
}

void metrics_write_counter(Str *out, const char *name, const char *help, double value)
{
    write_head(out, name, "counter", help);
    str_printf(out, "%s %.15g\n", name, value);
}

void metrics_write(Str *out)
{
    Source copy[SOURCES_MAX];

    write_statuses(out);
    write_durations(out);
    pthread_mutex_lock(&registry_mutex);
    size_t count = source_count;
    memcpy(copy, sources, sizeof(copy));
    pthread_mutex_unlock(&registry_mutex);
    for (size_t i = 0; i < count; i++) {
        copy[i].write(out, copy[i].arg);
    }
}
