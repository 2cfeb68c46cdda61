-- Activities, their rights, managers, invitations and history.

-- ---- Rights ----

-- Which of the two permissions the account has on the activity; none but a row without one says
-- that the activity is there.
-- name: activity_rights
SELECT a.id, q.permission
FROM activity a
LEFT JOIN (
    SELECT t.id, r.permission
    FROM activity t
    JOIN unit_ancestor n ON n.unit_id = t.unit_id
    JOIN account_right r ON r.unit_id = n.ancestor_id
    WHERE t.id = $1 AND r.account_id = $2
    UNION
    SELECT m.activity_id, m.permission
    FROM activity_right m
    WHERE m.activity_id = $1 AND m.account_id = $2) q
    ON q.id = a.id AND q.permission IN ('activity:read', $3)
WHERE a.id = $1
LIMIT 2;

-- name: activity_of_shift
SELECT s.activity_id
FROM shift s
WHERE s.id = $1
LIMIT 1;

-- name: activity_of_position
SELECT p.activity_id
FROM activity_position p
WHERE p.id = $1
LIMIT 1;

-- name: activity_of_batch
SELECT b.activity_id
FROM shift_batch b
WHERE b.id = $1
LIMIT 1;

-- An open project of the activity's unit, or of one above it.
-- name: project_of_unit
SELECT p.id
FROM project p
JOIN unit_ancestor n ON n.ancestor_id = p.unit_id
WHERE p.id = $1 AND n.unit_id = $2 AND p.closed_at IS NULL
LIMIT 1;

-- ---- One ----

-- text: activity_row
SELECT a.id, a.unit_id, u.name AS unit_name, r.name AS recording_unit_name,
       p.name AS project_name, a.state, a.state_changed_at, a.recording_unit_id, a.project_id,
       a.name, a.category, a.description, a.place_name, a.address,
       CASE WHEN a.latitude IS NOT NULL AND a.longitude IS NOT NULL
            THEN '{"latitude":' || CAST(a.latitude AS text) || ',"longitude":'
                 || CAST(a.longitude AS text) || '}' END AS point,
       a.radius_m, a.risk_notice, a.provided, a.contact_name, a.contact_phone, a.person_in_charge,
       a.is_volunteer_service, a.is_dangerous, a.insurance_policy, a.insurance_until, a.visibility,
       a.time_zone, a.sign_up_opens_at, a.sign_up_closes_at, a.cancel_deadline_minutes, a.approval,
       a.waitlist, a.offer_minutes, a.minimum_age, a.maximum_age, a.risk_notice_version,
       a.lottery_seed, a.lottery_drawn_at, a.starts_at, a.ends_at,
       CAST((SELECT COALESCE(SUM(c.needed), 0)
             FROM shift s JOIN shift_place c ON c.shift_id = s.id
             WHERE s.activity_id = a.id AND s.state = 'planned') AS bigint) AS places,
       CAST((SELECT COALESCE(SUM(c.taken), 0)
             FROM shift s JOIN shift_place c ON c.shift_id = s.id
             WHERE s.activity_id = a.id AND s.state = 'planned') AS bigint) AS taken,
       a.submitted_by, a.published_at, a.decision_reason, a.cancel_reason, a.settled_at,
       a.copied_from, a.created_by, a.created_at, a.updated_at, a.version
FROM activity a
JOIN unit u ON u.id = a.unit_id
JOIN unit r ON r.id = a.recording_unit_id
LEFT JOIN project p ON p.id = a.project_id

-- name: activity_find
-- use: activity_row
WHERE a.id = $1
LIMIT 1;

-- name: activity_insert
INSERT INTO activity (unit_id, recording_unit_id, project_id, state, state_changed_at, name,
    category, description, place_name, address, latitude, longitude, radius_m, risk_notice,
    provided, contact_name, contact_phone, person_in_charge, is_volunteer_service, is_dangerous,
    insurance_policy, insurance_until, visibility, time_zone, sign_up_opens_at, sign_up_closes_at,
    cancel_deadline_minutes, approval, waitlist, offer_minutes, minimum_age, maximum_age,
    copied_from, created_by, created_at, updated_at)
VALUES ($31, $1, $2, 'draft', $32, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $33, $32, $32)
RETURNING id;

-- name: activity_update
UPDATE activity
SET recording_unit_id = $1, project_id = $2, name = $3, category = $4, description = $5,
    place_name = $6, address = $7, latitude = $8, longitude = $9, radius_m = $10,
    risk_notice = $11, provided = $12, contact_name = $13, contact_phone = $14,
    person_in_charge = $15, is_volunteer_service = $16, is_dangerous = $17,
    insurance_policy = $18, insurance_until = $19, visibility = $20, time_zone = $21,
    sign_up_opens_at = $22, sign_up_closes_at = $23, cancel_deadline_minutes = $24,
    approval = $25, waitlist = $26, offer_minutes = $27, minimum_age = $28, maximum_age = $29,
    risk_notice_version = $30, updated_at = $31, version = version + 1
WHERE id = $32 AND version = $33;

