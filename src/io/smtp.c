#include "io/smtp.h"

#include <curl/curl.h>
#include <string.h>

#include "base/str.h"

#define CONNECT_TIMEOUT_MS (5 * SECOND_MS)

/* One conversation; everything it needs is borrowed from the fiber that waits for it. */
typedef struct Conversation {
    const SmtpServer *server;
    const char *from;
    const char *to;
    const char *message;
    size_t length;
    size_t position;
    CURLcode code;
    long reply; /* the server's last */
    char error[CURL_ERROR_SIZE];
} Conversation;

static size_t read_message(char *buffer, size_t size, size_t count, void *arg)
{
    Conversation *self = arg;
    size_t room = size * count;
    size_t left = self->length - self->position;
    size_t length = left < room ? left : room;
    memcpy(buffer, self->message + self->position, length);
    self->position += length;
    return length;
}

static void set_options(CURL *curl, Conversation *self, struct curl_slist *recipients)
{
    const SmtpServer *server = self->server;
    curl_easy_setopt(curl, CURLOPT_URL, server->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     server->tls_required ? CURLUSESSL_ALL : CURLUSESSL_NONE);
    if (!str_is_empty(server->username)) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, server->username);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password.reveal);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, self->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
    curl_easy_setopt(curl, CURLOPT_READDATA, self);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)server->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* it runs in a thread */
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, self->error);
}

/* In the thread pool. */
static void converse(void *arg)
{
    Conversation *self = arg;
    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, self->to);
    self->code = CURLE_OUT_OF_MEMORY;
    if (curl != NULL && recipients != NULL) {
        set_options(curl, self, recipients);
        self->code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &self->reply);
    }
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
}

Err *smtp_send(const SmtpServer *server, const char *from, const char *to, const char *message)
{
    Conversation self = {
        .server = server, .from = from, .to = to, .message = message, .length = strlen(message)};
    TRY(offload(converse, &self));
    if (self.code == CURLE_OK) {
        return NULL;
    }
    const char *why = self.error[0] != '\0' ? self.error : curl_easy_strerror(self.code);
    /* 530 and 535 speak of the login, which an operator can mend; the message is not at fault. */
    if (self.reply >= 500 && self.reply < 600 && self.code != CURLE_LOGIN_DENIED) {
        Err *err = ERR(fiber_arena(), ERR_CONFLICT, "mail_refused",
                       "the mail server answered %ld: %s", self.reply, why);
        err->param = arena_printf(fiber_arena(), "%ld", self.reply);
        return err;
    }
    return ERR(fiber_arena(), ERR_UNAVAILABLE, "mail_unavailable", "cannot send mail: %s", why);
}
