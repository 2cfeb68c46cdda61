/* Mail: what waits of a batch is sent one by one, and each is recorded when the server took it. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "port/mail.h"
#include "voms/notice/notice.sql.h"
#include "voms/notice/notice_internal.h"

static MailOptions mail_options(const Config *config)
{
    return (MailOptions){
        .url = config->mail.url,
        .username = config->mail.username,
        .password = config->mail.password,
        .from = config->mail.from,
        .tls = (MailTls)config->mail.tls,
    };
}

static const char *body_with_address(Ctx *ctx, const char *body)
{
    const char *url = ctx->services->config->server.public_url;
    return str_is_empty(url) ? arena_printf(ctx->arena, "%s\n", body)
                             : arena_printf(ctx->arena, "%s\n\n%s\n", body, url);
}

YIELDS static Err *record(Ctx *ctx, int64_t id, const char *outcome)
{
    return store_exec(ctx->db, &SQL_NOTICE_MAILED,
                      ARGS(sql_int(id), sql_text(outcome), sql_time(time_now())), NULL);
}

/* A message that the server will never take is recorded as such; the others go on. */
YIELDS static Err *send_one(Ctx *ctx, int64_t id, const char *to, const NoticeText *text)
{
    MailOptions options = mail_options(ctx->services->config);
    MailMessage message = {
        .to = to,
        .subject = text->title,
        .body = body_with_address(ctx, text->body),
        .message_id = arena_printf(ctx->arena, "<notice-%" PRId64 "@%s>", id,
                                   strchr(mail_address(ctx->arena, options.from), '@') + 1),
    };
    Err *err = mail_send(&options, &message);
    if (err_is(err, ERR_CONFLICT)) {
        log_err("mail was refused", err);
        return record(ctx, id, "refused");
    }
    TRY(err);
    return record(ctx, id, "sent");
}

YIELDS static Err *send_row(Ctx *ctx, const NoticeTexts *texts, const StoreRows *rows, size_t row)
{
    NoticeText text = {};
    const char *to = row_text(rows, row, row_column(rows, "email"));
    const char *spoken = row_text(rows, row, row_column(rows, "language"));
    int64_t id = row_int(rows, row, row_column(rows, "id"));
    if (to == NULL) {
        return record(ctx, id, "none");
    }
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    Language language = spoken == NULL            ? (Language)settings->default_language
                        : str_equal(spoken, "en") ? LANGUAGE_EN
                                                  : LANGUAGE_ZH;
    TRY(notice_text(ctx, texts, language, row_text(rows, row, row_column(rows, "kind")),
                    row_text(rows, row, row_column(rows, "params")), &text));
    return send_one(ctx, id, to, &text);
}

YIELDS static Err *send_page(Ctx *ctx, const BusMessage *message, const char *batch,
                             int64_t *after_id)
{
    StoreRows *rows = NULL;
    NoticeTexts *texts = NULL;
    TRY(notice_texts_load(ctx, &texts));
    TRY(store_query(ctx->db, &SQL_NOTICE_MAIL_WAITING, ARGS(sql_text(batch), sql_int(*after_id)),
                    &rows));
    int64_t before = *after_id;
    for (size_t row = 0; row < rows->count; row++) {
        TRY(bus_still_working(ctx, message));
        TRY(send_row(ctx, texts, rows, row));
        *after_id = row_int(rows, row, row_column(rows, "id"));
    }
    if (*after_id == before) {
        *after_id = 0; /* the end */
    }
    return NULL;
}

YIELDS Err *notice_mail(Ctx *ctx, const BusMessage *message)
{
    json_t *payload = NULL;
    int64_t after_id = 0;
    MailOptions options = mail_options(ctx->services->config);
    if (!mail_is_on(&options)) {
        return NULL; /* it was switched off meanwhile */
    }
    TRY(json_parse(ctx->arena, message->payload, strlen(message->payload), &payload));
    const char *batch = json_string_value(json_object_get(payload, "batch"));
    BUG_ON(batch == NULL);
    do {
        TRY(send_page(ctx, message, batch, &after_id));
    } while (after_id != 0);
    return NULL;
}

YIELDS Err *notice_find_mail_trouble(Ctx *ctx, bool *ret_is_on, const char **ret_reason)
{
    StoreRows *rows = NULL;
    MailOptions options = mail_options(ctx->services->config);
    if (!mail_is_on(&options)) {
        *ret_is_on = false;
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_NOTICE_MAIL_FAILING, NO_ARGS, &rows));
    *ret_is_on = true;
    *ret_reason = row_text(rows, 0, 0);
    return NULL;
}
