/* A small server on real sockets. The client is a thread of its own, since it blocks. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http.h"
#include "http/metrics.h"
#include "tests/unit/test.h"

/* ---- The server ---- */

typedef struct TestServer {
    HttpServer *server;
    FiberGroup group;
    Loop *loop;
    Waiter client_ended;
    Waiter gate; /* the handler of /wait goes on when it opens */
    bool handler_cancelled;
    bool handler_ended;
    void (*client)(struct TestServer *t);
    HttpServerOptions options;
    char folder[64]; /* temporary files and the web root */
} TestServer;

static TestServer *current;

static Err *hello(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    http_set_version(res, 7);
    return http_reply_json(res, HTTP_OK,
                           arena_printf(req->arena, "{\"name\":\"%s\"}", http_path(req, "name")));
}

static Err *echo(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    return http_reply_json(res, HTTP_CREATED,
                           arena_strndup(req->arena, req->body.data, req->body.length));
}

static Err *wait_for_gate(Ctx *ctx UNUSED, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Err *err = waiter_wait(&current->gate, DEADLINE_NEVER);
    current->handler_cancelled = err_is(err, ERR_CANCELLED);
    current->handler_ended = true;
    TRY(err);
    return http_reply_empty(res);
}

static Err *sleep_a_little(Ctx *ctx UNUSED, const HttpRequest *req UNUSED, HttpResponse *res)
{
    TRY(fiber_sleep(5));
    return http_reply_json(res, HTTP_OK, "{}");
}

static Err *stream_numbers(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    TRY(http_stream_begin(res, HTTP_OK, "text/csv", "名单.csv"));
    for (int i = 0; i < 50000; i++) {
        const char *line = arena_printf(req->arena, "%09d\n", i);
        TRY(http_stream_write(res, line, strlen(line)));
    }
    current->handler_ended = true;
    return NULL;
}

static Err *break_stream(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    TRY(http_stream_begin(res, HTTP_OK, "text/csv", NULL));
    TRY(http_stream_write(res, "begun\n", 6));
    return ERR(req->arena, ERR_INTERNAL, "internal_error", "broken in the middle");
}

static Err *send_events(Ctx *ctx UNUSED, const HttpRequest *req UNUSED, HttpResponse *res)
{
    TRY(http_sse_begin(res));
    TRY(http_sse_send(res, "progress", "1", "{\"done\":1}"));
    TRY(http_sse_send(res, "progress", "2", "two\nlines"));
    Err *err = waiter_wait(&current->gate, DEADLINE_NEVER);
    current->handler_cancelled = err_is(err, ERR_CANCELLED);
    current->handler_ended = true;
    return err;
}

static Err *take_upload(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    struct stat status;

    ASSERT(stat(req->upload_path, &status) == 0);
    ASSERT_INT_EQUAL(req->upload_size_bytes, status.st_size);
    return http_reply_json(res, HTTP_CREATED,
                           arena_printf(req->arena, "{\"size\":%lld,\"name\":\"%s\"}",
                                        (long long)status.st_size,
                                        req->upload_filename == NULL ? "" : req->upload_filename));
}

static Err *send_file(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    return http_reply_file(res, arena_printf(req->arena, "%s/file.bin", current->folder),
                           "application/octet-stream", NULL);
}

static Err *who(Ctx *ctx UNUSED, const HttpRequest *req, HttpResponse *res)
{
    return http_reply_json(res, HTTP_OK,
                           arena_printf(req->arena, "{\"address\":\"%s\",\"loopback\":%s}",
                                        req->client_address, req->is_loopback ? "true" : "false"));
}

