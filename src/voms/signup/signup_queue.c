/* The rush: when sign-up for a popular shift opens, thousands press the button in the same second.
 *
 * Requests for one place line up. The first finds nobody deciding and becomes the leader: it takes
 * all who stand in the line, up to a batch, into one transaction, and hands the line over to the
 * next when its own answer is ready. So a lone request goes straight through, and under load the
 * cost of a transaction is shared by many. Each loop has lines of its own; what keeps places from
 * being oversold is the lock on the place's row, not the line. */
#include "fiber/fiber.h"
#include "voms/signup/signup_internal.h"

#define STANDS_MAX 8192
#define RETRY_AFTER_MS 2000
#define WAIT_MAX_MS 20000
#define LINES 64 /* buckets */

typedef enum StandState {
    STAND_WAITING,
    STAND_LEADING, /* it is to decide the next batch, its own entry first */
    STAND_TAKEN,   /* in a batch that is being decided: its entry is in use */
    STAND_DONE,
} StandState;

typedef struct Line Line;

/* One request in its line, on its fiber's stack. */
typedef struct Stand {
    StandState state;
    SignupEntry *entry;
    Arena *arena; /* of the request: results are copied into it */
    Language language;
    Err *err; /* of the whole batch */
    Waiter waiter;
    struct Stand *next;
} Stand;

/* Exists while somebody leads it, in an arena of its own: its leaders come and go. */
struct Line {
    Arena *arena;
    int64_t shift_id;
    int64_t position_id;
    Stand *first; /* who waits */
    Stand *last;
    size_t count;
    Line *next; /* in its bucket */
};

static _Thread_local Line *lines[LINES];

static Line **bucket_of(int64_t shift_id, int64_t position_id)
{
    return &lines[((uint64_t)shift_id * 31 + (uint64_t)position_id) % LINES];
}

static Line *line_find(int64_t shift_id, int64_t position_id)
{
    Line *line = *bucket_of(shift_id, position_id);
    while (line != NULL && (line->shift_id != shift_id || line->position_id != position_id)) {
        line = line->next;
    }
    return line;
}

static Line *line_open(int64_t shift_id, int64_t position_id)
{
    Arena *arena = arena_new();
    Line *line = ARENA_NEW(arena, Line);
    Line **bucket = bucket_of(shift_id, position_id);
    *line =
        (Line){.arena = arena, .shift_id = shift_id, .position_id = position_id, .next = *bucket};
    *bucket = line;
    return line;
}

static void line_close(Line *line)
{
    Line **at = bucket_of(line->shift_id, line->position_id);
    while (*at != line) {
        at = &(*at)->next;
    }
    *at = line->next;
    arena_free(line->arena);
}

static void line_join(Line *line, Stand *stand)
{
    *(line->last != NULL ? &line->last->next : &line->first) = stand;
    line->last = stand;
    line->count++;
}

static Stand *line_take(Line *line)
{
    Stand *stand = line->first;
    line->first = stand->next;
    line->last = line->first == NULL ? NULL : line->last;
    line->count--;
    stand->next = NULL;
    return stand;
}

static void line_leave(Line *line, Stand *stand)
{
    Stand *previous = NULL;
    for (Stand *at = line->first; at != stand; at = at->next) {
        previous = at;
    }
    *(previous != NULL ? &previous->next : &line->first) = stand->next;
    line->last = line->last == stand ? previous : line->last;
    line->count--;
}

/* ---- A batch ---- */

typedef struct Batch {
    Ctx *ctx;
    const Line *line;
    SignupEntry entries[SIGNUP_BATCH_MAX];
    Stand *stands[SIGNUP_BATCH_MAX];
    size_t count;
} Batch;

YIELDS static Err *admit(Db *db, void *arg)
{
    Batch *batch = arg;
    Ctx ctx = *batch->ctx;
    ctx.db = db;
    ctx.now = time_now();
    return signup_admit(&ctx, batch->line->shift_id, batch->line->position_id, batch->entries,
                        batch->count);
}

