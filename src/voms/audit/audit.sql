-- name: audit_insert
INSERT INTO audit_entry (created_at, actor_id, actor_name, action, object_type, object_id, unit_id,
                         changes, purpose, detail, address, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: audit_find_unsealed
SELECT id
FROM audit_entry
WHERE sequence IS NULL
ORDER BY id
LIMIT 1;

-- Locks the end of the chain: sealers queue here.
-- name: audit_chain_take
UPDATE audit_chain
SET sealed_at = $1
WHERE id = 1
RETURNING sequence, hash;

-- name: audit_list_unsealed
SELECT id, created_at, actor_id, actor_name, action, object_type, object_id, unit_id,
       changes, purpose, detail, address, request_id
FROM audit_entry
WHERE sequence IS NULL
ORDER BY id
LIMIT $1;

-- name: audit_seal
UPDATE audit_entry
SET sequence = $2, previous_hash = $3, hash = $4
WHERE id = $1 AND sequence IS NULL;

-- name: audit_chain_set
UPDATE audit_chain
SET sequence = $1, hash = $2
WHERE id = 1;

-- name: audit_chain_find
SELECT sequence, hash
FROM audit_chain
WHERE id = 1
LIMIT 1;

-- name: audit_list_sealed -- scan
SELECT id, created_at, actor_id, actor_name, action, object_type, object_id, unit_id,
       changes, purpose, detail, address, request_id, sequence, previous_hash, hash
FROM audit_entry
WHERE sequence > $1
ORDER BY sequence
LIMIT $2;

-- name: audit_count_unsealed -- scan
SELECT count(*) AS unsealed,
       COALESCE(SUM(CASE WHEN created_at < $1 THEN 1 ELSE 0 END), 0) AS unsealed_old
FROM audit_entry
WHERE sequence IS NULL
LIMIT 1;

-- name: audit_find
SELECT t.id, t.created_at AS at, t.actor_id, t.actor_name, t.action, t.object_type, t.object_id,
       t.unit_id, t.changes, t.purpose, t.detail, t.address, t.request_id,
       t.sequence, t.previous_hash, t.hash
FROM audit_entry t
WHERE t.id = $3
  AND (CAST($1 AS bigint) = 0
       OR EXISTS (SELECT 1
                  FROM unit_ancestor a
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE a.unit_id = t.unit_id AND r.account_id = $1 AND r.permission = $2))
LIMIT 1;

-- The list is composed: select or count, confinement, filters, and the page.
-- clause: audit_list.select
SELECT t.id, t.created_at AS at, t.actor_id, t.actor_name, t.action, t.object_type, t.object_id,
       t.unit_id, t.purpose, t.address, t.request_id
FROM audit_entry t
WHERE 1 = 1

-- clause: audit_list.count -- scan
SELECT count(*) AS total
FROM audit_entry t
WHERE 1 = 1

-- clause: audit_list.confined
  AND EXISTS (SELECT 1
              FROM unit_ancestor a
              JOIN account_right r ON r.unit_id = a.ancestor_id
              WHERE a.unit_id = t.unit_id AND r.account_id = $1 AND r.permission = $2)

-- clause: audit_list.nothing
  AND 1 = 0

-- clause: audit_list.actor
  AND t.actor_id = $1

-- clause: audit_list.action
  AND t.action = $1

-- clause: audit_list.object_type
  AND t.object_type = $1

-- clause: audit_list.object_id
  AND t.object_id = $1

-- clause: audit_list.from
  AND t.created_at >= $1

-- clause: audit_list.to
  AND t.created_at < $1

-- clause: audit_list.before
  AND t.id < $1

-- clause: audit_list.page
ORDER BY t.id DESC
LIMIT $1
