/* Rows and structs, and the lists. */
#include "base/str.h"
#include "voms/ledger/ledger.sql.h"
#include "voms/ledger/ledger_internal.h"

static const Field RECORD_FIELDS[] = {
    FIELD(ServiceRecord, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(ServiceRecord, attendance_id, FIELD_ID, .zh = "考勤ID", .en = "Attendance id"),
    FIELD(ServiceRecord, activity_id, FIELD_ID, .zh = "活动ID", .en = "Activity id"),
    FIELD(ServiceRecord, activity_name, FIELD_TEXT, .zh = "活动名称", .en = "Activity"),
    FIELD(ServiceRecord, shift_id, FIELD_ID, .zh = "班次ID", .en = "Shift id"),
    FIELD(ServiceRecord, volunteer_id, FIELD_ID, .zh = "志愿者ID", .en = "Volunteer id"),
    FIELD(ServiceRecord, volunteer_number, FIELD_TEXT, .zh = "志愿者编号",
          .en = "Volunteer number"),
    FIELD(ServiceRecord, volunteer_name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(ServiceRecord, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(ServiceRecord, unit_name, FIELD_TEXT, .zh = "组织单位", .en = "Organising unit"),
    FIELD(ServiceRecord, project_id, FIELD_ID, .zh = "项目ID", .en = "Project id"),
    FIELD(ServiceRecord, service_date, FIELD_DATE, .zh = "服务日期", .en = "Date"),
    FIELD(ServiceRecord, starts_at, FIELD_TIME, .zh = "开始", .en = "From"),
    FIELD(ServiceRecord, ends_at, FIELD_TIME, .zh = "结束", .en = "Until"),
    FIELD(ServiceRecord, place, FIELD_TEXT, .zh = "地点", .en = "Place"),
    FIELD(ServiceRecord, content, FIELD_LONG_TEXT, .zh = "服务内容", .en = "Content"),
    FIELD(ServiceRecord, person_in_charge, FIELD_TEXT, .zh = "活动负责人",
          .en = "Person in charge"),
    FIELD(ServiceRecord, recorder_name, FIELD_TEXT, .zh = "记录人", .en = "Recorder"),
    FIELD(ServiceRecord, recorded_by, FIELD_ID, .zh = "记录账号", .en = "Recorded by"),
    FIELD(ServiceRecord, minutes, FIELD_INT, .zh = "服务时长(分钟)", .en = "Minutes"),
    FIELD(ServiceRecord, hours, FIELD_TEXT, .flags = FIELD_NO_COLUMN, .zh = "服务时长(小时)",
          .en = "Hours"),
    FIELD(ServiceRecord, grade, FIELD_CHOICE, .choices = ledger_grades, .zh = "证据等级",
          .en = "Evidence grade"),
    FIELD(ServiceRecord, state, FIELD_CHOICE, .choices = claim_states, .zh = "状态", .en = "State"),
    FIELD(ServiceRecord, reason, FIELD_TEXT, .zh = "原因", .en = "Reason"),
    FIELD(ServiceRecord, level, FIELD_CHOICE, .choices = claim_levels, .zh = "审核层级",
          .en = "Level"),
    FIELD(ServiceRecord, overlaps_claim_id, FIELD_ID, .zh = "重叠的记录", .en = "Overlaps"),
    FIELD(ServiceRecord, evidence_file_id, FIELD_ID, .zh = "补录证据文件", .en = "Evidence file"),
    FIELD(ServiceRecord, decided_by, FIELD_ID, .zh = "审核账号", .en = "Decided by"),
    FIELD(ServiceRecord, decided_at, FIELD_TIME, .zh = "审核时间", .en = "Decided at"),
    FIELD(ServiceRecord, decision_reason, FIELD_TEXT, .zh = "审核意见", .en = "Decision's reason"),
    FIELD(ServiceRecord, created_at, FIELD_TIME, .zh = "记录时间", .en = "Recorded at"),
    FIELD(ServiceRecord, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(ServiceRecord, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape service_record_shape = SHAPE(ServiceRecord, RECORD_FIELDS);

static const Field ENTRY_FIELDS[] = {
    FIELD(LedgerEntry, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(LedgerEntry, volunteer_id, FIELD_ID, .zh = "志愿者ID", .en = "Volunteer id"),
    FIELD(LedgerEntry, volunteer_name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(LedgerEntry, kind, FIELD_CHOICE, .choices = entry_kinds, .zh = "类型", .en = "Kind"),
    FIELD(LedgerEntry, minutes, FIELD_INT, .zh = "分钟", .en = "Minutes"),
    FIELD(LedgerEntry, hours, FIELD_TEXT, .flags = FIELD_NO_COLUMN, .zh = "小时", .en = "Hours"),
    FIELD(LedgerEntry, claim_id, FIELD_ID, .zh = "服务记录ID", .en = "Service record id"),
    FIELD(LedgerEntry, attendance_id, FIELD_ID, .zh = "考勤ID", .en = "Attendance id"),
    FIELD(LedgerEntry, activity_id, FIELD_ID, .zh = "活动ID", .en = "Activity id"),
    FIELD(LedgerEntry, activity_name, FIELD_TEXT, .zh = "活动", .en = "Activity"),
    FIELD(LedgerEntry, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(LedgerEntry, project_id, FIELD_ID, .zh = "项目ID", .en = "Project id"),
    FIELD(LedgerEntry, service_date, FIELD_DATE, .zh = "服务日期", .en = "Date"),
    FIELD(LedgerEntry, starts_at, FIELD_TIME, .zh = "开始", .en = "From"),
    FIELD(LedgerEntry, ends_at, FIELD_TIME, .zh = "结束", .en = "Until"),
    FIELD(LedgerEntry, grade, FIELD_CHOICE, .choices = ledger_grades, .zh = "证据等级",
          .en = "Evidence grade"),
    FIELD(LedgerEntry, voids_entry_id, FIELD_ID, .zh = "作废的条目", .en = "Voids"),
    FIELD(LedgerEntry, replaces_entry_id, FIELD_ID, .zh = "替代的条目", .en = "Replaces"),
    FIELD(LedgerEntry, created_by, FIELD_ID, .zh = "经办账号", .en = "By"),
    FIELD(LedgerEntry, created_by_name, FIELD_TEXT, .zh = "经办人", .en = "By (name)"),
    FIELD(LedgerEntry, reason, FIELD_TEXT, .zh = "原因", .en = "Reason"),
    FIELD(LedgerEntry, total_after, FIELD_INT, .zh = "累计(分钟)", .en = "Total after"),
    FIELD(LedgerEntry, created_at, FIELD_TIME, .zh = "时间", .en = "At"),
    {},
};
const Shape ledger_entry_shape = SHAPE(LedgerEntry, ENTRY_FIELDS);

static const Field DISPUTE_FIELDS[] = {
    FIELD(Dispute, id, FIELD_ID),
    FIELD(Dispute, claim_id, FIELD_ID),
    FIELD(Dispute, volunteer_id, FIELD_ID),
    FIELD(Dispute, volunteer_number, FIELD_TEXT),
    FIELD(Dispute, volunteer_name, FIELD_TEXT),
    FIELD(Dispute, unit_id, FIELD_ID),
    FIELD(Dispute, activity_id, FIELD_ID),
    FIELD(Dispute, activity_name, FIELD_TEXT),
    FIELD(Dispute, service_date, FIELD_DATE),
    FIELD(Dispute, state, FIELD_CHOICE, .choices = dispute_states),
    FIELD(Dispute, message, FIELD_LONG_TEXT),
    FIELD(Dispute, wanted_minutes, FIELD_INT, .flags = FIELD_NULLABLE),
    FIELD(Dispute, old_minutes, FIELD_INT),
    FIELD(Dispute, new_minutes, FIELD_INT, .flags = FIELD_NULLABLE),
    FIELD(Dispute, decided_by, FIELD_ID),
    FIELD(Dispute, decided_at, FIELD_TIME),
    FIELD(Dispute, decision_reason, FIELD_TEXT),
    FIELD(Dispute, created_at, FIELD_TIME),
    FIELD(Dispute, version, FIELD_INT),
    {},
};
const Shape dispute_shape = SHAPE(Dispute, DISPUTE_FIELDS);

static const Field TOTAL_FIELDS[] = {
    FIELD(ServiceTotal, id, FIELD_ID),
    FIELD(ServiceTotal, name, FIELD_TEXT),
    FIELD(ServiceTotal, minutes, FIELD_INT),
    FIELD(ServiceTotal, hours, FIELD_TEXT, .flags = FIELD_NO_COLUMN),
    FIELD(ServiceTotal, volunteers, FIELD_INT),
    FIELD(ServiceTotal, records, FIELD_INT),
    {},
};
const Shape service_total_shape = SHAPE(ServiceTotal, TOTAL_FIELDS);
const Shape service_sum_shape = {.name = "ServiceSum",
                                 .size_bytes = sizeof(ServiceTotal),
                                 .fields = TOTAL_FIELDS + 2};

static const Field CLAIM_FIELDS[] = {
    FIELD(Claim, id, FIELD_ID),
    FIELD(Claim, attendance_id, FIELD_ID),
    FIELD(Claim, activity_id, FIELD_ID),
    FIELD(Claim, shift_id, FIELD_ID),
    FIELD(Claim, volunteer_id, FIELD_ID),
    FIELD(Claim, unit_id, FIELD_ID),
    FIELD(Claim, parent_unit_id, FIELD_ID),
    FIELD(Claim, project_id, FIELD_ID),
    FIELD(Claim, service_date, FIELD_DATE),
    FIELD(Claim, starts_at, FIELD_TIME),
    FIELD(Claim, ends_at, FIELD_TIME),
    FIELD(Claim, minutes, FIELD_INT),
    FIELD(Claim, grade, FIELD_CHOICE, .choices = ledger_grades),
    FIELD(Claim, state, FIELD_CHOICE, .choices = claim_states),
    FIELD(Claim, version, FIELD_INT),
    FIELD(Claim, shift_starts_at, FIELD_TIME),
    FIELD(Claim, shift_ends_at, FIELD_TIME),
    FIELD(Claim, recorded_by, FIELD_ID),
    FIELD(Claim, decided_by, FIELD_ID),
    {},
};
static const Shape CLAIM = SHAPE(Claim, CLAIM_FIELDS);

/* ---- One ---- */

YIELDS Err *ledger_claim_find(Ctx *ctx, int64_t id, Claim **ret_claim)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_CLAIM_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "service_record_not_found", "no claim %lld",
                   (long long)id);
    }
    *ret_claim = shape_from_rows(ctx->arena, &CLAIM, rows).items;
    return NULL;
}

YIELDS Err *ledger_is_claimed(Ctx *ctx, int64_t attendance_id, bool *ret_claimed)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_CLAIMS_OF_ATTENDANCE, ARGS(sql_int(attendance_id)),
                    &rows));
    *ret_claimed = row_int(rows, 0, 0) > 0;
    return NULL;
}

static void fill_record_hours(Arena *arena, ObjectList records)
{
    ServiceRecord *items = records.items;
    for (size_t i = 0; i < records.count; i++) {
        items[i].hours = ledger_hours(arena, items[i].minutes);
    }
}

YIELDS Err *ledger_record_find(Ctx *ctx, int64_t id, ServiceRecord **ret_record)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_LEDGER_RECORDS_SELECT, NO_ARGS);
    sql_builder_add(&builder, &SQL_LEDGER_RECORDS_ONE, ARGS(sql_int(id)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    ObjectList records = shape_from_rows(ctx->arena, &service_record_shape, rows);
    if (records.count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "service_record_not_found", "no claim %lld",
                   (long long)id);
    }
    fill_record_hours(ctx->arena, records);
    *ret_record = records.items;
    return NULL;
}

YIELDS Err *ledger_dispute_find(Ctx *ctx, int64_t id, Dispute **ret_dispute)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_DISPUTE_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "dispute_not_found", "no dispute %lld",
                   (long long)id);
    }
    *ret_dispute = shape_from_rows(ctx->arena, &dispute_shape, rows).items;
    return NULL;
}

