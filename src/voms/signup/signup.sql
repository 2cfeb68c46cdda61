-- Sign-ups and the places that they hold.

-- ---- The place: the row that everybody who changes a state locks first ----

-- text: signup_place_row
SELECT s.activity_id, t.shift_id, t.position_id, a.unit_id, a.name AS activity_name,
       p.name AS position_name, a.state AS activity_state, a.visibility, s.state AS shift_state,
       p.removed_at, s.starts_at, s.ends_at, a.sign_up_opens_at, a.sign_up_closes_at,
       a.insurance_until, a.risk_notice, a.risk_notice_version, a.approval, a.lottery_drawn_at,
       a.waitlist, a.offer_minutes, a.cancel_deadline_minutes, a.minimum_age AS activity_minimum_age,
       a.maximum_age AS activity_maximum_age, p.minimum_age, p.maximum_age, p.gender,
       p.required_skills, t.needed, t.taken, t.waiting, t.pending, t.last_sequence
FROM shift_place t
JOIN shift s ON s.id = t.shift_id
JOIN activity a ON a.id = s.activity_id
JOIN activity_position p ON p.id = t.position_id

-- name: signup_place_find
-- use: signup_place_row
WHERE t.shift_id = $1 AND t.position_id = $2
LIMIT 1;

-- Whoever cancels the shift or the activity waits until we are done, and we see what he did.
-- name: signup_place_lock -- sqlite
-- use: signup_place_row
WHERE t.shift_id = $1 AND t.position_id = $2;
-- name: signup_place_lock -- postgres
-- use: signup_place_row
WHERE t.shift_id = $1 AND t.position_id = $2
FOR UPDATE OF t
FOR SHARE OF s, a;

-- name: signup_place_count
UPDATE shift_place
SET taken = taken + $3, waiting = waiting + $4, pending = pending + $5, last_sequence = $6
WHERE shift_id = $1 AND position_id = $2;

-- name: signup_place_recount
UPDATE shift_place
SET taken = (SELECT count(*) FROM signup g WHERE g.shift_id = $1 AND g.position_id = $2
                 AND g.state IN ('approved', 'offered', 'attended', 'absent')),
    waiting = (SELECT count(*) FROM signup g WHERE g.shift_id = $1 AND g.position_id = $2
                   AND g.state = 'waitlisted'),
    pending = (SELECT count(*) FROM signup g WHERE g.shift_id = $1 AND g.position_id = $2
                   AND g.state = 'pending')
WHERE shift_id = $1 AND position_id = $2;

-- name: signup_places_of_shift
SELECT t.position_id FROM shift_place t WHERE t.shift_id = $1 ORDER BY t.position_id LIMIT 1000;

-- name: signup_shifts_of_activity
SELECT s.id FROM shift s WHERE s.activity_id = $1 AND s.id > $2 ORDER BY s.id LIMIT 1000;

-- Places that could be given to who waits.
-- name: signup_places_to_fill
SELECT t.shift_id, t.position_id
FROM shift_place t
JOIN shift s ON s.id = t.shift_id
WHERE t.waiting > 0 AND t.taken < t.needed AND s.state = 'planned' AND s.starts_at > $1
    AND (t.shift_id > $2 OR (t.shift_id = $2 AND t.position_id > $3))
ORDER BY t.shift_id, t.position_id
LIMIT 100;

-- ---- What the rules look at ----

-- Two shifts of one person may be asked for at once: one after another, please.
-- name: signup_lock_persons -- sqlite
SELECT count(*) FROM json_each($1);
-- name: signup_lock_persons -- postgres
SELECT count(pg_advisory_xact_lock(7301, CAST(o.id AS integer)))
FROM (SELECT CAST(j.value AS bigint) AS id
      FROM json_array_elements_text(CAST($1 AS json)) j (value)
      ORDER BY CAST(j.value AS bigint)) o;

-- PostgreSQL would hash all members of the unit for an EXISTS, while the place is locked.
-- name: signup_persons -- sqlite
SELECT v.id, v.state, v.birth_date, v.gender, v.skills, v.consent_version, v.consent_withdrawn,
       (SELECT max(COALESCE(c.expires_on, '9999-12-31')) FROM consent c
        WHERE c.volunteer_id = v.id AND c.kind = 'guardian' AND c.withdrawn_at IS NULL)
           AS guardian_until,
       EXISTS (SELECT 1 FROM membership m
               JOIN unit_ancestor n ON n.unit_id = m.unit_id
               WHERE m.volunteer_id = v.id AND m.state = 'active' AND n.ancestor_id = $2)
           AS is_member,
       EXISTS (SELECT 1 FROM activity_invitation i
               WHERE i.activity_id = $3 AND i.volunteer_id = v.id) AS is_invited
