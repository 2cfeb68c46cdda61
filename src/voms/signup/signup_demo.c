/* People of the demonstration organisation who signed up for its activities. */
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

#define PEOPLE_MAX 250
#define ENTRIES_MAX 64

typedef struct Demo {
    Ctx *ctx;
    TimeMs now;
    VolunteerId *people; /* those with an account first */
    size_t people_count;
    size_t accounts; /* how many have one */
    size_t next;     /* who is to be asked next */
} Demo;

YIELDS static Err *find_people(Demo *demo)
{
    Ctx *ctx = demo->ctx;
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_DEMO_PEOPLE, ARGS(sql_int(PEOPLE_MAX)), &rows));
    demo->people = ARENA_ARRAY(ctx->arena, VolunteerId, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        demo->people[i].value = row_int(rows, i, 0);
        demo->accounts += row_bool(rows, i, 1);
    }
    demo->people_count = rows->count;
    demo->next = demo->accounts;
    return NULL;
}

typedef struct DemoPlace {
    int64_t shift_id;
    int64_t position_id;
    int64_t needed;
    TimeMs starts_at;
    TimeMs published_at;
    int64_t risk_notice_version;
    bool automatic;
} DemoPlace;

/* Past ones are nearly full, one in three of the coming ones is more than that. */
static size_t wanted(const Demo *demo, const DemoPlace *place, size_t index)
{
    size_t needed = (size_t)place->needed;
    if (place->starts_at <= demo->now) {
        return MAX(needed - index % 2, (size_t)1);
    }
    return index % 3 == 1 ? needed + 3 : MAX(needed * 2 / 3, (size_t)1);
}

/* Those who can log in take part in all that happened, and in some of what is to come. */
static void choose(Demo *demo, const DemoPlace *place, size_t index, SignupEntry *entries,
                   size_t *ret_count)
{
    size_t count = MIN(wanted(demo, place, index), (size_t)ENTRIES_MAX);
    bool with_accounts =
        (size_t)place->needed > demo->accounts && (place->starts_at <= demo->now || index % 4 == 0);
    size_t used = 0;
    for (size_t i = 0; with_accounts && i < demo->accounts; i++) {
        entries[used++].volunteer_id = demo->people[i];
    }
    while (used < count) {
        entries[used++].volunteer_id = demo->people[demo->next];
        demo->next = demo->next + 1 < demo->people_count ? demo->next + 1 : demo->accounts;
    }
    *ret_count = used;
}

/* Some of those who are to be reviewed are. */
YIELDS static Err *review_some(Ctx *ctx, const SignupEntry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Signup *signup = entries[i].signup;
        if (signup == NULL || signup->state != SIGNUP_PENDING || i % 3 == 2) {
            continue;
        }
        SignupDecision decision = {.approve = i % 7 != 6,
                                   .reason = i % 7 == 6 ? "需要裁判经验" : NULL};
        TRY(signup_decide(ctx, signup->id, &decision));
    }
    return NULL;
}

YIELDS static Err *fill_place(Demo *demo, const DemoPlace *place, size_t index)
{
    Ctx *ctx = demo->ctx;
    SignupEntry *entries = ARENA_ARRAY(ctx->arena, SignupEntry, ENTRIES_MAX);
    size_t count = 0;
    choose(demo, place, index, entries, &count);
    for (size_t i = 0; i < count; i++) {
        entries[i].accepted_version = place->risk_notice_version;
    }
    ctx->now = MIN(place->published_at + DAY_MS, demo->now - HOUR_MS);
    TRY(signup_admit(ctx, place->shift_id, place->position_id, entries, count));
    return place->automatic ? NULL : review_some(ctx, entries, count);
}

YIELDS static Err *fill_all(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    Demo demo = {.ctx = &ctx, .now = ctx.now};
    StoreRows *rows = NULL;
    ctx.db = db;
    TRY(find_people(&demo));
    TRY(store_query(db, &SQL_SIGNUP_DEMO_PLACES, NO_ARGS, &rows));
    for (size_t i = 0; i < rows->count; i++) {
        DemoPlace place = {.shift_id = row_int(rows, i, 0),
                           .position_id = row_int(rows, i, 1),
                           .needed = row_int(rows, i, 2),
                           .starts_at = row_time(rows, i, 3),
                           .published_at = row_time(rows, i, 4),
                           .risk_notice_version = row_int(rows, i, 5),
                           .automatic = !str_equal(row_text(rows, i, 6), "review")};
        TRY(fill_place(&demo, &place, i));
    }
    return NULL;
}

YIELDS Err *signup_demo(Ctx *ctx)
{
    return store_transact(ctx->db, fill_all, ctx);
}
