/* /api/v1/me/notices, /api/v1/me/notice-preferences, /api/v1/admin/notice-templates. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/common/id_page.h"
#include "voms/common/watch.h"
#include "voms/notice/notice.sql.h"
#include "voms/notice/notice_internal.h"

#define LOOK_MS 500             /* at a counter in memory */
#define ASK_MS (30 * SECOND_MS) /* the database: another process may have written */

/* ---- The inbox ---- */

typedef struct Notice {
    int64_t id;
    const char *kind;
    const char *title;
    const char *body;
    const char *link;
    const char *params;
    TimeMs created_at;
    TimeMs read_at;
} Notice;

static const Field NOTICE_FIELDS[] = {
    FIELD(Notice, id, FIELD_ID),
    FIELD(Notice, kind, FIELD_TEXT),
    FIELD(Notice, title, FIELD_TEXT, .flags = FIELD_NO_COLUMN),
    FIELD(Notice, body, FIELD_LONG_TEXT, .flags = FIELD_NO_COLUMN),
    FIELD(Notice, link, FIELD_TEXT),
    FIELD(Notice, created_at, FIELD_TIME),
    FIELD(Notice, read_at, FIELD_TIME),
    {},
};
static const Shape NOTICE = SHAPE(Notice, NOTICE_FIELDS);

static SqlValue own_volunteer(const Ctx *ctx)
{
    return sql_int(ctx->caller.volunteer_id.value);
}

static SqlValue own_account(const Ctx *ctx)
{
    return sql_int(ctx->caller.account_id.value);
}

YIELDS static Err *notices_from_rows(Ctx *ctx, const StoreRows *rows, ObjectList *ret_notices)
{
    ObjectList list = shape_from_rows(ctx->arena, &NOTICE, rows);
    Notice *notices = list.items;
    NoticeTexts *texts = NULL;
    TRY(notice_texts_load(ctx, &texts));
    for (size_t i = 0; i < list.count; i++) {
        NoticeText text = {};
        TRY(notice_text(ctx, texts, ctx->language, notices[i].kind,
                        row_text(rows, i, row_column(rows, "params")), &text));
        notices[i].title = text.title;
        notices[i].body = text.body;
    }
    *ret_notices = list;
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const OTHERS[] = {"unread", NULL};
    IdPage page = {};
    bool unread = false;
    int64_t total = -1;
    StoreRows *rows = NULL;
    ObjectList notices = {};
    TRY(id_page_read(req, "notices", OTHERS, &page));
    TRY(http_query_bool(req, "unread", false, &unread));
    TRY(store_query(ctx->db, &SQL_NOTICE_LIST,
                    ARGS(own_volunteer(ctx), own_account(ctx), sql_int(page.before_id),
                         sql_bool(unread), sql_int(page.limit + 1)),
                    &rows));
    TRY(notices_from_rows(ctx, rows, &notices));
    if (page.with_total) {
        StoreRows *count = NULL;
        TRY(store_query(ctx->db, &SQL_NOTICE_COUNT,
                        ARGS(own_volunteer(ctx), own_account(ctx), sql_bool(unread)), &count));
        total = row_int(count, 0, 0);
    }
    return id_page_reply(res, req, &page, &NOTICE, notices, total, NULL);
}

/* ---- How many are unread, and a stream of it ---- */

typedef struct Unread {
    int64_t unread;
    int64_t latest_id;
} Unread;

static const Field UNREAD_FIELDS[] = {
    FIELD(Unread, unread, FIELD_INT),
    FIELD(Unread, latest_id, FIELD_ID),
    {},
};
static const Shape UNREAD = {.name = "UnreadNotices",
                             .size_bytes = sizeof(Unread),
                             .fields = UNREAD_FIELDS};

YIELDS static Err *find_unread(Ctx *ctx, Unread *ret_unread)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_NOTICE_UNREAD, ARGS(own_volunteer(ctx), own_account(ctx)),
                    &rows));
    ret_unread->unread = row_int(rows, 0, 0);
    ret_unread->latest_id = row_int(rows, 0, 1);
    return NULL;
}

