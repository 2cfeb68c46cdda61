/* Two files become one: the other one's history goes on in this one's. */
#include <string.h>

#include "base/str.h"
#include "voms/access/access.h"
#include "voms/activity/activity.h"
#include "voms/attendance/attendance.h"
#include "voms/audit/audit.h"
#include "voms/consent/consent.h"
#include "voms/correction/correction.h"
#include "voms/duplicate/duplicate_internal.h"
#include "voms/ledger/ledger.h"
#include "voms/membership/membership.h"
#include "voms/notice/notice.h"
#include "voms/signup/signup.h"

static bool takes_other(const json_t *keep, const char *name)
{
    return str_equal(json_string_value(json_object_get(keep, name)), "other");
}

static void copy_member(const Field *field, VolunteerDraft *to, const VolunteerDraft *from)
{
    char *target = (char *)to + field->offset;
    const char *source = (const char *)from + field->offset;
    size_t size = field->type == FIELD_TEXT_LIST ? sizeof(TextList)
                  : field->type == FIELD_CHOICE  ? sizeof(int)
                                                 : sizeof(int64_t);
    memcpy(target, source, size);
}

static bool is_empty(Arena *arena, const Field *field, const VolunteerDraft *draft)
{
    if (field->type == FIELD_TEXT_LIST) {
        return ((const TextList *)(const void *)((const char *)draft + field->offset))->count == 0;
    }
    if (field->type == FIELD_CHOICE) {
        return *(const int *)(const void *)((const char *)draft + field->offset) == 0;
    }
    return shape_sql_value(arena, field, draft).type == SQL_NULL;
}

/* What this one lacks comes from the other one, unless something else was said; values of custom
 * fields likewise, key by key. */
static const char *merged_custom(Arena *arena, const DuplicateMerge *merge)
{
    json_t *mine = NULL;
    json_t *theirs = NULL;
    const char *first = merge->into->custom;
    const char *second = merge->other->custom;
    if (takes_other(merge->keep, "custom")) {
        first = merge->other->custom;
        second = merge->into->custom;
    }
    BUG_ON(json_parse(arena, first, strlen(first), &mine) != NULL);
    BUG_ON(json_parse(arena, second, strlen(second), &theirs) != NULL);
    json_t *values = json_deep_copy(theirs);
    json_object_update(values, mine);
    const char *text = json_text(arena, values);
    json_decref(values);
    return text;
}

static void choose_values(Arena *arena, const DuplicateMerge *merge, VolunteerDraft *draft)
{
    VolunteerDraft theirs = volunteer_to_draft(merge->other);
    for (const Field *field = volunteer_me_shape.fields; field->name != NULL; field++) {
        bool of_document =
            str_equal(field->name, "id_number") || str_equal(field->name, "id_document_type");
        if (of_document || str_equal(field->name, "custom")) {
            continue;
        }
        bool said = json_object_get(merge->keep, field->name) != NULL;
        if (takes_other(merge->keep, field->name) || (!said && is_empty(arena, field, draft))) {
            copy_member(field, draft, &theirs);
        }
    }
    draft->custom = merged_custom(arena, merge);
}

/* Whose document the file goes on with; NULL if there is none. */
static const Volunteer *holder_of(const DuplicateMerge *merge)
{
    bool wanted = takes_other(merge->keep, "id_number") ||
                  (merge->into->id_number_masked == NULL &&
                   json_object_get(merge->keep, "id_number") == NULL);
    if (wanted && merge->other->id_number_masked != NULL) {
        return merge->other;
    }
    return merge->into->id_number_masked == NULL ? NULL : merge->into;
}

/* The number and its type go together; birth date and gender follow what it tells, unless something
 * else was said, which must not contradict it. */
YIELDS static Err *choose_document(Ctx *ctx, const DuplicateMerge *merge, VolunteerDraft *draft)
{
    const Settings *settings = NULL;
    VolunteerDraft chosen = *draft;
    const Volunteer *holder = holder_of(merge);
    if (holder == NULL) {
        return NULL;
    }
    draft->id_document_type = holder->id_document_type;
    if (json_object_get(merge->keep, "birth_date") == NULL) {
        draft->birth_date = NULL;
    }
    if (json_object_get(merge->keep, "gender") == NULL) {
        draft->gender = GENDER_UNSPECIFIED;
    }
    TRY(setting_load(ctx, &settings));
    TRY(volunteer_find_id_number(ctx, holder->id, &draft->id_number));
    TRY(volunteer_rules_check(ctx->arena, setting_date(settings, ctx->now), draft));
    draft->birth_date = draft->birth_date == NULL ? chosen.birth_date : draft->birth_date;
    draft->gender = draft->gender == GENDER_UNSPECIFIED ? chosen.gender : draft->gender;
    return NULL;
}

