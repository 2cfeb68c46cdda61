/* The fields of activities, positions and shifts. */
#include "voms/activity/activity_internal.h"
#include "voms/common/zone.h"

const char *const activity_states[] = {"draft", "submitted", "published", "in_progress",
                                       "ended", "settled",   "cancelled", NULL};
const char *const activity_visibilities[] = {"public", "members", "invited", NULL};
const char *const activity_approvals[] = {"automatic", "review", "lottery", NULL};
const char *const activity_waitlists[] = {"promote", "offer", NULL};
const char *const shift_states[] = {"planned", "cancelled", NULL};
const char *const position_genders[] = {"any", "male", "female", NULL};

static const Field POINT_FIELDS[] = {
    FIELD(GeoPoint, latitude, FIELD_REAL, .flags = FIELD_REQUIRED, .min = -90, .max = 90,
          .zh = "纬度", .en = "Latitude"),
    FIELD(GeoPoint, longitude, FIELD_REAL, .flags = FIELD_REQUIRED, .min = -180, .max = 180,
          .zh = "经度", .en = "Longitude"),
    {},
};
const Shape geo_point_shape = SHAPE(GeoPoint, POINT_FIELDS);

/* What may be entered. */
#define ACTIVITY_ENTERED_FIELDS                                                                    \
    FIELD(Activity, recording_unit_id, FIELD_ID, .zh = "记录单位ID", .en = "Recording unit id"),   \
        FIELD(Activity, project_id, FIELD_ID, .zh = "项目ID", .en = "Project id"),                 \
        FIELD(Activity, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 100,           \
              .zh = "名称", .en = "Name"),                                                         \
        FIELD(Activity, category, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64,        \
              .zh = "类别", .en = "Category"),                                                     \
        FIELD(Activity, description, FIELD_LONG_TEXT, .min = 1, .max = 10000, .zh = "内容",        \
              .en = "Description"),                                                                \
        FIELD(Activity, place_name, FIELD_TEXT, .min = 1, .max = 100, .zh = "地点",                \
              .en = "Place"),                                                                      \
        FIELD(Activity, address, FIELD_TEXT, .min = 1, .max = 200, .zh = "地址", .en = "Address"), \
        FIELD(Activity, point, FIELD_OBJECT, .shape = &geo_point_shape, .zh = "位置",              \
              .en = "Position on the map"),                                                        \
        FIELD(Activity, radius_m, FIELD_INT, .min = 10, .max = 100000, .zh = "签到半径（米）",     \
              .en = "Radius (m)"),                                                                 \
        FIELD(Activity, risk_notice, FIELD_LONG_TEXT, .min = 1, .max = 10000, .zh = "风险告知",    \
              .en = "Risk notice"),                                                                \
        FIELD(Activity, provided, FIELD_LONG_TEXT, .min = 1, .max = 2000, .zh = "提供的保障",      \
              .en = "What is provided"),                                                           \
        FIELD(Activity, contact_name, FIELD_TEXT, .min = 1, .max = 64, .zh = "联系人",             \
              .en = "Contact"),                                                                    \
        FIELD(Activity, contact_phone, FIELD_TEXT, .min = 1, .max = 32, .zh = "联系电话",          \
              .en = "Contact phone"),                                                              \
        FIELD(Activity, person_in_charge, FIELD_TEXT, .min = 1, .max = 64, .zh = "活动负责人",     \
              .en = "Person in charge"),                                                           \
        FIELD(Activity, is_volunteer_service, FIELD_BOOL, .zh = "声明为志愿服务",                  \
              .en = "Declared as volunteer service"),                                              \
        FIELD(Activity, is_dangerous, FIELD_BOOL, .zh = "可能有人身危险",                          \
              .en = "May be dangerous"),                                                           \
        FIELD(Activity, insurance_policy, FIELD_TEXT, .min = 1, .max = 200, .zh = "保险单",        \
              .en = "Insurance policy"),                                                           \
        FIELD(Activity, insurance_until, FIELD_DATE, .zh = "保险有效期至", .en = "Insured until"), \
        FIELD(Activity, visibility, FIELD_CHOICE, .choices = activity_visibilities,                \
              .zh = "可见范围", .en = "Visible to"),                                               \
        FIELD(Activity, time_zone, FIELD_TEXT, .min = 1, .max = ZONE_NAME_MAX,                     \
              .check = zone_check, .zh = "时区", .en = "Time zone"),                               \
        FIELD(Activity, sign_up_opens_at, FIELD_TIME, .zh = "报名开始", .en = "Sign-up opens"),    \
        FIELD(Activity, sign_up_closes_at, FIELD_TIME, .zh = "报名截止", .en = "Sign-up closes"),  \
        FIELD(Activity, cancel_deadline_minutes, FIELD_INT, .max = 60 * 24 * 90,                   \
              .zh = "取消报名的最晚提前分钟数", .en = "Cancel deadline (minutes before)"),         \
        FIELD(Activity, approval, FIELD_CHOICE, .choices = activity_approvals,                     \
              .zh = "报名确认方式", .en = "Sign-ups are decided by"),                              \
        FIELD(Activity, waitlist, FIELD_CHOICE, .choices = activity_waitlists, .zh = "候补方式",   \
              .en = "Waitlist"),                                                                   \
        FIELD(Activity, offer_minutes, FIELD_INT, .min = 5, .max = 60 * 24 * 30,                   \
              .zh = "候补确认时限（分钟）", .en = "Time for an offer (minutes)"),                  \
        FIELD(Activity, minimum_age, FIELD_INT, .max = 120, .zh = "最小年龄",                      \
              .en = "Minimum age"),                                                                \
        FIELD(Activity, maximum_age, FIELD_INT, .max = 120, .zh = "最大年龄", .en = "Maximum age")

