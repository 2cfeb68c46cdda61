#include "app/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Its presence says that the data are the demonstration's. */
static const char *marker_path(Arena *arena, const Services *services)
{
    return arena_printf(arena, "%s/demonstration", services->data_dir);
}

static Err *mark(Services *services)
{
    const char *path = marker_path(fiber_arena(), services);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR(fiber_arena(), ERR_CONFIG, "data_dir_unusable", "cannot create %s: %s", path,
                   strerror(errno));
    }
    close(fd);
    return NULL;
}

YIELDS Err *demo_fill(Services *services)
{
    if (!services->super_admin_created) {
        return NULL;
    }
    for (const Concept *const *concept = services->concepts; *concept != NULL; concept ++) {
        if ((*concept)->demo != NULL) {
            TRY((*concept)->demo(ctx_new_system(services)));
        }
    }
    log_event(LOG_INFO, "demonstration organisation made");
    return mark(services);
}

void demo_print_logins(const Services *services)
{
    CLEANUP(arena_freep) Arena *arena = arena_new();
    if (access(marker_path(arena, services), F_OK) != 0) {
        printf("Log in as you did before: these data are not the demonstration's.\n");
        return;
    }
    printf("Login: %s   Password: %s   (more accounts: see README.md)\n",
           services->config->super_admin.username, DEMO_PASSWORD);
}
