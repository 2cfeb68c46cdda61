-- Two files of one person.

-- What others are compared with.
-- name: duplicate_keys
SELECT v.id_number_hash, v.phone_reversed, v.email, v.birth_date, v.name
FROM volunteer v
WHERE v.id = $1 AND v.merged_into IS NULL AND v.anonymised_at IS NULL
LIMIT 1;

-- text: duplicate_candidates
FROM volunteer o
CROSS JOIN unit u
WHERE u.id = o.unit_id AND o.id <> $1 AND o.merged_into IS NULL AND o.anonymised_at IS NULL
    AND o.id IN (
        SELECT h.id FROM volunteer h WHERE h.id_number_hash = $2
        UNION ALL
        SELECT p.id FROM volunteer p WHERE p.phone_reversed = $3
        UNION ALL
        SELECT e.id FROM volunteer e WHERE e.email = $4
        UNION ALL
        SELECT b.id FROM volunteer b WHERE b.birth_date = $5 AND b.name = $6)
    AND (CAST($7 AS bigint) = 0 OR EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = o.unit_id AND r.account_id = $7 AND r.permission = $8))
ORDER BY o.id
LIMIT 100;

-- Who is like somebody with these values; each arm is the range of an index on both databases.
-- Archived ones too: who was there before may come again.
-- name: duplicate_alike -- sqlite
SELECT o.id, o.number, o.name, o.gender, o.birth_date, o.phone, o.unit_id, u.name AS unit_name,
       o.state, o.created_at,
       coalesce(o.id_number_hash = $2, 0) AS same_id_number,
       coalesce(o.phone_reversed = $3, 0) AS same_phone,
       coalesce(o.email = $4, 0) AS same_email,
       (o.name = $6) AS same_name,
       coalesce(o.birth_date = $5, 0) AS same_birth_date,
       EXISTS (
           SELECT 1 FROM duplicate_pair d
           WHERE d.dismissed_at IS NOT NULL
               AND d.volunteer_id = min(o.id, $1) AND d.other_id = max(o.id, $1)) AS is_dismissed
-- use: duplicate_candidates
-- name: duplicate_alike -- postgres
SELECT o.id, o.number, o.name, o.gender, o.birth_date, o.phone, o.unit_id, u.name AS unit_name,
       o.state, o.created_at,
       coalesce(o.id_number_hash = $2, false) AS same_id_number,
       coalesce(o.phone_reversed = $3, false) AS same_phone,
       coalesce(o.email = $4, false) AS same_email,
       (o.name = $6) AS same_name,
       coalesce(o.birth_date = $5, false) AS same_birth_date,
       EXISTS (
           SELECT 1 FROM duplicate_pair d
           WHERE d.dismissed_at IS NOT NULL
               AND d.volunteer_id = least(o.id, $1) AND d.other_id = greatest(o.id, $1)
       ) AS is_dismissed
-- use: duplicate_candidates

-- name: duplicate_pair_put
INSERT INTO duplicate_pair (volunteer_id, other_id, reasons, score)
VALUES ($1, $2, $3, $4)
ON CONFLICT (volunteer_id, other_id)
DO UPDATE SET reasons = excluded.reasons, score = excluded.score;

-- name: duplicate_pair_forget
DELETE FROM duplicate_pair
WHERE (volunteer_id = $1 OR other_id = $1) AND dismissed_at IS NULL;

-- name: duplicate_pair_forget_all
DELETE FROM duplicate_pair
WHERE volunteer_id = $1 OR other_id = $1;

-- name: duplicate_pair_dismiss
INSERT INTO duplicate_pair (volunteer_id, other_id, reasons, score, dismissed_at, dismissed_by,
    dismissal_reason)
VALUES ($1, $2, '[]', 1, $3, $4, $5)
ON CONFLICT (volunteer_id, other_id)
DO UPDATE SET dismissed_at = excluded.dismissed_at, dismissed_by = excluded.dismissed_by,
    dismissal_reason = excluded.dismissal_reason;

-- name: duplicate_pair_list
SELECT d.score, d.reasons, d.volunteer_id, d.other_id,
       v.number AS v_number, v.name AS v_name, v.gender AS v_gender,
       v.birth_date AS v_birth_date, v.phone AS v_phone, v.unit_id AS v_unit_id,
       vu.name AS v_unit_name, v.state AS v_state, v.created_at AS v_created_at,
       o.number AS o_number, o.name AS o_name, o.gender AS o_gender,
       o.birth_date AS o_birth_date, o.phone AS o_phone, o.unit_id AS o_unit_id,
       ou.name AS o_unit_name, o.state AS o_state, o.created_at AS o_created_at
FROM duplicate_pair d
CROSS JOIN volunteer v
CROSS JOIN volunteer o
CROSS JOIN unit vu
CROSS JOIN unit ou
WHERE d.dismissed_at IS NULL
    AND v.id = d.volunteer_id AND o.id = d.other_id AND vu.id = v.unit_id AND ou.id = o.unit_id
    AND (CAST($1 AS bigint) = 0 OR (EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = v.unit_id AND r.account_id = $1 AND r.permission = $2)
        AND EXISTS (
        SELECT 1
        FROM unit_ancestor a
        JOIN account_right r ON r.unit_id = a.ancestor_id
        WHERE a.unit_id = o.unit_id AND r.account_id = $1 AND r.permission = $2)))
    AND (CAST($3 AS bigint) = 0
        OR v.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3)
        OR o.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3))
    AND (d.score, d.volunteer_id, d.other_id) < ($4, $5, $6)
ORDER BY d.score DESC, d.volunteer_id DESC, d.other_id DESC
LIMIT $7;

-- name: duplicate_pair_count -- scan
SELECT count(*) AS total
FROM (
    SELECT 1
    FROM duplicate_pair d
    CROSS JOIN volunteer v
    CROSS JOIN volunteer o
    WHERE d.dismissed_at IS NULL AND v.id = d.volunteer_id AND o.id = d.other_id
        AND (CAST($1 AS bigint) = 0 OR (EXISTS (
            SELECT 1
            FROM unit_ancestor a
            JOIN account_right r ON r.unit_id = a.ancestor_id
            WHERE a.unit_id = v.unit_id AND r.account_id = $1 AND r.permission = $2)
            AND EXISTS (
            SELECT 1
            FROM unit_ancestor a
            JOIN account_right r ON r.unit_id = a.ancestor_id
            WHERE a.unit_id = o.unit_id AND r.account_id = $1 AND r.permission = $2)))
        AND (CAST($3 AS bigint) = 0
            OR v.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3)
            OR o.unit_id IN (SELECT a.unit_id FROM unit_ancestor a WHERE a.ancestor_id = $3))
    LIMIT $4) counted;

-- name: duplicate_queue_add
INSERT INTO duplicate_queue (first_id, last_id)
VALUES ($1, $2)
ON CONFLICT (first_id) DO UPDATE SET last_id = excluded.last_id;

-- name: duplicate_queue_first
SELECT q.first_id, q.last_id
FROM duplicate_queue q
ORDER BY q.first_id
LIMIT 1;

-- name: duplicate_queue_remove
DELETE FROM duplicate_queue
WHERE first_id = $1;
