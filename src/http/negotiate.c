#include "http/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

/* ---- Lists with weights ---- */

typedef struct Item {
    const char *name;
    size_t length;
    int weight; /* 0..1000 */
} Item;

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "0.8" is 800; anything that is no weight counts as 0. */
static int parse_weight(const char *at)
{
    int weight = 0;
    int unit = 1000;

    for (; *at != '\0' && *at != ',' && *at != ' ' && *at != ';'; at++) {
        if (*at == '.') {
            continue;
        }
        if (*at < '0' || *at > '9' || unit == 0) {
            return 0;
        }
        weight += (*at - '0') * unit;
        unit /= 10;
    }
    return MIN(weight, 1000);
}

/* Reads "name;q=0.8" and moves *at behind the comma that follows. False at the end. */
static bool next_item(const char **at, Item *ret_item)
{
    const char *start = skip_blanks(*at);

    while (*start == ',') {
        start = skip_blanks(start + 1);
    }
    if (*start == '\0') {
        return false;
    }
    size_t length = strcspn(start, ",");
    size_t name_length = strcspn(start, ",; \t");
    *ret_item = (Item){.name = start, .length = name_length, .weight = 1000};
    for (const char *param = start + name_length; param < start + length; param++) {
        if ((*param == 'q' || *param == 'Q') && param[1] == '=') {
            ret_item->weight = parse_weight(param + 2);
            break;
        }
    }
    *at = start + length;
    return true;
}

static bool has_name(const Item *item, const char *name)
{
    return item->length == strlen(name) && strncasecmp(item->name, name, item->length) == 0;
}

/* ---- Language ---- */

/* "en" matches "en" and "en-GB". */
static bool is_language(const Item *item, const char *primary)
{
    size_t length = strlen(primary);

    return item->length >= length && strncasecmp(item->name, primary, length) == 0 &&
           (item->length == length || item->name[length] == '-');
}

Language negotiate_language(const char *accept_language)
{
    int best[2] = {[LANGUAGE_ZH] = -1, [LANGUAGE_EN] = -1};
    int others = -1; /* the weight of "*" */
    const char *at = accept_language;
    Item item;

    while (at != NULL && next_item(&at, &item)) {
        if (is_language(&item, "zh")) {
            best[LANGUAGE_ZH] = MAX(best[LANGUAGE_ZH], item.weight);
        } else if (is_language(&item, "en")) {
            best[LANGUAGE_EN] = MAX(best[LANGUAGE_EN], item.weight);
        } else if (has_name(&item, "*")) {
            others = item.weight;
        }
    }
    for (int i = 0; i < 2; i++) {
        best[i] = best[i] < 0 ? others : best[i];
    }
    return best[LANGUAGE_EN] > MAX(best[LANGUAGE_ZH], 0) ? LANGUAGE_EN : LANGUAGE_ZH;
}

/* ---- Encoding ---- */

bool negotiate_accepts_encoding(const char *accept_encoding, const char *coding)
{
    int others = 0;
    const char *at = accept_encoding;
    Item item;

    while (at != NULL && next_item(&at, &item)) {
        if (has_name(&item, coding)) {
            return item.weight > 0;
        }
        if (has_name(&item, "*")) {
            others = item.weight;
        }
    }
    return others > 0;
}

/* ---- ETags ---- */

bool negotiate_etag_matches(const char *list, const char *etag, bool weak)
{
    const char *at = list == NULL ? "" : list;

    while (*at != '\0') {
        at += strspn(at, " \t,");
        if (*at == '*') {
            return true;
        }
        bool is_weak = str_starts_with(at, "W/");
        at += is_weak ? 2 : 0;
        if (*at != '"') {
            return false;
        }
        size_t length = strcspn(at + 1, "\"");
        if (at[1 + length] == '\0') {
            return false;
        }
        if ((weak || !is_weak) && strlen(etag) == length + 2 &&
            strncmp(at, etag, length + 2) == 0) {
            return true;
        }
        at += length + 2;
    }
    return false;
}
