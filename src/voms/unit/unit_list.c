#include "voms/access/access.h"
#include "voms/common/page.h"
#include "voms/unit/unit.sql.h"
#include "voms/unit/unit_internal.h"

static void add_confinement(Ctx *ctx, SqlBuilder *builder)
{
    AccessConfinement confinement = access_confine(ctx, "unit:read");
    if (confinement.account < 0) {
        sql_builder_add(builder, &SQL_UNIT_LIST_NOTHING, NO_ARGS);
    } else if (confinement.account > 0) {
        sql_builder_add(builder, &SQL_UNIT_LIST_CONFINED,
                        ARGS(sql_int(confinement.account), sql_text(confinement.permission)));
    }
}

static void add_filters(Ctx *ctx, SqlBuilder *builder, const UnitQuery *query)
{
    if (!query->public_only) {
        add_confinement(ctx, builder);
    }
    if (query->parent_id.value != 0) {
        sql_builder_add(builder, &SQL_UNIT_LIST_PARENT, ARGS(sql_int(query->parent_id.value)));
    }
    if (query->q != NULL) {
        sql_builder_add(builder, &SQL_UNIT_LIST_Q, ARGS(sql_text(page_like(ctx->arena, query->q))));
    }
}

static const char *sort_name(const UnitQuery *query)
{
    static const char *const NAMES[2][2] = {{"path", "-path"}, {"name", "-name"}};
    return NAMES[query->by_name][query->descending];
}

static Err *add_cursor(Ctx *ctx, SqlBuilder *builder, const UnitQuery *query)
{
    if (query->cursor == NULL) {
        return NULL;
    }
    SqlValue values[] = {sql_text(""), sql_int(0)};
    size_t count = query->by_name ? 2 : 1;
    TRY(page_cursor_decode(ctx->arena, query->cursor, sort_name(query), values, count));
    static const SqlStatement *const AFTER[2][2] = {
        {&SQL_UNIT_LIST_AFTER_PATH, &SQL_UNIT_LIST_BEFORE_PATH},
        {&SQL_UNIT_LIST_AFTER_NAME, &SQL_UNIT_LIST_BEFORE_NAME},
    };
    sql_builder_add(builder, AFTER[query->by_name][query->descending],
                    (SqlArgs){.values = values, .count = count});
    return NULL;
}

static void add_page(SqlBuilder *builder, const UnitQuery *query)
{
    static const SqlStatement *const ORDER[2][2] = {
        {&SQL_UNIT_LIST_BY_PATH, &SQL_UNIT_LIST_BY_PATH_DESCENDING},
        {&SQL_UNIT_LIST_BY_NAME, &SQL_UNIT_LIST_BY_NAME_DESCENDING},
    };
    sql_builder_add(builder, ORDER[query->by_name][query->descending],
                    ARGS(sql_int(query->limit + 1)));
}

YIELDS static Err *count(Ctx *ctx, const UnitQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder,
                    query->public_only ? &SQL_UNIT_LIST_COUNT_PUBLIC : &SQL_UNIT_LIST_COUNT,
                    NO_ARGS);
    add_filters(ctx, &builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *query_page(Ctx *ctx, const UnitQuery *query, ObjectList *ret_units)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder,
                    query->public_only ? &SQL_UNIT_LIST_SELECT_PUBLIC : &SQL_UNIT_LIST_SELECT,
                    NO_ARGS);
    add_filters(ctx, &builder, query);
    TRY(add_cursor(ctx, &builder, query));
    add_page(&builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_units = shape_from_rows(ctx->arena, &unit_shape, rows);
    return NULL;
}

static const char *cursor_after(Ctx *ctx, const UnitQuery *query, const Unit *unit)
{
    if (query->by_name) {
        SqlValue values[] = {sql_text(unit->name), sql_int(unit->id.value)};
        return page_cursor_encode(ctx->arena, sort_name(query), values, 2);
    }
    SqlValue value = sql_text(unit->path);
    return page_cursor_encode(ctx->arena, sort_name(query), &value, 1);
}

YIELDS Err *unit_list(Ctx *ctx, const UnitQuery *query, UnitPage *ret_page)
{
    UnitPage page = {.total = -1};
    TRY(query_page(ctx, query, &page.units));
    if (query->with_total) {
        TRY(count(ctx, query, &page.total));
    }
    if ((int64_t)page.units.count > query->limit) {
        page.units.count = (size_t)query->limit;
        const Unit *units = page.units.items;
        page.next_cursor = cursor_after(ctx, query, &units[query->limit - 1]);
    }
    *ret_page = page;
    return NULL;
}