-- name: activity_set_state
UPDATE activity
SET state = $3, state_changed_at = $4, submitted_by = $5, published_at = $6, decision_reason = $7,
    cancel_reason = $8, settled_at = $9, updated_at = $4, version = version + 1
WHERE id = $1 AND version = $2;

-- Says that something of it changed, and keeps what is known of its shifts.
-- name: activity_refresh
UPDATE activity
SET starts_at = (SELECT MIN(s.starts_at) FROM shift s
                 WHERE s.activity_id = $1 AND s.state = 'planned'),
    ends_at = (SELECT MAX(s.ends_at) FROM shift s
               WHERE s.activity_id = $1 AND s.state = 'planned'),
    updated_at = $2, version = version + 1
WHERE id = $1;

-- Those that have begun or ended by now and are not said to have.
-- name: activity_list_due
SELECT a.id
FROM activity a
WHERE ((a.state = 'published' AND a.starts_at <= $1)
       OR (a.state = 'in_progress' AND a.ends_at <= $1))
    AND a.id > $2
ORDER BY a.id
LIMIT $3;

-- Queues changes of one activity's shifts and state.
-- name: activity_lock
UPDATE activity
SET updated_at = updated_at
WHERE id = $1;

-- What was copied from it goes on without it.
-- name: activity_forget_copied
UPDATE activity SET copied_from = NULL WHERE copied_from = $1;
-- name: activity_delete_managers
DELETE FROM activity_manager WHERE activity_id = $1;
-- name: activity_delete_invitations
DELETE FROM activity_invitation WHERE activity_id = $1;
-- name: activity_delete_history
DELETE FROM activity_history WHERE activity_id = $1;
-- name: activity_delete_places
DELETE FROM shift_place WHERE shift_id IN (SELECT s.id FROM shift s WHERE s.activity_id = $1);
-- name: activity_delete_shifts
DELETE FROM shift WHERE activity_id = $1;
-- name: activity_delete_batches
DELETE FROM shift_batch WHERE activity_id = $1;
-- name: activity_delete_positions
DELETE FROM activity_position WHERE activity_id = $1;
-- name: activity_delete
DELETE FROM activity WHERE id = $1 AND state = 'draft';

-- ---- History ----

-- name: activity_history_insert
INSERT INTO activity_history (activity_id, created_at, action, actor_id, actor_name, reason,
    changes)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: activity_history_list
SELECT h.id, h.created_at AS at, h.action, h.actor_id, h.actor_name, h.reason, h.changes
FROM activity_history h
WHERE h.activity_id = $1 AND h.id < $2
ORDER BY h.id DESC
LIMIT $3;

-- name: activity_history_count
SELECT count(*) AS total
FROM activity_history h
WHERE h.activity_id = $1;

-- ---- What a unit decides ----

-- The nearest decision on the unit or above it.
-- name: activity_setting_find
SELECT s.unit_id, s.approval_required, s.updated_at, s.version
FROM activity_setting s
JOIN unit_ancestor n ON n.ancestor_id = s.unit_id
JOIN unit u ON u.id = s.unit_id
WHERE n.unit_id = $1
ORDER BY u.depth DESC
LIMIT 1;

-- name: activity_setting_put
INSERT INTO activity_setting (unit_id, approval_required, updated_by, updated_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (unit_id)
DO UPDATE SET approval_required = excluded.approval_required, updated_by = excluded.updated_by,
    updated_at = excluded.updated_at, version = activity_setting.version + 1;

-- name: activity_setting_delete
DELETE FROM activity_setting WHERE unit_id = $1;

-- ---- The list of staff ----

-- clause: activity_rows.select
-- use: activity_row
WHERE a.id > 0

-- clause: activity_rows.count_begin -- scan
SELECT count(*) AS total FROM (
    SELECT 1
    FROM activity a
    WHERE a.id > 0

-- clause: activity_rows.count_end
    LIMIT CAST($1 AS bigint)) counted

-- clause: activity_rows.confined -- scan
AND (a.unit_id IN (
        SELECT n.unit_id
        FROM account_right r
        JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
        WHERE r.account_id = $1 AND r.permission = $2)
     OR a.id IN (
        SELECT m.activity_id
        FROM activity_right m
        WHERE m.account_id = $1 AND m.permission = $2))

-- clause: activity_rows.of_unit -- scan
AND a.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)

-- clause: activity_rows.in_state -- scan
AND a.state = $1

-- clause: activity_rows.of_project -- scan
AND a.project_id = $1

-- clause: activity_rows.of_category -- scan
AND a.category = $1

-- clause: activity_rows.q -- scan
AND (lower(a.name) LIKE $1 ESCAPE '\' OR lower(a.place_name) LIKE $1 ESCAPE '\')

-- clause: activity_rows.from -- scan
AND a.ends_at >= $1

-- clause: activity_rows.to -- scan
AND a.starts_at < $1

-- clause: activity_rows.above
AND a.id > CAST($1 AS bigint)
-- clause: activity_rows.below
AND a.id < CAST($1 AS bigint)
-- clause: activity_rows.up
ORDER BY a.id
-- clause: activity_rows.down
ORDER BY a.id DESC
-- clause: activity_rows.limit
LIMIT CAST($1 AS bigint)
