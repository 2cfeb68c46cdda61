/* fd.h - file descriptors whose reads and writes are whole. All of it blocks. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Closes *fd if it is open (not negative); it becomes -1. For CLEANUP, too. */
void fd_closep(int *fd);

/* Writes all of it. False with errno if that is not possible. */
bool fd_write(int fd, const void *bytes, size_t length);

/* Reads until size bytes or the end. Returns how many; -1 with errno. */
ssize_t fd_read(int fd, void *bytes, size_t size);
