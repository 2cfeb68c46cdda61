#include "app/services.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/setting/setting_shape.h"

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    const Settings *settings = NULL;
    TRY(setting_load_now(ctx, &settings));
    http_set_version(res, settings->version);
    return http_reply(res, HTTP_OK, &setting_shape, settings, NULL);
}

static Err *check(Ctx *ctx, const Settings *settings)
{
    Err *err = NULL;
    if (settings->minor_special_age > settings->minor_age) {
        err_add_field(ctx->arena, &err, "minor_special_age", "minor_ages_disordered", NULL);
    }
    return err;
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const Settings *before = NULL;
    TRY(setting_load_now(ctx, &before));
    TRY(http_check_version(req, before->version));
    Settings after = *before;
    TRY(http_decode_patch(req, &after, NULL));
    TRY(check(ctx, &after));
    TRY(setting_save(ctx, &after));
    TRY(audit_record(ctx, &(AuditEntry){.action = "settings.update",
                                        .object_type = "settings",
                                        .object_id = 1,
                                        .changes = shape_diff(ctx->arena, &setting_shape, before,
                                                              &after, NULL)}));
    http_set_version(res, after.version);
    return http_reply(res, HTTP_OK, &setting_shape, &after, NULL);
}

typedef struct PrivacyPolicy {
    const char *version;
    const char *text_zh;
    const char *text_en;
} PrivacyPolicy;

static const Field POLICY_FIELDS[] = {
    FIELD(PrivacyPolicy, version, FIELD_TEXT),
    FIELD(PrivacyPolicy, text_zh, FIELD_LONG_TEXT),
    FIELD(PrivacyPolicy, text_en, FIELD_LONG_TEXT),
    {},
};
static const Shape POLICY = SHAPE(PrivacyPolicy, POLICY_FIELDS);

YIELDS static Err *show_policy(Ctx *ctx, const HttpRequest *req UNUSED, HttpResponse *res)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    PrivacyPolicy policy = {.version = settings->privacy_policy_version,
                            .text_zh = settings->privacy_policy_zh,
                            .text_en = settings->privacy_policy_en};
    return http_reply(res, HTTP_OK, &POLICY, &policy, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/settings", show, .needs = "settings:read",
     .guard = access_guard_everywhere, .out = &setting_shape},
    {HTTP_PATCH, "/api/v1/admin/settings", update, .needs = "settings:manage",
     .guard = access_guard_everywhere, .in = &setting_shape, .out = &setting_shape,
     .in_transaction = true, .body_max_bytes = 1024 * 1024},
    {HTTP_GET, "/api/v1/public/privacy-policy", show_policy, .needs = NEEDS_NOTHING,
     .out = &POLICY},
    {},
};

static const Permission PERMISSIONS[] = {
    {"settings:read", "查看设置", "See the settings"},
    {"settings:manage", "修改设置", "Change the settings"},
    {},
};

static const MessageText MESSAGES[] = {
    {"time_zone_unknown", "没有这个时区，请使用 IANA 名称，例如 Asia/Shanghai",
     "No such time zone; use an IANA name such as Asia/Shanghai"},
    {"minor_ages_disordered", "特别保护年龄线不能高于未成年人年龄线",
     "The age of special handling cannot be above the age of guardians' consent"},
    {},
};

const Concept setting_concept = {.name = "setting",
                                 .start = setting_start,
                                 .leave_thread = setting_leave_thread,
                                 .routes = ROUTES,
                                 .messages = MESSAGES,
                                 .permissions = PERMISSIONS};
