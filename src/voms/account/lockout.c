/* lockout.c - failures of addresses and of names that nobody has, counted in the cache.
 *
 * A name that nobody has is locked after as many failures and as long as an account, so that the
 * answers do not tell which names exist. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "voms/account/account_internal.h"

#define COUNT_TTL_MS HOUR_MS

static Err *locked(Ctx *ctx, const char *reason, int64_t left_ms)
{
    Err *err =
        ERR(ctx->arena, ERR_LIMITED, "too_many_attempts", "reason=%s address=%s left_ms=%" PRId64,
            reason, ctx->client_address == NULL ? "-" : ctx->client_address, left_ms);
    err->retry_after_ms = left_ms;
    return err;
}

Err *lockout_check_account(Ctx *ctx, const Credentials *credentials)
{
    int64_t left_ms = credentials->locked_until - ctx->now;
    if (left_ms <= 0) {
        return NULL;
    }
    Err *err = locked(ctx, "account_locked", left_ms);
    return err_wrap(ctx->arena, err, "account %" PRId64, credentials->account_id.value);
}

/* Without the cache the lock of the account alone must do. */
static Err *without_cache(Err *err)
{
    if (err == NULL || err_is(err, ERR_CANCELLED)) {
        return err;
    }
    log_err("lockout is not counted", err);
    return NULL;
}

YIELDS static Err *check(Ctx *ctx, const char *key, const char *reason)
{
    const char *value = NULL;
    TimeMs until = 0;
    TRY(without_cache(cache_get(ctx->services->cache, ctx->arena,
                                arena_printf(ctx->arena, "lock:%s", key), &value)));
    if (value == NULL || !str_parse_int64(value, &until) || until <= ctx->now) {
        return NULL;
    }
    return locked(ctx, reason, until - ctx->now);
}

YIELDS static Err *add(Ctx *ctx, const char *key, int64_t (*lock_ms_of)(int64_t failures))
{
    int64_t failures = 0;
    int64_t left_ms = 0;
    Cache *cache = ctx->services->cache;
    TRY(without_cache(cache_add(cache, arena_printf(ctx->arena, "failures:%s", key), 1,
                                COUNT_TTL_MS, &failures, &left_ms)));
    int64_t lock_ms = lock_ms_of(failures);
    if (lock_ms == 0) {
        return NULL;
    }
    const char *until = arena_printf(ctx->arena, "%" PRId64, ctx->now + lock_ms);
    return without_cache(
        cache_set(cache, arena_printf(ctx->arena, "lock:%s", key), until, lock_ms));
}

static const char *address_key(Ctx *ctx)
{
    return arena_printf(ctx->arena, "address:%s", ctx->client_address);
}

/* Hashed: the cache may be shared, and what was typed may be a password. */
static const char *login_key(Ctx *ctx, const char *login)
{
    const char *key = NULL;
    unsigned char hash[crypto_generichash_BYTES];
    account_rules_login(ctx->arena, login, &key);
    const char *secret = ctx->services->config->jwt.secret.reveal;
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)key, strlen(key),
                       (const unsigned char *)secret,
                       MIN(strlen(secret), (size_t)crypto_generichash_KEYBYTES_MAX));
    return arena_printf(ctx->arena, "login:%s", str_hex(ctx->arena, hash, sizeof(hash)));
}

YIELDS Err *lockout_check_address(Ctx *ctx)
{
    return ctx->client_address == NULL ? NULL : check(ctx, address_key(ctx), "address_locked");
}

YIELDS Err *lockout_add_address_failure(Ctx *ctx)
{
    return ctx->client_address == NULL ? NULL
                                       : add(ctx, address_key(ctx), account_rules_address_lock_ms);
}

YIELDS Err *lockout_check_unknown(Ctx *ctx, const char *login)
{
    return check(ctx, login_key(ctx, login), "unknown_user_locked");
}

YIELDS Err *lockout_add_unknown_failure(Ctx *ctx, const char *login)
{
    return add(ctx, login_key(ctx, login), account_rules_lock_ms);
}
