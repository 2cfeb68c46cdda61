#include "http/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "http/query.h"

enum { SEGMENTS_MAX = 16, VALUES_MAX = 4 };

typedef struct Node {
    const char *segment;
    VEC(struct Node *) children; /* with literal segments, sorted once all are there */
    struct Node *parameter;      /* the child for any segment, or NULL */
    const Route *routes[HTTP_METHOD_COUNT];
    unsigned allowed;
} Node;

struct Router {
    Node root;
};

typedef struct Path {
    const char *segments[SEGMENTS_MAX];
    size_t count;
} Path;

/* ---- Methods ---- */

static const char *const method_names[HTTP_METHOD_COUNT] = {
    [HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",      [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS"};

HttpMethod http_method_parse(const char *text)
{
    int method = 0;

    while (method < HTTP_METHOD_COUNT && strcmp(method_names[method], text) != 0) {
        method++;
    }
    return (HttpMethod)method;
}

const char *http_method_name(HttpMethod method)
{
    return method < HTTP_METHOD_COUNT ? method_names[method] : "OTHER";
}

const char *router_allow_text(Arena *arena, unsigned allowed)
{
    Str text;

    str_init(&text, arena);
    for (int method = 0; method < HTTP_METHOD_COUNT; method++) {
        if ((allowed & 1U << method) != 0) {
            str_append(&text, text.length == 0 ? "" : ", ");
            str_append(&text, method_names[method]);
        }
    }
    return str_text(&text);
}

/* ---- Building ---- */

static Node *find_child(const Node *node, const char *segment, size_t length)
{
    VEC_FOREACH (Node *, child, &node->children) {
        if (strlen((*child)->segment) == length &&
            strncmp((*child)->segment, segment, length) == 0) {
            return *child;
        }
    }
    return NULL;
}

static Node *get_child(Arena *arena, Node *node, const char *segment, size_t length)
{
    bool is_parameter = segment[0] == '{';
    Node *child = is_parameter ? node->parameter : find_child(node, segment, length);

    if (child != NULL) {
        return child;
    }
    child = ARENA_NEW(arena, Node);
    child->segment = arena_strndup(arena, segment, length);
    if (is_parameter) {
        node->parameter = child;
    } else {
        *vec_push(&node->children, arena) = child;
    }
    return child;
}

static void add_route(Arena *arena, Router *router, const Route *route)
{
    Node *node = &router->root;
    int parameters = 0;

    BUG_ON(route->path[0] != '/');
    for (const char *at = route->path; *at == '/';) {
        at++;
        size_t length = strcspn(at, "/");
        parameters += *at == '{';
        node = get_child(arena, node, at, length);
        at += length;
    }
    BUG_ON(parameters > VALUES_MAX);
    BUG_ON(node->routes[route->method] != NULL); /* the same route twice */
    node->routes[route->method] = route;
    node->allowed |= 1U << route->method | 1U << HTTP_OPTIONS;
    if (route->method == HTTP_GET) {
        node->allowed |= 1U << HTTP_HEAD;
    }
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp((*(Node *const *)a)->segment, (*(Node *const *)b)->segment);
}

/* Depth is bounded by the paths of our own routes. */
static void sort_children(Node *node)
{
    if (node->children.count > 1) {
        qsort((void *)node->children.items, node->children.count, sizeof(Node *), compare_nodes);
    }
    VEC_FOREACH (Node *, child, &node->children) {
        sort_children(*child);
    }
    if (node->parameter != NULL) {
        sort_children(node->parameter);
    }
}

Router *router_new(Arena *arena, const Route *const *tables)
{
    Router *router = ARENA_NEW(arena, Router);

    for (size_t i = 0; tables != NULL && tables[i] != NULL; i++) {
        for (const Route *route = tables[i]; route->path != NULL; route++) {
            add_route(arena, router, route);
        }
    }
    sort_children(&router->root);
    return router;
}

/* ---- Finding ---- */

/* Splits before decoding, so that an encoded slash stays inside its segment. */
static Err *split_path(Arena *arena, const char *text, Path *ret_path)
{
    const char *at = text;

    *ret_path = (Path){};
    while (*at == '/' && ret_path->count < SEGMENTS_MAX) {
        at++;
        size_t length = strcspn(at, "/");
        const char *segment = percent_decode(arena, at, length, /* plus_is_blank= */ false);
        if (segment == NULL) {
            return ERR(arena, ERR_MALFORMED, "malformed_path", "the path cannot be decoded");
        }
        ret_path->segments[ret_path->count++] = segment;
        at += length;
    }
    if (*at != '\0') {
        ret_path->count = 0; /* deeper than any route */
    }
    return NULL;
}

static const Node *find_literal(const Node *node, const char *segment)
{
    size_t low = 0;
    size_t high = node->children.count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(segment, node->children.items[middle]->segment);
        if (order == 0) {
            return node->children.items[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

static const Node *find_node(const Node *node, const Path *path, size_t depth, RouteMatch *match,
                             size_t value_count)
{
    if (depth == path->count) {
        return node->allowed == 0 ? NULL : node;
    }
    const Node *literal = find_literal(node, path->segments[depth]);
    const Node *found =
        literal == NULL ? NULL : find_node(literal, path, depth + 1, match, value_count);
    if (found != NULL || node->parameter == NULL || path->segments[depth][0] == '\0') {
        return found;
    }
    match->values[value_count] = path->segments[depth];
    return find_node(node->parameter, path, depth + 1, match, value_count + 1);
}

Err *router_find(const Router *router, Arena *arena, HttpMethod method, const char *path,
                 RouteMatch *ret_match)
{
    RouteMatch match = {};
    Path parts;

    TRY(split_path(arena, path, &parts));
    const Node *node = parts.count == 0 ? NULL : find_node(&router->root, &parts, 0, &match, 0);
    if (node != NULL) {
        match.allowed = node->allowed;
        match.route = method == HTTP_METHOD_COUNT
                          ? NULL
                          : node->routes[method == HTTP_HEAD ? HTTP_GET : method];
    }
    *ret_match = match;
    return NULL;
}
