#include "tests/unit/test.h"
#include "voms/account/account_internal.h"

#include <string.h>

#define NOW ((TimeMs)1795500000000)

static const Config *config_of(Arena *arena, const char *secret)
{
    Config *config = ARENA_NEW(arena, Config);
    config->jwt.secret.reveal = secret;
    config->jwt.issuer = "voms";
    return config;
}

#define SECRET "0123456789abcdef0123456789abcdef"

static TokenClaims claims_now(void)
{
    return (TokenClaims){.account_id = {7},
                         .session_id = {9},
                         .stamp = 1795400000123,
                         .cookie = true,
                         .issued_at = NOW,
                         .not_before = NOW,
                         .expires_at = NOW + 15 * MINUTE_MS};
}

TEST(token, comes_back_as_it_was_signed)
{
    Arena *arena = arena_new();
    const Config *config = config_of(arena, SECRET);
    TokenClaims claims = claims_now();
    TokenClaims back = {};
    const char *token = token_sign(arena, config, TOKEN_ACCESS, &claims);
    ASSERT_OK(token_verify(arena, config, TOKEN_ACCESS, token, &back));
    ASSERT_INT_EQUAL(7, back.account_id.value);
    ASSERT_INT_EQUAL(9, back.session_id.value);
    ASSERT_INT_EQUAL(claims.expires_at, back.expires_at);
    token = token_sign(arena, config, TOKEN_CHALLENGE, &claims);
    ASSERT_OK(token_verify(arena, config, TOKEN_CHALLENGE, token, &back));
    ASSERT_INT_EQUAL(claims.stamp, back.stamp);
    ASSERT(back.cookie);
    arena_free(arena);
}

static void expect_refusal(Arena *arena, TokenUse use, const char *token, const char *reason)
{
    TokenClaims claims = {};
    Err *err = token_verify(arena, config_of(arena, SECRET), use, token, &claims);
    ASSERT_ERR(ERR_UNAUTHENTICATED, err);
    ASSERT_STR_EQUAL("token_invalid", err->code);
    if (strstr(err->message, reason) == NULL) {
        test_fail(__FILE__, __LINE__, "\"%s\" does not tell %s", err->message, reason);
    }
}

static const char *with_part(Arena *arena, const char *token, int part, const char *json)
{
    const char *first = strchr(token, '.');
    const char *second = strchr(first + 1, '.');
    const char *made = str_base64url(arena, json, strlen(json));
    if (part == 0) {
        return arena_printf(arena, "%s%s", made, first);
    }
    return arena_printf(arena, "%.*s.%s%s", (int)(first - token), token, made, second);
}

TEST(token, of_strangers_is_refused_with_the_reason)
{
    Arena *arena = arena_new();
    const Config *config = config_of(arena, SECRET);
    TokenClaims claims = claims_now();
    const char *good = token_sign(arena, config, TOKEN_ACCESS, &claims);
    const char *other =
        token_sign(arena, config_of(arena, "another secret, as after a change of it"), TOKEN_ACCESS,
                   &claims);
    char *flipped = arena_strdup(arena, good);
    flipped[strlen(flipped) - 3] = flipped[strlen(flipped) - 3] == 'A' ? 'B' : 'A';
    expect_refusal(arena, TOKEN_ACCESS, other, "reason=bad_signature");
    expect_refusal(arena, TOKEN_ACCESS, flipped, "reason=bad_signature");
    expect_refusal(arena, TOKEN_ACCESS,
                   with_part(arena, good, 1,
                             "{\"sub\":\"1\",\"sid\":\"1\",\"use\":\"access\",\"iss\":\"voms\","
                             "\"iat\":1,\"nbf\":1,\"exp\":99999999999}"),
                   "reason=bad_signature");
    expect_refusal(arena, TOKEN_ACCESS, with_part(arena, good, 0, "{\"alg\":\"none\"}"), "reason=");
    expect_refusal(arena, TOKEN_ACCESS,
                   arena_printf(arena, "%.*s", (int)(strrchr(good, '.') - good + 1),
                                with_part(arena, good, 0, "{\"alg\":\"none\"}")),
                   "reason=");
    expect_refusal(arena, TOKEN_ACCESS, "garbage", "reason=malformed_token");
    expect_refusal(arena, TOKEN_ACCESS, "", "reason=malformed_token");
    arena_free(arena);
}

TEST(token, of_one_use_is_not_good_for_the_other)
{
    Arena *arena = arena_new();
    const Config *config = config_of(arena, SECRET);
    TokenClaims claims = claims_now();
    expect_refusal(arena, TOKEN_CHALLENGE, token_sign(arena, config, TOKEN_ACCESS, &claims),
                   "reason=malformed_token");
    expect_refusal(arena, TOKEN_ACCESS, token_sign(arena, config, TOKEN_CHALLENGE, &claims),
                   "reason=malformed_token");
    arena_free(arena);
}

TEST(token, times_are_checked_with_a_little_leeway_for_clocks)
{
    static const struct {
        int64_t offset_ms;
        const char *reason; /* NULL: fine */
    } rows[] = {
        {0, NULL},
        {15 * MINUTE_MS - 1, NULL},
        {15 * MINUTE_MS, "reason=token_expired"},
        {-TOKEN_LEEWAY_MS, NULL},
        {-TOKEN_LEEWAY_MS - 1, "reason=token_not_yet_valid"},
    };
    Arena *arena = arena_new();
    TokenClaims claims = claims_now();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Err *err = token_check_times(arena, &claims, NOW + rows[i].offset_ms);
        if (rows[i].reason == NULL) {
            ASSERT_OK(err);
        } else {
            ASSERT_ERR(ERR_UNAUTHENTICATED, err);
            ASSERT(strstr(err->message, rows[i].reason) != NULL);
        }
    }
    arena_free(arena);
}
