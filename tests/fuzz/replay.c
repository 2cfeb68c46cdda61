/* replay.c - runs a fuzzer's function over files, without libFuzzer: fuzz_json FILE…
 *
 * Prints each file's name before it runs, so that a crash tells which one it was. */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"

static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    unsigned char *bytes = malloc((size_t)size + 1);
    BUG_ON(bytes == NULL);
    bool whole = fread(bytes, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    if (whole) {
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    }
    free(bytes);
    return whole;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        printf("%s\n", argv[i]);
        fflush(stdout);
        failed += !replay(argv[i]);
    }
    return failed == 0 ? 0 : 1;
}