YIELDS Err *notice_count_unread(Ctx *ctx, int64_t *ret_count)
{
    Unread unread = {};
    TRY(find_unread(ctx, &unread));
    *ret_count = unread.unread;
    return NULL;
}

YIELDS static Err *show_unread(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Unread unread = {};
    TRY(find_unread(ctx, &unread));
    return http_reply(res, HTTP_OK, &UNREAD, &unread, NULL);
}

/* What the stream last told. */
typedef struct Told {
    bool began;
    Unread unread;
    uint64_t epoch;
    int64_t asked_at; /* monotonic */
} Told;

/* The database is asked when the counter in memory moved, and now and then: another process may
 * have written. */
YIELDS static Err *send_change(Ctx *ctx, HttpResponse *res, void *arg, bool *ret_over UNUSED)
{
    Told *told = arg;
    Unread unread = {};
    uint64_t epoch = notice_epoch(ctx->caller.volunteer_id, ctx->caller.account_id);
    int64_t now = time_monotonic();
    if (told->began && epoch == told->epoch && now - told->asked_at < ASK_MS) {
        return NULL;
    }
    told->epoch = epoch;
    told->asked_at = now;
    TRY(find_unread(ctx, &unread));
    if (told->began && unread.unread == told->unread.unread &&
        unread.latest_id == told->unread.latest_id) {
        return NULL;
    }
    told->began = true;
    told->unread = unread;
    return http_sse_send(res, "unread", NULL,
                         arena_printf(ctx->arena,
                                      "{\"unread\":%" PRId64 ",\"latest_id\":%" PRId64 "}",
                                      unread.unread, unread.latest_id));
}

YIELDS static Err *stream(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Told told = {};
    return watch_stream(ctx, res, &(Watch){.every_ms = LOOK_MS, .look = send_change, .arg = &told});
}

/* ---- Reading ---- */

static void wake_own(void *arg)
{
    const Caller *caller = arg;
    notice_epoch_move((VolunteerId){}, caller->account_id);
}

