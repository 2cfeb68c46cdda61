-- text: account_row
SELECT t.id, t.username, t.display_name, t.phone, t.email, t.language, t.state, t.unit_id,
       u.name AS unit_name, t.volunteer_id, t.is_super AS is_super_administrator,
       t.must_change_password, t.locked_until, t.last_login_at, t.created_at, t.updated_at,
       t.version,
       EXISTS (SELECT 1 FROM totp x WHERE x.account_id = t.id AND x.confirmed_at IS NOT NULL)
         AS totp_enabled
FROM account t
JOIN unit u ON u.id = t.unit_id

-- name: account_find
-- use: account_row
WHERE t.id = $1
LIMIT 1;

-- May the caller know of the account? $1 and $2 of access_confine.
-- name: account_is_known
SELECT t.id
FROM account t
WHERE t.id = $3
  AND (CAST($1 AS bigint) = 0
       OR EXISTS (SELECT 1
                  FROM unit_ancestor a
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE a.unit_id = t.unit_id AND r.account_id = $1 AND r.permission = $2)
       OR EXISTS (SELECT 1
                  FROM account_grant g
                  JOIN unit_ancestor a ON a.unit_id = g.unit_id
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE g.account_id = t.id AND r.account_id = $1 AND r.permission = $2))
LIMIT 1;

-- name: account_find_by_username
SELECT id
FROM account
WHERE lower(username) = $1
LIMIT 1;

-- name: account_find_by_phone
SELECT id
FROM account
WHERE phone = $1
LIMIT 1;

-- name: account_find_by_email
SELECT id
FROM account
WHERE email = $1
LIMIT 1;

-- name: account_find_by_volunteer
SELECT id
FROM account
WHERE volunteer_id = $1
LIMIT 1;

-- name: account_find_credentials
SELECT id, username, phone, email, state, is_super, password_hash, password_changed_at,
       must_change_password, failed_count, locked_until, unit_id
FROM account
WHERE id = $1
LIMIT 1;

-- name: account_insert
INSERT INTO account (username, display_name, phone, email, language, state, is_super, unit_id,
                     volunteer_id, password_hash, password_changed_at, must_change_password,
                     created_by, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9, $10, $11, $12, $10, $10)
RETURNING id;

-- name: account_update
UPDATE account
SET username = $2, display_name = $3, phone = $4, email = $5, language = $6, volunteer_id = $7,
    updated_at = $8, version = version + 1
WHERE id = $1 AND version = $9;

-- name: account_set_volunteer
UPDATE account
SET volunteer_id = $2, updated_at = $3, version = version + 1
WHERE id = $1;

-- name: account_set_state
UPDATE account
SET state = $2, updated_at = $3, version = version + 1
WHERE id = $1;

-- name: account_set_password
UPDATE account
SET password_hash = $2, password_changed_at = $3, must_change_password = $4, updated_at = $3,
    failed_count = 0, locked_until = NULL, version = version + 1
WHERE id = $1;

-- Better parameters for the same password.
-- name: account_set_hash
UPDATE account
SET password_hash = $2
WHERE id = $1 AND password_hash = $3;

-- name: account_add_failure
UPDATE account
SET failed_count = failed_count + 1
WHERE id = $1
RETURNING failed_count;

-- name: account_lock
UPDATE account
SET locked_until = $2
WHERE id = $1;

-- name: account_unlock
UPDATE account
SET failed_count = 0, locked_until = NULL, updated_at = $2, version = version + 1
WHERE id = $1;

-- name: account_note_login
UPDATE account
SET failed_count = 0, locked_until = NULL, last_login_at = $2
WHERE id = $1;

-- name: account_clear_failures
UPDATE account
SET failed_count = 0, locked_until = NULL
WHERE id = $1 AND failed_count > 0;

-- name: account_anonymise
UPDATE account
SET username = $2, display_name = $2, phone = NULL, email = NULL, state = 'disabled',
    volunteer_id = NULL, password_hash = '-', updated_at = $3, version = version + 1
WHERE id = $1;

