#include <string.h>

#include "tests/unit/test.h"
#include "voms/ledger/ledger.h"

static const LedgerPolicy DEFAULTS = {.rounding_step = 1,
                                      .unit_review = 8 * 60,
                                      .parent_review = 12 * 60};

TEST(ledger, shows_minutes_as_hours_with_at_most_two_decimals)
{
    static const struct {
        int64_t minutes;
        const char *expected;
    } ROWS[] = {{0, "0"},      {1, "0.02"},   {3, "0.05"},     {6, "0.1"},
                {30, "0.5"},   {50, "0.83"},  {59, "0.98"},    {60, "1"},
                {90, "1.5"},   {100, "1.67"}, {600, "10"},     {605, "10.08"},
                {-90, "-1.5"}, {-1, "-0.02"}, {90000, "1500"}, {90001, "1500.02"}};
    Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_STR_EQUAL(ROWS[i].expected, ledger_hours(arena, ROWS[i].minutes));
    }
    arena_free(arena);
}

TEST(ledger, counts_whole_minutes_within_the_shift)
{
    static const struct {
        int64_t in; /* minutes, and seconds after the point */
        int64_t out;
        int64_t expected;
    } ROWS[] = {
        /* the shift is from 60 min to 180 min; times in seconds */
        {50 * 60, 190 * 60, 120},     {60 * 60, 180 * 60, 120}, {61 * 60, 179 * 60, 118},
        {60 * 60 + 30, 120 * 60, 59}, {10 * 60, 50 * 60, 0},    {190 * 60, 200 * 60, 0},
        {100 * 60, 100 * 60 + 59, 0}, {100 * 60, 90 * 60, 0},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ServiceSpan span =
            ledger_rules_span((ServiceSpan){ROWS[i].in * SECOND_MS, ROWS[i].out * SECOND_MS},
                              (ServiceSpan){60 * MINUTE_MS, 180 * MINUTE_MS});
        ASSERT_INT_EQUAL(ROWS[i].expected, ledger_rules_minutes(&DEFAULTS, span));
        ASSERT(span.starts_at >= 60 * MINUTE_MS && span.ends_at <= 180 * MINUTE_MS);
    }
}

TEST(ledger, rounds_and_limits_as_the_settings_say)
{
    static const struct {
        LedgerPolicy policy;
        int64_t served;
        int64_t expected;
    } ROWS[] = {
        {{.rounding_step = 15}, 44, 30},
        {{.rounding_step = 15, .rounding = ROUNDING_NEAREST}, 37, 30},
        {{.rounding_step = 15, .rounding = ROUNDING_NEAREST}, 38, 45},
        {{.rounding_step = 30, .rounding = ROUNDING_UP}, 31, 60},
        {{.rounding_step = 30, .rounding = ROUNDING_UP}, 30, 30},
        {{.rounding_step = 30, .rounding = ROUNDING_UP}, 0, 0},
        {{.rounding_step = 1, .minimum = 30}, 29, 0},
        {{.rounding_step = 1, .minimum = 30}, 30, 30},
        {{.rounding_step = 1, .maximum = 240}, 600, 240},
        {{.rounding_step = 30, .rounding = ROUNDING_UP, .maximum = 240}, 239, 240},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ServiceSpan span = {0, ROWS[i].served * MINUTE_MS};
        ASSERT_INT_EQUAL(ROWS[i].expected, ledger_rules_minutes(&ROWS[i].policy, span));
    }
}

TEST(ledger, one_service_may_begin_as_another_ends)
{
    ServiceSpan first = {100, 200};
    ASSERT(!ledger_rules_overlap(first, (ServiceSpan){200, 300}));
    ASSERT(!ledger_rules_overlap((ServiceSpan){0, 100}, first));
    ASSERT(ledger_rules_overlap(first, (ServiceSpan){199, 300}));
    ASSERT(ledger_rules_overlap(first, (ServiceSpan){0, 300}));
    ASSERT(ledger_rules_overlap(first, (ServiceSpan){120, 130}));
}

