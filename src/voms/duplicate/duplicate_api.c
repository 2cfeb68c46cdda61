/* /api/v1/admin/duplicates, and the duplicates of one volunteer. */
#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"
#include "voms/duplicate/duplicate.sql.h"
#include "voms/duplicate/duplicate_internal.h"

static const Field CANDIDATE_FIELDS[] = {
    FIELD(DuplicateCandidate, volunteer, FIELD_OBJECT, .shape = &volunteer_brief_shape),
    FIELD(DuplicateCandidate, reasons, FIELD_TEXT_LIST),
    FIELD(DuplicateCandidate, score, FIELD_INT),
    {},
};
static const Shape CANDIDATE = SHAPE(DuplicateCandidate, CANDIDATE_FIELDS);

typedef struct DuplicatePair {
    VolunteerBrief *volunteer;
    VolunteerBrief *other;
    TextList reasons;
    int64_t score;
} DuplicatePair;

static const Field PAIR_FIELDS[] = {
    FIELD(DuplicatePair, volunteer, FIELD_OBJECT, .shape = &volunteer_brief_shape,
          .flags = FIELD_NO_COLUMN),
    FIELD(DuplicatePair, other, FIELD_OBJECT, .shape = &volunteer_brief_shape,
          .flags = FIELD_NO_COLUMN),
    FIELD(DuplicatePair, reasons, FIELD_TEXT_LIST),
    FIELD(DuplicatePair, score, FIELD_INT),
    {},
};
static const Shape PAIR = SHAPE(DuplicatePair, PAIR_FIELDS);

/* ---- Of one volunteer: at most a hundred, computed at once ---- */

