/* Configuration files. */
#include "app/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

FUZZ(config)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    BUG_ON(fd < 0 || write(fd, data, size) != (ssize_t)size);
    const char *path = arena_printf(arena, "/proc/self/fd/%d", fd);
    Config *config = NULL;
    Err *err = config_load(arena, path, "/nonexistent", &config);
    BUG_ON(err == NULL && config == NULL);
    BUG_ON(err != NULL && !err_is(err, ERR_CONFIG));
    close(fd);
}