YIELDS Err *ledger_lock(Ctx *ctx, VolunteerId id, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_LEDGER_VOLUNTEER_LOCK,
                    ARGS(sql_text(arena_printf(ctx->arena, "[%lld]", (long long)id.value))),
                    &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "volunteer_not_found", "no volunteer %lld",
                   (long long)id.value);
    }
    *ret_total = row_int(rows, 0, 1);
    return NULL;
}

/* ---- Lists ---- */

static void add_filters(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query)
{
    if (query->permission != NULL) {
        AccessConfinement confined = access_confine(ctx, query->permission);
        if (confined.account != 0) {
            sql_builder_add(builder, &SQL_LEDGER_RECORDS_CONFINED,
                            ARGS(sql_int(confined.account), sql_text(confined.permission)));
        }
    }
    if (query->volunteer_id.value != 0) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_VOLUNTEER,
                        ARGS(sql_int(query->volunteer_id.value)));
    }
    if (query->activity_id != 0) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_ACTIVITY,
                        ARGS(sql_int(query->activity_id)));
    }
    if (query->unit_id.value > 1) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
}

static void add_page(SqlBuilder *builder, const LedgerQuery *query)
{
    sql_builder_add(builder, &SQL_LEDGER_RECORDS_BELOW, ARGS(sql_int(query->before_id)));
    sql_builder_add(builder, &SQL_LEDGER_RECORDS_PAGE, ARGS(sql_int(query->limit)));
}