YIELDS static Err *list_candidates(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"limit", "cursor", "total", NULL};
    VolunteerId id = {};
    PageQuery page = {};
    ObjectList found = {};
    SqlValue skip = {.type = SQL_INT};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page.cursor, "candidates", &skip, 1));
    }
    TRY(duplicate_find(ctx, id, "volunteer:read", &found));
    size_t first =
        skip.integer < 0 || (size_t)skip.integer > found.count ? found.count : (size_t)skip.integer;
    size_t count = MIN(found.count - first, (size_t)page.limit);
    HttpList list = {.shape = &CANDIDATE,
                     .items = {.items = (DuplicateCandidate *)found.items + first, .count = count},
                     .total = page.with_total ? (int64_t)found.count : -1};
    if (first + count < found.count) {
        SqlValue next = sql_int((int64_t)(first + count));
        list.next_cursor = page_cursor_encode(ctx->arena, "candidates", &next, 1);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- All pairs ---- */

static VolunteerBrief *brief(Arena *arena, const StoreRows *rows, size_t row, const char *side,
                             const char *id_column)
{
    VolunteerBrief *person = ARENA_NEW(arena, VolunteerBrief);
#define COLUMN(name) row_column(rows, arena_printf(arena, "%s_%s", side, name))
    *person = (VolunteerBrief){
        .id = {row_int(rows, row, row_column(rows, id_column))},
        .number = row_text(rows, row, COLUMN("number")),
        .name = row_text(rows, row, COLUMN("name")),
        .gender = choice_index(genders, row_text(rows, row, COLUMN("gender"))),
        .birth_date = row_text(rows, row, COLUMN("birth_date")),
        .phone = row_text(rows, row, COLUMN("phone")),
        .unit_id = {row_int(rows, row, COLUMN("unit_id"))},
        .unit_name = row_text(rows, row, COLUMN("unit_name")),
        .state = choice_index(volunteer_states, row_text(rows, row, COLUMN("state"))),
        .created_at = row_time(rows, row, COLUMN("created_at")),
    };
#undef COLUMN
    return person;
}

static ObjectList pairs_of(Arena *arena, const StoreRows *rows)
{
    ObjectList list = shape_from_rows(arena, &PAIR, rows);
    DuplicatePair *pairs = list.items;
    for (size_t i = 0; i < list.count; i++) {
        pairs[i].volunteer = brief(arena, rows, i, "v", "volunteer_id");
        pairs[i].other = brief(arena, rows, i, "o", "other_id");
    }
    return list;
}

YIELDS static Err *list_pairs(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "limit", "cursor", "total", NULL};
    PageQuery page = {};
    int64_t unit_id = 0;
    StoreRows *rows = NULL;
    SqlValue after[] = {sql_int(INT64_MAX), sql_int(INT64_MAX), sql_int(INT64_MAX)};
    HttpList list = {.shape = &PAIR, .total = -1};
    AccessConfinement confined = access_confine(ctx, req->route->needs);
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(page_query_id(req, "unit_id", &unit_id));
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page.cursor, "duplicates", after, COUNT_OF(after)));
    }
    TRY(store_query(ctx->db, &SQL_DUPLICATE_PAIR_LIST,
                    ARGS(sql_int(confined.account), sql_text(confined.permission), sql_int(unit_id),
                         after[0], after[1], after[2], sql_int(page.limit + 1)),
                    &rows));
    list.items = pairs_of(ctx->arena, rows);
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const DuplicatePair *last = (const DuplicatePair *)list.items.items + page.limit - 1;
        SqlValue values[] = {sql_int(last->score), sql_int(last->volunteer->id.value),
                             sql_int(last->other->id.value)};
        list.next_cursor = page_cursor_encode(ctx->arena, "duplicates", values, COUNT_OF(values));
    }
    if (page.with_total) {
        TRY(store_query(ctx->db, &SQL_DUPLICATE_PAIR_COUNT,
                        ARGS(sql_int(confined.account), sql_text(confined.permission),
                             sql_int(unit_id), sql_int(VOLUNTEER_TOTAL_MAX)),
                        &rows));
        list.total = row_int(rows, 0, 0);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- Dismissing and merging ---- */

typedef struct DismissBody {
    VolunteerId volunteer_id;
    VolunteerId other_id;
    const char *reason;
} DismissBody;

static const Field DISMISS_FIELDS[] = {
    FIELD(DismissBody, volunteer_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(DismissBody, other_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(DismissBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape DISMISS = {.name = "DuplicateDismiss",
                              .size_bytes = sizeof(DismissBody),
                              .fields = DISMISS_FIELDS};

static Err *check_two(Arena *arena, VolunteerId one, VolunteerId other)
{
    Err *err = NULL;
    if (one.value == other.value) {
        err_add_field(arena, &err, "other_id", "same_volunteer", NULL);
    }
    return err;
}

YIELDS static Err *dismiss(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    DismissBody body = {};
    Volunteer *volunteer = NULL;
    TRY(http_decode(req, &body));
    TRY(check_two(ctx->arena, body.volunteer_id, body.other_id));
    TRY(volunteer_check_access(ctx, body.volunteer_id, req->route->needs));
    TRY(volunteer_check_access(ctx, body.other_id, req->route->needs));
    TRY(volunteer_find_any(ctx, body.volunteer_id, &volunteer));
    int64_t low = MIN(body.volunteer_id.value, body.other_id.value);
    int64_t high = MAX(body.volunteer_id.value, body.other_id.value);
    TRY(store_exec(ctx->db, &SQL_DUPLICATE_PAIR_DISMISS,
                   ARGS(sql_int(low), sql_int(high), sql_time(ctx->now),
                        sql_id(ctx->caller.account_id.value), sql_text(body.reason)),
                   NULL));
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.duplicate_dismiss",
                                        .object_type = "volunteer",
                                        .object_id = body.volunteer_id.value,
                                        .unit_id = volunteer->unit_id,
                                        .purpose = body.reason,
                                        .detail = arena_printf(ctx->arena, "{\"other_id\":%lld}",
                                                               (long long)body.other_id.value)}));
    return http_reply_empty(res);
}

typedef struct MergeBody {
    VolunteerId other_id;
    const char *keep;
    const char *reason;
} MergeBody;

static const Field MERGE_FIELDS[] = {
    FIELD(MergeBody, other_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(MergeBody, keep, FIELD_JSON),
    FIELD(MergeBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
static const Shape MERGE = {.name = "Merge",
                            .size_bytes = sizeof(MergeBody),
                            .fields = MERGE_FIELDS};

static Err *read_keep(Arena *arena, const char *text, const json_t **ret_keep)
{
    json_t *keep = NULL;
    if (text != NULL) {
        TRY(json_parse(arena, text, strlen(text), &keep));
    }
    if (keep != NULL && !json_is_object(keep)) {
        Err *err = NULL;
        err_add_field(arena, &err, "keep", "not_an_object", NULL);
        return err;
    }
    *ret_keep = keep;
    return NULL;
}

YIELDS static Err *merge(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    MergeBody body = {};
    VolunteerId id = {};
    Volunteer *merged = NULL;
    DuplicateMerge work = {};
    TRY(http_path_id(req, "volunteer_id", &id.value));
    TRY(http_decode(req, &body));
    TRY(check_two(ctx->arena, id, body.other_id));
    TRY(read_keep(ctx->arena, body.keep, &work.keep));
    TRY(volunteer_check_access(ctx, body.other_id, req->route->needs));
    TRY(volunteer_find_any(ctx, id, &work.into));
    TRY(volunteer_find_any(ctx, body.other_id, &work.other));
    work.reason = body.reason;
    TRY(duplicate_merge(ctx, &work));
    TRY(volunteer_find(ctx, id, req->route->needs, &merged));
    http_set_version(res, merged->version);
    return http_reply(res, HTTP_OK, &volunteer_shape, merged, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/volunteers/{volunteer_id}/duplicates", list_candidates,
     .needs = "volunteer:read", .guard = volunteer_guard, .out = &CANDIDATE},
    {HTTP_GET, "/api/v1/admin/duplicates", list_pairs, .needs = "volunteer:read", .out = &PAIR},
    {HTTP_POST, "/api/v1/admin/duplicates/dismiss", dismiss, .needs = "volunteer:merge",
     .in = &DISMISS, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/volunteers/{volunteer_id}/merge", merge, .needs = "volunteer:merge",
     .guard = volunteer_guard, .in = &MERGE, .out = &volunteer_shape, .in_transaction = true},
    {},
};

static const Schedule SCHEDULES[] = {
    {.name = "duplicates", .every_ms = 20 * SECOND_MS, .run = duplicate_work_off},
    {},
};

static const MessageText MESSAGES[] = {
    {"same_volunteer", "两个编号是同一名志愿者", "Both are the same volunteer"},
    {},
};

const Concept duplicate_concept = {
    .name = "duplicate", .routes = ROUTES, .schedules = SCHEDULES, .messages = MESSAGES};
