/* The fields of a volunteer, declared once: bodies, answers, history, columns of imports. */
#include "base/phone.h"
#include "base/str.h"
#include "voms/volunteer/contact.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/volunteer_internal.h"

const char *const volunteer_states[] = {"applicant", "active",   "inactive",
                                        "suspended", "archived", NULL};
const char *const genders[] = {"unspecified", "male", "female", NULL};
const char *const genders_zh[] = {"未说明", "男", "女", NULL};
const char *const consent_states[] = {"none", "given", "outdated", "withdrawn", NULL};

static const char *check_document_type(Arena *arena UNUSED, const char *value,
                                       const char **ret_normalized)
{
    *ret_normalized = value;
    return choice_index(ID_DOCUMENT_TYPES, value) >= 0 ? NULL : "not_a_choice";
}

static const char *check_region(Arena *arena UNUSED, const char *value, const char **ret_normalized)
{
    *ret_normalized = value;
    return region_code_is_valid(value) ? NULL : "invalid_region";
}

/* A name of separators alone could be neither read nor found. */
static const char *check_name(Arena *arena, const char *value, const char **ret_normalized)
{
    *ret_normalized = value;
    return str_is_empty(str_trim(arena, value)) ? "required" : NULL;
}

/* ---- Bodies and columns ---- */

#define DRAFT(member, type, ...) FIELD(VolunteerDraft, member, type, __VA_ARGS__)

#define NAME_FIELD                                                                                 \
    DRAFT(name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64, .check = check_name,     \
          .zh = "姓名", .en = "Name", .aliases = "名字|志愿者姓名|full name|volunteer name")

#define PERSON_FIELDS                                                                                                 \
    DRAFT(gender, FIELD_CHOICE, .choices = genders, .zh = "性别", .en = "Gender",                                     \
          .aliases = "sex"),                                                                                          \
        DRAFT(birth_date, FIELD_DATE, .zh = "出生日期", .en = "Birth date",                                           \
              .aliases = "生日|出生年月|出生年月日|birthday|date of birth|dob"),                                      \
        DRAFT(id_document_type, FIELD_TEXT, .max = 32, .check = check_document_type,                                  \
              .zh = "证件类型", .en = "ID document type", .aliases = "证件种类|id type"),                             \
        DRAFT(id_number, FIELD_TEXT, .max = 64, .zh = "证件号码", .en = "ID number",                                  \
              .aliases = "身份证号|身份证号码|身份证|证件号|公民身份号码|id card|id no|id card " \
                         "number")

#define CONTACT_FIELDS                                                                                         \
    DRAFT(phone, FIELD_TEXT, .max = 32, .check = phone_check, .zh = "手机号码", .en = "Phone",                 \
          .aliases = "手机|手机号|电话|联系电话|联系方式|移动电话|mobile|mobile phone|tel|" \
                     "telephone|phone number"),                                                                \
        DRAFT(email, FIELD_TEXT, .max = 254, .check = email_check, .zh = "电子邮箱",                           \
              .en = "E-mail", .aliases = "邮箱|电子邮件|email|mail|email address"),                            \
        DRAFT(residence_region, FIELD_TEXT, .max = 6, .check = check_region, .zh = "居住地区代码",             \
              .en = "Region code", .aliases = "行政区划代码|地区代码"),                                        \
        DRAFT(residence_region_text, FIELD_TEXT, .max = 128, .zh = "居住地区", .en = "Region",                 \
              .aliases = "居住区域|所在地区|地区|区域|现居住地"),                                              \
        DRAFT(address, FIELD_TEXT, .max = 200, .zh = "详细地址", .en = "Address",                              \
              .aliases = "地址|住址|家庭住址|居住地址|联系地址|通讯地址")

#define BACKGROUND_FIELDS                                                                          \
    DRAFT(education, FIELD_TEXT, .max = 64, .zh = "学历", .en = "Education",                       \
          .aliases = "文化程度|教育程度|最高学历"),                                                \
        DRAFT(occupation, FIELD_TEXT, .max = 64, .zh = "职业", .en = "Occupation",                 \
              .aliases = "从业状况|工作|job|profession"),                                          \
        DRAFT(political_status, FIELD_TEXT, .max = 64, .zh = "政治面貌",                           \
              .en = "Political status"),                                                           \
        DRAFT(skills, FIELD_TEXT_LIST, .max = 50, .zh = "技能特长", .en = "Skills",                \
              .aliases = "特长|技能|专业技能|服务技能"),                                           \
        DRAFT(service_categories, FIELD_TEXT_LIST, .max = 50, .zh = "服务类别",                    \
              .en = "Service categories", .aliases = "服务类型|志愿服务类别|服务领域|服务意向"),   \
        DRAFT(languages, FIELD_TEXT_LIST, .max = 50, .zh = "语言", .en = "Languages",              \
              .aliases = "语种|掌握语言|language")

