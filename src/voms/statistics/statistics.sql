-- Totals by unit, with all below it, and month, and what each activity and volunteer gives to them.
-- Month 0 is the present. A range of ids is $1 < id <= $2.

-- ---- Marks ----

-- name: statistics_mark
INSERT INTO statistics_due (kind, id)
VALUES ($1, $2)
ON CONFLICT DO NOTHING;

-- name: statistics_mark_volunteers
INSERT INTO statistics_due (kind, id)
SELECT 'volunteer', v.id
FROM volunteer v
WHERE v.id >= $1 AND v.id <= $2
ON CONFLICT DO NOTHING;

-- name: statistics_due_list
SELECT d.id
FROM statistics_due d
WHERE d.kind = $1
ORDER BY d.id
LIMIT $2;

-- Is there anything to do, with the organisation's time zone $1?
-- name: statistics_due
SELECT EXISTS (SELECT 1 FROM statistics_due d)
    OR EXISTS (SELECT 1 FROM statistics_state s WHERE s.phase <> 'none' OR s.time_zone <> $1) AS due;

-- Before what is marked is read: who marks it later finds no mark and leaves one.
-- name: statistics_unmark_volunteer
DELETE FROM statistics_due
WHERE kind = 'volunteer' AND id > $1 AND id <= $2;

-- name: statistics_unmark_activity
DELETE FROM statistics_due
WHERE kind = 'activity' AND id > $1 AND id <= $2;

-- The tree has changed.
-- name: statistics_unmark_tree
DELETE FROM statistics_due
WHERE kind = 'tree' AND id = 0;

-- Messages of ours that no handler has taken yet.
-- name: statistics_waiting -- scan
SELECT (SELECT count(*) FROM delivery d WHERE d.consumer LIKE 'statistics-%')
     + (SELECT count(*) FROM outbox o WHERE o.relayed_at IS NULL) AS messages;

-- ---- State ----

-- Whoever changes totals queues here.
-- name: statistics_lock
UPDATE statistics_state
SET refreshed_at = $1
WHERE id = 1
RETURNING time_zone, phase, after_id;

-- name: statistics_state_find
SELECT s.time_zone, s.phase <> 'none' AS is_rebuilding,
       (SELECT u.name FROM unit u WHERE u.id = $1) AS unit_name
FROM statistics_state s
WHERE s.id = 1;

-- name: statistics_set_phase
UPDATE statistics_state
SET phase = $1, after_id = $2
WHERE id = 1;

-- name: statistics_set_zone
UPDATE statistics_state
SET time_zone = $1, phase = 'volunteer', after_id = 0
WHERE id = 1;

-- name: statistics_calendar_clear
DELETE FROM statistics_calendar
WHERE month > 0;

-- name: statistics_calendar_insert
INSERT INTO statistics_calendar (month, starts_at, first_day)
VALUES ($1, $2, $3);

-- ---- Ranges of ids ----

-- name: statistics_next_volunteer
SELECT count(*) AS count, coalesce(max(t.id), 0) AS last
FROM (SELECT v.id FROM volunteer v WHERE v.id > $1 ORDER BY v.id LIMIT $2) t;

-- name: statistics_next_activity
SELECT count(*) AS count, coalesce(max(t.id), 0) AS last
FROM (SELECT a.id FROM activity a WHERE a.id > $1 ORDER BY a.id LIMIT $2) t;

-- ---- Volunteers ----

-- Adds what these give to the totals, $3 times.
-- name: statistics_total_add_volunteer -- scan
INSERT INTO statistics_total (unit_id, month, active, inactive, suspended, applicants, joined)
SELECT b.ancestor_id, x.month,
       CAST(sum(CASE WHEN x.what = 'active' THEN x.n ELSE 0 END) * CAST($3 AS bigint) AS bigint),
       CAST(sum(CASE WHEN x.what = 'inactive' THEN x.n ELSE 0 END) * CAST($3 AS bigint) AS bigint),
       CAST(sum(CASE WHEN x.what = 'suspended' THEN x.n ELSE 0 END) * CAST($3 AS bigint) AS bigint),
       CAST(sum(CASE WHEN x.what = 'applicant' THEN x.n ELSE 0 END) * CAST($3 AS bigint) AS bigint),
       CAST(sum(CASE WHEN x.what = 'joined' THEN x.n ELSE 0 END) * CAST($3 AS bigint) AS bigint)
