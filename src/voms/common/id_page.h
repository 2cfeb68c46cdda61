/* id_page.h - lists that are shown newest first: pages by id. */
#pragma once

#include "app/ctx.h"

typedef struct IdPage {
    const char *list;  /* names the list in its cursors */
    int64_t limit;     /* fetch one more */
    int64_t before_id; /* ids below this; INT64_MAX on the first page */
    bool with_total;
    const char *key; /* the field that is the order; NULL: "id" */
} IdPage;

/* Reads limit, cursor and total, and refuses parameters other than these and `others` (ends with
 * NULL, may be NULL). Fails with ERR_INVALID, ERR_MALFORMED ("cursor_invalid"). */
Err *id_page_read(const HttpRequest *req, const char *list, const char *const *others,
                  IdPage *ret_page);

/* Answers with the page: items holds up to limit + 1 structs of shape, whose field page->key is
 * the order; total is -1 when it was not asked for. */
Err *id_page_reply(HttpResponse *res, const HttpRequest *req, const IdPage *page,
                   const Shape *shape, ObjectList items, int64_t total, const ShapeView *view);
