/* /api/v1/admin/working-calendar: the days that are not what their weekday says. */
#include "voms/access/access.h"
#include "voms/audit/audit.h"
#include "voms/calendar/calendar.h"
#include "voms/calendar/calendar.sql.h"
#include "voms/setting/setting.h"

#define YEAR_MIN 2000
#define YEAR_MAX 2200

static const Field DAY_FIELDS[] = {
    FIELD(CalendarDay, day, FIELD_DATE, .zh = "日期", .en = "Date"),
    FIELD(CalendarDay, is_working, FIELD_BOOL, .zh = "上班", .en = "Worked"),
    FIELD(CalendarDay, name, FIELD_TEXT, .zh = "名称", .en = "Name"),
    FIELD(CalendarDay, updated_at, FIELD_TIME),
    {},
};
static const Shape DAY = {.name = "WorkingDayException",
                          .size_bytes = sizeof(CalendarDay),
                          .fields = DAY_FIELDS};

static const Field PUT_FIELDS[] = {
    FIELD(CalendarDay, is_working, FIELD_BOOL, .flags = FIELD_REQUIRED),
    FIELD(CalendarDay, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    {},
};
static const Shape PUT = {.name = "WorkingDayExceptionPut",
                          .size_bytes = sizeof(CalendarDay),
                          .fields = PUT_FIELDS};

/* ---- For others ---- */

YIELDS Err *calendar_load(Ctx *ctx, Date from, ObjectList *ret_days)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CALENDAR_FROM, ARGS(sql_text(date_format(ctx->arena, from))),
                    &rows));
    *ret_days = shape_from_rows(ctx->arena, &DAY, rows);
    return NULL;
}

YIELDS Err *calendar_add_working_days(Ctx *ctx, Date date, int64_t working_days, Date *ret_date)
{
    ObjectList days = {};
    TRY(calendar_load(ctx, date, &days));
    *ret_date = calendar_rules_add(days.items, days.count, date, working_days);
    return NULL;
}

/* ---- The API ---- */

YIELDS static Err *list(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"year", NULL};
    const Settings *settings = NULL;
    StoreRows *rows = NULL;
    int64_t year = 0;
    TRY(http_query_only(req, NAMES));
    TRY(setting_load(ctx, &settings));
    TRY(http_query_int(req, "year", setting_date(settings, ctx->now).year, YEAR_MIN, YEAR_MAX,
                       &year));
    TRY(store_query(ctx->db, &SQL_CALENDAR_BETWEEN,
                    ARGS(sql_text(arena_printf(ctx->arena, "%04d-01-01", (int)year)),
                         sql_text(arena_printf(ctx->arena, "%04d-12-31", (int)year))),
                    &rows));
    HttpList answer = {.shape = &DAY,
                       .items = shape_from_rows(ctx->arena, &DAY, rows),
                       .total = -1};
    return http_reply_list(res, &answer, NULL);
}

static Err *read_day(const HttpRequest *req, const char **ret_day)
{
    Date date = {};
    const char *day = http_path(req, "day");
    if (!date_parse(day, &date) || date.year < YEAR_MIN || date.year > YEAR_MAX) {
        return ERR(req->arena, ERR_NOT_FOUND, "working_day_not_found", "no such day");
    }
    *ret_day = day;
    return NULL;
}

/* NULL if the day is what its weekday says. */
YIELDS static Err *find(Ctx *ctx, const char *day, CalendarDay **ret_day)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_CALENDAR_FIND, ARGS(sql_text(day)), &rows));
    ObjectList found = shape_from_rows(ctx->arena, &DAY, rows);
    *ret_day = found.count == 0 ? NULL : found.items;
    return NULL;
}

YIELDS static Err *tell(Ctx *ctx, const char *action, const CalendarDay *before,
                        const CalendarDay *after)
{
    const CalendarDay *days[] = {before, after};
    CalendarDay told[2] = {};
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        if (days[i] != NULL) {
            told[i] = *days[i];
            told[i].updated_at = 0; /* the entry has its own time */
        }
    }
    const char *changes = shape_diff(ctx->arena, &DAY, before == NULL ? NULL : &told[0],
                                     after == NULL ? NULL : &told[1], NULL);
    return audit_record(
        ctx, &(AuditEntry){.action = action, .object_type = "working_day", .changes = changes});
}

YIELDS static Err *put(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    CalendarDay after = {};
    CalendarDay *before = NULL;
    TRY(http_decode(req, &after));
    TRY(read_day(req, &after.day));
    after.updated_at = ctx->now;
    TRY(find(ctx, after.day, &before));
    TRY(store_exec(ctx->db, &SQL_CALENDAR_PUT,
                   ARGS(sql_text(after.day), sql_bool(after.is_working), sql_text(after.name),
                        sql_id(ctx->caller.account_id.value), sql_time(ctx->now)),
                   NULL));
    TRY(tell(ctx, "working_day.put", before, &after));
    return http_reply(res, HTTP_OK, &DAY, &after, NULL);
}

YIELDS static Err *delete_day(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    const char *day = NULL;
    CalendarDay *before = NULL;
    TRY(read_day(req, &day));
    TRY(find(ctx, day, &before));
    if (before == NULL) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "working_day_not_found", "nothing is kept of %s",
                   day);
    }
    TRY(store_exec(ctx->db, &SQL_CALENDAR_DELETE, ARGS(sql_text(day)), NULL));
    TRY(tell(ctx, "working_day.delete", before, NULL));
    return http_reply_empty(res);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/api/v1/admin/working-calendar", list, .needs = "ledger:read", .out = &DAY},
    {HTTP_PUT, "/api/v1/admin/working-calendar/{day}", put, .needs = "calendar:manage",
     .guard = access_guard_everywhere, .in = &PUT, .out = &DAY, .in_transaction = true},
    {HTTP_DELETE, "/api/v1/admin/working-calendar/{day}", delete_day, .needs = "calendar:manage",
     .guard = access_guard_everywhere, .in_transaction = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"calendar:manage", "维护工作日历", "Edit the working calendar"},
    {},
};

static const MessageText MESSAGES[] = {
    {"working_day_not_found", "日历中没有这一天的特殊安排",
     "The calendar holds nothing special of this day"},
    {},
};

const Concept calendar_concept = {
    .name = "calendar", .routes = ROUTES, .messages = MESSAGES, .permissions = PERMISSIONS};
