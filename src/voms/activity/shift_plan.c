#include "voms/activity/shift_plan.h"

#include <libical/ical.h>
#include <string.h>

#include "base/vec.h"
#include "voms/common/zone.h"

#define DAY_MINUTES ((int64_t)24 * 60)
#define DAYS_MAX 731
#define SPANS_MAX 10

static const Field SPAN_FIELDS[] = {
    FIELD(PlanSpan, starts, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 5, .max = 5),
    FIELD(PlanSpan, ends, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 5, .max = 5),
    {},
};
static const Shape SPAN = {.name = "ShiftSpan",
                           .size_bytes = sizeof(PlanSpan),
                           .fields = SPAN_FIELDS};

static const Field PLAN_FIELDS[] = {
    FIELD(Plan, from, FIELD_DATE, .flags = FIELD_REQUIRED),
    FIELD(Plan, to, FIELD_DATE),
    FIELD(Plan, weekdays, FIELD_TEXT_LIST, .max = 7, .item_max = 2),
    FIELD(Plan, spans, FIELD_OBJECT_LIST, .max = SPANS_MAX, .shape = &SPAN),
    FIELD(Plan, rule, FIELD_TEXT, .min = 1, .max = 500),
    FIELD(Plan, starts, FIELD_TEXT, .min = 5, .max = 5),
    FIELD(Plan, minutes, FIELD_INT, .max = 7 * 24 * 60),
    FIELD(Plan, except, FIELD_TEXT_LIST, .max = 100, .item_max = 10),
    FIELD(Plan, note, FIELD_LONG_TEXT, .min = 1, .max = 1000),
    FIELD(Plan, places, FIELD_OBJECT_LIST, .max = POSITIONS_MAX, .shape = &shift_need_shape),
    {},
};
const Shape shift_plan_shape = {.name = "ShiftPlan",
                                .size_bytes = sizeof(Plan),
                                .fields = PLAN_FIELDS};

typedef VEC(Shift) Shifts;

typedef struct Expansion {
    Arena *arena;
    const char *zone;
    const Plan *plan;
    Shifts found;
} Expansion;

static Err *refuse(Arena *arena, const char *field, const char *code)
{
    Err *err = NULL;
    err_add_field(arena, &err, field, code, NULL);
    return err;
}

