/* session.c - sessions and their rotating refresh tokens.
 *
 * A session is the family of its refresh tokens, of which exactly one is good at any time. Each
 * exchange makes the next one. An old one that comes again ends the session: somebody has a copy.
 * Nothing is forgiven, not even a repeated call a moment later: who took the token off the wire
 * would be just as quick. A client that lost the answer logs in again. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/log.h"
#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/setting/setting.h"

#define TOKEN_BYTES 32
#define USED_TOKEN_KEPT_MS (90 * DAY_MS) /* longer than a session lasts without being used */

static const Field SESSION_FIELDS[] = {
    FIELD(Session, id, FIELD_ID),
    FIELD(Session, created_at, FIELD_TIME),
    FIELD(Session, last_used_at, FIELD_TIME),
    FIELD(Session, expires_at, FIELD_TIME),
    FIELD(Session, user_agent, FIELD_TEXT),
    FIELD(Session, address, FIELD_TEXT),
    FIELD(Session, current, FIELD_BOOL, .flags = FIELD_NO_COLUMN),
    {},
};
const Shape session_shape = SHAPE(Session, SESSION_FIELDS);

/* ---- Tokens ---- */

static const char *make_refresh_token(Arena *arena)
{
    unsigned char bytes[TOKEN_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    return str_base64url(arena, bytes, sizeof(bytes));
}

/* Of 256 random bits: a plain hash is enough. */
static const char *hash_token(Arena *arena, const char *token)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    return str_hex(arena, hash, sizeof(hash));
}

static void sign_access_token(Ctx *ctx, SessionTokens *tokens)
{
    const Config *config = ctx->services->config;
    TokenClaims claims = {
        .account_id = tokens->account_id,
        .session_id = tokens->session_id,
        .issued_at = ctx->now,
        .not_before = ctx->now,
        .expires_at = ctx->now + config->jwt.access_ttl_ms,
    };
    tokens->access_token = token_sign(ctx->arena, config, TOKEN_ACCESS, &claims);
    tokens->expires_in = config->jwt.access_ttl_ms / SECOND_MS;
}

/* ---- Begin ---- */

static const char *cut_user_agent(Arena *arena, const char *user_agent)
{
    if (user_agent == NULL || !str_is_clean_utf8(user_agent, strlen(user_agent))) {
        return NULL;
    }
    size_t length = MIN(strlen(user_agent), (size_t)256);
    while (length > 0 && ((unsigned char)user_agent[length] & 0xC0) == 0x80) {
        length--;
    }
    return arena_strndup(arena, user_agent, length);
}

YIELDS static Err *insert_refresh_token(Ctx *ctx, const char *hash, SessionId session_id)
{
    return store_exec(ctx->db, &SQL_REFRESH_TOKEN_INSERT,
                      ARGS(sql_text(hash), sql_int(session_id.value), sql_time(ctx->now)), NULL);
}

YIELDS Err *session_begin(Ctx *ctx, AccountId account_id, const char *user_agent,
                          SessionTokens *ret_tokens)
{
    StoreRows *rows = NULL;
    TimeMs expires_at = ctx->now + ctx->services->config->jwt.refresh_ttl_ms;
    TRY(store_query(ctx->db, &SQL_SESSION_INSERT,
                    ARGS(sql_int(account_id.value), sql_time(ctx->now), sql_time(expires_at),
                         sql_text(cut_user_agent(ctx->arena, user_agent)),
                         sql_text(ctx->client_address)),
                    &rows));
    SessionTokens tokens = {.account_id = account_id, .session_id = {row_int(rows, 0, 0)}};
    tokens.refresh_token = make_refresh_token(ctx->arena);
    TRY(insert_refresh_token(ctx, hash_token(ctx->arena, tokens.refresh_token), tokens.session_id));
    sign_access_token(ctx, &tokens);
    *ret_tokens = tokens;
    return NULL;
}

/* ---- End ---- */

typedef struct EndedSession {
    Services *services;
    SessionId id;
} EndedSession;

static void forget_session(void *arg)
{
    const EndedSession *ended = arg;
    authenticate_forget_session(ended->services, ended->id);
}

static void forget_after_commit(Ctx *ctx, SessionId session_id)
{
    EndedSession *ended = ARENA_NEW(ctx->arena, EndedSession);
    *ended = (EndedSession){.services = ctx->services, .id = session_id};
    db_after_commit(ctx->db, forget_session, ended);
}

YIELDS Err *session_end(Ctx *ctx, SessionId session_id, const char *reason)
{
    TRY(store_exec(ctx->db, &SQL_SESSION_END,
                   ARGS(sql_int(session_id.value), sql_time(ctx->now), sql_text(reason)), NULL));
    forget_after_commit(ctx, session_id);
    return NULL;
}

YIELDS Err *session_end_own(Ctx *ctx, AccountId account_id, SessionId session_id)
{
    int64_t affected = 0;
    TRY(store_exec(ctx->db, &SQL_SESSION_END_OWN,
                   ARGS(sql_int(session_id.value), sql_int(account_id.value), sql_time(ctx->now),
                        sql_text("ended_by_owner")),
                   &affected));
    if (affected == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "session_not_found", "session %" PRId64,
                   session_id.value);
    }
    forget_after_commit(ctx, session_id);
    return NULL;
}

YIELDS Err *session_end_all(Ctx *ctx, AccountId account_id, SessionId except, const char *reason)
{
    TRY(store_exec(ctx->db, &SQL_SESSION_END_ALL,
                   ARGS(sql_int(account_id.value), sql_int(except.value), sql_time(ctx->now),
                        sql_text(reason)),
                   NULL));
    access_forget_after_commit(ctx, account_id);
    return NULL;
}

/* ---- Exchange ---- */

