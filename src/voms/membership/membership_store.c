/* Rows and memberships. */
#include <inttypes.h>

#include "voms/audit/audit.h"
#include "voms/membership/membership.sql.h"
#include "voms/membership/membership_internal.h"
#include "voms/unit/unit.h"

static const Field MEMBERSHIP_FIELDS[] = {
    FIELD(Membership, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(Membership, volunteer_id, FIELD_ID, .zh = "志愿者ID", .en = "Volunteer id"),
    FIELD(Membership, volunteer_number, FIELD_TEXT, .zh = "志愿者编号", .en = "Volunteer number"),
    FIELD(Membership, volunteer_name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(Membership, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(Membership, unit_name, FIELD_TEXT, .zh = "单位", .en = "Unit"),
    FIELD(Membership, state, FIELD_CHOICE, .choices = membership_states, .zh = "状态",
          .en = "State"),
    FIELD(Membership, reason, FIELD_TEXT, .zh = "原因", .en = "Reason"),
    FIELD(Membership, leave_requested_at, FIELD_TIME, .zh = "申请退出时间",
          .en = "Asked to leave at"),
    FIELD(Membership, joined_at, FIELD_TIME, .zh = "加入时间", .en = "Joined at"),
    FIELD(Membership, left_at, FIELD_TIME, .zh = "退出时间", .en = "Left at"),
    FIELD(Membership, decided_by, FIELD_ID, .zh = "审批账号", .en = "Decided by"),
    FIELD(Membership, decided_at, FIELD_TIME, .zh = "审批时间", .en = "Decided at"),
    FIELD(Membership, created_at, FIELD_TIME, .zh = "创建时间", .en = "Created at"),
    FIELD(Membership, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(Membership, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape membership_shape = SHAPE(Membership, MEMBERSHIP_FIELDS);

/* ---- New ones ---- */

static SqlArgs seed_args(Ctx *ctx, const MembershipSeed *seed)
{
    bool active = seed->state == MEMBERSHIP_ACTIVE;
    SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, 7);
    values[0] = sql_int(seed->volunteer_id.value);
    values[1] = sql_int(seed->unit_id.value);
    values[2] = sql_text(membership_states[seed->state]);
    values[3] = sql_null();
    values[4] = active ? sql_time(seed->at) : sql_null();
    values[5] = active ? sql_id(ctx->caller.account_id.value) : sql_null();
    values[6] = sql_time(seed->at);
    return (SqlArgs){.values = values, .count = 7};
}

YIELDS Err *membership_insert_many(Ctx *ctx, const MembershipSeed *seeds, size_t count)
{
    SqlArgs *args = ARENA_ARRAY(ctx->arena, SqlArgs, count);
    for (size_t i = 0; i < count; i++) {
        args[i] = seed_args(ctx, &seeds[i]);
    }
    return store_exec_many(ctx->db, &SQL_MEMBERSHIP_INSERT, args, count, NULL);
}

YIELDS static Err *find_current(Ctx *ctx, VolunteerId volunteer_id, UnitId unit_id, int64_t *ret_id,
                                int *ret_state)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_MEMBERSHIP_CURRENT,
                    ARGS(sql_int(volunteer_id.value), sql_int(unit_id.value)), &rows));
    *ret_id = rows->count == 0 ? 0 : row_int(rows, 0, 0);
    *ret_state = rows->count == 0 ? -1 : choice_index(membership_states, row_text(rows, 0, 1));
    return NULL;
}

static Err *exists(Ctx *ctx, int state)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "membership_exists", "there is a membership already");
    err->current = state < 0 ? NULL : membership_states[state];
    return err;
}

YIELDS static Err *check_unit(Ctx *ctx, UnitId unit_id)
{
    Unit *unit = NULL;
    Err *err = unit_find(ctx, unit_id, &unit);
    if (err_is(err, ERR_NOT_FOUND)) {
        err = NULL;
        err_add_field(ctx->arena, &err, "unit_id", "unit_not_found", NULL);
    }
    return err;
}

