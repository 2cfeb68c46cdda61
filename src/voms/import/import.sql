-- name: import_insert
INSERT INTO import_file (kind, filename, format, encoding, delimiter, stored_name, size_bytes, state,
                         header_row, columns, unit_id, existing, remember, row_count, created_by,
                         created_at, updated_at)
VALUES ('volunteers', $1, $2, $3, $4, $5, $6, 'uploaded', $7, $8, $9, 'update', $10, $11, $12, $13, $13)
RETURNING id;

-- name: import_find
SELECT id, kind, filename, format, encoding, delimiter, stored_name, size_bytes, state, header_row,
       columns, unit_id, existing, remember, row_count, run, rows_run, position, rows_done,
       create_count, update_count, skip_count, refuse_count, error_code, error_param, created_by,
       created_at, updated_at, version
FROM import_file
WHERE id = $1
LIMIT 1;

-- clause: import_list.select
SELECT t.id, t.kind, t.filename, t.format, t.encoding, t.delimiter, t.stored_name, t.size_bytes,
       t.state, t.header_row, t.columns, t.unit_id, t.existing, t.remember, t.row_count, t.run,
       t.rows_run, t.position, t.rows_done, t.create_count, t.update_count, t.skip_count,
       t.refuse_count, t.error_code, t.error_param, t.created_by, t.created_at, t.updated_at,
       t.version
FROM import_file t
WHERE 1 = 1

-- clause: import_list.count
SELECT COUNT(*) AS total
FROM import_file t
WHERE 1 = 1

-- clause: import_list.confined
AND (t.created_by = $1
     OR EXISTS (SELECT 1
                FROM unit_ancestor a
                JOIN account_right r ON r.unit_id = a.ancestor_id
                WHERE a.unit_id = COALESCE(t.unit_id, 1) AND r.account_id = $1
                  AND r.permission = $2))

-- clause: import_list.nothing
AND 1 = 0

-- clause: import_list.state
AND t.state = $1

-- clause: import_list.before
AND t.id < $1

-- clause: import_list.order
ORDER BY t.id DESC
LIMIT $1

-- name: import_set_mapping
UPDATE import_file
SET columns = $3, unit_id = $4, existing = $5, remember = $6, state = 'mapped', position = 0,
    rows_done = 0, create_count = 0, update_count = 0, skip_count = 0, refuse_count = 0,
    error_code = NULL, error_param = NULL, updated_at = $7, version = version + 1
WHERE id = $1 AND version = $2;

-- name: import_begin_preview
UPDATE import_file
SET state = 'previewing', run = run + 1, rows_run = run + 1, position = 0, rows_done = 0,
    create_count = 0, update_count = 0, skip_count = 0, refuse_count = 0, error_code = NULL,
    error_param = NULL, updated_at = $3, version = version + 1
WHERE id = $1 AND version = $2;

-- name: import_begin_commit
UPDATE import_file
SET state = 'committing', run = run + 1, position = 0, rows_done = 0, create_count = 0,
    update_count = 0, skip_count = 0, refuse_count = 0, error_code = NULL, error_param = NULL,
    updated_at = $3, version = version + 1
WHERE id = $1 AND version = $2;

-- name: import_cancel
UPDATE import_file
SET state = 'cancelled', updated_at = $3, version = version + 1
WHERE id = $1 AND version = $2;

-- Only the run that stands where it thinks it stands may go on: nothing is written twice.
-- name: import_save_progress
UPDATE import_file
SET position = $4, rows_done = rows_done + $5, create_count = create_count + $6,
    update_count = update_count + $7, skip_count = skip_count + $8,
    refuse_count = refuse_count + $9, updated_at = $10, version = version + 1
WHERE id = $1 AND run = $2 AND position = $3 AND state IN ('previewing', 'committing');

-- name: import_finish
UPDATE import_file
SET state = $3, error_code = $4, error_param = $5, updated_at = $6, version = version + 1
WHERE id = $1 AND run = $2 AND state IN ('previewing', 'committing');

-- name: import_put_row -- scan rows
INSERT INTO import_row (import_id, run, row_number, outcome, name, volunteer_id, changed_fields,
                        problems)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (import_id, run, row_number) DO UPDATE
SET outcome = excluded.outcome, name = excluded.name, volunteer_id = excluded.volunteer_id,
    changed_fields = excluded.changed_fields, problems = excluded.problems;

-- Whom a row made; the row is there.
-- name: import_link_row -- rows
INSERT INTO import_row (import_id, run, row_number, outcome, volunteer_id)
VALUES ($1, $2, $3, 'create', $4)
ON CONFLICT (import_id, run, row_number) DO UPDATE
SET volunteer_id = excluded.volunteer_id;

-- name: import_list_outcomes
SELECT row_number, outcome
FROM import_row
WHERE import_id = $1 AND run = $2 AND row_number BETWEEN $3 AND $4
ORDER BY row_number
LIMIT 10000;

-- clause: import_rows.select -- scan
SELECT row_number, outcome, name, volunteer_id, changed_fields, problems
FROM import_row
WHERE import_id = $1 AND run = $2 AND row_number > $3

-- clause: import_rows.outcome
AND outcome = $1

-- clause: import_rows.order
ORDER BY row_number
LIMIT $1

-- clause: import_rows.count -- scan
SELECT COUNT(*) AS total
FROM import_row
WHERE import_id = $1 AND run = $2

-- name: import_find_mapping
SELECT fields
FROM import_mapping
WHERE account_id = $1 AND headers_hash = $2
LIMIT 1;

-- name: import_put_mapping
INSERT INTO import_mapping (account_id, headers_hash, fields, updated_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, headers_hash) DO UPDATE
SET fields = excluded.fields, updated_at = excluded.updated_at;

-- name: import_list_expired
SELECT id, stored_name
FROM import_file
WHERE stored_name IS NOT NULL AND updated_at < $1
ORDER BY updated_at
LIMIT 100;

-- What was in the file goes with it.
-- name: import_forget
UPDATE import_file
SET stored_name = NULL, columns = '[]',
    state = CASE WHEN state IN ('done', 'failed', 'cancelled') THEN state ELSE 'cancelled' END,
    version = version + 1
WHERE id = $1;

-- name: import_delete_rows -- scan
DELETE FROM import_row
WHERE import_id = $1;

-- name: import_delete_old_rows -- scan
DELETE FROM import_row
WHERE import_id = $1 AND run < $2;
