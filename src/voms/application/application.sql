-- Applicants who wait for a decision. The index of states other than active serves.

-- clause: application_rows.select
SELECT v.id AS volunteer_id, v.number, v.name, v.gender, v.birth_date, v.phone, v.email,
       v.unit_id, u.name AS unit_name, v.created_at, v.version,
       (SELECT c.guardian_name FROM consent c
        WHERE c.volunteer_id = v.id AND c.kind = 'guardian' AND c.withdrawn_at IS NULL
        ORDER BY c.id DESC LIMIT 1) AS guardian_name,
       (SELECT count(*) FROM (
            SELECT 1 FROM duplicate_pair d
            WHERE (d.volunteer_id = v.id OR d.other_id = v.id) AND d.dismissed_at IS NULL
            LIMIT 1000) pairs) AS duplicate_count
FROM volunteer v
CROSS JOIN unit u
WHERE u.id = v.unit_id AND v.state = 'applicant' AND v.state <> 'active'

-- clause: application_rows.count_begin
SELECT count(*) AS total FROM (
    SELECT 1
    FROM volunteer v
    WHERE v.state = 'applicant' AND v.state <> 'active'

-- clause: application_rows.count_end
    LIMIT CAST($1 AS bigint)) counted

-- clause: application_rows.confined
AND EXISTS (
    SELECT 1
    FROM unit_ancestor a
    JOIN account_right r ON r.unit_id = a.ancestor_id
    WHERE a.unit_id = v.unit_id AND r.account_id = $1 AND r.permission = $2)

-- clause: application_rows.of_unit
AND EXISTS (SELECT 1 FROM unit_ancestor a WHERE a.unit_id = v.unit_id AND a.ancestor_id = $1)

-- clause: application_rows.named
AND v.name_terms LIKE $1 ESCAPE '\'

-- clause: application_rows.above
AND v.id > CAST($1 AS bigint)

-- clause: application_rows.below
AND v.id < CAST($1 AS bigint)

-- clause: application_rows.up
ORDER BY v.id

-- clause: application_rows.down
ORDER BY v.id DESC

-- clause: application_rows.limit
LIMIT CAST($1 AS bigint)
