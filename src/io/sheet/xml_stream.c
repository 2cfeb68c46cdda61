/* xml_stream.c - expat over a part of the package, pausing where a handler wants.
 *
 * A document type is refused, and with it every entity: no expansion, nothing external. */
#include <expat.h>
#include <string.h>

#include "io/sheet/sheet_internal.h"

#define CHUNK_SIZE ((size_t)32 * 1024)

struct XmlStream {
    Arena *arena;
    const char *path;
    ZipPart *part;
    XML_Parser parser;
    XmlHandlers handlers;
    void *arg;
    Err *err;
    bool paused;
    bool ended;
};

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

const char *xml_attribute(const XmlAttributes *attributes, const char *name)
{
    for (const char **pair = attributes->pairs; *pair != NULL; pair += 2) {
        if (strcmp(local_name(*pair), name) == 0) {
            return pair[1];
        }
    }
    return NULL;
}

/* ---- expat's call-backs ---- */

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **pairs)
{
    XmlStream *stream = arg;
    if (stream->err == NULL) {
        stream->handlers.start(stream->arg, local_name(name), &(XmlAttributes){.pairs = pairs});
    }
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    XmlStream *stream = arg;
    if (stream->err == NULL && stream->handlers.end != NULL) {
        stream->handlers.end(stream->arg, local_name(name));
    }
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int length)
{
    XmlStream *stream = arg;
    if (stream->err == NULL) {
        stream->handlers.text(stream->arg, text, (size_t)length);
    }
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name UNUSED,
                               const XML_Char *system UNUSED, const XML_Char *public_id UNUSED,
                               int internal UNUSED)
{
    XmlStream *stream = arg;
    xml_stream_fail(stream, ERR(stream->arena, ERR_INVALID, "file_damaged",
                                "%s declares a document type", stream->path));
}

/* ---- The stream ---- */

Err *xml_stream_open(ZipPackage *package, const char *path, const XmlHandlers *handlers, void *arg,
                     XmlStream **ret_stream)
{
    ZipPart *part = NULL;
    TRY(zip_part_open(package, path, &part));
    if (part == NULL) {
        return ERR(package->arena, ERR_INVALID, "file_damaged", "the package has no %s", path);
    }
    XmlStream *stream = ARENA_NEW(package->arena, XmlStream);
    *stream = (XmlStream){.arena = package->arena,
                          .path = path,
                          .part = part,
                          .parser = XML_ParserCreate(NULL),
                          .handlers = *handlers,
                          .arg = arg};
    BUG_ON(stream->parser == NULL);
    XML_SetUserData(stream->parser, stream);
    XML_SetElementHandler(stream->parser, on_start, on_end);
    if (handlers->text != NULL) {
        XML_SetCharacterDataHandler(stream->parser, on_text);
    }
    XML_SetStartDoctypeDeclHandler(stream->parser, on_doctype);
    *ret_stream = stream;
    return NULL;
}

void xml_stream_pause(XmlStream *stream)
{
    if (stream->err == NULL) {
        XML_StopParser(stream->parser, XML_TRUE);
        stream->paused = true;
    }
}

void xml_stream_fail(XmlStream *stream, Err *err)
{
    if (stream->err == NULL) {
        stream->err = err;
        XML_StopParser(stream->parser, XML_FALSE);
    }
}

static Err *check(XmlStream *stream, enum XML_Status status)
{
    if (stream->err != NULL) {
        return stream->err;
    }
    if (status == XML_STATUS_ERROR) {
        return ERR(stream->arena, ERR_INVALID, "file_damaged", "%s, line %lu: %s", stream->path,
                   (unsigned long)XML_GetCurrentLineNumber(stream->parser),
                   XML_ErrorString(XML_GetErrorCode(stream->parser)));
    }
    return NULL;
}

static Err *parse_chunk(XmlStream *stream)
{
    void *buffer = XML_GetBuffer(stream->parser, (int)CHUNK_SIZE);
    BUG_ON(buffer == NULL);
    size_t length = 0;
    TRY(zip_part_read(stream->part, buffer, CHUNK_SIZE, &length));
    stream->ended = length == 0;
    return check(stream, XML_ParseBuffer(stream->parser, (int)length, stream->ended));
}

Err *xml_stream_run(XmlStream *stream, bool *ret_done)
{
    if (stream->paused) {
        stream->paused = false;
        TRY(check(stream, XML_ResumeParser(stream->parser)));
    }
    while (!stream->paused && !stream->ended) {
        TRY(parse_chunk(stream));
    }
    *ret_done = !stream->paused;
    return NULL;
}

void xml_stream_close(XmlStream *stream)
{
    if (stream == NULL) {
        return;
    }
    if (stream->parser != NULL) {
        XML_ParserFree(TAKE(stream->parser));
    }
    zip_part_close(TAKE(stream->part));
}

void xml_stream_closep(XmlStream **stream)
{
    xml_stream_close(*stream);
}
