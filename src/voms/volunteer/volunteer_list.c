/* Lists of volunteers: filters, order, pages.
 *
 * With a million people neither of two plans is always good: to find who fits by an index and sort
 * them, or to walk in the order asked for and test each. So a short count decides first: a filter
 * that few fit (FEW_MAX) finds them by its index; when many fit every filter, walking meets twenty
 * soon. Both keep their cost whatever the number of people, and neither is left to the planners,
 * which know nothing of the parameters of a prepared statement. */
#include <string.h>

#include "base/phone.h"
#include "base/str.h"
#include "base/vec.h"
#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/volunteer/contact.h"
#include "voms/volunteer/name.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define FEW_MAX 1000
#define PHONE_DIGITS_MIN 4
#define FILTERS_MAX 8

/* ---- Filters ---- */

typedef struct Filter {
    const SqlStatement *ids;  /* finds who fits; NULL: only to be tested */
    const SqlStatement *test; /* looks at one */
    SqlValue ids_values[2];
    SqlValue test_values[2];
    size_t ids_count;
    size_t test_count;
    int64_t found; /* by the short count: FEW_MAX + 1 means many */
} Filter;

typedef struct Filters {
    Filter items[FILTERS_MAX];
    size_t count;
    const Filter *few; /* the one that fewest fit, if they are few */
} Filters;

static Filter *add(Filters *filters, const SqlStatement *ids, const SqlStatement *test)
{
    BUG_ON(filters->count == FILTERS_MAX);
    Filter *filter = &filters->items[filters->count++];
    *filter = (Filter){.ids = ids, .test = test, .found = FEW_MAX + 1};
    return filter;
}

static void set_values(Filter *filter, SqlValue first, SqlValue second, size_t count)
{
    filter->ids_values[0] = filter->test_values[0] = first;
    filter->ids_values[1] = filter->test_values[1] = second;
    filter->ids_count = filter->test_count = count;
}

/* The least text above all that begin with text. */
static const char *after_prefix(Arena *arena, const char *text)
{
    return arena_printf(arena, "%s\xF4\x8F\xBF\xBF", text);
}

static void add_nobody(Filters *filters)
{
    add(filters, &SQL_VOLUNTEER_NOBODY_IDS, &SQL_VOLUNTEER_NOBODY_TEST);
}

/* "V0000000123", or its beginning. */
static void add_number(Filters *filters, const char *text)
{
    VolunteerId id = {};
    int64_t low = 0;
    int64_t high = 0;
    size_t length = strlen(text);
    if (volunteer_number_parse(text, &id)) {
        low = high = id.value;
    } else if (length < 2 || length > 10 || !str_parse_int64(text + 1, &low)) {
        add_nobody(filters);
        return;
    } else {
        int64_t scale = 1;
        for (size_t digits = length - 1; digits < 9; digits++) {
            scale *= 10;
        }
        low *= scale;
        high = low + scale - 1;
    }
    Filter *filter = add(filters, &SQL_VOLUNTEER_NUMBER_IDS, &SQL_VOLUNTEER_NUMBER_TEST);
    set_values(filter, sql_int(low), sql_int(high), 2);
}

/* A whole number, however it is written, or its last digits. */
static void add_phone(Arena *arena, Filters *filters, const char *digits)
{
    const char *phone = phone_normalize(arena, digits);
    if (phone == NULL) {
        phone = digits[0] == '+' ? digits + 1 : digits;
    }
    if (strlen(phone) < PHONE_DIGITS_MIN) {
        add_nobody(filters);
        return;
    }
    const char *reversed = text_reversed(arena, phone);
    Filter *filter = add(filters, &SQL_VOLUNTEER_PHONE_IDS, &SQL_VOLUNTEER_PHONE_TEST);
    set_values(filter, sql_text(reversed), sql_text(after_prefix(arena, reversed)), 2);
}

static const char *contains_pattern(Arena *arena, const char *term)
{
    Str pattern;
    str_init(&pattern, arena);
    str_append(&pattern, "% ");
    for (; *term != '\0'; term++) {
        if (strchr("%_\\", *term) != NULL) {
            str_append_char(&pattern, '\\');
        }
        str_append_char(&pattern, *term);
    }
    str_append_char(&pattern, '%');
    return str_text(&pattern);
}

static void add_name(Arena *arena, Filters *filters, const char *text)
{
    Filter *filter = add(filters, &SQL_VOLUNTEER_NAME_IDS, &SQL_VOLUNTEER_NAME_TEST);
    const char *term = arena_printf(arena, "n:%s", text);
    filter->ids_values[0] = sql_text(term);
    filter->ids_values[1] = sql_text(after_prefix(arena, term));
    filter->ids_count = 2;
    filter->test_values[0] = sql_text(contains_pattern(arena, text));
    filter->test_count = 1;
}

