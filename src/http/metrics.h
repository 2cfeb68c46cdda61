/* metrics.h - counters for /metrics, in Prometheus's text format. */
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "http/http.h"

/* Makes the routes known; those of unknown routes are counted as "other". At start, before
 * requests.
 */
void metrics_register_routes(const Route *const *tables);

/* Counts one request: per-loop, without locks. route may be NULL (static files, unknown paths). */
void metrics_count_request(const Route *route, int status, int64_t duration_us);

/* Adds a source that writes its own lines when /metrics is read; on the loop that was asked, so
 * that it must be thread-safe. */
void metrics_register(void (*write)(Str *out, void *arg), void *arg);
void metrics_unregister(void (*write)(Str *out, void *arg), void *arg);

/* Helpers for sources. */
void metrics_write_gauge(Str *out, const char *name, const char *help, double value);
void metrics_write_counter(Str *out, const char *name, const char *help, double value);

/* The whole document. */
void metrics_write(Str *out);
