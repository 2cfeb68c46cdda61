/* Two volunteers become one: their attendances. */
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"

/* What is known of it: the better known one stays. */
static int rank(const Attendance *attendance)
{
    return attendance->state == ATTENDANCE_COMPLETED ? 2
           : attendance->state == ATTENDANCE_PRESENT ? 1
                                                     : 0;
}

YIELDS static Err *void_one(Ctx *ctx, const Attendance *before, const char *reason)
{
    Attendance after = *before;
    after.state = ATTENDANCE_VOIDED;
    after.review = ATTENDANCE_REVIEW_NONE;
    return attendance_write_change(ctx, "attendance.void", before, &after, reason);
}

YIELDS Err *attendance_move(Ctx *ctx, VolunteerId from, VolunteerId to, const char *reason)
{
    StoreRows *rows = NULL;
    SqlArgs both = ARGS(sql_int(from.value), sql_int(to.value));
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_TWINS, both, &rows));
    for (size_t i = 0; i < rows->count; i++) {
        Attendance *theirs = NULL;
        Attendance *mine = NULL;
        TRY(attendance_find(ctx, row_int(rows, i, 0), &theirs));
        TRY(attendance_find(ctx, row_int(rows, i, 1), &mine));
        TRY(void_one(ctx, rank(theirs) > rank(mine) ? mine : theirs, reason));
    }
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_MOVE,
                   ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), NULL));
    /* Where the sign-up of the one stayed and the attendance of the other, they belong together. */
    return store_exec(ctx->db, &SQL_ATTENDANCE_FOLLOW_SIGNUP, ARGS(sql_int(to.value)), NULL);
}
