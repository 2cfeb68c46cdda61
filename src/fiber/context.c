#include "fiber/context.h"

#include <stdint.h>

#include "base/compiler.h"

#if CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

/* context_jump(save, load): pushes the callee-saved registers, stores the stack pointer in *save,
 * takes load as the stack pointer, and pops. The floating point control words are left alone: no
 * code of ours changes them. */
#if CONTEXT_UCONTEXT

/* swapcontext does it. */

#elif defined(__x86_64__)

void context_jump(void **save, void *load);

__asm__(".text\n"
        ".p2align 4\n"
        ".globl context_jump\n"
        ".hidden context_jump\n"
        ".type context_jump,@function\n"
        "context_jump:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    popq %rcx\n"
        "    jmpq *%rcx\n"
        ".size context_jump,.-context_jump\n");

enum { SAVED_WORDS = 6 };

static void *prepare_stack(char *top, void (*entry)(void))
{
    void **end = (void **)(void *)top;

    /* A zero return address ends backtraces; with it the stack is 8 off a multiple of 16, as the
     * ABI wants it at a function's entry. */
    end[-1] = NULL;
    end[-2] = (void *)(uintptr_t)entry;

    void **saved = end - 2 - SAVED_WORDS;
    for (int i = 0; i < SAVED_WORDS; i++) {
        saved[i] = NULL;
    }
    return (void *)saved;
}

#elif defined(__aarch64__)

void context_jump(void **save, void *load);

__asm__(".text\n"
        ".p2align 4\n"
        ".globl context_jump\n"
        ".hidden context_jump\n"
        ".type context_jump,@function\n"
        "context_jump:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size context_jump,.-context_jump\n");

enum { SAVED_WORDS = 20, LINK_REGISTER_WORD = 11 };

static void *prepare_stack(char *top, void (*entry)(void))
{
    void **slot = (void **)(void *)top - SAVED_WORDS;

    for (int i = 0; i < SAVED_WORDS; i++) {
        slot[i] = NULL;
    }
    slot[LINK_REGISTER_WORD] = (void *)(uintptr_t)entry;
    return (void *)slot;
}

#endif

void context_init(Context *context, void *stack_bottom, size_t stack_size_bytes,
                  void (*entry)(void))
{
    *context = (Context){.stack_bottom = stack_bottom, .stack_size_bytes = stack_size_bytes};
#if CONTEXT_UCONTEXT
    BUG_ON(getcontext(&context->ucontext) != 0);
    context->ucontext.uc_stack.ss_sp = stack_bottom;
    context->ucontext.uc_stack.ss_size = stack_size_bytes;
    context->ucontext.uc_link = NULL;
    makecontext(&context->ucontext, entry, 0);
#else
    uintptr_t top = ((uintptr_t)stack_bottom + stack_size_bytes) & ~(uintptr_t)15;
    context->stack_pointer = prepare_stack((char *)top, entry);
#endif
}

void context_switch(Context *from, Context *to, bool from_ends)
{
#if CONTEXT_ASAN
    __sanitizer_start_switch_fiber(from_ends ? NULL : &from->fake_stack, to->stack_bottom,
                                   to->stack_size_bytes);
#else
    (void)from_ends;
#endif
#if CONTEXT_UCONTEXT
    BUG_ON(swapcontext(&from->ucontext, &to->ucontext) != 0);
#else
    context_jump(&from->stack_pointer, to->stack_pointer);
#endif
#if CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

void context_entered(Context *from)
{
#if CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(NULL, &from->stack_bottom, &from->stack_size_bytes);
#else
    (void)from;
#endif
}

void context_forget_stack(void *stack_bottom, size_t stack_size_bytes)
{
#if CONTEXT_ASAN
    __asan_unpoison_memory_region(stack_bottom, stack_size_bytes);
#else
    (void)stack_bottom;
    (void)stack_size_bytes;
#endif
}
