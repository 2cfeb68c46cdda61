/* What people are told, and in which words. */
#include <string.h>

#include "base/str.h"
#include "voms/notice/notice_internal.h"

#define SHIFT_PARAMS "activity,position,place,starts_at,ends_at,reason"
#define HOURS_PARAMS "activity,starts_at,minutes,total_minutes,reason"

const NoticeKind notice_kinds[] = {
    {"application.approved", true, "name,unit,reason", "申请已通过",
     "{name}，您好！您加入{unit}的申请已通过，欢迎成为志愿者。", "Your application was accepted",
     "Hello {name}, your application to {unit} was accepted. Welcome!"},
    {"application.refused", true, "name,unit,reason", "申请未通过",
     "{name}，您好！很遗憾，您加入{unit}的申请未通过。原因：{reason}",
     "Your application was not accepted",
     "Hello {name}, we are sorry: your application to {unit} was not accepted. Reason: {reason}"},
    {"membership.approved", false, "unit,reason", "已加入{unit}", "您已成为{unit}的成员。",
     "You joined {unit}", "You are now a member of {unit}."},
    {"membership.refused", false, "unit,reason", "未能加入{unit}",
     "您加入{unit}的申请未通过。原因：{reason}", "You could not join {unit}",
     "Your request to join {unit} was refused. Reason: {reason}"},
    {"correction.requested", true, "field,message", "请核对您的资料",
     "工作人员认为您的资料可能有误，请登录后更正：{message}", "Please check your data",
     "Something in your file seems to be wrong; please sign in and correct it: {message}"},
    {"signup.approved", true, SHIFT_PARAMS, "报名成功：{activity}",
     "您报名的“{activity}”已通过。岗位：{position}；时间：{starts_at} 至 "
     "{ends_at}；地点：{place}。",
     "You have a place: {activity}",
     "Your sign-up for “{activity}” was approved. Position: {position}. Time: {starts_at} to "
     "{ends_at}. Place: {place}."},
    {"signup.rejected", true, SHIFT_PARAMS, "报名未通过：{activity}",
     "您报名的“{activity}”（{starts_at}）未通过。原因：{reason}", "No place: {activity}",
     "Your sign-up for “{activity}” ({starts_at}) was not approved. Reason: {reason}"},
    {"signup.waitlisted", false, SHIFT_PARAMS, "已进入候补：{activity}",
     "“{activity}”（{starts_at}）名额已满，您已进入候补名单，有空位时会通知您。",
     "On the waitlist: {activity}",
     "“{activity}” ({starts_at}) is full; you are on the waitlist and will hear when a place is "
     "free."},
    {"signup.offered", true, SHIFT_PARAMS ",offered_until", "有空位了：{activity}",
     "“{activity}”（{starts_at}）有一个空位留给您，请在 {offered_until} "
     "前登录确认，逾期将让给下一位。",
     "A place is free: {activity}",
     "A place in “{activity}” ({starts_at}) is kept for you. Please accept it before "
     "{offered_until}; after that it goes to the next."},
    {"signup.promoted", true, SHIFT_PARAMS, "候补成功：{activity}",
     "您已从候补转为正式报名：“{activity}”，岗位：{position}；时间：{starts_at} 至 {ends_at}；"
     "地点：{place}。",
     "You have a place now: {activity}",
     "You moved up from the waitlist of “{activity}”. Position: {position}. Time: {starts_at} to "
     "{ends_at}. Place: {place}."},
    {"signup.cancelled", true, SHIFT_PARAMS, "报名已取消：{activity}",
     "您在“{activity}”（{starts_at}）的报名已被取消。原因：{reason}",
     "Sign-up cancelled: {activity}",
     "Your sign-up for “{activity}” ({starts_at}) was cancelled. Reason: {reason}"},
    {"shift.changed", true, SHIFT_PARAMS, "班次有变化：{activity}",
     "“{activity}”的班次有变化，现在的时间：{starts_at} 至 {ends_at}；地点：{place}。",
     "A shift changed: {activity}",
     "A shift of “{activity}” changed. It is now from {starts_at} to {ends_at}, at {place}."},
    {"shift.cancelled", true, SHIFT_PARAMS, "班次已取消：{activity}",
     "“{activity}”{starts_at} 的班次已取消。原因：{reason}", "A shift was cancelled: {activity}",
     "The shift of “{activity}” at {starts_at} was cancelled. Reason: {reason}"},
    {"activity.cancelled", true, SHIFT_PARAMS, "活动已取消：{activity}",
     "“{activity}”（{starts_at}）已取消。原因：{reason}", "Activity cancelled: {activity}",
     "“{activity}” ({starts_at}) was cancelled. Reason: {reason}"},
    {"reminder.day", true, SHIFT_PARAMS, "明日提醒：{activity}",
     "提醒您：“{activity}”将于 {starts_at} 开始，地点：{place}。如不能参加，请尽早取消。",
     "Coming up: {activity}",
     "“{activity}” begins at {starts_at}, at {place}. If you cannot come, please cancel early."},
    {"reminder.hours", false, SHIFT_PARAMS, "即将开始：{activity}",
     "“{activity}”将于 {starts_at} 开始，地点：{place}。请准时签到。", "Starting soon: {activity}",
     "“{activity}” begins at {starts_at}, at {place}. Please check in on time."},
    {"attendance.missing", true, SHIFT_PARAMS, "缺少签退：{activity}",
     "您在“{activity}”（{starts_at}"
     "）没有签退，已按班次结束时间关闭，需工作人员核对后才能记录时长。",
     "Check-out is missing: {activity}",
     "You did not check out of “{activity}” ({starts_at}). It was closed at the shift's end, and "
     "staff must look at it before hours are recorded."},
    {"attendance.absent", true, SHIFT_PARAMS, "记为缺席：{activity}",
     "您在“{activity}”（{starts_at}）没有签到，已记为缺席。如有误，请联系活动负责人。",
     "Absent: {activity}",
     "You did not check in to “{activity}” ({starts_at}) and are marked as absent. If that is "
     "wrong, please tell the person in charge."},
    {"hours.granted", true, HOURS_PARAMS, "服务时长已记录：{activity}",
     "“{activity}”（{starts_at}）记录服务时长 {minutes} 小时，累计 {total_minutes} 小时。",
     "Hours recorded: {activity}",
     "{minutes} hours were recorded for “{activity}” ({starts_at}); {total_minutes} in all."},
    {"hours.regranted", true, HOURS_PARAMS, "服务时长已更正：{activity}",
     "“{activity}”（{starts_at}）的服务时长更正为 {minutes} 小时，累计 {total_minutes} "
     "小时。原因：{reason}",
     "Hours corrected: {activity}",
     "The hours for “{activity}” ({starts_at}) are now {minutes}; {total_minutes} in all. Reason: "
     "{reason}"},
    {"hours.voided", true, HOURS_PARAMS, "服务时长已作废：{activity}",
     "“{activity}”（{starts_at}）的 {minutes} 小时已作废，累计 {total_minutes} "
     "小时。原因：{reason}。"
     "如有异议，可以申诉。",
     "Hours voided: {activity}",
     "{minutes} hours for “{activity}” ({starts_at}) were voided; {total_minutes} in all. Reason: "
     "{reason}. You can dispute this."},
    {"dispute.opened", true, "name,activity,old_minutes,message", "时长异议待裁定：{activity}",
     "{name}对“{activity}”记录的 {old_minutes} 小时提出异议：{message}",
     "Hours disputed: {activity}",
     "{name} disputes the {old_minutes} hours for “{activity}”: {message}"},
    {"dispute.decided", true, "activity,old_minutes,new_minutes,reason", "异议已裁定：{activity}",
     "您对“{activity}”的时长异议已裁定：原 {old_minutes} 小时，现 {new_minutes} "
     "小时。理由：{reason}",
     "Dispute decided: {activity}",
     "Your dispute about “{activity}” was decided: {old_minutes} hours before, {new_minutes} now. "
     "Reason: {reason}"},
    {"record.overdue", true, "activity,ends_at", "服务记录已逾期：{activity}",
     "“{activity}”（{ends_at} 结束）的服务记录已超过 10 个工作日未完成，请尽快办理。",
     "Service records overdue: {activity}",
     "The service records of “{activity}” (ended {ends_at}) are over their 10 working days; please "
     "finish them."},
    {"import.finished", false, "file,created,updated,refused", "导入完成：{file}",
     "文件“{file}”导入完成：新增 {created}，更新 {updated}，未导入 {refused}。",
     "Import finished: {file}",
     "“{file}” was imported: {created} created, {updated} changed, {refused} refused."},
    {"import.failed", false, "file", "导入失败：{file}",
     "文件“{file}”未能导入完成，请在导入页面查看原因；已导入的行会保留，重新导入不会重复。",
     "Import failed: {file}",
     "“{file}” could not be imported to its end; the import's page says why. What was imported "
     "stays, "
     "and importing the file again repeats nothing."},
    {},
};

const NoticeKind *notice_kind_find(const char *name)
{
    for (const NoticeKind *kind = notice_kinds; kind->name != NULL; kind++) {
        if (str_equal(kind->name, name)) {
            return kind;
        }
    }
    return NULL;
}
