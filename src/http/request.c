/* What handlers read from a request. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/internal.h"
#include "http/negotiate.h"

const char *http_header(const HttpRequest *req, const char *name)
{
    return pairs_find_caseless(&http_details(req)->headers, name);
}

const char *http_cookie(const HttpRequest *req, const char *name)
{
    return cookie_find(req->arena, http_header(req, "Cookie"), name);
}

/* ---- The query ---- */

static const PairList *query_of(const HttpRequest *req)
{
    HttpDetails *details = http_details(req);

    if (!details->query_parsed) {
        details->query_parsed = true;
        query_parse(req->arena, details->raw_query, &details->query);
    }
    return &details->query;
}

const char *http_query(const HttpRequest *req, const char *name)
{
    return pairs_find(query_of(req), name);
}

static int compare_pairs(const void *a, const void *b)
{
    const Pair *left = a;
    const Pair *right = b;
    int by_name = strcmp(left->name, right->name);

    return by_name != 0 ? by_name : strcmp(left->value, right->value);
}

const char *http_query_string(const HttpRequest *req)
{
    const PairList *query = query_of(req);
    Pair *sorted = ARENA_ARRAY(req->arena, Pair, query->count + 1);
    Str text;

    str_init(&text, req->arena);
    if (query->count > 0) {
        memcpy(sorted, query->items, query->count * sizeof(Pair));
        qsort(sorted, query->count, sizeof(Pair), compare_pairs);
    }
    for (size_t i = 0; i < query->count; i++) {
        str_append(&text, i == 0 ? "" : "&");
        str_append(&text, sorted[i].name);
        str_append_char(&text, '=');
        str_append(&text, sorted[i].value);
    }
    return str_text(&text);
}

static Err *parameter_error(const HttpRequest *req, const char *name, const char *code,
                            const char *param)
{
    Err *err = NULL;

    err_add_field(req->arena, &err, name, code, param);
    return err;
}

Err *http_query_int(const HttpRequest *req, const char *name, int64_t fallback, int64_t min,
                    int64_t max, int64_t *ret_value)
{
    const char *text = http_query(req, name);
    int64_t value = fallback;

    if (text == NULL) {
        *ret_value = fallback;
        return NULL;
    }
    if (!str_parse_int64(text, &value)) {
        return parameter_error(req, name, "not_a_number", NULL);
    }
    if (value < min) {
        return parameter_error(req, name, "too_small", arena_printf(req->arena, "%" PRId64, min));
    }
    if (value > max) {
        return parameter_error(req, name, "too_large", arena_printf(req->arena, "%" PRId64, max));
    }
    *ret_value = value;
    return NULL;
}

Err *http_query_bool(const HttpRequest *req, const char *name, bool fallback, bool *ret_value)
{
    const char *text = http_query(req, name);

    if (text == NULL) {
        *ret_value = fallback;
    } else if (str_equal(text, "true") || str_equal(text, "1")) {
        *ret_value = true;
    } else if (str_equal(text, "false") || str_equal(text, "0")) {
        *ret_value = false;
    } else {
        return parameter_error(req, name, "not_a_boolean", NULL);
    }
    return NULL;
}

static const char *join_choices(Arena *arena, const char *const *choices)
{
    Str text;

    str_init(&text, arena);
    for (int i = 0; choices[i] != NULL; i++) {
        str_append(&text, i == 0 ? "" : ", ");
        str_append(&text, choices[i]);
    }
    return str_text(&text);
}

Err *http_query_choice(const HttpRequest *req, const char *name, const char *const *choices,
                       int fallback, int *ret_index)
{
    const char *text = http_query(req, name);
    int index = text == NULL ? fallback : choice_index(choices, text);

    if (text != NULL && index < 0) {
        return parameter_error(req, name, "not_a_choice", join_choices(req->arena, choices));
    }
    *ret_index = index;
    return NULL;
}

Err *http_query_only(const HttpRequest *req, const char *const *names)
{
    Err *err = NULL;

    VEC_FOREACH (const Pair, pair, query_of(req)) {
        if (choice_index(names, pair->name) < 0) {
            err_add_field(req->arena, &err, pair->name, "unknown_parameter", NULL);
        }
    }
    return err;
}

/* ---- The path ---- */

const char *http_path(const HttpRequest *req, const char *name)
{
    size_t length = strlen(name);
    size_t index = 0;

    for (const char *open = strchr(req->route->path, '{'); open != NULL; open = strchr(open, '{')) {
        open++;
        if (strncmp(open, name, length) == 0 && open[length] == '}') {
            return req->path_values[index];
        }
        index++;
    }
    BUG_ON("the route has no such parameter");
    return NULL;
}

Err *http_path_id(const HttpRequest *req, const char *name, int64_t *ret_id)
{
    static const int64_t id_max = ((int64_t)1 << 53) - 1;
    const char *text = http_path(req, name);
    int64_t id = 0;

    if (!str_parse_int64(text, &id) || id <= 0 || id > id_max || text[0] < '1' || text[0] > '9') {
        return ERR(req->arena, ERR_NOT_FOUND, "not_found", "%s is no id", name);
    }
    *ret_id = id;
    return NULL;
}

/* ---- The body ---- */

/* Does the Content-Type name this media type? Parameters do not matter. */
static bool is_media_type(const char *content_type, const char *media_type)
{
    size_t length = strlen(media_type);

    return content_type != NULL && strncasecmp(content_type, media_type, length) == 0 &&
           strchr("; \t", content_type[length]) != NULL; /* includes the end */
}

static Err *parse_body(const HttpRequest *req, json_t **ret_json)
{
    const char *content_type = http_header(req, "Content-Type");

    if (!is_media_type(content_type, "application/json") &&
        !is_media_type(content_type, "application/merge-patch+json")) {
        Err *err = ERR(req->arena, ERR_UNSUPPORTED, "unsupported_media_type",
                       "the body is of type %s", content_type == NULL ? "(none)" : content_type);
        err->param = "application/json";
        return err;
    }
    return json_parse(req->arena, req->body.data == NULL ? "" : req->body.data, req->body.length,
                      ret_json);
}

Err *http_decode(const HttpRequest *req, void *object)
{
    json_t *json = NULL;

    TRY(parse_body(req, &json));
    return shape_decode(req->arena, json, req->route->in, object);
}

Err *http_decode_patch(const HttpRequest *req, void *object, TextList *ret_changed)
{
    json_t *json = NULL;

    TRY(parse_body(req, &json));
    return shape_decode_patch(req->arena, json, req->route->in, object, ret_changed);
}

Err *http_check_version(const HttpRequest *req, int64_t version)
{
    const char *if_match = http_header(req, "If-Match");
    const char *etag = arena_printf(req->arena, "\"v%" PRId64 "\"", version);

    if (if_match == NULL || negotiate_etag_matches(if_match, etag, /* weak= */ false)) {
        return NULL;
    }
    Err *err = ERR(req->arena, ERR_STALE, "version_mismatch", "If-Match is %s, the version %s",
                   if_match, etag);
    err->current = etag;
    return err;
}
