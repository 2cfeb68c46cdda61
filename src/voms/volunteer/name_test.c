#include "base/str.h"
#include "tests/unit/test.h"
#include "voms/volunteer/name.h"

TEST(name, reads_as_pinyin_and_initials)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    static const struct {
        const char *name;
        const char *pinyin;
        const char *initials;
    } ROWS[] = {
        {"张三", "zhangsan", "zs"},
        {"欧阳娜娜", "ouyangnana", "oynn"},
        {"单雄信", "shanxiongxin", "sxx"},
        {"曾国藩", "zengguofan", "zgf"},
        {"解缙", "xiejin", "xj"},
        {"仇英", "qiuying", "qy"},
        {"尉迟恭", "yuchigong", "ycg"},
        {"吕布", "lvbu", "lb"},
        {"李长乐", "lichangle", "lcl"},
        {"朴槿惠", "piaojinhui", "pjh"},
        {"买买提·艾力", "maimaitiaili", "mmtal"},
        {"John O'Neil", "johnoneil", "jon"},
        {"李Sam", "lisam", "ls"},
        {"Ａｂ", "ab", "a"},
        {"☃", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        NameReading reading = name_read(arena, ROWS[i].name);
        ASSERT_STR_EQUAL(ROWS[i].pinyin, reading.pinyin);
        ASSERT_STR_EQUAL(ROWS[i].initials, reading.initials);
    }
}

TEST(name, is_found_by_each_of_its_parts)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL(" 张三丰 zhangsanfeng 三丰 sanfeng 丰 feng zsf",
                     name_read(arena, "张三丰").terms_text);
    ASSERT_STR_EQUAL(" 吕布 lvbu lubu 布 bu lb", name_read(arena, "吕布").terms_text);
    ASSERT_STR_EQUAL(" annlee lee al", name_read(arena, "Ann Lee").terms_text);
}

TEST(name, search_text_is_normalised)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    ASSERT_STR_EQUAL("zhangsan", name_search_text(arena, " Zhang San "));
    ASSERT_STR_EQUAL("张三", name_search_text(arena, "张 三"));
    ASSERT_STR_EQUAL("買買提艾力", name_search_text(arena, "買買提·艾力"));
    ASSERT_STR_EQUAL("", name_search_text(arena, " · "));
}
