-- What happened at shifts. unit_ancestor, account_right: see access.h.

-- name: attendance_find_shift
SELECT s.id, s.activity_id, a.unit_id, s.starts_at, s.ends_at, s.state, a.state AS activity_state,
       CASE WHEN s.latitude IS NOT NULL AND s.longitude IS NOT NULL THEN s.latitude ELSE a.latitude END AS latitude,
       CASE WHEN s.latitude IS NOT NULL AND s.longitude IS NOT NULL THEN s.longitude ELSE a.longitude END AS longitude,
       coalesce(s.radius_m, a.radius_m) AS radius_m
FROM shift s
JOIN activity a ON a.id = s.activity_id
WHERE s.id = $1
LIMIT 1;

-- text: attendance_row
SELECT t.id, t.activity_id, a.name AS activity_name, t.shift_id, s.starts_at AS shift_starts_at,
       s.ends_at AS shift_ends_at, t.signup_id, t.volunteer_id, v.number AS volunteer_number,
       v.name AS volunteer_name, a.unit_id, t.state, t.grade,
       t.check_in_at, t.check_in_method, CAST(t.check_in_distance_m AS text) AS check_in_distance_m,
       CASE WHEN t.check_in_inside IS NULL THEN NULL WHEN t.check_in_inside THEN 'true' ELSE 'false' END AS check_in_inside,
       t.check_in_device, t.check_in_by,
       t.check_out_at, t.check_out_method, CAST(t.check_out_distance_m AS text) AS check_out_distance_m,
       CASE WHEN t.check_out_inside IS NULL THEN NULL WHEN t.check_out_inside THEN 'true' ELSE 'false' END AS check_out_inside,
       t.check_out_device, t.check_out_by,
       t.minutes, t.reason, t.evidence_file_id, t.review, t.reviewed_by, t.reviewed_at,
       t.review_reason, t.created_by, t.created_at, t.updated_at, t.version
FROM attendance t

-- name: attendance_find
-- use: attendance_row
JOIN activity a ON a.id = t.activity_id
JOIN shift s ON s.id = t.shift_id
JOIN volunteer v ON v.id = t.volunteer_id
WHERE t.id = $1
LIMIT 1;

-- name: attendance_find_current
-- use: attendance_row
JOIN activity a ON a.id = t.activity_id
JOIN shift s ON s.id = t.shift_id
JOIN volunteer v ON v.id = t.volunteer_id
WHERE t.shift_id = $1 AND t.volunteer_id = $2 AND t.state <> 'voided'
LIMIT 1;

-- name: attendance_find_signup
SELECT g.id, g.state
FROM signup g
WHERE g.shift_id = $1 AND g.volunteer_id = $2 AND g.state IN ('approved', 'attended', 'absent')
LIMIT 1;

-- name: attendance_insert
INSERT INTO attendance (activity_id, shift_id, signup_id, volunteer_id, state, grade,
    check_in_at, check_in_method, check_in_distance_m, check_in_inside, check_in_device, check_in_by,
    check_out_at, check_out_method, check_out_distance_m, check_out_inside, check_out_device,
    check_out_by, minutes, reason, evidence_file_id, review, created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $24)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: attendance_update
UPDATE attendance
SET state = $3, grade = $4, check_in_at = $5, check_in_method = $6, check_in_distance_m = $7,
    check_in_inside = $8, check_in_device = $9, check_in_by = $10, check_out_at = $11,
    check_out_method = $12, check_out_distance_m = $13, check_out_inside = $14,
    check_out_device = $15, check_out_by = $16, minutes = $17, reason = $18,
    evidence_file_id = $19, review = $20, reviewed_by = $21, reviewed_at = $22,
    review_reason = $23, updated_at = $24, version = version + 1
WHERE id = $1 AND version = $2;

-- Whoever settles holds the row from reading it to writing its claim.
-- name: attendance_lock -- sqlite
SELECT t.id FROM attendance t WHERE t.id = $1;
-- name: attendance_lock -- postgres
SELECT t.id FROM attendance t WHERE t.id = $1 FOR NO KEY UPDATE;