#define CUSTOM_FIELD DRAFT(custom, FIELD_JSON, .zh = "自定义字段", .en = "Custom fields")
#define UNIT_FIELD DRAFT(unit_id, FIELD_ID, .flags = FIELD_REQUIRED, .zh = "所属单位", .en = "Unit")

static const Field CONSENT_GIVEN_FIELDS[] = {
    FIELD(ConsentGiven, policy_version, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 32),
    FIELD(ConsentGiven, note, FIELD_TEXT, .max = 500),
    {},
};
const Shape consent_given_shape = SHAPE(ConsentGiven, CONSENT_GIVEN_FIELDS);

static const Field GUARDIAN_FIELDS[] = {
    FIELD(Guardian, name, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 64),
    FIELD(Guardian, relation, FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 32),
    FIELD(Guardian, phone, FIELD_TEXT, .flags = FIELD_REQUIRED, .max = 32, .check = phone_check),
    {},
};
const Shape guardian_shape = SHAPE(Guardian, GUARDIAN_FIELDS);

static const Field CREATE_FIELDS[] = {
    NAME_FIELD,
    PERSON_FIELDS,
    CONTACT_FIELDS,
    BACKGROUND_FIELDS,
    CUSTOM_FIELD,
    UNIT_FIELD,
    DRAFT(consent, FIELD_OBJECT, .flags = FIELD_REQUIRED, .shape = &consent_given_shape),
    DRAFT(guardian, FIELD_OBJECT, .shape = &guardian_shape),
    {},
};
const Shape volunteer_create_shape = {.name = "VolunteerCreate",
                                      .size_bytes = sizeof(VolunteerDraft),
                                      .fields = CREATE_FIELDS};

static const Field PATCH_FIELDS[] = {
    NAME_FIELD, PERSON_FIELDS, CONTACT_FIELDS, BACKGROUND_FIELDS, CUSTOM_FIELD, UNIT_FIELD, {},
};
const Shape volunteer_patch_shape = {.name = "VolunteerPatch",
                                     .size_bytes = sizeof(VolunteerDraft),
                                     .fields = PATCH_FIELDS};

static const Field ME_FIELDS[] = {
    NAME_FIELD, PERSON_FIELDS, CONTACT_FIELDS, BACKGROUND_FIELDS, CUSTOM_FIELD, {},
};
const Shape volunteer_me_shape = {.name = "MePatch",
                                  .size_bytes = sizeof(VolunteerDraft),
                                  .fields = ME_FIELDS};

static const Field IMPORT_FIELDS[] = {
    NAME_FIELD,
    PERSON_FIELDS,
    CONTACT_FIELDS,
    BACKGROUND_FIELDS,
    DRAFT(number, FIELD_TEXT, .max = 11, .zh = "志愿者编号", .en = "Volunteer number",
          .aliases = "编号|统一编号|志愿者号|number"),
    DRAFT(guardian_name, FIELD_TEXT, .max = 64, .zh = "监护人姓名", .en = "Guardian",
          .aliases = "监护人|guardian name"),
    DRAFT(guardian_relation, FIELD_TEXT, .max = 32, .zh = "监护人关系", .en = "Guardian's relation",
          .aliases = "与监护人关系|guardian relation"),
    DRAFT(guardian_phone, FIELD_TEXT, .max = 32, .check = phone_check, .zh = "监护人电话",
          .en = "Guardian's phone", .aliases = "监护人手机|监护人联系电话|guardian phone"),
    {},
};
const Shape volunteer_import_shape = {.name = "VolunteerImport",
                                      .size_bytes = sizeof(VolunteerDraft),
                                      .fields = IMPORT_FIELDS};

/* ---- History ---- */

static const Field HISTORY_FIELDS[] = {
    DRAFT(name, FIELD_TEXT),
    DRAFT(gender, FIELD_CHOICE, .choices = genders),
    DRAFT(birth_date, FIELD_DATE),
    DRAFT(id_document_type, FIELD_TEXT),
    DRAFT(id_number, FIELD_TEXT),
    DRAFT(phone, FIELD_TEXT, .mask = phone_mask),
    DRAFT(email, FIELD_TEXT, .mask = email_mask),
    DRAFT(residence_region, FIELD_TEXT),
    DRAFT(residence_region_text, FIELD_TEXT),
    DRAFT(address, FIELD_TEXT, .mask = address_mask),
    DRAFT(education, FIELD_TEXT),
    DRAFT(occupation, FIELD_TEXT),
    DRAFT(political_status, FIELD_TEXT),
    DRAFT(skills, FIELD_TEXT_LIST),
    DRAFT(service_categories, FIELD_TEXT_LIST),
    DRAFT(languages, FIELD_TEXT_LIST),
    DRAFT(unit_id, FIELD_ID),
    {},
};
const Shape volunteer_history_shape = {.name = "VolunteerHistory",
                                       .size_bytes = sizeof(VolunteerDraft),
                                       .fields = HISTORY_FIELDS};

