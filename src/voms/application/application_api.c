/* /api/v1/admin/applications: who waits, and the decision. */
#include "base/phone.h"
#include "base/str.h"
#include "voms/access/access.h"
#include "voms/application/application.sql.h"
#include "voms/application/application_internal.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/membership/membership.h"

typedef struct WaitingApplication {
    VolunteerId volunteer_id;
    const char *number;
    const char *name;
    int gender;
    const char *birth_date;
    const char *phone;
    const char *email;
    UnitId unit_id;
    const char *unit_name;
    bool minor;
    const char *guardian_name;
    int64_t duplicate_count;
    TimeMs created_at;
    int64_t version;
} WaitingApplication;

static const char *mask_email(Arena *arena, const char *value)
{
    const Field *field = shape_find(&volunteer_shape, "email");
    return field->mask(arena, value);
}

static const Field FIELDS[] = {
    FIELD(WaitingApplication, volunteer_id, FIELD_ID),
    FIELD(WaitingApplication, number, FIELD_TEXT),
    FIELD(WaitingApplication, name, FIELD_TEXT),
    FIELD(WaitingApplication, gender, FIELD_CHOICE, .choices = genders),
    FIELD(WaitingApplication, birth_date, FIELD_DATE),
    FIELD(WaitingApplication, phone, FIELD_TEXT, .mask = phone_mask),
    FIELD(WaitingApplication, email, FIELD_TEXT, .mask = mask_email),
    FIELD(WaitingApplication, unit_id, FIELD_ID),
    FIELD(WaitingApplication, unit_name, FIELD_TEXT),
    FIELD(WaitingApplication, minor, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    FIELD(WaitingApplication, guardian_name, FIELD_TEXT),
    FIELD(WaitingApplication, duplicate_count, FIELD_INT),
    FIELD(WaitingApplication, created_at, FIELD_TIME),
    FIELD(WaitingApplication, version, FIELD_INT),
    {},
};
static const Shape APPLICATION = {.name = "Application",
                                  .size_bytes = sizeof(WaitingApplication),
                                  .fields = FIELDS};

/* ---- List ---- */

typedef struct Query {
    const char *permission;
    const char *pattern; /* of name_terms, or NULL */
    int64_t unit_id;
    bool descending;
    int64_t after_id;
    int64_t limit;
} Query;

static void add_filters(Ctx *ctx, SqlBuilder *builder, const Query *query)
{
    AccessConfinement confined = access_confine(ctx, query->permission);
    if (confined.account != 0) {
        sql_builder_add(builder, &SQL_APPLICATION_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (query->unit_id > 1) {
        sql_builder_add(builder, &SQL_APPLICATION_ROWS_OF_UNIT, ARGS(sql_int(query->unit_id)));
    }
    if (query->pattern != NULL) {
        sql_builder_add(builder, &SQL_APPLICATION_ROWS_NAMED, ARGS(sql_text(query->pattern)));
    }
}

YIELDS static Err *find_page(Ctx *ctx, const Query *query, ObjectList *ret_applications)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    const Settings *settings = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_APPLICATION_ROWS_SELECT, NO_ARGS);
    add_filters(ctx, &builder, query);
    if (query->after_id != 0) {
        sql_builder_add(&builder,
                        query->descending ? &SQL_APPLICATION_ROWS_BELOW
                                          : &SQL_APPLICATION_ROWS_ABOVE,
                        ARGS(sql_int(query->after_id)));
    }
    sql_builder_add(&builder,
                    query->descending ? &SQL_APPLICATION_ROWS_DOWN : &SQL_APPLICATION_ROWS_UP,
                    NO_ARGS);
    sql_builder_add(&builder, &SQL_APPLICATION_ROWS_LIMIT, ARGS(sql_int(query->limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    TRY(setting_load(ctx, &settings));
    *ret_applications = shape_from_rows(ctx->arena, &APPLICATION, rows);
    Date today = setting_date(settings, ctx->now);
    WaitingApplication *items = ret_applications->items;
    for (size_t i = 0; i < ret_applications->count; i++) {
        items[i].minor = volunteer_is_below(items[i].birth_date, settings->minor_age, today);
    }
    return NULL;
}

YIELDS static Err *count_all(Ctx *ctx, const Query *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_APPLICATION_ROWS_COUNT_BEGIN, NO_ARGS);
    add_filters(ctx, &builder, query);
    sql_builder_add(&builder, &SQL_APPLICATION_ROWS_COUNT_END, ARGS(sql_int(VOLUNTEER_TOTAL_MAX)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

static Err *read_query(const HttpRequest *req, PageQuery *page, Query *query,
                       const char **ret_context)
{
    static const char *const NAMES[] = {"q", "unit_id", "sort", "limit", "cursor", "total", NULL};
    static const char *const SORTS[] = {"created_at", NULL};
    const char *q = NULL;
    int sort = 0;
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, page));
    TRY(page_query_text(req, "q", 100, &q));
    TRY(page_query_id(req, "unit_id", &query->unit_id));
    TRY(page_sort(req, SORTS, /* descending_default= */ false, &sort, &query->descending));
    query->pattern = q == NULL ? NULL : volunteer_name_pattern(req->arena, q);
    query->limit = page->limit;
    query->permission = req->route->needs;
    *ret_context = query->descending ? "applications.-id" : "applications.id";
    if (page->cursor != NULL) {
        SqlValue after = {.type = SQL_INT};
        TRY(page_cursor_decode(req->arena, page->cursor, *ret_context, &after, 1));
        query->after_id = after.integer;
    }
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    Query query = {};
    const char *context = NULL;
    HttpList answer = {.shape = &APPLICATION, .total = -1};
    TRY(read_query(req, &page, &query, &context));
    TRY(find_page(ctx, &query, &answer.items));
    if (page.with_total) {
        TRY(count_all(ctx, &query, &answer.total));
    }
    if (answer.items.count > (size_t)page.limit) {
        answer.items.count = (size_t)page.limit;
        const WaitingApplication *last =
            (const WaitingApplication *)answer.items.items + page.limit - 1;
        SqlValue value = sql_int(last->volunteer_id.value);
        answer.next_cursor = page_cursor_encode(ctx->arena, context, &value, 1);
    }
    return http_reply_list(res, &answer, NULL);
}

/* ---- Decision ---- */

YIELDS static Err *publish(Ctx *ctx, VolunteerId id, bool approved)
{
    const char *payload = arena_printf(ctx->arena, "{\"volunteer_id\":%lld,\"approved\":%s}",
                                       (long long)id.value, approved ? "true" : "false");
    return bus_publish(ctx->db, "volunteer.application_decided",
                       arena_printf(ctx->arena, "volunteer:%lld", (long long)id.value), payload);
}

YIELDS static Err *decide(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    VolunteerDecision body = {};
    Volunteer *volunteer = NULL;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(volunteer_decision_read(req, &body));
    TRY(volunteer_find_any(ctx, id, &volunteer));
    VolunteerStateChange change = {.state = body.approve ? VOLUNTEER_ACTIVE : VOLUNTEER_ARCHIVED,
                                   .reason = body.reason,
                                   .by_decision = true};
    if (volunteer->state != VOLUNTEER_APPLICANT) {
        Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "the application was decided");
        err->current = err->param = volunteer_states[volunteer->state];
        return err;
    }
    TRY(volunteer_set_state(ctx, volunteer, &change));
    TRY(membership_decide_application(ctx, id, body.approve, body.reason));
    TRY(publish(ctx, id, body.approve));
    TRY(volunteer_find(ctx, id, req->route->needs, &volunteer));
    http_set_version(res, volunteer->version);
    return http_reply(res, HTTP_OK, &volunteer_shape, volunteer, NULL);
}

static const Route ROUTES[] = {
    {HTTP_POST, "/api/v1/public/applications", application_create, .needs = NEEDS_NOTHING,
     .in = &application_create_shape, .out = &application_receipt_shape},
    {HTTP_GET, "/api/v1/admin/applications", list, .needs = "volunteer:read", .out = &APPLICATION},
    {HTTP_POST, "/api/v1/admin/applications/{volunteer_id}/decision", decide,
     .needs = "application:decide", .guard = volunteer_guard, .in = &volunteer_decision_shape,
     .out = &volunteer_shape, .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"applications_closed", "目前不接受申请", "No applications are taken at present"},
    {},
};

const Concept application_concept = {
    .name = "application", .routes = ROUTES, .messages = MESSAGES, .start = application_start};
