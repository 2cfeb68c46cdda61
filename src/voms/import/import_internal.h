/* import_internal.h - what the files of the import concept share. */
#pragma once

#include "base/vec.h"
#include "io/sheet/sheet.h"
#include "voms/custom_field/custom_field.h"
#include "voms/import/import.h"
#include "voms/setting/setting.h"
#include "voms/volunteer/volunteer.h"

#define IMPORT_COLUMNS_MAX 1024
#define IMPORT_FILE_BYTES_MAX ((int64_t)128 * 1024 * 1024)
/* Large, for each batch changes nearly every page of the indexes; but others' writes wait for it.
 */
#define IMPORT_BATCH_ROWS 4000
#define IMPORT_PERMISSION "volunteer:import"

/* ---- One import ---- */

typedef struct Import {
    ImportId id;
    const char *kind;
    const char *filename;
    const char *format;
    const char *encoding;
    const char *delimiter;
    const char *stored_name; /* NULL: the file was removed */
    int64_t size_bytes;
    int state; /* ImportState */
    int64_t header_row;
    const char *columns; /* JSON array of ImportColumn */
    UnitId unit_id;
    int existing; /* index of import_existing: update, skip */
    bool remember;
    int64_t row_count;
    int64_t run;
    int64_t rows_run;
    int64_t position;
    int64_t rows_done;
    int64_t create_count;
    int64_t update_count;
    int64_t skip_count;
    int64_t refuse_count;
    const char *error_code;
    const char *error_param;
    AccountId created_by;
    TimeMs created_at;
    TimeMs updated_at;
    int64_t version;

    const char *options; /* JSON: existing and remember */
    const char *error;   /* text of error_code */
} Import;

typedef struct ImportColumn {
    int64_t index;
    const char *header;
    const char *field; /* "phone", "unit", "custom.KEY", or NULL */
    TextList samples;
} ImportColumn;

extern const char *const import_states[];
extern const char *const import_outcomes[];
extern const char *const import_existing[];
extern const Shape import_shape;        /* Import */
extern const Shape import_stored_shape; /* all columns of import_file */
extern const Shape import_column_shape; /* ImportColumn */

/* Fills what follows from the stored columns: options, and the error in the reader's language. */
void import_complete(Arena *arena, Language language, Import *import);

/* Finds an import, whoever asks. Yields. ERR_NOT_FOUND ("import_not_found"). */
YIELDS Err *import_find(Ctx *ctx, ImportId id, Import **ret_import);

/* ---- The file ---- */

typedef struct ImportFile {
    SheetInfo info;
    int64_t header_row;
    int64_t row_count; /* behind the header */
    ImportColumn *columns;
    size_t column_count;
} ImportFile;

/* Reads a whole file once: headers, samples (long runs of digits masked), count of rows. Blocks.
 * Fails as sheet_open and sheet_next do, ERR_INVALID "file_has_no_rows". */
Err *import_file_inspect(Arena *arena, const char *path, const char *temp_dir,
                         ImportFile *ret_file);

/* The limits under which all imports are read. */
SheetOptions import_sheet_options(const char *temp_dir);

/* Where the files of imports lie, and one of them. */
const char *import_folder(Ctx *ctx);
const char *import_file_path(Ctx *ctx, const char *stored_name);

/* ---- Guessing the mapping ---- */

/* The field that a header means: of volunteer_import_shape, "unit", "custom.KEY"; or NULL. Pure. */
const char *import_guess_field(Arena *arena, const CustomField *fields, size_t count,
                               const char *header);

/* Is this the name of a field that a column can be mapped to? Pure. */
bool import_field_exists(const CustomField *fields, size_t count, const char *name);

/* ---- Rows ---- */

typedef struct ImportProblem {
    int64_t column;    /* -1: of the row as a whole */
    const char *field; /* or NULL */
    const char *code;
    const char *param; /* or NULL */
} ImportProblem;

