/* Who is there: the list of a shift with names only, its counters, and events as they come. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/common/page.h"
#include "voms/common/watch.h"
#include "voms/volunteer/volunteer.h"

#define POLL_MS 500
#define CHANGES_MAX 200
#define PHONE_DIGITS_MIN 4

static const char *const PRESENCE_STATES[] = {"expected", "present", "completed", "absent", NULL};

typedef struct Entry {
    int64_t signup_id;
    VolunteerId volunteer_id;
    const char *volunteer_name;
    const char *position_name;
    int state;
    int64_t attendance_id;
    TimeMs check_in_at;
    TimeMs check_out_at;
    const char *grade;
    TimeMs updated_at;
} Entry;

static const Field ENTRY_FIELDS[] = {
    FIELD(Entry, signup_id, FIELD_ID),
    FIELD(Entry, volunteer_id, FIELD_ID),
    FIELD(Entry, volunteer_name, FIELD_TEXT),
    FIELD(Entry, position_name, FIELD_TEXT),
    FIELD(Entry, state, FIELD_CHOICE, .choices = PRESENCE_STATES),
    FIELD(Entry, attendance_id, FIELD_ID),
    FIELD(Entry, check_in_at, FIELD_TIME),
    FIELD(Entry, check_out_at, FIELD_TIME),
    FIELD(Entry, grade, FIELD_TEXT),
    FIELD(Entry, updated_at, FIELD_TIME),
    {},
};
const Shape presence_entry_shape = {.name = "PresenceEntry",
                                    .size_bytes = sizeof(Entry),
                                    .fields = ENTRY_FIELDS};

typedef struct Summary {
    int64_t expected; /* signed up, and neither come nor marked absent */
    int64_t present;
    int64_t completed;
    int64_t absent;
    int64_t expected_total; /* all who are signed up */
    TimeMs changed_at;
    int64_t versions; /* moves with every change */
} Summary;

static const Field SUMMARY_FIELDS[] = {
    FIELD(Summary, expected, FIELD_INT),
    FIELD(Summary, present, FIELD_INT),
    FIELD(Summary, completed, FIELD_INT),
    FIELD(Summary, absent, FIELD_INT),
    FIELD(Summary, expected_total, FIELD_INT),
    FIELD(Summary, changed_at, FIELD_TIME),
    {},
};
const Shape presence_summary_shape = {.name = "PresenceSummary",
                                      .size_bytes = sizeof(Summary),
                                      .fields = SUMMARY_FIELDS};

YIELDS Err *attendance_reply_entry(Ctx *ctx, HttpResponse *res, int64_t shift_id,
                                   VolunteerId volunteer_id)
{
    StoreRows *rows = NULL;
    Entry entry = {};
    TRY(store_query(ctx->db, &SQL_PRESENCE_ENTRY,
                    ARGS(sql_int(shift_id), sql_int(volunteer_id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "not_signed_up", "no entry of this volunteer");
    }
    shape_from_row(ctx->arena, &presence_entry_shape, rows, 0, &entry);
    return http_reply(res, HTTP_OK, &presence_entry_shape, &entry, NULL);
}

/* ---- The list ---- */

typedef struct PresenceQuery {
    int64_t shift_id;
    int state;
    const char *q;
    int64_t after_id;
    TimeMs changed_from; /* 0: all */
    int64_t limit;
} PresenceQuery;

/* Names by characters, pinyin and initials, whole numbers, and a phone's last digits: found by, but
 * not shown. */
static void add_search(SqlBuilder *builder, Ctx *ctx, const char *q)
{
    bool digits = strlen(q) >= PHONE_DIGITS_MIN && strspn(q, "0123456789") == strlen(q);
    const char *phone = digits ? arena_printf(ctx->arena, "%%%s", q) : "";
    char *number = arena_strdup(ctx->arena, q);
    number[0] = number[0] == 'v' ? 'V' : number[0];
    sql_builder_add(builder, &SQL_PRESENCE_ROWS_MATCHING,
                    ARGS(sql_text(volunteer_name_pattern(ctx->arena, q)), sql_text(number),
                         sql_text(phone)));
}

static void add_state(SqlBuilder *builder, int state)
{
    if (state == 0) {
        sql_builder_add(builder, &SQL_PRESENCE_ROWS_EXPECTED, NO_ARGS);
    } else if (state == 3) {
        sql_builder_add(builder, &SQL_PRESENCE_ROWS_ABSENT, NO_ARGS);
    } else if (state > 0) {
        sql_builder_add(builder, &SQL_PRESENCE_ROWS_IN_STATE,
                        ARGS(sql_text(PRESENCE_STATES[state])));
    }
}

YIELDS static Err *find_entries(Ctx *ctx, const PresenceQuery *query, ObjectList *ret_entries)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_PRESENCE_ROWS_SELECT, ARGS(sql_int(query->shift_id)));
    if (query->q != NULL) {
        add_search(&builder, ctx, query->q);
    }
    add_state(&builder, query->state);
    if (query->changed_from != 0) {
        sql_builder_add(&builder, &SQL_PRESENCE_ROWS_CHANGED, ARGS(sql_time(query->changed_from)));
    }
    sql_builder_add(&builder, &SQL_PRESENCE_ROWS_AFTER, ARGS(sql_int(query->after_id)));
    sql_builder_add(&builder, &SQL_PRESENCE_ROWS_UP, ARGS(sql_int(query->limit)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_entries = shape_from_rows(ctx->arena, &presence_entry_shape, rows);
    return NULL;
}

static Err *read_query(const HttpRequest *req, PageQuery *page, PresenceQuery *query)
{
    static const char *const NAMES[] = {"q", "state", "limit", "cursor", NULL};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, page));
    TRY(http_path_id(req, "shift_id", &query->shift_id));
    TRY(http_query_choice(req, "state", PRESENCE_STATES, -1, &query->state));
    TRY(page_query_text(req, "q", 100, &query->q));
    if (page->cursor != NULL) {
        SqlValue after = sql_int(0);
        TRY(page_cursor_decode(req->arena, page->cursor, "presence", &after, 1));
        query->after_id = after.integer;
    }
    query->limit = page->limit + 1;
    return NULL;
}

