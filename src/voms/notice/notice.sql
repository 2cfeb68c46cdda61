-- Notices, their templates, and who wants which by mail.

-- $8: is there a mail server; $9: is the kind mailed unless the person says otherwise?
-- name: notice_insert
INSERT INTO notice (event, kind, volunteer_id, account_id, params, link, created_at, batch, mail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $10,
    CASE WHEN CAST($8 AS boolean)
            AND COALESCE((
                SELECT p.mail
                FROM account a
                JOIN notice_preference p ON p.account_id = a.id
                WHERE (a.id = $4 OR a.volunteer_id = $3) AND p.kind = $2
                LIMIT 1), CAST($9 AS boolean))
            AND (EXISTS (SELECT 1 FROM volunteer v WHERE v.id = $3 AND v.email IS NOT NULL)
                 OR EXISTS (SELECT 1 FROM account a
                            WHERE (a.id = $4 OR a.volunteer_id = $3) AND a.email IS NOT NULL))
        THEN 'waiting' ELSE 'none' END)
ON CONFLICT DO NOTHING;

-- The caller's inbox: what concerns the volunteer, and what concerns the account. Newest first.
-- name: notice_list
SELECT m.id, m.kind, m.params, m.link, m.created_at, m.read_at
FROM (
    SELECT of_volunteer.id, of_volunteer.kind, of_volunteer.params, of_volunteer.link, of_volunteer.created_at, of_volunteer.read_at
    FROM (
        SELECT n.id, n.kind, n.params, n.link, n.created_at, n.read_at
        FROM notice n
        WHERE n.volunteer_id = $1 AND n.id < $3
            AND (NOT CAST($4 AS boolean) OR n.read_at IS NULL)
        ORDER BY n.id DESC
        LIMIT $5) of_volunteer
    UNION ALL
    SELECT of_account.id, of_account.kind, of_account.params, of_account.link, of_account.created_at, of_account.read_at
    FROM (
        SELECT n.id, n.kind, n.params, n.link, n.created_at, n.read_at
        FROM notice n
        WHERE n.account_id = $2 AND n.id < $3
            AND (NOT CAST($4 AS boolean) OR n.read_at IS NULL)
        ORDER BY n.id DESC
        LIMIT $5) of_account) m
ORDER BY m.id DESC
LIMIT $5;

-- name: notice_count
SELECT count(*) AS total
FROM (
    SELECT 1 AS one FROM notice n
    WHERE n.volunteer_id = $1 AND (NOT CAST($3 AS boolean) OR n.read_at IS NULL)
    UNION ALL
    SELECT 1 FROM notice n
    WHERE n.account_id = $2 AND (NOT CAST($3 AS boolean) OR n.read_at IS NULL)) mine;

-- name: notice_unread
SELECT count(*) AS unread, max(mine.id) AS latest_id
FROM (
    SELECT of_volunteer.id
    FROM (
        SELECT n.id FROM notice n
        WHERE n.volunteer_id = $1 AND n.read_at IS NULL
        ORDER BY n.id DESC
        LIMIT 1000) of_volunteer
    UNION ALL
    SELECT of_account.id
    FROM (
        SELECT n.id FROM notice n
        WHERE n.account_id = $2 AND n.read_at IS NULL
        ORDER BY n.id DESC
        LIMIT 1000) of_account) mine;

-- name: notice_find
SELECT n.id, n.kind, n.params, n.link, n.created_at, n.read_at
FROM notice n
WHERE n.id = $3 AND (n.volunteer_id = $1 OR n.account_id = $2)
LIMIT 1;

-- name: notice_read
UPDATE notice
SET read_at = COALESCE(read_at, $4)
WHERE id = $3 AND (volunteer_id = $1 OR account_id = $2);

-- name: notice_read_volunteer
UPDATE notice SET read_at = $3 WHERE volunteer_id = $1 AND read_at IS NULL AND id <= $2;

-- name: notice_read_account
UPDATE notice SET read_at = $3 WHERE account_id = $1 AND read_at IS NULL AND id <= $2;

