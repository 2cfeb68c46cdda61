/* idempotency.h - an unsafe call that is sent twice with the same Idempotency-Key is carried out
 * once. */
#pragma once

#include "app/ctx.h"

#define IDEMPOTENCY_KEY_MAX 128
#define IDEMPOTENCY_KEPT_MS (24 * HOUR_MS)

/* What to do with a call. */
typedef struct IdempotencyClaim {
    const char *key;          /* NULL: the call carries none */
    const char *request_hash; /* of method, path, query and body */
    bool replayed; /* the answer of the first call was given again: nothing is left to do */
} IdempotencyClaim;

/* Claims the key for this call in ctx->db's open transaction, or answers as the first call was
 * answered. Yields. Fails with ERR_INVALID ("idempotency_key_reused") if the key came with another
 * request, ERR_CONFLICT
 * ("request_in_progress") if the first call has not ended, ("already_carried_out") if its answer
 * holds secrets and was not kept. */
YIELDS Err *idempotency_claim(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                              IdempotencyClaim *ret_claim);

/* Keeps the answer for a repeated call. Yields. */
YIELDS Err *idempotency_keep(Ctx *ctx, const IdempotencyClaim *claim, const HttpRequest *req,
                             const HttpResponse *res);

/* Gives the key back after a failure outside of a transaction. Yields. */
YIELDS Err *idempotency_release(Ctx *ctx, const IdempotencyClaim *claim);

/* Deletes keys older than IDEMPOTENCY_KEPT_MS: a Schedule's run. Yields. */
YIELDS Err *idempotency_clean_up(Ctx *ctx);
