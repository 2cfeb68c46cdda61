/* totp.c - time-based one-time codes (RFC 6238: SHA-1, 6 digits, 30 s) and recovery codes. */
#include <inttypes.h>
#include <liboath/oath.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "app/vault.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"

#define VAULT_CONTEXT "account.totp"
#define SECRET_BYTES 20 /* as long as SHA-1's result: RFC 4226, section 4 */
#define STEP_SECONDS 30
#define STEPS_AROUND 1 /* clocks of telephones differ, and typing takes a while */
#define DIGITS 6
#define RECOVERY_BYTES 10 /* 80 bits: 16 characters of base32, in fours */

/* ---- base32 (RFC 4648), without padding ---- */

static const char BASE32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* length is a multiple of 5. */
static char *encode_base32(Arena *arena, const unsigned char *bytes, size_t length)
{
    char *text = arena_alloc(arena, length / 5 * 8 + 1);
    for (size_t i = 0; i < length / 5 * 8; i++) {
        size_t bit = i * 5;
        unsigned two = (unsigned)bytes[bit / 8] << 8;
        two |= bit / 8 + 1 < length ? bytes[bit / 8 + 1] : 0;
        text[i] = BASE32[two >> (11 - bit % 8) & 31];
    }
    return text;
}

static bool decode_base32(const char *text, unsigned char *bytes, size_t length)
{
    memset(bytes, 0, length);
    if (strlen(text) != length / 5 * 8) {
        return false;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char *found = strchr(BASE32, text[i]);
        if (found == NULL) {
            return false;
        }
        unsigned value = (unsigned)(found - BASE32);
        size_t bit = i * 5;
        unsigned two = value << (11 - bit % 8);
        bytes[bit / 8] |= (unsigned char)(two >> 8);
        if (bit / 8 + 1 < length) {
            bytes[bit / 8 + 1] |= (unsigned char)two;
        }
    }
    return true;
}

/* ---- Codes ---- */

static pthread_once_t oath_once = PTHREAD_ONCE_INIT;

static void init_oath(void)
{
    BUG_ON(oath_init() != OATH_OK);
}

static bool is_code_of(const unsigned char *secret, const char *code, int64_t step)
{
    char expected[DIGITS + 1];
    int failed =
        oath_totp_generate((const char *)secret, SECRET_BYTES, (time_t)(step * STEP_SECONDS),
                           STEP_SECONDS, 0, DIGITS, expected);
    return failed == OATH_OK && sodium_memcmp(expected, code, DIGITS) == 0;
}

int64_t totp_match(const char *secret, const char *code, TimeMs now)
{
    unsigned char bytes[SECRET_BYTES];
    pthread_once(&oath_once, init_oath);
    if (strlen(code) != DIGITS || !decode_base32(secret, bytes, sizeof(bytes))) {
        return -1;
    }
    int64_t present = now / SECOND_MS / STEP_SECONDS;
    int64_t match = -1;
    for (int64_t step = present - STEPS_AROUND; step <= present + STEPS_AROUND; step++) {
        match = is_code_of(bytes, code, step) ? step : match;
    }
    sodium_memzero(bytes, sizeof(bytes));
    return match;
}

/* "a2b3-c4d5-e6f7-g2h3" */
static const char *make_recovery_code(Arena *arena)
{
    unsigned char bytes[RECOVERY_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    const char *text = str_ascii_lower(arena, encode_base32(arena, bytes, sizeof(bytes)));
    return arena_printf(arena, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8, text + 12);
}

/* However it was typed: without spaces and dashes, in lower case. 80 random bits need no slow hash.
 */
static const char *hash_recovery_code(Arena *arena, const char *code)
{
    Str plain;
    unsigned char hash[crypto_hash_sha256_BYTES];
    str_init(&plain, arena);
    for (const char *at = str_ascii_lower(arena, code); *at != '\0'; at++) {
        if (*at != ' ' && *at != '-') {
            str_append_char(&plain, *at);
        }
    }
    crypto_hash_sha256(hash, (const unsigned char *)str_text(&plain), plain.length);
    return str_hex(arena, hash, sizeof(hash));
}

const char *totp_uri(Arena *arena, const char *username, const char *secret)
{
    return arena_printf(arena,
                        "otpauth://totp/VOMS:%s?secret=%s&issuer=VOMS&algorithm=SHA1"
                        "&digits=%d&period=%d",
                        username, secret, DIGITS, STEP_SECONDS);
}

/* ---- Store ---- */

YIELDS Err *totp_find(Ctx *ctx, AccountId account_id, Totp **ret_totp)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_TOTP_FIND, ARGS(sql_int(account_id.value)), &rows));
    if (rows->count == 0) {
        *ret_totp = NULL;
        return NULL;
    }
    Totp *totp = ARENA_NEW(ctx->arena, Totp);
    totp->confirmed_at = row_time(rows, 0, row_column(rows, "confirmed_at"));
    totp->enabled = totp->confirmed_at != 0;
    totp->last_step = row_int(rows, 0, row_column(rows, "last_step"));
    TRY(vault_decrypt(ctx->services, ctx->arena, VAULT_CONTEXT,
                      row_bytes(rows, 0, row_column(rows, "secret")), &totp->secret));
    *ret_totp = totp;
    return NULL;
}

