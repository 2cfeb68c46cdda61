/* What reads the bytes of strangers: paths, queries, headers, forms. Tables of rows. */
#include <stdio.h>
#include <string.h>

#include "http/address.h"
#include "http/internal.h"
#include "http/multipart.h"
#include "http/negotiate.h"
#include "http/query.h"
#include "http/router.h"
#include "tests/unit/test.h"

/* ---- Router ---- */

static Err *nothing(Ctx *ctx UNUSED, const HttpRequest *req UNUSED, HttpResponse *res UNUSED)
{
    return NULL;
}

static const Route routes[] = {{HTTP_GET, "/a", nothing, .needs = NEEDS_NOTHING},
                               {HTTP_GET, "/a/{id}", nothing, .needs = NEEDS_NOTHING},
                               {HTTP_PATCH, "/a/{id}", nothing, .needs = NEEDS_NOTHING},
                               {HTTP_GET, "/a/template", nothing, .needs = NEEDS_NOTHING},
                               {HTTP_GET, "/a/{id}/rows", nothing, .needs = NEEDS_NOTHING},
                               {HTTP_POST, "/a/{id}/b/{other}", nothing, .needs = NEEDS_NOTHING},
                               {}};
static const Route *const tables[] = {routes, NULL};

typedef struct RouteRow {
    HttpMethod method;
    const char *path;
    const char *route; /* NULL: none */
    const char *value; /* of the first parameter */
    const char *allow; /* "" : no such path */
} RouteRow;

