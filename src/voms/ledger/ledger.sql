-- Service time: settlements, claims (service records), entries, disputes.

-- ---- Settling ----

-- What an activity's records would say, and whether anybody is still checked in.
-- name: ledger_activity_find
SELECT a.id, a.state, a.recording_unit_id, u.name AS unit_name, u.parent_id AS parent_unit_id,
       a.project_id, a.name, a.description, a.place_name, a.person_in_charge,
       a.is_volunteer_service, a.ends_at,
       EXISTS (SELECT 1 FROM attendance p WHERE p.activity_id = a.id AND p.state = 'present')
           AS has_open
FROM activity a
JOIN unit u ON u.id = a.recording_unit_id
WHERE a.id = $1
LIMIT 1;

-- name: settlement_open
INSERT INTO settlement (activity_id, unit_id, project_id, ended_on, due_on)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (activity_id) DO UPDATE
SET unit_id = excluded.unit_id, project_id = excluded.project_id, ended_on = excluded.ended_on,
    due_on = excluded.due_on
WHERE settlement.settled_at IS NULL;

-- Who settles the same activity at the same time waits here.
-- name: settlement_snapshot
UPDATE settlement
SET activity_name = $2, place = $3, content = $4, unit_name = $5, person_in_charge = $6,
    recorded_by = $7, recorder_name = $8
WHERE activity_id = $1 AND settled_at IS NULL;

-- name: settlement_lock -- sqlite
SELECT s.activity_id FROM settlement s WHERE s.activity_id = $1;
-- name: settlement_lock -- postgres
SELECT s.activity_id FROM settlement s WHERE s.activity_id = $1 FOR UPDATE;

-- name: settlement_hold
UPDATE settlement
SET held = held + $2, finished_at = CASE WHEN held + $2 > 0 THEN NULL
                                         WHEN settled_at IS NULL THEN NULL
                                         ELSE coalesce(finished_at, $3) END
WHERE activity_id = $1;

-- name: settlement_close
UPDATE settlement
SET settled_at = coalesce(settled_at, $2),
    finished_at = CASE WHEN held = 0 THEN coalesce(finished_at, $2) END
WHERE activity_id = $1;

-- name: settlement_find
SELECT a.id AS activity_id, coalesce(s.activity_name, a.name) AS activity_name,
       a.state AS activity_state, a.recording_unit_id AS unit_id, u.name AS unit_name,
       s.ended_on, s.due_on, s.settled_at, s.finished_at, coalesce(s.held, 0) AS held,
       coalesce(s.person_in_charge, a.person_in_charge) AS person_in_charge, s.recorder_name,
       a.name, a.description, a.place_name, a.is_volunteer_service, a.ends_at,
       EXISTS (SELECT 1 FROM attendance p WHERE p.activity_id = a.id AND p.state = 'present')
           AS has_open
FROM activity a
JOIN unit u ON u.id = a.recording_unit_id
LEFT JOIN settlement s ON s.activity_id = a.id
WHERE a.id = $1
LIMIT 1;

-- text: ledger_attendance_unclaimed
SELECT a.id, a.volunteer_id, a.shift_id, a.grade, a.review, a.check_in_at, a.check_out_at,
       s.starts_at, s.ends_at, s.place_name
FROM attendance a
JOIN shift s ON s.id = a.shift_id
WHERE a.activity_id = $1 AND a.id > $2 AND a.state = 'completed'
  AND a.check_in_at IS NOT NULL AND a.check_out_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM ledger_claim c WHERE c.attendance_id = a.id)
ORDER BY a.id

-- Held until the claims are written, so that nobody changes what is being recorded.
-- name: ledger_attendance_next -- sqlite
-- use: ledger_attendance_unclaimed
LIMIT $3;
-- name: ledger_attendance_next -- postgres
-- use: ledger_attendance_unclaimed
LIMIT $3
FOR SHARE OF a;

-- name: ledger_claims_of_attendance
SELECT count(*) AS claims FROM ledger_claim c WHERE c.attendance_id = $1;

