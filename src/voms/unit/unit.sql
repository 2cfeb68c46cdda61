-- name: unit_find
SELECT id, parent_id, path, path_names, depth, name, code, kind, credentials, contact_name,
       contact_phone, contact_email, address, description, applications_open,
       created_at, updated_at, version
FROM unit
WHERE id = $1
LIMIT 1;

-- name: unit_find_by_code
SELECT id
FROM unit
WHERE code = $1
LIMIT 1;

-- Two are enough to know that the name is not unique.
-- name: unit_find_by_name
SELECT id
FROM unit
WHERE name = $1
ORDER BY id
LIMIT 2;

-- name: unit_find_sibling
SELECT id
FROM unit
WHERE parent_id = $1 AND name = $2 AND id <> $3
LIMIT 1;

-- name: unit_insert
INSERT INTO unit (parent_id, path, path_names, depth, name, code, kind, credentials, contact_name,
                  contact_phone, contact_email, address, description, applications_open,
                  created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
RETURNING id;

-- name: unit_set_path
UPDATE unit
SET path = $2
WHERE id = $1;

-- name: unit_insert_ancestors
INSERT INTO unit_ancestor (unit_id, ancestor_id)
SELECT CAST($1 AS bigint), ancestor_id
FROM unit_ancestor
WHERE unit_id = $2
UNION ALL
SELECT CAST($1 AS bigint), CAST($1 AS bigint);

-- name: unit_update
UPDATE unit
SET name = $2, code = $3, kind = $4, credentials = $5, contact_name = $6, contact_phone = $7,
    contact_email = $8, address = $9, description = $10, applications_open = $11,
    updated_at = $12, version = version + 1
WHERE id = $1 AND version = $13;

-- Queues changes of the tree: two moves at once could make a cycle.
-- name: unit_lock_tree
UPDATE unit
SET updated_at = updated_at
WHERE id = 1;

-- The unit itself and all below it get new beginnings of their paths.
-- name: unit_rewrite_paths
UPDATE unit
SET path = $2 || substr(path, length(CAST($3 AS text)) + 1),
    path_names = $4 || substr(path_names, length(CAST($5 AS text)) + 1),
    depth = depth + $6
WHERE id IN (SELECT unit_id FROM unit_ancestor WHERE ancestor_id = $1);

-- name: unit_set_parent
UPDATE unit
SET parent_id = $2, updated_at = $3, version = version + 1
WHERE id = $1;

-- All pairs of one in the subtree with one above it.
-- name: unit_delete_ancestors
DELETE FROM unit_ancestor
WHERE unit_id IN (SELECT b.unit_id FROM unit_ancestor b WHERE b.ancestor_id = $1)
  AND ancestor_id IN (SELECT a.ancestor_id
                      FROM unit_ancestor a
                      WHERE a.unit_id = $1 AND a.ancestor_id <> $1);

-- name: unit_join_ancestors
INSERT INTO unit_ancestor (unit_id, ancestor_id)
SELECT b.unit_id, a.ancestor_id
FROM unit_ancestor b
CROSS JOIN unit_ancestor a
WHERE b.ancestor_id = $1 AND a.unit_id = $2;

-- name: unit_is_below
SELECT 1 AS below
FROM unit_ancestor
WHERE unit_id = $1 AND ancestor_id = $2
LIMIT 1;

-- name: unit_find_deepest
SELECT MAX(u.depth) AS depth
FROM unit_ancestor b
JOIN unit u ON u.id = b.unit_id
WHERE b.ancestor_id = $1
LIMIT 1;

-- A permission that account $3 has on unit $2 (or above) and lacks on unit $1.
-- name: unit_find_move_excess
SELECT r.permission
FROM unit_ancestor a
JOIN account_right r ON r.unit_id = a.ancestor_id
WHERE a.unit_id = $2 AND r.account_id = $3
  AND NOT EXISTS (SELECT 1
                  FROM unit_ancestor b
                  JOIN account_right s ON s.unit_id = b.ancestor_id
                  WHERE b.unit_id = $1 AND s.account_id = $3 AND s.permission = r.permission)
ORDER BY r.permission
LIMIT 1;

-- name: unit_find_use
SELECT CASE
         WHEN EXISTS (SELECT 1 FROM unit c WHERE c.parent_id = u.id) THEN 'units'
         WHEN EXISTS (SELECT 1 FROM volunteer v WHERE v.unit_id = u.id) THEN 'volunteers'
         WHEN EXISTS (SELECT 1 FROM membership m WHERE m.unit_id = u.id) THEN 'memberships'
         WHEN EXISTS (SELECT 1 FROM account_grant g WHERE g.unit_id = u.id) THEN 'grants'
         WHEN EXISTS (SELECT 1 FROM account t WHERE t.unit_id = u.id) THEN 'accounts'
         WHEN EXISTS (SELECT 1 FROM activity a WHERE a.unit_id = u.id)
              OR EXISTS (SELECT 1 FROM activity a WHERE a.recording_unit_id = u.id)
             THEN 'activities'
         WHEN EXISTS (SELECT 1 FROM project p WHERE p.unit_id = u.id) THEN 'projects'
         WHEN EXISTS (SELECT 1 FROM ledger_claim c WHERE c.unit_id = u.id) THEN 'service_records'
         WHEN EXISTS (SELECT 1 FROM attendance_device d WHERE d.unit_id = u.id) THEN 'devices'
         WHEN EXISTS (SELECT 1 FROM custom_field f WHERE f.unit_id = u.id) THEN 'custom_fields'
         WHEN EXISTS (SELECT 1 FROM import_file i WHERE i.unit_id = u.id) THEN 'imports'
       END AS used_by
FROM unit u
WHERE u.id = $1
LIMIT 1;

-- name: unit_delete
DELETE FROM unit
WHERE id = $1;

-- text: unit_row
SELECT t.id, t.parent_id, t.path, t.path_names, t.depth, t.name, t.code, t.kind, t.credentials,
       t.contact_name, t.contact_phone, t.contact_email, t.address, t.description,
       t.applications_open, t.created_at, t.updated_at, t.version,
       (SELECT count(*)
        FROM volunteer v
        WHERE v.unit_id = t.id AND v.state <> 'archived') AS volunteer_count,
       (SELECT count(*)
        FROM unit_ancestor b
        JOIN volunteer v ON v.unit_id = b.unit_id
        WHERE b.ancestor_id = t.id AND v.state <> 'archived') AS subtree_volunteer_count
FROM unit t

-- name: unit_find_counted -- scan
-- use: unit_row
WHERE t.id = $1
LIMIT 1;

-- The list is composed: select or count, confinement, filters, and the page.
-- clause: unit_list.select -- scan
-- use: unit_row
WHERE 1 = 1

-- clause: unit_list.select_public
SELECT t.id, t.parent_id, t.path, t.path_names, t.depth, t.name, t.code, t.kind, t.credentials,
       t.contact_name, t.contact_phone, t.contact_email, t.address, t.description,
       t.applications_open, t.created_at, t.updated_at, t.version
FROM unit t
WHERE t.applications_open

-- clause: unit_list.count -- scan
SELECT count(*) AS total
FROM unit t
WHERE 1 = 1

-- clause: unit_list.confined
  AND EXISTS (SELECT 1
              FROM unit_ancestor a
              JOIN account_right r ON r.unit_id = a.ancestor_id
              WHERE a.unit_id = t.id AND r.account_id = $1 AND r.permission = $2)

-- clause: unit_list.nothing
  AND 1 = 0

-- clause: unit_list.count_public
SELECT count(*) AS total
FROM unit t
WHERE t.applications_open

-- clause: unit_list.parent
  AND t.parent_id = $1

-- clause: unit_list.q
  AND (lower(t.path_names) LIKE $1 ESCAPE '\' OR lower(t.code) LIKE $1 ESCAPE '\')

-- clause: unit_list.after_path
  AND t.path > $1

-- clause: unit_list.before_path
  AND t.path < $1

-- clause: unit_list.after_name
  AND (t.name, t.id) > ($1, $2)

-- clause: unit_list.before_name
  AND (t.name, t.id) < ($1, $2)

-- clause: unit_list.by_path
ORDER BY t.path
LIMIT $1

-- clause: unit_list.by_path_descending
ORDER BY t.path DESC
LIMIT $1

-- clause: unit_list.by_name
ORDER BY t.name, t.id
LIMIT $1

-- clause: unit_list.by_name_descending
ORDER BY t.name DESC, t.id DESC
LIMIT $1
