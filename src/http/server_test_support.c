#include "http/server_test_support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- The server ---- */

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

YIELDS static Err *wait_at_gate(void)
{
    sem_post(&current->handler_began);
    Err *err = waiter_wait(&current->gate, DEADLINE_NEVER);
    current->handler_cancelled = err_is(err, ERR_CANCELLED);
    sem_post(&current->handler_ended);
    return err;
}

static Err *wait_for_gate(Ctx *ctx UNUSED, const HttpRequest *req UNUSED, HttpResponse *res)
{
    Err *err = wait_at_gate();
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
    sem_post(&current->handler_ended);
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
    Err *err = wait_at_gate();
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
const Route *const server_test_routes[] = {routes, NULL};

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

void server_test_dispatch(void *owner UNUSED, HttpRequest *req, HttpResponse *res)
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
    t->port = http_server_port(t->server);
    ASSERT(pthread_create(&thread, NULL, run_client, t) == 0);
    ASSERT_OK(waiter_wait(&t->client_ended, deadline_after(60 * SECOND_MS)));
    pthread_join(thread, NULL);
    http_server_stop(t->server, 2000);
    http_server_free(t->server);
}

int server_test_count_files(const char *folder, const char *prefix)
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

void server_test_init(TestServer *t, void (*client)(TestServer *t))
{
    *t = (TestServer){.client = client};
    ASSERT(sem_init(&t->handler_began, 0, 0) == 0 && sem_init(&t->handler_ended, 0, 0) == 0);
    strcpy(t->folder, "/tmp/voms-http-test-XXXXXX");
    ASSERT(mkdtemp(t->folder) != NULL);
    t->options = (HttpServerOptions){.host = "127.0.0.1",
                                     .temp_dir = t->folder,
                                     .routes = server_test_routes,
                                     .upload_max_bytes = 3 * 1024 * 1024,
                                     .dispatch = server_test_dispatch};
    current = t;
}

void server_test_serve(TestServer *t)
{
    char command[128];

    t->loop = loop_new("test");
    fiber_group_init(&t->group);
    fiber_spawn(&t->group, "main", run_main, t);
    fiber_group_join(&t->group);
    loop_free(t->loop);
    ASSERT_INT_EQUAL(0, server_test_count_files(t->folder, "upload-"));
    snprintf(command, sizeof(command), "rm -r %s", t->folder);
    ASSERT(system(command) == 0);
}

/* ---- The client ---- */

int server_test_dial_to(const TestServer *t, in_addr_t host)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)t->port),
                                  .sin_addr.s_addr = host};
    struct timeval timeout = {.tv_sec = 30};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    ASSERT(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return fd;
}

int server_test_dial(const TestServer *t)
{
    return server_test_dial_to(t, htonl(INADDR_LOOPBACK));
}

void server_test_send_bytes(int fd, const char *bytes, size_t length)
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

void server_test_send(int fd, const char *text)
{
    server_test_send_bytes(fd, text, strlen(text));
}

bool server_test_receive_some(int fd, Answer *answer)
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
void server_test_receive(int fd, Answer *answer, bool is_head, const char *until)
{
    memset(answer, 0, offsetof(Answer, bytes));
    answer->length = 0;
    answer->bytes[0] = '\0';
    while ((answer->body = strstr(answer->bytes, "\r\n\r\n")) == NULL) {
        if (!server_test_receive_some(fd, answer)) {
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
        if (!server_test_receive_some(fd, answer)) {
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

Answer *server_test_get(const TestServer *t, const char *request)
{
    static Answer answer;
    int fd = server_test_dial(t);

    server_test_send(fd, request);
    server_test_receive(fd, &answer, strncmp(request, "HEAD", 4) == 0, NULL);
    close(fd);
    return &answer;
}

bool server_test_has_header(const Answer *answer, const char *line)
{
    return strcasestr(answer->head, line) != NULL;
}

Answer *server_test_post_zeros(const TestServer *t, const char *head, size_t length)
{
    static Answer answer;
    char *body = calloc(1, length + 1);
    int fd = server_test_dial(t);

    memset(body, 'x', length);
    server_test_send(fd, head);
    server_test_send_bytes(fd, body, length);
    server_test_receive(fd, &answer, false, NULL);
    close(fd);
    free(body);
    return &answer;
}

void server_test_wait(sem_t *happened)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    while (sem_timedwait(happened, &until) != 0) {
        ASSERT(errno == EINTR);
    }
}

void server_test_open_gate(TestServer *t)
{
    loop_post(t->loop, wake_main, &t->gate);
}

bool server_test_is_listening(const TestServer *t)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)t->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return connected;
}

bool server_test_readable(int fd, int timeout_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, timeout_ms) == 1;
}
