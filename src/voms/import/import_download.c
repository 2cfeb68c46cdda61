/* What goes out again: progress, refused rows, the empty template; and the end of old files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "voms/common/watch.h"
#include "voms/export/export.h"
#include "voms/import/import.sql.h"
#include "voms/import/import_internal.h"

#define POLL_MS 300
#define KEEP_MS (30 * DAY_MS)
#define PAGE_ROWS 500

/* ---- Events ---- */

static const char *event_text(Ctx *ctx, const Import *import)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    shape_encode(ctx->arena, &writer, &import_shape, import, NULL);
    return str_text(&text);
}

static bool is_over(int state)
{
    return state == IMPORT_DONE || state == IMPORT_FAILED || state == IMPORT_CANCELLED;
}

typedef struct Seen {
    ImportId id;
    int state; /* -1: nothing was sent */
    int64_t version;
} Seen;

YIELDS static Err *send_change(Ctx *ctx, HttpResponse *res, void *arg, bool *ret_over)
{
    Seen *seen = arg;
    Import *import = NULL;
    TRY(import_find(ctx, seen->id, &import));
    if (import->version == seen->version) {
        return NULL;
    }
    const char *event = import->state == seen->state ? "progress" : "state";
    char version[24];
    snprintf(version, sizeof(version), "%" PRId64, import->version);
    seen->state = import->state;
    seen->version = import->version;
    *ret_over = is_over(import->state);
    return http_sse_send(res, event, version, event_text(ctx, import));
}

YIELDS Err *import_stream_events(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Seen seen = {.state = -1};
    TRY(http_path_id(req, "import_id", &seen.id.value));
    return watch_stream(ctx, res, &(Watch){.every_ms = POLL_MS, .look = send_change, .arg = &seen});
}

/* ---- Refused rows ---- */

/* Rows of the file that were refused: read and compared in the thread pool, page by page. */
typedef struct RefusedFile {
    Arena *arena; /* the reader's */
    Arena *page;  /* of the rows that were found */
    const char *path;
    const char *temp_dir;
    SheetReader *reader;
    const int64_t *wanted; /* row numbers, ascending */
    size_t wanted_count;
    SheetRow *rows;
    size_t row_count;
    Err *err;
} RefusedFile;

static SheetRow copy_row(Arena *arena, const SheetRow *row)
{
    SheetCell *cells = ARENA_ARRAY(arena, SheetCell, row->count + 1);
    for (size_t i = 0; i < row->count; i++) {
        cells[i] = row->cells[i];
        cells[i].text = arena_strndup(arena, row->cells[i].text, row->cells[i].length);
    }
    return (SheetRow){.number = row->number, .cells = cells, .count = row->count};
}

static Err *read_wanted(RefusedFile *file)
{
    SheetOptions options = import_sheet_options(file->temp_dir);
    file->row_count = 0;
    file->rows = ARENA_ARRAY(file->page, SheetRow, file->wanted_count + 1);
    if (file->reader == NULL) {
        TRY(sheet_open(file->arena, &(SheetSource){.path = file->path}, &options, &file->reader));
    }
    while (file->row_count < file->wanted_count) {
        const SheetRow *row = NULL;
        TRY(sheet_next(file->reader, &row));
        if (row == NULL) {
            break;
        }
        if (row->number == file->wanted[file->row_count]) {
            file->rows[file->row_count++] = copy_row(file->page, row);
        }
    }
    return NULL;
}

static void read_in_pool(void *arg)
{
    RefusedFile *file = arg;
    file->err = read_wanted(file);
}

static void refused_file_done(RefusedFile *file)
{
    sheet_close(file->reader);
    arena_free(file->arena);
    arena_free(file->page);
}

static const char *reason_text(Ctx *ctx, Arena *arena, const char *problems)
{
    json_t *json = NULL;
    Str text;
    str_init(&text, arena);
    if (problems == NULL || json_parse(arena, problems, strlen(problems), &json) != NULL) {
        return "";
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *problem = json_array_get(json, i);
        const char *name = json_string_value(json_object_get(problem, "field"));
        const Field *field = name == NULL ? NULL : shape_find(&volunteer_import_shape, name);
        const char *title = field == NULL                  ? name
                            : ctx->language == LANGUAGE_EN ? field->en
                                                           : field->zh;
        str_printf(&text, "%s%s%s%s", i == 0 ? "" : "; ", title == NULL ? "" : title,
                   title == NULL ? "" : ": ",
                   message_format(arena, ctx->language,
                                  json_string_value(json_object_get(problem, "code")),
                                  json_string_value(json_object_get(problem, "param"))));
    }
    return str_text(&text);
}

YIELDS static Err *send_refused_row(ExportSink *sink, Arena *arena, const SheetRow *row,
                                    size_t columns, const char *reason)
{
    Slice *cells = ARENA_ARRAY(arena, Slice, columns + 2);
    const char *number = arena_printf(arena, "%" PRId64, row->number);
    for (size_t i = 0; i < MIN(row->count, columns); i++) {
        cells[i] = (Slice){row->cells[i].text, row->cells[i].length};
    }
    cells[columns] = (Slice){number, strlen(number)};
    cells[columns + 1] = (Slice){reason, strlen(reason)};
    return export_sink_row(sink, cells, columns + 2);
}

