/* Correction requests: rows, and /api/v1/admin/volunteers/{volunteer_id}/corrections. */
#include "voms/correction/correction.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "voms/audit/audit.h"
#include "voms/common/id_page.h"
#include "voms/correction/correction.sql.h"

const char *const correction_states[] = {"open", "resolved", "closed", NULL};

static const Field CORRECTION_FIELDS[] = {
    FIELD(Correction, id, FIELD_ID),
    FIELD(Correction, volunteer_id, FIELD_ID),
    FIELD(Correction, field, FIELD_TEXT),
    FIELD(Correction, message, FIELD_LONG_TEXT),
    FIELD(Correction, state, FIELD_CHOICE, .choices = correction_states),
    FIELD(Correction, answer, FIELD_LONG_TEXT),
    FIELD(Correction, created_by, FIELD_ID),
    FIELD(Correction, created_at, FIELD_TIME),
    FIELD(Correction, resolved_at, FIELD_TIME),
    FIELD(Correction, closed_by, FIELD_ID),
    FIELD(Correction, closed_at, FIELD_TIME),
    {},
};
const Shape correction_shape = SHAPE(Correction, CORRECTION_FIELDS);

typedef struct CorrectionDraft {
    const char *field;
    const char *message;
} CorrectionDraft;

static const Field CREATE_FIELDS[] = {
    FIELD(CorrectionDraft, field, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(CorrectionDraft, message, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 1000),
    {},
};
static const Shape CREATE = {.name = "CorrectionCreate",
                             .size_bytes = sizeof(CorrectionDraft),
                             .fields = CREATE_FIELDS};

static const Field ANSWER_FIELDS[] = {
    FIELD(CorrectionAnswer, answer, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 1000),
    {},
};
const Shape correction_answer_shape = {.name = "CorrectionResolve",
                                       .size_bytes = sizeof(CorrectionAnswer),
                                       .fields = ANSWER_FIELDS};

typedef struct CloseBody {
    const char *reason;
} CloseBody;

static const Field CLOSE_FIELDS[] = {
    FIELD(CloseBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
static const Shape CLOSE = {.name = "CorrectionClose",
                            .size_bytes = sizeof(CloseBody),
                            .fields = CLOSE_FIELDS};

/* ---- Rows ---- */

YIELDS static Err *find(Ctx *ctx, VolunteerId volunteer_id, int64_t id, Correction **ret_correction)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CORRECTION_FIND, ARGS(sql_int(id), sql_int(volunteer_id.value)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "correction_not_found", "no correction %" PRId64, id);
    }
    Correction *correction = ARENA_NEW(ctx->arena, Correction);
    shape_from_row(ctx->arena, &correction_shape, rows, 0, correction);
    *ret_correction = correction;
    return NULL;
}

static SqlValue state_value(int state)
{
    return sql_text(state < 0 ? "" : correction_states[state]);
}

YIELDS Err *correction_list_of(Ctx *ctx, VolunteerId volunteer_id, int state, int64_t before_id,
                               int64_t limit, ObjectList *ret_corrections)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CORRECTION_LIST_OF,
                    ARGS(sql_int(volunteer_id.value),
                         sql_int(before_id == 0 ? INT64_MAX : before_id), state_value(state),
                         sql_int(limit)),
                    &rows));
    *ret_corrections = shape_from_rows(ctx->arena, &correction_shape, rows);
    return NULL;
}

YIELDS static Err *count_of(Ctx *ctx, VolunteerId volunteer_id, int state, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CORRECTION_COUNT_OF,
                    ARGS(sql_int(volunteer_id.value), state_value(state)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

static Err *state_conflict(Ctx *ctx, const Correction *correction)
{
    const char *state = correction_states[correction->state];
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "correction %" PRId64 " is %s",
                   correction->id, state);
    err->current = err->param = state;
    return err;
}

YIELDS static Err *tell(Ctx *ctx, const Volunteer *volunteer, const Correction *correction,
                        const char *action, const char *reason)
{
    const char *key = arena_printf(ctx->arena, "correction:%" PRId64, correction->id);
    const char *payload =
        arena_printf(ctx->arena, "{\"correction_id\":%" PRId64 ",\"volunteer_id\":%" PRId64 "}",
                     correction->id, volunteer->id.value);
    TRY(volunteer_history_add(ctx, volunteer->id, action, reason, NULL));
    TRY(audit_record(ctx, &(AuditEntry){.action = action,
                                        .object_type = "volunteer",
                                        .object_id = volunteer->id.value,
                                        .unit_id = volunteer->unit_id,
                                        .detail = payload}));
    return bus_publish(ctx->db, action, key, payload);
}

YIELDS Err *correction_resolve(Ctx *ctx, const Volunteer *volunteer, int64_t id, const char *answer,
                               Correction **ret_correction)
{
    Correction *correction = NULL;
    int64_t affected = 0;
    TRY(find(ctx, volunteer->id, id, &correction));
    TRY(store_exec(ctx->db, &SQL_CORRECTION_RESOLVE,
                   ARGS(sql_int(id), sql_text(answer), sql_time(ctx->now)), &affected));
    if (affected == 0) {
        return state_conflict(ctx, correction);
    }
    TRY(tell(ctx, volunteer, correction, "correction.resolve", NULL));
    return find(ctx, volunteer->id, id, ret_correction);
}

YIELDS Err *correction_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    return store_exec(ctx->db, &SQL_CORRECTION_MOVE, ARGS(sql_int(from.value), sql_int(to.value)),
                      NULL);
}

