/* /api/v1/me: see, correct, download and delete the own data; consents, memberships, corrections.
 */
#include <string.h>

#include "base/str.h"
#include "voms/account/account.h"
#include "voms/audit/audit.h"
#include "voms/common/id_page.h"
#include "voms/consent/consent.h"
#include "voms/correction/correction.h"
#include "voms/custom_field/custom_field.h"
#include "voms/membership/membership.h"
#include "voms/self/self.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/volunteer.h"

#define DOWNLOAD_MAX 1000 /* of each kind of record */

static Err *require(Ctx *ctx)
{
    if (ctx->caller.volunteer_id.value == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "no_volunteer", "account %lld has no volunteer",
                   (long long)ctx->caller.account_id.value);
    }
    return NULL;
}

/* A guard: there is a volunteer to speak of. */
static Err *guard(Ctx *ctx, const HttpRequest *req UNUSED)
{
    return require(ctx);
}

YIELDS static Err *find_self(Ctx *ctx, Volunteer **ret_volunteer)
{
    TRY(require(ctx));
    return volunteer_find_any(ctx, ctx->caller.volunteer_id, ret_volunteer);
}

static const char *const OWN_FIELDS[] = {"phone", "email", "address", NULL};
static const ShapeView OWN_VIEW = {.reveal = OWN_FIELDS};

/* ---- The file ---- */

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res)
{
    Volunteer *volunteer = NULL;
    TRY(find_self(ctx, &volunteer));
    TRY(custom_field_visible(ctx, volunteer->custom, CUSTOM_EVERYONE, &volunteer->custom));
    http_set_version(res, volunteer->version);
    return http_reply(res, HTTP_OK, &volunteer_shape, volunteer, &OWN_VIEW);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    return reply(ctx, res);
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Volunteer *before = NULL;
    TextList changed = {};
    TRY(find_self(ctx, &before));
    TRY(http_check_version(req, before->version));
    VolunteerDraft draft = volunteer_to_draft(before);
    draft.custom = NULL;
    TRY(http_decode_patch(req, &draft, &changed));
    TRY(volunteer_patch(ctx, before, &draft, &changed, /* by_volunteer= */ true));
    return reply(ctx, res);
}

YIELDS static Err *history(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return volunteer_reply_history(ctx, req, res, ctx->caller.volunteer_id);
}

/* ---- Download ---- */

/* Everything about the volunteer itself, the ID number in clear. */
YIELDS static Err *volunteer_json(Ctx *ctx, const char **ret_json)
{
    static const ShapeView CLEAR = {.reveal_all = true};
    Volunteer *volunteer = NULL;
    const char *id_number = NULL;
    json_t *json = NULL;
    Str text;
    JsonWriter writer;
    TRY(find_self(ctx, &volunteer));
    TRY(volunteer_find_id_number(ctx, volunteer->id, &id_number));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    shape_encode(ctx->arena, &writer, &volunteer_shape, volunteer, &CLEAR);
    TRY(json_parse(ctx->arena, str_text(&text), text.length, &json));
    json_object_set_new(json, "id_number",
                        id_number == NULL ? json_null() : json_string(id_number));
    *ret_json = json_text(ctx->arena, json);
    return NULL;
}

static void put_raw(JsonWriter *writer, const char *key, const char *json)
{
    json_write_key(writer, key);
    json_write_raw(writer, json);
}

static void put_list(Arena *arena, JsonWriter *writer, const char *key, const Shape *shape,
                     const ObjectList *items)
{
    static const ShapeView CLEAR = {.reveal_all = true};
    json_write_key(writer, key);
    json_write_begin_array(writer);
    for (size_t i = 0; i < items->count; i++) {
        shape_encode(arena, writer, shape, (const char *)items->items + i * shape->size_bytes,
                     &CLEAR);
    }
    json_write_end_array(writer);
}

YIELDS static Err *put_records(Ctx *ctx, JsonWriter *writer)
{
    VolunteerId id = ctx->caller.volunteer_id;
    ObjectList consents = {};
    ObjectList memberships = {};
    ObjectList corrections = {};
    TRY(consent_list_of(ctx, id, 0, DOWNLOAD_MAX, &consents));
    TRY(membership_list_of(ctx, id, 0, DOWNLOAD_MAX, &memberships));
    TRY(correction_list_of(ctx, id, /* state= */ -1, 0, DOWNLOAD_MAX, &corrections));
    put_list(ctx->arena, writer, "consents", &consent_shape, &consents);
    put_list(ctx->arena, writer, "memberships", &membership_shape, &memberships);
    put_list(ctx->arena, writer, "corrections", &correction_shape, &corrections);
    return NULL;
}

YIELDS static Err *audit_own(Ctx *ctx, const char *action)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "volunteer",
                                           .object_id = ctx->caller.volunteer_id.value});
}

