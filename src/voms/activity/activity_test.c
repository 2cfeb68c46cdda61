#include "base/json.h"
#include "base/str.h"
#include "tests/unit/signup_fixture.h"
#include "voms/activity/activity_internal.h"
#include "voms/unit/unit.h"

/* ---- What a request does ---- */

static json_t *call(Ctx *ctx, HttpMethod method, const char *path, const char *body)
{
    json_t *answer = NULL;
    ASSERT_OK(fixture_call(fixture_super(ctx), method, path, body, &answer));
    return answer;
}

static int64_t id_of(const json_t *answer)
{
    return json_integer_value(json_object_get(answer, "id"));
}

static const char *below(Ctx *ctx, int64_t activity_id, const char *rest)
{
    return arena_printf(ctx->arena, "/api/v1/admin/activities/%lld%s", (long long)activity_id,
                        rest);
}

/* A draft with one position; its shift is from `after_ms` on, of two hours. */
static int64_t make_draft(Ctx *ctx, int64_t after_ms)
{
    int64_t id = id_of(
        call(ctx, HTTP_POST, "/api/v1/admin/activities",
             "{\"unit_id\": 1, \"name\": \"Shore\", \"category\": \"x\", \"description\": \"x\", "
             "\"place_name\": \"x\", \"risk_notice\": \"x\", \"contact_name\": \"x\", "
             "\"contact_phone\": \"010-12345678\", \"person_in_charge\": \"x\", "
             "\"is_volunteer_service\": true}"));
    call(ctx, HTTP_POST, below(ctx, id, "/positions"), "{\"name\": \"Helper\", \"needed\": 2}");
    TimeMs starts_at = ctx->now + after_ms;
    call(ctx, HTTP_POST, below(ctx, id, "/shifts"),
         arena_printf(ctx->arena, "{\"starts_at\": \"%s\", \"ends_at\": \"%s\"}",
                      time_format(ctx->arena, starts_at),
                      time_format(ctx->arena, starts_at + 2 * HOUR_MS)));
    return id;
}

static int64_t make_published(Ctx *ctx, int64_t after_ms)
{
    int64_t id = make_draft(ctx, after_ms);
    call(ctx, HTTP_POST, below(ctx, id, "/publish"), NULL);
    return id;
}

static int state_of(Ctx *ctx, int64_t id)
{
    Activity *activity = NULL;
    ASSERT_OK(activity_find(ctx, (ActivityId){id}, &activity));
    return activity->state;
}

static int64_t messages(Ctx *ctx, const char *subject)
{
    return signup_fixture_sql(ctx, "SELECT count(*) FROM outbox WHERE subject = $1", NULL,
                              ARGS(sql_text(subject)));
}

/* ---- By time ---- */

FIXTURE_TEST(activity, goes_with_the_time)
{
    int64_t id = make_published(ctx, HOUR_MS);
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_INT_EQUAL(ACTIVITY_PUBLISHED, state_of(ctx, id));
    fixture_advance(ctx, HOUR_MS);
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_INT_EQUAL(ACTIVITY_IN_PROGRESS, state_of(ctx, id));
    ASSERT_INT_EQUAL(1, messages(ctx, "activity.started"));
    fixture_advance(ctx, 2 * HOUR_MS);
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_INT_EQUAL(ACTIVITY_ENDED, state_of(ctx, id));
    ASSERT_INT_EQUAL(1, messages(ctx, "activity.ended"));
}

FIXTURE_TEST(activity, catches_up_with_what_was_slept_through)
{
    int64_t first = make_published(ctx, HOUR_MS);
    int64_t second = make_published(ctx, 5 * HOUR_MS);
    int64_t draft = make_draft(ctx, HOUR_MS);
    fixture_advance(ctx, 6 * HOUR_MS);
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_INT_EQUAL(ACTIVITY_ENDED, state_of(ctx, first));
    ASSERT_INT_EQUAL(ACTIVITY_IN_PROGRESS, state_of(ctx, second));
    ASSERT_INT_EQUAL(ACTIVITY_DRAFT, state_of(ctx, draft));
    /* It began, too: who listens hears of both. */
    ASSERT_INT_EQUAL(2, messages(ctx, "activity.started"));
}