YIELDS static Err *mark(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    int64_t affected = 0;
    TRY(http_path_id(req, "notice_id", &id));
    TRY(store_exec(ctx->db, &SQL_NOTICE_READ,
                   ARGS(own_volunteer(ctx), own_account(ctx), sql_int(id), sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "notice_not_found", "notice %" PRId64, id);
    }
    db_after_commit(ctx->db, wake_own, &ctx->caller);
    return http_reply_empty(res);
}

typedef struct ReadAllBody {
    int64_t up_to_id;
} ReadAllBody;

static const Field READ_ALL_FIELDS[] = {
    FIELD(ReadAllBody, up_to_id, FIELD_ID, .flags = FIELD_REQUIRED),
    {},
};
static const Shape READ_ALL = {.name = "NoticesRead",
                               .size_bytes = sizeof(ReadAllBody),
                               .fields = READ_ALL_FIELDS};

/* Up to the newest that the reader saw: one that came meanwhile stays unread. */
YIELDS static Err *mark_all(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ReadAllBody body = {};
    TRY(http_decode(req, &body));
    TRY(store_exec(ctx->db, &SQL_NOTICE_READ_VOLUNTEER,
                   ARGS(own_volunteer(ctx), sql_int(body.up_to_id), sql_time(ctx->now)), NULL));
    TRY(store_exec(ctx->db, &SQL_NOTICE_READ_ACCOUNT,
                   ARGS(own_account(ctx), sql_int(body.up_to_id), sql_time(ctx->now)), NULL));
    db_after_commit(ctx->db, wake_own, &ctx->caller);
    return http_reply_empty(res);
}

/* ---- Preferences ---- */

typedef struct Preference {
    const char *kind;
    const char *title; /* of the kind, in the caller's language */
    bool mail;
} Preference;

static const Field PREFERENCE_FIELDS[] = {
    FIELD(Preference, kind, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Preference, title, FIELD_TEXT, .flags = FIELD_READ_ONLY),
    FIELD(Preference, mail, FIELD_BOOL, .flags = FIELD_REQUIRED),
    {},
};
static const Shape PREFERENCE = {.name = "NoticePreference",
                                 .size_bytes = sizeof(Preference),
                                 .fields = PREFERENCE_FIELDS};

static Preference default_preference(const Ctx *ctx, const NoticeKind *kind)
{
    NoticeReader reader = {.arena = ctx->arena, .language = ctx->language};
    bool chinese = ctx->language == LANGUAGE_ZH;
    const char *title = chinese ? kind->title_zh : kind->title_en;
    return (Preference){.kind = kind->name,
                        .title = notice_rules_heading(&reader, title),
                        .mail = kind->mail};
}

YIELDS static Err *list_preferences(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    StoreRows *rows = NULL;
    VEC(Preference) preferences = {};
    TRY(http_query_only(req, (const char *const[]){NULL}));
    TRY(store_query(ctx->db, &SQL_NOTICE_PREFERENCE_LIST, ARGS(own_account(ctx)), &rows));
    for (const NoticeKind *kind = notice_kinds; kind->name != NULL; kind++) {
        Preference *preference = vec_push(&preferences, ctx->arena);
        *preference = default_preference(ctx, kind);
        for (size_t i = 0; i < rows->count; i++) {
            if (str_equal(row_text(rows, i, 0), kind->name)) {
                preference->mail = row_bool(rows, i, 1);
            }
        }
    }
    HttpList answer = {.shape = &PREFERENCE,
                       .items = {.items = preferences.items, .count = preferences.count},
                       .total = -1};
    return http_reply_list(res, &answer, NULL);
}

typedef struct PreferencesBody {
    ObjectList items;
} PreferencesBody;

static const Field PREFERENCES_FIELDS[] = {
    FIELD(PreferencesBody, items, FIELD_OBJECT_LIST, .flags = FIELD_REQUIRED, .max = 100,
          .shape = &PREFERENCE),
    {},
};
static const Shape PREFERENCES = {.name = "NoticePreferencesUpdate",
                                  .size_bytes = sizeof(PreferencesBody),
                                  .fields = PREFERENCES_FIELDS};

YIELDS static Err *save_preferences(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PreferencesBody body = {};
    Err *err = NULL;
    TRY(http_decode(req, &body));
    const Preference *items = body.items.items;
    for (size_t i = 0; i < body.items.count; i++) {
        if (notice_kind_find(items[i].kind) == NULL) {
            err_add_field(ctx->arena, &err, arena_printf(ctx->arena, "items[%zu].kind", i),
                          "notice_kind_unknown", items[i].kind);
        }
    }
    TRY(err);
    for (size_t i = 0; i < body.items.count; i++) {
        TRY(store_exec(ctx->db, &SQL_NOTICE_PREFERENCE_SAVE,
                       ARGS(own_account(ctx), sql_text(items[i].kind), sql_bool(items[i].mail)),
                       NULL));
    }
    return http_reply_empty(res);
}

/* ---- Templates ---- */

typedef struct Template {
    const char *kind;
    const char *params; /* placeholders, as a JSON array */
    bool customised;
    const char *title_zh;
    const char *body_zh;
    const char *title_en;
    const char *body_en;
    int64_t updated_by;
    TimeMs updated_at;
    int64_t version;
} Template;

#define TEXT_FIELDS                                                                                \
    FIELD(Template, title_zh, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100),          \
        FIELD(Template, body_zh, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 2000), \
        FIELD(Template, title_en, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200),      \
        FIELD(Template, body_en, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 2000)

static const Field TEMPLATE_FIELDS[] = {
    FIELD(Template, kind, FIELD_TEXT),
    FIELD(Template, params, FIELD_JSON, .flags = FIELD_NO_COLUMN),
    FIELD(Template, customised, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    TEXT_FIELDS,
    FIELD(Template, updated_by, FIELD_ID),
    FIELD(Template, updated_at, FIELD_TIME),
    FIELD(Template, version, FIELD_INT),
    {},
};
static const Shape TEMPLATE = {.name = "NoticeTemplate",
                               .size_bytes = sizeof(Template),
                               .fields = TEMPLATE_FIELDS};

static const Field TEMPLATE_UPDATE_FIELDS[] = {TEXT_FIELDS, {}};
static const Shape TEMPLATE_UPDATE = {.name = "NoticeTemplateUpdate",
                                      .size_bytes = sizeof(Template),
                                      .fields = TEMPLATE_UPDATE_FIELDS};

/* "a,b" as ["a","b"] */
static const char *params_json(Arena *arena, const char *names)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (const char *at = names; *at != '\0';) {
        size_t length = strcspn(at, ",");
        json_write_string(&writer, arena_strndup(arena, at, length));
        at += length + (at[length] == ',');
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

static Template built_in(Arena *arena, const NoticeKind *kind)
{
    return (Template){.kind = kind->name,
                      .params = params_json(arena, kind->params),
                      .title_zh = kind->title_zh,
                      .body_zh = kind->body_zh,
                      .title_en = kind->title_en,
                      .body_en = kind->body_en};
}

static void overwrite(Ctx *ctx, const StoreRows *rows, size_t row, Template *template)
{
    const char *kind = template->kind;
    shape_from_row(ctx->arena, &TEMPLATE, rows, row, template);
    template->kind = kind;
    template->customised = true;
}

YIELDS static Err *list_templates(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    StoreRows *rows = NULL;
    VEC(Template) templates = {};
    TRY(http_query_only(req, (const char *const[]){NULL}));
    TRY(store_query(ctx->db, &SQL_NOTICE_TEMPLATE_LIST, NO_ARGS, &rows));
    for (const NoticeKind *kind = notice_kinds; kind->name != NULL; kind++) {
        Template *template = vec_push(&templates, ctx->arena);
        *template = built_in(ctx->arena, kind);
        for (size_t i = 0; i < rows->count; i++) {
            if (str_equal(row_text(rows, i, row_column(rows, "kind")), kind->name)) {
                overwrite(ctx, rows, i, template);
            }
        }
    }
    HttpList answer = {.shape = &TEMPLATE,
                       .items = {.items = templates.items, .count = templates.count},
                       .total = -1};
    return http_reply_list(res, &answer, NULL);
}

static Err *path_kind(Ctx *ctx, const HttpRequest *req, const NoticeKind **ret_kind)
{
    *ret_kind = notice_kind_find(http_path(req, "kind"));
    return *ret_kind != NULL ? NULL
                             : ERR(ctx->arena, ERR_NOT_FOUND, "notice_kind_unknown",
                                   "no notice of kind %s", http_path(req, "kind"));
}

YIELDS static Err *find_template(Ctx *ctx, const NoticeKind *kind, Template *ret_template)
{
    StoreRows *rows = NULL;
    *ret_template = built_in(ctx->arena, kind);
    TRY(store_query(ctx->db, &SQL_NOTICE_TEMPLATE_FIND, ARGS(sql_text(kind->name)), &rows));
    if (rows->count == 1) {
        overwrite(ctx, rows, 0, ret_template);
    }
    return NULL;
}

/* A placeholder that the event does not fill would stay empty in every notice. */
static Err *check_texts(Ctx *ctx, const NoticeKind *kind, const Template *body)
{
    const struct {
        const char *field;
        const char *text;
    } texts[] = {{"title_zh", body->title_zh},
                 {"body_zh", body->body_zh},
                 {"title_en", body->title_en},
                 {"body_en", body->body_en}};
    Err *err = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *unknown = notice_rules_check(ctx->arena, kind, texts[i].text);
        if (unknown != NULL) {
            err_add_field(ctx->arena, &err, texts[i].field, "placeholder_unknown", unknown);
        }
    }
    return err;
}

YIELDS static Err *audit(Ctx *ctx, const char *action, const Template *before,
                         const Template *after)
{
    const char *detail = arena_printf(ctx->arena, "{\"kind\":\"%s\"}", before->kind);
    const char *changes = shape_diff(ctx->arena, &TEMPLATE_UPDATE, before, after, NULL);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "notice_template",
                                           .changes = changes,
                                           .detail = detail});
}

