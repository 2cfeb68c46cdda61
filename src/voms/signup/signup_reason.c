/* Reasons as people read them: codes, parameters and texts. */
#include <inttypes.h>

#include "base/json.h"
#include "voms/signup/signup_internal.h"

const MessageText signup_messages[] = {
    {"not_published", "活动尚未发布或已取消", "The activity is not published"},
    {"activity_ended", "活动或班次已结束", "The activity or the shift is over"},
    {"shift_cancelled", "该班次或岗位已取消", "The shift or the position was cancelled"},
    {"not_open_yet", "报名尚未开始，开始时间：{}", "Sign-up is not open yet: it opens at {}"},
    {"sign_up_closed", "报名已于 {} 截止", "Sign-up closed at {}"},
    {"already_signed_up", "已报名该班次（{}）", "There is a sign-up for this shift already ({})"},
    {"volunteer_not_active", "志愿者当前不是活跃状态（{}）", "The volunteer is not active ({})"},
    {"volunteer_suspended", "志愿者已被暂停", "The volunteer is suspended"},
    {"not_member", "仅限本单位成员报名", "For members of the unit only"},
    {"not_invited", "仅限受邀者报名", "For those who are invited only"},
    {"consent_missing", "尚未同意现行的隐私政策", "The present privacy policy is not consented to"},
    {"guardian_consent_missing", "未满 {} 周岁，需要监护人同意",
     "Below the age of {} a guardian must consent"},
    {"birth_date_missing", "有年龄要求，但未登记出生日期",
     "There is a limit of age, and the birth date is not known"},
    {"too_young", "须年满 {} 周岁", "The least age is {}"},
    {"too_old", "年龄不得超过 {} 周岁", "The greatest age is {}"},
    {"gender", "该岗位对性别有要求：{}", "The position asks for a gender: {}"},
    {"qualification_missing", "缺少所需技能或资质：{}", "A qualification is missing: {}"},
    {"clash", "与已报名的班次时间冲突：{}", "It clashes with another shift: {}"},
    {"rest_time", "与另一班次之间休息不足：{}",
     "Too little rest between this and another shift: {}"},
    {"day_maximum", "超过每人每日 {} 分钟的服务上限", "More than {} minutes of service on one day"},
    {"insurance_expired", "活动保险仅到 {}，不能覆盖该班次",
     "The insurance ends on {} and does not cover the shift"},
    {"risk_notice_not_accepted", "请先阅读并接受风险告知（第 {} 版）",
     "Please read and accept the risk notice (version {})"},
    {"full", "名额已满，候补第 {} 位", "All places are taken: number {} on the waitlist"},
    {"signup_not_found", "没有这条报名", "There is no such sign-up"},
    {"shift_place_not_found", "该班次没有这个岗位", "The shift has no such position"},
    {"signup_overloaded", "报名人数过多，请几秒后重试",
     "Too many are signing up at this moment: please try again in a few seconds"},
    {"cancel_deadline_passed", "已过取消截止时间，请联系活动协调员",
     "The deadline for cancelling has passed: please ask the coordinator"},
    {"offer_lapsed", "候补名额的保留时间已过", "The time to accept the offered place has passed"},
    {"no_places_left", "名额已满", "All places are taken"},
    {"no_lottery", "该活动不是抽签报名", "The activity has no lottery"},
    {"lottery_not_closed", "报名截止后才能抽签", "The draw comes after sign-up has closed"},
    {"lottery_drawn", "已经抽签", "The lottery is drawn already"},
    {"choice.pending", "待审核", "pending"},
    {"choice.approved", "已通过", "approved"},
    {"choice.waitlisted", "候补中", "waitlisted"},
    {"choice.offered", "待确认候补名额", "offered a place"},
    {"choice.cancelled", "已取消", "cancelled"},
    {"choice.attended", "已参加", "attended"},
    {"choice.absent", "缺席", "absent"},
    {},
};