FROM (
    SELECT t.unit_id, 0 AS month, t.state AS what, count(*) AS n
    FROM statistics_volunteer t
    WHERE t.volunteer_id > $1 AND t.volunteer_id <= $2 AND t.state <> 'archived'
    GROUP BY t.unit_id, t.state
    UNION ALL
    SELECT t.unit_id, t.month, 'joined', count(*)
    FROM statistics_volunteer t
    WHERE t.volunteer_id > $1 AND t.volunteer_id <= $2 AND t.state <> 'applicant'
    GROUP BY t.unit_id, t.month
) x
JOIN unit_ancestor b ON b.unit_id = x.unit_id
WHERE true
GROUP BY b.ancestor_id, x.month
ON CONFLICT (unit_id, month) DO UPDATE SET
    active = statistics_total.active + excluded.active,
    inactive = statistics_total.inactive + excluded.inactive,
    suspended = statistics_total.suspended + excluded.suspended,
    applicants = statistics_total.applicants + excluded.applicants,
    joined = statistics_total.joined + excluded.joined;

-- name: statistics_volunteer_clear -- scan
DELETE FROM statistics_volunteer
WHERE volunteer_id > $1 AND volunteer_id <= $2;

-- name: statistics_volunteer_fill -- scan
INSERT INTO statistics_volunteer (volunteer_id, unit_id, month, state)
SELECT v.id, v.unit_id,
       COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= v.created_at
                 ORDER BY c.starts_at DESC LIMIT 1), 197101),
       v.state
FROM volunteer v
WHERE v.id > $1 AND v.id <= $2 AND v.merged_into IS NULL AND NOT v.rejected;

-- What is stored of whom, and should be.
-- name: statistics_volunteer_verify -- scan
SELECT y.volunteer_id AS id, min(y.unit_id) AS unit_id, min(y.month) AS month, sum(y.n) AS volunteers
FROM (
    SELECT v.id AS volunteer_id, v.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= v.created_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101) AS month,
           v.state, 1 AS n
    FROM volunteer v
    WHERE v.id > $1 AND v.id <= $2 AND v.merged_into IS NULL AND NOT v.rejected
    UNION ALL
    SELECT t.volunteer_id, t.unit_id, t.month, t.state, -1
    FROM statistics_volunteer t
    WHERE t.volunteer_id > $1 AND t.volunteer_id <= $2
) y
GROUP BY y.volunteer_id, y.unit_id, y.month, y.state
HAVING sum(y.n) <> 0
ORDER BY y.volunteer_id
LIMIT 100;

-- ---- Activities ----

-- Adds what these give to the totals, $3 times.
-- name: statistics_total_add_activity -- scan
INSERT INTO statistics_total (
    unit_id, month, published, in_progress, ended, activities, cancelled, shifts, places, taken, attended, absent,
    minutes)
SELECT b.ancestor_id, x.month,
       CAST(sum(x.published) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.in_progress) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.ended) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.activities) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.cancelled) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.shifts) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.places) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.taken) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.attended) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.absent) * CAST($3 AS bigint) AS bigint),
       CAST(sum(x.minutes) * CAST($3 AS bigint) AS bigint)
FROM (
    SELECT t.unit_id, t.month, CAST(sum(t.published) AS bigint) AS published,
           CAST(sum(t.in_progress) AS bigint) AS in_progress,
           CAST(sum(t.ended) AS bigint) AS ended,
           CAST(sum(t.activities) AS bigint) AS activities,
           CAST(sum(t.cancelled) AS bigint) AS cancelled,
           CAST(sum(t.shifts) AS bigint) AS shifts,
           CAST(sum(t.places) AS bigint) AS places,
           CAST(sum(t.taken) AS bigint) AS taken,
           CAST(sum(t.attended) AS bigint) AS attended,
           CAST(sum(t.absent) AS bigint) AS absent,
           CAST(sum(t.minutes) AS bigint) AS minutes
    FROM statistics_activity t
    WHERE t.activity_id > $1 AND t.activity_id <= $2
    GROUP BY t.unit_id, t.month
) x
JOIN unit_ancestor b ON b.unit_id = x.unit_id
WHERE true
GROUP BY b.ancestor_id, x.month
ON CONFLICT (unit_id, month) DO UPDATE SET
    published = statistics_total.published + excluded.published,
    in_progress = statistics_total.in_progress + excluded.in_progress,
    ended = statistics_total.ended + excluded.ended,
    activities = statistics_total.activities + excluded.activities,
    cancelled = statistics_total.cancelled + excluded.cancelled,
    shifts = statistics_total.shifts + excluded.shifts,
    places = statistics_total.places + excluded.places,
    taken = statistics_total.taken + excluded.taken,
    attended = statistics_total.attended + excluded.attended,
    absent = statistics_total.absent + excluded.absent,
    minutes = statistics_total.minutes + excluded.minutes;