static const Field ACTIVITY_FIELDS[] = {
    FIELD(Activity, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(Activity, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(Activity, unit_name, FIELD_TEXT, .zh = "单位", .en = "Unit"),
    FIELD(Activity, recording_unit_name, FIELD_TEXT, .zh = "记录单位", .en = "Recording unit"),
    FIELD(Activity, project_name, FIELD_TEXT, .zh = "项目", .en = "Project"),
    FIELD(Activity, state, FIELD_CHOICE, .choices = activity_states, .zh = "状态", .en = "State"),
    FIELD(Activity, state_changed_at, FIELD_TIME, .zh = "状态时间", .en = "State since"),
    ACTIVITY_ENTERED_FIELDS,
    FIELD(Activity, risk_notice_version, FIELD_INT, .zh = "风险告知版本",
          .en = "Risk notice version"),
    FIELD(Activity, lottery_seed, FIELD_TEXT, .zh = "抽签种子", .en = "Lottery seed"),
    FIELD(Activity, lottery_drawn_at, FIELD_TIME, .zh = "抽签时间", .en = "Drawn at"),
    FIELD(Activity, starts_at, FIELD_TIME, .zh = "开始", .en = "Starts"),
    FIELD(Activity, ends_at, FIELD_TIME, .zh = "结束", .en = "Ends"),
    FIELD(Activity, places, FIELD_INT, .zh = "名额", .en = "Places"),
    FIELD(Activity, taken, FIELD_INT, .zh = "已占名额", .en = "Taken"),
    FIELD(Activity, submitted_by, FIELD_ID, .zh = "提交账号", .en = "Submitted by"),
    FIELD(Activity, published_at, FIELD_TIME, .zh = "发布时间", .en = "Published at"),
    FIELD(Activity, decision_reason, FIELD_TEXT, .zh = "退回原因", .en = "Why it was sent back"),
    FIELD(Activity, cancel_reason, FIELD_TEXT, .zh = "取消原因", .en = "Why it was cancelled"),
    FIELD(Activity, settled_at, FIELD_TIME, .zh = "结算时间", .en = "Settled at"),
    FIELD(Activity, copied_from, FIELD_ID, .zh = "复制自", .en = "Copied from"),
    FIELD(Activity, created_by, FIELD_ID, .zh = "创建账号", .en = "Created by"),
    FIELD(Activity, created_at, FIELD_TIME, .zh = "创建时间", .en = "Created at"),
    FIELD(Activity, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(Activity, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape activity_shape = SHAPE(Activity, ACTIVITY_FIELDS);

static const Field ACTIVITY_CREATE_FIELDS[] = {
    FIELD(Activity, unit_id, FIELD_ID, .flags = FIELD_REQUIRED),
    ACTIVITY_ENTERED_FIELDS,
    {},
};
const Shape activity_create_shape = {.name = "ActivityCreate",
                                     .size_bytes = sizeof(Activity),
                                     .fields = ACTIVITY_CREATE_FIELDS};

static const Field ACTIVITY_PATCH_FIELDS[] = {ACTIVITY_ENTERED_FIELDS, {}};
const Shape activity_patch_shape = {.name = "ActivityPatch",
                                    .size_bytes = sizeof(Activity),
                                    .fields = ACTIVITY_PATCH_FIELDS};

/* ---- Positions ---- */

#define POSITION_ENTERED_FIELDS                                                                    \
    FIELD(Position, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64, .zh = "名称",  \
          .en = "Name"),                                                                           \
        FIELD(Position, description, FIELD_LONG_TEXT, .min = 1, .max = 2000, .zh = "说明",         \
              .en = "Description"),                                                                \
        FIELD(Position, needed, FIELD_INT, .flags = FIELD_REQUIRED, .max = NEEDED_MAX,             \
              .zh = "每班次人数", .en = "People per shift"),                                       \
        FIELD(Position, required_skills, FIELD_TEXT_LIST, .max = 20, .zh = "所需技能",             \
              .en = "Required skills"),                                                            \
        FIELD(Position, minimum_age, FIELD_INT, .max = 120, .zh = "最小年龄",                      \
              .en = "Minimum age"),                                                                \
        FIELD(Position, maximum_age, FIELD_INT, .max = 120, .zh = "最大年龄",                      \
              .en = "Maximum age"),                                                                \
        FIELD(Position, gender, FIELD_CHOICE, .choices = position_genders, .zh = "性别",           \
              .en = "Gender")

static const Field POSITION_FIELDS[] = {
    FIELD(Position, id, FIELD_ID),
    FIELD(Position, activity_id, FIELD_ID),
    POSITION_ENTERED_FIELDS,
    FIELD(Position, removed_at, FIELD_TIME, .zh = "移除时间", .en = "Removed at"),
    FIELD(Position, created_at, FIELD_TIME),
    FIELD(Position, updated_at, FIELD_TIME),
    FIELD(Position, version, FIELD_INT),
    {},
};
const Shape position_shape = SHAPE(Position, POSITION_FIELDS);

static const Field POSITION_ENTRY_FIELDS[] = {POSITION_ENTERED_FIELDS, {}};
const Shape position_create_shape = {.name = "PositionCreate",
                                     .size_bytes = sizeof(Position),
                                     .fields = POSITION_ENTRY_FIELDS};
const Shape position_patch_shape = {.name = "PositionPatch",
                                    .size_bytes = sizeof(Position),
                                    .fields = POSITION_ENTRY_FIELDS};

/* ---- Shifts ---- */

static const Field PLACE_FIELDS[] = {
    FIELD(ShiftPlace, position_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(ShiftPlace, needed, FIELD_INT, .flags = FIELD_REQUIRED, .max = NEEDED_MAX),
    FIELD(ShiftPlace, taken, FIELD_INT),
    FIELD(ShiftPlace, waiting, FIELD_INT),
    FIELD(ShiftPlace, pending, FIELD_INT),
    FIELD(ShiftPlace, overridden, FIELD_BOOL),
    {},
};
const Shape shift_place_shape = SHAPE(ShiftPlace, PLACE_FIELDS);

static const Field PLACE_NEED_FIELDS[] = {
    FIELD(ShiftPlace, position_id, FIELD_ID, .flags = FIELD_REQUIRED),
    FIELD(ShiftPlace, needed, FIELD_INT, .flags = FIELD_REQUIRED, .max = NEEDED_MAX),
    {},
};
const Shape shift_need_shape = {.name = "ShiftNeed",
                                .size_bytes = sizeof(ShiftPlace),
                                .fields = PLACE_NEED_FIELDS};

#define SHIFT_PLACE_FIELDS                                                                         \
    FIELD(Shift, place_name, FIELD_TEXT, .min = 1, .max = 100, .zh = "地点", .en = "Place"),       \
        FIELD(Shift, address, FIELD_TEXT, .min = 1, .max = 200, .zh = "地址", .en = "Address"),    \
        FIELD(Shift, point, FIELD_OBJECT, .shape = &geo_point_shape, .zh = "位置",                 \
              .en = "Position on the map"),                                                        \
        FIELD(Shift, radius_m, FIELD_INT, .max = 100000, .zh = "签到半径（米）",                   \
              .en = "Radius (m)"),                                                                 \
        FIELD(Shift, note, FIELD_LONG_TEXT, .min = 1, .max = 1000, .zh = "备注", .en = "Note")

#define SHIFT_TIME_FIELDS                                                                          \
    FIELD(Shift, starts_at, FIELD_TIME, .flags = FIELD_REQUIRED, .zh = "开始", .en = "Starts"),    \
        FIELD(Shift, ends_at, FIELD_TIME, .flags = FIELD_REQUIRED, .zh = "结束", .en = "Ends")

static const Field SHIFT_FIELDS[] = {
    FIELD(Shift, id, FIELD_ID),
    FIELD(Shift, activity_id, FIELD_ID),
    FIELD(Shift, batch_id, FIELD_ID),
    SHIFT_TIME_FIELDS,
    FIELD(Shift, state, FIELD_CHOICE, .choices = shift_states, .zh = "状态", .en = "State"),
    FIELD(Shift, cancel_reason, FIELD_TEXT, .zh = "取消原因", .en = "Why it was cancelled"),
    SHIFT_PLACE_FIELDS,
    FIELD(Shift, places, FIELD_OBJECT_LIST, .shape = &shift_place_shape),
    FIELD(Shift, created_at, FIELD_TIME),
    FIELD(Shift, updated_at, FIELD_TIME),
    FIELD(Shift, version, FIELD_INT),
    {},
};
const Shape shift_shape = SHAPE(Shift, SHIFT_FIELDS);

static const Field SHIFT_ENTRY_FIELDS[] = {
    SHIFT_TIME_FIELDS,
    SHIFT_PLACE_FIELDS,
    FIELD(Shift, places, FIELD_OBJECT_LIST, .max = POSITIONS_MAX, .shape = &shift_need_shape),
    {},
};
const Shape shift_create_shape = {.name = "ShiftCreate",
                                  .size_bytes = sizeof(Shift),
                                  .fields = SHIFT_ENTRY_FIELDS};
const Shape shift_patch_shape = {.name = "ShiftPatch",
                                 .size_bytes = sizeof(Shift),
                                 .fields = SHIFT_ENTRY_FIELDS};

/* ---- Reasons ---- */

static const Field REASON_FIELDS[] = {
    FIELD(ReasonBody, reason, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 500),
    {},
};
const Shape activity_reason_shape = {.name = "ActivityReason",
                                     .size_bytes = sizeof(ReasonBody),
                                     .fields = REASON_FIELDS};
