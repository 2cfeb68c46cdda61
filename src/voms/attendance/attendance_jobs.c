/* Schedules: forgotten check-outs, no-shows, files that nobody used. */
#include <inttypes.h>

#include "base/log.h"
#include "port/files.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/setting/setting.h"
#include "voms/signup/signup.h"

#define BATCH 200 /* of one transaction */
#define UNUSED_FILE_MS (7 * DAY_MS)

YIELDS static Err *window_end(Ctx *ctx, TimeMs *ret_before)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    *ret_before = ctx->now - settings->attendance_after_minutes * MINUTE_MS;
    return NULL;
}

typedef struct Batch {
    Ctx *ctx;
    const SqlStatement *statement;
    Err *(*handle)(Ctx *ctx, const StoreRows *rows, size_t row);
    TimeMs before;
    int64_t after_id; /* where the batch begins */
    int64_t last_id;  /* where it ended */
    size_t count;
} Batch;

/* StoreWork. */
YIELDS static Err *run_batch(Db *db, void *arg)
{
    Batch *batch = arg;
    StoreRows *rows = NULL;
    TRY(store_query(db, batch->statement,
                    ARGS(sql_time(batch->before), sql_int(batch->after_id), sql_int(BATCH)),
                    &rows));
    batch->count = rows->count;
    batch->last_id = rows->count == 0 ? batch->after_id : row_int(rows, rows->count - 1, 0);
    for (size_t i = 0; i < rows->count; i++) {
        TRY(batch->handle(batch->ctx, rows, i));
    }
    return NULL;
}

YIELDS static Err *run_all(Batch *batch)
{
    do {
        batch->after_id = batch->last_id;
        TRY(store_transact(batch->ctx->db, run_batch, batch));
    } while (batch->count == BATCH);
    return NULL;
}

/* ---- Forgotten check-outs ---- */

YIELDS static Err *close_one(Ctx *ctx, const StoreRows *rows, size_t row)
{
    Attendance *attendance = NULL;
    TRY(attendance_find(ctx, row_int(rows, row, 0), &attendance));
    if (attendance->state != ATTENDANCE_PRESENT) {
        return NULL;
    }
    attendance->check_out =
        (AttendanceEnd){.at = MAX(attendance->shift_ends_at, attendance->check_in.at),
                        .method = "automatic"};
    attendance_rules_complete(attendance);
    TRY(attendance_update(ctx, attendance));
    return attendance_publish(ctx, "attendance.missing", attendance, "check_out");
}

YIELDS Err *attendance_close_forgotten(Ctx *ctx)
{
    Batch batch = {.ctx = ctx, .statement = &SQL_ATTENDANCE_LIST_FORGOTTEN, .handle = close_one};
    TRY(window_end(ctx, &batch.before));
    return run_all(&batch);
}

/* ---- No-shows ---- */

YIELDS static Err *mark_one(Ctx *ctx, const StoreRows *rows, size_t row)
{
    AttendanceShift *shift = NULL;
    Attendance absent = {.signup_id = row_int(rows, row, 0),
                         .shift_id = row_int(rows, row, 1),
                         .volunteer_id = {row_int(rows, row, 2)},
                         .state = ATTENDANCE_ABSENT};
    TRY(attendance_find_shift(ctx, absent.shift_id, &shift));
    absent.activity_id = shift->activity_id;
    TRY(attendance_insert(ctx, &absent, &absent.id));
    TRY(signup_mark(ctx, absent.signup_id, SIGNUP_ABSENT));
    return attendance_publish(ctx, "attendance.missing", &absent, "absent");
}

YIELDS Err *attendance_mark_absent(Ctx *ctx)
{
    Batch batch = {.ctx = ctx, .statement = &SQL_ATTENDANCE_LIST_MISSING, .handle = mark_one};
    TRY(window_end(ctx, &batch.before));
    return run_all(&batch);
}

/* ---- Files ---- */

/* The record first: who finds the file by it would find nothing. What a crash leaves is only a file
 * that no record names: clean_strays finds it. */
YIELDS static Err *forget_file(Ctx *ctx, int64_t id, const char *name)
{
    TRY(store_exec(ctx->db, &SQL_STORED_FILE_DELETE, ARGS(sql_int(id)), NULL));
    return files_remove(ctx->arena, ctx->services->data_dir, name);
}

YIELDS static Err *clean_stray(Ctx *ctx, const char *name)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_STORED_FILE_BY_NAME, ARGS(sql_text(name)), &rows));
    return rows->count > 0 ? NULL : files_remove(ctx->arena, ctx->services->data_dir, name);
}

/* A crash between the file and its record leaves a file alone. One of today may be on its way. */
YIELDS static Err *clean_strays(Ctx *ctx)
{
    FileNames strays = {};
    const char *after = NULL;
    do {
        TRY(files_list_old(ctx->arena, ctx->services->data_dir, ctx->now - DAY_MS, after, BATCH,
                           &strays));
        for (size_t i = 0; i < strays.count; i++) {
            after = strays.names[i];
            TRY(clean_stray(ctx, after));
        }
    } while (strays.count == BATCH);
    return NULL;
}

YIELDS Err *attendance_clean_files(Ctx *ctx)
{
    StoreRows *rows = NULL;
    TRY(clean_strays(ctx));
    TRY(store_query(ctx->db, &SQL_STORED_FILE_LIST_UNUSED,
                    ARGS(sql_time(ctx->now - UNUSED_FILE_MS), sql_int(0), sql_int(BATCH)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        TRY(forget_file(ctx, row_int(rows, i, 0), row_text(rows, i, 1)));
    }
    return NULL;
}
