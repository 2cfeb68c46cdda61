/* The decision about one row: no I/O, no clock. Preview and commit both come
 * here. */
#include <string.h>

#include "app/vault.h"
#include "voms/import/import_internal.h"

/* ---- Whom the row means ---- */

typedef enum Likeness {
    LIKE_SAME,    /* known by something that only one has */
    LIKE_PERHAPS, /* by name and phone or birth date */
    LIKE_OTHER,   /* both show ID numbers, and these differ */
} Likeness;

static bool has(const TextList *changed, const char *name)
{
    for (size_t i = 0; i < changed->count; i++) {
        if (str_equal(changed->items[i], name)) {
            return true;
        }
    }
    return false;
}

static Likeness compare(const ImportCandidate *row, const Volunteer *found, const TextList *changed)
{
    bool both_ids = row->draft.id_number != NULL && found->id_number_hash != NULL;
    bool id_differs = has(changed, "id_number");
    if (row->draft.number != NULL || (both_ids && !id_differs)) {
        return LIKE_SAME;
    }
    return both_ids ? LIKE_OTHER : LIKE_PERHAPS;
}

/* ---- What is given, laid over what is there ---- */

static void take_field(const Field *field, const VolunteerDraft *given, VolunteerDraft *after)
{
    const char *from = (const char *)given + field->offset;
    char *to = (char *)after + field->offset;
    if (field->type == FIELD_TEXT_LIST) {
        if (((const TextList *)(const void *)from)->count > 0) {
            memcpy(to, from, sizeof(TextList));
        }
    } else if (field->type == FIELD_CHOICE) {
        if (*(const int *)(const void *)from != 0) {
            memcpy(to, from, sizeof(int));
        }
    } else if (field->type == FIELD_TEXT || field->type == FIELD_DATE) {
        if (*(const char *const *)(const void *)from != NULL) {
            memcpy(to, from, sizeof(void *));
        }
    }
}

static const char *merge_custom(Arena *arena, const char *before, const char *given)
{
    json_t *base = NULL;
    json_t *over = NULL;
    if (given == NULL) {
        return before;
    }
    if (before == NULL || json_parse(arena, before, strlen(before), &base) != NULL ||
        json_parse(arena, given, strlen(given), &over) != NULL) {
        return given;
    }
    json_object_update(base, over);
    return json_text(arena, base);
}

/* The unit stays: people move by their memberships, not by a list. */
static VolunteerDraft lay_over(Arena *arena, const Volunteer *before, const VolunteerDraft *given)
{
    VolunteerDraft after = volunteer_to_draft(before);
    for (const Field *field = volunteer_patch_shape.fields; field->name != NULL; field++) {
        take_field(field, given, &after);
    }
    after.custom = merge_custom(arena, before->custom, given->custom);
    return after;
}

/* ---- New people ---- */

static void check_required_custom(Arena *arena, const ImportPlan *plan, ImportCandidate *row)
{
    json_t *given = NULL;
    const char *text = row->draft.custom;
    if (text != NULL && json_parse(arena, text, strlen(text), &given) != NULL) {
        given = NULL;
    }
    for (size_t i = 0; i < plan->custom_count; i++) {
        const CustomField *field = &plan->custom_fields[i];
        if (field->required && json_object_get(given, field->key) == NULL) {
            import_add_problem(arena, row, -1, arena_printf(arena, "custom.%s", field->key),
                               "required", NULL);
        }
    }
}

static ImportDecision refuse(void)
{
    return (ImportDecision){.outcome = IMPORT_REFUSE};
}

static ImportDecision decide_new(Arena *arena, const ImportPlan *plan, ImportCandidate *row)
{
    VolunteerDraft *draft = &row->draft;
    if (draft->number != NULL) {
        import_add_problem(arena, row, -1, "number", "volunteer_number_unknown", draft->number);
        return refuse();
    }
    if (draft->id_number == NULL && draft->phone == NULL && draft->birth_date == NULL) {
        import_add_problem(arena, row, -1, NULL, "identity_missing", NULL);
        return refuse();
    }
    draft->consent = ARENA_NEW(arena, ConsentGiven);
    draft->consent->policy_version = plan->settings->privacy_policy_version;
    draft->consent->note = "import";
    Err *err = volunteer_rules_check_consent(arena, plan->settings, plan->today, draft);
    for (const ErrField *field = err == NULL ? NULL : err->fields; field != NULL;
         field = field->next) {
        import_add_problem(arena, row, -1, field->field, field->code, field->param);
    }
    check_required_custom(arena, plan, row);
    if (row->problems.count > 0) {
        return refuse();
    }
    return (ImportDecision){.outcome = IMPORT_CREATE, .after = *draft};
}

/* ---- People who are there ---- */

/* What is entered beside an ID number that stays must not contradict it. The
 * number is not known here, but a resident's gave birth date and gender when it
 * was entered. */
static void check_document(Arena *arena, ImportCandidate *row, const Volunteer *found,
                           const TextList *changed)
{
    if (row->draft.id_number != NULL || found->id_number_hash == NULL) {
        return;
    }
    bool is_resident = volunteer_is_resident(found);
    if (has(changed, "id_document_type")) {
        import_add_problem(arena, row, -1, "id_number", "required", NULL);
    }
    if (is_resident && has(changed, "birth_date")) {
        import_add_problem(arena, row, -1, "birth_date", "birth_date_differs", NULL);
    }
    if (is_resident && has(changed, "gender")) {
        import_add_problem(arena, row, -1, "gender", "gender_differs", NULL);
    }
}

static ImportDecision decide_known(Arena *arena, const ImportPlan *plan, ImportCandidate *row,
                                   const ImportSituation *situation)
{
    const Volunteer *found = situation->found;
    ImportDecision skip = {.outcome = IMPORT_SKIP, .volunteer_id = found->id};
    VolunteerDraft after = lay_over(arena, found, &row->draft);
    TextList changed = volunteer_rules_changes(plan->services, arena, found, &after, true);
    Likeness likeness = compare(row, found, &changed);
    if (likeness == LIKE_OTHER) {
        return decide_new(arena, plan, row);
    }
    if (!situation->found_within_rights) {
        /* Whoever may not know of that person learns no more than that the row is
         * not taken. */
        import_add_problem(arena, row, -1, NULL, "exists_elsewhere", NULL);
        return refuse();
    }
    if (changed.count == 0) {
        return skip;
    }
    if (likeness == LIKE_PERHAPS) {
        import_add_problem(arena, row, -1, NULL, "possible_duplicate", found->number);
        return refuse();
    }
    if (plan->skip_existing) {
        return skip;
    }
    Err *err = volunteer_rules_check(arena, plan->today, &after);
    for (const ErrField *field = err == NULL ? NULL : err->fields; field != NULL;
         field = field->next) {
        import_add_problem(arena, row, -1, field->field, field->code, field->param);
    }
    check_document(arena, row, found, &changed);
    if (row->problems.count > 0) {
        return refuse();
    }
    return (ImportDecision){
        .outcome = IMPORT_UPDATE, .volunteer_id = found->id, .changed = changed, .after = after};
}

ImportDecision import_decide(Arena *arena, const ImportPlan *plan, ImportCandidate *row,
                             const ImportSituation *situation)
{
    if (row->problems.count > 0) {
        return refuse();
    }
    return situation->found == NULL ? decide_new(arena, plan, row)
                                    : decide_known(arena, plan, row, situation);
}