YIELDS Err *attendance_presence(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    PageQuery page = {};
    PresenceQuery query = {};
    HttpList list = {.shape = &presence_entry_shape, .total = -1};
    TRY(read_query(req, &page, &query));
    TRY(find_entries(ctx, &query, &list.items));
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const Entry *last = (const Entry *)list.items.items + list.items.count - 1;
        SqlValue value = sql_int(last->signup_id);
        list.next_cursor = page_cursor_encode(ctx->arena, "presence", &value, 1);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- The counters ---- */

YIELDS static Err *find_summary(Ctx *ctx, int64_t shift_id, Summary *ret_summary)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_PRESENCE_SUMMARY, ARGS(sql_int(shift_id)), &rows));
    *ret_summary = (Summary){};
    shape_from_row(ctx->arena, &presence_summary_shape, rows, 0, ret_summary);
    ret_summary->versions = row_int(rows, 0, row_column(rows, "versions"));
    return NULL;
}

YIELDS Err *attendance_presence_summary(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t shift_id = 0;
    Summary summary = {};
    TRY(http_path_id(req, "shift_id", &shift_id));
    TRY(find_summary(ctx, shift_id, &summary));
    return http_reply(res, HTTP_OK, &presence_summary_shape, &summary, NULL);
}

/* ---- Events ---- */

static bool is_same(const Summary *a, const Summary *b)
{
    return a->versions == b->versions && a->changed_at == b->changed_at &&
           a->expected == b->expected && a->expected_total == b->expected_total &&
           a->absent == b->absent;
}

/* {"summary": …, "changed": [entries]} */
static const char *event_text(Ctx *ctx, const Summary *summary, const ObjectList *changed)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "summary");
    shape_encode(ctx->arena, &writer, &presence_summary_shape, summary, NULL);
    json_write_key(&writer, "changed");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < changed->count; i++) {
        shape_encode(ctx->arena, &writer, &presence_entry_shape, (const Entry *)changed->items + i,
                     NULL);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return str_text(&text);
}

typedef struct Seen {
    int64_t shift_id;
    bool began;
    Summary summary;
} Seen;

/* The first event tells the counters; entries are listed by GET …/presence. */
YIELDS static Err *send_change(Ctx *ctx, HttpResponse *res, void *arg, bool *ret_over UNUSED)
{
    Seen *seen = arg;
    Summary summary = {};
    ObjectList changed = {};
    char id[24];
    TRY(find_summary(ctx, seen->shift_id, &summary));
    if (seen->began && is_same(&summary, &seen->summary)) {
        return NULL;
    }
    if (seen->began) {
        PresenceQuery query = {.shift_id = seen->shift_id,
                               .state = -1,
                               .changed_from = MAX(seen->summary.changed_at, 1),
                               .limit = CHANGES_MAX};
        TRY(find_entries(ctx, &query, &changed));
    }
    seen->summary = summary;
    seen->began = true;
    snprintf(id, sizeof(id), "%" PRId64, summary.versions);
    return http_sse_send(res, "presence", id, event_text(ctx, &summary, &changed));
}

YIELDS Err *attendance_presence_events(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Seen seen = {};
    TRY(http_path_id(req, "shift_id", &seen.shift_id));
    return watch_stream(ctx, res, &(Watch){.every_ms = POLL_MS, .look = send_change, .arg = &seen});
}
