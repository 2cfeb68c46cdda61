/* The draw: who gets the places is decided by a seed that is published, so that anybody can draw
 * again and find the same. */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "voms/audit/audit.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

#define SEED_BYTES 16

typedef struct Lottery {
    UnitId unit_id;
    const char *approval;
    const char *seed; /* NULL: none yet */
    TimeMs drawn_at;
    TimeMs closes_at;
} Lottery;

YIELDS static Err *find(Ctx *ctx, int64_t activity_id, Lottery *ret_lottery)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_LOTTERY_FIND, ARGS(sql_int(activity_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "no activity %" PRId64,
                   activity_id);
    }
    *ret_lottery = (Lottery){.unit_id = {row_int(rows, 0, 0)},
                             .approval = row_text(rows, 0, 3),
                             .seed = row_text(rows, 0, 4),
                             .drawn_at = row_time(rows, 0, 5),
                             .closes_at = row_time(rows, 0, 6)};
    return NULL;
}

/* ---- One position ---- */

typedef struct Ticket {
    int64_t id;
    VolunteerId volunteer_id;
    int64_t sequence;
    const char *key;
    bool won;
} Ticket;

typedef struct Draw {
    Ctx *ctx;
    const char *seed;
    int64_t shift_id;
    int64_t position_id;
    VEC(Ticket) tickets;
} Draw;

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const Ticket *)a)->key, ((const Ticket *)b)->key);
}

YIELDS static Err *load_tickets(Ctx *ctx, Draw *draw)
{
    int64_t sequence = INT64_MIN;
    StoreRows *rows = NULL;
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_IN_LINE,
                        ARGS(sql_int(draw->shift_id), sql_int(draw->position_id),
                             sql_text("pending"), sql_int(sequence), sql_int(1000)),
                        &rows));
        for (size_t i = 0; i < rows->count; i++) {
            Ticket *ticket = vec_push(&draw->tickets, ctx->arena);
            ticket->id = row_int(rows, i, 0);
            ticket->volunteer_id.value = row_int(rows, i, 1);
            ticket->sequence = sequence = row_int(rows, i, 2);
            ticket->key = signup_lottery_key(ctx->arena, draw->seed, ticket->id);
        }
    } while (rows->count == 1000);
    qsort(draw->tickets.items, draw->tickets.count, sizeof(Ticket), compare_keys);
    return NULL;
}

/* The first who qualify, in the order of their keys. */
YIELDS static Err *find_winners(Ctx *ctx, const SignupFacts *facts, Draw *draw)
{
    int64_t free = facts->place.needed - facts->place.taken;
    for (size_t i = 0; i < draw->tickets.count && free > 0; i++) {
        SignupPerson *person = NULL;
        SignupReasons reasons;
        Ticket *ticket = &draw->tickets.items[i];
        TRY(signup_persons_load(ctx, facts, &ticket->volunteer_id, 1, /* lock= */ true, &person));
        signup_facts_evaluate(facts, person, ctx->now, SIGNUP_TO_PROMOTE, 0, &reasons);
        ticket->won = signup_reasons_refusal(&reasons) == NULL;
        free -= ticket->won;
    }
    return NULL;
}

static SqlArgs ticket_args(Ctx *ctx, const Ticket *ticket)
{
    SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, 6);
    values[0] = sql_int(ticket->id);
    values[1] = sql_text(ticket->key);
    values[2] = sql_bool(ticket->won);
    values[3] = sql_text(signup_states[ticket->won ? SIGNUP_APPROVED : SIGNUP_WAITLISTED]);
    values[4] = sql_id(ctx->caller.account_id.value);
    values[5] = sql_time(ctx->now);
    return (SqlArgs){.values = values, .count = 6};
}

