#include "app/places.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 2048

const char *places_folder(Arena *arena, const char *name)
{
    char program[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length > 0) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        const char *folder =
            arena_printf(arena, "%.*s/../%s", (int)(slash - program), program, name);
        struct stat status;
        if (stat(folder, &status) == 0 && S_ISDIR(status.st_mode)) {
            return folder;
        }
    }
    return arena_printf(arena, "%s/%s", VOMS_SOURCE_ROOT, name);
}