-- name: statistics_activity_clear -- scan
DELETE FROM statistics_activity
WHERE activity_id > $1 AND activity_id <= $2;

-- clause: statistics_activity.fill
INSERT INTO statistics_activity (
    activity_id, unit_id, month, published, in_progress, ended, activities, cancelled, shifts, places,
    taken, attended, absent, minutes)
-- What the tables say of these activities. The range stands at each table, so that none is scanned.
-- clause: statistics_activity.computed -- scan
SELECT x.activity_id, x.unit_id, x.month,
       CAST(sum(CASE WHEN x.what = 'published' THEN x.n ELSE 0 END) AS bigint) AS published,
       CAST(sum(CASE WHEN x.what = 'in_progress' THEN x.n ELSE 0 END) AS bigint) AS in_progress,
       CAST(sum(CASE WHEN x.what = 'ended' THEN x.n ELSE 0 END) AS bigint) AS ended,
       CAST(sum(CASE WHEN x.what = 'activities' THEN x.n ELSE 0 END) AS bigint) AS activities,
       CAST(sum(CASE WHEN x.what = 'cancelled' THEN x.n ELSE 0 END) AS bigint) AS cancelled,
       CAST(sum(CASE WHEN x.what = 'shifts' THEN x.n ELSE 0 END) AS bigint) AS shifts,
       CAST(sum(CASE WHEN x.what = 'places' THEN x.n ELSE 0 END) AS bigint) AS places,
       CAST(sum(CASE WHEN x.what = 'taken' THEN x.n ELSE 0 END) AS bigint) AS taken,
       CAST(sum(CASE WHEN x.what = 'attended' THEN x.n ELSE 0 END) AS bigint) AS attended,
       CAST(sum(CASE WHEN x.what = 'absent' THEN x.n ELSE 0 END) AS bigint) AS absent,
       CAST(sum(CASE WHEN x.what = 'minutes' THEN x.n ELSE 0 END) AS bigint) AS minutes
