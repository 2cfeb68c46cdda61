/* compiler.h - attributes and small macros that every file may use. */
#pragma once

#include <stddef.h>

/* Marks a function that can park its fiber. Such a function returns Err *, since every wait can be
 * cancelled or run into its deadline. `tools/check_yields.py` rejects an unmarked caller. */
#define YIELDS __attribute__((warn_unused_result))

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#define UNUSED __attribute__((unused))

/* Runs fn(&variable) when the variable's scope is left. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hands a pointer over: its value is returned, the variable becomes NULL, its cleanup a no-op. */
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#undef MIN
#undef MAX
/* Each use has names of its own, so that uses nest without shadowing. */
#define MIN(a, b) CHOOSE_(a, <, b, __COUNTER__)
#define MAX(a, b) CHOOSE_(a, >, b, __COUNTER__)
#define CHOOSE_(a, operator, b, id) CHOOSE_NAMED_(a, operator, b, id)
#define CHOOSE_NAMED_(a, operator, b, id)                                                          \
    ({                                                                                             \
        __typeof__(a) a_##id = (a);                                                                \
        __typeof__(b) b_##id = (b);                                                                \
        a_##id operator b_##id ? a_##id : b_##id;                                                  \
    })

/* Our own mistakes are not run-time errors: prints the condition and aborts. */
#define BUG_ON(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!!(condition), 0)) {                                                  \
            bug_abort(#condition, __FILE__, __LINE__, __func__);                                   \
        }                                                                                          \
    } while (0)

/* What BUG_ON calls. */
__attribute__((noreturn, cold)) void bug_abort(const char *condition, const char *file, int line,
                                               const char *function);
