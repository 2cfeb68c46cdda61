/* xlsx_workbook.c - which parts of the package matter.
 *
 * Everything is found by its relationship: Excel, WPS and LibreOffice name and place the parts as
 * they like. Strict files (ISO 29500) use other URIs with the same last words. */
#include <string.h>

#include "base/vec.h"
#include "io/sheet/sheet_internal.h"

#define SHEETS_MAX 1000
#define STYLES_MAX 65536

typedef struct Relation {
    const char *id;
    const char *type;
    const char *target; /* path in the package, without a leading slash */
} Relation;

typedef struct NumberFormat {
    int64_t id;
    XlsxFormatKind kind;
} NumberFormat;

typedef struct Loader {
    Arena *arena;
    XmlStream *stream;
    const char *folder; /* of the part whose relationships are read, "xl/" */
    VEC(Relation) relations;
    VEC(XlsxSheetName) sheets;
    VEC(NumberFormat) formats;
    VEC(XlsxFormatKind) styles;
    bool in_cell_formats;
    bool date1904;
} Loader;

/* ---- Paths and relationships ---- */

/* Resolves "../a", "a" and "/a" against the folder. */
static const char *resolve(Arena *arena, const char *folder, const char *target)
{
    if (target[0] == '/') {
        return target + 1;
    }
    char *base = arena_strdup(arena, folder);
    while (str_starts_with(target, "../") || str_starts_with(target, "./")) {
        bool up = target[1] == '.';
        target += up ? 3 : 2;
        size_t length = strlen(base);
        if (up && length > 0) {
            base[length - 1] = '\0';
            char *slash = strrchr(base, '/');
            base[slash == NULL ? 0 : slash - base + 1] = '\0';
        }
    }
    return arena_printf(arena, "%s%s", base, target);
}

static const char *folder_of(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : arena_strndup(arena, path, (size_t)(slash - path) + 1);
}

static const char *relations_path(Arena *arena, const char *path)
{
    const char *folder = folder_of(arena, path);
    return arena_printf(arena, "%s_rels/%s.rels", folder, path + strlen(folder));
}

static void on_relation(void *arg, const char *name, const XmlAttributes *attributes)
{
    Loader *loader = arg;
    const char *id = xml_attribute(attributes, "Id");
    const char *type = xml_attribute(attributes, "Type");
    const char *target = xml_attribute(attributes, "Target");
    bool useful = strcmp(name, "Relationship") == 0 && id != NULL && type != NULL && target != NULL;
    if (useful && loader->relations.count < SHEETS_MAX) {
        *vec_push(&loader->relations, loader->arena) = (Relation){
            .id = arena_strdup(loader->arena, id),
            .type = arena_strdup(loader->arena, type),
            .target = arena_strdup(loader->arena, resolve(loader->arena, loader->folder, target))};
    }
}

static Err *run(ZipPackage *package, Loader *loader, const char *path, const XmlHandlers *handlers)
{
    CLEANUP(xml_stream_closep) XmlStream *stream = NULL;
    TRY(xml_stream_open(package, path, handlers, loader, &stream));
    loader->stream = stream;
    bool done = false;
    return xml_stream_run(stream, &done);
}

static Err *load_relations(ZipPackage *package, Loader *loader, const char *of_part)
{
    static const XmlHandlers handlers = {.start = on_relation};
    loader->relations.count = 0;
    loader->folder = folder_of(loader->arena, of_part);
    return run(package, loader, relations_path(loader->arena, of_part), &handlers);
}

static const Relation *find_by_type(const Loader *loader, const char *last_word)
{
    VEC_FOREACH (Relation, relation, &loader->relations) {
        if (str_ends_with(relation->type, last_word)) {
            return relation;
        }
    }
    return NULL;
}

static const Relation *find_by_id(const Loader *loader, const char *id)
{
    VEC_FOREACH (Relation, relation, &loader->relations) {
        if (str_equal(relation->id, id)) {
            return relation;
        }
    }
    return NULL;
}

/* ---- The workbook ---- */