FROM (
    SELECT a.id AS activity_id, a.unit_id, 0 AS month, a.state AS what, 1 AS n
    FROM activity a
    WHERE a.id > $1 AND a.id <= $2 AND a.state IN ('published', 'in_progress', 'ended')
    UNION ALL
    SELECT a.id, a.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= a.starts_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101),
           'activities', 1
    FROM activity a
    WHERE a.id > $1 AND a.id <= $2 AND a.starts_at IS NOT NULL
        AND a.state IN ('published', 'in_progress', 'ended', 'settled')
    UNION ALL
    SELECT a.id, a.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= a.state_changed_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101),
           'cancelled', 1
    FROM activity a
    WHERE a.id > $1 AND a.id <= $2 AND a.state = 'cancelled' AND a.published_at IS NOT NULL
    UNION ALL
    SELECT a.id, a.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= s.starts_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101),
           'shifts', 1
    FROM activity a
    JOIN shift s ON s.activity_id = a.id AND s.activity_id > $1 AND s.activity_id <= $2
        AND s.state = 'planned'
    WHERE a.id > $1 AND a.id <= $2 AND a.state IN ('published', 'in_progress', 'ended', 'settled')
    UNION ALL
    SELECT p.activity_id, p.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= p.starts_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101),
           w.what, CASE w.what WHEN 'places' THEN p.places ELSE p.taken END
    FROM (SELECT a.id AS activity_id, a.unit_id, s.starts_at,
                 CAST(sum(c.needed) AS bigint) AS places, CAST(sum(c.taken) AS bigint) AS taken
          FROM activity a
          JOIN shift s ON s.activity_id = a.id AND s.activity_id > $1 AND s.activity_id <= $2
              AND s.state = 'planned'
          JOIN shift_place c ON c.shift_id = s.id
          WHERE a.id > $1 AND a.id <= $2 AND a.state IN ('published', 'in_progress', 'ended', 'settled')
          GROUP BY a.id, a.unit_id, s.starts_at) p
    CROSS JOIN (SELECT 'places' AS what UNION ALL SELECT 'taken') w
    UNION ALL
    SELECT t.activity_id, a.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.starts_at <= s.starts_at
                     ORDER BY c.starts_at DESC LIMIT 1), 197101),
           w.what, CASE w.what WHEN 'attended' THEN t.attended ELSE t.absent END
    FROM (SELECT g.activity_id, g.shift_id,
                 sum(CASE WHEN g.state <> 'absent' THEN 1 ELSE 0 END) AS attended,
                 sum(CASE WHEN g.state = 'absent' THEN 1 ELSE 0 END) AS absent
          FROM attendance g
          WHERE g.activity_id > $1 AND g.activity_id <= $2
              AND g.state IN ('present', 'completed', 'absent')
          GROUP BY g.activity_id, g.shift_id) t
    JOIN activity a ON a.id = t.activity_id AND a.id > $1 AND a.id <= $2
    JOIN shift s ON s.id = t.shift_id AND s.activity_id > $1 AND s.activity_id <= $2
    CROSS JOIN (SELECT 'attended' AS what UNION ALL SELECT 'absent') w
    UNION ALL
    SELECT e.activity_id, e.unit_id,
           COALESCE((SELECT c.month FROM statistics_calendar c WHERE c.first_day <= e.service_date
                     ORDER BY c.first_day DESC LIMIT 1), 197101),
           'minutes', e.minutes
    FROM (SELECT l.activity_id, l.unit_id, l.service_date, CAST(sum(l.minutes) AS bigint) AS minutes
          FROM ledger_entry l
          WHERE l.activity_id > $1 AND l.activity_id <= $2
          GROUP BY l.activity_id, l.unit_id, l.service_date) e
) x
GROUP BY x.activity_id, x.unit_id, x.month
-- clause: statistics_activity.differs
SELECT x.activity_id AS id, x.unit_id, x.month,
       CAST(sum(x.published) AS bigint) AS published,
       CAST(sum(x.in_progress) AS bigint) AS in_progress,
       CAST(sum(x.ended) AS bigint) AS ended,
       CAST(sum(x.activities) AS bigint) AS activities,
       CAST(sum(x.cancelled) AS bigint) AS cancelled,
       CAST(sum(x.shifts) AS bigint) AS shifts,
       CAST(sum(x.places) AS bigint) AS places,
       CAST(sum(x.taken) AS bigint) AS taken,
       CAST(sum(x.attended) AS bigint) AS attended,
       CAST(sum(x.absent) AS bigint) AS absent,
       CAST(sum(x.minutes) AS bigint) AS minutes
FROM (
-- clause: statistics_activity.stored
UNION ALL
SELECT t.activity_id, t.unit_id, t.month, -t.published, -t.in_progress, -t.ended, -t.activities,
       -t.cancelled, -t.shifts, -t.places, -t.taken,
       -t.attended, -t.absent, -t.minutes
FROM statistics_activity t
WHERE t.activity_id > $1 AND t.activity_id <= $2
) x
GROUP BY x.activity_id, x.unit_id, x.month
HAVING sum(x.published) <> 0
    OR sum(x.in_progress) <> 0
    OR sum(x.ended) <> 0
    OR sum(x.activities) <> 0
    OR sum(x.cancelled) <> 0
    OR sum(x.shifts) <> 0
    OR sum(x.places) <> 0
    OR sum(x.taken) <> 0
    OR sum(x.attended) <> 0
    OR sum(x.absent) <> 0
    OR sum(x.minutes) <> 0
ORDER BY x.activity_id, x.unit_id, x.month
LIMIT 100

-- ---- Totals ----

-- name: statistics_total_clear -- scan
DELETE FROM statistics_total
WHERE month >= 0;

-- Totals against the sums of what was given to them, there and below.
-- name: statistics_total_verify -- scan
SELECT y.unit_id AS id, y.unit_id, y.month,
       CAST(sum(y.active) AS bigint) AS active,
       CAST(sum(y.inactive) AS bigint) AS inactive,
       CAST(sum(y.suspended) AS bigint) AS suspended,
       CAST(sum(y.applicants) AS bigint) AS applicants,
       CAST(sum(y.joined) AS bigint) AS joined,
       CAST(sum(y.published) AS bigint) AS published,
       CAST(sum(y.in_progress) AS bigint) AS in_progress,
       CAST(sum(y.ended) AS bigint) AS ended,
       CAST(sum(y.activities) AS bigint) AS activities,
       CAST(sum(y.cancelled) AS bigint) AS cancelled,
       CAST(sum(y.shifts) AS bigint) AS shifts,
       CAST(sum(y.places) AS bigint) AS places,
       CAST(sum(y.taken) AS bigint) AS taken,
       CAST(sum(y.attended) AS bigint) AS attended,
       CAST(sum(y.absent) AS bigint) AS absent,
       CAST(sum(y.minutes) AS bigint) AS minutes
