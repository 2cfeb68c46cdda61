/* token.c - JWTs (RFC 7519), HS256 only: the algorithm is ours to choose, never the token's. */
#include <inttypes.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "voms/account/account_internal.h"

static const char *const USES[] = {[TOKEN_ACCESS] = "access", [TOKEN_CHALLENGE] = "challenge"};

static void free_jwt(jwt_t **jwt)
{
    jwt_free(*jwt);
}

static const unsigned char *key_of(const Config *config)
{
    return (const unsigned char *)config->jwt.secret.reveal;
}

static int key_length(const Config *config)
{
    return (int)strlen(config->jwt.secret.reveal);
}

static int add_claims(Arena *arena, const Config *config, TokenUse use, const TokenClaims *claims,
                      jwt_t *jwt)
{
    int failed =
        jwt_add_grant(jwt, "iss", config->jwt.issuer) | jwt_add_grant(jwt, "use", USES[use]) |
        jwt_add_grant(jwt, "sub", arena_printf(arena, "%" PRId64, claims->account_id.value)) |
        jwt_add_grant_int(jwt, "iat", claims->issued_at / SECOND_MS) |
        jwt_add_grant_int(jwt, "nbf", claims->not_before / SECOND_MS) |
        jwt_add_grant_int(jwt, "exp", claims->expires_at / SECOND_MS);
    if (use == TOKEN_ACCESS) {
        return failed |
               jwt_add_grant(jwt, "sid", arena_printf(arena, "%" PRId64, claims->session_id.value));
    }
    return failed | jwt_add_grant_int(jwt, "stamp", claims->stamp) |
           jwt_add_grant_bool(jwt, "cookie", claims->cookie);
}

const char *token_sign(Arena *arena, const Config *config, TokenUse use, const TokenClaims *claims)
{
    CLEANUP(free_jwt) jwt_t *jwt = NULL;
    BUG_ON(jwt_new(&jwt) != 0);
    BUG_ON(add_claims(arena, config, use, claims, jwt) != 0);
    BUG_ON(jwt_set_alg(jwt, JWT_ALG_HS256, key_of(config), key_length(config)) != 0);
    char *encoded = jwt_encode_str(jwt);
    BUG_ON(encoded == NULL);
    const char *token = arena_strdup(arena, encoded);
    free(encoded);
    return token;
}

static Err *invalid(Arena *arena, const char *reason)
{
    return ERR(arena, ERR_UNAUTHENTICATED, "token_invalid", "reason=%s", reason);
}

/* Tells a changed secret or a forgery from garbage. */
static Err *explain_failure(Arena *arena, const char *token)
{
    CLEANUP(free_jwt) jwt_t *jwt = NULL;
    bool readable = jwt_decode(&jwt, token, NULL, 0) == 0;
    return invalid(arena, readable ? "bad_signature" : "malformed_token");
}

static bool read_id(jwt_t *jwt, const char *name, int64_t *ret_id)
{
    const char *text = jwt_get_grant(jwt, name);
    return text != NULL && str_parse_int64(text, ret_id) && *ret_id > 0;
}

static bool read_time(jwt_t *jwt, const char *name, TimeMs *ret_time)
{
    long seconds = jwt_get_grant_int(jwt, name);
    *ret_time = (TimeMs)seconds * SECOND_MS;
    return seconds > 0 && seconds < INT64_C(1) << 40;
}

static bool read_claims(jwt_t *jwt, TokenUse use, TokenClaims *claims)
{
    if (!read_id(jwt, "sub", &claims->account_id.value) ||
        !read_time(jwt, "iat", &claims->issued_at) || !read_time(jwt, "nbf", &claims->not_before) ||
        !read_time(jwt, "exp", &claims->expires_at)) {
        return false;
    }
    if (use == TOKEN_ACCESS) {
        return read_id(jwt, "sid", &claims->session_id.value);
    }
    claims->stamp = jwt_get_grant_int(jwt, "stamp");
    claims->cookie = jwt_get_grant_bool(jwt, "cookie") == 1;
    return true;
}

/* libjwt parses what a stranger sends before it looks at the signature, as deep as it nests, which
 * may be deeper than a fiber's stack: so header and payload go through json_parse first. */
static bool is_json_part(Arena *arena, const char *part, size_t length)
{
    size_t json_length = 0;
    json_t *json = NULL;
    const unsigned char *text =
        str_parse_base64url(arena, arena_strndup(arena, part, length), &json_length);
    return text != NULL && json_parse(arena, (const char *)text, json_length, &json) == NULL;
}

static bool has_token_form(Arena *arena, const char *token)
{
    const char *first_dot = strchr(token, '.');
    const char *second_dot = first_dot == NULL ? NULL : strchr(first_dot + 1, '.');
    return second_dot != NULL && is_json_part(arena, token, (size_t)(first_dot - token)) &&
           is_json_part(arena, first_dot + 1, (size_t)(second_dot - first_dot) - 1);
}

Err *token_verify(Arena *arena, const Config *config, TokenUse use, const char *token,
                  TokenClaims *ret_claims)
{
    CLEANUP(free_jwt) jwt_t *jwt = NULL;
    TokenClaims claims = {};
    if (!has_token_form(arena, token)) {
        return invalid(arena, "malformed_token");
    }
    if (jwt_decode(&jwt, token, key_of(config), key_length(config)) != 0) {
        return explain_failure(arena, token);
    }
    if (jwt_get_alg(jwt) != JWT_ALG_HS256) {
        return invalid(arena, "bad_signature");
    }
    if (!str_equal(jwt_get_grant(jwt, "iss"), config->jwt.issuer) ||
        !str_equal(jwt_get_grant(jwt, "use"), USES[use]) || !read_claims(jwt, use, &claims)) {
        return invalid(arena, "malformed_token");
    }
    *ret_claims = claims;
    return NULL;
}

Err *token_check_times(Arena *arena, const TokenClaims *claims, TimeMs now)
{
    if (now >= claims->expires_at) {
        return ERR(arena, ERR_UNAUTHENTICATED, "token_expired",
                   "reason=token_expired account=%" PRId64 " expired_ms_ago=%" PRId64,
                   claims->account_id.value, now - claims->expires_at);
    }
    if (now + TOKEN_LEEWAY_MS < claims->not_before) {
        return ERR(arena, ERR_UNAUTHENTICATED, "token_invalid",
                   "reason=token_not_yet_valid account=%" PRId64 " valid_in_ms=%" PRId64
                   " (compare the servers' clocks)",
                   claims->account_id.value, claims->not_before - now);
    }
    return NULL;
}
