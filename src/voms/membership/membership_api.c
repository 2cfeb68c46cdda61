/* /api/v1/admin/memberships and /api/v1/admin/volunteers/{volunteer_id}/memberships. */
#include "voms/common/id_page.h"
#include "voms/common/page.h"
#include "voms/membership/membership_internal.h"

typedef struct JoinBody {
    UnitId unit_id;
    const char *reason;
} JoinBody;

static const Field JOIN_FIELDS[] = {
    FIELD(JoinBody, unit_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(JoinBody, reason, FIELD_TEXT, .min = 1, .max = 500),
    {},
};
static const Shape JOIN = {.name = "MembershipCreate",
                           .size_bytes = sizeof(JoinBody),
                           .fields = JOIN_FIELDS};

static const char *const SETTABLE[] = {"active", "inactive", "suspended", "left", NULL};

typedef struct StateBody {
    int state;
    const char *reason;
} StateBody;

static const Field STATE_FIELDS[] = {
    FIELD(StateBody, state, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = SETTABLE),
    FIELD(StateBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape STATE = {.name = "MembershipStateChange",
                            .size_bytes = sizeof(StateBody),
                            .fields = STATE_FIELDS};

/* ---- Of one volunteer ---- */

YIELDS static Err *list_of_volunteer(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    IdPage page = {};
    ObjectList memberships = {};
    int64_t total = -1;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(id_page_read(req, "memberships", NULL, &page));
    TRY(membership_list_of(ctx, id, page.before_id, page.limit + 1, &memberships));
    if (page.with_total) {
        TRY(membership_count_of(ctx, id, &total));
    }
    return id_page_reply(res, req, &page, &membership_shape, memberships, total, NULL);
}

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, int status, int64_t id)
{
    Membership *membership = NULL;
    TRY(membership_find(ctx, id, &membership));
    return http_reply(res, status, &membership_shape, membership, NULL);
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId volunteer_id = {};
    JoinBody body = {};
    Volunteer *volunteer = NULL;
    int64_t id = 0;
    TRY(http_path_id(req, "volunteer_id", &volunteer_id.value));
    TRY(http_decode(req, &body));
    TRY(volunteer_check_unit(ctx, body.unit_id, req->route->needs));
    TRY(volunteer_find_any(ctx, volunteer_id, &volunteer));
    if (volunteer->state == VOLUNTEER_ARCHIVED || volunteer->state == VOLUNTEER_APPLICANT) {
        Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "cannot join in this state");
        err->current = err->param = volunteer_states[volunteer->state];
        return err;
    }
    MembershipRequest request = {.volunteer_id = volunteer_id,
                                 .unit_id = body.unit_id,
                                 .reason = body.reason,
                                 .by_staff = true};
    TRY(membership_join(ctx, &request, &id));
    return reply(ctx, res, HTTP_CREATED, id);
}

/* The volunteer must be known to the caller; the right to decide is needed on the unit that the
 * body names. */
YIELDS static Err *guard_create(Ctx *ctx, const HttpRequest *req)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return volunteer_check_access(ctx, id, "volunteer:read");
}

/* ---- Of all ---- */

Err *membership_query_read(const HttpRequest *req, MembershipQuery *ret_query)
{
    MembershipQuery query = {.permission = req->route->needs, .leave_requested = -1};
    TRY(page_query_id(req, "unit_id", &query.unit_id.value));
    TRY(http_query_choice(req, "state", membership_states, -1, &query.state));
    if (http_query(req, "leave_requested") != NULL) {
        bool wanted = false;
        TRY(http_query_bool(req, "leave_requested", false, &wanted));
        query.leave_requested = wanted;
    }
    *ret_query = query;
    return NULL;
}

static Err *read_page(const HttpRequest *req, MembershipQuery *query, PageQuery *ret_page,
                      const char **ret_context)
{
    static const char *const NAMES[] = {"unit_id", "state",  "leave_requested", "sort",
                                        "limit",   "cursor", "total",           NULL};
    static const char *const SORTS[] = {"created_at", NULL};
    int sort = 0;
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, ret_page));
    TRY(membership_query_read(req, query));
    TRY(page_sort(req, SORTS, /* descending_default= */ false, &sort, &query->descending));
    *ret_context = query->descending ? "memberships.-id" : "memberships.id";
    if (ret_page->cursor != NULL) {
        SqlValue after = {.type = SQL_INT};
        TRY(page_cursor_decode(req->arena, ret_page->cursor, *ret_context, &after, 1));
        query->after_id = after.integer;
    }
    query->limit = ret_page->limit + 1;
    return NULL;
}

