/* /api/v1/admin/statistics: the summary, months, units compared. */
#include <inttypes.h>

#include "base/str.h"
#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/statistics/statistics_internal.h"
#include "voms/unit/unit.h"

#define READ "statistics:read"
#define SUMMARY_MONTHS 13 /* the same month of last year is the first */
#define MONTHS_DEFAULT 12
#define MONTHS_MAX 120

/* ---- Shapes ---- */

#define PERIOD_FIELDS(type)                                                                        \
    FIELD(type, activities, FIELD_INT), FIELD(type, cancelled, FIELD_INT),                         \
        FIELD(type, shifts, FIELD_INT), FIELD(type, places, FIELD_INT),                            \
        FIELD(type, taken, FIELD_INT), FIELD(type, fill_rate, FIELD_JSON),                         \
        FIELD(type, attended, FIELD_INT), FIELD(type, absent, FIELD_INT),                          \
        FIELD(type, no_show_rate, FIELD_JSON), FIELD(type, minutes, FIELD_INT),                    \
        FIELD(type, hours, FIELD_TEXT), FIELD(type, joined, FIELD_INT)

static const Field PEOPLE_FIELDS[] = {
    {.name = "total", .type = FIELD_INT, .offset = offsetof(StatisticsSums, people)},
    FIELD(StatisticsSums, active, FIELD_INT),
    FIELD(StatisticsSums, inactive, FIELD_INT),
    FIELD(StatisticsSums, suspended, FIELD_INT),
    FIELD(StatisticsSums, applicants, FIELD_INT),
    {},
};
static const Shape PEOPLE = {.name = "StatisticsPeople",
                             .size_bytes = sizeof(StatisticsSums),
                             .fields = PEOPLE_FIELDS};

static const Field ACTIVITY_FIELDS[] = {
    FIELD(StatisticsSums, published, FIELD_INT),
    FIELD(StatisticsSums, in_progress, FIELD_INT),
    FIELD(StatisticsSums, ended, FIELD_INT),
    {},
};
static const Shape ACTIVITIES = {.name = "StatisticsActivities",
                                 .size_bytes = sizeof(StatisticsSums),
                                 .fields = ACTIVITY_FIELDS};

static const Field PERIOD_FIELD_TABLE[] = {PERIOD_FIELDS(StatisticsSums), {}};
static const Shape PERIOD = {.name = "StatisticsPeriod",
                             .size_bytes = sizeof(StatisticsSums),
                             .fields = PERIOD_FIELD_TABLE};

static const Field MONTH_FIELDS[] = {
    {.name = "month", .type = FIELD_TEXT, .offset = offsetof(StatisticsSums, month_text)},
    PERIOD_FIELDS(StatisticsSums),
    {},
};
static const Shape MONTH = {.name = "StatisticsMonth",
                            .size_bytes = sizeof(StatisticsSums),
                            .fields = MONTH_FIELDS};

static const Field UNIT_FIELDS[] = {
    FIELD(StatisticsSums, unit_id, FIELD_ID),
    FIELD(StatisticsSums, name, FIELD_TEXT),
    FIELD(StatisticsSums, has_units, FIELD_BOOL),
    FIELD(StatisticsSums, people, FIELD_INT),
    PERIOD_FIELDS(StatisticsSums),
    {},
};
static const Shape UNIT = {.name = "StatisticsUnit",
                           .size_bytes = sizeof(StatisticsSums),
                           .fields = UNIT_FIELDS};

typedef struct Summary {
    UnitId unit_id;
    const char *unit_name;
    const char *time_zone;
    bool is_rebuilding;
    void *people;
    void *activities;
    void *this_month;
    void *this_year;
    ObjectList months;
} Summary;