TEST(router, finds_routes)
{
    static const RouteRow rows[] = {
        {HTTP_GET, "/a", "/a", NULL, "GET, HEAD, OPTIONS"},
        {HTTP_HEAD, "/a", "/a", NULL, "GET, HEAD, OPTIONS"},
        {HTTP_GET, "/a/17", "/a/{id}", "17", "GET, HEAD, PATCH, OPTIONS"},
        {HTTP_PATCH, "/a/17", "/a/{id}", "17", "GET, HEAD, PATCH, OPTIONS"},
        {HTTP_DELETE, "/a/17", NULL, "17", "GET, HEAD, PATCH, OPTIONS"},
        {HTTP_GET, "/a/template", "/a/template", NULL, "GET, HEAD, OPTIONS"},
        {HTTP_GET, "/a/template/rows", "/a/{id}/rows", "template", "GET, HEAD, OPTIONS"},
        {HTTP_POST, "/a/1/b/2", "/a/{id}/b/{other}", "1", "POST, OPTIONS"},
        {HTTP_GET, "/a/x%2Fy", "/a/{id}", "x/y", "GET, HEAD, PATCH, OPTIONS"},
        {HTTP_GET, "/a/%E5%BC%A0", "/a/{id}", "张", "GET, HEAD, PATCH, OPTIONS"},
        {HTTP_GET, "/%61", "/a", NULL, "GET, HEAD, OPTIONS"},
        {HTTP_GET, "/", NULL, NULL, ""},
        {HTTP_GET, "", NULL, NULL, ""},
        {HTTP_GET, "a", NULL, NULL, ""},
        {HTTP_GET, "/a/", NULL, NULL, ""},
        {HTTP_GET, "//a", NULL, NULL, ""},
        {HTTP_GET, "/a/1/b", NULL, "1", ""},
        {HTTP_GET, "/a/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL, NULL, ""},
        {HTTP_METHOD_COUNT, "/a", NULL, NULL, "GET, HEAD, OPTIONS"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Router *router = router_new(arena, tables);

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        RouteMatch match = {};
        ASSERT_OK(router_find(router, arena, rows[i].method, rows[i].path, &match));
        ASSERT_STR_EQUAL(rows[i].route, match.route == NULL ? NULL : match.route->path);
        ASSERT_STR_EQUAL(rows[i].allow, router_allow_text(arena, match.allowed));
        if (rows[i].route != NULL) {
            ASSERT_STR_EQUAL(rows[i].value, match.values[0]);
        }
    }
}

TEST(router, refuses_what_cannot_be_decoded)
{
    static const char *const paths[] = {"/a/%", "/a/%4", "/a/%zz", "/a/%00", "/a/%ff", "/a/%01"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Router *router = router_new(arena, tables);
    RouteMatch match = {};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        ASSERT_ERR(ERR_MALFORMED, router_find(router, arena, HTTP_GET, paths[i], &match));
    }
}

/* ---- Requests ---- */

static HttpRequest make_request(Arena *arena, const char *query)
{
    HttpDetails *details = ARENA_NEW(arena, HttpDetails);

    details->raw_query = query;
    return (HttpRequest){.arena = arena, .connection = details};
}

TEST(query, is_decoded)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    HttpRequest req =
        make_request(arena, "a=1&b=x+y%26z&a=2&empty=&flag&=none&bad=%zz&q=%E5%BC%A0");

    ASSERT_STR_EQUAL("1", http_query(&req, "a"));
    ASSERT_STR_EQUAL("x y&z", http_query(&req, "b"));
    ASSERT_STR_EQUAL("", http_query(&req, "empty"));
    ASSERT_STR_EQUAL("", http_query(&req, "flag"));
    ASSERT_STR_EQUAL("张", http_query(&req, "q"));
    ASSERT(http_query(&req, "bad") == NULL);
    ASSERT(http_query(&req, "missing") == NULL);
    ASSERT_STR_EQUAL("a=1&a=2&b=x y&z&empty=&flag=&q=张", http_query_string(&req));
}

TEST(query, values_have_types)
{
    static const char *const choices[] = {"name", "-name", NULL};
    static const char *const known[] = {"limit", "total", "sort", NULL};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    HttpRequest req = make_request(arena, "limit=20&total=true&sort=-name");
    HttpRequest bad = make_request(arena, "limit=101&total=maybe&sort=age&other=1");
    int64_t limit = 0;
    bool total = false;
    int sort = 0;

    ASSERT_OK(http_query_int(&req, "limit", 50, 1, 100, &limit));
    ASSERT_INT_EQUAL(20, limit);
    ASSERT_OK(http_query_int(&req, "missing", 50, 1, 100, &limit));
    ASSERT_INT_EQUAL(50, limit);
    ASSERT_OK(http_query_bool(&req, "total", false, &total));
    ASSERT(total);
    ASSERT_OK(http_query_choice(&req, "sort", choices, 0, &sort));
    ASSERT_INT_EQUAL(1, sort);
    ASSERT_OK(http_query_only(&req, known));

    ASSERT_ERR(ERR_INVALID, http_query_int(&bad, "limit", 50, 1, 100, &limit));
    ASSERT_ERR(ERR_INVALID, http_query_int(&bad, "total", 50, 1, 100, &limit));
    ASSERT_ERR(ERR_INVALID, http_query_bool(&bad, "total", false, &total));
    ASSERT_ERR(ERR_INVALID, http_query_choice(&bad, "sort", choices, 0, &sort));
    Err *err = http_query_only(&bad, known);
    ASSERT_ERR(ERR_INVALID, err);
    ASSERT_STR_EQUAL("other", err->fields->field);
    ASSERT_INT_EQUAL(50, limit);
}

TEST(query, keeps_at_most_a_hundred_pairs)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    PairList pairs = {};
    Str text;

    str_init(&text, arena);
    for (int i = 0; i < 1000; i++) {
        str_append(&text, "a=1&");
    }
    query_parse(arena, str_text(&text), &pairs);
    ASSERT_INT_EQUAL(100, pairs.count);
}

TEST(cookie, is_found_by_its_whole_name)
{
    static const char header[] = "a=1; voms_refresh2=no; voms_refresh=yes;quoted=\"q\"; last=";
    CLEANUP(arena_freep) Arena *arena = arena_new();

    ASSERT_STR_EQUAL("1", cookie_find(arena, header, "a"));
    ASSERT_STR_EQUAL("yes", cookie_find(arena, header, "voms_refresh"));
    ASSERT_STR_EQUAL("q", cookie_find(arena, header, "quoted"));
    ASSERT_STR_EQUAL("", cookie_find(arena, header, "last"));
    ASSERT(cookie_find(arena, header, "refresh") == NULL);
    ASSERT(cookie_find(arena, NULL, "a") == NULL);
}

