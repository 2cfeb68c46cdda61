/* Routes, permissions and texts of attendances. */
#include "voms/activity/activity.h"
#include "voms/attendance/attendance_internal.h"
#include "voms/volunteer/volunteer.h"

/* A guard: there is a volunteer to speak of. */
static Err *guard_volunteer(Ctx *ctx, const HttpRequest *req UNUSED)
{
    if (ctx->caller.volunteer_id.value == 0) {
        return ERR(ctx->arena, ERR_NOT_FOUND, "no_volunteer", "the account has no volunteer");
    }
    return NULL;
}

YIELDS static Err *show(Ctx *ctx, const HttpRequest *req, HttpResponse *res)
{
    int64_t id = 0;
    TRY(http_path_id(req, "attendance_id", &id));
    return attendance_reply(ctx, res, HTTP_OK, id);
}

static const Route ROUTES[] = {
    {HTTP_POST, "/api/v1/me/attendances/scan", attendance_scan, .needs = NEEDS_LOGIN,
     .guard = guard_volunteer, .in = &attendance_scan_shape, .out = &attendance_shape},
    {HTTP_GET, "/api/v1/me/attendances", attendance_list_own, .needs = NEEDS_LOGIN,
     .guard = guard_volunteer, .out = &attendance_shape},

    {HTTP_GET, "/api/v1/admin/shifts/{shift_id}/codes", attendance_show_codes,
     .needs = "attendance:record", .guard = shift_guard, .out = &attendance_codes_shape},
    {HTTP_GET, "/api/v1/admin/shifts/{shift_id}/presence", attendance_presence,
     .needs = "attendance:record", .guard = shift_guard, .out = &presence_entry_shape},
    {HTTP_GET, "/api/v1/admin/shifts/{shift_id}/presence/summary", attendance_presence_summary,
     .needs = "attendance:record", .guard = shift_guard, .out = &presence_summary_shape},
    {HTTP_GET, "/api/v1/admin/shifts/{shift_id}/presence/events", attendance_presence_events,
     .needs = "attendance:record", .guard = shift_guard, .long_lived = true},
    {HTTP_POST, "/api/v1/admin/shifts/{shift_id}/taps", attendance_tap,
     .needs = "attendance:record", .guard = shift_guard, .in = &attendance_tap_shape,
     .out = &presence_entry_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/shifts/{shift_id}/kiosk", attendance_kiosk,
     .needs = "attendance:record", .guard = shift_guard, .in = &attendance_kiosk_shape,
     .out = &presence_entry_shape},
    {HTTP_POST, "/api/v1/admin/shifts/{shift_id}/absences", attendance_absence,
     .needs = "attendance:record", .guard = shift_guard, .in = &attendance_absence_shape,
     .out = &presence_entry_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/shifts/{shift_id}/back-fills", attendance_back_fill,
     .needs = "attendance:correct", .guard = shift_guard, .in = &attendance_back_fill_shape,
     .out = &attendance_shape, .in_transaction = true},

    {HTTP_GET, "/api/v1/admin/attendances", attendance_list, .needs = "attendance:read",
     .out = &attendance_shape},
    {HTTP_GET, "/api/v1/admin/attendances/{attendance_id}", show, .needs = "attendance:read",
     .guard = attendance_guard_one, .out = &attendance_shape},
    {HTTP_GET, "/api/v1/admin/attendances/{attendance_id}/corrections", attendance_list_corrections,
     .needs = "attendance:read", .guard = attendance_guard_one,
     .out = &attendance_correction_shape},
    {HTTP_POST, "/api/v1/admin/attendances/{attendance_id}/undo", attendance_undo,
     .needs = "attendance:record", .guard = attendance_guard_one, .in = &attendance_undo_shape,
     .out = &presence_entry_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/attendances/{attendance_id}/correct", attendance_correct,
     .needs = "attendance:correct", .guard = attendance_guard_one, .in = &attendance_correct_shape,
     .out = &attendance_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/attendances/{attendance_id}/void", attendance_void,
     .needs = "attendance:correct", .guard = attendance_guard_one, .in = &attendance_reason_shape,
     .out = &attendance_shape, .in_transaction = true},
    {HTTP_POST, "/api/v1/admin/attendances/{attendance_id}/review", attendance_review,
     .needs = "attendance:correct", .guard = attendance_guard_one, .in = &volunteer_decision_shape,
     .out = &attendance_shape, .in_transaction = true},

    {HTTP_GET, "/api/v1/admin/attendance-devices", attendance_device_list,
     .needs = "attendance:correct", .out = &attendance_device_shape},
    {HTTP_POST, "/api/v1/admin/attendance-devices", attendance_device_create,
     .needs = "attendance:correct", .in = &attendance_device_create_shape,
     .out = &attendance_device_shape, .in_transaction = true, .secret_answer = true},
    {HTTP_DELETE, "/api/v1/admin/attendance-devices/{device_id}", attendance_device_revoke,
     .needs = "attendance:correct", .guard = attendance_device_guard, .in_transaction = true},
    {HTTP_POST, "/api/v1/public/attendance-scans", attendance_device_scans, .needs = NEEDS_NOTHING,
     .in = &attendance_device_scans_shape},

    {HTTP_POST, "/api/v1/admin/files", attendance_file_upload, .needs = "attendance:correct",
     .out = &stored_file_shape, .upload = true, .body_max_bytes = 11 * 1024 * 1024},
    {HTTP_GET, "/api/v1/admin/files/{file_id}", attendance_file_download,
     .needs = "attendance:read", .guard = attendance_file_guard, .long_lived = true},
    {},
};

