/* Two volunteers become one: their sign-ups. */
#include <inttypes.h>

#include "base/vec.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

typedef struct FreedPlace {
    int64_t shift_id;
    int64_t position_id;
} FreedPlace;
typedef VEC(FreedPlace) FreedPlaces;

/* How far it came: the further one stays. Who is absent has an attendance that says so. */
static int rank(int state)
{
    static const int RANKS[SIGNUP_STATE_COUNT] = {
        [SIGNUP_WAITLISTED] = 1, [SIGNUP_PENDING] = 2, [SIGNUP_OFFERED] = 3,
        [SIGNUP_APPROVED] = 4,   [SIGNUP_ABSENT] = 5,  [SIGNUP_ATTENDED] = 6,
    };
    return RANKS[state];
}

static bool goes_before(const Signup *a, const Signup *b)
{
    if (a->state != b->state) {
        return rank(a->state) > rank(b->state);
    }
    return a->position_id == b->position_id && a->sequence < b->sequence;
}

/* Nobody is told: the person still has the other one. */
YIELDS static Err *drop(Ctx *ctx, const Signup *known, FreedPlaces *freed)
{
    SignupFacts facts;
    SignupCounts counts = {};
    Signup *signup = NULL;
    TRY(signup_facts_load(ctx, known->shift_id, known->position_id, /* lock= */ true, &facts));
    TRY(signup_find(ctx, known->id, &signup));
    if (signup->state != known->state) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "sign-up %" PRId64 " changed",
                   known->id);
    }
    signup_counts_add(&counts, (SignupState)signup->state, -1);
    signup->state = SIGNUP_CANCELLED;
    signup->offered_until = 0;
    signup->cancelled_by = "system";
    signup->cancelled_at = ctx->now;
    signup->cancel_reason = "volunteer_merged";
    TRY(signup_write(ctx, signup));
    TRY(signup_place_write(ctx, &facts.place, &counts));
    SignupNews news = {.id = signup->id,
                       .volunteer_id = signup->volunteer_id,
                       .state = SIGNUP_CANCELLED,
                       .reason = signup->cancel_reason};
    *vec_push(freed, ctx->arena) =
        (FreedPlace){.shift_id = signup->shift_id, .position_id = signup->position_id};
    return signup_publish(ctx, "signup.cancelled", &facts.place, &news, 1);
}

YIELDS static Err *drop_twins(Ctx *ctx, VolunteerId from, VolunteerId to, FreedPlaces *freed)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_TWINS, ARGS(sql_int(from.value), sql_int(to.value)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Signup *theirs = NULL;
        Signup *mine = NULL;
        TRY(signup_find(ctx, row_int(rows, i, 0), &theirs));
        TRY(signup_find(ctx, row_int(rows, i, 1), &mine));
        TRY(drop(ctx, goes_before(theirs, mine) ? mine : theirs, freed));
    }
    return NULL;
}

YIELDS Err *signup_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    FreedPlaces freed = {};
    StoreRows *rows = NULL;
    const char *both = arena_printf(ctx->arena, "[%" PRId64 ",%" PRId64 "]", from.value, to.value);
    /* Neither signs up for anything meanwhile. */
    TRY(store_query(ctx->db, &SQL_SIGNUP_LOCK_PERSONS, ARGS(sql_text(both)), &rows));
    TRY(drop_twins(ctx, from, to, &freed));
    TRY(store_exec(ctx->db, &SQL_SIGNUP_MOVE,
                   ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), NULL));
    /* Only now: who waits might be one of the two. */
    for (size_t i = 0; i < freed.count; i++) {
        TRY(signup_fill_place(ctx, freed.items[i].shift_id, freed.items[i].position_id));
    }
    return NULL;
}
