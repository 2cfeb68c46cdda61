#include "voms/unit/unit_internal.h"

/* Parents come before their children; 0 is the root. */
typedef struct DemoUnit {
    size_t parent;
    Unit unit;
} DemoUnit;

static const DemoUnit DEMO_UNITS[] = {
    {},
    {0,
     {.name = "东湖区分队",
      .code = "donghu",
      .kind = "分队",
      .contact_name = "周明",
      .contact_phone = "027-87650001",
      .address = "东湖路 18 号",
      .applications_open = true,
      .description = "社区服务、敬老助残"}},
    {0,
     {.name = "西山区分队",
      .code = "xishan",
      .kind = "分队",
      .contact_name = "吴晓琳",
      .contact_phone = "027-87650002",
      .address = "西山大道 66 号",
      .applications_open = true,
      .description = "环境保护、山林巡护"}},
    {0,
     {.name = "南城区分队",
      .code = "nancheng",
      .kind = "分队",
      .contact_name = "郑国强",
      .contact_phone = "027-87650003",
      .address = "南城街 9 号",
      .applications_open = true,
      .description = "大型赛会、城市引导"}},
    {0,
     {.name = "青年学院分队",
      .code = "college",
      .kind = "学校",
      .contact_name = "何静",
      .contact_phone = "027-87650004",
      .address = "学院路 1 号",
      .applications_open = false,
      .description = "支教、科普"}},
    {1, {.name = "湖滨社区小队", .code = "hubin", .kind = "小队", .applications_open = true}},
    {1, {.name = "梅园社区小队", .code = "meiyuan", .kind = "小队", .applications_open = true}},
    {2, {.name = "云岭小队", .code = "yunling", .kind = "小队", .applications_open = true}},
    {3, {.name = "火车站引导小队", .code = "station", .kind = "小队", .applications_open = true}},
    {3, {.name = "体育中心小队", .code = "stadium", .kind = "小队", .applications_open = true}},
};

YIELDS static Err *insert_all(Ctx *ctx)
{
    UnitId ids[COUNT_OF(DEMO_UNITS)] = {UNIT_ROOT};
    for (size_t i = 1; i < COUNT_OF(DEMO_UNITS); i++) {
        Unit draft = DEMO_UNITS[i].unit;
        Unit *unit = NULL;
        draft.parent_id = ids[DEMO_UNITS[i].parent];
        TRY(unit_insert(ctx, &draft, &unit));
        ids[i] = unit->id;
    }
    return NULL;
}

YIELDS Err *unit_demo(Ctx *ctx)
{
    CLEANUP(store_scope_end) StoreScope scope = {};
    TRY(store_begin(ctx->db, &scope));
    Unit *root = NULL;
    Unit *after = NULL;
    TRY(unit_find(ctx, UNIT_ROOT, &root));
    Unit changed = *root;
    changed.name = "江城志愿者总队";
    changed.code = "root";
    changed.contact_name = "林志远";
    changed.contact_phone = "027-87650000";
    changed.description = "演示组织：所有人员与数据均为虚构";
    TRY(unit_update(ctx, root, &changed, &after));
    TRY(insert_all(ctx));
    return store_commit(&scope);
}