static void add_evidence_filters(SqlBuilder *builder, const LedgerQuery *query)
{
    if (query->grade != NULL) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_GRADE, ARGS(sql_text(query->grade)));
    }
    if (query->level != NULL) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_LEVEL, ARGS(sql_text(query->level)));
    }
    if (query->reason != NULL) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_OF_REASON, ARGS(sql_text(query->reason)));
    }
}

static void add_record_filters(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query)
{
    add_filters(builder, ctx, query);
    if (query->state == CLAIM_HELD) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_HELD, NO_ARGS);
    } else if (query->state >= 0) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_IN_STATE,
                        ARGS(sql_text(claim_states[query->state])));
    }
    add_evidence_filters(builder, query);
}

static void add_entry_filters(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query)
{
    add_filters(builder, ctx, query);
    if (query->claim_id != 0) {
        sql_builder_add(builder, &SQL_LEDGER_ENTRIES_OF_CLAIM, ARGS(sql_int(query->claim_id)));
    }
}

static void add_dispute_filters(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query)
{
    add_filters(builder, ctx, query);
    if (query->state == DISPUTE_OPEN) {
        sql_builder_add(builder, &SQL_LEDGER_DISPUTES_OPEN, NO_ARGS);
    } else if (query->state >= 0) {
        sql_builder_add(builder, &SQL_LEDGER_RECORDS_IN_STATE,
                        ARGS(sql_text(dispute_states[query->state])));
    }
}