FROM volunteer v
WHERE v.id IN (SELECT j.value FROM json_each($1) j);
-- name: signup_persons -- postgres
SELECT v.id, v.state, v.birth_date, v.gender, v.skills, v.consent_version, v.consent_withdrawn,
       (SELECT max(COALESCE(c.expires_on, '9999-12-31')) FROM consent c
        WHERE c.volunteer_id = v.id AND c.kind = 'guardian' AND c.withdrawn_at IS NULL)
           AS guardian_until,
       (SELECT 1 FROM membership m
        JOIN unit_ancestor n ON n.unit_id = m.unit_id
        WHERE m.volunteer_id = v.id AND m.state = 'active' AND n.ancestor_id = $2
        LIMIT 1) IS NOT NULL AS is_member,
       (SELECT 1 FROM activity_invitation i
        WHERE i.activity_id = $3 AND i.volunteer_id = v.id
        LIMIT 1) IS NOT NULL AS is_invited
FROM volunteer v
WHERE v.id IN (SELECT CAST(j.value AS bigint) FROM json_array_elements_text(CAST($1 AS json)) j (value));

-- name: signup_engagements -- sqlite
SELECT g.volunteer_id, g.shift_id, g.starts_at, g.ends_at, g.state, a.name AS activity_name
FROM signup g
JOIN activity a ON a.id = g.activity_id
WHERE g.volunteer_id IN (SELECT j.value FROM json_each($1) j)
    AND g.starts_at < $3 AND g.ends_at > $2 AND g.state NOT IN ('cancelled', 'rejected')
ORDER BY g.starts_at, g.id;
-- name: signup_engagements -- postgres
SELECT g.volunteer_id, g.shift_id, g.starts_at, g.ends_at, g.state, a.name AS activity_name
FROM signup g
JOIN activity a ON a.id = g.activity_id
WHERE g.volunteer_id IN (SELECT CAST(j.value AS bigint) FROM json_array_elements_text(CAST($1 AS json)) j (value))
    AND g.starts_at < $3 AND g.ends_at > $2 AND g.state NOT IN ('cancelled', 'rejected')
ORDER BY g.starts_at, g.id;

-- ---- Writing ----

-- name: signup_insert -- sqlite
INSERT INTO signup (activity_id, shift_id, position_id, volunteer_id, state, sequence, starts_at,
    ends_at, by_staff, override_reason, override_codes, risk_notice_version, decided_by, decided_at,
    created_by, created_at, updated_at)
SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint), json_extract(j.value, '$.volunteer_id'),
       json_extract(j.value, '$.state'), json_extract(j.value, '$.sequence'),
       CAST($4 AS INTEGER), CAST($5 AS INTEGER), CAST($6 AS INTEGER),
       CAST($7 AS text), $8, json_extract(j.value, '$.accepted'), CAST($9 AS bigint),
       CASE WHEN json_extract(j.value, '$.state') = 'approved' THEN CAST($10 AS INTEGER) END,
       json_extract(j.value, '$.created_by'), CAST($10 AS INTEGER), CAST($10 AS INTEGER)
FROM json_each($11) j WHERE true
ON CONFLICT DO NOTHING
RETURNING id, volunteer_id;
-- name: signup_insert -- postgres
INSERT INTO signup (activity_id, shift_id, position_id, volunteer_id, state, sequence, starts_at,
    ends_at, by_staff, override_reason, override_codes, risk_notice_version, decided_by, decided_at,
    created_by, created_at, updated_at)
SELECT CAST($1 AS bigint), CAST($2 AS bigint), CAST($3 AS bigint), CAST(j.value ->> 'volunteer_id' AS bigint),
       CAST(j.value ->> 'state' AS text), CAST(j.value ->> 'sequence' AS bigint),
       CAST($4 AS timestamptz), CAST($5 AS timestamptz), CAST($6 AS boolean),
       CAST($7 AS text), CAST($8 AS jsonb), CAST(j.value ->> 'accepted' AS bigint), CAST($9 AS bigint),
       CASE WHEN CAST(j.value ->> 'state' AS text) = 'approved' THEN CAST($10 AS timestamptz) END,
       CAST(j.value ->> 'created_by' AS bigint), CAST($10 AS timestamptz), CAST($10 AS timestamptz)
FROM json_array_elements(CAST($11 AS json)) j (value)
ON CONFLICT DO NOTHING
RETURNING id, volunteer_id;

