/* The C library's tcp_info ends before the counter; the kernel's header cannot be included together
 * with it, which uv.h includes. */
#include "http/received.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

int64_t socket_received_bytes(int fd)
{
    struct tcp_info info = {};
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
        return 0;
    }
    return (int64_t)info.tcpi_bytes_received;
}
