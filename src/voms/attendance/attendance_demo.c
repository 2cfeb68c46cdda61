/* Who came in the demonstration organisation: most by the rotating code, some by the front desk;
 * some forgot to check out, some did not come. */
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"

typedef struct Demo {
    Ctx *ctx;
    TimeMs now;
    AttendanceShift *shift; /* the last one that was looked up */
} Demo;

YIELDS static Err *tap(Demo *demo, VolunteerId volunteer, AttendanceDirection direction, TimeMs at,
                       const char *method)
{
    int64_t id = 0;
    AttendanceTap made = {.volunteer_id = volunteer,
                          .direction = direction,
                          .end = {.at = at, .method = method}};
    if (at > demo->now) {
        return NULL;
    }
    demo->ctx->now = at;
    return attendance_record(demo->ctx, demo->shift, &made, &id);
}

YIELDS static Err *come(Demo *demo, VolunteerId volunteer, int64_t index)
{
    const char *in = index % 5 == 4 ? "front_desk" : "rotating_code";
    const char *out = index % 7 == 6 ? "front_desk" : "rotating_code";
    TimeMs from = demo->shift->starts_at + (index * 7 % 20 - 14) * MINUTE_MS;
    TimeMs to = demo->shift->ends_at + (index * 5 % 18 - 6) * MINUTE_MS;
    if (index % 13 == 12) {
        return NULL; /* marked as absent below */
    }
    TRY(tap(demo, volunteer, ATTENDANCE_IN, from, in));
    return index % 17 == 16 ? NULL : tap(demo, volunteer, ATTENDANCE_OUT, to, out);
}

YIELDS static Err *record_all(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    Demo demo = {.ctx = &ctx, .now = ctx.now};
    StoreRows *rows = NULL;
    ctx.db = db;
    TRY(store_query(db, &SQL_ATTENDANCE_DEMO_EXPECTED, ARGS(sql_time(ctx.now)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        int64_t shift_id = row_int(rows, i, 0);
        if (demo.shift == NULL || demo.shift->id != shift_id) {
            TRY(attendance_find_shift(&ctx, shift_id, &demo.shift));
        }
        TRY(come(&demo, (VolunteerId){row_int(rows, i, 1)}, (int64_t)i));
    }
    return NULL;
}

YIELDS Err *attendance_demo(Ctx *ctx)
{
    TRY(store_transact(ctx->db, record_all, ctx));
    TRY(attendance_close_forgotten(ctx));
    return attendance_mark_absent(ctx);
}
