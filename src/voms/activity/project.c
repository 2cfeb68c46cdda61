/* Projects: lasting programmes that activities belong to. */
#include <inttypes.h>

#include "voms/activity/activity_internal.h"
#include "voms/activity/activity_people.sql.h"
#include "voms/audit/audit.h"
#include "voms/common/id_page.h"
#include "voms/common/page.h"

typedef struct Project {
    ProjectId id;
    UnitId unit_id;
    const char *unit_name;
    const char *name;
    const char *description;
    bool closed; /* takes no new activities */
    TimeMs closed_at;
    AccountId created_by;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;
} Project;

#define PROJECT_ENTERED_FIELDS                                                                     \
    FIELD(Project, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100, .zh = "名称",  \
          .en = "Name"),                                                                           \
        FIELD(Project, description, FIELD_LONG_TEXT, .min = 1, .max = 10000, .zh = "说明",         \
              .en = "Description")

static const Field PROJECT_FIELDS[] = {
    FIELD(Project, id, FIELD_ID),
    FIELD(Project, unit_id, FIELD_ID),
    FIELD(Project, unit_name, FIELD_TEXT),
    PROJECT_ENTERED_FIELDS,
    FIELD(Project, closed, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    FIELD(Project, closed_at, FIELD_TIME),
    FIELD(Project, created_by, FIELD_ID),
    FIELD(Project, created_at, FIELD_TIME),
    FIELD(Project, updated_at, FIELD_TIME),
    FIELD(Project, version, FIELD_INT),
    {},
};
const Shape project_shape = SHAPE(Project, PROJECT_FIELDS);

static const Field CREATE_FIELDS[] = {
    FIELD(Project, unit_id, FIELD_ID, .flags = FIELD_REQUIRED),
    PROJECT_ENTERED_FIELDS,
    {},
};
const Shape project_create_shape = {.name = "ProjectCreate",
                                    .size_bytes = sizeof(Project),
                                    .fields = CREATE_FIELDS};

static const Field PATCH_FIELDS[] = {
    PROJECT_ENTERED_FIELDS,
    FIELD(Project, closed, FIELD_BOOL),
    {},
};
const Shape project_patch_shape = {.name = "ProjectPatch",
                                   .size_bytes = sizeof(Project),
                                   .fields = PATCH_FIELDS};

static ObjectList from_rows(Ctx *ctx, const StoreRows *rows)
{
    ObjectList list = shape_from_rows(ctx->arena, &project_shape, rows);
    Project *projects = list.items;
    for (size_t i = 0; i < list.count; i++) {
        projects[i].closed = projects[i].closed_at != 0;
        if (str_is_empty(projects[i].description)) {
            projects[i].description = NULL;
        }
    }
    return list;
}

YIELDS static Err *find(Ctx *ctx, ProjectId id, Project **ret_project)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_PROJECT_FIND, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "project_not_found", "project %" PRId64, id.value);
    }
    *ret_project = from_rows(ctx, rows).items;
    return NULL;
}

YIELDS Err *project_guard(Ctx *ctx, const HttpRequest *req)
{
    ProjectId id = {};
    Project *project = NULL;
    TRY(http_path_id(req, "project_id", &id.value));
    TRY(find(ctx, id, &project));
    Err *err = access_check_unit(ctx, project->unit_id, "activity:read", req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "project_not_found", "not to be known");
    }
    return err;
}

YIELDS static Err *reply(Ctx *ctx, HttpResponse *res, int status, ProjectId id)
{
    Project *project = NULL;
    TRY(find(ctx, id, &project));
    http_set_version(res, project->version);
    return http_reply(res, status, &project_shape, project, NULL);
}

YIELDS Err *project_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ProjectId id = {};
    TRY(http_path_id(req, "project_id", &id.value));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS static Err *record(Ctx *ctx, const char *action, const Project *before, const Project *after)
{
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "project",
                                           .object_id = after->id.value,
                                           .unit_id = after->unit_id,
                                           .changes = shape_diff(ctx->arena, &project_patch_shape,
                                                                 before, after, NULL)});
}

static SqlValue description_value(const Project *project)
{
    return sql_text(project->description == NULL ? "" : project->description);
}

YIELDS Err *project_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Project draft = {};
    StoreRows *rows = NULL;
    TRY(http_decode(req, &draft));
    TRY(access_check_unit_field(ctx, draft.unit_id, "unit_id", "unit:read", "activity:manage"));
    TRY(store_query(ctx->db, &SQL_PROJECT_INSERT,
                    ARGS(sql_int(draft.unit_id.value), sql_text(draft.name),
                         description_value(&draft), sql_id(ctx->caller.account_id.value),
                         sql_time(ctx->now)),
                    &rows));
    draft.id = (ProjectId){row_int(rows, 0, 0)};
    TRY(record(ctx, "project.create", NULL, &draft));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/projects/%" PRId64, draft.id.value));
    return reply(ctx, res, HTTP_CREATED, draft.id);
}

YIELDS Err *project_update(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ProjectId id = {};
    Project *before = NULL;
    int64_t affected = 0;
    TRY(http_path_id(req, "project_id", &id.value));
    TRY(find(ctx, id, &before));
    TRY(http_check_version(req, before->version));
    Project after = *before;
    TRY(http_decode_patch(req, &after, NULL));
    if (after.closed != before->closed) {
        after.closed_at = after.closed ? ctx->now : 0;
    }
    TRY(store_exec(ctx->db, &SQL_PROJECT_UPDATE,
                   ARGS(sql_int(id.value), sql_int(before->version), sql_text(after.name),
                        description_value(&after), sql_time(after.closed_at), sql_time(ctx->now)),
                   &affected));
    if (affected != 1) {
        return ERR(ctx->arena, ERR_BUSY, "changed_meanwhile", "project %" PRId64, id.value);
    }
    TRY(record(ctx, "project.update", before, &after));
    return reply(ctx, res, HTTP_OK, id);
}

YIELDS Err *project_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const OTHERS[] = {"unit_id", "open", NULL};
    IdPage page = {};
    UnitId unit_id = {};
    bool open = false;
    SqlBuilder builder;
    StoreRows *rows = NULL;
    TRY(id_page_read(req, "projects", OTHERS, &page));
    TRY(page_query_id(req, "unit_id", &unit_id.value));
    TRY(http_query_bool(req, "open", false, &open));
    AccessConfinement confined = access_confine(ctx, "activity:read");
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_PROJECT_ROWS_SELECT, ARGS(sql_int(page.before_id)));
    if (confined.account != 0) {
        sql_builder_add(&builder, &SQL_PROJECT_ROWS_CONFINED,
                        ARGS(sql_int(confined.account), sql_text(confined.permission)));
    }
    if (unit_id.value > 1) {
        sql_builder_add(&builder, &SQL_PROJECT_ROWS_OF_UNIT, ARGS(sql_int(unit_id.value)));
    }
    if (open) {
        sql_builder_add(&builder, &SQL_PROJECT_ROWS_OPEN, NO_ARGS);
    }
    sql_builder_add(&builder, &SQL_PROJECT_ROWS_ORDER, ARGS(sql_int(page.limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    return id_page_reply(res, req, &page, &project_shape, from_rows(ctx, rows), -1, NULL);
}
