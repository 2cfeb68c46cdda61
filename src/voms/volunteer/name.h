/* name.h - names of people: how they read, and by what they are found. Pure. */
#pragma once

#include "base/arena.h"
#include "http/shape.h"

typedef struct NameReading {
    const char *pinyin;     /* "zhangsan"; words of Latin letters in lower case; may be "" */
    const char *initials;   /* "zs" */
    TextList terms;         /* what a search text may begin: 张三, 三, zhangsan, san, zs */
    const char *terms_text; /* the same in one text, a space before each: " 张三 三 …" */
} NameReading;

/* Reads a name. Surnames have their own readings (单 shan, 曾 zeng, 仇 qiu, 尉迟 yuchi). */
NameReading name_read(Arena *arena, const char *name);

/* The form in which a search text is compared with terms: lower case, half width, without spaces,
 * middle dots and apostrophes. "" if nothing is left. */
const char *name_search_text(Arena *arena, const char *text);