typedef struct ImportTarget {
    const Field *field;        /* of volunteer_import_shape; or NULL */
    const CustomField *custom; /* or NULL */
    bool is_unit;
} ImportTarget;

/* How rows are read: the same for preview and commit. Read-only while threads use it. */
typedef struct ImportPlan {
    Services *services;
    ImportId import_id;
    const char *path;
    const char *temp_dir;
    int64_t header_row;
    int64_t row_count;
    ImportTarget *targets; /* by column */
    size_t target_count;
    const CustomField *custom_fields;
    size_t custom_count;
    UnitId unit_id; /* of rows that name none */
    bool skip_existing;
    bool prepares; /* to write new people */
    const Settings *settings;
    Date today;
} ImportPlan;

/* One row, as far as it can be judged without the database. */
typedef struct ImportCandidate {
    int64_t row_number;
    VolunteerDraft draft;
    const char *unit_label; /* or NULL */
    VEC(ImportProblem) problems;
} ImportCandidate;

/* Some rows, in an arena of their own. Filled in the thread pool. */
typedef struct ImportBatch {
    Arena *arena;
    struct ImportSource *source;
    ImportCandidate *rows;
    size_t count;
    bool last;
    Err *err;
} ImportBatch;

typedef struct ImportSource ImportSource;

/* Opens the plan's file behind its header. Blocks. */
Err *import_source_open(const ImportPlan *plan, ImportSource **ret_source);

/* Reads and checks up to IMPORT_BATCH_ROWS rows into the batch, whose arena is reset. Blocks;
 * errors are in batch->err. For offload: arg is the ImportBatch. */
void import_source_read(void *arg);
void import_source_close(ImportSource *source);
void import_source_closep(ImportSource **source);

/* Adds a problem to a row. */
void import_add_problem(Arena *arena, ImportCandidate *row, int64_t column, const char *field,
                        const char *code, const char *param);

/* ---- The decision: pure, the same in preview and commit ---- */

typedef struct ImportDecision {
    ImportOutcome outcome;
    VolunteerId volunteer_id; /* of who is there already; of the made one after the commit */
    TextList changed;         /* IMPORT_UPDATE: names of fields */
    VolunteerDraft after;     /* IMPORT_CREATE, IMPORT_UPDATE: complete and checked */
} ImportDecision;

typedef struct ImportSituation {
    const Volunteer *found;   /* whom the row means; or NULL */
    bool found_within_rights; /* may the caller import into that person's unit? */
} ImportSituation;

/* Decides; refused rows get their problems. */
ImportDecision import_decide(Arena *arena, const ImportPlan *plan, ImportCandidate *row,
                             const ImportSituation *situation);

/* ---- Jobs, uploads, downloads ---- */

extern const BusSubscription import_subscriptions[];

/* Removes files that nobody needs any more, and what was known of their rows. Yields. */
YIELDS Err *import_clean(Ctx *ctx);

/* The handlers of routes that need a file of their own. Yields. */
YIELDS Err *import_upload(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *import_put_mapping(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *import_stream_events(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *import_send_refused(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
YIELDS Err *import_send_template(Ctx *ctx, const HttpRequest *req, HttpResponse *res);
extern const Shape import_mapping_shape;

/* Answers with an import. */
Err *import_reply(Ctx *ctx, HttpResponse *res, int status, Import *import);

/* The import that the path names. Yields. */
YIELDS Err *import_of_path(Ctx *ctx, const HttpRequest *req, Import **ret_import);

/* The custom fields that an import into a unit (0: the root) can fill. Yields. */
YIELDS Err *import_custom_fields(Ctx *ctx, UnitId unit_id, ObjectList *ret_fields);

/* Parses stored columns. */
Err *import_parse_columns(Arena *arena, const char *text, ImportColumn **ret_columns,
                          size_t *ret_count);
const char *import_format_columns(Arena *arena, const ImportColumn *columns, size_t count);