static const Route routes[] = {
    {HTTP_GET, "/api/hello/{name}", hello, .needs = NEEDS_NOTHING},
    {HTTP_POST, "/api/echo", echo, .needs = NEEDS_NOTHING, .body_max_bytes = 100 * 1024},
    {HTTP_GET, "/api/wait", wait_for_gate, .needs = NEEDS_NOTHING},
    {HTTP_GET, "/api/sleep", sleep_a_little, .needs = NEEDS_NOTHING},
    {HTTP_GET, "/api/numbers", stream_numbers, .needs = NEEDS_NOTHING, .long_lived = true},
    {HTTP_GET, "/api/broken", break_stream, .needs = NEEDS_NOTHING, .long_lived = true},
    {HTTP_GET, "/api/events", send_events, .needs = NEEDS_NOTHING, .long_lived = true},
    {HTTP_POST, "/api/upload", take_upload, .needs = NEEDS_NOTHING, .upload = true},
    {HTTP_POST, "/api/refused", take_upload, .needs = NEEDS_LOGIN, .upload = true},
    {HTTP_GET, "/api/file", send_file, .needs = NEEDS_NOTHING, .long_lived = true},
    {HTTP_GET, "/api/who", who, .needs = NEEDS_NOTHING},
    {}};
static const Route *const tables[] = {routes, NULL};

YIELDS static Err *handle(HttpRequest *req, HttpResponse *res)
{
    if (strcmp(req->route->needs, NEEDS_LOGIN) == 0) {
        TRY(fiber_sleep(1));
        return ERR(req->arena, ERR_UNAUTHENTICATED, "unauthenticated", "no login");
    }
    if (req->route->upload) {
        TRY(http_receive_upload(req));
    }
    return req->route->handle(NULL, req, res);
}

static void dispatch(void *owner UNUSED, HttpRequest *req, HttpResponse *res)
{
    Err *err = handle(req, res);

    if (err != NULL) {
        http_reply_problem(res, req, err);
    }
}

/* ---- Running a test ---- */

static void wake_main(void *arg)
{
    waiter_wake(arg);
}

static void *run_client(void *arg)
{
    TestServer *t = arg;

    t->client(t);
    loop_post(t->loop, wake_main, &t->client_ended);
    return NULL;
}

static void run_main(void *arg)
{
    TestServer *t = arg;
    CLEANUP(arena_freep) Arena *arena = arena_new();
    pthread_t thread;

    ASSERT_OK(http_server_new(arena, &t->options, &t->server));
    ASSERT_OK(http_server_start(t->server));
    ASSERT(pthread_create(&thread, NULL, run_client, t) == 0);
    ASSERT_OK(waiter_wait(&t->client_ended, deadline_after(60 * SECOND_MS)));
    pthread_join(thread, NULL);
    http_server_stop(t->server, 2000);
    http_server_free(t->server);
}

static int count_files(const char *folder, const char *prefix)
{
    DIR *directory = opendir(folder);
    int count = 0;

    ASSERT(directory != NULL);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(directory);
    return count;
}

static void init_server(TestServer *t, void (*client)(TestServer *t))
{
    *t = (TestServer){.client = client};
    strcpy(t->folder, "/tmp/voms-http-test-XXXXXX");
    ASSERT(mkdtemp(t->folder) != NULL);
    t->options = (HttpServerOptions){.host = "127.0.0.1",
                                     .temp_dir = t->folder,
                                     .routes = tables,
                                     .upload_max_bytes = 3 * 1024 * 1024,
                                     .dispatch = dispatch};
    current = t;
}

static void serve(TestServer *t)
{
    char command[128];

    t->loop = loop_new("test");
    fiber_group_init(&t->group);
    fiber_spawn(&t->group, "main", run_main, t);
    fiber_group_join(&t->group);
    loop_free(t->loop);
    ASSERT_INT_EQUAL(0, count_files(t->folder, "upload-"));
    snprintf(command, sizeof(command), "rm -r %s", t->folder);
    ASSERT(system(command) == 0);
}

#define SERVER_TEST(name, ...)                                                                     \
    static void client_##name(TestServer *t);                                                      \
    TEST(http_server, name)                                                                        \
    {                                                                                              \
        TestServer server;                                                                         \
        init_server(&server, client_##name);                                                       \
        __VA_ARGS__;                                                                               \
        serve(&server);                                                                            \
    }                                                                                              \
    static void client_##name(TestServer *t UNUSED)

/* ---- The client ---- */

typedef struct Answer {
    int status;
    char *head;
    char *body;
    size_t body_length;
    bool is_complete; /* the body came as long as it should be */
    char bytes[1200000];
    size_t length;
} Answer;

static int dial_to(const TestServer *t, in_addr_t host)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(t->server)),
                                  .sin_addr.s_addr = host};
    struct timeval timeout = {.tv_sec = 30};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ASSERT(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return fd;
}