YIELDS static Err *insert_one(Ctx *ctx, const MembershipRequest *request, MembershipState state,
                              int64_t *ret_id)
{
    bool active = state == MEMBERSHIP_ACTIVE;
    int64_t affected = 0;
    int found = -1;
    TRY(store_exec(ctx->db, &SQL_MEMBERSHIP_INSERT,
                   ARGS(sql_int(request->volunteer_id.value), sql_int(request->unit_id.value),
                        sql_text(membership_states[state]), sql_text(request->reason),
                        active ? sql_time(ctx->now) : sql_null(),
                        request->by_staff ? sql_id(ctx->caller.account_id.value) : sql_null(),
                        sql_time(ctx->now)),
                   &affected));
    TRY(find_current(ctx, request->volunteer_id, request->unit_id, ret_id, &found));
    return affected == 1 && *ret_id != 0 ? NULL : exists(ctx, found);
}

YIELDS Err *membership_publish(Ctx *ctx, const char *subject, const Membership *membership)
{
    const char *payload =
        arena_printf(ctx->arena,
                     "{\"membership_id\":%" PRId64 ",\"volunteer_id\":%" PRId64
                     ",\"unit_id\":%" PRId64 ",\"state\":\"%s\"}",
                     membership->id, membership->volunteer_id.value, membership->unit_id.value,
                     membership_states[membership->state]);
    return bus_publish(ctx->db, subject,
                       arena_printf(ctx->arena, "membership:%" PRId64, membership->id), payload);
}

/* History of the volunteer, audit of the unit. */
YIELDS Err *membership_tell(Ctx *ctx, const Membership *membership, const char *action,
                            const char *reason, const char *before)
{
    const char *state = membership_states[membership->state];
    const char *changes =
        before == NULL
            ? arena_printf(ctx->arena,
                           "{\"membership.%" PRId64 "\":{\"after\":\"%s\",\"before\":null}}",
                           membership->unit_id.value, state)
            : arena_printf(ctx->arena,
                           "{\"membership.%" PRId64 "\":{\"after\":\"%s\",\"before\":\"%s\"}}",
                           membership->unit_id.value, state, before);
    TRY(volunteer_history_add(ctx, membership->volunteer_id, action, reason, changes));
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "membership",
                                           .object_id = membership->id,
                                           .unit_id = membership->unit_id,
                                           .purpose = reason,
                                           .changes = changes});
}

YIELDS static Err *begin(Ctx *ctx, const MembershipRequest *request, MembershipState state,
                         int64_t *ret_id)
{
    TRY(insert_one(ctx, request, state, ret_id));
    Membership made = {.id = *ret_id,
                       .volunteer_id = request->volunteer_id,
                       .unit_id = request->unit_id,
                       .state = (int)state};
    TRY(membership_tell(ctx, &made, "membership.join", request->reason, NULL));
    return membership_publish(ctx, "membership.joined", &made);
}

YIELDS Err *membership_join(Ctx *ctx, const MembershipRequest *request, int64_t *ret_id)
{
    int64_t id = 0;
    int found = -1;
    const Settings *settings = NULL;
    TRY(check_unit(ctx, request->unit_id));
    TRY(find_current(ctx, request->volunteer_id, request->unit_id, &id, &found));
    if (id != 0) {
        return exists(ctx, found);
    }
    TRY(setting_load(ctx, &settings));
    bool waits = settings->membership_approval_join && !request->by_staff;
    return begin(ctx, request, waits ? MEMBERSHIP_APPLIED : MEMBERSHIP_ACTIVE, ret_id);
}

YIELDS Err *membership_ensure(Ctx *ctx, VolunteerId volunteer_id, UnitId unit_id,
                              const char *reason)
{
    int64_t id = 0;
    int found = -1;
    TRY(find_current(ctx, volunteer_id, unit_id, &id, &found));
    if (id == 0) {
        MembershipRequest request = {
            .volunteer_id = volunteer_id, .unit_id = unit_id, .reason = reason, .by_staff = true};
        return begin(ctx, &request, MEMBERSHIP_ACTIVE, &id);
    }
    if (found == MEMBERSHIP_ACTIVE) {
        return NULL;
    }
    Membership *membership = NULL;
    TRY(membership_find(ctx, id, &membership));
    return membership_set_state(ctx, membership, MEMBERSHIP_ACTIVE, reason);
}