-- name: signup_update
UPDATE signup
SET state = $3, sequence = $4, override_reason = $5, override_codes = $6, decided_by = $7,
    decided_at = $8, decision_reason = $9, offered_until = $10, cancelled_by = $11,
    cancelled_at = $12, cancel_reason = $13, updated_at = $14, version = version + 1
WHERE id = $1 AND version = $2;

-- name: signup_set_lottery
UPDATE signup
SET lottery_key = $2, lottery_won = $3, state = $4, decided_by = $5, decided_at = $6,
    updated_at = $6, version = version + 1
WHERE id = $1 AND state = 'pending';

-- Each of them holds the place: nothing is to be counted.
-- name: signup_mark
UPDATE signup
SET state = $2, updated_at = $3, version = version + 1
WHERE id = $1 AND state IN ('approved', 'attended', 'absent') AND state <> $2;

-- The shift or the whole activity is off.
-- name: signup_cancel_position
UPDATE signup
SET state = 'cancelled', cancelled_by = 'system', cancel_reason = $3, cancelled_at = $4,
    offered_until = NULL, updated_at = $4, version = version + 1
WHERE shift_id = $1 AND position_id = $2
    AND state IN ('pending', 'approved', 'waitlisted', 'offered')
RETURNING id, volunteer_id;

-- name: signup_move_times
UPDATE signup
SET starts_at = (SELECT s.starts_at FROM shift s WHERE s.id = $1),
    ends_at = (SELECT s.ends_at FROM shift s WHERE s.id = $1), updated_at = $2
WHERE shift_id = $1 AND state NOT IN ('cancelled', 'rejected');

-- ---- Finding ----

-- text: signup_row
SELECT g.id, g.activity_id, a.name AS activity_name, g.shift_id, g.position_id,
       p.name AS position_name, g.volunteer_id, v.number AS volunteer_number,
       v.name AS volunteer_name, g.state, g.sequence, g.starts_at, g.ends_at, g.by_staff,
       g.override_reason, g.override_codes, g.risk_notice_version, g.decided_by, g.decided_at,
       g.decision_reason, g.offered_until, g.cancelled_by, g.cancelled_at, g.cancel_reason,
       g.created_at, g.updated_at, g.version, a.unit_id,
       CASE WHEN g.state = 'waitlisted'
            THEN (SELECT count(*) FROM signup w
                  WHERE w.shift_id = g.shift_id AND w.position_id = g.position_id
                      AND w.state = 'waitlisted' AND w.sequence <= g.sequence) END AS waitlist_place
FROM signup g
JOIN activity a ON a.id = g.activity_id
JOIN activity_position p ON p.id = g.position_id
JOIN volunteer v ON v.id = g.volunteer_id

-- name: signup_find
-- use: signup_row
WHERE g.id = $1
LIMIT 1;

-- The lowest of all that were ever given, so that no two sign-ups share one.
-- name: signup_first_in_line
SELECT min(g.sequence) AS sequence
FROM signup g
WHERE g.shift_id = $1 AND g.position_id = $2;

-- In the order of the line.
-- name: signup_in_line
SELECT g.id, g.volunteer_id, g.sequence
FROM signup g
WHERE g.shift_id = $1 AND g.position_id = $2 AND g.state = $3 AND g.sequence > $4
ORDER BY g.sequence
LIMIT $5;

-- name: signup_living_of
SELECT g.id
FROM signup g
WHERE g.volunteer_id = $1 AND g.state IN ('pending', 'approved', 'waitlisted', 'offered')
    AND g.starts_at > $2 AND g.id > $3
ORDER BY g.id
LIMIT 200;

-- ---- Merging ----

-- Sign-ups of two people for the same shift.
-- name: signup_twins
SELECT f.id, t.id AS twin_id
FROM signup f
JOIN signup t ON t.shift_id = f.shift_id
WHERE f.volunteer_id = $1 AND t.volunteer_id = $2 AND f.state NOT IN ('cancelled', 'rejected')
    AND t.state NOT IN ('cancelled', 'rejected')
ORDER BY f.id
LIMIT 1000;

-- What two people hold at the same time, of shifts that have not begun.
-- name: signup_overlaps
SELECT f.id, t.id AS other_id, f.starts_at, f.ends_at, t.starts_at AS other_starts_at,
       t.ends_at AS other_ends_at
FROM signup f
JOIN signup t ON t.volunteer_id = $2 AND t.starts_at < f.ends_at AND t.ends_at > f.starts_at
WHERE f.volunteer_id = $1 AND f.shift_id <> t.shift_id AND f.starts_at > $3 AND t.starts_at > $3
    AND f.state IN ('approved', 'offered') AND t.state IN ('approved', 'offered')
