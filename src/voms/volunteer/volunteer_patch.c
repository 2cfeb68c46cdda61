/* Changing a volunteer: what a PATCH of staff or of the person itself amounts to. */
#include "base/str.h"
#include "voms/access/access.h"
#include "voms/custom_field/custom_field.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/volunteer_internal.h"

static bool has(const TextList *changed, const char *name)
{
    for (size_t i = 0; i < changed->count; i++) {
        if (str_equal(changed->items[i], name)) {
            return true;
        }
    }
    return false;
}

static Err *no_unit(Ctx *ctx)
{
    Err *err = NULL;
    err_add_field(ctx->arena, &err, "unit_id", "unit_not_found", NULL);
    return err;
}

YIELDS Err *volunteer_check_unit(Ctx *ctx, UnitId unit_id, const char *needs)
{
    Unit *unit = NULL;
    Err *err = unit_find(ctx, unit_id, &unit);
    if (err_is(err, ERR_NOT_FOUND)) {
        return no_unit(ctx);
    }
    TRY(err);
    err = access_check_unit(ctx, unit_id, "unit:read", needs);
    return err_is(err, ERR_NOT_FOUND) ? no_unit(ctx) : err;
}

YIELDS Err *volunteer_staff_sight(Ctx *ctx, UnitId unit_id, bool *ret_sensitive)
{
    Err *err = access_check_unit(ctx, unit_id, "volunteer:sensitive", "volunteer:sensitive");
    if (err != NULL && !err_is(err, ERR_NOT_FOUND) && !err_is(err, ERR_FORBIDDEN)) {
        return err;
    }
    *ret_sensitive = err == NULL;
    return NULL;
}

/* What the ID number tells follows it; what is entered beside a number that stays must not
 * contradict it. */
YIELDS static Err *settle_document(Ctx *ctx, const Volunteer *before, VolunteerDraft *draft,
                                   const TextList *changed)
{
    if (has(changed, "id_number")) {
        bool given = draft->id_number != NULL;
        draft->birth_date = given && !has(changed, "birth_date") ? NULL : draft->birth_date;
        draft->gender = given && !has(changed, "gender") ? GENDER_UNSPECIFIED : draft->gender;
        return NULL;
    }
    bool touched =
        has(changed, "birth_date") || has(changed, "gender") || has(changed, "id_document_type");
    if (!touched || before->id_number_masked == NULL) {
        return NULL;
    }
    if (draft->id_document_type == NULL) {
        Err *err = NULL;
        err_add_field(ctx->arena, &err, "id_document_type", "required", NULL);
        return err;
    }
    return volunteer_find_id_number(ctx, before->id, &draft->id_number);
}

/* A birth date or gender that the new number does not tell stays as it was. */
static void keep_person(const Volunteer *before, VolunteerDraft *draft, const TextList *changed)
{
    if (draft->birth_date == NULL && !has(changed, "birth_date")) {
        draft->birth_date = before->birth_date;
    }
    if (draft->gender == GENDER_UNSPECIFIED && !has(changed, "gender")) {
        draft->gender = before->gender;
    }
}

YIELDS static Err *merge_custom(Ctx *ctx, const Volunteer *before, VolunteerDraft *draft,
                                const TextList *changed, bool by_volunteer)
{
    if (!has(changed, "custom")) {
        draft->custom = before->custom;
        return NULL;
    }
    bool sensitive = false;
    if (!by_volunteer) {
        TRY(volunteer_staff_sight(ctx, before->unit_id, &sensitive));
    }
    CustomFieldChange change = {
        .unit_id = draft->unit_id,
        .before = before->custom,
        .given = draft->custom,
        .sight = by_volunteer ? CUSTOM_EVERYONE
                 : sensitive  ? CUSTOM_SENSITIVE
                              : CUSTOM_STAFF,
        .by_volunteer = by_volunteer,
    };
    return custom_field_merge(ctx, &change, &draft->custom);
}

YIELDS Err *volunteer_patch(Ctx *ctx, const Volunteer *before, VolunteerDraft *draft,
                            const TextList *changed, bool by_volunteer)
{
    if (before->anonymised_at != 0 || before->merged_into.value != 0) {
        Err *err = ERR(ctx->arena, ERR_CONFLICT, "state_conflict", "volunteer %lld is closed",
                       (long long)before->id.value);
        err->current = err->param = volunteer_states[before->state];
        return err;
    }
    if (draft->unit_id.value != before->unit_id.value) {
        TRY(volunteer_check_unit(ctx, draft->unit_id, "volunteer:update"));
    }
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    TRY(settle_document(ctx, before, draft, changed));
    TRY(volunteer_rules_check(ctx->arena, setting_date(settings, ctx->now), draft));
    keep_person(before, draft, changed);
    TRY(merge_custom(ctx, before, draft, changed, by_volunteer));
    VolunteerUpdate update = {
        .id = before->id,
        .before = before,
        .after = draft,
        .action = "volunteer.update",
        .clears_id_number = has(changed, "id_number") && draft->id_number == NULL,
    };
    return volunteer_update(ctx, &update, NULL);
}