FROM (
    SELECT t.unit_id, t.month, -t.active AS active, -t.inactive AS inactive, -t.suspended AS suspended,
           -t.applicants AS applicants, -t.joined AS joined, -t.published AS
           published, -t.in_progress AS in_progress, -t.ended AS ended,
           -t.activities AS activities, -t.cancelled AS cancelled, -t.shifts AS
           shifts, -t.places AS places, -t.taken AS taken, -t.attended AS
           attended, -t.absent AS absent, -t.minutes AS minutes
    FROM statistics_total t
    UNION ALL
    SELECT b.ancestor_id, x.month, x.active, x.inactive, x.suspended, x.applicants, x.joined, x.published,
           x.in_progress, x.ended, x.activities, x.cancelled, x.shifts,
           x.places, x.taken, x.attended, x.absent, x.minutes
    FROM (
        SELECT t.unit_id, 0 AS month,
               sum(CASE WHEN t.state = 'active' THEN 1 ELSE 0 END) AS active,
               sum(CASE WHEN t.state = 'inactive' THEN 1 ELSE 0 END) AS inactive,
               sum(CASE WHEN t.state = 'suspended' THEN 1 ELSE 0 END) AS suspended,
               sum(CASE WHEN t.state = 'applicant' THEN 1 ELSE 0 END) AS applicants,
               0 AS joined, 0 AS published, 0 AS in_progress, 0 AS ended, 0 AS activities, 0 AS cancelled, 0
               AS shifts, 0 AS places, 0 AS taken, 0 AS attended, 0 AS absent, 0
               AS minutes
        FROM statistics_volunteer t
        GROUP BY t.unit_id
        UNION ALL
        SELECT t.unit_id, t.month, 0, 0, 0, 0, count(*), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM statistics_volunteer t
        WHERE t.state <> 'applicant'
        GROUP BY t.unit_id, t.month
        UNION ALL
        SELECT t.unit_id, t.month, 0, 0, 0, 0, 0,
               CAST(sum(t.published) AS bigint),
               CAST(sum(t.in_progress) AS bigint),
               CAST(sum(t.ended) AS bigint),
               CAST(sum(t.activities) AS bigint),
               CAST(sum(t.cancelled) AS bigint),
               CAST(sum(t.shifts) AS bigint),
               CAST(sum(t.places) AS bigint),
               CAST(sum(t.taken) AS bigint),
               CAST(sum(t.attended) AS bigint),
               CAST(sum(t.absent) AS bigint),
               CAST(sum(t.minutes) AS bigint)
        FROM statistics_activity t
        GROUP BY t.unit_id, t.month
    ) x
    JOIN unit_ancestor b ON b.unit_id = x.unit_id
) y
GROUP BY y.unit_id, y.month
HAVING sum(y.active) <> 0
    OR sum(y.inactive) <> 0
    OR sum(y.suspended) <> 0
    OR sum(y.applicants) <> 0
    OR sum(y.joined) <> 0
    OR sum(y.published) <> 0
    OR sum(y.in_progress) <> 0
    OR sum(y.ended) <> 0
    OR sum(y.activities) <> 0
    OR sum(y.cancelled) <> 0
    OR sum(y.shifts) <> 0
    OR sum(y.places) <> 0
    OR sum(y.taken) <> 0
    OR sum(y.attended) <> 0
    OR sum(y.absent) <> 0
    OR sum(y.minutes) <> 0
ORDER BY y.unit_id, y.month
LIMIT 100;

-- name: statistics_total_count -- scan
SELECT count(*) AS count
FROM statistics_total t
WHERE t.month >= 0;

-- ---- Reading ----

