/* Volunteers of the demonstration organisation who can log in. */
#include "app/demo.h"
#include "voms/account/account.h"
#include "voms/self/self.h"
#include "voms/setting/setting.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/volunteer.h"

static const char *const USERNAMES[] = {DEMO_VOLUNTEER, "volunteer2", "volunteer3"};

typedef struct DemoWork {
    Ctx *ctx;
    const char *hash;
} DemoWork;

static bool is_adult(const Volunteer *volunteer, Date today)
{
    Date birth = {};
    return volunteer->birth_date != NULL && date_parse(volunteer->birth_date, &birth) &&
           date_age(birth, today) >= 18;
}

YIELDS static Err *insert(Ctx *ctx, const char *username, const char *hash,
                          const Volunteer *volunteer)
{
    AccountId id = {};
    AccountDraft draft = {.username = username,
                          .password_hash = hash,
                          .display_name = volunteer->name,
                          .unit_id = UNIT_ROOT,
                          .volunteer_id = volunteer->id};
    return account_insert(ctx, &draft, &id);
}

YIELDS static Err *insert_all(Db *db UNUSED, void *arg)
{
    const DemoWork *work = arg;
    const Settings *settings = NULL;
    size_t used = 0;
    TRY(setting_load(work->ctx, &settings));
    Date today = setting_date(settings, work->ctx->now);
    /* volunteer_demo made many more than these. */
    for (int64_t id = 1; used < COUNT_OF(USERNAMES); id++) {
        Volunteer *volunteer = NULL;
        TRY(volunteer_find_any(work->ctx, (VolunteerId){id}, &volunteer));
        if (volunteer->state == VOLUNTEER_ACTIVE && is_adult(volunteer, today)) {
            TRY(insert(work->ctx, USERNAMES[used], work->hash, volunteer));
            used++;
        }
    }
    return NULL;
}

YIELDS Err *self_demo(Ctx *ctx)
{
    DemoWork work = {.ctx = ctx};
    TRY(password_hash(ctx, DEMO_PASSWORD, &work.hash));
    return store_transact(ctx->db, insert_all, &work);
}
