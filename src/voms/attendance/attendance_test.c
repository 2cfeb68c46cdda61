#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "port/files.h"
#include "tests/unit/fixture.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/attendance/attendance_test.sql.h"
#include "voms/signup/signup.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/volunteer.h"

/* A shift of three hours that begins in half an hour, at a place with a radius of 200 m. */
typedef struct World {
    AttendanceShift *shift;
    VolunteerId volunteer_id;
    int64_t signup_id;
} World;

static int64_t insert(Ctx *ctx, const SqlStatement *statement, SqlArgs args)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, statement, args, &rows));
    return row_int(rows, 0, 0);
}

static VolunteerId add_volunteer(Ctx *ctx, const char *name)
{
    const Settings *settings = NULL;
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId id = {};
    ASSERT_OK(setting_load(ctx, &settings));
    ConsentGiven consent = {.policy_version = settings->privacy_policy_version};
    VolunteerDraft draft = {.name = name, .unit_id = UNIT_ROOT, .consent = &consent};
    ASSERT_OK(volunteer_insert(ctx, &draft, &entry, &id));
    return id;
}

static int64_t sign_up(Ctx *ctx, int64_t shift_id, VolunteerId id)
{
    int64_t signup_id =
        insert(ctx, &SQL_TEST_SIGNUP_INSERT,
               ARGS(sql_int(shift_id), sql_int(id.value), sql_bool(false), sql_time(ctx->now)));
    ASSERT_OK(store_exec(ctx->db, &SQL_TEST_PLACE_TAKE, ARGS(sql_int(shift_id)), NULL));
    return signup_id;
}

static World make_world(Ctx *ctx)
{
    World world = {};
    SqlValue now = sql_time(ctx->now);
    int64_t activity =
        insert(ctx, &SQL_TEST_ACTIVITY_INSERT, ARGS(sql_int(1), now, sql_bool(true)));
    int64_t position = insert(ctx, &SQL_TEST_POSITION_INSERT, ARGS(sql_int(activity), now));
    int64_t shift = insert(ctx, &SQL_TEST_SHIFT_INSERT,
                           ARGS(sql_int(activity), sql_time(ctx->now + 30 * MINUTE_MS),
                                sql_time(ctx->now + 210 * MINUTE_MS), now));
    ASSERT_OK(
        store_exec(ctx->db, &SQL_TEST_PLACE_INSERT, ARGS(sql_int(shift), sql_int(position)), NULL));
    world.volunteer_id = add_volunteer(ctx, "张三");
    world.signup_id = sign_up(ctx, shift, world.volunteer_id);
    ASSERT_OK(attendance_find_shift(ctx, shift, &world.shift));
    return world;
}

static AttendanceTap tap_of(Ctx *ctx, const World *world, AttendanceDirection direction,
                            const char *method)
{
    return (AttendanceTap){.volunteer_id = world->volunteer_id,
                           .direction = direction,
                           .end = {.at = ctx->now, .method = method}};
}

static Attendance *current(Ctx *ctx, const World *world)
{
    Attendance *attendance = NULL;
    ASSERT_OK(attendance_find_current(ctx, world->shift->id, world->volunteer_id, &attendance));
    return attendance;
}

static const char *signup_state(Ctx *ctx, const World *world)
{
    StoreRows *rows = NULL;
    ASSERT_OK(store_query(ctx->db, &SQL_TEST_SIGNUP_STATE, ARGS(sql_int(world->signup_id)), &rows));
    return row_text(rows, 0, 0);
}

static int64_t messages(Ctx *ctx, const char *subject)
{
    return insert(ctx, &SQL_TEST_COUNT_MESSAGES, ARGS(sql_text(subject)));
}

#define ASSERT_REFUSED(expected_code, expression)                                                  \
    do {                                                                                           \
        const Err *refused_ = (expression);                                                        \
        ASSERT(refused_ != NULL);                                                                  \
        ASSERT_STR_EQUAL(expected_code, refused_->code);                                           \
    } while (0)

