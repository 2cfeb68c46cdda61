/* Registered devices, and the scans that they queued while they were offline. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "app/vault.h"
#include "voms/access/access.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/audit/audit.h"
#include "voms/common/page.h"

#define VAULT_CONTEXT "attendance_device.key"
#define KEY_BYTES 32
#define ID_BYTES 9 /* 12 signs */
#define SCANS_MAX 200
#define CALLS_MAX 120                  /* of an address in a minute */
#define CLOCK_AHEAD_MS (5 * MINUTE_MS) /* a device's clock may be so much ahead of ours */

typedef struct Device {
    const char *id;
    UnitId unit_id;
    const char *unit_name;
    const char *name;
    int64_t last_counter;
    AccountId created_by;
    TimeMs created_at;
    TimeMs revoked_at;
    const char *key; /* base64url; in the answer of its registration only */
} Device;

static const Field DEVICE_FIELDS[] = {
    FIELD(Device, id, FIELD_TEXT),
    FIELD(Device, unit_id, FIELD_ID),
    FIELD(Device, unit_name, FIELD_TEXT),
    FIELD(Device, name, FIELD_TEXT),
    FIELD(Device, last_counter, FIELD_INT),
    FIELD(Device, created_by, FIELD_ID),
    FIELD(Device, created_at, FIELD_TIME),
    FIELD(Device, revoked_at, FIELD_TIME),
    FIELD(Device, key, FIELD_TEXT, .flags = FIELD_OMIT_EMPTY),
    {},
};
const Shape attendance_device_shape = {.name = "AttendanceDevice",
                                       .size_bytes = sizeof(Device),
                                       .fields = DEVICE_FIELDS};

static const Field CREATE_FIELDS[] = {
    FIELD(Device, unit_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(Device, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    {},
};
const Shape attendance_device_create_shape = {.name = "AttendanceDeviceCreate",
                                              .size_bytes = sizeof(Device),
                                              .fields = CREATE_FIELDS};

/* ---- Registration ---- */

YIELDS static Err *find(Ctx *ctx, const char *id, Device **ret_device)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_DEVICE_FIND, ARGS(sql_text(id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "device_not_found", "no device %s", id);
    }
    Device *device = ARENA_NEW(ctx->arena, Device);
    shape_from_row(ctx->arena, &attendance_device_shape, rows, 0, device);
    *ret_device = device;
    return NULL;
}

static const char *random_text(Arena *arena, size_t length)
{
    unsigned char bytes[KEY_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    const char *text = str_base64url(arena, bytes, length);
    sodium_memzero(bytes, sizeof(bytes));
    return text;
}

YIELDS static Err *audit_device(Ctx *ctx, const char *action, const Device *device)
{
    Str detail;
    JsonWriter writer;
    str_init(&detail, ctx->arena);
    json_writer_init(&writer, &detail);
    json_write_begin_object(&writer);
    json_put_string(&writer, "device_id", device->id);
    json_put_string(&writer, "name", device->name);
    json_write_end_object(&writer);
    return audit_record(ctx, &(AuditEntry){.action = action,
                                           .object_type = "attendance_device",
                                           .unit_id = device->unit_id,
                                           .detail = str_text(&detail)});
}

YIELDS Err *attendance_device_create(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Device body = {};
    Device *made = NULL;
    TRY(http_decode(req, &body));
    TRY(access_check_unit_field(ctx, body.unit_id, "unit_id", "unit:read", req->route->needs));
    body.id = random_text(ctx->arena, ID_BYTES);
    const char *key = random_text(ctx->arena, KEY_BYTES);
    Slice cipher = vault_encrypt(ctx->services, ctx->arena, VAULT_CONTEXT, key);
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_DEVICE_INSERT,
                   ARGS(sql_text(body.id), sql_int(body.unit_id.value), sql_text(body.name),
                        sql_bytes(cipher.data, cipher.length), sql_id(ctx->caller.account_id.value),
                        sql_time(ctx->now)),
                   NULL));
    TRY(audit_device(ctx, "attendance_device.register", &body));
    TRY(find(ctx, body.id, &made));
    made->key = key;
    return http_reply(res, HTTP_CREATED, &attendance_device_shape, made, NULL);
}

