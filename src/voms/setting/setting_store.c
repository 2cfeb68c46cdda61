#include <stdatomic.h>
#include <string.h>

#include "app/services.h"
#include "voms/common/zone.h"
#include "voms/setting/setting.sql.h"
#include "voms/setting/setting_shape.h"

/* The document that is stored: without version and time, which are columns. */
static const char *encode_document(Arena *arena, const Settings *settings)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    for (const Field *field = setting_shape.fields; field->name != NULL; field++) {
        if ((field->flags & FIELD_READ_ONLY) == 0) {
            json_write_key(&writer, field->name);
            shape_encode_field(arena, &writer, field, settings, NULL);
        }
    }
    json_write_end_object(&writer);
    return str_text(&text);
}

YIELDS static Err *insert_defaults(Ctx *ctx)
{
    return store_exec(
        ctx->db, &SQL_SETTING_INSERT,
        ARGS(sql_text(encode_document(ctx->arena, &setting_defaults)), sql_time(ctx->now)), NULL);
}

YIELDS static Err *find_document(Ctx *ctx, StoreRows **ret_rows)
{
    TRY(store_query(ctx->db, &SQL_SETTING_FIND, NO_ARGS, ret_rows));
    if ((*ret_rows)->count == 1) {
        return NULL;
    }
    TRY(insert_defaults(ctx));
    TRY(store_query(ctx->db, &SQL_SETTING_FIND, NO_ARGS, ret_rows));
    if ((*ret_rows)->count != 1) {
        return ERR(ctx->arena, ERR_INTERNAL, "internal_error", "the settings' row cannot be made");
    }
    return NULL;
}

static Err *decode(Arena *arena, const StoreRows *rows, Settings *ret_settings)
{
    const char *document = row_text(rows, 0, row_column(rows, "document"));
    json_t *json = NULL;
    TRY(json_parse(arena, document, strlen(document), &json));
    *ret_settings = setting_defaults;
    TRY(shape_decode_patch(arena, json, &setting_shape, ret_settings, NULL));
    ret_settings->version = row_int(rows, 0, row_column(rows, "version"));
    ret_settings->updated_at = row_time(rows, 0, row_column(rows, "updated_at"));
    return NULL;
}

YIELDS Err *setting_load_now(Ctx *ctx, const Settings **ret_settings)
{
    StoreRows *rows = NULL;
    TRY(find_document(ctx, &rows));
    Settings *settings = ARENA_NEW(ctx->arena, Settings);
    TRY(decode(ctx->arena, rows, settings));
    *ret_settings = settings;
    return NULL;
}

/* ---- What a thread keeps of them ---- */

#define AGE_MAX_MS SECOND_MS
#define TOPIC "settings_changed"

/* Parsed once, and alive until the last who got it is done. */
typedef struct Kept {
    Arena *arena;
    Settings settings;
    Store *store;
    uint64_t epoch;
    int64_t loaded_at; /* monotonic */
    int users;         /* the thread itself is one */
} Kept;

/* Moved by changes; other processes tell of theirs, or are noticed by age. */
static _Atomic uint64_t epoch = 1;

static _Thread_local Kept *kept;

static void unref(void *arg)
{
    Kept *old = arg;
    if (--old->users == 0) {
        arena_free(old->arena);
    }
}

static bool is_fresh(const Ctx *ctx)
{
    return kept != NULL && kept->store == ctx->services->store &&
           kept->epoch == atomic_load(&epoch) && time_monotonic() - kept->loaded_at < AGE_MAX_MS;
}

void setting_leave_thread(void)
{
    if (kept != NULL) {
        unref(TAKE(kept));
    }
}

YIELDS static Err *keep(Ctx *ctx)
{
    StoreRows *rows = NULL;
    uint64_t present = atomic_load(&epoch);
    int64_t now = time_monotonic();
    TRY(find_document(ctx, &rows));
    Arena *arena = arena_new();
    Kept *made = ARENA_NEW(arena, Kept);
    *made = (Kept){.arena = arena,
                   .store = ctx->services->store,
                   .epoch = present,
                   .loaded_at = now,
                   .users = 1};
    Err *err = decode(arena, rows, &made->settings);
    if (err != NULL) {
        err = err_copy(ctx->arena, err);
        arena_free(arena);
        return err;
    }
    setting_leave_thread();
    kept = made;
    return NULL;
}

YIELDS Err *setting_load(Ctx *ctx, const Settings **ret_settings)
{
    if (!is_fresh(ctx)) {
        if (ctx->db->transaction != NULL) {
            /* It may see what never gets committed. */
            return setting_load_now(ctx, ret_settings);
        }
        TRY(keep(ctx));
    }
    kept->users++;
    arena_defer(ctx->arena, unref, kept);
    *ret_settings = &kept->settings;
    return NULL;
}

static void move_epoch(void *unused UNUSED, const char *about UNUSED)
{
    atomic_fetch_add(&epoch, 1);
}

static void forget_and_tell(void *arg)
{
    Services *services = arg;
    move_epoch(NULL, NULL);
    cache_tell(services->cache, TOPIC, "all");
}

Err *setting_start(Ctx *ctx)
{
    cache_listen(ctx->services->cache, TOPIC, move_epoch, NULL);
    return NULL;
}

/* ---- Changing them ---- */

YIELDS Err *setting_save(Ctx *ctx, Settings *settings)
{
    int64_t changed = 0;
    TRY(store_exec(ctx->db, &SQL_SETTING_UPDATE,
                   ARGS(sql_text(encode_document(ctx->arena, settings)), sql_time(ctx->now),
                        sql_int(settings->version)),
                   &changed));
    if (changed != 1) {
        return ERR(ctx->arena, ERR_STALE, "version_conflict", "settings changed meanwhile");
    }
    /* Once for what this transaction reads itself, once for all when it has committed. */
    move_epoch(NULL, NULL);
    db_after_commit(ctx->db, forget_and_tell, ctx->services);
    settings->version++;
    settings->updated_at = ctx->now;
    return NULL;
}

/* ---- Dates and times ---- */

static LocalMinutes local_minutes(const Settings *settings, TimeMs time)
{
    return zone_from_utc(settings->time_zone, time);
}

Date setting_date(const Settings *settings, TimeMs time)
{
    return date_of(local_minutes(settings, time) * MINUTE_MS, 0);
}

void setting_day(const Settings *settings, TimeMs time, TimeMs *ret_from, TimeMs *ret_until)
{
    static const LocalMinutes DAY = 24 * 60;
    LocalMinutes midnight = date_to_days(setting_date(settings, time)) * DAY;
    *ret_from = zone_to_utc(settings->time_zone, midnight);
    *ret_until = zone_to_utc(settings->time_zone, midnight + DAY);
}

const char *setting_local_time(Arena *arena, const Settings *settings, TimeMs time)
{
    char text[TIME_TEXT_SIZE];
    time_format_to(text, local_minutes(settings, time) * MINUTE_MS);
    return arena_printf(arena, "%.10s %.5s", text, text + sizeof "2026-11-24T" - 1);
}