FIXTURE_TEST(activity, whose_shifts_are_off_neither_begins_nor_ends)
{
    int64_t id = make_published(ctx, HOUR_MS);
    int64_t shift = signup_fixture_sql(ctx, "SELECT id FROM shift WHERE activity_id = $1", NULL,
                                       ARGS(sql_int(id)));
    call(ctx, HTTP_POST,
         arena_printf(ctx->arena, "/api/v1/admin/shifts/%lld/cancel", (long long)shift),
         "{\"reason\": \"rain\"}");
    ASSERT_INT_EQUAL(1, messages(ctx, "shift.cancelled"));
    fixture_advance(ctx, DAY_MS);
    ASSERT_OK(activity_move_by_time(ctx));
    ASSERT_INT_EQUAL(ACTIVITY_PUBLISHED, state_of(ctx, id));
}

/* ---- Messages ---- */

FIXTURE_TEST(activity, tells_of_changes_only_once_people_see_it)
{
    int64_t id = make_draft(ctx, HOUR_MS);
    call(ctx, HTTP_PATCH, below(ctx, id, ""), "{\"provided\": \"water\"}");
    ASSERT_INT_EQUAL(0, messages(ctx, "activity.changed"));
    call(ctx, HTTP_POST, below(ctx, id, "/publish"), NULL);
    ASSERT_INT_EQUAL(1, messages(ctx, "activity.published"));
    call(ctx, HTTP_PATCH, below(ctx, id, ""), "{\"provided\": \"water\"}");
    ASSERT_INT_EQUAL(0, messages(ctx, "activity.changed"));
    call(ctx, HTTP_PATCH, below(ctx, id, ""), "{\"provided\": \"tea\"}");
    ASSERT_INT_EQUAL(1, messages(ctx, "activity.changed"));
    call(ctx, HTTP_POST, below(ctx, id, "/cancel"), "{\"reason\": \"storm\"}");
    ASSERT_INT_EQUAL(1, messages(ctx, "activity.cancelled"));
    /* Its shifts fall with it, without a message each. */
    ASSERT_INT_EQUAL(0, messages(ctx, "shift.cancelled"));
}

/* ---- Readiness ---- */

FIXTURE_TEST(activity, says_what_it_lacks_before_it_is_published)
{
    int64_t id = id_of(call(ctx, HTTP_POST, "/api/v1/admin/activities",
                            "{\"unit_id\": 1, \"name\": \"x\", \"category\": \"x\", "
                            "\"is_volunteer_service\": true}"));
    const json_t *answer = call(ctx, HTTP_GET, below(ctx, id, "/readiness"), NULL);
    ASSERT(!json_is_true(json_object_get(answer, "ready")));
    ASSERT(json_is_true(json_object_get(answer, "may_publish")));
    ASSERT(json_array_size(json_object_get(answer, "missing")) == 7);
    answer = call(ctx, HTTP_GET, below(ctx, make_draft(ctx, HOUR_MS), "/readiness"), NULL);
    ASSERT(json_is_true(json_object_get(answer, "ready")));
    ASSERT(json_array_size(json_object_get(answer, "missing")) == 0);
}

FIXTURE_TEST(activity, says_who_may_publish_it)
{
    UnitId north = fixture_unit(ctx, UNIT_ROOT, "North");
    Ctx *coordinator = fixture_with_role(ctx, "li.lei", "coordinator", north);
    json_t *answer = NULL;
    ASSERT_OK(fixture_call(coordinator, HTTP_POST, "/api/v1/admin/activities",
                           arena_printf(ctx->arena,
                                        "{\"unit_id\": %lld, \"name\": \"x\", \"category\": \"x\"}",
                                        (long long)north.value),
                           &answer));
    int64_t id = id_of(answer);
    ASSERT_OK(fixture_call(coordinator, HTTP_GET, below(ctx, id, "/readiness"), NULL, &answer));
    ASSERT(!json_is_true(json_object_get(answer, "may_publish")));
    ASSERT(json_is_true(json_object_get(answer, "approval_required")));
    answer = call(ctx, HTTP_GET, below(ctx, id, "/readiness"), NULL);
    ASSERT(json_is_true(json_object_get(answer, "may_publish")));
}
