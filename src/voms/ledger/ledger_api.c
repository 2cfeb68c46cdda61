/* Service records, the ledger, disputes: for staff, and for the volunteer. */
#include "base/str.h"
#include "voms/common/id_page.h"
#include "voms/common/page.h"
#include "voms/ledger/ledger_internal.h"

#define READ "ledger:read"

/* ---- Bodies ---- */

typedef struct ReasonBody {
    const char *reason;
} ReasonBody;

static const Field REASON_FIELDS[] = {
    FIELD(ReasonBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape REASON = {.name = "ServiceRecordVoid",
                             .size_bytes = sizeof(ReasonBody),
                             .fields = REASON_FIELDS};

typedef struct RegrantBody {
    int64_t minutes;
    const char *reason;
} RegrantBody;

static const Field REGRANT_FIELDS[] = {
    FIELD(RegrantBody, minutes, FIELD_INT, .flags = FIELD_REQUIRED, .min = 1, .max = 44640),
    FIELD(RegrantBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape REGRANT = {.name = "ServiceRecordRegrant",
                              .size_bytes = sizeof(RegrantBody),
                              .fields = REGRANT_FIELDS};

typedef struct DisputeBody {
    int64_t service_record_id;
    const char *message;
    int64_t minutes;
} DisputeBody;

static const Field DISPUTE_FIELDS[] = {
    FIELD(DisputeBody, service_record_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(DisputeBody, message, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 1000),
    FIELD(DisputeBody, minutes, FIELD_INT, .min = 1, .max = 44640),
    {},
};
static const Shape DISPUTE = {.name = "DisputeCreate",
                              .size_bytes = sizeof(DisputeBody),
                              .fields = DISPUTE_FIELDS};

static const char *const DISPUTE_DECISIONS[] = {"accept", "reject", NULL};

typedef struct DecisionBody {
    int decision;
    int64_t minutes;
    const char *reason;
} DecisionBody;

static const Field DECISION_FIELDS[] = {
    FIELD(DecisionBody, decision, FIELD_CHOICE, .flags = FIELD_REQUIRED,
          .choices = DISPUTE_DECISIONS),
    FIELD(DecisionBody, minutes, FIELD_INT, .max = 44640),
    FIELD(DecisionBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape DECISION = {.name = "DisputeDecision",
                               .size_bytes = sizeof(DecisionBody),
                               .fields = DECISION_FIELDS};

/* ---- Settlements ---- */

static Err *not_known(Ctx *ctx, Err *err, const char *code)
{
    return err_is(err, ERR_NOT_FOUND) ? ERR(ctx->arena, ERR_NOT_FOUND, code, "not to be known")
                                      : err;
}

YIELDS static Err *guard_activity(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    LedgerActivity *activity = NULL;
    TRY(http_path_id(req, "activity_id", &id));
    TRY(ledger_activity_find(ctx, id, &activity));
    return not_known(ctx,
                     access_check_unit(ctx, activity->recording_unit_id, READ, req->route->needs),
                     "activity_not_found");
}

YIELDS static Err *show_settlement(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    Settlement *settlement = NULL;
    TRY(http_path_id(req, "activity_id", &id));
    TRY(ledger_settlement_find(ctx, id, &settlement));
    return http_reply(res, HTTP_OK, &settlement_shape, settlement, NULL);
}

YIELDS static Err *settle(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(http_path_id(req, "activity_id", &id));
    TRY(ledger_settle(ctx, id));
    return show_settlement(ctx, req, res);
}

YIELDS static Err *list_settlements(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "filter", NULL};
    static const char *const FILTERS[] = {"all", "unfinished", "overdue", NULL};
    IdPage page = {};
    LedgerPage found = {};
    LedgerQuery query = {.permission = READ};
    TRY(id_page_read(req, "settlements", NAMES, &page));
    TRY(page_query_id(req, "unit_id", &query.unit_id.value));
    TRY(http_query_choice(req, "filter", FILTERS, SETTLEMENT_ALL, &query.state));
    page.key = "activity_id";
    query.before_id = page.before_id;
    query.limit = page.limit + 1;
    query.with_total = page.with_total;
    TRY(ledger_settlement_list(ctx, &query, &found));
    return id_page_reply(res, req, &page, &settlement_shape, found.items, found.total, NULL);
}

/* ---- Lists ---- */

typedef Err *Lister(Ctx *ctx, const LedgerQuery *query, LedgerPage *ret_page);

typedef struct ListOf {
    const char *name;
    Lister *list;
    const Shape *shape;
    const char *const *states; /* or NULL: no filter by state */
    bool of_claim;
    bool of_activity;
    bool of_evidence;
} ListOf;

static const ListOf RECORDS = {"service_records", ledger_record_list,  &service_record_shape,
                               claim_states,      .of_activity = true, .of_evidence = true};
static const ListOf ENTRIES = {"ledger_entries", ledger_entry_list,  &ledger_entry_shape, NULL,
                               .of_claim = true, .of_activity = true};
static const ListOf DISPUTES = {"disputes", ledger_dispute_list, &dispute_shape, dispute_states};

static Err *read_evidence(const HttpRequest *req, LedgerQuery *query)
{
    int grade = -1;
    int level = -1;
    int reason = -1;
    TRY(http_query_choice(req, "grade", ledger_grades, -1, &grade));
    TRY(http_query_choice(req, "level", claim_levels, -1, &level));
    TRY(http_query_choice(req, "reason", claim_reasons, -1, &reason));
    query->grade = grade < 0 ? NULL : ledger_grades[grade];
    query->level = level < 0 ? NULL : claim_levels[level];
    query->reason = reason <= 0 ? NULL : claim_reasons[reason];
    return NULL;
}

YIELDS static Err *reply_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                              const ListOf *kind, LedgerQuery *query)
{
    static const char *const NAMES[] = {"volunteer_id", "activity_id",       "unit_id",
                                        "state",        "service_record_id", NULL};
    static const char *const WITH_EVIDENCE[] = {"volunteer_id", "activity_id", "unit_id", "state",
                                                "grade",        "level",       "reason",  NULL};
    IdPage page = {};
    LedgerPage found = {};
    query->state = -1;
    TRY(id_page_read(req, kind->name, kind->of_evidence ? WITH_EVIDENCE : NAMES, &page));
    if (kind->states != NULL) {
        TRY(http_query_choice(req, "state", kind->states, -1, &query->state));
    }
    if (kind->of_evidence) {
        TRY(read_evidence(req, query));
    }
    if (kind->of_claim) {
        TRY(page_query_id(req, "service_record_id", &query->claim_id));
    }
    if (kind->of_activity) {
        TRY(page_query_id(req, "activity_id", &query->activity_id));
    }
    query->before_id = page.before_id;
    query->limit = page.limit + 1;
    query->with_total = page.with_total;
    TRY(kind->list(ctx, query, &found));
    return id_page_reply(res, req, &page, kind->shape, found.items, found.total, NULL);
}

YIELDS static Err *list_for_staff(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                  const ListOf *kind)
{
    LedgerQuery query = {.permission = req->route->needs};
    TRY(page_query_id(req, "volunteer_id", &query.volunteer_id.value));
    TRY(page_query_id(req, "unit_id", &query.unit_id.value));
    return reply_list(ctx, req, res, kind, &query);
}

YIELDS static Err *list_records(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_for_staff(ctx, req, res, &RECORDS);
}

YIELDS static Err *list_entries(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_for_staff(ctx, req, res, &ENTRIES);
}

YIELDS static Err *list_disputes(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_for_staff(ctx, req, res, &DISPUTES);
}

/* ---- One record ---- */

YIELDS static Err *guard_record(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    Claim *claim = NULL;
    TRY(http_path_id(req, "service_record_id", &id));
    TRY(ledger_claim_find(ctx, id, &claim));
    return not_known(ctx, access_check_unit(ctx, claim->unit_id, READ, req->route->needs),
                     "service_record_not_found");
}

YIELDS static Err *reply_record(Ctx *ctx, HttpResponse *res, int64_t id)
{
    ServiceRecord *record = NULL;
    TRY(ledger_record_find(ctx, id, &record));
    return http_reply(res, HTTP_OK, &service_record_shape, record, NULL);
}

YIELDS static Err *show_record(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(http_path_id(req, "service_record_id", &id));
    return reply_record(ctx, res, id);
}

YIELDS static Err *decide_record(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    VolunteerDecision body = {};
    TRY(http_path_id(req, "service_record_id", &id));
    TRY(volunteer_decision_read(req, &body));
    TRY(ledger_decide(ctx, id, body.approve, body.reason));
    return reply_record(ctx, res, id);
}

YIELDS static Err *void_record(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    ReasonBody body = {};
    TRY(http_path_id(req, "service_record_id", &id));
    TRY(http_decode(req, &body));
    TRY(ledger_void(ctx, id, body.reason));
    return reply_record(ctx, res, id);
}

YIELDS static Err *regrant_record(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    RegrantBody body = {};
    TRY(http_path_id(req, "service_record_id", &id));
    TRY(http_decode(req, &body));
    TRY(ledger_regrant(ctx, id, body.minutes, body.reason));
    return reply_record(ctx, res, id);
}

/* ---- Disputes ---- */

YIELDS static Err *guard_dispute(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    Dispute *dispute = NULL;
    TRY(http_path_id(req, "dispute_id", &id));
    TRY(ledger_dispute_find(ctx, id, &dispute));
    return not_known(ctx, access_check_unit(ctx, dispute->unit_id, READ, req->route->needs),
                     "dispute_not_found");
}

YIELDS static Err *reply_dispute(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    Dispute *dispute = NULL;
    TRY(ledger_dispute_find(ctx, id, &dispute));
    return http_reply(res, status, &dispute_shape, dispute, NULL);
}

YIELDS static Err *decide_dispute(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    DecisionBody body = {.minutes = -1};
    TRY(http_path_id(req, "dispute_id", &id));
    TRY(http_decode(req, &body));
    bool accept = body.decision == 0;
    if (accept && body.minutes < 0) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "minutes", "required", NULL);
        return err;
    }
    DisputeDecision decision = {.accept = accept, .minutes = body.minutes, .reason = body.reason};
    TRY(ledger_dispute_decide(ctx, id, &decision));
    return reply_dispute(ctx, res, HTTP_OK, id);
}

YIELDS static Err *withdraw_dispute(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    ReasonBody body = {};
    TRY(http_path_id(req, "dispute_id", &id));
    TRY(http_decode(req, &body));
    TRY(ledger_dispute_withdraw(ctx, id, body.reason));
    return reply_dispute(ctx, res, HTTP_OK, id);
}

/* ---- Totals ---- */

static Err *read_dates(const HttpRequest *req, TotalQuery *query)
{
    static const char *const NAMES[] = {"from", "to"};
    const char **values[] = {&query->from, &query->to};
    Err *err = NULL;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        Date date = {};
        *values[i] = http_query(req, NAMES[i]);
        if (*values[i] != NULL && !date_parse(*values[i], &date)) {
            err_add_field(req->arena, &err, NAMES[i], "bad_date", NULL);
        }
    }
    TRY(err);
    return page_query_time(req, "as_of", &query->as_of);
}

static Err *read_staff_totals(const HttpRequest *req, TotalQuery *query)
{
    query->permission = req->route->needs;
    TRY(page_query_id(req, "volunteer_id", &query->volunteer_id.value));
    TRY(page_query_id(req, "activity_id", &query->activity_id));
    TRY(page_query_id(req, "project_id", &query->project_id));
    TRY(page_query_id(req, "unit_id", &query->unit_id.value));
    return read_dates(req, query);
}

YIELDS static Err *reply_sum(Ctx *ctx, HttpResponse *res, const TotalQuery *query)
{
    ObjectList totals = {};
    TRY(ledger_total_list(ctx, query, &totals));
    return http_reply(res, HTTP_OK, &service_sum_shape, totals.items, NULL);
}

YIELDS static Err *show_sum(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"volunteer_id", "activity_id", "project_id", "unit_id",
                                        "from",         "to",          "as_of",      NULL};
    TotalQuery query = {.group = TOTAL_SUM};
    TRY(http_query_only(req, NAMES));
    TRY(read_staff_totals(req, &query));
    return reply_sum(ctx, res, &query);
}

YIELDS static Err *list_totals(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                               TotalGroup group)
{
    static const char *const NAMES[] = {"volunteer_id", "activity_id", "project_id", "unit_id",
                                        "from",         "to",          "as_of",      "limit",
                                        "cursor",       NULL};
    static const char *const CONTEXTS[] = {"", "totals.unit", "totals.project", "totals.volunteer"};
    PageQuery page = {};
    TotalQuery query = {.group = group};
    HttpList list = {.shape = &service_total_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(read_staff_totals(req, &query));
    if (page.cursor != NULL) {
        SqlValue after = {.type = SQL_INT};
        TRY(page_cursor_decode(req->arena, page.cursor, CONTEXTS[group], &after, 1));
        query.after_id = after.integer;
    }
    query.limit = page.limit + 1;
    TRY(ledger_total_list(ctx, &query, &list.items));
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const ServiceTotal *totals = list.items.items;
        SqlValue last = sql_int(totals[list.items.count - 1].id);
        list.next_cursor = page_cursor_encode(ctx->arena, CONTEXTS[group], &last, 1);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *list_by_unit(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_totals(ctx, req, res, TOTAL_BY_UNIT);
}

YIELDS static Err *list_by_project(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_totals(ctx, req, res, TOTAL_BY_PROJECT);
}

YIELDS static Err *list_by_volunteer(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_totals(ctx, req, res, TOTAL_BY_VOLUNTEER);
}

/* ---- The volunteer's own ---- */

static Err *guard_own(Ctx *ctx, const HttpRequest *req UNUSED)
{
    if (ctx->caller.volunteer_id.value == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "no_volunteer", "account %lld has no volunteer",
                   (long long)ctx->caller.account_id.value);
    }
    return NULL;
}

YIELDS static Err *list_own(Ctx *ctx, const HttpRequest *req, HttpResponse *res, const ListOf *kind)
{
    LedgerQuery query = {.volunteer_id = ctx->caller.volunteer_id};
    return reply_list(ctx, req, res, kind, &query);
}

YIELDS static Err *list_own_records(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_own(ctx, req, res, &RECORDS);
}

YIELDS static Err *list_own_entries(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_own(ctx, req, res, &ENTRIES);
}

YIELDS static Err *list_own_disputes(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    return list_own(ctx, req, res, &DISPUTES);
}

YIELDS static Err *show_own_sum(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"from", "to", "as_of", NULL};
    TotalQuery query = {.group = TOTAL_SUM, .volunteer_id = ctx->caller.volunteer_id};
    TRY(http_query_only(req, NAMES));
    TRY(read_dates(req, &query));
    return reply_sum(ctx, res, &query);
}

YIELDS static Err *create_dispute(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    DisputeBody body = {};
    int64_t id = 0;
    TRY(http_decode(req, &body));
    DisputeDraft draft = {.claim_id = body.service_record_id,
                          .message = body.message,
                          .minutes = body.minutes};
    TRY(ledger_dispute(ctx, ctx->caller.volunteer_id, &draft, &id));
    return reply_dispute(ctx, res, HTTP_CREATED, id);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/settlements", list_settlements, .needs = READ,
     .out = &settlement_shape},
    {HTTP_GET, "/api/v1/admin/activities/{activity_id}/settlement", show_settlement, .needs = READ,
     .guard = guard_activity, .out = &settlement_shape},
    {HTTP_POST, "/api/v1/admin/activities/{activity_id}/settle", settle, .needs = "ledger:settle",
     .guard = guard_activity, .out = &settlement_shape},
    {HTTP_GET, "/api/v1/admin/service-records", list_records, .needs = READ,
     .out = &service_record_shape},
    {HTTP_GET, "/api/v1/admin/service-records/{service_record_id}", show_record, .needs = READ,
     .guard = guard_record, .out = &service_record_shape},
    {HTTP_POST, "/api/v1/admin/service-records/{service_record_id}/decision", decide_record,
     .needs = "ledger:approve", .guard = guard_record, .in = &volunteer_decision_shape,
     .out = &service_record_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/service-records/{service_record_id}/void", void_record,
     .needs = "ledger:approve", .guard = guard_record, .in = &REASON, .out = &service_record_shape,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/service-records/{service_record_id}/regrant", regrant_record,
     .needs = "ledger:approve", .guard = guard_record, .in = &REGRANT, .out = &service_record_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/ledger-entries", list_entries, .needs = READ,
     .out = &ledger_entry_shape},
    {HTTP_GET, "/api/v1/admin/disputes", list_disputes, .needs = READ, .out = &dispute_shape},
    {HTTP_POST, "/api/v1/admin/disputes/{dispute_id}/withdraw", withdraw_dispute,
     .needs = "dispute:decide", .guard = guard_dispute, .in = &REASON, .out = &dispute_shape,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/disputes/{dispute_id}/decision", decide_dispute,
     .needs = "dispute:decide", .guard = guard_dispute, .in = &DECISION, .out = &dispute_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/service-totals", show_sum, .needs = READ, .out = &service_sum_shape},
    {HTTP_GET, "/api/v1/admin/service-totals/by-unit", list_by_unit, .needs = READ,
     .out = &service_total_shape},
    {HTTP_GET, "/api/v1/admin/service-totals/by-project", list_by_project, .needs = READ,
     .out = &service_total_shape},
    {HTTP_GET, "/api/v1/admin/service-totals/by-volunteer", list_by_volunteer, .needs = READ,
     .out = &service_total_shape},
    {HTTP_GET, "/api/v1/me/service-records", list_own_records, .needs = NEEDS_LOGIN,
     .guard = guard_own, .out = &service_record_shape},
    {HTTP_GET, "/api/v1/me/ledger-entries", list_own_entries, .needs = NEEDS_LOGIN,
     .guard = guard_own, .out = &ledger_entry_shape},
    {HTTP_GET, "/api/v1/me/service-totals", show_own_sum, .needs = NEEDS_LOGIN, .guard = guard_own,
     .out = &service_sum_shape},
    {HTTP_GET, "/api/v1/me/disputes", list_own_disputes, .needs = NEEDS_LOGIN, .guard = guard_own,
     .out = &dispute_shape},
    {HTTP_POST, "/api/v1/me/disputes", create_dispute, .needs = NEEDS_LOGIN, .guard = guard_own,
     .in = &DISPUTE, .out = &dispute_shape, .in_transaction = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"ledger:read", "查看服务时长与记录", "See service time and records"},
    {"ledger:settle", "结算活动时长", "Settle activities"},
    {"ledger:approve", "审核、作废与重记时长", "Approve, void and regrant service time"},
    {"dispute:decide", "裁定时长异议", "Decide disputes"},
    {},
};

static const MessageText MESSAGES[] = {
    {"service_record_not_found", "没有这条服务记录", "There is no such service record"},
    {"dispute_not_found", "没有这条异议", "There is no such dispute"},
    {"dispute_open", "该记录已有未裁定的异议", "This record is disputed already"},
    {"dispute_own_record", "异议须由记录人以外的人裁定",
     "Somebody other than the recorder has to decide"},
    {"own_hours", "不能审核自己的服务时长", "Nobody decides on the own service time"},
    {"parent_approval_needed", "该人当日时长超限，须由上级单位审核",
     "So many minutes on one day need the parent unit's agreement"},
    {"ledger_overlap", "与该志愿者已记录的服务时间重叠",
     "It overlaps service that the volunteer was granted"},
    {"record_incomplete", "服务记录不完整，不能结算（{}）",
     "The records are not complete and cannot be settled ({})"},
    {"minutes_over_shift", "应在 1 至 {} 分钟之间（班次时长）",
     "Between 1 and {} minutes, which is the shift's length"},
    {"choice.granted", "已记录", "granted"},
    {"choice.held", "待审核", "held"},
    {"choice.voided", "已作废", "voided"},
    {"choice.automatic", "自动", "automatic"},
    {"choice.unit", "单位", "unit"},
    {"choice.parent", "上级单位", "parent unit"},
    {"choice.grant", "记录", "grant"},
    {"choice.void", "作废", "void"},
    {"choice.regrant", "重记", "regrant"},
    {"choice.open", "待裁定", "open"},
    {"choice.accepted", "成立", "accepted"},
    {},
};

const Concept ledger_concept = {.name = "ledger",
                                .routes = ROUTES,
                                .messages = MESSAGES,
                                .permissions = PERMISSIONS,
                                .schedules = ledger_schedules,
                                .demo = ledger_demo};
