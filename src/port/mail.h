/* mail.h - the mail port: nothing, or an SMTP server. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

typedef enum MailTls {
    MAIL_TLS_REQUIRED, /* STARTTLS or smtps, with a certificate that is trusted */
    MAIL_TLS_NONE,     /* for a relay on the same machine */
} MailTls;

typedef struct MailOptions {
    const char *url; /* "smtp://mail.example.org:587", "smtps://…:465"; NULL or "": no mail */
    const char *username;
    Secret password;
    const char *from; /* "VOMS <voms@example.org>", or the address alone */
    MailTls tls;
    int64_t timeout_ms; /* of one message; 0: 30 s */
} MailOptions;

typedef struct MailMessage {
    const char *to;         /* an address */
    const char *subject;    /* UTF-8 */
    const char *body;       /* plain text, UTF-8, lines end with "\n" */
    const char *message_id; /* the same at each attempt: "<notice-17@voms>" */
} MailMessage;

/* Is there a server to send through? */
bool mail_is_on(const MailOptions *options);

/* Hands one message to the server, in the thread pool. Yields. Fails with ERR_UNAVAILABLE
 * ("mail_unavailable") when trying again later may help, and with ERR_CONFLICT ("mail_refused",
 * param: the server's code) when the server will never take it (RFC 5321, 5yz). */
YIELDS Err *mail_send(const MailOptions *options, const MailMessage *message);

/* A header's text in RFC 2047 encoded words where it is not ASCII; line breaks are left out, so
 * that a text cannot begin a header of its own. */
const char *mail_header_text(Arena *arena, const char *text);

/* The address within "Name <address>", or the text itself. */
const char *mail_address(Arena *arena, const char *text);
