/* What a column's header means, in either language. */
#include <string.h>

#include "voms/import/import_internal.h"

/* Headers of the column that says where somebody belongs; its cells hold a unit's code or name. */
static const char UNIT_TITLES[] =
    "unit|单位|所属单位|所在单位|组织|所属组织|所在组织|队伍|所属队伍|"
    "分队|所属分队|大队|小队|unit name|unit code|organisation|"
    "organization|team";

/* Without spaces, stars and what stands in brackets; ASCII in lower case: "* 姓名（必填）" is
 * "姓名". */
static const char *simplify(Arena *arena, const char *header)
{
    static const char *const OPENING[] = {"(", "（", "[", "【", NULL};
    static const char *const DROPPED[] = {" ", "*",  "＊", "\t", "\n", "\r", "_",
                                          "-", "　", ":",  "：", "/",  NULL};
    Str out;
    str_init(&out, arena);
    for (const char *at = header; *at != '\0';) {
        size_t dropped = 0;
        for (int i = 0; OPENING[i] != NULL; i++) {
            if (str_starts_with(at, OPENING[i]) && out.length > 0) {
                return str_ascii_lower(arena, str_text(&out));
            }
        }
        for (int i = 0; DROPPED[i] != NULL && dropped == 0; i++) {
            dropped = str_starts_with(at, DROPPED[i]) ? strlen(DROPPED[i]) : 0;
        }
        if (dropped == 0) {
            str_append_char(&out, *at++);
        }
        at += dropped;
    }
    return str_ascii_lower(arena, str_text(&out));
}

static bool means(Arena *arena, const char *simple, const char *title)
{
    return title != NULL && str_equal(simple, simplify(arena, title));
}

/* titles are separated by '|'. */
static bool is_among(Arena *arena, const char *simple, const char *titles)
{
    for (const char *at = titles; at != NULL && *at != '\0';) {
        const char *end = strchr(at, '|');
        size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        if (means(arena, simple, arena_strndup(arena, at, length))) {
            return true;
        }
        at += length + (end != NULL);
    }
    return false;
}

const char *import_guess_field(Arena *arena, const CustomField *fields, size_t count,
                               const char *header)
{
    const char *simple = simplify(arena, header);
    if (simple[0] == '\0') {
        return NULL;
    }
    for (const Field *field = volunteer_import_shape.fields; field->name != NULL; field++) {
        if (means(arena, simple, field->zh) || means(arena, simple, field->en) ||
            means(arena, simple, field->name) || is_among(arena, simple, field->aliases)) {
            return field->name;
        }
    }
    if (is_among(arena, simple, UNIT_TITLES)) {
        return "unit";
    }
    for (size_t i = 0; i < count; i++) {
        if (means(arena, simple, fields[i].title_zh) || means(arena, simple, fields[i].title_en) ||
            means(arena, simple, fields[i].key)) {
            return arena_printf(arena, "custom.%s", fields[i].key);
        }
    }
    return NULL;
}

bool import_field_exists(const CustomField *fields, size_t count, const char *name)
{
    if (str_equal(name, "unit") || shape_find(&volunteer_import_shape, name) != NULL) {
        return true;
    }
    for (size_t i = 0; i < count && str_starts_with(name, "custom."); i++) {
        if (str_equal(fields[i].key, name + strlen("custom."))) {
            return true;
        }
    }
    return false;
}
