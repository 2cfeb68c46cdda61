/* Who is like whom: found, remembered, compared later. */
#include <stdlib.h>
#include <string.h>

#include "base/phone.h"
#include "base/str.h"
#include "base/vec.h"
#include "voms/access/access.h"
#include "voms/duplicate/duplicate.sql.h"
#include "voms/duplicate/duplicate_internal.h"

#define CHUNK 200      /* compared in one transaction */
#define CHUNKS_MAX 500 /* in one run of the schedule */

static const Field BRIEF_FIELDS[] = {
    FIELD(VolunteerBrief, id, FIELD_ID),
    FIELD(VolunteerBrief, number, FIELD_TEXT),
    FIELD(VolunteerBrief, name, FIELD_TEXT),
    FIELD(VolunteerBrief, gender, FIELD_CHOICE, .choices = genders),
    FIELD(VolunteerBrief, birth_date, FIELD_DATE),
    FIELD(VolunteerBrief, phone, FIELD_TEXT, .mask = phone_mask),
    FIELD(VolunteerBrief, unit_id, FIELD_ID),
    FIELD(VolunteerBrief, unit_name, FIELD_TEXT),
    FIELD(VolunteerBrief, state, FIELD_CHOICE, .choices = volunteer_states),
    FIELD(VolunteerBrief, created_at, FIELD_TIME),
    {},
};
const Shape volunteer_brief_shape = SHAPE(VolunteerBrief, BRIEF_FIELDS);

/* ---- Rules ---- */

int64_t duplicate_rules_judge(Arena *arena, const DuplicateLikeness *likeness,
                              TextList *ret_reasons)
{
    const struct {
        bool holds;
        const char *reason;
        int64_t score;
    } rows[] = {
        {likeness->id_number, "id_number", 100},
        {likeness->name && likeness->phone, "name_phone", 90},
        {likeness->name && likeness->birth_date, "name_birth_date", 80},
        {likeness->email, "email", 60},
        {likeness->phone, "phone", 40},
    };
    VEC(const char *) reasons = {};
    int64_t score = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].holds) {
            *vec_push(&reasons, arena) = rows[i].reason;
            score = MAX(score, rows[i].score);
        }
    }
    /* Each further reason makes it likelier; certain is the document alone. */
    if (!likeness->id_number && reasons.count > 1) {
        score = MIN(score + 3 * (int64_t)(reasons.count - 1), 99);
    }
    *ret_reasons = (TextList){.items = reasons.items, .count = reasons.count};
    return score;
}

/* ---- Finding ---- */

YIELDS static Err *find_alike(Ctx *ctx, VolunteerId id, const char *permission,
                              StoreRows **ret_rows)
{
    AccessConfinement confined = {};
    StoreRows *keys = NULL;
    if (permission != NULL) {
        confined = access_confine(ctx, permission);
    }
    *ret_rows = NULL;
    TRY(store_query(ctx->db, &SQL_DUPLICATE_KEYS, ARGS(sql_int(id.value)), &keys));
    if (keys->count == 0) {
        return NULL;
    }
    return store_query(ctx->db, &SQL_DUPLICATE_ALIKE,
                       ARGS(sql_int(id.value), sql_text(row_text(keys, 0, 0)),
                            sql_text(row_text(keys, 0, 1)), sql_text(row_text(keys, 0, 2)),
                            sql_text(row_text(keys, 0, 3)), sql_text(row_text(keys, 0, 4)),
                            sql_int(confined.account), sql_text(permission)),
                       ret_rows);
}

static DuplicateLikeness likeness_of(const StoreRows *rows, size_t row)
{
    return (DuplicateLikeness){
        .id_number = row_bool(rows, row, row_column(rows, "same_id_number")),
        .phone = row_bool(rows, row, row_column(rows, "same_phone")),
        .email = row_bool(rows, row, row_column(rows, "same_email")),
        .name = row_bool(rows, row, row_column(rows, "same_name")),
        .birth_date = row_bool(rows, row, row_column(rows, "same_birth_date")),
    };
}

static int likeliest_first(const void *a, const void *b)
{
    const DuplicateCandidate *left = a;
    const DuplicateCandidate *right = b;
    if (left->score != right->score) {
        return left->score < right->score ? 1 : -1;
    }
    return left->volunteer->id.value < right->volunteer->id.value ? -1 : 1;
}

