#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

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

static UCalendar *open_calendar(const Settings *settings, TimeMs time)
{
    UChar zone[65];
    UErrorCode status = U_ZERO_ERROR;
    u_strFromUTF8(zone, 64, NULL, settings->time_zone, -1, &status);
    UCalendar *calendar = ucal_open(zone, -1, "en", UCAL_GREGORIAN, &status);
    ucal_setMillis(calendar, (UDate)time, &status);
    BUG_ON(U_FAILURE(status)); /* check_time_zone let it in */
    return calendar;
}

static int64_t local_offset_ms(const Settings *settings, TimeMs time)
{
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = open_calendar(settings, time);
    int64_t offset_ms = (int64_t)ucal_get(calendar, UCAL_ZONE_OFFSET, &status) +
                        ucal_get(calendar, UCAL_DST_OFFSET, &status);
    ucal_close(calendar);
    BUG_ON(U_FAILURE(status));
    return offset_ms;
}

Date setting_date(const Settings *settings, TimeMs time)
{
    return date_of(time, (int)(local_offset_ms(settings, time) / MINUTE_MS));
}

void setting_day(const Settings *settings, TimeMs time, TimeMs *ret_from, TimeMs *ret_until)
{
    static const UCalendarDateFields CLOCK[] = {UCAL_HOUR_OF_DAY, UCAL_MINUTE, UCAL_SECOND,
                                                UCAL_MILLISECOND};
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = open_calendar(settings, time);
    for (size_t i = 0; i < COUNT_OF(CLOCK); i++) {
        ucal_set(calendar, CLOCK[i], 0);
    }
    *ret_from = (TimeMs)ucal_getMillis(calendar, &status);
    ucal_add(calendar, UCAL_DATE, 1, &status);
    *ret_until = (TimeMs)ucal_getMillis(calendar, &status);
    ucal_close(calendar);
    BUG_ON(U_FAILURE(status));
}

const char *setting_local_time(Arena *arena, const Settings *settings, TimeMs time)
{
    const char *text = time_format(arena, time + local_offset_ms(settings, time));
    return arena_printf(arena, "%.10s %.5s", text, text + 11);
}
