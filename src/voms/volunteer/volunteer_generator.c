/* People who do not exist, for the demonstration and the benchmarks: plausible Chinese data, the
 * same for the same seed. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "voms/unit/unit.h"
#include "voms/volunteer/id_number.h"
#include "voms/volunteer/volunteer.sql.h"
#include "voms/volunteer/volunteer_internal.h"

#define BATCH 2000
#define UNITS_MAX 500

/* xorshift64*: small, and the same everywhere. */
typedef struct Dice {
    uint64_t state;
} Dice;

static uint64_t roll(Dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return dice->state * UINT64_C(2685821657736338717);
}

static int64_t below(Dice *dice, int64_t limit)
{
    return (int64_t)((roll(dice) >> 11) % (uint64_t)limit);
}

static bool chance(Dice *dice, int percent)
{
    return below(dice, 100) < percent;
}

#define PICK(dice, table) ((table)[below((dice), (int64_t)COUNT_OF(table))])

/* By frequency: the first ones are drawn more often. */
static const char *const SURNAMES[] = {
    "王", "李", "张", "刘",   "陈",   "杨",   "赵",   "黄",   "周", "吴", "徐", "孙", "胡", "朱",
    "高", "林", "何", "郭",   "马",   "罗",   "梁",   "宋",   "郑", "谢", "韩", "唐", "冯", "于",
    "董", "萧", "程", "曹",   "袁",   "邓",   "许",   "傅",   "沈", "曾", "彭", "吕", "苏", "卢",
    "蒋", "蔡", "贾", "丁",   "魏",   "薛",   "叶",   "阎",   "余", "潘", "杜", "戴", "夏", "钟",
    "汪", "田", "任", "姜",   "范",   "方",   "石",   "姚",   "谭", "廖", "邹", "熊", "金", "陆",
    "郝", "孔", "白", "崔",   "康",   "毛",   "邱",   "秦",   "江", "史", "顾", "侯", "邵", "孟",
    "龙", "万", "段", "雷",   "钱",   "汤",   "尹",   "黎",   "易", "常", "武", "乔", "贺", "赖",
    "单", "仇", "解", "欧阳", "上官", "司马", "诸葛", "尉迟",
};
static const char *const MALE[] = {
    "伟", "强", "磊", "军", "洋", "勇", "涛", "超", "明", "刚", "平", "辉", "鹏", "杰",
    "峰", "浩", "宇", "轩", "博", "文", "志", "建", "国", "华", "东", "海", "波", "斌",
    "俊", "凯", "晨", "睿", "子", "泽", "恒", "毅", "龙", "飞", "翔", "亮",
};
static const char *const FEMALE[] = {
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "玲", "桂", "英", "燕", "雪",
    "梅", "婷", "慧", "莹", "洁", "琳", "倩", "颖", "蕾", "薇", "萍", "红", "佳", "怡",
    "欣", "悦", "雨", "梓", "涵", "诗", "琪", "瑶", "月", "兰", "珍", "莉",
};
static const char *const REGIONS[][2] = {
    {"370102", "山东省济南市历下区"}, {"370103", "山东省济南市市中区"},
    {"370202", "山东省青岛市市南区"}, {"110101", "北京市东城区"},
    {"110105", "北京市朝阳区"},       {"310104", "上海市徐汇区"},
    {"320106", "江苏省南京市鼓楼区"}, {"330106", "浙江省杭州市西湖区"},
    {"440305", "广东省深圳市南山区"}, {"510107", "四川省成都市武侯区"},
    {"420106", "湖北省武汉市武昌区"}, {"610113", "陕西省西安市雁塔区"},
};
static const char *const STREETS[] = {"泉城路",   "解放路", "人民路", "中山路", "建设路",
                                      "文化东路", "和平街", "光明街", "学院路", "新华路"};
static const char *const SKILLS[] = {"急救",     "英语", "摄影",     "驾驶", "心理疏导",
                                     "手语",     "电脑", "文艺表演", "写作", "法律咨询",
                                     "医疗护理", "翻译", "烹饪",     "电工", "水上救生"};
