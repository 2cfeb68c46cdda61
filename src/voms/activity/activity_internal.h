/* activity_internal.h - what the files of this concept share. */
#pragma once

#include "voms/access/access.h"
#include "voms/activity/activity.h"
#include "voms/setting/setting.h"
#include "voms/unit/unit.h"

#define NEEDED_MAX 100000
#define POSITIONS_MAX 50
#define SHIFTS_MAX 2000 /* of one activity */
#define SHIFT_LENGTH_MAX_MS (7 * DAY_MS)

extern const Shape geo_point_shape;
extern const Shape activity_create_shape;
extern const Shape activity_patch_shape;
extern const Shape position_create_shape;
extern const Shape position_patch_shape;
extern const Shape shift_need_shape;
extern const Shape shift_create_shape;
extern const Shape shift_patch_shape;

typedef struct ReasonBody {
    const char *reason;
} ReasonBody;
extern const Shape activity_reason_shape;
extern const Shape activity_copy_shape;

/* ---- Rules: pure ---- */

/* May an activity be set from one state to another? */
bool activity_rules_may_become(ActivityState from, ActivityState to);

/* May its data, positions and shifts be changed in this state? */
bool activity_rules_may_edit(ActivityState state);
bool activity_rules_may_plan(ActivityState state);

/* Checks what was entered against itself. ERR_INVALID naming the fields. */
Err *activity_rules_check(Arena *arena, const Activity *activity);
Err *position_rules_check(Arena *arena, const Position *position);
Err *shift_rules_check(Arena *arena, const Shift *shift);

/* What is missing before it can be published: ERR_INVALID with a field and a code for each. */
Err *activity_rules_check_complete(Arena *arena, const Activity *activity);

/* ---- Store ---- */

/* Fills what may not be empty and was not entered. */
void activity_fill_defaults(Activity *activity, const Settings *settings);

/* Activities of rows with the columns of activity_find. */
ObjectList activity_from_rows(Arena *arena, const StoreRows *rows);

/* Makes a draft; of the activity the entered fields, unit_id and copied_from are used. With
 * history and audit entry, in the open transaction. Yields. */
YIELDS Err *activity_insert(Ctx *ctx, const Activity *draft, ActivityId *ret_id);

/* Writes the entered fields, with history, audit entry and the message activity.changed once it is
 * published. Yields. ERR_BUSY if it changed since it was read. */
YIELDS Err *activity_update(Ctx *ctx, const Activity *before, const Activity *after);

/* Sets the state and what goes with it in *after, with history, audit entry and a message. Yields.
 * ERR_CONFLICT ("state_conflict"), ERR_BUSY. */
YIELDS Err *activity_set_state(Ctx *ctx, const Activity *before, ActivityState state,
                               const char *action, const char *reason);

/* ERR_CONFLICT ("state_conflict"). */
Err *activity_conflict(Ctx *ctx, const Activity *activity);

/* Adds to its history and the audit log; changes of shape_diff, or NULL. Yields. */
YIELDS Err *activity_tell(Ctx *ctx, const Activity *activity, const char *action,
                          const char *reason, const char *changes);

/* Publishes a message about it; reason may be NULL. Yields. */
YIELDS Err *activity_publish_event(Ctx *ctx, const char *subject, const Activity *activity,
                                   const char *reason);

/* Computes what the activity knows of its shifts. Yields. */
YIELDS Err *activity_refresh(Ctx *ctx, ActivityId id);

/* Is approval needed before activities of this unit are published? Yields. */
YIELDS Err *activity_approval_required(Ctx *ctx, UnitId unit_id, bool *ret_required);

/* Positions of an activity that are not removed. Yields. */
YIELDS Err *position_list(Ctx *ctx, ActivityId id, ObjectList *ret_positions);
YIELDS Err *position_insert(Ctx *ctx, const Activity *activity, const Position *draft,
                            PositionId *ret_id);

/* Makes a shift with a place for each position; draft->places says where the number differs. The
 * caller refreshes the activity. Yields. ERR_INVALID naming places. */