typedef struct ListKind {
    const SqlStatement *select;
    const SqlStatement *count;
    void (*add_filters)(SqlBuilder *builder, Ctx *ctx, const LedgerQuery *query);
    const Shape *shape;
} ListKind;

static const ListKind RECORDS = {&SQL_LEDGER_RECORDS_SELECT, &SQL_LEDGER_RECORDS_COUNT,
                                 add_record_filters, &service_record_shape};
static const ListKind ENTRIES = {&SQL_LEDGER_ENTRIES_SELECT, &SQL_LEDGER_ENTRIES_COUNT,
                                 add_entry_filters, &ledger_entry_shape};
static const ListKind DISPUTES = {&SQL_LEDGER_DISPUTES_SELECT, &SQL_LEDGER_DISPUTES_COUNT,
                                  add_dispute_filters, &dispute_shape};

YIELDS static Err *count_all(Ctx *ctx, const ListKind *kind, const LedgerQuery *query,
                             int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, kind->count, NO_ARGS);
    kind->add_filters(&builder, ctx, query);
    sql_builder_add(&builder, &SQL_LEDGER_RECORDS_COUNT_END, NO_ARGS);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const ListKind *kind, const LedgerQuery *query,
                        LedgerPage *ret_page)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    LedgerPage page = {.total = -1};
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, kind->select, NO_ARGS);
    kind->add_filters(&builder, ctx, query);
    add_page(&builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    page.items = shape_from_rows(ctx->arena, kind->shape, rows);
    if (query->with_total) {
        TRY(count_all(ctx, kind, query, &page.total));
    }
    *ret_page = page;
    return NULL;
}