-- In the order of ids, so that two who settle never wait for each other in a circle.
-- name: ledger_volunteer_lock -- sqlite
SELECT v.id, v.service_minutes
FROM volunteer v
WHERE v.id IN (SELECT value FROM json_each($1))
ORDER BY v.id;
-- name: ledger_volunteer_lock -- postgres
SELECT v.id, v.service_minutes
FROM volunteer v
WHERE v.id = ANY (ARRAY(
    SELECT CAST(e AS bigint) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS e))
ORDER BY v.id
FOR NO KEY UPDATE;

-- name: ledger_claim_living -- sqlite
SELECT c.id, c.volunteer_id, c.service_date, c.minutes, c.starts_at, c.ends_at
FROM ledger_claim c
WHERE c.volunteer_id IN (SELECT value FROM json_each($1)) AND c.state = 'granted'
  AND c.service_date >= $2 AND c.service_date <= $3;
-- name: ledger_claim_living -- postgres
SELECT c.id, c.volunteer_id, c.service_date, c.minutes, c.starts_at, c.ends_at
FROM ledger_claim c
WHERE c.volunteer_id = ANY (ARRAY(
    SELECT CAST(e AS bigint) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS e))
  AND c.state = 'granted' AND c.service_date >= $2 AND c.service_date <= $3;

