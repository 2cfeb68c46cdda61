/* Upload and mapping: from bytes to an import that can be looked through. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/import/import.sql.h"
#include "voms/import/import_internal.h"
#include "voms/unit/unit.h"

const char *import_folder(Ctx *ctx)
{
    return arena_printf(ctx->arena, "%s/imports", ctx->services->data_dir);
}

const char *import_file_path(Ctx *ctx, const char *stored_name)
{
    return arena_printf(ctx->arena, "%s/%s", import_folder(ctx), stored_name);
}

YIELDS Err *import_custom_fields(Ctx *ctx, UnitId unit_id, ObjectList *ret_fields)
{
    return custom_field_list_for(ctx, unit_id.value == 0 ? UNIT_ROOT : unit_id, ret_fields);
}

/* ---- In the thread pool ---- */

typedef struct TakeCall {
    const char *upload_path;
    const char *folder;
    const char *path;
    Arena *arena;
    ImportFile file;
    Err *err;
} TakeCall;

static Err *take_file(TakeCall *call)
{
    TRY(import_file_inspect(call->arena, call->upload_path, call->folder, &call->file));
    if (rename(call->upload_path, call->path) != 0) {
        return ERR(call->arena, ERR_INTERNAL, "import_not_stored", "rename %s to %s: %s",
                   call->upload_path, call->path, strerror(errno));
    }
    return NULL;
}

static void take_in_pool(void *arg)
{
    TakeCall *call = arg;
    if (mkdir(call->folder, 0700) != 0 && errno != EEXIST) {
        call->err = ERR(call->arena, ERR_INTERNAL, "import_not_stored", "mkdir %s: %s",
                        call->folder, strerror(errno));
        return;
    }
    call->err = take_file(call);
}

static void unlink_in_pool(void *arg)
{
    unlink(arg);
}

/* ---- Mapping ---- */

static const char *headers_hash(Arena *arena, const ImportColumn *columns, size_t count)
{
    unsigned char hash[32];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < count; i++) {
        const char *header = columns[i].header == NULL ? "" : columns[i].header;
        crypto_generichash_update(&state, (const unsigned char *)header, strlen(header) + 1);
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    return str_hex(arena, hash, sizeof(hash));
}

static bool is_taken(const ImportColumn *columns, size_t count, const char *field)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(columns[i].field, field)) {
            return true;
        }
    }
    return false;
}

static void guess(Arena *arena, const ObjectList *custom, ImportColumn *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *field =
            import_guess_field(arena, custom->items, custom->count, columns[i].header);
        if (field != NULL && !is_taken(columns, i, field)) {
            columns[i].field = field;
        }
    }
}

/* What the account chose for the same headers before; false if nothing. */
YIELDS static Err *recall(Ctx *ctx, const ObjectList *custom, ImportColumn *columns, size_t count,
                          bool *ret_found)
{
    StoreRows *rows = NULL;
    json_t *fields = NULL;
    TRY(store_query(ctx->db, &SQL_IMPORT_FIND_MAPPING,
                    ARGS(sql_int(ctx->caller.account_id.value),
                         sql_text(headers_hash(ctx->arena, columns, count))),
                    &rows));
    *ret_found = rows->count > 0;
    if (rows->count == 0) {
        return NULL;
    }
    const char *text = row_text(rows, 0, 0);
    TRY(json_parse(ctx->arena, text, strlen(text), &fields));
    for (size_t i = 0; i < count; i++) {
        const char *field = json_string_value(json_array_get(fields, i));
        bool known = field != NULL && import_field_exists(custom->items, custom->count, field);
        columns[i].field = known ? field : NULL;
    }
    return NULL;
}

YIELDS static Err *map_columns(Ctx *ctx, ImportColumn *columns, size_t count)
{
    ObjectList custom = {};
    bool found = false;
    TRY(import_custom_fields(ctx, (UnitId){}, &custom));
    TRY(recall(ctx, &custom, columns, count, &found));
    if (!found) {
        guess(ctx->arena, &custom, columns, count);
    }
    return NULL;
}

/* ---- POST /imports ---- */

typedef struct Insert {
    Ctx *ctx;
    const char *filename;
    const char *stored_name;
    int64_t size_bytes;
    const ImportFile *file;
    ImportId id;
} Insert;