YIELDS Err *ledger_record_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page)
{
    TRY(list(ctx, &RECORDS, query, ret_page));
    fill_record_hours(ctx->arena, ret_page->items);
    return NULL;
}

YIELDS Err *ledger_entry_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page)
{
    TRY(list(ctx, &ENTRIES, query, ret_page));
    LedgerEntry *items = ret_page->items.items;
    for (size_t i = 0; i < ret_page->items.count; i++) {
        items[i].hours = ledger_hours(ctx->arena, items[i].minutes);
    }
    return NULL;
}

YIELDS Err *ledger_dispute_list(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page)
{
    return list(ctx, &DISPUTES, query, ret_page);
}

/* ---- Totals ---- */

static void add_total_filters(SqlBuilder *builder, Ctx *ctx, const TotalQuery *query)
{
    LedgerQuery filters = {.permission = query->permission,
                           .volunteer_id = query->volunteer_id,
                           .activity_id = query->activity_id,
                           .unit_id = query->unit_id};
    add_filters(builder, ctx, &filters);
    if (query->project_id != 0) {
        sql_builder_add(builder, &SQL_LEDGER_TOTALS_OF_PROJECT, ARGS(sql_int(query->project_id)));
    }
    if (query->from != NULL) {
        sql_builder_add(builder, &SQL_LEDGER_TOTALS_FROM, ARGS(sql_text(query->from)));
    }
    if (query->to != NULL) {
        sql_builder_add(builder, &SQL_LEDGER_TOTALS_TO, ARGS(sql_text(query->to)));
    }
    if (query->as_of != 0) {
        sql_builder_add(builder, &SQL_LEDGER_TOTALS_AS_OF, ARGS(sql_time(query->as_of)));
    }
}

YIELDS Err *ledger_total_list(Ctx *ctx, const TotalQuery *query, ObjectList *ret_totals)
{
    static const SqlStatement *const BEGINS[] = {&SQL_LEDGER_TOTALS_SUM, &SQL_LEDGER_TOTALS_BY_UNIT,
                                                 &SQL_LEDGER_TOTALS_BY_PROJECT,
                                                 &SQL_LEDGER_TOTALS_BY_VOLUNTEER};
    static const SqlStatement *const ENDS[] = {NULL, &SQL_LEDGER_TOTALS_UNIT_PAGE,
                                               &SQL_LEDGER_TOTALS_PROJECT_PAGE,
                                               &SQL_LEDGER_TOTALS_VOLUNTEER_PAGE};
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, BEGINS[query->group], NO_ARGS);
    add_total_filters(&builder, ctx, query);
    if (ENDS[query->group] != NULL) {
        sql_builder_add(&builder, ENDS[query->group],
                        ARGS(sql_int(query->after_id), sql_int(query->limit)));
    }
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_totals = shape_from_rows(ctx->arena, &service_total_shape, rows);
    ServiceTotal *items = ret_totals->items;
    for (size_t i = 0; i < ret_totals->count; i++) {
        items[i].hours = ledger_hours(ctx->arena, items[i].minutes);
    }
    return NULL;
}

Err *ledger_conflict(Ctx *ctx, const char *state)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "it is %s", state);
    err->current = err->param = state;
    return err;
}
