/* The draw: staff draws, anybody may look at it and draw again. */
#include <inttypes.h>

#include "voms/common/id_page.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_api.h"

typedef struct LotteryAnswer {
    int64_t activity_id;
    const char *seed;
    TimeMs drawn_at;
} LotteryAnswer;

static const Field ANSWER_FIELDS[] = {
    FIELD(LotteryAnswer, activity_id, FIELD_ID),
    FIELD(LotteryAnswer, seed, FIELD_TEXT),
    FIELD(LotteryAnswer, drawn_at, FIELD_TIME),
    {},
};
static const Shape ANSWER = {.name = "SignupLottery",
                             .size_bytes = sizeof(LotteryAnswer),
                             .fields = ANSWER_FIELDS};

YIELDS static Err *find(Ctx *ctx, int64_t activity_id, StoreRows **ret_rows)
{
    TRY(store_query(ctx->db, &SQL_SIGNUP_LOTTERY_FIND, ARGS(sql_int(activity_id)), ret_rows));
    if ((*ret_rows)->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "no activity %" PRId64,
                   activity_id);
    }
    return NULL;
}

YIELDS Err *signup_staff_draw(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    LotteryAnswer answer = {};
    StoreRows *rows = NULL;
    TRY(http_path_id(req, "activity_id", &answer.activity_id));
    TRY(signup_lottery_draw(ctx, answer.activity_id));
    TRY(find(ctx, answer.activity_id, &rows));
    answer.seed = row_text(rows, 0, row_column(rows, "lottery_seed"));
    answer.drawn_at = row_time(rows, 0, row_column(rows, "lottery_drawn_at"));
    return http_reply(res, HTTP_OK, &ANSWER, &answer, NULL);
}

/* ---- For anybody ---- */

typedef struct LotteryEntry {
    int64_t id;
    int64_t shift_id;
    int64_t position_id;
    const char *key;
    bool won;
    const char *seed;
} LotteryEntry;

static const Field ENTRY_FIELDS[] = {
    FIELD(LotteryEntry, id, FIELD_ID),
    FIELD(LotteryEntry, shift_id, FIELD_ID),
    FIELD(LotteryEntry, position_id, FIELD_ID),
    FIELD(LotteryEntry, key, FIELD_TEXT),
    FIELD(LotteryEntry, won, FIELD_BOOL),
    FIELD(LotteryEntry, seed, FIELD_TEXT, .flags = FIELD_NO_COLUMN),
    {},
};
static const Shape ENTRY = SHAPE(LotteryEntry, ENTRY_FIELDS);

/* Ids and keys name nobody. Before the draw is done there is nothing to see. */
YIELDS Err *signup_public_lottery(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t activity_id = 0;
    IdPage page = {};
    StoreRows *rows = NULL;
    TRY(http_path_id(req, "activity_id", &activity_id));
    TRY(id_page_read(req, "lottery", NULL, &page));
    TRY(find(ctx, activity_id, &rows));
    if (row_time(rows, 0, row_column(rows, "lottery_drawn_at")) == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "activity_not_found", "nothing is drawn");
    }
    const char *seed = row_text(rows, 0, row_column(rows, "lottery_seed"));
    TRY(store_query(ctx->db, &SQL_SIGNUP_LOTTERY_ENTRIES,
                    ARGS(sql_int(activity_id), sql_int(page.before_id), sql_int(page.limit + 1)),
                    &rows));
    ObjectList items = shape_from_rows(ctx->arena, &ENTRY, rows);
    for (size_t i = 0; i < items.count; i++) {
        ((LotteryEntry *)items.items)[i].seed = seed;
    }
    return id_page_reply(res, req, &page, &ENTRY, items, -1, NULL);
}
