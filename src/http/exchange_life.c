/* An exchange from its first line to libmicrohttpd's last word about it: made, parked, resumed,
 * counted, freed. */
#include "http/adapter.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "http/metrics.h"
#include "http/negotiate.h"

enum { SPARE_ARENAS_MAX = 256 };

static Arena *take_arena(Worker *worker)
{
    if (worker->spare_arenas.count == 0) {
        return arena_new();
    }
    return worker->spare_arenas.items[--worker->spare_arenas.count];
}

static void give_arena_back(Worker *worker, Arena *arena)
{
    if (worker->spare_arenas.count >= SPARE_ARENAS_MAX) {
        arena_free(arena);
        return;
    }
    arena_reset(arena);
    *vec_push(&worker->spare_arenas, worker->arena) = arena;
}

/* Unique among all processes and restarts, and short enough to be read out on the phone. */
static void make_request_id(Worker *worker, char *text, size_t size)
{
    static _Thread_local uint64_t base = 0;
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    if (base == 0) {
        randombytes_buf(&base, sizeof(base));
        base |= 1;
    }
    /* Multiplication by an odd number permutes, so that ids do not repeat, nor look alike. */
    uint64_t value = (base + ++worker->request_serial) * UINT64_C(0x9E3779B97F4A7C15);
    for (size_t i = 0; i + 1 < size; i++) {
        text[i] = digits[value % 32];
        value /= 32;
    }
    text[size - 1] = '\0';
}

void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    Worker *worker = cls;
    Arena *arena = take_arena(worker);
    Exchange *exchange = ARENA_NEW(arena, Exchange);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const char *question = strchr(uri, '?');
    size_t path_length = question == NULL ? strlen(uri) : (size_t)(question - uri);

    exchange->worker = worker;
    exchange->mhd = mhd;
    exchange->connection = info->socket_context;
    exchange->started_us = time_monotonic_us();
    exchange->phase_since = exchange->started_us / 1000;
    exchange->req.arena = arena;
    exchange->req.connection = &exchange->details;
    exchange->req.path = arena_strndup(arena, uri, path_length);
    exchange->details.raw_query = question == NULL ? "" : arena_strdup(arena, question + 1);
    exchange->details.server = worker->server;
    exchange->details.exchange = exchange;
    make_request_id(worker, exchange->request_id, 14);
    exchange->req.request_id = exchange->request_id;
    http_response_init(&exchange->res, &exchange->req);

    exchange->next = worker->exchanges;
    if (worker->exchanges != NULL) {
        worker->exchanges->previous = exchange;
    }
    worker->exchanges = exchange;
    worker->exchange_count++;
    if (exchange->connection != NULL) {
        exchange->connection->current = exchange;
    }
    return exchange;
}

void exchange_end(Exchange *exchange)
{
    Worker *worker = exchange->worker;

    if (!exchange->mhd_done || exchange->fiber != NULL) {
        return;
    }
    if (exchange->previous == NULL) {
        worker->exchanges = exchange->next;
    } else {
        exchange->previous->next = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
    worker->exchange_count--;
    give_arena_back(worker, exchange->req.arena);
    worker_wake_when_idle(worker);
}

static void count_request(const Exchange *exchange, enum MHD_RequestTerminationCode code)
{
    static const int client_went_away = 499;
    int64_t duration_us = time_monotonic_us() - exchange->started_us;
    bool answered =
        exchange->state == EXCHANGE_ANSWER && code != MHD_REQUEST_TERMINATED_CLIENT_ABORT;
    int status = answered ? exchange->res.status : client_went_away;

    metrics_count_request(exchange->req.route, status, duration_us);
    if (log_enabled(LOG_DEBUG)) {
        log_set_request_id(exchange->req.request_id);
        log_event(LOG_DEBUG, "request", LOG_TEXT("method", http_method_name(exchange->req.method)),
                  LOG_TEXT("path", exchange->req.path), LOG_INT("status", status),
                  LOG_INT("duration_us", duration_us),
                  LOG_TEXT("address", exchange->req.client_address));
        log_set_request_id(NULL);
    }
}

static void leave_place(Exchange *exchange)
{
    if (exchange->in_place) {
        exchange->in_place = false;
        exchange->worker->placed_count--;
    }
}

void exchange_completed(void *cls UNUSED, struct MHD_Connection *mhd UNUSED, void **context,
                        enum MHD_RequestTerminationCode code)
{
    Exchange *exchange = *context;

    if (exchange == NULL) {
        return;
    }
    *context = NULL;
    leave_place(exchange);
    worker_stir(exchange->worker);
    count_request(exchange, code);
    exchange->mhd_done = true;
    exchange->gone = true;
    exchange->mhd = NULL;
    if (exchange->connection != NULL) {
        exchange->connection->current = NULL;
        exchange->connection->idle_since = time_monotonic();
        exchange->connection->bytes_seen = -1;
        exchange->connection->head_since = 0;
        exchange->connection = NULL;
    }
    if (exchange->fiber != NULL) {
        fiber_cancel(exchange->fiber);
        upload_client_gone(exchange);
        stream_client_gone(exchange->res.stream);
    }
    exchange_end(exchange);
}

void exchange_suspend(Exchange *exchange)
{
    leave_place(exchange);
    if (!exchange->suspended && exchange->mhd != NULL) {
        exchange->suspended = true;
        MHD_suspend_connection(exchange->mhd);
    }
}

void exchange_resume(Exchange *exchange)
{
    if (exchange->suspended) {
        exchange->suspended = false;
        worker_stir(exchange->worker);
        MHD_resume_connection(exchange->mhd);
    } else if (exchange->in_place) {
        leave_place(exchange);
        worker_stir(exchange->worker);
    }
}