static const Field SUMMARY_FIELDS[] = {
    FIELD(Summary, unit_id, FIELD_ID),
    FIELD(Summary, unit_name, FIELD_TEXT),
    FIELD(Summary, time_zone, FIELD_TEXT),
    FIELD(Summary, is_rebuilding, FIELD_BOOL),
    FIELD(Summary, people, FIELD_OBJECT, .shape = &PEOPLE),
    FIELD(Summary, activities, FIELD_OBJECT, .shape = &ACTIVITIES),
    FIELD(Summary, this_month, FIELD_OBJECT, .shape = &PERIOD),
    FIELD(Summary, this_year, FIELD_OBJECT, .shape = &PERIOD),
    FIELD(Summary, months, FIELD_OBJECT_LIST, .shape = &MONTH),
    {},
};
static const Shape SUMMARY = {.name = "StatisticsSummary",
                              .size_bytes = sizeof(Summary),
                              .fields = SUMMARY_FIELDS};

typedef struct MonthList {
    ObjectList items;
} MonthList;

static const Field MONTH_LIST_FIELDS[] = {
    FIELD(MonthList, items, FIELD_OBJECT_LIST, .shape = &MONTH),
    {},
};
static const Shape MONTH_LIST = {.name = "StatisticsMonthList",
                                 .size_bytes = sizeof(MonthList),
                                 .fields = MONTH_LIST_FIELDS};

/* ---- What is asked for ---- */

/* The unit that is named; the root for who may see it; else the topmost units that the caller may.
 */
YIELDS static Err *read_scope(Ctx *ctx, const HttpRequest *req, StatisticsScope *ret_scope)
{
    StatisticsScope scope = {.permission = READ};
    TRY(page_query_id(req, "unit_id", &scope.unit_id.value));
    if (scope.unit_id.value != 0) {
        TRY(access_check_unit(ctx, scope.unit_id, "unit:read", READ));
    } else {
        scope.account = access_confine(ctx, READ).account;
        scope.unit_id = scope.account == 0 ? UNIT_ROOT : scope.unit_id;
    }
    *ret_scope = scope;
    return NULL;
}

static Err *invalid(const HttpRequest *req, const char *name, const char *code, const char *param)
{
    Err *err = NULL;
    err_add_field(req->arena, &err, name, code, param);
    return err;
}

/* An absent month is fallback. */
static Err *read_month(const HttpRequest *req, const char *name, StatisticsMonth fallback,
                       StatisticsMonth *ret_month)
{
    const char *text = http_query(req, name);
    *ret_month = fallback;
    if (text == NULL || statistics_month_parse(text, ret_month)) {
        return NULL;
    }
    return invalid(req, name, "bad_month", NULL);
}

/* The month that it is, where the totals are of. */
YIELDS static Err *find_present(Ctx *ctx, StatisticsMonth *ret_month)
{
    StatisticsState state = {};
    TRY(statistics_find_state(ctx, (UnitId){0}, &state));
    *ret_month = statistics_month_of(state.time_zone, ctx->now);
    return NULL;
}

/* FNV-1a of the body; the ETag of an answer that has no version of its own. */
static Err *set_etag(HttpResponse *res)
{
    Slice body = http_response_body(res);
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < body.length; i++) {
        hash = (hash ^ (unsigned char)body.data[i]) * UINT64_C(1099511628211);
    }
    http_set_version(res, (int64_t)(hash >> 1));
    return NULL;
}

/* ---- Months ---- */

static void add(StatisticsSums *sum, const StatisticsSums *other)
{
    sum->joined += other->joined;
    sum->activities += other->activities;
    sum->cancelled += other->cancelled;
    sum->shifts += other->shifts;
    sum->places += other->places;
    sum->taken += other->taken;
    sum->attended += other->attended;
    sum->absent += other->absent;
    sum->minutes += other->minutes;
}

static const StatisticsSums *find_month(ObjectList sums, StatisticsMonth month)
{
    const StatisticsSums *items = sums.items;
    for (size_t i = 0; i < sums.count; i++) {
        if (items[i].month == month) {
            return &items[i];
        }
    }
    return NULL;
}

