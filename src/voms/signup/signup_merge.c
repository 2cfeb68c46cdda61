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

/* Of two at the same shift nobody is told: the person still has the other one. Of two shifts that
 * overlap the person is, as if staff had cancelled: staff merged the files. */
typedef struct Cause {
    const char *by;
    const char *reason;
} Cause;
static const Cause TWIN = {"system", "volunteer_merged"};
static const Cause OVERLAP = {
    "staff", "合并档案后与已报名的班次时间重叠 / Overlaps another shift of yours since "
             "two files were merged"};

YIELDS static Err *drop(Ctx *ctx, const Signup *known, const Cause *cause, FreedPlaces *freed)
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
    signup->cancelled_by = cause->by;
    signup->cancelled_at = ctx->now;
    signup->cancel_reason = cause->reason;
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
        TRY(drop(ctx, goes_before(theirs, mine) ? mine : theirs, &TWIN, freed));
    }
    return NULL;
}

static TimeMs overlap_of(const StoreRows *rows, size_t row)
{
    return MIN(row_time(rows, row, 3), row_time(rows, row, 5)) -
           MAX(row_time(rows, row, 2), row_time(rows, row, 4));
}

/* Nobody can be at two places: the sign-up that was made later goes, and its place to who waits. */
YIELDS static Err *drop_overlaps(Ctx *ctx, VolunteerId from, VolunteerId to, FreedPlaces *freed)
{
    const Settings *settings = NULL;
    StoreRows *rows = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(store_query(ctx->db, &SQL_SIGNUP_OVERLAPS,
                    ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Signup *theirs = NULL;
        Signup *mine = NULL;
        TRY(signup_find(ctx, row_int(rows, i, 0), &theirs));
        TRY(signup_find(ctx, row_int(rows, i, 1), &mine));
        bool both_hold = signup_state_holds_place((SignupState)theirs->state) &&
                         signup_state_holds_place((SignupState)mine->state);
        if (both_hold && overlap_of(rows, i) > settings->signup_overlap_minutes * MINUTE_MS) {
            bool mine_is_later = mine->created_at != theirs->created_at
                                     ? mine->created_at > theirs->created_at
                                     : mine->id > theirs->id;
            TRY(drop(ctx, mine_is_later ? mine : theirs, &OVERLAP, freed));
        }
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
    TRY(drop_overlaps(ctx, from, to, &freed));
    TRY(store_exec(ctx->db, &SQL_SIGNUP_MOVE,
                   ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), NULL));
    /* Only now: who waits might be one of the two. */
    for (size_t i = 0; i < freed.count; i++) {
        TRY(signup_fill_place(ctx, freed.items[i].shift_id, freed.items[i].position_id));
    }
    return NULL;
}
