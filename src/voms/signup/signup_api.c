/* /api/v1/me: may I, sign up, my sign-ups, cancel, answer an offer. */
#include <inttypes.h>

#include "voms/common/id_page.h"
#include "voms/common/page.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_api.h"
#include "voms/signup/signup_internal.h"

Err *signup_own_guard(Ctx *ctx, const HttpRequest *req UNUSED)
{
    if (ctx->caller.volunteer_id.value == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "no_volunteer", "account %" PRId64 " has none",
                   ctx->caller.account_id.value);
    }
    return NULL;
}

/* ---- May I? ---- */

YIELDS static Err *add_eligibility(Ctx *ctx, const SignupQuestion *question, int64_t position_id,
                                   JsonWriter *writer)
{
    SignupFacts facts;
    SignupPerson *person = NULL;
    SignupReasons reasons;
    TRY(signup_facts_load(ctx, question->shift_id, position_id, /* lock= */ false, &facts));
    if (question->by_volunteer && signup_place_is_secret(&facts.place)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_not_found", "not to be known yet");
    }
    TRY(signup_persons_load(ctx, &facts, &question->volunteer_id, 1, /* lock= */ false, &person));
    signup_facts_evaluate(&facts, person, ctx->now,
                          question->by_volunteer ? SIGNUP_TO_ASK : SIGNUP_TO_PLACE,
                          question->accepted_version, &reasons);
    json_write_raw(writer, signup_reasons_json(ctx, &facts, &reasons));
    return NULL;
}

YIELDS static Err *add_positions(Ctx *ctx, const SignupQuestion *question, JsonWriter *writer)
{
    StoreRows *rows = NULL;
    if (question->position_id != 0) {
        return add_eligibility(ctx, question, question->position_id, writer);
    }
    TRY(store_query(ctx->db, &SQL_SIGNUP_PLACES_OF_SHIFT, ARGS(sql_int(question->shift_id)),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_not_found", "no shift %" PRId64,
                   question->shift_id);
    }
    for (size_t i = 0; i < rows->count; i++) {
        TRY(add_eligibility(ctx, question, row_int(rows, i, 0), writer));
    }
    return NULL;
}

YIELDS Err *signup_reply_eligibility(Ctx *ctx, HttpResponse *res, const SignupQuestion *question)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "shift_id", question->shift_id);
    json_put_int(&writer, "volunteer_id", question->volunteer_id.value);
    json_write_key(&writer, "positions");
    json_write_begin_array(&writer);
    TRY(add_positions(ctx, question, &writer));
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return http_reply_json(res, HTTP_OK, str_text(&text));
}

YIELDS Err *signup_own_eligibility(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"position_id", "accept_risk_notice_version", NULL};
    SignupQuestion question = {.volunteer_id = ctx->caller.volunteer_id, .by_volunteer = true};
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "shift_id", &question.shift_id));
    TRY(page_query_id(req, "position_id", &question.position_id));
    TRY(page_query_id(req, "accept_risk_notice_version", &question.accepted_version));
    return signup_reply_eligibility(ctx, res, &question);
}

/* ---- Signing up ---- */

typedef struct SignupBody {
    int64_t shift_id;
    int64_t position_id;
    int64_t accept_risk_notice_version;
} SignupBody;

static const Field SIGNUP_BODY_FIELDS[] = {
    FIELD(SignupBody, shift_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(SignupBody, position_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(SignupBody, accept_risk_notice_version, FIELD_INT, .min = 1),
    {},
};
const Shape signup_create_shape = {.name = "SignupCreate",
                                   .size_bytes = sizeof(SignupBody),
                                   .fields = SIGNUP_BODY_FIELDS};

YIELDS Err *signup_own_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    SignupBody body = {};
    TRY(http_decode(req, &body));
    SignupEntry entry = {.volunteer_id = ctx->caller.volunteer_id,
                         .account_id = ctx->caller.account_id.value,
                         .accepted_version = body.accept_risk_notice_version};
    TRY(signup_queue_admit(ctx, body.shift_id, body.position_id, &entry));
    return http_reply(res, HTTP_CREATED, &signup_shape, entry.signup, NULL);
}

/* ---- Own sign-ups ---- */

YIELDS Err *signup_own_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    IdPage page = {};
    StoreRows *rows = NULL;
    int64_t total = -1;
    SqlValue volunteer = sql_int(ctx->caller.volunteer_id.value);
    TRY(id_page_read(req, "signups", NULL, &page));
    TRY(store_query(ctx->db, &SQL_SIGNUP_LIST_OWN,
                    ARGS(volunteer, sql_int(page.before_id), sql_int(page.limit + 1)), &rows));
    ObjectList items = shape_from_rows(ctx->arena, &signup_shape, rows);
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_SIGNUP_COUNT_OWN, ARGS(volunteer), &rows));
        total = row_int(rows, 0, 0);
    }
    return id_page_reply(res, req, &page, &signup_shape, items, total, NULL);
}

/* Another's is not there. */
YIELDS static Err *find_own(Ctx *ctx, const HttpRequest *req, Signup **ret_signup)
{
    int64_t id = 0;
    Signup *signup = NULL;
    TRY(http_path_id(req, "signup_id", &id));
    TRY(signup_find(ctx, id, &signup));
    if (signup->volunteer_id.value != ctx->caller.volunteer_id.value) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "signup_not_found", "somebody else's");
    }
    *ret_signup = signup;
    return NULL;
}

YIELDS Err *signup_own_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Signup *signup = NULL;
    TRY(find_own(ctx, req, &signup));
    http_set_version(res, signup->version);
    return http_reply(res, HTTP_OK, &signup_shape, signup, NULL);
}

static const Field REASON_FIELDS[] = {
    FIELD(SignupReasonBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape signup_reason_shape = {.name = "SignupCancel",
                                   .size_bytes = sizeof(SignupReasonBody),
                                   .fields = REASON_FIELDS};

YIELDS Err *signup_own_cancel(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    SignupReasonBody body = {};
    Signup *signup = NULL;
    TRY(http_decode(req, &body));
    TRY(find_own(ctx, req, &signup));
    TRY(signup_cancel(ctx, signup->id,
                      &(SignupCancellation){.by = "volunteer", .reason = body.reason}));
    return signup_own_show(ctx, req, res);
}

YIELDS Err *signup_own_accept(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Signup *signup = NULL;
    TRY(find_own(ctx, req, &signup));
    TRY(signup_answer_offer(ctx, signup->id, /* accept= */ true));
    return signup_own_show(ctx, req, res);
}

YIELDS Err *signup_own_decline(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Signup *signup = NULL;
    TRY(find_own(ctx, req, &signup));
    TRY(signup_answer_offer(ctx, signup->id, /* accept= */ false));
    return signup_own_show(ctx, req, res);
}