YIELDS Err *shift_insert(Ctx *ctx, const Activity *activity, const Shift *draft, ShiftId *ret_id);

/* Writes the entered fields of a position, of a shift. Yield. ERR_BUSY if it changed meanwhile. */
YIELDS Err *position_update_row(Ctx *ctx, const Position *before, const Position *after);
YIELDS Err *shift_update_row(Ctx *ctx, const Shift *before, const Shift *after);

/* Sets numbers that differ from the positions'. Yields. ERR_INVALID, ERR_CONFLICT
 * ("needed_below_taken", current: how many are taken). */
YIELDS Err *shift_set_places(Ctx *ctx, ShiftId id, const ObjectList *places);

/* ERR_CONFLICT ("too_many_shifts") unless the activity can have so many more. Yields. */
YIELDS Err *shift_check_room(Ctx *ctx, ActivityId id, size_t more);

/* Cancels a shift, all that are not over; the one with a message once people see the activity.
 * Yield. */
YIELDS Err *shift_cancel_one(Ctx *ctx, const Activity *activity, const Shift *shift,
                             const char *reason);
YIELDS Err *shift_cancel_all(Ctx *ctx, ActivityId id, const char *reason);

/* Publishes shift.changed. Yields. */
YIELDS Err *shift_publish_changed(Ctx *ctx, const Shift *before, const Shift *after,
                                  bool places_changed);

/* ---- Requests ---- */

/* Reads an id of the path; finds the activity that the route is about. Yield. */
YIELDS Err *activity_of_request(Ctx *ctx, const HttpRequest *req, Activity **ret_activity);

/* Answers 201 with an activity that was made. Yields. */
YIELDS Err *activity_reply_made(Ctx *ctx, HttpResponse *res, ActivityId id);

/* Guards for {position_id}, {batch_id}. Yield. */
HttpGuard position_guard;
HttpGuard batch_guard;

/* Handlers of the routes. Yield. */
HttpHandler activity_copy;
HttpHandler activity_list;
HttpHandler activity_history;
HttpHandler position_list_all;
HttpHandler position_create;
HttpHandler position_update;
HttpHandler position_remove;
HttpHandler shift_list_all;
HttpHandler shift_agenda;
HttpHandler shift_agenda_desk;
HttpHandler shift_create;
HttpHandler shift_show;
HttpHandler shift_update;
HttpHandler shift_cancel;

HttpHandler activity_public_list;
HttpHandler activity_public_show;
HttpHandler activity_own_list;
HttpHandler activity_own_show;

HttpHandler shift_batch_preview;
HttpHandler shift_batch_create;
HttpHandler shift_batch_undo;
HttpHandler activity_manager_list;
HttpHandler activity_manager_put;
HttpHandler activity_manager_delete;
HttpHandler activity_invitation_list;
HttpHandler activity_invitation_create;
HttpHandler activity_invitation_delete;
HttpHandler activity_setting_show;
HttpHandler activity_setting_put;
HttpHandler activity_setting_delete;
HttpHandler project_list;
HttpHandler project_create;
HttpHandler project_show;
HttpHandler project_update;

/* Guards for the activity settings of {unit_id}, and for {project_id}. Yield. */
HttpGuard activity_setting_guard;
HttpGuard project_guard;

extern const Shape shift_agenda_shape;
extern const Shape shift_plan_shape;
extern const Shape shift_preview_shape;
extern const Shape shift_batch_shape;
extern const Shape activity_manager_shape;
extern const Shape activity_manager_put_shape;
extern const Shape activity_invitation_shape;
extern const Shape activity_invitation_create_shape;
extern const Shape activity_setting_shape;
extern const Shape activity_setting_put_shape;
extern const Shape project_shape;
extern const Shape project_create_shape;
extern const Shape project_patch_shape;
extern const Shape activity_public_brief_shape;
extern const Shape activity_public_shape;
extern const Shape activity_history_shape;
extern const Schedule activity_schedules[];

/* Fills a demonstration organisation. Yields. */
YIELDS Err *activity_demo(Ctx *ctx);

extern const Route activity_routes[];
extern const MessageText activity_messages[];
