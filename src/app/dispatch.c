#include "app/dispatch.h"

#include <inttypes.h>

#include "app/idempotency.h"
#include "base/log.h"
#include "base/str.h"

typedef struct Call {
    Ctx *ctx;
    const HttpRequest *req;
    HttpResponse *res;
} Call;

/* ---- Who asks, and may they ---- */

YIELDS static Err *authenticate(Ctx *ctx, const HttpRequest *req)
{
    if (str_equal(req->route->needs, NEEDS_NOTHING)) {
        return NULL;
    }
    TRY(ctx->services->authenticate(ctx, req));
    if (!req->route->before_password_change && ctx->services->must_change_password(ctx)) {
        return ERR(ctx->arena, ERR_FORBIDDEN, "password_change_required",
                   "account %" PRId64 " must change its password first",
                   ctx->caller.account_id.value);
    }
    return NULL;
}

YIELDS static Err *authorise(Ctx *ctx, const HttpRequest *req)
{
    const char *needs = req->route->needs;
    if (!str_equal(needs, NEEDS_NOTHING) && !str_equal(needs, NEEDS_LOGIN) &&
        !ctx->services->may_anywhere(ctx, needs)) {
        Err *err = ERR(ctx->arena, ERR_FORBIDDEN, "permission_missing",
                       "account %" PRId64 ": reason=permission_missing permission=%s",
                       ctx->caller.account_id.value, needs);
        err->param = needs;
        return err;
    }
    return req->route->guard == NULL ? NULL : req->route->guard(ctx, req);
}

/* ---- The handler ---- */

YIELDS static Err *claim_and_handle(Call *call)
{
    IdempotencyClaim claim = {};
    TRY(idempotency_claim(call->ctx, call->req, call->res, &claim));
    if (claim.replayed) {
        return NULL;
    }
    TRY(call->req->route->handle(call->ctx, call->req, call->res));
    return idempotency_keep(call->ctx, &claim, call->req, call->res);
}

/* StoreWork: may run again, so it forgets what an earlier run answered. */
YIELDS static Err *handle_in_transaction(Db *db UNUSED, void *arg)
{
    Call *call = arg;
    http_response_reset(call->res);
    return claim_and_handle(call);
}

/* The handler has transactions of its own: the claim commits before it, and is given back when it
 * fails. */
YIELDS static Err *handle_outside(Call *call)
{
    IdempotencyClaim claim = {};
    TRY(idempotency_claim(call->ctx, call->req, call->res, &claim));
    if (claim.replayed) {
        return NULL;
    }
    Err *err = call->req->route->handle(call->ctx, call->req, call->res);
    if (err == NULL) {
        return idempotency_keep(call->ctx, &claim, call->req, call->res);
    }
    bool shield = fiber_shield(true);
    Err *release_err = idempotency_release(call->ctx, &claim);
    fiber_shield(shield);
    if (release_err != NULL) {
        log_err("idempotency key not given back", release_err);
    }
    return err;
}

YIELDS static Err *run(Call *call)
{
    TRY(authenticate(call->ctx, call->req));
    TRY(authorise(call->ctx, call->req));
    if (call->req->route->upload) {
        TRY(http_receive_upload(call->req));
    }
    if (call->req->route->in_transaction) {
        return store_transact(call->ctx->db, handle_in_transaction, call);
    }
    return handle_outside(call);
}

/* ---- Ends ---- */

static void log_refusal(const Call *call, const Err *err)
{
    LogLevel level = err_kind_info(err->kind)->log_level;
    if (!log_enabled(level)) {
        return;
    }
    log_event(level, "request failed", LOG_TEXT("route", call->req->route->path),
              LOG_INT("status", err_kind_info(err->kind)->http_status), LOG_TEXT("code", err->code),
              LOG_INT("account", call->ctx->caller.account_id.value),
              LOG_TEXT("address", call->req->client_address),
              LOG_TEXT("error", err_text(call->req->arena, err)));
}

void dispatch_request(void *owner, HttpRequest *req, HttpResponse *res)
{
    Services *services = owner;
    Db db = {.store = services->store, .arena = req->arena};
    Ctx ctx = {.arena = req->arena,
               .db = &db,
               .services = services,
               .language = req->language,
               .now = time_now(),
               .request_id = req->request_id,
               .client_address = req->client_address};
    Call call = {.ctx = &ctx, .req = req, .res = res};
    Err *err = run(&call);
    if (err != NULL) {
        log_refusal(&call, err);
        http_reply_problem(res, req, err);
    }
}

/* ---- Messages ---- */

typedef struct Delivery {
    Ctx *ctx;
    const BusSubscription *subscription;
    const BusMessage *message;
    Err *(*record_handled)(Db *db, void *arg);
    void *record_arg;
} Delivery;

YIELDS static Err *handle_and_record(Db *db, void *arg)
{
    Delivery *delivery = arg;
    TRY(delivery->subscription->handle(delivery->ctx, delivery->message));
    return delivery->record_handled(db, delivery->record_arg);
}

Err *dispatch_message(void *owner, const BusSubscription *subscription, const BusMessage *message,
                      Err *(*record_handled)(Db *db, void *arg), void *record_arg)
{
    Ctx *ctx = ctx_new_system(owner);
    Delivery delivery = {.ctx = ctx,
                         .subscription = subscription,
                         .message = message,
                         .record_handled = record_handled,
                         .record_arg = record_arg};
    if (subscription->own_transactions) {
        return handle_and_record(ctx->db, &delivery);
    }
    return store_transact(ctx->db, handle_and_record, &delivery);
}

Ctx *ctx_new_system(Services *services)
{
    Arena *arena = fiber_arena();
    Db *db = ARENA_NEW(arena, Db);
    *db = (Db){.store = services->store, .arena = arena};
    Ctx *ctx = ARENA_NEW(arena, Ctx);
    *ctx = (Ctx){.arena = arena,
                 .db = db,
                 .services = services,
                 .caller = {.name = "system", .is_system = true},
                 .language = LANGUAGE_ZH,
                 .now = time_now()};
    return ctx;
}
