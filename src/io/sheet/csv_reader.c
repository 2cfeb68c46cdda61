/* csv_reader.c - RFC 4180, and what people send instead.
 *
 * Tolerated: any of the three line ends, blank rows, quotes inside an unquoted cell, text behind a
 * closing quote, Excel's first line "sep=;" and its ="0123" that keeps a text from becoming a
 * number. Not tolerated: a quote that never closes, for it swallows the rest of the file. */
#include <inttypes.h>
#include <string.h>

#include "io/sheet/sheet_internal.h"

#define BUFFER_SIZE ((size_t)64 * 1024)
#define SAMPLE_RECORDS 50
#define END_OF_TEXT (-1)

struct CsvReader {
    Arena *arena;
    TextDecoder *decoder;
    RowBuilder row;
    SheetRow current;
    char delimiter;
    bool stops[256]; /* bytes that end a run of an unquoted cell */
    char buffer[BUFFER_SIZE];
    size_t position;
    size_t length;
    bool ended;
    int64_t line;        /* of the next byte, from 1 */
    int64_t next_number; /* of the next row */
};

static const char candidates[] = {',', ';', '\t', '|'};

/* ---- Detection of the delimiter ---- */

typedef struct DelimiterScore {
    int first;   /* cells of the first record */
    int records; /* looked at */
    int alike;   /* with as many cells as the first */
    int cells;   /* of the present record */
    bool quoted;
    bool at_start; /* of a cell */
} DelimiterScore;

static void end_record(DelimiterScore *score)
{
    score->records++;
    if (score->records == 1) {
        score->first = score->cells;
    }
    score->alike += score->cells == score->first;
    score->cells = 1;
}

static void score_byte(DelimiterScore *score, char byte, char delimiter)
{
    if (byte == '"' && (score->at_start || score->quoted)) {
        score->quoted = !score->quoted;
        score->at_start = false;
    } else if (!score->quoted && byte == delimiter) {
        score->cells++;
        score->at_start = true;
    } else if (!score->quoted && byte == '\n') {
        end_record(score);
        score->at_start = true;
    } else {
        score->at_start = false;
    }
}

static int score_delimiter(const char *text, size_t length, char delimiter)
{
    DelimiterScore score = {.cells = 1, .at_start = true};
    for (size_t i = 0; i < length && score.records < SAMPLE_RECORDS; i++) {
        /* A lone carriage return ends a record like a line feed; before one it is nothing. */
        bool lone = text[i] == '\r' && i + 1 < length && text[i + 1] != '\n';
        if (text[i] != '\r' || lone) {
            score_byte(&score, lone ? '\n' : text[i], delimiter);
        }
    }
    if (score.records == 0) {
        end_record(&score);
    }
    return score.first < 2 ? 0 : score.alike * 1000 / score.records + MIN(score.first, 500);
}

char csv_detect_delimiter(const char *text, size_t length)
{
    char best = ',';
    int best_score = 0;
    for (size_t i = 0; i < sizeof(candidates); i++) {
        int score = score_delimiter(text, length, candidates[i]);
        if (score > best_score) {
            best = candidates[i];
            best_score = score;
        }
    }
    return best;
}

/* ---- Bytes ---- */

static Err *at_line(CsvReader *reader, Err *err, int64_t line)
{
    if (err != NULL && err->param == NULL) {
        err->param = arena_printf(reader->arena, "%" PRId64, line);
    }
    return err;
}

static Err *refill(CsvReader *reader)
{
    size_t length = 0;
    reader->position = 0;
    reader->length = 0;
    TRY(at_line(reader, text_decoder_read(reader->decoder, reader->buffer, BUFFER_SIZE, &length),
                reader->line));
    reader->length = length;
    reader->ended = length == 0;
    return NULL;
}

/* The next byte, which stays; END_OF_TEXT behind the last. */
static Err *peek(CsvReader *reader, int *ret_byte)
{
    if (reader->position == reader->length && !reader->ended) {
        TRY(refill(reader));
    }
    *ret_byte = reader->ended ? END_OF_TEXT : (unsigned char)reader->buffer[reader->position];
    return NULL;
}

/* Takes one line end, whichever it is, if there is one. */
static Err *take_line_end(CsvReader *reader)
{
    int byte;
    TRY(peek(reader, &byte));
    if (byte == '\r') {
        reader->position++;
        TRY(peek(reader, &byte));
    }
    if (byte == '\n') {
        reader->position++;
    }
    reader->line++;
    return NULL;
}

/* ---- Cells ---- */

/* Appends up to the delimiter or the line's end. */
static Err *read_plain(CsvReader *reader)
{
    for (;;) {
        int byte;
        TRY(peek(reader, &byte));
        if (byte == END_OF_TEXT) {
            return NULL;
        }
        size_t end = reader->position;
        while (end < reader->length && !reader->stops[(unsigned char)reader->buffer[end]]) {
            end++;
        }
        TRY(row_builder_append(&reader->row, reader->buffer + reader->position,
                               end - reader->position));
        reader->position = end;
        if (end < reader->length) {
            return NULL;
        }
    }
}

static Err *not_closed(CsvReader *reader, int64_t line)
{
    return at_line(reader,
                   ERR(reader->arena, ERR_INVALID, "file_quote_not_closed",
                       "line %" PRId64 ": the quote that opens there never closes", line),
                   line);
}