static const char *copy_text(Arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static Signup *copy_signup(Arena *arena, const Signup *signup)
{
    if (signup == NULL) {
        return NULL;
    }
    Signup *copy = ARENA_NEW(arena, Signup);
    *copy = *signup;
    copy->activity_name = copy_text(arena, signup->activity_name);
    copy->position_name = copy_text(arena, signup->position_name);
    return copy;
}

static void answer(Stand *stand, const SignupEntry *decided, const Err *err)
{
    stand->err = err == NULL ? NULL : err_copy(stand->arena, err);
    stand->entry->refusal =
        decided->refusal == NULL ? NULL : err_copy(stand->arena, decided->refusal);
    stand->entry->signup = copy_signup(stand->arena, decided->signup);
    stand->state = STAND_DONE;
    waiter_wake(&stand->waiter);
}

static void take_batch(Batch *batch, Line *line, Stand *leader)
{
    batch->stands[batch->count++] = leader;
    while (line->first != NULL && batch->count < SIGNUP_BATCH_MAX) {
        /* Reasons are told in the reader's language: one language a batch. */
        if (line->first->language != leader->language) {
            break;
        }
        batch->stands[batch->count++] = line_take(line);
    }
    for (size_t i = 0; i < batch->count; i++) {
        batch->stands[i]->state = STAND_TAKEN;
        batch->entries[i] = *batch->stands[i]->entry;
    }
}

/* The others depend on it: neither a lost client nor a deadline of the leader stops it. */
YIELDS static Err *decide_batch(Ctx *ctx, Line *line, Stand *leader)
{
    Batch *batch = ARENA_NEW(ctx->arena, Batch);
    batch->ctx = ctx;
    batch->line = line;
    take_batch(batch, line, leader);
    bool shield = fiber_shield(true);
    Err *err = store_transact(ctx->db, admit, batch);
    fiber_shield(shield);
    for (size_t i = 0; i < batch->count; i++) {
        answer(batch->stands[i], &batch->entries[i], err);
    }
    return NULL; /* each has its own answer */
}

/* Decides a batch, then hands the line over; who answers its own client last would wait for all. */
YIELDS static Err *lead(Ctx *ctx, Line *line, Stand *stand)
{
    TRY(decide_batch(ctx, line, stand));
    if (line->first == NULL) {
        line_close(line);
        return NULL;
    }
    Stand *next = line_take(line);
    next->state = STAND_LEADING;
    waiter_wake(&next->waiter);
    return NULL;
}

/* ---- Standing in line ---- */

/* Its entry is in use until the batch is decided, which goes on whatever happens to this request.
 */
YIELDS static Err *wait_for_batch(Stand *stand)
{
    bool shield = fiber_shield(true);
    while (stand->state == STAND_TAKEN) {
        err_ignore(waiter_wait(&stand->waiter, deadline_after(MINUTE_MS)), "the batch ends");
    }
    fiber_shield(shield);
    return NULL;
}

YIELDS static Err *stand_in_line(Ctx *ctx, Line *line, Stand *stand)
{
    if (line->count >= STANDS_MAX) {
        Err *err = ERR(ctx->arena, ERR_UNAVAILABLE, "signup_overloaded", "the line is full");
        err->retry_after_ms = RETRY_AFTER_MS;
        return err;
    }
    line_join(line, stand);
    Err *err = waiter_wait(&stand->waiter, deadline_after(WAIT_MAX_MS));
    if (err != NULL && stand->state == STAND_WAITING) {
        line_leave(line, stand);
        return err;
    }
    if (stand->state == STAND_TAKEN) {
        TRY(wait_for_batch(stand));
    }
    if (stand->state == STAND_LEADING) {
        TRY(lead(ctx, line, stand));
    }
    return NULL;
}

YIELDS Err *signup_queue_admit(Ctx *ctx, int64_t shift_id, int64_t position_id, SignupEntry *entry)
{
    Stand stand = {.entry = entry, .arena = ctx->arena, .language = ctx->language};
    Line *line = line_find(shift_id, position_id);
    waiter_init(&stand.waiter);
    if (line == NULL) {
        TRY(lead(ctx, line_open(shift_id, position_id), &stand));
    } else {
        TRY(stand_in_line(ctx, line, &stand));
    }
    TRY(stand.err);
    return entry->refusal;
}