YIELDS Err *totp_start(Ctx *ctx, AccountId account_id, const char **ret_secret)
{
    unsigned char bytes[SECRET_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    const char *secret = encode_base32(ctx->arena, bytes, sizeof(bytes));
    Slice cipher = vault_encrypt(ctx->services, ctx->arena, VAULT_CONTEXT, secret);
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_TOTP_START,
                   ARGS(sql_int(account_id.value), sql_bytes(cipher.data, cipher.length),
                        sql_time(ctx->now)),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "totp_enabled", "account %" PRId64 " has one",
                   account_id.value);
    }
    *ret_secret = secret;
    return NULL;
}

YIELDS Err *totp_renew_recovery_codes(Ctx *ctx, AccountId account_id, TextList *ret_codes)
{
    SqlArgs args[RECOVERY_CODE_COUNT];
    TextList codes = {.items = ARENA_ARRAY(ctx->arena, const char *, RECOVERY_CODE_COUNT),
                      .count = RECOVERY_CODE_COUNT};
    for (size_t i = 0; i < codes.count; i++) {
        SqlValue *values = ARENA_ARRAY(ctx->arena, SqlValue, 2);
        codes.items[i] = make_recovery_code(ctx->arena);
        values[0] = sql_int(account_id.value);
        values[1] = sql_text(hash_recovery_code(ctx->arena, codes.items[i]));
        args[i] = (SqlArgs){.values = values, .count = 2};
    }
    TRY(store_exec(ctx->db, &SQL_RECOVERY_CODE_DELETE, ARGS(sql_int(account_id.value)), NULL));
    TRY(store_exec_many(ctx->db, &SQL_RECOVERY_CODE_INSERT, args, codes.count, NULL));
    *ret_codes = codes;
    return NULL;
}

static Err *wrong_code(Ctx *ctx)
{
    Err *err = NULL;
    err_add_field(ctx->arena, &err, "code", "code_wrong", NULL);
    return err;
}

YIELDS Err *totp_confirm(Ctx *ctx, AccountId account_id, const char *code, TextList *ret_codes)
{
    Totp *totp = NULL;
    int64_t affected = 0;
    TRY(totp_find(ctx, account_id, &totp));
    if (totp == NULL || totp->enabled) {
        return ERR(ctx->arena, ERR_CONFLICT, totp == NULL ? "totp_not_started" : "totp_enabled",
                   "account %" PRId64, account_id.value);
    }
    int64_t step = totp_match(totp->secret, code, ctx->now);
    if (step < 0) {
        return wrong_code(ctx);
    }
    TRY(store_exec(ctx->db, &SQL_TOTP_CONFIRM,
                   ARGS(sql_int(account_id.value), sql_time(ctx->now), sql_int(step)), &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "totp_enabled", "account %" PRId64, account_id.value);
    }
    return totp_renew_recovery_codes(ctx, account_id, ret_codes);
}

YIELDS Err *totp_take_code(Ctx *ctx, AccountId account_id, const char *code, bool *ret_taken)
{
    Totp *totp = NULL;
    int64_t affected = 0;
    TRY(totp_find(ctx, account_id, &totp));
    int64_t step = totp == NULL || !totp->enabled ? -1 : totp_match(totp->secret, code, ctx->now);
    if (step >= 0) {
        TRY(store_exec(ctx->db, &SQL_TOTP_TAKE_STEP, ARGS(sql_int(account_id.value), sql_int(step)),
                       &affected));
    }
    *ret_taken = affected == 1;
    return NULL;
}

YIELDS Err *totp_take_recovery_code(Ctx *ctx, AccountId account_id, const char *code,
                                    bool *ret_taken)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_RECOVERY_CODE_USE,
                   ARGS(sql_int(account_id.value), sql_text(hash_recovery_code(ctx->arena, code)),
                        sql_time(ctx->now)),
                   &affected));
    *ret_taken = affected == 1;
    return NULL;
}

YIELDS Err *totp_count_recovery_codes(Ctx *ctx, AccountId account_id, int64_t *ret_count)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_RECOVERY_CODE_COUNT, ARGS(sql_int(account_id.value)), &rows));
    *ret_count = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *totp_remove(Ctx *ctx, AccountId account_id)
{
    TRY(store_exec(ctx->db, &SQL_RECOVERY_CODE_DELETE, ARGS(sql_int(account_id.value)), NULL));
    return store_exec(ctx->db, &SQL_TOTP_DELETE, ARGS(sql_int(account_id.value)), NULL);
}