YIELDS Err *duplicate_find(Ctx *ctx, VolunteerId id, const char *permission,
                           ObjectList *ret_candidates)
{
    VEC(DuplicateCandidate) candidates = {};
    StoreRows *rows = NULL;
    TRY(find_alike(ctx, id, permission, &rows));
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        DuplicateLikeness likeness = likeness_of(rows, i);
        DuplicateCandidate candidate = {};
        candidate.score = duplicate_rules_judge(ctx->arena, &likeness, &candidate.reasons);
        if (candidate.score == 0 || row_bool(rows, i, row_column(rows, "is_dismissed"))) {
            continue;
        }
        candidate.volunteer = ARENA_NEW(ctx->arena, VolunteerBrief);
        shape_from_row(ctx->arena, &volunteer_brief_shape, rows, i, candidate.volunteer);
        *vec_push(&candidates, ctx->arena) = candidate;
    }
    if (candidates.count > 1) {
        qsort(candidates.items, candidates.count, sizeof(candidates.items[0]), likeliest_first);
    }
    *ret_candidates = (ObjectList){.items = candidates.items, .count = candidates.count};
    return NULL;
}

/* ---- Remembering ---- */

static const char *reasons_json(Arena *arena, const TextList *reasons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < reasons->count; i++) {
        json_array_append_new(list, json_string(reasons->items[i]));
    }
    const char *text = json_text(arena, list);
    json_decref(list);
    return text;
}

YIELDS Err *duplicate_refresh(Ctx *ctx, VolunteerId volunteer_id)
{
    ObjectList candidates = {};
    TRY(store_exec(ctx->db, &SQL_DUPLICATE_PAIR_FORGET, ARGS(sql_int(volunteer_id.value)), NULL));
    TRY(duplicate_find(ctx, volunteer_id, NULL, &candidates));
    const DuplicateCandidate *items = candidates.items;
    for (size_t i = 0; i < candidates.count; i++) {
        int64_t other = items[i].volunteer->id.value;
        TRY(store_exec(
            ctx->db, &SQL_DUPLICATE_PAIR_PUT,
            ARGS(sql_int(MIN(volunteer_id.value, other)), sql_int(MAX(volunteer_id.value, other)),
                 sql_text(reasons_json(ctx->arena, &items[i].reasons)), sql_int(items[i].score)),
            NULL));
    }
    return NULL;
}

YIELDS Err *duplicate_forget(Ctx *ctx, VolunteerId volunteer_id)
{
    return store_exec(ctx->db, &SQL_DUPLICATE_PAIR_FORGET_ALL, ARGS(sql_int(volunteer_id.value)),
                      NULL);
}

YIELDS Err *duplicate_enqueue(Ctx *ctx, const VolunteerId *ids, size_t count)
{
    int64_t first = INT64_MAX;
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        first = MIN(first, ids[i].value);
        last = MAX(last, ids[i].value);
    }
    return store_exec(ctx->db, &SQL_DUPLICATE_QUEUE_ADD, ARGS(sql_int(first), sql_int(last)), NULL);
}

typedef struct Chunk {
    Ctx *ctx;
    bool found; /* was anybody left to compare? */
} Chunk;

YIELDS static Err *work_chunk(Db *db, void *arg)
{
    Chunk *chunk = arg;
    Ctx ctx = *chunk->ctx;
    StoreRows *rows = NULL;
    ctx.db = db;
    TRY(store_query(db, &SQL_DUPLICATE_QUEUE_FIRST, NO_ARGS, &rows));
    chunk->found = rows->count > 0;
    if (!chunk->found) {
        return NULL;
    }
    int64_t first = row_int(rows, 0, 0);
    int64_t last = row_int(rows, 0, 1);
    int64_t end = MIN(last, first + CHUNK - 1);
    for (int64_t id = first; id <= end; id++) {
        TRY(duplicate_refresh(&ctx, (VolunteerId){id}));
    }
    TRY(store_exec(db, &SQL_DUPLICATE_QUEUE_REMOVE, ARGS(sql_int(first)), NULL));
    if (end == last) {
        return NULL;
    }
    return store_exec(db, &SQL_DUPLICATE_QUEUE_ADD, ARGS(sql_int(end + 1), sql_int(last)), NULL);
}

YIELDS Err *duplicate_work_off(Ctx *ctx)
{
    /* Each chunk has an arena of its own: many rows may wait. */
    for (int i = 0; i < CHUNKS_MAX; i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        Db db = db_make(ctx->services->store, arena);
        Ctx inner = *ctx;
        inner.arena = arena;
        inner.db = &db;
        Chunk chunk = {.ctx = &inner};
        Err *err = store_transact(&db, work_chunk, &chunk);
        if (err != NULL) {
            return err_copy(ctx->arena, err);
        }
        if (!chunk.found) {
            return NULL;
        }
    }
    return NULL;
}