-- Of an event that both were told of, one notice is left.
-- name: notice_forget_twins
DELETE FROM notice
WHERE volunteer_id = $1
    AND EXISTS (SELECT 1 FROM notice o WHERE o.volunteer_id = $2 AND o.event = notice.event);

-- name: notice_move
UPDATE notice SET volunteer_id = $2 WHERE volunteer_id = $1;

-- ---- Mail ----

-- name: notice_mail_waiting
SELECT n.id, n.kind, n.params, COALESCE(v.email, own.email, staff.email) AS email,
       COALESCE(own.language, staff.language) AS language
FROM notice n
LEFT JOIN volunteer v ON v.id = n.volunteer_id
LEFT JOIN account own ON own.volunteer_id = n.volunteer_id
LEFT JOIN account staff ON staff.id = n.account_id
WHERE n.batch = $1 AND n.mail = 'waiting' AND n.id > $2
ORDER BY n.id
LIMIT 100;

-- name: notice_mailed
UPDATE notice SET mail = $2, mailed_at = $3 WHERE id = $1 AND mail = 'waiting';

-- name: notice_mail_failing
-- Mail that was tried and not sent, and will be tried again.
SELECT max(d.last_error) AS reason
FROM (SELECT last_error FROM delivery WHERE consumer = 'notice-mail' AND last_error IS NOT NULL LIMIT 100) d;

-- ---- Templates ----

-- name: notice_template_find
SELECT t.title_zh, t.body_zh, t.title_en, t.body_en, t.updated_by, t.updated_at, t.version
FROM notice_template t
WHERE t.kind = $1
LIMIT 1;

-- name: notice_template_list -- scan
SELECT t.kind, t.title_zh, t.body_zh, t.title_en, t.body_en, t.updated_by, t.updated_at, t.version
FROM notice_template t
ORDER BY t.kind
LIMIT 200;

