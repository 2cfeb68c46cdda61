#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define MUCH ((size_t)1024 * 1024) /* more than a pipe holds */

static void *write_much(void *arg)
{
    int *fd = arg;
    char bytes[1024];
    memset(bytes, 'x', sizeof(bytes));
    bool whole = true;
    for (size_t done = 0; done < MUCH; done += sizeof(bytes)) {
        whole = whole && fd_write(*fd, bytes, sizeof(bytes));
    }
    fd_closep(fd);
    return whole ? arg : NULL;
}

TEST(fd, reads_and_writes_are_whole)
{
    int ends[2];
    pthread_t writer;
    void *whole = NULL;
    CLEANUP(arena_freep) Arena *arena = arena_new();
    char *bytes = arena_alloc(arena, MUCH + 1);
    ASSERT(pipe2(ends, O_CLOEXEC) == 0);
    ASSERT(pthread_create(&writer, NULL, write_much, &ends[1]) == 0);
    ASSERT_INT_EQUAL(MUCH, fd_read(ends[0], bytes, MUCH + 1));
    pthread_join(writer, &whole);
    ASSERT(whole != NULL);
    ASSERT(bytes[0] == 'x' && bytes[MUCH - 1] == 'x');
    ASSERT_INT_EQUAL(0, fd_read(ends[0], bytes, 1));
    fd_closep(&ends[0]);
    ASSERT_INT_EQUAL(-1, ends[0]);
    fd_closep(&ends[0]);
    ASSERT_INT_EQUAL(-1, ends[1]);
}

TEST(fd, says_why_it_could_not)
{
    int ends[2];
    char byte = 'x';
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    ASSERT(pipe2(ends, O_CLOEXEC) == 0);
    ASSERT_INT_EQUAL(-1, fd_read(ends[1], &byte, 1));
    ASSERT_INT_EQUAL(EBADF, errno);
    fd_closep(&ends[0]);
    ASSERT(!fd_write(ends[1], &byte, 1));
    ASSERT_INT_EQUAL(EPIPE, errno);
    fd_closep(&ends[1]);
    signal(SIGPIPE, before);
}
