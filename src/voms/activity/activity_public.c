/* What people see who look for something to do: everybody, and volunteers.
 *
 * Answers for everybody are kept for a second; the header Age says how old one is. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "voms/activity/activity_internal.h"
#include "voms/activity/activity_public.sql.h"
#include "voms/common/page.h"

#define KEEP_MS SECOND_MS
#define KEY_MAX 512
#define KM_PER_DEGREE 111.195
#define RADIUS_MAX_KM 200

typedef struct PublicPlace {
    PositionId position_id;
    int64_t needed;
    int64_t free;
    int64_t waiting;
} PublicPlace;

static const Field PLACE_FIELDS[] = {
    FIELD(PublicPlace, position_id, FIELD_ID),
    FIELD(PublicPlace, needed, FIELD_INT),
    FIELD(PublicPlace, free, FIELD_INT),
    FIELD(PublicPlace, waiting, FIELD_INT),
    {},
};
static const Shape PLACE = SHAPE(PublicPlace, PLACE_FIELDS);

typedef struct PublicShift {
    ShiftId id;
    TimeMs starts_at;
    TimeMs ends_at;
    const char *place_name;
    const char *address;
    GeoPoint *point;
    const char *note;
    ObjectList places;
} PublicShift;

static const Field SHIFT_FIELDS[] = {
    FIELD(PublicShift, id, FIELD_ID),
    FIELD(PublicShift, starts_at, FIELD_TIME),
    FIELD(PublicShift, ends_at, FIELD_TIME),
    FIELD(PublicShift, place_name, FIELD_TEXT),
    FIELD(PublicShift, address, FIELD_TEXT),
    FIELD(PublicShift, point, FIELD_OBJECT, .shape = &geo_point_shape),
    FIELD(PublicShift, note, FIELD_LONG_TEXT),
    FIELD(PublicShift, places, FIELD_OBJECT_LIST, .shape = &PLACE),
    {},
};
static const Shape SHIFT = SHAPE(PublicShift, SHIFT_FIELDS);

static const Field POSITION_FIELDS[] = {
    FIELD(Position, id, FIELD_ID),
    FIELD(Position, name, FIELD_TEXT),
    FIELD(Position, description, FIELD_LONG_TEXT),
    FIELD(Position, required_skills, FIELD_TEXT_LIST),
    FIELD(Position, minimum_age, FIELD_INT),
    FIELD(Position, maximum_age, FIELD_INT),
    FIELD(Position, gender, FIELD_CHOICE, .choices = position_genders),
    {},
};
static const Shape POSITION = {.name = "PublicPosition",
                               .size_bytes = sizeof(Position),
                               .fields = POSITION_FIELDS};

typedef struct PublicActivity {
    ActivityId id;
    UnitId unit_id;
    const char *unit_name;
    const char *project_name;
    int state;
    const char *name;
    const char *category;
    const char *description;
    const char *place_name;
    const char *address;
    GeoPoint *point;
    const char *provided;
    const char *risk_notice;
    int64_t risk_notice_version;
    const char *contact_name;
    const char *contact_phone;
    const char *person_in_charge;
    int visibility;
    const char *time_zone;
    TimeMs sign_up_opens_at;
    TimeMs sign_up_closes_at;
    int64_t cancel_deadline_minutes;
    int approval;
    int waitlist;
    int64_t minimum_age;
    int64_t maximum_age;
    TimeMs starts_at;
    TimeMs ends_at;
    TimeMs published_at;
    int64_t places; /* of the shifts that have not begun, as the next two */
    int64_t free_places;
    TimeMs next_starts_at;
    ObjectList positions; /* on the page of one alone */
    ObjectList shifts;
} PublicActivity;