ORDER BY f.id, t.id
LIMIT 1000;

-- name: signup_move
UPDATE signup
SET volunteer_id = $2, updated_at = $3, version = version + 1
WHERE volunteer_id = $1;

-- name: signup_lapsed_offers
SELECT g.id
FROM signup g
WHERE g.state = 'offered' AND g.offered_until <= $1
ORDER BY g.offered_until, g.id
LIMIT 100;

-- name: signup_list_own
-- use: signup_row
WHERE g.volunteer_id = $1 AND g.id < $2
ORDER BY g.id DESC
LIMIT $3;

-- name: signup_count_own
SELECT count(*) AS total FROM signup g WHERE g.volunteer_id = $1;

-- ---- The lottery ----

-- name: signup_lottery_due
SELECT a.id
FROM activity a
WHERE a.approval = 'lottery' AND a.lottery_drawn_at IS NULL
    AND a.state IN ('published', 'in_progress') AND a.sign_up_closes_at <= $1
ORDER BY a.id
LIMIT 100;

-- name: signup_lottery_find
SELECT a.unit_id, a.state, a.visibility, a.approval, a.lottery_seed, a.lottery_drawn_at,
       a.sign_up_closes_at
FROM activity a
WHERE a.id = $1
LIMIT 1;

-- name: signup_lottery_seed
UPDATE activity
SET lottery_seed = $2
WHERE id = $1 AND approval = 'lottery' AND lottery_seed IS NULL;

-- name: signup_lottery_drawn
UPDATE activity
SET lottery_drawn_at = $2, updated_at = $2, version = version + 1
WHERE id = $1 AND approval = 'lottery' AND lottery_drawn_at IS NULL;

-- name: signup_lottery_entries
SELECT g.id, g.shift_id, g.position_id, g.lottery_key AS key, g.lottery_won AS won
FROM signup g
WHERE g.activity_id = $1 AND g.id < $2 AND g.lottery_key IS NOT NULL
ORDER BY g.id DESC
LIMIT $3;

-- ---- The list of staff: select, confinement, filters, position, order, limit ----

-- clause: signup_rows.select -- scan
-- use: signup_row
WHERE g.id > 0

-- clause: signup_rows.confined -- sqlite scan
AND (+a.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
    OR +a.id IN (
    SELECT m.activity_id
    FROM activity_right m
    WHERE m.account_id = $1 AND m.permission = $2))
-- clause: signup_rows.confined -- postgres scan
AND (a.unit_id IN (
    SELECT n.unit_id
    FROM account_right r
    JOIN unit_ancestor n ON n.ancestor_id = r.unit_id
    WHERE r.account_id = $1 AND r.permission = $2)
    OR a.id IN (
    SELECT m.activity_id
    FROM activity_right m
    WHERE m.account_id = $1 AND m.permission = $2))

-- clause: signup_rows.of_activity
AND g.activity_id = $1

-- clause: signup_rows.of_shift
AND g.shift_id = $1

-- clause: signup_rows.of_position
AND g.position_id = $1

-- clause: signup_rows.of_volunteer
AND g.volunteer_id = $1

-- clause: signup_rows.in_state
AND g.state = $1

-- clause: signup_rows.after
AND g.id < CAST($1 AS bigint)

-- clause: signup_rows.order
ORDER BY g.id DESC

-- In the order of the line, of one shift.
-- clause: signup_rows.after_in_line
AND (g.sequence > CAST($1 AS bigint)
     OR (g.sequence = CAST($1 AS bigint) AND g.id > CAST($2 AS bigint)))

-- clause: signup_rows.order_in_line
ORDER BY g.sequence, g.id

-- clause: signup_rows.limit
LIMIT CAST($1 AS bigint)

-- ---- The demonstration ----

-- Who can log in comes first.
-- name: signup_demo_people
SELECT v.id, t.id IS NOT NULL AS has_account
FROM volunteer v
LEFT JOIN account t ON t.volunteer_id = v.id
WHERE v.state = 'active'
ORDER BY CASE WHEN t.id IS NULL THEN 1 ELSE 0 END, v.id
LIMIT $1;

-- name: signup_demo_places
SELECT t.shift_id, t.position_id, t.needed, s.starts_at, a.published_at, a.risk_notice_version,
       a.approval
FROM shift_place t
JOIN shift s ON s.id = t.shift_id
JOIN activity a ON a.id = s.activity_id
WHERE a.state = 'published' AND s.state = 'planned'
ORDER BY s.starts_at, t.shift_id, t.position_id
LIMIT 200;
