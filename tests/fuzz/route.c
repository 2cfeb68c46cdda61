/* Paths through the router, as a client sends them. */
#include "http/router.h"

#include "tests/fuzz/fuzz.h"

static const Route routes[] = {
    {.method = HTTP_GET, .path = "/api/v1/admin/units"},
    {.method = HTTP_GET, .path = "/api/v1/admin/units/{unit_id}"},
    {.method = HTTP_POST, .path = "/api/v1/admin/units/{unit_id}/move"},
    {.method = HTTP_GET, .path = "/api/v1/admin/accounts/{account_id}/grants/{grant_id}"},
    {.method = HTTP_GET, .path = "/api/v1/admin/volunteers/export"},
    {.method = HTTP_GET, .path = "/api/v1/admin/volunteers/{volunteer_id}"},
    {},
};

FUZZ(route)
{
    static const Route *const tables[] = {routes, NULL};
    Router *router = router_new(arena, tables);
    http_method_parse(data);
    RouteMatch match = {};
    Err *err = router_find(router, arena, HTTP_GET, data, &match);
    BUG_ON(err != NULL && !err_is(err, ERR_MALFORMED));
    BUG_ON(err == NULL && match.route != NULL && size < strlen("/api/v1/admin/units"));
}