/* Of lists; the page of one says the rest. */
#define BRIEF_FIELDS                                                                               \
    FIELD(PublicActivity, id, FIELD_ID), FIELD(PublicActivity, unit_id, FIELD_ID),                 \
        FIELD(PublicActivity, unit_name, FIELD_TEXT),                                              \
        FIELD(PublicActivity, project_name, FIELD_TEXT),                                           \
        FIELD(PublicActivity, state, FIELD_CHOICE, .choices = activity_states),                    \
        FIELD(PublicActivity, name, FIELD_TEXT), FIELD(PublicActivity, category, FIELD_TEXT),      \
        FIELD(PublicActivity, place_name, FIELD_TEXT), FIELD(PublicActivity, address, FIELD_TEXT), \
        FIELD(PublicActivity, point, FIELD_OBJECT, .shape = &geo_point_shape),                     \
        FIELD(PublicActivity, visibility, FIELD_CHOICE, .choices = activity_visibilities),         \
        FIELD(PublicActivity, time_zone, FIELD_TEXT),                                              \
        FIELD(PublicActivity, sign_up_opens_at, FIELD_TIME),                                       \
        FIELD(PublicActivity, sign_up_closes_at, FIELD_TIME),                                      \
        FIELD(PublicActivity, starts_at, FIELD_TIME), FIELD(PublicActivity, ends_at, FIELD_TIME),  \
        FIELD(PublicActivity, next_starts_at, FIELD_TIME),                                         \
        FIELD(PublicActivity, places, FIELD_INT), FIELD(PublicActivity, free_places, FIELD_INT)

static const Field BRIEF[] = {BRIEF_FIELDS, {}};
const Shape activity_public_brief_shape = {.name = "PublicActivityBrief",
                                           .size_bytes = sizeof(PublicActivity),
                                           .fields = BRIEF};

static const Field FIELDS[] = {
    BRIEF_FIELDS,
    FIELD(PublicActivity, description, FIELD_LONG_TEXT),
    FIELD(PublicActivity, provided, FIELD_LONG_TEXT),
    FIELD(PublicActivity, risk_notice, FIELD_LONG_TEXT),
    FIELD(PublicActivity, risk_notice_version, FIELD_INT),
    FIELD(PublicActivity, contact_name, FIELD_TEXT),
    FIELD(PublicActivity, contact_phone, FIELD_TEXT),
    FIELD(PublicActivity, person_in_charge, FIELD_TEXT),
    FIELD(PublicActivity, cancel_deadline_minutes, FIELD_INT),
    FIELD(PublicActivity, approval, FIELD_CHOICE, .choices = activity_approvals),
    FIELD(PublicActivity, waitlist, FIELD_CHOICE, .choices = activity_waitlists),
    FIELD(PublicActivity, minimum_age, FIELD_INT),
    FIELD(PublicActivity, maximum_age, FIELD_INT),
    FIELD(PublicActivity, published_at, FIELD_TIME),
    FIELD(PublicActivity, positions, FIELD_OBJECT_LIST, .flags = FIELD_NO_COLUMN,
          .shape = &POSITION),
    FIELD(PublicActivity, shifts, FIELD_OBJECT_LIST, .flags = FIELD_NO_COLUMN, .shape = &SHIFT),
    {},
};
const Shape activity_public_shape = SHAPE(PublicActivity, FIELDS);

/* ---- What is looked for ---- */

typedef struct PublicQuery {
    VolunteerId volunteer_id; /* 0: everybody */
    ActivityId id;            /* 0: all */
    UnitId unit_id;
    TimeMs from;
    TimeMs to;
    const char *category;
    const char *q;
    bool open_places;
    GeoPoint near;
    int64_t radius_km; /* 0: anywhere */
    int64_t limit;
    bool has_cursor;
    SqlValue after[2];
} PublicQuery;

static Err *bad_near(const HttpRequest *req)
{
    Err *err = NULL;
    err_add_field(req->arena, &err, "near", "bad_point", NULL);
    return err;
}

/* near=30.59,114.30 with radius_km. */
/* A number that ends at `stop`. */
static bool parse_degrees(const char *text, char stop, const char **ret_end, double *ret_degrees)
{
    char *end = NULL;
    double degrees = strtod(text, &end);
    if (end == text || *end != stop || !isfinite(degrees)) {
        return false;
    }
    *ret_end = end;
    *ret_degrees = degrees;
    return true;
}

static Err *read_near(const HttpRequest *req, PublicQuery *query)
{
    const char *text = http_query(req, "near");
    double latitude = 0;
    double longitude = 0;
    TRY(http_query_int(req, "radius_km", 10, 1, RADIUS_MAX_KM, &query->radius_km));
    if (text == NULL) {
        query->radius_km = 0;
        return NULL;
    }
    if (!parse_degrees(text, ',', &text, &latitude) || fabs(latitude) > 90 ||
        !parse_degrees(text + 1, '\0', &text, &longitude) || fabs(longitude) > 180) {
        return bad_near(req);
    }
    query->near = (GeoPoint){.latitude = latitude, .longitude = longitude};
    return NULL;
}

