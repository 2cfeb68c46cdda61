#include "io/sqlite.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "io/sqlite_internal.h"

#define BUCKETS 512         /* power of two */
#define BUILT_CACHED_MAX 96 /* composed statements that are kept prepared */
#define CACHE_KIB 8000
#define PROGRESS_STEPS 5000 /* virtual machine steps between looks at the clock */

typedef struct Prepared {
    const SqlStatement *statement; /* NULL: composed, known by its text */
    char *text;                    /* composed: a copy */
    uint64_t hash;
    uint64_t last_used;
    sqlite3_stmt *handle;
    const char **columns; /* in the connection's arena; NULL when composed */
    int column_count;
    int param_count;
    struct Prepared *next;
    uint16_t params[]; /* our $n of SQLite's parameter i + 1 */
} Prepared;

struct SqliteDb {
    sqlite3 *handle;
    Arena *arena;
    Deadline deadline;
    uint64_t tick;
    int built_count;
    Prepared *buckets[BUCKETS];
};

static int on_progress(void *arg)
{
    const SqliteDb *db = arg;
    return db->deadline != DEADLINE_NEVER && time_monotonic() > db->deadline;
}

static Err *configure(SqliteDb *db, Arena *arena, const SqliteOptions *options)
{
    /* trusted_schema stays on: SQLite 3.40 holds its own json_valid, which CHECKs use, unsafe. */
    static const char *const COMMON = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                      "PRAGMA case_sensitive_like=ON; PRAGMA temp_store=MEMORY;"
                                      "PRAGMA journal_size_limit=67108864;";
    sqlite3_busy_timeout(db->handle, options->busy_timeout_ms);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_progress_handler(db->handle, PROGRESS_STEPS, on_progress, db);
    int code = sqlite_register_functions(db->handle);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL;", NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        code = sqlite3_exec(db->handle, COMMON, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) {
        const char *cache = arena_printf(arena, "PRAGMA cache_size=-%d;",
                                         options->cache_kib > 0 ? options->cache_kib : CACHE_KIB);
        code = sqlite3_exec(db->handle, cache, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK && options->read_only) {
        code = sqlite3_exec(db->handle, "PRAGMA query_only=ON;", NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? NULL : sqlite_error(db->handle, arena, options->path, code);
}

/* Its count of bytes costs a lock that all connections share, at each allocation. */
static void stop_counting(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Err *sqlite_db_open(Arena *arena, const SqliteOptions *options, SqliteDb **ret_db)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, stop_counting);
    Arena *own = arena_new();
    SqliteDb *db = ARENA_NEW(own, SqliteDb);
    db->arena = own;
    db->deadline = DEADLINE_NEVER;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(options->path, &db->handle, flags, NULL);
    Err *err = code == SQLITE_OK ? configure(db, arena, options)
                                 : sqlite_error(db->handle, arena, options->path, code);
    if (err != NULL) {
        sqlite_db_close(db);
        return err_wrap(arena, err, "opening %s", options->path);
    }
    *ret_db = db;
    return NULL;
}

static void free_prepared(Prepared *prepared)
{
    sqlite3_finalize(prepared->handle);
    sqlite3_free(prepared->text);
    sqlite3_free(prepared);
}

void sqlite_db_close(SqliteDb *db)
{
    if (db == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        while (db->buckets[i] != NULL) {
            Prepared *prepared = db->buckets[i];
            db->buckets[i] = prepared->next;
            free_prepared(prepared);
        }
    }
    sqlite3_close(db->handle);
    arena_free(db->arena);
}

void sqlite_db_set_deadline(SqliteDb *db, Deadline deadline)
{
    db->deadline = deadline;
}

bool sqlite_db_in_transaction(const SqliteDb *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

bool sqlite_db_has_deferred_violation(SqliteDb *db)
{
    int current = 0;
    int high = 0;
    sqlite3_db_status(db->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &high, 0);
    return current != 0;
}

/* ---- The statement cache ---- */

static uint64_t hash_pointer(const void *pointer)
{
    return ((uintptr_t)pointer >> 4) * 0x9E3779B97F4A7C15ULL;
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037ULL;
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++) {
        hash = (hash ^ *p) * 1099511628211ULL;
    }
    return hash;
}

static Prepared **bucket_of(SqliteDb *db, uint64_t hash)
{
    return &db->buckets[(hash >> 40) & (BUCKETS - 1)];
}

/* Statements are compiled from our own files: a parameter that is not $n is our mistake. */
static void read_params(Prepared *prepared)
{
    for (int i = 0; i < prepared->param_count; i++) {
        const char *name = sqlite3_bind_parameter_name(prepared->handle, i + 1);
        int64_t number = 0;
        BUG_ON(name == NULL || name[0] != '$' || !str_parse_int64(name + 1, &number));
        prepared->params[i] = (uint16_t)number;
    }
}

static void read_columns(SqliteDb *db, Prepared *prepared)
{
    prepared->column_count = sqlite3_column_count(prepared->handle);
    if (prepared->statement == NULL) {
        return;
    }
    prepared->columns = ARENA_ARRAY(db->arena, const char *, (size_t)prepared->column_count + 1);
    for (int i = 0; i < prepared->column_count; i++) {
        prepared->columns[i] = arena_strdup(db->arena, sqlite3_column_name(prepared->handle, i));
    }
}

static void evict_built(SqliteDb *db)
{
    Prepared **oldest = NULL;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (Prepared **link = &db->buckets[i]; *link != NULL; link = &(*link)->next) {
            if ((*link)->statement == NULL &&
                (oldest == NULL || (*link)->last_used < (*oldest)->last_used)) {
                oldest = link;
            }
        }
    }
    Prepared *victim = *oldest;
    *oldest = victim->next;
    free_prepared(victim);
    db->built_count--;
}