static const Permission PERMISSIONS[] = {
    {"attendance:read", "查看考勤", "See attendances"},
    {"attendance:record", "登记签到签退", "Record check-ins and check-outs"},
    {"attendance:correct", "补录、更正和复核考勤", "Back-fill, correct and review attendances"},
    {},
};

static const MessageText MESSAGES[] = {
    {"shift_not_found", "没有这个班次", "There is no such shift"},
    {"attendance_not_found", "没有这条考勤", "There is no such attendance"},
    {"file_not_found", "没有这个文件", "There is no such file"},
    {"device_not_found", "没有这台设备，或已停用", "There is no such device, or it was revoked"},
    {"too_early", "还没到签到时间，班次开始前 {} 分钟起可以签到",
     "It is too early: check-in opens {} minutes before the shift"},
    {"window_closed", "签到时间已过（班次结束后 {} 分钟内有效），请联系负责人补录",
     "It is too late: this closed {} minutes after the shift. Ask the coordinator"},
    {"not_signed_up", "没有这个班次的有效报名", "There is no sign-up that holds for this shift"},
    {"already_checked_in", "已经签到", "Checked in already"},
    {"already_checked_out", "已经签退", "Checked out already"},
    {"not_checked_in", "还没有签到", "Not checked in yet"},
    {"already_reviewed", "这条考勤已经复核", "This attendance was reviewed already"},
    {"code_unreadable", "这不是签到码", "This is no attendance code"},
    {"code_used", "这个码您已经用过，请等下一个",
     "You have used this code already. Wait for the next one"},
    {"too_many_wrong_codes", "错误的码太多，请稍后再试", "Too many wrong codes. Try again later"},
    {"position_needed", "请允许获取位置", "Your position is needed"},
    {"place_unknown", "这个班次没有设置地点坐标，请使用动态码",
     "The shift's place has no coordinates. Use the rotating code"},
    {"outside", "您距离活动地点约 {} 米，不在签到范围内",
     "You are about {} m away, which is outside"},
    {"digits_only", "只能是数字", "Digits only"},
    {"digits_ambiguous", "有多人的手机尾号相同，请多输入几位",
     "Several people match. Enter more digits"},
    {"activity_not_running", "活动当前状态（{}）不能登记考勤",
     "The activity's state ({}) does not allow attendance"},
    {"shift_cancelled", "班次已取消", "The shift was cancelled"},
    {"shift_not_begun", "班次还没有开始", "The shift has not begun"},
    {"attendance_exists", "已有考勤记录", "There is an attendance already"},
    {"attendance_voided", "这条考勤已作废", "This attendance is void"},
    {"undo_too_late", "已过撤销时间，请使用更正", "It is too late to undo. Correct it instead"},
    {"undo_not_by_desk", "只能撤销签到台登记的签到签退",
     "Only what the front desk recorded can be undone"},
    {"before_check_in", "签退必须晚于签到", "The check-out must come after the check-in"},
    {"longer_than_a_day", "不能超过 24 小时", "No longer than 24 hours"},
    {"in_the_future", "不能在将来", "Not in the future"},
    {"absent_needs_back_fill", "缺勤请用补录", "Use a back-fill for an absence"},
    {"review_not_needed", "这条考勤不需要复核", "This attendance needs no review"},
    {"own_attendance", "不能复核自己的考勤", "Nobody reviews the own attendance"},
    {"signature_wrong", "签名不正确", "The signature is wrong"},
    {"counter_reused", "计数器已用于另一次扫码", "The counter was used for another scan"},
    {"scan.recorded", "已登记", "Recorded"},
    {"scan.unchanged", "已登记过，没有变化", "Known already; nothing changed"},
    {"unchanged", "没有变化", "Nothing changed"},
    {"file_empty", "文件是空的", "The file is empty"},
    {"file_type_not_taken", "只接受 JPEG、PNG、WebP 图片和 PDF",
     "Only JPEG, PNG and WebP images and PDF are taken"},
    {"file_too_large", "文件不能超过 {} MB", "The file must not exceed {} MB"},
    {"file_not_stored", "文件无法保存，请稍后再试", "The file cannot be stored. Try again later"},
    {"file_not_removed", "文件无法删除", "The file cannot be removed"},
    {"choice.present", "在场", "present"},
    {"choice.completed", "已完成", "completed"},
    {"choice.absent", "缺勤", "absent"},
    {"choice.voided", "已作废", "voided"},
    {"choice.in", "签到", "check-in"},
    {"choice.out", "签退", "check-out"},
    {},
};

static const Schedule SCHEDULES[] = {
    {"attendance_close", MINUTE_MS, attendance_close_forgotten},
    {"attendance_absent", MINUTE_MS, attendance_mark_absent},
    {"attendance_files", HOUR_MS, attendance_clean_files},
    {},
};

const Concept attendance_concept = {
    .name = "attendance",
    .routes = ROUTES,
    .schedules = SCHEDULES,
    .messages = MESSAGES,
    .permissions = PERMISSIONS,
    .demo = attendance_demo,
};