YIELDS static Err *save_template(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const NoticeKind *kind = NULL;
    Template before = {};
    Template body = {};
    TRY(path_kind(ctx, req, &kind));
    TRY(http_decode(req, &body));
    TRY(check_texts(ctx, kind, &body));
    TRY(find_template(ctx, kind, &before));
    TRY(store_exec(ctx->db, &SQL_NOTICE_TEMPLATE_SAVE,
                   ARGS(sql_text(kind->name), sql_text(body.title_zh), sql_text(body.body_zh),
                        sql_text(body.title_en), sql_text(body.body_en), own_account(ctx),
                        sql_time(ctx->now)),
                   NULL));
    TRY(audit(ctx, "notice_template.update", &before, &body));
    TRY(find_template(ctx, kind, &body));
    return http_reply(res, HTTP_OK, &TEMPLATE, &body, NULL);
}

YIELDS static Err *reset_template(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const NoticeKind *kind = NULL;
    Template before = {};
    TRY(path_kind(ctx, req, &kind));
    TRY(find_template(ctx, kind, &before));
    Template after = built_in(ctx->arena, kind);
    TRY(store_exec(ctx->db, &SQL_NOTICE_TEMPLATE_DELETE, ARGS(sql_text(kind->name)), NULL));
    if (before.customised) {
        TRY(audit(ctx, "notice_template.reset", &before, &after));
    }
    return http_reply(res, HTTP_OK, &TEMPLATE, &after, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/me/notices", list, .needs = NEEDS_LOGIN, .out = &NOTICE},
    {HTTP_GET, "/api/v1/me/notices/unread", show_unread, .needs = NEEDS_LOGIN, .out = &UNREAD},
    {HTTP_GET, "/api/v1/me/notices/events", stream, .needs = NEEDS_LOGIN, .long_lived = true},
    {HTTP_POST, "/api/v1/me/notices/{notice_id}/read", mark, .needs = NEEDS_LOGIN,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/me/notices/read", mark_all, .needs = NEEDS_LOGIN, .in = &READ_ALL,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/me/notice-preferences", list_preferences, .needs = NEEDS_LOGIN,
     .out = &PREFERENCE},
    {HTTP_PUT, "/api/v1/me/notice-preferences", save_preferences, .needs = NEEDS_LOGIN,
     .in = &PREFERENCES, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/notice-templates", list_templates, .needs = NOTICE_PERMISSION,
     .guard = access_guard_everywhere, .out = &TEMPLATE},
    {HTTP_PUT, "/api/v1/admin/notice-templates/{kind}", save_template, .needs = NOTICE_PERMISSION,
     .guard = access_guard_everywhere, .in = &TEMPLATE_UPDATE, .out = &TEMPLATE,
     .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/notice-templates/{kind}", reset_template,
     .needs = NOTICE_PERMISSION, .guard = access_guard_everywhere, .out = &TEMPLATE,
     .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"notice_not_found", "没有这条通知", "There is no such notice"},
    {"notice_kind_unknown", "没有这种通知", "There is no such kind of notice"},
    {"placeholder_unknown", "这种通知没有占位符 {}", "This kind of notice has no placeholder {}"},
    {"mail_unavailable", "邮件服务器暂时无法使用", "The mail server cannot be used at the moment"},
    {"mail_refused", "邮件服务器拒收（{}）", "The mail server refused the message ({})"},
    {},
};

static const Permission PERMISSIONS[] = {
    {NOTICE_PERMISSION, "编辑通知模板", "Edit the templates of notices"},
    {},
};

const Concept notice_concept = {.name = "notice",
                                .routes = ROUTES,
                                .subscriptions = notice_subscriptions,
                                .schedules = notice_schedules,
                                .messages = MESSAGES,
                                .permissions = PERMISSIONS,
                                .start = notice_listen};
