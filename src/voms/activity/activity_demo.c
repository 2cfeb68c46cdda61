/* Activities of the demonstration organisation: past, present and coming. All are published, so
 * that people can sign up and come; the later hooks bring them to where time has them. */
#include "voms/activity/activity_people.sql.h"
#include "voms/activity/shift_plan.h"
#include "voms/common/zone.h"

#define DAY_MINUTES ((int64_t)24 * 60)
#define BEFORE_START_MS (14 * DAY_MS) /* made so long before it begins */

typedef struct DemoProject {
    const char *unit; /* code; the root's is "root" */
    const char *name;
    const char *description;
} DemoProject;

static const DemoProject PROJECTS[] = {
    {"root", "清洁江湖", "守护城市的河流与湖泊：巡护、清滩、科普。"},
    {"donghu", "邻里守望", "社区里的陪伴：敬老、助残、课后看护。"},
    {"nancheng", "城市引导", "车站与赛会的引导、翻译和急救。"},
};

typedef struct DemoPlace {
    const char *name;
    const char *address;
    GeoPoint point;
} DemoPlace;

static const DemoPlace PLACES[] = {
    {"东湖绿道湖滨段", "东湖路 18 号", {30.5538, 114.3680}},
    {"梅园社区活动中心", "梅园路 5 号", {30.5601, 114.3395}},
    {"江城火车站", "站前广场 1 号", {30.6072, 114.4246}},
    {"体育中心", "南城街 88 号", {30.5068, 114.1789}},
    {"云岭森林公园", "西山大道 200 号", {30.5212, 114.2301}},
    {"市图书馆", "学院路 20 号", {30.5433, 114.3610}},
};

typedef enum DemoEnd {
    DEMO_PUBLISHED,
    DEMO_DRAFT,
    DEMO_SUBMITTED,
    DEMO_CANCELLED,
} DemoEnd;

typedef struct DemoActivity {
    const char *unit;
    size_t project; /* 1 is the first; 0: none */
    size_t place;
    const char *name;
    const char *category;
    const char *description;
    const char *person_in_charge;
    int day;     /* of the first shift, from today on */
    int clock;   /* minutes of the day; -1: it has begun an hour ago */
    int minutes; /* of a shift */
    int shifts;  /* one each week */
    int needed[2];
    ActivityApproval approval;
    ActivityWaitlist waitlist;
    ActivityVisibility visibility;
    DemoEnd end;
} DemoActivity;

#define CLOCK(hour, minute) ((hour)*60 + (minute))