-- name: attendance_take_step
INSERT INTO attendance_scan (shift_id, volunteer_id, direction, step, scanned_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: attendance_list_own
-- use: attendance_row
JOIN activity a ON a.id = t.activity_id
JOIN shift s ON s.id = t.shift_id
JOIN volunteer v ON v.id = t.volunteer_id
WHERE t.volunteer_id = $1 AND t.state <> 'voided' AND t.id < $2
ORDER BY t.id DESC
LIMIT $3;

-- name: attendance_count_own
SELECT count(*) AS total
FROM attendance t
WHERE t.volunteer_id = $1 AND t.state <> 'voided';

-- ---- Codes ----

-- name: attendance_code_insert
INSERT INTO attendance_code (shift_id, direction, kind, secret_cipher, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- name: attendance_code_find
SELECT c.secret_cipher
FROM attendance_code c
WHERE c.shift_id = $1 AND c.direction = $2 AND c.kind = $3
LIMIT 1;

-- ---- Corrections ----

-- name: attendance_correction_insert
INSERT INTO attendance_correction (attendance_id, created_at, actor_id, actor_name, reason, changes)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: attendance_correction_list
SELECT c.id, c.attendance_id, c.created_at, c.actor_id, c.actor_name, c.reason, c.changes
FROM attendance_correction c
WHERE c.attendance_id = $1 AND c.id < $2
ORDER BY c.id DESC
LIMIT $3;

-- name: attendance_correction_count
SELECT count(*) AS total
FROM attendance_correction c
WHERE c.attendance_id = $1;

-- ---- Schedules ----

-- name: attendance_list_forgotten
SELECT t.id
FROM attendance t
JOIN shift s ON s.id = t.shift_id
WHERE t.state = 'present' AND s.ends_at < $1 AND t.id > $2
ORDER BY t.id
LIMIT $3;

-- Somebody who took an absence back has decided: it is not marked again.
-- name: attendance_list_missing
SELECT g.id, g.shift_id, g.volunteer_id
FROM signup g
JOIN shift s ON s.id = g.shift_id
JOIN activity a ON a.id = g.activity_id
WHERE g.state = 'approved' AND g.ends_at < $1 AND s.ends_at < $1 AND g.id > $2
    AND s.state = 'planned' AND a.state IN ('published', 'in_progress', 'ended')
    AND NOT EXISTS (
        SELECT 1
        FROM attendance t
        WHERE t.shift_id = g.shift_id AND t.volunteer_id = g.volunteer_id
            AND (t.state <> 'voided' OR (t.check_in_at IS NULL AND t.check_out_at IS NULL)))
ORDER BY g.id
LIMIT $3;

-- ---- The list of staff: select, confinement, filters, position, order, limit ----

-- clause: attendance_rows.select
-- use: attendance_row
CROSS JOIN activity a
CROSS JOIN shift s
CROSS JOIN volunteer v
WHERE a.id = t.activity_id AND s.id = t.shift_id AND v.id = t.volunteer_id

-- clause: attendance_rows.count_begin -- scan
SELECT count(*) AS total FROM (
    SELECT 1
    FROM attendance t
    JOIN activity a ON a.id = t.activity_id
    WHERE t.id > 0

-- clause: attendance_rows.count_end
    LIMIT 10000) counted

-- clause: attendance_rows.confined -- sqlite scan
AND (+a.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
    OR +a.id IN (
    SELECT m.activity_id
    FROM activity_right m
    WHERE m.account_id = $1 AND m.permission = $2))
-- clause: attendance_rows.confined -- postgres scan
AND (a.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
    OR a.id IN (
    SELECT m.activity_id
    FROM activity_right m
    WHERE m.account_id = $1 AND m.permission = $2))

-- clause: attendance_rows.of_unit -- scan
AND a.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)

-- clause: attendance_rows.of_activity
AND t.activity_id = $1

-- clause: attendance_rows.of_shift
AND t.shift_id = $1

-- clause: attendance_rows.of_volunteer
AND t.volunteer_id = $1

-- clause: attendance_rows.in_state -- scan
AND t.state = $1

-- clause: attendance_rows.review_needed
AND t.review = 'needed'

-- clause: attendance_rows.in_review -- scan
AND t.review = $1

-- clause: attendance_rows.of_grade -- scan
AND t.grade = $1

-- clause: attendance_rows.before
AND t.id < CAST($1 AS bigint)

-- clause: attendance_rows.down
ORDER BY t.id DESC
LIMIT CAST($1 AS bigint)

-- ---- Presence: names only ----

-- text: presence_row
SELECT g.id AS signup_id, g.volunteer_id, v.name AS volunteer_name, p.name AS position_name,
       CASE WHEN t.id IS NOT NULL THEN t.state WHEN g.state = 'absent' THEN 'absent' ELSE 'expected' END AS state,
       t.id AS attendance_id, t.check_in_at, t.check_out_at, t.grade, t.updated_at
FROM signup g
JOIN volunteer v ON v.id = g.volunteer_id
JOIN activity_position p ON p.id = g.position_id
LEFT JOIN attendance t ON t.shift_id = g.shift_id AND t.volunteer_id = g.volunteer_id AND t.state <> 'voided'

-- name: presence_entry
-- use: presence_row
WHERE g.shift_id = $1 AND g.state IN ('approved', 'attended', 'absent') AND g.volunteer_id = $2
LIMIT 1;

-- clause: presence_rows.select
-- use: presence_row
WHERE g.shift_id = $1 AND g.state IN ('approved', 'attended', 'absent')

-- clause: presence_rows.matching -- scan
AND (v.name_terms LIKE $1 ESCAPE '\' OR v.number = $2 OR v.phone LIKE $3)

-- clause: presence_rows.expected
AND t.id IS NULL AND g.state <> 'absent'

-- clause: presence_rows.absent
AND (t.state = 'absent' OR (t.id IS NULL AND g.state = 'absent'))

-- clause: presence_rows.in_state
AND t.state = $1

-- clause: presence_rows.changed
AND t.updated_at >= $1

-- clause: presence_rows.after
AND g.id > CAST($1 AS bigint)

-- clause: presence_rows.up
ORDER BY g.id
LIMIT CAST($1 AS bigint)

-- name: presence_summary
SELECT count(*) AS expected_total,
       sum(CASE WHEN t.state = 'present' THEN 1 ELSE 0 END) AS present,
       sum(CASE WHEN t.state = 'completed' THEN 1 ELSE 0 END) AS completed,
       sum(CASE WHEN t.state = 'absent' OR (t.id IS NULL AND g.state = 'absent') THEN 1 ELSE 0 END) AS absent,
       sum(CASE WHEN t.id IS NULL AND g.state <> 'absent' THEN 1 ELSE 0 END) AS expected,
       max(t.updated_at) AS changed_at,
       CAST(sum(coalesce(t.version, 0)) AS bigint) AS versions
FROM signup g
LEFT JOIN attendance t ON t.shift_id = g.shift_id AND t.volunteer_id = g.volunteer_id AND t.state <> 'voided'
WHERE g.shift_id = $1 AND g.state IN ('approved', 'attended', 'absent');

-- name: attendance_kiosk_match
SELECT g.volunteer_id
FROM signup g
JOIN volunteer v ON v.id = g.volunteer_id
WHERE g.shift_id = $1 AND g.state IN ('approved', 'attended', 'absent') AND v.phone LIKE $2
ORDER BY g.volunteer_id
LIMIT 2;

-- name: attendance_volunteer_exists
SELECT v.id
FROM volunteer v
WHERE v.id = $1 AND v.state <> 'archived'
LIMIT 1;

-- ---- Devices and their queued scans ----

-- name: attendance_device_insert
INSERT INTO attendance_device (id, unit_id, name, key_cipher, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6);

-- name: attendance_device_find
SELECT d.id, d.unit_id, u.name AS unit_name, d.name, d.last_counter, d.created_by, d.created_at,
       d.revoked_at
FROM attendance_device d
JOIN unit u ON u.id = d.unit_id
WHERE d.id = $1
LIMIT 1;

-- name: attendance_device_key
SELECT d.key_cipher, d.unit_id
FROM attendance_device d
WHERE d.id = $1 AND d.revoked_at IS NULL
LIMIT 1;

-- name: attendance_device_revoke
UPDATE attendance_device SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: attendance_device_seen
UPDATE attendance_device SET last_counter = $2 WHERE id = $1 AND last_counter < $2;

-- name: attendance_device_list
SELECT d.id, d.unit_id, u.name AS unit_name, d.name, d.last_counter, d.created_by, d.created_at,
       d.revoked_at
FROM attendance_device d
JOIN unit u ON u.id = d.unit_id
WHERE d.id > $3
    AND (CAST($1 AS bigint) = 0 OR d.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2))
ORDER BY d.id
LIMIT $4;

-- name: attendance_device_count
SELECT count(*) AS total
FROM attendance_device d
WHERE CAST($1 AS bigint) = 0 OR d.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2);

