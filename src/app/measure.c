#include "app/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/metrics.h"

typedef struct Number {
    const char *name;
    const char *help;
    bool counter;
    int64_t value;
} Number;

static void write_numbers(Str *out, const Number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void (*write)(Str *, const char *, const char *, double) =
            numbers[i].counter ? metrics_write_counter : metrics_write_gauge;
        write(out, numbers[i].name, numbers[i].help, (double)numbers[i].value);
    }
}

static void write_store(Str *out, void *arg)
{
    const Services *services = arg;
    StoreStats stats = store_stats(services->store);
    const Number numbers[] = {
        {"voms_store_statements_total", "Statements run.", true, stats.statements},
        {"voms_store_transactions_total", "Transactions begun.", true, stats.transactions},
        {"voms_store_transactions_open", "Transactions open now.", false, stats.transactions_open},
        {"voms_store_waiting", "Fibers waiting for a connection or the write turn.", false,
         stats.waiting},
        {"voms_store_in_flight", "Statements sent and not answered.", false, stats.in_flight},
        {"voms_store_reconnects_total", "Connections made anew.", true, stats.reconnects},
        {"voms_store_retries_total", "Transactions repeated after a conflict.", true,
         stats.retries},
        {"voms_store_commit_groups_total", "SQLite: commits to disk.", true, stats.commit_groups},
        {"voms_store_commits_total", "SQLite: transactions in those commits.", true, stats.commits},
    };
    write_numbers(out, numbers, COUNT_OF(numbers));
}

static void write_cache(Str *out, void *arg)
{
    const Services *services = arg;
    CacheStats stats = cache_stats(services->cache);
    const Number numbers[] = {
        {"voms_cache_entries", "Entries in memory.", false, stats.entries},
        {"voms_cache_bytes", "Bytes in memory.", false, stats.bytes},
        {"voms_cache_hits_total", "Look-ups that found a value.", true, stats.hits},
        {"voms_cache_misses_total", "Look-ups that found none.", true, stats.misses},
        {"voms_cache_evictions_total", "Values dropped for want of room.", true, stats.evictions},
        {"voms_cache_fallbacks_total", "Calls that Redis did not answer.", true, stats.fallbacks},
    };
    write_numbers(out, numbers, COUNT_OF(numbers));
}

static void write_bus(Str *out, void *arg)
{
    const Services *services = arg;
    BusStats stats = bus_stats(services->bus);
    const Number numbers[] = {
        {"voms_bus_outbox_waiting", "Messages not handed to their consumers yet.", false,
         stats.outbox_waiting},
        {"voms_bus_deliveries_waiting", "Deliveries that are due or will be.", false,
         stats.deliveries_waiting},
        {"voms_bus_deliveries_running", "Handlers running now.", false, stats.deliveries_running},
        {"voms_bus_handled_total", "Deliveries handled.", true, stats.handled},
        {"voms_bus_failed_attempts_total", "Attempts that failed.", true, stats.failed_attempts},
        {"voms_bus_dead_letters", "Messages given up.", false, stats.dead},
    };
    write_numbers(out, numbers, COUNT_OF(numbers));
}

/* The second number of statm is the resident pages (proc(5)). */
static int64_t resident_bytes(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    bool read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    const char *second = read ? strchr(line, ' ') : NULL;
    return second == NULL ? 0 : strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void write_process(Str *out, void *arg)
{
    const Services *services = arg;
    const Number numbers[] = {
        {"voms_uptime_seconds", "Since the start.", false,
         (time_now() - services->started_at) / SECOND_MS},
        {"process_resident_memory_bytes", "Resident memory.", false, resident_bytes()},
    };
    write_numbers(out, numbers, COUNT_OF(numbers));
}

void measure_register(Services *services)
{
    metrics_register(write_process, services);
    metrics_register(write_store, services);
    metrics_register(write_cache, services);
    metrics_register(write_bus, services);
}
