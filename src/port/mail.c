#include "port/mail.h"

#include <sodium.h>
#include <string.h>

#include "base/str.h"
#include "io/smtp.h"

#define TIMEOUT_MS (30 * SECOND_MS)
#define WORD_BYTES 45 /* of UTF-8 in an encoded word: 60 characters of base64, of 75 allowed */
#define LINE_BYTES 57 /* of the body in a line: 76 characters of base64 */

bool mail_is_on(const MailOptions *options)
{
    return !str_is_empty(options->url);
}

const char *mail_address(Arena *arena, const char *text)
{
    const char *open = strrchr(text, '<');
    const char *close = open == NULL ? NULL : strchr(open, '>');
    return close == NULL ? text : arena_strndup(arena, open + 1, (size_t)(close - open - 1));
}

static void append_base64(Str *out, const char *bytes, size_t length)
{
    char text[sodium_base64_ENCODED_LEN(LINE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof text, (const unsigned char *)bytes, length,
                      sodium_base64_VARIANT_ORIGINAL);
    str_append(out, text);
}

/* How much of text fits a word without cutting a character. */
static size_t word_length(const char *text, size_t left)
{
    size_t length = left < WORD_BYTES ? left : WORD_BYTES;
    while (length < left && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--;
    }
    return length;
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return false;
        }
    }
    return strstr(text, "=?") == NULL;
}

const char *mail_header_text(Arena *arena, const char *text)
{
    if (is_plain(text)) {
        return text;
    }
    Str out;
    str_init(&out, arena);
    char *one_line = arena_strndup(arena, text, strlen(text));
    for (char *c = one_line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ') {
            *c = ' ';
        }
    }
    for (size_t left = strlen(one_line), length = 0; left > 0; left -= length, one_line += length) {
        length = word_length(one_line, left);
        str_append(&out, out.length == 0 ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        append_base64(&out, one_line, length);
        str_append(&out, "?=");
    }
    return str_text(&out);
}

/* "Name <address>" with the name encoded. */
static const char *mailbox(Arena *arena, const char *text)
{
    const char *open = strrchr(text, '<');
    if (open == NULL) {
        return text;
    }
    const char *name = str_trim(arena, arena_strndup(arena, text, (size_t)(open - text)));
    return arena_printf(arena, "%s <%s>", mail_header_text(arena, name), mail_address(arena, text));
}

/* RFC 5322, section 3.3: "Tue, 24 Nov 2026 10:00:00 +0000" */
static const char *date_text(Arena *arena, TimeMs now)
{
    static const char *const DAYS[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    Date date = date_of(now, 0);
    int64_t seconds = now % DAY_MS / SECOND_MS;
    return arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d +0000", DAYS[now / DAY_MS % 7],
                        date.day, MONTHS[date.month - 1], date.year, (int)(seconds / 3600),
                        (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static const char *compose(Arena *arena, const MailOptions *options, const MailMessage *message)
{
    Str out;
    str_init(&out, arena);
    str_printf(&out, "Date: %s\r\n", date_text(arena, time_now()));
    str_printf(&out, "From: %s\r\n", mailbox(arena, options->from));
    str_printf(&out, "To: <%s>\r\n", message->to);
    str_printf(&out, "Subject: %s\r\n", mail_header_text(arena, message->subject));
    str_printf(&out, "Message-ID: %s\r\n", message->message_id);
    str_append(&out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                     "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    size_t left = strlen(message->body);
    for (const char *next = message->body; left > 0;) {
        size_t length = left < LINE_BYTES ? left : LINE_BYTES;
        append_base64(&out, next, length);
        str_append(&out, "\r\n");
        next += length;
        left -= length;
    }
    return str_text(&out);
}

Err *mail_send(const MailOptions *options, const MailMessage *message)
{
    Arena *arena = fiber_arena();
    SmtpServer server = {
        .url = options->url,
        .username = options->username,
        .password = options->password,
        .tls_required = options->tls == MAIL_TLS_REQUIRED,
        .timeout_ms = options->timeout_ms == 0 ? TIMEOUT_MS : options->timeout_ms,
    };
    return smtp_send(&server, mail_address(arena, options->from), message->to,
                     compose(arena, options, message));
}
