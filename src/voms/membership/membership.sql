-- Volunteers in units.

-- name: membership_insert -- rows
INSERT INTO membership (volunteer_id, unit_id, state, reason, joined_at, decided_by, decided_at,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $5, $7, $7)
ON CONFLICT DO NOTHING;

-- name: membership_current
SELECT m.id, m.state
FROM membership m
WHERE m.volunteer_id = $1 AND m.unit_id = $2 AND m.state NOT IN ('left', 'rejected')
LIMIT 1;

-- name: membership_find
SELECT m.id, m.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name, m.unit_id,
       u.name AS unit_name, m.state, m.reason, m.leave_requested_at, m.joined_at, m.left_at,
       m.decided_by, m.decided_at, m.created_at, m.updated_at, m.version
FROM membership m
JOIN volunteer v ON v.id = m.volunteer_id
JOIN unit u ON u.id = m.unit_id
WHERE m.id = $1
LIMIT 1;

-- name: membership_list_of
SELECT m.id, m.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name, m.unit_id,
       u.name AS unit_name, m.state, m.reason, m.leave_requested_at, m.joined_at, m.left_at,
       m.decided_by, m.decided_at, m.created_at, m.updated_at, m.version
FROM membership m
JOIN volunteer v ON v.id = m.volunteer_id
JOIN unit u ON u.id = m.unit_id
WHERE m.volunteer_id = $1 AND m.id < $2
ORDER BY m.id DESC
LIMIT $3;

-- name: membership_count_of
SELECT count(*) AS total
FROM membership m
WHERE m.volunteer_id = $1;

-- name: membership_update
UPDATE membership
SET state = $3, reason = $4, leave_requested_at = $5, joined_at = $6, left_at = $7,
    decided_by = $8, decided_at = $9, updated_at = $10, version = version + 1
WHERE id = $1 AND version = $2;

-- name: membership_end_all
UPDATE membership
SET state = CASE WHEN state = 'applied' THEN 'rejected' ELSE 'left' END, reason = $2,
    left_at = CASE WHEN state = 'applied' THEN left_at ELSE $3 END, leave_requested_at = NULL,
    decided_by = $4, decided_at = $3, updated_at = $3, version = version + 1
WHERE volunteer_id = $1 AND state NOT IN ('left', 'rejected');

-- name: membership_decide_applied
UPDATE membership
SET state = $2, reason = $3, joined_at = $4, decided_by = $5, decided_at = $6, updated_at = $6,
    version = version + 1
WHERE volunteer_id = $1 AND state = 'applied';

-- Where both have a lasting one the moved one ends.
-- name: membership_end_doubles
UPDATE membership
SET state = CASE WHEN state = 'applied' THEN 'rejected' ELSE 'left' END, left_at = $3,
    leave_requested_at = NULL, updated_at = $3, version = version + 1
WHERE volunteer_id = $1 AND state NOT IN ('left', 'rejected')
    AND unit_id IN (
        SELECT o.unit_id
        FROM membership o
        WHERE o.volunteer_id = $2 AND o.state NOT IN ('left', 'rejected'));

-- name: membership_move
UPDATE membership SET volunteer_id = $2 WHERE volunteer_id = $1;

-- name: membership_anonymise
UPDATE membership SET reason = NULL WHERE volunteer_id = $1;

-- ---- The list: select, confinement, filters, position, order, limit ----

-- clause: membership_rows.select
SELECT m.id, m.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name, m.unit_id,
       u.name AS unit_name, m.state, m.reason, m.leave_requested_at, m.joined_at, m.left_at,
       m.decided_by, m.decided_at, m.created_at, m.updated_at, m.version
FROM membership m
CROSS JOIN volunteer v
CROSS JOIN unit u
WHERE v.id = m.volunteer_id AND u.id = m.unit_id

-- clause: membership_rows.count_begin -- scan
SELECT count(*) AS total FROM (
    SELECT 1
    FROM membership m
    WHERE m.id > 0

-- clause: membership_rows.count_end
    LIMIT CAST($1 AS bigint)) counted

-- clause: membership_rows.confined -- sqlite scan
AND +m.unit_id IN (
    SELECT a.unit_id
    FROM account_right r
    JOIN unit_ancestor a ON a.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
-- clause: membership_rows.confined -- postgres scan
AND m.unit_id IN (
    SELECT a.unit_id
    FROM account_right r
    JOIN unit_ancestor a ON a.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)

-- clause: membership_rows.of_unit -- scan
AND m.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $1)

-- clause: membership_rows.in_state -- scan
AND m.state = $1

-- Written so that the index of those who wait serves.
-- clause: membership_rows.applied
AND m.state = 'applied' AND (m.state = 'applied' OR m.leave_requested_at IS NOT NULL)

-- clause: membership_rows.leave_requested
AND m.leave_requested_at IS NOT NULL
AND (m.state = 'applied' OR m.leave_requested_at IS NOT NULL)

-- clause: membership_rows.not_leaving -- scan
AND m.leave_requested_at IS NULL

-- clause: membership_rows.above
AND m.id > CAST($1 AS bigint)

-- clause: membership_rows.below
AND m.id < CAST($1 AS bigint)

-- clause: membership_rows.up
ORDER BY m.id

-- clause: membership_rows.down
ORDER BY m.id DESC

-- clause: membership_rows.limit
LIMIT CAST($1 AS bigint)
