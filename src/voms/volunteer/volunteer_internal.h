/* volunteer_internal.h - what the files of this concept share. */
#pragma once

#include "voms/volunteer/name.h"
#include "voms/volunteer/volunteer.h"

/* The data fields alone, with masks for the history; id_number holds the masked number. */
extern const Shape volunteer_history_shape;

/* Contexts of the vault. */
#define VOLUNTEER_ID_NUMBER_CONTEXT "volunteer.id_number"
#define VOLUNTEER_SENSITIVE_CONTEXT "volunteer.sensitive"

/* What an anonymised volunteer is called. */
#define VOLUNTEER_ANONYMOUS_NAME "已注销"

/* The columns of an ID number, null where there is none. */
typedef struct IdColumns {
    SqlValue cipher;
    SqlValue hash;
    SqlValue masked;
} IdColumns;

/* What is stored of a draft and not written in it. */
typedef struct VolunteerPrepared {
    NameReading reading;
    IdColumns document;
    const char *phone_reversed;
    SqlValue skills;
    SqlValue service_categories;
    SqlValue languages;
} VolunteerPrepared;

extern const Route volunteer_routes[];
extern const MessageText volunteer_messages[];

/* What changed, for the history: as of shape_diff, with one entry per custom field
 * ("custom.key"). after_masked: the masked ID number if it is to change, else NULL. */
const char *volunteer_changes_text(Arena *arena, const Volunteer *before,
                                   const VolunteerDraft *after, const char *after_masked);

/* The same for the audit log, which keeps for ever what it is given: texts about the person are
 * reduced to their first character. */
const char *volunteer_changes_for_audit(Arena *arena, const char *changes);

/* The version of the privacy policy, at most five seconds old, without a query of its own in most
 * calls. Yields. */
YIELDS Err *volunteer_policy_version(Ctx *ctx, const char **ret_version);

/* Fills what is computed: consent_state, and custom as the view may see it. Yields. */
YIELDS Err *volunteer_complete(Ctx *ctx, Volunteer *volunteers, size_t count, bool sees_sensitive);

/* Fills the struct of one row of the columns that volunteer.sql lists. */
void volunteer_from_row(Arena *arena, const StoreRows *rows, size_t row, Volunteer *ret_volunteer);

/* Deletes what a volunteer is found by. Yields. */
YIELDS Err *volunteer_forget_terms(Ctx *ctx, const Volunteer *volunteer);

/* The part of volunteer_anonymise in the tables of this concept. Yields. */
YIELDS Err *volunteer_anonymise_row(Ctx *ctx, const Volunteer *volunteer);

/* The first instant of a day of the organisation. */
TimeMs volunteer_day_begin(const Settings *settings, Date day);

/* Does the caller see, and set, custom fields that need volunteer:sensitive there? Yields. */
YIELDS Err *volunteer_staff_sight(Ctx *ctx, UnitId unit_id, bool *ret_sensitive);

/* Objects as a JSON array. */
const char *volunteer_json_array(Arena *arena, const Shape *shape, ObjectList items,
                                 const ShapeView *view);

/* Handlers of volunteer_sensitive.c. Yield. */
extern const Shape volunteer_reveal_shape;
extern const Shape volunteer_sensitive_shape;
HttpHandler volunteer_reveal;
HttpHandler volunteer_show_sensitive;
HttpHandler volunteer_put_sensitive;

/* Anonymises whom the organisation may not keep any longer: a Schedule's run. Yields. */
YIELDS Err *volunteer_keep_retention(Ctx *ctx);

/* Fills the demonstration organisation. Yields. */
YIELDS Err *volunteer_demo(Ctx *ctx);