YIELDS static Err *list_all(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    MembershipQuery query = {};
    const char *context = NULL;
    HttpList list = {.shape = &membership_shape, .total = -1};
    TRY(read_page(req, &query, &page, &context));
    TRY(membership_list(ctx, &query, &list.items));
    if (page.with_total) {
        TRY(membership_count(ctx, &query, &list.total));
    }
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const Membership *last = (const Membership *)list.items.items + list.items.count - 1;
        SqlValue value = sql_int(last->id);
        list.next_cursor = page_cursor_encode(ctx->arena, context, &value, 1);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- Decisions ---- */

YIELDS static Err *guard_membership(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    Membership *membership = NULL;
    TRY(http_path_id(req, "membership_id", &id));
    TRY(membership_find(ctx, id, &membership));
    Err *err = access_check_unit(ctx, membership->unit_id, "membership:read", req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "membership_not_found", "not to be known");
    }
    return err;
}

YIELDS static Err *refuse_leaving(Ctx *ctx, const Membership *membership, const char *reason)
{
    Membership after = *membership;
    after.leave_requested_at = 0;
    after.reason = reason;
    after.decided_by = ctx->caller.account_id;
    after.decided_at = ctx->now;
    TRY(membership_write(ctx, &after));
    TRY(membership_tell(ctx, &after, "membership.leave_refused", reason,
                        membership_states[membership->state]));
    return membership_publish(ctx, "membership.decided", &after);
}

YIELDS static Err *decide_on(Ctx *ctx, const Membership *membership, const VolunteerDecision *body)
{
    if (membership->state == MEMBERSHIP_APPLIED) {
        Volunteer *volunteer = NULL;
        TRY(volunteer_find_any(ctx, membership->volunteer_id, &volunteer));
        /* The application itself is decided at /applications. */
        if (volunteer->state == VOLUNTEER_APPLICANT) {
            return membership_conflict(ctx, membership);
        }
        return membership_set_state(ctx, membership,
                                    body->approve ? MEMBERSHIP_ACTIVE : MEMBERSHIP_REJECTED,
                                    body->reason);
    }
    if (membership->leave_requested_at == 0) {
        return membership_conflict(ctx, membership);
    }
    return body->approve ? membership_set_state(ctx, membership, MEMBERSHIP_LEFT, body->reason)
                         : refuse_leaving(ctx, membership, body->reason);
}

YIELDS static Err *decide(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    VolunteerDecision body = {};
    Membership *membership = NULL;
    TRY(http_path_id(req, "membership_id", &id));
    TRY(volunteer_decision_read(req, &body));
    TRY(membership_find(ctx, id, &membership));
    TRY(decide_on(ctx, membership, &body));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS static Err *set_state(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    StateBody body = {};
    Membership *membership = NULL;
    TRY(http_path_id(req, "membership_id", &id));
    TRY(http_decode(req, &body));
    TRY(membership_find(ctx, id, &membership));
    MembershipState state = (MembershipState)choice_index(membership_states, SETTABLE[body.state]);
    if (!membership_rules_may_become(membership->state, state)) {
        return membership_conflict(ctx, membership);
    }
    TRY(membership_set_state(ctx, membership, state, body.reason));
    return reply(ctx, res, HTTP_OK, id);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/memberships", list_of_volunteer,
     .needs = "membership:read", .guard = volunteer_guard, .out = &membership_shape},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/memberships", create,
     .needs = "membership:decide", .guard = guard_create, .in = &JOIN, .out = &membership_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/memberships", list_all, .needs = "membership:read",
     .out = &membership_shape},
    {HTTP_POST, "/api/v1/admin/memberships/{membership_id}/decision", decide,
     .needs = "membership:decide", .guard = guard_membership, .in = &volunteer_decision_shape,
     .out = &membership_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/memberships/{membership_id}/state", set_state,
     .needs = "membership:decide", .guard = guard_membership, .in = &STATE,
     .out = &membership_shape, .in_transaction = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"membership_not_found", "没有这条成员关系", "There is no such membership"},
    {"membership_exists", "该志愿者已在这个单位或已申请加入",
     "The volunteer is in this unit already, or has asked to join"},
    {"choice.applied", "申请中", "applied"},
    {"choice.left", "已退出", "left"},
    {"choice.rejected", "未通过", "rejected"},
    {},
};

const Concept membership_concept = {.name = "membership", .routes = ROUTES, .messages = MESSAGES};
