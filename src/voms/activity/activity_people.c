/* Who runs one activity without rights on its unit, and who is invited to it. */
#include <inttypes.h>

#include "voms/account/account.h"
#include "voms/activity/activity_internal.h"
#include "voms/activity/activity_people.sql.h"
#include "voms/common/page.h"
#include "voms/volunteer/volunteer.h"

#define MANAGERS_MAX 100

static const char *const ROLES[] = {"manager", "front_desk", NULL};

typedef struct Manager {
    AccountId account_id;
    const char *username;
    const char *display_name;
    int role;
    AccountId added_by;
    TimeMs added_at;
} Manager;

static const Field MANAGER_FIELDS[] = {
    FIELD(Manager, account_id, FIELD_ID),
    FIELD(Manager, username, FIELD_TEXT),
    FIELD(Manager, display_name, FIELD_TEXT),
    FIELD(Manager, role, FIELD_CHOICE, .choices = ROLES),
    FIELD(Manager, added_by, FIELD_ID),
    FIELD(Manager, added_at, FIELD_TIME),
    {},
};
const Shape activity_manager_shape = {.name = "ActivityManager",
                                      .size_bytes = sizeof(Manager),
                                      .fields = MANAGER_FIELDS};

static const Field MANAGER_PUT_FIELDS[] = {
    FIELD(Manager, username, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Manager, role, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = ROLES),
    {},
};
const Shape activity_manager_put_shape = {.name = "ActivityManagerPut",
                                          .size_bytes = sizeof(Manager),
                                          .fields = MANAGER_PUT_FIELDS};

YIELDS static Err *reply_managers(Ctx *ctx, HttpResponse *res, ActivityId id)
{
    StoreRows *rows = NULL;
    HttpList list = {.shape = &activity_manager_shape, .total = -1};
    TRY(store_query(ctx->db, &SQL_ACTIVITY_MANAGER_LIST, ARGS(sql_int(id.value)), &rows));
    list.items = shape_from_rows(ctx->arena, &activity_manager_shape, rows);
    return http_reply_list(res, &list, NULL);
}

YIELDS Err *activity_manager_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ActivityId id = {};
    TRY(http_query_only(req, (const char *const[]){NULL}));
    TRY(http_path_id(req, "activity_id", &id.value));
    return reply_managers(ctx, res, id);
}

YIELDS static Err *find_account(Ctx *ctx, const char *username, AccountId *ret_id)
{
    StoreRows *rows = NULL;
    Err *invalid = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_MANAGER_ACCOUNT, ARGS(sql_text(username)), &rows));
    if (rows->count == 0) {
        err_add_field(ctx->arena, &invalid, "username", "account_not_found", NULL);
        return invalid;
    }
    *ret_id = (AccountId){row_int(rows, 0, 0)};
    return NULL;
}

YIELDS static Err *check_room(Ctx *ctx, ActivityId id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_MANAGER_COUNT, ARGS(sql_int(id.value)), &rows));
    if (row_int(rows, 0, 0) >= MANAGERS_MAX) {
        return ERR(ctx->arena, ERR_CONFLICT, "too_many_managers", "%d already", MANAGERS_MAX);
    }
    return NULL;
}

YIELDS Err *activity_manager_put(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Manager body = {};
    Activity *activity = NULL;
    AccountId account = {};
    TRY(http_decode(req, &body));
    TRY(activity_of_request(ctx, req, &activity));
    TRY(find_account(ctx, body.username, &account));
    TRY(check_room(ctx, activity->id));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_MANAGER_PUT,
                   ARGS(sql_int(activity->id.value), sql_int(account.value),
                        sql_text(ROLES[body.role]), sql_id(ctx->caller.account_id.value),
                        sql_time(ctx->now)),
                   NULL));
    access_forget_after_commit(ctx, account);
    TRY(activity_tell(ctx, activity, "activity.manager_put", NULL,
                      arena_printf(ctx->arena,
                                   "{\"manager.%" PRId64 "\":{\"before\":null,\"after\":\"%s\"}}",
                                   account.value, ROLES[body.role])));
    return reply_managers(ctx, res, activity->id);
}

YIELDS Err *activity_manager_delete(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    AccountId account = {};
    Activity *activity = NULL;
    int64_t affected = 0;
    TRY(http_path_id(req, "account_id", &account.value));
    TRY(activity_of_request(ctx, req, &activity));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_MANAGER_DELETE,
                   ARGS(sql_int(activity->id.value), sql_int(account.value)), &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "account_not_found", "no manager %" PRId64,
                   account.value);
    }
    access_forget_after_commit(ctx, account);
    TRY(activity_tell(ctx, activity, "activity.manager_delete", NULL,
                      arena_printf(ctx->arena,
                                   "{\"manager.%" PRId64 "\":{\"before\":\"manager\","
                                   "\"after\":null}}",
                                   account.value)));
    return http_reply_empty(res);
}