static Err *prepare(SqliteDb *db, Arena *arena, const SqlStatement *statement, bool built,
                    uint64_t hash, Prepared **ret_prepared)
{
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v3(db->handle, statement->sqlite, -1, SQLITE_PREPARE_PERSISTENT,
                                  &handle, NULL);
    if (code != SQLITE_OK || handle == NULL) {
        return sqlite_error(db->handle, arena, statement->name, code);
    }
    if (built && db->built_count == BUILT_CACHED_MAX) {
        evict_built(db);
    }
    int param_count = sqlite3_bind_parameter_count(handle);
    Prepared *prepared =
        sqlite3_malloc64(sizeof(*prepared) + (size_t)param_count * sizeof(uint16_t));
    BUG_ON(prepared == NULL);
    *prepared = (Prepared){.hash = hash, .handle = handle, .param_count = param_count};
    prepared->statement = built ? NULL : statement;
    prepared->text = built ? sqlite3_mprintf("%s", statement->sqlite) : NULL;
    db->built_count += built;
    read_params(prepared);
    read_columns(db, prepared);
    Prepared **bucket = bucket_of(db, hash);
    prepared->next = *bucket;
    *bucket = prepared;
    *ret_prepared = prepared;
    return NULL;
}

static Err *find_prepared(SqliteDb *db, Arena *arena, const SqlStatement *statement, bool built,
                          Prepared **ret_prepared)
{
    uint64_t hash = built ? hash_text(statement->sqlite) : hash_pointer(statement);
    Prepared *found = *bucket_of(db, hash);
    for (; found != NULL; found = found->next) {
        bool same = built ? found->statement == NULL && found->hash == hash &&
                                strcmp(found->text, statement->sqlite) == 0
                          : found->statement == statement;
        if (same) {
            break;
        }
    }
    if (found == NULL) {
        TRY(prepare(db, arena, statement, built, hash, &found));
    }
    found->last_used = ++db->tick;
    *ret_prepared = found;
    return NULL;
}

/* ---- Running ---- */

