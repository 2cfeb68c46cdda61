/* dispatch.h - the way of every request: who asks, may they, is it a repetition, then the handler.
 */
#pragma once

#include "app/services.h"

/* Answers one request; HttpServerOptions.dispatch. owner is the Services. Yields. */
void dispatch_request(void *owner, HttpRequest *req, HttpResponse *res);

/* Runs one message's handler; BusOptions.run. owner is the Services. Yields. */
YIELDS Err *dispatch_message(void *owner, const BusSubscription *subscription,
                             const BusMessage *message, Err *(*record_handled)(Db *db, void *arg),
                             void *record_arg);