/* StoreWork. */
YIELDS static Err *insert(Db *db, void *arg)
{
    Insert *call = arg;
    Ctx *ctx = call->ctx;
    const ImportFile *file = call->file;
    const char *delimiter =
        file->info.delimiter == '\0' ? NULL : arena_printf(ctx->arena, "%c", file->info.delimiter);
    StoreRows *rows = NULL;
    TRY(store_query(
        db, &SQL_IMPORT_INSERT,
        ARGS(sql_text(call->filename), sql_text(file->info.format == SHEET_XLSX ? "xlsx" : "csv"),
             sql_text(file->info.encoding), sql_text(delimiter), sql_text(call->stored_name),
             sql_int(call->size_bytes), sql_int(file->header_row),
             sql_text(import_format_columns(ctx->arena, file->columns, file->column_count)),
             sql_null(), sql_bool(true), sql_int(file->row_count),
             sql_int(ctx->caller.account_id.value), sql_time(ctx->now)),
        &rows));
    call->id.value = row_int(rows, 0, 0);
    return audit_record(ctx, &(AuditEntry){.action = "import.upload",
                                           .object_type = "import",
                                           .object_id = call->id.value});
}

/* As the client named it: without folders. */
static Err *file_name(const HttpRequest *req, const char **ret_name)
{
    const char *name = http_query(req, "filename");
    name = name == NULL ? req->upload_filename : name;
    name = name == NULL ? "" : str_trim(req->arena, name);
    const char *slash = strrchr(name, '/');
    name = slash == NULL ? name : slash + 1;
    if (name[0] == '\0' || str_utf8_length(name) > 255 || !str_is_clean_utf8(name, strlen(name))) {
        Err *err = NULL;
        err_add_field(req->arena, &err, "filename", name[0] == '\0' ? "required" : "too_long",
                      "255");
        return err;
    }
    *ret_name = name;
    return NULL;
}

static const char *new_stored_name(Arena *arena)
{
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof(bytes));
    return arena_printf(arena, "%s.table", str_hex(arena, bytes, sizeof(bytes)));
}

YIELDS static Err *record(Ctx *ctx, Insert *call, ImportFile *file)
{
    TRY(map_columns(ctx, file->columns, file->column_count));
    return store_transact(ctx->db, insert, call);
}

YIELDS static Err *take(Ctx *ctx, const HttpRequest *req, const char *filename, ImportId *ret_id)
{
    CLEANUP(arena_freep) Arena *arena = arena_new(); /* the thread pool's */
    Insert call = {.ctx = ctx,
                   .filename = filename,
                   .stored_name = new_stored_name(ctx->arena),
                   .size_bytes = req->upload_size_bytes};
    TakeCall taking = {.upload_path = req->upload_path,
                       .folder = import_folder(ctx),
                       .path = import_file_path(ctx, call.stored_name),
                       .arena = arena};
    TRY(offload(take_in_pool, &taking));
    if (taking.err != NULL) {
        return err_copy(ctx->arena, taking.err);
    }
    call.file = &taking.file;
    Err *err = record(ctx, &call, &taking.file);
    if (err != NULL) {
        err_ignore(offload(unlink_in_pool, (void *)(uintptr_t)taking.path),
                   "the first error tells");
        return err;
    }
    *ret_id = call.id;
    return NULL;
}

YIELDS Err *import_upload(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"kind", "filename", NULL};
    static const char *const KINDS[] = {"volunteers", NULL};
    const char *filename = NULL;
    int kind = 0;
    ImportId id = {};
    Import *import = NULL;
    TRY(http_query_only(req, NAMES));
    TRY(http_query_choice(req, "kind", KINDS, 0, &kind));
    TRY(file_name(req, &filename));
    TRY(take(ctx, req, filename, &id));
    TRY(import_find(ctx, id, &import));
    http_set_header(res, "Location",
                    arena_printf(ctx->arena, "/api/v1/admin/imports/%" PRId64, id.value));
    return import_reply(ctx, res, HTTP_CREATED, import);
}

/* ---- PUT /imports/{import_id}/mapping ---- */

typedef struct MappingColumn {
    int64_t index;
    const char *field;
} MappingColumn;

typedef struct MappingOptions {
    int existing;
    bool remember;
} MappingOptions;

typedef struct Mapping {
    ObjectList columns; /* of MappingColumn */
    UnitId unit_id;
    MappingOptions *options;
} Mapping;

static const Field MAPPING_COLUMN_FIELDS[] = {
    FIELD(MappingColumn, index, FIELD_INT, .flags = FIELD_REQUIRED, .max = IMPORT_COLUMNS_MAX - 1),
    FIELD(MappingColumn, field, FIELD_TEXT, .max = 80),
    {},
};
static const Shape MAPPING_COLUMN = {.name = "ImportColumnMapping",
                                     .size_bytes = sizeof(MappingColumn),
                                     .fields = MAPPING_COLUMN_FIELDS};
static const Field MAPPING_OPTION_FIELDS[] = {
    FIELD(MappingOptions, existing, FIELD_CHOICE, .choices = import_existing),
    FIELD(MappingOptions, remember, FIELD_BOOL),
    {},
};
static const Shape MAPPING_OPTIONS = {.name = "ImportOptionsInput",
                                      .size_bytes = sizeof(MappingOptions),
                                      .fields = MAPPING_OPTION_FIELDS};
