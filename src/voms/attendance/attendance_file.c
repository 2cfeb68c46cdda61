/* Evidence: files that staff hands in, and who may see them. */
#include <inttypes.h>
#include <string.h>

#include "port/files.h"
#include "voms/activity/activity.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/audit/audit.h"

#define FILENAME_MAX_LENGTH 255

typedef struct StoredFile {
    int64_t id;
    const char *name; /* below data_dir/files: not shown */
    const char *filename;
    const char *content_type;
    int64_t size_bytes;
    const char *sha256;
    AccountId created_by;
    TimeMs created_at;
} StoredFile;

static const Field FIELDS[] = {
    FIELD(StoredFile, id, FIELD_ID),
    FIELD(StoredFile, filename, FIELD_TEXT),
    FIELD(StoredFile, content_type, FIELD_TEXT),
    FIELD(StoredFile, size_bytes, FIELD_INT),
    FIELD(StoredFile, sha256, FIELD_TEXT),
    FIELD(StoredFile, created_by, FIELD_ID),
    FIELD(StoredFile, created_at, FIELD_TIME),
    {},
};
const Shape stored_file_shape = SHAPE(StoredFile, FIELDS);

YIELDS static Err *find(Ctx *ctx, int64_t id, StoredFile **ret_file)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_STORED_FILE_FIND, ARGS(sql_int(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "file_not_found", "no file %" PRId64, id);
    }
    StoredFile *file = ARENA_NEW(ctx->arena, StoredFile);
    shape_from_row(ctx->arena, &stored_file_shape, rows, 0, file);
    file->name = row_text(rows, 0, row_column(rows, "name"));
    *ret_file = file;
    return NULL;
}

YIELDS Err *attendance_check_file(Ctx *ctx, int64_t file_id, const char *field)
{
    StoredFile *file = NULL;
    Err *err = find(ctx, file_id, &file);
    bool foreign = err == NULL && file->created_by.value != ctx->caller.account_id.value &&
                   !ctx->caller.is_system;
    if (err_is(err, ERR_NOT_FOUND) || foreign) {
        err = NULL;
        err_add_field(ctx->arena, &err, field, "file_not_found", NULL);
    }
    return err;
}

/* ---- Upload ---- */

typedef struct Insert {
    Ctx *ctx;
    const char *filename;
    const StoredBytes *stored;
    int64_t id;
} Insert;

/* StoreWork. */
YIELDS static Err *insert(Db *db, void *arg)
{
    Insert *call = arg;
    const StoredBytes *stored = call->stored;
    StoreRows *rows = NULL;
    TRY(store_query(db, &SQL_STORED_FILE_INSERT,
                    ARGS(sql_text(stored->name), sql_text(call->filename),
                         sql_text(stored->content_type), sql_int(stored->size_bytes),
                         sql_text(stored->sha256), sql_id(call->ctx->caller.account_id.value),
                         sql_time(call->ctx->now)),
                    &rows));
    call->id = row_int(rows, 0, 0);
    return audit_record(call->ctx, &(AuditEntry){.action = "file.upload",
                                                 .object_type = "file",
                                                 .object_id = call->id});
}

/* As the client named it, without folders; NULL if that is no fit name. */
static const char *file_name(const HttpRequest *req)
{
    const char *name = http_query(req, "filename");
    name = name == NULL ? req->upload_filename : name;
    name = name == NULL ? "" : str_trim(req->arena, name);
    const char *slash = strrchr(name, '/');
    name = slash == NULL ? name : slash + 1;
    bool fits = name[0] != '\0' && str_is_clean_utf8(name, strlen(name)) &&
                str_utf8_length(name) <= FILENAME_MAX_LENGTH;
    return fits ? name : NULL;
}

YIELDS Err *attendance_file_upload(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"filename", NULL};
    StoredBytes stored = {};
    StoredFile *file = NULL;
    TRY(http_query_only(req, NAMES));
    TRY(files_take(ctx->arena, ctx->services->data_dir, req->upload_path, &stored));
    Insert call = {.ctx = ctx, .filename = file_name(req), .stored = &stored};
    Err *err = store_transact(ctx->db, insert, &call);
    if (err != NULL) {
        err_ignore(files_remove(ctx->arena, ctx->services->data_dir, stored.name),
                   "the first error tells");
        return err;
    }
    TRY(find(ctx, call.id, &file));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/files/%" PRId64, call.id));
    return http_reply(res, HTTP_CREATED, &stored_file_shape, file, NULL);
}

/* ---- Download ---- */

YIELDS static Err *may_by_use(Ctx *ctx, const StoreRows *rows, size_t row, const char *needs,
                              bool *ret_may)
{
    Err *err = activity_check(ctx, (ActivityId){row_int(rows, row, 0)}, needs);
    *ret_may = err == NULL;
    return err_is(err, ERR_NOT_FOUND) || err_is(err, ERR_FORBIDDEN) ? NULL : err;
}

/* Who handed it in, and who may see an attendance that it proves. */
YIELDS Err *attendance_file_guard(Ctx *ctx, const HttpRequest *req)
{
    int64_t id = 0;
    StoredFile *file = NULL;
    StoreRows *rows = NULL;
    bool may = false;
    TRY(http_path_id(req, "file_id", &id));
    TRY(find(ctx, id, &file));
    if (file->created_by.value == ctx->caller.account_id.value) {
        return NULL;
    }
    TRY(store_query(ctx->db, &SQL_STORED_FILE_USES, ARGS(sql_int(id)), &rows));
    for (size_t i = 0; i < rows->count && !may; i++) {
        TRY(may_by_use(ctx, rows, i, req->route->needs, &may));
    }
    return may ? NULL : ERR(ctx->arena, ERR_NOT_FOUND, "file_not_found", "not to be known");
}

YIELDS Err *attendance_file_download(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    StoredFile *file = NULL;
    TRY(http_path_id(req, "file_id", &id));
    TRY(find(ctx, id, &file));
    TRY(audit_record(
        ctx, &(AuditEntry){.action = "file.download", .object_type = "file", .object_id = id}));
    http_set_header(res, "Content-Security-Policy", "sandbox; default-src 'none'");
    http_set_header(res, "Cache-Control", "private, no-store");
    return http_reply_file(res, files_path(ctx->arena, ctx->services->data_dir, file->name),
                           file->content_type,
                           file->filename == NULL ? "evidence" : file->filename);
}
