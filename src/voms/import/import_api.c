/* Routes of imports, and their texts. */
#include <inttypes.h>
#include <string.h>

#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/import/import.sql.h"
#include "voms/import/import_internal.h"

/* ---- One ---- */

YIELDS Err *import_find(Ctx *ctx, ImportId id, Import **ret_import)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_IMPORT_FIND, ARGS(sql_int(id.value)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "import_not_found", "no import %" PRId64, id.value);
    }
    Import *import = ARENA_NEW(ctx->arena, Import);
    shape_from_row(ctx->arena, &import_stored_shape, rows, 0, import);
    import_complete(ctx->arena, ctx->language, import);
    *ret_import = import;
    return NULL;
}

YIELDS Err *import_of_path(Ctx *ctx, const HttpRequest *req, Import **ret_import)
{
    ImportId id = {};
    TRY(http_path_id(req, "import_id", &id.value));
    return import_find(ctx, id, ret_import);
}

Err *import_reply(Ctx *ctx UNUSED, HttpResponse *res, int status, Import *import)
{
    http_set_version(res, import->version);
    return http_reply(res, status, &import_shape, import, NULL);
}

/* Who uploaded it, or who may import into its unit (into the root, while it has none). */
YIELDS static Err *guard(Ctx *ctx, const HttpRequest *req)
{
    Import *import = NULL;
    TRY(import_of_path(ctx, req, &import));
    if (import->created_by.value == ctx->caller.account_id.value) {
        return NULL;
    }
    UnitId unit_id = import->unit_id.value == 0 ? (UnitId){1} : import->unit_id;
    Err *err = access_check_unit(ctx, unit_id, IMPORT_PERMISSION, IMPORT_PERMISSION);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "import_not_found", "import %" PRId64 " is another's",
                   import->id.value);
    }
    return err;
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Import *import = NULL;
    TRY(import_of_path(ctx, req, &import));
    return import_reply(ctx, res, HTTP_OK, import);
}

/* ---- The list ---- */

typedef struct ListQuery {
    PageQuery page;
    int state;
    int64_t before_id;
} ListQuery;

static void add_filters(Ctx *ctx, SqlBuilder *builder, const ListQuery *query)
{
    AccessConfinement confinement = access_confine(ctx, IMPORT_PERMISSION);
    if (confinement.account < 0) {
        sql_builder_add(builder, &SQL_IMPORT_LIST_NOTHING, NO_ARGS);
    } else if (confinement.account > 0) {
        sql_builder_add(builder, &SQL_IMPORT_LIST_CONFINED,
                        ARGS(sql_int(confinement.account), sql_text(confinement.permission)));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_IMPORT_LIST_STATE,
                        ARGS(sql_text(import_states[query->state])));
    }
}

YIELDS static Err *list_items(Ctx *ctx, const ListQuery *query, HttpList *answer)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_IMPORT_LIST_SELECT, NO_ARGS);
    add_filters(ctx, &builder, query);
    if (query->before_id > 0) {
        sql_builder_add(&builder, &SQL_IMPORT_LIST_BEFORE, ARGS(sql_int(query->before_id)));
    }
    sql_builder_add(&builder, &SQL_IMPORT_LIST_ORDER, ARGS(sql_int(query->page.limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    answer->items = shape_from_rows(ctx->arena, &import_stored_shape, rows);
    Import *imports = answer->items.items;
    for (size_t i = 0; i < answer->items.count; i++) {
        import_complete(ctx->arena, ctx->language, &imports[i]);
    }
    if ((int64_t)answer->items.count > query->page.limit) {
        answer->items.count = (size_t)query->page.limit;
        SqlValue last = sql_int(imports[query->page.limit - 1].id.value);
        answer->next_cursor = page_cursor_encode(ctx->arena, "id", &last, 1);
    }
    return NULL;
}

YIELDS static Err *count_items(Ctx *ctx, const ListQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_IMPORT_LIST_COUNT, NO_ARGS);
    add_filters(ctx, &builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

static Err *read_cursor(Ctx *ctx, const char *cursor, const char *name, int64_t *ret_value)
{
    SqlValue value = sql_int(0);
    if (cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, cursor, name, &value, 1));
    }
    *ret_value = value.integer;
    return NULL;
}

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"state", "limit", "cursor", "total", NULL};
    ListQuery query = {};
    HttpList answer = {.shape = &import_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &query.page));
    TRY(http_query_choice(req, "state", import_states, -1, &query.state));
    TRY(read_cursor(ctx, query.page.cursor, "id", &query.before_id));
    TRY(list_items(ctx, &query, &answer));
    if (query.page.with_total) {
        TRY(count_items(ctx, &query, &answer.total));
    }
    return http_reply_list(res, &answer, NULL);
}