/* ---- Answers ---- */

static const Field VOLUNTEER_FIELDS[] = {
    FIELD(Volunteer, id, FIELD_ID, .zh = "ID", .en = "Id"),
    FIELD(Volunteer, number, FIELD_TEXT, .zh = "志愿者编号", .en = "Volunteer number"),
    FIELD(Volunteer, name, FIELD_TEXT, .zh = "姓名", .en = "Name"),
    FIELD(Volunteer, name_pinyin, FIELD_TEXT, .zh = "拼音", .en = "Pinyin"),
    FIELD(Volunteer, gender, FIELD_CHOICE, .choices = genders, .zh = "性别", .en = "Gender"),
    FIELD(Volunteer, birth_date, FIELD_DATE, .zh = "出生日期", .en = "Birth date"),
    FIELD(Volunteer, id_document_type, FIELD_TEXT, .zh = "证件类型", .en = "ID document type"),
    FIELD(Volunteer, id_number_masked, FIELD_TEXT, .zh = "证件号码", .en = "ID number"),
    FIELD(Volunteer, phone, FIELD_TEXT, .mask = phone_mask, .zh = "手机号码", .en = "Phone"),
    FIELD(Volunteer, email, FIELD_TEXT, .mask = email_mask, .zh = "电子邮箱", .en = "E-mail"),
    FIELD(Volunteer, residence_region, FIELD_TEXT, .zh = "居住地区代码", .en = "Region code"),
    FIELD(Volunteer, residence_region_text, FIELD_TEXT, .zh = "居住地区", .en = "Region"),
    FIELD(Volunteer, address, FIELD_TEXT, .mask = address_mask, .zh = "详细地址", .en = "Address"),
    FIELD(Volunteer, education, FIELD_TEXT, .zh = "学历", .en = "Education"),
    FIELD(Volunteer, occupation, FIELD_TEXT, .zh = "职业", .en = "Occupation"),
    FIELD(Volunteer, political_status, FIELD_TEXT, .zh = "政治面貌", .en = "Political status"),
    FIELD(Volunteer, skills, FIELD_TEXT_LIST, .zh = "技能特长", .en = "Skills"),
    FIELD(Volunteer, service_categories, FIELD_TEXT_LIST, .zh = "服务类别",
          .en = "Service categories"),
    FIELD(Volunteer, languages, FIELD_TEXT_LIST, .zh = "语言", .en = "Languages"),
    FIELD(Volunteer, unit_id, FIELD_ID, .zh = "单位ID", .en = "Unit id"),
    FIELD(Volunteer, unit_name, FIELD_TEXT, .zh = "所属单位", .en = "Unit"),
    FIELD(Volunteer, state, FIELD_CHOICE, .choices = volunteer_states, .zh = "状态", .en = "State"),
    FIELD(Volunteer, custom, FIELD_JSON, .zh = "自定义字段", .en = "Custom fields"),
    FIELD(Volunteer, service_minutes, FIELD_INT, .zh = "服务时长(分钟)",
          .en = "Service time (minutes)"),
    FIELD(Volunteer, entered_by, FIELD_ID, .zh = "录入账号", .en = "Entered by"),
    FIELD(Volunteer, consent_state, FIELD_CHOICE, .choices = consent_states,
          .flags = FIELD_NO_COLUMN, .zh = "隐私同意", .en = "Consent"),
    FIELD(Volunteer, created_at, FIELD_TIME, .zh = "录入时间", .en = "Entered at"),
    FIELD(Volunteer, updated_at, FIELD_TIME, .zh = "更新时间", .en = "Updated at"),
    FIELD(Volunteer, version, FIELD_INT, .zh = "版本", .en = "Version"),
    {},
};
const Shape volunteer_shape = SHAPE(Volunteer, VOLUNTEER_FIELDS);

static const Field INNER_FIELDS[] = {
    FIELD(Volunteer, state_changed_at, FIELD_TIME),
    FIELD(Volunteer, consent_version, FIELD_TEXT),
    FIELD(Volunteer, consent_withdrawn, FIELD_BOOL),
    FIELD(Volunteer, merged_into, FIELD_ID),
    FIELD(Volunteer, anonymised_at, FIELD_TIME),
    FIELD(Volunteer, id_number_hash, FIELD_TEXT),
    {},
};
static const Shape INNER = SHAPE(Volunteer, INNER_FIELDS);

void volunteer_from_row(Arena *arena, const StoreRows *rows, size_t row, Volunteer *ret_volunteer)
{
    *ret_volunteer = (Volunteer){};
    shape_from_row(arena, &volunteer_shape, rows, row, ret_volunteer);
    shape_from_row(arena, &INNER, rows, row, ret_volunteer);
    /* A name that nothing is known to be read as has no pinyin, rather than an empty one. */
    if (str_is_empty(ret_volunteer->name_pinyin)) {
        ret_volunteer->name_pinyin = NULL;
    }
}
