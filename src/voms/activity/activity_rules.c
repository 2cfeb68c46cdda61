/* What may follow on what, and what an activity needs. */
#include "voms/activity/activity_internal.h"
#include "voms/common/zone.h"

static const struct {
    ActivityState from;
    ActivityState to;
} TRANSITIONS[] = {
    {ACTIVITY_DRAFT, ACTIVITY_SUBMITTED},       {ACTIVITY_DRAFT, ACTIVITY_PUBLISHED},
    {ACTIVITY_DRAFT, ACTIVITY_CANCELLED},       {ACTIVITY_SUBMITTED, ACTIVITY_DRAFT},
    {ACTIVITY_SUBMITTED, ACTIVITY_PUBLISHED},   {ACTIVITY_SUBMITTED, ACTIVITY_CANCELLED},
    {ACTIVITY_PUBLISHED, ACTIVITY_IN_PROGRESS}, {ACTIVITY_PUBLISHED, ACTIVITY_CANCELLED},
    {ACTIVITY_IN_PROGRESS, ACTIVITY_ENDED},     {ACTIVITY_IN_PROGRESS, ACTIVITY_CANCELLED},
    {ACTIVITY_ENDED, ACTIVITY_SETTLED},         {ACTIVITY_ENDED, ACTIVITY_CANCELLED},
};

bool activity_rules_may_become(ActivityState from, ActivityState to)
{
    for (size_t i = 0; i < COUNT_OF(TRANSITIONS); i++) {
        if (TRANSITIONS[i].from == from && TRANSITIONS[i].to == to) {
            return true;
        }
    }
    return false;
}

/* What is being decided on stays as it is; until it is settled the rest may be corrected. */
bool activity_rules_may_edit(ActivityState state)
{
    return state != ACTIVITY_SUBMITTED && state != ACTIVITY_SETTLED && state != ACTIVITY_CANCELLED;
}

bool activity_rules_may_plan(ActivityState state)
{
    return state == ACTIVITY_DRAFT || state == ACTIVITY_PUBLISHED || state == ACTIVITY_IN_PROGRESS;
}

/* ---- What was entered ---- */

static bool ages_disordered(int64_t minimum, int64_t maximum)
{
    return maximum != 0 && minimum > maximum;
}

Err *activity_rules_check(Arena *arena, const Activity *activity)
{
    Err *err = NULL;
    if (ages_disordered(activity->minimum_age, activity->maximum_age)) {
        err_add_field(arena, &err, "maximum_age", "ages_disordered", NULL);
    }
    if (activity->sign_up_opens_at != 0 && activity->sign_up_closes_at != 0 &&
        activity->sign_up_opens_at >= activity->sign_up_closes_at) {
        err_add_field(arena, &err, "sign_up_closes_at", "times_disordered", NULL);
    }
    return err;
}

Err *position_rules_check(Arena *arena, const Position *position)
{
    Err *err = NULL;
    if (ages_disordered(position->minimum_age, position->maximum_age)) {
        err_add_field(arena, &err, "maximum_age", "ages_disordered", NULL);
    }
    return err;
}

Err *shift_rules_check(Arena *arena, const Shift *shift)
{
    Err *err = NULL;
    if (shift->ends_at <= shift->starts_at) {
        err_add_field(arena, &err, "ends_at", "times_disordered", NULL);
    } else if (shift->ends_at - shift->starts_at > SHIFT_LENGTH_MAX_MS) {
        err_add_field(arena, &err, "ends_at", "shift_too_long", NULL);
    }
    if (shift->radius_m != 0 && shift->radius_m < 10) {
        err_add_field(arena, &err, "radius_m", "too_small", "10");
    }
    return err;
}

/* ---- What publishing needs ---- */

static bool has_description(const Activity *activity)
{
    return activity->description != NULL;
}

static bool has_place(const Activity *activity)
{
    return activity->place_name != NULL;
}

static bool has_person_in_charge(const Activity *activity)
{
    return activity->person_in_charge != NULL;
}

static bool has_contact(const Activity *activity)
{
    return activity->contact_name != NULL && activity->contact_phone != NULL;
}

static bool has_declaration(const Activity *activity)
{
    return activity->is_volunteer_service;
}

static bool has_risk_notice(const Activity *activity)
{
    return activity->risk_notice != NULL;
}

static bool has_insurance(const Activity *activity)
{
    return !activity->is_dangerous || activity->insurance_policy != NULL;
}

/* By the days of the place where it happens. */
static bool has_insurance_to_the_end(const Activity *activity)
{
    Date until = {};
    if (!activity->is_dangerous || activity->insurance_until == NULL || activity->ends_at == 0) {
        return true;
    }
    if (!date_parse(activity->insurance_until, &until)) {
        return false;
    }
    LocalMinutes end = zone_from_utc(activity->time_zone, activity->ends_at - 1);
    return end / (24 * 60) <= date_to_days(until);
}

static bool has_shifts(const Activity *activity)
{
    return activity->starts_at != 0;
}

static bool has_places(const Activity *activity)
{
    return activity->places > 0;
}

static bool has_open_window(const Activity *activity)
{
    return activity->sign_up_closes_at == 0 || activity->ends_at == 0 ||
           activity->sign_up_closes_at <= activity->ends_at;
}

static const struct {
    bool (*is_there)(const Activity *activity);
    const char *field;
    const char *code;
} NEEDED[] = {
    {has_description, "description", "activity_needs_description"},
    {has_place, "place_name", "activity_needs_place"},
    {has_person_in_charge, "person_in_charge", "activity_needs_person_in_charge"}, /* D67 Art. 7 */
    {has_contact, "contact_phone", "activity_needs_contact"},
    {has_declaration, "is_volunteer_service", "activity_needs_declaration"}, /* D67 Art. 19 */
    {has_risk_notice, "risk_notice", "activity_needs_risk_notice"},          /* Reg. Art. 12 */
    {has_insurance, "insurance_policy", "activity_needs_insurance"},         /* Reg. Art. 17 */
    {has_insurance_to_the_end, "insurance_until", "activity_insurance_ends_early"},
    {has_shifts, "shifts", "activity_needs_shifts"},
    {has_places, "positions", "activity_needs_places"},
    {has_open_window, "sign_up_closes_at", "activity_window_after_end"},
};

Err *activity_rules_check_complete(Arena *arena, const Activity *activity)
{
    Err *err = NULL;
    for (size_t i = 0; i < COUNT_OF(NEEDED); i++) {
        if (!NEEDED[i].is_there(activity)) {
            err_add_field(arena, &err, NEEDED[i].field, NEEDED[i].code, NULL);
        }
    }
    return err;
}
