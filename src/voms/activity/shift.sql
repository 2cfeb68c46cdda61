-- Positions, shifts and their places.

-- ---- Positions ----

-- name: position_find
SELECT p.id, p.activity_id, p.name, p.description, p.needed, p.required_skills, p.minimum_age,
       p.maximum_age, p.gender, p.removed_at, p.created_at, p.updated_at, p.version
FROM activity_position p
WHERE p.id = $1
LIMIT 1;

-- name: position_list
SELECT p.id, p.activity_id, p.name, p.description, p.needed, p.required_skills, p.minimum_age,
       p.maximum_age, p.gender, p.removed_at, p.created_at, p.updated_at, p.version
FROM activity_position p
WHERE p.activity_id = $1 AND p.removed_at IS NULL
ORDER BY p.id
LIMIT $2;

-- name: position_insert
INSERT INTO activity_position (activity_id, name, description, needed, required_skills,
    minimum_age, maximum_age, gender, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
RETURNING id;

-- name: position_update
UPDATE activity_position
SET name = $3, description = $4, needed = $5, required_skills = $6, minimum_age = $7,
    maximum_age = $8, gender = $9, updated_at = $10, version = version + 1
WHERE id = $1 AND version = $2;

-- name: position_remove
UPDATE activity_position
SET removed_at = $2, updated_at = $2, version = version + 1
WHERE id = $1 AND removed_at IS NULL;

-- Places in the shifts that are not over.
-- name: position_add_places
INSERT INTO shift_place (shift_id, position_id, needed)
SELECT s.id, CAST($2 AS bigint), CAST($3 AS bigint)
FROM shift s
WHERE s.activity_id = $1 AND s.state = 'planned' AND s.ends_at > $4
ON CONFLICT DO NOTHING;

-- name: position_places_above
SELECT c.shift_id, c.taken
FROM shift_place c
JOIN shift s ON s.id = c.shift_id
WHERE c.position_id = $1 AND s.state = 'planned' AND s.ends_at > $3 AND NOT c.overridden
    AND c.taken > $2
ORDER BY c.taken DESC
LIMIT 1;

-- name: position_follow_places
UPDATE shift_place
SET needed = $2
WHERE position_id = $1 AND NOT overridden AND needed <> $2 AND taken <= $2
    AND shift_id IN (SELECT s.id FROM shift s
                     WHERE s.activity_id = $4 AND s.state = 'planned' AND s.ends_at > $3);

-- The shifts whose places follow the position.
-- name: position_following_shifts
SELECT c.shift_id
FROM shift_place c
JOIN shift s ON s.id = c.shift_id
WHERE c.position_id = $1 AND NOT c.overridden AND s.state = 'planned' AND s.ends_at > $2
ORDER BY c.shift_id
LIMIT 2000;

-- name: position_in_use
SELECT c.shift_id
FROM shift_place c
JOIN shift s ON s.id = c.shift_id
WHERE c.position_id = $1 AND s.state = 'planned' AND c.taken + c.waiting + c.pending > 0
LIMIT 1;

-- name: position_delete_places
DELETE FROM shift_place
WHERE position_id = $1 AND last_sequence = 0 AND taken + waiting + pending = 0;

-- ---- Shifts ----

-- text: shift_row
SELECT s.id, s.activity_id, s.batch_id, s.starts_at, s.ends_at, s.state, s.cancel_reason,
       s.place_name, s.address,
       CASE WHEN s.latitude IS NOT NULL AND s.longitude IS NOT NULL
            THEN '{"latitude":' || CAST(s.latitude AS text) || ',"longitude":'
                 || CAST(s.longitude AS text) || '}' END AS point,
       s.radius_m, s.note,
       (SELECT '[' || string_agg('{"position_id":' || CAST(c.position_id AS text)
                                 || ',"needed":' || CAST(c.needed AS text)
                                 || ',"taken":' || CAST(c.taken AS text)
                                 || ',"waiting":' || CAST(c.waiting AS text)
                                 || ',"pending":' || CAST(c.pending AS text)
                                 || ',"overridden":' || CASE WHEN c.overridden THEN 'true' ELSE 'false' END
                                 || '}', ',') || ']'
        FROM (SELECT d.position_id, d.needed, d.taken, d.waiting, d.pending, d.overridden
              FROM shift_place d
              WHERE d.shift_id = s.id
              ORDER BY d.position_id) c) AS places,
       s.created_at, s.updated_at, s.version
FROM shift s

-- name: shift_find
-- use: shift_row
WHERE s.id = $1
LIMIT 1;

-- name: shift_insert
INSERT INTO shift (activity_id, batch_id, starts_at, ends_at, state, place_name, address, latitude,
    longitude, radius_m, note, created_at, updated_at)
VALUES ($1, $2, $3, $4, 'planned', $5, $6, $7, $8, $9, $10, $11, $11)
RETURNING id;

-- name: shift_times
SELECT s.starts_at, s.ends_at
FROM shift s
WHERE s.activity_id = $1 AND s.state = 'planned'
ORDER BY s.starts_at, s.id
LIMIT $2;

-- name: shift_count
SELECT count(*) AS total
FROM shift s
WHERE s.activity_id = $1;

-- Every position has a place in a new shift.
-- name: shift_add_places
INSERT INTO shift_place (shift_id, position_id, needed)
SELECT CAST($1 AS bigint), p.id, p.needed
FROM activity_position p
WHERE p.activity_id = $2 AND p.removed_at IS NULL;

-- name: shift_place_set
UPDATE shift_place
SET needed = $3, overridden = true
WHERE shift_id = $1 AND position_id = $2 AND taken <= $3;

-- name: shift_place_find
SELECT c.needed, c.taken, c.waiting, c.pending, c.overridden
FROM shift_place c
WHERE c.shift_id = $1 AND c.position_id = $2
LIMIT 1;

-- name: shift_update
UPDATE shift
SET starts_at = $3, ends_at = $4, place_name = $5, address = $6, latitude = $7, longitude = $8,
    radius_m = $9, note = $10, updated_at = $11, version = version + 1
WHERE id = $1 AND version = $2;

-- name: shift_cancel
UPDATE shift
SET state = 'cancelled', cancel_reason = $2, updated_at = $3, version = version + 1
WHERE id = $1 AND state = 'planned';

-- name: shift_cancel_all
UPDATE shift
SET state = 'cancelled', cancel_reason = $2, updated_at = $3, version = version + 1
WHERE activity_id = $1 AND state = 'planned' AND ends_at > $3;

-- clause: shift_rows.select
-- use: shift_row
WHERE s.activity_id = $1

-- clause: shift_rows.from
AND s.ends_at > $1
-- clause: shift_rows.to
AND s.starts_at < $1
-- clause: shift_rows.in_state
AND s.state = $1
-- clause: shift_rows.of_batch
AND s.batch_id = $1
-- clause: shift_rows.of_copy
AND (s.state = 'planned' OR s.cancel_reason = $1)
-- clause: shift_rows.after
AND (s.starts_at > $1 OR (s.starts_at = $1 AND s.id > CAST($2 AS bigint)))
-- clause: shift_rows.order
ORDER BY s.starts_at, s.id
LIMIT CAST($1 AS bigint)

-- ---- The shifts of all activities by time ----

-- A position's name holds no control characters, so two characters are all that JSON wants escaped.
-- clause: shift_agenda.select
SELECT s.id, s.activity_id, a.name AS activity_name, a.state AS activity_state, a.unit_id,
       u.name AS unit_name, a.time_zone, s.starts_at, s.ends_at, s.state,
       COALESCE(s.place_name, a.place_name) AS place_name,
       CAST((SELECT COALESCE(SUM(c.needed), 0) FROM shift_place c WHERE c.shift_id = s.id) AS bigint) AS needed,
       CAST((SELECT COALESCE(SUM(c.taken), 0) FROM shift_place c WHERE c.shift_id = s.id) AS bigint) AS taken,
       CAST((SELECT COALESCE(SUM(c.waiting), 0) FROM shift_place c WHERE c.shift_id = s.id) AS bigint) AS waiting,
       CAST((SELECT COALESCE(SUM(c.pending), 0) FROM shift_place c WHERE c.shift_id = s.id) AS bigint) AS pending,
       (SELECT '[' || string_agg('{"position_id":' || CAST(c.position_id AS text)
                                 || ',"position_name":"'
                                 || replace(replace(c.name, '\', '\\'), '"', '\"')
                                 || '","needed":' || CAST(c.needed AS text)
                                 || ',"taken":' || CAST(c.taken AS text)
                                 || ',"waiting":' || CAST(c.waiting AS text)
                                 || ',"pending":' || CAST(c.pending AS text)
                                 || '}', ',') || ']'
        FROM (SELECT d.position_id, p.name, d.needed, d.taken, d.waiting, d.pending
              FROM shift_place d
              JOIN activity_position p ON p.id = d.position_id
              WHERE d.shift_id = s.id
              ORDER BY d.position_id) c) AS places
FROM shift s
JOIN activity a ON a.id = s.activity_id
JOIN unit u ON u.id = a.unit_id
WHERE s.starts_at >= $1 AND s.ends_at > $2 AND s.starts_at < $3

-- clause: shift_agenda.at_desk
AND s.state = 'planned' AND a.state IN ('published', 'in_progress', 'ended')
-- clause: shift_agenda.of_unit -- scan
AND a.unit_id IN (SELECT n.unit_id FROM unit_ancestor n WHERE n.ancestor_id = $1)
-- clause: shift_agenda.of_activity
AND s.activity_id = $1
-- clause: shift_agenda.in_state
AND s.state = $1
-- clause: shift_agenda.of_activity_state
AND a.state = $1
-- clause: shift_agenda.after
AND (s.starts_at > $1 OR (s.starts_at = $1 AND s.id > CAST($2 AS bigint)))
-- clause: shift_agenda.order
ORDER BY s.starts_at, s.id
LIMIT CAST($1 AS bigint)

-- ---- Batches ----

-- name: shift_batch_find
SELECT b.id, b.activity_id, b.shift_count, b.created_at, b.undone_at
FROM shift_batch b
WHERE b.id = $1
LIMIT 1;

-- name: shift_batch_insert
INSERT INTO shift_batch (activity_id, kind, request, shift_count, created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id;

-- How many of its shifts are copied with it.
-- name: shift_batch_to_copy
SELECT b.kind,
       (SELECT count(*) FROM shift s
        WHERE s.batch_id = $1 AND (s.state = 'planned' OR s.cancel_reason = $2)) AS shift_count
FROM shift_batch b
WHERE b.id = $1
LIMIT 1;

-- name: shift_batch_delete_places
DELETE FROM shift_place
WHERE shift_id IN (SELECT s.id FROM shift s WHERE s.batch_id = $1)
    AND NOT EXISTS (SELECT 1 FROM shift_place c
                    WHERE c.shift_id = shift_place.shift_id
                        AND (c.last_sequence > 0 OR c.taken + c.waiting + c.pending > 0));

-- Those without places: nobody ever signed up for them.
-- name: shift_batch_delete_shifts
DELETE FROM shift
WHERE batch_id = $1 AND NOT EXISTS (SELECT 1 FROM shift_place c WHERE c.shift_id = shift.id);

-- name: shift_batch_rest
SELECT s.id
FROM shift s
WHERE s.batch_id = $1 AND s.state = 'planned' AND s.ends_at > $2
ORDER BY s.id
LIMIT 400;

-- name: shift_batch_undo
UPDATE shift_batch SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL;
