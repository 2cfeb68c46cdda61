/* What staff does with sign-ups: see, place, decide, cancel, move up, draw. */
#include <inttypes.h>
#include <string.h>

#include "voms/access/access.h"
#include "voms/activity/activity.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/export/export.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_api.h"

#define BULK_MAX 200
#define EXPORT_ROWS 500 /* read at once */

/* ---- Guards ---- */

static Err *not_to_be_known(Ctx *ctx, Err *err, const char *code)
{
    return err_is(err, ERR_NOT_FOUND) ? ERR(ctx->arena, ERR_NOT_FOUND, code, "not to be known")
                                      : err;
}

YIELDS Err *signup_guard(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    Signup *signup = NULL;
    TRY(http_path_id(req, "signup_id", &id));
    TRY(signup_find(ctx, id, &signup));
    return not_to_be_known(
        ctx, activity_check(ctx, (ActivityId){signup->activity_id}, req->route->needs),
        "signup_not_found");
}

/* The guard has decided already. */
static bool may_see(void *arg UNUSED, const char *permission UNUSED)
{
    return true;
}

static const ShapeView STAFF_VIEW = {.may_see = may_see};

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    Signup *signup = NULL;
    TRY(signup_find(ctx, id, &signup));
    http_set_version(res, signup->version);
    return http_reply(res, status, &signup_shape, signup, &STAFF_VIEW);
}

YIELDS Err *signup_staff_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(http_path_id(req, "signup_id", &id));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS Err *signup_staff_eligibility(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"position_id", "volunteer_id", NULL};
    SignupQuestion question = {};
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "shift_id", &question.shift_id));
    TRY(page_query_id(req, "position_id", &question.position_id));
    TRY(page_query_id(req, "volunteer_id", &question.volunteer_id.value));
    if (question.volunteer_id.value == 0) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "volunteer_id", "required", NULL);
        return err;
    }
    TRY(volunteer_check_access(ctx, question.volunteer_id, "volunteer:read"));
    return signup_reply_eligibility(ctx, res, &question);
}

/* ---- Lists ---- */

typedef struct ListQuery {
    const SqlStatement *of;
    const char *confined_by; /* a permission on the activity; NULL: the guard saw to it */
    int64_t owner_id;
    int64_t shift_id;
    int64_t position_id;
    int64_t volunteer_id;
    int state;
    bool in_line; /* in the order of arrival: of one shift */
    PageQuery page;
    const char *context;
    SqlValue after[2];
} ListQuery;

static Err *read_filters(const HttpRequest *req, ListQuery *query)
{
    TRY(page_query_id(req, "position_id", &query->position_id));
    TRY(page_query_id(req, "volunteer_id", &query->volunteer_id));
    return http_query_choice(req, "state", signup_states, -1, &query->state);
}

static Err *read_query(const HttpRequest *req, ListQuery *query)
{
    static const char *const NAMES[] = {"position_id", "volunteer_id", "state", "sort",
                                        "limit",       "cursor",       NULL};
    static const char *const SORTS[] = {"created_at", "sequence", NULL};
    int sort = 0;
    bool descending = false;
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &query->page));
    TRY(read_filters(req, query));
    TRY(page_sort(req, SORTS, /* descending_default= */ true, &sort, &descending));
    query->in_line = sort == 1;
    query->context = query->in_line ? "signups.sequence" : "signups.-id";
    query->after[0] = query->after[1] = (SqlValue){.type = SQL_INT};
    return query->page.cursor == NULL
               ? NULL
               : page_cursor_decode(req->arena, query->page.cursor, query->context, query->after,
                                    query->in_line ? 2 : 1);
}

static void add_filters(SqlBuilder *builder, const Ctx *ctx, const ListQuery *query)
{
    if (query->confined_by != NULL) {
        AccessConfinement confined = access_confine(ctx, query->confined_by);
        if (confined.account != 0) {
            sql_builder_add(builder, &SQL_SIGNUP_ROWS_CONFINED,
                            ARGS(sql_int(confined.account), sql_text(confined.permission)));
        }
    }
    sql_builder_add(builder, query->of, ARGS(sql_int(query->owner_id)));
    if (query->shift_id != 0) {
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_OF_SHIFT, ARGS(sql_int(query->shift_id)));
    }
    if (query->position_id != 0) {
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_OF_POSITION, ARGS(sql_int(query->position_id)));
    }
    if (query->volunteer_id != 0) {
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_OF_VOLUNTEER, ARGS(sql_int(query->volunteer_id)));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_IN_STATE,
                        ARGS(sql_text(signup_states[query->state])));
    }
}

