/* authenticate.c - from the Authorization header to ctx->caller, usually without a statement. */
#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/common/recent.h"

#define AGE_MAX_MS (5 * SECOND_MS) /* in which other processes notice by themselves */
#define TOPIC "session_ended"
#define TOKEN_LENGTH_MAX 4096
#define NAME_BYTES_MAX 256 /* 64 characters */
#define EPOCHS 256

/* What is known of a token that was verified. */
typedef struct TokenFacts {
    TokenClaims claims;
    VolunteerId volunteer_id;
    bool is_super;
    bool must_change_password;
    char name[NAME_BYTES_MAX + 1];
} TokenFacts;

RECENT_TABLE(token_table, 4096, TokenFacts);

/* Moved when a session ends. */
static _Atomic uint64_t epochs[EPOCHS];

static void forget(SessionId session_id)
{
    atomic_fetch_add(&epochs[(uint64_t)session_id.value % EPOCHS], 1);
}

void authenticate_forget_session(Services *services, SessionId session_id)
{
    char text[24];
    forget(session_id);
    snprintf(text, sizeof(text), "%" PRId64, session_id.value);
    cache_tell(services->cache, TOPIC, text);
}

/* Another process ended a session. */
static void hear(void *arg UNUSED, const char *about)
{
    SessionId session_id = {};
    if (about != NULL && str_parse_int64(about, &session_id.value)) {
        forget(session_id);
        return;
    }
    for (size_t i = 0; i < EPOCHS; i++) {
        atomic_fetch_add(&epochs[i], 1);
    }
}

void authenticate_listen(Services *services)
{
    cache_listen(services->cache, TOPIC, hear, NULL);
}

void authenticate_clear(void)
{
    recent_clear(&token_table);
}

static uint64_t epoch_of(const TokenClaims *claims)
{
    return atomic_load(&epochs[(uint64_t)claims->session_id.value % EPOCHS]) +
           access_epoch(claims->account_id);
}

static unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;
_Static_assert(sizeof(RecentKey) == crypto_shorthash_siphashx24_BYTES, "a key has 128 bits");

static void make_hash_key(void)
{
    randombytes_buf(hash_key, sizeof(hash_key));
}

/* A keyed hash of 128 bits stands for the token: nobody can make another with the same. */
static RecentKey key_of(const char *token)
{
    RecentKey hash;
    BUG_ON(token == NULL);
    pthread_once(&hash_key_once, make_hash_key);
    crypto_shorthash_siphashx24((unsigned char *)&hash, (const unsigned char *)token, strlen(token),
                                hash_key);
    return hash;
}

static Err *refuse(Ctx *ctx, const char *code, const char *reason, const TokenClaims *claims)
{
    return ERR(ctx->arena, ERR_UNAUTHENTICATED, code,
               "reason=%s account=%" PRId64 " session=%" PRId64, reason, claims->account_id.value,
               claims->session_id.value);
}

static Err *check_row(Ctx *ctx, const StoreRows *rows, const TokenClaims *claims)
{
    if (rows->count == 0 || row_time(rows, 0, row_column(rows, "ended_at")) != 0 ||
        row_time(rows, 0, row_column(rows, "expires_at")) <= ctx->now ||
        row_int(rows, 0, row_column(rows, "account_id")) != claims->account_id.value) {
        return refuse(ctx, "session_ended", "revoked", claims);
    }
    if (!str_equal(row_text(rows, 0, row_column(rows, "state")), "active")) {
        return refuse(ctx, "account_disabled", "account_disabled", claims);
    }
    return NULL;
}

YIELDS static Err *ask_store(Ctx *ctx, TokenFacts *facts)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SESSION_FIND_CALLER,
                    ARGS(sql_int(facts->claims.session_id.value)), &rows));
    TRY(check_row(ctx, rows, &facts->claims));
    facts->volunteer_id.value = row_int(rows, 0, row_column(rows, "volunteer_id"));
    facts->is_super = row_bool(rows, 0, row_column(rows, "is_super"));
    facts->must_change_password = row_bool(rows, 0, row_column(rows, "must_change_password"));
    snprintf(facts->name, sizeof(facts->name), "%s",
             row_text(rows, 0, row_column(rows, "display_name")));
    return NULL;
}

YIELDS static Err *verify(Ctx *ctx, const char *token, RecentKey key, TokenFacts *facts)
{
    *facts = (TokenFacts){};
    TRY(token_verify(ctx->arena, ctx->services->config, TOKEN_ACCESS, token, &facts->claims));
    TRY(token_check_times(ctx->arena, &facts->claims, ctx->now));
    /* Before the statement: what changes while it runs makes its answer old. */
    uint64_t epoch = epoch_of(&facts->claims);
    TRY(ask_store(ctx, facts));
    recent_put(&token_table, key, epoch, facts);
    return NULL;
}

static Err *read_token(Ctx *ctx, const HttpRequest *req, const char **ret_token)
{
    const char *header = http_header(req, "Authorization");
    if (header == NULL) {
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "login_required", "reason=no_token");
    }
    if (strncasecmp(header, "Bearer ", 7) != 0 || strlen(header) > TOKEN_LENGTH_MAX) {
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "token_invalid", "reason=malformed_token");
    }
    *ret_token = header + 7 + strspn(header + 7, " ");
    return NULL;
}

YIELDS Err *authenticate(Ctx *ctx, const HttpRequest *req)
{
    const char *token = NULL;
    TRY(read_token(ctx, req, &token));
    TokenFacts *facts = ARENA_NEW(ctx->arena, TokenFacts);
    RecentKey key = key_of(token);
    uint64_t epoch = 0;
    if (!recent_get(&token_table, key, AGE_MAX_MS, facts, &epoch) ||
        epoch != epoch_of(&facts->claims)) {
        TRY(verify(ctx, token, key, facts));
    }
    TRY(token_check_times(ctx->arena, &facts->claims, ctx->now));
    ctx->caller.account_id = facts->claims.account_id;
    ctx->caller.session_id = facts->claims.session_id;
    ctx->caller.volunteer_id = facts->volunteer_id;
    ctx->caller.name = facts->name;
    ctx->caller.must_change_password = facts->must_change_password;
    return access_load(ctx, facts->claims.account_id, facts->is_super);
}
