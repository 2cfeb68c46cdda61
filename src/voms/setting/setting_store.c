#include <string.h>

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

YIELDS Err *setting_load(Ctx *ctx, const Settings **ret_settings)
{
    StoreRows *rows = NULL;
    TRY(find_document(ctx, &rows));
    const char *document = row_text(rows, 0, row_column(rows, "document"));
    json_t *json = NULL;
    TRY(json_parse(ctx->arena, document, strlen(document), &json));
    Settings *settings = ARENA_NEW(ctx->arena, Settings);
    *settings = setting_defaults;
    TRY(shape_decode_patch(ctx->arena, json, &setting_shape, settings, NULL));
    settings->version = row_int(rows, 0, row_column(rows, "version"));
    settings->updated_at = row_time(rows, 0, row_column(rows, "updated_at"));
    *ret_settings = settings;
    return NULL;
}

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
    settings->version++;
    settings->updated_at = ctx->now;
    return NULL;
}

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
