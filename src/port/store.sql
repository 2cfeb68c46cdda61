-- name: store_ping -- postgres
SELECT now() AS now

-- name: store_ping -- sqlite
SELECT NULL AS now

-- name: migration_table -- postgres
CREATE TABLE IF NOT EXISTS voms_schema_migrations (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL,
    checksum text NOT NULL,
    version text NOT NULL,
    duration_ms bigint NOT NULL
)

-- name: migration_table -- sqlite
CREATE TABLE IF NOT EXISTS voms_schema_migrations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    version TEXT NOT NULL,
    duration_ms INTEGER NOT NULL
) STRICT

-- name: migration_table_exists -- postgres
SELECT to_regclass('voms_schema_migrations') IS NOT NULL AS found

-- name: migration_table_exists -- sqlite
SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'voms_schema_migrations') AS found

-- name: migration_list
SELECT id, name, checksum, applied_at FROM voms_schema_migrations ORDER BY id

-- name: migration_find
SELECT id FROM voms_schema_migrations WHERE id = $1

-- name: migration_insert
INSERT INTO voms_schema_migrations (id, name, checksum, applied_at, version, duration_ms)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: migration_broken_references -- sqlite
SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1

-- name: migration_broken_references -- postgres
SELECT '' AS "table", '' AS parent WHERE false

-- name: migration_records -- postgres
SELECT id, name, checksum, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
FROM voms_schema_migrations ORDER BY id

-- name: migration_records -- sqlite
SELECT id, name, checksum, applied_at FROM voms_schema_migrations ORDER BY id

-- name: transaction_begin
BEGIN

-- name: transaction_commit
COMMIT

-- name: transaction_rollback
ROLLBACK
