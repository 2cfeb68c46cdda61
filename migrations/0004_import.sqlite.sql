-- Files on their way in: what they are, what would become of each row, remembered mappings.

CREATE TABLE import_file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('volunteers')),
    filename TEXT NOT NULL CHECK (length(filename) BETWEEN 1 AND 255),
    format TEXT NOT NULL CHECK (format IN ('csv', 'xlsx')),
    encoding TEXT,
    delimiter TEXT,
    stored_name TEXT, -- of the file in the imports folder; null once it was removed
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('uploaded', 'mapped', 'previewing', 'previewed', 'committing', 'done', 'failed', 'cancelled')),
    header_row INTEGER NOT NULL,
    columns TEXT NOT NULL CHECK (json_valid(columns)),
    unit_id INTEGER REFERENCES unit (id), -- the home of rows that name none
    existing TEXT NOT NULL CHECK (existing IN ('update', 'skip')),
    remember INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    run INTEGER NOT NULL DEFAULT 0,      -- counts the phases that were started
    rows_run INTEGER NOT NULL DEFAULT 0, -- the run whose rows are the preview
    position INTEGER NOT NULL DEFAULT 0, -- the last row that the present phase is done with
    rows_done INTEGER NOT NULL DEFAULT 0,
    create_count INTEGER NOT NULL DEFAULT 0,
    update_count INTEGER NOT NULL DEFAULT 0,
    skip_count INTEGER NOT NULL DEFAULT 0,
    refuse_count INTEGER NOT NULL DEFAULT 0,
    error_code TEXT,
    error_param TEXT,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX import_file_creator_index ON import_file (created_by, id);
CREATE INDEX import_file_unit_index ON import_file (unit_id, id);
CREATE INDEX import_file_stored_index ON import_file (updated_at) WHERE stored_name IS NOT NULL;

-- What the preview says of a row, corrected by the commit where it came otherwise.
CREATE TABLE import_row (
    import_id INTEGER NOT NULL REFERENCES import_file (id) ON DELETE CASCADE,
    run INTEGER NOT NULL,
    row_number INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('create', 'update', 'skip', 'refuse')),
    name TEXT,
    volunteer_id INTEGER,
    changed_fields TEXT, -- JSON array; null is none
    problems TEXT,       -- JSON array of {column, field, code, param}; null is none
    PRIMARY KEY (import_id, run, row_number)
) STRICT, WITHOUT ROWID;
-- The pages that are looked for among many others.
CREATE INDEX import_row_outcome_index ON import_row (import_id, run, outcome, row_number)
    WHERE outcome IN ('update', 'refuse');

-- The mapping that an account last used for files with these headers.
CREATE TABLE import_mapping (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    headers_hash TEXT NOT NULL,
    fields TEXT NOT NULL CHECK (json_valid(fields)), -- JSON array: a field or null per column
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, headers_hash)
) STRICT, WITHOUT ROWID;