-- name: account_delete_grants
DELETE FROM account_grant
WHERE account_id = $1;

-- The highest unit on which account $1 may make accounts.
-- name: account_find_home
SELECT r.unit_id
FROM account_right r
JOIN unit u ON u.id = r.unit_id
WHERE r.account_id = $1 AND r.permission = 'account:create'
ORDER BY u.depth, u.id
LIMIT 1;

-- What belongs to the account, though it stands elsewhere, has changed.
-- name: account_touch
UPDATE account
SET updated_at = $2, version = version + 1
WHERE id = $1;

-- name: account_list_other_supers
SELECT id
FROM account
WHERE is_super AND id <> $1
ORDER BY id
LIMIT 100;

-- name: account_set_super
UPDATE account
SET is_super = $2, version = version + 1
WHERE id = $1;

-- name: account_find_volunteer_unit
SELECT unit_id
FROM volunteer
WHERE id = $1
LIMIT 1;

-- The list is composed: select or count, confinement, filters, and the page.
-- clause: account_list.select
-- use: account_row
WHERE 1 = 1

-- clause: account_list.count -- scan
SELECT count(*) AS total
FROM account t
WHERE 1 = 1

-- clause: account_list.confined
  AND (EXISTS (SELECT 1
               FROM unit_ancestor a
               JOIN account_right r ON r.unit_id = a.ancestor_id
               WHERE a.unit_id = t.unit_id AND r.account_id = $1 AND r.permission = $2)
       OR EXISTS (SELECT 1
                  FROM account_grant g
                  JOIN unit_ancestor a ON a.unit_id = g.unit_id
                  JOIN account_right r ON r.unit_id = a.ancestor_id
                  WHERE g.account_id = t.id AND r.account_id = $1 AND r.permission = $2))

-- clause: account_list.nothing
  AND 1 = 0

