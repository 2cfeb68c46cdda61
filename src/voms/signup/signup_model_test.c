/* Random sequences of what volunteers, staff and the clock do, against a small model. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/signup_fixture.h"

#define PEOPLE 8
#define STEPS 100
#define PLACES 2
#define OFFER_MS (60 * MINUTE_MS)

/* One volunteer's last sign-up; state -1: none. */
typedef struct ModelSignup {
    int64_t id;
    int state;
    int64_t sequence;
    TimeMs offered_until;
} ModelSignup;

typedef struct Model {
    Ctx *ctx;
    SignupFixture fixture;
    ModelSignup people[PEOPLE];
    int64_t last_sequence;
    uint64_t random;
    bool offers;
    bool reviews;
} Model;

static uint64_t next(Model *model, uint64_t below)
{
    model->random = model->random * 6364136223846793005u + 1442695040888963407u;
    return (model->random >> 33) % below;
}

static bool lives(const ModelSignup *signup)
{
    return signup->state >= 0 && signup_state_is_living((SignupState)signup->state);
}

static int64_t taken(const Model *model)
{
    int64_t count = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        int state = model->people[i].state;
        count += state >= 0 && signup_state_holds_place((SignupState)state);
    }
    return count;
}

/* A free place goes to the lowest sequence that waits. */
static void model_fill(Model *model)
{
    while (taken(model) < PLACES) {
        ModelSignup *first = NULL;
        for (size_t i = 0; i < PEOPLE; i++) {
            ModelSignup *signup = &model->people[i];
            if (signup->state == SIGNUP_WAITLISTED &&
                (first == NULL || signup->sequence < first->sequence)) {
                first = signup;
            }
        }
        if (first == NULL) {
            return;
        }
        first->state = model->offers ? SIGNUP_OFFERED : SIGNUP_APPROVED;
        first->offered_until = model->ctx->now + OFFER_MS;
    }
}

static void model_end(Model *model, ModelSignup *signup, int state)
{
    signup->state = state;
    model_fill(model);
}

/* ---- The same, done ---- */

typedef struct Step {
    Ctx *ctx;
    int64_t id;
    enum { CANCEL, APPROVE, REJECT, ACCEPT, DECLINE } what;
} Step;

static Err *run_step(Db *db, void *arg)
{
    const Step *step = arg;
    Ctx ctx = *step->ctx;
    SignupDecision decision = {.approve = step->what == APPROVE, .reason = "model"};
    ctx.db = db;
    if (step->what == CANCEL) {
        return signup_cancel(&ctx, step->id, &(SignupCancellation){.by = "volunteer"});
    }
    if (step->what == APPROVE || step->what == REJECT) {
        return signup_decide(&ctx, step->id, &decision);
    }
    return signup_answer_offer(&ctx, step->id, step->what == ACCEPT);
}

static void check_step(Model *model, const ModelSignup *signup, int what, bool works)
{
    Step step = {.ctx = model->ctx, .id = signup->id, .what = what};
    Err *err = store_transact(model->ctx->db, run_step, &step);
    if (works) {
        ASSERT_OK(err);
    } else {
        ASSERT_ERR(ERR_CONFLICT, err);
    }
}

static void do_join(Model *model, size_t person)
{
    ModelSignup *mine = &model->people[person];
    Signup *signup = NULL;
    Err *err = signup_fixture_join(model->ctx, &model->fixture, person, &signup);
    if (lives(mine)) {
        ASSERT_ERR(ERR_CONFLICT, err);
        return;
    }
    ASSERT_OK(err);
    int expected = model->reviews          ? SIGNUP_PENDING
                   : taken(model) < PLACES ? SIGNUP_APPROVED
                                           : SIGNUP_WAITLISTED;
    *mine = (ModelSignup){.id = signup->id, .state = expected, .sequence = ++model->last_sequence};
    ASSERT_INT_EQUAL(expected, signup->state);
    ASSERT_INT_EQUAL(mine->sequence, signup->sequence);
}

static void do_decide(Model *model, ModelSignup *mine, bool approve)
{
    bool open = mine->state == SIGNUP_PENDING || mine->state == SIGNUP_WAITLISTED;
    bool full = taken(model) >= PLACES;
    bool works = open && !(approve && full && mine->state == SIGNUP_WAITLISTED);
    check_step(model, mine, approve ? APPROVE : REJECT, works);
    if (works) {
        mine->state = !approve ? SIGNUP_REJECTED : full ? SIGNUP_WAITLISTED : SIGNUP_APPROVED;
    }
}

static void do_answer(Model *model, ModelSignup *mine, bool accept)
{
    bool works = mine->state == SIGNUP_OFFERED && mine->offered_until > model->ctx->now;
    check_step(model, mine, accept ? ACCEPT : DECLINE, works);
    if (works && accept) {
        mine->state = SIGNUP_APPROVED;
    } else if (works) {
        model_end(model, mine, SIGNUP_CANCELLED);
    }
}

/* Offers lapse in the order of their ends. */
static void do_lapse(Model *model)
{
    fixture_advance(model->ctx, (int64_t)next(model, 40) * MINUTE_MS);
    ASSERT_OK(signup_lapse_offers(model->ctx));
    for (;;) {
        ModelSignup *due = NULL;
        for (size_t i = 0; i < PEOPLE; i++) {
            ModelSignup *signup = &model->people[i];
            if (signup->state == SIGNUP_OFFERED && signup->offered_until <= model->ctx->now &&
                (due == NULL || signup->offered_until < due->offered_until)) {
                due = signup;
            }
        }
        if (due == NULL) {
            return;
        }
        model_end(model, due, SIGNUP_CANCELLED);
    }
}

static void do_something(Model *model)
{
    size_t person = next(model, PEOPLE);
    ModelSignup *mine = &model->people[person];
    uint64_t what = next(model, 10);
    if (what < 4 || mine->state < 0) {
        do_join(model, person);
    } else if (what < 6) {
        bool works = lives(mine);
        check_step(model, mine, CANCEL, works);
        if (works) {
            model_end(model, mine, SIGNUP_CANCELLED);
        }
    } else if (what < 8) {
        do_decide(model, mine, next(model, 4) != 0);
    } else if (what == 8) {
        do_answer(model, mine, next(model, 3) != 0);
    } else {
        do_lapse(model);
    }
}

static void compare(Model *model)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        Signup *signup = NULL;
        const ModelSignup *mine = &model->people[i];
        if (mine->state < 0) {
            continue;
        }
        ASSERT_OK(signup_find(model->ctx, mine->id, &signup));
        ASSERT_STR_EQUAL(signup_states[mine->state], signup_states[signup->state]);
    }
    signup_fixture_check(model->ctx);
}

/* VOMS_TEST_SEED repeats a run. */
FIXTURE_TEST(signup_model, holds_whatever_happens)
{
    const char *given = getenv("VOMS_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time_monotonic();
    printf("seed: VOMS_TEST_SEED=%" PRIu64 "\n", seed);
    Model model = {.ctx = ctx, .random = seed};
    model.offers = next(&model, 2) == 0;
    model.reviews = next(&model, 3) == 0;
    model.fixture = (SignupFixture){.needed = PLACES,
                                    .volunteer_count = PEOPLE,
                                    .approval = model.reviews ? "review" : "automatic",
                                    .waitlist = model.offers ? "offer" : "promote"};
    for (size_t i = 0; i < PEOPLE; i++) {
        model.people[i].state = -1;
    }
    signup_fixture_make(ctx, &model.fixture);
    for (int i = 0; i < STEPS; i++) {
        do_something(&model);
        compare(&model);
    }
}
