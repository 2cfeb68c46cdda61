#include "voms/correction/correction.h"

#include "base/str.h"
#include "tests/unit/fixture.h"

static VolunteerId somebody(Ctx *ctx)
{
    return fixture_volunteer(ctx, (VolunteerDraft){.name = "张三丰"});
}

static Err *ask(Ctx *ctx, VolunteerId id, const char *field, int64_t *ret_id)
{
    json_t *answer = NULL;
    const char *path =
        arena_printf(ctx->arena, "/api/v1/admin/volunteers/%" PRId64 "/corrections", id.value);
    const char *body =
        arena_printf(ctx->arena, "{\"field\":\"%s\",\"message\":\"please look again\"}", field);
    TRY(fixture_call(ctx, HTTP_POST, path, body, &answer));
    *ret_id = json_integer_value(json_object_get(answer, "id"));
    return NULL;
}

static Err *close_one(Ctx *ctx, VolunteerId id, int64_t correction_id)
{
    json_t *answer = NULL;
    const char *path =
        arena_printf(ctx->arena,
                     "/api/v1/admin/volunteers/%" PRId64 "/corrections/%" PRId64 "/close", id.value,
                     correction_id);
    return fixture_call(ctx, HTTP_POST, path, "{\"reason\":\"done\"}", &answer);
}

static Err *answer(Ctx *ctx, VolunteerId id, int64_t correction_id, Correction **ret_correction)
{
    return correction_resolve(ctx, fixture_find_volunteer(ctx, id), correction_id,
                              "it is right now", ret_correction);
}

static Correction *only_one(Ctx *ctx, VolunteerId id)
{
    ObjectList corrections = {};
    ASSERT_OK(correction_list_of(ctx, id, -1, 0, 10, &corrections));
    ASSERT_INT_EQUAL(1, corrections.count);
    return corrections.items;
}

FIXTURE_TEST(correction, is_about_a_field_that_there_is)
{
    static const struct {
        const char *field;
        bool ok;
    } ROWS[] = {
        {"phone", true},    {"name", true},   {"custom.shoe_size", true}, {"custom.", false},
        {"unit_id", false}, {"state", false}, {"service_min", false},
    };
    VolunteerId id = somebody(ctx);
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        int64_t made = 0;
        Err *err = ask(ctx, id, ROWS[i].field, &made);
        if (ROWS[i].ok) {
            ASSERT_OK(err);
        } else {
            ASSERT_ERR(ERR_INVALID, err);
            ASSERT_STR_EQUAL("field", err->fields->field);
        }
        ASSERT(ROWS[i].ok == (made != 0));
    }
}

FIXTURE_TEST(correction, is_open_until_the_volunteer_answers)
{
    VolunteerId id = somebody(ctx);
    Ctx *staff = fixture_super(ctx);
    int64_t made = 0;
    Correction *correction = NULL;
    ASSERT_OK(ask(staff, id, "phone", &made));
    ASSERT_INT_EQUAL(CORRECTION_OPEN, only_one(ctx, id)->state);
    ASSERT_INT_EQUAL(staff->caller.account_id.value, only_one(ctx, id)->created_by.value);
    fixture_advance(ctx, MINUTE_MS);
    ASSERT_OK(answer(ctx, id, made, &correction));
    ASSERT_INT_EQUAL(CORRECTION_RESOLVED, correction->state);
    ASSERT_STR_EQUAL("it is right now", correction->answer);
    ASSERT_INT_EQUAL(ctx->now, correction->resolved_at);
}

FIXTURE_TEST(correction, is_answered_once)
{
    VolunteerId id = somebody(ctx);
    int64_t made = 0;
    Correction *correction = NULL;
    ASSERT_OK(ask(ctx, id, "phone", &made));
    ASSERT_OK(answer(ctx, id, made, &correction));
    Err *err = answer(ctx, id, made, &correction);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("state_conflict", err->code);
    ASSERT_STR_EQUAL("resolved", err->current);
}

FIXTURE_TEST(correction, is_closed_by_staff_with_or_without_an_answer)
{
    VolunteerId id = somebody(ctx);
    Ctx *staff = fixture_super(ctx);
    int64_t made = 0;
    Correction *correction = NULL;
    ASSERT_OK(ask(staff, id, "phone", &made));
    ASSERT_OK(close_one(staff, id, made));
    ASSERT_INT_EQUAL(CORRECTION_CLOSED, only_one(ctx, id)->state);
    ASSERT_INT_EQUAL(staff->caller.account_id.value, only_one(ctx, id)->closed_by.value);
    Err *err = close_one(staff, id, made);
    ASSERT_ERR(ERR_CONFLICT, err);
    ASSERT_STR_EQUAL("closed", err->current);
    ASSERT_ERR(ERR_CONFLICT, answer(ctx, id, made, &correction));
    ASSERT_OK(ask(staff, id, "email", &made));
    ASSERT_OK(answer(ctx, id, made, &correction));
    ASSERT_OK(close_one(staff, id, made));
}

FIXTURE_TEST(correction, of_somebody_else_is_not_found)
{
    VolunteerId one = somebody(ctx);
    VolunteerId other = somebody(ctx);
    int64_t made = 0;
    Correction *correction = NULL;
    ASSERT_OK(ask(ctx, other, "phone", &made));
    Err *err = answer(ctx, one, made, &correction);
    ASSERT_ERR(ERR_NOT_FOUND, err);
    ASSERT_STR_EQUAL("correction_not_found", err->code);
    ASSERT_ERR(ERR_NOT_FOUND, close_one(ctx, one, made));
    ASSERT_INT_EQUAL(CORRECTION_OPEN, only_one(ctx, other)->state);
}

FIXTURE_TEST(correction, list_is_filtered_by_state)
{
    VolunteerId id = somebody(ctx);
    ObjectList found = {};
    int64_t ids[3] = {};
    Correction *correction = NULL;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        ASSERT_OK(ask(ctx, id, "phone", &ids[i]));
    }
    ASSERT_OK(answer(ctx, id, ids[1], &correction));
    ASSERT_OK(close_one(ctx, id, ids[2]));
    for (int state = CORRECTION_OPEN; state <= CORRECTION_CLOSED; state++) {
        ASSERT_OK(correction_list_of(ctx, id, state, 0, 10, &found));
        ASSERT_INT_EQUAL(1, found.count);
        ASSERT_INT_EQUAL(ids[state], ((const Correction *)found.items)->id);
    }
    ASSERT_OK(correction_list_of(ctx, id, -1, ids[2], 10, &found));
    ASSERT_INT_EQUAL(2, found.count);
    ASSERT_INT_EQUAL(ids[1], ((const Correction *)found.items)->id);
}

FIXTURE_TEST(correction, tells_nothing_when_the_volunteer_is_anonymised)
{
    VolunteerId id = somebody(ctx);
    int64_t made = 0;
    Correction *correction = NULL;
    ASSERT_OK(ask(ctx, id, "phone", &made));
    ASSERT_OK(answer(ctx, id, made, &correction));
    ASSERT_OK(volunteer_anonymise(ctx, fixture_find_volunteer(ctx, id), "test"));
    const Correction *left = only_one(ctx, id);
    ASSERT_INT_EQUAL(CORRECTION_CLOSED, left->state);
    ASSERT(left->answer == NULL && !str_equal("please look again", left->message));
}