-- clause: account_list.q
  AND (lower(t.username) LIKE $1 ESCAPE '\' OR lower(t.display_name) LIKE $1 ESCAPE '\'
       OR t.phone LIKE $1 ESCAPE '\' OR t.email LIKE $1 ESCAPE '\')

-- clause: account_list.state
  AND t.state = $1

-- clause: account_list.unit
  AND (t.unit_id IN (SELECT b.unit_id FROM unit_ancestor b WHERE b.ancestor_id = $1)
       OR EXISTS (SELECT 1
                  FROM account_grant g
                  JOIN unit_ancestor b ON b.unit_id = g.unit_id
                  WHERE g.account_id = t.id AND b.ancestor_id = $1))

-- clause: account_list.role
  AND EXISTS (SELECT 1 FROM account_grant g WHERE g.account_id = t.id AND g.role_id = $1)

-- clause: account_list.after_username
  AND lower(t.username) > $1

-- clause: account_list.before_username
  AND lower(t.username) < $1

-- clause: account_list.after_created_at
  AND (t.created_at, t.id) > ($1, $2)

-- clause: account_list.before_created_at
  AND (t.created_at, t.id) < ($1, $2)

-- Who never logged in comes first, or last when descending.
-- clause: account_list.after_last_login_at
  AND (t.last_login_at, t.id) > ($1, $2)

-- clause: account_list.before_last_login_at
  AND ((t.last_login_at, t.id) < ($1, $2) OR t.last_login_at IS NULL)

-- clause: account_list.after_never
  AND (t.last_login_at IS NOT NULL OR t.id > $1)

-- clause: account_list.before_never
  AND t.last_login_at IS NULL AND t.id < $1

-- clause: account_list.by_username
ORDER BY lower(t.username)
LIMIT $1

-- clause: account_list.by_username_descending
ORDER BY lower(t.username) DESC
LIMIT $1

-- clause: account_list.by_created_at
ORDER BY t.created_at, t.id
LIMIT $1

-- clause: account_list.by_created_at_descending
ORDER BY t.created_at DESC, t.id DESC
LIMIT $1

-- clause: account_list.by_last_login_at
ORDER BY t.last_login_at NULLS FIRST, t.id
LIMIT $1

-- clause: account_list.by_last_login_at_descending
ORDER BY t.last_login_at DESC NULLS LAST, t.id DESC
LIMIT $1

-- ---- Sessions ----

-- name: session_insert
INSERT INTO session (account_id, created_at, last_used_at, expires_at, user_agent, address)
VALUES ($1, $2, $2, $3, $4, $5)
RETURNING id;

-- What a token's holder is, as long as the session lasts.
-- name: session_find_caller
SELECT s.account_id, s.expires_at, s.ended_at, t.state, t.is_super, t.must_change_password,
       t.volunteer_id, t.display_name
FROM session s
JOIN account t ON t.id = s.account_id
WHERE s.id = $1
LIMIT 1;

-- name: session_touch
UPDATE session
SET last_used_at = $2, expires_at = $3, address = $4
WHERE id = $1 AND ended_at IS NULL;

-- name: session_end
UPDATE session
SET ended_at = $2, end_reason = $3
WHERE id = $1 AND ended_at IS NULL;

-- name: session_end_own
UPDATE session
SET ended_at = $3, end_reason = $4
WHERE id = $1 AND account_id = $2 AND ended_at IS NULL AND expires_at > $3;

-- name: session_end_all
UPDATE session
SET ended_at = $3, end_reason = $4
WHERE account_id = $1 AND id <> $2 AND ended_at IS NULL;

-- name: session_list
SELECT id, created_at, last_used_at, expires_at, user_agent, address
FROM session
WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id < $3
ORDER BY id DESC
LIMIT $4;

-- name: session_count
SELECT count(*) AS total
FROM session
WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2
LIMIT 1;

-- Sessions that ended or expired before $1, a few at a time; their tokens go with them.
-- name: session_clean_up
DELETE FROM session
WHERE id IN (SELECT id
             FROM session
             WHERE ended_at < $1 OR expires_at < $1
             ORDER BY id
             LIMIT 500);

-- Used-up tokens are kept as long as somebody may try them again.
-- name: refresh_token_clean_up
DELETE FROM refresh_token
WHERE token_hash IN (SELECT r.token_hash
                     FROM refresh_token r
                     WHERE r.used_at < $1
                     ORDER BY r.token_hash
                     LIMIT 500);

-- name: refresh_token_insert
INSERT INTO refresh_token (token_hash, session_id, created_at)
VALUES ($1, $2, $3);

-- One of two who come with the same token wins.
-- name: refresh_token_use
UPDATE refresh_token
SET used_at = $2
WHERE token_hash = $1 AND used_at IS NULL
RETURNING session_id;

-- name: refresh_token_find
SELECT session_id
FROM refresh_token
WHERE token_hash = $1
LIMIT 1;

-- ---- Second factor ----

-- name: totp_find
SELECT secret, confirmed_at, last_step
FROM totp
WHERE account_id = $1
LIMIT 1;

-- An unconfirmed secret may be replaced, a confirmed one not.
-- name: totp_start
INSERT INTO totp (account_id, secret, created_at)
VALUES ($1, $2, $3)
ON CONFLICT (account_id) DO UPDATE
SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
WHERE totp.confirmed_at IS NULL;

-- name: totp_confirm
UPDATE totp
SET confirmed_at = $2, last_step = $3
WHERE account_id = $1 AND confirmed_at IS NULL;

-- name: totp_take_step
UPDATE totp
SET last_step = $2
WHERE account_id = $1 AND last_step < $2;

-- name: totp_delete
DELETE FROM totp
WHERE account_id = $1;

-- name: recovery_code_insert
INSERT INTO recovery_code (account_id, code_hash)
VALUES ($1, $2);

-- name: recovery_code_use
UPDATE recovery_code
SET used_at = $3
WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL;

-- name: recovery_code_count
SELECT count(*) AS left_over
FROM recovery_code
WHERE account_id = $1 AND used_at IS NULL
LIMIT 1;

-- name: recovery_code_delete
DELETE FROM recovery_code
WHERE account_id = $1;