static int bind_value(sqlite3_stmt *handle, int index, const SqlValue *value)
{
    switch (value->type) {
    case SQL_NULL:
        return sqlite3_bind_null(handle, index);
    case SQL_INT:
    case SQL_BOOL:
    case SQL_TIME:
        return sqlite3_bind_int64(handle, index, value->integer);
    case SQL_REAL:
        return sqlite3_bind_double(handle, index, value->real);
    case SQL_TEXT:
        return sqlite3_bind_text64(handle, index, value->text, value->length, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case SQL_BYTES:
        return sqlite3_bind_blob64(handle, index, value->text != NULL ? value->text : "",
                                   value->length, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* The parameters of several lists of the same length, one after another. */
static int bind_lists(Prepared *prepared, const SqlArgs *lists, size_t count)
{
    size_t width = lists[0].count;
    for (int i = 0; i < prepared->param_count; i++) {
        size_t place = prepared->params[i] - 1U;
        size_t list = count == 1 ? 0 : place / width;
        size_t value = count == 1 ? place : place % width;
        BUG_ON(list >= count || value >= lists[list].count);
        int code = bind_value(prepared->handle, i + 1, &lists[list].values[value]);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    return SQLITE_OK;
}

static SqlValue read_value(Arena *arena, sqlite3_stmt *handle, int column)
{
    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
        return sql_int(sqlite3_column_int64(handle, column));
    case SQLITE_FLOAT:
        return sql_real(sqlite3_column_double(handle, column));
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(handle, column);
        size_t length = (size_t)sqlite3_column_bytes(handle, column);
        return (SqlValue){.type = SQL_TEXT,
                          .text = arena_strndup(arena, text, length),
                          .length = length};
    }
    case SQLITE_BLOB: {
        const char *bytes = sqlite3_column_blob(handle, column);
        size_t length = (size_t)sqlite3_column_bytes(handle, column);
        return (SqlValue){.type = SQL_BYTES,
                          .text = arena_strndup(arena, length > 0 ? bytes : "", length),
                          .length = length};
    }
    default:
        return sql_null();
    }
}

static const char *const *columns_of(Arena *arena, const Prepared *prepared)
{
    if (prepared->columns != NULL) {
        return prepared->columns;
    }
    const char **columns = ARENA_ARRAY(arena, const char *, (size_t)prepared->column_count + 1);
    for (int i = 0; i < prepared->column_count; i++) {
        columns[i] = arena_strdup(arena, sqlite3_column_name(prepared->handle, i));
    }
    return columns;
}

static int read_rows(Arena *arena, const Prepared *prepared, SqlRows *rows)
{
    VEC(SqlValue) values = {};
    int code;
    while ((code = sqlite3_step(prepared->handle)) == SQLITE_ROW) {
        for (int i = 0; i < prepared->column_count; i++) {
            SqlValue value = read_value(arena, prepared->handle, i);
            *(SqlValue *)vec_push(&values, arena) = value;
        }
        rows->count++;
    }
    rows->values = values.items;
    return code;
}

Err *sqlite_db_run(SqliteDb *db, Arena *arena, const SqlStatement *statement, bool built,
                   SqlArgs args, SqlRows **ret_rows)
{
    Prepared *prepared = NULL;
    TRY(find_prepared(db, arena, statement, built, &prepared));

    int64_t changes_before = sqlite3_total_changes64(db->handle);
    SqlRows *rows = ARENA_NEW(arena, SqlRows);
    int code = bind_lists(prepared, &args, 1);
    if (code == SQLITE_OK) {
        code = read_rows(arena, prepared, rows);
    }
    if (code != SQLITE_DONE) {
        Err *err = sqlite_error(db->handle, arena, statement->name, code);
        sqlite3_reset(prepared->handle);
        return err;
    }
    /* changes() keeps the count of an earlier statement when this one changed nothing. */
    bool changed = sqlite3_total_changes64(db->handle) != changes_before;
    rows->affected = changed ? sqlite3_changes64(db->handle) : 0;
    sqlite3_reset(prepared->handle);
    rows->column_count = (size_t)prepared->column_count;
    rows->columns = columns_of(arena, prepared);
    if (ret_rows != NULL) {
        *ret_rows = rows;
    }
    return NULL;
}

/* One of many: nothing is read but whether it worked. */
static int run_again(Prepared *prepared, const SqlArgs *lists, size_t count)
{
    int code = bind_lists(prepared, lists, count);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(prepared->handle);
    }
    int result = sqlite3_reset(prepared->handle);
    return code == SQLITE_DONE ? SQLITE_OK : result != SQLITE_OK ? result : code;
}

/* Runs a statement for so many lists at a time; count is a multiple of that. */
static Err *run_steps(SqliteDb *db, Arena *arena, const SqlStatement *statement,
                      const SqlArgs *args, size_t count, int64_t *affected)
{
    size_t step = statement->row_count > 0 ? (size_t)statement->row_count : 1;
    Prepared *prepared = NULL;
    TRY(find_prepared(db, arena, statement, /* built= */ false, &prepared));
    for (size_t i = 0; i < count; i += step) {
        int64_t changes_before = sqlite3_total_changes64(db->handle);
        int code = run_again(prepared, args + i, step);
        if (code != SQLITE_OK) {
            return sqlite_error(db->handle, arena, statement->name, code);
        }
        bool changed = sqlite3_total_changes64(db->handle) != changes_before;
        *affected += changed ? sqlite3_changes64(db->handle) : 0;
    }
    return NULL;
}

Err *sqlite_db_run_many(SqliteDb *db, Arena *arena, const SqlStatement *statement,
                        const SqlArgs *args, size_t count, int64_t *ret_affected)
{
    const SqlStatement *rows = statement->scattered ? NULL : statement->rows;
    size_t by_rows = rows == NULL ? 0 : count - count % (size_t)rows->row_count;
    int64_t affected = 0;
    if (by_rows > 0) {
        TRY(run_steps(db, arena, rows, args, by_rows, &affected));
    }
    if (by_rows < count) {
        TRY(run_steps(db, arena, statement, args + by_rows, count - by_rows, &affected));
    }
    *ret_affected = affected;
    return NULL;
}

void sqlite_db_set_checkpoint(SqliteDb *db, int pages)
{
    sqlite3_wal_autocheckpoint(db->handle, pages);
}

void sqlite_db_release_memory(SqliteDb *db)
{
    sqlite3_db_release_memory(db->handle);
}

Err *sqlite_db_control(SqliteDb *db, Arena *arena, const char *text)
{
    SqlStatement statement = {.name = text, .sqlite = text, .postgres = text};
    return sqlite_db_run(db, arena, &statement, /* built= */ true, NO_ARGS, NULL);
}

Err *sqlite_db_check(SqliteDb *db, Arena *arena, const SqlStatement *statement)
{
    sqlite3_stmt *handle = NULL;
    int code = sqlite3_prepare_v2(db->handle, statement->sqlite, -1, &handle, NULL);
    Err *err = code == SQLITE_OK ? NULL : sqlite_error(db->handle, arena, statement->name, code);
    sqlite3_finalize(handle);
    return err;
}

Err *sqlite_db_script(SqliteDb *db, Arena *arena, const char *script, const char **ret_failed)
{
    const char *rest = script;
    while (*rest != 0) {
        const char *start = rest;
        sqlite3_stmt *handle = NULL;
        int code = sqlite3_prepare_v2(db->handle, start, -1, &handle, &rest);
        while (code == SQLITE_OK && handle != NULL && sqlite3_step(handle) == SQLITE_ROW) {
        }
        int result = sqlite3_finalize(handle);
        code = code != SQLITE_OK ? code : result;
        if (code != SQLITE_OK) {
            const char *semicolon = strchr(start, ';');
            const char *end = rest > start ? rest : semicolon;
            size_t length = end != NULL ? (size_t)(end - start) : strlen(start);
            const char *text = str_trim(arena, arena_strndup(arena, start, length));
            Err *err = sqlite_error(db->handle, arena, "script", code);
            if (ret_failed != NULL) {
                *ret_failed = text;
            }
            return err;
        }
    }
    return NULL;
}