YIELDS Err *attendance_device_guard(Ctx *ctx, const HttpRequest *req)
{
    Device *device = NULL;
    TRY(find(ctx, http_path(req, "device_id"), &device));
    Err *err = access_check_unit(ctx, device->unit_id, req->route->needs, req->route->needs);
    if (err_is(err, ERR_NOT_FOUND)) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "device_not_found", "not to be known");
    }
    return err;
}

YIELDS Err *attendance_device_revoke(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    Device *device = NULL;
    TRY(find(ctx, http_path(req, "device_id"), &device));
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_DEVICE_REVOKE,
                   ARGS(sql_text(device->id), sql_time(ctx->now)), NULL));
    TRY(audit_device(ctx, "attendance_device.revoke", device));
    return http_reply_empty(res);
}

YIELDS static Err *count_devices(Ctx *ctx, AccessConfinement confined, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_DEVICE_COUNT,
                    ARGS(sql_int(confined.account), sql_text(confined.permission)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *attendance_device_list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"limit", "cursor", "total", NULL};
    AccessConfinement confined = access_confine(ctx, req->route->needs);
    PageQuery page = {};
    SqlValue after = sql_text("");
    StoreRows *rows = NULL;
    HttpList list = {.shape = &attendance_device_shape, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(page_query(req, &page));
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(ctx->arena, page.cursor, "devices", &after, 1));
    }
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_DEVICE_LIST,
                    ARGS(sql_int(confined.account), sql_text(confined.permission), after,
                         sql_int(page.limit + 1)),
                    &rows));
    list.items = shape_from_rows(ctx->arena, &attendance_device_shape, rows);
    if (page.with_total) {
        TRY(count_devices(ctx, confined, &list.total));
    }
    if (list.items.count > (size_t)page.limit) {
        list.items.count = (size_t)page.limit;
        const Device *last = (const Device *)list.items.items + list.items.count - 1;
        SqlValue value = sql_text(last->id);
        list.next_cursor = page_cursor_encode(ctx->arena, "devices", &value, 1);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- Queued scans ---- */

typedef struct ScansBody {
    const char *device_id;
    ObjectList scans;
} ScansBody;

static const Field SCAN_FIELDS[] = {
    FIELD(QueuedScan, counter, FIELD_INT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 9007199254740991),
    FIELD(QueuedScan, shift_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(QueuedScan, direction, FIELD_CHOICE, .flags = FIELD_REQUIRED,
          .choices = attendance_directions),
    FIELD(QueuedScan, volunteer_number, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 32),
    FIELD(QueuedScan, scanned_at, FIELD_TIME, .flags = FIELD_REQUIRED),
    FIELD(QueuedScan, signature, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 64, .max = 64),
    {},
};
static const Shape SCAN = SHAPE(QueuedScan, SCAN_FIELDS);

static const Field SCANS_FIELDS[] = {
    FIELD(ScansBody, device_id, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 32),
    FIELD(ScansBody, scans, FIELD_OBJECT_LIST, .flags = FIELD_REQUIRED, .min = 1, .max = SCANS_MAX,
          .shape = &SCAN),
    {},
};
const Shape attendance_device_scans_shape = {.name = "QueuedScans",
                                             .size_bytes = sizeof(ScansBody),
                                             .fields = SCANS_FIELDS};

typedef struct QueuedCall {
    Ctx *ctx;
    const char *device_id;
    UnitId unit_id; /* of the device */
    const QueuedScan *scan;
    const char *digest;
    const char *outcome;
    int64_t attendance_id; /* 0: none */
} QueuedCall;

static bool is_signed(const unsigned char *key, const char *text, const char *signature)
{
    unsigned char expected[crypto_auth_hmacsha256_BYTES];
    unsigned char given[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    BUG_ON(key == NULL);
    crypto_auth_hmacsha256_init(&state, key, KEY_BYTES);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, expected);
    return str_parse_hex(signature, given, sizeof(given)) &&
           sodium_memcmp(expected, given, sizeof(given)) == 0;
}

static const char *digest_of(Arena *arena, const char *text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    return str_hex(arena, hash, sizeof(hash));
}

YIELDS static Err *find_key(Ctx *ctx, const char *device_id, const unsigned char **ret_key,
                            UnitId *ret_unit_id)
{
    StoreRows *rows = NULL;
    const char *text = NULL;
    size_t length = 0;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_DEVICE_KEY, ARGS(sql_text(device_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "device_not_found", "no device %s", device_id);
    }
    TRY(vault_decrypt(ctx->services, ctx->arena, VAULT_CONTEXT, row_bytes(rows, 0, 0), &text));
    *ret_key = str_parse_base64url(ctx->arena, text, &length);
    BUG_ON(*ret_key == NULL || length != KEY_BYTES);
    ret_unit_id->value = row_int(rows, 0, 1);
    return NULL;
}

/* Was this counter handled before? The same scan is answered as then; another one under its number
 * is refused. */
YIELDS static Err *recall(QueuedCall *call, bool *ret_known)
{
    StoreRows *rows = NULL;
    TRY(store_query(call->ctx->db, &SQL_ATTENDANCE_DEVICE_SCAN_FIND,
                    ARGS(sql_text(call->device_id), sql_int(call->scan->counter)), &rows));
    *ret_known = rows->count > 0;
    if (rows->count > 0 && str_equal(row_text(rows, 0, 0), call->digest)) {
        call->outcome = row_text(rows, 0, 1);
        call->attendance_id = row_int(rows, 0, 2);
    } else if (rows->count > 0) {
        call->outcome = "counter_reused";
    }
    return NULL;
}

YIELDS static Err *find_volunteer(Ctx *ctx, const char *number, VolunteerId *ret_id)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_VOLUNTEER_BY_NUMBER, ARGS(sql_text(number)), &rows));
    ret_id->value = rows->count == 0 ? 0 : row_int(rows, 0, 0);
    return NULL;
}