/* The sums of one month; zeros where nothing happened. */
static StatisticsSums month_or_zero(Arena *arena, ObjectList sums, StatisticsMonth month)
{
    const StatisticsSums *found = find_month(sums, month);
    if (found != NULL) {
        return *found;
    }
    StatisticsSums zero = {.month = month};
    statistics_derive(arena, &zero);
    return zero;
}

static ObjectList every_month(Arena *arena, ObjectList sums, StatisticsPeriod period)
{
    size_t count = (size_t)statistics_month_between(period.from, period.to) + 1;
    StatisticsSums *months = ARENA_ARRAY(arena, StatisticsSums, count);
    for (size_t i = 0; i < count; i++) {
        StatisticsMonth month = statistics_month_add(period.from, (int64_t)i);
        months[i] = month_or_zero(arena, sums, month);
    }
    return (ObjectList){.items = months, .count = count};
}

static StatisticsSums *sum_of_year(Arena *arena, ObjectList sums, int64_t year)
{
    StatisticsSums *sum = ARENA_NEW(arena, StatisticsSums);
    const StatisticsSums *items = sums.items;
    for (size_t i = 0; i < sums.count; i++) {
        if (items[i].month / 100 == year) {
            add(sum, &items[i]);
        }
    }
    statistics_derive(arena, sum);
    return sum;
}

YIELDS static Err *fill_summary(Ctx *ctx, const StatisticsScope *scope, Summary *summary)
{
    StatisticsState state = {};
    ObjectList sums = {};
    TRY(statistics_find_state(ctx, scope->unit_id, &state));
    StatisticsMonth present = statistics_month_of(state.time_zone, ctx->now);
    StatisticsPeriod shown = {.from = statistics_month_add(present, 1 - SUMMARY_MONTHS),
                              .to = present};
    /* The year has months that are still to come: what is planned counts. */
    StatisticsPeriod read = {.from = shown.from, .to = present / 100 * 100 + 12};
    TRY(statistics_list_months(ctx, scope, read, &sums));
    StatisticsSums *now = ARENA_NEW(ctx->arena, StatisticsSums);
    StatisticsSums *month = ARENA_NEW(ctx->arena, StatisticsSums);
    *now = month_or_zero(ctx->arena, sums, STATISTICS_NOW);
    *month = month_or_zero(ctx->arena, sums, present);
    summary->unit_name = state.unit_name;
    summary->time_zone = state.time_zone;
    summary->is_rebuilding = state.is_rebuilding;
    summary->people = summary->activities = now;
    summary->this_month = month;
    summary->this_year = sum_of_year(ctx->arena, sums, present / 100);
    summary->months = every_month(ctx->arena, sums, shown);
    return NULL;
}

YIELDS static Err *show_summary(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", NULL};
    StatisticsScope scope = {};
    TRY(http_query_only(req, NAMES));
    TRY(read_scope(ctx, req, &scope));
    Summary summary = {.unit_id = scope.unit_id};
    TRY(fill_summary(ctx, &scope, &summary));
    TRY(http_reply(res, HTTP_OK, &SUMMARY, &summary, NULL));
    return set_etag(res);
}

static Err *read_months(const HttpRequest *req, StatisticsMonth present,
                        StatisticsPeriod *ret_period)
{
    StatisticsPeriod period = {};
    TRY(read_month(req, "to", present, &period.to));
    StatisticsMonth earlier = statistics_month_add(period.to, 1 - MONTHS_DEFAULT);
    TRY(read_month(req, "from", MAX(earlier, (StatisticsMonth)STATISTICS_MONTH_FIRST),
                   &period.from));
    int64_t after = statistics_month_between(period.from, period.to);
    if (after < 0 || after >= MONTHS_MAX) {
        return invalid(req, "from", "months_out_of_range", "120");
    }
    *ret_period = period;
    return NULL;
}

