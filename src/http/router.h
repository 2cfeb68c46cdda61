/* router.h - from method and path to a route, through a tree of path segments. */
#pragma once

#include "http/http.h"

typedef struct Router Router;

typedef struct RouteMatch {
    const Route *route;    /* NULL: no such path, or not with this method */
    const char *values[4]; /* of the {parameters}, decoded */
    unsigned allowed;      /* a bit per method that the path has; 0: no such path */
} RouteMatch;

/* Compiles the tables (each ends with an empty row, the list with NULL). BUG_ON when two routes are
 * the same, or a path has more than four parameters. */
Router *router_new(Arena *arena, const Route *const *tables);

/* Finds the route of a path that is still percent-encoded; HTTP_HEAD is found as HTTP_GET. A
 * literal segment is preferred to a parameter. Fails with ERR_MALFORMED when the path cannot be
 * decoded. */
Err *router_find(const Router *router, Arena *arena, HttpMethod method, const char *path,
                 RouteMatch *ret_match);

/* "GET, HEAD, POST, OPTIONS" */
const char *router_allow_text(Arena *arena, unsigned allowed);

/* The method of a request line, or HTTP_METHOD_COUNT. */
HttpMethod http_method_parse(const char *text);
const char *http_method_name(HttpMethod method);