static const DemoActivity ACTIVITIES[] = {
    {"donghu",
     1,
     0,
     "春季湖滨清洁",
     "环境保护",
     "捡拾湖岸垃圾并分类，登记数量。",
     "周明",
     -72,
     CLOCK(8, 30),
     180,
     1,
     {6, 2}},
    {"donghu",
     2,
     1,
     "敬老午餐",
     "助老助残",
     "为社区老人备餐、送餐、陪伴用餐。",
     "周明",
     -58,
     CLOCK(10, 0),
     150,
     2,
     {5, 1}},
    {"nancheng",
     3,
     2,
     "返乡客流引导",
     "交通引导",
     "进出站引导、购票帮助、重点旅客照顾。",
     "郑国强",
     -50,
     CLOCK(7, 0),
     240,
     2,
     {8, 2}},
    {"xishan",
     1,
     4,
     "山林防火巡护",
     "环境保护",
     "沿步道巡护，劝阻用火，清理可燃物。",
     "吴晓琳",
     -44,
     CLOCK(9, 0),
     300,
     1,
     {6, 2}},
    {"college",
     0,
     5,
     "周末科普课堂",
     "文化教育",
     "带小学生做三个安全的小实验。",
     "何静",
     -37,
     CLOCK(14, 0),
     120,
     2,
     {4, 1}},
    {"stadium",
     3,
     3,
     "城市马拉松补给",
     "大型活动",
     "补给点发放饮水和食物，清理赛道。",
     "郑国强",
     -31,
     CLOCK(6, 0),
     420,
     1,
     {12, 3}},
    {"meiyuan",
     2,
     1,
     "助残出行日",
     "助老助残",
     "一对一陪伴出行，协助轮椅上下车。",
     "周明",
     -24,
     CLOCK(9, 0),
     210,
     1,
     {6, 2}},
    {"donghu",
     1,
     0,
     "湖水水质监测",
     "环境保护",
     "在六个点位取样、检测、记录。",
     "周明",
     -16,
     CLOCK(8, 0),
     180,
     1,
     {5, 1}},
    {"nancheng",
     3,
     2,
     "站区便民服务",
     "交通引导",
     "问询、行李搬运、母婴室引导。",
     "郑国强",
     -11,
     CLOCK(8, 0),
     240,
     1,
     {6, 2}},
    {"hubin",
     2,
     1,
     "社区义诊协助",
     "医疗卫生",
     "引导排队、登记、测量血压后的记录。",
     "周明",
     -3,
     CLOCK(9, 0),
     180,
     1,
     {6, 1}},
    {"donghu",
     1,
     0,
     "湖滨清洁日",
     "环境保护",
     "捡拾湖岸垃圾并分类，登记数量。",
     "周明",
     0,
     -1,
     180,
     1,
     {8, 2}},
    {"nancheng",
     3,
     2,
     "周末车站引导",
     "交通引导",
     "进出站引导、购票帮助、重点旅客照顾。",
     "郑国强",
     1,
     CLOCK(8, 0),
     240,
     3,
     {6, 2}},
    {"donghu",
     2,
     1,
     "重阳敬老会",
     "助老助残",
     "布置会场、接送老人、文艺表演、合影。",
     "周明",
     4,
     CLOCK(9, 30),
     180,
     1,
     {3, 1},
     .waitlist = WAITLIST_OFFER},
    {"stadium",
     3,
     3,
     "青少年运动会裁判助理",
     "大型活动",
     "检录、计时、引导运动员。",
     "郑国强",
     9,
     CLOCK(8, 0),
     360,
     2,
     {10, 2},
     .approval = APPROVAL_REVIEW},
    {"college",
     0,
     5,
     "图书馆整理员",
     "文化教育",
     "图书上架、引导读者、维护秩序。",
     "何静",
     6,
     CLOCK(13, 30),
     180,
     3,
     {4, 0}},
    {"xishan",
     1,
     4,
     "候鸟观测",
     "环境保护",
     "跟随鸟类学会记录种类与数量，名额由抽签决定。",
     "吴晓琳",
     16,
     CLOCK(6, 30),
     240,
     1,
     {6, 0},
     .approval = APPROVAL_LOTTERY},
    {"donghu",
     2,
     1,
     "社区队员月会服务",
     "社区服务",
     "会务、签到、茶水，仅限本分队成员。",
     "周明",
     12,
     CLOCK(19, 0),
     120,
     1,
     {4, 0},
     .visibility = ACTIVITY_MEMBERS},
    {"nancheng",
     3,
     3,
     "新年倒计时秩序维护",
     "大型活动",
     "分段值守，引导人流。",
     "郑国强",
     38,
     CLOCK(20, 0),
     300,
     1,
     {20, 4},
     .end = DEMO_SUBMITTED},
    {"donghu",
     1,
     0,
     "春天植树",
     "环境保护",
     "在湖边种下三百棵水杉。",
     "周明",
     60,
     CLOCK(8, 0),
     240,
     1,
     {30, 4},
     .end = DEMO_DRAFT},
    {"xishan",
     1,
     4,
     "夜间巡山",
     "环境保护",
     "夜间巡护步道。",
     "吴晓琳",
     7,
     CLOCK(19, 0),
     180,
     1,
     {4, 1},
     .end = DEMO_CANCELLED},
};

typedef struct Demo {
    Ctx *ctx;
    const Settings *settings;
    TimeMs now; /* the present; ctx->now goes with what is told */
    ProjectId projects[COUNT_OF(PROJECTS)];
} Demo;

YIELDS static Err *find_unit(Ctx *ctx, const char *code, UnitId *ret_id)
{
    Unit *unit = NULL;
    TRY(unit_find_by_label(ctx, code, &unit));
    BUG_ON(unit == NULL); /* unit_demo made it */
    *ret_id = unit->id;
    return NULL;
}

YIELDS static Err *make_projects(Demo *demo)
{
    Ctx *ctx = demo->ctx;
    for (size_t i = 0; i < COUNT_OF(PROJECTS); i++) {
        StoreRows *rows = NULL;
        UnitId unit = {};
        TRY(find_unit(ctx, PROJECTS[i].unit, &unit));
        TRY(store_query(ctx->db, &SQL_PROJECT_INSERT,
                        ARGS(sql_int(unit.value), sql_text(PROJECTS[i].name),
                             sql_text(PROJECTS[i].description), sql_null(),
                             sql_time(ctx->now - 300 * DAY_MS)),
                        &rows));
        demo->projects[i].value = row_int(rows, 0, 0);
    }
    return NULL;
}

/* The first shift's beginning. */
static TimeMs first_start(const Demo *demo, const DemoActivity *row)
{
    if (row->clock < 0) {
        return demo->now - demo->now % (10 * MINUTE_MS) - HOUR_MS;
    }
    LocalMinutes today = zone_from_utc(demo->settings->time_zone, demo->now) / DAY_MINUTES;
    return zone_to_utc(demo->settings->time_zone, (today + row->day) * DAY_MINUTES + row->clock);
}