YIELDS static Err *download(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    const char *volunteer = NULL;
    const char *account = NULL;
    const char *sensitive = NULL;
    const char *entries = NULL;
    Str text;
    JsonWriter writer;
    VolunteerId id = ctx->caller.volunteer_id;
    TRY(volunteer_json(ctx, &volunteer));
    TRY(account_own_json(ctx, &account));
    TRY(volunteer_sensitive_json(ctx, id, &sensitive));
    TRY(volunteer_history_json(ctx, id, &entries));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_time(&writer, "generated_at", ctx->now);
    put_raw(&writer, "volunteer", volunteer);
    put_raw(&writer, "account", account);
    put_raw(&writer, "sensitive", sensitive);
    TRY(put_records(ctx, &writer));
    put_raw(&writer, "history", entries);
    json_write_end_object(&writer);
    TRY(audit_own(ctx, "volunteer.download"));
    http_set_header(res, "Content-Disposition", "attachment; filename=\"voms-my-data.json\"");
    return http_reply_json(res, HTTP_OK, str_text(&text));
}

/* ---- Deletion ---- */

typedef struct DeletionBody {
    Secret password;
    const char *reason;
} DeletionBody;

static const Field DELETION_FIELDS[] = {
    FIELD(DeletionBody, password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 1, .max = 256),
    FIELD(DeletionBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
static const Shape DELETION = {.name = "MeDeletion",
                               .size_bytes = sizeof(DeletionBody),
                               .fields = DELETION_FIELDS};

YIELDS static Err *anonymise(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    Volunteer *volunteer = NULL;
    ctx.db = db;
    TRY(find_self(&ctx, &volunteer));
    return volunteer_anonymise(&ctx, volunteer, "own_request");
}

/* Outside of a transaction: the password is checked first. */
YIELDS static Err *delete_self(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    DeletionBody body = {};
    TRY(http_decode(req, &body));
    TRY(account_confirm_password(ctx, body.password.reveal, "password"));
    TRY(store_transact(ctx->db, anonymise, ctx));
    return http_reply_empty(res);
}

/* ---- Consents ---- */

YIELDS static Err *list_consents(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return consent_reply_list(ctx, req, res, ctx->caller.volunteer_id);
}

YIELDS static Err *give_consent(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ConsentDraft draft = {};
    Volunteer *volunteer = NULL;
    Consent *consent = NULL;
    TRY(http_decode(req, &draft));
    TRY(find_self(ctx, &volunteer));
    TRY(consent_give(ctx, volunteer, &draft, &consent));
    return http_reply(res, HTTP_CREATED, &consent_shape, consent, NULL);
}

YIELDS static Err *withdraw_consent(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    ConsentWithdrawal body = {};
    Volunteer *volunteer = NULL;
    Consent *consent = NULL;
    TRY(http_path_id(req, "consent_id", &id));
    TRY(http_decode(req, &body));
    TRY(find_self(ctx, &volunteer));
    TRY(consent_withdraw(ctx, volunteer, id, body.reason, &consent));
    return http_reply(res, HTTP_OK, &consent_shape, consent, NULL);
}

/* ---- Memberships ---- */

YIELDS static Err *list_memberships(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    IdPage page = {};
    ObjectList memberships = {};
    int64_t total = -1;
    VolunteerId id = ctx->caller.volunteer_id;
    TRY(id_page_read(req, "memberships", NULL, &page));
    TRY(membership_list_of(ctx, id, page.before_id, page.limit + 1, &memberships));
    if (page.with_total) {
        TRY(membership_count_of(ctx, id, &total));
    }
    return id_page_reply(res, req, &page, &membership_shape, memberships, total, NULL);
}

typedef struct JoinBody {
    UnitId unit_id;
    const char *reason;
} JoinBody;

static const Field JOIN_FIELDS[] = {
    FIELD(JoinBody, unit_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(JoinBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
static const Shape JOIN = {.name = "MembershipCreate",
                           .size_bytes = sizeof(JoinBody),
                           .fields = JOIN_FIELDS};

static const Field LEAVE_FIELDS[] = {
    FIELD(JoinBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
static const Shape LEAVE = {.name = "MembershipLeave",
                            .size_bytes = sizeof(JoinBody),
                            .fields = LEAVE_FIELDS};

/* People may ask only those units that take applications; staff may put them into any. */
YIELDS static Err *check_joinable(Ctx *ctx, UnitId unit_id)
{
    Unit *unit = NULL;
    Volunteer *volunteer = NULL;
    Err *err = unit_find(ctx, unit_id, &unit);
    if (err_is(err, ERR_NOT_FOUND) || (err == NULL && !unit->applications_open)) {
        err = NULL;
        err_add_field(ctx->arena, &err, "unit_id", "unit_not_found", NULL);
    }
    TRY(err);
    TRY(find_self(ctx, &volunteer));
    if (volunteer->state != VOLUNTEER_ACTIVE && volunteer->state != VOLUNTEER_INACTIVE) {
        err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "cannot join in this state");
        err->current = err->param = volunteer_states[volunteer->state];
    }
    return err;
}

YIELDS static Err *reply_membership(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    Membership *membership = NULL;
    TRY(membership_find(ctx, id, &membership));
    return http_reply(res, status, &membership_shape, membership, NULL);
}

YIELDS static Err *join(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    JoinBody body = {};
    int64_t id = 0;
    TRY(http_decode(req, &body));
    TRY(check_joinable(ctx, body.unit_id));
    MembershipRequest request = {.volunteer_id = ctx->caller.volunteer_id,
                                 .unit_id = body.unit_id,
                                 .reason = body.reason};
    TRY(membership_join(ctx, &request, &id));
    return reply_membership(ctx, res, HTTP_CREATED, id);
}

YIELDS static Err *leave(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    JoinBody body = {};
    Membership *membership = NULL;
    TRY(http_path_id(req, "membership_id", &id));
    TRY(http_decode(req, &body));
    TRY(membership_find(ctx, id, &membership));
    if (membership->volunteer_id.value != ctx->caller.volunteer_id.value) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "membership_not_found", "somebody else's");
    }
    TRY(membership_leave(ctx, membership, body.reason));
    return reply_membership(ctx, res, HTTP_OK, id);
}

/* ---- Corrections ---- */

YIELDS static Err *list_corrections(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return correction_reply_list(ctx, req, res, ctx->caller.volunteer_id, /* with_state= */ true);
}

YIELDS static Err *resolve_correction(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    CorrectionAnswer body = {};
    Volunteer *volunteer = NULL;
    Correction *correction = NULL;
    TRY(http_path_id(req, "correction_id", &id));
    TRY(http_decode(req, &body));
    TRY(find_self(ctx, &volunteer));
    TRY(correction_resolve(ctx, volunteer, id, body.answer, &correction));
    return http_reply(res, HTTP_OK, &correction_shape, correction, NULL);
}

#define ME "/api/v1/me"

static const Route ROUTES[] = {
    {HTTP_GET, ME, show, .needs = NEEDS_LOGIN, .guard = guard, .out = &volunteer_shape},
    {HTTP_PATCH, ME, update, .needs = NEEDS_LOGIN, .guard = guard, .in = &volunteer_me_shape,
     .out = &volunteer_shape, .in_transaction = true},
    {HTTP_GET, ME "/download", download, .needs = NEEDS_LOGIN, .guard = guard,
     .in_transaction = true},
    {HTTP_POST, ME "/deletion", delete_self, .needs = NEEDS_LOGIN, .guard = guard, .in = &DELETION},
    {HTTP_GET, ME "/history", history, .needs = NEEDS_LOGIN, .guard = guard},
    {HTTP_GET, ME "/consents", list_consents, .needs = NEEDS_LOGIN, .guard = guard,
     .out = &consent_shape},
    {HTTP_POST, ME "/consents", give_consent, .needs = NEEDS_LOGIN, .guard = guard,
     .in = &consent_create_shape, .out = &consent_shape, .in_transaction = true},
    {HTTP_POST, ME "/consents/{consent_id}/withdraw", withdraw_consent, .needs = NEEDS_LOGIN,
     .guard = guard, .in = &consent_withdrawal_shape, .out = &consent_shape,
     .in_transaction = true},
    {HTTP_GET, ME "/memberships", list_memberships, .needs = NEEDS_LOGIN, .guard = guard,
     .out = &membership_shape},
    {HTTP_POST, ME "/memberships", join, .needs = NEEDS_LOGIN, .guard = guard, .in = &JOIN,
     .out = &membership_shape, .in_transaction = true},
    {HTTP_POST, ME "/memberships/{membership_id}/leave", leave, .needs = NEEDS_LOGIN,
     .guard = guard, .in = &LEAVE, .out = &membership_shape, .in_transaction = true},
    {HTTP_GET, ME "/corrections", list_corrections, .needs = NEEDS_LOGIN, .guard = guard,
     .out = &correction_shape},
    {HTTP_POST, ME "/corrections/{correction_id}/resolve", resolve_correction, .needs = NEEDS_LOGIN,
     .guard = guard, .in = &correction_answer_shape, .out = &correction_shape,
     .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"no_volunteer", "这个账号没有对应的志愿者", "This account belongs to no volunteer"},
    {},
};

const Concept self_concept = {
    .name = "self", .routes = ROUTES, .messages = MESSAGES, .demo = self_demo};