YIELDS static Err *list_months(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "from", "to", NULL};
    StatisticsScope scope = {};
    StatisticsMonth present = 0;
    StatisticsPeriod period = {};
    ObjectList sums = {};
    TRY(http_query_only(req, NAMES));
    TRY(read_scope(ctx, req, &scope));
    TRY(find_present(ctx, &present));
    TRY(read_months(req, present, &period));
    TRY(statistics_list_months(ctx, &scope, period, &sums));
    MonthList list = {.items = every_month(ctx->arena, sums, period)};
    TRY(http_reply(res, HTTP_OK, &MONTH_LIST, &list, NULL));
    return set_etag(res);
}

/* ---- Units ---- */

/* A month, a year, or neither: the present year. */
YIELDS static Err *read_period(Ctx *ctx, const HttpRequest *req, StatisticsPeriod *ret_period)
{
    StatisticsMonth present = 0;
    StatisticsMonth month = 0;
    int64_t year = 0;
    TRY(find_present(ctx, &present));
    TRY(read_month(req, "month", 0, &month));
    TRY(http_query_int(req, "year", 0, STATISTICS_MONTH_FIRST / 100, STATISTICS_MONTH_LAST / 100,
                       &year));
    if (month != 0 && year != 0) {
        return invalid(req, "year", "month_or_year", NULL);
    }
    year = year == 0 ? present / 100 : year;
    *ret_period = month != 0 ? (StatisticsPeriod){.from = month, .to = month}
                             : (StatisticsPeriod){.from = year * 100 + 1, .to = year * 100 + 12};
    return NULL;
}

YIELDS static Err *read_unit_query(Ctx *ctx, const HttpRequest *req, StatisticsScope *scope,
                                   StatisticsUnitQuery *query)
{
    PageQuery page = {};
    SqlValue after[] = {{.type = SQL_INT}, {.type = SQL_INT}};
    TRY(read_scope(ctx, req, scope));
    TRY(page_query(req, &page));
    TRY(read_period(ctx, req, &query->period));
    query->scope = scope;
    query->limit = page.limit + 1;
    if (page.cursor != NULL) {
        TRY(page_cursor_decode(req->arena, page.cursor, "statistics/units", after, 2));
        query->goes_on = true;
        query->after_minutes = after[0].integer;
        query->after_id = after[1].integer;
    }
    return NULL;
}

YIELDS static Err *list_units(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    static const char *const NAMES[] = {"unit_id", "month", "year", "limit", "cursor", NULL};
    StatisticsScope scope = {};
    StatisticsUnitQuery query = {};
    HttpList list = {.shape = &UNIT, .total = -1};
    TRY(http_query_only(req, NAMES));
    TRY(read_unit_query(ctx, req, &scope, &query));
    TRY(statistics_list_units(ctx, &query, &list.items));
    if ((int64_t)list.items.count == query.limit) {
        list.items.count--;
        const StatisticsSums *units = list.items.items;
        const StatisticsSums *last = &units[list.items.count - 1];
        SqlValue values[] = {sql_int(last->minutes), sql_int(last->unit_id.value)};
        list.next_cursor = page_cursor_encode(ctx->arena, "statistics/units", values, 2);
    }
    return http_reply_list(res, &list, NULL);
}

/* ---- Tables ---- */

const Route statistics_routes[] = {
    {HTTP_GET, "/api/v1/admin/statistics/summary", show_summary, .needs = READ, .out = &SUMMARY},
    {HTTP_GET, "/api/v1/admin/statistics/months", list_months, .needs = READ, .out = &MONTH_LIST},
    {HTTP_GET, "/api/v1/admin/statistics/units", list_units, .needs = READ, .out = &UNIT},
    {},
};

const Permission statistics_permissions[] = {
    {READ, "查看统计", "See statistics"},
    {},
};

const MessageText statistics_messages[] = {
    {"bad_month", "应为 2026-11 这样的年月", "A month such as 2026-11"},
    {"months_out_of_range", "起始月不能晚于结束月，且最多 {} 个月",
     "From the first month to the last, and at most {} of them"},
    {"month_or_year", "月份与年份只能给一个", "Either a month or a year"},
    {},
};
