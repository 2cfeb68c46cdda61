/* What takes its time: slow and lost clients, streams, uploads, stopping. */
#include "http/server_test_support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- Slow and lost clients ---- */

SERVER_TEST(slow_head_is_ended, server.options.header_timeout_ms = 500)
{
    static const char request[] = "GET /api/hello/a HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaa";
    char byte = 0;
    int fd = server_test_dial(t);

    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        server_test_send_bytes(fd, &request[i], 1);
        if (server_test_readable(fd, 200)) {
            ASSERT(recv(fd, &byte, 1, 0) == 1);
            break;
        }
    }
    ASSERT(byte == 'H'); /* HTTP/1.1 408 */
    close(fd);
}

SERVER_TEST(slow_body_is_ended, server.options.body_timeout_ms = 500)
{
    char byte = 0;
    int fd = server_test_dial(t);

    server_test_send(fd, "POST /api/echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 50 && byte == 0; i++) {
        server_test_send_bytes(fd, "x", 1);
        if (server_test_readable(fd, 100)) {
            ASSERT(recv(fd, &byte, 1, 0) == 1);
        }
    }
    ASSERT(byte == 'H');
    close(fd);
}

SERVER_TEST(lost_client_cancels_its_work)
{
    int fd = server_test_dial(t);

    server_test_send(fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    server_test_wait(&t->handler_began);
    close(fd);
    server_test_wait(&t->handler_ended);
    ASSERT(t->handler_cancelled);
}

SERVER_TEST(silent_connection_is_ended, server.options.idle_timeout_ms = 1000)
{
    char byte = 0;
    int fd = server_test_dial(t);

    ASSERT(recv(fd, &byte, 1, 0) == 0);
    close(fd);
}

/* Just after the timeout the server has mostly not looked yet. Should it have, the client sees
 * that. */
SERVER_TEST(request_just_after_the_idle_timeout_is_answered, server.options.idle_timeout_ms = 1000)
{
    static const char request[] = "GET /api/hello/a HTTP/1.1\r\n" HOST "\r\n";
    Answer *answer = calloc(1, sizeof(*answer));

    ASSERT(answer != NULL);
    for (int i = 0; i < 3 && answer->status == 0; i++) {
        int fd = server_test_dial(t);
        server_test_send(fd, request);
        server_test_receive(fd, answer, /* is_head= */ false, NULL);
        ASSERT_INT_EQUAL(answer->status, 200);
        answer->status = 0;
        if (!server_test_readable(fd, 1020)) {
            server_test_send(fd, request);
            server_test_receive(fd, answer, /* is_head= */ false, NULL);
        }
        close(fd);
    }
    ASSERT_INT_EQUAL(answer->status, 200);
    free(answer);
}

/* ---- Streams ---- */

SERVER_TEST(stream_comes_whole)
{
    Answer *answer = server_test_get(t, "GET /api/numbers HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(answer->is_complete);
    ASSERT_INT_EQUAL(500000, answer->body_length);
    ASSERT(memcmp(answer->body + 499990, "000049999\n", 10) == 0);
    ASSERT(server_test_has_header(answer, "filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"));
}

SERVER_TEST(broken_stream_is_noticed)
{
    Answer *answer = server_test_get(t, "GET /api/broken HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    ASSERT(!answer->is_complete);
}

SERVER_TEST(client_that_leaves_a_stream_ends_it)
{
    static Answer answer;
    int fd = server_test_dial(t);

    server_test_send(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    server_test_receive(fd, &answer, false, "data: lines\n\n");
    ASSERT(strstr(answer.body, "event: progress\nid: 1\ndata: {\"done\":1}\n\n") != NULL);
    ASSERT(strstr(answer.body, "data: two\ndata: lines\n\n") != NULL);
    ASSERT(server_test_has_header(&answer, "\nContent-Type: text/event-stream\r\n"));
    close(fd);
    server_test_wait(&t->handler_ended);
    ASSERT(t->handler_cancelled);
}

SERVER_TEST(silent_event_stream_has_a_heartbeat, server.options.heartbeat_ms = 300)
{
    static Answer answer;
    int fd = server_test_dial(t);

    server_test_send(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    server_test_receive(fd, &answer, false, "\n:\n\n");
    ASSERT(strstr(answer.body, "\n:\n\n") != NULL);
    close(fd);
}

SERVER_TEST(head_of_a_stream_has_no_body)
{
    Answer *answer = server_test_get(t, "HEAD /api/numbers HTTP/1.1\r\n" HOST "\r\n");

    ASSERT_INT_EQUAL(200, answer->status);
    server_test_wait(&t->handler_ended);
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
    Answer *answer = server_test_get(t, "GET /api/file HTTP/1.1\r\n" HOST "\r\n");
    ASSERT(answer->status == 200 && answer->is_complete);
    ASSERT_INT_EQUAL(200000, answer->body_length);
    unlink(path);
    answer = server_test_get(t, "GET /api/file HTTP/1.1\r\n" HOST "\r\n");
    ASSERT_INT_EQUAL(500, answer->status);
}

/* ---- Uploads ---- */

SERVER_TEST(upload_goes_to_a_file)
{
    Answer *answer = server_test_post_zeros(t,
                                            "POST /api/upload HTTP/1.1\r\n" HOST
                                            "Content-Type: application/octet-stream\r\n"
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
    answer = server_test_get(t, request);
    ASSERT_INT_EQUAL(201, answer->status);
    ASSERT(strstr(answer->body, "\"size\":8,\"name\":\"b.csv\"") != NULL);

    answer = server_test_get(t, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
    ASSERT_INT_EQUAL(201, answer->status);
}

SERVER_TEST(upload_over_the_limit_is_refused)
{
    Answer *answer = server_test_post_zeros(
        t, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 4000000\r\n\r\n", 4000000);

    ASSERT_INT_EQUAL(413, answer->status);
}

SERVER_TEST(upload_without_login_is_refused_before_it_comes)
{
    Answer *answer =
        server_test_get(t, "POST /api/refused HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                           "Content-Length: 2500000\r\n\r\n");
    ASSERT_INT_EQUAL(401, answer->status);
    ASSERT(server_test_has_header(answer, "\nWWW-Authenticate: Bearer\r\n"));

    answer = server_test_post_zeros(
        t, "POST /api/refused HTTP/1.1\r\n" HOST "Content-Length: 2500000\r\n\r\n", 2500000);
    ASSERT_INT_EQUAL(401, answer->status);
}

SERVER_TEST(upload_that_breaks_off_leaves_no_file)
{
    int fd = server_test_dial(t);

    server_test_send(fd, "POST /api/upload HTTP/1.1\r\n" HOST "Content-Length: 2500000\r\n\r\nabc");
    while (server_test_count_files(t->folder, "upload-") == 0) {
        server_test_readable(fd, 1);
    }
    close(fd); /* the test's end finds no file */
}

/* ---- Stopping ---- */

static void *open_gate_later(void *arg)
{
    TestServer *t = arg;

    while (server_test_is_listening(t)) {
    }
    server_test_open_gate(t);
    return NULL;
}

static pthread_t gate_thread;
static int held_fd;

static void client_that_opens_the_gate_later(TestServer *t)
{
    held_fd = server_test_dial(t);
    server_test_send(held_fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    server_test_wait(&t->handler_began);
    ASSERT(pthread_create(&gate_thread, NULL, open_gate_later, t) == 0);
}

TEST(http_server, drain_lets_running_requests_end)
{
    static Answer answer;
    TestServer t;

    server_test_init(&t, client_that_opens_the_gate_later);
    server_test_serve(&t);
    server_test_receive(held_fd, &answer, false, NULL);
    ASSERT_INT_EQUAL(204, answer.status);
    ASSERT(server_test_has_header(&answer, "\nConnection: close"));
    pthread_join(gate_thread, NULL);
    close(held_fd);
}

static void client_that_leaves_a_request_running(TestServer *t)
{
    held_fd = server_test_dial(t);
    server_test_send(held_fd, "GET /api/wait HTTP/1.1\r\n" HOST "\r\n");
    server_test_wait(&t->handler_began);
}

TEST(http_server, stop_cancels_what_does_not_end)
{
    static Answer answer;
    TestServer t;

    server_test_init(&t, client_that_leaves_a_request_running);
    server_test_serve(&t);
    server_test_receive(held_fd, &answer, false, NULL);
    ASSERT_INT_EQUAL(503, answer.status);
    close(held_fd);
}

SERVER_TEST(stop_ends_event_streams)
{
    static Answer answer;

    held_fd = server_test_dial(t);
    server_test_send(held_fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    server_test_receive(held_fd, &answer, false, "data: lines\n\n");
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
                                 .routes = server_test_routes,
                                 .dispatch = server_test_dispatch};
    ASSERT_OK(http_server_new(arena, &options, &server));
    ASSERT_ERR(ERR_UNAVAILABLE, http_server_start(server));
    http_server_free(server);
    close(fd);
    loop_free(loop);
}