static int dial(const TestServer *t)
{
    return dial_to(t, htonl(INADDR_LOOPBACK));
}

static void send_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has closed; the answer tells why */
        }
        bytes += sent;
        length -= (size_t)sent;
    }
}

static void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

static bool receive_some(int fd, Answer *answer)
{
    ssize_t got =
        recv(fd, answer->bytes + answer->length, sizeof(answer->bytes) - 1 - answer->length, 0);
    if (got <= 0) {
        return false;
    }
    answer->length += (size_t)got;
    answer->bytes[answer->length] = '\0';
    return true;
}

/* Joins the chunks in place; false when the last one has not come. */
static bool join_chunks(Answer *answer, size_t available)
{
    char *in = answer->body;
    char *end = answer->body + available;

    answer->body_length = 0;
    for (;;) {
        char *size_end = memmem(in, (size_t)(end - in), "\r\n", 2);
        if (size_end == NULL) {
            return false;
        }
        size_t size = strtoul(in, NULL, 16);
        if (size == 0) {
            return true;
        }
        if (size_end + 2 + size + 2 > end) {
            return false;
        }
        memmove(answer->body + answer->body_length, size_end + 2, size);
        answer->body_length += size;
        in = size_end + 2 + size + 2;
    }
}

/* Reads one answer; what follows it is lost. until (may be NULL) ends the reading early. */
static void receive(int fd, Answer *answer, bool is_head, const char *until)
{
    memset(answer, 0, offsetof(Answer, bytes));
    answer->length = 0;
    answer->bytes[0] = '\0';
    while ((answer->body = strstr(answer->bytes, "\r\n\r\n")) == NULL) {
        if (!receive_some(fd, answer)) {
            return;
        }
    }
    answer->body += 4;
    answer->body[-2] = '\0';
    answer->head = answer->bytes;
    ASSERT(strncmp(answer->head, "HTTP/1.1 ", 9) == 0);
    answer->status = (int)strtol(answer->head + 9, NULL, 10);
    if (is_head || answer->status == 204 || answer->status == 304) {
        answer->is_complete = true;
        return;
    }
    const char *length = strcasestr(answer->head, "\nContent-Length:");
    size_t wanted = length == NULL ? SIZE_MAX : strtoul(length + 16, NULL, 10);
    for (;;) {
        size_t available = answer->length - (size_t)(answer->body - answer->bytes);
        if (until != NULL && strstr(answer->body, until) != NULL) {
            return;
        }
        if (length != NULL && available >= wanted) {
            answer->body_length = wanted;
            answer->is_complete = true;
            return;
        }
        if (!receive_some(fd, answer)) {
            answer->body_length = available;
            answer->is_complete = length == NULL && strcasestr(answer->head, "chunked") != NULL &&
                                  join_chunks(answer, available);
            return;
        }
        if (length == NULL && strcmp(answer->bytes + answer->length - 5, "0\r\n\r\n") == 0) {
            available = answer->length - (size_t)(answer->body - answer->bytes);
            answer->is_complete = join_chunks(answer, available);
            return;
        }
    }
}

static Answer *get(const TestServer *t, const char *request)
{
    static Answer answer;
    int fd = dial(t);

    send_text(fd, request);
    receive(fd, &answer, strncmp(request, "HEAD", 4) == 0, NULL);
    close(fd);
    return &answer;
}

static bool has_header(const Answer *answer, const char *line)
{
    return strcasestr(answer->head, line) != NULL;
}

#define HOST "Host: x\r\n"

/* ---- Plain requests ---- */