static void add_order(SqlBuilder *builder, const ListQuery *query)
{
    bool after = query->page.cursor != NULL;
    if (query->in_line) {
        if (after) {
            sql_builder_add(builder, &SQL_SIGNUP_ROWS_AFTER_IN_LINE,
                            ARGS(query->after[0], query->after[1]));
        }
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_ORDER_IN_LINE, NO_ARGS);
    } else {
        if (after) {
            sql_builder_add(builder, &SQL_SIGNUP_ROWS_AFTER, ARGS(query->after[0]));
        }
        sql_builder_add(builder, &SQL_SIGNUP_ROWS_ORDER, NO_ARGS);
    }
    sql_builder_add(builder, &SQL_SIGNUP_ROWS_LIMIT, ARGS(sql_int(query->page.limit + 1)));
}

/* At most one more than the page holds. */
YIELDS static Err *find_page(Ctx *ctx, const ListQuery *query, ObjectList *ret_signups)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_SIGNUP_ROWS_SELECT, NO_ARGS);
    add_filters(&builder, ctx, query);
    add_order(&builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_signups = shape_from_rows(ctx->arena, &signup_shape, rows);
    return NULL;
}

YIELDS static Err *reply_list(Ctx *ctx, HttpResponse *res, const ListQuery *query)
{
    HttpList list = {.shape = &signup_shape, .total = -1};
    TRY(find_page(ctx, query, &list.items));
    if (list.items.count > (size_t)query->page.limit) {
        list.items.count = (size_t)query->page.limit;
        const Signup *last = (const Signup *)list.items.items + list.items.count - 1;
        SqlValue by_id[] = {sql_int(last->id)};
        SqlValue by_line[] = {sql_int(last->sequence), sql_int(last->id)};
        list.next_cursor =
            page_cursor_encode(ctx->arena, query->context, query->in_line ? by_line : by_id,
                               query->in_line ? 2 : 1);
    }
    return http_reply_list(res, &list, &STAFF_VIEW);
}

YIELDS Err *signup_staff_list_of_shift(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ListQuery query = {.of = &SQL_SIGNUP_ROWS_OF_SHIFT};
    TRY(http_path_id(req, "shift_id", &query.owner_id));
    TRY(read_query(req, &query));
    return reply_list(ctx, res, &query);
}

YIELDS Err *signup_staff_list_of_activity(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ListQuery query = {.of = &SQL_SIGNUP_ROWS_OF_ACTIVITY};
    TRY(http_path_id(req, "activity_id", &query.owner_id));
    TRY(read_query(req, &query));
    return reply_list(ctx, res, &query);
}

YIELDS static Err *next_page(Ctx *ctx, void *arg, ExportPage *page)
{
    ListQuery *query = arg;
    TRY(find_page(ctx, query, &page->items));
    page->more = page->items.count > (size_t)query->page.limit;
    if (page->more) {
        page->items.count = (size_t)query->page.limit;
        const Signup *last = (const Signup *)page->items.items + page->items.count - 1;
        query->after[0] = sql_int(last->id);
        query->page.cursor = "";
    }
    return NULL;
}

YIELDS Err *signup_staff_export(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format",       "shift_id", "position_id",
                                        "volunteer_id", "state",    NULL};
    static const char *const COLUMNS[] = {"volunteer_number",
                                          "volunteer_name",
                                          "position_name",
                                          "starts_at",
                                          "ends_at",
                                          "state",
                                          "sequence",
                                          "waitlist_place",
                                          "by_staff",
                                          "override_reason",
                                          "decided_at",
                                          "decision_reason",
                                          "cancelled_by",
                                          "cancelled_at",
                                          "cancel_reason",
                                          "created_at",
                                          NULL};
    ListQuery query = {.of = &SQL_SIGNUP_ROWS_OF_ACTIVITY, .page.limit = EXPORT_ROWS};
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "activity_id", &query.owner_id));
    TRY(page_query_id(req, "shift_id", &query.shift_id));
    TRY(read_filters(req, &query));
    return export_list(ctx, req, res,
                       &(ExportList){.name = "signups",
                                     .shape = &signup_shape,
                                     .fields = COLUMNS,
                                     .view = &STAFF_VIEW,
                                     .next = next_page,
                                     .arg = &query});
}

