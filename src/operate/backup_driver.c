#include "operate/backup_driver.h"

#include <inttypes.h>

const BackupDriver *backup_driver(const StoreOptions *options)
{
    return options->driver == STORE_SQLITE ? &backup_sqlite_driver : &backup_postgres_driver;
}

static const BackupTable *find_table(const BackupContents *contents, const char *name)
{
    VEC_FOREACH (BackupTable, table, &contents->tables) {
        if (str_equal(table->name, name)) {
            return table;
        }
    }
    return NULL;
}

Err *backup_compare(Arena *arena, const BackupContents *expected, const BackupContents *found)
{
    VEC_FOREACH (BackupTable, table, &expected->tables) {
        const BackupTable *other = find_table(found, table->name);
        if (other == NULL || other->rows != table->rows) {
            return ERR(arena, ERR_MALFORMED, "backup_differs",
                       "table %s has %" PRId64 " rows, the backup's manifest says %" PRId64,
                       table->name, other == NULL ? 0 : other->rows, table->rows);
        }
    }
    if (expected->tables.count != found->tables.count) {
        return ERR(arena, ERR_MALFORMED, "backup_differs",
                   "there are %zu tables, the backup's manifest says %zu", found->tables.count,
                   expected->tables.count);
    }
    return NULL;
}
