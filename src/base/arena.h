/* arena.h - memory that is released all at once.
 *
 * An arena belongs to one request, job or start-up. Allocation of our own sizes aborts the process
 * when memory is out; a size that a client chooses goes through arena_try_alloc. All memory is
 * zeroed. Not thread-safe. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

typedef struct Arena Arena;

/* Makes an empty arena. The caller owns it. */
Arena *arena_new(void);

/* Runs the deferred functions, last first, and releases all memory. NULL is accepted. */
void arena_free(Arena *arena);

/* For CLEANUP(arena_freep). */
void arena_freep(Arena **arena);

/* Like arena_free, but keeps the first block, so that the arena can serve the next request. */
void arena_reset(Arena *arena);

/* Returns size_bytes of zeroed memory, aligned for any type. */
void *arena_alloc(Arena *arena, size_t size_bytes) __attribute__((returns_nonnull, malloc));

/* Like arena_alloc for a size that a client chose: NULL if it exceeds limit_bytes or memory is out.
 */
void *arena_try_alloc(Arena *arena, size_t size_bytes, size_t limit_bytes);

/* Returns count * size_bytes of zeroed memory; aborts on overflow. */
void *arena_alloc_array(Arena *arena, size_t count, size_t size_bytes)
    __attribute__((returns_nonnull, malloc));

/* Copies a string; NULL stays NULL. */
char *arena_strdup(Arena *arena, const char *text);

/* Copies length bytes and adds a terminating zero. */
char *arena_strndup(Arena *arena, const char *text, size_t length);

/* Formats into the arena. */
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(Arena *arena, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* Calls dispose(object) when the arena is freed or reset. dispose must not yield. */
void arena_defer(Arena *arena, void (*dispose)(void *), void *object);

/* Bytes handed out since the arena was made or reset. */
size_t arena_used_bytes(const Arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), (count), sizeof(type)))
