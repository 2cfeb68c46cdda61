#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/fixture.h"
#include "voms/notice/notice_internal.h"

static const char *fill(Arena *arena, Language language, const char *text, const char *params)
{
    Settings settings = {.time_zone = "Asia/Shanghai"};
    NoticeReader reader = {.arena = arena, .settings = &settings, .language = language};
    json_t *json = NULL;
    ASSERT_OK(json_parse(arena, params, strlen(params), &json));
    return notice_rules_fill(&reader, text, json);
}

TEST(notice_rules, placeholders_are_filled)
{
    static const struct {
        const char *text;
        const char *params;
        const char *wanted;
    } ROWS[] = {
        {"{a} and {b}", "{\"a\":\"x\",\"b\":7}", "x and 7"},
        {"{missing}!", "{}", "!"},
        {"{reason}", "{}", "not stated"},
        {"{reason}", "{\"reason\":\"rain\"}", "rain"},
        /* 2026-11-24T10:00Z, in Shanghai. */
        {"{starts_at}", "{\"starts_at\":1795514400000}", "2026-11-24 18:00"},
        {"{offered_until}", "{\"offered_until\":1795514400000}", "2026-11-24 18:00"},
        {"{minutes} of {total_minutes}", "{\"minutes\":50,\"total_minutes\":90}", "0.83 of 1.5"},
        {"{ no } {A} {} {", "{}", "{ no } {A} {} {"},
        /* What stands in a value is no placeholder. */
        {"{a}", "{\"a\":\"{b}\",\"b\":\"x\"}", "{b}"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        ASSERT_STR_EQUAL(ROWS[i].wanted, fill(arena, LANGUAGE_EN, ROWS[i].text, ROWS[i].params));
    }
}

TEST(notice_rules, every_text_of_the_catalogue_uses_only_its_params)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    size_t count = 0;
    for (const NoticeKind *kind = notice_kinds; kind->name != NULL; kind++, count++) {
        const char *const texts[] = {kind->title_zh, kind->body_zh, kind->title_en, kind->body_en};
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            ASSERT(texts[i][0] != '\0');
            ASSERT_STR_EQUAL(NULL, notice_rules_check(arena, kind, texts[i]));
        }
        ASSERT(notice_kind_find(kind->name) == kind);
    }
    ASSERT(count > 10);
}

TEST(notice_rules, unknown_placeholders_are_named)
{
    static const NoticeKind KIND = {.name = "x", .params = "starts_at,place"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL(NULL, notice_rules_check(arena, &KIND, "{place} {starts_at}"));
    ASSERT_STR_EQUAL("starts", notice_rules_check(arena, &KIND, "{place} {starts}"));
    ASSERT_STR_EQUAL("at", notice_rules_check(arena, &KIND, "{at}"));
}

TEST(notice_rules, heading_is_the_title_without_its_subject)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    NoticeReader reader = {.arena = arena};
    ASSERT_STR_EQUAL("报名成功", notice_rules_heading(&reader, "报名成功：{activity}"));
    ASSERT_STR_EQUAL("Coming up", notice_rules_heading(&reader, "Coming up: {activity}"));
    ASSERT_STR_EQUAL("申请已通过", notice_rules_heading(&reader, "申请已通过"));
}
