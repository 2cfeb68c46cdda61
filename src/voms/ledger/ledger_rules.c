#include <inttypes.h>

#include "voms/ledger/ledger.h"

const char *const ledger_grades[] = {"A", "B", "C", "D", NULL};
const char *const claim_states[] = {"granted", "held", "rejected", "voided", NULL};
const char *const claim_reasons[] = {"",           "grade",        "overlap",
                                     "unit_limit", "parent_limit", "review_rejected",
                                     "too_short",  "decided",      NULL};
const char *const claim_levels[] = {"automatic", "unit", "parent", NULL};
const char *const entry_kinds[] = {"grant", "void", "regrant", NULL};
const char *const dispute_states[] = {"open", "accepted", "rejected", "withdrawn", NULL};

const char *ledger_hours(Arena *arena, int64_t minutes)
{
    int64_t size = minutes < 0 ? -minutes : minutes;
    int64_t hundredths = (size * 100 + 30) / 60;
    const char *sign = minutes < 0 && hundredths > 0 ? "-" : "";
    int64_t whole = hundredths / 100;
    int rest = (int)(hundredths % 100);
    if (rest == 0) {
        return arena_printf(arena, "%s%" PRId64, sign, whole);
    }
    if (rest % 10 == 0) {
        return arena_printf(arena, "%s%" PRId64 ".%d", sign, whole, rest / 10);
    }
    return arena_printf(arena, "%s%" PRId64 ".%02d", sign, whole, rest);
}

ServiceSpan ledger_rules_span(ServiceSpan attended, ServiceSpan shift)
{
    ServiceSpan span = {.starts_at = MAX(attended.starts_at, shift.starts_at),
                        .ends_at = MIN(attended.ends_at, shift.ends_at)};
    if (span.ends_at <= span.starts_at) {
        return (ServiceSpan){.starts_at = shift.starts_at, .ends_at = shift.starts_at};
    }
    return span;
}

static int64_t round_to(int64_t minutes, int64_t step, int rounding)
{
    if (step <= 1) {
        return minutes;
    }
    switch (rounding) {
    case ROUNDING_NEAREST:
        return (minutes + step / 2) / step * step;
    case ROUNDING_UP:
        return (minutes + step - 1) / step * step;
    default:
        return minutes / step * step;
    }
}

int64_t ledger_rules_minutes(const LedgerPolicy *policy, ServiceSpan span)
{
    int64_t served = (span.ends_at - span.starts_at) / MINUTE_MS;
    if (served <= 0 || served < policy->minimum) {
        return 0;
    }
    int64_t minutes = round_to(served, policy->rounding_step, policy->rounding);
    return policy->maximum > 0 ? MIN(minutes, policy->maximum) : minutes;
}

bool ledger_rules_overlap(ServiceSpan a, ServiceSpan b)
{
    return a.starts_at < b.ends_at && b.starts_at < a.ends_at;
}

ClaimLevel ledger_rules_level(const LedgerPolicy *policy, int64_t day_minutes)
{
    if (day_minutes > policy->parent_review) {
        return LEVEL_PARENT;
    }
    return day_minutes > policy->unit_review ? LEVEL_UNIT : LEVEL_AUTOMATIC;
}

ServiceSpan ledger_rules_regrant_span(ServiceSpan recorded, ServiceSpan shift, int64_t minutes)
{
    TimeMs length = minutes * MINUTE_MS;
    TimeMs starts_at = MAX(shift.starts_at, MIN(recorded.starts_at, shift.ends_at - length));
    return (ServiceSpan){.starts_at = starts_at, .ends_at = starts_at + length};
}

static LedgerVerdict hold(ClaimReason reason, ClaimLevel level)
{
    return (LedgerVerdict){CLAIM_HELD, reason, MAX(level, LEVEL_UNIT)};
}

LedgerVerdict ledger_rules_decide(const LedgerPolicy *policy, const LedgerCase *facts)
{
    ClaimLevel level = ledger_rules_level(policy, facts->day_minutes + facts->minutes);
    bool weak = facts->grade >= GRADE_C && !facts->review_approved;
    if (facts->review_rejected) {
        return (LedgerVerdict){CLAIM_REJECTED, CLAIM_REASON_REVIEW_REJECTED, LEVEL_AUTOMATIC};
    }
    if (facts->minutes == 0) {
        return (LedgerVerdict){CLAIM_REJECTED, CLAIM_REASON_TOO_SHORT, LEVEL_AUTOMATIC};
    }
    if (facts->overlaps) {
        return hold(CLAIM_REASON_OVERLAP, level);
    }
    if (weak || facts->review_needed) {
        return hold(CLAIM_REASON_GRADE, level);
    }
    if (level == LEVEL_AUTOMATIC) {
        return (LedgerVerdict){CLAIM_GRANTED, CLAIM_REASON_NONE, LEVEL_AUTOMATIC};
    }
    return hold(level == LEVEL_PARENT ? CLAIM_REASON_PARENT_LIMIT : CLAIM_REASON_UNIT_LIMIT, level);
}

TextList ledger_rules_problems(Arena *arena, const RecordFacts *facts)
{
    const struct {
        bool stands;
        const char *code;
    } CHECKS[] = {
        {!facts->is_volunteer_service, "declaration_missing"},
        {!facts->has_name, "activity_name_missing"},
        {!facts->has_date, "date_missing"},
        {!facts->has_place, "place_missing"},
        {!facts->has_content, "content_missing"},
        {!facts->has_unit, "unit_missing"},
        {!facts->has_person_in_charge, "person_in_charge_missing"},
        {facts->has_open_attendance, "attendance_open"},
    };
    TextList problems = {.items = ARENA_ARRAY(arena, const char *, COUNT_OF(CHECKS))};
    for (size_t i = 0; i < COUNT_OF(CHECKS); i++) {
        if (CHECKS[i].stands) {
            problems.items[problems.count++] = CHECKS[i].code;
        }
    }
    return problems;
}

LedgerPolicy ledger_policy(const Settings *settings)
{
    return (LedgerPolicy){.rounding_step = settings->ledger_rounding_minutes,
                          .rounding = settings->ledger_rounding,
                          .minimum = settings->ledger_minimum_minutes,
                          .maximum = settings->ledger_maximum_minutes,
                          .unit_review = settings->ledger_unit_review_minutes,
                          .parent_review = settings->ledger_parent_review_minutes};
}