/* Of the activities whose sign-ups the caller may see; the guard let the caller see the person. */
YIELDS Err *signup_staff_list_of_volunteer(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ListQuery query = {.of = &SQL_SIGNUP_ROWS_OF_VOLUNTEER, .confined_by = "signup:read"};
    TRY(http_path_id(req, "volunteer_id", &query.owner_id));
    TRY(read_query(req, &query));
    return reply_list(ctx, res, &query);
}

/* ---- Placing ---- */

typedef struct PlaceBody {
    VolunteerId volunteer_id;
    int64_t position_id;
    const char *override_reason;
} PlaceBody;

static const Field PLACE_FIELDS[] = {
    FIELD(PlaceBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(PlaceBody, position_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(PlaceBody, override_reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape signup_place_shape = {.name = "SignupPlace",
                                  .size_bytes = sizeof(PlaceBody),
                                  .fields = PLACE_FIELDS};

YIELDS static Err *audit_placed(Ctx *ctx, const Signup *signup)
{
    return audit_record(ctx, &(AuditEntry){.action = "signup.place",
                                           .object_type = "signup",
                                           .object_id = signup->id,
                                           .unit_id = signup->unit_id,
                                           .purpose = signup->override_reason,
                                           .changes = shape_diff(ctx->arena, &signup_shape, NULL,
                                                                 signup, &STAFF_VIEW)});
}

YIELDS Err *signup_staff_place(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    PlaceBody body = {};
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(http_decode(req, &body));
    TRY(volunteer_check_access(ctx, body.volunteer_id, "volunteer:read"));
    SignupEntry entry = {.volunteer_id = body.volunteer_id,
                         .account_id = ctx->caller.account_id.value,
                         .by_staff = true,
                         .override_reason = body.override_reason};
    TRY(signup_admit(ctx, shift_id, body.position_id, &entry, 1));
    TRY(entry.refusal);
    TRY(audit_placed(ctx, entry.signup));
    return reply(ctx, res, HTTP_CREATED, entry.signup->id);
}

/* ---- Deciding ---- */

static const char *const DECISIONS[] = {"approve", "reject", NULL};

typedef struct DecisionBody {
    int decision;
    const char *reason;
    const char *override_reason;
    const char *signup_ids; /* of many: a JSON array */
} DecisionBody;

#define DECISION_FIELDS                                                                            \
    FIELD(DecisionBody, decision, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = DECISIONS),    \
        FIELD(DecisionBody, reason, FIELD_TEXT, .min = 1, .max = 500),                             \
        FIELD(DecisionBody, override_reason, FIELD_TEXT, .min = 1, .max = 500)

static const Field ONE_FIELDS[] = {DECISION_FIELDS, {}};
const Shape signup_decision_shape = {.name = "SignupDecision",
                                     .size_bytes = sizeof(DecisionBody),
                                     .fields = ONE_FIELDS};

static const Field MANY_FIELDS[] = {
    DECISION_FIELDS,
    FIELD(DecisionBody, signup_ids, FIELD_JSON, .flags = FIELD_REQUIRED),
    {},
};
const Shape signup_bulk_shape = {.name = "SignupBulkDecision",
                                 .size_bytes = sizeof(DecisionBody),
                                 .fields = MANY_FIELDS};

static Err *read_decision(Ctx *ctx, const DecisionBody *body, SignupDecision *ret_decision)
{
    bool approve = body->decision == 0;
    if (!approve && body->reason == NULL) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "reason", "required", NULL);
        return err;
    }
    *ret_decision = (SignupDecision){.approve = approve,
                                     .reason = body->reason,
                                     .override_reason = body->override_reason};
    return NULL;
}

YIELDS Err *signup_staff_decide(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    DecisionBody body = {};
    SignupDecision decision = {};
    TRY(http_path_id(req, "signup_id", &id));
    TRY(http_decode(req, &body));
    TRY(read_decision(ctx, &body, &decision));
    TRY(signup_decide(ctx, id, &decision));
    return reply(ctx, res, HTTP_OK, id);
}

static Err *read_ids(Ctx *ctx, const char *text, int64_t **ret_ids, size_t *ret_count)
{
    json_t *json = NULL;
    Err *err = NULL;
    TRY(json_parse(ctx->arena, text, strlen(text), &json));
    size_t count = json_is_array(json) ? json_array_size(json) : 0;
    int64_t *ids = ARENA_ARRAY(ctx->arena, int64_t, BULK_MAX);
    if (count == 0 || count > BULK_MAX) {
        err_add_field(ctx->arena, &err, "signup_ids", "wrong_type", NULL);
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = json_integer_value(json_array_get(json, i));
        if (ids[i] <= 0) {
            err_add_field(ctx->arena, &err, arena_printf(ctx->arena, "signup_ids[%zu]", i),
                          "wrong_type", NULL);
            return err;
        }
    }
    *ret_ids = ids;
    *ret_count = count;
    return NULL;
}

typedef struct OneOfMany {
    Ctx *ctx;
    int64_t id;
    const SignupDecision *decision;
    Signup *signup;
} OneOfMany;

/* StoreWork. */
YIELDS static Err *decide_one(Db *db, void *arg)
{
    OneOfMany *one = arg;
    Ctx ctx = *one->ctx;
    Signup *signup = NULL;
    ctx.db = db;
    TRY(signup_find(&ctx, one->id, &signup));
    TRY(not_to_be_known(&ctx,
                        activity_check(&ctx, (ActivityId){signup->activity_id}, "signup:decide"),
                        "signup_not_found"));
    TRY(signup_decide(&ctx, one->id, one->decision));
    return signup_find(&ctx, one->id, &one->signup);
}

/* What concerns this one only is told beside it; the rest goes on. */
static bool concerns_one(const Err *err)
{
    return err_is(err, ERR_CONFLICT) || err_is(err, ERR_NOT_FOUND) || err_is(err, ERR_FORBIDDEN);
}

static void write_result(Ctx *ctx, JsonWriter *writer, const OneOfMany *one, const Err *err)
{
    json_write_begin_object(writer);
    json_put_int(writer, "signup_id", one->id);
    json_put_bool(writer, "done", err == NULL);
    if (err == NULL) {
        json_put_string(writer, "state", signup_states[one->signup->state]);
    } else {
        json_put_string(writer, "code", err->code);
        json_put_string(writer, "message",
                        message_format(ctx->arena, ctx->language, err->code, err->param));
    }
    json_write_end_object(writer);
}

YIELDS Err *signup_staff_decide_many(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    DecisionBody body = {};
    SignupDecision decision = {};
    int64_t *ids = NULL;
    size_t count = 0;
    Str text;
    JsonWriter writer;
    TRY(http_decode(req, &body));
    TRY(read_decision(ctx, &body, &decision));
    TRY(read_ids(ctx, body.signup_ids, &ids, &count));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "items");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        OneOfMany one = {.ctx = ctx, .id = ids[i], .decision = &decision};
        Err *err = store_transact(ctx->db, decide_one, &one);
        if (err != NULL && !concerns_one(err)) {
            return err;
        }
        write_result(ctx, &writer, &one, err);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return http_reply_json(res, HTTP_OK, str_text(&text));
}

/* ---- Cancelling, moving up ---- */

static const Field REASON_FIELDS[] = {
    FIELD(SignupReasonBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
const Shape signup_staff_reason_shape = {.name = "SignupStaffReason",
                                         .size_bytes = sizeof(SignupReasonBody),
                                         .fields = REASON_FIELDS};

YIELDS Err *signup_staff_cancel(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    SignupReasonBody body = {};
    TRY(http_path_id(req, "signup_id", &id));
    TRY(http_decode(req, &body));
    TRY(signup_cancel(ctx, id, &(SignupCancellation){.by = "staff", .reason = body.reason}));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS Err *signup_staff_move_up(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    SignupReasonBody body = {};
    TRY(http_path_id(req, "signup_id", &id));
    TRY(http_decode(req, &body));
    TRY(signup_move_up(ctx, id, body.reason));
    return reply(ctx, res, HTTP_OK, id);
}
