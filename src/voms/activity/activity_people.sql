-- Managers and invitations of one activity.

-- name: activity_manager_list
SELECT m.account_id, t.username, t.display_name, m.role, m.added_by, m.added_at
FROM activity_manager m
JOIN account t ON t.id = m.account_id
WHERE m.activity_id = $1
ORDER BY m.account_id
LIMIT 100;

-- name: activity_manager_count
SELECT count(*) AS total FROM activity_manager m WHERE m.activity_id = $1;

-- name: activity_manager_put
INSERT INTO activity_manager (activity_id, account_id, role, added_by, added_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (activity_id, account_id)
DO UPDATE SET role = excluded.role, added_by = excluded.added_by, added_at = excluded.added_at;

-- name: activity_manager_copy
INSERT INTO activity_manager (activity_id, account_id, role, added_by, added_at)
SELECT CAST($2 AS bigint), m.account_id, m.role, CAST($3 AS bigint), CAST($4 AS timestamptz)
FROM activity_manager m
JOIN account t ON t.id = m.account_id
WHERE m.activity_id = $1 AND t.state = 'active'
RETURNING account_id;

-- name: activity_manager_delete
DELETE FROM activity_manager
WHERE activity_id = $1 AND account_id = $2;

-- name: activity_manager_account
SELECT t.id
FROM account t
WHERE lower(t.username) = lower($1)
LIMIT 1;

-- name: activity_invitation_list
SELECT i.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name, i.invited_by,
       i.invited_at
FROM activity_invitation i
JOIN volunteer v ON v.id = i.volunteer_id
WHERE i.activity_id = $1 AND i.volunteer_id > $2
ORDER BY i.volunteer_id
LIMIT $3;

-- name: activity_invitation_insert
INSERT INTO activity_invitation (activity_id, volunteer_id, invited_by, invited_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- name: activity_invitation_delete
DELETE FROM activity_invitation
WHERE activity_id = $1 AND volunteer_id = $2;

-- The invitations of one become another's.
-- name: activity_invitation_copy
INSERT INTO activity_invitation (activity_id, volunteer_id, invited_by, invited_at)
SELECT i.activity_id, CAST($2 AS bigint), i.invited_by, i.invited_at
FROM activity_invitation i
WHERE i.volunteer_id = $1
ON CONFLICT DO NOTHING;

-- name: activity_invitation_forget
DELETE FROM activity_invitation WHERE volunteer_id = $1;

-- ---- Projects ----

-- name: project_find
SELECT p.id, p.unit_id, u.name AS unit_name, p.name, p.description, p.closed_at, p.created_by,
       p.created_at, p.updated_at, p.version
FROM project p
JOIN unit u ON u.id = p.unit_id
WHERE p.id = $1
LIMIT 1;

-- name: project_insert
INSERT INTO project (unit_id, name, description, created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5)
RETURNING id;

-- name: project_update
UPDATE project
SET name = $3, description = $4, closed_at = $5, updated_at = $6, version = version + 1
WHERE id = $1 AND version = $2;

-- clause: project_rows.select
SELECT p.id, p.unit_id, u.name AS unit_name, p.name, p.description, p.closed_at, p.created_by,
       p.created_at, p.updated_at, p.version
FROM project p
JOIN unit u ON u.id = p.unit_id
WHERE p.id < CAST($1 AS bigint)

-- clause: project_rows.confined
AND p.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
-- clause: project_rows.of_unit
AND p.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)
-- clause: project_rows.open
AND p.closed_at IS NULL
-- clause: project_rows.order
ORDER BY p.id DESC
LIMIT CAST($1 AS bigint)
