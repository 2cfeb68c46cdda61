-- Activities, shifts and sign-ups to test attendances with.

-- name: test_activity_insert
INSERT INTO activity (unit_id, recording_unit_id, state, state_changed_at, name, category,
    description, place_name, latitude, longitude, radius_m, is_volunteer_service, visibility,
    time_zone, cancel_deadline_minutes, approval, waitlist, offer_minutes, created_at, updated_at)
VALUES ($1, $1, 'published', $2, '护河', 'environment', '-', '南湖', 30.5, 114.3, 200, $3, 'public',
    'Asia/Shanghai', 0, 'automatic', 'promote', 60, $2, $2)
RETURNING id;

-- name: test_position_insert
INSERT INTO activity_position (activity_id, name, needed, required_skills, created_at, updated_at)
VALUES ($1, '引导', 5, '[]', $2, $2)
RETURNING id;

-- name: test_shift_insert
INSERT INTO shift (activity_id, starts_at, ends_at, state, created_at, updated_at)
VALUES ($1, $2, $3, 'planned', $4, $4)
RETURNING id;

-- name: test_place_insert
INSERT INTO shift_place (shift_id, position_id, needed) VALUES ($1, $2, 5);

-- name: test_signup_insert
INSERT INTO signup (activity_id, shift_id, position_id, volunteer_id, state, sequence, starts_at,
    ends_at, by_staff, created_at, updated_at)
SELECT s.activity_id, s.id, p.position_id, $2, 'approved', 1, s.starts_at, s.ends_at, $3, $4, $4
FROM shift s
JOIN shift_place p ON p.shift_id = s.id
WHERE s.id = $1
RETURNING id;

-- name: test_place_take
UPDATE shift_place SET taken = taken + 1 WHERE shift_id = $1;

-- name: test_place_taken
SELECT taken FROM shift_place WHERE shift_id = $1 LIMIT 1;

-- name: test_signup_state
SELECT state FROM signup WHERE id = $1 LIMIT 1;

-- name: test_count_messages
SELECT count(*) AS total FROM outbox WHERE subject = $1;

-- name: test_file_insert
INSERT INTO stored_file (name, content_type, size_bytes, sha256, created_at)
VALUES ($1, 'image/png', 17, 'x', $2)
RETURNING id;