TEST(ledger, decides_by_evidence_overlap_and_the_minutes_of_the_day)
{
    static const struct {
        LedgerCase facts;
        LedgerVerdict expected;
    } ROWS[] = {
        {{.minutes = 480, .grade = GRADE_A}, {CLAIM_GRANTED, CLAIM_REASON_NONE, LEVEL_AUTOMATIC}},
        {{.minutes = 480, .grade = GRADE_B}, {CLAIM_GRANTED, CLAIM_REASON_NONE, LEVEL_AUTOMATIC}},
        {{.minutes = 481, .grade = GRADE_A}, {CLAIM_HELD, CLAIM_REASON_UNIT_LIMIT, LEVEL_UNIT}},
        {{.minutes = 1, .grade = GRADE_A, .day_minutes = 480},
         {CLAIM_HELD, CLAIM_REASON_UNIT_LIMIT, LEVEL_UNIT}},
        {{.minutes = 240, .grade = GRADE_B, .day_minutes = 480},
         {CLAIM_HELD, CLAIM_REASON_UNIT_LIMIT, LEVEL_UNIT}},
        {{.minutes = 241, .grade = GRADE_B, .day_minutes = 480},
         {CLAIM_HELD, CLAIM_REASON_PARENT_LIMIT, LEVEL_PARENT}},
        {{.minutes = 60, .grade = GRADE_C}, {CLAIM_HELD, CLAIM_REASON_GRADE, LEVEL_UNIT}},
        {{.minutes = 60, .grade = GRADE_D}, {CLAIM_HELD, CLAIM_REASON_GRADE, LEVEL_UNIT}},
        {{.minutes = 60, .grade = GRADE_D, .review_approved = true},
         {CLAIM_GRANTED, CLAIM_REASON_NONE, LEVEL_AUTOMATIC}},
        {{.minutes = 500, .grade = GRADE_D, .review_approved = true},
         {CLAIM_HELD, CLAIM_REASON_UNIT_LIMIT, LEVEL_UNIT}},
        {{.minutes = 60, .grade = GRADE_A, .review_needed = true},
         {CLAIM_HELD, CLAIM_REASON_GRADE, LEVEL_UNIT}},
        {{.minutes = 60, .grade = GRADE_D, .review_rejected = true},
         {CLAIM_REJECTED, CLAIM_REASON_REVIEW_REJECTED, LEVEL_AUTOMATIC}},
        {{.minutes = 0, .grade = GRADE_A},
         {CLAIM_REJECTED, CLAIM_REASON_TOO_SHORT, LEVEL_AUTOMATIC}},
        {{.minutes = 60, .grade = GRADE_A, .overlaps = true},
         {CLAIM_HELD, CLAIM_REASON_OVERLAP, LEVEL_UNIT}},
        {{.minutes = 60, .grade = GRADE_A, .overlaps = true, .day_minutes = 720},
         {CLAIM_HELD, CLAIM_REASON_OVERLAP, LEVEL_PARENT}},
        {{.minutes = 800, .grade = GRADE_C}, {CLAIM_HELD, CLAIM_REASON_GRADE, LEVEL_PARENT}},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        LedgerVerdict verdict = ledger_rules_decide(&DEFAULTS, &ROWS[i].facts);
        ASSERT_INT_EQUAL(ROWS[i].expected.state, verdict.state);
        ASSERT_INT_EQUAL(ROWS[i].expected.reason, verdict.reason);
        ASSERT_INT_EQUAL(ROWS[i].expected.level, verdict.level);
    }
}

TEST(ledger, a_regrant_stays_within_the_shift)
{
    ServiceSpan shift = {0, 240 * MINUTE_MS};
    static const struct {
        int64_t from;
        int64_t minutes;
        int64_t expected_from;
    } ROWS[] = {{60, 60, 60}, {60, 180, 60}, {60, 181, 59}, {60, 240, 0}, {0, 10, 0}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ServiceSpan recorded = {ROWS[i].from * MINUTE_MS, 120 * MINUTE_MS};
        ServiceSpan span = ledger_rules_regrant_span(recorded, shift, ROWS[i].minutes);
        ASSERT_INT_EQUAL(ROWS[i].expected_from * MINUTE_MS, span.starts_at);
        ASSERT_INT_EQUAL(ROWS[i].minutes * MINUTE_MS, span.ends_at - span.starts_at);
    }
}

TEST(ledger, names_all_that_a_record_lacks)
{
    Arena *arena = arena_new();
    RecordFacts whole = {.has_name = true,
                         .has_date = true,
                         .has_place = true,
                         .has_content = true,
                         .has_unit = true,
                         .has_person_in_charge = true,
                         .is_volunteer_service = true};
    ASSERT_INT_EQUAL(0, ledger_rules_problems(arena, &whole).count);
    RecordFacts one = whole;
    one.has_person_in_charge = false;
    TextList problems = ledger_rules_problems(arena, &one);
    ASSERT_INT_EQUAL(1, problems.count);
    ASSERT_STR_EQUAL("person_in_charge_missing", problems.items[0]);
    RecordFacts none = {.has_open_attendance = true};
    ASSERT_INT_EQUAL(8, ledger_rules_problems(arena, &none).count);
    arena_free(arena);
}
