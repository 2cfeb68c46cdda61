/* The exports of lists: the filters of the list, the rights of the list, all pages. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "voms/access/access.h"
#include "voms/account/account.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/export/export.h"
#include "voms/membership/membership.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/volunteer.h"

#define PAGE_ROWS 500
#define REVEAL "volunteer:reveal"

/* ---- Volunteers ---- */

typedef struct Volunteers {
    VolunteerQuery query;
    const char *reveal[8]; /* fields in clear; ends with NULL */
    bool reveal_id_number;
    Map rights; /* unit id to "yes" or "": may the caller see clear data there? */
} Volunteers;

/* Rows of units where the caller has no right to clear data are masked as ever. */
YIELDS static Err *may_reveal(Ctx *ctx, Volunteers *list, UnitId unit_id, bool *ret_may)
{
    char key[24];
    snprintf(key, sizeof(key), "%" PRId64, unit_id.value);
    const char *known = map_get(&list->rights, key);
    if (known == NULL) {
        Err *err = access_check_unit(ctx, unit_id, "volunteer:export", REVEAL);
        if (err != NULL && !err_is(err, ERR_FORBIDDEN) && !err_is(err, ERR_NOT_FOUND)) {
            return err;
        }
        known = err == NULL ? "yes" : "";
        map_set(&list->rights, key, (void *)(uintptr_t)known);
    }
    *ret_may = known[0] != '\0';
    return NULL;
}

static void mask_fields(Arena *arena, const Volunteers *list, Volunteer *volunteer)
{
    for (size_t i = 0; list->reveal[i] != NULL; i++) {
        const Field *field = shape_find(&volunteer_shape, list->reveal[i]);
        const char **value = (const char **)(void *)((char *)volunteer + field->offset);
        *value = *value == NULL || field->mask == NULL ? *value : field->mask(arena, *value);
    }
}

YIELDS static Err *reveal_rows(Ctx *ctx, Volunteers *list, ExportPage *page)
{
    Volunteer *volunteers = page->items.items;
    bool reveals = list->reveal[0] != NULL || list->reveal_id_number;
    for (size_t i = 0; reveals && i < page->items.count; i++) {
        bool may = false;
        TRY(may_reveal(ctx, list, volunteers[i].unit_id, &may));
        if (!may) {
            mask_fields(page->arena, list, &volunteers[i]);
        } else if (list->reveal_id_number && volunteers[i].id_number_masked != NULL) {
            TRY(volunteer_find_id_number(ctx, volunteers[i].id, &volunteers[i].id_number_masked));
        }
    }
    return NULL;
}

YIELDS static Err *next_volunteers(Ctx *ctx, void *arg, ExportPage *page)
{
    Volunteers *list = arg;
    VolunteerPage found = {};
    TRY(volunteer_list(ctx, &list->query, &found));
    page->items = found.volunteers;
    page->more = found.has_more && found.volunteers.count > 0;
    if (page->more) {
        const Volunteer *volunteers = found.volunteers.items;
        SqlValue *after = list->query.after;
        list->query.after_count =
            volunteer_sort_values(&list->query, &volunteers[found.volunteers.count - 1], after);
        /* The page's arena is reset before the next page asks. */
        for (size_t i = 0; i < list->query.after_count; i++) {
            if (after[i].type == SQL_TEXT) {
                after[i].text = arena_strdup(list->rights.arena, after[i].text);
            }
        }
    }
    return reveal_rows(ctx, list, page);
}

static Err *reveal_error(Arena *arena, const char *field, const char *code)
{
    Err *err = NULL;
    err_add_field(arena, &err, field, code, NULL);
    return err;
}

/* reveal=phone,id_number; with a purpose and the permission. */
static Err *read_reveal(Ctx *ctx, const HttpRequest *req, Volunteers *list,
                        const char **ret_purpose)
{
    static const char *const NAMES[] = {"id_number", "phone", "email", "address", NULL};
    const char *text = http_query(req, "reveal");
    size_t count = 0;
    TRY(page_query_text(req, "purpose", 500, ret_purpose));
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        const char *name = arena_strndup(ctx->arena, at, length);
        int index = choice_index(NAMES, name);
        if (index < 0 || count >= COUNT_OF(list->reveal) - 1) {
            return reveal_error(ctx->arena, "reveal", "not_a_choice");
        }
        list->reveal_id_number = list->reveal_id_number || index == 0;
        if (index > 0) {
            list->reveal[count++] = NAMES[index];
        }
        at += length + (at[length] == ',');
    }
    if (text == NULL) {
        return NULL;
    }
    if (!access_may_anywhere(ctx, REVEAL)) {
        Err *err = ERR(ctx->arena, ERR_FORBIDDEN, "permission_missing", "no %s anywhere", REVEAL);
        err->param = REVEAL;
        return err;
    }
    return *ret_purpose == NULL ? reveal_error(ctx->arena, "purpose", "required") : NULL;
}