static Err *read_query(const HttpRequest *req, PublicQuery *query)
{
    static const char *const NAMES[] = {"from",  "to",        "category",    "q",
                                        "near",  "radius_km", "open_places", "unit_id",
                                        "limit", "cursor",    NULL};
    PageQuery page = {};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(page_query_time(req, "from", &query->from));
    TRY(page_query_time(req, "to", &query->to));
    TRY(page_query_text(req, "category", 64, &query->category));
    TRY(page_query_text(req, "q", 100, &query->q));
    TRY(page_query_id(req, "unit_id", &query->unit_id.value));
    TRY(http_query_bool(req, "open_places", false, &query->open_places));
    TRY(read_near(req, query));
    query->limit = page.limit;
    if (page.cursor == NULL) {
        return NULL;
    }
    query->has_cursor = true;
    query->after[0].type = SQL_TIME;
    query->after[1].type = SQL_INT;
    return page_cursor_decode(req->arena, page.cursor, "public-activities", query->after, 2);
}

/* ---- Rows ---- */

static void add_who(SqlBuilder *builder, const PublicQuery *query)
{
    if (query->volunteer_id.value == 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_PUBLIC, NO_ARGS);
    } else {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_OF_VOLUNTEER,
                        ARGS(sql_int(query->volunteer_id.value)));
    }
    if (query->id.value != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_ONE, ARGS(sql_int(query->id.value)));
    }
}

static void add_place(SqlBuilder *builder, const PublicQuery *query)
{
    if (query->unit_id.value > 1) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_OF_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->radius_km == 0) {
        return;
    }
    double degrees = (double)query->radius_km / KM_PER_DEGREE;
    double half_sine = sin(degrees * M_PI / 360);
    sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_NEAR,
                    ARGS(sql_real(query->near.latitude), sql_real(query->near.longitude),
                         sql_real(half_sine * half_sine), sql_real(degrees)));
}

static void add_filters(Ctx *ctx, SqlBuilder *builder, const PublicQuery *query)
{
    add_who(builder, query);
    add_place(builder, query);
    if (query->from != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_FROM, ARGS(sql_time(query->from)));
    }
    if (query->to != 0) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_TO, ARGS(sql_time(query->to)));
    }
    if (query->category != NULL) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_OF_CATEGORY, ARGS(sql_text(query->category)));
    }
    if (query->open_places) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_WITH_PLACES, ARGS(sql_time(ctx->now)));
    }
    if (query->q != NULL) {
        sql_builder_add(builder, &SQL_ACTIVITY_PUBLIC_Q,
                        ARGS(sql_text(page_like(ctx->arena, query->q))));
    }
}

YIELDS static Err *query_rows(Ctx *ctx, const PublicQuery *query, ObjectList *ret_activities)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ACTIVITY_PUBLIC_SELECT, ARGS(sql_time(ctx->now)));
    add_filters(ctx, &builder, query);
    if (query->has_cursor) {
        sql_builder_add(&builder, &SQL_ACTIVITY_PUBLIC_AFTER,
                        (SqlArgs){.values = query->after, .count = 2});
    }
    if (query->id.value == 0) {
        sql_builder_add(&builder, &SQL_ACTIVITY_PUBLIC_ORDER, ARGS(sql_int(query->limit + 1)));
    }
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_activities = shape_from_rows(ctx->arena, &activity_public_shape, rows);
    return NULL;
}

YIELDS static Err *reply_rows(Ctx *ctx, HttpResponse *res, const PublicQuery *query)
{
    HttpList list = {.shape = &activity_public_brief_shape, .total = -1};
    TRY(query_rows(ctx, query, &list.items));
    if (list.items.count > (size_t)query->limit) {
        list.items.count = (size_t)query->limit;
        const PublicActivity *last =
            (const PublicActivity *)list.items.items + list.items.count - 1;
        SqlValue values[] = {sql_time(last->starts_at), sql_int(last->id.value)};
        list.next_cursor = page_cursor_encode(ctx->arena, "public-activities", values, 2);
    }
    return http_reply_list(res, &list, NULL);
}

