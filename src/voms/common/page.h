/* page.h - what every list shares: the page that a client asks for, and cursors.
 *
 * A cursor is opaque to clients: the sort key's name and the last row's values, as base64url of a
 * JSON array. It is not signed: whatever it says, the statement stays confined to what the caller
 * may see. */
#pragma once

#include "app/services.h"

#define PAGE_LIMIT_DEFAULT 20
#define PAGE_LIMIT_MAX 100

typedef struct PageQuery {
    int64_t limit;
    const char *cursor; /* NULL: from the start */
    bool with_total;
} PageQuery;

/* Reads limit, cursor and total. Fails with ERR_INVALID naming the parameter. */
Err *page_query(const HttpRequest *req, PageQuery *ret_query);

/* Reads sort: the index in keys (ends with NULL), descending with a "-" before it; absent is the
 * first key, descending as given. Fails with ERR_INVALID. */
Err *page_sort(const HttpRequest *req, const char *const *keys, bool descending_default,
               int *ret_key, bool *ret_descending);

/* Reads an id (0 when absent), an instant (0 when absent). Fail with ERR_INVALID. */
Err *page_query_id(const HttpRequest *req, const char *name, int64_t *ret_id);
Err *page_query_time(const HttpRequest *req, const char *name, TimeMs *ret_time);

/* Reads a text of 1..max code points, trimmed (NULL when absent). Fails with ERR_INVALID. */
Err *page_query_text(const HttpRequest *req, const char *name, size_t max, const char **ret_text);

/* The cursor after a row with these values of the sort key. */
const char *page_cursor_encode(Arena *arena, const char *sort, const SqlValue *values,
                               size_t count);

/* Reads a cursor back; values[i].type says what each value must be: SQL_INT, SQL_TIME or SQL_TEXT
 * (any may be null). Fails with ERR_MALFORMED ("cursor_invalid"). */
Err *page_cursor_decode(Arena *arena, const char *cursor, const char *sort, SqlValue *values,
                        size_t count);

/* A LIKE pattern that finds text anywhere, for `LIKE … ESCAPE '\'`; lower-cases ASCII. */
const char *page_like(Arena *arena, const char *text);