-- name: notice_template_save
INSERT INTO notice_template (kind, title_zh, body_zh, title_en, body_en, updated_by, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (kind) DO UPDATE
SET title_zh = excluded.title_zh, body_zh = excluded.body_zh, title_en = excluded.title_en,
    body_en = excluded.body_en, updated_by = excluded.updated_by,
    updated_at = excluded.updated_at, version = notice_template.version + 1;

-- name: notice_template_delete
DELETE FROM notice_template WHERE kind = $1;

-- ---- Preferences ----

-- name: notice_preference_list
SELECT p.kind, p.mail
FROM notice_preference p
WHERE p.account_id = $1
ORDER BY p.kind
LIMIT 200;

-- name: notice_preference_save
INSERT INTO notice_preference (account_id, kind, mail)
VALUES ($1, $2, $3)
ON CONFLICT (account_id, kind) DO UPDATE SET mail = excluded.mail;

-- ---- Whom events concern: kind, volunteer_id or account_id, link; the rest are params ----

-- name: notice_of_application
SELECT CASE WHEN v.rejected THEN 'application.refused' ELSE 'application.approved' END AS kind,
       v.id AS volunteer_id, NULL AS link, v.name, u.name AS unit,
       (SELECT h.reason FROM volunteer_history h WHERE h.volunteer_id = v.id
        ORDER BY h.id DESC LIMIT 1) AS reason
FROM volunteer v
JOIN unit u ON u.id = v.unit_id
WHERE v.id = $1 AND v.anonymised_at IS NULL
LIMIT 1;

-- name: notice_of_membership
SELECT CASE m.state WHEN 'active' THEN 'membership.approved'
                    WHEN 'rejected' THEN 'membership.refused' END AS kind,
       m.volunteer_id, NULL AS link, u.name AS unit, m.reason
FROM membership m
JOIN unit u ON u.id = m.unit_id
WHERE m.id = $1
LIMIT 1;

-- name: notice_of_correction
SELECT CASE WHEN c.state = 'open' THEN 'correction.requested' END AS kind, c.volunteer_id,
       'corrections' AS link, c.field, c.message
FROM correction c
WHERE c.id = $1
LIMIT 1;

-- text: notice_of_signup
FROM signup s
JOIN activity a ON a.id = s.activity_id
JOIN shift f ON f.id = s.shift_id
JOIN activity_position p ON p.id = s.position_id
WHERE s.id = $1
LIMIT 1;

-- name: notice_of_signup
SELECT CASE s.state WHEN 'approved' THEN 'signup.approved'
                    WHEN 'rejected' THEN 'signup.rejected'
                    WHEN 'waitlisted' THEN 'signup.waitlisted' END AS kind,
       s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at,
       s.decision_reason AS reason
-- use: notice_of_signup

-- Who got a place meanwhile hears of that instead.
-- name: notice_of_arrival
SELECT CASE s.state WHEN 'waitlisted' THEN 'signup.waitlisted' END AS kind,
       s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at
-- use: notice_of_signup

-- name: notice_of_promotion
SELECT CASE s.state WHEN 'approved' THEN 'signup.promoted'
                    WHEN 'offered' THEN 'signup.offered' END AS kind,
       s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at,
       s.offered_until
-- use: notice_of_signup

-- What the volunteer cancelled needs no notice, and what fell with its shift has one.
-- name: notice_of_cancellation
SELECT CASE s.cancelled_by WHEN 'staff' THEN 'signup.cancelled' END AS kind,
       s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at,
       s.cancel_reason AS reason
FROM signup s
JOIN activity a ON a.id = s.activity_id
JOIN shift f ON f.id = s.shift_id
JOIN activity_position p ON p.id = s.position_id
WHERE s.id = $1 AND s.state = 'cancelled'
LIMIT 1;

-- name: notice_of_shift
SELECT CASE f.state WHEN 'cancelled' THEN 'shift.cancelled' ELSE 'shift.changed' END AS kind,
       s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at,
       f.cancel_reason AS reason
FROM signup s
JOIN activity a ON a.id = s.activity_id
JOIN shift f ON f.id = s.shift_id
JOIN activity_position p ON p.id = s.position_id
WHERE s.shift_id = $1
    AND (s.state IN ('pending', 'approved', 'waitlisted', 'offered')
         OR (s.state = 'cancelled' AND s.cancelled_by = 'system' AND f.state = 'cancelled'))
ORDER BY s.id
LIMIT 100000;

-- name: notice_of_activity
SELECT 'activity.cancelled' AS kind, s.volunteer_id, 'activity:' || CAST(a.id AS text) AS link,
       a.name AS activity, a.place_name AS place, min(s.starts_at) AS starts_at,
       a.cancel_reason AS reason
FROM signup s
JOIN activity a ON a.id = s.activity_id
WHERE s.activity_id = $1 AND a.state = 'cancelled'
    AND (s.state IN ('pending', 'approved', 'waitlisted', 'offered')
         OR (s.state = 'cancelled' AND s.cancelled_by = 'system' AND s.cancelled_at >= a.state_changed_at))
GROUP BY s.volunteer_id, a.id, a.name, a.place_name, a.cancel_reason
ORDER BY s.volunteer_id
LIMIT 100000;

-- name: notice_of_missing
SELECT CASE WHEN t.state = 'absent' THEN 'attendance.absent'
            WHEN t.check_out_method = 'automatic' THEN 'attendance.missing' END AS kind,
       t.volunteer_id, 'attendance:' || CAST(t.id AS text) AS link,
       a.name AS activity, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at
FROM attendance t
JOIN activity a ON a.id = t.activity_id
JOIN shift f ON f.id = t.shift_id
WHERE t.id = $1
LIMIT 1;

-- Of all entries that a message names; each is an event of its own, as one person may have several.
-- text: notice_of_hours_row
SELECT CASE e.kind WHEN 'grant' THEN 'hours.granted'
                   WHEN 'regrant' THEN 'hours.regranted'
                   ELSE 'hours.voided' END AS kind,
       'entry:' || CAST(e.id AS text) AS event, e.volunteer_id,
       'claim:' || CAST(e.claim_id AS text) AS link, a.name AS activity, abs(e.minutes) AS minutes,
       e.total_after AS total_minutes, e.starts_at, e.reason
FROM ledger_entry e
JOIN activity a ON a.id = e.activity_id

-- name: notice_of_hours -- sqlite
-- use: notice_of_hours_row
WHERE e.id IN (SELECT value FROM json_each($1))
ORDER BY e.id
LIMIT 1000;
-- name: notice_of_hours -- postgres
-- use: notice_of_hours_row
WHERE e.id = ANY (ARRAY(
    SELECT CAST(i AS bigint) FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS i))
ORDER BY e.id
LIMIT 1000;

-- name: notice_of_dispute_decided
SELECT 'dispute.decided' AS kind, d.volunteer_id, 'dispute:' || CAST(d.id AS text) AS link,
       a.name AS activity, d.old_minutes, COALESCE(d.new_minutes, d.old_minutes) AS new_minutes,
       d.decision_reason AS reason
FROM ledger_dispute d
JOIN ledger_claim c ON c.id = d.claim_id
JOIN activity a ON a.id = c.activity_id
WHERE d.id = $1 AND d.state IN ('accepted', 'rejected')
LIMIT 1;

-- Who may decide.
-- name: notice_of_dispute_opened
SELECT DISTINCT 'dispute.opened' AS kind, n.id AS account_id,
       'dispute:' || CAST(d.id AS text) AS link, v.name, a.name AS activity, d.old_minutes,
       d.message
FROM ledger_dispute d
JOIN ledger_claim c ON c.id = d.claim_id
JOIN activity a ON a.id = c.activity_id
JOIN volunteer v ON v.id = d.volunteer_id
JOIN unit_ancestor u ON u.unit_id = d.unit_id
JOIN account_right r ON r.unit_id = u.ancestor_id
JOIN account n ON n.id = r.account_id
WHERE d.id = $1 AND d.state = 'open' AND r.permission = 'dispute:decide' AND n.state = 'active'
ORDER BY n.id
LIMIT 200;

-- Who uploaded it.
-- name: notice_of_import
SELECT CASE i.state WHEN 'done' THEN 'import.finished' WHEN 'failed' THEN 'import.failed' END AS kind,
       n.id AS account_id,
       'import:' || CAST(i.id AS text) AS link, i.filename AS file, i.create_count AS created,
       i.update_count AS updated, i.refuse_count AS refused
FROM import_file i
JOIN account n ON n.id = i.created_by
WHERE i.id = $1
LIMIT 1;

-- Who records for the unit.
-- name: notice_of_overdue
SELECT DISTINCT 'record.overdue' AS kind, n.id AS account_id,
       'activity:' || CAST(a.id AS text) AS link, a.name AS activity, a.ends_at
FROM activity a
JOIN unit_ancestor u ON u.unit_id = a.recording_unit_id
JOIN account_right r ON r.unit_id = u.ancestor_id
JOIN account n ON n.id = r.account_id
WHERE a.id = $1 AND r.permission = 'ledger:settle' AND n.state = 'active'
ORDER BY n.id
LIMIT 200;

-- Approved sign-ups of shifts that start between $1 and $2, and have no such reminder yet.
-- name: notice_of_reminders
SELECT CAST($3 AS text) AS kind, s.volunteer_id, 'signup:' || CAST(s.id AS text) AS link,
       CAST($3 AS text) || ':' || CAST(s.id AS text) AS event, a.name AS activity,
       p.name AS position, COALESCE(f.place_name, a.place_name) AS place, f.starts_at, f.ends_at
FROM shift f
JOIN activity a ON a.id = f.activity_id
JOIN signup s ON s.shift_id = f.id
JOIN activity_position p ON p.id = s.position_id
WHERE f.state = 'planned' AND f.starts_at > $1 AND f.starts_at <= $2
    AND a.state IN ('published', 'in_progress') AND s.state = 'approved'
    AND NOT EXISTS (
        SELECT 1 FROM notice n
        WHERE n.volunteer_id = s.volunteer_id
            AND n.event = CAST($3 AS text) || ':' || CAST(s.id AS text))
ORDER BY f.starts_at, s.id
LIMIT 500;
