/* A stack that ran into its guard page kills the process; this says which fiber's it was. The
 * sanitizers bring a handler of their own. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "fiber/internal.h"

#if CONTEXT_ASAN

void overflow_report_install(void)
{
}

#else

enum { SIGNAL_STACK_BYTES = 16 * 1024 };

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));

    (void)written; /* the process ends here anyway */
}

static void report(int signal_number, siginfo_t *info, void *machine_context UNUSED)
{
    Fiber *fiber = fiber_current();

    if (fiber != NULL) {
        uintptr_t bottom = (uintptr_t)fiber_stack_bottom(fiber);
        uintptr_t address = (uintptr_t)info->si_addr;
        if (address < bottom && bottom - address <= (uintptr_t)sysconf(_SC_PAGESIZE)) {
            say("fiber ");
            say(fiber->name);
            say(" overflowed its stack\n");
        }
    }
    /* SA_RESETHAND has put the default action back: the faulting instruction ends the process. */
    (void)signal_number;
}

void overflow_report_install(void)
{
    static _Thread_local char signal_stack[SIGNAL_STACK_BYTES];
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
    struct sigaction action = {.sa_sigaction = report,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};

    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

#endif