-- May a device of one unit speak of activities of the other?
-- name: attendance_device_covers
SELECT n.unit_id
FROM unit_ancestor n
WHERE n.unit_id = $1 AND n.ancestor_id = $2
LIMIT 1;

-- name: attendance_device_scan_find
SELECT c.digest, c.outcome, c.attendance_id
FROM attendance_device_scan c
WHERE c.device_id = $1 AND c.counter = $2
LIMIT 1;

-- name: attendance_device_scan_insert
INSERT INTO attendance_device_scan (device_id, counter, digest, received_at, outcome, attendance_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- name: attendance_volunteer_by_number
SELECT v.id
FROM volunteer v
WHERE v.number = $1
LIMIT 1;

-- ---- Files ----

-- name: stored_file_insert
INSERT INTO stored_file (name, filename, content_type, size_bytes, sha256, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id;

-- name: stored_file_find
SELECT f.id, f.name, f.filename, f.content_type, f.size_bytes, f.sha256, f.created_by, f.created_at
FROM stored_file f
WHERE f.id = $1
LIMIT 1;

-- name: stored_file_by_name
SELECT f.id FROM stored_file f WHERE f.name = $1 LIMIT 1;

-- Which attendances does a file prove?
-- name: stored_file_uses
SELECT t.activity_id
FROM attendance t
WHERE t.evidence_file_id = $1
ORDER BY t.id
LIMIT 20;

-- Handed in and never used.
-- name: stored_file_list_unused
SELECT f.id, f.name
FROM stored_file f
WHERE f.created_at < $1 AND f.id > $2
    AND NOT EXISTS (SELECT 1 FROM attendance t WHERE t.evidence_file_id = f.id)
ORDER BY f.id
LIMIT $3;

-- name: stored_file_delete
DELETE FROM stored_file WHERE id = $1;

-- ---- The demonstration ----

-- name: attendance_demo_expected
SELECT g.shift_id, g.volunteer_id
FROM signup g
WHERE g.state = 'approved' AND g.starts_at <= $1
ORDER BY g.starts_at, g.shift_id, g.id
LIMIT 2000;

-- ---- Merging ----

-- Attendances of two people at the same shift.
-- name: attendance_twins
SELECT f.id, t.id AS twin_id
FROM attendance f
JOIN attendance t ON t.shift_id = f.shift_id
WHERE f.volunteer_id = $1 AND t.volunteer_id = $2 AND f.state <> 'voided' AND t.state <> 'voided'
ORDER BY f.id
LIMIT 1000;

-- name: attendance_move
UPDATE attendance
SET volunteer_id = $2, updated_at = $3, version = version + 1
WHERE volunteer_id = $1;

-- name: attendance_follow_signup
UPDATE attendance
SET signup_id = (SELECT g.id
                 FROM signup g
                 WHERE g.shift_id = attendance.shift_id AND g.volunteer_id = $1
                     AND g.state IN ('approved', 'attended', 'absent')
                 LIMIT 1)
WHERE volunteer_id = $1 AND state <> 'voided'
    AND signup_id IN (SELECT g.id FROM signup g WHERE g.volunteer_id = $1 AND g.state = 'cancelled');
