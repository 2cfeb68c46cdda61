/* pinyin_table.c - makes the table of readings that src/voms/volunteer/name.c searches by.
 *
 * Runs at build time: ICU's Han-Latin rules take 100 ms and several megabytes to load, the table
 * takes 50 KB. Prints C: the syllables, and for each of U+4E00..U+9FFF the index of its syllable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#define FIRST 0x4E00
#define LAST 0x9FFF
#define COUNT (LAST - FIRST + 1)
#define SYLLABLES_MAX 1024
#define SYLLABLE_SIZE 16

static char syllables[SYLLABLES_MAX][SYLLABLE_SIZE];
static int syllable_count;
static int indexes[COUNT];

static void check(UErrorCode status, const char *what)
{
    if (U_FAILURE(status)) {
        fprintf(stderr, "pinyin_table: %s: %s\n", what, u_errorName(status));
        exit(1);
    }
}

static UTransliterator *open_rules(void)
{
    /* The umlaut is kept, to be written as v: lü and lu are different readings. */
    static const char RULES[] = "Han-Latin; NFD; [[:Mn:]-[\\u0308]] Remove; NFC; Lower";
    UChar id[128];
    u_unescape(RULES, id, 128);
    UErrorCode status = U_ZERO_ERROR;
    UTransliterator *rules = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
    check(status, "cannot load the rules");
    return rules;
}

/* Lower-case ASCII; "" if the character has no reading. */
static void reading(const UTransliterator *rules, int point, char *ret_text)
{
    UChar buffer[64] = {(UChar)point};
    int32_t length = 1;
    int32_t limit = 1;
    UErrorCode status = U_ZERO_ERROR;
    utrans_transUChars(rules, buffer, &length, 64, 0, &limit, &status);
    check(status, "cannot transliterate");
    size_t used = 0;
    for (int32_t i = 0; i < length && used + 1 < SYLLABLE_SIZE; i++) {
        UChar unit = buffer[i] == 0xFC ? 'v' : buffer[i];
        if (unit == ' ' || unit == '\'') {
            continue;
        }
        if (unit < 'a' || unit > 'z') {
            used = 0;
            break;
        }
        ret_text[used++] = (char)unit;
    }
    ret_text[used] = '\0';
}

static int index_of(const char *syllable)
{
    for (int i = 0; i < syllable_count; i++) {
        if (strcmp(syllables[i], syllable) == 0) {
            return i;
        }
    }
    if (syllable_count == SYLLABLES_MAX) {
        fprintf(stderr, "pinyin_table: more syllables than expected\n");
        exit(1);
    }
    strcpy(syllables[syllable_count], syllable);
    return syllable_count++;
}

static void print_table(FILE *out)
{
    fprintf(out,
            "/* Made by tools/pinyin_table.c. */\n#include \"voms/volunteer/pinyin_table.h\"\n\n");
    fprintf(out, "const char *const PINYIN_SYLLABLES[] = {\n");
    for (int i = 0; i < syllable_count; i++) {
        fprintf(out, "    \"%s\",\n", syllables[i]);
    }
    fprintf(out, "};\n\nconst uint16_t PINYIN_INDEXES[] = {\n");
    for (int i = 0; i < COUNT; i++) {
        fprintf(out, "%d,%s", indexes[i], i % 16 == 15 ? "\n" : " ");
    }
    fprintf(out, "};\n");
}

int main(int argc, char **argv)
{
    UTransliterator *rules = open_rules();
    index_of("");
    for (int i = 0; i < COUNT; i++) {
        char text[SYLLABLE_SIZE];
        reading(rules, FIRST + i, text);
        indexes[i] = index_of(text);
    }
    utrans_close(rules);
    FILE *out = argc > 1 ? fopen(argv[1], "w") : stdout;
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    print_table(out);
    return fclose(out) == 0 ? 0 : 1;
}