/* ---- Rows ---- */

typedef struct ImportRow {
    int64_t row_number;
    int outcome;
    const char *name;
    VolunteerId volunteer_id;
    TextList changed_fields;
    const char *problems; /* JSON: as it is stored, then as it is shown */
} ImportRow;

static const Field ROW_FIELDS[] = {
    FIELD(ImportRow, row_number, FIELD_INT),
    FIELD(ImportRow, outcome, FIELD_CHOICE, .choices = import_outcomes),
    FIELD(ImportRow, name, FIELD_TEXT),
    FIELD(ImportRow, volunteer_id, FIELD_ID),
    FIELD(ImportRow, changed_fields, FIELD_TEXT_LIST),
    FIELD(ImportRow, problems, FIELD_JSON),
    {},
};
static const Shape ROW = SHAPE(ImportRow, ROW_FIELDS);

static void write_problem(Ctx *ctx, JsonWriter *writer, const json_t *problem)
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *param = json_string_value(json_object_get(problem, "param"));
    int64_t column = json_integer_value(json_object_get(problem, "column"));
    json_write_begin_object(writer);
    json_write_key(writer, "column");
    if (column < 0) {
        json_write_null(writer);
    } else {
        json_write_int(writer, column);
    }
    json_put_string(writer, "field", json_string_value(json_object_get(problem, "field")));
    json_put_string(writer, "code", code);
    json_put_string(writer, "message", message_format(ctx->arena, ctx->language, code, param));
    json_write_end_object(writer);
}

static Err *show_problems(Ctx *ctx, ImportRow *row)
{
    json_t *problems = NULL;
    const char *stored = row->problems == NULL ? "[]" : row->problems;
    Str text;
    JsonWriter writer;
    TRY(json_parse(ctx->arena, stored, strlen(stored), &problems));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < json_array_size(problems); i++) {
        write_problem(ctx, &writer, json_array_get(problems, i));
    }
    json_write_end_array(&writer);
    row->problems = str_text(&text);
    return NULL;
}

YIELDS static Err *list_rows(Ctx *ctx, const Import *import, int outcome, const PageQuery *page,
                             HttpList *answer)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    int64_t after = 0;
    TRY(read_cursor(ctx, page->cursor, "row", &after));
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_SELECT,
                    ARGS(sql_int(import->id.value), sql_int(import->rows_run), sql_int(after)));
    if (outcome >= 0) {
        sql_builder_add(&builder, &SQL_IMPORT_ROWS_OUTCOME,
                        ARGS(sql_text(import_outcomes[outcome])));
    }
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_ORDER, ARGS(sql_int(page->limit + 1)));
    TRY(store_query_built(ctx->db, &builder, &rows));
    answer->items = shape_from_rows(ctx->arena, &ROW, rows);
    ImportRow *items = answer->items.items;
    for (size_t i = 0; i < answer->items.count; i++) {
        TRY(show_problems(ctx, &items[i]));
    }
    if ((int64_t)answer->items.count > page->limit) {
        answer->items.count = (size_t)page->limit;
        SqlValue last = sql_int(items[page->limit - 1].row_number);
        answer->next_cursor = page_cursor_encode(ctx->arena, "row", &last, 1);
    }
    return NULL;
}

