/* /api/v1/admin/volunteers/{volunteer_id}/consents: what staff records. */
#include "voms/common/id_page.h"
#include "voms/consent/consent.h"

static const Field WITHDRAWAL_FIELDS[] = {
    FIELD(ConsentWithdrawal, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
const Shape consent_withdrawal_shape = {.name = "Withdrawal",
                                        .size_bytes = sizeof(ConsentWithdrawal),
                                        .fields = WITHDRAWAL_FIELDS};

YIELDS Err *consent_reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res, VolunteerId id)
{
    IdPage page = {};
    ObjectList consents = {};
    int64_t total = -1;
    TRY(id_page_read(req, "consents", NULL, &page));
    TRY(consent_list_of(ctx, id, page.before_id, page.limit + 1, &consents));
    if (page.with_total) {
        TRY(consent_count_of(ctx, id, &total));
    }
    return id_page_reply(res, req, &page, &consent_shape, consents, total, NULL);
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return consent_reply_list(ctx, req, res, id);
}

YIELDS static Err *find_volunteer(Ctx *ctx, const HttpRequest *req, Volunteer **ret_volunteer)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return volunteer_find_any(ctx, id, ret_volunteer);
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ConsentDraft draft = {};
    Volunteer *volunteer = NULL;
    Consent *consent = NULL;
    TRY(find_volunteer(ctx, req, &volunteer));
    TRY(http_decode(req, &draft));
    TRY(consent_give(ctx, volunteer, &draft, &consent));
    return http_reply(res, HTTP_CREATED, &consent_shape, consent, NULL);
}

YIELDS static Err *withdraw(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t consent_id = 0;
    ConsentWithdrawal body = {};
    Volunteer *volunteer = NULL;
    Consent *consent = NULL;
    TRY(http_path_id(req, "consent_id", &consent_id));
    TRY(find_volunteer(ctx, req, &volunteer));
    TRY(http_decode(req, &body));
    TRY(consent_withdraw(ctx, volunteer, consent_id, body.reason, &consent));
    return http_reply(res, HTTP_OK, &consent_shape, consent, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/consents", list, .needs = "volunteer:read",
     .guard = volunteer_guard, .out = &consent_shape},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/consents", create,
     .needs = "volunteer:update", .guard = volunteer_guard, .in = &consent_create_shape,
     .out = &consent_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/consents/{consent_id}/withdraw", withdraw,
     .needs = "volunteer:update", .guard = volunteer_guard, .in = &consent_withdrawal_shape,
     .out = &consent_shape, .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"consent_not_found", "没有这条同意记录", "There is no such consent"},
    {"already_withdrawn", "该同意已经撤回", "The consent was withdrawn already"},
    {"policy_outdated", "隐私政策已更新，请阅读并同意最新版本",
     "The privacy policy has changed; please read and accept the present one"},
    {"date_in_past", "日期不能早于今天", "The date lies in the past"},
    {},
};

const Concept consent_concept = {.name = "consent", .routes = ROUTES, .messages = MESSAGES};