/* A device speaks only of activities of its unit and below. */
YIELDS static Err *find_covered_shift(QueuedCall *call, AttendanceShift **ret_shift)
{
    StoreRows *rows = NULL;
    TRY(attendance_find_shift(call->ctx, call->scan->shift_id, ret_shift));
    TRY(store_query(call->ctx->db, &SQL_ATTENDANCE_DEVICE_COVERS,
                    ARGS(sql_int((*ret_shift)->unit_id.value), sql_int(call->unit_id.value)),
                    &rows));
    if (rows->count == 0) {
        return ERR(call->ctx->arena, ERR_NOT_FOUND, "shift_not_found", "not the device's");
    }
    return NULL;
}

YIELDS static Err *record_scan(QueuedCall *call)
{
    Ctx *ctx = call->ctx;
    const QueuedScan *scan = call->scan;
    AttendanceShift *shift = NULL;
    AttendanceTap tap = {
        .direction = (AttendanceDirection)scan->direction,
        .end = {.at = scan->scanned_at, .method = "kiosk", .device = call->device_id},
        .queued = true};
    if (scan->scanned_at > ctx->now + CLOCK_AHEAD_MS) {
        return attendance_refuse(ctx, "in_the_future", NULL);
    }
    TRY(find_covered_shift(call, &shift));
    TRY(find_volunteer(ctx, scan->volunteer_number, &tap.volunteer_id));
    return attendance_record(ctx, shift, &tap, &call->attendance_id);
}