/* "09:30" as minutes of the day, -1 if it is none. */
static int64_t clock_minutes(const char *text)
{
    for (int i = 0; i < 5; i++) {
        bool fits = text != NULL && (i == 2 ? text[i] == ':' : text[i] >= '0' && text[i] <= '9');
        if (!fits) {
            return -1;
        }
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static bool lists(const TextList *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_excepted(const Expansion *e, int64_t day)
{
    return lists(&e->plan->except, date_format(e->arena, date_from_days(day)));
}

static Err *add(Expansion *e, TimeMs starts_at, TimeMs ends_at)
{
    if (e->found.count == PLAN_MAX) {
        return refuse(e->arena, "to", "too_many_shifts");
    }
    *vec_push(&e->found, e->arena) = (Shift){.starts_at = starts_at,
                                             .ends_at = ends_at,
                                             .note = e->plan->note,
                                             .places = e->plan->places};
    return NULL;
}

static Err *add_day(Expansion *e, int64_t day)
{
    const PlanSpan *spans = e->plan->spans.items;
    for (size_t i = 0; i < e->plan->spans.count; i++) {
        int64_t starts = clock_minutes(spans[i].starts);
        int64_t ends = clock_minutes(spans[i].ends);
        if (starts < 0 || ends < 0) {
            return refuse(e->arena, "spans", "bad_clock_time");
        }
        ends += ends <= starts ? DAY_MINUTES : 0;
        TimeMs starts_at = zone_to_utc(e->zone, day * DAY_MINUTES + starts);
        TimeMs ends_at = zone_to_utc(e->zone, day * DAY_MINUTES + ends);
        /* A span may vanish where the clocks go forward. */
        if (ends_at > starts_at) {
            TRY(add(e, starts_at, ends_at));
        }
    }
    return NULL;
}

static Err *expand_days(Expansion *e, int64_t from, int64_t to)
{
    static const char *const NAMES[] = {"th", "fr", "sa", "su", "mo", "tu", "we"};
    if (e->plan->spans.count == 0) {
        return refuse(e->arena, "spans", "required");
    }
    if (to < from || to - from > DAYS_MAX) {
        return refuse(e->arena, "to", "times_disordered");
    }
    for (int64_t day = from; day <= to; day++) {
        /* 1970-01-01 was a Thursday. */
        const char *name = NAMES[((day % 7) + 7) % 7];
        bool wanted = e->plan->weekdays.count == 0 || lists(&e->plan->weekdays, name);
        if (wanted && !is_excepted(e, day)) {
            TRY(add_day(e, day));
        }
    }
    return NULL;
}

static LocalMinutes local_of(struct icaltimetype time)
{
    Date date = {.year = time.year, .month = time.month, .day = time.day};
    return date_to_days(date) * DAY_MINUTES + time.hour * 60 + time.minute;
}

/* UNTIL in UTC is a clock's time here, as the beginnings are. */
static void localise_until(const Expansion *e, struct icalrecurrencetype *rule)
{
    if (icaltime_is_null_time(rule->until) || !icaltime_is_utc(rule->until)) {
        return;
    }
    LocalMinutes local = zone_from_utc(e->zone, local_of(rule->until) * MINUTE_MS);
    Date date = date_from_days(local / DAY_MINUTES);
    rule->until = (struct icaltimetype){.year = date.year,
                                        .month = date.month,
                                        .day = date.day,
                                        .hour = (int)(local % DAY_MINUTES / 60),
                                        .minute = (int)(local % 60)};
}

static Err *iterate(Expansion *e, icalrecur_iterator *iterator, int64_t last_day)
{
    for (int i = 0; i < PLAN_MAX * 10; i++) {
        struct icaltimetype next = icalrecur_iterator_next(iterator);
        LocalMinutes local = local_of(next);
        if (icaltime_is_null_time(next) || local / DAY_MINUTES > last_day) {
            return NULL;
        }
        if (is_excepted(e, local / DAY_MINUTES)) {
            continue;
        }
        TimeMs starts_at = zone_to_utc(e->zone, local);
        TRY(add(e, starts_at, starts_at + e->plan->minutes * MINUTE_MS));
    }
    return refuse(e->arena, "rule", "too_many_shifts");
}

/* libical passes rules by value, and each is over 2 KiB: one to a frame. */
__attribute__((noinline)) static void parse_rule(const char *text,
                                                 struct icalrecurrencetype *ret_rule)
{
    *ret_rule = icalrecurrencetype_from_string(text);
}

__attribute__((noinline)) static icalrecur_iterator *begin_rule(
    const struct icalrecurrencetype *rule, struct icaltimetype start)
{
    return icalrecur_iterator_new(*rule, start);
}

static Err *expand_rule(Expansion *e, int64_t from, int64_t to)
{
    int64_t clock = clock_minutes(e->plan->starts);
    if (clock < 0) {
        return refuse(e->arena, "starts", "bad_clock_time");
    }
    if (e->plan->minutes <= 0) {
        return refuse(e->arena, "minutes", "required");
    }
    struct icalrecurrencetype *rule = ARENA_NEW(e->arena, struct icalrecurrencetype);
    parse_rule(e->plan->rule, rule);
    if (rule->freq == ICAL_NO_RECURRENCE || rule->freq < ICAL_DAILY_RECURRENCE) {
        return refuse(e->arena, "rule", "bad_recurrence_rule");
    }
    localise_until(e, rule);
    Date date = date_from_days(from);
    struct icaltimetype start = {.year = date.year,
                                 .month = date.month,
                                 .day = date.day,
                                 .hour = (int)(clock / 60),
                                 .minute = (int)(clock % 60)};
    icalrecur_iterator *iterator = begin_rule(rule, start);
    if (iterator == NULL) {
        return refuse(e->arena, "rule", "bad_recurrence_rule");
    }
    Err *err = iterate(e, iterator, to);
    icalrecur_iterator_free(iterator);
    return err;
}

Err *shift_plan_expand(Arena *arena, const char *zone, const Plan *plan, Shift **ret_shifts,
                       size_t *ret_count)
{
    Expansion e = {.arena = arena, .zone = zone, .plan = plan};
    Date date = {};
    date_parse(plan->from, &date);
    int64_t from = date_to_days(date);
    int64_t to = from + DAYS_MAX;
    if (plan->to != NULL && date_parse(plan->to, &date)) {
        to = date_to_days(date);
    } else if (plan->rule == NULL) {
        return refuse(arena, "to", "required");
    }
    TRY(plan->rule == NULL ? expand_days(&e, from, to) : expand_rule(&e, from, to));
    if (e.found.count == 0) {
        return refuse(arena, plan->rule == NULL ? "weekdays" : "rule", "no_shifts_result");
    }
    *ret_shifts = e.found.items;
    *ret_count = e.found.count;
    return NULL;
}

/* ---- Other days ---- */

int64_t shift_plan_day(const char *zone, TimeMs time)
{
    LocalMinutes local = zone_from_utc(zone, time);
    return local >= 0 ? local / DAY_MINUTES : -((-local + DAY_MINUTES - 1) / DAY_MINUTES);
}

TimeMs shift_plan_move(const char *zone, int64_t days, TimeMs time)
{
    if (time == 0 || days == 0) {
        return time;
    }
    TimeMs seconds = ((time % MINUTE_MS) + MINUTE_MS) % MINUTE_MS;
    return zone_to_utc(zone, zone_from_utc(zone, time) + days * DAY_MINUTES) + seconds;
}

void shift_plan_move_span(const char *zone, int64_t days, Shift *shift)
{
    TimeMs length = shift->ends_at - shift->starts_at;
    shift->starts_at = shift_plan_move(zone, days, shift->starts_at);
    shift->ends_at = shift_plan_move(zone, days, shift->ends_at);
    if (shift->ends_at <= shift->starts_at) {
        shift->ends_at = shift->starts_at + length;
    }
}