const char *volunteer_name_pattern(Arena *arena, const char *q)
{
    return contains_pattern(arena, name_search_text(arena, q));
}

static bool looks_like_number(const char *text)
{
    return (text[0] == 'v' || text[0] == 'V') && text[1] != '\0' &&
           strspn(text + 1, "0123456789") == strlen(text + 1);
}

static void add_search(Arena *arena, Filters *filters, const char *q)
{
    const char *text = name_search_text(arena, q);
    if (looks_like_number(text)) {
        add_number(filters, text);
    } else if (text[0] != '\0' && strspn(text, "+0123456789()/") == strlen(text)) {
        add_phone(arena, filters, text);
    } else if (text[0] == '\0') {
        add_nobody(filters);
    } else {
        add_name(arena, filters, text);
    }
}

static void add_term(Arena *arena, Filters *filters, const char *kind, const char *text)
{
    if (text != NULL) {
        Filter *filter = add(filters, &SQL_VOLUNTEER_TERM_IDS, &SQL_VOLUNTEER_TERM_TEST);
        SqlValue term = sql_text(arena_printf(arena, "%s%s", kind, text));
        set_values(filter, term, sql_null(), 1);
    }
}

static void add_state(Filters *filters, int state)
{
    static const struct {
        const SqlStatement *ids;
        const SqlStatement *test;
    } STATES[] = {
        {&SQL_VOLUNTEER_STATE_APPLICANT_IDS, &SQL_VOLUNTEER_STATE_APPLICANT_TEST},
        {NULL, &SQL_VOLUNTEER_STATE_ACTIVE_TEST}, /* most are */
        {&SQL_VOLUNTEER_STATE_INACTIVE_IDS, &SQL_VOLUNTEER_STATE_INACTIVE_TEST},
        {&SQL_VOLUNTEER_STATE_SUSPENDED_IDS, &SQL_VOLUNTEER_STATE_SUSPENDED_TEST},
        {&SQL_VOLUNTEER_STATE_ARCHIVED_IDS, &SQL_VOLUNTEER_STATE_ARCHIVED_TEST},
    };
    if (state >= 0) {
        add(filters, STATES[state].ids, STATES[state].test);
    }
}

static void add_ranges(Filters *filters, const VolunteerQuery *query)
{
    static const TimeMs FAR_FUTURE = INT64_C(253370764800000); /* 9999-01-01 */
    if (query->created_from != 0 || query->created_before != 0) {
        Filter *filter = add(filters, &SQL_VOLUNTEER_CREATED_IDS, &SQL_VOLUNTEER_CREATED_TEST);
        TimeMs from = query->created_from == 0 ? 1 : query->created_from;
        TimeMs before = query->created_before == 0 ? FAR_FUTURE : query->created_before;
        set_values(filter, sql_time(from), sql_time(before), 2);
    }
    if (query->birth_from != NULL || query->birth_to != NULL) {
        Filter *filter = add(filters, &SQL_VOLUNTEER_BIRTH_IDS, &SQL_VOLUNTEER_BIRTH_TEST);
        set_values(filter, sql_text(query->birth_from == NULL ? "0001-01-01" : query->birth_from),
                   sql_text(query->birth_to == NULL ? "9999-12-31" : query->birth_to), 2);
    }
}

static void collect(Ctx *ctx, const VolunteerQuery *query, Filters *filters)
{
    AccessConfinement confined = access_confine(ctx, query->permission);
    if (confined.account != 0) {
        Filter *filter = add(filters, &SQL_VOLUNTEER_CONFINED_IDS, &SQL_VOLUNTEER_CONFINED_TEST);
        set_values(filter, sql_int(confined.account), sql_text(confined.permission), 2);
    }
    /* Everybody is below the root. */
    if (query->unit_id.value > 1) {
        Filter *filter = add(filters, &SQL_VOLUNTEER_UNIT_IDS, &SQL_VOLUNTEER_UNIT_TEST);
        set_values(filter, sql_int(query->unit_id.value), sql_null(), 1);
    }
    if (query->q != NULL) {
        add_search(ctx->arena, filters, query->q);
    }
    add_term(ctx->arena, filters, "s:", query->skill);
    add_term(ctx->arena, filters, "c:", query->category);
    add_state(filters, query->state);
    add_ranges(filters, query);
    if (query->gender >= 0) {
        Filter *filter = add(filters, NULL, &SQL_VOLUNTEER_GENDER_TEST);
        set_values(filter, sql_text(genders[query->gender]), sql_null(), 1);
    }
}

/* ---- Statements ---- */

static SqlArgs ids_args(const Filter *filter)
{
    return (SqlArgs){.values = filter->ids_values, .count = filter->ids_count};
}

