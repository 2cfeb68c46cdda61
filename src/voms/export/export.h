/* export.h - tables as downloads: csv is sent as it is made, xlsx is made in the thread pool and
 * then sent. Memory stays flat whatever the number of rows. */
#pragma once

#include "app/services.h"

extern const Concept export_concept;

/* ---- A download, row by row ---- */

typedef struct ExportSink ExportSink;

/* Reads `format` (csv, xlsx; csv when absent) and prepares the answer. name is the file's, without
 * its ending; ASCII. *ret_sink is freed with the request's arena. Fails with ERR_INVALID. */
Err *export_sink_open(Ctx *ctx, const HttpRequest *req, HttpResponse *res, const char *name,
                      ExportSink **ret_sink);

/* Appends a row; the first is the header. Yields. Fails with ERR_CANCELLED when the client went
 * away, ERR_INVALID ("file_too_many_rows") when xlsx cannot hold more. */
YIELDS Err *export_sink_row(ExportSink *sink, const Slice *cells, size_t count);

/* Sends what is left. Yields. */
YIELDS Err *export_sink_close(ExportSink *sink);

/* ---- A list as a download ---- */

typedef struct ExportPage {
    Arena *arena; /* for the page's objects; reset after it */
    ObjectList items;
    bool more;
} ExportPage;

/* Reads the page behind the one before into *page. Yields. */
typedef Err *ExportNext(Ctx *ctx, void *arg, ExportPage *page);

typedef struct ExportList {
    const char *name; /* of the file */
    const Shape *shape;
    const char *const *fields; /* names of columns, in order, ends with NULL */
    const ShapeView *view;     /* what is masked */
    ExportNext *next;
    void *arg;
} ExportList;

/* Sends the whole list, page by page. Yields. */
YIELDS Err *export_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                        const ExportList *list);
