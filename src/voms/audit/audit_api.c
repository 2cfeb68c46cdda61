#include "voms/audit/audit_internal.h"
#include "voms/common/page.h"

static const Field ENTRY_FIELDS[] = {
    FIELD(AuditRow, id, FIELD_ID),
    FIELD(AuditRow, at, FIELD_TIME, .zh = "时间", .en = "Time"),
    FIELD(AuditRow, actor_id, FIELD_ID),
    FIELD(AuditRow, actor_name, FIELD_TEXT, .zh = "操作人", .en = "By"),
    FIELD(AuditRow, action, FIELD_TEXT, .zh = "操作", .en = "Action"),
    FIELD(AuditRow, object_type, FIELD_TEXT, .zh = "对象", .en = "Object"),
    FIELD(AuditRow, object_id, FIELD_ID, .zh = "对象编号", .en = "Object id"),
    FIELD(AuditRow, unit_id, FIELD_ID, .zh = "单位编号", .en = "Unit id"),
    FIELD(AuditRow, purpose, FIELD_TEXT, .zh = "事由", .en = "Purpose"),
    FIELD(AuditRow, address, FIELD_TEXT, .zh = "地址", .en = "Address"),
    FIELD(AuditRow, request_id, FIELD_TEXT, .zh = "请求编号", .en = "Request id"),
    {},
};
const Shape audit_entry_shape = {.name = "AuditEntry",
                                 .size_bytes = sizeof(AuditRow),
                                 .fields = ENTRY_FIELDS};

static const Field DETAIL_FIELDS[] = {
    FIELD(AuditRow, id, FIELD_ID),
    FIELD(AuditRow, at, FIELD_TIME),
    FIELD(AuditRow, actor_id, FIELD_ID),
    FIELD(AuditRow, actor_name, FIELD_TEXT),
    FIELD(AuditRow, action, FIELD_TEXT),
    FIELD(AuditRow, object_type, FIELD_TEXT),
    FIELD(AuditRow, object_id, FIELD_ID),
    FIELD(AuditRow, unit_id, FIELD_ID),
    FIELD(AuditRow, purpose, FIELD_TEXT),
    FIELD(AuditRow, address, FIELD_TEXT),
    FIELD(AuditRow, request_id, FIELD_TEXT),
    FIELD(AuditRow, changes, FIELD_JSON),
    FIELD(AuditRow, detail, FIELD_JSON),
    FIELD(AuditRow, sequence, FIELD_ID),
    FIELD(AuditRow, previous_hash, FIELD_TEXT),
    FIELD(AuditRow, hash, FIELD_TEXT),
    {},
};
const Shape audit_detail_shape = {.name = "AuditEntryDetail",
                                  .size_bytes = sizeof(AuditRow),
                                  .fields = DETAIL_FIELDS};

Err *audit_query_read(const HttpRequest *req, AuditQuery *ret_query)
{
    AuditQuery query = {};
    TRY(page_query_id(req, "actor_id", &query.actor_id));
    TRY(page_query_text(req, "action", 64, &query.action));
    TRY(page_query_text(req, "object_type", 64, &query.object_type));
    TRY(page_query_id(req, "object_id", &query.object_id));
    TRY(page_query_time(req, "from", &query.from));
    TRY(page_query_time(req, "to", &query.to));
    *ret_query = query;
    return NULL;
}

/* One row more than asked for tells whether there is another page. */
YIELDS static Err *read_page(Ctx *ctx, AuditQuery *query, const PageQuery *page, HttpList *list)
{
    query->limit = page->limit + 1;
    if (page->cursor != NULL) {
        SqlValue value = sql_int(0);
        TRY(page_cursor_decode(ctx->arena, page->cursor, "id", &value, 1));
        query->before_id = value.integer;
    }
    TRY(audit_list(ctx, query, &list->items));
    if ((int64_t)list->items.count > page->limit) {
        list->items.count = (size_t)page->limit;
        const AuditRow *rows = list->items.items;
        SqlValue last = sql_int(rows[page->limit - 1].id);
        list->next_cursor = page_cursor_encode(ctx->arena, "id", &last, 1);
    }
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"actor_id", "action", "object_type", "object_id", "from",
                                        "to",       "limit",  "cursor",      "total",     NULL};
    AuditQuery query = {};
    PageQuery page = {};
    HttpList answer = {.shape = &audit_entry_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(audit_query_read(req, &query));
    if (page.with_total) {
        TRY(audit_count(ctx, &query, &answer.total));
    }
    TRY(read_page(ctx, &query, &page, &answer));
    return http_reply_list(res, &answer, NULL);
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t audit_id = 0;
    AuditRow *row = NULL;
    TRY(http_path_id(req, "audit_id", &audit_id));
    TRY(audit_find(ctx, audit_id, &row));
    return http_reply(res, HTTP_OK, &audit_detail_shape, row, NULL);
}

const Route audit_routes[] = {
    {HTTP_GET, "/api/v1/admin/audit", list, .needs = "audit:read", .out = &audit_entry_shape},
    {HTTP_GET, "/api/v1/admin/audit/{audit_id}", show, .needs = "audit:read",
     .out = &audit_detail_shape},
    {},
};

static const Permission PERMISSIONS[] = {
    {"audit:read", "查看审计日志", "Read the audit log"},
    {},
};

static const MessageText MESSAGES[] = {
    {"audit_entry_not_found", "没有这条审计记录", "No such audit entry"},
    {},
};

static const Schedule SCHEDULES[] = {
    {.name = "audit-seal", .every_ms = 2 * SECOND_MS, .run = audit_seal},
    {},
};

const Concept audit_concept = {.name = "audit",
                               .routes = audit_routes,
                               .schedules = SCHEDULES,
                               .messages = MESSAGES,
                               .permissions = PERMISSIONS};
