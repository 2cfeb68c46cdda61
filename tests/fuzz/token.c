/* Access tokens. A first byte 'p' makes the rest the payload of a token that is signed rightly, 'h'
 * header, line feed and payload; everything else is taken as a token. */
#include <pthread.h>
#include <sodium.h>

#include "base/str.h"
#include "tests/fuzz/fuzz.h"
#include "voms/account/account_internal.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static const char *sign(Arena *arena, const char *header, const char *payload)
{
    char *text = arena_printf(arena, "%s.%s", str_base64url(arena, header, strlen(header)),
                              str_base64url(arena, payload, strlen(payload)));
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, mac);
    return arena_printf(arena, "%s.%s", text, str_base64url(arena, mac, sizeof(mac)));
}

static const char *make_token(Arena *arena, const char *data)
{
    if (data[0] == 'p') {
        return sign(arena, HEADER, data + 1);
    }
    const char *line_end = strchr(data, '\n');
    if (data[0] == 'h' && line_end != NULL) {
        const char *header = arena_strndup(arena, data + 1, (size_t)(line_end - data) - 1);
        return sign(arena, header, line_end + 1);
    }
    return data;
}

static void check(Arena *arena, const Config *config, TokenUse use, const char *token,
                  bool is_foreign)
{
    TokenClaims claims = {};
    Err *err = token_verify(arena, config, use, token, &claims);
    BUG_ON(err != NULL && !err_is(err, ERR_UNAUTHENTICATED));
    if (err == NULL) {
        /* Nobody signed this one, unless it is the one that is in the corpus. */
        BUG_ON(is_foreign && claims.account_id.value != 7);
        err_ignore(token_check_times(arena, &claims, 1767323045678), "only crashes count");
        token_sign(arena, config, use, &claims);
    }
}

typedef struct Work {
    Arena *arena;
    const char *data;
} Work;

static void *run(void *arg)
{
    const Work *work = arg;
    Config *config = ARENA_NEW(work->arena, Config);
    config->jwt.secret.reveal = SECRET;
    config->jwt.issuer = "voms";
    const char *token = make_token(work->arena, work->data);
    check(work->arena, config, TOKEN_ACCESS, token, token == work->data);
    check(work->arena, config, TOKEN_CHALLENGE, token, token == work->data);
    return NULL;
}

/* On a stack as small as a fiber's: the JSON inside of a token nests as deep as a stranger
 * likes. */
FUZZ(token)
{
    if (size == 0) {
        return;
    }
    Work work = {.arena = arena, .data = data};
    pthread_attr_t attributes;
    pthread_t thread;
    BUG_ON(pthread_attr_init(&attributes) != 0);
    BUG_ON(pthread_attr_setstacksize(&attributes, (size_t)128 * 1024) != 0);
    BUG_ON(pthread_create(&thread, &attributes, run, &work) != 0);
    BUG_ON(pthread_join(thread, NULL) != 0);
    pthread_attr_destroy(&attributes);
}
