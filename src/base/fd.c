#include "base/fd.h"

#include <errno.h>
#include <unistd.h>

void fd_closep(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

bool fd_write(int fd, const void *bytes, size_t length)
{
    const char *next = bytes;
    while (length > 0) {
        ssize_t written = write(fd, next, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? EIO : errno;
            return false;
        }
        next += written;
        length -= (size_t)written;
    }
    return true;
}

ssize_t fd_read(int fd, void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t length = read(fd, (char *)bytes + done, size - done);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return -1;
        }
        if (length == 0) {
            break;
        }
        done += (size_t)length;
    }
    return (ssize_t)done;
}