TEST(path, id_is_a_positive_number)
{
    static const char *const bad[] = {
        "0", "-1", "+1", "01", "1.0", "abc", "", "9007199254740992", "99999999999999999999", " 1"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    HttpRequest req = make_request(arena, "");
    int64_t id = 0;

    req.route = &routes[5];
    req.path_values[0] = "9007199254740991";
    req.path_values[1] = "two";
    ASSERT_OK(http_path_id(&req, "id", &id));
    ASSERT_INT_EQUAL(9007199254740991, id);
    ASSERT_STR_EQUAL("two", http_path(&req, "other"));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        req.path_values[0] = bad[i];
        ASSERT_ERR(ERR_NOT_FOUND, http_path_id(&req, "id", &id));
    }
}

TEST(version, must_match_when_the_client_says_so)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    HttpRequest req = make_request(arena, "");

    ASSERT_OK(http_check_version(&req, 3));
    *vec_push(&http_details(&req)->headers, arena) = (Pair){"if-match", "\"v2\", \"v3\""};
    ASSERT_OK(http_check_version(&req, 3));
    ASSERT_ERR(ERR_STALE, http_check_version(&req, 4));
}

/* ---- Negotiation ---- */

typedef struct LanguageRow {
    const char *header;
    Language language;
} LanguageRow;

TEST(negotiate, picks_the_language)
{
    static const LanguageRow rows[] = {
        {NULL, LANGUAGE_ZH},
        {"", LANGUAGE_ZH},
        {"en", LANGUAGE_EN},
        {"EN-gb", LANGUAGE_EN},
        {"zh-CN,zh;q=0.9,en;q=0.8", LANGUAGE_ZH},
        {"en-US,en;q=0.9,zh-CN;q=0.8", LANGUAGE_EN},
        {"zh;q=0.3, en;q=0.7", LANGUAGE_EN},
        {"fr, de", LANGUAGE_ZH},
        {"*", LANGUAGE_ZH},
        {"zh;q=0, *", LANGUAGE_EN},
        {"en;q=0", LANGUAGE_ZH},
        {"en;q=x", LANGUAGE_ZH},
        {"english", LANGUAGE_ZH},
        {",,;q=,", LANGUAGE_ZH},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ASSERT_INT_EQUAL(rows[i].language, negotiate_language(rows[i].header));
    }
}

TEST(negotiate, knows_accepted_encodings)
{
    ASSERT(negotiate_accepts_encoding("gzip, deflate, br", "br"));
    ASSERT(negotiate_accepts_encoding("GZIP;q=0.5", "gzip"));
    ASSERT(negotiate_accepts_encoding("*", "br"));
    ASSERT(!negotiate_accepts_encoding("br;q=0, *", "br"));
    ASSERT(!negotiate_accepts_encoding("gzip", "br"));
    ASSERT(!negotiate_accepts_encoding("brotli", "br"));
    ASSERT(!negotiate_accepts_encoding(NULL, "br"));
}

TEST(negotiate, compares_etags)
{
    ASSERT(negotiate_etag_matches("\"a\"", "\"a\"", false));
    ASSERT(negotiate_etag_matches("\"x\", W/\"a\"", "\"a\"", true));
    ASSERT(negotiate_etag_matches("*", "\"a\"", false));
    ASSERT(!negotiate_etag_matches("W/\"a\"", "\"a\"", false));
    ASSERT(!negotiate_etag_matches("\"ab\"", "\"a\"", true));
    ASSERT(!negotiate_etag_matches("a", "\"a\"", true));
    ASSERT(!negotiate_etag_matches("\"a", "\"a\"", true));
    ASSERT(!negotiate_etag_matches(NULL, "\"a\"", true));
}

/* ---- Addresses ---- */

typedef struct AddressRow {
    const char *peer;
    const char *forwarded;
    const char *client;
} AddressRow;

