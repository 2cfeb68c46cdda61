/* Codes of a shift: rotating ones (RFC 6238: SHA-1, 6 digits, 30 s) and fixed ones. */
#include <inttypes.h>
#include <liboath/oath.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "app/vault.h"
#include "voms/attendance/attendance.sql.h"
#include "voms/attendance/attendance_internal.h"

#define VAULT_CONTEXT "attendance_code.secret"
#define SECRET_BYTES 20 /* as long as SHA-1's result: RFC 4226, section 4 */
#define DIGITS 6
#define FIXED_LENGTH 8
#define WRONG_MAX 20 /* of an account: guessing six digits then takes years */
#define WRONG_MS (10 * MINUTE_MS)

static pthread_once_t oath_once = PTHREAD_ONCE_INIT;

static void init_oath(void)
{
    BUG_ON(oath_init() != OATH_OK);
}

/* ---- Secrets ---- */

/* Without signs that look alike. */
static const char *new_fixed_code(Arena *arena)
{
    static const char LETTERS[] = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    char *text = arena_alloc(arena, FIXED_LENGTH + 1);
    for (size_t i = 0; i < FIXED_LENGTH; i++) {
        text[i] = LETTERS[randombytes_uniform(sizeof(LETTERS) - 1)];
    }
    return text;
}

static const char *new_secret(Arena *arena, bool is_fixed)
{
    unsigned char bytes[SECRET_BYTES];
    if (is_fixed) {
        return new_fixed_code(arena);
    }
    randombytes_buf(bytes, sizeof(bytes));
    return str_hex(arena, bytes, sizeof(bytes));
}

YIELDS static Err *find_secret(Ctx *ctx, int64_t shift_id, AttendanceDirection direction,
                               bool is_fixed, const char **ret_secret)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_ATTENDANCE_CODE_FIND,
                    ARGS(sql_int(shift_id), sql_text(attendance_directions[direction]),
                         sql_text(is_fixed ? "fixed" : "rotating")),
                    &rows));
    if (rows->count == 0) {
        *ret_secret = NULL;
        return NULL;
    }
    return vault_decrypt(ctx->services, ctx->arena, VAULT_CONTEXT, row_bytes(rows, 0, 0),
                         ret_secret);
}

YIELDS Err *attendance_code_secret(Ctx *ctx, int64_t shift_id, AttendanceDirection direction,
                                   bool is_fixed, const char **ret_secret)
{
    TRY(find_secret(ctx, shift_id, direction, is_fixed, ret_secret));
    if (*ret_secret != NULL) {
        return NULL;
    }
    Slice cipher =
        vault_encrypt(ctx->services, ctx->arena, VAULT_CONTEXT, new_secret(ctx->arena, is_fixed));
    TRY(store_exec(ctx->db, &SQL_ATTENDANCE_CODE_INSERT,
                   ARGS(sql_int(shift_id), sql_text(attendance_directions[direction]),
                        sql_text(is_fixed ? "fixed" : "rotating"),
                        sql_bytes(cipher.data, cipher.length), sql_id(ctx->caller.account_id.value),
                        sql_time(ctx->now)),
                   NULL));
    /* Another may have been first: what is stored counts. */
    return find_secret(ctx, shift_id, direction, is_fixed, ret_secret);
}

/* ---- Checking ---- */

void attendance_code_at(const char *secret, int64_t step, char ret_code[7])
{
    unsigned char bytes[SECRET_BYTES];
    pthread_once(&oath_once, init_oath);
    BUG_ON(!str_parse_hex(secret, bytes, sizeof(bytes)));
    int failed = oath_totp_generate((const char *)bytes, sizeof(bytes),
                                    (time_t)(step * ATTENDANCE_STEP_SECONDS),
                                    ATTENDANCE_STEP_SECONDS, 0, DIGITS, ret_code);
    BUG_ON(failed != OATH_OK);
    sodium_memzero(bytes, sizeof(bytes));
}

/* The step whose code this is, 0 if none. */
static int64_t match_step(const char *secret, const char *code, TimeMs now)
{
    int64_t present = now / SECOND_MS / ATTENDANCE_STEP_SECONDS;
    int64_t match = 0;
    for (int64_t step = present - ATTENDANCE_STEPS_AROUND;
         step <= present + ATTENDANCE_STEPS_AROUND; step++) {
        char expected[DIGITS + 1];
        attendance_code_at(secret, step, expected);
        match = sodium_memcmp(expected, code, DIGITS) == 0 ? step : match;
    }
    return match;
}

static bool matches(const AttendanceCode *code, const char *secret, TimeMs now, int64_t *ret_step)
{
    *ret_step = 0;
    if (secret == NULL) {
        return false;
    }
    if (code->is_fixed) {
        return strlen(secret) == FIXED_LENGTH &&
               sodium_memcmp(secret, code->code, FIXED_LENGTH) == 0;
    }
    *ret_step = match_step(secret, code->code, now);
    return *ret_step != 0;
}