FIXTURE_TEST(attendance, goes_from_check_in_to_check_out)
{
    World world = make_world(ctx);
    int64_t id = 0;
    AttendanceTap in = tap_of(ctx, &world, ATTENDANCE_IN, "rotating_code");
    AttendanceTap early_out = tap_of(ctx, &world, ATTENDANCE_OUT, "rotating_code");
    ASSERT_REFUSED("not_checked_in", attendance_record(ctx, world.shift, &early_out, &id));
    in.step = 7;
    ASSERT_OK(attendance_record(ctx, world.shift, &in, &id));
    ASSERT_STR_EQUAL("attended", signup_state(ctx, &world));
    in.step = 8;
    ASSERT_REFUSED("already_checked_in", attendance_record(ctx, world.shift, &in, &id));
    fixture_advance(ctx, 125 * MINUTE_MS + 30 * SECOND_MS);
    AttendanceTap out = tap_of(ctx, &world, ATTENDANCE_OUT, "geofence");
    ASSERT_OK(attendance_record(ctx, world.shift, &out, &id));
    Attendance *attendance = current(ctx, &world);
    ASSERT_INT_EQUAL(ATTENDANCE_COMPLETED, attendance->state);
    ASSERT_INT_EQUAL(125, attendance->minutes);
    ASSERT_STR_EQUAL("A", attendance->grade);
    ASSERT_INT_EQUAL(ATTENDANCE_REVIEW_NONE, attendance->review);
    ASSERT_REFUSED("already_checked_out", attendance_record(ctx, world.shift, &out, &id));
    ASSERT_INT_EQUAL(2, messages(ctx, "attendance.recorded"));
}

FIXTURE_TEST(attendance, needs_a_sign_up_and_the_window)
{
    World world = make_world(ctx);
    int64_t id = 0;
    AttendanceTap stranger = tap_of(ctx, &world, ATTENDANCE_IN, "front_desk");
    stranger.volunteer_id = add_volunteer(ctx, "李四");
    ASSERT_REFUSED("not_signed_up", attendance_record(ctx, world.shift, &stranger, &id));
    AttendanceTap in = tap_of(ctx, &world, ATTENDANCE_IN, "front_desk");
    in.end.at = world.shift->starts_at - HOUR_MS - 1;
    ASSERT_REFUSED("too_early", attendance_record(ctx, world.shift, &in, &id));
    in.end.at = world.shift->ends_at + 2 * HOUR_MS + 1;
    ASSERT_REFUSED("window_closed", attendance_record(ctx, world.shift, &in, &id));
}

FIXTURE_TEST(attendance, takes_a_code_one_step_off_and_no_further)
{
    World world = make_world(ctx);
    const char *secret = NULL;
    AttendanceCode code = {.shift_id = world.shift->id, .direction = ATTENDANCE_IN};
    int64_t step = ctx->now / SECOND_MS / ATTENDANCE_STEP_SECONDS;
    int64_t found = 0;
    ASSERT_OK(attendance_code_secret(ctx, world.shift->id, ATTENDANCE_IN, false, &secret));
    for (int64_t off = -1; off <= 1; off++) {
        attendance_code_at(secret, step + off, code.code);
        ASSERT_OK(attendance_code_check(ctx, &code, &found));
    }
    attendance_code_at(secret, step - 2, code.code);
    ASSERT_ERR(ERR_INVALID, attendance_code_check(ctx, &code, &found));
    attendance_code_at(secret, step, code.code);
    code.direction = ATTENDANCE_OUT;
    ASSERT_ERR(ERR_INVALID, attendance_code_check(ctx, &code, &found));
    for (int i = 0; i < 30; i++) {
        err_ignore(attendance_code_check(ctx, &code, &found), "until it is too much");
    }
    ASSERT_ERR(ERR_LIMITED, attendance_code_check(ctx, &code, &found));
}

FIXTURE_TEST(attendance, keeps_of_a_position_only_the_distance)
{
    World world = make_world(ctx);
    AttendanceEnd end = {};
    AttendancePosition near = {.latitude = 30.501, .longitude = 114.3}; /* 111 m */
    AttendancePosition far = {.latitude = 30.51, .longitude = 114.3};   /* 1,112 m */
    ASSERT_OK(attendance_locate(ctx, world.shift, &near, true, &end));
    ASSERT_STR_EQUAL("110", end.distance_m);
    ASSERT_STR_EQUAL("true", end.inside);
    ASSERT_REFUSED("outside", attendance_locate(ctx, world.shift, &far, true, &end));
    ASSERT_OK(attendance_locate(ctx, world.shift, &far, false, &end));
    ASSERT_STR_EQUAL("false", end.inside);
    ASSERT_REFUSED("position_needed", attendance_locate(ctx, world.shift, NULL, true, &end));
}

