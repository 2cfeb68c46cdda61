#include "voms/access/access.h"
#include "voms/account/account.sql.h"
#include "voms/account/account_internal.h"
#include "voms/common/page.h"

static void add_confinement(Ctx *ctx, SqlBuilder *builder)
{
    AccessConfinement confinement = access_confine(ctx, "account:read");
    if (confinement.account < 0) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_NOTHING, NO_ARGS);
    } else if (confinement.account > 0) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_CONFINED,
                        ARGS(sql_int(confinement.account), sql_text(confinement.permission)));
    }
}

static void add_filters(Ctx *ctx, SqlBuilder *builder, const AccountQuery *query)
{
    add_confinement(ctx, builder);
    if (query->q != NULL) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_Q,
                        ARGS(sql_text(page_like(ctx->arena, query->q))));
    }
    if (query->state >= 0) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_STATE,
                        ARGS(sql_text(choice_name(account_states, query->state))));
    }
    if (query->unit_id.value != 0) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_UNIT, ARGS(sql_int(query->unit_id.value)));
    }
    if (query->role_id != 0) {
        sql_builder_add(builder, &SQL_ACCOUNT_LIST_ROLE, ARGS(sql_int(query->role_id)));
    }
}

static const char *sort_name(const AccountQuery *query)
{
    static const char *const NAMES[][2] = {
        [ACCOUNT_SORT_USERNAME] = {"username", "-username"},
        [ACCOUNT_SORT_CREATED_AT] = {"created_at", "-created_at"},
        [ACCOUNT_SORT_LAST_LOGIN_AT] = {"last_login_at", "-last_login_at"},
    };
    return NAMES[query->sort][query->descending];
}

static const SqlStatement *after_clause(const AccountQuery *query, const SqlValue *first)
{
    static const SqlStatement *const AFTER[][2] = {
        [ACCOUNT_SORT_USERNAME] = {&SQL_ACCOUNT_LIST_AFTER_USERNAME,
                                   &SQL_ACCOUNT_LIST_BEFORE_USERNAME},
        [ACCOUNT_SORT_CREATED_AT] = {&SQL_ACCOUNT_LIST_AFTER_CREATED_AT,
                                     &SQL_ACCOUNT_LIST_BEFORE_CREATED_AT},
        [ACCOUNT_SORT_LAST_LOGIN_AT] = {&SQL_ACCOUNT_LIST_AFTER_LAST_LOGIN_AT,
                                        &SQL_ACCOUNT_LIST_BEFORE_LAST_LOGIN_AT},
    };
    if (query->sort == ACCOUNT_SORT_LAST_LOGIN_AT && first->type == SQL_NULL) {
        return query->descending ? &SQL_ACCOUNT_LIST_BEFORE_NEVER : &SQL_ACCOUNT_LIST_AFTER_NEVER;
    }
    return AFTER[query->sort][query->descending];
}

/* A cursor has the sort's value, and the id where the value is not unique. */
static Err *add_cursor(Ctx *ctx, SqlBuilder *builder, const AccountQuery *query)
{
    if (query->cursor == NULL) {
        return NULL;
    }
    bool by_name = query->sort == ACCOUNT_SORT_USERNAME;
    SqlValue values[] = {{.type = by_name ? SQL_TEXT : SQL_TIME}, {.type = SQL_INT}};
    size_t count = by_name ? 1 : 2;
    TRY(page_cursor_decode(ctx->arena, query->cursor, sort_name(query), values, count));
    bool never = values[0].type == SQL_NULL;
    sql_builder_add(builder, after_clause(query, &values[0]),
                    (SqlArgs){.values = values + never, .count = count - never});
    return NULL;
}

static void add_page(SqlBuilder *builder, const AccountQuery *query)
{
    static const SqlStatement *const ORDER[][2] = {
        [ACCOUNT_SORT_USERNAME] = {&SQL_ACCOUNT_LIST_BY_USERNAME,
                                   &SQL_ACCOUNT_LIST_BY_USERNAME_DESCENDING},
        [ACCOUNT_SORT_CREATED_AT] = {&SQL_ACCOUNT_LIST_BY_CREATED_AT,
                                     &SQL_ACCOUNT_LIST_BY_CREATED_AT_DESCENDING},
        [ACCOUNT_SORT_LAST_LOGIN_AT] = {&SQL_ACCOUNT_LIST_BY_LAST_LOGIN_AT,
                                        &SQL_ACCOUNT_LIST_BY_LAST_LOGIN_AT_DESCENDING},
    };
    sql_builder_add(builder, ORDER[query->sort][query->descending],
                    ARGS(sql_int(query->limit + 1)));
}

static const char *cursor_after(Ctx *ctx, const AccountQuery *query, const Account *account)
{
    if (query->sort == ACCOUNT_SORT_USERNAME) {
        SqlValue value = sql_text(str_ascii_lower(ctx->arena, account->username));
        return page_cursor_encode(ctx->arena, sort_name(query), &value, 1);
    }
    TimeMs time =
        query->sort == ACCOUNT_SORT_CREATED_AT ? account->created_at : account->last_login_at;
    SqlValue values[] = {sql_time(time), sql_int(account->id.value)};
    return page_cursor_encode(ctx->arena, sort_name(query), values, 2);
}

YIELDS static Err *count(Ctx *ctx, const AccountQuery *query, int64_t *ret_total)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ACCOUNT_LIST_COUNT, NO_ARGS);
    add_filters(ctx, &builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_total = row_int(rows, 0, 0);
    return NULL;
}

YIELDS static Err *query_page(Ctx *ctx, const AccountQuery *query, ObjectList *ret_accounts)
{
    SqlBuilder builder;
    StoreRows *rows = NULL;
    sql_builder_init(&builder, ctx->arena);
    sql_builder_add(&builder, &SQL_ACCOUNT_LIST_SELECT, NO_ARGS);
    add_filters(ctx, &builder, query);
    TRY(add_cursor(ctx, &builder, query));
    add_page(&builder, query);
    TRY(store_query_built(ctx->db, &builder, &rows));
    *ret_accounts = shape_from_rows(ctx->arena, &account_shape, rows);
    Account *accounts = ret_accounts->items;
    for (size_t i = 0; i < ret_accounts->count; i++) {
        if (accounts[i].locked_until <= ctx->now) {
            accounts[i].locked_until = 0;
        }
    }
    return NULL;
}

YIELDS Err *account_list(Ctx *ctx, const AccountQuery *query, AccountPage *ret_page)
{
    AccountPage page = {.total = -1};
    TRY(query_page(ctx, query, &page.accounts));
    if (query->with_total) {
        TRY(count(ctx, query, &page.total));
    }
    if ((int64_t)page.accounts.count > query->limit) {
        page.accounts.count = (size_t)query->limit;
        const Account *accounts = page.accounts.items;
        page.next_cursor = cursor_after(ctx, query, &accounts[query->limit - 1]);
    }
    *ret_page = page;
    return NULL;
}