static const char *const CATEGORIES[] = {"社区服务", "应急救援", "扶贫济困", "助老助残", "环境保护",
                                         "文化教育", "医疗卫生", "大型活动", "交通引导"};
static const char *const LANGUAGES[] = {"普通话", "粤语", "英语", "日语", "山东话", "四川话"};
static const char *const EDUCATION[] = {"初中", "高中", "中专", "大专", "本科", "硕士", "博士"};
static const char *const OCCUPATION[] = {"学生", "教师",     "医生", "工程师", "公务员", "工人",
                                         "退休", "个体经营", "护士", "司机",   "会计",   "程序员"};
static const char *const POLITICAL[] = {"群众", "共青团员", "中共党员", "民主党派成员"};
static const char *const PREFIXES[] = {"130", "131", "135", "136", "137", "138", "139", "150",
                                       "151", "158", "159", "177", "180", "186", "188", "189"};

static const char *surname(Dice *dice)
{
    int64_t limit = (int64_t)COUNT_OF(SURNAMES);
    int64_t first = below(dice, limit);
    int64_t second = below(dice, limit);
    return SURNAMES[MIN(first, second)];
}

static const char *full_name(Arena *arena, Dice *dice, bool male)
{
    const char *one = male ? PICK(dice, MALE) : PICK(dice, FEMALE);
    const char *two = chance(dice, 70) ? (male ? PICK(dice, MALE) : PICK(dice, FEMALE)) : "";
    return arena_printf(arena, "%s%s%s", surname(dice), one, two);
}

static TextList some(Arena *arena, Dice *dice, const char *const *table, size_t count, int64_t max)
{
    int64_t wanted = below(dice, max + 1);
    TextList list = {.items = ARENA_ARRAY(arena, const char *, (size_t)max + 1)};
    size_t start = (size_t)below(dice, (int64_t)count);
    for (int64_t i = 0; i < wanted; i++) {
        list.items[list.count++] = table[(start + (size_t)i * 3) % count];
    }
    return list;
}

static const char *birth_date(Arena *arena, Dice *dice, Date today, bool minor)
{
    int64_t days = date_to_days(today);
    int64_t age_days = minor ? 365 * 12 + below(dice, 365 * 5) : 365 * 19 + below(dice, 365 * 55);
    return date_format(arena, date_from_days(days - age_days));
}

static const char *resident_number(Arena *arena, Dice *dice, const char *region, const char *birth,
                                   bool male)
{
    int64_t order = below(dice, 500) * 2 + (male ? 1 : 0);
    char *digits =
        arena_printf(arena, "%s%.4s%.2s%.2s%03d", region, birth, birth + 5, birth + 8, (int)order);
    return arena_printf(arena, "%s%c", digits, id_number_check_character(digits));
}

typedef struct Maker {
    Dice dice;
    Date today;
    UnitId *units;
    size_t unit_count;
    const char *policy_version;
    int minors; /* percent */
} Maker;

static Guardian *guardian(Arena *arena, Maker *maker)
{
    Guardian *person = ARENA_NEW(arena, Guardian);
    bool male = chance(&maker->dice, 40);
    *person = (Guardian){
        .name = full_name(arena, &maker->dice, male),
        .relation = male ? "父亲" : "母亲",
        .phone = arena_printf(arena, "+86%s%08d", PICK(&maker->dice, PREFIXES),
                              (int)below(&maker->dice, 100000000)),
    };
    return person;
}

static void make_contact(Arena *arena, Maker *maker, VolunteerDraft *draft)
{
    Dice *dice = &maker->dice;
    size_t region = (size_t)below(dice, (int64_t)COUNT_OF(REGIONS));
    draft->phone =
        arena_printf(arena, "+86%s%08d", PICK(dice, PREFIXES), (int)below(dice, 100000000));
    if (chance(dice, 30)) {
        draft->email = arena_printf(arena, "user%08d@example.org", (int)below(dice, 100000000));
    }
    draft->residence_region = REGIONS[region][0];
    draft->residence_region_text = REGIONS[region][1];
    draft->address = arena_printf(arena, "%s%s%d号%d单元%d室", REGIONS[region][1],
                                  PICK(dice, STREETS), (int)below(dice, 200) + 1,
                                  (int)below(dice, 6) + 1, (int)below(dice, 2500) + 101);
}