-- name: ledger_claim_insert
INSERT INTO ledger_claim (attendance_id, activity_id, shift_id, volunteer_id, unit_id, project_id,
    service_date, starts_at, ends_at, minutes, grade, place, state, reason, level,
    overlaps_claim_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
ON CONFLICT (attendance_id, volunteer_id) DO NOTHING;

-- name: ledger_claim_last
SELECT coalesce(max(c.id), 0) AS id FROM ledger_claim c WHERE c.activity_id = $1;

-- name: ledger_entry_last
SELECT coalesce(max(e.id), 0) AS id FROM ledger_entry e WHERE e.activity_id = $1;

-- The grants of all new claims of an activity; the volunteers are locked.
-- name: ledger_entry_grant_all
INSERT INTO ledger_entry (volunteer_id, kind, minutes, claim_id, attendance_id, activity_id,
    unit_id, project_id, service_date, starts_at, ends_at, grade, idempotency_key, created_by,
    created_by_name, total_after, created_at)
SELECT c.volunteer_id, 'grant', c.minutes, c.id, c.attendance_id, c.activity_id, c.unit_id,
       c.project_id, c.service_date, c.starts_at, c.ends_at, c.grade,
       'grant:' || c.attendance_id || ':' || c.volunteer_id, $3, $4,
       v.service_minutes + sum(c.minutes) OVER (PARTITION BY c.volunteer_id ORDER BY c.id), $5
FROM ledger_claim c
JOIN volunteer v ON v.id = c.volunteer_id
WHERE c.activity_id = $1 AND c.id > $2 AND c.state = 'granted'
ORDER BY c.id;

-- name: ledger_volunteer_total_all
UPDATE volunteer
SET service_minutes = (
    SELECT e.total_after
    FROM ledger_entry e
    WHERE e.volunteer_id = volunteer.id
    ORDER BY e.id DESC
    LIMIT 1)
WHERE id IN (SELECT c.volunteer_id FROM ledger_entry c WHERE c.activity_id = $1 AND c.id > $2);

-- name: ledger_granted_publish_all -- sqlite
INSERT INTO outbox (subject, key, payload, created_at)
SELECT 'ledger.granted', 'activity:' || CAST($1 AS bigint),
       '{"activity_id":' || CAST($1 AS bigint) || ',"kind":"grant","reason":null,"entries":['
       || string_agg('{"entry_id":' || e.id || ',"claim_id":' || e.claim_id || ',"volunteer_id":'
                     || e.volunteer_id || ',"minutes":' || e.minutes || ',"total_after":'
                     || e.total_after || '}', ',')
       || ']}', $3
FROM ledger_entry e
WHERE e.activity_id = $1 AND e.id > $2
HAVING count(*) > 0;
-- name: ledger_granted_publish_all -- postgres
INSERT INTO outbox (subject, key, payload, created_at)
SELECT 'ledger.granted', 'activity:' || CAST($1 AS bigint),
       CAST('{"activity_id":' || CAST($1 AS bigint) || ',"kind":"grant","reason":null,"entries":['
       || string_agg('{"entry_id":' || e.id || ',"claim_id":' || e.claim_id || ',"volunteer_id":'
                     || e.volunteer_id || ',"minutes":' || e.minutes || ',"total_after":'
                     || e.total_after || '}', ',')
       || ']}' AS jsonb), $3
FROM ledger_entry e
WHERE e.activity_id = $1 AND e.id > $2
HAVING count(*) > 0;

-- ---- One claim ----

-- name: ledger_claim_find
SELECT c.id, c.attendance_id, c.activity_id, c.shift_id, c.volunteer_id, c.unit_id,
       u.parent_id AS parent_unit_id, c.project_id, c.service_date, c.starts_at, c.ends_at,
       c.minutes, c.grade, c.state, c.version, h.starts_at AS shift_starts_at,
       h.ends_at AS shift_ends_at, s.recorded_by, c.decided_by
FROM ledger_claim c
JOIN unit u ON u.id = c.unit_id
JOIN shift h ON h.id = c.shift_id
LEFT JOIN settlement s ON s.activity_id = c.activity_id
WHERE c.id = $1
LIMIT 1;

-- name: ledger_claim_overlapping
SELECT c.id
FROM ledger_claim c
WHERE c.volunteer_id = $1 AND c.state = 'granted' AND c.starts_at < $3 AND c.ends_at > $2
  AND c.id <> $4
ORDER BY c.starts_at
LIMIT 1;

-- name: ledger_day_minutes
SELECT CAST(coalesce(sum(c.minutes), 0) AS bigint) AS minutes
FROM ledger_claim c
WHERE c.volunteer_id = $1 AND c.service_date = $2 AND c.state = 'granted' AND c.id <> $3;

-- name: ledger_claim_update
UPDATE ledger_claim
SET state = $3, reason = $4, starts_at = $5, ends_at = $6, minutes = $7, decided_by = $8,
    decided_at = $9, decision_reason = $10, updated_at = $9, version = version + 1
WHERE id = $1 AND version = $2;

-- The grant or regrant that stands, or that was voided last.
-- name: ledger_entry_of_claim
SELECT e.id, e.minutes, e.starts_at, e.ends_at,
       EXISTS (SELECT 1 FROM ledger_entry o WHERE o.voids_entry_id = e.id) AS is_voided
FROM ledger_entry e
WHERE e.claim_id = $1 AND e.kind <> 'void'
ORDER BY e.id DESC
LIMIT 1;

-- name: ledger_entry_insert
INSERT INTO ledger_entry (volunteer_id, kind, minutes, claim_id, attendance_id, activity_id,
    unit_id, project_id, service_date, starts_at, ends_at, grade, voids_entry_id,
    replaces_entry_id, idempotency_key, created_by, created_by_name, reason, total_after,
    created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
RETURNING id;

-- name: ledger_volunteer_total
UPDATE volunteer SET service_minutes = $2 WHERE id = $1;

-- name: ledger_attendance_approve
UPDATE attendance
SET review = 'approved', reviewed_by = $2, reviewed_at = $3, review_reason = $4, updated_at = $3,
    version = version + 1
WHERE id = $1 AND review = 'needed';

-- Claims of one volunteer that stand, for a merge.
-- name: ledger_claim_granted_of
SELECT c.id
FROM ledger_claim c
WHERE c.volunteer_id = $1 AND c.state = 'granted' AND c.id > $2
ORDER BY c.id
LIMIT 200;

-- name: ledger_claim_copy
INSERT INTO ledger_claim (attendance_id, activity_id, shift_id, volunteer_id, unit_id, project_id,
    service_date, starts_at, ends_at, minutes, grade, place, state, reason, level,
    created_at, updated_at)
SELECT c.attendance_id, c.activity_id, c.shift_id, $2, c.unit_id, c.project_id, c.service_date,
       c.starts_at, c.ends_at, c.minutes, c.grade, c.place, 'held', 'overlap', 'unit', $3, $3
FROM ledger_claim c
WHERE c.id = $1
ON CONFLICT (attendance_id, volunteer_id) DO NOTHING
RETURNING id;

-- name: ledger_attendance_voided
SELECT a.id FROM attendance a WHERE a.id = $1 AND a.state = 'voided' LIMIT 1;

-- What has no entries goes along as it is.
-- name: ledger_claim_move
UPDATE ledger_claim
SET volunteer_id = $2, updated_at = $3, version = version + 1
WHERE volunteer_id = $1 AND state IN ('held', 'rejected')
    AND NOT EXISTS (SELECT 1 FROM ledger_claim o
                    WHERE o.volunteer_id = $2 AND o.attendance_id = ledger_claim.attendance_id);

-- name: ledger_dispute_move
UPDATE ledger_dispute
SET state = 'withdrawn', version = version + 1
WHERE volunteer_id = $1 AND state = 'open';

-- ---- Disputes ----

-- name: ledger_dispute_insert
INSERT INTO ledger_dispute (claim_id, volunteer_id, unit_id, state, message, wanted_minutes,
    old_minutes, created_by, created_at)
VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: ledger_dispute_find
SELECT d.id, d.claim_id, d.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name,
       d.unit_id, c.activity_id, coalesce(s.activity_name, a.name) AS activity_name,
       c.service_date, d.state, d.message, d.wanted_minutes, d.old_minutes, d.new_minutes,
       d.decided_by, d.decided_at, d.decision_reason, d.created_at, d.version
FROM ledger_dispute d
JOIN ledger_claim c ON c.id = d.claim_id
JOIN volunteer v ON v.id = d.volunteer_id
JOIN activity a ON a.id = c.activity_id
LEFT JOIN settlement s ON s.activity_id = c.activity_id
WHERE d.id = $1
LIMIT 1;

-- name: ledger_dispute_decide
UPDATE ledger_dispute
SET state = $3, new_minutes = $4, decided_by = $5, decided_at = $6, decision_reason = $7,
    version = version + 1
WHERE id = $1 AND version = $2 AND state = 'open';

-- ---- The clock of the records ----

-- Activities that ended without a settlement to keep their dates.
-- name: settlement_missing
SELECT a.id
FROM activity a
WHERE a.state = 'ended' AND a.id > $1
  AND NOT EXISTS (SELECT 1 FROM settlement s WHERE s.activity_id = a.id)
ORDER BY a.id
LIMIT 200;

-- name: settlement_overdue
SELECT s.activity_id, s.unit_id, s.due_on
FROM settlement s
WHERE s.finished_at IS NULL AND s.due_on < $1 AND s.overdue_at IS NULL AND s.activity_id > $2
ORDER BY s.activity_id
LIMIT 200;

-- name: settlement_mark_overdue
UPDATE settlement SET overdue_at = $2 WHERE activity_id = $1 AND overdue_at IS NULL;

-- name: settlement_waiting
SELECT s.activity_id, s.ended_on
FROM settlement s
WHERE s.finished_at IS NULL AND s.activity_id > $1
ORDER BY s.activity_id
LIMIT 500;

-- name: settlement_set_due
UPDATE settlement
SET due_on = $2, overdue_at = CASE WHEN $2 >= $3 THEN NULL ELSE overdue_at END
WHERE activity_id = $1 AND due_on <> $2;

-- ---- Lists: select, confinement, filters, position, limit ----

-- clause: ledger_records.select
SELECT c.id, c.attendance_id, c.activity_id, coalesce(s.activity_name, a.name) AS activity_name,
       c.shift_id, c.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name,
       c.unit_id, coalesce(s.unit_name, u.name) AS unit_name, c.project_id, c.service_date,
       c.starts_at, c.ends_at, coalesce(c.place, s.place, a.place_name) AS place,
       coalesce(s.content, a.description) AS content,
       coalesce(s.person_in_charge, a.person_in_charge) AS person_in_charge, s.recorder_name,
       s.recorded_by, c.minutes, c.grade, c.state, c.reason, c.level, c.overlaps_claim_id,
       (SELECT t.evidence_file_id FROM attendance t WHERE t.id = c.attendance_id)
           AS evidence_file_id,
       c.decided_by, c.decided_at, c.decision_reason, c.created_at, c.updated_at, c.version
FROM ledger_claim c
CROSS JOIN activity a
CROSS JOIN volunteer v
CROSS JOIN unit u
LEFT JOIN settlement s ON s.activity_id = c.activity_id
WHERE a.id = c.activity_id AND v.id = c.volunteer_id AND u.id = c.unit_id

-- clause: ledger_records.count -- scan
SELECT count(*) AS total FROM (
    SELECT 1 AS one
    FROM ledger_claim c
    WHERE c.id > 0

-- clause: ledger_records.count_end
    LIMIT 10000) counted

-- clause: ledger_records.one
AND c.id = $1
-- clause: ledger_records.below
AND c.id < CAST($1 AS bigint)
-- clause: ledger_records.of_volunteer
AND c.volunteer_id = CAST($1 AS bigint)
-- clause: ledger_records.of_activity
AND c.activity_id = CAST($1 AS bigint)
-- clause: ledger_records.of_unit -- scan
AND c.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)
-- clause: ledger_records.held
AND c.state = 'held'
-- clause: ledger_records.in_state -- scan
AND c.state = $1
-- clause: ledger_records.of_grade -- scan
AND c.grade = $1
-- clause: ledger_records.of_level -- scan
AND c.level = $1
-- clause: ledger_records.of_reason -- scan
AND c.reason = $1
-- clause: ledger_records.confined -- sqlite scan
AND +c.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
-- clause: ledger_records.confined -- postgres scan
AND c.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
-- clause: ledger_records.page
ORDER BY c.id DESC
LIMIT CAST($1 AS bigint)

-- clause: ledger_entries.select
SELECT c.id, c.volunteer_id, v.name AS volunteer_name, c.kind, c.minutes, c.claim_id,
       c.attendance_id, c.activity_id, a.name AS activity_name, c.unit_id, c.project_id,
       c.service_date, c.starts_at, c.ends_at, c.grade, c.voids_entry_id, c.replaces_entry_id,
       c.created_by, c.created_by_name, c.reason, c.total_after, c.created_at
FROM ledger_entry c
CROSS JOIN volunteer v
CROSS JOIN activity a
WHERE v.id = c.volunteer_id AND a.id = c.activity_id
-- clause: ledger_entries.count -- scan
SELECT count(*) AS total FROM (
    SELECT 1 AS one
    FROM ledger_entry c
    WHERE c.id > 0
-- clause: ledger_entries.of_claim
AND c.claim_id = CAST($1 AS bigint)

-- clause: ledger_disputes.select
SELECT c.id, c.claim_id, c.volunteer_id, v.number AS volunteer_number, v.name AS volunteer_name,
       c.unit_id, k.activity_id, coalesce(s.activity_name, a.name) AS activity_name,
       k.service_date, c.state, c.message, c.wanted_minutes, c.old_minutes, c.new_minutes,
       c.decided_by, c.decided_at, c.decision_reason, c.created_at, c.version
FROM ledger_dispute c
CROSS JOIN ledger_claim k
CROSS JOIN volunteer v
CROSS JOIN activity a
LEFT JOIN settlement s ON s.activity_id = k.activity_id
WHERE k.id = c.claim_id AND v.id = c.volunteer_id AND a.id = k.activity_id
-- clause: ledger_disputes.count -- scan
SELECT count(*) AS total FROM (
    SELECT 1 AS one
    FROM ledger_dispute c
    WHERE c.id > 0
-- clause: ledger_disputes.open
AND c.state = 'open'

-- clause: settlement_rows.select
SELECT c.activity_id, coalesce(c.activity_name, a.name) AS activity_name,
       a.state AS activity_state, c.unit_id, u.name AS unit_name, c.ended_on, c.due_on,
       c.settled_at, c.finished_at, c.held,
       coalesce(c.person_in_charge, a.person_in_charge) AS person_in_charge, c.recorder_name,
       a.name, a.description, a.place_name, a.is_volunteer_service, a.ends_at,
       EXISTS (SELECT 1 FROM attendance p WHERE p.activity_id = a.id AND p.state = 'present')
           AS has_open
FROM settlement c
CROSS JOIN activity a
CROSS JOIN unit u
WHERE a.id = c.activity_id AND u.id = c.unit_id
-- clause: settlement_rows.count -- scan
SELECT count(*) AS total FROM (
    SELECT 1 AS one
    FROM settlement c
    WHERE c.activity_id > 0
-- clause: settlement_rows.unfinished
AND c.finished_at IS NULL
-- clause: settlement_rows.overdue
AND c.finished_at IS NULL AND c.due_on < $1
-- clause: settlement_rows.below
AND c.activity_id < CAST($1 AS bigint)
-- clause: settlement_rows.page
ORDER BY c.activity_id DESC
LIMIT CAST($1 AS bigint)

-- ---- Totals ----

-- clause: ledger_totals.sum -- scan
SELECT CAST(coalesce(sum(c.minutes), 0) AS bigint) AS minutes,
       count(DISTINCT c.volunteer_id) AS volunteers, count(DISTINCT c.claim_id) AS records
FROM ledger_entry c
WHERE c.id > 0
-- clause: ledger_totals.by_unit -- scan
SELECT c.unit_id AS id, min(g.name) AS name, CAST(sum(c.minutes) AS bigint) AS minutes,
       count(DISTINCT c.volunteer_id) AS volunteers, count(DISTINCT c.claim_id) AS records
FROM ledger_entry c
JOIN unit g ON g.id = c.unit_id
WHERE c.id > 0
-- clause: ledger_totals.by_project -- scan
SELECT c.project_id AS id, min(g.name) AS name, CAST(sum(c.minutes) AS bigint) AS minutes,
       count(DISTINCT c.volunteer_id) AS volunteers, count(DISTINCT c.claim_id) AS records
FROM ledger_entry c
JOIN project g ON g.id = c.project_id
WHERE c.id > 0
-- clause: ledger_totals.by_volunteer -- scan
SELECT c.volunteer_id AS id, min(g.name) AS name, CAST(sum(c.minutes) AS bigint) AS minutes,
       count(DISTINCT c.volunteer_id) AS volunteers, count(DISTINCT c.claim_id) AS records
FROM ledger_entry c
JOIN volunteer g ON g.id = c.volunteer_id
WHERE c.id > 0
-- clause: ledger_totals.of_project -- scan
AND c.project_id = CAST($1 AS bigint)
-- clause: ledger_totals.from
AND c.service_date >= $1
-- clause: ledger_totals.to
AND c.service_date <= $1
-- clause: ledger_totals.as_of
AND c.created_at <= $1
-- clause: ledger_totals.unit_page
AND c.unit_id > CAST($1 AS bigint) GROUP BY c.unit_id ORDER BY c.unit_id LIMIT CAST($2 AS bigint)
-- clause: ledger_totals.project_page
AND c.project_id > CAST($1 AS bigint)
GROUP BY c.project_id ORDER BY c.project_id LIMIT CAST($2 AS bigint)
-- clause: ledger_totals.volunteer_page
AND c.volunteer_id > CAST($1 AS bigint)
GROUP BY c.volunteer_id ORDER BY c.volunteer_id LIMIT CAST($2 AS bigint)

-- ---- Proving: volunteers with $1 < id <= $2 ----

-- name: ledger_verify_next
SELECT count(*) AS volunteers, coalesce(max(t.id), 0) AS last
FROM (SELECT v.id FROM volunteer v WHERE v.id > $1 ORDER BY v.id LIMIT $2) t;

-- name: ledger_verify_count -- scan
SELECT count(*) AS entries
FROM ledger_entry e
WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2;

-- name: ledger_verify_total -- scan
SELECT v.id, v.service_minutes AS has, coalesce(t.minutes, 0) AS expected
FROM volunteer v
LEFT JOIN (
    SELECT e.volunteer_id, CAST(sum(e.minutes) AS bigint) AS minutes
    FROM ledger_entry e
    WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2
    GROUP BY e.volunteer_id) t ON t.volunteer_id = v.id
WHERE v.id > $1 AND v.id <= $2 AND v.service_minutes <> coalesce(t.minutes, 0)
ORDER BY v.id
LIMIT 100;

-- name: ledger_verify_running -- scan
SELECT t.id, t.total_after AS has, t.running AS expected
FROM (
    SELECT e.id, e.total_after,
           CAST(sum(e.minutes) OVER (PARTITION BY e.volunteer_id ORDER BY e.id) AS bigint)
               AS running
    FROM ledger_entry e
    WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2) t
WHERE t.running <> t.total_after
ORDER BY t.id
LIMIT 100;

-- name: ledger_verify_overlap -- scan
SELECT t.id, t.other AS has, t.volunteer_id AS expected
FROM (
    SELECT e.id, e.volunteer_id, e.starts_at,
           lag(e.id) OVER (PARTITION BY e.volunteer_id ORDER BY e.starts_at, e.id) AS other,
           max(e.ends_at) OVER (PARTITION BY e.volunteer_id ORDER BY e.starts_at, e.id
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
    FROM ledger_entry e
    WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2 AND e.kind <> 'void'
      AND NOT EXISTS (SELECT 1 FROM ledger_entry o WHERE o.voids_entry_id = e.id)) t
WHERE t.starts_at < t.until
ORDER BY t.id
LIMIT 100;

-- name: ledger_verify_attendance -- scan
SELECT e.id, e.attendance_id AS has, e.claim_id AS expected
FROM ledger_entry e
JOIN ledger_claim c ON c.id = e.claim_id
LEFT JOIN attendance a ON a.id = e.attendance_id
WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2 AND e.kind <> 'void'
  AND (a.id IS NULL OR c.attendance_id <> e.attendance_id OR c.volunteer_id <> e.volunteer_id
       OR (a.grade = 'D' AND a.review <> 'approved' AND c.decided_by IS NULL)
       OR (c.state = 'granted' AND a.state <> 'completed'))
ORDER BY e.id
LIMIT 100;

-- name: ledger_verify_void -- scan
SELECT e.id, e.minutes AS has, -o.minutes AS expected
FROM ledger_entry e
JOIN ledger_entry o ON o.id = e.voids_entry_id
WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2
  AND (e.minutes <> -o.minutes OR e.volunteer_id <> o.volunteer_id OR e.claim_id <> o.claim_id
       OR o.kind = 'void')
ORDER BY e.id
LIMIT 100;

-- name: ledger_verify_claim -- scan
SELECT c.id, CASE WHEN c.state = 'granted' THEN c.minutes ELSE 0 END AS has,
       coalesce(t.minutes, 0) AS expected
FROM ledger_claim c
LEFT JOIN (
    SELECT e.claim_id, CAST(sum(e.minutes) AS bigint) AS minutes
    FROM ledger_entry e
    WHERE e.volunteer_id > $1 AND e.volunteer_id <= $2
    GROUP BY e.claim_id) t ON t.claim_id = c.id
WHERE c.volunteer_id > $1 AND c.volunteer_id <= $2
  AND CASE WHEN c.state = 'granted' THEN c.minutes ELSE 0 END <> coalesce(t.minutes, 0)
ORDER BY c.id
LIMIT 100;

-- ---- The demonstration ----

-- name: ledger_demo_recorder
SELECT t.id, t.display_name
FROM account t
WHERE lower(t.username) = 'recorder'
LIMIT 1;

-- name: ledger_demo_ended
SELECT a.id, a.ends_at
FROM activity a
WHERE a.state = 'ended' AND a.ends_at <= $1
ORDER BY a.ends_at, a.id
LIMIT 100;

-- name: ledger_demo_claim
SELECT c.id, c.volunteer_id, c.minutes + 10 AS minutes
FROM ledger_claim c
JOIN account t ON t.volunteer_id = c.volunteer_id
WHERE c.state = 'granted'
ORDER BY c.id DESC
LIMIT 1;
