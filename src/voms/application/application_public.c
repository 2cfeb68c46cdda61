/* POST /api/v1/public/applications: an account, a volunteer, a membership and consents at once. */
#include <string.h>

#include "base/str.h"
#include "port/cache.h"
#include "voms/account/account.h"
#include "voms/application/application_internal.h"
#include "voms/custom_field/custom_field.h"
#include "voms/membership/membership.h"
#include "voms/unit/unit.h"

#define PER_ADDRESS_MAX 30
#define PER_ADDRESS_MS (10 * MINUTE_MS)

/* The draft comes first, so that the table of volunteer_create_shape serves for it. */
typedef struct Application {
    VolunteerDraft draft;
    const char *username;
    Secret password;
    int language;
} Application;

static const char *const LANGUAGES[] = {"zh-CN", "en", NULL};

static const Field ACCOUNT_FIELDS[] = {
    FIELD(Application, username, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 3, .max = 64),
    FIELD(Application, password, FIELD_SECRET, .flags = FIELD_REQUIRED, .min = 8, .max = 256),
    FIELD(Application, language, FIELD_CHOICE, .choices = LANGUAGES),
};

/* The fields of a new volunteer behind those of the account; filled at start. */
static Field all_fields[COUNT_OF(ACCOUNT_FIELDS) + 32];

const Shape application_create_shape = {.name = "ApplicationCreate",
                                        .size_bytes = sizeof(Application),
                                        .fields = all_fields};

Err *application_start(Ctx *ctx UNUSED)
{
    size_t count = COUNT_OF(ACCOUNT_FIELDS);
    memcpy(all_fields, ACCOUNT_FIELDS, sizeof(ACCOUNT_FIELDS));
    for (const Field *field = volunteer_create_shape.fields; field->name != NULL; field++) {
        BUG_ON(count + 1 >= COUNT_OF(all_fields));
        all_fields[count++] = *field;
    }
    return NULL;
}

/* ---- May somebody apply? ---- */

YIELDS static Err *limit_address(Ctx *ctx)
{
    int64_t count = 0;
    int64_t left_ms = 0;
    if (ctx->client_address == NULL) {
        return NULL;
    }
    const char *key = arena_printf(ctx->arena, "application:%s", ctx->client_address);
    TRY(cache_add(ctx->services->cache, key, 1, PER_ADDRESS_MS, &count, &left_ms));
    if (count <= PER_ADDRESS_MAX) {
        return NULL;
    }
    Err *err = ERR(ctx->arena, ERR_LIMITED, "too_many_requests", "%s applies too often",
                   ctx->client_address);
    err->retry_after_ms = left_ms;
    return err;
}

static Err *closed(Ctx *ctx)
{
    return ERR(ctx->arena, ERR_FORBIDDEN, "applications_closed", "no applications are taken");
}

YIELDS static Err *check_open(Ctx *ctx, const Settings *settings, UnitId unit_id)
{
    Unit *unit = NULL;
    if (!settings->applications_open) {
        return closed(ctx);
    }
    Err *err = unit_find(ctx, unit_id, &unit);
    if (err_is(err, ERR_NOT_FOUND)) {
        return closed(ctx);
    }
    TRY(err);
    return unit->applications_open ? NULL : closed(ctx);
}

static Err *check_password(Ctx *ctx, const Application *application)
{
    Err *err = NULL;
    const char *code =
        account_check_password_strength(application->password.reveal, application->username,
                                        application->draft.phone, application->draft.email);
    if (code != NULL) {
        err_add_field(ctx->arena, &err, "password", code, NULL);
    }
    return err;
}

YIELDS static Err *check_custom(Ctx *ctx, VolunteerDraft *draft)
{
    CustomFieldChange change = {.unit_id = draft->unit_id,
                                .given = draft->custom,
                                .sight = CUSTOM_EVERYONE,
                                .by_volunteer = true,
                                .is_new = true};
    return custom_field_merge(ctx, &change, &draft->custom);
}

