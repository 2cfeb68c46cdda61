/* pinyin_table.h - readings of Chinese characters; made at build time by tools/pinyin_table.c. */
#pragma once

#include <stdint.h>

#define PINYIN_FIRST 0x4E00
#define PINYIN_LAST 0x9FFF

/* Syllables in lower-case ASCII, ü as v; the first is "": no reading. */
extern const char *const PINYIN_SYLLABLES[];

/* For each of PINYIN_FIRST..PINYIN_LAST the index of its syllable. */
extern const uint16_t PINYIN_INDEXES[];
