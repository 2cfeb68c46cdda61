/* password.c - Argon2id in the thread pool, never more than a few at once. */
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "voms/account/account_internal.h"

/* OWASP's minimum for Argon2id: 19 MiB, two passes. */
#define PASSES_DEFAULT 2
#define MEMORY_DEFAULT ((size_t)19 * 1024 * 1024)

#define AT_ONCE 2      /* in the process: each takes the memory above and a core */
#define WAITING_MAX 32 /* per loop: about two seconds of work */
#define RETRY_AFTER_MS (2 * SECOND_MS)
#define PASSWORD_BYTES_MAX 1024 /* the contract's 256 characters */

/* Written at start-up and by tests only. */
static unsigned long long passes = PASSES_DEFAULT;
static size_t memory_bytes = MEMORY_DEFAULT;
static char dummy_hash[crypto_pwhash_STRBYTES];

/* A semaphore belongs to its loop. */
static _Thread_local FiberSemaphore slots;
static _Thread_local bool slots_ready;

void password_set_cost(unsigned long long passes_wanted, size_t memory_wanted)
{
    passes = passes_wanted;
    memory_bytes = memory_wanted;
    dummy_hash[0] = '\0';
}

YIELDS Err *password_slot_take(Ctx *ctx, PasswordSlot *ret_slot)
{
    if (!slots_ready) {
        size_t loops = MAX(ctx->services->loop_count, (size_t)1);
        fiber_semaphore_init(&slots, MAX(1, AT_ONCE / (int)loops), WAITING_MAX);
        slots_ready = true;
    }
    Err *err = fiber_semaphore_acquire(&slots, fiber_deadline());
    if (err_is(err, ERR_UNAVAILABLE)) {
        err->retry_after_ms = RETRY_AFTER_MS;
    }
    TRY(err);
    ret_slot->semaphore = &slots;
    return NULL;
}

void password_slot_done(PasswordSlot *slot)
{
    if (slot->semaphore != NULL) {
        fiber_semaphore_release(slot->semaphore);
        slot->semaphore = NULL;
    }
}

/* Copies of everything: the thread pool touches no arena. */
typedef struct HashJob {
    char password[PASSWORD_BYTES_MAX + 1];
    char hash[crypto_pwhash_STRBYTES];
    bool matches;
    bool outdated;
    bool failed;
} HashJob;

static void wipe(HashJob *job)
{
    sodium_memzero(job, sizeof(*job));
}

static Err *fill(Arena *arena, HashJob *job, const char *password)
{
    if (strlen(password) > PASSWORD_BYTES_MAX) {
        return ERR(arena, ERR_INVALID, "password_too_long", "password over %d bytes",
                   PASSWORD_BYTES_MAX);
    }
    snprintf(job->password, sizeof(job->password), "%s", password);
    return NULL;
}

static void run_hash(void *arg)
{
    HashJob *job = arg;
    job->failed = crypto_pwhash_str_alg(job->hash, job->password, strlen(job->password), passes,
                                        memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0;
}

static void run_verify(void *arg)
{
    HashJob *job = arg;
    job->matches = crypto_pwhash_str_verify(job->hash, job->password, strlen(job->password)) == 0;
    job->outdated =
        job->matches && crypto_pwhash_str_needs_rehash(job->hash, passes, memory_bytes) != 0;
}

YIELDS Err *password_hash_in(Ctx *ctx, const PasswordSlot *slot, const char *password,
                             const char **ret_hash)
{
    CLEANUP(wipe) HashJob job = {};
    BUG_ON(slot->semaphore == NULL);
    TRY(fill(ctx->arena, &job, password));
    TRY(offload(run_hash, &job));
    if (job.failed) {
        return ERR(ctx->arena, ERR_UNAVAILABLE, "overloaded", "no memory to hash a password");
    }
    *ret_hash = arena_strdup(ctx->arena, job.hash);
    return NULL;
}

YIELDS Err *password_hash(Ctx *ctx, const char *password, const char **ret_hash)
{
    CLEANUP(password_slot_done) PasswordSlot slot = {};
    TRY(password_slot_take(ctx, &slot));
    return password_hash_in(ctx, &slot, password, ret_hash);
}

YIELDS Err *password_verify(Ctx *ctx, const PasswordSlot *slot, const char *hash,
                            const char *password, bool *ret_matches, bool *ret_outdated)
{
    CLEANUP(wipe) HashJob job = {};
    BUG_ON(slot->semaphore == NULL);
    BUG_ON(dummy_hash[0] == '\0');
    TRY(fill(ctx->arena, &job, password));
    snprintf(job.hash, sizeof(job.hash), "%s", hash == NULL ? dummy_hash : hash);
    TRY(offload(run_verify, &job));
    *ret_matches = hash != NULL && job.matches;
    *ret_outdated = hash != NULL && job.outdated;
    return NULL;
}

YIELDS Err *password_prepare(Ctx *ctx)
{
    const char *hash = NULL;
    TRY(password_hash(ctx, password_generate(ctx->arena, 20), &hash));
    snprintf(dummy_hash, sizeof(dummy_hash), "%s", hash);
    return NULL;
}

const char *password_generate(Arena *arena, size_t length)
{
    /* Without 0, 1, I, O, l, o. */
    static const char ALPHABET[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz";
    char *text = arena_alloc(arena, length + 1);
    for (size_t i = 0; i < length; i++) {
        text[i] = ALPHABET[randombytes_uniform(sizeof(ALPHABET) - 1)];
    }
    return text;
}