YIELDS static Err *count_rows(Ctx *ctx, const Import *import, int outcome, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_IMPORT_ROWS_COUNT,
                    ARGS(sql_int(import->id.value), sql_int(import->rows_run)));
    if (outcome >= 0) {
        sql_builder_add(&builder, &SQL_IMPORT_ROWS_OUTCOME,
                        ARGS(sql_text(import_outcomes[outcome])));
    }
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *rows(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"outcome", "limit", "cursor", "total", NULL};
    Import *import = NULL;
    PageQuery page = {};
    int outcome = -1;
    HttpList answer = {.shape = &ROW, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    TRY(http_query_choice(req, "outcome", import_outcomes, -1, &outcome));
    TRY(import_of_path(ctx, req, &import));
    TRY(list_rows(ctx, import, outcome, &page, &answer));
    if (page.with_total) {
        TRY(count_rows(ctx, import, outcome, &answer.total));
    }
    return http_reply_list(res, &answer, NULL);
}

/* ---- Phases ---- */

static Err *state_conflict(Ctx *ctx, const Import *import)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "import_state_conflict", "import %" PRId64 " is %s",
                   import->id.value, import_states[import->state]);
    err->current = arena_printf(ctx->arena, "{\"state\":\"%s\"}", import_states[import->state]);
    return err;
}

/* Changes the state and sends the message that the job begins with. */
YIELDS static Err *begin(Ctx *ctx, Import **import, const SqlStatement *statement,
                         const char *subject)
{
    int64_t affected = 0;
    ImportId id = (*import)->id;
    TRY(store_exec(ctx->db, statement,
                   ARGS(sql_int(id.value), sql_int((*import)->version), sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_BUSY, "busy", "the import changed meanwhile");
    }
    TRY(import_find(ctx, id, import));
    return bus_publish(ctx->db, subject, arena_printf(ctx->arena, "import:%" PRId64, id.value),
                       arena_printf(ctx->arena, "{\"import_id\":%" PRId64 ",\"run\":%" PRId64 "}",
                                    id.value, (*import)->run));
}

/* Has the mapping what rows need? */
static Err *check_mapping(Ctx *ctx, const Import *import)
{
    ImportColumn *columns = NULL;
    size_t count = 0;
    bool named = false;
    bool placed = import->unit_id.value != 0;
    Err *err = NULL;
    TRY(import_parse_columns(ctx->arena, import->columns, &columns, &count));
    for (size_t i = 0; i < count; i++) {
        const char *field = columns[i].field;
        named = named || str_equal(field, "name") || str_equal(field, "number");
        placed = placed || str_equal(field, "unit");
    }
    if (!named) {
        err_add_field(ctx->arena, &err, "columns", "import_name_missing", NULL);
    }
    if (!placed) {
        err_add_field(ctx->arena, &err, "unit_id", "required", NULL);
    }
    return err;
}

YIELDS static Err *preview(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Import *import = NULL;
    TRY(import_of_path(ctx, req, &import));
    bool idle = import->state == IMPORT_UPLOADED || import->state == IMPORT_MAPPED ||
                import->state == IMPORT_PREVIEWED || import->state == IMPORT_FAILED;
    if (!idle || import->stored_name == NULL) {
        return state_conflict(ctx, import);
    }
    TRY(check_mapping(ctx, import));
    TRY(begin(ctx, &import, &SQL_IMPORT_BEGIN_PREVIEW, "import.preview_requested"));
    return import_reply(ctx, res, HTTP_ACCEPTED, import);
}

typedef struct Commit {
    bool consent_declared;
} Commit;

static const Field COMMIT_FIELDS[] = {
    FIELD(Commit, consent_declared, FIELD_BOOL, .flags = FIELD_REQUIRED),
    {},
};
static const Shape COMMIT = {.name = "ImportCommit",
                             .size_bytes = sizeof(Commit),
                             .fields = COMMIT_FIELDS};

/* D67 Art. 6: staff enters data only of people who consented. */
YIELDS static Err *commit(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Import *import = NULL;
    Commit body = {};
    TRY(import_of_path(ctx, req, &import));
    TRY(http_decode(req, &body));
    if (!body.consent_declared) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "consent_declared", "import_consent_required", NULL);
        return err;
    }
    if (import->state != IMPORT_PREVIEWED || import->stored_name == NULL) {
        return state_conflict(ctx, import);
    }
    TRY(begin(ctx, &import, &SQL_IMPORT_BEGIN_COMMIT, "import.commit_requested"));
    return import_reply(ctx, res, HTTP_ACCEPTED, import);
}

