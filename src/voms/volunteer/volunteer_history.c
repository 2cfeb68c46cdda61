/* Who changed what in a volunteer's file. */
#include "voms/common/id_page.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define HISTORY_MAX 1000

typedef struct HistoryEntry {
    int64_t id;
    TimeMs at;
    const char *action;
    int64_t actor_id;
    const char *actor_name;
    const char *reason;
    const char *changes;
} HistoryEntry;

static const Field HISTORY_ENTRY_FIELDS[] = {
    FIELD(HistoryEntry, id, FIELD_ID),           FIELD(HistoryEntry, at, FIELD_TIME),
    FIELD(HistoryEntry, action, FIELD_TEXT),     FIELD(HistoryEntry, actor_id, FIELD_ID),
    FIELD(HistoryEntry, actor_name, FIELD_TEXT), FIELD(HistoryEntry, reason, FIELD_TEXT),
    FIELD(HistoryEntry, changes, FIELD_JSON),    {},
};
static const Shape HISTORY_ENTRY = SHAPE(HistoryEntry, HISTORY_ENTRY_FIELDS);

YIELDS static Err *find_entries(Ctx *ctx, VolunteerId id, int64_t before_id, int64_t limit,
                                ObjectList *ret_entries)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_HISTORY_LIST,
                    ARGS(sql_int(id.value), sql_int(before_id), sql_int(limit)), &rows));
    *ret_entries = shape_from_rows(ctx->arena, &HISTORY_ENTRY, rows);
    return NULL;
}

YIELDS static Err *count_entries(Ctx *ctx, VolunteerId id, bool wanted, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    if (!wanted) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_HISTORY_COUNT, ARGS(sql_int(id.value)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *volunteer_reply_history(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                                    VolunteerId id)
{
    IdPage page = {};
    ObjectList entries = {};
    int64_t total = -1;
    TRY(id_page_read(req, "history", NULL, &page));
    TRY(find_entries(ctx, id, page.before_id, page.limit + 1, &entries));
    TRY(count_entries(ctx, id, page.with_total, &total));
    return id_page_reply(res, req, &page, &HISTORY_ENTRY, entries, total, NULL);
}

YIELDS Err *volunteer_history_json(Ctx *ctx, VolunteerId id, const char **ret_json)
{
    ObjectList entries = {};
    TRY(find_entries(ctx, id, INT64_MAX, HISTORY_MAX, &entries));
    *ret_json = volunteer_json_array(ctx->arena, &HISTORY_ENTRY, entries, NULL);
    return NULL;
}

const char *volunteer_json_array(Arena *arena, const Shape *shape, ObjectList items,
                                 const ShapeView *view)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < items.count; i++) {
        shape_encode(arena, &writer, shape, (const char *)items.items + i * shape->size_bytes,
                     view);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}
