/* The calls, rights and texts of this concept. */
#include "voms/activity/activity.h"
#include "voms/signup/signup_api.h"
#include "voms/volunteer/volunteer.h"

#define ME "/api/v1/me"
#define ADMIN "/api/v1/admin"

static const Route ROUTES[] = {
    {HTTP_GET, ME "/shifts/{shift_id}/eligibility", signup_own_eligibility, .needs = NEEDS_LOGIN,
     .guard = signup_own_guard},
    /* In no transaction of its own: the line decides many at once. */
    {HTTP_POST, ME "/signups", signup_own_create, .needs = NEEDS_LOGIN, .guard = signup_own_guard,
     .in = &signup_create_shape, .out = &signup_shape},
    {HTTP_GET, ME "/signups", signup_own_list, .needs = NEEDS_LOGIN, .guard = signup_own_guard,
     .out = &signup_shape},
    {HTTP_GET, ME "/signups/{signup_id}", signup_own_show, .needs = NEEDS_LOGIN,
     .guard = signup_own_guard, .out = &signup_shape},
    {HTTP_POST, ME "/signups/{signup_id}/cancel", signup_own_cancel, .needs = NEEDS_LOGIN,
     .guard = signup_own_guard, .in = &signup_reason_shape, .out = &signup_shape,
     .in_transaction = true},
    {HTTP_POST, ME "/signups/{signup_id}/accept", signup_own_accept, .needs = NEEDS_LOGIN,
     .guard = signup_own_guard, .out = &signup_shape, .in_transaction = true},
    {HTTP_POST, ME "/signups/{signup_id}/decline", signup_own_decline, .needs = NEEDS_LOGIN,
     .guard = signup_own_guard, .out = &signup_shape, .in_transaction = true},

    {HTTP_GET, ADMIN "/shifts/{shift_id}/eligibility", signup_staff_eligibility,
     .needs = "signup:read", .guard = shift_guard},
    {HTTP_GET, ADMIN "/shifts/{shift_id}/signups", signup_staff_list_of_shift,
     .needs = "signup:read", .guard = shift_guard, .out = &signup_shape},
    {HTTP_POST, ADMIN "/shifts/{shift_id}/signups", signup_staff_place, .needs = "signup:decide",
     .guard = shift_guard, .in = &signup_place_shape, .out = &signup_shape, .in_transaction = true},
    {HTTP_GET, ADMIN "/activities/{activity_id}/signups/export", signup_staff_export,
     .needs = "signup:read", .guard = activity_guard, .long_lived = true},
    {HTTP_GET, ADMIN "/activities/{activity_id}/signups", signup_staff_list_of_activity,
     .needs = "signup:read", .guard = activity_guard, .out = &signup_shape},
    {HTTP_GET, ADMIN "/volunteers/{volunteer_id}/signups", signup_staff_list_of_volunteer,
     .needs = "volunteer:read", .guard = volunteer_guard, .out = &signup_shape},
    {HTTP_POST, ADMIN "/activities/{activity_id}/lottery", signup_staff_draw,
     .needs = "signup:decide", .guard = activity_guard, .timeout_ms = 2 * MINUTE_MS},
    {HTTP_POST, ADMIN "/signups/decisions", signup_staff_decide_many, .needs = "signup:decide",
     .in = &signup_bulk_shape, .timeout_ms = 2 * MINUTE_MS},
    {HTTP_GET, ADMIN "/signups/{signup_id}", signup_staff_show, .needs = "signup:read",
     .guard = signup_guard, .out = &signup_shape},
    {HTTP_POST, ADMIN "/signups/{signup_id}/decision", signup_staff_decide,
     .needs = "signup:decide", .guard = signup_guard, .in = &signup_decision_shape,
     .out = &signup_shape, .in_transaction = true},
    {HTTP_POST, ADMIN "/signups/{signup_id}/cancel", signup_staff_cancel, .needs = "signup:decide",
     .guard = signup_guard, .in = &signup_staff_reason_shape, .out = &signup_shape,
     .in_transaction = true},
    {HTTP_POST, ADMIN "/signups/{signup_id}/move-up", signup_staff_move_up,
     .needs = "signup:decide", .guard = signup_guard, .in = &signup_staff_reason_shape,
     .out = &signup_shape, .in_transaction = true},

    {HTTP_GET, "/api/v1/public/activities/{activity_id}/lottery", signup_public_lottery,
     .needs = NEEDS_NOTHING},
    {},
};

static const Permission PERMISSIONS[] = {
    {"signup:read", "查看报名", "See sign-ups"},
    {"signup:decide", "安排、审核和取消报名", "Place, decide and cancel sign-ups"},
    {},
};

const Concept signup_concept = {.name = "signup",
                                .routes = ROUTES,
                                .subscriptions = signup_subscriptions,
                                .schedules = signup_schedules,
                                .messages = signup_messages,
                                .permissions = PERMISSIONS,
                                .demo = signup_demo};
