/* Requests and answers, who the client is, the web apps. */
#include "http/server_test_support.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Plain requests ---- */

SERVER_TEST(answers_a_request)
{
    Answer *answer = server_test_get(t, "GET /api/hello/%E5%BC%A0 HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT_STR_EQUAL("{\"name\":\"张\"}", answer->body);
    ASSERT(server_test_has_header(answer, "\nETag: \"v7\"\r\n"));
    ASSERT(server_test_has_header(answer, "\nContent-Type: application/json\r\n"));
    ASSERT(server_test_has_header(answer, "\nX-Request-Id: "));
}

SERVER_TEST(keeps_the_connection)
{
    static Answer answer;
    int fd = server_test_dial(t);

    for (int i = 0; i < 20; i++) {
        server_test_send(fd, i % 2 == 0 ? "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n"
                                        : "GET /api/sleep HTTP/1.1\r\n" HOST "\r\n");
        server_test_receive(fd, &answer, false, NULL);
        ASSERT_INT_EQUAL(200, answer.status);
    }
    close(fd);
}

SERVER_TEST(head_has_no_body)
{
    Answer *answer = server_test_get(t, "HEAD /api/hello/a HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(server_test_has_header(answer, "\nContent-Length: 12\r\n"));
    ASSERT_INT_EQUAL(0, answer->length - (size_t)(answer->body - answer->bytes));
}

SERVER_TEST(known_version_is_not_sent_again)
{
    Answer *answer = server_test_get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST
                                        "If-None-Match: \"v6\", W/\"v7\"\r\n\r\n");

    ASSERT_INT_EQUAL(304, answer->status);
    ASSERT(server_test_has_header(answer, "\nETag: \"v7\"\r\n"));
}

SERVER_TEST(wrong_methods_and_paths_are_refused)
{
    Answer *answer = server_test_get(t, "DELETE /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(405, answer->status);
    ASSERT(server_test_has_header(answer, "\nAllow: GET, HEAD, OPTIONS\r\n"));

    answer = server_test_get(t, "OPTIONS /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(204, answer->status);
    ASSERT(server_test_has_header(answer, "\nAllow: GET, HEAD, OPTIONS\r\n"));

    answer = server_test_get(t, "GET /api/hello HTTP/1.1\r\n" HOST "Accept-Language: en\r\n\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
    ASSERT(server_test_has_header(answer, "\nContent-Type: application/problem+json\r\n"));
    ASSERT(strstr(answer->body, "\"code\":\"not_found\"") != NULL);
    ASSERT(strstr(answer->body, "There is no such thing here.") != NULL);

    answer = server_test_get(t, "GET /api/hello/%ff HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(400, answer->status);
}

SERVER_TEST(bodies_come_whole_or_in_chunks)
{
    Answer *answer =
        server_test_get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n{\"a\":1}");
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT_STR_EQUAL("{\"a\":1}", answer->body);

    answer =
        server_test_get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                           "3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n");
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT_STR_EQUAL("{\"a\":2}", answer->body);

    answer = server_test_get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                                "Content-Length: 3\r\n\r\n0\r\n\r\n");
    ASSERT_INT_EQUAL(400, answer->status);
}

SERVER_TEST(body_over_the_limit_is_refused)
{
    /* What was announced too large. */
    Answer *answer = server_test_post_zeros(
        t, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 2000000\r\n\r\n", 2000000);
    ASSERT_INT_EQUAL(413, answer->status);
    ASSERT(strstr(answer->body, "100 KiB") != NULL);

    /* What is far too large is not even read. */
    answer = server_test_get(t, "POST /api/echo HTTP/1.1\r\n" HOST
                                "Content-Length: 99999999999\r\n\r\n");
    ASSERT_INT_EQUAL(413, answer->status);

    /* What was not announced at all. */
    answer = server_test_post_zeros(t,
                                    "POST /api/echo HTTP/1.1\r\n" HOST
                                    "Transfer-Encoding: chunked\r\n\r\n30d40\r\n",
                                    200000);
    answer = server_test_get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                                "Content-Length: 2000000\r\n\r\n");
    ASSERT_INT_EQUAL(413, answer->status);
}

SERVER_TEST(pipelined_requests_are_answered_in_order)
{
    static Answer answer;
    int fd = server_test_dial(t);

    server_test_send(fd, "GET /api/sleep HTTP/1.1\r\n" HOST "\r\n"
                         "GET /api/hello/last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while (server_test_receive_some(fd, &answer)) {
    }
    close(fd);
    const char *first = strstr(answer.bytes, "{}");
    ASSERT(first != NULL && strstr(first, "\"last\"") != NULL);
    answer.length = 0;
}

/* ---- Who the client is ---- */

static const char *const proxies[] = {"127.0.0.0/8", NULL};

SERVER_TEST(proxy_speaks_for_its_client, server.options.trusted_proxies = proxies)
{
    Answer *answer = server_test_get(t, "GET /api/who HTTP/1.1\r\n" HOST
                                        "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.2\r\n\r\n");
    ASSERT_STR_EQUAL("{\"address\":\"203.0.113.9\",\"loopback\":false}", answer->body);
    answer = server_test_get(t, "GET /api/who HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_STR_EQUAL("{\"address\":\"127.0.0.1\",\"loopback\":true}", answer->body);
    answer =
        server_test_get(t, "GET /metrics HTTP/1.1\r\n" HOST "X-Forwarded-For: 203.0.113.9\r\n\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
}

SERVER_TEST(header_of_a_stranger_is_not_believed)
{
    Answer *answer =
        server_test_get(t, "GET /api/who HTTP/1.1\r\n" HOST "X-Forwarded-For: 6.6.6.6\r\n\r\n");

    ASSERT_STR_EQUAL("{\"address\":\"127.0.0.1\",\"loopback\":false}", answer->body);
}

SERVER_TEST(metrics_are_for_this_machine)
{
    server_test_get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    Answer *answer = server_test_get(t, "GET /metrics HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(strstr(answer->body, "voms_http_requests_total{route=\"/api/hello/{name}\","
                                "method=\"GET\",status=\"200\"}") != NULL);
    ASSERT(strstr(answer->body, "voms_http_request_duration_seconds_bucket{") != NULL);
    ASSERT(strstr(answer->body, "voms_loop_lag_seconds ") != NULL);
}

static const char *const origins[] = {"https://portal.example", NULL};

SERVER_TEST(cors_is_for_the_origins_named, server.options.cors_origins = origins)
{
    Answer *answer = server_test_get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST
                                        "Origin: https://portal.example\r\n\r\n");
    ASSERT(server_test_has_header(answer,
                                  "\nAccess-Control-Allow-Origin: https://portal.example\r\n"));
    answer = server_test_get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST
                                "Origin: https://evil.example\r\n\r\n");
    ASSERT(!server_test_has_header(answer, "Access-Control"));
}

/* ---- Connections ---- */

/* An address of this machine that is not loopback; 0 if it has none. */
static in_addr_t own_address(void)
{
    struct ifaddrs *list = NULL;
    in_addr_t found = 0;

    ASSERT(getifaddrs(&list) == 0);
    for (struct ifaddrs *entry = list; entry != NULL && found == 0; entry = entry->ifa_next) {
        if (entry->ifa_addr != NULL && entry->ifa_addr->sa_family == AF_INET &&
            (entry->ifa_flags & IFF_LOOPBACK) == 0) {
            found = ((struct sockaddr_in *)(void *)entry->ifa_addr)->sin_addr.s_addr;
        }
    }
    freeifaddrs(list);
    return found;
}

static bool is_served(int fd)
{
    static Answer answer;

    server_test_send(fd, "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    server_test_receive(fd, &answer, false, NULL);
    return answer.status == 200;
}

SERVER_TEST(one_address_has_only_so_many_connections,
            (server.options.host = "0.0.0.0", server.options.connections_per_address_max = 2))
{
    in_addr_t address = own_address();
    int fds[4];

    if (address == 0) {
        return; /* without a network only loopback is there, which is never limited */
    }
    for (int i = 0; i < 3; i++) {
        fds[i] = server_test_dial_to(t, address);
        ASSERT(is_served(fds[i]) == (i < 2));
    }
    fds[3] = server_test_dial(t);
    ASSERT(is_served(fds[3]));
    close(fds[3]);

    /* A place becomes free with the connection that had it. */
    close(fds[0]);
    close(fds[2]);
    fds[0] = server_test_dial_to(t, address);
    while (!is_served(fds[0])) { /* the server learns of it soon */
        close(fds[0]);
        fds[0] = server_test_dial_to(t, address);
    }
    close(fds[0]);
    close(fds[1]);
}

/* ---- The web apps ---- */

static void write_web_file(const TestServer *t, const char *name, const char *content)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", t->folder, name);
    FILE *file = fopen(path, "w");
    ASSERT(file != NULL);
    fputs(content, file);
    fclose(file);
}

static void make_web_root(TestServer *t)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/admin", t->folder);
    ASSERT(mkdir(path, 0700) == 0);
    strcat(path, "/assets");
    ASSERT(mkdir(path, 0700) == 0);
    write_web_file(t, "admin/index.html", "<html>");
    write_web_file(t, "admin/assets/app-1234.js", "plain");
    write_web_file(t, "admin/assets/app-1234.js.br", "brotli");
    t->options.web_root = t->folder;
}

SERVER_TEST(web_app_is_served, make_web_root(&server))
{
    Answer *answer = server_test_get(t, "GET / HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(308, answer->status);
    ASSERT(server_test_has_header(answer, "\nLocation: /admin/\r\n"));

    answer = server_test_get(t, "GET /admin/volunteers/7 HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT_STR_EQUAL("<html>", answer->body);
    ASSERT(server_test_has_header(answer, "\nCache-Control: no-cache\r\n"));
    ASSERT(server_test_has_header(answer, "\nContent-Security-Policy: default-src 'self'"));

    answer = server_test_get(t, "GET /admin/assets/app-1234.js HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_STR_EQUAL("plain", answer->body);
    ASSERT(server_test_has_header(answer, "immutable"));
    answer = server_test_get(t, "GET /admin/assets/app-1234.js HTTP/1.1\r\n" HOST
                                "Accept-Encoding: gzip, br\r\n\r\n");
    ASSERT_STR_EQUAL("brotli", answer->body);
    ASSERT(server_test_has_header(answer, "\nContent-Encoding: br\r\n"));

    answer = server_test_get(t, "GET /admin/assets/old-1.js HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
    answer = server_test_get(t, "GET /admin/../../etc/passwd HTTP/1.1\r\n" HOST "\r\n");
    ASSERT(strstr(answer->body, "root:") == NULL);
    answer = server_test_get(t, "GET /api/nothing HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
    ASSERT(!http_server_has_portal(t->server));
}

SERVER_TEST(web_files_that_were_replaced_are_away, make_web_root(&server))
{
    static const char script[] = "GET /admin/assets/app-1234.js HTTP/1.1\r\n" HOST "\r\n";
    static const char page[] = "GET /admin/ HTTP/1.1\r\n" HOST "\r\n";
    char path[160];
    Answer *answer = server_test_get(t, "GET /admin/index.html HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(200, answer->status);

    write_web_file(t, "admin/index.html", "<html of another release>");
    write_web_file(t, "admin/assets/app-1234.js", "longer than it was");
    ASSERT_STR_EQUAL("<html>", server_test_get(t, page)->body); /* read before */
    answer = server_test_get(t, script);
    ASSERT_INT_EQUAL(503, answer->status);
    ASSERT(server_test_has_header(answer, "\nContent-Type: application/problem+json"));
    snprintf(path, sizeof(path), "%s/admin/assets/app-1234.js", t->folder);
    ASSERT(unlink(path) == 0);
    ASSERT_INT_EQUAL(404, server_test_get(t, script)->status);
}

static void make_both_apps(TestServer *t)
{
    char path[96];

    make_web_root(t);
    snprintf(path, sizeof(path), "%s/portal", t->folder);
    ASSERT(mkdir(path, 0700) == 0);
    write_web_file(t, "portal/index.html", "<html lang>");
}

SERVER_TEST(portal_has_the_paths_that_are_not_the_consoles, make_both_apps(&server))
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\n" HOST "\r\n",
        "GET /activities/7 HTTP/1.1\r\n" HOST "\r\n",
        "GET /shifts HTTP/1.1\r\n" HOST "\r\n",
    };
    Answer *answer = NULL;

    ASSERT(http_server_has_portal(t->server));
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        answer = server_test_get(t, requests[i]);
        ASSERT_STR_EQUAL("<html lang>", answer->body);
    }
    answer = server_test_get(t, "GET /admin/volunteers/7 HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_STR_EQUAL("<html>", answer->body);
    answer = server_test_get(t, "GET /admin HTTP/1.1\r\n" HOST "\r\n");
    ASSERT(server_test_has_header(answer, "\nLocation: /admin/\r\n"));
    answer = server_test_get(t, "GET /api/nothing HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
}
