#include "app/demo.h"
#include "voms/access/access.h"
#include "voms/account/account_internal.h"
#include "voms/unit/unit.h"

typedef struct DemoAccount {
    const char *username;
    const char *display_name;
    const char *role;
    const char *unit; /* code; NULL: the root */
} DemoAccount;

static const DemoAccount DEMO_ACCOUNTS[] = {
    {"unit.admin", "周明", "unit_administrator", "donghu"},
    {"coordinator", "吴晓琳", "coordinator", "xishan"},
    {"front.desk", "郑国强", "front_desk", "nancheng"},
    {"recorder", "何静", "recorder", NULL},
    {"auditor", "沈清", "auditor", NULL},
};

typedef struct DemoWork {
    Ctx *ctx;
    const char *hash;
} DemoWork;

YIELDS static Err *insert(Ctx *ctx, const DemoAccount *row, const char *hash)
{
    Unit *unit = NULL;
    AccountId account_id = {};
    int64_t role_id = 0;
    int64_t grant_id = 0;
    TRY(row->unit == NULL ? unit_find(ctx, UNIT_ROOT, &unit)
                          : unit_find_by_label(ctx, row->unit, &unit));
    BUG_ON(unit == NULL); /* unit_demo made it */
    AccountDraft draft = {.username = row->username,
                          .password_hash = hash,
                          .display_name = row->display_name,
                          .unit_id = unit->id};
    TRY(account_insert(ctx, &draft, &account_id));
    TRY(access_find_role_id(ctx, row->role, &role_id));
    return access_insert_grant(ctx, account_id, role_id, unit->id, &grant_id);
}

YIELDS static Err *insert_all(Db *db UNUSED, void *arg)
{
    const DemoWork *work = arg;
    for (size_t i = 0; i < COUNT_OF(DEMO_ACCOUNTS); i++) {
        TRY(insert(work->ctx, &DEMO_ACCOUNTS[i], work->hash));
    }
    return NULL;
}

YIELDS Err *account_demo(Ctx *ctx)
{
    /* One password, which is public anyway, and one hash of it. */
    DemoWork work = {.ctx = ctx};
    TRY(password_hash(ctx, DEMO_PASSWORD, &work.hash));
    return store_transact(ctx->db, insert_all, &work);
}
