/* signup_api.h - the handlers of this concept's calls, and what they share. */
#pragma once

#include "voms/signup/signup_internal.h"

typedef struct SignupReasonBody {
    const char *reason;
} SignupReasonBody;

extern const Shape signup_reason_shape;       /* SignupCancel: reason may be left out */
extern const Shape signup_create_shape;       /* SignupCreate */
extern const Shape signup_place_shape;        /* SignupPlace */
extern const Shape signup_decision_shape;     /* SignupDecision */
extern const Shape signup_bulk_shape;         /* SignupBulkDecision */
extern const Shape signup_staff_reason_shape; /* SignupStaffReason */

/* May this volunteer have a place in a shift? */
typedef struct SignupQuestion {
    int64_t shift_id;
    int64_t position_id; /* 0: all positions of the shift */
    VolunteerId volunteer_id;
    bool by_volunteer;
    int64_t accepted_version;
} SignupQuestion;

/* Answers with schema ShiftEligibility. Yields. ERR_NOT_FOUND ("shift_not_found",
 * "shift_place_not_found"). */
YIELDS Err *signup_reply_eligibility(Ctx *ctx, HttpResponse *res, const SignupQuestion *question);

/* Of the volunteer itself; the guard: there is one. */
HttpGuard signup_own_guard;
HttpHandler signup_own_eligibility;
HttpHandler signup_own_create;
HttpHandler signup_own_list;
HttpHandler signup_own_show;
HttpHandler signup_own_cancel;
HttpHandler signup_own_accept;
HttpHandler signup_own_decline;

/* Of staff; the guard finds the activity of the sign-up that the path names. */
HttpGuard signup_guard;
HttpHandler signup_staff_eligibility;
HttpHandler signup_staff_list_of_shift;
HttpHandler signup_staff_list_of_activity;
HttpHandler signup_staff_export;
HttpHandler signup_staff_list_of_volunteer;
HttpHandler signup_staff_place;
HttpHandler signup_staff_show;
HttpHandler signup_staff_decide;
HttpHandler signup_staff_decide_many;
HttpHandler signup_staff_cancel;
HttpHandler signup_staff_move_up;
HttpHandler signup_staff_draw;

/* The published draw, for anybody. */
HttpHandler signup_public_lottery;
