#include "operate/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/vec.h"

#define ERRORS_MAX_BYTES 2000

static Err *unavailable(Arena *arena, const char *what)
{
    return ERR(arena, ERR_UNAVAILABLE, "no_process", "cannot %s: %s", what, strerror(errno));
}

Err *child_pipe(Arena *arena, int *ret_read, int *ret_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return unavailable(arena, "make a pipe");
    }
    *ret_read = ends[0];
    *ret_write = ends[1];
    return NULL;
}

static bool is_replaced(const char *variable, const char *const *replacements)
{
    size_t length = strcspn(variable, "=") + 1;
    for (; *replacements != NULL; replacements++) {
        if (strncmp(variable, *replacements, length) == 0) {
            return true;
        }
    }
    return false;
}

static char **make_environment(Arena *arena, const char *const *extra)
{
    VEC(char *) all = {};
    for (char **variable = environ; *variable != NULL; variable++) {
        if (!is_replaced(*variable, extra)) {
            *vec_push(&all, arena) = *variable;
        }
    }
    for (; *extra != NULL; extra++) {
        *vec_push(&all, arena) = arena_strdup(arena, *extra);
    }
    *vec_push(&all, arena) = NULL;
    return all.items;
}

static void redirect(posix_spawn_file_actions_t *actions, int fd, int target, int flags)
{
    if (fd >= 0) {
        posix_spawn_file_actions_adddup2(actions, fd, target);
    } else {
        posix_spawn_file_actions_addopen(actions, target, "/dev/null", flags, 0);
    }
}

/* SIGPIPE is ignored here; a child that cannot write any more shall end. */
static int spawn(Arena *arena, const ChildOptions *options, int errors, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    redirect(&actions, options->input, STDIN_FILENO, O_RDONLY);
    redirect(&actions, options->output, STDOUT_FILENO, O_WRONLY);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    int result = posix_spawnp(ret_pid, options->arguments[0], &actions, &attributes,
                              (char *const *)options->arguments,
                              make_environment(arena, options->environment));
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

Err *child_start(Arena *arena, const ChildOptions *options, Child *ret_child)
{
    Child child = {.name = options->arguments[0]};
    child.errors = memfd_create("errors", MFD_CLOEXEC);
    if (child.errors < 0) {
        return unavailable(arena, "keep what a program says");
    }
    signal(SIGPIPE, SIG_IGN);
    int result = spawn(arena, options, child.errors, &child.pid);
    if (result != 0) {
        fd_closep(&child.errors);
        return ERR(arena, ERR_UNAVAILABLE, "program_missing",
                   "cannot run %s: %s (Debian: apt install postgresql-client)", child.name,
                   strerror(result));
    }
    *ret_child = child;
    return NULL;
}

static const char *read_errors(Arena *arena, Child *child)
{
    char *text = arena_alloc(arena, ERRORS_MAX_BYTES + 1);
    off_t end = lseek(child->errors, 0, SEEK_END);
    /* The last it said is why it ended. */
    ssize_t length = pread(child->errors, text, ERRORS_MAX_BYTES,
                           end > ERRORS_MAX_BYTES ? end - ERRORS_MAX_BYTES : 0);
    fd_closep(&child->errors);
    return length > 0 ? str_trim(arena, text) : "it said nothing";
}

Err *child_wait(Arena *arena, Child *child)
{
    int status = 0;
    pid_t pid = child->pid;
    child->pid = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    const char *errors = read_errors(arena, child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return NULL;
    }
    return ERR(arena, ERR_INTERNAL, "program_failed", "%s ended with %s %d: %s", child->name,
               WIFEXITED(status) ? "exit code" : "signal",
               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), errors);
}

void child_end(Child *child)
{
    if (child->pid == 0) {
        return;
    }
    kill(child->pid, SIGTERM);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    child->pid = 0;
    fd_closep(&child->errors);
}

Err *child_feed(Arena *arena, int fd, const void *bytes, size_t length)
{
    return fd_write(fd, bytes, length) ? NULL
                                       : ERR(arena, ERR_UNAVAILABLE, "pipe_broken",
                                             "a program ended early: %s", strerror(errno));
}
