/* smtp.h - hands a finished message to an SMTP server (libcurl). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "fiber/fiber.h"

typedef struct SmtpServer {
    const char *url;      /* "smtp://host:port", "smtps://host:port" */
    const char *username; /* NULL or "": no login */
    Secret password;
    bool tls_required;
    int64_t timeout_ms; /* of the whole conversation */
} SmtpServer;

/* Sends message (RFC 5322, lines end with CRLF) in the thread pool. Yields. Fails with
 * ERR_UNAVAILABLE ("mail_unavailable") for what may pass, ERR_CONFLICT ("mail_refused", param: the
 * reply code) when the server answered 5yz. */
YIELDS Err *smtp_send(const SmtpServer *server, const char *from, const char *to,
                      const char *message);