/* ---- Changes ---- */

YIELDS Err *membership_write(Ctx *ctx, const Membership *membership)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_MEMBERSHIP_UPDATE,
                   ARGS(sql_int(membership->id), sql_int(membership->version),
                        sql_text(membership_states[membership->state]),
                        sql_text(membership->reason), sql_time(membership->leave_requested_at),
                        sql_time(membership->joined_at), sql_time(membership->left_at),
                        sql_id(membership->decided_by.value), sql_time(membership->decided_at),
                        sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile",
                   "membership %" PRId64 " changed meanwhile", membership->id);
    }
    return NULL;
}

YIELDS Err *membership_set_state(Ctx *ctx, const Membership *membership, MembershipState state,
                                 const char *reason)
{
    Membership after = *membership;
    after.state = (int)state;
    after.reason = reason;
    after.decided_by = ctx->caller.account_id;
    after.decided_at = ctx->now;
    if (state == MEMBERSHIP_ACTIVE && after.joined_at == 0) {
        after.joined_at = ctx->now;
    }
    if (state == MEMBERSHIP_LEFT) {
        after.left_at = ctx->now;
    }
    if (state == MEMBERSHIP_LEFT || state == MEMBERSHIP_REJECTED) {
        after.leave_requested_at = 0;
    }
    TRY(membership_write(ctx, &after));
    TRY(membership_tell(ctx, &after, "membership.state", reason,
                        membership_states[membership->state]));
    return membership_publish(ctx, "membership.decided", &after);
}

YIELDS Err *membership_decide_application(Ctx *ctx, VolunteerId volunteer_id, bool approve,
                                          const char *reason)
{
    return store_exec(
        ctx->db, &SQL_MEMBERSHIP_DECIDE_APPLIED,
        ARGS(sql_int(volunteer_id.value),
             sql_text(membership_states[approve ? MEMBERSHIP_ACTIVE : MEMBERSHIP_REJECTED]),
             sql_text(reason), approve ? sql_time(ctx->now) : sql_null(),
             sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
        NULL);
}

YIELDS Err *membership_end_all(Ctx *ctx, VolunteerId volunteer_id, const char *reason)
{
    return store_exec(ctx->db, &SQL_MEMBERSHIP_END_ALL,
                      ARGS(sql_int(volunteer_id.value), sql_text(reason), sql_time(ctx->now),
                           sql_id(ctx->caller.account_id.value)),
                      NULL);
}

YIELDS Err *membership_anonymise(Ctx *ctx, VolunteerId volunteer_id)
{
    return store_exec(ctx->db, &SQL_MEMBERSHIP_ANONYMISE, ARGS(sql_int(volunteer_id.value)), NULL);
}

YIELDS Err *membership_move(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    TRY(store_exec(ctx->db, &SQL_MEMBERSHIP_END_DOUBLES,
                   ARGS(sql_int(from.value), sql_int(to.value), sql_time(ctx->now)), NULL));
    return store_exec(ctx->db, &SQL_MEMBERSHIP_MOVE, ARGS(sql_int(from.value), sql_int(to.value)),
                      NULL);
}

YIELDS Err *membership_leave(Ctx *ctx, const Membership *membership, const char *reason)
{
    const Settings *settings = NULL;
    bool asked = membership->leave_requested_at != 0;
    if (membership->state == MEMBERSHIP_APPLIED) {
        return membership_set_state(ctx, membership, MEMBERSHIP_LEFT, reason);
    }
    if (asked || !membership_rules_may_become(membership->state, MEMBERSHIP_LEFT)) {
        return membership_conflict(ctx, membership);
    }
    TRY(setting_load(ctx, &settings));
    if (!settings->membership_approval_leave) {
        return membership_set_state(ctx, membership, MEMBERSHIP_LEFT, reason);
    }
    Membership after = *membership;
    after.leave_requested_at = ctx->now;
    after.reason = reason;
    TRY(membership_write(ctx, &after));
    TRY(membership_tell(ctx, &after, "membership.leave", reason,
                        membership_states[membership->state]));
    return membership_publish(ctx, "membership.leave_requested", &after);
}

Err *membership_conflict(Ctx *ctx, const Membership *membership)
{
    const char *state = membership_states[membership->state];
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "membership %" PRId64 " is %s",
                   membership->id, state);
    err->current = err->param = state;
    return err;
}