-- The topmost units where the account $1 has the permission $2: none is below another.
-- clause: statistics.topmost
(SELECT r.unit_id
 FROM account_right r
 WHERE r.account_id = CAST($1 AS bigint) AND r.permission = $2
     AND NOT EXISTS (SELECT 1
                     FROM unit_ancestor h
                     JOIN account_right o ON o.unit_id = h.ancestor_id
                     WHERE h.unit_id = r.unit_id AND h.ancestor_id <> r.unit_id
                         AND o.account_id = CAST($1 AS bigint) AND o.permission = $2))

-- clause: statistics_months.select
SELECT t.month, CAST(sum(t.active) AS bigint) AS active,
       CAST(sum(t.inactive) AS bigint) AS inactive,
       CAST(sum(t.suspended) AS bigint) AS suspended,
       CAST(sum(t.applicants) AS bigint) AS applicants,
       CAST(sum(t.joined) AS bigint) AS joined,
       CAST(sum(t.published) AS bigint) AS published,
       CAST(sum(t.in_progress) AS bigint) AS in_progress,
       CAST(sum(t.ended) AS bigint) AS ended,
       CAST(sum(t.activities) AS bigint) AS activities,
       CAST(sum(t.cancelled) AS bigint) AS cancelled,
       CAST(sum(t.shifts) AS bigint) AS shifts,
       CAST(sum(t.places) AS bigint) AS places,
       CAST(sum(t.taken) AS bigint) AS taken,
       CAST(sum(t.attended) AS bigint) AS attended,
       CAST(sum(t.absent) AS bigint) AS absent,
       CAST(sum(t.minutes) AS bigint) AS minutes
FROM statistics_total t
WHERE (t.month = 0 OR (t.month >= $1 AND t.month <= $2))
-- clause: statistics_months.of_unit
AND t.unit_id = CAST($1 AS bigint)
-- clause: statistics_months.of_units
AND t.unit_id IN
-- clause: statistics_months.group
GROUP BY t.month
ORDER BY t.month

-- Most service time first.
-- clause: statistics_units.select
SELECT y.unit_id, y.name,
       EXISTS (SELECT 1 FROM unit k WHERE k.parent_id = y.unit_id) AS has_units,
       y.active, y.inactive, y.suspended, y.applicants, y.joined, y.published, y.in_progress,
       y.ended, y.activities, y.cancelled, y.shifts, y.places, y.taken, y.attended, y.absent,
       y.minutes
FROM (
    SELECT u.id AS unit_id, u.name, CAST(COALESCE(sum(t.active), 0) AS bigint) AS active,
           CAST(COALESCE(sum(t.inactive), 0) AS bigint) AS inactive,
           CAST(COALESCE(sum(t.suspended), 0) AS bigint) AS suspended,
           CAST(COALESCE(sum(t.applicants), 0) AS bigint) AS applicants,
           CAST(COALESCE(sum(t.joined), 0) AS bigint) AS joined,
           CAST(COALESCE(sum(t.published), 0) AS bigint) AS published,
           CAST(COALESCE(sum(t.in_progress), 0) AS bigint) AS in_progress,
           CAST(COALESCE(sum(t.ended), 0) AS bigint) AS ended,
           CAST(COALESCE(sum(t.activities), 0) AS bigint) AS activities,
           CAST(COALESCE(sum(t.cancelled), 0) AS bigint) AS cancelled,
           CAST(COALESCE(sum(t.shifts), 0) AS bigint) AS shifts,
           CAST(COALESCE(sum(t.places), 0) AS bigint) AS places,
           CAST(COALESCE(sum(t.taken), 0) AS bigint) AS taken,
           CAST(COALESCE(sum(t.attended), 0) AS bigint) AS attended,
           CAST(COALESCE(sum(t.absent), 0) AS bigint) AS absent,
           CAST(COALESCE(sum(t.minutes), 0) AS bigint) AS minutes
    FROM unit u
    LEFT JOIN statistics_total t ON t.unit_id = u.id
        AND (t.month = 0 OR (t.month >= $1 AND t.month <= $2))
-- clause: statistics_units.of_parent
    WHERE u.parent_id = CAST($1 AS bigint)
-- clause: statistics_units.of_units
    WHERE u.id IN
-- clause: statistics_units.group
    GROUP BY u.id, u.name
) y
WHERE true
-- clause: statistics_units.after
AND (y.minutes < CAST($1 AS bigint)
     OR (y.minutes = CAST($1 AS bigint) AND y.unit_id > CAST($2 AS bigint)))
-- clause: statistics_units.page
ORDER BY y.minutes DESC, y.unit_id
LIMIT CAST($1 AS bigint)
