/* log.h - lines on stderr, as text or JSON.
 *
 *     log_event(LOG_WARN, "login refused", LOG_TEXT("reason", "wrong_password"), LOG_INT("account",
 * id));
 *
 * A Secret has no constructor here, so that it cannot be logged. Thread-safe; one write per line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef enum LogFormat { LOG_FORMAT_TEXT, LOG_FORMAT_JSON } LogFormat;

typedef enum LogValueType {
    LOG_VALUE_END,
    LOG_VALUE_TEXT,
    LOG_VALUE_INT,
    LOG_VALUE_DOUBLE
} LogValueType;

typedef struct LogValue {
    LogValueType type;
    const char *name;
    const char *text;
    int64_t integer;
    double real;
} LogValue;

/* A text that must never leave the process in clear: password, token, key. Only code that needs
 * the bytes reads .reveal; logging and JSON writing take no Secret. */
typedef struct Secret {
    const char *reveal;
} Secret;

#define LOG_TEXT(name_, value_)                                                                    \
    ((LogValue){.type = LOG_VALUE_TEXT, .name = (name_), .text = (value_)})
#define LOG_INT(name_, value_)                                                                     \
    ((LogValue){.type = LOG_VALUE_INT, .name = (name_), .integer = (value_)})
#define LOG_DOUBLE(name_, value_)                                                                  \
    ((LogValue){.type = LOG_VALUE_DOUBLE, .name = (name_), .real = (value_)})

/* Sets level and format for the process. Call before threads start. */
void log_configure(LogLevel level, LogFormat format);

/* Parses "debug", "info", "warn", "error". */
bool log_parse_level(const char *text, LogLevel *ret_level);

/* Would a line of this level be written? For what is costly to put together. */
bool log_enabled(LogLevel level);

/* Sets the request id that lines of this thread carry until it is changed; NULL for none. The fiber
 * scheduler saves and restores it at every switch. */
void log_set_request_id(const char *request_id);
const char *log_request_id(void);

/* What log_event calls; values end with LOG_VALUE_END. */
void log_write(LogLevel level, const char *event, const LogValue *values);

#define log_event(level, event, ...)                                                               \
    log_write((level), (event),                                                                    \
              (const LogValue[]){__VA_ARGS__ __VA_OPT__(, ){.type = LOG_VALUE_END}})

/* Logs an error with its whole chain, at the level of its kind. */
void log_err(const char *event, const Err *err);
