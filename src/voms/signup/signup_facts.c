/* What the rules look at, read in a few statements for all who ask at once. */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "voms/signup/signup.sql.h"
#include "voms/signup/signup_internal.h"

/* ---- The place ---- */

static int64_t column_int(const StoreRows *rows, const char *name)
{
    return row_int(rows, 0, row_column(rows, name));
}

static TimeMs column_time(const StoreRows *rows, const char *name)
{
    return row_time(rows, 0, row_column(rows, name));
}

static const char *column_text(const StoreRows *rows, const char *name)
{
    return row_text(rows, 0, row_column(rows, name));
}

/* A JSON array of texts. */
static Err *read_texts(Arena *arena, const char *text, TextList *ret_texts)
{
    json_t *json = NULL;
    if (text == NULL || strcmp(text, "[]") == 0) {
        *ret_texts = (TextList){};
        return NULL;
    }
    TRY(json_parse(arena, text, strlen(text), &json));
    TextList texts = {.items = ARENA_ARRAY(arena, const char *, json_array_size(json) + 1)};
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *item = json_string_value(json_array_get(json, i));
        if (item != NULL) {
            texts.items[texts.count++] = item;
        }
    }
    *ret_texts = texts;
    return NULL;
}

/* The smaller of two limits, of which 0 is none. */
static int64_t stricter_maximum(int64_t a, int64_t b)
{
    return a == 0 || b == 0 ? MAX(a, b) : MIN(a, b);
}

static Err *read_terms(Ctx *ctx, const StoreRows *rows, SignupPlace *place)
{
    static const char *const APPROVALS[] = {"automatic", "review", "lottery", NULL};
    place->approval = (SignupApproval)choice_index(APPROVALS, column_text(rows, "approval"));
    place->lottery_drawn = column_time(rows, "lottery_drawn_at") != 0;
    place->offers = str_equal(column_text(rows, "waitlist"), "offer");
    place->offer_minutes = column_int(rows, "offer_minutes");
    place->cancel_deadline_minutes = column_int(rows, "cancel_deadline_minutes");
    place->minimum_age =
        MAX(column_int(rows, "activity_minimum_age"), column_int(rows, "minimum_age"));
    place->maximum_age =
        stricter_maximum(column_int(rows, "activity_maximum_age"), column_int(rows, "maximum_age"));
    place->gender = column_text(rows, "gender");
    place->insurance_until = column_text(rows, "insurance_until");
    place->has_risk_notice = column_text(rows, "risk_notice") != NULL;
    place->risk_notice_version = column_int(rows, "risk_notice_version");
    return read_texts(ctx->arena, column_text(rows, "required_skills"), &place->required_skills);
}

static void read_place(const StoreRows *rows, SignupPlace *place)
{
    *place = (SignupPlace){
        .activity_id = column_int(rows, "activity_id"),
        .shift_id = column_int(rows, "shift_id"),
        .position_id = column_int(rows, "position_id"),
        .unit_id = {column_int(rows, "unit_id")},
        .activity_name = column_text(rows, "activity_name"),
        .position_name = column_text(rows, "position_name"),
        .activity_state = column_text(rows, "activity_state"),
        .visibility = column_text(rows, "visibility"),
        .shift_cancelled = str_equal(column_text(rows, "shift_state"), "cancelled"),
        .position_removed = column_time(rows, "removed_at") != 0,
        .starts_at = column_time(rows, "starts_at"),
        .ends_at = column_time(rows, "ends_at"),
        .opens_at = column_time(rows, "sign_up_opens_at"),
        .closes_at = column_time(rows, "sign_up_closes_at"),
        .needed = column_int(rows, "needed"),
        .taken = column_int(rows, "taken"),
        .waiting = column_int(rows, "waiting"),
        .pending = column_int(rows, "pending"),
        .last_sequence = column_int(rows, "last_sequence"),
    };
}

YIELDS Err *signup_place_find(Ctx *ctx, int64_t shift_id, int64_t position_id, bool lock,
                              const Settings *settings, SignupPlace *ret_place)
{
    StoreRows *rows = NULL;
    SignupPlace place;
    TRY(store_query(ctx->db, lock ? &SQL_SIGNUP_PLACE_LOCK : &SQL_SIGNUP_PLACE_FIND,
                    ARGS(sql_int(shift_id), sql_int(position_id)), &rows));
    if (rows->count == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "shift_place_not_found",
                   "no position %" PRId64 " in shift %" PRId64, position_id, shift_id);
    }
    read_place(rows, &place);
    TRY(read_terms(ctx, rows, &place));
    place.start_date = date_format(ctx->arena, setting_date(settings, place.starts_at));
    place.end_date = date_format(ctx->arena, setting_date(settings, place.ends_at - 1));
    *ret_place = place;
    return NULL;
}

bool signup_place_is_secret(const SignupPlace *place)
{
    return str_equal(place->activity_state, "draft") ||
           str_equal(place->activity_state, "submitted");
}