static VolunteerDraft make_person(Arena *arena, Maker *maker)
{
    Dice *dice = &maker->dice;
    bool male = chance(dice, 45);
    bool minor = chance(dice, maker->minors);
    VolunteerDraft draft = {
        .name = full_name(arena, dice, male),
        .gender = male ? GENDER_MALE : GENDER_FEMALE,
        .birth_date = birth_date(arena, dice, maker->today, minor),
        .education = PICK(dice, EDUCATION),
        .occupation = minor ? "学生" : PICK(dice, OCCUPATION),
        .political_status = PICK(dice, POLITICAL),
        .skills = some(arena, dice, SKILLS, COUNT_OF(SKILLS), 3),
        .service_categories = some(arena, dice, CATEGORIES, COUNT_OF(CATEGORIES), 2),
        .languages = some(arena, dice, LANGUAGES, COUNT_OF(LANGUAGES), 2),
        .unit_id = maker->units[below(dice, (int64_t)maker->unit_count)],
    };
    make_contact(arena, maker, &draft);
    if (chance(dice, 85)) {
        draft.id_document_type = ID_RESIDENT;
        draft.id_number =
            resident_number(arena, dice, draft.residence_region, draft.birth_date, male);
    }
    draft.consent = ARENA_NEW(arena, ConsentGiven);
    draft.consent->policy_version = maker->policy_version;
    draft.guardian = minor ? guardian(arena, maker) : NULL;
    return draft;
}

/* Two fictitious numbers may be equal: the later person goes without one. */
YIELDS static Err *drop_known_numbers(Ctx *ctx, VolunteerDraft *drafts, size_t count)
{
    Volunteer **found = ARENA_ARRAY(ctx->arena, Volunteer *, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i && drafts[i].id_number != NULL; k++) {
            if (str_equal(drafts[i].id_number, drafts[k].id_number)) {
                drafts[i].id_number = NULL;
            }
        }
    }
    TRY(volunteer_find_by_identity(ctx, drafts, count, found));
    for (size_t i = 0; i < count; i++) {
        if (found[i] != NULL) {
            drafts[i].id_number = NULL;
        }
    }
    return NULL;
}

YIELDS static Err *find_units(Ctx *ctx, Maker *maker)
{
    StoreRows *rows = NULL;
    TRY(store_query(ctx->db, &SQL_VOLUNTEER_GENERATOR_UNITS, ARGS(sql_int(UNITS_MAX)), &rows));
    maker->units = ARENA_ARRAY(ctx->arena, UnitId, rows->count + 1);
    for (size_t i = 0; i < rows->count; i++) {
        maker->units[i] = (UnitId){row_int(rows, i, 0)};
    }
    maker->unit_count = rows->count;
    return NULL;
}

YIELDS static Err *prepare(Ctx *ctx, uint64_t seed, Maker *maker)
{
    const Settings *settings = NULL;
    TRY(setting_load(ctx, &settings));
    *maker = (Maker){.dice = {.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1},
                     .today = setting_date(settings, ctx->now),
                     .policy_version = settings->privacy_policy_version,
                     .minors = 3};
    return find_units(ctx, maker);
}

typedef struct Work {
    Ctx *ctx;
    VolunteerDraft *drafts;
    size_t count;
    VolunteerEntry entry;
} Work;

YIELDS static Err *insert_drafts(Db *db, void *arg)
{
    Work *work = arg;
    Ctx ctx = *work->ctx;
    ctx.db = db;
    TRY(drop_known_numbers(&ctx, work->drafts, work->count));
    return volunteer_insert_many(&ctx, work->drafts, work->count, &work->entry, NULL);
}

/* One batch in an arena of its own; created_at goes on from one to the next. */
YIELDS static Err *make_batch(Ctx *ctx, Maker *maker, size_t count, TimeMs created_at)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Db db = db_make(ctx->services->store, arena);
    Ctx inner = *ctx;
    inner.arena = arena;
    inner.db = &db;
    Work work = {.ctx = &inner,
                 .drafts = ARENA_ARRAY(arena, VolunteerDraft, count),
                 .count = count,
                 .entry = {.state = VOLUNTEER_ACTIVE, .created_at = created_at}};
    for (size_t i = 0; i < count; i++) {
        work.drafts[i] = make_person(arena, maker);
    }
    Err *err = store_transact(&db, insert_drafts, &work);
    return err == NULL ? NULL : err_copy(ctx->arena, err);
}