typedef struct Exchange {
    Ctx *ctx;
    const char *hash; /* of the token that came */
    SessionTokens tokens;
    const char *refusal; /* a reason that is to be kept with the transaction, or NULL */
} Exchange;

/* Is the session of the token one that may go on? */
YIELDS static Err *check_session(Exchange *exchange, SessionId session_id)
{
    Ctx *ctx = exchange->ctx;
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SESSION_FIND_CALLER, ARGS(sql_int(session_id.value)), &rows));
    BUG_ON(rows->count != 1); /* its tokens go with it */
    exchange->tokens.session_id = session_id;
    exchange->tokens.account_id = (AccountId){row_int(rows, 0, row_column(rows, "account_id"))};
    if (row_time(rows, 0, row_column(rows, "ended_at")) != 0) {
        exchange->refusal = "revoked";
    } else if (row_time(rows, 0, row_column(rows, "expires_at")) <= ctx->now) {
        exchange->refusal = "session_expired";
    } else if (!str_equal(row_text(rows, 0, row_column(rows, "state")), "active")) {
        exchange->refusal = "account_disabled";
    }
    return NULL;
}

YIELDS static Err *go_on(Exchange *exchange)
{
    Ctx *ctx = exchange->ctx;
    SessionTokens *tokens = &exchange->tokens;
    TimeMs expires_at = ctx->now + ctx->services->config->jwt.refresh_ttl_ms;
    tokens->refresh_token = make_refresh_token(ctx->arena);
    TRY(insert_refresh_token(ctx, hash_token(ctx->arena, tokens->refresh_token),
                             tokens->session_id));
    TRY(store_exec(ctx->db, &SQL_SESSION_TOUCH,
                   ARGS(sql_int(tokens->session_id.value), sql_time(ctx->now), sql_time(expires_at),
                        sql_text(ctx->client_address)),
                   NULL));
    sign_access_token(ctx, tokens);
    return NULL;
}

/* A token that was used before: there are two who hold it. */
YIELDS static Err *revoke_family(Exchange *exchange, SessionId session_id)
{
    Ctx *ctx = exchange->ctx;
    TRY(check_session(exchange, session_id));
    if (exchange->refusal != NULL) {
        return NULL;
    }
    exchange->refusal = "refresh_token_reused";
    TRY(account_record(ctx, "account.refresh_token_reused", exchange->tokens.account_id,
                       (UnitId){0}, NULL));
    return session_end(ctx, session_id, "refresh_token_reused");
}

/* StoreWork. Refusals are no errors here: what they wrote is to be kept. */
YIELDS static Err *exchange(Db *db UNUSED, void *arg)
{
    Exchange *self = arg;
    Ctx *ctx = self->ctx;
    StoreRows *rows = NULL;
    self->refusal = NULL;
    self->tokens = (SessionTokens){};
    TRY(store_query(ctx->db, &SQL_REFRESH_TOKEN_USE, ARGS(sql_text(self->hash), sql_time(ctx->now)),
                    &rows));
    if (rows->count == 1) {
        TRY(check_session(self, (SessionId){row_int(rows, 0, 0)}));
        return self->refusal != NULL ? NULL : go_on(self);
    }
    TRY(store_query(ctx->db, &SQL_REFRESH_TOKEN_FIND, ARGS(sql_text(self->hash)), &rows));
    if (rows->count == 0) {
        self->refusal = "unknown_refresh_token";
        return NULL;
    }
    return revoke_family(self, (SessionId){row_int(rows, 0, 0)});
}

YIELDS Err *session_refresh(Ctx *ctx, const char *refresh_token, SessionTokens *ret_tokens)
{
    Exchange work = {.ctx = ctx, .hash = hash_token(ctx->arena, refresh_token)};
    TRY(store_transact(ctx->db, exchange, &work));
    if (work.refusal != NULL) {
        return ERR(ctx->arena, ERR_UNAUTHENTICATED, "refresh_token_invalid",
                   "reason=%s account=%" PRId64 " session=%" PRId64, work.refusal,
                   work.tokens.account_id.value, work.tokens.session_id.value);
    }
    *ret_tokens = work.tokens;
    return NULL;
}

/* ---- Lists and clean-up ---- */

YIELDS Err *session_list(Ctx *ctx, AccountId account_id, int64_t before_id, int64_t limit,
                         ObjectList *ret_sessions)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SESSION_LIST,
                    ARGS(sql_int(account_id.value), sql_time(ctx->now),
                         sql_int(before_id == 0 ? INT64_MAX : before_id), sql_int(limit)),
                    &rows));
    ObjectList sessions = shape_from_rows(ctx->arena, &session_shape, rows);
    Session *items = sessions.items;
    for (size_t i = 0; i < sessions.count; i++) {
        items[i].current = items[i].id.value == ctx->caller.session_id.value;
    }
    *ret_sessions = sessions;
    return NULL;
}

YIELDS Err *session_count(Ctx *ctx, AccountId account_id, int64_t *ret_total)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_SESSION_COUNT,
                    ARGS(sql_int(account_id.value), sql_time(ctx->now)), &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *repeat(Ctx *ctx, const SqlStatement *statement, TimeMs before)
{
    int64_t deleted = 0;
    do {
        TRY(store_exec(ctx->db, statement, ARGS(sql_time(before)), &deleted));
    } while (deleted > 0);
    return NULL;
}

YIELDS Err *session_clean_up(Ctx *ctx)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(repeat(ctx, &SQL_SESSION_CLEAN_UP, ctx->now - settings->retention_session_days * DAY_MS));
    return repeat(ctx, &SQL_REFRESH_TOKEN_CLEAN_UP, ctx->now - USED_TOKEN_KEPT_MS);
}