SERVER_TEST(answers_a_request)
{
    Answer *answer = get(t, "GET /api/hello/%E5%BC%A0 HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT_STR_EQUAL("{\"name\":\"张\"}", answer->body);
    ASSERT(has_header(answer, "\nETag: \"v7\"\r\n"));
    ASSERT(has_header(answer, "\nContent-Type: application/json\r\n"));
    ASSERT(has_header(answer, "\nX-Request-Id: "));
}

SERVER_TEST(keeps_the_connection)
{
    static Answer answer;
    int fd = dial(t);

    for (int i = 0; i < 20; i++) {
        send_text(fd, i % 2 == 0 ? "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n"
                                 : "GET /api/sleep HTTP/1.1\r\n" HOST "\r\n");
        receive(fd, &answer, false, NULL);
        ASSERT_INT_EQUAL(200, answer.status);
    }
    close(fd);
}

SERVER_TEST(head_has_no_body)
{
    Answer *answer = get(t, "HEAD /api/hello/a HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(has_header(answer, "\nContent-Length: 12\r\n"));
    ASSERT_INT_EQUAL(0, answer->length - (size_t)(answer->body - answer->bytes));
}

SERVER_TEST(known_version_is_not_sent_again)
{
    Answer *answer =
        get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST "If-None-Match: \"v6\", W/\"v7\"\r\n\r\n");

    ASSERT_INT_EQUAL(304, answer->status);
    ASSERT(has_header(answer, "\nETag: \"v7\"\r\n"));
}

SERVER_TEST(wrong_methods_and_paths_are_refused)
{
    Answer *answer = get(t, "DELETE /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(405, answer->status);
    ASSERT(has_header(answer, "\nAllow: GET, HEAD, OPTIONS\r\n"));

    answer = get(t, "OPTIONS /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(204, answer->status);
    ASSERT(has_header(answer, "\nAllow: GET, HEAD, OPTIONS\r\n"));

    answer = get(t, "GET /api/hello HTTP/1.1\r\n" HOST "Accept-Language: en\r\n\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
    ASSERT(has_header(answer, "\nContent-Type: application/problem+json\r\n"));
    ASSERT(strstr(answer->body, "\"code\":\"not_found\"") != NULL);
    ASSERT(strstr(answer->body, "There is no such thing here.") != NULL);

    answer = get(t, "GET /api/hello/%ff HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(400, answer->status);
}

SERVER_TEST(bodies_come_whole_or_in_chunks)
{
    Answer *answer =
        get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 7\r\n\r\n{\"a\":1}");
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT_STR_EQUAL("{\"a\":1}", answer->body);

    answer = get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                    "3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n");
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT_STR_EQUAL("{\"a\":2}", answer->body);

    answer = get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                    "Content-Length: 3\r\n\r\n0\r\n\r\n");
    ASSERT_INT_EQUAL(400, answer->status);
}

static Answer *post_zeros(const TestServer *t, const char *head, size_t length)
{
    static Answer answer;
    char *body = calloc(1, length + 1);
    int fd = dial(t);

    memset(body, 'x', length);
    send_text(fd, head);
    send_bytes(fd, body, length);
    receive(fd, &answer, false, NULL);
    close(fd);
    free(body);
    return &answer;
}

SERVER_TEST(body_over_the_limit_is_refused)
{
    /* What was announced too large. */
    Answer *answer =
        post_zeros(t, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 2000000\r\n\r\n",
                   2000000);
    ASSERT_INT_EQUAL(413, answer->status);
    ASSERT(strstr(answer->body, "100 KiB") != NULL);

    /* What is far too large is not even read. */
    answer = get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n\r\n");
    ASSERT_INT_EQUAL(413, answer->status);

    /* What was not announced at all. */
    answer =
        post_zeros(t,
                   "POST /api/echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n30d40\r\n",
                   200000);
    answer = get(t, "POST /api/echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                    "Content-Length: 2000000\r\n\r\n");
    ASSERT_INT_EQUAL(413, answer->status);
}

SERVER_TEST(pipelined_requests_are_answered_in_order)
{
    static Answer answer;
    int fd = dial(t);

    send_text(fd, "GET /api/sleep HTTP/1.1\r\n" HOST "\r\n"
                  "GET /api/hello/last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while (receive_some(fd, &answer)) {
    }
    close(fd);
    const char *first = strstr(answer.bytes, "{}");
    ASSERT(first != NULL && strstr(first, "\"last\"") != NULL);
    answer.length = 0;
}

/* ---- Slow and lost clients ---- */

SERVER_TEST(slow_head_is_ended, server.options.header_timeout_ms = 500)
{
    static const char request[] = "GET /api/hello/a HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaa";
    char byte = 0;
    int fd = dial(t);

    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        send_bytes(fd, &request[i], 1);
        if (recv(fd, &byte, 1, MSG_DONTWAIT) == 1) {
            break;
        }
        usleep(200 * 1000);
    }
    ASSERT(byte == 'H'); /* HTTP/1.1 408 */
    close(fd);
}

SERVER_TEST(slow_body_is_ended, server.options.body_timeout_ms = 500)
{
    char byte = 0;
    int fd = dial(t);

    send_text(fd, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 50 && byte == 0; i++) {
        send_bytes(fd, "x", 1);
        usleep(100 * 1000);
        recv(fd, &byte, 1, MSG_DONTWAIT);
    }
    ASSERT(byte == 'H');
    close(fd);
}

SERVER_TEST(lost_client_cancels_its_work)
{
    int fd = dial(t);

    send_text(fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    usleep(100 * 1000);
    ASSERT(!t->handler_ended);
    close(fd);
    for (int i = 0; i < 300 && !t->handler_ended; i++) {
        usleep(10 * 1000);
    }
    ASSERT(t->handler_ended && t->handler_cancelled);
}

SERVER_TEST(silent_connection_is_ended, server.options.idle_timeout_ms = 1000)
{
    char byte = 0;
    int fd = dial(t);

    ASSERT(recv(fd, &byte, 1, 0) == 0);
    close(fd);
}

/* ---- Streams ---- */

SERVER_TEST(stream_comes_whole)
{
    Answer *answer = get(t, "GET /api/numbers HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(answer->is_complete);
    ASSERT_INT_EQUAL(500000, answer->body_length);
    ASSERT(memcmp(answer->body + 499990, "000049999\n", 10) == 0);
    ASSERT(has_header(answer, "filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"));
}

SERVER_TEST(broken_stream_is_noticed)
{
    Answer *answer = get(t, "GET /api/broken HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(!answer->is_complete);
}

SERVER_TEST(client_that_leaves_a_stream_ends_it)
{
    static Answer answer;
    int fd = dial(t);

    send_text(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    receive(fd, &answer, false, "data: lines\n\n");
    ASSERT(strstr(answer.body, "event: progress\nid: 1\ndata: {\"done\":1}\n\n") != NULL);
    ASSERT(strstr(answer.body, "data: two\ndata: lines\n\n") != NULL);
    ASSERT(has_header(&answer, "\nContent-Type: text/event-stream\r\n"));
    close(fd);
    for (int i = 0; i < 300 && !t->handler_ended; i++) {
        usleep(10 * 1000);
    }
    ASSERT(t->handler_ended && t->handler_cancelled);
}

SERVER_TEST(silent_event_stream_has_a_heartbeat, server.options.heartbeat_ms = 300)
{
    static Answer answer;
    int fd = dial(t);

    send_text(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    receive(fd, &answer, false, "\n:\n\n");
    ASSERT(strstr(answer.body, "\n:\n\n") != NULL);
    close(fd);
}

SERVER_TEST(head_of_a_stream_has_no_body)
{
    Answer *answer = get(t, "HEAD /api/numbers HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    for (int i = 0; i < 300 && !t->handler_ended; i++) {
        usleep(10 * 1000);
    }
    ASSERT(t->handler_ended);
}

SERVER_TEST(file_is_sent)
{
    char path[96];

    snprintf(path, sizeof(path), "%s/file.bin", t->folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 20000; i++) {
        fprintf(file, "%09d\n", i);
    }
    fclose(file);
    Answer *answer = get(t, "GET /api/file HTTP/1.1\r\n" HOST "\r\n");
    ASSERT(answer->status == 200 && answer->is_complete);
    ASSERT_INT_EQUAL(200000, answer->body_length);
    unlink(path);
    answer = get(t, "GET /api/file HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(500, answer->status);
}

/* ---- Uploads ---- */

SERVER_TEST(upload_goes_to_a_file)
{
    Answer *answer =
        post_zeros(t,
                   "POST /api/upload HTTP/1.1\r\n" HOST "Content-Type: application/octet-stream\r\n"
                   "Content-Length: 2500000\r\n\r\n",
                   2500000);

    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT(strstr(answer->body, "\"size\":2500000") != NULL);

    static const char form[] = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"C:/a/b.csv\"\r\nContent-Type: text/csv\r\n\r\n"
                               "a,b\r\n1,2\r\n--xyz--\r\n";
    char request[512];
    snprintf(request, sizeof(request),
             "POST /api/upload HTTP/1.1\r\n" HOST
             "Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(form), form);
    answer = get(t, request);
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT(strstr(answer->body, "\"size\":8,\"name\":\"b.csv\"") != NULL);

    answer = get(t, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    ASSERT_INT_EQUAL(201, answer->status);
}

SERVER_TEST(upload_over_the_limit_is_refused)
{
    Answer *answer =
        post_zeros(t, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 4000000\r\n\r\n",
                   4000000);

    ASSERT_INT_EQUAL(413, answer->status);
}

SERVER_TEST(upload_without_login_is_refused_before_it_comes)
{
    Answer *answer = get(t, "POST /api/refused HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                            "Content-Length: 2500000\r\n\r\n");
    ASSERT_INT_EQUAL(401, answer->status);
    ASSERT(has_header(answer, "\nWWW-Authenticate: Bearer\r\n"));

    answer = post_zeros(t, "POST /api/refused HTTP/1.1\r\n" HOST "Content-Length: 2500000\r\n\r\n",
                        2500000);
    ASSERT_INT_EQUAL(401, answer->status);
}

SERVER_TEST(upload_that_breaks_off_leaves_no_file)
{
    int fd = dial(t);

    send_text(fd, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 2500000\r\n\r\nabc");
    usleep(200 * 1000);
    close(fd);
    usleep(200 * 1000);
}

/* ---- Who the client is ---- */

static const char *const proxies[] = {"127.0.0.0/8", NULL};

SERVER_TEST(proxy_speaks_for_its_client, server.options.trusted_proxies = proxies)
{
    Answer *answer = get(t, "GET /api/who HTTP/1.1\r\n" HOST
                            "X-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.2\r\n\r\n");
    ASSERT_STR_EQUAL("{\"address\":\"203.0.113.9\",\"loopback\":false}", answer->body);
    answer = get(t, "GET /api/who HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_STR_EQUAL("{\"address\":\"127.0.0.1\",\"loopback\":true}", answer->body);
    answer = get(t, "GET /metrics HTTP/1.1\r\n" HOST "X-Forwarded-For: 203.0.113.9\r\n\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
}

SERVER_TEST(header_of_a_stranger_is_not_believed)
{
    Answer *answer = get(t, "GET /api/who HTTP/1.1\r\n" HOST "X-Forwarded-For: 6.6.6.6\r\n\r\n");

    ASSERT_STR_EQUAL("{\"address\":\"127.0.0.1\",\"loopback\":false}", answer->body);
}

SERVER_TEST(metrics_are_for_this_machine)
{
    get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    Answer *answer = get(t, "GET /metrics HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(strstr(answer->body, "voms_http_requests_total{route=\"/api/hello/{name}\","
                                "method=\"GET\",status=\"200\"}") != NULL);
    ASSERT(strstr(answer->body, "voms_http_request_duration_seconds_bucket{") != NULL);
    ASSERT(strstr(answer->body, "voms_loop_lag_seconds ") != NULL);
}

static const char *const origins[] = {"https://portal.example", NULL};

SERVER_TEST(cors_is_for_the_origins_named, server.options.cors_origins = origins)
{
    Answer *answer =
        get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST "Origin: https://portal.example\r\n\r\n");
    ASSERT(has_header(answer, "\nAccess-Control-Allow-Origin: https://portal.example\r\n"));
    answer = get(t, "GET /api/hello/a HTTP/1.1\r\n" HOST "Origin: https://evil.example\r\n\r\n");
    ASSERT(!has_header(answer, "Access-Control"));
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

    send_text(fd, "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n");
    receive(fd, &answer, false, NULL);
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
        fds[i] = dial_to(t, address);
        ASSERT(is_served(fds[i]) == (i < 2));
    }
    fds[3] = dial(t);
    ASSERT(is_served(fds[3]));
    close(fds[3]);

    /* A place becomes free with the connection that had it. */
    close(fds[0]);
    close(fds[2]);
    usleep(100 * 1000);
    fds[0] = dial_to(t, address);
    ASSERT(is_served(fds[0]));
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
    Answer *answer = get(t, "GET / HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(308, answer->status);
    ASSERT(has_header(answer, "\nLocation: /admin/\r\n"));

    answer = get(t, "GET /admin/volunteers/7 HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT_STR_EQUAL("<html>", answer->body);
    ASSERT(has_header(answer, "\nCache-Control: no-cache\r\n"));
    ASSERT(has_header(answer, "\nContent-Security-Policy: default-src 'self'"));

    answer = get(t, "GET /admin/assets/app-1234.js HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_STR_EQUAL("plain", answer->body);
    ASSERT(has_header(answer, "immutable"));
    answer = get(t, "GET /admin/assets/app-1234.js HTTP/1.1\r\n" HOST
                    "Accept-Encoding: gzip, br\r\n\r\n");
    ASSERT_STR_EQUAL("brotli", answer->body);
    ASSERT(has_header(answer, "\nContent-Encoding: br\r\n"));

    answer = get(t, "GET /admin/assets/old-1.js HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
    answer = get(t, "GET /admin/../../etc/passwd HTTP/1.1\r\n" HOST "\r\n");
    ASSERT(strstr(answer->body, "root:") == NULL);
    answer = get(t, "GET /api/nothing HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(404, answer->status);
}

/* ---- Stopping ---- */

static void *open_gate_later(void *arg)
{
    TestServer *t = arg;

    usleep(300 * 1000);
    loop_post(t->loop, wake_main, &t->gate);
    return NULL;
}

static pthread_t gate_thread;
static int held_fd;

static void client_that_opens_the_gate_later(TestServer *t)
{
    held_fd = dial(t);
    send_text(held_fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    usleep(100 * 1000);
    ASSERT(pthread_create(&gate_thread, NULL, open_gate_later, t) == 0);
}

TEST(http_server, drain_lets_running_requests_end)
{
    static Answer answer;
    TestServer t;

    init_server(&t, client_that_opens_the_gate_later);
    serve(&t);
    receive(held_fd, &answer, false, NULL);
    ASSERT_INT_EQUAL(204, answer.status);
    ASSERT(has_header(&answer, "\nConnection: close"));
    pthread_join(gate_thread, NULL);
    close(held_fd);
}

static void client_that_leaves_a_request_running(TestServer *t)
{
    held_fd = dial(t);
    send_text(held_fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    usleep(100 * 1000);
}

TEST(http_server, stop_cancels_what_does_not_end)
{
    static Answer answer;
    TestServer t;

    init_server(&t, client_that_leaves_a_request_running);
    serve(&t);
    receive(held_fd, &answer, false, NULL);
    ASSERT_INT_EQUAL(503, answer.status);
    close(held_fd);
}

SERVER_TEST(stop_ends_event_streams)
{
    static Answer answer;

    held_fd = dial(t);
    send_text(held_fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    receive(held_fd, &answer, false, "data: lines\n\n");
}

TEST(http_server, taken_port_is_refused)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    Loop *loop = loop_new("test");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    HttpServer *server = NULL;

    ASSERT(bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 1) == 0);
    ASSERT(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    HttpServerOptions options = {.host = "127.0.0.1",
                                 .port = ntohs(address.sin_port),
                                 .routes = tables,
                                 .dispatch = dispatch};
    ASSERT_OK(http_server_new(arena, &options, &server));
    ASSERT_ERR(ERR_UNAVAILABLE, http_server_start(server));
    http_server_free(server);
    close(fd);
    loop_free(loop);
}
