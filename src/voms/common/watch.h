/* watch.h - streams of events about something that changes while a client looks.
 *
 * The streams of presence, of an inbox and of an import share this loop: it begins the stream, asks
 * `look` at once and then every every_ms, each time with an empty arena, and ends after ten minutes
 * (then the client connects anew, and is checked anew) or when look says that nothing will follow.
 */
#pragma once

#include "app/services.h"

typedef struct Watch {
    int64_t every_ms;
    /* Sends what changed since the last time, if anything. *ret_over: nothing will follow. Yields.
     */
    Err *(*look)(Ctx *ctx, HttpResponse *res, void *arg, bool *ret_over);
    void *arg;
} Watch;

/* Streams until the end; fails as look does and when the client goes away. Yields. */
YIELDS Err *watch_stream(Ctx *ctx, HttpResponse *res, const Watch *watch);
