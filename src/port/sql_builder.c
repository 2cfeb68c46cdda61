/* sql_builder.c - statements composed from constant clauses. */
#include <stdlib.h>
#include <string.h>

#include "port/store.h"

void sql_builder_init(SqlBuilder *builder, Arena *arena)
{
    *builder = (SqlBuilder){};
    str_init(&builder->sqlite, arena);
    str_init(&builder->postgres, arena);
}

/* Appends text with each $n become $(n + offset). Quoted text is left alone. */
static void append_renumbered(Str *out, const char *text, size_t offset)
{
    char quote = 0;
    if (out->length > 0) {
        str_append_char(out, '\n');
    }
    for (const char *at = text; *at != 0; at++) {
        if (quote != 0) {
            quote = *at == quote ? 0 : quote;
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else if (*at == '$' && at[1] >= '1' && at[1] <= '9') {
            char *end = NULL;
            str_printf(out, "$%zu", (size_t)strtoul(at + 1, &end, 10) + offset);
            at = end - 1;
            continue;
        }
        str_append_char(out, *at);
    }
}

void sql_builder_add(SqlBuilder *builder, const SqlStatement *clause, SqlArgs args)
{
    BUG_ON(builder->count + args.count > COUNT_OF(builder->values));
    BUG_ON((size_t)clause->param_count != args.count);
    append_renumbered(&builder->sqlite, clause->sqlite, builder->count);
    append_renumbered(&builder->postgres, clause->postgres, builder->count);
    if (args.count > 0) {
        memcpy(&builder->values[builder->count], args.values, args.count * sizeof(SqlValue));
    }
    builder->count += args.count;
    builder->scan = builder->scan || clause->scan;
}