YIELDS static Err *record_export(Ctx *ctx, const HttpRequest *req, const char *purpose)
{
    Str detail;
    JsonWriter writer;
    str_init(&detail, ctx->arena);
    json_writer_init(&writer, &detail);
    json_write_begin_object(&writer);
    json_put_string(&writer, "reveal", http_query(req, "reveal"));
    json_write_end_object(&writer);
    return audit_record(ctx, &(AuditEntry){.action = "volunteer.export",
                                           .object_type = "volunteer",
                                           .purpose = purpose,
                                           .detail = str_text(&detail)});
}

YIELDS static Err *export_volunteers(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format",       "q",          "state",      "unit_id",
                                        "skill",        "category",   "gender",     "sort",
                                        "created_from", "created_to", "birth_from", "birth_to",
                                        "reveal",       "purpose",    NULL};
    static const char *const FIELDS[] = {"number",
                                         "name",
                                         "gender",
                                         "birth_date",
                                         "id_document_type",
                                         "id_number_masked",
                                         "phone",
                                         "email",
                                         "residence_region",
                                         "residence_region_text",
                                         "address",
                                         "education",
                                         "occupation",
                                         "political_status",
                                         "skills",
                                         "service_categories",
                                         "languages",
                                         "unit_name",
                                         "state",
                                         "service_minutes",
                                         "created_at",
                                         NULL};
    Volunteers list = {};
    const char *purpose = NULL;
    map_init(&list.rights, ctx->arena);
    TRY(http_query_only(req, NAMES));
    TRY(volunteer_query_read(ctx, req, &list.query));
    TRY(read_reveal(ctx, req, &list, &purpose));
    list.query.permission = "volunteer:export";
    list.query.limit = PAGE_ROWS;
    TRY(record_export(ctx, req, purpose));
    ShapeView view = {.may_see = access_may_see, .arg = ctx, .reveal = list.reveal};
    return export_list(ctx, req, res,
                       &(ExportList){.name = "volunteers",
                                     .shape = &volunteer_shape,
                                     .fields = FIELDS,
                                     .view = &view,
                                     .next = next_volunteers,
                                     .arg = &list});
}

/* ---- Units ---- */

typedef struct Units {
    Arena *arena; /* of the request: cursors outlive pages */
    UnitQuery query;
} Units;

YIELDS static Err *next_units(Ctx *ctx, void *arg, ExportPage *page)
{
    Units *list = arg;
    UnitPage found = {};
    TRY(unit_list(ctx, &list->query, &found));
    page->items = found.units;
    page->more = found.next_cursor != NULL;
    list->query.cursor = arena_strdup(list->arena, found.next_cursor);
    return NULL;
}

YIELDS static Err *export_units(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format", "parent_id", "q", NULL};
    static const char *const FIELDS[] = {"path_names",
                                         "name",
                                         "code",
                                         "kind",
                                         "credentials",
                                         "contact_name",
                                         "contact_phone",
                                         "contact_email",
                                         "address",
                                         "description",
                                         "applications_open",
                                         "volunteer_count",
                                         "subtree_volunteer_count",
                                         "created_at",
                                         NULL};
    Units list = {.arena = ctx->arena, .query = {.limit = PAGE_ROWS}};
    TRY(http_query_only(req, NAMES));
    TRY(page_query_id(req, "parent_id", &list.query.parent_id.value));
    TRY(page_query_text(req, "q", 100, &list.query.q));
    return export_list(ctx, req, res,
                       &(ExportList){.name = "units",
                                     .shape = &unit_shape,
                                     .fields = FIELDS,
                                     .next = next_units,
                                     .arg = &list});
}

/* ---- Memberships ---- */

