-- The lowest unit of each permission tells whether it is held on the root, whose id is 1.
-- Also those on a single activity, which count as being on no unit.
-- name: access_list_rights
SELECT q.permission, MIN(q.unit_id) AS lowest_unit
FROM (
    SELECT r.permission, r.unit_id
    FROM account_right r
    WHERE r.account_id = $1
    UNION ALL
    SELECT m.permission, NULL
    FROM activity_right m
    WHERE m.account_id = $1) q
GROUP BY q.permission
ORDER BY q.permission
LIMIT 1000;

-- name: access_list_unit_rights
SELECT r.permission
FROM unit_ancestor a
JOIN account_right r ON r.unit_id = a.ancestor_id
WHERE a.unit_id = $1 AND r.account_id = $2 AND r.permission IN ($3, $4)
GROUP BY r.permission
ORDER BY r.permission
LIMIT 2;

-- name: access_find_unit
SELECT id
FROM unit
WHERE id = $1
LIMIT 1;

-- A permission of role $1 that account $3 lacks on unit $2.
-- name: access_find_role_excess
SELECT p.permission
FROM role_permission p
WHERE p.role_id = $1
  AND NOT EXISTS (SELECT 1
                  FROM unit_ancestor a
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE a.unit_id = $2 AND r.account_id = $3 AND r.permission = p.permission)
ORDER BY p.permission
LIMIT 1;

-- A permission that account $1 has somewhere where account $2 lacks it.
-- name: access_find_account_excess
SELECT t.permission
FROM account_right t
WHERE t.account_id = $1
  AND NOT EXISTS (SELECT 1
                  FROM unit_ancestor a
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE a.unit_id = t.unit_id AND r.account_id = $2
                    AND r.permission = t.permission)
ORDER BY t.permission
LIMIT 1;

-- name: role_list
SELECT id, code, name_zh, name_en, description, shipped, created_at, updated_at, version
FROM role
WHERE id > $1
ORDER BY id
LIMIT $2;

-- name: role_count
SELECT count(*) AS total
FROM role
LIMIT 1;

-- name: role_find
SELECT id, code, name_zh, name_en, description, shipped, created_at, updated_at, version
FROM role
WHERE id = $1
LIMIT 1;

-- name: role_find_by_code
SELECT id
FROM role
WHERE code = $1
LIMIT 1;

-- name: role_list_permissions
SELECT role_id, permission
FROM role_permission
WHERE role_id BETWEEN $1 AND $2
ORDER BY role_id, permission
LIMIT 20000;

-- name: role_insert
INSERT INTO role (code, name_zh, name_en, description, shipped, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (code) DO NOTHING
RETURNING id;

-- name: role_update
UPDATE role
SET name_zh = $2, name_en = $3, description = $4, updated_at = $5, version = version + 1
WHERE id = $1 AND version = $6;

-- name: role_delete
DELETE FROM role
WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM account_grant g WHERE g.role_id = role.id);

-- name: role_insert_permission
INSERT INTO role_permission (role_id, permission)
VALUES ($1, $2)
ON CONFLICT (role_id, permission) DO NOTHING;

-- name: role_delete_permission
DELETE FROM role_permission
WHERE role_id = $1 AND permission = $2;

-- name: grant_list
SELECT g.id, g.account_id, g.role_id, r.code AS role_code, r.name_zh AS role_name_zh,
       r.name_en AS role_name_en, g.unit_id, u.name AS unit_name, g.granted_by, g.created_at
FROM account_grant g
JOIN role r ON r.id = g.role_id
JOIN unit u ON u.id = g.unit_id
WHERE g.account_id = $1 AND g.id > $2
ORDER BY g.id
LIMIT $3;

-- name: grant_count
SELECT count(*) AS total
FROM account_grant
WHERE account_id = $1
LIMIT 1;

-- name: grant_find
SELECT g.id, g.account_id, g.role_id, r.code AS role_code, r.name_zh AS role_name_zh,
       r.name_en AS role_name_en, g.unit_id, u.name AS unit_name, g.granted_by, g.created_at
FROM account_grant g
JOIN role r ON r.id = g.role_id
JOIN unit u ON u.id = g.unit_id
WHERE g.id = $1 AND g.account_id = $2
LIMIT 1;

-- name: grant_insert
INSERT INTO account_grant (account_id, role_id, unit_id, granted_by, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, role_id, unit_id) DO NOTHING
RETURNING id;

-- name: grant_delete
DELETE FROM account_grant
WHERE id = $1;

-- The accounts that a change of a grant or of a role is a change of.
-- name: grant_touch_account
UPDATE account
SET updated_at = $2, version = version + 1
WHERE id = $1;

-- name: role_touch_accounts
UPDATE account
SET updated_at = $2, version = version + 1
WHERE id IN (SELECT g.account_id FROM account_grant g WHERE g.role_id = $1);
