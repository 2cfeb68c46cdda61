#include "voms/volunteer/name.h"

#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "voms/volunteer/pinyin_table.h"

#define SUFFIXES_MAX 8 /* a name's later parts are not searched by themselves */

/* Characters that read differently as a surname; longer ones first. */
static const struct {
    const char *characters;
    const char *syllables[2];
} SURNAMES[] = {
    {"尉迟", {"yu", "chi"}},  {"长孙", {"zhang", "sun"}},
    {"万俟", {"mo", "qi"}},   {"澹台", {"tan", "tai"}},
    {"单于", {"chan", "yu"}}, {"令狐", {"ling", "hu"}},
    {"尉", {"wei"}},          {"单", {"shan"}},
    {"曾", {"zeng"}},         {"解", {"xie"}},
    {"仇", {"qiu"}},          {"查", {"zha"}},
    {"盖", {"ge"}},           {"区", {"ou"}},
    {"朴", {"piao"}},         {"翟", {"zhai"}},
    {"冼", {"xian"}},         {"任", {"ren"}},
    {"乐", {"yue"}},          {"缪", {"miao"}},
    {"召", {"shao"}},         {"种", {"chong"}},
    {"秘", {"bi"}},           {"折", {"she"}},
    {"黑", {"he"}},           {"员", {"yun"}},
    {"燕", {"yan"}},          {"宁", {"ning"}},
    {"那", {"na"}},           {"华", {"hua"}},
    {"覃", {"qin"}},          {"晟", {"cheng"}},
    {"贾", {"jia"}},          {"牟", {"mu"}},
    {"逄", {"pang"}},         {"幺", {"yao"}},
    {"应", {"ying"}},         {"车", {"che"}},
    {"阚", {"kan"}},          {"佴", {"nai"}},
    {"繁", {"po"}},           {"都", {"du"}},
    {"长", {"chang"}},        {"祭", {"zhai"}},
    {"哈", {"ha"}},
};

/* What ICU's table reads as is rare in given names. */
static const struct {
    uint32_t point;
    const char *syllable;
} GIVEN[] = {
    {0x957F, "chang"}, /* 长 */
    {0x6F84, "cheng"}, /* 澄 */
    {0x5A1C, "na"},    /* 娜 */
    {0x8273, "yan"},   /* 艳 */
    {0x8543, "fan"},   /* 蕃 */
    {0x4E48, "me"},    /* 么 */
};

/* One Chinese character with its syllable, or one run of Latin letters. */
typedef struct Piece {
    const char *text; /* as searched: the character, or the letters in lower case */
    const char *reading;
} Piece;

typedef struct Pieces {
    Piece *items;
    size_t count;
    size_t capacity;
} Pieces;

static const char *syllable_of(uint32_t point)
{
    for (size_t i = 0; i < COUNT_OF(GIVEN); i++) {
        if (GIVEN[i].point == point) {
            return GIVEN[i].syllable;
        }
    }
    if (point < PINYIN_FIRST || point > PINYIN_LAST) {
        return "";
    }
    return PINYIN_SYLLABLES[PINYIN_INDEXES[point - PINYIN_FIRST]];
}

static uint32_t half_width(uint32_t point)
{
    return point >= 0xFF01 && point <= 0xFF5E ? point - 0xFEE0 : point;
}

static bool is_separator(uint32_t point)
{
    return point <= ' ' || strchr("'.-,_", (int)(point < 0x80 ? point : '?')) != NULL ||
           point == 0x00B7 || point == 0x2022 || point == 0x2019 || point == 0x3000 ||
           point == 0x30FB;
}

static bool is_letter(uint32_t point)
{
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') ||
           (point >= '0' && point <= '9');
}

static size_t read_surname(Arena *arena, const char *name, Pieces *pieces)
{
    for (size_t i = 0; i < COUNT_OF(SURNAMES); i++) {
        if (!str_starts_with(name, SURNAMES[i].characters)) {
            continue;
        }
        const char *at = SURNAMES[i].characters;
        for (size_t k = 0; *at != '\0'; k++) {
            uint32_t point;
            size_t step = str_utf8_decode(at, strlen(at), &point);
            *vec_push(pieces, arena) = (Piece){.text = arena_strndup(arena, at, step),
                                               .reading = SURNAMES[i].syllables[k]};
            at += step;
        }
        return strlen(SURNAMES[i].characters);
    }
    return 0;
}