static SqlArgs test_args(const Filter *filter)
{
    return (SqlArgs){.values = filter->test_values, .count = filter->test_count};
}

/* Counts for each filter how many fit, up to FEW_MAX + 1, all in one statement. */
YIELDS static Err *probe(Ctx *ctx, Filters *filters)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_PROBE_BEGIN, NO_ARGS);
    size_t probed = 0;
    for (size_t i = 0; i < filters->count; i++) {
        const Filter *filter = &filters->items[i];
        if (filter->ids != NULL) {
            sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_PROBE_OPEN, NO_ARGS);
            sql_builder_add(&builder, filter->ids, ids_args(filter));
            sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_PROBE_CLOSE, ARGS(sql_int(FEW_MAX + 1)));
            probed++;
        }
    }
    if (probed == 0) {
        return NULL;
    }
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &builder, &rows));
    size_t column = 1;
    for (size_t i = 0; i < filters->count; i++) {
        Filter *filter = &filters->items[i];
        if (filter->ids == NULL) {
            continue;
        }
        filter->found = row_int(rows, 0, column++);
        bool fewer = filters->few == NULL || filter->found < filters->few->found;
        if (filter->found <= FEW_MAX && fewer) {
            filters->few = filter;
        }
    }
    return NULL;
}

static void add_conditions(SqlBuilder *builder, const Filters *filters)
{
    if (filters->few != NULL) {
        sql_builder_add(builder, &SQL_VOLUNTEER_ROWS_IN_OPEN, NO_ARGS);
        sql_builder_add(builder, filters->few->ids, ids_args(filters->few));
        sql_builder_add(builder, &SQL_VOLUNTEER_ROWS_IN_CLOSE, ARGS(sql_int(FEW_MAX + 1)));
    }
    for (size_t i = 0; i < filters->count; i++) {
        if (&filters->items[i] != filters->few) {
            sql_builder_add(builder, filters->items[i].test, test_args(&filters->items[i]));
        }
    }
}

static const struct {
    const SqlStatement *after[2]; /* ascending, descending */
    const SqlStatement *order[2];
    size_t values;
} ORDERS[] = {
    [VOLUNTEER_SORT_NUMBER] = {{&SQL_VOLUNTEER_AFTER_NUMBER_UP, &SQL_VOLUNTEER_AFTER_NUMBER_DOWN},
                               {&SQL_VOLUNTEER_ORDER_NUMBER_UP, &SQL_VOLUNTEER_ORDER_NUMBER_DOWN},
                               1},
    [VOLUNTEER_SORT_NAME] = {{&SQL_VOLUNTEER_AFTER_NAME_UP, &SQL_VOLUNTEER_AFTER_NAME_DOWN},
                             {&SQL_VOLUNTEER_ORDER_NAME_UP, &SQL_VOLUNTEER_ORDER_NAME_DOWN},
                             2},
    [VOLUNTEER_SORT_CREATED_AT] = {{&SQL_VOLUNTEER_AFTER_CREATED_AT_UP,
                                    &SQL_VOLUNTEER_AFTER_CREATED_AT_DOWN},
                                   {&SQL_VOLUNTEER_ORDER_CREATED_AT_UP,
                                    &SQL_VOLUNTEER_ORDER_CREATED_AT_DOWN},
                                   2},
    [VOLUNTEER_SORT_SERVICE_MINUTES] = {{&SQL_VOLUNTEER_AFTER_SERVICE_MINUTES_UP,
                                         &SQL_VOLUNTEER_AFTER_SERVICE_MINUTES_DOWN},
                                        {&SQL_VOLUNTEER_ORDER_SERVICE_MINUTES_UP,
                                         &SQL_VOLUNTEER_ORDER_SERVICE_MINUTES_DOWN},
                                        2},
};

size_t volunteer_sort_values(const VolunteerQuery *query, const Volunteer *volunteer,
                             SqlValue ret_values[2])
{
    switch (query->sort) {
    case VOLUNTEER_SORT_NUMBER:
        ret_values[0] = sql_int(volunteer->id.value);
        return 1;
    case VOLUNTEER_SORT_NAME:
        ret_values[0] = sql_text(volunteer->name_pinyin == NULL ? "" : volunteer->name_pinyin);
        break;
    case VOLUNTEER_SORT_CREATED_AT:
        ret_values[0] = sql_time(volunteer->created_at);
        break;
    case VOLUNTEER_SORT_SERVICE_MINUTES:
        ret_values[0] = sql_int(volunteer->service_minutes);
        break;
    }
    ret_values[1] = sql_int(volunteer->id.value);
    return 2;
}

