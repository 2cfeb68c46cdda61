#include "tests/unit/service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test.h"

void test_service_init(TestService *service)
{
    *service = (TestService){.directory = "/tmp/voms-service.XXXXXX"};
    ASSERT(mkdtemp(service->directory) != NULL);
}

void test_service_done(TestService *service)
{
    char command[100];
    test_service_kill(service);
    snprintf(command, sizeof(command), "rm -rf '%s'", service->directory);
    ASSERT(system(command) == 0);
}

/* In the child. */
__attribute__((noreturn)) static void become(const TestService *service,
                                             const char *const *arguments)
{
    /* A test that fails inside a fiber never returns to end it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
    int log = -1;
    if (chdir(service->directory) != 0 ||
        (log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600)) < 0) {
        _exit(126);
    }
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(arguments[0], (char *const *)arguments);
    _exit(127);
}

void test_service_start(TestService *service, const char *const *arguments)
{
    BUG_ON(service->pid != 0);
    service->pid = fork();
    ASSERT(service->pid >= 0);
    if (service->pid == 0) {
        become(service, arguments);
    }
}

void test_service_kill(TestService *service)
{
    if (service->pid > 0) {
        kill(service->pid, SIGKILL);
        waitpid(service->pid, NULL, 0);
        service->pid = 0;
    }
}

void test_service_freeze(TestService *service)
{
    ASSERT(kill(service->pid, SIGSTOP) == 0);
}

void test_service_thaw(TestService *service)
{
    ASSERT(kill(service->pid, SIGCONT) == 0);
}

int test_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    ASSERT(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    close(fd);
    return ntohs(address.sin_port);
}