YIELDS Err *volunteer_generate(Ctx *ctx, int64_t count, uint64_t seed)
{
    Maker maker = {};
    TRY(prepare(ctx, seed, &maker));
    for (int64_t done = 0; done < count; done += BATCH) {
        size_t size = (size_t)MIN(count - done, (int64_t)BATCH);
        /* Entered over the last two years. */
        TimeMs at = ctx->now - 730 * DAY_MS + 700 * DAY_MS / MAX(count, 1) * done;
        TRY(make_batch(ctx, &maker, size, at));
    }
    return NULL;
}

/* ---- The demonstration ---- */

#define DEMO_COUNT 286 /* and the applicants: 300 */
#define DEMO_APPLICANTS 14

YIELDS static Err *insert_applicants(Db *db, void *arg)
{
    Work *work = arg;
    Ctx ctx = *work->ctx;
    ctx.db = db;
    for (size_t i = 0; i < work->count; i++) {
        VolunteerId id = {};
        TRY(volunteer_insert(&ctx, &work->drafts[i], &work->entry, &id));
    }
    return NULL;
}

/* Some of them are here already, under the same name and phone number. */
YIELDS static Err *make_applicants(Ctx *ctx, Maker *maker)
{
    Work work = {.ctx = ctx,
                 .drafts = ARENA_ARRAY(ctx->arena, VolunteerDraft, DEMO_APPLICANTS),
                 .count = DEMO_APPLICANTS,
                 .entry = {.state = VOLUNTEER_APPLICANT}};
    for (size_t i = 0; i < DEMO_APPLICANTS; i++) {
        work.drafts[i] = make_person(ctx->arena, maker);
        if (i % 5 == 0) {
            Volunteer *known = NULL;
            TRY(volunteer_find_any(ctx, (VolunteerId){(int64_t)i * 7 + 3}, &known));
            work.drafts[i].name = known->name;
            work.drafts[i].phone = known->phone;
            work.drafts[i].id_number = NULL;
        }
    }
    return store_transact(ctx->db, insert_applicants, &work);
}

YIELDS static Err *vary_states(Ctx *ctx)
{
    static const struct {
        int64_t every;
        VolunteerState state;
        const char *reason;
    } CHANGES[] = {
        {17, VOLUNTEER_INACTIVE, "暂时没有时间参加服务"},
        {61, VOLUNTEER_SUSPENDED, "多次无故缺席"},
        {83, VOLUNTEER_ARCHIVED, "迁居外地"},
    };
    for (size_t i = 0; i < COUNT_OF(CHANGES); i++) {
        for (int64_t id = CHANGES[i].every; id <= DEMO_COUNT; id += CHANGES[i].every) {
            Volunteer *volunteer = NULL;
            TRY(volunteer_find_any(ctx, (VolunteerId){id}, &volunteer));
            VolunteerStateChange change = {.state = CHANGES[i].state, .reason = CHANGES[i].reason};
            if (volunteer_rules_may_become(volunteer->state, change.state)) {
                TRY(volunteer_set_state(ctx, volunteer, &change));
            }
        }
    }
    return NULL;
}

YIELDS static Err *vary_in_transaction(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    ctx.db = db;
    return vary_states(&ctx);
}

YIELDS Err *volunteer_demo(Ctx *ctx)
{
    Maker maker = {};
    TRY(prepare(ctx, 20260101, &maker));
    maker.minors = 8;
    for (int64_t done = 0; done < DEMO_COUNT; done += 26) {
        TRY(make_batch(ctx, &maker, (size_t)MIN(26, DEMO_COUNT - done),
                       ctx->now - 400 * DAY_MS + done * DAY_MS));
    }
    TRY(make_applicants(ctx, &maker));
    return store_transact(ctx->db, vary_in_transaction, ctx);
}
