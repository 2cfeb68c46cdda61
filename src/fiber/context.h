/* context.h - switching stacks.
 *
 * Hand-written for x86_64 and aarch64, because ucontext pays two system calls for the signal mask
 * at each switch; ucontext elsewhere. Tells AddressSanitizer about every switch. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#endif
#ifndef CONTEXT_ASAN
#define CONTEXT_ASAN 0
#endif

/* VOMS_FORCE_UCONTEXT is for testing the fallback where it is not needed. */
#if defined(VOMS_FORCE_UCONTEXT) || (!defined(__x86_64__) && !defined(__aarch64__))
#define CONTEXT_UCONTEXT 1
#include <ucontext.h>
#else
#define CONTEXT_UCONTEXT 0
#endif

typedef struct Context {
#if CONTEXT_UCONTEXT
    ucontext_t ucontext;
#else
    void *stack_pointer; /* the saved registers lie there */
#endif
    const void *stack_bottom; /* lowest address; for a thread's own stack known after a switch */
    size_t stack_size_bytes;
    void *fake_stack; /* AddressSanitizer's, while the context is switched out */
} Context;

/* Prepares a context that runs entry() on the given stack at the first switch to it. entry must
 * call context_entered first, and never return. */
void context_init(Context *context, void *stack_bottom, size_t stack_size_bytes,
                  void (*entry)(void));

/* Saves the present state in *from and goes on in *to. With from_ends, *from is never resumed. */
void context_switch(Context *from, Context *to, bool from_ends);

/* To be called first on a new stack; from is the context that switched to it. */
void context_entered(Context *from);

/* Makes a stack, on which an ended context left its frames, usable for the next one. */
void context_forget_stack(void *stack_bottom, size_t stack_size_bytes);