YIELDS Err *correction_anonymise(Ctx *ctx, VolunteerId volunteer_id)
{
    return store_exec(ctx->db, &SQL_CORRECTION_ANONYMISE,
                      ARGS(sql_int(volunteer_id.value), sql_time(ctx->now)), NULL);
}

/* ---- Routes ---- */

YIELDS Err *correction_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                  VolunteerId id, bool with_state)
{
    static const char *const STATE[] = {"state", NULL};
    IdPage page = {};
    ObjectList corrections = {};
    int state = -1;
    int64_t total = -1;
    TRY(id_page_read(req, "corrections", with_state ? STATE : NULL, &page));
    TRY(http_query_choice(req, "state", correction_states, -1, &state));
    TRY(correction_list_of(ctx, id, state, page.before_id, page.limit + 1, &corrections));
    if (page.with_total) {
        TRY(count_of(ctx, id, state, &total));
    }
    return id_page_reply(res, req, &page, &correction_shape, corrections, total, NULL);
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return correction_reply_list(ctx, req, res, id, /* with_state= */ false);
}

YIELDS static Err *find_volunteer(Ctx *ctx, const HttpRequest *req, Volunteer **ret_volunteer)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return volunteer_find_any(ctx, id, ret_volunteer);
}

static Err *check_field(Arena *arena, const char *field)
{
    Err *err = NULL;
    bool is_custom = str_starts_with(field, "custom.") && field[strlen("custom.")] != '\0';
    if (!is_custom && shape_find(&volunteer_me_shape, field) == NULL) {
        err_add_field(arena, &err, "field", "not_a_choice", field);
    }
    return err;
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    CorrectionDraft draft = {};
    Volunteer *volunteer = NULL;
    Correction *correction = NULL;
    StoreRows *rows = NULL;
    TRY(http_decode(req, &draft));
    TRY(check_field(ctx->arena, draft.field));
    TRY(find_volunteer(ctx, req, &volunteer));
    TRY(store_query(ctx->db, &SQL_CORRECTION_INSERT,
                    ARGS(sql_int(volunteer->id.value), sql_text(draft.field),
                         sql_text(draft.message), sql_id(ctx->caller.account_id.value),
                         sql_time(ctx->now)),
                    &rows));
    TRY(find(ctx, volunteer->id, row_int(rows, 0, 0), &correction));
    TRY(tell(ctx, volunteer, correction, "correction.create", NULL));
    return http_reply(res, HTTP_CREATED, &correction_shape, correction, NULL);
}

YIELDS static Err *close_one(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    CloseBody body = {};
    Volunteer *volunteer = NULL;
    Correction *correction = NULL;
    int64_t affected = 0;
    TRY(http_path_id(req, "correction_id", &id));
    TRY(http_decode(req, &body));
    TRY(find_volunteer(ctx, req, &volunteer));
    TRY(find(ctx, volunteer->id, id, &correction));
    TRY(store_exec(ctx->db, &SQL_CORRECTION_CLOSE,
                   ARGS(sql_int(id), sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return state_conflict(ctx, correction);
    }
    TRY(tell(ctx, volunteer, correction, "correction.close", body.reason));
    TRY(find(ctx, volunteer->id, id, &correction));
    return http_reply(res, HTTP_OK, &correction_shape, correction, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/corrections", list,
     .needs = "volunteer:read", .guard = volunteer_guard, .out = &correction_shape},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/corrections", create,
     .needs = "volunteer:update", .guard = volunteer_guard, .in = &CREATE, .out = &correction_shape,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/corrections/{correction_id}/close",
     close_one, .needs = "volunteer:update", .guard = volunteer_guard, .in = &CLOSE,
     .out = &correction_shape, .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"correction_not_found", "没有这条更正请求", "There is no such correction request"},
    {"choice.open", "待更正", "open"},
    {"choice.resolved", "已答复", "resolved"},
    {"choice.closed", "已关闭", "closed"},
    {},
};

const Concept correction_concept = {.name = "correction", .routes = ROUTES, .messages = MESSAGES};
