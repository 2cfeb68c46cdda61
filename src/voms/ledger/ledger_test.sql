-- Things to settle: what other concepts write.

-- name: ledger_test_activity
INSERT INTO activity (id, unit_id, recording_unit_id, state, state_changed_at, name, category,
    description, place_name, radius_m, person_in_charge, is_volunteer_service, visibility,
    time_zone, cancel_deadline_minutes, approval, waitlist, offer_minutes, starts_at, ends_at,
    created_at, updated_at)
VALUES ($1, $2, $2, $3, $4, 'Clean-up', 'environment', 'Cleaning the river bank', 'River park',
    200, $6, $7, 'public', 'Asia/Shanghai', 1440, 'automatic', 'promote', 60, $4, $5, $4, $4);

-- name: ledger_test_shift
INSERT INTO shift (id, activity_id, starts_at, ends_at, state, created_at, updated_at)
VALUES ($1, $2, $3, $4, 'planned', $3, $3);

-- name: ledger_test_attendance
INSERT INTO attendance (activity_id, shift_id, volunteer_id, state, grade, check_in_at,
    check_in_method, check_out_at, check_out_method, review, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $6, $6)
ON CONFLICT DO NOTHING;

-- name: ledger_test_claim
SELECT c.id, c.state, c.reason, c.level, c.minutes
FROM ledger_claim c
WHERE c.activity_id = $1 AND c.volunteer_id = $2
ORDER BY c.id DESC
LIMIT 1;

-- name: ledger_test_claims
SELECT c.id FROM ledger_claim c ORDER BY c.id LIMIT 1000;

-- name: ledger_test_disputes
SELECT d.id FROM ledger_dispute d WHERE d.state = 'open' ORDER BY d.id LIMIT 1000;

-- name: ledger_test_total
SELECT v.service_minutes FROM volunteer v WHERE v.id = $1;

-- name: ledger_test_messages
SELECT count(*) AS messages FROM outbox o WHERE o.subject = $1;

-- name: ledger_test_tamper
UPDATE ledger_entry SET minutes = minutes + 1 WHERE id > 0;

-- name: ledger_test_break_total
UPDATE volunteer SET service_minutes = service_minutes + 1 WHERE id = $1;
