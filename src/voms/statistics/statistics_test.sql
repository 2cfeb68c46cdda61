-- Changes behind the events' back.

-- name: statistics_test_volunteer
UPDATE volunteer
SET unit_id = $2, state = $3
WHERE id = $1;

-- name: statistics_test_activity
UPDATE activity
SET state = $2, published_at = $3
WHERE id = $1;

-- name: statistics_test_insert_activity
INSERT INTO activity (id, unit_id, recording_unit_id, state, state_changed_at, name, category,
    description, place_name, radius_m, is_volunteer_service, visibility,
    time_zone, cancel_deadline_minutes, approval, waitlist, offer_minutes, starts_at, ends_at,
    published_at, created_at, updated_at)
VALUES ($1, $2, $2, 'published', $3, 'Clean-up', 'environment', 'Cleaning', 'River park',
    200, true, 'public', 'Asia/Shanghai', 1440, 'automatic', 'promote', 60, $3, $4, $3, $3, $3);

-- name: statistics_test_insert_shift
INSERT INTO shift (id, activity_id, starts_at, ends_at, state, created_at, updated_at)
VALUES ($1, $1, $2, $3, 'planned', $2, $2);

-- name: statistics_test_attend
INSERT INTO attendance (activity_id, shift_id, volunteer_id, state, review, created_at, updated_at)
VALUES ($1, $1, $2, $3, 'none', $4, $4)
ON CONFLICT DO NOTHING;

-- name: statistics_test_void
UPDATE attendance
SET state = 'voided'
WHERE activity_id = $1 AND volunteer_id = $2;

-- name: statistics_test_orphan
INSERT INTO statistics_activity (activity_id, unit_id, month, places)
VALUES ($1, 1, 202601, 5);

-- name: statistics_test_tamper
UPDATE statistics_total
SET attended = attended + 3
WHERE unit_id = $1;

-- name: statistics_test_delete_unit
DELETE FROM unit
WHERE id = $1;