YIELDS Err *signup_facts_load(Ctx *ctx, int64_t shift_id, int64_t position_id, bool lock,
                              SignupFacts *ret_facts)
{
    TRY(setting_load(ctx, &ret_facts->settings));
    TRY(signup_place_find(ctx, shift_id, position_id, lock, ret_facts->settings,
                          &ret_facts->place));
    TimeMs at = ret_facts->place.starts_at;
    ret_facts->day_count = 0;
    while (at < ret_facts->place.ends_at && ret_facts->day_count < COUNT_OF(ret_facts->days)) {
        SignupDay *day = &ret_facts->days[ret_facts->day_count++];
        setting_day(ret_facts->settings, at, &day->from, &day->until);
        at = day->until;
    }
    return NULL;
}

/* ---- The persons ---- */

static const char *ids_json(Arena *arena, const VolunteerId *ids, size_t count)
{
    Str text;
    JsonWriter writer;
    str_init(&text, arena);
    json_writer_init(&writer, &text);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_write_int(&writer, ids[i].value);
    }
    json_write_end_array(&writer);
    return str_text(&text);
}

static Err *read_person(Ctx *ctx, const StoreRows *rows, size_t row, SignupPerson *person)
{
    *person = (SignupPerson){.id = {row_int(rows, row, 0)},
                             .state = row_text(rows, row, 1),
                             .birth_date = row_text(rows, row, 2),
                             .gender = row_text(rows, row, 3),
                             .consent_version = row_text(rows, row, 5),
                             .consent_withdrawn = row_bool(rows, row, 6),
                             .guardian_until = row_text(rows, row, 7),
                             .is_member = row_bool(rows, row, 8),
                             .is_invited = row_bool(rows, row, 9)};
    return read_texts(ctx->arena, row_text(rows, row, 4), &person->skills);
}

/* Persons come in any order, engagements ordered by time. Counts are small: a batch. */
static SignupPerson *person_of(SignupPerson *persons, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (persons[i].id.value == id) {
            return &persons[i];
        }
    }
    return NULL;
}

static void add_engagement(Ctx *ctx, SignupPerson *person, const StoreRows *rows, size_t row)
{
    if (person->engagements == NULL) {
        person->engagements = ARENA_ARRAY(ctx->arena, SignupEngagement, rows->count - row);
    }
    person->engagements[person->engagement_count++] = (SignupEngagement){
        .shift_id = row_int(rows, row, 1),
        .starts_at = row_time(rows, row, 2),
        .ends_at = row_time(rows, row, 3),
        .state = choice_index(signup_states, row_text(rows, row, 4)),
        .activity_name = row_text(rows, row, 5),
    };
}

YIELDS static Err *load_engagements(Ctx *ctx, const SignupFacts *facts, const char *ids,
                                    SignupPerson *persons, size_t count)
{
    StoreRows *rows = NULL;
    int64_t rest_ms = facts->settings->signup_rest_minutes * MINUTE_MS;
    TimeMs from = facts->place.starts_at;
    TimeMs until = facts->place.ends_at;
    if (facts->day_count > 0) {
        from = MIN(from, facts->days[0].from);
        until = MAX(until, facts->days[facts->day_count - 1].until);
    }
    TRY(store_query(ctx->db, &SQL_SIGNUP_ENGAGEMENTS,
                    ARGS(sql_text(ids), sql_time(from - rest_ms), sql_time(until + rest_ms)),
                    &rows));
    for (size_t i = 0; i < rows->count; i++) {
        add_engagement(ctx, person_of(persons, count, row_int(rows, i, 0)), rows, i);
    }
    return NULL;
}

YIELDS Err *signup_persons_load(Ctx *ctx, const SignupFacts *facts, const VolunteerId *ids,
                                size_t count, bool lock, SignupPerson **ret_persons)
{
    StoreRows *rows = NULL;
    const char *json = ids_json(ctx->arena, ids, count);
    SignupPerson *found = ARENA_ARRAY(ctx->arena, SignupPerson, count + 1);
    SignupPerson *persons = ARENA_ARRAY(ctx->arena, SignupPerson, count + 1);
    if (lock) {
        TRY(store_query(ctx->db, &SQL_SIGNUP_LOCK_PERSONS, ARGS(sql_text(json)), &rows));
    }
    TRY(store_query(ctx->db, &SQL_SIGNUP_PERSONS,
                    ARGS(sql_text(json), sql_int(facts->place.unit_id.value),
                         sql_int(facts->place.activity_id)),
                    &rows));
    size_t found_count = rows->count;
    for (size_t i = 0; i < found_count; i++) {
        TRY(read_person(ctx, rows, i, &found[i]));
    }
    TRY(load_engagements(ctx, facts, json, found, found_count));
    for (size_t i = 0; i < count; i++) {
        const SignupPerson *person = person_of(found, found_count, ids[i].value);
        if (person == NULL) {
            return ERR(ctx->arena, ERR_NOT_FOUND, "volunteer_not_found", "no volunteer %" PRId64,
                       ids[i].value);
        }
        persons[i] = *person;
    }
    *ret_persons = persons;
    return NULL;
}

void signup_facts_evaluate(const SignupFacts *facts, const SignupPerson *person, TimeMs now,
                           SignupPurpose purpose, int64_t accepted_version,
                           SignupReasons *ret_reasons)
{
    SignupCase input = {.place = &facts->place,
                        .person = person,
                        .settings = facts->settings,
                        .days = facts->days,
                        .day_count = facts->day_count,
                        .now = now,
                        .purpose = purpose,
                        .accepted_risk_notice_version = accepted_version};
    signup_rules_evaluate(&input, ret_reasons);
}
