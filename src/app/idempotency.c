#include "app/idempotency.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "app/app.sql.h"
#include "app/services.h"
#include "base/str.h"

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
    if (text != NULL) {
        crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text));
    }
    crypto_hash_sha256_update(state, (const unsigned char *)"\n", 1);
}

/* An upload is told apart by its name and size: reading a large file again would cost more than a
 * key is worth. */
static const char *hash_request(const HttpRequest *req)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    hash_text(&state, req->route->path);
    hash_text(&state, req->path);
    hash_text(&state, http_query_string(req));
    hash_text(&state, req->upload_filename);
    hash_text(&state,
              arena_printf(req->arena, "%d %" PRId64, (int)req->method, req->upload_size_bytes));
    crypto_hash_sha256_update(&state, (const unsigned char *)req->body.data, req->body.length);
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, hash);
    return str_hex(req->arena, hash, sizeof(hash));
}

static Err *check_key(Arena *arena, const char *key)
{
    size_t length = strlen(key);
    if (length > 0 && length <= IDEMPOTENCY_KEY_MAX && str_is_clean_utf8(key, length)) {
        return NULL;
    }
    Err *err = NULL;
    err_add_field(arena, &err, "Idempotency-Key", "idempotency_key_malformed", NULL);
    return err;
}

static void repeat_header(HttpResponse *res, const char *name, const char *value)
{
    if (value != NULL) {
        http_set_header(res, name, value);
    }
}

YIELDS static Err *replay(Ctx *ctx, HttpResponse *res, IdempotencyClaim *claim)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_IDEMPOTENCY_FIND,
                    ARGS(sql_int(ctx->caller.account_id.value), sql_text(claim->key)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "request_in_progress",
                   "idempotency key just given back");
    }
    if (!str_equal(row_text(rows, 0, row_column(rows, "request_hash")), claim->request_hash)) {
        return ERR(ctx->arena, ERR_INVALID, "idempotency_key_reused",
                   "idempotency key came with another request");
    }
    int64_t status = row_int(rows, 0, row_column(rows, "status"));
    const char *body = row_text(rows, 0, row_column(rows, "body"));
    if (status == 0) {
        return ERR(ctx->arena, ERR_CONFLICT, "request_in_progress", "the first call has not ended");
    }
    claim->replayed = true;
    http_set_header(res, "Idempotency-Replayed", "true");
    repeat_header(res, "ETag", row_text(rows, 0, row_column(rows, "etag")));
    repeat_header(res, "Location", row_text(rows, 0, row_column(rows, "location")));
    if (status == HTTP_NO_CONTENT) {
        return http_reply_empty(res);
    }
    if (body == NULL) {
        return ERR(ctx->arena, ERR_CONFLICT, "already_carried_out",
                   "the first call was carried out; its answer is not kept");
    }
    return http_reply_json(res, (int)status, body);
}

YIELDS Err *idempotency_claim(Ctx *ctx, const HttpRequest *req, HttpResponse *res,
                              IdempotencyClaim *ret_claim)
{
    const char *key = http_header(req, "Idempotency-Key");
    *ret_claim = (IdempotencyClaim){};
    /* Without a login nobody owns the key. */
    if (key == NULL || req->method == HTTP_GET || ctx->caller.account_id.value == 0) {
        return NULL;
    }
    TRY(check_key(ctx->arena, key));
    *ret_claim = (IdempotencyClaim){.key = key, .request_hash = hash_request(req)};
    int64_t inserted = 0;
    TRY(store_exec(ctx->db, &SQL_IDEMPOTENCY_CLAIM,
                   ARGS(sql_int(ctx->caller.account_id.value), sql_text(key),
                        sql_text(ret_claim->request_hash), sql_time(ctx->now)),
                   &inserted));
    return inserted == 1 ? NULL : replay(ctx, res, ret_claim);
}

YIELDS Err *idempotency_keep(Ctx *ctx, const IdempotencyClaim *claim, const HttpRequest *req,
                             const HttpResponse *res)
{
    if (claim->key == NULL || claim->replayed) {
        return NULL;
    }
    Slice body = http_response_body(res);
    const char *text = req->route->secret_answer || body.length == 0
                           ? NULL
                           : arena_strndup(ctx->arena, body.data, body.length);
    return store_exec(ctx->db, &SQL_IDEMPOTENCY_KEEP,
                      ARGS(sql_int(ctx->caller.account_id.value), sql_text(claim->key),
                           sql_int(http_response_status(res)), sql_text(text),
                           sql_text(http_response_header(res, "ETag")),
                           sql_text(http_response_header(res, "Location"))),
                      NULL);
}

YIELDS Err *idempotency_release(Ctx *ctx, const IdempotencyClaim *claim)
{
    if (claim->key == NULL || claim->replayed) {
        return NULL;
    }
    return store_exec(ctx->db, &SQL_IDEMPOTENCY_RELEASE,
                      ARGS(sql_int(ctx->caller.account_id.value), sql_text(claim->key)), NULL);
}

YIELDS Err *idempotency_clean_up(Ctx *ctx)
{
    int64_t deleted = 0;
    do {
        TRY(store_exec(ctx->db, &SQL_IDEMPOTENCY_CLEAN_UP,
                       ARGS(sql_time(ctx->now - IDEMPOTENCY_KEPT_MS)), &deleted));
    } while (deleted > 0);
    return NULL;
}