/* ---- Invitations ---- */

typedef struct Invitation {
    VolunteerId volunteer_id;
    const char *volunteer_number;
    const char *volunteer_name;
    AccountId invited_by;
    TimeMs invited_at;
} Invitation;

static const Field INVITATION_FIELDS[] = {
    FIELD(Invitation, volunteer_id, FIELD_ID),     FIELD(Invitation, volunteer_number, FIELD_TEXT),
    FIELD(Invitation, volunteer_name, FIELD_TEXT), FIELD(Invitation, invited_by, FIELD_ID),
    FIELD(Invitation, invited_at, FIELD_TIME),     {},
};
const Shape activity_invitation_shape = {.name = "ActivityInvitation",
                                         .size_bytes = sizeof(Invitation),
                                         .fields = INVITATION_FIELDS};

typedef struct InvitationBody {
    VolunteerId volunteer_id;
} InvitationBody;

static const Field INVITATION_CREATE_FIELDS[] = {
    FIELD(InvitationBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    {},
};
const Shape activity_invitation_create_shape = {.name = "ActivityInvitationCreate",
                                                .size_bytes = sizeof(InvitationBody),
                                                .fields = INVITATION_CREATE_FIELDS};

YIELDS Err *activity_invitation_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"limit", "cursor", NULL};
    ActivityId id = {};
    PageQuery page = {};
    StoreRows *rows = NULL;
    SqlValue after = sql_int(0);
    HttpList list = {.shape = &activity_invitation_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "activity_id", &id.value));
    TRY(page_query(req, &page));
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page.cursor, "invitations", &after, 1));
    }
    TRY(store_query(ctx->db, &SQL_ACTIVITY_INVITATION_LIST,
                    ARGS(sql_int(id.value), sql_int(after.integer), sql_int(page.limit + 1)),
                    &rows));
    list.items = shape_from_rows(ctx->arena, &activity_invitation_shape, rows);
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const Invitation *last = (const Invitation *)list.items.items + page.limit - 1;
        SqlValue value = sql_int(last->volunteer_id.value);
        list.next_cursor = page_cursor_encode(ctx->arena, "invitations", &value, 1);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *check_volunteer(Ctx *ctx, VolunteerId id)
{
    Err *invalid = NULL;
    Err *err = volunteer_check_access(ctx, id, "volunteer:read");
    if (!err_is(err, ERR_NOT_FOUND)) {
        return err;
    }
    err_add_field(ctx->arena, &invalid, "volunteer_id", "volunteer_not_found", NULL);
    return invalid;
}

YIELDS Err *activity_invitation_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    InvitationBody body = {};
    Activity *activity = NULL;
    TRY(http_decode(req, &body));
    TRY(activity_of_request(ctx, req, &activity));
    TRY(check_volunteer(ctx, body.volunteer_id));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_INVITATION_INSERT,
                   ARGS(sql_int(activity->id.value), sql_int(body.volunteer_id.value),
                        sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                   NULL));
    TRY(activity_tell(ctx, activity, "activity.invite", NULL,
                      arena_printf(ctx->arena,
                                   "{\"volunteer_id\":{\"before\":null,\"after\":%" PRId64 "}}",
                                   body.volunteer_id.value)));
    return http_reply_empty(res);
}

YIELDS Err *activity_invitation_delete(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    VolunteerId id = {};
    Activity *activity = NULL;
    int64_t affected = 0;
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(activity_of_request(ctx, req, &activity));
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_INVITATION_DELETE,
                   ARGS(sql_int(activity->id.value), sql_int(id.value)), &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "volunteer_not_found", "not invited");
    }
    TRY(activity_tell(ctx, activity, "activity.uninvite", NULL,
                      arena_printf(ctx->arena,
                                   "{\"volunteer_id\":{\"before\":%" PRId64 ",\"after\":null}}",
                                   id.value)));
    return http_reply_empty(res);
}

YIELDS Err *activity_move_invitations(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    TRY(store_exec(ctx->db, &SQL_ACTIVITY_INVITATION_COPY,
                   ARGS(sql_int(from.value), sql_int(to.value)), NULL));
    return store_exec(ctx->db, &SQL_ACTIVITY_INVITATION_FORGET, ARGS(sql_int(from.value)), NULL);
}