/* ---- Finding ---- */

YIELDS Err *membership_find(Ctx *ctx, int64_t id, Membership **ret_membership)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_MEMBERSHIP_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "membership_not_found", "no membership %" PRId64, id);
    }
    Membership *membership = ARENA_NEW(ctx->arena, Membership);
    shape_from_row(ctx->arena, &membership_shape, rows, 0, membership);
    *ret_membership = membership;
    return NULL;
}

YIELDS Err *membership_list_of(Ctx *ctx, VolunteerId volunteer_id, int64_t before_id, int64_t limit,
                               ObjectList *ret_memberships)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_MEMBERSHIP_LIST_OF,
                    ARGS(sql_int(volunteer_id.value),
                         sql_int(before_id == 0 ? INT64_MAX : before_id), sql_int(limit)),
                    &rows));
    *ret_memberships = shape_from_rows(ctx->arena, &membership_shape, rows);
    return NULL;
}

YIELDS Err *membership_count_of(Ctx *ctx, VolunteerId volunteer_id, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_MEMBERSHIP_COUNT_OF, ARGS(sql_int(volunteer_id.value)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

/* ---- The list of staff ---- */

static void add_filters(SqlBuilder *builder, Ctx *ctx, const MembershipQuery *query)
{
    AccessConfinement confined = access_confine(ctx, query->permission);
    if (confined.account != 0) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (query->unit_id.value > 1) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->state == MEMBERSHIP_APPLIED) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_APPLIED, NO_ARGS);
    } else if (query->state >= 0) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_IN_STATE,
                        ARGS(sql_text(membership_states[query->state])));
    }
    if (query->leave_requested == 1) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_LEAVE_REQUESTED, NO_ARGS);
    } else if (query->leave_requested == 0) {
        sql_builder_add(builder, &SQL_MEMBERSHIP_ROWS_NOT_LEAVING, NO_ARGS);
    }
}

YIELDS Err *membership_list(Ctx *ctx, const MembershipQuery *query, ObjectList *ret_memberships)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_MEMBERSHIP_ROWS_SELECT, NO_ARGS);
    add_filters(&builder, ctx, query);
    if (query->after_id != 0) {
        sql_builder_add(&builder,
                        query->descending ? &SQL_MEMBERSHIP_ROWS_BELOW : &SQL_MEMBERSHIP_ROWS_ABOVE,
                        ARGS(sql_int(query->after_id)));
    }
    sql_builder_add(&builder,
                    query->descending ? &SQL_MEMBERSHIP_ROWS_DOWN : &SQL_MEMBERSHIP_ROWS_UP,
                    NO_ARGS);
    sql_builder_add(&builder, &SQL_MEMBERSHIP_ROWS_LIMIT, ARGS(sql_int(query->limit)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_memberships = shape_from_rows(ctx->arena, &membership_shape, rows);
    return NULL;
}

YIELDS Err *membership_count(Ctx *ctx, const MembershipQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_MEMBERSHIP_ROWS_COUNT_BEGIN, NO_ARGS);
    add_filters(&builder, ctx, query);
    sql_builder_add(&builder, &SQL_MEMBERSHIP_ROWS_COUNT_END, ARGS(sql_int(VOLUNTEER_TOTAL_MAX)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}
