#include "voms/common/watch.h"

#include "fiber/fiber.h"

#define STREAM_MAX_MS (10 * MINUTE_MS)

YIELDS static Err *look(Ctx *ctx, HttpResponse *res, const Watch *watch, Arena *arena,
                        bool *ret_over)
{
    Db db = db_make(ctx->db->store, arena);
    Ctx now = *ctx;
    now.arena = arena;
    now.db = &db;
    Err *err = watch->look(&now, res, watch->arg, ret_over);
    return err == NULL ? NULL : err_copy(ctx->arena, err);
}

YIELDS Err *watch_stream(Ctx *ctx, HttpResponse *res, const Watch *watch)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    int64_t end = time_monotonic() + STREAM_MAX_MS;
    bool over = false;
    TRY(http_sse_begin(res));
    for (;;) {
        arena_reset(arena);
        TRY(look(ctx, res, watch, arena, &over));
        if (over || time_monotonic() >= end) {
            return NULL;
        }
        TRY(fiber_sleep(watch->every_ms));
    }
}
