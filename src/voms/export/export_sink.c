#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/sheet/sheet.h"
#include "voms/export/export.h"

#define CSV_FLUSH_BYTES ((size_t)32 * 1024)
#define XLSX_BATCH_ROWS 500
#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

typedef struct SinkRow {
    Slice *cells;
    size_t count;
} SinkRow;

struct ExportSink {
    Ctx *ctx;
    HttpResponse *res;
    const char *file_name;
    bool is_xlsx;
    Arena *batch; /* of rows that wait */
    Str csv;
    bool begun; /* csv: the answer has begun */
    SinkRow *rows;
    size_t row_count;
    bool header_written;
    Arena *arena; /* the writer's, for the thread pool */
    char *path;   /* of the xlsx */
    XlsxWriter *writer;
    Err *err; /* of the thread pool */
};

static void sink_done(void *arg)
{
    ExportSink *sink = arg;
    xlsx_writer_free(sink->writer);
    if (sink->path != NULL) {
        unlink(sink->path);
    }
    arena_free(sink->batch);
    arena_free(sink->arena);
}

static void begin_batch(ExportSink *sink)
{
    arena_reset(sink->batch);
    str_init(&sink->csv, sink->batch);
    sink->rows = ARENA_ARRAY(sink->batch, SinkRow, XLSX_BATCH_ROWS);
    sink->row_count = 0;
}

/* ---- In the thread pool ---- */

static Err *open_writer(ExportSink *sink)
{
    const char *folder = arena_printf(sink->arena, "%s/exports", sink->ctx->services->data_dir);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ERR(sink->arena, ERR_INTERNAL, "file_unwritable", "mkdir %s: %s", folder,
                   strerror(errno));
    }
    char *path = arena_printf(sink->arena, "%s/XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        return ERR(sink->arena, ERR_INTERNAL, "file_unwritable", "mkostemp %s: %s", path,
                   strerror(errno));
    }
    close(fd);
    sink->path = path;
    return xlsx_writer_open(sink->arena, path, "VOMS", folder, &sink->writer);
}

static Err *write_rows(ExportSink *sink)
{
    if (sink->writer == NULL) {
        TRY(open_writer(sink));
    }
    for (size_t i = 0; i < sink->row_count; i++) {
        TRY(xlsx_writer_row(sink->writer, sink->rows[i].cells, sink->rows[i].count,
                            !sink->header_written));
        sink->header_written = true;
    }
    return NULL;
}

static void write_in_pool(void *arg)
{
    ExportSink *sink = arg;
    sink->err = write_rows(sink);
}

static void close_in_pool(void *arg)
{
    ExportSink *sink = arg;
    sink->err = write_rows(sink);
    if (sink->err == NULL) {
        sink->err = xlsx_writer_close(sink->writer);
    }
}

YIELDS static Err *in_pool(ExportSink *sink, void (*work)(void *))
{
    TRY(offload(work, sink));
    TRY(sink->err == NULL ? NULL : err_copy(sink->ctx->arena, sink->err));
    begin_batch(sink);
    return NULL;
}

/* ---- The fiber's side ---- */

Err *export_sink_open(Ctx *ctx, const HttpRequest *req, HttpResponse *res, const char *name,
                      ExportSink **ret_sink)
{
    static const char *const FORMATS[] = {"csv", "xlsx", NULL};
    int format = 0;
    TRY(http_query_choice(req, "format", FORMATS, 0, &format));
    ExportSink *sink = ARENA_NEW(ctx->arena, ExportSink);
    *sink = (ExportSink){.ctx = ctx,
                         .res = res,
                         .file_name = arena_printf(ctx->arena, "%s.%s", name, FORMATS[format]),
                         .is_xlsx = format == 1,
                         .batch = arena_new(),
                         .arena = arena_new()};
    arena_defer(ctx->arena, sink_done, sink);
    begin_batch(sink);
    *ret_sink = sink;
    return NULL;
}