static const char *wrong_key(Ctx *ctx)
{
    return arena_printf(ctx->arena, "attendance.wrong:%" PRId64, ctx->caller.account_id.value);
}

YIELDS static Err *check_tries(Ctx *ctx, int64_t delta)
{
    int64_t tries = 0;
    int64_t left_ms = 0;
    Err *err = cache_add(ctx->services->cache, wrong_key(ctx), delta, WRONG_MS, &tries, &left_ms);
    if (err != NULL) {
        err_ignore(err, "without the cache codes are still random, and checked");
        return NULL;
    }
    if (tries < WRONG_MAX) {
        return NULL;
    }
    Err *limited =
        ERR(ctx->arena, ERR_LIMITED, "too_many_wrong_codes", "%" PRId64 " wrong codes", tries);
    limited->retry_after_ms = left_ms;
    return limited;
}

YIELDS Err *attendance_code_check(Ctx *ctx, const AttendanceCode *code, int64_t *ret_step)
{
    const char *secret = NULL;
    Err *err = NULL;
    TRY(check_tries(ctx, 0));
    TRY(find_secret(ctx, code->shift_id, code->direction, code->is_fixed, &secret));
    if (matches(code, secret, ctx->now, ret_step)) {
        return NULL;
    }
    TRY(check_tries(ctx, 1));
    err_add_field(ctx->arena, &err, "code", "code_wrong", NULL);
    return err;
}

/* ---- The coordinator's screen ---- */

typedef struct Codes {
    int64_t shift_id;
    int direction;
    const char *code;
    const char *payload; /* what the QR code says */
    int64_t seconds_left;
    int64_t step_seconds;
    int64_t tolerance_steps;
    const char *fixed_code;
    const char *fixed_payload;
    TimeMs server_time;
} Codes;

static const Field CODES_FIELDS[] = {
    FIELD(Codes, shift_id, FIELD_ID),
    FIELD(Codes, direction, FIELD_CHOICE, .choices = attendance_directions),
    FIELD(Codes, code, FIELD_TEXT),
    FIELD(Codes, payload, FIELD_TEXT),
    FIELD(Codes, seconds_left, FIELD_INT),
    FIELD(Codes, step_seconds, FIELD_INT),
    FIELD(Codes, tolerance_steps, FIELD_INT),
    FIELD(Codes, fixed_code, FIELD_TEXT),
    FIELD(Codes, fixed_payload, FIELD_TEXT),
    FIELD(Codes, server_time, FIELD_TIME),
    {},
};
const Shape attendance_codes_shape = {.name = "AttendanceCodes",
                                      .size_bytes = sizeof(Codes),
                                      .fields = CODES_FIELDS};

YIELDS static Err *fill_codes(Ctx *ctx, Codes *codes)
{
    const char *secret = NULL;
    AttendanceCode rotating = {.shift_id = codes->shift_id,
                               .direction = (AttendanceDirection)codes->direction};
    AttendanceCode fixed = rotating;
    fixed.is_fixed = true;
    TRY(attendance_code_secret(ctx, codes->shift_id, rotating.direction, false, &secret));
    attendance_code_at(secret, ctx->now / SECOND_MS / ATTENDANCE_STEP_SECONDS, rotating.code);
    TRY(attendance_code_secret(ctx, codes->shift_id, fixed.direction, true, &codes->fixed_code));
    BUG_ON(codes->fixed_code == NULL);
    memcpy(fixed.code, codes->fixed_code, FIXED_LENGTH + 1);
    codes->code = arena_strdup(ctx->arena, rotating.code);
    codes->payload = attendance_code_format(ctx->arena, &rotating);
    codes->fixed_payload = attendance_code_format(ctx->arena, &fixed);
    return NULL;
}

YIELDS Err *attendance_show_codes(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"direction", NULL};
    Codes codes = {.step_seconds = ATTENDANCE_STEP_SECONDS,
                   .tolerance_steps = ATTENDANCE_STEPS_AROUND,
                   .server_time = ctx->now};
    AttendanceShift *shift = NULL;
    TRY(http_query_only(req, NAMES));
    TRY(http_path_id(req, "shift_id", &codes.shift_id));
    TRY(http_query_choice(req, "direction", attendance_directions, ATTENDANCE_IN,
                          &codes.direction));
    TRY(attendance_find_shift(ctx, codes.shift_id, &shift));
    codes.seconds_left = ATTENDANCE_STEP_SECONDS - ctx->now / SECOND_MS % ATTENDANCE_STEP_SECONDS;
    TRY(fill_codes(ctx, &codes));
    http_set_header(res, "Cache-Control", "no-store");
    return http_reply(res, HTTP_OK, &attendance_codes_shape, &codes, NULL);
}