static const Field MAPPING_FIELDS[] = {
    FIELD(Mapping, columns, FIELD_OBJECT_LIST, .flags = FIELD_REQUIRED, .min = 1,
          .max = IMPORT_COLUMNS_MAX, .shape = &MAPPING_COLUMN),
    FIELD(Mapping, unit_id, FIELD_ID),
    FIELD(Mapping, options, FIELD_OBJECT, .shape = &MAPPING_OPTIONS),
    {},
};
const Shape import_mapping_shape = {.name = "ImportMapping",
                                    .size_bytes = sizeof(Mapping),
                                    .fields = MAPPING_FIELDS};

/* Lays the chosen fields over the columns; columns that are not named are ignored by the import. */
static Err *choose(Arena *arena, const Mapping *mapping, const ObjectList *custom,
                   ImportColumn *columns, size_t count)
{
    const MappingColumn *chosen = mapping->columns.items;
    Err *err = NULL;
    for (size_t i = 0; i < count; i++) {
        columns[i].field = NULL;
    }
    for (size_t i = 0; i < mapping->columns.count; i++) {
        const char *field = chosen[i].field;
        const char *path = arena_printf(arena, "columns[%zu].field", i);
        if (chosen[i].index < 0 || chosen[i].index >= (int64_t)count) {
            err_add_field(arena, &err, arena_printf(arena, "columns[%zu].index", i),
                          "import_no_such_column", NULL);
        } else if (field != NULL && !import_field_exists(custom->items, custom->count, field)) {
            err_add_field(arena, &err, path, "import_no_such_field", field);
        } else if (field != NULL && is_taken(columns, count, field)) {
            err_add_field(arena, &err, path, "import_field_twice", field);
        } else {
            columns[chosen[i].index].field = field;
        }
    }
    if (err == NULL && !is_taken(columns, count, "name") && !is_taken(columns, count, "number")) {
        err_add_field(arena, &err, "columns", "import_name_missing", NULL);
    }
    return err;
}

YIELDS static Err *remember(Ctx *ctx, const ImportColumn *columns, size_t count)
{
    Str text;
    JsonWriter writer;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_string(&writer, columns[i].field);
    }
    json_write_end_array(&writer);
    return store_exec(ctx->db, &SQL_IMPORT_PUT_MAPPING,
                      ARGS(sql_int(ctx->caller.account_id.value),
                           sql_text(headers_hash(ctx->arena, columns, count)),
                           sql_text(str_text(&text)), sql_time(ctx->now)),
                      NULL);
}

static Err *check_can_be_mapped(Ctx *ctx, const Import *import)
{
    bool idle = import->state == IMPORT_UPLOADED || import->state == IMPORT_MAPPED ||
                import->state == IMPORT_PREVIEWED || import->state == IMPORT_FAILED;
    if (idle && import->stored_name != NULL) {
        return NULL;
    }
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "import_state_conflict", "import %" PRId64 " is %s",
                   import->id.value, import_states[import->state]);
    err->current = arena_printf(ctx->arena, "{\"state\":\"%s\"}", import_states[import->state]);
    return err;
}

YIELDS static Err *store_mapping(Ctx *ctx, const Import *import, const Mapping *mapping)
{
    ImportColumn *columns = NULL;
    ObjectList custom = {};
    size_t count = 0;
    int64_t affected = 0;
    const MappingOptions *options = mapping->options;
    bool remembers = options == NULL || options->remember;
    TRY(import_parse_columns(ctx->arena, import->columns, &columns, &count));
    TRY(import_custom_fields(ctx, mapping->unit_id, &custom));
    TRY(choose(ctx->arena, mapping, &custom, columns, count));
    TRY(store_exec(ctx->db, &SQL_IMPORT_SET_MAPPING,
                   ARGS(sql_int(import->id.value), sql_int(import->version),
                        sql_text(import_format_columns(ctx->arena, columns, count)),
                        sql_id(mapping->unit_id.value),
                        sql_text(import_existing[options == NULL ? 0 : options->existing]),
                        sql_bool(remembers), sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_BUSY, "busy", "the import changed meanwhile");
    }
    return remembers ? remember(ctx, columns, count) : NULL;
}

YIELDS Err *import_put_mapping(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Import *import = NULL;
    Mapping mapping = {};
    TRY(import_of_path(ctx, req, &import));
    TRY(http_check_version(req, import->version));
    TRY(http_decode(req, &mapping));
    TRY(check_can_be_mapped(ctx, import));
    if (mapping.unit_id.value != 0) {
        TRY(access_check_unit(ctx, mapping.unit_id, "unit:read", IMPORT_PERMISSION));
    }
    TRY(store_mapping(ctx, import, &mapping));
    TRY(import_find(ctx, import->id, &import));
    return import_reply(ctx, res, HTTP_OK, import);
}