static Activity draft_of(const Demo *demo, const DemoActivity *row)
{
    GeoPoint *point = ARENA_NEW(demo->ctx->arena, GeoPoint);
    *point = PLACES[row->place].point;
    return (Activity){
        .project_id = row->project == 0 ? (ProjectId){} : demo->projects[row->project - 1],
        .name = row->name,
        .category = row->category,
        .description = row->description,
        .place_name = PLACES[row->place].name,
        .address = PLACES[row->place].address,
        .point = point,
        .risk_notice = "请穿防滑鞋，听从现场负责人安排；身体不适请立即告知。",
        .provided = "饮水、手套、志愿者马甲、意外伤害保险",
        .contact_name = row->person_in_charge,
        .contact_phone = "027-87650000",
        .person_in_charge = row->person_in_charge,
        .is_volunteer_service = true,
        .visibility = row->visibility,
        .approval = row->approval,
        .waitlist = row->waitlist,
        .cancel_deadline_minutes = 24 * 60,
    };
}

YIELDS static Err *make_positions(Demo *demo, const Activity *activity, const DemoActivity *row)
{
    static const char *const NAMES[] = {"志愿者", "带队"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        PositionId id = {};
        Position position = {.name = NAMES[i], .needed = row->needed[i]};
        if (row->needed[i] > 0) {
            TRY(position_insert(demo->ctx, activity, &position, &id));
        }
    }
    return NULL;
}

YIELDS static Err *make_shifts(Demo *demo, const Activity *activity, const DemoActivity *row)
{
    TimeMs starts_at = first_start(demo, row);
    for (int i = 0; i < row->shifts; i++) {
        ShiftId id = {};
        Shift shift = {.starts_at = shift_plan_move(activity->time_zone, i * 7, starts_at)};
        shift.ends_at = shift.starts_at + row->minutes * MINUTE_MS;
        TRY(shift_insert(demo->ctx, activity, &shift, &id));
    }
    return activity_refresh(demo->ctx, activity->id);
}

YIELDS static Err *bring_to_end(Demo *demo, ActivityId id, DemoEnd end)
{
    Ctx *ctx = demo->ctx;
    Activity *activity = NULL;
    TRY(activity_find(ctx, id, &activity));
    switch (end) {
    case DEMO_DRAFT:
        return NULL;
    case DEMO_SUBMITTED:
        return activity_set_state(ctx, activity, ACTIVITY_SUBMITTED, "activity.submit", NULL);
    case DEMO_CANCELLED:
        TRY(activity_set_state(ctx, activity, ACTIVITY_CANCELLED, "activity.cancel",
                               "气象台发布暴雨预警"));
        return shift_cancel_all(ctx, id, "气象台发布暴雨预警");
    case DEMO_PUBLISHED:
        break;
    }
    return activity_set_state(ctx, activity, ACTIVITY_PUBLISHED, "activity.publish", NULL);
}

YIELDS static Err *make_one(Demo *demo, const DemoActivity *row)
{
    Ctx *ctx = demo->ctx;
    ActivityId id = {};
    Activity *made = NULL;
    Activity draft = draft_of(demo, row);
    ctx->now = MIN(first_start(demo, row) - BEFORE_START_MS, demo->now - 3 * DAY_MS);
    TRY(find_unit(ctx, row->unit, &draft.unit_id));
    activity_fill_defaults(&draft, demo->settings);
    if (row->approval == APPROVAL_LOTTERY) {
        draft.sign_up_closes_at = first_start(demo, row) - 5 * DAY_MS;
    }
    TRY(activity_insert(ctx, &draft, &id));
    TRY(activity_find(ctx, id, &made));
    TRY(make_positions(demo, made, row));
    TRY(make_shifts(demo, made, row));
    ctx->now += 2 * HOUR_MS;
    return bring_to_end(demo, id, row->end);
}

YIELDS static Err *make_all(Db *db, void *arg)
{
    Ctx ctx = *(const Ctx *)arg;
    Demo demo = {.ctx = &ctx, .now = ctx.now};
    ctx.db = db;
    TRY(setting_load(&ctx, &demo.settings));
    TRY(make_projects(&demo));
    for (size_t i = 0; i < COUNT_OF(ACTIVITIES); i++) {
        TRY(make_one(&demo, &ACTIVITIES[i]));
    }
    return NULL;
}

YIELDS Err *activity_demo(Ctx *ctx)
{
    return store_transact(ctx->db, make_all, ctx);
}
