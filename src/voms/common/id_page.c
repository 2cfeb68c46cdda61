#include "voms/common/id_page.h"

#include "voms/common/page.h"

#define NAMES_MAX 16

static Err *refuse_others(const HttpRequest *req, const char *const *others)
{
    const char *names[NAMES_MAX] = {"limit", "cursor", "total"};
    for (size_t i = 0; others != NULL && others[i] != NULL; i++) {
        BUG_ON(3 + i + 1 >= NAMES_MAX);
        names[3 + i] = others[i];
    }
    return http_query_only(req, names);
}

Err *id_page_read(const HttpRequest *req, const char *list, const char *const *others,
                  IdPage *ret_page)
{
    PageQuery query = {};
    TRY(refuse_others(req, others));
    TRY(page_query(req, &query));
    SqlValue before = {.type = SQL_INT, .integer = INT64_MAX};
    if (query.cursor != NULL) {
        TRY(page_cursor_decode(req->arena, query.cursor, list, &before, 1));
    }
    *ret_page = (IdPage){.list = list,
                         .limit = query.limit,
                         .before_id = before.integer,
                         .with_total = query.with_total};
    return NULL;
}

Err *id_page_reply(HttpResponse *res, const HttpRequest *req, const IdPage *page,
                   const Shape *shape, ObjectList items, int64_t total, const ShapeView *view)
{
    HttpList list = {.shape = shape, .items = items, .total = page->with_total ? total : -1};
    if (items.count > (size_t)page->limit) {
        list.items.count = (size_t)page->limit;
        const char *last = (const char *)items.items + (list.items.count - 1) * shape->size_bytes;
        const char *key = page->key == NULL ? "id" : page->key;
        int64_t id = *(const int64_t *)(const void *)(last + shape_find(shape, key)->offset);
        SqlValue value = sql_int(id);
        list.next_cursor = page_cursor_encode(req->arena, page->list, &value, 1);
    }
    return http_reply_list(res, &list, view);
}