/* StoreWork: a refusal by the rules is an outcome like any other. */
YIELDS static Err *handle_scan(Db *db, void *arg)
{
    QueuedCall *call = arg;
    bool known = false;
    int64_t affected = 0;
    call->attendance_id = 0;
    TRY(recall(call, &known));
    if (known) {
        return NULL;
    }
    Err *err = record_scan(call);
    if (err != NULL && !err_is(err, ERR_CONFLICT) && !err_is(err, ERR_NOT_FOUND)) {
        return err;
    }
    call->outcome = err == NULL ? "recorded" : err->code;
    TRY(store_exec(db, &SQL_ATTENDANCE_DEVICE_SCAN_INSERT,
                   ARGS(sql_text(call->device_id), sql_int(call->scan->counter),
                        sql_text(call->digest), sql_time(call->ctx->now), sql_text(call->outcome),
                        sql_id(call->attendance_id)),
                   &affected));
    if (affected == 0) {
        return ERR(call->ctx->arena, ERR_BUSY, "changed_meanwhile", "sent twice at once");
    }
    return store_exec(db, &SQL_ATTENDANCE_DEVICE_SEEN,
                      ARGS(sql_text(call->device_id), sql_int(call->scan->counter)), NULL);
}

static void write_result(JsonWriter *writer, const QueuedCall *call)
{
    bool recorded = str_equal(call->outcome, "recorded") || str_equal(call->outcome, "unchanged");
    json_write_begin_object(writer);
    json_put_int(writer, "counter", call->scan->counter);
    json_put_bool(writer, "accepted", recorded);
    json_put_string(writer, "outcome", call->outcome);
    json_put_string(writer, "message",
                    message_format(call->ctx->arena, call->ctx->language,
                                   arena_printf(call->ctx->arena, "%s%s", recorded ? "scan." : "",
                                                call->outcome),
                                   NULL));
    json_write_end_object(writer);
}

YIELDS static Err *handle_all(Ctx *ctx, const ScansBody *body, JsonWriter *writer)
{
    const unsigned char *key = NULL;
    QueuedCall call = {.ctx = ctx, .device_id = body->device_id};
    TRY(find_key(ctx, body->device_id, &key, &call.unit_id));
    for (size_t i = 0; i < body->scans.count; i++) {
        call.scan = (const QueuedScan *)body->scans.items + i;
        call.attendance_id = 0;
        const char *text = attendance_device_canonical(ctx->arena, body->device_id, call.scan);
        call.digest = digest_of(ctx->arena, text);
        if (is_signed(key, text, call.scan->signature)) {
            TRY(store_transact(ctx->db, handle_scan, &call));
        } else {
            call.outcome = "signature_wrong";
        }
        write_result(writer, &call);
    }
    return NULL;
}

/* Nobody logs in here: an address may ask so often, whatever device it names. */
YIELDS static Err *check_calls(Ctx *ctx)
{
    int64_t calls = 0;
    int64_t left_ms = 0;
    const char *key = arena_printf(ctx->arena, "attendance.device:%s", ctx->client_address);
    Err *err = cache_add(ctx->services->cache, key, 1, MINUTE_MS, &calls, &left_ms);
    if (err != NULL) {
        err_ignore(err, "without the cache scans are still signed");
        return NULL;
    }
    if (calls <= CALLS_MAX) {
        return NULL;
    }
    Err *limited = ERR(ctx->arena, ERR_LIMITED, "too_many_requests", "%" PRId64 " calls", calls);
    limited->retry_after_ms = left_ms;
    return limited;
}

YIELDS Err *attendance_device_scans(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    ScansBody body = {};
    Str text;
    JsonWriter writer;
    TRY(check_calls(ctx));
    TRY(http_decode(req, &body));
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_write_key(&writer, "results");
    json_write_begin_array(&writer);
    TRY(handle_all(ctx, &body, &writer));
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return http_reply_json(res, HTTP_OK, str_text(&text));
}
