#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
/* Between allocations, so that running over the end of one is caught. */
#define GUARD_BYTES 16
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define GUARD_BYTES 0
#endif

#define ALIGNMENT 16
#define FIRST_BLOCK_BYTES ((size_t)4096)
#define BLOCK_BYTES_MAX ((size_t)256 * 1024)

typedef struct Block {
    struct Block *previous;
    size_t size_bytes;
    size_t used_bytes;
    _Alignas(ALIGNMENT) unsigned char bytes[];
} Block;

typedef struct Deferred {
    void (*dispose)(void *);
    void *object;
    struct Deferred *next;
} Deferred;

struct Arena {
    Block *current; /* the newest block, linked back to the first */
    Deferred *deferred;
    size_t used_bytes;
};

static Block *block_new(size_t size_bytes, Block *previous)
{
    Block *block = malloc(sizeof(Block) + size_bytes);
    if (block == NULL) {
        return NULL;
    }
    block->previous = previous;
    block->size_bytes = size_bytes;
    block->used_bytes = 0;
    ASAN_POISON_MEMORY_REGION(block->bytes, size_bytes);
    return block;
}

static void block_free(Block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size_bytes);
    free(block);
}

__attribute__((noreturn, cold)) static void out_of_memory(size_t size_bytes)
{
    fprintf(stderr, "out of memory: %zu bytes were asked for\n", size_bytes);
    abort();
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof(Arena));
    if (arena == NULL) {
        out_of_memory(sizeof(Arena));
    }
    return arena;
}

/* A disposer may still allocate and defer. */
static void run_deferred(Arena *arena)
{
    while (arena->deferred != NULL) {
        Deferred *deferred = arena->deferred;
        arena->deferred = deferred->next;
        deferred->dispose(deferred->object);
    }
}

void arena_reset(Arena *arena)
{
    run_deferred(arena);
    while (arena->current != NULL && arena->current->previous != NULL) {
        Block *block = arena->current;
        arena->current = block->previous;
        block_free(block);
    }
    if (arena->current != NULL) {
        arena->current->used_bytes = 0;
        ASAN_POISON_MEMORY_REGION(arena->current->bytes, arena->current->size_bytes);
    }
    arena->used_bytes = 0;
}

void arena_free(Arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_reset(arena);
    if (arena->current != NULL) {
        block_free(arena->current);
    }
    free(arena);
}

void arena_freep(Arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

/* Blocks double, so that a large request costs few of them. */
static size_t next_block_bytes(const Arena *arena, size_t needed_bytes)
{
    if (arena->current == NULL) {
        return MAX(FIRST_BLOCK_BYTES - sizeof(Block), needed_bytes);
    }
    size_t doubled = MIN(2 * arena->current->size_bytes, BLOCK_BYTES_MAX);
    return MAX(doubled, needed_bytes);
}

static bool has_room(const Block *block, size_t needed_bytes)
{
    return block != NULL && block->size_bytes - block->used_bytes >= needed_bytes;
}

static void *allocate(Arena *arena, size_t size_bytes)
{
    if (size_bytes > SIZE_MAX / 2) {
        return NULL;
    }
    size_t padded = (size_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    size_t needed = MAX(padded, (size_t)ALIGNMENT) + GUARD_BYTES;
    if (!has_room(arena->current, needed)) {
        Block *block = block_new(next_block_bytes(arena, needed), arena->current);
        if (block == NULL) {
            return NULL;
        }
        arena->current = block;
    }

    unsigned char *memory = arena->current->bytes + arena->current->used_bytes;
    arena->current->used_bytes += needed;
    arena->used_bytes += size_bytes;
    ASAN_UNPOISON_MEMORY_REGION(memory, size_bytes);
    return memset(memory, 0, size_bytes);
}

void *arena_alloc(Arena *arena, size_t size_bytes)
{
    void *memory = allocate(arena, size_bytes);
    if (memory == NULL) {
        out_of_memory(size_bytes);
    }
    return memory;
}

void *arena_try_alloc(Arena *arena, size_t size_bytes, size_t limit_bytes)
{
    return size_bytes > limit_bytes ? NULL : allocate(arena, size_bytes);
}

void *arena_alloc_array(Arena *arena, size_t count, size_t size_bytes)
{
    size_t total_bytes;
    BUG_ON(__builtin_mul_overflow(count, size_bytes, &total_bytes));
    return arena_alloc(arena, total_bytes);
}

char *arena_strndup(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0) {
        memcpy(copy, text, length);
    }
    return copy;
}

char *arena_strdup(Arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(Arena *arena, const char *format, va_list arguments)
{
    char brief[256]; /* formatting costs more than copying, and most texts are short */
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(brief, sizeof(brief), format, again);
    va_end(again);
    BUG_ON(length < 0);
    if ((size_t)length < sizeof(brief)) {
        return arena_strndup(arena, brief, (size_t)length);
    }

    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

void arena_defer(Arena *arena, void (*dispose)(void *), void *object)
{
    Deferred *deferred = ARENA_NEW(arena, Deferred);
    deferred->dispose = dispose;
    deferred->object = object;
    deferred->next = arena->deferred;
    arena->deferred = deferred;
}

size_t arena_used_bytes(const Arena *arena)
{
    return arena->used_bytes;
}