YIELDS static Err *query_rows(Ctx *ctx, const VolunteerQuery *query, const Filters *filters,
                              StoreRows **ret_rows)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_SELECT, NO_ARGS);
    add_conditions(&builder, filters);
    if (query->after_count > 0) {
        BUG_ON(query->after_count != ORDERS[query->sort].values);
        sql_builder_add(&builder, ORDERS[query->sort].after[query->descending],
                        (SqlArgs){.values = query->after, .count = query->after_count});
    }
    sql_builder_add(&builder, ORDERS[query->sort].order[query->descending], NO_ARGS);
    sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_LIMIT, ARGS(sql_int(query->limit + 1)));
    return store_query_built(ctx->db, &builder, ret_rows);
}

YIELDS static Err *count_all(Ctx *ctx, const Filters *filters, int64_t *ret_total)
{
    SqlBuilder builder;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_COUNT_BEGIN, NO_ARGS);
    add_conditions(&builder, filters);
    sql_builder_add(&builder, &SQL_VOLUNTEER_ROWS_COUNT_END, ARGS(sql_int(VOLUNTEER_TOTAL_MAX)));
    StoreRows *rows = NULL;
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS Err *volunteer_list(Ctx *ctx, const VolunteerQuery *query, VolunteerPage *ret_page)
{
    Filters filters = {};
    collect(ctx, query, &filters);
    TRY(probe(ctx, &filters));
    VolunteerPage page = {.total = -1};
    StoreRows *rows = NULL;
    TRY(query_rows(ctx, query, &filters, &rows));
    if (query->want_total) {
        TRY(count_all(ctx, &filters, &page.total));
    }
    page.has_more = rows->count > (size_t)query->limit;
    size_t count = page.has_more ? (size_t)query->limit : rows->count;
    Volunteer *volunteers = ARENA_ARRAY(ctx->arena, Volunteer, count + 1);
    for (size_t i = 0; i < count; i++) {
        volunteer_from_row(ctx->arena, rows, i, &volunteers[i]);
    }
    bool sees_sensitive = access_confine(ctx, "volunteer:sensitive").account == 0;
    TRY(volunteer_complete(ctx, volunteers, count, sees_sensitive));
    page.volunteers = (ObjectList){.items = volunteers, .count = count};
    *ret_page = page;
    return NULL;
}

/* ---- The filters of a request ---- */

YIELDS static Err *read_days(Ctx *ctx, const HttpRequest *req, VolunteerQuery *query)
{
    const char *from = http_query(req, "created_from");
    const char *to = http_query(req, "created_to");
    if (from == NULL && to == NULL) {
        return NULL;
    }
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    Date day;
    Err *err = NULL;
    if (from != NULL && !date_parse(from, &day)) {
        err_add_field(ctx->arena, &err, "created_from", "not_a_date", NULL);
    } else if (from != NULL) {
        query->created_from = volunteer_day_begin(settings, day);
    }
    if (to != NULL && !date_parse(to, &day)) {
        err_add_field(ctx->arena, &err, "created_to", "not_a_date", NULL);
    } else if (to != NULL) {
        Date next = date_from_days(date_to_days(day) + 1);
        query->created_before = volunteer_day_begin(settings, next);
    }
    return err;
}

static Err *read_birth(Ctx *ctx, const HttpRequest *req, VolunteerQuery *query)
{
    Date day;
    Err *err = NULL;
    query->birth_from = http_query(req, "birth_from");
    query->birth_to = http_query(req, "birth_to");
    if (query->birth_from != NULL && !date_parse(query->birth_from, &day)) {
        err_add_field(ctx->arena, &err, "birth_from", "not_a_date", NULL);
    }
    if (query->birth_to != NULL && !date_parse(query->birth_to, &day)) {
        err_add_field(ctx->arena, &err, "birth_to", "not_a_date", NULL);
    }
    return err;
}

YIELDS Err *volunteer_query_read(Ctx *ctx, const HttpRequest *req, VolunteerQuery *ret_query)
{
    static const char *const SORTS[] = {"number", "name", "created_at", "service_minutes", NULL};
    VolunteerQuery query = {.permission = req->route->needs, .limit = PAGE_LIMIT_DEFAULT};
    int sort = 0;
    TRY(page_query_text(req, "q", 100, &query.q));
    TRY(page_query_text(req, "skill", 64, &query.skill));
    TRY(page_query_text(req, "category", 64, &query.category));
    TRY(http_query_choice(req, "state", volunteer_states, -1, &query.state));
    TRY(http_query_choice(req, "gender", genders, -1, &query.gender));
    TRY(page_query_id(req, "unit_id", &query.unit_id.value));
    TRY(page_sort(req, SORTS, /* descending_default= */ false, &sort, &query.descending));
    TRY(read_birth(ctx, req, &query));
    TRY(read_days(ctx, req, &query));
    query.sort = (VolunteerSort)sort;
    *ret_query = query;
    return NULL;
}
