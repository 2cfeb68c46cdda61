#include "tests/unit/signup_fixture.h"

int64_t signup_fixture_sql(Ctx *ctx, const char *sqlite, const char *postgres, SqlArgs args)
{
    StoreRows *rows = NULL;
    SqlStatement *statement = ARENA_NEW(ctx->arena, SqlStatement);
    *statement = (SqlStatement){.name = sqlite,
                                .sqlite = sqlite,
                                .postgres = postgres != NULL ? postgres : sqlite,
                                .param_count = (int)args.count,
                                .writes = sqlite[0] != 'S'};
    ASSERT_OK(store_query(ctx->db, statement, args, &rows));
    return rows->count == 0 || rows->column_count == 0 ? 0 : row_int(rows, 0, 0);
}

static int64_t make_activity(Ctx *ctx, const SignupFixture *fixture)
{
    return signup_fixture_sql(
        ctx,
        "INSERT INTO activity (unit_id, recording_unit_id, state, state_changed_at, name, "
        "category, "
        "description, place_name, radius_m, is_volunteer_service, visibility, time_zone, "
        "cancel_deadline_minutes, approval, waitlist, offer_minutes, created_at, updated_at, "
        "sign_up_closes_at) "
        "VALUES (1, 1, 'published', $1, 'Cleaning', 'environment', '', 'Park', 100, "
        "(1 = 1), 'public', 'Asia/Shanghai', 1440, $2, $3, 60, $1, $1, $4) RETURNING id",
        NULL,
        ARGS(sql_time(ctx->now),
             sql_text(fixture->approval != NULL ? fixture->approval : "automatic"),
             sql_text(fixture->waitlist != NULL ? fixture->waitlist : "promote"),
             sql_time(fixture->closes_at)));
}

static int64_t make_position(Ctx *ctx, int64_t activity_id, int64_t needed)
{
    return signup_fixture_sql(
        ctx,
        "INSERT INTO activity_position (activity_id, name, needed, required_skills, created_at, "
        "updated_at) VALUES ($1, 'Helper', $2, '[]', $3, $3) RETURNING id",
        NULL, ARGS(sql_int(activity_id), sql_int(needed), sql_time(ctx->now)));
}

static int64_t make_shift(Ctx *ctx, int64_t activity_id, int64_t position_id, TimeMs starts_at,
                          int64_t needed)
{
    int64_t shift_id = signup_fixture_sql(
        ctx,
        "INSERT INTO shift (activity_id, starts_at, ends_at, state, created_at, updated_at) "
        "VALUES ($1, $2, $3, 'planned', $4, $4) RETURNING id",
        NULL,
        ARGS(sql_int(activity_id), sql_time(starts_at), sql_time(starts_at + 2 * HOUR_MS),
             sql_time(ctx->now)));
    signup_fixture_sql(
        ctx, "INSERT INTO shift_place (shift_id, position_id, needed) VALUES ($1, $2, $3)", NULL,
        ARGS(sql_int(shift_id), sql_int(position_id), sql_int(needed)));
    return shift_id;
}

static void make_volunteers(Ctx *ctx, SignupFixture *fixture)
{
    const Settings *settings = NULL;
    StoreRows *rows = NULL;
    static const SqlStatement IDS = {.name = "ids",
                                     .sqlite = "SELECT id FROM volunteer ORDER BY id",
                                     .postgres = "SELECT id FROM volunteer ORDER BY id"};
    ASSERT_OK(setting_load(ctx, &settings));
    ASSERT_OK(volunteer_generate(ctx, (int64_t)fixture->volunteer_count, 7));
    signup_fixture_sql(ctx,
                       "UPDATE volunteer SET state = 'active', birth_date = '1990-05-01', "
                       "consent_version = $1, consent_withdrawn = (1 = 0)",
                       NULL, ARGS(sql_text(settings->privacy_policy_version)));
    ASSERT_OK(store_query(ctx->db, &IDS, NO_ARGS, &rows));
    fixture->volunteers = ARENA_ARRAY(ctx->arena, VolunteerId, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        fixture->volunteers[i].value = row_int(rows, i, 0);
    }
    ASSERT(rows->count >= fixture->volunteer_count);
}

void signup_fixture_make(Ctx *ctx, SignupFixture *fixture)
{
    fixture->activity_id = make_activity(ctx, fixture);
    fixture->position_id = make_position(ctx, fixture->activity_id, fixture->needed);
    fixture->shift_id = make_shift(ctx, fixture->activity_id, fixture->position_id,
                                   ctx->now + FIXTURE_START_AFTER_MS, fixture->needed);
    make_volunteers(ctx, fixture);
}

int64_t signup_fixture_shift(Ctx *ctx, const SignupFixture *fixture, int64_t after_ms,
                             int64_t *ret_position_id)
{
    int64_t activity_id = make_activity(ctx, fixture);
    *ret_position_id = make_position(ctx, activity_id, fixture->needed);
    return make_shift(ctx, activity_id, *ret_position_id,
                      ctx->now + FIXTURE_START_AFTER_MS + after_ms, fixture->needed);
}

Err *signup_fixture_join(Ctx *ctx, const SignupFixture *fixture, size_t volunteer,
                         Signup **ret_signup)
{
    SignupEntry entry = {.volunteer_id = fixture->volunteers[volunteer]};
    TRY(signup_queue_admit(ctx, fixture->shift_id, fixture->position_id, &entry));
    *ret_signup = entry.signup;
    return NULL;
}

void signup_fixture_check(Ctx *ctx)
{
    static const char COUNT[] =
        "SELECT count(*) FROM shift_place t WHERE t.taken > t.needed "
        "OR t.taken <> (SELECT count(*) FROM signup g WHERE g.shift_id = t.shift_id AND "
        "g.position_id = t.position_id AND g.state IN ('approved', 'offered', "
        "'attended', 'absent')) "
        "OR t.waiting <> (SELECT count(*) FROM signup g WHERE g.shift_id = t.shift_id AND "
        "g.position_id = t.position_id AND g.state = 'waitlisted') "
        "OR t.pending <> (SELECT count(*) FROM signup g WHERE g.shift_id = t.shift_id AND "
        "g.position_id = t.position_id AND g.state = 'pending')";
    ASSERT_INT_EQUAL(0, signup_fixture_sql(ctx, COUNT, NULL, NO_ARGS));
}