/* Letters go on with the word before them, unless a separator or a character came between. */
static void add_letter(Arena *arena, Pieces *pieces, bool new_word, char letter)
{
    char text[2] = {letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter, '\0'};
    if (new_word) {
        const char *word = arena_strdup(arena, text);
        *vec_push(pieces, arena) = (Piece){.text = word, .reading = word};
        return;
    }
    Piece *last = &pieces->items[pieces->count - 1];
    last->text = last->reading = arena_printf(arena, "%s%s", last->text, text);
}

static Pieces split(Arena *arena, const char *name)
{
    Pieces pieces = {};
    const char *at = name + read_surname(arena, name, &pieces);
    bool in_word = false;
    for (size_t left = strlen(at), step = 0; left > 0; at += step, left -= step) {
        uint32_t point = 0;
        step = str_utf8_decode(at, left, &point);
        if (step == 0) {
            break;
        }
        point = half_width(point);
        if (is_letter(point)) {
            add_letter(arena, &pieces, !in_word, (char)point);
        } else if (!is_separator(point)) {
            *vec_push(&pieces, arena) =
                (Piece){.text = arena_strndup(arena, at, step), .reading = syllable_of(point)};
        }
        in_word = is_letter(point);
    }
    return pieces;
}

typedef VEC(const char *) Terms;

static bool has_term(const Terms *terms, const char *term)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (str_equal(terms->items[i], term)) {
            return true;
        }
    }
    return false;
}

static void add_term(Arena *arena, Terms *terms, const char *term)
{
    if (!str_is_empty(term) && !has_term(terms, term)) {
        *vec_push(terms, arena) = term;
    }
}

static const char *join(Arena *arena, const Pieces *pieces, size_t from, bool readings)
{
    Str text;
    str_init(&text, arena);
    for (size_t i = from; i < pieces->count; i++) {
        str_append(&text, readings ? pieces->items[i].reading : pieces->items[i].text);
    }
    return str_text(&text);
}

/* People type ü as v, as u, and passports write it as yu. */
static const char *with_u(Arena *arena, const char *reading)
{
    if (strchr(reading, 'v') == NULL) {
        return NULL;
    }
    char *text = arena_strdup(arena, reading);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == 'v' ? 'u' : *at;
    }
    return text;
}

NameReading name_read(Arena *arena, const char *name)
{
    Pieces pieces = split(arena, name);
    Str initials;
    str_init(&initials, arena);
    Terms terms = {};
    for (size_t i = 0; i < pieces.count; i++) {
        const char *reading = join(arena, &pieces, i, /* readings= */ true);
        if (pieces.items[i].reading[0] != '\0') {
            str_append_char(&initials, pieces.items[i].reading[0]);
        }
        if (i < SUFFIXES_MAX) {
            add_term(arena, &terms, join(arena, &pieces, i, /* readings= */ false));
            add_term(arena, &terms, reading);
            add_term(arena, &terms, with_u(arena, reading));
        }
    }
    add_term(arena, &terms, str_text(&initials));

    Str text;
    str_init(&text, arena);
    VEC_FOREACH (const char *, term, &terms) {
        str_printf(&text, " %s", *term);
    }
    return (NameReading){.pinyin = join(arena, &pieces, 0, /* readings= */ true),
                         .initials = str_text(&initials),
                         .terms = {.items = terms.items, .count = terms.count},
                         .terms_text = str_text(&text)};
}

const char *name_search_text(Arena *arena, const char *text)
{
    Str out;
    str_init(&out, arena);
    for (size_t left = strlen(text), step = 0; left > 0; text += step, left -= step) {
        uint32_t point = 0;
        step = str_utf8_decode(text, left, &point);
        if (step == 0) {
            break;
        }
        point = half_width(point);
        if (is_separator(point)) {
            continue;
        }
        if (point >= 'A' && point <= 'Z') {
            point += 'a' - 'A';
        }
        if (point < 0x80) {
            str_append_char(&out, (char)point);
        } else {
            str_append_bytes(&out, text, step);
        }
    }
    return str_text(&out);
}
