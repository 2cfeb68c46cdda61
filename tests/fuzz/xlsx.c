/* xlsx from the inside: the input is sheet, shared strings, styles and workbook, separated by zero
 * bytes, and is packed here, since a fuzzer cannot guess checksums. An input that is a package
 * itself is read as it is. */
#include "tests/fuzz/sheet.h"

#define CONTENT_TYPES                                                                              \
    "<Types><Override PartName=\"/xl/workbook.xml\" "                                              \
    "ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>" \
    "</Types>"
#define RELATION "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define RELATIONS                                                                                  \
    "<Relationships><Relationship Id=\"rId1\" Type=\"" RELATION                                    \
    "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
#define WORKBOOK_RELATIONS                                                                         \
    "<Relationships>"                                                                              \
    "<Relationship Id=\"rId1\" Type=\"" RELATION "/worksheet\" Target=\"worksheets/sheet1.xml\"/>" \
    "<Relationship Id=\"rId2\" Type=\"" RELATION "/sharedStrings\" Target=\"sharedStrings.xml\"/>" \
    "<Relationship Id=\"rId3\" Type=\"" RELATION "/styles\" Target=\"styles.xml\"/>"               \
    "</Relationships>"
#define WORKBOOK                                                                                   \
    "<workbook xmlns:r=\"" RELATION "\"><sheets>"                                                  \
    "<sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"

typedef struct Package {
    Str files;
    Str directory;
    int count;
} Package;

static uint32_t crc32_of(const void *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= ((const unsigned char *)bytes)[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

static void put(Str *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        str_append_char(out, (char)(value >> (8 * i)));
    }
}

/* What a file's own header and its entry in the directory have in common (APPNOTE 4.4). */
static void put_description(Str *out, const char *name, const char *content, size_t length)
{
    put(out, 20, 2);
    put(out, 0, 2);
    put(out, 0, 2); /* stored */
    put(out, 0, 4);
    put(out, crc32_of(content, length), 4);
    put(out, (uint32_t)length, 4);
    put(out, (uint32_t)length, 4);
    put(out, (uint32_t)strlen(name), 2);
    put(out, 0, 2);
}

static void add_file(Package *package, const char *name, const char *content, size_t length)
{
    uint32_t offset = (uint32_t)package->files.length;
    put(&package->files, 0x04034B50, 4);
    put_description(&package->files, name, content, length);
    str_append(&package->files, name);
    str_append_bytes(&package->files, content, length);

    put(&package->directory, 0x02014B50, 4);
    put(&package->directory, 20, 2);
    put_description(&package->directory, name, content, length);
    put(&package->directory, 0, 2); /* comment */
    put(&package->directory, 0, 4); /* disk, internal attributes */
    put(&package->directory, 0, 4);
    put(&package->directory, offset, 4);
    str_append(&package->directory, name);
    package->count++;
}

static void finish(Package *package)
{
    uint32_t start = (uint32_t)package->files.length;
    str_append_bytes(&package->files, str_text(&package->directory), package->directory.length);
    put(&package->files, 0x06054B50, 4);
    put(&package->files, 0, 4);
    put(&package->files, (uint32_t)package->count, 2);
    put(&package->files, (uint32_t)package->count, 2);
    put(&package->files, (uint32_t)package->directory.length, 4);
    put(&package->files, start, 4);
    put(&package->files, 0, 2);
}

/* The next part of the input; an absent one is its default. */
static void add_part(Package *package, const char *name, const char *fallback, Slice *rest)
{
    if (rest->data == NULL) {
        add_file(package, name, fallback, strlen(fallback));
        return;
    }
    const char *end = memchr(rest->data, '\0', rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->data);
    add_file(package, name, rest->data, length);
    *rest = end == NULL ? (Slice){} : (Slice){end + 1, rest->length - length - 1};
}

FUZZ(xlsx)
{
    if (size >= 2 && memcmp(data, "PK", 2) == 0) {
        read_sheet(arena, data, size);
        return;
    }
    Package package = {};
    str_init(&package.files, arena);
    str_init(&package.directory, arena);
    Slice rest = {.data = data, .length = size};
    add_file(&package, "[Content_Types].xml", CONTENT_TYPES, strlen(CONTENT_TYPES));
    add_file(&package, "_rels/.rels", RELATIONS, strlen(RELATIONS));
    add_file(&package, "xl/_rels/workbook.xml.rels", WORKBOOK_RELATIONS,
             strlen(WORKBOOK_RELATIONS));
    add_part(&package, "xl/worksheets/sheet1.xml", "<worksheet/>", &rest);
    add_part(&package, "xl/sharedStrings.xml", "<sst/>", &rest);
    add_part(&package, "xl/styles.xml", "<styleSheet/>", &rest);
    add_part(&package, "xl/workbook.xml", WORKBOOK, &rest);
    finish(&package);
    read_sheet(arena, str_text(&package.files), package.files.length);
}