FIXTURE_TEST(attendance, is_closed_when_the_check_out_was_forgotten)
{
    World world = make_world(ctx);
    int64_t id = 0;
    AttendanceTap in = tap_of(ctx, &world, ATTENDANCE_IN, "rotating_code");
    ASSERT_OK(attendance_record(ctx, world.shift, &in, &id));
    fixture_advance(ctx, 5 * HOUR_MS);
    ASSERT_OK(attendance_close_forgotten(ctx));
    ASSERT_INT_EQUAL(ATTENDANCE_PRESENT, current(ctx, &world)->state);
    fixture_advance(ctx, 3 * DAY_MS); /* the program was down */
    ASSERT_OK(attendance_close_forgotten(ctx));
    ASSERT_OK(attendance_close_forgotten(ctx));
    Attendance *attendance = current(ctx, &world);
    ASSERT_INT_EQUAL(world.shift->ends_at, attendance->check_out.at);
    ASSERT_STR_EQUAL("automatic", attendance->check_out.method);
    ASSERT_STR_EQUAL("C", attendance->grade);
    ASSERT_INT_EQUAL(ATTENDANCE_REVIEW_NEEDED, attendance->review);
    ASSERT_INT_EQUAL(1, messages(ctx, "attendance.missing"));
}

FIXTURE_TEST(attendance, marks_who_did_not_come_once)
{
    World world = make_world(ctx);
    StoreRows *rows = NULL;
    ASSERT_OK(attendance_mark_absent(ctx));
    ASSERT(current(ctx, &world) == NULL);
    fixture_advance(ctx, 6 * HOUR_MS);
    ASSERT_OK(attendance_mark_absent(ctx));
    ASSERT_OK(attendance_mark_absent(ctx));
    ASSERT_INT_EQUAL(ATTENDANCE_ABSENT, current(ctx, &world)->state);
    ASSERT_STR_EQUAL("absent", signup_state(ctx, &world));
    ASSERT_INT_EQUAL(1, messages(ctx, "attendance.missing"));
    ASSERT_OK(store_query(ctx->db, &SQL_TEST_PLACE_TAKEN, ARGS(sql_int(world.shift->id)), &rows));
    /* An approved place stays taken. */
    ASSERT_INT_EQUAL(1, row_int(rows, 0, 0));
}

FIXTURE_TEST(attendance, taken_back_absence_is_not_marked_again)
{
    World world = make_world(ctx);
    fixture_advance(ctx, 6 * HOUR_MS);
    ASSERT_OK(attendance_mark_absent(ctx));
    Attendance *absent = current(ctx, &world);
    absent->state = ATTENDANCE_VOIDED;
    ASSERT_OK(attendance_update(ctx, absent));
    ASSERT_OK(signup_mark(ctx, world.signup_id, SIGNUP_APPROVED));
    ASSERT_OK(attendance_mark_absent(ctx));
    ASSERT(current(ctx, &world) == NULL);
    ASSERT_STR_EQUAL("approved", signup_state(ctx, &world));
}

FIXTURE_TEST(attendance, change_on_an_old_version_is_repeated)
{
    World world = make_world(ctx);
    int64_t id = 0;
    AttendanceTap in = tap_of(ctx, &world, ATTENDANCE_IN, "kiosk");
    ASSERT_OK(attendance_record(ctx, world.shift, &in, &id));
    Attendance *one = current(ctx, &world);
    Attendance *other = current(ctx, &world);
    ASSERT_OK(attendance_update(ctx, one));
    ASSERT_ERR(ERR_BUSY, attendance_update(ctx, other));
    ASSERT_ERR(ERR_BUSY, attendance_insert(ctx, one, &id));
}

/* ---- Files ---- */

static const char *write_file(Ctx *ctx, const char *bytes, size_t length)
{
    const char *path = arena_printf(ctx->arena, "%s/upload", ctx->services->data_dir);
    FILE *file = fopen(path, "wb");
    ASSERT(file != NULL);
    ASSERT_INT_EQUAL(length, fwrite(bytes, 1, length, file));
    fclose(file);
    return path;
}

