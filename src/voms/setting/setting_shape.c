#include "voms/setting/setting_shape.h"

#include "voms/common/zone.h"

#define NAME_LENGTH_MAX 128
#define POLICY_LENGTH_MAX 100000
#define DAYS_MAX 36500

static const char *const LANGUAGES[] = {"zh-CN", "en", NULL};

static const char *const ROUNDINGS[] = {"down", "nearest", "up", NULL};

static const Field FIELDS[] = {
    FIELD(Settings, organisation_name_zh, FIELD_TEXT, .flags = FIELD_REQUIRED,
          .max = NAME_LENGTH_MAX, .zh = "组织名称（中文）", .en = "Organisation name (Chinese)"),
    FIELD(Settings, organisation_name_en, FIELD_TEXT, .flags = FIELD_REQUIRED,
          .max = NAME_LENGTH_MAX, .zh = "组织名称（英文）", .en = "Organisation name (English)"),
    FIELD(Settings, time_zone, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = ZONE_NAME_MAX,
          .check = zone_check, .zh = "时区", .en = "Time zone"),
    FIELD(Settings, default_language, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = LANGUAGES,
          .zh = "默认语言", .en = "Default language"),
    FIELD(Settings, applications_open, FIELD_BOOL, .flags = FIELD_REQUIRED, .zh = "开放申请",
          .en = "Applications open"),
    FIELD(Settings, membership_approval_join, FIELD_BOOL, .flags = FIELD_REQUIRED,
          .zh = "加入需审批", .en = "Joining needs approval"),
    FIELD(Settings, membership_approval_leave, FIELD_BOOL, .flags = FIELD_REQUIRED,
          .zh = "退出需审批", .en = "Leaving needs approval"),
    FIELD(Settings, retention_applicant_days, FIELD_INT, .flags = FIELD_REQUIRED, .max = DAYS_MAX,
          .zh = "未通过申请的保存天数", .en = "Days that refused applications are kept"),
    FIELD(Settings, retention_archived_days, FIELD_INT, .flags = FIELD_REQUIRED, .max = DAYS_MAX,
          .zh = "归档志愿者的保存天数", .en = "Days that archived volunteers are kept"),
    FIELD(Settings, retention_session_days, FIELD_INT, .flags = FIELD_REQUIRED, .max = DAYS_MAX,
          .zh = "已结束登录的保存天数", .en = "Days that ended sessions are kept"),
    FIELD(Settings, minor_age, FIELD_INT, .flags = FIELD_REQUIRED, .max = 30,
          .zh = "未成年人年龄线", .en = "Age below which a guardian must consent"),
    FIELD(Settings, minor_special_age, FIELD_INT, .flags = FIELD_REQUIRED, .max = 30,
          .zh = "特别保护年龄线", .en = "Age below which special handling applies"),
    FIELD(Settings, ledger_rounding_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 60, .zh = "时长取整单位（分钟）", .en = "Service time in multiples of (minutes)"),
    FIELD(Settings, ledger_rounding, FIELD_CHOICE, .flags = FIELD_REQUIRED, .choices = ROUNDINGS,
          .zh = "时长取整方式", .en = "Rounding of service time"),
    FIELD(Settings, ledger_minimum_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 1440,
          .zh = "每班次最短时长（分钟）", .en = "Least service time of a shift (minutes)"),
    FIELD(Settings, ledger_maximum_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 10080,
          .zh = "每班次最长时长（分钟，0 为不限）",
          .en = "Most service time of a shift (minutes, 0: no limit)"),
    FIELD(Settings, ledger_unit_review_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 1440,
          .zh = "每人每日超过该时长须单位审核（分钟）",
          .en = "Minutes of a person and day above which the unit reviews"),
    FIELD(Settings, ledger_parent_review_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 1440,
          .zh = "每人每日超过该时长须上级审核（分钟）",
          .en = "Minutes of a person and day above which the parent unit reviews"),
    FIELD(Settings, record_due_working_days, FIELD_INT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 250, .zh = "服务记录应在几个工作日内完成",
          .en = "Working days within which service records are due"),
    FIELD(Settings, signup_overlap_minutes, FIELD_INT, .max = 24 * 60,
          .zh = "报名允许的班次重叠（分钟）",
          .en = "Overlap of shifts that sign-up allows, minutes"),
    FIELD(Settings, signup_rest_minutes, FIELD_INT, .max = 7 * 24 * 60,
          .zh = "班次之间的最短休息（分钟）", .en = "Least rest between shifts, minutes"),
    FIELD(Settings, signup_day_minutes_max, FIELD_INT, .max = 24 * 60,
          .zh = "每人每日服务上限（分钟，0 为不限）",
          .en = "Most service of a person on a day, minutes (0: no limit)"),
    FIELD(Settings, attendance_before_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 1440,
          .zh = "签到提前分钟数", .en = "Minutes before a shift from which check-in is open"),
    FIELD(Settings, attendance_after_minutes, FIELD_INT, .flags = FIELD_REQUIRED, .max = 1440,
          .zh = "签退延后分钟数", .en = "Minutes after a shift until which check-out is open"),
    FIELD(Settings, privacy_policy_version, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1,
          .max = 32, .zh = "隐私政策版本", .en = "Privacy policy version"),
    FIELD(Settings, privacy_policy_zh, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED,
          .max = POLICY_LENGTH_MAX, .zh = "隐私政策（中文）", .en = "Privacy policy (Chinese)"),
    FIELD(Settings, privacy_policy_en, FIELD_LONG_TEXT, .flags = FIELD_REQUIRED,
          .max = POLICY_LENGTH_MAX, .zh = "隐私政策（英文）", .en = "Privacy policy (English)"),
    FIELD(Settings, updated_at, FIELD_TIME, .flags = FIELD_READ_ONLY),
    FIELD(Settings, version, FIELD_INT, .flags = FIELD_READ_ONLY),
    {},
};

const Shape setting_shape = SHAPE(Settings, FIELDS);

const Settings setting_defaults = {
    .organisation_name_zh = "我们的志愿者组织",
    .organisation_name_en = "Our volunteer organisation",
    .time_zone = "Asia/Shanghai",
    .default_language = LANGUAGE_ZH,
    .applications_open = true,
    .membership_approval_join = true,
    .membership_approval_leave = false,
    .retention_applicant_days = 180,
    .retention_archived_days = 0,
    .retention_session_days = 180,
    .minor_age = 18,
    .minor_special_age = 14,
    .ledger_rounding_minutes = 1,
    .ledger_unit_review_minutes = 8 * 60,
    .ledger_parent_review_minutes = 12 * 60,
    .record_due_working_days = 10,
    .attendance_before_minutes = 60,
    .attendance_after_minutes = 120,
    .privacy_policy_version = "1",
    .privacy_policy_zh =
        "本组织为开展志愿服务，依法收集您的姓名、证件信息、联系方式、技能与服务记录，"
        "用于招募、活动组织、服务记录和证明出具。身份证号等敏感信息加密保存，未经授权不予显示。"
        "您可以随时查阅、下载、更正您的信息，撤回同意或申请注销；依照《志愿服务条例》等规定必须保存"
        "的"
        "服务记录除外。",
    .privacy_policy_en =
        "To organise voluntary service we collect, as the law allows, your name, identity "
        "document, "
        "contact details, skills and service records, and use them for recruitment, activities, "
        "service records and their proofs. Identity numbers and other sensitive data are stored "
        "encrypted and shown only to those who are authorised. You may see, download and correct "
        "your data, withdraw your consent or ask for deletion at any time; service records that "
        "the "
        "law makes us keep are excepted.",
};