YIELDS static Err *write_tickets(Ctx *ctx, const SignupFacts *facts, const Draw *draw)
{
    size_t count = draw->tickets.count;
    SqlArgs *args = ARENA_ARRAY(ctx->arena, SqlArgs, count + 1);
    SignupNews *news = ARENA_ARRAY(ctx->arena, SignupNews, count + 1);
    for (size_t i = 0; i < count; i++) {
        const Ticket *ticket = &draw->tickets.items[i];
        args[i] = ticket_args(ctx, ticket);
        news[i] = (SignupNews){.id = ticket->id,
                               .volunteer_id = ticket->volunteer_id,
                               .state = ticket->won ? SIGNUP_APPROVED : SIGNUP_WAITLISTED};
    }
    TRY(store_exec_many(ctx->db, &SQL_SIGNUP_SET_LOTTERY, args, count, NULL));
    TRY(store_exec(ctx->db, &SQL_SIGNUP_PLACE_RECOUNT,
                   ARGS(sql_int(draw->shift_id), sql_int(draw->position_id)), NULL));
    return signup_publish(ctx, "signup.decided", &facts->place, news, count);
}

/* StoreWork. */
YIELDS static Err *draw_position(Db *db, void *arg)
{
    Draw *draw = arg;
    Ctx ctx = *draw->ctx;
    SignupFacts facts;
    ctx.db = db;
    draw->tickets.count = 0;
    TRY(signup_facts_load(&ctx, draw->shift_id, draw->position_id, /* lock= */ true, &facts));
    TRY(load_tickets(&ctx, draw));
    if (draw->tickets.count == 0) {
        return NULL;
    }
    TRY(find_winners(&ctx, &facts, draw));
    return write_tickets(&ctx, &facts, draw);
}

/* ---- All positions ---- */

YIELDS static Err *draw_shift(Ctx *ctx, const char *seed, int64_t shift_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SIGNUP_PLACES_OF_SHIFT, ARGS(sql_int(shift_id)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Draw draw = {
            .ctx = ctx, .seed = seed, .shift_id = shift_id, .position_id = row_int(rows, i, 0)};
        TRY(store_transact(ctx->db, draw_position, &draw));
    }
    return NULL;
}

YIELDS static Err *draw_all(Ctx *ctx, int64_t activity_id, const char *seed)
{
    int64_t after_id = 0;
    StoreRows *rows = NULL;
    do {
        TRY(store_query(ctx->db, &SQL_SIGNUP_SHIFTS_OF_ACTIVITY,
                        ARGS(sql_int(activity_id), sql_int(after_id)), &rows));
        for (size_t i = 0; i < rows->count; i++) {
            after_id = row_int(rows, i, 0);
            TRY(draw_shift(ctx, seed, after_id));
        }
    } while (rows->count == 1000);
    return NULL;
}

static const char *new_seed(Arena *arena)
{
    unsigned char bytes[SEED_BYTES];
    char *text = arena_alloc(arena, sizeof(bytes) * 2 + 1);
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(text, sizeof(bytes) * 2 + 1, bytes, sizeof(bytes));
    return text;
}

static Err *check_due(Ctx *ctx, const Lottery *lottery)
{
    if (!str_equal(lottery->approval, "lottery")) {
        return ERR(ctx->arena, ERR_CONFLICT, "no_lottery", "approval is %s", lottery->approval);
    }
    if (lottery->drawn_at != 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "lottery_drawn", "drawn already");
    }
    if (lottery->closes_at > ctx->now) {
        return ERR(ctx->arena, ERR_CONFLICT, "lottery_not_closed", "sign-up is open");
    }
    return NULL;
}

/* The seed is kept before anything is drawn: a draw that was broken off goes on with the same. */
YIELDS Err *signup_lottery_draw(Ctx *ctx, int64_t activity_id)
{
    Lottery lottery = {};
    TRY(find(ctx, activity_id, &lottery));
    TRY(check_due(ctx, &lottery));
    TRY(store_exec(ctx->db, &SQL_SIGNUP_LOTTERY_SEED,
                   ARGS(sql_int(activity_id), sql_text(new_seed(ctx->arena))), NULL));
    TRY(find(ctx, activity_id, &lottery));
    TRY(draw_all(ctx, activity_id, lottery.seed));
    TRY(audit_record(ctx, &(AuditEntry){.action = "signup.lottery",
                                        .object_type = "activity",
                                        .object_id = activity_id,
                                        .unit_id = lottery.unit_id}));
    return store_exec(ctx->db, &SQL_SIGNUP_LOTTERY_DRAWN,
                      ARGS(sql_int(activity_id), sql_time(ctx->now)), NULL);
}