YIELDS static Err *check(Ctx *ctx, Application *application)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(check_open(ctx, settings, application->draft.unit_id));
    TRY(check_password(ctx, application));
    Date today = setting_date(settings, ctx->now);
    TRY(volunteer_rules_check(ctx->arena, today, &application->draft));
    TRY(check_custom(ctx, &application->draft));
    return volunteer_rules_check_consent(ctx->arena, settings, today, &application->draft);
}

/* ---- Making it ---- */

typedef struct Work {
    Ctx *ctx;
    const Application *application;
    const char *password_hash;
    VolunteerId volunteer_id;
} Work;

YIELDS static Err *insert(Db *db, void *arg)
{
    Work *work = arg;
    Ctx ctx = *work->ctx;
    ctx.db = db;
    const VolunteerDraft *draft = &work->application->draft;
    VolunteerEntry entry = {.state = VOLUNTEER_APPLICANT};
    AccountId account_id = {};
    TRY(volunteer_insert(&ctx, draft, &entry, &work->volunteer_id));
    AccountDraft account = {.username = work->application->username,
                            .password_hash = work->password_hash,
                            .display_name = draft->name,
                            .phone = draft->phone,
                            .email = draft->email,
                            .language = work->application->language,
                            .unit_id = draft->unit_id,
                            .volunteer_id = work->volunteer_id};
    TRY(account_insert(&ctx, &account, &account_id));
    const char *payload =
        arena_printf(ctx.arena, "{\"volunteer_id\":%lld,\"unit_id\":%lld}",
                     (long long)work->volunteer_id.value, (long long)draft->unit_id.value);
    return bus_publish(
        db, "volunteer.applied",
        arena_printf(ctx.arena, "volunteer:%lld", (long long)work->volunteer_id.value), payload);
}

typedef struct Receipt {
    VolunteerId volunteer_id;
    const char *number;
    const char *username;
    int state;
    int64_t membership_id;
    UnitId unit_id;
    const char *unit_name;
    TimeMs created_at;
} Receipt;

static const Field RECEIPT_FIELDS[] = {
    FIELD(Receipt, volunteer_id, FIELD_ID),
    FIELD(Receipt, number, FIELD_TEXT),
    FIELD(Receipt, username, FIELD_TEXT),
    FIELD(Receipt, state, FIELD_CHOICE, .choices = volunteer_states),
    FIELD(Receipt, membership_id, FIELD_ID),
    FIELD(Receipt, unit_id, FIELD_ID),
    FIELD(Receipt, unit_name, FIELD_TEXT),
    FIELD(Receipt, created_at, FIELD_TIME),
    {},
};
const Shape application_receipt_shape = {.name = "ApplicationReceipt",
                                         .size_bytes = sizeof(Receipt),
                                         .fields = RECEIPT_FIELDS};

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, const Work *work)
{
    Volunteer *volunteer = NULL;
    ObjectList memberships = {};
    TRY(volunteer_find_any(ctx, work->volunteer_id, &volunteer));
    TRY(membership_list_of(ctx, work->volunteer_id, 0, 1, &memberships));
    const Membership *membership = memberships.items;
    Receipt receipt = {.volunteer_id = volunteer->id,
                       .number = volunteer->number,
                       .username = work->application->username,
                       .state = volunteer->state,
                       .membership_id = memberships.count == 0 ? 0 : membership->id,
                       .unit_id = volunteer->unit_id,
                       .unit_name = volunteer->unit_name,
                       .created_at = volunteer->created_at};
    return http_reply(res, HTTP_CREATED, &application_receipt_shape, &receipt, NULL);
}

/* Outside of a transaction: the password is hashed before it begins. */
YIELDS Err *application_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Application application = {.language = req->language == LANGUAGE_EN};
    Work work = {.ctx = ctx, .application = &application};
    TRY(limit_address(ctx));
    TRY(http_decode(req, &application));
    TRY(check(ctx, &application));
    TRY(password_hash(ctx, application.password.reveal, &work.password_hash));
    TRY(store_transact(ctx->db, insert, &work));
    return reply(ctx, res, &work);
}