/* ---- What may be merged ---- */

static Err *state_conflict(Ctx *ctx, const Volunteer *volunteer)
{
    Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "volunteer %lld is %s",
                   (long long)volunteer->id.value, volunteer_states[volunteer->state]);
    err->current = err->param = volunteer_states[volunteer->state];
    return err;
}

/* How much of a volunteer somebody is: the file that stays must not be the lesser one, or who
 * serves would be gone with the other. */
static int rank(const Volunteer *volunteer)
{
    return volunteer->state == VOLUNTEER_ARCHIVED    ? 0
           : volunteer->state == VOLUNTEER_APPLICANT ? 1
                                                     : 2;
}

static Err *check(Ctx *ctx, const DuplicateMerge *merge)
{
    const Volunteer *both[] = {merge->into, merge->other};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        if (both[i]->merged_into.value != 0 || both[i]->anonymised_at != 0) {
            return state_conflict(ctx, both[i]);
        }
    }
    if (rank(merge->into) < rank(merge->other)) {
        return state_conflict(ctx, merge->into);
    }
    Err *err = NULL;
    const char *name;
    json_t *side;
    json_object_foreach((json_t *)merge->keep, name, side)
    {
        const char *path = arena_printf(ctx->arena, "keep.%.40s", name);
        const char *text = json_string_value(side);
        if (shape_find(&volunteer_me_shape, name) == NULL) {
            err_add_field(ctx->arena, &err, path, "unknown_field", NULL);
        } else if (!str_equal(text, "this") && !str_equal(text, "other")) {
            err_add_field(ctx->arena, &err, path, "not_a_choice", "this, other");
        }
    }
    return err;
}

YIELDS static Err *move_service(Ctx *ctx, VolunteerId from, VolunteerId to, const char *reason)
{
    TRY(activity_move_invitations(ctx, from, to));
    TRY(signup_move(ctx, from, to));
    TRY(attendance_move(ctx, from, to, reason));
    TRY(ledger_move(ctx, from, to));
    return notice_move(ctx, from, to);
}

YIELDS static Err *move_all(Ctx *ctx, VolunteerId from, VolunteerId to)
{
    TRY(membership_move(ctx, from, to));
    TRY(consent_move(ctx, from, to));
    TRY(correction_move(ctx, from, to));
    return volunteer_move_file(ctx, from, to);
}

static const char *numbers_json(Arena *arena, const DuplicateMerge *merge)
{
    return arena_printf(arena, "{\"number\":\"%s\",\"other_number\":\"%s\",\"other_id\":%lld}",
                        merge->into->number, merge->other->number,
                        (long long)merge->other->id.value);
}

YIELDS static Err *tell(Ctx *ctx, const DuplicateMerge *merge)
{
    const char *detail = numbers_json(ctx->arena, merge);
    const char *changes =
        arena_printf(ctx->arena, "{\"merged_number\":{\"after\":\"%s\",\"before\":null}}",
                     merge->other->number);
    TRY(volunteer_history_add(ctx, merge->into->id, "volunteer.merge", merge->reason, changes));
    TRY(audit_record(ctx, &(AuditEntry){.action = "volunteer.merge",
                                        .object_type = "volunteer",
                                        .object_id = merge->into->id.value,
                                        .unit_id = merge->into->unit_id,
                                        .purpose = merge->reason,
                                        .detail = detail}));
    return bus_publish(ctx->db, "volunteer.merged",
                       arena_printf(ctx->arena, "volunteer:%lld", (long long)merge->into->id.value),
                       detail);
}

YIELDS Err *duplicate_merge(Ctx *ctx, const DuplicateMerge *merge)
{
    TRY(check(ctx, merge));
    VolunteerDraft draft = volunteer_to_draft(merge->into);
    choose_values(ctx->arena, merge, &draft);
    TRY(choose_document(ctx, merge, &draft));
    /* First, so that the ID number is free. */
    TRY(volunteer_set_merged(ctx, merge->other, merge->into->id));
    TRY(move_service(ctx, merge->other->id, merge->into->id, merge->reason));
    TRY(move_all(ctx, merge->other->id, merge->into->id));
    TRY(duplicate_forget(ctx, merge->other->id));
    VolunteerUpdate update = {.id = merge->into->id,
                              .before = merge->into,
                              .after = &draft,
                              .action = "volunteer.update",
                              .reason = merge->reason};
    TRY(volunteer_update(ctx, &update, NULL));
    TRY(consent_settle(ctx, merge->into->id));
    TRY(tell(ctx, merge));
    return duplicate_refresh(ctx, merge->into->id);
}
