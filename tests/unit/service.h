/* service.h - a program of somebody else that a test needs: redis-server, nats-server. */
#pragma once

#include <sys/types.h>

typedef struct TestService {
    char directory[64]; /* the service's own */
    pid_t pid;          /* 0: it does not run */
} TestService;

/* Makes its directory. */
void test_service_init(TestService *service);

/* Kills it and removes its directory. */
void test_service_done(TestService *service);

/* Starts a program, found in PATH or /usr/sbin; arguments end with NULL, the program's name first.
 * What it prints goes to the file "log" of its directory, in which it runs. */
void test_service_start(TestService *service, const char *const *arguments);

/* kill -9, and waits for its end. */
void test_service_kill(TestService *service);

/* Stops it where it is, so that it answers nothing, and lets it go on. */
void test_service_freeze(TestService *service);
void test_service_thaw(TestService *service);

/* A TCP port of 127.0.0.1 that is free now. */
int test_free_port(void);