YIELDS static Err *flush_csv(ExportSink *sink)
{
    if (!sink->begun) {
        TRY(http_stream_begin(sink->res, HTTP_OK, "text/csv; charset=utf-8", sink->file_name));
        TRY(http_stream_write(sink->res, CSV_BOM, strlen(CSV_BOM)));
        sink->begun = true;
    }
    TRY(http_stream_write(sink->res, str_text(&sink->csv), sink->csv.length));
    begin_batch(sink);
    return NULL;
}

static void keep_row(ExportSink *sink, const Slice *cells, size_t count)
{
    SinkRow *row = &sink->rows[sink->row_count++];
    row->cells = ARENA_ARRAY(sink->batch, Slice, count + 1);
    row->count = count;
    for (size_t i = 0; i < count; i++) {
        row->cells[i] =
            (Slice){arena_strndup(sink->batch, cells[i].data, cells[i].length), cells[i].length};
    }
}

YIELDS Err *export_sink_row(ExportSink *sink, const Slice *cells, size_t count)
{
    if (sink->is_xlsx) {
        keep_row(sink, cells, count);
        return sink->row_count < XLSX_BATCH_ROWS ? NULL : in_pool(sink, write_in_pool);
    }
    csv_append_row(&sink->csv, cells, count);
    return sink->csv.length < CSV_FLUSH_BYTES ? NULL : flush_csv(sink);
}

YIELDS Err *export_sink_close(ExportSink *sink)
{
    if (!sink->is_xlsx) {
        return flush_csv(sink);
    }
    TRY(in_pool(sink, close_in_pool));
    return http_reply_file(sink->res, sink->path, XLSX_TYPE, sink->file_name);
}

/* ---- A list ---- */

typedef struct Columns {
    const Field *fields[128];
    size_t count;
} Columns;

YIELDS static Err *send_header(Ctx *ctx, ExportSink *sink, const Columns *columns)
{
    Slice cells[COUNT_OF(columns->fields)];
    for (size_t i = 0; i < columns->count; i++) {
        const Field *field = columns->fields[i];
        const char *title = ctx->language == LANGUAGE_EN ? field->en : field->zh;
        title = title == NULL ? field->name : title;
        cells[i] = (Slice){title, strlen(title)};
    }
    return export_sink_row(sink, cells, columns->count);
}

YIELDS static Err *send_page(ExportSink *sink, const ExportList *list, const Columns *columns,
                             const ExportPage *page)
{
    Slice cells[COUNT_OF(columns->fields)];
    const char *object = page->items.items;
    for (size_t i = 0; i < page->items.count; i++, object += list->shape->size_bytes) {
        for (size_t j = 0; j < columns->count; j++) {
            const char *text = shape_cell(page->arena, columns->fields[j], object, list->view);
            cells[j] = (Slice){text, strlen(text)};
        }
        TRY(export_sink_row(sink, cells, columns->count));
    }
    return NULL;
}

YIELDS static Err *send_pages(Ctx *ctx, ExportSink *sink, const ExportList *list,
                              const Columns *columns)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ExportPage page = {.arena = arena, .more = true};
    while (page.more) {
        arena_reset(arena);
        Db db = db_make(ctx->db->store, arena);
        Ctx page_ctx = *ctx;
        page_ctx.arena = arena;
        page_ctx.db = &db;
        Err *err = list->next(&page_ctx, list->arg, &page);
        err = err != NULL ? err : send_page(sink, list, columns, &page);
        if (err != NULL) {
            return err_copy(ctx->arena, err);
        }
    }
    return NULL;
}

YIELDS Err *export_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res, const ExportList *list)
{
    ExportSink *sink = NULL;
    Columns columns = {};
    for (size_t i = 0; list->fields[i] != NULL; i++) {
        columns.fields[columns.count] = shape_find(list->shape, list->fields[i]);
        BUG_ON(columns.fields[columns.count] == NULL);
        columns.count++;
    }
    TRY(export_sink_open(ctx, req, res, list->name, &sink));
    TRY(send_header(ctx, sink, &columns));
    TRY(send_pages(ctx, sink, list, &columns));
    return export_sink_close(sink);
}
