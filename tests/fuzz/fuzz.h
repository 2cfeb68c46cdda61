/* fuzz.h - what a fuzzer is written with.
 *
 *     FUZZ(json)
 *     {
 *         json_t *json = NULL;
 *         err_ignore(json_parse(arena, data, size, &json), "only crashes count");
 *     }
 *
 * With -Dfuzz=true (clang) libFuzzer calls it, otherwise replay.c does, with the files of
 * tests/fuzz/corpus/. `data` is followed by a zero byte that does not count, in memory of its own,
 * so that the sanitizers see every step beyond it; `arena` ends with the call. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

/* What libFuzzer and replay.c call. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define FUZZ(name)                                                                                 \
    static void fuzz_##name(Arena *arena, const char *data, size_t size);                          \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)                                  \
    {                                                                                              \
        char *data = malloc(size + 1);                                                             \
        BUG_ON(data == NULL);                                                                      \
        if (size > 0) {                                                                            \
            memcpy(data, bytes, size);                                                             \
        }                                                                                          \
        data[size] = '\0';                                                                         \
        Arena *arena = arena_new();                                                                \
        fuzz_##name(arena, data, size);                                                            \
        arena_free(arena);                                                                         \
        free(data);                                                                                \
        return 0;                                                                                  \
    }                                                                                              \
    static void fuzz_##name(Arena *arena, const char *data, size_t size)
