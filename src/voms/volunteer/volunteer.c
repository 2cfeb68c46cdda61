/* The concept: what it brings, how long it keeps what, and how it forgets. */
#include "voms/volunteer/volunteer.h"

#include "base/str.h"
#include "voms/account/account.h"
#include "voms/audit/audit.h"
#include "voms/consent/consent.h"
#include "voms/correction/correction.h"
#include "voms/duplicate/duplicate.h"
#include "voms/membership/membership.h"
#include "voms/signup/signup.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define RETENTION_CHUNK 100

/* ---- Merging ---- */

YIELDS Err *volunteer_set_merged(Ctx *ctx, const Volunteer *volunteer, VolunteerId into)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_SET_MERGED,
                   ARGS(sql_int(volunteer->id.value), sql_int(volunteer->version),
                        sql_int(into.value), sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "volunteer %lld changed meanwhile",
                   (long long)volunteer->id.value);
    }
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_FOLLOW_MERGE,
                   ARGS(sql_int(volunteer->id.value), sql_int(into.value)), NULL));
    return volunteer_forget_terms(ctx, volunteer);
}

/* The account goes along, if the one that stays has none. */
YIELDS static Err *move_account(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    AccountId account = {};
    AccountId present = {};
    TRY(account_of_volunteer(ctx, from, &account));
    TRY(account_of_volunteer(ctx, to, &present));
    if (account.value == 0) {
        return NULL;
    }
    return account_set_volunteer(ctx, account, present.value == 0 ? to : (VolunteerId){0});
}

YIELDS Err *volunteer_move_file(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    SqlArgs both = ARGS(sql_int(from.value), sql_int(to.value));
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_HISTORY_MOVE, both, NULL));
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_MOVE_SERVICE, both, NULL));
    TRY(store_exec(ctx->db, &SQL_VOLUNTEER_SENSITIVE_MOVE, both, NULL));
    return move_account(ctx, from, to);
}

/* ---- Forgetting ---- */

YIELDS static Err *close_account(Ctx *ctx, VolunteerId id)
{
    AccountId account = {};
    TRY(account_of_volunteer(ctx, id, &account));
    return account.value == 0 ? NULL : account_anonymise(ctx, account);
}

YIELDS Err *volunteer_anonymise(Ctx *ctx, const Volunteer *volunteer, const char *reason)
{
    VolunteerId id = volunteer->id;
    TRY(signup_cancel_all_of(ctx, id, "system", "volunteer_anonymised"));
    TRY(membership_end_all(ctx, id, NULL));
    TRY(membership_anonymise(ctx, id));
    TRY(consent_anonymise(ctx, id));
    TRY(correction_anonymise(ctx, id));
    TRY(duplicate_forget(ctx, id));
    TRY(volunteer_anonymise_row(ctx, volunteer));
    TRY(close_account(ctx, id));
    TRY(volunteer_history_add(ctx, id, "volunteer.anonymise", NULL, NULL));
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.anonymise",
                                        .object_type = "volunteer",
                                        .object_id = id.value,
                                        .unit_id = volunteer->unit_id,
                                        .purpose = reason}));
    return bus_publish(ctx->db, "volunteer.anonymised",
                       arena_printf(ctx->arena, "volunteer:%lld", (long long)id.value),
                       arena_printf(ctx->arena, "{\"volunteer_id\":%lld}", (long long)id.value));
}

/* ---- Retention ---- */

typedef struct Expiry {
    Ctx *ctx;
    VolunteerId id;
} Expiry;

YIELDS static Err *expire_one(Db *db, void *arg)
{
    Expiry *expiry = arg;
    Ctx ctx = *expiry->ctx;
    Volunteer *volunteer = NULL;
    ctx.db = db;
    TRY(volunteer_find_any(&ctx, expiry->id, &volunteer));
    if (volunteer->state != VOLUNTEER_ARCHIVED || volunteer->anonymised_at != 0) {
        return NULL;
    }
    return volunteer_anonymise(&ctx, volunteer, "retention");
}

YIELDS static Err *expire(Ctx *ctx, bool rejected, int64_t days)
{
    StoreRows *rows = NULL;
    if (days == 0) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_RETENTION_LIST,
                    ARGS(sql_bool(rejected), sql_time(ctx->now - days * DAY_MS),
                         sql_int(RETENTION_CHUNK)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Expiry expiry = {.ctx = ctx, .id = {row_int(rows, i, 0)}};
        TRY(store_transact(ctx->db, expire_one, &expiry));
    }
    return NULL;
}

YIELDS Err *volunteer_keep_retention(Ctx *ctx)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(expire(ctx, /* rejected= */ true, settings->retention_applicant_days));
    return expire(ctx, /* rejected= */ false, settings->retention_archived_days);
}

/* ---- What the concept brings ---- */

static const Schedule SCHEDULES[] = {
    {.name = "volunteer-retention", .every_ms = HOUR_MS, .run = volunteer_keep_retention},
    {},
};

static const Permission PERMISSIONS[] = {
    {"volunteer:read", "查看志愿者", "See volunteers"},
    {"volunteer:create", "录入志愿者", "Enter volunteers"},
    {"volunteer:update", "修改志愿者", "Change volunteers"},
    {"volunteer:state", "变更志愿者状态", "Change the state of volunteers"},
    {"volunteer:reveal", "查看未脱敏信息", "See masked data in clear"},
    {"volunteer:sensitive", "查看和修改敏感信息", "See and change sensitive data"},
    {"volunteer:merge", "合并重复的志愿者", "Merge duplicate volunteers"},
    {"volunteer:import", "导入志愿者", "Import volunteers"},
    {"volunteer:export", "导出志愿者", "Export volunteers"},
    {"application:decide", "审核加入申请", "Decide applications"},
    {"membership:read", "查看成员关系", "See memberships"},
    {"membership:decide", "审批成员关系", "Decide memberships"},
    {"custom_field:read", "查看自定义字段", "See custom fields"},
    {"custom_field:manage", "管理自定义字段", "Manage custom fields"},
    {},
};

const Concept volunteer_concept = {
    .name = "volunteer",
    .routes = volunteer_routes,
    .schedules = SCHEDULES,
    .messages = volunteer_messages,
    .permissions = PERMISSIONS,
    .demo = volunteer_demo,
};