FIXTURE_TEST(attendance, evidence_is_known_by_its_first_bytes)
{
    static const char PNG[] = "\x89PNG\r\n\x1A\n and more";
    StoredBytes stored = {};
    struct stat status;
    const char *dir = ctx->services->data_dir;
    const char *path = write_file(ctx, "<html>", 6);
    ASSERT_ERR(ERR_UNSUPPORTED, files_take(ctx->arena, dir, path, &stored));
    path = write_file(ctx, "", 0);
    ASSERT_ERR(ERR_INVALID, files_take(ctx->arena, dir, path, &stored));
    path = write_file(ctx, PNG, sizeof(PNG) - 1);
    ASSERT_OK(files_take(ctx->arena, dir, path, &stored));
    ASSERT_STR_EQUAL("image/png", stored.content_type);
    ASSERT_INT_EQUAL(sizeof(PNG) - 1, stored.size_bytes);
    ASSERT(stat(files_path(ctx->arena, dir, stored.name), &status) == 0);
    ASSERT_INT_EQUAL(0600, status.st_mode & 0777);
    ASSERT_OK(files_remove(ctx->arena, dir, stored.name));
    ASSERT_OK(files_remove(ctx->arena, dir, stored.name));
    ASSERT(stat(files_path(ctx->arena, dir, stored.name), &status) != 0);
}

static const char *store_file(Ctx *ctx, bool recorded)
{
    static const char PNG[] = "\x89PNG\r\n\x1A\n and more";
    StoredBytes stored = {};
    const char *path = write_file(ctx, PNG, sizeof(PNG) - 1);
    ASSERT_OK(files_take(ctx->arena, ctx->services->data_dir, path, &stored));
    if (recorded) {
        insert(ctx, &SQL_TEST_FILE_INSERT, ARGS(sql_text(stored.name), sql_time(ctx->now)));
    }
    return files_path(ctx->arena, ctx->services->data_dir, stored.name);
}

static bool is_there(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* What a crash between the two leaves. */
FIXTURE_TEST(attendance, file_that_no_record_names_is_removed_after_a_day)
{
    const char *recorded = store_file(ctx, true);
    const char *stray = store_file(ctx, false);
    const char *foreign = arena_printf(ctx->arena, "%s/files/README", ctx->services->data_dir);
    ASSERT(rename(write_file(ctx, "x", 1), foreign) == 0);
    ASSERT_OK(attendance_clean_files(ctx));
    ASSERT(is_there(stray));
    fixture_advance(ctx, DAY_MS + MINUTE_MS);
    ASSERT_OK(attendance_clean_files(ctx));
    ASSERT(!is_there(stray));
    ASSERT(is_there(recorded));
    ASSERT(is_there(foreign));
}

FIXTURE_TEST(attendance, files_are_listed_in_pages_by_name)
{
    FileNames names = {};
    const char *after = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < 5; i++) {
        store_file(ctx, false);
    }
    do {
        ASSERT_OK(files_list_old(ctx->arena, ctx->services->data_dir, ctx->now + DAY_MS, after, 2,
                                 &names));
        for (size_t i = 0; i < names.count; i++) {
            ASSERT(after == NULL || strcmp(after, names.names[i]) < 0);
            after = names.names[i];
            seen++;
        }
    } while (names.count > 0);
    ASSERT_INT_EQUAL(5, seen);
    ASSERT_OK(
        files_list_old(ctx->arena, ctx->services->data_dir, ctx->now - DAY_MS, NULL, 2, &names));
    ASSERT_INT_EQUAL(0, names.count);
}

TEST(attendance, evidence_is_of_four_kinds)
{
    ASSERT_STR_EQUAL("image/jpeg", files_content_type("\xFF\xD8\xFF\xE0", 4));
    ASSERT_STR_EQUAL("image/webp", files_content_type("RIFF\1\2\3\4WEBPVP8 ", 16));
    ASSERT_STR_EQUAL("application/pdf", files_content_type("%PDF-1.7", 8));
    ASSERT(files_content_type("RIFF\1\2\3\4WAVE", 12) == NULL);
    ASSERT(files_content_type("\xFF\xD8", 2) == NULL);
    ASSERT(files_content_type("", 0) == NULL);
}
