#include "app/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* Its presence says that the data are the demonstration's, its content whose password the
 * administrator has. */
#define OWN_PASSWORD "configured\n"

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
    const char *content = services->config->super_admin.password_generated ? "" : OWN_PASSWORD;
    bool written = fd_write(fd, content, strlen(content));
    close(fd);
    return written ? NULL
                   : ERR(fiber_arena(), ERR_CONFIG, "data_dir_unusable", "cannot write %s", path);
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

/* Is there a mark; has the administrator a password of the configuration's own? */
static bool read_mark(const Services *services, bool *ret_own_password)
{
    char content[sizeof(OWN_PASSWORD)] = {};
    CLEANUP(arena_freep) Arena *arena = arena_new();
    int fd = open(marker_path(arena, services), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t length = fd_read(fd, content, sizeof(content) - 1);
    close(fd);
    *ret_own_password = length > 0 && strcmp(content, OWN_PASSWORD) == 0;
    return true;
}

void demo_print_logins(const Services *services)
{
    const char *username = services->config->super_admin.username;
    bool own_password = false;
    if (!read_mark(services, &own_password)) {
        printf("Log in as you did before: these data are not the demonstration's.\n");
        return;
    }
    printf("Login: %s   Password: %s   (more accounts: see README.md)\n", username,
           own_password ? "the one of your configuration" : DEMO_PASSWORD);
    printf("As a volunteer: %s   Password: %s\n", DEMO_VOLUNTEER, DEMO_PASSWORD);
}