static bool is_true(const char *value)
{
    return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

/* "r:id": the sheet has a sheetId too, whose local name differs. */
static void on_sheet(Loader *loader, const XmlAttributes *attributes)
{
    const char *name = xml_attribute(attributes, "name");
    const char *relation = xml_attribute(attributes, "id");
    const char *state = xml_attribute(attributes, "state");
    if (name == NULL || relation == NULL || loader->sheets.count >= SHEETS_MAX) {
        return;
    }
    *vec_push(&loader->sheets, loader->arena) =
        (XlsxSheetName){.name = arena_strdup(loader->arena, name),
                        .relation = arena_strdup(loader->arena, relation),
                        .visible = state == NULL || strcmp(state, "visible") == 0};
}

static void on_workbook(void *arg, const char *name, const XmlAttributes *attributes)
{
    Loader *loader = arg;
    if (strcmp(name, "workbookPr") == 0) {
        loader->date1904 = is_true(xml_attribute(attributes, "date1904"));
    } else if (strcmp(name, "sheet") == 0) {
        on_sheet(loader, attributes);
    }
}

/* ---- Styles ---- */

static int64_t number_attribute(const XmlAttributes *attributes, const char *name)
{
    const char *text = xml_attribute(attributes, name);
    int64_t value = 0;
    if (text != NULL && !str_parse_int64(text, &value)) {
        value = 0;
    }
    return value;
}

static XlsxFormatKind kind_of(const Loader *loader, int64_t id)
{
    VEC_FOREACH (NumberFormat, format, &loader->formats) {
        if (format->id == id) {
            return format->kind;
        }
    }
    return xlsx_format_kind(id, NULL);
}

static void on_style(void *arg, const char *name, const XmlAttributes *attributes)
{
    Loader *loader = arg;
    if (strcmp(name, "numFmt") == 0 && loader->formats.count < STYLES_MAX) {
        const char *code = xml_attribute(attributes, "formatCode");
        int64_t id = number_attribute(attributes, "numFmtId");
        *vec_push(&loader->formats, loader->arena) =
            (NumberFormat){.id = id, .kind = xlsx_format_kind(id, code)};
    } else if (strcmp(name, "cellXfs") == 0) {
        loader->in_cell_formats = true;
    } else if (strcmp(name, "xf") == 0 && loader->in_cell_formats &&
               loader->styles.count < STYLES_MAX) {
        *vec_push(&loader->styles, loader->arena) =
            kind_of(loader, number_attribute(attributes, "numFmtId"));
    }
}

static void on_style_end(void *arg, const char *name)
{
    Loader *loader = arg;
    if (strcmp(name, "cellXfs") == 0) {
        loader->in_cell_formats = false;
    }
}

/* ---- All of it ---- */

static bool is_worksheet(const Loader *loader, const XlsxSheetName *sheet)
{
    const Relation *relation = find_by_id(loader, sheet->relation);
    return relation != NULL && str_ends_with(relation->type, "/worksheet");
}

static Err *choose_sheet(Loader *loader, const char *wanted, SheetInfo *info,
                         XlsxWorkbook *workbook)
{
    const XlsxSheetName *chosen = NULL;
    info->sheet_count = 0;
    const char **names = ARENA_ARRAY(loader->arena, const char *, loader->sheets.count + 1);
    VEC_FOREACH (XlsxSheetName, sheet, &loader->sheets) {
        if (!sheet->visible || !is_worksheet(loader, sheet)) {
            continue;
        }
        names[info->sheet_count++] = sheet->name;
        if (chosen == NULL && (wanted == NULL || str_equal(wanted, sheet->name))) {
            chosen = sheet;
        }
    }
    info->sheet_names = names;
    if (chosen == NULL) {
        return ERR(loader->arena, ERR_INVALID, "sheet_not_found", "no visible sheet%s%s",
                   wanted == NULL ? "" : " named ", wanted == NULL ? "" : wanted);
    }
    workbook->sheet_name = chosen->name;
    workbook->sheet_path = find_by_id(loader, chosen->relation)->target;
    info->sheet = chosen->name;
    return NULL;
}

static Err *load_styles(ZipPackage *package, Loader *loader, XlsxWorkbook *workbook)
{
    static const XmlHandlers handlers = {.start = on_style, .end = on_style_end};
    const Relation *styles = find_by_type(loader, "/styles");
    if (styles == NULL) {
        return NULL;
    }
    TRY(run(package, loader, styles->target, &handlers));
    workbook->styles = loader->styles.items;
    workbook->style_count = loader->styles.count;
    return NULL;
}

Err *xlsx_workbook_load(ZipPackage *package, const char *wanted_sheet, SheetInfo *info,
                        XlsxWorkbook *ret_workbook)
{
    static const XmlHandlers handlers = {.start = on_workbook};
    Loader loader = {.arena = package->arena};
    XlsxWorkbook workbook = {};

    CLEANUP(zip_part_closep) ZipPart *root = NULL;
    TRY(zip_part_open(package, "_rels/.rels", &root));
    if (root == NULL) {
        return ERR(package->arena, ERR_UNSUPPORTED, "unknown_file_format",
                   "a zip file, but no office document");
    }
    zip_part_close(TAKE(root));

    TRY(load_relations(package, &loader, ""));
    const Relation *document = find_by_type(&loader, "/officeDocument");
    if (document == NULL) {
        return ERR(package->arena, ERR_UNSUPPORTED, "unknown_file_format", "no office document");
    }
    const char *path = document->target;
    TRY(run(package, &loader, path, &handlers));
    if (loader.sheets.count == 0) {
        return ERR(package->arena, ERR_UNSUPPORTED, "unknown_file_format",
                   "an office document without sheets");
    }
    TRY(load_relations(package, &loader, path));
    TRY(choose_sheet(&loader, wanted_sheet, info, &workbook));
    TRY(load_styles(package, &loader, &workbook));
    const Relation *strings = find_by_type(&loader, "/sharedStrings");
    workbook.strings_path = strings == NULL ? NULL : strings->target;
    workbook.date1904 = loader.date1904;
    *ret_workbook = workbook;
    return NULL;
}