TEST(address, of_the_client_behind_proxies)
{
    static const char *const trusted_texts[] = {"10.0.0.0/8", "192.168.1.7", "fd00::/8", NULL};
    static const AddressRow rows[] = {
        {"10.1.2.3", "203.0.113.9", "203.0.113.9"},
        {"10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"},
        {"10.1.2.3", "1.1.1.1, nonsense, 10.9.9.9", "10.9.9.9"},
        {"10.1.2.3", "", "10.1.2.3"},
        {"10.1.2.3", "2001:db8::1", "2001:db8::1"},
        {"fd12::1", "203.0.113.9", "203.0.113.9"},
        {"192.168.1.7", "203.0.113.9", "203.0.113.9"},
        {"192.168.1.8", "203.0.113.9", "192.168.1.8"},
        {"11.0.0.1", "203.0.113.9", "11.0.0.1"},
        {"10.1.2.3", "10.4.4.4", "10.4.4.4"},
    };
    CLEANUP(arena_freep) Arena *arena = arena_new();
    AddressList trusted = {};

    ASSERT_OK(address_list_parse(arena, trusted_texts, &trusted));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        PairList headers = {};
        *vec_push(&headers, arena) = (Pair){"X-Forwarded-For", rows[i].forwarded};
        ASSERT_STR_EQUAL(rows[i].client,
                         address_of_client(arena, &trusted, rows[i].peer, &headers));
    }
}

TEST(address, networks_that_are_none)
{
    static const char *const texts[] = {"10.0.0.0/33", "10.0.0/8", "::1/129", "",
                                        "/8",          "a",        "1/-1"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    AddressList list = {};

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *const one[] = {texts[i], NULL};
        ASSERT_ERR(ERR_CONFIG, address_list_parse(arena, one, &list));
    }
}

/* ---- Forms ---- */

static void append(void *arg, const char *bytes, size_t length)
{
    str_append_bytes(arg, bytes, length);
}

#define FORM_TYPE "multipart/form-data; boundary=\"XyZ\""
#define FILE_PART "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"

typedef struct FormRow {
    const char *body;
    const char *file; /* NULL: refused */
} FormRow;

static Err *read_form(Arena *arena, const char *body, size_t piece, Str *ret_file,
                      const char **ret_filename)
{
    Multipart form;
    size_t length = strlen(body);

    str_init(ret_file, arena);
    TRY(multipart_init(&form, arena, FORM_TYPE, append, ret_file));
    for (size_t i = 0; i < length; i += piece) {
        TRY(multipart_feed(&form, body + i, MIN(piece, length - i)));
    }
    *ret_filename = form.filename;
    return multipart_finish(&form);
}

TEST(multipart, gives_out_the_file)
{
    static const FormRow rows[] = {
        {"--XyZ\r\n" FILE_PART "\r\na,b\r\n1,2\r\n--XyZ--\r\n", "a,b\r\n1,2"},
        {"preamble\r\n--XyZ\r\n" FILE_PART "Content-Type: text/csv\r\n\r\nx\r\n--XyZ--", "x"},
        {"--XyZ\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nno\r\n"
         "--XyZ\r\n" FILE_PART "\r\nyes\r\n--XyZ--\r\nepilogue",
         "yes"},
        {"--XyZ\r\n" FILE_PART "\r\n\r\n--XyZ--\r\n", ""},
        {"--XyZ\r\n" FILE_PART "\r\n\r\n\r\n--Xy\r\r\n--XyZ--\r\n", "\r\n\r\n--Xy\r"},
        {"--XyZ  \r\n" FILE_PART "\r\nx\r\n--XyZ--\r\n", "x"},
        {"--XyZ\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nno\r\n--XyZ--\r\n", NULL},
        {"--XyZ\r\n" FILE_PART "\r\nx\r\n--XyZ\r\n" FILE_PART "\r\ny\r\n--XyZ--\r\n", NULL},
        {"--XyZ\r\n" FILE_PART "\r\nbroken off", NULL},
        {"", NULL},
    };
    static const size_t pieces[] = {1, 2, 3, 5, 1000};

    for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(pieces); i++) {
        const FormRow *row = &rows[i / COUNT_OF(pieces)];
        CLEANUP(arena_freep) Arena *arena = arena_new();
        const char *filename = NULL;
        Str file;
        Err *err = read_form(arena, row->body, pieces[i % COUNT_OF(pieces)], &file, &filename);
        ASSERT((err == NULL) == (row->file != NULL));
        if (err == NULL) {
            ASSERT_STR_EQUAL(row->file, str_text(&file));
            ASSERT_STR_EQUAL("a.csv", filename);
        }
    }
}