static int64_t count_lines(const char *text, size_t length)
{
    int64_t lines = 0;
    for (size_t i = 0; i < length; i++) {
        bool lone = text[i] == '\r' && (i + 1 == length || text[i + 1] != '\n');
        lines += text[i] == '\n' || lone;
    }
    return lines;
}

/* Appends up to the quote that closes; "" stands for one. */
static Err *read_quoted(CsvReader *reader)
{
    int64_t opened = reader->line;
    reader->position++;
    for (;;) {
        int byte;
        TRY(peek(reader, &byte));
        if (byte == END_OF_TEXT) {
            return not_closed(reader, opened);
        }
        const char *from = reader->buffer + reader->position;
        size_t left = reader->length - reader->position;
        const char *quote = memchr(from, '"', left);
        size_t length = quote == NULL ? left : (size_t)(quote - from);

        Err *err = row_builder_append(&reader->row, from, length);
        if (err_is(err, ERR_INVALID)) {
            return not_closed(reader, opened); /* the usual reason for an endless cell */
        }
        TRY(err);
        reader->line += count_lines(from, length);
        reader->position += length + (quote != NULL);
        if (quote == NULL) {
            continue;
        }
        TRY(peek(reader, &byte));
        if (byte != '"') {
            return NULL;
        }
        TRY(row_builder_append(&reader->row, "\"", 1));
        reader->position++;
    }
}

/* ="0123" is Excel's way to write a text that looks like a number. */
static void unwrap_text_formula(RowBuilder *row)
{
    char *cell = row->text + row->cell_start;
    size_t length = row->length - row->cell_start;
    if (length < 3 || cell[0] != '=' || cell[1] != '"' || cell[length - 1] != '"' ||
        memchr(cell + 2, '"', length - 3) != NULL) {
        return;
    }
    memmove(cell, cell + 2, length - 3);
    row->length -= 3;
}

static Err *read_cell(CsvReader *reader, size_t column)
{
    int byte;
    TRY(peek(reader, &byte));
    if (byte == '"') {
        TRY(read_quoted(reader));
    }
    TRY(read_plain(reader));

    RowBuilder *row = &reader->row;
    unwrap_text_formula(row);
    bool digits_lost =
        sheet_is_scientific(row->text + row->cell_start, row->length - row->cell_start);
    return row_builder_end_cell(row, column, SHEET_CELL_TEXT, digits_lost);
}

/* Reads one record, with its line end. */
static Err *read_record(CsvReader *reader)
{
    row_builder_begin(&reader->row, reader->next_number++);
    for (size_t column = 0;; column++) {
        TRY(read_cell(reader, column));
        int byte;
        TRY(peek(reader, &byte));
        if (byte != (unsigned char)reader->delimiter) {
            return byte == END_OF_TEXT ? NULL : take_line_end(reader);
        }
        reader->position++;
    }
}

Err *csv_next(CsvReader *reader, const SheetRow **ret_row)
{
    do {
        int byte;
        TRY(peek(reader, &byte));
        if (byte == END_OF_TEXT) {
            *ret_row = NULL;
            return NULL;
        }
        TRY(read_record(reader));
    } while (reader->row.blank);

    row_builder_finish(&reader->row, &reader->current);
    *ret_row = &reader->current;
    return NULL;
}

/* ---- Opening ---- */

/* Excel's own declaration of the delimiter, a line that is no row. */
static Err *take_separator_line(CsvReader *reader, char *ret_delimiter)
{
    const char *text = reader->buffer;
    bool present =
        reader->length >= 6 && memcmp(text, "sep=", 4) == 0 && (text[5] == '\r' || text[5] == '\n');
    if (!present) {
        return NULL;
    }
    *ret_delimiter = text[4];
    reader->position = 5;
    return take_line_end(reader);
}

static Err *start(CsvReader *reader, const SheetOptions *options, SheetInfo *info)
{
    char delimiter = options->delimiter;
    TRY(refill(reader));
    if (reader->ended) {
        return ERR(reader->arena, ERR_INVALID, "file_empty", "nothing but a byte order mark");
    }
    TRY(take_separator_line(reader, &delimiter));
    if (delimiter == '\0') {
        delimiter = csv_detect_delimiter(reader->buffer + reader->position,
                                         reader->length - reader->position);
    }
    reader->delimiter = delimiter;
    reader->stops[(unsigned char)delimiter] = true;
    reader->stops['\r'] = true;
    reader->stops['\n'] = true;
    info->delimiter = delimiter;
    return NULL;
}

Err *csv_open(Arena *arena, SheetInput *input, const SheetOptions *options,
              const SheetLimits *limits, SheetInfo *info, CsvReader **ret_reader)
{
    size_t skip = 0;
    const char *encoding = NULL;
    TRY(text_detect(arena, input, &encoding, &skip));
    info->encoding = options->encoding == NULL ? encoding : options->encoding;

    CsvReader *reader = ARENA_NEW(arena, CsvReader);
    /* Member by member: the struct is too large for a compound literal on a fiber's stack. */
    reader->arena = arena;
    reader->line = 1;
    reader->next_number = 1;
    row_builder_init(&reader->row, arena, limits);
    TRY(text_decoder_open(arena, input, info->encoding, skip, &reader->decoder));
    Err *err = start(reader, options, info);
    if (err != NULL) {
        csv_close(reader);
        return err;
    }
    *ret_reader = reader;
    return NULL;
}

void csv_close(CsvReader *reader)
{
    if (reader != NULL) {
        text_decoder_close(TAKE(reader->decoder));
    }
}
