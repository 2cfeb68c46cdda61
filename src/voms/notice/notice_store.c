/* Writing notices, and making their texts. */
#include <stdatomic.h>
#include <string.h>

#include "base/str.h"
#include "port/mail.h"
#include "voms/notice/notice.sql.h"
#include "voms/notice/notice_internal.h"

/* ---- Who looks at an inbox is woken by a counter, which some recipients share ---- */

#define EPOCHS 1024
#define TOPIC "notices_changed"

static _Atomic uint64_t epochs[EPOCHS];

static size_t epoch_slot(VolunteerId volunteer_id, AccountId account_id)
{
    uint64_t key = volunteer_id.value != 0 ? (uint64_t)volunteer_id.value * 2
                                           : (uint64_t)account_id.value * 2 + 1;
    return (size_t)(key * 0x9e3779b97f4a7c15U >> 54);
}

uint64_t notice_epoch(VolunteerId volunteer_id, AccountId account_id)
{
    uint64_t own = atomic_load(&epochs[epoch_slot((VolunteerId){}, account_id)]);
    return volunteer_id.value == 0
               ? own
               : own + atomic_load(&epochs[epoch_slot(volunteer_id, (AccountId){})]);
}

void notice_epoch_move(VolunteerId volunteer_id, AccountId account_id)
{
    atomic_fetch_add(&epochs[epoch_slot(volunteer_id, account_id)], 1);
}

/* Another process wrote notices: "17,801", the counters of their recipients. */
static void hear(void *arg UNUSED, const char *about)
{
    for (size_t i = 0; about == NULL && i < EPOCHS; i++) {
        atomic_fetch_add(&epochs[i], 1);
    }
    while (about != NULL) {
        atomic_fetch_add(&epochs[strtoul(about, NULL, 10) % EPOCHS], 1);
        about = strchr(about, ',');
        about = about == NULL ? NULL : about + 1;
    }
}

Err *notice_listen(Ctx *ctx)
{
    cache_listen(ctx->services->cache, TOPIC, hear, NULL);
    return NULL;
}

/* ---- Writing ---- */

/* Columns that say whom a notice is for; what else a row has is its params. */
static bool is_address(const char *column)
{
    static const char *const NAMES[] = {"kind", "volunteer_id", "account_id", "link", "event"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        if (str_equal(column, NAMES[i])) {
            return true;
        }
    }
    return false;
}

static void put_param(JsonWriter *writer, const StoreRows *rows, size_t row, size_t column)
{
    const char *name = rows->columns[column];
    const SqlValue *value = row_value(rows, row, column);
    if (is_address(name) || value->type == SQL_NULL) {
        return;
    }
    json_write_key(writer, name);
    if (str_ends_with(name, "_at") || str_ends_with(name, "_until")) {
        json_write_int(writer, row_time(rows, row, column));
    } else if (value->type == SQL_INT) {
        json_write_int(writer, value->integer);
    } else {
        json_write_string(writer, row_text(rows, row, column));
    }
}

static const char *params_of(Arena *arena, const StoreRows *rows, size_t row)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    for (size_t column = 0; column < rows->column_count; column++) {
        put_param(&writer, rows, row, column);
    }
    json_write_end_object(&writer);
    return str_text(&text);
}

static SqlValue column_value(const StoreRows *rows, size_t row, const char *name)
{
    for (size_t column = 0; column < rows->column_count; column++) {
        if (str_equal(rows->columns[column], name)) {
            return *row_value(rows, row, column);
        }
    }
    return sql_null();
}

typedef struct Recipients {
    Cache *cache;
    size_t count;
    VolunteerId *volunteers;
    AccountId *accounts;
} Recipients;

/* One message for all of them, in which each counter stands once. */
static void wake(void *arg)
{
    const Recipients *recipients = arg;
    CLEANUP(arena_freep) Arena *arena = arena_new();
    bool moved[EPOCHS] = {};
    Str text;
    str_init(&text, arena);
    for (size_t i = 0; i < recipients->count; i++) {
        size_t slot = epoch_slot(recipients->volunteers[i], recipients->accounts[i]);
        if (!moved[slot]) {
            moved[slot] = true;
            str_printf(&text, "%s%zu", text.length == 0 ? "" : ",", slot);
        }
        atomic_fetch_add(&epochs[slot], 1);
    }
    cache_tell(recipients->cache, TOPIC, str_text(&text));
}

static SqlArgs insert_args(Ctx *ctx, const char *batch, const StoreRows *rows, size_t row)
{
    SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, 10);
    SqlValue own_event = column_value(rows, row, "event");
    const char *kind = row_text(rows, row, row_column(rows, "kind"));
    MailOptions mail = {.url = ctx->services->config->mail.url};
    values[0] = own_event.type == SQL_NULL ? sql_text(batch) : own_event;
    values[1] = sql_text(kind);
    values[2] = column_value(rows, row, "volunteer_id");
    values[3] = column_value(rows, row, "account_id");
    values[4] = sql_text(params_of(ctx->arena, rows, row));
    values[5] = column_value(rows, row, "link");
    values[6] = sql_time(ctx->now);
    values[7] = sql_bool(mail_is_on(&mail));
    values[8] = sql_bool(notice_kind_find(kind)->mail);
    values[9] = sql_text(batch);
    return (SqlArgs){.values = values, .count = 10};
}