TEST(multipart, cleans_file_names)
{
    static const char *const rows[][2] = {
        {"filename=\"C:\\\\dir\\\\名单.xlsx\"", "名单.xlsx"},
        {"filename=\"../../etc/passwd\"", "passwd"},
        {"filename=plain.csv", "plain.csv"},
        {"filename=\"a\\\"b.csv\"", "a\"b.csv"},
        {"filename=\"/\"", NULL},
        {"filename=\"\xff\"", NULL},
        {"x=y", NULL},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(arena_freep) Arena *arena = arena_new();
        const char *filename = NULL;
        Str file;
        const char *body =
            arena_printf(arena,
                         "--XyZ\r\nContent-Disposition: form-data; name=\"file\"; %s\r\n\r\nx"
                         "\r\n--XyZ--\r\n",
                         rows[i][0]);
        ASSERT_OK(read_form(arena, body, 7, &file, &filename));
        ASSERT_STR_EQUAL(rows[i][1], filename);
    }
}

TEST(multipart, needs_a_boundary)
{
    static const char *const types[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary="
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaa"};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Multipart form;

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        ASSERT_ERR(ERR_MALFORMED, multipart_init(&form, arena, types[i], append, NULL));
    }
}

/* ---- Messages ---- */

TEST(message, is_filled_in)
{
    static const MessageText own[] = {{"test.twice", "最多 {} 项", "{} at most"}, {}};
    CLEANUP(arena_freep) Arena *arena = arena_new();

    message_register(own);
    ASSERT_STR_EQUAL("最多 3 项", message_format(arena, LANGUAGE_ZH, "test.twice", "3"));
    ASSERT_STR_EQUAL("3 at most", message_format(arena, LANGUAGE_EN, "test.twice", "3"));
    ASSERT_STR_EQUAL("no.such.code", message_format(arena, LANGUAGE_EN, "no.such.code", "3"));
    ASSERT(message_exists("required") && !message_exists("no.such.code"));
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        const char *name = err_kind_info((ErrKind)kind)->name;
        ASSERT(message_exists(arena_printf(arena, "title.%s", name)));
    }
}

/* ---- Problems ---- */

TEST(problem, tells_fields_and_hides_internals)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    HttpRequest req = make_request(arena, "");
    HttpResponse res;
    Err *err = NULL;

    req.language = LANGUAGE_EN;
    req.request_id = "r1";
    http_response_init(&res, &req);
    err_add_field(arena, &err, "contacts[2].phone", "too_long", "20");
    http_reply_problem(&res, &req, err);
    ASSERT_INT_EQUAL(422, http_response_status(&res));
    ASSERT_STR_EQUAL("application/problem+json", res.content_type);
    ASSERT_STR_EQUAL("{\"type\":\"about:blank\",\"title\":\"Invalid content\",\"status\":422,"
                     "\"detail\":\"Some fields are not valid.\",\"code\":\"validation_failed\","
                     "\"request_id\":\"r1\",\"errors\":[{\"field\":\"contacts[2].phone\","
                     "\"code\":\"too_long\",\"message\":\"must have 20 characters at most\"}]}",
                     str_text(&res.body));

    err = ERR(arena, ERR_INTERNAL, "secret_code", "SELECT * FROM secrets");
    http_reply_problem(&res, &req, err);
    ASSERT_INT_EQUAL(500, http_response_status(&res));
    ASSERT(strstr(str_text(&res.body), "secret") == NULL);

    err = ERR(arena, ERR_LIMITED, "too_many_attempts", "slow down");
    err->retry_after_ms = 1500;
    http_reply_problem(&res, &req, err);
    ASSERT_STR_EQUAL("2", pairs_find(&res.headers, "Retry-After"));
}
