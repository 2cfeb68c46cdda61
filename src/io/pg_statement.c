/* pg_statement.c - the loop's table of statements, and their parameters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/pg_internal.h"

/* Composed statements beyond so many are prepared anew each time, so that the server's memory does
 * not fill with every combination of filters that somebody tried. */
#define BUILT_NAMED_MAX 200

void pg_statement_rename(PgClient *client, PgStatement *statement)
{
    if (statement->number != 0) {
        statement->number = ++client->statement_count;
        snprintf(statement->name, sizeof(statement->name), "s%" PRIu32, statement->number);
        statement->columns = NULL;
    }
}

static PgStatement *add_statement(PgClient *client, const PgOp *op)
{
    PgStatement *added = ARENA_NEW(client->arena, PgStatement);
    added->number = 1;
    pg_statement_rename(client, added);
    added->statement = op->built ? NULL : op->statement;
    return added;
}

static PgStatement *built_statement(PgClient *client, const PgOp *op)
{
    PgStatement *found = map_get(&client->built, op->statement->postgres);
    if (found != NULL) {
        return found;
    }
    if (client->built.live_count >= BUILT_NAMED_MAX) {
        return &client->unnamed;
    }
    found = add_statement(client, op);
    map_set(&client->built, op->statement->postgres, found);
    return found;
}

PgStatement *pg_statement_of(PgClient *client, const PgOp *op)
{
    if (op->built) {
        return built_statement(client, op);
    }
    uint64_t hash = ((uintptr_t)op->statement >> 4) * 0x9E3779B97F4A7C15ULL;
    PgStatement **bucket = &client->buckets[(hash >> 40) & (PG_BUCKETS - 1)];
    for (PgStatement *found = *bucket; found != NULL; found = found->next) {
        if (found->statement == op->statement) {
            return found;
        }
    }
    PgStatement *added = add_statement(client, op);
    added->next = *bucket;
    *bucket = added;
    return added;
}

#define NUMBER_SIZE 32

/* Parameters go as text, of which the server knows the types, and bytes as they are. */
static const char *param_text(Arena *scratch, const SqlValue *value)
{
    switch (value->type) {
    case SQL_NULL:
        return NULL;
    case SQL_BOOL:
        return value->integer != 0 ? "t" : "f";
    case SQL_TEXT:
        return value->text;
    case SQL_BYTES:
        return value->text != NULL ? value->text : "";
    case SQL_INT:
    case SQL_REAL:
    case SQL_TIME:
        break;
    }
    char *text = arena_alloc(scratch, NUMBER_SIZE);
    if (value->type == SQL_INT) {
        snprintf(text, NUMBER_SIZE, "%" PRId64, value->integer);
    } else if (value->type == SQL_REAL) {
        snprintf(text, NUMBER_SIZE, "%.17g", value->real);
    } else {
        time_format_to(text, value->integer);
    }
    return text;
}

bool pg_send_execute(PgConnection *connection, const PgStatement *statement, const PgOp *op)
{
    Arena *scratch = connection->client->scratch;
    size_t count = op->args.count;
    const char **values = ARENA_ARRAY(scratch, const char *, count + 1);
    int *lengths = ARENA_ARRAY(scratch, int, count + 1);
    int *formats = ARENA_ARRAY(scratch, int, count + 1);
    for (size_t i = 0; i < count; i++) {
        const SqlValue *value = &op->args.values[i];
        values[i] = param_text(scratch, value);
        lengths[i] = (int)value->length;
        formats[i] = value->type == SQL_BYTES;
    }
    return PQsendQueryPrepared(connection->pg, statement->name, (int)count, values, lengths,
                               formats, /* resultFormat= */ 1) == 1;
}