YIELDS static Err *send_refused_page(Ctx *ctx, ExportSink *sink, RefusedFile *file,
                                     const StoreRows *rows, size_t columns)
{
    int64_t *wanted = ARENA_ARRAY(file->page, int64_t, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        wanted[i] = row_int(rows, i, 0);
    }
    file->wanted = wanted;
    file->wanted_count = rows->count;
    TRY(offload(read_in_pool, file));
    if (file->err != NULL) {
        return err_copy(ctx->arena, file->err);
    }
    for (size_t i = 0; i < file->row_count; i++) {
        const char *reason =
            reason_text(ctx, file->page, row_text(rows, i, row_column(rows, "problems")));
        TRY(send_refused_row(sink, file->page, &file->rows[i], columns, reason));
    }
    return NULL;
}

YIELDS static Err *refused_page(Db *db, const Import *import, int64_t after, StoreRows **ret_rows)
{
    SqlBuilder builder;
    sql_builder_init(&builder, db->arena);
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_SELECT,
                    ARGS(sql_int(import->id.value), sql_int(import->rows_run), sql_int(after)));
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_OUTCOME,
                    ARGS(sql_text(import_outcomes[IMPORT_REFUSE])));
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_ORDER, ARGS(sql_int(PAGE_ROWS)));
    return store_query_built(db, &builder, ret_rows);
}

YIELDS static Err *send_refused_rows(Ctx *ctx, ExportSink *sink, const Import *import,
                                     size_t columns)
{
    CLEANUP(refused_file_done)
    RefusedFile file = {.arena = arena_new(),
                        .page = arena_new(),
                        .path = import_file_path(ctx, import->stored_name),
                        .temp_dir = import_folder(ctx)};
    for (int64_t after = 0;;) {
        StoreRows *rows = NULL;
        arena_reset(file.page);
        Db db = db_make(ctx->db->store, file.page);
        Err *err = refused_page(&db, import, after, &rows);
        if (err != NULL) {
            return err_copy(ctx->arena, err);
        }
        if (rows->count == 0) {
            return NULL;
        }
        after = row_int(rows, rows->count - 1, 0);
        TRY(send_refused_page(ctx, sink, &file, rows, columns));
    }
}

YIELDS static Err *send_headers(Ctx *ctx, ExportSink *sink, const ImportColumn *columns,
                                size_t count)
{
    bool english = ctx->language == LANGUAGE_EN;
    Slice *cells = ARENA_ARRAY(ctx->arena, Slice, count + 2);
    for (size_t i = 0; i < count; i++) {
        const char *header = columns[i].header == NULL ? "" : columns[i].header;
        cells[i] = (Slice){header, strlen(header)};
    }
    const char *number = english ? "Row" : "行号";
    const char *reason = english ? "Reason" : "原因";
    cells[count] = (Slice){number, strlen(number)};
    cells[count + 1] = (Slice){reason, strlen(reason)};
    return export_sink_row(sink, cells, count + 2);
}

YIELDS Err *import_send_refused(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format", NULL};
    Import *import = NULL;
    ImportColumn *columns = NULL;
    ExportSink *sink = NULL;
    size_t count = 0;
    TRY(http_query_only(req, NAMES));
    TRY(import_of_path(ctx, req, &import));
    if (import->rows_run == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "import_not_analysed", "there is no preview");
    }
    if (import->stored_name == NULL) {
        return ERR(ctx->arena, ERR_CONFLICT, "import_file_removed", "the file is gone");
    }
    TRY(import_parse_columns(ctx->arena, import->columns, &columns, &count));
    TRY(export_sink_open(ctx, req, res, "refused", &sink));
    TRY(send_headers(ctx, sink, columns, count));
    TRY(send_refused_rows(ctx, sink, import, count));
    return export_sink_close(sink);
}

/* ---- The template ---- */

YIELDS Err *import_send_template(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"format", NULL};
    ExportSink *sink = NULL;
    ObjectList custom = {};
    VEC(Slice) cells = {};
    bool english = ctx->language == LANGUAGE_EN;
    TRY(http_query_only(req, NAMES));
    TRY(import_custom_fields(ctx, (UnitId){}, &custom));
    for (const Field *field = volunteer_import_shape.fields; field->name != NULL; field++) {
        const char *title = english ? field->en : field->zh;
        *vec_push(&cells, ctx->arena) = (Slice){title, strlen(title)};
    }
    const char *unit = english ? "Unit" : "所属单位";
    *vec_push(&cells, ctx->arena) = (Slice){unit, strlen(unit)};
    const CustomField *fields = custom.items;
    for (size_t i = 0; i < custom.count; i++) {
        const char *title = english ? fields[i].title_en : fields[i].title_zh;
        *vec_push(&cells, ctx->arena) = (Slice){title, strlen(title)};
    }
    TRY(export_sink_open(ctx, req, res, "volunteers", &sink));
    TRY(export_sink_row(sink, cells.items, cells.count));
    return export_sink_close(sink);
}

/* ---- Old files ---- */

static void unlink_in_pool(void *arg)
{
    unlink(arg);
}

/* The file first: a record without its file is tried again, a file without its record never. */
YIELDS static Err *forget(Ctx *ctx, int64_t id, const char *stored_name)
{
    TRY(offload(unlink_in_pool, (void *)(uintptr_t)import_file_path(ctx, stored_name)));
    TRY(store_exec(ctx->db, &SQL_IMPORT_DELETE_ROWS, ARGS(sql_int(id)), NULL));
    return store_exec(ctx->db, &SQL_IMPORT_FORGET, ARGS(sql_int(id)), NULL);
}

YIELDS Err *import_clean(Ctx *ctx)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_IMPORT_LIST_EXPIRED, ARGS(sql_time(ctx->now - KEEP_MS)), &rows));
    for (size_t i = 0; i < rows->count; i++) {
        TRY(forget(ctx, row_int(rows, i, 0), row_text(rows, i, 1)));
    }
    return NULL;
}