YIELDS static Err *ask_for_mail(Ctx *ctx, const char *batch)
{
    MailOptions mail = {.url = ctx->services->config->mail.url};
    if (!mail_is_on(&mail)) {
        return NULL;
    }
    return bus_publish(ctx->db, "notice.mail", batch,
                       arena_printf(ctx->arena, "{\"batch\":\"%s\"}", batch));
}

YIELDS Err *notice_insert_rows(Ctx *ctx, const char *batch, const StoreRows *rows)
{
    SqlArgs *args = ARENA_ARRAY(ctx->arena, SqlArgs, rows->count + 1);
    Recipients *recipients = ARENA_NEW(ctx->arena, Recipients);
    size_t kind = row_column(rows, "kind");
    int64_t inserted = 0;
    recipients->cache = ctx->services->cache;
    recipients->volunteers = ARENA_ARRAY(ctx->arena, VolunteerId, rows->count + 1);
    recipients->accounts = ARENA_ARRAY(ctx->arena, AccountId, rows->count + 1);
    for (size_t row = 0; row < rows->count; row++) {
        if (row_text(rows, row, kind) == NULL) {
            continue;
        }
        size_t i = recipients->count++;
        args[i] = insert_args(ctx, batch, rows, row);
        recipients->volunteers[i].value = args[i].values[2].integer;
        recipients->accounts[i].value = args[i].values[3].integer;
    }
    if (recipients->count == 0) {
        return NULL;
    }
    TRY(store_exec_many(ctx->db, &SQL_NOTICE_INSERT, args, recipients->count, &inserted));
    db_after_commit(ctx->db, wake, recipients);
    return inserted == 0 ? NULL : ask_for_mail(ctx, batch);
}

YIELDS Err *notice_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    SqlArgs both = ARGS(sql_int(from.value), sql_int(to.value));
    Recipients *recipients = ARENA_NEW(ctx->arena, Recipients);
    recipients->count = 1;
    recipients->volunteers = ARENA_NEW(ctx->arena, VolunteerId);
    recipients->accounts = ARENA_NEW(ctx->arena, AccountId);
    recipients->volunteers[0] = to;
    TRY(store_exec(ctx->db, &SQL_NOTICE_FORGET_TWINS, both, NULL));
    TRY(store_exec(ctx->db, &SQL_NOTICE_MOVE, both, NULL));
    db_after_commit(ctx->db, wake, recipients);
    return NULL;
}

/* ---- Texts ---- */

struct NoticeTexts {
    const Settings *settings;
    StoreRows *own; /* that the organisation wrote */
};

YIELDS Err *notice_texts_load(Ctx *ctx, NoticeTexts **ret_texts)
{
    NoticeTexts *texts = ARENA_NEW(ctx->arena, NoticeTexts);
    TRY(setting_load(ctx, &texts->settings));
    TRY(store_query(ctx->db, &SQL_NOTICE_TEMPLATE_LIST, NO_ARGS, &texts->own));
    *ret_texts = texts;
    return NULL;
}

static NoticeKind find_template(const NoticeTexts *texts, const char *name)
{
    const StoreRows *rows = texts->own;
    const NoticeKind *built_in = notice_kind_find(name);
    /* Of a newer version, before a way back: there are no words for it here. */
    NoticeKind kind = built_in != NULL ? *built_in
                                       : (NoticeKind){.name = name,
                                                      .params = "",
                                                      .title_zh = name,
                                                      .body_zh = "",
                                                      .title_en = name,
                                                      .body_en = ""};
    for (size_t i = 0; i < rows->count; i++) {
        if (str_equal(row_text(rows, i, row_column(rows, "kind")), name)) {
            kind.title_zh = row_text(rows, i, row_column(rows, "title_zh"));
            kind.body_zh = row_text(rows, i, row_column(rows, "body_zh"));
            kind.title_en = row_text(rows, i, row_column(rows, "title_en"));
            kind.body_en = row_text(rows, i, row_column(rows, "body_en"));
        }
    }
    return kind;
}

Err *notice_text(Ctx *ctx, const NoticeTexts *texts, Language language, const char *kind,
                 const char *params, NoticeText *ret_text)
{
    json_t *json = NULL;
    NoticeReader reader = {.arena = ctx->arena, .language = language, .settings = texts->settings};
    NoticeKind found = find_template(texts, kind);
    TRY(json_parse(ctx->arena, params, strlen(params), &json));
    bool chinese = language == LANGUAGE_ZH;
    ret_text->title = notice_rules_fill(&reader, chinese ? found.title_zh : found.title_en, json);
    ret_text->body = notice_rules_fill(&reader, chinese ? found.body_zh : found.body_en, json);
    return NULL;
}