static bool is_about_shift(SignupReasonCode code)
{
    return code == REASON_CLASH || code == REASON_REST_TIME;
}

/* A word of ours in the reader's language. */
static const char *word_text(Ctx *ctx, const char *word)
{
    const char *code = arena_printf(ctx->arena, "choice.%s", word);
    return message_exists(code) ? message_format(ctx->arena, ctx->language, code, NULL) : word;
}

/* The one value that the text mentions. */
static const char *param_of(Ctx *ctx, const Settings *settings, const SignupReason *reason)
{
    if (is_about_shift(reason->code)) {
        return arena_printf(ctx->arena, "%s, %s", reason->text,
                            setting_local_time(ctx->arena, settings, reason->at));
    }
    if (reason->at != 0) {
        return setting_local_time(ctx->arena, settings, reason->at);
    }
    return reason->text != NULL ? word_text(ctx, reason->text)
                                : arena_printf(ctx->arena, "%" PRId64, reason->number);
}

static void write_reason(Ctx *ctx, const Settings *settings, JsonWriter *writer,
                         const SignupReason *reason)
{
    const char *code = signup_reason_name(reason->code);
    json_write_begin_object(writer);
    json_put_string(writer, "code", code);
    json_put_bool(writer, "refuses", reason->refuses);
    json_put_bool(writer, "overridable", signup_reason_may_be_overridden(reason->code));
    json_put_string(writer, "message",
                    message_format(ctx->arena, ctx->language, code,
                                   param_of(ctx, settings, reason)));
    if (reason->number != 0) {
        json_put_int(writer, "number", reason->number);
    }
    if (reason->at != 0) {
        json_put_time(writer, "at", reason->at);
    }
    if (reason->shift_id != 0) {
        json_put_int(writer, "shift_id", reason->shift_id);
    }
    if (reason->text != NULL) {
        json_put_string(writer, "text", reason->text);
    }
    json_write_end_object(writer);
}

static const char *outcome(const SignupFacts *facts, const SignupReasons *reasons)
{
    return signup_reasons_refusal(reasons) != NULL
               ? NULL
               : signup_states[signup_rules_first_state(&facts->place)];
}

const char *signup_reasons_json(Ctx *ctx, const SignupFacts *facts, const SignupReasons *reasons)
{
    Str text;
    JsonWriter writer;
    const SignupPlace *place = &facts->place;
    str_init(&text, ctx->arena);
    json_writer_init(&writer, &text);
    json_write_begin_object(&writer);
    json_put_int(&writer, "shift_id", place->shift_id);
    json_put_int(&writer, "position_id", place->position_id);
    json_put_string(&writer, "position_name", place->position_name);
    json_put_bool(&writer, "eligible", signup_reasons_refusal(reasons) == NULL);
    json_put_string(&writer, "outcome", outcome(facts, reasons));
    json_put_int(&writer, "places", place->needed);
    json_put_int(&writer, "free", MAX(place->needed - place->taken, (int64_t)0));
    json_put_int(&writer, "waiting", place->waiting);
    json_write_key(&writer, "reasons");
    json_write_begin_array(&writer);
    for (size_t i = 0; i < reasons->count; i++) {
        write_reason(ctx, facts->settings, &writer, &reasons->items[i]);
    }
    json_write_end_array(&writer);
    json_write_end_object(&writer);
    return str_text(&text);
}

Err *signup_refused(Ctx *ctx, const SignupFacts *facts, const SignupReasons *reasons)
{
    const SignupReason *reason = signup_reasons_refusal(reasons);
    Err *err = ERR(ctx->arena, ERR_CONFLICT, signup_reason_name(reason->code),
                   "shift %" PRId64 " position %" PRId64 " refused", facts->place.shift_id,
                   facts->place.position_id);
    err->param = param_of(ctx, facts->settings, reason);
    err->current = signup_reasons_json(ctx, facts, reasons);
    return err;
}