/* What a commit has written so far stays. */
YIELDS static Err *cancel(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Import *import = NULL;
    int64_t affected = 0;
    TRY(import_of_path(ctx, req, &import));
    if (import->state == IMPORT_CANCELLED) {
        return import_reply(ctx, res, HTTP_OK, import);
    }
    if (import->state == IMPORT_DONE) {
        return state_conflict(ctx, import);
    }
    TRY(store_exec(ctx->db, &SQL_IMPORT_CANCEL,
                   ARGS(sql_int(import->id.value), sql_int(import->version), sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_BUSY, "busy", "the import changed meanwhile");
    }
    TRY(import_find(ctx, import->id, &import));
    return import_reply(ctx, res, HTTP_OK, import);
}

/* ---- Tables ---- */

#define IMPORTS "/api/v1/admin/imports"
#define ONE IMPORTS "/{import_id}"

static const Route ROUTES[] = {
    {HTTP_GET, IMPORTS, list, .needs = IMPORT_PERMISSION, .out = &import_shape},
    {HTTP_POST, IMPORTS, import_upload, .needs = IMPORT_PERMISSION, .out = &import_shape,
     .upload = true, .body_max_bytes = IMPORT_FILE_BYTES_MAX, .timeout_ms = 300 * SECOND_MS},
    {HTTP_GET, IMPORTS "/template", import_send_template, .needs = IMPORT_PERMISSION,
     .long_lived = true},
    {HTTP_GET, ONE, show, .needs = IMPORT_PERMISSION, .guard = guard, .out = &import_shape},
    {HTTP_PUT, ONE "/mapping", import_put_mapping, .needs = IMPORT_PERMISSION, .guard = guard,
     .in = &import_mapping_shape, .out = &import_shape, .in_transaction = true},
    {HTTP_POST, ONE "/preview", preview, .needs = IMPORT_PERMISSION, .guard = guard,
     .out = &import_shape, .in_transaction = true},
    {HTTP_GET, ONE "/rows", rows, .needs = IMPORT_PERMISSION, .guard = guard, .out = &ROW},
    {HTTP_POST, ONE "/commit", commit, .needs = IMPORT_PERMISSION, .guard = guard, .in = &COMMIT,
     .out = &import_shape, .in_transaction = true},
    {HTTP_POST, ONE "/cancel", cancel, .needs = IMPORT_PERMISSION, .guard = guard,
     .out = &import_shape, .in_transaction = true},
    {HTTP_GET, ONE "/events", import_stream_events, .needs = IMPORT_PERMISSION, .guard = guard,
     .long_lived = true},
    {HTTP_GET, ONE "/refused", import_send_refused, .needs = IMPORT_PERMISSION, .guard = guard,
     .long_lived = true},
    {},
};

static const MessageText MESSAGES[] = {
    {"import_not_found", "没有这个导入任务", "No such import"},
    {"import_state_conflict", "导入任务当前的状态不允许此操作",
     "The import's state does not allow this"},
    {"import_superseded", "导入任务已取消或已重新开始", "The import was cancelled or begun anew"},
    {"import_failed", "导入失败，请稍后重试", "The import failed. Try again later"},
    {"import_account_disabled", "上传者的账号已停用",
     "The account that uploaded the file is disabled"},
    {"import_file_removed", "文件已过保存期限，请重新上传",
     "The file was kept long enough and is gone. Upload it again"},
    {"import_not_analysed", "请先预览再下载", "Make the preview first"},
    {"import_not_stored", "服务器无法保存文件", "The server could not keep the file"},
    {"import_consent_required", "请确认这些人员均已同意录入其个人信息",
     "Declare that these people consented to their data being entered"},
    {"import_no_such_column", "文件中没有这一列", "The file has no such column"},
    {"import_no_such_field", "没有这个字段：{}", "There is no such field: {}"},
    {"import_field_twice", "两列对应了同一字段：{}", "Two columns go to the same field: {}"},
    {"import_name_missing", "必须有一列对应姓名（或志愿者编号）",
     "One column must be the name (or the volunteer number)"},
    {"unknown_file_format", "无法识别的文件格式，请上传 xlsx 或 csv 文件",
     "Neither an xlsx nor a csv file"},
    {"old_excel_file", "这是旧版 xls 或加密的文件，请另存为不加密的 xlsx 后再上传",
     "This is an old xls file or an encrypted one. Save it as xlsx without a password"},
    {"file_empty", "文件是空的", "The file is empty"},
    {"file_has_no_rows", "文件除表头外没有数据", "The file has no rows behind its header"},
    {"file_encoding_broken", "文件编码有误（第 {} 行附近），请存为 UTF-8",
     "The file's encoding is broken near line {}. Save it as UTF-8"},
    {"file_damaged", "文件已损坏，无法读取", "The file is damaged"},
    {"file_limit_exceeded", "文件解压后超出限制（{}）",
     "The file unpacks to more than is allowed ({})"},
    {"file_quote_not_closed", "第 {} 行开始的引号没有结束",
     "The quote that opens in line {} never closes"},
    {"file_cell_too_long", "第 {} 行有过长的单元格", "Row {} has a cell that is too long"},
    {"file_too_many_columns", "第 {} 行的列数过多", "Row {} has too many columns"},
    {"file_too_many_rows", "最多 {} 行", "At most {} rows"},
    {"file_unreadable", "服务器无法读取文件", "The server could not read the file"},
    {"file_unwritable", "服务器无法生成文件", "The server could not write the file"},
    {"temporary_file_failed", "服务器磁盘空间不足", "The server's disk is full"},
    {"sheet_not_found", "工作簿中没有可见的工作表", "The workbook has no visible sheet"},
    {"encoding_unknown", "不支持的文件编码", "The encoding is not known"},
    {"duplicate_in_file", "与文件第 {} 行是同一个人", "The same person as in row {}"},
    {"cell_is_error", "单元格是公式错误：{}", "The cell is an error: {}"},
    {"digits_lost", "表格软件已丢失数字的位数（{}），请将该列设为文本后重新填写",
     "The spreadsheet lost digits ({}). Make the column text and enter it again"},
    {"volunteer_number_invalid", "志愿者编号有误", "Not a volunteer number"},
    {"volunteer_number_unknown", "没有编号为 {} 的志愿者", "There is no volunteer {}"},
    {"identity_missing", "证件号码、手机号码、出生日期至少填一项，否则无法分辨是谁",
     "An ID number, a phone or a birth date is needed to know who it is"},
    {"possible_duplicate", "可能与 {} 是同一个人；若是，请填写其志愿者编号",
     "May be the same person as {}. If so, give that volunteer number"},
    {"exists_elsewhere", "此人已在其他单位登记", "This person is registered elsewhere"},
    {"unit_unknown", "没有这个单位，或您不能向其导入：{}",
     "No such unit, or you may not import into it: {}"},
    {},
};

static const Schedule SCHEDULES[] = {
    {.name = "import-clean", .every_ms = HOUR_MS, .run = import_clean},
    {},
};

const Concept import_concept = {.name = "import",
                                .routes = ROUTES,
                                .subscriptions = import_subscriptions,
                                .schedules = SCHEDULES,
                                .messages = MESSAGES};
