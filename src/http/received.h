/* received.h - how many bytes a TCP connection has received so far. */
#pragma once

#include <stdint.h>

/* 0 if the kernel does not tell. */
int64_t socket_received_bytes(int fd);