YIELDS static Err *next_memberships(Ctx *ctx, void *arg, ExportPage *page)
{
    MembershipQuery *query = arg;
    TRY(membership_list(ctx, query, &page->items));
    page->more = (int64_t)page->items.count == query->limit;
    if (page->more) {
        const Membership *memberships = page->items.items;
        query->after_id = memberships[page->items.count - 1].id;
    }
    return NULL;
}

YIELDS static Err *export_memberships(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format", "unit_id", "state", "leave_requested", NULL};
    static const char *const FIELDS[] = {
        "volunteer_number", "volunteer_name", "unit_name",  "state", "reason",
        "joined_at",        "left_at",        "created_at", NULL};
    MembershipQuery query = {};
    TRY(http_query_only(req, NAMES));
    TRY(membership_query_read(req, &query));
    query.permission = "membership:read";
    query.limit = PAGE_ROWS;
    return export_list(ctx, req, res,
                       &(ExportList){.name = "memberships",
                                     .shape = &membership_shape,
                                     .fields = FIELDS,
                                     .next = next_memberships,
                                     .arg = &query});
}

/* ---- Accounts ---- */

typedef struct Accounts {
    Arena *arena;
    AccountQuery query;
} Accounts;

YIELDS static Err *next_accounts(Ctx *ctx, void *arg, ExportPage *page)
{
    Accounts *list = arg;
    AccountPage found = {};
    TRY(account_list(ctx, &list->query, &found));
    page->items = found.accounts;
    page->more = found.next_cursor != NULL;
    list->query.cursor = arena_strdup(list->arena, found.next_cursor);
    return NULL;
}

YIELDS static Err *export_accounts(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format", "q", "state", "unit_id", "role_id", NULL};
    static const char *const FIELDS[] = {"username",      "display_name", "phone",
                                         "email",         "state",        "totp_enabled",
                                         "last_login_at", "created_at",   NULL};
    Accounts list = {.arena = ctx->arena, .query = {.limit = PAGE_ROWS}};
    TRY(http_query_only(req, NAMES));
    TRY(page_query_text(req, "q", 100, &list.query.q));
    TRY(http_query_choice(req, "state", account_states, -1, &list.query.state));
    TRY(page_query_id(req, "unit_id", &list.query.unit_id.value));
    TRY(page_query_id(req, "role_id", &list.query.role_id));
    return export_list(ctx, req, res,
                       &(ExportList){.name = "accounts",
                                     .shape = &account_shape,
                                     .fields = FIELDS,
                                     .next = next_accounts,
                                     .arg = &list});
}

/* ---- The audit log ---- */

YIELDS static Err *next_entries(Ctx *ctx, void *arg, ExportPage *page)
{
    AuditQuery *query = arg;
    TRY(audit_list(ctx, query, &page->items));
    page->more = (int64_t)page->items.count == query->limit;
    if (page->more) {
        const AuditRow *rows = page->items.items;
        query->before_id = rows[page->items.count - 1].id;
    }
    return NULL;
}

YIELDS static Err *export_audit(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format",    "actor_id", "action", "object_type",
                                        "object_id", "from",     "to",     NULL};
    static const char *const FIELDS[] = {"id",      "at",          "actor_id",   "actor_name",
                                         "action",  "object_type", "object_id",  "unit_id",
                                         "purpose", "address",     "request_id", NULL};
    AuditQuery query = {};
    TRY(http_query_only(req, NAMES));
    TRY(audit_query_read(req, &query));
    query.limit = PAGE_ROWS;
    return export_list(ctx, req, res,
                       &(ExportList){.name = "audit",
                                     .shape = &audit_entry_shape,
                                     .fields = FIELDS,
                                     .next = next_entries,
                                     .arg = &query});
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/volunteers/export", export_volunteers, .needs = "volunteer:export",
     .long_lived = true},
    {HTTP_GET, "/api/v1/admin/units/export", export_units, .needs = "unit:read",
     .long_lived = true},
    {HTTP_GET, "/api/v1/admin/memberships/export", export_memberships, .needs = "membership:read",
     .long_lived = true},
    {HTTP_GET, "/api/v1/admin/accounts/export", export_accounts, .needs = "account:read",
     .long_lived = true},
    {HTTP_GET, "/api/v1/admin/audit/export", export_audit, .needs = "audit:read",
     .long_lived = true},
    {},
};

const Concept export_concept = {.name = "export", .routes = ROUTES};