YIELDS static Err *reply_one(Ctx *ctx, HttpResponse *res, const PublicQuery *query)
{
    ObjectList found = {};
    StoreRows *rows = NULL;
    TRY(query_rows(ctx, query, &found));
    if (found.count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "activity %" PRId64,
                   query->id.value);
    }
    PublicActivity *activity = found.items;
    TRY(position_list(ctx, query->id, &activity->positions));
    TRY(store_query(ctx->db, &SQL_ACTIVITY_PUBLIC_SHIFTS,
                    ARGS(sql_int(query->id.value), sql_time(ctx->now)), &rows));
    activity->shifts = shape_from_rows(ctx->arena, &SHIFT, rows);
    return http_reply(res, HTTP_OK, &activity_public_shape, activity, NULL);
}

/* ---- Answers ---- */

/* FNV-1a; the ETag of an answer that has no version of its own. */
static int64_t hash_of(Slice body)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < body.length; i++) {
        hash = (hash ^ (unsigned char)body.data[i]) * UINT64_C(1099511628211);
    }
    return (int64_t)(hash >> 1);
}

static void finish(HttpResponse *res, int64_t age_ms)
{
    http_set_version(res, hash_of(http_response_body(res)));
    http_set_header(res, "Age", age_ms < SECOND_MS ? "0" : "1");
    http_set_header(res, "Cache-Control", "public, max-age=1");
}

/* A kept answer begins with the instant that it is of. */
static bool reply_kept(HttpResponse *res, TimeMs now, const char *kept)
{
    char *body = NULL;
    if (kept == NULL) {
        return false;
    }
    TimeMs of = strtoll(kept, &body, 10);
    if (body == kept || *body != '|' || now - of < 0 || now - of > 2 * KEEP_MS) {
        return false;
    }
    err_ignore(http_reply_json(res, HTTP_OK, body + 1), "it only copies");
    finish(res, now - of);
    return true;
}

typedef Err *PublicReply(Ctx *ctx, HttpResponse *res, const PublicQuery *query);

YIELDS static Err *reply_keeping(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                 const PublicQuery *query, PublicReply *reply)
{
    const char *kept = NULL;
    const char *key =
        arena_printf(ctx->arena, "activity.public:%s?%s", req->path, http_query_string(req));
    bool keeps = strlen(key) <= KEY_MAX;
    if (keeps) {
        kept = cache_get_here(ctx->services->cache, ctx->arena, key);
    }
    if (reply_kept(res, ctx->now, kept)) {
        return NULL;
    }
    TRY(reply(ctx, res, query));
    Slice body = http_response_body(res);
    finish(res, 0);
    if (keeps) {
        cache_set_here(ctx->services->cache, key,
                       arena_printf(ctx->arena, "%" PRId64 "|%.*s", ctx->now, (int)body.length,
                                    body.data),
                       KEEP_MS);
    }
    return NULL;
}

YIELDS Err *activity_public_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PublicQuery query = {};
    TRY(read_query(req, &query));
    return reply_keeping(ctx, req, res, &query, reply_rows);
}

YIELDS Err *activity_public_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PublicQuery query = {};
    TRY(http_path_id(req, "activity_id", &query.id.value));
    return reply_keeping(ctx, req, res, &query, reply_one);
}

/* ---- Of a volunteer: not kept, so exact ---- */

static Err *require_volunteer(Ctx *ctx)
{
    if (ctx->caller.volunteer_id.value == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "no_volunteer", "account %" PRId64 " has none",
                   ctx->caller.account_id.value);
    }
    return NULL;
}

YIELDS Err *activity_own_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PublicQuery query = {.volunteer_id = ctx->caller.volunteer_id};
    TRY(require_volunteer(ctx));
    TRY(read_query(req, &query));
    return reply_rows(ctx, res, &query);
}

YIELDS Err *activity_own_show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PublicQuery query = {.volunteer_id = ctx->caller.volunteer_id};
    TRY(require_volunteer(ctx));
    TRY(http_path_id(req, "activity_id", &query.id.value));
    return reply_one(ctx, res, &query);
}

YIELDS Err *activity_may_see(Ctx *ctx, ActivityId id, VolunteerId volunteer_id, bool *ret_may)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ACTIVITY_MAY_SEE,
                    ARGS(sql_int(id.value), sql_int(volunteer_id.value)), &rows));
    *ret_may = rows->count > 0;
    return NULL;
}
