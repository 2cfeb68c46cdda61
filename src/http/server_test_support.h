/* server_test_support.h - a small server on real sockets.
 *
 *     SERVER_TEST(answers_a_request)
 *     {
 *         Answer *answer = server_test_get(t, …);
 *     }
 *
 * The body is the client: a thread of its own, since it blocks. Nothing sleeps; what happens on the
 * server's side is waited for. */
#pragma once

#include <netinet/in.h>
#include <semaphore.h>

#include "http/http.h"
#include "tests/unit/test.h"

typedef struct TestServer {
    HttpServer *server;
    FiberGroup group;
    Loop *loop;
    Waiter client_ended;
    Waiter gate;         /* the handler of /wait goes on when it opens */
    sem_t handler_began; /* of /wait and /events */
    sem_t handler_ended;
    bool handler_cancelled; /* good once it ended */
    void (*client)(struct TestServer *t);
    int port;
    HttpServerOptions options;
    char folder[64]; /* temporary files and the web root */
} TestServer;

typedef struct Answer {
    int status;
    char *head;
    char *body;
    size_t body_length;
    bool is_complete; /* the body came as long as it should be */
    char bytes[1200000];
    size_t length;
} Answer;

#define SERVER_TEST(name, ...)                                                                     \
    static void client_##name(TestServer *t);                                                      \
    TEST(http_server, name)                                                                        \
    {                                                                                              \
        TestServer server;                                                                         \
        server_test_init(&server, client_##name);                                                  \
        __VA_ARGS__;                                                                               \
        server_test_serve(&server);                                                                \
    }                                                                                              \
    static void client_##name(TestServer *t UNUSED)

#define HOST "Host: x\r\n"

/* What the server answers. */
extern const Route *const server_test_routes[];

/* Runs a handler as the application does. Yields. */
void server_test_dispatch(void *owner, HttpRequest *req, HttpResponse *res);

/* Files in a folder whose names begin so. */
int server_test_count_files(const char *folder, const char *prefix);

/* Prepares a server; serve runs it until the client has ended, and takes it down. */
void server_test_init(TestServer *t, void (*client)(TestServer *t));
void server_test_serve(TestServer *t);

/* A connection to the server: to one of its addresses, or loopback. */
int server_test_dial_to(const TestServer *t, in_addr_t host);
int server_test_dial(const TestServer *t);

/* Sends all, or as much as the server takes. */
void server_test_send_bytes(int fd, const char *bytes, size_t length);
void server_test_send(int fd, const char *text);

/* Receives what comes next; false at the end. */
bool server_test_receive_some(int fd, Answer *answer);

/* Reads one answer; what follows it is lost. until (may be NULL) ends the reading early. */
void server_test_receive(int fd, Answer *answer, bool is_head, const char *until);

/* One request on a connection of its own. The answer is good until the next one. */
Answer *server_test_get(const TestServer *t, const char *request);

/* Does the head hold this text, whatever its case? */
bool server_test_has_header(const Answer *answer, const char *line);

/* A request with so many zeros behind it. */
Answer *server_test_post_zeros(const TestServer *t, const char *head, size_t length);

/* Waits until it happened, at most 30 s. */
void server_test_wait(sem_t *happened);

/* Lets the handler of /wait go on. */
void server_test_open_gate(TestServer *t);

/* Does the server take connections? */
bool server_test_is_listening(const TestServer *t);

/* Waits until something can be read, or the server has closed. */
bool server_test_readable(int fd, int timeout_ms);
