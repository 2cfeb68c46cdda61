/* /api/v1/admin/volunteers: the list, the file, its state. */
#include "base/str.h"
#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/custom_field/custom_field.h"
#include "voms/volunteer/volunteer_internal.h"

YIELDS static Err *reply(Ctx *ctx, const HttpRequest *req, HttpResponse *res, int status,
                         VolunteerId id)
{
    Volunteer *volunteer = NULL;
    TRY(volunteer_find(ctx, id, req->route->needs, &volunteer));
    http_set_version(res, volunteer->version);
    return http_reply(res, status, &volunteer_shape, volunteer, NULL);
}

/* ---- List ---- */

static const char *sort_context(Arena *arena, const VolunteerQuery *query)
{
    return arena_printf(arena, "volunteers.%s%d", query->descending ? "-" : "", (int)query->sort);
}

static Err *read_position(const HttpRequest *req, const char *cursor, VolunteerQuery *query)
{
    static const Volunteer NOBODY = {.created_at = 1};
    if (cursor == NULL) {
        return NULL;
    }
    /* The types of the values are those of any volunteer. */
    query->after_count = volunteer_sort_values(query, &NOBODY, query->after);
    return page_cursor_decode(req->arena, cursor, sort_context(req->arena, query), query->after,
                              query->after_count);
}

static const char *next_cursor(Arena *arena, const VolunteerQuery *query, const VolunteerPage *page)
{
    if (!page->has_more) {
        return NULL;
    }
    const Volunteer *last = (const Volunteer *)page->volunteers.items + page->volunteers.count - 1;
    SqlValue values[2];
    size_t count = volunteer_sort_values(query, last, values);
    return page_cursor_encode(arena, sort_context(arena, query), values, count);
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {
        "q",      "state",        "unit_id",    "skill",      "category",
        "gender", "created_from", "created_to", "birth_from", "birth_to",
        "sort",   "limit",        "cursor",     "total",      NULL};
    PageQuery paging = {};
    VolunteerQuery query = {};
    VolunteerPage page = {};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &paging));
    TRY(volunteer_query_read(ctx, req, &query));
    query.limit = paging.limit;
    query.want_total = paging.with_total;
    TRY(read_position(req, paging.cursor, &query));
    TRY(volunteer_list(ctx, &query, &page));
    HttpList answer = {.shape = &volunteer_shape,
                       .items = page.volunteers,
                       .next_cursor = next_cursor(ctx->arena, &query, &page),
                       .total = page.total};
    return http_reply_list(res, &answer, NULL);
}

/* ---- One ---- */

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return reply(ctx, req, res, HTTP_OK, id);
}

YIELDS static Err *check_custom(Ctx *ctx, VolunteerDraft *draft)
{
    bool sensitive = false;
    TRY(volunteer_staff_sight(ctx, draft->unit_id, &sensitive));
    CustomFieldChange change = {.unit_id = draft->unit_id,
                                .given = draft->custom,
                                .sight = sensitive ? CUSTOM_SENSITIVE : CUSTOM_STAFF,
                                .is_new = true};
    return custom_field_merge(ctx, &change, &draft->custom);
}

YIELDS static Err *create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerDraft draft = {};
    VolunteerEntry entry = {.state = VOLUNTEER_ACTIVE};
    VolunteerId id = {};
    const Settings *settings = NULL;
    TRY(http_decode(req, &draft));
    TRY(volunteer_check_unit(ctx, draft.unit_id, req->route->needs));
    TRY(setting_load(ctx, &settings));
    Date today = setting_date(settings, ctx->now);
    TRY(volunteer_rules_check(ctx->arena, today, &draft));
    TRY(check_custom(ctx, &draft));
    TRY(volunteer_rules_check_consent(ctx->arena, settings, today, &draft));
    TRY(volunteer_insert(ctx, &draft, &entry, &id));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/volunteers/%lld", (long long)id.value));
    return reply(ctx, req, res, HTTP_CREATED, id);
}

YIELDS static Err *update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    Volunteer *before = NULL;
    TextList changed = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(volunteer_find_any(ctx, id, &before));
    TRY(http_check_version(req, before->version));
    VolunteerDraft draft = volunteer_to_draft(before);
    draft.custom = NULL;
    TRY(http_decode_patch(req, &draft, &changed));
    TRY(volunteer_patch(ctx, before, &draft, &changed, /* by_volunteer= */ false));
    return reply(ctx, req, res, HTTP_OK, id);
}

typedef struct StateBody {
    int state;
    const char *reason;
} StateBody;

/* Nobody is made an applicant again. */
static const char *const REACHABLE[] = {"active", "inactive", "suspended", "archived", NULL};

static const Field STATE_FIELDS[] = {
    FIELD(StateBody, state, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = REACHABLE),
    FIELD(StateBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape STATE = {.name = "VolunteerStateChange",
                            .size_bytes = sizeof(StateBody),
                            .fields = STATE_FIELDS};

YIELDS static Err *set_state(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    StateBody body = {};
    Volunteer *volunteer = NULL;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(http_decode(req, &body));
    TRY(volunteer_find_any(ctx, id, &volunteer));
    VolunteerStateChange change = {.state = (VolunteerState)choice_index(volunteer_states,
                                                                         REACHABLE[body.state]),
                                   .reason = body.reason};
    TRY(volunteer_set_state(ctx, volunteer, &change));
    return reply(ctx, req, res, HTTP_OK, id);
}

YIELDS static Err *history(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    return volunteer_reply_history(ctx, req, res, id);
}

const Route volunteer_routes[] = {
    {HTTP_GET, "/api/v1/admin/volunteers", list, .needs = "volunteer:read",
     .out = &volunteer_shape},
    {HTTP_POST, "/api/v1/admin/volunteers", create, .needs = "volunteer:create",
     .in = &volunteer_create_shape, .out = &volunteer_shape, .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}", show, .needs = "volunteer:read",
     .out = &volunteer_shape},
    {HTTP_PATCH, "/api/v1/admin/volunteers/{volunteer_id}", update, .needs = "volunteer:update",
     .guard = volunteer_guard, .in = &volunteer_patch_shape, .out = &volunteer_shape,
     .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/state", set_state,
     .needs = "volunteer:state", .guard = volunteer_guard, .in = &STATE, .out = &volunteer_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/history", history,
     .needs = "volunteer:read", .guard = volunteer_guard},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/reveal", volunteer_reveal,
     .needs = "volunteer:reveal", .guard = volunteer_guard, .in = &volunteer_reveal_shape,
     .in_transaction = true},
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/sensitive", volunteer_show_sensitive,
     .needs = "volunteer:sensitive", .guard = volunteer_guard, .in_transaction = true},
    {HTTP_PUT, "/api/v1/admin/volunteers/{volunteer_id}/sensitive", volunteer_put_sensitive,
     .needs = "volunteer:sensitive", .guard = volunteer_guard, .in = &volunteer_sensitive_shape,
     .in_transaction = true},
    {},
};
